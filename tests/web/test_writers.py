"""What waits for a person, or for a processor, lets others write meanwhile: SQLite has one writer at a time."""

from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from app.domain import attempts, people, snapshots
from app.storage import session as storage
from app.web import templating

GOOD = "long enough!"


@pytest.fixture
def writes(sessions, clock, monkeypatch):
    """Writes something by another connection, which has not much patience."""
    monkeypatch.setattr(storage, "PATIENCE", 0.2)
    calls = []

    def write():
        with sessions.begin() as session:
            attempts.note(session, "somebody else", clock())
        calls.append(len(calls))
        return len(calls)

    return write


def test_nobody_waits_for_a_page_that_says_what_went_wrong(boss, folk, world, sessions, clock, writes, monkeypatch):
    study = f"/projects/{world['slug']}"
    batch, group, guest = f"{study}/batches/{world['batch_id']}", f"/groups/{world['group_id']}", world["person_id"]
    boss.submit(f"/people/{guest}/activity", active="false", confirm="guest@example.org")
    with sessions.begin() as session:
        invitation = people.invite(session, people.get(session, folk["ann"].id), clock())
    render = templating.render

    def rendered(name, context):
        writes()
        return render(name, context)

    monkeypatch.setattr(templating, "render", rendered)
    forms = {
        f"{batch}/state": {"state": "draft"},
        f"{batch}/name": {},
        f"{batch}/deletion": {},
        f"{batch}/rules": {"priority": "high"},
        f"{study}/batches": {"name": "Autumn"},
        f"{study}/comparisons/{world['comparison_id']}/pin": {"annotator": "nobody"},
        f"{study}/pins": {},
        f"{study}/quiz/attempts": {},
        f"{study}/training-runs": {"seed": "x"},
        f"{study}/settings": {"overlap": "x"},
        "/groups": {},
        f"{group}/name": {},
        f"{group}/deletion": {},
        "/people": {"email": "nobody"},
        "/people/table": {},
        f"/people/{folk['admin'].id}/role": {"role": "annotator"},
        f"/people/{folk['admin'].id}/activity": {"active": "false"},
        f"/people/{guest}/invitation": {},
        "/projects": {},
        "/you/password": {"new": "short"},
        f"/invitations/{invitation}": {"password": "short"},
    }
    found = {path: boss.post(path, data=form).status_code for path, form in forms.items()}
    assert {path: status for path, status in found.items() if status not in (409, 422)} == {}
    assert writes() == len(forms) + 1


def test_nobody_waits_for_a_password_to_be_hashed(app, boss, folk, sessions, clock, writes, monkeypatch):
    hasher = people._hasher

    def while_(work):
        def hashing(*given):
            writes()
            return work(*given)

        return hashing

    monkeypatch.setattr(people, "_hasher", SimpleNamespace(hash=while_(hasher.hash), verify=while_(hasher.verify)))
    assert "The password is set" in boss.submit("/you/password", new=GOOD)
    assert "The password is set" in boss.submit("/you/password", old=GOOD, new=GOOD + GOOD)
    with sessions.begin() as session:
        invitation = people.invite(session, people.get(session, folk["ann"].id), clock())
    ann = TestClient(app, follow_redirects=False)
    assert ann.post(f"/invitations/{invitation}", data={"password": GOOD}).status_code == 303
    assert ann.post("/sign-in", data={"email": "ann@example.org", "password": GOOD}).status_code == 303
    assert writes() == 6


def test_a_link_that_is_not_good_has_no_password_hashed(app, monkeypatch):
    monkeypatch.setattr(people, "hashed", None)
    assert TestClient(app).post("/invitations/never", data={"password": GOOD}).status_code == 401


def test_the_present_password_is_not_guessed_at_will(boss, clock):
    def change(old):
        return boss.post("/you/password", data={"old": old, "new": GOOD})

    assert [change(old).status_code for old in ["", GOOD, "a", "b", "c", "d", "e", GOOD]] == [200] * 2 + [422] * 5 + [
        429
    ]
    clock.forward(minutes=15)
    assert [change(GOOD).status_code for _ in range(7)] == [200] * 7


def test_many_emails_from_one_address_are_slowed_down_but_no_office_is(app, folk, sessions, clock, monkeypatch):
    monkeypatch.setattr(people, "check_password", lambda session, email, _: people.by_email(session, email))
    client = TestClient(app, follow_redirects=False)

    def sign_in(email):
        return client.post("/sign-in", data={"email": email, "password": GOOD}).status_code

    assert {sign_in(f"{name}@example.org") for name in ("ann", "bob") for _ in range(attempts.OFFICE)} == {303}
    assert {sign_in(f"{number}@example.org") for number in range(attempts.OFFICE)} == {401}
    assert sign_in("one.more@example.org") == sign_in("ann@example.org") == 429
    clock.forward(minutes=15)
    assert sign_in("ann@example.org") == 303


@pytest.mark.parametrize("part", ["draw", "decisions"])
def test_nobody_waits_for_the_snapshot_of_a_training_run(admin, boss, judged, writes, monkeypatch, part):
    work = getattr(snapshots, part)

    def working(*given):
        writes()
        return work(*given)

    monkeypatch.setattr(snapshots, part, working)
    run = admin.post("/projects/study/training-runs", json={})
    assert (run.status_code, run.json()["snapshot"] is not None) == (201, True)
    assert admin.put(f"/projects/study/training-runs/{run.json()['id']}/cancellation").status_code == 200
    assert "requested" in boss.submit("/projects/study/training-runs")
    assert writes() == 3
