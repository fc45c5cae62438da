"""Accounts and tokens as an admin's program sees them."""

import pytest
from starlette.testclient import TestClient

from app.domain import people
from app.vocabulary import Role
from app.web.deps import COOKIE
from tests.web.conftest import Caller


def add(admin, email="new@example.org", **more):
    return admin.post("/people", json={"email": email} | more)


def test_a_person_is_added_once(admin):
    first = add(admin, " New@Example.org", name="New", role="reviewer")
    again = add(admin, name="Other", role="admin")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert {
        "email": "new@example.org",
        "name": "New",
        "role": "reviewer",
        "active": True,
    }.items() <= first.json().items()
    assert "password" not in first.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "x"}, "email"),
        ({"email": None}, "email"),
        ({"role": "king"}, "role"),
        ({"password": "x"}, "password"),
    ],
)
def test_a_person_that_makes_no_sense_says_where(admin, change, field):
    refused = admin.post("/people", json={"email": "x@example.org"} | change)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


def test_people_are_listed_by_email(admin, folk):
    emails = [person["email"] for person in admin.get("/people").json()]
    assert emails == sorted(f"{name}@example.org" for name in folk)


def test_a_token_is_shown_once_and_lets_in_until_it_is_revoked(app, admin, nobody):
    person = add(admin).json()
    made = admin.post(f"/people/{person['id']}/tokens", json={"name": "laptop"})
    assert (made.status_code, set(made.json())) == (201, {"token"})
    newcomer = Caller(app, made.json()["token"])
    assert newcomer.get("/projects").status_code == 200
    listed = admin.get(f"/people/{person['id']}/tokens")
    assert made.json()["token"] not in listed.text
    (token,) = listed.json()
    assert (token["name"], token["created_at"]) == ("laptop", "2026-01-05T09:00:00Z")
    path = f"/people/{person['id']}/tokens/{token['id']}"
    assert [admin.delete(path).status_code for _ in range(2)] == [204, 404]
    assert newcomer.get("/projects").status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer", "Bearer ", "Basic YTpi", "{token}", "Token {token}", "bearer \xfc"]
)
def test_what_is_no_token_lets_nobody_in(nobody, folk, header):
    sent = header.format(token=folk["admin"].token).encode("latin-1")
    assert nobody.get("/people", headers={"Authorization": sent}).status_code == 401


def test_the_scheme_is_written_as_one_likes(nobody, folk):
    for scheme in ("bearer", "BEARER"):
        assert nobody.get("/people", headers={"Authorization": f"{scheme}  {folk['admin'].token} "}).status_code == 200


def test_a_token_that_is_wrong_is_not_made_good_by_a_cookie(app, folk, sessions, clock):
    with sessions.begin() as session:
        secret = people.open_session(session, people.get(session, folk["admin"].id), clock())
    client = TestClient(app, cookies={COOKIE: secret})
    assert client.get("/api/v1/people").status_code == 200
    assert client.get("/api/v1/people", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_somebody_deactivated_is_out_at_the_next_request(app, admin, ann, folk, study, sessions, clock):
    with sessions.begin() as session:
        secret = people.open_session(session, people.get(session, folk["ann"].id), clock())
    browser = TestClient(app, cookies={COOKIE: secret}, follow_redirects=False)
    assert (ann.get("/projects").status_code, browser.get("/").status_code) == (200, 200)
    answer = admin.patch(f"/people/{folk['ann'].id}", json={"active": False})
    assert (answer.status_code, answer.json()["active"]) == (200, False)
    assert (ann.get("/projects").status_code, browser.get("/").status_code) == (401, 303)
    assert admin.post(f"/people/{folk['ann'].id}/tokens", json={}).status_code == 409
    assert admin.patch(f"/people/{folk['ann'].id}", json={"active": True}).status_code == 200
    assert (ann.get("/projects").status_code, browser.get("/").status_code) == (401, 303)


def test_a_new_role_holds_from_the_next_request(admin, ann, folk):
    assert ann.get("/people").status_code == 403
    assert admin.patch(f"/people/{folk['ann'].id}", json={"role": "admin"}).json()["role"] == "admin"
    assert ann.get("/people").status_code == 200
    assert ann.patch(f"/people/{folk['admin'].id}", json={"role": "annotator"}).status_code == 200
    assert admin.get("/people").status_code == 403


def test_the_last_admin_stays(admin, folk):
    for change in ({"active": False}, {"role": "reviewer"}):
        refused = admin.patch(f"/people/{folk['admin'].id}", json=change)
        assert (refused.status_code, "last active admin" in refused.json()["detail"]) == (409, True)
    assert admin.patch(f"/people/{folk['admin'].id}", json={}).status_code == 200
    assert admin.get("/people").status_code == 200


def test_there_is_nobody_of_that_number(admin):
    assert admin.patch("/people/999999", json={}).status_code == 404
    assert admin.post("/people/999999/tokens", json={}).status_code == 404
    assert admin.get("/people/999999/tokens").status_code == 404


def test_repeated_failures_slow_a_sign_in_down_even_with_the_right_password(app, folk, sessions, clock):
    with sessions.begin() as session:
        people.set_password(session, people.get(session, folk["ann"].id), people.hashed("right password"))
    client = TestClient(app, follow_redirects=False)

    def sign_in(password, email="ann@example.org"):
        return client.post("/sign-in", data={"email": email, "password": password})

    spelt = ["ann@example.org", "ANN@example.org", " ann@example.org", "ann@example.org ", "Ann@Example.org"]
    assert [sign_in("wrong password", email).status_code for email in spelt] == [401] * 5
    slowed = sign_in("right password")
    assert slowed.status_code == 429
    clock.forward(seconds=int(slowed.headers["retry-after"]))
    welcome = sign_in("right password")
    assert welcome.status_code == 303
    cookie = welcome.headers["set-cookie"].lower()
    assert COOKIE in cookie
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert client.get("/").status_code == 200


def test_roles_reach_as_far_as_they_say():
    assert [[one.covers(other) for other in Role] for one in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
