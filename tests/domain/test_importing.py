import gzip
import io
import json

import pytest
from sqlalchemy import func, select

from app.domain import importing, pairs, people, spooling
from app.domain.errors import DuplicateUpload, Invalid, UploadError
from app.domain.importing import Upload
from app.domain.spooling import Rows
from app.storage.tables import (
    Assignment,
    Batch,
    Comparison,
    Person,
    Preference,
    Prompt,
    Response,
    RowError,
    Tally,
)
from app.vocabulary import Role

PAIR = {"prompt": "Why?", "response_a": "Because.", "response_b": "No idea."}


def take(session, project, clock, content, name="rows.jsonl", **upload):
    if isinstance(content, list):
        content = "".join(json.dumps(row) + "\n" for row in content)
    raw = content if isinstance(content, bytes) else content.encode()
    return importing.import_file(session, project, io.BytesIO(raw), Upload("b", name, **upload), clock())


def count(session, table, *where):
    return session.scalar(select(func.count()).select_from(table).where(*where))


def test_good_rows_are_queued_and_bad_ones_reported(session, project, clock):
    content = "\n".join([json.dumps(PAIR), "", "{broken", json.dumps(PAIR | {"response_a": 3})])
    report = take(session, project, clock, content)
    batch = report.batch
    assert (batch.rows, batch.comparisons, batch.rejected, batch.duplicates) == (3, 1, 2, 0)
    assert [(e.line, e.field) for e in report.errors] == [(3, ""), (4, "response_a")]
    assert count(session, Assignment, Assignment.state == "open") == 1


def test_duplicates_are_counted_and_not_queued_twice(session, project, clock):
    report = take(session, project, clock, [PAIR, PAIR, PAIR | {"id": "x"}, PAIR | {"id": "x"}])
    assert (report.batch.comparisons, report.batch.duplicates) == (2, 2)
    assert count(session, Comparison) == 2


def test_the_same_file_twice_asks(session, project, clock):
    first = take(session, project, clock, [PAIR])
    with pytest.raises(DuplicateUpload) as caught:
        take(session, project, clock, [PAIR])
    assert caught.value.batch_id == first.batch.id
    assert take(session, project, clock, [PAIR], again=True).batch.duplicates == 1


def test_judgements_are_kept_and_new_ones_added(session, project, clock):
    project.overlap = 2
    judged = PAIR | {"annotations": [{"annotator": "w1", "choice": "b"}]}
    take(session, project, clock, [judged])
    assert count(session, Assignment, Assignment.state == "open") == 1
    turned = {"prompt": "Why?", "response_a": "No idea.", "response_b": "Because."}
    more = turned | {"annotations": [{"annotator": "w1", "choice": "a"}, {"annotator": "w2", "strength": -3}]}
    report = take(session, project, clock, [more])
    assert (report.batch.duplicates, report.batch.judgements) == (1, 1)
    found = select(Person.name, Preference.strength).join(Preference, Preference.annotator_id == Person.id)
    assert dict(session.execute(found.where(Person.name.in_(["w1", "w2"]))).all()) == {"w1": 2, "w2": 3}
    assert count(session, Assignment, Assignment.state == "open") == 0


def test_csv(session, project, clock):
    content = 'id,prompt,response_a,response_b,priority\n1,"Why, then?","two\nlines",x,5\n2,Why?,x\n3,Why?,,x,\n'
    report = take(session, project, clock, content, name="rows.csv")
    assert (report.batch.comparisons, report.batch.rejected) == (2, 1)
    assert report.errors[0].line == 4
    assert session.scalar(select(Comparison.priority).where(Comparison.external_id == "1")) == 5


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (json.dumps(PAIR).encode() + b"\n\xff\xfe", "x.jsonl", "not UTF-8 .line 2"),
        (gzip.compress(json.dumps(PAIR).encode() * 100)[:-20], "x.jsonl.gz", "half-way"),
        (gzip.compress(b" " * 80_000_000), "x.jsonl.gz", "unpacks to far more"),
        (gzip.compress(b"x")[:10] + b"garbage!!", "x.jsonl.gz", "damaged gzip"),
        (b"", "x.csv", "without a header"),
    ],
    ids=["latin", "truncated", "bomb", "damaged", "headless"],
)
def test_a_file_that_cannot_be_read_is_refused_whole(session, project, clock, content, name, message):
    with pytest.raises(UploadError, match=message):
        take(session, project, clock, content, name=name)


def test_a_row_over_a_megabyte_is_refused_alone(session, project, clock):
    report = take(session, project, clock, [PAIR | {"prompt": "x" * 1_100_000}, PAIR])
    assert (report.batch.comparisons, report.batch.rejected) == (1, 1)
    assert report.errors[0].reason == "the row is over 1 MB"


def test_sides_are_counterbalanced(session, project, clock):
    project.overlap = 2
    take(session, project, clock, [PAIR | {"id": str(n)} for n in range(400)])
    by_slot = select(Assignment.slot, func.count()).where(Assignment.swapped).group_by(Assignment.slot)
    swapped = dict(session.execute(by_slot).all())
    assert sum(swapped.values()) == 400
    assert 150 < swapped[0] < 250


def identified(number, **more):
    return [PAIR | {"id": str(n), "prompt": f"Why {n}?"} | more for n in range(number)]


def test_an_upload_may_want_another_overlap_than_its_project(session, project, clock):
    judged = [{"annotator": name, "choice": "a"} for name in "wxyz"]
    rows = [*identified(1), PAIR | {"id": "judged", "annotations": judged}]
    batch = take(session, project, clock, rows, overlap=3).batch
    assert (batch.overlap, batch.slots, batch.comparisons, batch.judgements) == (3, 6, 2, 4)
    assert count(session, Assignment, Assignment.slot.is_not(None)) == 6
    assert take(session, project, clock, identified(3)).batch.overlap == project.overlap == 1
    for wrong in (0, 101):
        with pytest.raises(Invalid, match="overlap"):
            take(session, project, clock, [PAIR], overlap=wrong)


def test_with_spread_first_slots_go_before_second_ones(session, project, clock):
    project.overlap = 2
    take(session, project, clock, identified(2))
    ranks = select(Assignment.slot, Assignment.rank).distinct().order_by(Assignment.slot)
    (_, first), (_, second) = session.execute(ranks).all()
    assert first == second
    project.spread = True
    batch = take(session, project, clock, identified(4, priority=1), again=True).batch
    (_, first), (_, second) = session.execute(ranks.where(Assignment.batch_id == batch.id)).all()
    assert first < second < 0


def tallies(session):
    found = select(Tally.batch_id, Person.name, Tally.judged, Tally.filled).join(
        Person, Person.id == Tally.annotator_id
    )
    return {tuple(row) for row in session.execute(found)}


def test_what_comes_along_is_counted_where_its_comparison_is(session, project, clock):
    judged = [{"annotator": name, "choice": "a"} for name in ("w", "x")]
    first = take(session, project, clock, identified(3, annotations=judged[:1])).batch.id
    assert tallies(session) == {(first, "w", 3, 3)}
    second = take(session, project, clock, identified(4, annotations=judged)).batch.id
    assert tallies(session) == {(first, "w", 3, 3), (first, "x", 3, 0), (second, "w", 1, 1), (second, "x", 1, 0)}


def test_a_slot_that_is_kept_for_somebody_is_filled_by_nobody_else(session, project, clock):
    ann = people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]
    take(session, project, clock, [PAIR], overlap=2)
    kept, free = session.scalars(select(Assignment).order_by(Assignment.slot))
    kept.pinned_to = ann.id
    judged = [{"annotator": name, "choice": "a"} for name in ("w", "x", "ann@example.org")]
    take(session, project, clock, [PAIR | {"annotations": judged}])
    session.expire_all()
    names = dict(session.execute(select(Person.id, Person.name)).all())
    assert (names[kept.annotator_id], names[free.annotator_id]) == ("Ann", "w")
    assert count(session, Assignment, Assignment.slot.is_(None)) == 1


def test_an_account_is_credited_before_an_annotator_of_that_name(session, project, clock):
    by_ann = PAIR | {"annotations": [{"annotator": "ann@example.org", "choice": "a"}]}
    take(session, project, clock, [by_ann])
    ann = people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]
    before, after = by_ann, by_ann | {"prompt": "Why not?"}
    batch = take(session, project, clock, [before, after, after | {"id": "x"}]).batch
    assert (batch.duplicates, batch.judgements) == (1, 2)
    assert take(session, project, clock, [before, after], again=True).batch.judgements == 0
    judged = select(Preference.annotator_id, func.count()).group_by(Preference.annotator_id)
    named = session.scalar(select(Person.id).where(Person.name == "ann@example.org"))
    assert dict(session.execute(judged).all()) == {named: 1, ann.id: 2}


def test_somebody_takes_the_slot_that_is_kept_for_them_before_another(session, project, clock):
    ann = people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]
    take(session, project, clock, [PAIR], overlap=2)
    free, kept = session.scalars(select(Assignment).order_by(Assignment.slot))
    kept.pinned_to = ann.id
    take(session, project, clock, [PAIR | {"annotations": [{"annotator": "ann@example.org", "choice": "a"}]}])
    session.expire_all()
    assert (free.state, kept.state) == ("open", "done")


SHAPES = [
    *identified(5, annotations=[{"annotator": "w", "strength": 1}, {"annotator": "x", "strength": -2}]),
    *identified(3, annotations=[{"annotator": "y", "strength": 3}]),
    {"id": "k", "prompt": "Many?", "responses": ["a", {"text": "b", "generator": "g"}, "c", "d", "e"]},
    {"id": "l", "prompt": "Many?", "responses": ["a", "z"]},
    PAIR | {"id": "0", "prompt": "Another?", "annotations": [{"annotator": "w", "choice": "a"}]},
    PAIR,
    PAIR | {"response_a": 1},
]


def everything(session):
    annotators = (
        select(Comparison.identity, Person.name, Preference.strength, Assignment.slot)
        .join(Preference, Preference.comparison_id == Comparison.id)
        .join(Assignment, Assignment.id == Preference.assignment_id)
        .join(Person, Person.id == Preference.annotator_id)
    )
    texts = select(Comparison.identity, Prompt.messages, Response.text, Response.generator)
    texts = texts.join(Prompt, Prompt.id == Comparison.prompt_id)
    sides = [texts.join(Response, Response.id == side) for side in (Comparison.response_a_id, Comparison.response_b_id)]
    counted = [session.scalar(select(func.count()).select_from(table)) for table in (Prompt, Response, RowError)]
    batch = session.scalars(select(Batch)).one()
    numbers = batch.rows, batch.comparisons, batch.slots, batch.judgements, batch.duplicates, batch.rejected
    return [sorted(map(repr, session.execute(found).all())) for found in (annotators, *sides)], counted, numbers


def test_it_makes_no_difference_where_a_chunk_ends(session, project, clock, monkeypatch):
    take(session, project, clock, SHAPES, overlap=2)
    whole = everything(session)
    session.rollback()
    for chunk, weight in ((1, 10**6), (2, 10**6), (500, 10)):
        monkeypatch.setattr(spooling, "CHUNK", chunk)
        monkeypatch.setattr(spooling, "WEIGHT", weight)
        session.add(project)
        take(session, project, clock, SHAPES, overlap=2)
        assert everything(session) == whole
        session.rollback()


def test_progress_is_of_bytes_and_then_of_pairs_and_what_breaks_leaves_nothing(session, project, clock, monkeypatch):
    monkeypatch.setattr(spooling, "CHUNK", 4)
    monkeypatch.setattr(spooling, "OFTEN", 1)
    session.commit()
    content = "".join(json.dumps(row) + "\n" for row in identified(10, annotations=[{"annotator": "w", "choice": "a"}]))
    upload, read, stored = Upload("b", "rows.jsonl"), [], []

    def halfway(done, total):
        stored.append((done, total))
        if done == 8:
            raise KeyboardInterrupt

    with Rows(io.BytesIO(content.encode())) as found:
        importing.read(found, upload, lambda *step: read.append(step))
        assert not session.in_transaction()
        with pytest.raises(KeyboardInterrupt):
            importing.store(session, project, found, upload, clock(), halfway)
    session.rollback()
    assert read[-1] == (len(content), len(content))
    assert stored == [(4, 10), (8, 10)]
    for table in (Batch, Prompt, Response, Comparison, Assignment, Preference, Person, Tally):
        assert count(session, table) == 0


def test_a_file_in_which_hardly_a_row_is_one_is_left_early(session, project, clock, monkeypatch):
    monkeypatch.setattr(spooling, "HOPELESS", 100)
    taken = []
    monkeypatch.setattr(spooling, "read", lambda *file, real=spooling.read: (taken.append(x) or x for x in real(*file)))
    with pytest.raises(
        UploadError, match="hardly a row that can be used; the first bad one is line 2: not a JSON object"
    ):
        take(session, project, clock, gzip.compress(b"\n" + b"0\n" * 100_000))
    assert len(taken) == 100
    rows = [PAIR | {"id": str(n), "response_a": n % 3 or "Because."} for n in range(150)]
    with pytest.raises(UploadError, match="line 2: response_a: wrong type"):
        take(session, project, clock, rows)
    rows = [PAIR | {"id": str(n), "response_a": n % 2 or "Because."} for n in range(300)]
    assert take(session, project, clock, rows).batch.rejected == 150


def test_each_text_of_a_row_is_hashed_once(session, project, clock, monkeypatch):
    hashed = []
    monkeypatch.setattr(pairs, "_sha256", lambda content, real=pairs._sha256: hashed.append(content) or real(content))
    row = {"id": "k", "prompt": "Which?", "responses": [f"the {n}th" for n in range(40)]}
    assert take(session, project, clock, [row]).batch.comparisons == 780
    assert len(hashed) == 41


@pytest.mark.parametrize("where", ["prompt", "a", "metadata", "rationale"])
def test_long_texts_are_taken_a_few_at_a_time(where):
    texts = dict.fromkeys(("prompt", "a", "metadata", "rationale"), "short") | {where: "x" * 900_000}
    with Rows(io.BytesIO()) as found:
        for n in range(9):
            prompt = pairs.Conversation.of([{"role": "user", "content": texts["prompt"]}])
            a, b = pairs.Candidate.of(texts["a"]), pairs.Candidate.of("b")
            judgements = [pairs.Judgement("w", 1, texts["rationale"])]
            more = {"metadata": texts["metadata"]}
            found.put([pairs.Pair(str(n), prompt, a, b, None, 0, None, more, judgements, n)])
        assert [len(chunk) for chunk in found.chunks()] == [4, 4, 1]
