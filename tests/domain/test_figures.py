"""The figures that take all judgements of a project: what they say, and that they are kept while nothing changes."""

import json
from datetime import date, timedelta

import pytest

from app.domain import annotators, figures, preferences, quality
from app.domain.annotators import Doubt, Order, Work
from app.domain.errors import NotFound
from app.stats.agreement import Estimate
from tests.domain.judging import LEASE, hire, judge
from tests.domain.test_importing import take
from tests.web.conftest import pairs

NOBODY = Estimate(float("nan"), float("nan"), float("nan"), 0)


def judged(*strengths, **more):
    """One row with these judgements of w0, w1, …"""
    return more | {
        "annotations": [{"annotator": f"w{n}", "strength": strength} for n, strength in enumerate(strengths)]
    }


def rows(*given):
    return [row | more for row, more in zip(pairs(len(given)), given, strict=True)]


def test_disputes_and_doubtful_gold(session, project, clock):
    take(
        session,
        project,
        clock,
        rows(
            judged(-1, 2),
            judged(0, 2),
            judged(-1, -3),
            judged(3, 2, gold="a"),  # two are too few to doubt it
            judged(3, 2, -1, gold="a"),
            judged(-3, -2, 1, gold="a"),
        ),
    )
    found = figures.of_project(session, project, clock())
    assert (found.judgements, found.agreement.judgements) == (14, 6)
    assert (found.disputed, found.doubtful_gold) == (1, 1)


def test_weeks_begin_on_monday_and_show_what_was_done_in_them(session, project, clock):
    project.overlap = 2
    take(session, project, clock, pairs(36))
    ann, ben = hire(session, clock, "ann", "ben").values()
    monday = clock()
    assert monday.weekday() == 0
    judge(session, project, ann, monday, *[1, -1] * 6)
    judge(session, project, ben, monday + timedelta(days=6, hours=14), *[1, -1] * 6)
    judge(session, project, ann, monday + timedelta(days=7), *[2, -2] * 12)
    judge(session, project, ben, monday + timedelta(days=14), *[2] * 24)
    now = monday + timedelta(days=15)
    weeks = figures.of_project(session, project, now).weeks
    # in the second week nothing has two judgements; in the third it is what the second began that counts
    assert [(week.monday, week.alpha.n) for week in weeks] == [(date(2026, 1, 5), 12), (date(2026, 1, 19), 24)]
    assert all(week.alpha.value == week.alpha.value for week in weeks)
    later = figures.of_project(session, project, monday + timedelta(weeks=13)).weeks
    assert [week.monday for week in later] == [date(2026, 1, 19)]


def test_an_imported_judgement_belongs_to_the_week_that_its_file_names(session, project, clock):
    at = "2025-12-02T10:00:00Z"
    given = [{"annotator": name, "strength": 1, "submitted_at": at} for name in ("w0", "w1")]
    other = [{"annotator": name, "strength": -1, "submitted_at": at} for name in ("w0", "w1")]
    take(session, project, clock, rows(*[{"annotations": given}] * 6, *[{"annotations": other}] * 6))
    (week,) = figures.of_project(session, project, clock()).weeks
    assert (week.monday, week.alpha.value, week.alpha.n) == (date(2025, 12, 1), 1.0, 12)


def test_agreement_by_batch(session, project, clock):
    first = take(session, project, clock, rows(*[judged(1, 1), judged(-1, -1)] * 3)).batch
    second = take(session, project, clock, [row | {"id": f"x{row['id']}"} for row in rows(judged(1), judged(1))]).batch
    found = figures.of_project(session, project, clock()).batches
    assert (found[first.id].value, found[first.id].n, found[second.id].n) == (1.0, 6, 0)


def test_figures_are_made_once_and_anew_when_something_changes(session, project, clock, monkeypatch):
    made = []
    whole = figures._figures
    monkeypatch.setattr(figures, "_figures", lambda *given: made.append(1) or whole(*given))
    take(session, project, clock, pairs(3))
    (ann,) = hire(session, clock, "ann").values()
    figures.of_project(session, project, clock())
    clock.forward(minutes=1)
    assert figures.of_project(session, project, clock()).at == clock()
    assert len(made) == 1
    judge(session, project, ann, clock(), 1)
    assert figures.of_project(session, project, clock()).judgements == 1
    clock.forward(minutes=1)
    preferences.undo(session, project.id, ann, clock(), LEASE)
    assert figures.of_project(session, project, clock()).judgements == 0
    assert len(made) == 3
    clock.forward(days=1)
    figures.of_project(session, project, clock())
    assert len(made) == 4


def test_agreement_of_a_batch_is_worked_out_once_too(session, project, clock, monkeypatch):
    made = []
    whole = quality.of_judgements
    monkeypatch.setattr(quality, "of_judgements", lambda *given: made.append(1) or whole(*given))
    first = take(session, project, clock, rows(judged(1, 1), judged(-1, -1))).batch
    second = take(session, project, clock, [row | {"id": f"x{row['id']}"} for row in pairs(2, prompt="Other")]).batch
    for _ in range(2):
        found = [figures.agreement(session, project, clock(), batch.id).judgements for batch in (first, second)]
        assert found == [4, 0]
    assert figures.agreement(session, project, clock()).judgements == 4
    assert len(made) == 3
    (ann,) = hire(session, clock, "ann").values()
    judge(session, project, ann, clock(), 1)
    assert figures.agreement(session, project, clock(), second.id).judgements == 1
    with pytest.raises(NotFound):
        figures.agreement(session, project, clock(), second.id + 1)


def test_figures_that_take_long_may_be_old_and_say_so(session, project, clock, monkeypatch):
    times = iter([0.0, 2.0, 2.0, 4.0])
    monkeypatch.setattr(figures, "perf_counter", lambda: next(times))
    take(session, project, clock, pairs(3))
    (ann,) = hire(session, clock, "ann").values()
    begun = clock()
    figures.of_project(session, project, begun)
    judge(session, project, ann, clock(), 1)
    clock.forward(seconds=59)
    found = figures.of_project(session, project, clock())
    assert (found.judgements, found.at) == (0, begun)
    clock.forward(seconds=1)
    assert figures.of_project(session, project, clock()).judgements == 1


def test_who_works_how_much_and_how_fast(session, project, clock):
    project.overlap = 2
    take(session, project, clock, [row | {"annotations": [{"annotator": "w1", "choice": "a"}]} for row in pairs(3)])
    take(session, project, clock, [row | {"id": f"x{row['id']}", "prompt": "Other"} for row in pairs(5)])
    ann, bob = hire(session, clock, "ann", "bob").values()
    for ms in (1000, 9000, 2000, 4000):
        judge(session, project, ann, clock(), -1, active_ms=ms)
    clock.forward(minutes=5)
    judge(session, project, bob, clock(), 1)
    works = figures.of_project(session, project, clock()).work
    found = annotators.introduced(session, project, works)
    assert [(one.name, one.account, one.work.judgements, one.work.active_ms, one.seen) for one in found] == [
        ("ann@example.org", True, 4, 3000, clock() - timedelta(minutes=5)),
        ("w1", False, 3, None, None),
        ("bob@example.org", True, 1, None, clock()),
    ]
    assert found[0].work.time == timedelta(seconds=3)
    assert [(one.work.left.value, one.work.left.n) for one in (found[0], found[2])] == [(1, 4), (0, 1)]
    assert found[1].work.left.n == 0  # who knows how it was shown to them
    assert annotators.judged(session) == {ann: 4, bob: 1}


def test_annotators_are_listed_in_any_order(session, project, clock):
    take(session, project, clock, rows(judged(1, 1, -1), judged(1, 1), judged(1)))
    works = figures.of_project(session, project, clock()).work

    def listed(order, down=False):
        found = annotators.introduced(session, project, annotators.listed(session, works, order, down))
        return [one.name for one in found]

    assert listed(Order.doubt) == ["w0", "w1", "w2"]
    assert listed(Order.name, down=True) == ["w2", "w1", "w0"]
    assert listed(Order.judgements) == ["w2", "w1", "w0"]
    assert listed(Order.consensus) == ["w2", "w0", "w1"]
    assert listed(Order.gold, down=True) == ["w0", "w1", "w2"]  # of nobody anything is known


def share(value, low, high, n):
    return Estimate(value, low, high, n)


@pytest.mark.parametrize(
    ("known", "doubt"),
    [
        ({}, None),
        ({"gold": share(0.51, 0.36, 0.66, 40)}, Doubt.chance),
        ({"gold": share(0.5, 0.3, 0.7, 19)}, None),
        ({"gold": share(0.65, 0.43, 0.82, 20)}, None),
        ({"gold": share(0.9, 0.77, 0.96, 40), "consensus": share(0.49, 0.43, 0.55, 300)}, Doubt.apart),
        ({"consensus": share(0.6, 0.55, 0.65, 300)}, None),
        ({"left": share(0.82, 0.76, 0.87, 186)}, Doubt.sided),
        ({"left": share(0.18, 0.13, 0.24, 186)}, Doubt.sided),
        ({"left": share(0.55, 0.51, 0.59, 900)}, None),
    ],
)
def test_a_doubt_takes_enough_answers_that_are_bad_enough(known, doubt):
    nothing = {"consensus": NOBODY, "gold": NOBODY, "left": NOBODY}
    assert Work(person_id=1, judgements=900, active_ms=None, **nothing | known).doubt == doubt


def test_nothing_judged_has_no_figures(session, project, clock):
    found = figures.of_project(session, project, clock())
    assert (found.judgements, found.weeks, found.work, found.disputed) == (0, [], [], 0)
    assert json.dumps(found.batches) == "{}"
