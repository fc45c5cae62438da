"""How well each annotator judges."""

import numpy as np
import pytest

from app.stats import annotators


def test_each_is_compared_with_the_majority_of_the_others():
    # four items; 0 and 1 say b on all, 2 says a, a, tie, b; 3 judged the first only and says b
    person = np.array([0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 0, 1, 2])
    item = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    sign = np.array([1, 1, -1, 1, 1, 1, -1, 1, 1, 0, 1, 1, 1])
    found = annotators.with_the_others(person, item, sign, 4)
    # of 0: on item 1 the others are even, which does not count; on the rest it sides with them
    assert found.n.tolist() == [3, 3, 4, 1]
    assert found.value.tolist() == [1, 1, (0 + 0 + 0.5 + 1) / 4, 1]
    assert (found.low[2] < 0.375) & (found.high[2] > 0.375)


def test_a_single_judgement_has_nobody_to_be_compared_with():
    found = annotators.with_the_others(np.array([0]), np.array([0]), np.array([1]), 2)
    assert found.n.tolist() == [0, 0]
    assert np.isnan(found.value).all()
    nobody = annotators.with_the_others(*(np.array([], int),) * 3, 0)
    assert nobody.n.tolist() == []


@pytest.mark.parametrize("ties", [0.0, 0.3, 0.8])
def test_chance_is_a_half_however_often_somebody_says_tie(ties):
    rng = np.random.default_rng(1)
    sign = np.where(rng.random(20_000) < ties, 0, rng.choice([-1, 1], 20_000))
    known = rng.choice([-1, 1], 20_000)
    found = annotators.with_the_known(np.zeros(20_000, int), sign, known, 1)
    assert found.value[0] == pytest.approx(0.5, abs=0.015)
    assert found.low[0] <= 0.5 <= found.high[0]


def test_gold_whose_answer_is_a_tie_does_not_count():
    found = annotators.with_the_known(np.array([0, 0, 0]), np.array([1, 0, -1]), np.array([1, 0, 1]), 1)
    assert (found.value[0], found.n[0]) == (0.5, 2)


def test_left_is_what_was_shown_there():
    sign = np.array([-1, -1, 1, 1, 0])
    swapped = np.array([False, True, False, True, True])
    found = annotators.left(np.array([0, 0, 0, 1, 1]), sign, swapped, 2)
    assert found.value.tolist() == [pytest.approx(1 / 3), 1.0]
    assert found.n.tolist() == [3, 1]


def test_medians_are_those_of_numpy():
    rng = np.random.default_rng(2)
    person, values = rng.integers(0, 5, 200), rng.integers(0, 1000, 200)
    found = annotators.medians(person, values, 6)
    assert found[:5].tolist() == [np.median(values[person == number]) for number in range(5)]
    assert np.isnan(found[5])
