"""Where models and people disagree, and two runs side by side, as pages."""

import re
from copy import deepcopy

import numpy as np
import pytest

from app.domain import projects, rewards, snapshots, training_runs
from app.storage.training import TrainingPoint
from app.vocabulary import RunState
from tests.web.browsing import HOSTILE, by
from tests.web.conftest import METRICS, lines, upload

PAGES = "/projects/study/training-runs"


@pytest.fixture
def judged_texts(admin, study):
    """Sixty prompts; two people chose a, but for every tenth, on which they are of two minds, and every seventh, where
    one of them has a tie."""
    rows = [
        {
            "id": f"row {n}",
            "prompt": f"Which of **both**, {n}?",
            "response_a": f"first answer {n} {HOSTILE}",
            "response_b": f"second answer {n}" if n else "",
            "annotations": by(-2, 2) if n % 10 == 9 else by(-3, 0) if n % 7 == 6 else by(-1, -3),
        }
        for n in range(60)
    ]
    rows[0]["annotations"][0]["rationale"] = f"It says why. {HOSTILE}"
    assert upload(admin, content=lines(*rows)).status_code == 201


@pytest.fixture
def end(sessions, judged_texts, clock):
    """Ends a run as the worker does, with rewards by what a function says of (a, b, n) for the n-th comparison."""

    def work(reward, split="held_out", **config):
        clock.forward(minutes=1)
        with sessions.begin() as session:
            project = projects.get(session, "study")
            run = training_runs.request(session, project, clock(), options=config)
            training_runs.begin(session, run, clock())
            found = snapshots.judged(session, training_runs.snapshot_of(session, run), split)
            for n, (a, b) in enumerate(zip(found.a.tolist(), found.b.tolist(), strict=True)):
                rewards.keep(session, run.id, list(zip((a, b), reward(n), strict=True)))
            run.metrics, run.artefact, run.steps = deepcopy(METRICS), "/nowhere/model", 2
            for step in (1, 2):
                session.add(TrainingPoint(run_id=run.id, step=step, loss=0.7 / step, accuracy=0.6, elapsed_s=step))
            training_runs.finish(session, run, RunState.succeeded, clock())
            return run.id, found

    return work


def told(page):
    """(how sure, name) of each example."""
    return [(int(sure), int(name)) for sure, name in re.findall(r"(\d+) % sure Comparison row (\d+)", page)]


def test_what_is_found_in_a_part_of_the_rewards_is_not_remembered(boss, end, sessions):
    run_id, found = end(lambda n: (0.0, 5.0), split="train")
    at = f"{PAGES}/{run_id}/disagreements?of=train"
    with sessions.begin() as session:  # as it is while the worker still stores rewards
        run = training_runs.get(session, run_id)
        run.state = RunState.running
        kept = list(zip(*(part.tolist() for part in rewards.of_run(session, run)), strict=True))
        rewards.forget(session, run_id)
        rewards.keep(session, run_id, kept[:4])
    boss.text(at)
    with sessions.begin() as session:
        rewards.keep(session, run_id, kept[4:])
        training_runs.get(session, run_id).state = RunState.succeeded
    assert f"of {int((found.majority != 0).sum())} comparisons" in boss.text(at)


def test_the_surest_contradictions_come_first_page_by_page(boss, end):
    run_id, found = end(lambda n: (0.0, n / 10) if n % 2 else (5.0, 0.0), split="train")
    decided = int((found.majority != 0).sum())
    against = [n for n in range(len(found.a)) if n % 2 and found.majority[n] != 0]
    page = boss.text(f"{PAGES}/{run_id}/disagreements?of=train")
    assert page.startswith(
        f"Run {run_id} Run {run_id} is against most people on {len(against)} of {decided} comparisons"
    )
    sure = told(page)
    assert len(sure) == 10
    wanted = [round(100 / (1 + np.exp(-n / 10))) for n in reversed(against)]
    assert [share for share, _ in sure] == wanted[:10]
    second = boss.text(f"{PAGES}/{run_id}/disagreements?of=train&page=2")
    assert [share for share, _ in sure + told(second)] == wanted[:20]
    assert "Page 2 of" in second
    last = boss.text(f"{PAGES}/{run_id}/disagreements?of=train&page=99")
    assert [share for share, _ in told(last)] == wanted[20:]
    for wrong in ("of=all", "page=0", "page=x"):
        assert boss.get(f"{PAGES}/{run_id}/disagreements?{wrong}").status_code == 422


def test_an_example_has_both_texts_rewards_and_what_people_said(boss, looker, end):
    run_id, _ = end(lambda n: (-1.5, 2.0), split="train")
    page = looker.text(f"{PAGES}/{run_id}/disagreements?of=train")
    assert "Against 2 of 2 people, and 97 % sure" in page
    assert "People chose this one reward \u22121.50" in page
    assert "The model chose this one reward +2.00" in page
    assert "first answer" in page
    assert HOSTILE in page
    assert "ann slightly better" in page
    assert "ben much better" in page
    answer = boss.get(f"{PAGES}/{run_id}/disagreements?of=train").text
    assert "<strong>both</strong>" in answer
    assert re.search(r'href="/projects/study/comparisons/\d+"', answer)


def test_pages_say_what_they_are_for_where_they_are_empty(boss, end, sessions, clock):
    run_id, _ = end(lambda n: (1.0, 0.0))
    assert "The model is with most people on all of them." in boss.text(f"{PAGES}/{run_id}/disagreements")
    assert "has both a majority and rewards" in boss.text(f"{PAGES}/{run_id}/disagreements?of=train")
    with sessions.begin() as session:
        rewards.forget(session, run_id)
    assert "are no longer kept" in boss.text(f"{PAGES}/{run_id}/disagreements")
    assert "This takes two runs with a model." in boss.text(f"{PAGES}/compare")
    with sessions.begin() as session:
        other = training_runs.request(session, projects.get(session, "study"), clock())
    assert "to read: some show" in boss.text(f"{PAGES}/{other.id}/disagreements")
    assert boss.get(f"{PAGES}/999/disagreements").status_code == 404


def test_two_runs_are_compared_on_what_neither_has_seen(boss, end):
    first, found = end(lambda n: (0.0, 1.0 + n), seed=1)
    second, _ = end(lambda n: (1.0, 0.0) if n % 3 else (0.0, 1.0), seed=2, epochs=1)
    decided = int((found.majority != 0).sum())
    neither = sum(found.majority[n] != 0 and n % 3 == 0 for n in range(len(found.a)))
    page = boss.text(f"{PAGES}/compare")
    assert f"Run {second} is right on" in page
    assert f"more of the same unseen comparisons than run {first}" in page
    assert f"on {decided} comparisons that neither has seen" in page
    assert f"Both 0 Only run {first} 0 Only run {second} {decided - neither} Neither {neither}" in page
    assert "Epochs 3 1 Seed 1 2" in page
    assert "The same snapshot." in page
    assert f"Run {second} is with most people, run {first} is not" in page
    assert f"run {first} \u2212" in page
    backwards = boss.text(f"{PAGES}/compare?a={second}&b={first}")
    assert f"less of the same unseen comparisons than run {second}" in backwards
    assert "One run beside itself tells nothing" in boss.text(f"{PAGES}/compare?a={second}&b={second}")
    assert boss.get(f"{PAGES}/compare?a=999").status_code == 404
    assert boss.get(f"{PAGES}/compare?a=none").status_code == 422
    for chart in ("loss", "accuracy"):
        drawn = boss.get(f"{PAGES}/{first}/beside/{second}/{chart}.svg?theme=dark")
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert f"run {first} " in drawn.text
        assert f"run {second} " in drawn.text
        assert boss.get(f"{PAGES}/{first}/beside/{second}/{chart}.csv").text.startswith(
            f"Steps,Run {second},Run {first}\n"
        )


def test_runs_that_cannot_be_told_apart_or_laid_over_each_other_say_so(boss, end, sessions):
    first, _ = end(lambda n: (0.0, 1.0) if n % 2 else (1.0, 0.0))
    second, _ = end(lambda n: (0.0, 2.0) if n % 2 else (1.0, 0.0))
    page = boss.text(f"{PAGES}/compare?a={first}&b={second}")
    assert f"Run {second} and run {first} cannot be told apart" in page
    assert "Nothing: both have the same configuration." in page
    assert "p 1.000" in page
    with sessions.begin() as session:
        rewards.forget(session, first)
    page = boss.text(f"{PAGES}/compare?a={first}&b={second}")
    assert f"Run {second} beside run {first}" in page
    assert "They cannot be laid over each other" in page
    assert f"Compare with run {first}" in boss.text(f"{PAGES}/{second}")
