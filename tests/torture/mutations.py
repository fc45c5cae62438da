"""Ways to break the app, to see that somebody notices: one layer of what keeps the queue right, or two that cover for
each other. Each breaks a web process, its schema, or both; nothing of this is in the app."""

import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Engine, create_engine, event, make_url, text

UNIQUE_ANNOTATOR = "DROP INDEX uq_assignment_comparison_annotator"
UNIQUE_SLOT = "ALTER TABLE assignment DROP CONSTRAINT uq_assignment_comparison_id_slot"
UNIQUE_ANSWER = "ALTER TABLE preference DROP CONSTRAINT uq_preference_assignment_id"
SKIP_LOCKED = r"\sFOR (NO KEY )?UPDATE( OF \w+)? SKIP LOCKED"
ALONE = r"\sFOR NO KEY UPDATE( OF person)?(?! SKIP)"
ANY_LOCK = r"\sFOR (NO KEY )?(UPDATE|KEY SHARE|SHARE)( OF \w+)?( SKIP LOCKED)?"


@dataclass(frozen=True)
class Mutation:
    """What is broken in the code, and what in the schema (a `{database}` in it is the database's name)."""

    code: Callable[[], None] = lambda: None
    schema: tuple[str, ...] = ()


def without(pattern):
    """Takes from every statement what the pattern finds."""

    def mutate():
        from app.storage import prepared

        compile_ = prepared._compile

        def compiled(statement, dialect):
            found = compile_(statement, dialect)
            return replace(found, sql=re.sub(pattern, "", found.sql))

        def executed(_connection, _cursor, statement, parameters, _context, _many):
            return re.sub(pattern, "", statement), parameters

        prepared._compile = compiled
        event.listen(Engine, "before_cursor_execute", executed, retval=True)

    return mutate


def answer_before_commit():
    """The reply leaves at once, the commit comes a moment later."""
    from app.web import desks

    def perform(sessions, work):
        session = sessions()
        result = work(session)

        def finish():
            session.commit()
            session.close()

        threading.Timer(0.1, finish).start()
        return result

    desks.perform = perform


def drop_groups():
    """Where one of a group fails, the others hear what they would have, of what is undone."""
    from app.web import desks

    def together(self, group):
        done = set()
        with self._sessions() as session:
            for number, asked in enumerate(group):
                caller = desks.people.identify_at_once(session, asked.kind, asked.secret, asked.now)
                try:
                    asked.result = caller and asked.work(session, caller)
                except Exception:
                    return done
                if caller is not None:
                    done.add(number)
            session.commit()
        return done

    desks.Desks._together = together


def forget_ids():
    """Each request is a new answer, whatever id its client gave it."""
    from app.domain import preferences

    submit = preferences.submit

    def forgetful(session, assignment_id, annotator_id, answer, now):
        fresh = replace(answer, id=str(uuid.uuid4()))
        return replace(submit(session, assignment_id, annotator_id, fresh, now), id=answer.id)

    preferences.submit = forgetful


def swallow_slots():
    """The slot of a lease that ran out does not come back."""
    from sqlalchemy import delete, select

    from app.storage import leases
    from app.storage.comparisons import Assignment

    sweep = leases.sweep

    def swallow(session, now):
        swept = sweep(session, now)
        came_back = select(Assignment.id).where(Assignment.state == "open", Assignment.rank == leases.RETURNED)
        last = came_back.order_by(Assignment.id.desc()).limit(swept).subquery()
        session.execute(delete(Assignment).where(Assignment.id.in_(select(last.c.id))))
        return swept

    leases.sweep = swallow


def hide_lateness():
    """What comes late is stored as if it had come in time."""
    from app.domain import preferences

    values = preferences._values
    preferences._values = lambda *arguments, **named: values(*arguments, **named) | {"late": False}


def leave_swapped():
    """The strength is stored as it was shown, in whatever order that was."""
    from app.domain import preferences

    values = preferences._values

    def straight(answer, *arguments, **named):
        return values(answer, *arguments, **named) | {"strength": answer.strength}

    preferences._values = straight


def begin_deferred():
    """SQLite: a transaction that writes begins as one that reads."""
    import sqlite3

    from app.storage import session

    class Deferred(sqlite3.Connection):
        def execute(self, statement, *parameters):
            return super().execute("BEGIN" if statement == "BEGIN IMMEDIATE" else statement, *parameters)

    connect = session.create_engine
    session.create_engine = lambda url, **options: connect(
        url, **options | {"connect_args": options["connect_args"] | {"factory": Deferred}}
    )


MUTATIONS = {
    "no-skip-locked": Mutation(without(SKIP_LOCKED)),
    "no-alone": Mutation(without(ALONE)),
    "no-alone-no-unique-annotator": Mutation(without(ALONE), (UNIQUE_ANNOTATOR,)),
    "no-locks": Mutation(without(ANY_LOCK)),
    "no-unique-annotator": Mutation(schema=(UNIQUE_ANNOTATOR,)),
    "no-locks-no-unique-annotator": Mutation(without(ANY_LOCK), (UNIQUE_ANNOTATOR,)),
    "no-unique-slot": Mutation(schema=(UNIQUE_SLOT,)),
    "no-locks-no-unique-slot": Mutation(without(ANY_LOCK), (UNIQUE_SLOT,)),
    "no-unique-answer": Mutation(schema=(UNIQUE_ANSWER,)),
    "no-locks-no-unique-answer": Mutation(without(ANY_LOCK), (UNIQUE_ANSWER,)),
    "lazy-disk": Mutation(schema=("ALTER DATABASE {database} SET synchronous_commit = off",)),
    "begin-deferred": Mutation(begin_deferred),
    "answer-before-commit": Mutation(answer_before_commit),
    "drop-groups": Mutation(drop_groups),
    "forget-ids": Mutation(forget_ids),
    "swallow-slots": Mutation(swallow_slots),
    "hide-lateness": Mutation(hide_lateness),
    "leave-swapped": Mutation(leave_swapped),
}


def break_code(name):
    """Breaks this process."""
    MUTATIONS[name].code()


def break_schema(name, url):
    """Breaks the database."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    with engine.begin() as connection:
        for statement in MUTATIONS[name].schema:
            connection.execute(text(statement.format(database=parsed.database)))
    engine.dispose()
