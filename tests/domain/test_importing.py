import gzip
import io
import json

import pytest
from sqlalchemy import func, select

from app.domain import importing
from app.domain.errors import DuplicateUpload, UploadError
from app.domain.importing import Upload
from app.storage.tables import Assignment, Comparison, Person, Preference

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
