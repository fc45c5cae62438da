import krippendorff
import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa as sm_cohen
from statsmodels.stats.inter_rater import fleiss_kappa as sm_fleiss

from app.stats import agreement

# Fleiss (1971), as worked through in the literature: 10 subjects, 14 raters, 5 categories; kappa 0.210.
FLEISS = np.array(
    [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
     [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]], float)  # fmt: skip

# Krippendorff (2011), section E: four observers, twelve units; nominal 0.743, ordinal 0.815.
KRIPPENDORFF = np.array(
    [[1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
     [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0]]) - 1  # fmt: skip


def counts_of(ratings: np.ndarray, categories: int) -> np.ndarray:
    _, item = np.nonzero(ratings >= 0)
    return agreement.category_counts(item, ratings[ratings >= 0], ratings.shape[1], categories)


def test_fleiss_worked_example():
    assert agreement.fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=5e-4)
    assert agreement.fleiss_kappa(FLEISS) == pytest.approx(sm_fleiss(FLEISS))


def test_fleiss_refuses_uneven_items():
    with pytest.raises(ValueError, match="same number"):
        agreement.fleiss_kappa(np.array([[2.0, 0.0], [1.0, 2.0]]))


def test_krippendorff_worked_example():
    counts = counts_of(KRIPPENDORFF, 5)
    assert agreement.krippendorff_alpha(counts) == pytest.approx(0.743, abs=5e-4)
    assert agreement.krippendorff_alpha(counts, ordinal=True) == pytest.approx(0.815, abs=5e-4)


@pytest.mark.parametrize("seed", range(5))
def test_against_other_implementations(seed):
    rng = np.random.default_rng(seed)
    ratings = rng.integers(-1, 3, size=(4, 60))
    counts = counts_of(ratings, 3)
    wide = np.where(ratings < 0, np.nan, ratings.astype(float))
    for ordinal, level in ((False, "nominal"), (True, "ordinal")):
        theirs = krippendorff.alpha(reliability_data=wide, level_of_measurement=level, value_domain=[0, 1, 2])
        assert agreement.krippendorff_alpha(counts, ordinal=ordinal) == pytest.approx(theirs)
    both = (ratings[0] >= 0) & (ratings[1] >= 0)
    first, second = ratings[0, both], ratings[1, both]
    table = np.histogram2d(first, second, bins=[range(4), range(4)])[0]
    assert agreement.cohens_kappa(first, second, 3) == pytest.approx(sm_cohen(table, return_results=False))


@pytest.mark.parametrize("at_a_time", [1, 4, agreement.AT_A_TIME])
def test_who_shares_most_items(monkeypatch, at_a_time):
    monkeypatch.setattr(agreement, "AT_A_TIME", at_a_time)
    # items 0..4 are coded by 0 1 2, 0 2 3, 1 2, 0 1 2 3 and 3: 0 and 1 share two, 0 and 2 three, 0 and 3 two, …
    item = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4])
    annotator = np.array([0, 1, 2, 0, 2, 3, 1, 2, 0, 1, 2, 3, 3])
    pairs = [(0, 2, 3), (1, 2, 3), (0, 1, 2), (0, 3, 2), (2, 3, 2)]
    assert list(zip(*agreement.most_shared(item, annotator, 9), strict=True)) == pairs
    assert list(zip(*agreement.most_shared(item, annotator, 3), strict=True)) == pairs[:3]
    assert list(zip(*agreement.most_shared(item[:0], annotator[:0], 9), strict=True)) == []


def test_single_judgements_are_not_agreement():
    counts = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert np.isnan(agreement.percent_agreement(counts))
    assert agreement.bootstrap(counts, agreement.percents).n == 0


def test_bootstrap_interval_covers_the_truth():
    rng = np.random.default_rng(1)
    hits = 0
    for trial in range(100):
        agree = rng.random(150) < 0.7
        counts = np.where(agree[:, None], [[2.0, 0.0]], [[1.0, 1.0]])
        found = agreement.bootstrap(counts, agreement.percents, resamples=200, seed=trial)
        hits += found.low <= 0.7 <= found.high
    assert 88 <= hits <= 99


def test_a_row_that_stands_for_many_items_counts_as_many():
    rng = np.random.default_rng(2)
    rows, times = rng.integers(0, 4, size=(12, 3)).astype(float), rng.integers(0, 6, size=12)
    whole = np.repeat(rows, times, axis=0)
    for statistic in (agreement.percent_agreement, agreement.krippendorff_alpha):
        assert statistic(rows, times) == pytest.approx(statistic(whole))
    even, often = FLEISS[:3], np.array([2, 0, 5])
    assert agreement.fleiss_kappa(even, often) == pytest.approx(agreement.fleiss_kappa(np.repeat(even, often, axis=0)))


@pytest.mark.parametrize("most", [3, 5000])
def test_equal_rows_are_counted_however_great_their_counts(most):
    rng = np.random.default_rng(3)
    counts = rng.integers(2, most + 1, size=(4, 7)).astype(float)[rng.integers(0, 4, 200)]
    theirs = agreement.percent_agreement(counts)
    found = agreement.bootstrap(counts, agreement.percents)
    assert (found.value, found.n) == (pytest.approx(theirs), 200)
    assert found.low < theirs < found.high


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (-0.1, "poor"),
        (0.0, "slight"),
        (0.35, "fair"),
        (0.41, "moderate"),
        (0.8, "substantial"),
        (1.0, "almost perfect"),
    ],
)
def test_bands_of_landis_and_koch(value, word):
    assert agreement.in_words(value) == word
