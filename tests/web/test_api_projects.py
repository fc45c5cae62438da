"""Projects as programs see them."""

import pytest


def test_a_project_is_made_read_and_set(admin, ann):
    made = admin.post("/projects", json={"slug": "one", "name": " One ", "guidelines": "Be *fair*.", "overlap": 3})
    assert made.status_code == 201
    assert ann.get("/projects/one").json() == made.json()
    assert ann.get("/projects").json() == [made.json()]
    assert (made.json()["name"], made.json()["overlap"], made.json()["retrain_every"]) == ("One", 3, 0)
    changed = admin.put("/projects/one", json={"name": "Two", "overlap": 2, "retrain_every": 100, "base_model": " m "})
    assert changed.status_code == 200
    assert ann.get("/projects/one").json() == changed.json()
    assert (changed.json()["name"], changed.json()["guidelines"], changed.json()["base_model"]) == ("Two", "", "m")


def test_a_slug_is_given_once(admin):
    assert [admin.post("/projects", json={"slug": "one"}).status_code for _ in range(2)] == [201, 409]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": ""}, "slug"),
        ({"slug": "-x"}, "slug"),
        ({"slug": "Übung"}, "slug"),
        ({"slug": "a/b"}, "slug"),
        ({"slug": "a" * 100}, "slug"),
        ({"slug": None}, "slug"),
        ({"name": "n" * 201}, "name"),
        ({"overlap": 0}, "overlap"),
        ({"overlap": 101}, "overlap"),
        ({"retrain_every": -1}, "retrain_every"),
        ({"retrain_every": 2**31}, "retrain_every"),
        ({"base_model": "m" * 501}, "base_model"),
        ({"guidelines": "g" * 200_001}, "guidelines"),
        ({"guidlines": ""}, "guidlines"),
    ],
)
def test_a_project_that_makes_no_sense_says_where(admin, change, field):
    refused = admin.post("/projects", json={"slug": "ok"} | change)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert admin.get("/projects").json() == []
