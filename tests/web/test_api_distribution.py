"""Who is given what, as programs of admins and reviewers set it and see it."""

import uuid

import pytest

from tests.web.conftest import lines, pairs, upload


@pytest.fixture
def batch(admin, study):
    """Four open comparisons with the ids 0 to 3."""
    return upload(admin, content=lines(*pairs(4))).json()["id"]


@pytest.fixture
def poets(admin):
    made = admin.post("/groups", json={"name": "Poets"})
    assert made.status_code == 201
    return made.json()["id"]


def claim(caller, count=9):
    return caller.post("/projects/study/assignments", json={"count": count}).json()["assignments"]


def names(caller, count=9):
    return [task["external_id"] for task in claim(caller, count)]


def comparison(admin, name):
    (found,) = admin.get("/projects/study/comparisons", params={"external_id": name}).json()
    return found["id"]


def test_groups_are_made_changed_and_deleted(admin, folk, clock, poets):
    path, ann, bob = f"/groups/{poets}", folk["ann"].id, folk["bob"].id
    for person in (bob, ann, ann):
        assert admin.put(f"{path}/members/{person}").status_code == 204
    for _ in range(2):
        assert admin.delete(f"{path}/members/{bob}").status_code == 204
    renamed = admin.patch(path, json={"name": " Bards "})
    assert renamed.json() == {"id": poets, "name": "Bards", "created_at": "2026-01-05T09:00:00Z", "members": [ann]}
    assert admin.get("/groups").json() == [renamed.json()]
    assert admin.post("/groups", json={"name": "Bards"}).status_code == 409
    assert [admin.delete(path).status_code for _ in range(2)] == [204, 404]
    assert admin.get("/groups").json() == []


@pytest.mark.parametrize("name", ['""', '"  "', '"' + "n" * 101 + '"', '"\\ud800"', "7", "null"])
def test_a_group_without_a_name_is_none(admin, name):
    refused = admin.post("/groups", content=f'{{"name": {name}}}', headers={"Content-Type": "application/json"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "name")


def test_who_is_no_account_is_no_member(admin, poets):
    assert admin.put(f"/groups/{poets}/members/999999").status_code == 404
    assert admin.put("/groups/999999/members/1").status_code == 404
    assert admin.put(f"/groups/{poets}/members/{2**31}").status_code == 422


def test_a_batch_is_changed_while_work_goes_on(admin, ann, bob, folk, batch, poets):
    path = f"/projects/study/batches/{batch}"
    admin.put(f"/groups/{poets}/members/{folk['ann'].id}")
    changed = admin.patch(path, json={"group_id": poets, "max_per_annotator": 2, "priority": 7})
    assert changed.status_code == 200
    rules = {"state": "open", "priority": 7, "overlap": 1, "max_per_annotator": 2, "group_id": poets}
    assert rules.items() <= changed.json().items()
    assert (names(ann), names(bob)) == (["0", "1"], [])
    assert admin.delete(f"/groups/{poets}").status_code == 409
    assert rules.items() <= admin.patch(path, json={}).json().items()
    paused = admin.patch(path, json={"state": "paused", "max_per_annotator": None}).json()
    assert (rules | {"state": "paused", "max_per_annotator": None}).items() <= paused.items()
    opened = admin.patch(path, json={"state": "open", "group_id": None}).json()
    assert (rules | {"max_per_annotator": None, "group_id": None}).items() <= opened.items()
    assert names(bob) == ["2", "3"]


@pytest.mark.parametrize(
    "change", [{"max_per_annotator": 0}, {"group_id": 999999}, {"group_id": 0}, {"priority": 10**7}, {"overlap": 2}]
)
def test_rules_that_make_no_sense_change_nothing(admin, batch, change):
    path = f"/projects/study/batches/{batch}"
    before = admin.get(path).json()
    refused = admin.patch(path, json={"state": "paused"} | change)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, next(iter(change)))
    assert admin.get(path).json() == before


def test_a_project_says_how_much_one_person_judges_and_in_which_order(admin, ann, bob):
    made = admin.post("/projects", json={"slug": "study", "overlap": 2, "max_per_annotator": 3, "spread": True}).json()
    assert (made["max_per_annotator"], made["spread"]) == (3, True)
    upload(admin, content=lines(*pairs(4)))
    assert (names(ann), names(bob)) == (["0", "1", "2"], ["3", "0", "1"])
    set_again = admin.put("/projects/study", json={"overlap": 2}).json()
    assert (set_again["max_per_annotator"], set_again["spread"]) == (None, False)
    refused = admin.put("/projects/study", json={"max_per_annotator": 0})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "max_per_annotator")


def test_a_comparison_is_found_and_pinned(admin, reviewer, ann, bob, folk, batch):
    found = reviewer.get("/projects/study/comparisons", params={"external_id": "3"}).json()
    assert [(entry["external_id"], entry["batch_id"]) for entry in found] == [("3", batch)]
    for unknown in ("9", "a\x00b", ""):
        assert reviewer.get("/projects/study/comparisons", params={"external_id": unknown}).json() == []
    path = f"/projects/study/comparisons/{found[0]['id']}/pin"
    for name in ("bob", "ann", "ann"):
        assert admin.put(path, json={"person_id": folk[name].id}).status_code == 204
    assert names(bob) == ["0", "1", "2"]
    (task,) = claim(ann)
    assert task["external_id"] == "3"
    refused = admin.put(path, json={"person_id": folk["ann"].id})
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "ann@example.org has had this comparison already.",
    )
    assert [admin.delete(path).status_code for _ in range(2)] == [204, 204]
    assert admin.put("/projects/study/comparisons/999999/pin", json={"person_id": folk["ann"].id}).status_code == 404
    assert admin.put(path, json={"person_id": 999999}).status_code == 404


def test_a_reviewer_sees_what_is_leased_and_releases_it(reviewer, ann, bob, folk, batch, clock):
    (first,) = claim(ann, 1)
    clock.forward(minutes=5)
    claim(bob, 1)
    path = "/projects/study/leases"
    seen = reviewer.get(path).json()
    assert [(lease["annotator"], lease["external_id"]) for lease in seen] == [
        ("ann@example.org", "0"),
        ("bob@example.org", "1"),
    ]
    assert {
        "assignment_id": first["id"],
        "batch_id": batch,
        "person_id": folk["ann"].id,
        "leased_at": "2026-01-05T09:00:00Z",
        "expires_at": "2026-01-05T09:30:00Z",
        "pinned": False,
    }.items() <= seen[0].items()
    assert reviewer.get(path, params={"annotator": folk["bob"].id}).json() == seen[1:]
    assert [reviewer.delete(f"{path}/{first['id']}").status_code for _ in range(2)] == [204, 204]
    assert reviewer.get(path).json() == seen[1:]
    assert names(bob, 1) == ["0"]
    answer = {"id": str(uuid.uuid4()), "lease_token": first["lease_token"], "strength": 1}
    stored = ann.put(f"/assignments/{first['id']}/preference", json=answer)
    assert (stored.status_code, stored.json()["late"], stored.json()["fills_slot"]) == (200, True, False)
    assert reviewer.delete(f"{path}/{first['id']}").status_code == 409
    assert reviewer.delete(f"{path}/999999").status_code == 404


def test_what_is_pinned_is_told_with_its_lease(admin, ann, folk, batch):
    pin = f"/projects/study/comparisons/{comparison(admin, '2')}/pin"
    admin.put(pin, json={"person_id": folk["ann"].id})
    assert names(ann, 1) == ["2"]
    (lease,) = admin.get("/projects/study/leases").json()
    assert lease["pinned"] is True
