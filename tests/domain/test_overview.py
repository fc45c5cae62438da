"""What a project's first page knows, and what it asks attention for."""

import io
import json
from datetime import timedelta

import pytest

from app.domain import (
    annotators,
    assignments,
    batches,
    importing,
    overview,
    people,
    preferences,
    reward_models,
    training_runs,
)
from app.domain.importing import Upload
from app.domain.overview import Matter
from app.reward.config import TrainingConfig
from app.vocabulary import BatchState, Role, RunState

METRICS = {"accuracy": 0.8, "low": 0.75, "high": 0.85, "length_accuracy": 0.6}


@pytest.fixture
def bring(session, project, clock):
    """Imports so many comparisons, each judged by those named."""

    def bring(number, *names, start=0, **more):
        annotations = [{"annotator": name, "choice": "a"} for name in names]
        rows = [
            {"id": str(n), "prompt": f"p{n}", "response_a": f"a{n}", "response_b": f"b{n}", "annotations": annotations}
            for n in range(start, start + number)
        ]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        upload = Upload("batch", "rows.jsonl", **more)
        return importing.import_file(session, project, io.BytesIO(content), upload, clock()).batch

    return bring


def matters(session, project, clock):
    return {item.matter: item for item in overview.overview(session, project, clock()).attention}


def test_an_empty_project_asks_for_nothing(session, project, clock):
    found = overview.overview(session, project, clock())
    assert (found.done, found.total, found.judgements, found.annotators_in_all) == (0, 0, 0, 0)
    assert found.attention == []


def test_drafts_and_pauses_ask_until_they_are_closed(session, project, clock, bring):
    project.guidelines = "Be kind."
    draft, paused = bring(2, opened=False), bring(3, start=2)
    batches.change(session, paused, BatchState.paused)
    found = overview.overview(session, project, clock())
    assert [(item.matter, item.batch.id, item.number) for item in found.attention] == [
        (Matter.paused, paused.id, 3),
        (Matter.draft, draft.id, 2),
    ]
    assert (found.done, found.total) == (0, 3)
    for batch in (draft, paused):
        batches.change(session, batch, BatchState.closed)
    assert matters(session, project, clock) == {}


def test_judgements_without_a_model_ask_for_one(session, project, clock, bring):
    bring(9, "ann")
    assert set(matters(session, project, clock)) == {Matter.single, Matter.guidelines}
    bring(1, "ann", start=9)
    assert matters(session, project, clock)[Matter.untrained].number == 10


def test_a_run_asks_when_nobody_takes_it_up_or_it_failed(session, project, clock, bring):
    bring(10, "ann", "ben")
    run = training_runs.request(session, project, clock())
    assert set(matters(session, project, clock)) == {Matter.guidelines}
    clock.forward(minutes=2)
    assert matters(session, project, clock)[Matter.waiting].run == run
    training_runs.finish(session, run, RunState.failed, clock(), "Traceback")
    assert set(matters(session, project, clock)) == {Matter.failed, Matter.guidelines}


def test_a_model_asks_when_it_is_no_better_than_length_or_old(session, project, clock, bring):
    bring(40, "ann", "ben")
    run = training_runs.request(session, project, clock())
    run.artefact, run.metrics = "somewhere", METRICS
    training_runs.finish(session, run, RunState.succeeded, clock())
    reward_models.promote(session, run, clock())
    assert set(matters(session, project, clock)) == {Matter.guidelines}
    run.metrics = METRICS | {"low": 0.59}
    session.flush()
    assert matters(session, project, clock)[Matter.length].run == run
    bring(10, "ann", "ben", start=40)
    assert matters(session, project, clock)[Matter.stale].number == 20
    project.retrain_every = 100
    assert Matter.stale not in matters(session, project, clock)


def test_annotators_are_listed_with_their_median_time(session, project, clock, bring):
    bring(3, "w1")
    bring(5, start=3)
    person, _ = people.add(session, "ann@example.org", "Ann", Role.annotator, clock())
    other, _ = people.add(session, "bob@example.org", "Bob", Role.annotator, clock())
    times = [1000, 9000, 2000, 4000]
    for number, (task, ms) in enumerate(
        zip(assignments.next_tasks(session, project.id, person.id, 4, clock(), timedelta(hours=1)), times, strict=True)
    ):
        answer = preferences.Answer(f"00000000-0000-4000-8000-{number:012}", task.lease_token, 1, active_ms=ms)
        preferences.submit(session, task.id, person.id, answer, clock())
    clock.forward(minutes=5)
    (task,) = assignments.next_tasks(session, project.id, other.id, 1, clock(), timedelta(hours=1))
    answer = preferences.Answer(f"00000000-0000-4000-8000-{9:012}", task.lease_token, 1, active_ms=None)
    preferences.submit(session, task.id, other.id, answer, clock())
    found = annotators.of_project(session, project, 10)
    assert [(entry.name, entry.account, entry.judgements, entry.active_ms) for entry in found] == [
        ("bob@example.org", True, 1, None),
        ("ann@example.org", True, 4, 3000),
        ("w1", False, 3, None),
    ]
    assert found[0].seen == clock()
    assert found[2].seen is None
    assert annotators.of_project(session, project, 1) == found[:1]
    assert annotators.count(session, project) == (8, 3)
    assert annotators.judged(session) == {person.id: 4, other.id: 1}


def test_slots_are_counted_by_batch(session, project, bring):
    project.overlap = 2
    first, second = bring(3, "ann"), bring(2, start=3)
    assert batches.done(session, project) == {first.id: (3, 6), second.id: (0, 4)}
    (sample,) = batches.samples(session, second, 1)
    assert (sample.external_id, sample.a, sample.b, sample.gold) == ("3", "a3", "b3", None)
    assert sample.messages == [{"role": "user", "content": "p3"}]


def test_the_options_of_a_run_have_the_defaults_of_the_trainer():
    trainer = TrainingConfig()
    for name, option in training_runs.OPTIONS.items():
        assert option.default == getattr(trainer, name)
        assert isinstance(getattr(trainer, name), option.kind)
