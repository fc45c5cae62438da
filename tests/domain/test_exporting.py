import hashlib
import json

import pytest

from app.domain import assignments, exporting, people, preferences
from app.domain.exporting import transcript
from app.storage import judgements
from app.storage.judgements import Selection
from app.storage.session import make_sessions
from app.vocabulary import ExportFormat, Role
from tests.domain.test_importing import take
from tests.domain.test_queue import LEASE, answer, rows

EVERYTHING = Selection()


def text(session, project, shape=ExportFormat.preferences, chosen=EVERYTHING):
    return b"".join(exporting.export(session, project, shape, chosen))


def test_an_export_is_of_one_moment_whatever_happens_meanwhile(engine, session, project, clock, monkeypatch):
    take(session, project, clock, rows(6))
    ann = people.add(session, "ann@example.org", "", Role.annotator, clock())[0]
    tasks = assignments.next_tasks(session, project.id, ann.id, 6, clock(), LEASE)
    for task in tasks:
        preferences.submit(session, task.id, ann.id, answer(task), clock())
    session.commit()
    monkeypatch.setattr(judgements, "CHUNK", 2)
    with make_sessions(engine)() as reader:
        reader.connection(execution_options={"read_only": True})
        expected = exporting.manifest(reader, project, ExportFormat.comparisons, EVERYTHING)
        lines = exporting.rows(reader, project, ExportFormat.comparisons, EVERYTHING)
        found = [next(lines)]
        for task in tasks[1:]:
            preferences.withdraw(session, task.id, ann.id, task.lease_token, clock(), LEASE)
        session.commit()
        found += list(lines)
    assert len(found) == 6
    text = "".join(exporting._line(row) + "\n" for row in found)
    assert hashlib.sha256(text.encode()).hexdigest() == expected.snapshot


def test_a_comparison_is_left_out_when_its_judgement_goes_meanwhile(session, project, clock, monkeypatch):
    """Outside of a transaction that only reads, PostgreSQL shows each statement another moment."""
    take(session, project, clock, rows(2, annotations=[{"annotator": "w", "choice": "a"}]))
    details = judgements._details
    monkeypatch.setattr(judgements, "_details", lambda: details().where(judgements.Comparison.external_id == "1"))
    for shape in ExportFormat:
        assert len(text(session, project, shape).splitlines()) == 1


def test_more_than_a_chunk_comes_whole_and_in_order(session, project, clock, monkeypatch):
    take(session, project, clock, rows(7, annotations=[{"annotator": "w", "choice": "a"}]))
    whole = text(session, project)
    monkeypatch.setattr(judgements, "CHUNK", 3)
    assert text(session, project) == whole
    assert [json.loads(line)["external_id"] for line in whole.splitlines()] == [str(n) for n in range(7)]


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
