"""What a project's first page knows, and what it asks attention for."""

import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain import (
    assignments,
    attention,
    batches,
    importing,
    overview,
    people,
    reward_models,
    training_runs,
)
from app.domain.annotators import Doubt
from app.domain.attention import Matter
from app.domain.importing import Upload
from app.reward.config import TrainingConfig
from app.stats.forecast import Unknown
from app.storage.tables import Preference, Snapshot
from app.vocabulary import BatchState, Flag, Purpose, Role, RunState

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
    assert (found.done, found.total, found.left, found.figures.judgements) == (0, 0, 0, 0)
    assert (found.outlook, found.slope, found.learned, found.gain, found.annotators) == (None, None, [], None, [])
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
    assert (found.done, found.total, found.left, found.outlook) == (0, 3, 3, Unknown.idle)
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


def test_what_is_closed_is_wanted_no_more(session, project, clock, bring):
    bring(2, "ann")
    closed = bring(3, start=2)
    batches.change(session, closed, BatchState.closed)
    found = overview.overview(session, project, clock())
    assert (found.done, found.total, found.left, found.outlook) == (2, 2, 0, None)


def test_what_is_not_for_judging_is_no_work(session, project, clock, bring):
    bring(3).purpose = Purpose.practice
    session.flush()
    found = overview.overview(session, project, clock())
    assert (found.done, found.total) == (0, 0)


def test_a_pass_mark_asks_for_something_to_qualify_with(session, project, clock, bring):
    project.guidelines, project.pass_mark = "Be kind.", 80
    batch = bring(3)
    assert set(matters(session, project, clock)) == {Matter.unqualified}
    batch.purpose = Purpose.qualification
    session.flush()
    assert matters(session, project, clock) == {}
    batch.state = BatchState.closed
    session.flush()
    assert set(matters(session, project, clock)) == {Matter.unqualified}


def test_flags_ask_by_what_was_flagged(session, project, clock, bring):
    bring(3, "ann", "ben")
    flagged = session.scalars(select(Preference).order_by(Preference.comparison_id)).all()
    flagged[0].flags, flagged[1].flags = [Flag.unsafe, Flag.broken], [Flag.unsafe]  # both of one comparison
    flagged[2].flags = [Flag.unsafe]
    session.flush()
    found = overview.overview(session, project, clock()).attention
    assert [(item.flag, item.number) for item in found if item.matter == Matter.flag] == [
        (Flag.unsafe, 2),
        (Flag.broken, 1),
    ]


def test_leases_that_nobody_swept_ask(session, project, clock, bring):
    bring(3)
    person, _ = people.add(session, "ann@example.org", "Ann", Role.annotator, clock())
    assignments.next_tasks(session, project.id, person.id, 2, clock(), timedelta(hours=1))
    clock.forward(minutes=61)
    assert Matter.overdue not in matters(session, project, clock)
    clock.forward(minutes=15)
    assert matters(session, project, clock)[Matter.overdue].number == 2


def test_whoever_wants_a_look_is_named_and_the_rest_counted(session, project, clock):
    rows = []
    for number in range(60):
        odd = ["a", "b"][number % 2]
        annotations = [{"annotator": f"good{one}", "choice": "a"} for one in range(5)]
        annotations += [{"annotator": f"odd{one}", "choice": odd} for one in range(5)]
        texts = {"prompt": f"p{number}", "response_a": "x", "response_b": "y"}
        rows.append(texts | {"gold": "a", "annotations": annotations})
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    importing.import_file(session, project, io.BytesIO(content), Upload("gold", "rows.jsonl"), clock())
    found = overview.overview(session, project, clock()).attention
    named = [item.annotator for item in found if item.matter == Matter.doubt]
    assert [(one.name, one.work.doubt, one.work.gold.value) for one in named] == [
        (f"odd{number}", Doubt.chance, 0.5) for number in range(attention.ATTENDED)
    ]
    assert [item.number for item in found if item.matter == Matter.doubts] == [2]


def test_what_twice_the_judgements_brought(session, project, clock, bring):
    bring(40, "ann")
    assert overview.gain(training_runs.learned(session, project)) is None
    for number, accuracy in ((100, 0.6), (200, 0.65), (400, 0.7), (800, 0.75), (800, 0.76)):
        run = training_runs.request(session, project, clock())
        snapshot = Snapshot(
            project_id=project.id, digest=f"{run.id}", counts={"judgements": number}, content=b"", created_at=clock()
        )
        session.add(snapshot)
        session.flush()
        run.snapshot_id = snapshot.id
        run.metrics = METRICS | {"accuracy": accuracy, "low": accuracy - 0.02, "high": accuracy + 0.02}
        training_runs.finish(session, run, RunState.succeeded, clock())
    found = training_runs.learned(session, project)
    assert [(one.judgements, one.accuracy) for one in found] == [(100, 0.6), (200, 0.65), (400, 0.7), (800, 0.76)]
    assert overview.gain(found).value == pytest.approx(0.053, abs=1e-3)


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
