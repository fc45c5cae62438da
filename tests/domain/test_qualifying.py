"""Gold to practise and to qualify with: what an import takes, what is asked, and who is given work for it."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain import (
    assignments,
    audit,
    batches,
    onboarding,
    people,
    practice,
    preferences,
    projects,
    qualifications,
    questions,
    quiz,
)
from app.domain.audit import Wanted
from app.domain.errors import Conflict, Invalid, NotFound
from app.storage.tables import Assignment, Batch, Comparison, Preference, QuizAnswer
from app.vocabulary import Act, BatchState, Purpose, Role
from tests.domain.test_importing import PAIR, count, take
from tests.web.conftest import golds, pairs

LEASE = timedelta(minutes=30)


@pytest.fixture
def folk(session, clock):
    return [
        people.add(session, f"{name}@example.org", name.title(), role, clock())[0]
        for name, role in (("ann", Role.annotator), ("bob", Role.annotator), ("ada", Role.admin))
    ]


@pytest.fixture
def ann(folk):
    return folk[0]


@pytest.fixture
def study(session, project, clock):
    """A project with a pass mark, work, and a quiz of five: a is gold in four, a tie in one."""
    project.pass_mark = 80
    take(session, project, clock, pairs(3))
    rows = golds(5)
    rows[4]["gold"] = "tie"
    take(session, project, clock, rows, purpose=Purpose.qualification)
    return project


def through(session, project, person, clock, answers=None, attempt=None):
    """One attempt, answered with what gold says, or by external id with something else, as (gold of it) -> strength."""
    attempt = attempt or quiz.start(session, project, person.id, clock())
    while (asked := quiz.ask(session, attempt)) is not None:
        strength = 2 * asked.question.gold if answers is None else answers(asked.question)
        shown = -strength if asked.swapped else strength
        quiz.answer(session, project, attempt, asked.question.id, shown, clock())
    return attempt


def claim(session, project, person, clock):
    return assignments.next_tasks(session, project.id, person.id, 10, clock(), LEASE)


@pytest.mark.parametrize("purpose", [Purpose.practice, Purpose.qualification])
def test_what_is_not_for_judging_gets_no_slots(session, project, clock, purpose, ann):
    report = take(session, project, clock, golds(3), purpose=purpose)
    batch = report.batch
    assert (batch.purpose, batch.comparisons, batch.slots, batch.rejected) == (purpose, 3, 0, 0)
    assert session.scalar(select(func.count()).select_from(Assignment)) == 0
    assert claim(session, project, ann, clock) == []
    assert projects.progress(session, [project], ann.id)[project.id] == projects.Progress(0, 0, 0)
    assert batches.done(session, project) == {batch.id: (0, 0)}
    explained = session.scalars(select(Comparison.explanation)).all()
    assert explained == ["9 is **3 times 3**."] * 3


def test_what_is_not_for_judging_is_all_gold_and_unjudged(session, project, clock):
    rows = [
        PAIR,
        PAIR | {"gold": "a", "annotations": [{"annotator": "w", "choice": "a"}]},
        {"prompt": "The sky is", "chosen": " blue.", "rejected": " green."},
        {"prompt": "Why?", "responses": ["x", "y"]},
        PAIR | {"gold": "b", "id": "good"},
    ]
    report = take(session, project, clock, rows, purpose=Purpose.practice)
    assert [(refused.line, refused.field) for refused in report.errors] == [
        (1, "gold"),
        (2, "annotations"),
        (3, "chosen"),
        (4, "gold"),
    ]
    assert report.batch.comparisons == 1
    # to be judged, all of them are good
    assert take(session, project, clock, rows, again=True).batch.rejected == 0


def test_a_later_upload_brings_no_judgements_of_what_is_not_judged(session, project, clock):
    take(session, project, clock, golds(2), purpose=Purpose.practice)
    judged = golds(1, annotations=[{"annotator": "w", "choice": "a"}])
    report = take(session, project, clock, judged)
    assert [(refused.field, "nobody judges" in refused.reason) for refused in report.errors] == [("id", True)]
    assert count(session, Preference) == count(session, Assignment) == 0


def test_practice_goes_from_one_question_to_the_next_and_keeps_nothing(session, project, clock):
    assert practice.at(session, project, 1) is None
    take(session, project, clock, golds(2), purpose=Purpose.practice)
    take(session, project, clock, golds(2, id="later") + golds(1), purpose=Purpose.practice)
    places = [practice.at(session, project, place) for place in (1, 2, 3)]
    assert [(exercise.place, exercise.total, exercise.last) for exercise in places] == [
        (1, 3, False),
        (2, 3, False),
        (3, 3, True),
    ]
    assert practice.at(session, project, 4) is None
    assert practice.of(session, project, places[1].question.id) == places[1]
    assert places[0].question.shown(False) == ("7", "9")
    assert places[0].question.shown(True) == ("9", "7")


def test_only_open_batches_are_practised_with(session, project, clock):
    batch = take(session, project, clock, golds(2), purpose=Purpose.practice).batch
    inside = practice.at(session, project, 1).question.id
    take(session, project, clock, pairs(1))
    batches.change(session, batch, BatchState.paused)
    assert practice.number(session, project) == 0
    with pytest.raises(NotFound):
        practice.of(session, project, inside)


@pytest.mark.parametrize("gold", [-1, 0, 1])
def test_an_answer_is_right_when_it_prefers_the_side_that_gold_prefers(gold):
    question = questions.Question(1, [], "a", "b", gold, None)
    assert [strength for strength in range(-3, 4) if question.agrees(strength)] == {
        -1: [-3, -2, -1],
        0: [0],
        1: [1, 2, 3],
    }[gold]


def test_whoever_is_not_qualified_is_given_nothing_until_they_pass(session, study, clock, ann):
    assert qualifications.missing(session, study, ann.id)
    assert claim(session, study, ann, clock) == []
    attempt = through(session, study, ann, clock)
    assert (attempt.correct, attempt.asked, attempt.passed, attempt.finished_at) == (5, 5, True, clock())
    assert not qualifications.missing(session, study, ann.id)
    assert len(claim(session, study, ann, clock)) == 3


def test_without_a_pass_mark_nobody_needs_to_qualify(session, study, clock, ann):
    study.pass_mark = None
    session.flush()
    assert not qualifications.missing(session, study, ann.id)
    assert len(claim(session, study, ann, clock)) == 3
    with pytest.raises(Conflict, match="asks nobody"):
        quiz.start(session, study, ann.id, clock())


def test_a_qualification_is_for_one_person_in_one_project(session, study, clock, folk):
    ann, bob, _ = folk
    through(session, study, ann, clock)
    other = projects.create(session, "other", "Other", clock())
    other.pass_mark = 1
    take(session, other, clock, pairs(1))
    assert claim(session, study, bob, clock) == claim(session, other, ann, clock) == []


@pytest.mark.parametrize(("wrong", "passed"), [(1, True), (2, False)])
def test_the_pass_mark_is_a_share_of_the_questions(session, study, clock, ann, wrong, passed):
    mistaken = set(session.scalars(select(Comparison.id).where(Comparison.gold == "a").limit(wrong)))
    attempt = through(session, study, ann, clock, lambda asked: 3 if asked.id in mistaken else asked.gold)
    assert (attempt.correct, attempt.passed) == (5 - wrong, passed)
    assert qualifications.missing(session, study, ann.id) is not passed


def test_each_attempt_asks_what_one_has_met_least_often(session, study, clock, ann):
    study.quiz_questions = 2
    asked = []
    for _ in range(5):  # all wrong: a is never a tie, and the tie never b
        attempt = through(session, study, ann, clock, lambda question: 3)
        asked.append([given.question.id for given in quiz.review(session, attempt)])
    assert quiz.standing(session, study, ann.id).asked == 2
    assert not set(asked[0]) & set(asked[1])
    assert len({number for pair in asked[:3] for number in pair}) == 5
    met = [number for pair in asked for number in pair]
    assert sorted(met.count(number) for number in set(met)) == [2] * 5


def test_who_has_had_all_attempts_is_let_in_by_an_admin_or_not_at_all(session, study, clock, folk):
    ann, bob, ada = folk
    study.quiz_attempts = 2
    through(session, study, ann, clock, lambda question: 3)
    assert (quiz.standing(session, study, ann.id).left, qualifications.shut_out(session, study)) == (1, 0)
    begun = quiz.start(session, study, ann.id, clock())
    study.quiz_attempts = 1  # what was begun may be ended
    assert quiz.start(session, study, ann.id, clock()) == begun
    through(session, study, ann, clock, lambda question: 3, begun)
    assert (quiz.standing(session, study, ann.id).left, qualifications.shut_out(session, study)) == (0, 1)
    with pytest.raises(Conflict, match="all the attempts"):
        quiz.start(session, study, ann.id, clock())
    through(session, study, bob, clock)
    assert claim(session, study, bob, clock)
    qualifications.grant(session, study, ann, ada, clock())
    assert qualifications.shut_out(session, study) == 0
    assert quiz.standing(session, study, ann.id).qualified


def test_nobody_qualifies_by_an_attempt_whose_pass_mark_was_taken_away(session, study, clock, ann):
    attempt = quiz.start(session, study, ann.id, clock())
    study.pass_mark = None
    assert through(session, study, ann, clock, attempt=attempt).passed is False
    study.pass_mark = 80
    assert qualifications.missing(session, study, ann.id)


def test_an_attempt_goes_on_where_it_was_and_answers_are_final(session, study, clock, ann):
    attempt = quiz.start(session, study, ann.id, clock())
    first = quiz.ask(session, attempt)
    assert quiz.ask(session, attempt) == first
    strength = 3 if first.swapped else -3  # a, whichever side it is on
    quiz.answer(session, study, attempt, first.question.id, strength, clock())
    quiz.answer(session, study, attempt, first.question.id, -strength, clock())
    given = session.get(QuizAnswer, (attempt.id, first.question.id))
    assert (given.strength, given.correct) == (-3, first.question.gold == -1)
    second = quiz.ask(session, attempt)
    assert (second.place, second.total) == (2, 5)
    assert quiz.start(session, study, ann.id, clock()) is attempt
    standing = quiz.standing(session, study, ann.id)
    assert (standing.under_way, standing.answered, standing.finished, standing.asked) == (attempt, 1, [], 5)


def test_order_and_sides_are_drawn_anew_for_each_attempt(session, study, clock, ann):
    """Twelve attempts that are all alike are less likely than a broken computer."""
    drawn = set()
    for _ in range(12):
        attempt = through(session, study, ann, clock, lambda asked: 1)
        rows = session.scalars(select(QuizAnswer).where(QuizAnswer.attempt_id == attempt.id))
        drawn.add(tuple((row.position, row.comparison_id, row.swapped) for row in rows))
    assert len({tuple(sorted(order)) for order in drawn}) > 1
    assert {swapped for order in drawn for *_, swapped in order} == {True, False}
    assert len(quiz.standing(session, study, ann.id).finished) == 12


def test_a_quiz_asks_no_more_than_fifty(session, project, clock, ann):
    project.pass_mark = 50
    take(session, project, clock, golds(60), purpose=Purpose.qualification)
    assert quiz.number(session, project) == quiz.start(session, project, ann.id, clock()).asked == 50


def test_the_review_has_every_question_with_its_answer(session, study, clock, ann):
    attempt = through(session, study, ann, clock, lambda asked: -1)
    found = quiz.review(session, attempt)
    assert [given.strength for given in found] == [-1] * 5
    assert sorted(given.correct for given in found) == [False, True, True, True, True]
    assert {given.question.explanation for given in found} == {"9 is **3 times 3**."}


def test_what_cannot_be_answered_is_refused(session, study, clock, folk):
    ann, bob, _ = folk
    attempt = quiz.start(session, study, ann.id, clock())
    outside = session.scalar(select(Comparison.id).where(Comparison.gold.is_(None)).limit(1))
    with pytest.raises(NotFound):
        quiz.answer(session, study, attempt, outside, 1, clock())
    with pytest.raises(Invalid):
        quiz.answer(session, study, attempt, quiz.ask(session, attempt).question.id, 4, clock())
    with pytest.raises(NotFound):
        quiz.attempt(session, study, bob.id, attempt.id)
    other = projects.create(session, "other", "Other", clock())
    with pytest.raises(NotFound):
        quiz.attempt(session, other, ann.id, attempt.id)


def test_a_pass_mark_without_questions_is_found_out(session, study, clock, ann):
    assert not quiz.impossible(session, study)
    batch = session.scalars(select(Batch).where(Batch.purpose == Purpose.qualification)).one()
    batches.change(session, batch, BatchState.closed)
    assert quiz.impossible(session, study)
    with pytest.raises(Conflict, match="no questions"):
        quiz.start(session, study, ann.id, clock())
    study.pass_mark = None
    assert not quiz.impossible(session, study)


def test_an_admin_lets_people_in_and_takes_it_back(session, study, clock, folk):
    ann, _, ada = folk
    session.info.update(actor=ada, clock=clock)
    for _ in range(2):
        qualifications.grant(session, study, ann, ada, clock())
    (task, *_) = claim(session, study, ann, clock)
    standing = qualifications.of_person(session, ann)[0]
    assert (standing.project, standing.since, standing.granted_by) == (study, clock(), "ada@example.org")
    with pytest.raises(Conflict, match="qualified"):
        quiz.start(session, study, ann.id, clock())
    for _ in range(2):
        qualifications.withdraw(session, study, ann)
    assert claim(session, study, ann, clock) == []
    # what they hold they may still answer
    preferences.submit(session, task.id, ann.id, preferences.Answer(str(uuid.uuid4()), task.lease_token, 1), clock())
    session.flush()
    told = audit.newest(session, Wanted(project_id=study.id), 10)
    acts = [(entry.action, entry.subject, entry.actor) for entry in told if "qualification" in entry.action]
    assert acts == [
        (Act.qualification_withdrawn, "ann@example.org", "ada@example.org"),
        (Act.qualification_granted, "ann@example.org", "ada@example.org"),
    ]


def test_a_persons_standing_has_their_attempts(session, study, clock, ann):
    through(session, study, ann, clock, lambda asked: 1)
    through(session, study, ann, clock, lambda asked: -1 if asked.gold else 1)
    (standing,) = qualifications.of_person(session, ann)
    assert (standing.since, standing.granted_by, standing.attempts, standing.best) == (clock(), None, 2, 80)


def test_the_steps_say_what_is_next(session, study, clock, ann):
    other = projects.create(session, "other", "Other", clock(), guidelines="Be kind.")
    take(session, other, clock, golds(2), purpose=Purpose.practice)
    found = onboarding.steps(session, [study, other], ann.id)
    none, unread = onboarding.Reading.none, onboarding.Reading.unread
    assert found[study.id] == onboarding.Steps(none, practice=0, quiz=5, must_qualify=True)
    assert found[other.id] == onboarding.Steps(unread, practice=2, quiz=0, must_qualify=False)
    through(session, study, ann, clock)
    assert not onboarding.steps(session, [study], ann.id)[study.id].must_qualify
