"""API v1 as the program in shared/bench uses it: these requests, these fields, these status codes, and no others."""

import json
import uuid

from tests.web.conftest import Caller

TASKS = [{"key": f"t{n:06d}", "prompt": f"Why {n}?", "text1": f"first {n}", "text2": f"second {n}"} for n in range(4)]


def answer(task, strength, **more):
    sent = {"id": str(uuid.uuid4()), "lease_token": task["lease_token"], "strength": strength, "active_ms": 3200}
    return sent | more


def test_the_bench_plays_its_game(app, admin):
    made = admin.post("/projects", json={"slug": "bench-1", "name": "bench 1", "overlap": 1})
    assert made.status_code == 201

    rows = [{"id": t["key"], "prompt": t["prompt"], "response_a": t["text1"], "response_b": t["text2"]} for t in TASKS]
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    headers = {"Content-Type": "application/x-ndjson"}
    loaded = admin.post("/projects/bench-1/batches?name=bench", content=body, headers=headers)
    assert loaded.status_code == 201
    assert loaded.json()["comparisons"] == len(TASKS)

    emails = ["ann000@bench.example", "ann001@bench.example"]
    sessions = []
    for number, email in enumerate(emails):
        new = {"email": email, "name": f"Annotator {number}", "role": "annotator"}
        first, again = admin.post("/people", json=new), admin.post("/people", json=new)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        token = admin.post(f"/people/{first.json()['id']}/tokens", json={"name": "bench"})
        assert token.status_code == 201
        sessions.append(Caller(app, token.json()["token"]))

    acknowledged = {}
    ready = [
        caller.post("/projects/bench-1/assignments", json={"count": 1}).json()["assignments"] for caller in sessions
    ]
    for turn in range(2):
        for number, caller in enumerate(sessions):
            (task,) = ready[number]
            assert task.keys() >= {"id", "external_id", "lease_token", "expires_at", "prompt", "left", "right"}
            strength = -2 if (turn + number) % 2 else 2
            sent = answer(task, strength, next=1)
            stored = caller.put(f"/assignments/{task['id']}/preference", json=sent)
            assert stored.status_code == 200
            assert stored.json()["id"] == sent["id"]
            ready[number] = stored.json()["assignments"]
            acknowledged[sent["id"]] = (task["external_id"], emails[number], strength)
    assert ready == [[], []]

    exported = admin.get("/projects/bench-1/export?format=preferences")
    assert exported.status_code == 200
    found = [json.loads(line) for line in exported.text.splitlines() if line.strip()]
    assert {r["id"]: (r["external_id"], r["annotator"], r["strength_shown"]) for r in found} == acknowledged
    assert {external for external, *_ in acknowledged.values()} == {task["key"] for task in TASKS}


def test_without_next_nothing_is_leased(admin, ann, study):
    admin.post(f"/projects/{study}/batches", content=json.dumps({"prompt": "?", "response_a": "a", "response_b": "b"}))
    (task,) = ann.post(f"/projects/{study}/assignments", json={"count": 1}).json()["assignments"]
    stored = ann.put(f"/assignments/{task['id']}/preference", json=answer(task, 2, next=0))
    assert stored.json()["assignments"] is None
