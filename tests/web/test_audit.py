"""The audit log as admins read it."""

import csv
import json

import pytest
from starlette.testclient import TestClient

from app.domain import people
from app.web.deps import COOKIE
from tests.web.browsing import HOSTILE, Browser
from tests.web.conftest import lines, pairs, upload
from tests.web.test_api_assignments import lease


@pytest.fixture
def boss(app, folk, sessions, clock):
    """An admin in front of a browser."""
    with sessions.begin() as session:
        secret = people.open_session(session, people.get(session, folk["admin"].id), clock())
    return Browser(app, cookies={COOKIE: secret})


def entries(admin, **query):
    answer = admin.get("/audit", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["entries"]


def acts(admin, **query):
    return [(entry["action"], entry["subject"]) for entry in entries(admin, **query)]


def test_what_an_admin_does_is_in_the_log_by_name_and_request(admin, folk, study, clock):
    admin.put(
        "/projects/study", json={"name": "A study", "overlap": 2}, headers={"X-Request-ID": "mine"}
    ).raise_for_status()
    upload(admin, content=lines(*pairs(2)), name="first")
    admin.patch(f"/people/{folk['bob'].id}", json={"active": False}).raise_for_status()
    newest = entries(admin, person="admin@example.org")
    assert [(entry["action"], entry["subject"], entry["project"]) for entry in newest] == [
        ("account changed", "bob@example.org", None),
        ("batch uploaded", "first", "study"),
        ("project changed", "study", "study"),
        ("project created", "study", "study"),
    ]
    assert newest[0]["details"] == {"active": [True, False]}
    assert newest[1]["details"]["comparisons"] == 2
    assert newest[2] == newest[2] | {
        "actor_id": folk["admin"].id,
        "request_id": "mine",
        "details": {"overlap": [1, 2]},
    }


def test_data_that_is_taken_is_told_of(admin, study):
    upload(admin, content=lines(*pairs(1)))
    admin.get("/projects/study/export", params={"format": "trl", "late": False}).raise_for_status()
    admin.get("/projects/study/export/manifest").raise_for_status()
    asked = [entry["details"] for entry in entries(admin, action="data exported")]
    assert asked == [
        {"what": "manifest", "format": "comparisons", "late": True, "gold": True},
        {"what": "rows", "format": "trl", "late": False, "gold": True},
    ]


def test_sign_ins_are_told_of_whether_they_succeed_or_not(app, admin, sessions, folk, clock):
    with sessions.begin() as session:
        people.set_password(session, people.get(session, folk["ann"].id), people.hashed("a long password"))
    browser = TestClient(app, follow_redirects=False)
    for password in ("a wrong password", "a long password"):
        browser.post("/sign-in", data={"email": "ann@example.org", "password": password})
    good, bad, *_ = entries(admin)
    assert (good["action"], good["actor"]) == ("signed in", "ann@example.org")
    assert (bad["action"], bad["actor"], bad["subject"]) == ("sign-in refused", "nobody", "ann@example.org")
    assert "password" not in str(bad)
    browser.post("/sign-in", data={"email": "a long password", "password": ""})
    assert "a long password" not in str(entries(admin))


def test_the_api_gives_it_in_pages(admin, study):
    for overlap in (2, 3, 4):
        admin.put("/projects/study", json={"overlap": overlap}).raise_for_status()
    first = admin.get("/audit", params={"project": "study", "limit": 3}).json()
    rest = admin.get("/audit", params={"project": "study", "limit": 3, "before": first["next"]}).json()
    assert [entry["action"] for entry in first["entries"]] == ["project changed"] * 3
    assert [entry["action"] for entry in rest["entries"]] == ["project created"]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"project": "nowhere"}, 404),
        ({"action": "dancing"}, 422),
        ({"since": "yesterday"}, 422),
        ({"before": 0}, 422),
        ({"until": "9999-12-31", "since": "0001-01-01", "person": "\x00", "action": ""}, 200),
    ],
)
def test_a_question_that_is_none_is_refused(admin, query, status):
    assert admin.get("/audit", params=query).status_code == status


def test_days_are_whole_and_in_utc(admin, study, clock):
    today = f"{clock():%Y-%m-%d}"
    assert ("project created", "study") in acts(admin, since=today, until=today)
    clock.forward(days=1)
    assert acts(admin, since=f"{clock():%Y-%m-%d}", person="admin@example.org") == []


def test_the_page_shows_it_and_filters(boss, admin, study):
    admin.put("/projects/study", json={"overlap": 2}).raise_for_status()
    shown = boss.text("/audit")
    assert "admin@example.org project changed study name A study → study, overlap 1 → 2" in shown
    assert "project created" in shown
    filtered = boss.text("/audit?action=project+created&project=study&person=&since=&until=")
    assert "overlap 1 → 2" not in filtered
    assert "Nothing fits." in boss.text("/audit?person=stranger@example.org")
    assert boss.get("/audit?project=nowhere").status_code == 404


def test_only_a_change_has_arrows(boss, admin, ann, folk, study):
    upload(admin, content=lines(*pairs(3))).raise_for_status()
    held = [task["id"] for task in lease(ann, 3)]
    boss.submit(f"/projects/study/annotators/{folk['ann'].id}/release", confirm="ann@example.org")
    shown = boss.text("/audit?action=lease+released")
    assert f"assignments {', '.join(map(str, sorted(held)))}" in shown
    assert "→" not in shown


def test_the_page_goes_on_where_the_last_one_ended(boss, admin, study):
    for overlap in range(2, 102):
        admin.put("/projects/study", json={"overlap": overlap if overlap <= 100 else 1}).raise_for_status()
    page = boss.get("/audit?project=study").text
    older = page.split('href="/audit?')[-1].split('"')[0].replace("&amp;", "&")
    assert "project created" not in page.split("<tbody>")[1]
    assert "project created" in boss.get("/audit?" + older).text.split("<tbody>")[1]


def test_what_people_typed_stays_text(boss, admin):
    admin.post("/groups", json={"name": HOSTILE})
    assert HOSTILE in boss.text("/audit")


def test_it_can_be_downloaded(boss, admin, study):
    admin.post("/groups", json={"name": "=1+1"})
    told = entries(admin, limit=1000)
    fetched = boss.get("/api/v1/audit/entries.jsonl?project=&person=")
    assert [json.loads(line) for line in fetched.text.splitlines()] == told
    table = list(csv.DictReader(boss.get("/api/v1/audit/entries.csv").text.splitlines()))
    assert [int(row["id"]) for row in table] == [entry["id"] for entry in told]
    assert table[0]["subject"] == "'=1+1"
    assert [json.loads(row["details"]) for row in table] == [entry["details"] for entry in told]
