"""One comparison with all that is known of it, for programs."""

import uuid

from sqlalchemy import select

from app.domain import reward_models
from app.storage.tables import Comparison, Reward, TrainingRun
from tests.web.browsing import by
from tests.web.conftest import lines, pairs, upload


def found(caller, name="0"):
    (one,) = caller.get("/projects/study/comparisons", params={"external_id": name}).json()
    return one["id"]


def test_a_comparison_has_its_texts_and_its_judgements(admin, reviewer, ann, study):
    admin.put("/projects/study", json={"name": "A study", "overlap": 3}).raise_for_status()
    row = pairs(1)[0] | {"generator_b": "model 2", "metadata": {"k": 1}, "annotations": by(-3)}
    upload(admin, content=lines(row)).raise_for_status()
    (task,) = ann.post("/projects/study/assignments", json={}).json()["assignments"]
    for strength in (1, 2):
        answer = {"id": str(uuid.uuid4()), "lease_token": task["lease_token"], "strength": strength}
        ann.put(f"/assignments/{task['id']}/preference", json=answer | {"rationale": "So."}).raise_for_status()
    answer = reviewer.get(f"/projects/study/comparisons/{found(reviewer)}")
    assert answer.status_code == 200, answer.text
    whole = answer.json()
    assert whole["prompt"] == [{"role": "user", "content": "Why 0?"}]
    assert (whole["a"], whole["b"]) == (
        {"text": "a0", "generator": None, "reward": None},
        {"text": "b0", "generator": "model 2", "reward": None},
    )
    assert (whole["external_id"], whole["gold"], whole["metadata"], whole["run_id"]) == ("0", None, {"k": 1}, None)
    imported, own = whole["judgements"]
    assert (imported["annotator"], imported["strength"], imported["imported"]) == ("ann", -3, True)
    assert (own["annotator"], abs(own["strength"]), own["rationale"]) == ("ann@example.org", 2, "So.")
    (past,) = whole["past"]
    assert (past["why"], abs(past["strength"])) == ("revised", 1)


def test_the_rewards_are_the_present_models(reviewer, sessions, run_id, clock):
    chosen = found(reviewer)
    with sessions.begin() as session:
        reward_models.promote(session, session.get_one(TrainingRun, run_id), clock())
        one = session.scalars(select(Comparison).where(Comparison.id == chosen)).one()
        session.add(Reward(run_id=run_id, response_id=one.response_a_id, reward=0.25))
    whole = reviewer.get(f"/projects/study/comparisons/{chosen}").json()
    assert (whole["run_id"], whole["a"]["reward"], whole["b"]["reward"]) == (run_id, 0.25, None)


def test_it_is_in_its_own_project_and_not_for_annotators(admin, reviewer, ann, judged):
    admin.post("/projects", json={"slug": "other", "name": "Other"}).raise_for_status()
    chosen = found(reviewer)
    assert reviewer.get(f"/projects/other/comparisons/{chosen}").status_code == 404
    assert reviewer.get("/projects/study/comparisons/99999").status_code == 404
    assert ann.get(f"/projects/study/comparisons/{chosen}").status_code == 403
