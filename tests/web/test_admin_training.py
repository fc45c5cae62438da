"""The pages of training runs and reward models."""

import re

import pytest

from app.domain import projects, training_logs, training_runs
from app.vocabulary import RunState
from app.web.pages import training
from tests.web.browsing import HOSTILE, by
from tests.web.conftest import METRICS, lines, pairs, upload


def test_a_run_is_requested_with_options_and_cancelled(boss, judged, sessions):
    page = boss.text("/projects/study/model")
    assert page.startswith("There is no reward model yet.")
    assert "60 judgements" in page
    page = boss.submit("/projects/study/training-runs", epochs="0.5", max_length="64", seed="")
    assert "is requested Waiting for the worker to take it up." in page
    with sessions() as session:
        run = training_runs.of_project(session, projects.get(session, "study"))[0]
    assert run.config == {
        "epochs": 0.5,
        "learning_rate": 5e-5,
        "max_length": 64,
        "responses_per_step": 32,
        "seed": 0,
        "base_model": "",
    }
    assert "is under way. Wait for it" in boss.submit("/projects/study/training-runs", 409)
    page = boss.submit(f"/projects/study/training-runs/{run.id}/cancellation")
    assert f"Run {run.id} was cancelled" in page
    assert "Cancel" not in page.replace("cancelled", "")


def test_a_number_is_written_as_the_readers_language_has_it(boss, judged, sessions):
    boss.submit("/projects/study/training-runs", 422, epochs="0,5")
    boss.headers["accept-language"] = "de"
    boss.submit("/projects/study/training-runs", epochs="0,5")
    with sessions() as session:
        assert training_runs.of_project(session, projects.get(session, "study"))[0].config["epochs"] == 0.5


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"epochs": "many"}, "Epochs must be a number"),
        ({"epochs": "nan"}, "Epochs must be a number from 0.01 to 100"),
        ({"max_length": "0.5"}, "Longest text must be a whole number"),
        ({"seed": "-1"}, "Seed must be a number from 0"),
    ],
)
def test_options_that_make_no_sense_request_nothing(boss, judged, sessions, options, said):
    page = boss.submit("/projects/study/training-runs", 422, **options)
    assert said in page
    assert "No run was requested" in page
    with sessions() as session:
        assert training_runs.of_project(session, projects.get(session, "study")) == []


def test_training_waits_for_enough_judgements(boss, study):
    assert "Training takes 10 judgements at least; there are 0." in boss.text("/projects/study/model")
    assert "fewer than 10 judgements" in boss.submit("/projects/study/training-runs", 409)


def test_a_run_shows_its_figures_and_its_curves(boss, run_id):
    page = boss.text(f"/projects/study/training-runs/{run_id}")
    assert "has a model: right on 0.77 of unseen comparisons" in page
    assert "Sides with the majority 0.77 0.75–0.79" in page
    assert "The longer answer does 0.71" in page
    assert "Two people agree 0.81" in page
    assert "Worse. Kept, not used." in page
    assert "Judgements 60," in page
    for chart in ("loss", "accuracy"):
        for options in ("", "?theme=dark", "?size=narrow&theme=dark"):
            answer = boss.get(f"/projects/study/training-runs/{run_id}/{chart}.svg{options}")
            assert answer.headers["content-type"] == "image/svg+xml"
            assert answer.text.startswith("<svg")
        kept = boss.get(f"/projects/study/training-runs/{run_id}/{chart}.csv")
        assert f'filename="study-run-{run_id}-{chart}.csv"' in kept.headers["content-disposition"]
    assert boss.get(f"/projects/study/training-runs/{run_id}/loss.csv").text.startswith(
        "Steps,Report,Loss\n1,0.69,0.69\n"
    )
    assert boss.get(f"/projects/study/training-runs/{run_id}/loss.svg?theme=pink").status_code == 422


def test_the_models_of_a_project_make_a_curve(boss, admin, run_id, sessions, clock):
    assert "Train again when there are more judgements" in boss.text("/projects/study/model")
    more = [row | {"id": f"more-{row['id']}", "prompt": f"More {row['id']}?"} for row in pairs(9, annotations=by(2))]
    assert upload(admin, content=lines(*more)).status_code == 201
    with sessions.begin() as session:
        project = projects.get(session, "study")
        other = training_runs.request(session, project, clock())
        training_runs.begin(session, other, clock())
        other.metrics = METRICS
        training_runs.finish(session, other, RunState.succeeded, clock())
    page = boss.get("/projects/study/model").text
    assert "What more judgements bring" in page
    assert "/projects/study/ceiling.svg?theme=light" in page
    assert "What more judgements bring: model 0.77" in page


def test_there_is_no_chart_of_nothing(boss, judged, sessions, clock):
    with sessions.begin() as session:
        run = training_runs.request(session, projects.get(session, "study"), clock())
    for chart in ("loss", "accuracy"):
        for kind in ("svg", "csv"):
            assert boss.get(f"/projects/study/training-runs/{run.id}/{chart}.{kind}").status_code == 404
    assert "Loading the model" not in boss.text(f"/projects/study/training-runs/{run.id}")


def test_an_older_model_is_used_again(boss, run_id, sessions, clock):
    assert "Use this model" in boss.text("/projects/study/model")
    page = boss.submit(f"/projects/study/training-runs/{run_id}/promotion")
    assert "In use. Worse. Kept, not used." in page
    assert "Use this model" not in page
    assert f"Run {run_id} is the reward model" in boss.text(f"/projects/study/training-runs/{run_id}")
    with sessions.begin() as session:
        other = training_runs.request(session, projects.get(session, "study"), clock())
    assert "has no model to use" in boss.submit(f"/projects/study/training-runs/{other.id}/promotion", 409)


def test_a_failed_run_shows_its_traceback_and_asks_for_attention(boss, judged, sessions, clock):
    with sessions.begin() as session:
        run = training_runs.request(session, projects.get(session, "study"), clock())
        error = f"Traceback (most recent call last):\nValueError: {HOSTILE}"
        training_runs.finish(session, run, RunState.failed, clock(), error)
    page = boss.text(f"/projects/study/training-runs/{run.id}")
    assert f"Run {run.id} failed" in page
    assert f"ValueError: {HOSTILE}" in page
    assert f"Run {run.id} failedRead the error" in boss.text("/projects/study")


def test_a_run_shows_its_log_its_configuration_and_its_machine(boss, looker, run_id, sessions, clock):
    with sessions.begin() as session:
        run = training_runs.get(session, run_id)
        run.machine = {"device": f"A loom {HOSTILE}", "memory_gb": 25.3, "torch": "2.9", "secret": "not shown"}
        training_logs.say(session, run_id, f"Warning: {HOSTILE}", clock())
    page = boss.text(f"/projects/study/training-runs/{run_id}")
    assert f"09:00:00 Warning: {HOSTILE}" in page
    assert f"Device A loom {HOSTILE} Memory 25.3 GB PyTorch 2.9" in page
    assert "not shown" not in page
    assert "Base model all-MiniLM-L6-v2, packaged Epochs 3 Learning rate 5e-05 Longest text 256" in page
    assert "Folder of the model /nowhere/model" in page
    assert "/nowhere" not in looker.text(f"/projects/study/training-runs/{run_id}")
    assert "Use this model" not in looker.text(f"/projects/study/training-runs/{run_id}")


def test_a_run_that_is_asked_to_stop_says_what_that_does(boss, looker, judged, sessions, clock):
    with sessions.begin() as session:
        run = training_runs.request(session, projects.get(session, "study"), clock())
    here = f"/projects/study/training-runs/{run.id}"
    page = boss.text(here)
    assert f"Cancel Run {run.id} … Drops what it has trained so far. The judgements stay" in page
    assert "The worker says here what it does" in page
    assert "Cancel" not in looker.text(here)
    with sessions.begin() as session:
        training_runs.begin(session, training_runs.get(session, run.id), clock())
        training_runs.progress(session, run.id, 5, 20, 0.6, None, 10.0)
    assert "Step 5 of 20, about 30 s to go." in boss.text(here)
    assert "It is told to stop" in boss.submit(here + "/cancellation")


def test_many_runs_are_listed_page_by_page(boss, judged, sessions, clock, monkeypatch):
    monkeypatch.setattr(training, "LISTED", 2)
    with sessions.begin() as session:
        runs = []
        for _ in range(5):
            runs.append(training_runs.request(session, projects.get(session, "study"), clock()))
            training_runs.finish(session, runs[-1], RunState.cancelled, clock())
    ids = [run.id for run in reversed(runs)]
    page, seen = "/projects/study/model", []
    while page:
        text = boss.get(page).text
        seen += [int(number) for number in re.findall(r'training-runs/(\d+)">\d+</a>', text)]
        older = re.search(r'href="(/projects/study/model\?before=\d+)"', text)
        page = older and older[1]
    assert seen == ids
