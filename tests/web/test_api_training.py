"""Training runs as they are asked for, watched and chosen; what trains them is tests/worker."""

import pytest

from app.domain import training_runs
from app.storage.tables import TrainingPoint
from app.vocabulary import RunState
from tests.web.conftest import lines, pairs, upload

RUNS = "/projects/study/training-runs"


def judge(admin, number, **more):
    rows = [row | {"annotations": [{"annotator": "w", "choice": "a"}]} | more for row in pairs(number)]
    assert upload(admin, content=lines(*rows)).json()["judgements"] == number


@pytest.fixture
def judgements(admin, study):
    judge(admin, 12)


@pytest.fixture
def finish(sessions, clock):
    """What the worker does with a run."""

    def work(run_id, state=RunState.succeeded, artefact="somewhere"):
        clock.forward(minutes=1)
        with sessions.begin() as session:
            run = training_runs.get(session, run_id)
            assert training_runs.begin(session, run, clock())
            training_runs.progress(session, run_id, 1, 2, 0.7, None, 1.5)
            training_runs.progress(session, run_id, 2, 2, 0.6, 0.75, 3.0)
            run.artefact = artefact
            training_runs.finish(session, run, state, clock(), None if state == RunState.succeeded else "Traceback")

    return work


def request(admin, **options):
    return admin.post(RUNS, json=options)


def test_a_run_is_requested_watched_and_finished(admin, reviewer, judgements, finish):
    made = request(admin, epochs=2, seed=7, learning_rate=1e-4)
    assert made.status_code == 201
    run = made.json()
    assert (run["state"], run["step"], run["current"], run["metrics"]) == ("requested", 0, False, None)
    assert {"epochs": 2, "seed": 7, "learning_rate": 1e-4}.items() <= run["config"].items()
    assert len(run["snapshot"]) == 64
    assert reviewer.get(RUNS).json() == [run]
    assert reviewer.get(f"{RUNS}/{run['id']}").json() == run
    assert reviewer.get(f"{RUNS}/{run['id']}/curves").json() == []
    finish(run["id"])
    done = reviewer.get(f"{RUNS}/{run['id']}").json()
    assert (done["state"], done["step"], done["steps"]) == ("succeeded", 2, 2)
    assert reviewer.get(f"{RUNS}/{run['id']}/curves").json() == [
        {"step": 1, "loss": 0.7, "accuracy": None, "elapsed_s": 1.5},
        {"step": 2, "loss": 0.6, "accuracy": 0.75, "elapsed_s": 3.0},
    ]


def test_one_run_at_a_time(admin, judgements, finish):
    first = request(admin).json()["id"]
    refused = request(admin)
    assert (refused.status_code, "under way" in refused.json()["detail"]) == (409, True)
    finish(first, RunState.failed)
    second = request(admin)
    assert second.status_code == 201
    assert [run["id"] for run in admin.get(RUNS).json()] == [second.json()["id"], first]
    admin.post("/projects", json={"slug": "other"})
    assert admin.get(f"/projects/other/training-runs/{first}").status_code == 404


def test_the_same_judgements_are_the_same_snapshot(admin, judgements, finish):
    first = request(admin).json()
    finish(first["id"])
    second = request(admin).json()
    assert second["snapshot"] == first["snapshot"]
    finish(second["id"])
    judge(admin, 13, prompt="Another?", id=None)
    assert request(admin).json()["snapshot"] != first["snapshot"]


def test_too_few_judgements_are_not_trained_on(admin, study):
    judge(admin, 9)
    judge(admin, 5, id=None, gold="a")
    refused = request(admin)
    assert (refused.status_code, "fewer than 10" in refused.json()["detail"]) == (409, True)
    assert admin.get(RUNS).json() == []


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epochs": 101}, "epochs"),
        ({"epochs": "many"}, "epochs"),
        ({"learning_rate": 1}, "learning_rate"),
        ({"learning_rate": -1e-5}, "learning_rate"),
        ({"max_length": 15}, "max_length"),
        ({"max_length": 128.5}, "max_length"),
        ({"responses_per_step": 1}, "responses_per_step"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**40}, "seed"),
        ({"speed": 1}, "speed"),
    ],
)
def test_an_option_out_of_range_says_which(admin, judgements, options, field):
    refused = request(admin, **options)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert admin.get(RUNS).json() == []


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999"])
def test_what_is_no_number_is_refused(admin, judgements, text):
    headers = {"Content-Type": "application/json"}
    assert admin.post(RUNS, content=f'{{"epochs": {text}}}', headers=headers).status_code == 422


def test_a_run_is_cancelled_before_it_begins_and_asked_to_stop_after(admin, judgements, sessions, clock):
    first = request(admin).json()["id"]
    for _ in range(2):
        gone = admin.put(f"{RUNS}/{first}/cancellation")
        assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    second = request(admin).json()["id"]
    with sessions.begin() as session:
        training_runs.begin(session, training_runs.get(session, second), clock())
    assert admin.put(f"{RUNS}/{second}/cancellation").json()["state"] == "running"
    with sessions.begin() as session:
        assert training_runs.progress(session, second, 1, 9, 0.7, None, 1.0) is True
        assert session.get(TrainingPoint, (second, 1)).loss == 0.7
    assert request(admin).status_code == 409


def test_a_finished_run_cannot_be_cancelled_any_more(admin, judgements, finish):
    run = request(admin).json()["id"]
    finish(run)
    assert admin.put(f"{RUNS}/{run}/cancellation").json()["state"] == "succeeded"


def test_an_older_model_can_be_restored(admin, reviewer, judgements, finish, clock):
    runs = []
    for _ in range(2):
        runs.append(request(admin).json()["id"])
        finish(runs[-1])
        clock.forward(minutes=1)
        assert admin.put(f"{RUNS}/{runs[-1]}/promotion").json()["current"] is True
    assert [run["current"] for run in reviewer.get(RUNS).json()] == [True, False]
    clock.forward(minutes=1)
    assert admin.put(f"{RUNS}/{runs[0]}/promotion").json()["current"] is True
    assert [run["current"] for run in reviewer.get(RUNS).json()] == [False, True]


@pytest.mark.parametrize("state", [RunState.failed, RunState.cancelled])
def test_a_run_without_a_model_cannot_be_promoted(admin, judgements, finish, state):
    run = request(admin).json()["id"]
    assert admin.put(f"{RUNS}/{run}/promotion").status_code == 409
    finish(run, state, artefact=None)
    assert admin.put(f"{RUNS}/{run}/promotion").status_code == 409
    assert admin.get(f"{RUNS}/{run}").json()["error"] == "Traceback"
    for action in ("cancellation", "promotion"):
        assert admin.put(f"{RUNS}/999/{action}").status_code == 404
