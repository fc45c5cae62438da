from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from app.domain import attempts, people
from app.domain.errors import Conflict, Invalid, NotFound, TooManyAttempts, Unauthenticated
from app.storage.tables import Base, Credential, Failure, Person
from app.vocabulary import Role

GOOD = "correct horse battery"


@pytest.fixture
def ann(session, clock):
    return people.add(session, "Ann@Example.org ", "Ann", Role.annotator, clock())[0]


@pytest.fixture
def boss(session, clock):
    return people.add(session, "boss@example.org", "", Role.admin, clock())[0]


def everything_stored(session):
    for table in Base.metadata.sorted_tables:
        for row in session.execute(select(table)):
            yield from (str(value) for value in row)


def test_an_email_is_known_however_it_is_written(session, ann, clock):
    again, new = people.add(session, " ANN@example.ORG", "Other", Role.admin, clock())
    assert (again, new, again.name, again.role) == (ann, False, "Ann", Role.annotator)
    assert people.by_email(session, "aNN@example.org ") is ann
    assert people.add(session, "bob@example.org", " ", Role.annotator, clock())[0].name == "bob"


@pytest.mark.parametrize("email", ["", "ann", "@", "ann@", "@example.org", "a b@c", "a@b@c", "a\0@b", "a" * 320 + "@b"])
def test_what_is_no_email_is_refused(session, clock, email):
    with pytest.raises(Invalid) as caught:
        people.add(session, email, "", Role.annotator, clock())
    assert caught.value.field == "email"
    assert people.by_email(session, email) is None


@pytest.mark.parametrize("password", ["", "123456789", "x" * 1001])
def test_a_password_has_a_least_and_a_greatest_length(password):
    with pytest.raises(Invalid, match="10 to 1000"):
        people.hashed(password)


@pytest.mark.parametrize("password", ["0123456789", "x" * 1000, "pässwörter 🙂 ok"])
def test_a_password_lets_in_and_nothing_else_does(session, ann, password):
    people.set_password(session, ann, people.hashed(password))
    assert people.check_password(session, "ANN@example.org", password) is ann
    for wrong in ("", password + "x", password[:-1], password.upper() + "!"):
        assert people.check_password(session, "ann@example.org", wrong) is None
    assert people.check_password(session, "nobody@example.org", password) is None


def test_nobody_without_a_password_or_without_an_active_account_comes_in_by_one(session, ann, boss, clock):
    assert people.check_password(session, "ann@example.org", "") is None
    people.set_password(session, ann, people.hashed(GOOD))
    people.change(session, ann, active=False)
    assert people.check_password(session, "ann@example.org", GOOD) is None


def test_no_secret_is_stored(session, ann, clock):
    people.set_password(session, ann, people.hashed(GOOD))
    secrets = [GOOD, people.create_token(session, ann, "laptop", clock()), people.open_session(session, ann, clock())]
    secrets.append(people.invite(session, ann, clock()))
    stored = list(everything_stored(session))
    assert len(set(secrets)) == 4
    assert not any(secret in value for secret in secrets for value in stored)
    assert ann.password_hash.startswith("$argon2id$")


def test_an_invitation_works_once(session, ann, clock):
    secret = people.invite(session, ann, clock())
    assert people.invited(session, secret, clock()) is ann
    assert people.invited(session, secret, clock()) is ann
    opened = people.accept(session, secret, clock(), people.hashed(GOOD))
    assert people.of_session(session, opened, clock()) is ann
    assert people.check_password(session, "ann@example.org", GOOD) is ann
    for use in (people.invited, people.accept):
        with pytest.raises(Unauthenticated, match="used before"):
            use(session, secret, clock())


def test_an_invitation_ends_after_a_week(session, ann, clock):
    secret = people.invite(session, ann, clock())
    clock.forward(days=6, hours=23)
    assert people.invited(session, secret, clock()) is ann
    clock.forward(hours=1)
    for use in (people.invited, people.accept):
        with pytest.raises(Unauthenticated, match="expired"):
            use(session, secret, clock())


def test_a_password_that_will_not_do_does_not_use_the_invitation_up(session, ann, clock):
    secret = people.invite(session, ann, clock())
    with pytest.raises(Invalid):
        people.accept(session, secret, clock(), people.hashed("short"))
    assert people.accept(session, secret, clock(), people.hashed(GOOD))


def test_a_secret_opens_only_its_own_kind_of_door(session, ann, clock):
    doors = {
        people.invited: people.invite(session, ann, clock()),
        people.of_session: people.open_session(session, ann, clock()),
        people.of_token: people.create_token(session, ann, "", clock()),
    }
    for door in doors:
        for own, secret in doors.items():
            if own is door:
                assert door(session, secret, clock()) is ann
            else:
                with pytest.raises(Unauthenticated):
                    door(session, secret, clock())
        with pytest.raises(Unauthenticated):
            door(session, "", clock())


def test_a_session_ends_by_itself_and_on_request(session, ann, clock):
    long, short = (people.open_session(session, ann, clock()) for _ in range(2))
    people.close_session(session, short)
    people.close_session(session, short)
    with pytest.raises(Unauthenticated, match="signed out"):
        people.of_session(session, short, clock())
    clock.forward(days=29)
    assert people.of_session(session, long, clock()) is ann
    clock.forward(days=1)
    with pytest.raises(Unauthenticated):
        people.of_session(session, long, clock())


def test_somebody_deactivated_is_out_at_once_and_for_good(session, ann, boss, clock):
    secrets = {
        people.of_session: people.open_session(session, ann, clock()),
        people.of_token: people.create_token(session, ann, "", clock()),
        people.accept: people.invite(session, ann, clock()),
    }
    people.change(session, ann, active=False)
    with pytest.raises(Conflict, match="deactivated"):
        people.invite(session, ann, clock())
    people.change(session, ann, active=True)
    for use, secret in secrets.items():
        with pytest.raises(Unauthenticated):
            use(session, secret, clock())


def test_a_token_ends_at_once_when_it_is_revoked(session, ann, boss, clock):
    one, other = (people.create_token(session, ann, name, clock()) for name in ("one", "other"))
    listed = people.tokens(session, ann)
    assert [token.name for token in listed] == ["other", "one"]
    with pytest.raises(NotFound):
        people.revoke_token(session, boss, listed[1].id)
    people.revoke_token(session, ann, listed[1].id)
    with pytest.raises(Unauthenticated):
        people.of_token(session, one, clock())
    assert people.of_token(session, other, clock()) is ann
    opened = people.open_session(session, ann, clock())
    number = session.scalars(select(Credential.id).where(Credential.kind == "session")).one()
    with pytest.raises(NotFound):
        people.revoke_token(session, ann, number)
    assert people.of_session(session, opened, clock()) is ann


@pytest.mark.parametrize("change", [{"active": False}, {"role": Role.reviewer}, {"role": Role.annotator}])
def test_the_last_admin_stays(session, boss, ann, clock, change):
    with pytest.raises(Conflict, match="last active admin"):
        people.change(session, boss, **change)
    people.change(session, boss, role=Role.admin, active=True)
    second, _ = people.add(session, "second@example.org", "", Role.admin, clock())
    people.change(session, second, active=False)
    with pytest.raises(Conflict):
        people.change(session, boss, **change)
    people.change(session, second, active=True)
    people.change(session, boss, **change)
    assert session.scalar(select(func.count()).where(Person.role == Role.admin, Person.active)) == 1


def test_failures_slow_down_and_are_forgotten(session, clock):
    key = "10.0.0.1 ann@example.org"

    def wait():
        try:
            attempts.slow_down(session, key, clock())
        except TooManyAttempts as error:
            return error.retry_after
        return 0

    waits = []
    for _ in range(8):
        waits.append(wait())
        attempts.note(session, key, clock())
    assert waits[:5] == [0] * 5
    assert waits[5:] == sorted(set(waits[5:]))
    assert all(later >= 1.5 * sooner for sooner, later in pairwise(waits[5:]))
    attempts.slow_down(session, "10.0.0.1 bob@example.org", clock())
    clock.forward(seconds=wait())
    assert wait() == 0
    attempts.note(session, key, clock())
    assert wait() > waits[-1]
    clock.forward(minutes=15)
    assert wait() == 0
    attempts.note(session, "other", clock())
    assert session.scalar(select(func.count()).select_from(Failure)) == 1


def test_no_email_is_too_long_to_be_slowed_down(session, clock):
    key = "10.0.0.1 " + "a" * 1000 + "@example.org\0"
    for _ in range(6):
        attempts.note(session, key, clock())
    with pytest.raises(TooManyAttempts):
        attempts.slow_down(session, key, clock())


def test_the_longest_wait_is_the_window_itself(session, clock):
    for _ in range(40):
        attempts.note(session, "k", clock())
    with pytest.raises(TooManyAttempts) as caught:
        attempts.slow_down(session, "k", clock())
    assert timedelta(seconds=caught.value.retry_after) <= attempts.WINDOW + timedelta(seconds=1)


def test_an_account_is_what_signs_in(session, project, clock, ann):
    named = Person(name="w1", project_id=project.id, role=Role.annotator, active=False, created_at=clock())
    session.add(named)
    session.flush()
    assert people.everyone(session) == [ann]
    for number in (named.id, 10**6):
        with pytest.raises(NotFound):
            people.account(session, number)
    with pytest.raises(Conflict, match="w1 is deactivated"):
        people.create_token(session, named, "", clock())
