"""What a project asks of a judgement, and whether an answer has it."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import asking
from app.domain.asking import Asks, Criterion
from app.domain.errors import Invalid
from app.vocabulary import Asked, Flag

HELPFUL, HONEST = Criterion("helpful", "Helpful", "Does it do what was asked?"), Criterion("honest", "Honest")
NOTHING = {"acceptable": (None, None), "criteria": {}, "rationale": None, "flags": False}


def checked(asks, **said):
    asking.check(asks, **NOTHING | said)


@pytest.mark.parametrize(
    ("asks", "more"),
    [
        (Asks(acceptable=True), True),
        (Asks(criteria=(HELPFUL, HONEST)), True),
        (Asks(rationale=Asked.required, rationale_least=20), True),
        (Asks(rationale=Asked.optional), False),
        (Asks(flags=True), False),
        (Asks(True, (HELPFUL,), Asked.required, 2_000, True), True),
    ],
)
def test_what_is_written_is_read_again(asks, more):
    assert asking.read(json.loads(json.dumps(asking.written(asks)))) == asks
    assert asks.more is more


def test_nothing_asked_is_nothing_written():
    assert asking.written(Asks()) is None
    assert asking.read(None) == Asks()
    assert not Asks().more


def test_names_and_keys_are_kept_without_what_surrounds_them_and_no_database_takes():
    asks = Asks(criteria=(Criterion(" kind ", "  Kind to\x00 people ", " a hint "),))
    assert asking.read(asking.written(asks)).criteria == (Criterion("kind", "Kind to people", "a hint"),)


@pytest.mark.parametrize(
    ("asks", "field"),
    [
        (Asks(criteria=tuple(Criterion(f"c{n}", f"C{n}") for n in range(asking.MOST_CRITERIA + 1))), "criteria"),
        (Asks(criteria=(Criterion("Kind", "Kind"),)), "criteria"),
        (Asks(criteria=(Criterion("", "Kind"),)), "criteria"),
        (Asks(criteria=(Criterion("so kind", "Kind"),)), "criteria"),
        (Asks(criteria=(Criterion("k" * 51, "Kind"),)), "criteria"),
        (Asks(criteria=(Criterion("freundlich-ß", "Kind"),)), "criteria"),
        (Asks(criteria=(Criterion("kind", "  "),)), "criteria"),
        (Asks(criteria=(HELPFUL, Criterion("helpful", "Another"))), "criteria"),
        (Asks(rationale=Asked.required, rationale_least=0), "rationale_least"),
        (Asks(rationale=Asked.required, rationale_least=asking.LONGEST_LEAST + 1), "rationale_least"),
    ],
)
def test_what_nobody_could_answer_cannot_be_asked(asks, field):
    with pytest.raises(Invalid) as raised:
        asking.written(asks)
    assert raised.value.field == field


@pytest.mark.parametrize("said", [(None, None), (True, None), (None, False)])
def test_of_each_response_it_must_be_said_whether_it_will_do(said):
    with pytest.raises(Invalid, match="acceptable: must be said of each"):
        checked(Asks(acceptable=True), acceptable=said)
    checked(Asks(), acceptable=said)  # whoever is not asked may say so of one


def test_each_criterion_needs_a_strength_and_no_other_may_have_one():
    asks = Asks(criteria=(HELPFUL, HONEST))
    checked(asks, criteria={"helpful": -3, "honest": 0})
    with pytest.raises(Invalid, match="must have a strength for honest"):
        checked(asks, criteria={"helpful": -3})
    with pytest.raises(Invalid, match="'kind'"):
        checked(asks, criteria={"helpful": -3, "honest": 0, "kind": 1})
    with pytest.raises(Invalid, match="'helpful'"):
        checked(Asks(), criteria={"helpful": 1})


def test_a_text_is_needed_where_it_is_required_and_welcome_elsewhere():
    required = Asks(rationale=Asked.required, rationale_least=5)
    checked(required, rationale="12345")
    for short in (None, "", "1234"):
        with pytest.raises(Invalid, match="at least 5"):
            checked(required, rationale=short)
    for asked in (Asked.no, Asked.optional):
        checked(Asks(rationale=asked, rationale_least=5), rationale=None)
        checked(Asks(rationale=asked, rationale_least=5), rationale="x")


def test_flags_only_where_they_are_asked_for():
    checked(Asks(flags=True), flags=True)
    with pytest.raises(Invalid, match="flags"):
        checked(Asks(), flags=True)


def test_the_worse_response_cannot_do_when_the_better_one_does_not():
    refused = set()
    for strength, left, right in itertools.product(range(-3, 4), (None, True, False), (None, True, False)):
        try:
            asking.check_order(strength, left, right)
        except Invalid:
            refused.add((strength, left, right))
    better_left, better_right = range(-3, 1), range(4)
    assert refused == {(s, False, True) for s in better_left} | {(s, True, False) for s in better_right}


@given(st.lists(st.sampled_from(list(Flag))))
def test_flags_are_kept_once_and_in_their_order(raised):
    kept = asking.check_flags(raised)
    assert set(kept) == set(raised)
    assert kept == [flag for flag in Flag if flag in kept]
    assert asking.check_flags(reversed(raised)) == kept


def test_an_unknown_flag_is_refused():
    with pytest.raises(Invalid, match="'odd'"):
        asking.check_flags(["unsafe", "odd"])
