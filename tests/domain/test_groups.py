"""Groups, as admins keep them."""

import pytest

from app.domain import batches, groups, people
from app.domain.errors import Conflict, Invalid, NotFound
from app.vocabulary import Role
from tests.domain.test_importing import PAIR, take


@pytest.fixture
def ann(session, clock):
    return people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]


def configured(session, batch, **rules):
    kept = {"priority": batch.priority, "max_per_annotator": batch.max_per_annotator, "group_id": batch.group_id}
    batches.configure(session, batch, **(kept | rules))


def test_a_group_is_made_renamed_and_deleted(session, clock):
    late, early = groups.create(session, " Poets\x00 ", clock()), groups.create(session, "Chemists", clock())
    assert [group.name for group in groups.everything(session)] == ["Chemists", "Poets"]
    groups.rename(session, late, "Bards")
    assert groups.get(session, late.id).name == "Bards"
    groups.dissolve(session, early)
    assert groups.everything(session) == [late]
    with pytest.raises(NotFound):
        groups.get(session, early.id)


def test_a_name_is_given_once(session, clock):
    groups.create(session, "Poets", clock())
    other = groups.create(session, "Chemists", clock())
    for take_name in (
        lambda: groups.create(session, "Poets ", clock()),
        lambda: groups.rename(session, other, "Poets"),
    ):
        with pytest.raises(Conflict, match="There is a group Poets already"):
            take_name()
    groups.rename(session, other, "Chemists")
    assert [group.name for group in groups.everything(session)] == ["Chemists", "Poets"]


@pytest.mark.parametrize("name", ["", " \x00", "n" * 101])
def test_a_name_that_is_none_is_refused(session, clock, name):
    with pytest.raises(Invalid, match="name"):
        groups.create(session, name, clock())


def test_people_come_and_go(session, clock, ann):
    bob, _ = people.add(session, "bob@example.org", "Bob", Role.annotator, clock())
    poets, chemists = (groups.create(session, name, clock()) for name in ("Poets", "Chemists"))
    for person in (bob, ann, ann):
        groups.add(session, poets, person)
    groups.add(session, chemists, ann)
    assert {key: [person.name for person in found] for key, found in groups.members(session).items()} == {
        poets.id: ["Ann", "Bob"],
        chemists.id: ["Ann"],
    }
    assert groups.of_people(session) == {ann.id: [chemists, poets], bob.id: [poets]}
    for _ in range(2):
        groups.remove(session, poets, ann)
    assert groups.of_people(session) == {ann.id: [chemists], bob.id: [poets]}
    groups.dissolve(session, chemists)
    assert groups.of_people(session) == {bob.id: [poets]}


def test_a_group_stays_while_a_batch_is_for_it(session, project, clock, ann):
    batch = take(session, project, clock, [PAIR]).batch
    poets = groups.create(session, "Poets", clock())
    groups.add(session, poets, ann)
    configured(session, batch, group_id=poets.id)
    assert groups.batches(session, poets) == [(batch, project)]
    with pytest.raises(Conflict, match="Poets is whom batch b is for"):
        groups.dissolve(session, poets)
    assert groups.members(session) == {poets.id: [ann]}
    configured(session, batch, group_id=None)
    groups.dissolve(session, poets)
    assert groups.everything(session) == []


def test_a_batch_is_for_no_group_that_is_not_there(session, project, clock):
    batch = take(session, project, clock, [PAIR]).batch
    with pytest.raises(Invalid, match="group_id"):
        configured(session, batch, group_id=7)
