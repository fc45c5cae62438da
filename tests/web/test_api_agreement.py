"""Agreement as a reviewer reads it, on figures that one can check by hand."""

import uuid

import pytest

from tests.web.conftest import lines, pairs, upload

NOTHING = {"value": None, "low": None, "high": None, "n": 0}


def judged(number, **strengths):
    return pairs(number + 1)[number] | {
        "annotations": [{"annotator": name, "strength": strength} for name, strength in strengths.items()]
    }


def agreement(caller, **parameters):
    answer = caller.get("/projects/study/agreement", params=parameters)
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
def judgements(admin, study):
    """Two annotators on four comparisons, of which they agree on three; one gold, and two judged once."""
    return upload(
        admin,
        content=lines(
            judged(0, x=-2, y=-3),
            judged(1, x=2, y=1),
            judged(2, x=2, y=2),
            judged(3, x=2, y=-2),
            judged(4, x=3),
            judged(5, z=0),
            judged(6, x=3, y=-3) | {"gold": "b"},
        ),
    ).json()["id"]


def test_comparisons_with_one_judgement_are_said_and_not_counted(reviewer, judgements):
    found = agreement(reviewer)
    assert (found["judgements"], found["comparisons"], found["single"]) == (10, 6, 2)
    assert found["percent"]["n"] == found["fleiss_kappa"]["n"] == found["krippendorff_alpha_nominal"]["n"] == 4


def test_the_figures_are_those_of_the_formulas(reviewer, judgements):
    found = agreement(reviewer)
    assert found["percent"]["value"] == 0.75
    # each answers a, b, b and (b, a): shares of a and b are 3/8 and 5/8
    assert found["fleiss_kappa"]["value"] == pytest.approx((0.75 - 34 / 64) / (1 - 34 / 64))
    assert found["fleiss_judgements"] == 2
    assert found["krippendorff_alpha_nominal"]["value"] == pytest.approx(1 - 2 / (2 * 3 * 5 / 7))
    (kappa,) = found["cohens_kappa"]
    assert (kappa["first"], kappa["second"], kappa["n"]) == ("x", "y", 4)
    # x: a b b b, y: a b b a: chance is 1/4 · 2/4 + 3/4 · 2/4
    assert kappa["value"] == pytest.approx((0.75 - 0.5) / (1 - 0.5))
    for name in ("percent", "fleiss_kappa", "krippendorff_alpha_nominal", "krippendorff_alpha_ordinal"):
        assert -1 <= found[name]["low"] <= found[name]["value"] <= found[name]["high"] <= 1


def test_the_same_judgements_give_the_same_intervals(reviewer, judgements):
    assert agreement(reviewer) == agreement(reviewer)


def test_nothing_says_null(reviewer, study):
    found = agreement(reviewer)
    assert (found["judgements"], found["comparisons"], found["single"], found["cohens_kappa"]) == (0, 0, 0, [])
    for name in ("percent", "fleiss_kappa", "krippendorff_alpha_nominal", "krippendorff_alpha_ordinal"):
        assert found[name] == NOTHING


def test_only_single_judgements_say_null(admin, reviewer, study):
    upload(admin, content=lines(judged(0, x=1), judged(1, x=-1)))
    found = agreement(reviewer)
    assert (found["judgements"], found["single"], found["percent"]) == (2, 2, NOTHING)


def test_one_answer_for_everything_has_no_chance_corrected_figure(admin, reviewer, study):
    upload(admin, content=lines(judged(0, x=1, y=2), judged(1, x=1, y=1)))
    found = agreement(reviewer)
    assert found["percent"]["value"] == 1
    assert found["fleiss_kappa"]["value"] is None
    assert found["cohens_kappa"][0]["value"] is None


def test_people_who_judge_in_the_app_are_named_by_email(admin, reviewer, ann, bob, study):
    admin.put("/projects/study", json={"overlap": 2})
    upload(admin, content=lines(*pairs(3)))
    for caller in (ann, bob):
        for task in caller.post("/projects/study/assignments", json={"count": 3}).json()["assignments"]:
            strength = 2 if task["right"].startswith("b") else -2
            sent = {"id": str(uuid.uuid4()), "lease_token": task["lease_token"], "strength": strength}
            caller.put(f"/assignments/{task['id']}/preference", json=sent)
    found = agreement(reviewer)
    assert (found["judgements"], found["comparisons"], found["percent"]["value"]) == (6, 3, 1)
    assert [found["cohens_kappa"][0][name] for name in ("first", "second")] == ["ann@example.org", "bob@example.org"]


def test_of_one_batch(admin, reviewer, judgements):
    other = upload(admin, content=lines(judged(7, x=1, y=-1))).json()["id"]
    assert agreement(reviewer, batch=other)["percent"]["value"] == 0
    assert agreement(reviewer, batch=judgements)["percent"]["value"] == 0.75
    assert agreement(reviewer)["percent"]["value"] == 0.6
    assert reviewer.get("/projects/study/agreement?batch=999").status_code == 404
