"""Strategies that draw from what there is in the machine at that moment."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition


def chosen(of):
    """A strategy that draws one of what `of` finds in the machine."""
    return st.runner().flatmap(lambda machine: st.sampled_from(of(machine)))


def some(of):
    return precondition(lambda machine: bool(of(machine)))


def staff(machine):
    return [number for number in machine.people if machine.active[number]]


def seats(machine):
    """Rows whose token somebody knows who may still come in."""
    return [seat for seat in machine.seats.values() if seat.token and machine.active[seat.person]]


def seats_in(*states):
    def found(machine):
        return [seat for seat in seats(machine) if seat.state in states]

    return found


def answered(machine):
    """Acknowledged answers that were given here, with those of the past."""
    return [kept for kept in machine.kept.values() if not kept.imported and machine.active[kept.person]]


def pairs(machine):
    return list(machine.pairs.values())


STRENGTHS = st.integers(-3, 3)
ACCEPTABLE = st.tuples(*[st.sampled_from([None, True, False])] * 2)
