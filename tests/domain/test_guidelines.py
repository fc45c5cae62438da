"""Guidelines have versions, and it is known which one somebody has read."""

import pytest

from app.domain import guidelines, people, projects
from app.domain.errors import Invalid, NotFound
from app.vocabulary import Role
from tests.domain.test_audit import settings


@pytest.fixture
def ann(session, clock):
    return people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]


@pytest.fixture
def write(session, project, clock):
    """Sets the guidelines, a day after whatever was before."""

    def write(text):
        clock.forward(days=1)
        projects.configure(project, settings(project, guidelines=text), clock())
        session.flush()

    return write


def numbers(session, project):
    return [number for number, _ in guidelines.versions(session, project)]


def test_each_other_text_is_a_version_and_the_same_text_is_none(session, project, write):
    assert project.guidelines_version == 0
    for text in ("Be kind.", "Be kind.", "Be right.", "Be kind."):
        write(text)
    assert (project.guidelines_version, numbers(session, project)) == (3, [3, 2, 1])
    assert [guidelines.version(session, project, number).text for number in (1, 2, 3)] == [
        "Be kind.",
        "Be right.",
        "Be kind.",
    ]
    with pytest.raises(NotFound):
        guidelines.version(session, project, 4)


@pytest.mark.parametrize("text", ["Be kind.\r\nBe right.", "Be kind.\rBe right.", "\n\nBe kind.\nBe right."])
def test_what_a_form_makes_of_it_is_no_other_version(session, project, write, text):
    write(text)
    write("Be kind.\nBe right.")
    assert project.guidelines_version == 1


def test_a_project_may_begin_with_guidelines(session, clock):
    began = projects.create(session, "begun", "Begun", clock(), guidelines="Be kind.")
    assert guidelines.versions(session, began) == [(1, clock())]
    without = projects.create(session, "without", "Without", clock())
    assert guidelines.versions(session, without) == []


def test_a_version_names_who_wrote_it_and_when(session, project, write, ann, clock):
    session.info["actor"] = ann
    write("Be kind.")
    found = guidelines.version(session, project, 1)
    assert (found.created_by, found.created_at) == (ann.id, clock())


def test_somebody_stands_to_the_guidelines_as_they_last_read_them(session, project, write, ann, clock):
    assert guidelines.read_by(session, project, ann.id) is None
    write("Be kind.")
    found = guidelines.read_by(session, project, ann.id)
    assert (found.number, found.text, found.created_at, found.read, found.before) == (
        1,
        "Be kind.",
        clock(),
        None,
        None,
    )
    assert found.unread
    guidelines.note_reading(session, project, ann.id, 1, clock())
    assert not guidelines.read_by(session, project, ann.id).unread
    write("Be right.")
    write("Be right and kind.")
    found = guidelines.read_by(session, project, ann.id)
    assert (found.number, found.read, found.before, found.unread) == (3, 1, "Be kind.", True)
    guidelines.note_reading(session, project, ann.id, 3, clock())
    assert not guidelines.read_by(session, project, ann.id).unread
    write("")
    assert guidelines.read_by(session, project, ann.id) is None


def test_an_old_page_does_not_unread_what_was_read_since(session, project, write, ann, clock):
    write("Be kind.")
    write("Be right.")
    guidelines.note_reading(session, project, ann.id, 2, clock())
    guidelines.note_reading(session, project, ann.id, 1, clock())
    assert guidelines.read_by(session, project, ann.id).read == 2


@pytest.mark.parametrize("number", [0, 2])
def test_a_version_that_is_not_there_cannot_be_read(session, project, write, ann, clock, number):
    write("Be kind.")
    with pytest.raises(Invalid, match="number"):
        guidelines.note_reading(session, project, ann.id, number, clock())


def test_two_changes_at_once_make_two_versions(engine, clock):
    """The second one began when the first was not there yet, and waits for it."""
    from app.storage.session import make_sessions

    sessions = make_sessions(engine)
    with sessions.begin() as session:
        projects.create(session, "both", "Both", clock(), guidelines="One.")
    with sessions() as one, sessions() as other:
        if engine.dialect.name == "postgresql":
            stale = projects.get(other, "both")
        first = projects.get(one, "both")
        projects.configure(first, settings(first, guidelines="Two."), clock())
        one.commit()
        if engine.dialect.name == "sqlite":  # which has one writer
            stale = projects.get(other, "both")
        projects.configure(stale, settings(stale, guidelines="Three."), clock())
        other.commit()
        assert numbers(other, stale) == [3, 2, 1]
