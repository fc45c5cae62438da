"""Many people at once, and what each has done."""

import base64
import csv
import html
import io
import re

import pytest
from starlette.testclient import TestClient

from app.domain import audit, people, pins, projects
from tests.web.browsing import HOSTILE
from tests.web.conftest import lines, pairs, upload

PATH = "/people/table"


def emails(sessions):
    with sessions() as session:
        return {person.email for person in people.everyone(session)}


@pytest.mark.parametrize("way", ["paste", "file"])
def test_a_table_of_people_is_invited_with_a_link_each(boss, app, sessions, way):
    boss.submit("/groups", name="Poets")
    boss.submit("/groups", name="Bards")
    table = f'email,groups,name,role\r\nNew@example.org,Poets; Bards,"{HOSTILE}",Reviewer\r\n\r\nann@example.org,,,admin\r\n'
    sent = {"data": {"table": table}} if way == "paste" else {"files": {"file": ("p.csv", table.encode("utf-8-sig"))}}
    answer = boss.post(PATH, **sent)
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert "1 person was added." in answer.text
    assert "has an account already; nothing was changed" in answer.text
    link = re.search(r"http://[^<]+/invitations/([^<]+)", answer.text)
    assert TestClient(app).post(f"/invitations/{link[1]}").status_code == 200
    packed = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)"', answer.text)[1]
    rows = list(csv.reader(io.StringIO(base64.b64decode(html.unescape(packed)).decode())))
    assert rows[1] == ["new@example.org", HOSTILE, "reviewer", link[0]]
    assert rows[2] == ["ann@example.org", "Ann", "annotator", ""]
    assert "new@example.org reviewer active 0 Bards, Poets" in boss.text("/people")
    assert "/invitations/" not in boss.get(PATH).text


@pytest.mark.parametrize(
    "table",
    [
        "a@example.org\tAnna\nb@example.org",
        "email;name\na@example.org;Anna\nb@example.org;",
        "a@example.org\nb@example.org",
    ],
)
def test_tables_as_people_have_them(boss, sessions, table):
    assert "2 people were added." in boss.submit(PATH, table=table)
    assert {"a@example.org", "b@example.org"} <= emails(sessions)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "Nobody was added: the people are missing"),
        ("email,shoe\na@example.org,7", "have a column 'shoe' that is not known"),
        ('a@example.org,"open', "cannot be read as a table, from line 1 on"),
        ("a@example.org\nno address", "Line 2 email is not an email address"),
        ("a@example.org,,king", "Line 1 role must be one of annotator, reviewer, admin, not 'king'"),
        ("a@example.org,,,Nobody", "Line 1 groups names 'Nobody', and there is no such group"),
        ("a@example.org\nb@example.org\nA@example.org", "Line 3 email is that of line 1, too"),
        ("a@example.org,,,,surplus", "Line 1 has more cells than columns"),
        (f"a@example.org\n{HOSTILE}", "Line 2 email is not an email address"),
    ],
)
def test_nobody_is_added_unless_all_of_it_is_good(boss, sessions, table, said):
    before = emails(sessions)
    page = boss.submit(PATH, 422, table=table)
    assert said in page
    assert table.strip() in html.unescape(boss.post(PATH, data={"table": table}).text)
    assert emails(sessions) == before


def test_a_file_that_is_no_text_is_refused(boss, sessions):
    page = boss.submit(PATH, 422, files={"file": ("p.csv", b"\xff\xfe")})
    assert "are not UTF-8" in page


def test_a_person_shows_what_they_have_done(boss, ann, folk, admin, study, clock):
    upload(admin, content=lines(*pairs(5)))
    tasks = ann.post("/projects/study/assignments", json={"count": 4}).json()["assignments"]
    for number, task in enumerate(tasks[:2]):
        given = {
            "id": f"00000000-0000-4000-8000-00000000000{number}",
            "lease_token": task["lease_token"],
            "strength": 1,
        }
        ann.put(f"/assignments/{task['id']}/preference", json=given | {"active_ms": 30_000})
        clock.forward(days=7)
    skip = {"lease_token": tasks[2]["lease_token"], "reason": "broken"}
    assert ann.put(f"/assignments/{tasks[2]['id']}/skip", json=skip).status_code in (200, 204)
    page = boss.text(f"/people/{folk['ann'].id}")
    assert "A study 2 30 s 2026-01-12 09:00 broken 1 –" in page
    assert re.search(r"Week from .* 01-05 01-12 01-19 A study – – – – – 1 1 –", page)
    assert f"/projects/study/comparisons?annotator={folk['ann'].id}" in boss.get(f"/people/{folk['ann'].id}").text


def test_what_somebody_holds_goes_back_when_they_are_locked_out(boss, ann, bob, folk, admin, study, sessions, clock):
    upload(admin, content=lines(*pairs(3)))
    boss.submit("/projects/study/pins", comparison="2", annotator=folk["ann"].id)
    assert len(ann.post("/projects/study/assignments", json={"count": 1}).json()["assignments"]) == 1
    boss.submit("/projects/study/pins", comparison="1", annotator=folk["ann"].id)
    path = f"/people/{folk['ann'].id}"
    page = boss.text(path)
    assert "The comparison that they hold goes back to the queue" in page
    assert "One comparison is pinned to them" in page
    boss.submit(f"{path}/activity", active="false", confirm="ann@example.org")
    with sessions() as session:
        project = projects.get(session, "study")
        assert pins.of_project(session, project, 9) == []
        acts = [entry.action for entry in audit.newest(session, audit.Wanted(), 4)]
        assert set(acts) == {"account changed", "lease released", "comparison unpinned"}
    handed = bob.post("/projects/study/assignments", json={"count": 9}).json()["assignments"]
    assert {task["external_id"] for task in handed} == {"0", "1", "2"}
