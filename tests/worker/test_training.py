"""Training runs, from the request to a reward model."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest
from filelock import FileLock
from sqlalchemy.exc import OperationalError
from transformers import AutoModelForSequenceClassification

from app.domain import importing, projects, reward_models, rewards, snapshots, training_logs, training_runs
from app.domain.errors import Conflict
from app.domain.importing import Upload
from app.reward.data import Item
from app.reward.evaluate import evaluate
from app.reward.export import load
from app.settings import Settings
from app.storage.session import make_sessions
from app.vocabulary import RunState
from app.worker import service, training
from app.worker.training import now, pair_set, perform


@pytest.fixture
def sessions(engine):
    return make_sessions(engine)


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(_env_file=None, database_url=database_url, data_dir=tmp_path / "var", checkpoint_seconds=0.2)


def judged(sessions, base_model, prompts=20):
    """A project in which the good answer won on every prompt."""
    rows = [
        {
            "prompt": f"what {number}",
            "response_a": f"good answer {number}",
            "response_b": f"bad answer {number}",
            "annotations": [{"annotator": name, "choice": "a"} for name in ("ann", "ben")],
        }
        for number in range(prompts)
    ]
    with sessions.begin() as session:
        project = projects.create(session, "study", "", now(), base_model=base_model)
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        importing.import_file(session, project, io.BytesIO(content), Upload("b", "rows.jsonl"), now())
        return project.id


def request(sessions, **options):
    with sessions.begin() as session:
        return training_runs.request(session, projects.get(session, "study"), now(), options=options).id


def the(sessions, run_id):
    with sessions() as session:
        return training_runs.get(session, run_id)


def test_a_run_becomes_the_reward_model_of_its_project(sessions, settings, tiny_encoder):
    project_id = judged(sessions, tiny_encoder)
    run_id = request(sessions, epochs=10, learning_rate=5e-3, max_length=32)
    assert perform(sessions, settings, run_id) == RunState.succeeded
    run = the(sessions, run_id)
    assert run.metrics["accuracy"] == 1.0
    assert run.metrics["human_agreement"] == 1.0
    with sessions() as session:
        assert reward_models.current(session, project_id).id == run_id
        assert training_runs.points(session, run)[-1].step == run.steps == run.step
    good, bad = load(run.artefact).score(
        [Item([{"role": "user", "content": "what"}], text) for text in ("good answer", "bad answer")]
    )
    assert good > bad
    AutoModelForSequenceClassification.from_pretrained(run.artefact)


def said(sessions, run_id):
    with sessions() as session:
        return [line.text for line in training_logs.lines(session, run_id)]


def test_a_run_says_what_it_does_and_on_what(sessions, settings, tiny_encoder):
    judged(sessions, tiny_encoder)
    run_id = request(sessions, epochs=1, max_length=16)
    perform(sessions, settings, run_id)
    lines = said(sessions, run_id)
    for number, begins in enumerate(
        (
            "Taken up by worker-1.",
            "Read the snapshot: 16 comparisons to learn from, 4 held out",
            "Warning: with 4 comparisons held out",
            "Encoded 32 texts, of which 0 were cut to 16 tokens.",
            "Training takes 1 steps",
            "Trained in",
            "Measured on 4 held-out comparisons: accuracy",
            "Gave rewards to the 32 responses",
            "Saved the model.",
            "The first model of this project. Now in use.",
        )
    ):
        assert lines[number].startswith(begins)
    found = the(sessions, run_id).machine
    assert {"device", "processors", "threads", "memory_gb", "precision", "python", "torch"} <= found.keys()
    assert str(settings.data_dir) not in json.dumps([lines, found])


def test_every_response_of_the_snapshot_has_the_reward_that_the_model_gives_it(sessions, settings, tiny_encoder):
    judged(sessions, tiny_encoder)
    run_id = request(sessions, epochs=4, learning_rate=5e-3, max_length=32)
    perform(sessions, settings, run_id)
    with sessions() as session:
        run = training_runs.get(session, run_id)
        found = training_runs.material(session, run)
        ids, given = rewards.of_run(session, run)
        people = {
            split: snapshots.judged(session, training_runs.snapshot_of(session, run), split)
            for split in ("train", "held_out")
        }
    items = [
        Item(found.messages[row["prompt"]], found.responses[row[side]])
        for row in found.judgements
        for side in ("a", "b")
    ]
    responses = [row[side] for row in found.judgements for side in ("a", "b")]
    assert sorted(set(responses)) == ids.tolist()
    model = load(run.artefact)
    by_id = dict(zip(ids.tolist(), given, strict=True))
    assert [by_id[response] for response in responses] == pytest.approx(model.score(items).tolist(), abs=1e-4)
    assert [len(judged.comparison) for judged in people.values()] == [16, 4]
    assert people["train"].majority.tolist() == [-2] * 16
    assert people["train"].strength.tolist() == [-2.0] * 16


def test_only_what_is_held_out_gets_a_reward_where_there_is_much(sessions, settings, tiny_encoder, monkeypatch):
    judged(sessions, tiny_encoder)
    monkeypatch.setattr(training, "SCORED", 31)
    run_id = request(sessions, epochs=1, max_length=32)
    perform(sessions, settings, run_id)
    with sessions() as session:
        assert len(rewards.of_run(session, training_runs.get(session, run_id))[0]) == 8
    assert "Gave rewards to what is held out only: it learned from more than 31 responses." in said(sessions, run_id)


def test_the_rewards_of_old_runs_go_but_never_those_of_the_model_in_use(sessions, settings, tiny_encoder, monkeypatch):
    judged(sessions, tiny_encoder)
    monkeypatch.setattr(rewards, "KEPT", 2)
    runs = [request_and_perform(sessions, settings, {"epochs": 0.5, "max_length": 32})]
    with sessions() as session:
        first = training_runs.get(session, runs[0])
        model, pruned = first.artefact, rewards.prune(session)
    monkeypatch.setattr(training, "_judge", lambda *_: (False, "Worse. Kept, not used."))
    runs += [request_and_perform(sessions, settings, {"epochs": 0.5, "max_length": 32}) for _ in range(3)]
    assert (model is not None, pruned) == (True, 0)
    with sessions() as session:
        kept = [rewards.are_kept(session, training_runs.get(session, run)) for run in runs]
    assert kept == [True, False, True, True]


def test_a_cancelled_or_failed_run_leaves_no_rewards(sessions, settings, tiny_encoder, monkeypatch):
    judged(sessions, tiny_encoder)
    run_id = request(sessions, epochs=0.5, max_length=32)
    keep = rewards.keep

    def then_cancel(session, *arguments):
        keep(session, *arguments)
        training_runs.cancel(session, training_runs.get(session, run_id), now())

    monkeypatch.setattr(rewards, "keep", then_cancel)
    assert perform(sessions, settings, run_id) == RunState.cancelled
    with sessions() as session:
        assert not rewards.are_kept(session, training_runs.get(session, run_id))
    assert said(sessions, run_id)[-1] == "Cancelled. What was trained is dropped."


def test_a_log_is_some_hundred_lines_at_most(sessions, tiny_encoder, monkeypatch):
    judged(sessions, tiny_encoder)
    run_id = request(sessions)
    monkeypatch.setattr(training_logs, "MOST", 3)
    with sessions.begin() as session:
        for number in range(5):
            training_logs.say(session, run_id, f"{number} " + "x" * 1000, now())
    assert [(line[0], len(line)) for line in said(sessions, run_id)] == [("0", 500), ("1", 500), ("2", 500)]


def test_a_worse_model_is_kept_with_the_reason_and_not_used(sessions, settings, tiny_encoder, monkeypatch):
    project_id = judged(sessions, tiny_encoder, prompts=60)
    options = {"epochs": 10, "learning_rate": 5e-3, "max_length": 32}
    best, worse = request_and_perform(sessions, settings, options), None
    swapped = lambda found, split: _swapped(pair_set(found, split)) if split == "train" else pair_set(found, split)  # noqa: E731
    monkeypatch.setattr(training, "pair_set", swapped)
    worse = request_and_perform(sessions, settings, options)
    run = the(sessions, worse)
    assert run.state == RunState.succeeded
    assert run.verdict.startswith("Worse.")
    with sessions.begin() as session:
        assert reward_models.current(session, project_id).id == best
        reward_models.promote(session, training_runs.get(session, worse), now())
        assert reward_models.current(session, project_id).id == worse
        reward_models.promote(session, training_runs.get(session, best), now())
        assert reward_models.current(session, project_id).id == best


def request_and_perform(sessions, settings, options):
    run_id = request(sessions, **options)
    assert perform(sessions, settings, run_id) == RunState.succeeded
    return run_id


def _swapped(pairs):
    return replace(pairs, wins_a=pairs.wins_b, wins_b=pairs.wins_a)


def test_a_run_without_anything_to_train_on_fails_with_its_traceback(sessions, settings, tiny_encoder):
    judged(sessions, tiny_encoder, prompts=10)
    run_id = request(sessions, max_length=32)
    with sessions.begin() as session:
        training_runs.get(session, run_id).config = {"base_model": "/nowhere"}
    assert perform(sessions, settings, run_id) == RunState.failed
    assert "Traceback" in the(sessions, run_id).error
    assert said(sessions, run_id)[-1] == "Failed with OSError."


def test_a_cancelled_run_stops_and_one_that_is_over_is_not_run_again(sessions, settings, tiny_encoder):
    judged(sessions, tiny_encoder)
    run_id = request(sessions, max_length=32)
    with sessions.begin() as session:
        run = training_runs.get(session, run_id)
        training_runs.begin(session, run, now())
        training_runs.cancel(session, run, now())
    assert perform(sessions, settings, run_id) == RunState.cancelled
    assert perform(sessions, settings, run_id) == RunState.cancelled


def test_no_prompt_is_in_both_splits_and_one_run_at_a_time(sessions, settings, tiny_encoder):
    judged(sessions, tiny_encoder)
    run_id = request(sessions, max_length=32)
    with pytest.raises(Conflict):
        request(sessions)
    with sessions() as session:
        found = training_runs.material(session, training_runs.get(session, run_id))
    train, held_out = pair_set(found, "train"), pair_set(found, "held_out")
    assert not set(train.prompt) & set(held_out.prompt)
    assert (len(train), len(held_out)) == (16, 4)


def test_a_run_cancelled_while_it_is_measured_is_cancelled(sessions, settings, tiny_encoder, monkeypatch):
    project_id = judged(sessions, tiny_encoder)
    run_id = request(sessions, max_length=32)

    def measure(*arguments):
        with sessions.begin() as session:
            training_runs.cancel(session, training_runs.get(session, run_id), now())
        return evaluate(*arguments)

    monkeypatch.setattr(training, "evaluate", measure)
    assert perform(sessions, settings, run_id) == RunState.cancelled
    with sessions() as session:
        assert reward_models.current(session, project_id) is None


def test_a_model_that_cannot_be_compared_is_kept_and_not_used(sessions, settings, tiny_encoder):
    project_id = judged(sessions, tiny_encoder)
    options = {"epochs": 1, "max_length": 32}
    first = request_and_perform(sessions, settings, options)
    (settings.data_dir / "runs" / str(first) / "model" / "model.safetensors").write_bytes(b"damaged")
    second = the(sessions, request_and_perform(sessions, settings, options))
    assert second.state == RunState.succeeded
    assert "cannot be compared" in second.verdict
    with sessions() as session:
        assert reward_models.current(session, project_id).id == first


def test_prompts_stay_on_their_side_from_one_snapshot_to_the_next(sessions, settings, tiny_encoder):
    judged(sessions, tiny_encoder)

    def sides(run_id):
        with sessions() as session:
            found = training_runs.material(session, training_runs.get(session, run_id))
            training_runs.cancel(session, training_runs.get(session, run_id), now())
            session.commit()
        return {row["prompt"]: row["split"] for row in found.judgements}

    first = sides(request(sessions))
    more = [{"prompt": f"why {n}", "chosen": "good", "rejected": "bad"} for n in range(30)]
    with sessions.begin() as session:
        content = "".join(json.dumps(row) + "\n" for row in more).encode()
        project = projects.get(session, "study")
        importing.import_file(session, project, io.BytesIO(content), Upload("more", "rows.jsonl"), now())
    second = sides(request(sessions))
    assert len(second) == 50
    assert first.items() <= second.items()
    assert sum(side == "held_out" for side in second.values()) == 10


def test_new_judgements_make_a_run_due_and_a_run_under_way_does_not(sessions, settings, tiny_encoder):
    project_id = judged(sessions, tiny_encoder)  # 40 judgements

    def due():
        with sessions() as session:
            return [project.id for project in training_runs.due(session)]

    def every(number):
        with sessions.begin() as session:
            projects.get(session, "study").retrain_every = number

    assert due() == []
    every(41)
    assert due() == []
    every(40)
    assert due() == [project_id]
    run_id = request(sessions, max_length=32)
    assert due() == []
    with sessions.begin() as session:
        training_runs.cancel(session, training_runs.get(session, run_id), now())
    assert due() == []
    more = [{"prompt": f"why {n}", "chosen": "good", "rejected": "bad"} for n in range(40)]
    with sessions.begin() as session:
        content = "".join(json.dumps(row) + "\n" for row in more).encode()
        project = projects.get(session, "study")
        importing.import_file(session, project, io.BytesIO(content), Upload("more", "rows.jsonl"), now())
    assert due() == [project_id]


def test_what_a_run_would_learn_from_is_all_but_gold(sessions, tiny_encoder):
    project_id = judged(sessions, tiny_encoder)  # 40 judgements
    known = {"prompt": "known", "response_a": "x", "response_b": "y", "gold": "a"}
    gold = known | {"annotations": [{"annotator": name, "choice": "a"} for name in ("ann", "ben", "eve")]}
    with sessions.begin() as session:
        project = projects.get(session, "study")
        content = json.dumps(gold).encode()
        importing.import_file(session, project, io.BytesIO(content), Upload("gold", "rows.jsonl"), now())
        project.retrain_every = 41
    with sessions() as session:
        project = projects.get(session, "study")
        assert training_runs.learnable(session, project) == 40
        assert training_runs.due(session) == []
    with sessions.begin() as session:
        projects.get(session, "study").retrain_every = 40
    with sessions() as session:
        assert [found.id for found in training_runs.due(session)] == [project_id]
    with sessions() as session:
        assert len(training_runs.material(session, training_runs.get(session, request(sessions))).judgements) == 40


def test_a_run_goes_on_when_the_database_was_away(sessions, settings, tiny_encoder, monkeypatch):
    judged(sessions, tiny_encoder)
    run_id = request(sessions, max_length=32)
    tries, stop = [], threading.Event()

    def away_at_first(sessions, settings, run_id):
        tries.append(run_id)
        if len(tries) == 1:
            with sessions.begin() as session:
                training_runs.begin(session, training_runs.get(session, run_id), now())
            raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))
        return perform(sessions, settings, run_id)

    monkeypatch.setattr(service, "perform", away_at_first)
    working = threading.Thread(target=service.run, args=(settings, stop))
    working.start()
    try:
        assert wait_for(sessions, run_id, lambda run: RunState(run.state).final).state == RunState.succeeded
    finally:
        stop.set()
        working.join(30)
    assert tries == [run_id, run_id]


def test_two_workers_of_one_name_do_not_work_side_by_side(settings):
    settings.data_dir.mkdir(parents=True)
    with FileLock(settings.data_dir / "worker-1.lock"), pytest.raises(Conflict, match="worker-1"):
        service.run(settings, threading.Event())


def worker(settings):
    environment = os.environ | {
        "TOUCHSTONE_DATABASE_URL": settings.database_url,
        "TOUCHSTONE_DATA_DIR": str(settings.data_dir),
        "TOUCHSTONE_CHECKPOINT_SECONDS": "0.2",
    }
    return subprocess.Popen([sys.executable, "-m", "app", "worker"], env=environment, start_new_session=True)


def wait_for(sessions, run_id, wanted, seconds=300):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run = the(sessions, run_id)
        if wanted(run):
            return run
        time.sleep(0.1)
    raise AssertionError(f"run {run_id} is {run.state} at step {run.step} after {seconds} s: {run.error}")


def test_a_worker_killed_or_stopped_in_mid_training_goes_on_when_it_is_back(sessions, settings, tiny_encoder):
    judged(sessions, tiny_encoder)
    run_id = request(sessions, epochs=30, responses_per_step=2, learning_rate=1e-4, max_length=32)
    checkpoint = settings.data_dir / "runs" / str(run_id) / "checkpoint.pt"
    first = worker(settings)
    try:
        wait_for(sessions, run_id, lambda run: run.step > 0 and checkpoint.exists())
    finally:
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    interrupted = the(sessions, run_id)
    assert interrupted.state == RunState.running
    second = worker(settings)
    try:
        wait_for(sessions, run_id, lambda run: run.step > interrupted.step)
    finally:
        second.terminate()
        assert second.wait(10) == 0
    assert the(sessions, run_id).state == RunState.running
    third = worker(settings)
    try:
        run = wait_for(sessions, run_id, lambda run: RunState(run.state).final)
        assert run.state == RunState.succeeded, run.error
        assert run.step == run.steps == 480
        lines = said(sessions, run_id)
        assert sum(line.startswith("Taken up again") for line in lines) == 2
        assert sum(line.startswith("Went on from the checkpoint") for line in lines) == 2
        with sessions() as session:
            assert len(training_runs.of_project(session, projects.get(session, "study"))) == 1
            elapsed = [point.elapsed_s for point in training_runs.points(session, run)]
        assert elapsed == sorted(elapsed)
    finally:
        third.terminate()
        assert third.wait(10) == 0
