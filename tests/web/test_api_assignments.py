"""The queue as an annotator's client sees it."""

import uuid

import pytest

from app.domain import asking, assignments, projects
from app.domain.asking import Asks, Criterion
from tests.web.conftest import lines, pairs, upload


@pytest.fixture
def work(admin, study):
    """Ten comparisons that want one judgement each."""
    assert upload(admin, content=lines(*pairs(10))).json()["comparisons"] == 10


def lease(caller, count=1, **more):
    return caller.post("/projects/study/assignments", json={"count": count} | more).json()["assignments"]


def answer(task, strength=2, **more):
    return {"id": str(uuid.uuid4()), "lease_token": task["lease_token"], "strength": strength} | more


def put(caller, task, sent):
    return caller.put(f"/assignments/{task['id']}/preference", json=sent)


def exported(admin, **parameters):
    text = admin.get("/projects/study/export", params={"format": "preferences"} | parameters).text
    import json

    return [json.loads(line) for line in text.splitlines()]


def test_a_lease_shows_the_comparison_and_hides_what_made_it(admin, study, ann, clock):
    row = pairs(1)[0] | {"generator_a": "gpt-secret", "generator_b": "other-secret", "metadata": {"note": "secret"}}
    upload(admin, content=lines(row | {"gold": "a"}))
    found = ann.post("/projects/study/assignments", json={"count": 1})
    (task,) = found.json()["assignments"]
    assert task["prompt"] == [{"role": "user", "content": "Why 0?"}]
    assert {task["left"], task["right"]} == {"a0", "b0"}
    assert task["expires_at"] == "2026-01-05T09:30:00Z"
    assert "secret" not in found.text
    assert "gold" not in found.text


def test_rendered_only_when_asked_for(ann, work):
    assert lease(ann)[0]["html"] is None
    shown = ann.post("/projects/study/assignments?render=1", json={"count": 1}).json()["assignments"][0]["html"]
    assert "Why 1?" in shown


def test_what_is_held_comes_first_on_resume(ann, work):
    held = lease(ann, 2)
    assert lease(ann, 3, resume=True)[:2] == held
    assert len(lease(ann, 3, resume=True)) == 3


@pytest.mark.parametrize("count", [0, -1, 21, "many", None])
def test_a_count_out_of_range_is_refused(ann, work, count):
    refused = ann.post("/projects/study/assignments", json={"count": count})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "count"


def test_a_submission_leases_the_next_in_the_same_answer(ann, work):
    (task,) = lease(ann)
    stored = put(ann, task, answer(task, -3, next=3)).json()
    assert len(stored["assignments"]) == 3
    assert task["id"] not in {following["id"] for following in stored["assignments"]}
    assert (stored["strength"], stored["late"], stored["fills_slot"], stored["status"]) == (-3, False, True, "stored")


def test_the_same_id_again_answers_the_same(admin, ann, work):
    (task,) = lease(ann)
    sent = answer(task, 1, rationale="because", acceptable={"left": True, "right": None}, active_ms=1234)
    first = put(ann, task, sent)
    for changed in (sent, sent | {"strength": -3, "rationale": "else"}):
        again = put(ann, task, changed)
        assert (again.status_code, again.json()) == (200, first.json())
    (kept,) = exported(admin)
    assert (kept["strength_shown"], kept["rationale"], kept["active_ms"]) == (1, "because", 1234)


def test_another_id_revises(admin, ann, work):
    (task,) = lease(ann)
    first, second = answer(task, 1), answer(task, -2)
    put(ann, task, first)
    assert put(ann, task, second).json()["status"] == "stored"
    assert put(ann, task, first).json()["status"] == "revised"
    assert [kept["id"] for kept in exported(admin)] == [second["id"]]


def test_strength_and_acceptable_are_turned_with_the_sides(admin, study, ann):
    upload(admin, content=lines(*pairs(20)))
    turned = {}
    for task in lease(ann, 20):
        left = "a" if task["left"].startswith("a") else "b"
        turned[task["external_id"]] = left == "b"
        put(ann, task, answer(task, -3, acceptable={"left": True, "right": False}))
    assert set(turned.values()) == {True, False}
    for kept in exported(admin):
        b_was_left = turned[kept["external_id"]]
        assert kept["strength_shown"] == -3
        assert kept["strength"] == (3 if b_was_left else -3)
        assert kept["acceptable"] == {"a": not b_was_left, "b": b_was_left}


def test_a_wrong_token_changes_nothing(admin, ann, bob, work):
    (task,) = lease(ann)
    for caller, token in ((ann, "guess"), (ann, ""), (bob, task["lease_token"])):
        refused = put(caller, task, answer(task, lease_token=token))
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
    assert exported(admin) == []
    assert put(ann, task, answer(task)).json()["late"] is False


def test_an_id_that_belongs_to_another_answer_is_refused(ann, bob, work):
    (mine, other), (theirs,) = lease(ann, 2), lease(bob)
    sent = answer(mine)
    put(ann, mine, sent)
    assert put(ann, other, answer(other, id=sent["id"])).status_code == 409
    assert put(bob, theirs, answer(theirs, id=sent["id"])).status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"strength": 4}, "strength"),
        ({"strength": 0.5}, "strength"),
        ({"strength": None}, "strength"),
        ({"strength": True}, "strength"),
        ({"id": "1"}, "id"),
        ({"active_ms": -1}, "active_ms"),
        ({"active_ms": 2**31}, "active_ms"),
        ({"rationale": "x" * 20_001}, "rationale"),
        ({"rationale": 7}, "rationale"),
        ({"acceptable": {"left": "maybe"}}, "acceptable.left"),
        ({"next": 21}, "next"),
        ({"lease_token": None}, "lease_token"),
        ({"strenght": 1}, "strenght"),
    ],
)
def test_an_answer_that_makes_no_sense_says_where(admin, ann, work, change, field):
    (task,) = lease(ann)
    refused = put(ann, task, answer(task) | change)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field
    assert exported(admin) == []


def test_characters_that_no_database_stores_break_nothing(admin, ann, work):
    one, other = lease(ann, 2)
    assert put(ann, one, answer(one, rationale="nul \0 and ‏עברית‏ 🙂")).status_code == 200
    assert exported(admin)[0]["rationale"] == "nul  and ‏עברית‏ 🙂"
    sent = f'{{"id":"{uuid.uuid4()}","lease_token":"{other["lease_token"]}","strength":1,"rationale":"\\ud800"}}'
    headers = {"Content-Type": "application/json"}
    assert ann.put(f"/assignments/{other['id']}/preference", content=sent, headers=headers).status_code == 422


def test_a_late_answer_is_kept_and_takes_the_slot_that_is_still_free(admin, ann, bob, work, clock):
    (task,) = lease(ann)
    clock.forward(minutes=31)
    stored = put(ann, task, answer(task, next=1)).json()
    assert (stored["late"], stored["fills_slot"], stored["status"]) == (True, True, "stored")
    assert len(stored["assignments"]) == 1
    assert task["external_id"] not in {other["external_id"] for other in lease(bob, 20)}


def test_a_late_answer_is_kept_beside_the_one_that_took_the_slot(admin, ann, bob, study, clock):
    upload(admin, content=lines(*pairs(1)))
    (task,) = lease(ann)
    clock.forward(minutes=31)
    (theirs,) = lease(bob)
    late, good = answer(task, 3), answer(theirs, -3)
    for _ in range(2):
        stored = put(ann, task, late).json()
        assert (stored["late"], stored["fills_slot"], stored["status"]) == (True, False, "stored")
    assert put(bob, theirs, good).json()["late"] is False
    kept = {row["id"]: (row["late"], row["extra"]) for row in exported(admin)}
    assert kept == {late["id"]: (True, True), good["id"]: (False, False)}


def test_a_late_answer_counts_as_it_was_shown_whatever_the_second_lease_shows(
    admin, ann, bob, study, clock, callers, sessions
):
    """Two slots of a comparison show it in opposite orders; the second lease may be of the other slot."""
    admin.put("/projects/study", json={"overlap": 2})
    upload(admin, content=lines(*pairs(1)))
    (first,) = lease(ann)
    clock.forward(minutes=31)
    with sessions.begin() as session:
        assert assignments.sweep(session, clock()) == 1
    lease(bob)  # what came back goes first
    (second,) = lease(ann)
    assert (first["left"], first["right"]) == (second["right"], second["left"])
    late = answer(first, 3, acceptable={"left": False, "right": True})
    replies = [put(ann, first, late).json() for _ in range(2)]
    assert replies[0] == replies[1]
    assert replies[0]["strength"] == 3
    (kept,) = exported(admin)
    better = first["right"][0]
    assert kept["strength"] == (3 if better == "b" else -3)
    assert kept["acceptable"] == {"a": better == "a", "b": better == "b"}
    assert put(ann, second, answer(second, 1)).json()["status"] == "stored"
    (kept,) = exported(admin)
    assert kept["strength"] == (1 if second["right"][0] == "b" else -1)


def test_a_skip_passes_on_and_can_be_taken_back(ann, bob, admin, study):
    upload(admin, content=lines(*pairs(1)))
    (task,) = lease(ann)
    held = {"lease_token": task["lease_token"]}
    for _ in range(2):
        skipped = ann.put(f"/assignments/{task['id']}/skip", json=held | {"reason": "unclear", "next": 1})
        assert skipped.json() == {"assignment_id": task["id"], "reason": "unclear", "assignments": []}
    assert put(ann, task, answer(task)).status_code == 409
    for _ in range(2):
        back = ann.request("DELETE", f"/assignments/{task['id']}/skip", json=held)
        assert (back.status_code, back.json()["left"]) == (200, task["left"])
    assert lease(bob) == []
    assert put(ann, task, answer(task)).status_code == 200


def test_a_skip_cannot_be_taken_back_once_somebody_else_has_it(ann, bob, admin, study):
    upload(admin, content=lines(*pairs(1)))
    (task,) = lease(ann)
    held = {"lease_token": task["lease_token"]}
    ann.put(f"/assignments/{task['id']}/skip", json=held | {"reason": "other"})
    assert len(lease(bob)) == 1
    assert ann.request("DELETE", f"/assignments/{task['id']}/skip", json=held).status_code == 409


def test_a_skip_needs_a_reason_that_is_known_and_a_comparison_that_is_not_judged(ann, work):
    (task,) = lease(ann)
    held = {"lease_token": task["lease_token"]}
    refused = ann.put(f"/assignments/{task['id']}/skip", json=held | {"reason": "bored"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "reason")
    put(ann, task, answer(task))
    assert ann.put(f"/assignments/{task['id']}/skip", json=held | {"reason": "other"}).status_code == 409


def test_an_answer_can_be_taken_back_and_given_anew(admin, ann, bob, work, clock):
    (task,) = lease(ann)
    held, first, second = {"lease_token": task["lease_token"]}, answer(task, 3), answer(task, -1)
    put(ann, task, first)
    for _ in range(2):
        back = ann.request("DELETE", f"/assignments/{task['id']}/preference", json=held)
        assert (back.status_code, back.json()["left"]) == (200, task["left"])
        assert exported(admin) == []
    assert put(ann, task, first).json()["status"] == "withdrawn"
    assert exported(admin) == []
    assert put(ann, task, second).json()["status"] == "stored"
    assert [row["strength_shown"] for row in exported(admin)] == [-1]


def test_what_takes_back_a_named_answer_takes_back_no_newer_one(admin, ann, work):
    (task,) = lease(ann)
    first, second = answer(task, 3), answer(task, -1)

    def take_back(given):
        held = {"lease_token": task["lease_token"], "id": given["id"]}
        back = ann.request("DELETE", f"/assignments/{task['id']}/preference", json=held)
        assert (back.status_code, back.json()["id"]) == (200, task["id"])
        return [row["strength_shown"] for row in exported(admin)]

    put(ann, task, first)
    assert take_back(first) == []
    put(ann, task, second)
    assert take_back(first) == [-1]
    assert take_back(second | {"id": second["id"].upper()}) == []
    assert put(ann, task, second).json()["status"] == "withdrawn"


def test_a_lease_given_back_is_there_for_others(ann, bob, admin, study):
    upload(admin, content=lines(*pairs(1)))
    (task,) = lease(ann)
    held = {"lease_token": task["lease_token"]}
    for _ in range(2):
        assert ann.request("DELETE", f"/assignments/{task['id']}/lease", json=held).status_code == 204
    assert [other["external_id"] for other in lease(bob)] == ["0"]
    wrong = ann.request("DELETE", f"/assignments/{task['id']}/lease", json={"lease_token": "x"})
    assert wrong.status_code == 409


def test_nothing_is_handed_out_of_a_draft_or_a_paused_batch(admin, ann, study):
    draft = upload(admin, content=lines(*pairs(2)), draft=True).json()
    assert lease(ann) == []
    path = f"/projects/study/batches/{draft['id']}"
    assert admin.patch(path, json={"state": "open"}).json()["state"] == "open"
    (task,) = lease(ann)
    assert admin.patch(path, json={"state": "paused"}).status_code == 200
    assert lease(ann) == []
    assert put(ann, task, answer(task)).status_code == 200
    assert admin.patch(path, json={"state": "draft"}).status_code == 409
    assert admin.patch(path, json={"state": "open", "priority": 2**31}).status_code == 422


def test_batches_and_rows_come_by_priority(admin, ann, study):
    upload(admin, content=lines(*pairs(1)), name="late")
    urgent = [row | {"id": f"u{n}", "priority": n} for n, row in enumerate(pairs(3))]
    upload(admin, content=lines(*urgent), name="soon", priority=1)
    assert [task["external_id"] for task in lease(ann, 4)] == ["u2", "u1", "u0", "0"]


@pytest.fixture
def asking_much(sessions, study):
    asks = Asks(criteria=(Criterion("helpful", "Helpful"), Criterion("honest", "Honest")), flags=True)
    with sessions.begin() as session:
        projects.get(session, study).asks = asking.written(asks)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "criteria"),
        ({"criteria": {"helpful": 1}}, "criteria"),
        ({"criteria": {"helpful": 1, "honest": 4}}, "criteria"),
        ({"criteria": {"helpful": 1, "honest": "2"}}, "criteria"),
        ({"criteria": {"helpful": 1, "honest": 0, "kind": 0}}, "criteria"),
        ({"criteria": {f"c{n}": 0 for n in range(9)}}, "criteria"),
        ({"criteria": {"helpful": 1, "honest": 0}, "flags": ["odd"]}, "flags"),
        ({"criteria": {"helpful": 1, "honest": 0}, "acceptable": {"left": True, "right": False}}, "acceptable"),
    ],
)
def test_an_answer_that_is_not_what_the_project_asks_for_is_refused(admin, ann, work, asking_much, said, field):
    (task,) = lease(ann)
    refused = put(ann, task, answer(task, 2, **said))
    assert refused.status_code == 422
    assert {error["field"].split(".")[0] for error in refused.json()["errors"]} == {field}
    assert exported(admin) == []
    whole = answer(task, 2, criteria={"helpful": 1, "honest": 0})
    assert put(ann, task, whole).json()["status"] == "stored"


def test_criteria_and_flags_are_exported_turned_with_the_sides(admin, ann, work, asking_much):
    tasks = lease(ann, 10)
    for task in tasks:
        sign = 1 if task["left"].startswith("a") else -1
        said = answer(
            task, sign, criteria={"helpful": 3 * sign, "honest": -2 * sign}, flags=["broken", "unsafe", "broken"]
        )
        assert put(ann, task, said).status_code == 200
    kept = exported(admin)
    assert len(kept) == 10
    for one in kept:
        assert (one["strength"], one["criteria"]) == (1, {"helpful": 3, "honest": -2})
        assert one["flags"] == ["unsafe", "broken"]
