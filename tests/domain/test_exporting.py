import gzip
import hashlib
import io
import json

import pytest
from sqlalchemy import select

from app.domain import assignments, exporting, people, preferences
from app.domain.exporting import transcript
from app.storage import judgements
from app.storage.judgements import Selection
from app.storage.session import make_sessions, reading
from app.storage.tables import Assignment, Preference
from app.vocabulary import ExportFormat, Role
from tests.domain.test_importing import take
from tests.domain.test_queue import LEASE, answer, rows

EVERYTHING = Selection()


def text(session, project, shape=ExportFormat.preferences, chosen=EVERYTHING, progress=lambda done: None):
    target = io.BytesIO()
    said = exporting.write(session, project, shape, chosen, target, progress)
    assert said.snapshot == hashlib.sha256(target.getvalue()).hexdigest()
    assert said.bytes == len(target.getvalue())
    assert said.counts["rows"] == target.getvalue().count(b"\n")
    return target.getvalue()


class Between(io.BytesIO):
    """A file before whose second part something happens."""

    def __init__(self, happens):
        super().__init__()
        self.happens = iter([lambda: None, happens])

    def write(self, data):
        next(self.happens, lambda: None)()
        return super().write(data)


@pytest.mark.parametrize("shape", ["comparisons", "preferences"])
def test_an_export_is_of_one_moment_whatever_happens_meanwhile(engine, session, project, clock, monkeypatch, shape):
    take(session, project, clock, rows(6))
    ann = people.add(session, "ann@example.org", "", Role.annotator, clock())[0]
    tasks = assignments.next_tasks(session, project.id, ann.id, 6, clock(), LEASE)
    for task in tasks:
        preferences.submit(session, task.id, ann.id, answer(task), clock())
    session.commit()
    monkeypatch.setattr(judgements, "FETCHED", 2)
    monkeypatch.setattr(exporting, "LINES", 1)

    def withdraw():
        for task in tasks[1:]:
            preferences.withdraw(session, task.id, ann.id, task.lease_token, clock(), LEASE)
        session.commit()

    with reading(make_sessions(engine)) as reader:
        expected = exporting.manifest(reader, project, ExportFormat(shape), EVERYTHING)
        target = Between(withdraw)
        assert exporting.write(reader, project, ExportFormat(shape), EVERYTHING, target) == expected
        assert expected.counts["rows"] == target.getvalue().count(b"\n") == 6
    assert text(session, project).count(b"\n") == 1


def test_more_than_is_fetched_at_a_time_comes_whole_and_in_order(session, project, clock, monkeypatch):
    judged = [{"annotator": name, "choice": "a"} for name in ("w", "v", "u")]
    take(session, project, clock, rows(7, annotations=judged))
    whole = {shape: text(session, project, shape) for shape in ExportFormat}
    monkeypatch.setattr(judgements, "FETCHED", 2)
    monkeypatch.setattr(exporting, "LINES", 3)
    done = []
    for shape in ExportFormat:
        assert text(session, project, shape, progress=done.append) == whole[shape]
    found = [json.loads(line) for line in whole["preferences"].splitlines()]
    assert [(row["external_id"], row["annotator"]) for row in found] == [(str(n), w) for n in range(7) for w in "wvu"]
    assert done[-1] == 21


def test_an_answer_on_a_later_lease_keeps_the_order_in_which_it_was_shown(session, project, clock):
    take(session, project, clock, rows(1, annotations=[{"annotator": "w", "strength": 2}]))
    given = session.scalars(select(Preference)).one()
    session.get_one(Assignment, given.assignment_id).swapped = True
    (row,) = map(json.loads, text(session, project).splitlines())
    assert (row["strength"], row["strength_shown"]) == (2, 2)
    given.swapped = True
    (row,) = map(json.loads, text(session, project).splitlines())
    assert (row["strength"], row["strength_shown"]) == (2, -2)


def test_a_packed_export_is_the_same_bytes_each_time(session, project, clock):
    take(session, project, clock, rows(3, annotations=[{"annotator": "w", "choice": "a"}]))
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        with exporting.packed(file) as target:
            said = exporting.write(session, project, ExportFormat.trl, EVERYTHING, target)
    assert files[0].getvalue() == files[1].getvalue()
    assert hashlib.sha256(gzip.decompress(files[0].getvalue())).hexdigest() == said.snapshot


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([("user", "Hi")], "Hi"),
        ([("user", "a"), ("assistant", "b"), ("user", "c")], "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:"),
        ([("system", "s"), ("user", "a")], "\n\nSystem: s\n\nHuman: a\n\nAssistant:"),
    ],
)
def test_a_prompt_as_text(messages, expected):
    assert transcript([{"role": role, "content": content} for role, content in messages]) == expected
