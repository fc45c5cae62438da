"""The pages of people."""

import re

from starlette.testclient import TestClient

from app.domain import people
from app.storage.people import Person
from app.vocabulary import Role
from tests.web.browsing import HOSTILE


def test_people_are_added_with_a_link_that_is_shown_once(boss, app, sessions):
    page = boss.submit("/people", email="New@Example.org", name=HOSTILE, role="reviewer")
    link = re.search(r"http://\S+/invitations/(\S+)", page)
    assert f"{HOSTILE} is in as reviewer" in page
    assert "/invitations/" not in boss.text("/people")
    with sessions() as session:
        guest = people.by_email(session, "new@example.org")
        assert guest.role == "reviewer"
    assert TestClient(app).post(f"/invitations/{link[1]}").status_code == 200
    page = boss.submit("/people", 422, email="new@example.org", name="Typed", role="annotator")
    assert "Email has an account already, as reviewer" in page
    assert 'value="Typed"' in boss.post("/people", data={"email": "no address", "name": "Typed"}).text
    assert boss.post("/people", data={"email": "a@example.org", "role": "king"}).status_code == 422


def test_a_person_gets_another_role_a_new_link_and_loses_a_token(boss, ann, folk, sessions):
    path = f"/people/{folk['ann'].id}"
    assert "ann@example.org · annotator · active" in boss.text(path)
    assert "ann@example.org · reviewer" in boss.submit(f"{path}/role", role="reviewer")
    page = boss.submit(f"{path}/invitation")
    assert "/invitations/" in page
    assert "/invitations/" not in boss.text(path)
    with sessions() as session:
        token = people.tokens(session, people.get(session, folk["ann"].id))[0]
    boss.submit(f"{path}/tokens/{token.id}/revocation")
    assert ann.get("/projects").status_code == 401


def test_who_is_deactivated_is_out_and_may_come_back(boss, browsers, folk):
    path = f"/people/{folk['ann'].id}"
    assert "must be ann@example.org, letter by letter" in boss.submit(f"{path}/activity", 422, active="false")
    assert browsers["ann"].get("/you", follow_redirects=False).status_code == 200
    page = boss.submit(f"{path}/activity", active="false", confirm=" ann@example.org ")
    assert "deactivated" in page
    assert browsers["ann"].get("/you", follow_redirects=False).status_code == 303
    assert "Activate the account before you invite" in boss.submit(f"{path}/invitation", 409)
    assert "annotator · active" in boss.submit(f"{path}/activity", active="true")
    assert boss.post(f"{path}/activity", data={"active": "perhaps"}).status_code == 422


def test_the_last_admin_stays_one(boss, folk):
    path = f"/people/{folk['admin'].id}"
    assert "This is the last active admin." in boss.submit(
        f"{path}/role", 409, role="annotator", confirm="admin@example.org"
    )
    assert "This is the last active admin." in boss.submit(
        f"{path}/activity", 409, active="false", confirm="admin@example.org"
    )


def test_an_admin_gives_up_their_own_role_by_name_only(boss, folk, sessions):
    with sessions.begin() as session:
        people.change(session, people.get(session, folk["bob"].id), role=Role.admin)
    path = f"/people/{folk['admin'].id}"
    page = boss.submit(f"{path}/role", 422, role="reviewer")
    assert "another admin can give it to you" in page
    assert "The name must be admin@example.org, letter by letter" in page
    assert "admin@example.org · admin" in boss.text(path)
    assert boss.submit(f"{path}/role", role="admin") == boss.text(path)
    boss.submit(f"{path}/role", role="reviewer", confirm="admin@example.org")
    assert boss.get(path).status_code == 403


def test_whom_an_import_named_is_no_account(boss, judged, sessions):
    with sessions() as session:
        imported = session.query(Person.id).filter(Person.email.is_(None)).limit(1).scalar()
    boss.text(f"/people/{imported}", 404)
    assert boss.post(f"/people/{imported}/activity", data={"active": "true"}).status_code == 404
