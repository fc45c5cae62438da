"""How well each of many annotators judges, beside the others and beside what is known, on plain arrays.

`person` codes annotators as 0..people-1; a `sign` is −1 for response a, 0 for a tie, 1 for b.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.stats.intervals import wilson

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shares:
    """Of each annotator: a share, its 95 % interval (NaN without any), and of how many, each of shape [people]."""

    value: Floats
    low: Floats
    high: Floats
    n: Codes


def shares(person: Codes, hit: Floats, people: int) -> Shares:
    """The share of hits by person, with Wilson's interval."""
    n = np.bincount(person, minlength=people).astype(np.int64)
    hits = np.bincount(person, hit, minlength=people).astype(np.float64)
    return Shares(hits / np.where(n > 0, n, np.nan), *wilson(hits, n), n)


def with_the_others(person: Codes, item: Codes, sign: Codes, people: int) -> Shares:
    """How often each sides with the majority of all others who judged the same item (leave-one-out).

    Items on which the others are even do not count. A tie against a majority counts half: so whoever answers by chance
    gets 0.5, however often they say tie.
    """
    total = np.bincount(item, sign)
    others = (total[item] if len(item) else sign) - sign
    return _right(person, sign, np.sign(others), people)


def with_the_known(person: Codes, sign: Codes, known: Codes, people: int) -> Shares:
    """How often each gives the known answer; a tie counts half. Where a tie is the answer it does not count: there is no
    chance level to compare with."""
    return _right(person, sign, known, people)


def left(person: Codes, sign: Codes, swapped: NDArray[np.bool_], people: int) -> Shares:
    """How often each takes what stands on the left, among decided answers; `swapped` is true when b stood there."""
    decided = sign != 0
    on_left = (sign[decided] < 0) != swapped[decided]
    return shares(person[decided], on_left.astype(float), people)


def medians(person: Codes, values: Codes, people: int) -> Floats:
    """The median of the values by person, NaN without any."""
    order = np.lexsort((values, person))
    ranked, n = values[order], np.bincount(person, minlength=people)
    begin = np.cumsum(n) - n
    found = np.full(people, np.nan)
    some = n > 0
    found[some] = (ranked[(begin + (n - 1) // 2)[some]] + ranked[(begin + n // 2)[some]]) / 2
    return found


def _right(person: Codes, sign: Codes, right: Codes, people: int) -> Shares:
    counted = right != 0
    own, right = sign[counted], right[counted]
    return shares(person[counted], np.where(own == 0, 0.5, own == right), people)
