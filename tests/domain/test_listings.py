"""Lists of people and of batches."""

import pytest

from app.domain import batches, groups, listings, people
from app.domain.listings import BatchesBy, BatchesWanted, PeopleBy, PeopleWanted
from app.vocabulary import BatchState, Role
from tests.domain.test_finding import row
from tests.domain.test_importing import take


@pytest.fixture
def crew(session, project, clock):
    """Three accounts, one of them deactivated and one in a group, and somebody whom an import named."""
    found = {}
    for name, role in (("zoe", Role.annotator), ("ann", Role.admin), ("Ben_", Role.annotator)):
        clock.forward(minutes=1)
        found[name], _ = people.add(session, f"{name}@example.org", name, role, clock())
    people.change(session, found["zoe"], active=False)
    group = groups.create(session, "Poets", clock())
    groups.add(session, group, found["Ben_"])
    take(session, project, clock, [row("1", ("ben_@example.org", 1), ("imported", 1))])
    return found | {"group": group}


@pytest.fixture
def named(session):
    return lambda **wanted: [one.person.name for one in listings.people(session, PeopleWanted(**wanted), 1).rows]


def test_people_are_found_and_sorted(session, crew, named):
    assert named() == ["ann", "Ben_", "zoe"]
    assert named(order=PeopleBy.name, descending=True) == ["zoe", "Ben_", "ann"]
    assert named(order=PeopleBy.role) == ["ann", "Ben_", "zoe"]
    assert listings.accounts(session) == 3
    assert named(text="BEN") == named(text="n_") == ["Ben_"]
    assert named(text="%") == []
    assert named(role=Role.annotator) == ["Ben_", "zoe"]
    assert named(active=False) == ["zoe"]
    assert named(active=True, role=Role.annotator) == ["Ben_"]
    assert named(group_id=crew["group"].id) == ["Ben_"]


def test_batches_are_found_and_sorted(session, project, clock):
    for name, number, judged in (("b", 3, 1), ("A", 1, 1), ("c_", 2, 2)):
        rows = [row(f"{name}{n}", *([("w", 1)] if n < judged else [])) for n in range(number)]
        found = take(session, project, clock, rows).batch
        found.name, found.priority = name, number
    batches.change(session, found, BatchState.paused)

    def names(**wanted):
        return [one.batch.name for one in listings.batches(session, project, BatchesWanted(**wanted), 1).rows]

    assert names() == ["c_", "A", "b"]
    assert names(order=BatchesBy.name, descending=False) == ["A", "b", "c_"]
    assert names(order=BatchesBy.comparisons) == names(order=BatchesBy.priority) == ["b", "c_", "A"]
    assert names(order=BatchesBy.judged) == ["c_", "A", "b"]
    assert names(text="_") == names(state=BatchState.paused) == ["c_"]
    done = {one.batch.name: one.done for one in listings.batches(session, project, BatchesWanted(), 1).rows}
    assert done == {"b": 1, "A": 1, "c_": 2}
