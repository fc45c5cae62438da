"""The claim: which slot an annotator is handed next.

The queue of a batch is its free slots by rank, then id. Nothing is ever put between two slots that are there: a slot
that comes back gets a new id and the rank RETURNED. So whatever an annotator has passed by once stays passed by, and a
claim begins behind the last slot that this annotator was handed, however much was judged before (docs/queue.md).
"""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Integer,
    ScalarSelect,
    Select,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.functions import FunctionElement

from app.storage.base import LARGEST
from app.storage.batches import Batch, Comparison, Prompt, Response
from app.storage.comparisons import LEASED, OPEN, Assignment, Tally
from app.storage.leases import RETURNED
from app.storage.onboarding import Qualification
from app.storage.people import Membership
from app.storage.prepared import Prepared, looked_up
from app.storage.projects import Project

MOST_HELD = 100  # leases of one annotator in one project; whoever wants more wants to hoard
HEAD = 10_000

_me: BindParameter[Any] = bindparam("annotator")
_batch: BindParameter[Any] = bindparam("batch")
_project: BindParameter[Any] = bindparam("project")
_now: BindParameter[Any] = bindparam("now")
_mine = aliased(Assignment)
# written out, since a planner must see how few rows are wanted
_one, _head, _most_held, _returned = (literal_column(str(n), Integer) for n in (1, HEAD, MOST_HELD, RETURNED))


@dataclass(frozen=True)
class Lease:
    """A slot that was just handed out, with what its annotator is to read."""

    id: int
    swapped: bool
    external_id: str | None
    messages: list[dict[str, str]]
    text_a: str
    text_b: str
    lease_token: str
    lease_expires_at: datetime


class _Begin(NamedTuple):
    """A batch, what is reserved for the annotator in it, and the last that they passed by: of what came back, of all."""

    id: int
    pinned: int | None
    returned: int | None
    rank: int | None
    last: int | None


# statements are built once: building them costs more than running them


def _passed(*columns: Any) -> Select[Any]:
    """Of the slots of the batch that the annotator was handed in their turn."""
    return (
        select(*columns)
        .where(
            _mine.annotator_id == _me,
            _mine.batch_id == Batch.id,
            _mine.lease_token.is_not(None),
            _mine.pinned_to.is_(None),
        )
        .correlate(Batch)
    )


def _last(column: Any) -> ScalarSelect[Any]:
    return _passed(column).order_by(_mine.rank.desc(), _mine.id.desc()).limit(_one).scalar_subquery()


def _held(*where: Any) -> ScalarSelect[Any]:
    """How many leases the annotator holds, up to MOST_HELD. The time is asked for in a way for which no planner takes
    the index of when leases run out: it has everybody's in it, and those that were answered since it was last cleaned."""
    held = select(_mine.id).where(
        _mine.annotator_id == _me,
        _mine.project_id == _project,
        _mine.state == LEASED,
        func.coalesce(_mine.lease_expires_at, _now) > _now,
        *where,
    )
    few = held.limit(_most_held).correlate(Batch).subquery()
    return select(func.count()).select_from(few).scalar_subquery()


def _given(batch: Any) -> ScalarSelect[Any]:
    """How many judgements the annotator has given in the batch; NULL for none."""
    mine = select(Tally.judged).where(Tally.batch_id == batch.id, Tally.annotator_id == _me)
    return mine.correlate(batch).scalar_subquery()


class _Behind(FunctionElement[Any]):
    """That a slot of the rank `at` stands behind the id `after`, so that a planner finds it by the queue's own index: for
    `id > …` PostgreSQL and SQLite would rather walk the table by its ids, past all that others judged since, and for
    `rank = …` PostgreSQL would begin at the head of the rank, past all that this annotator passed by."""

    inherit_cache = True

    def __init__(self, at: Any, after: Any) -> None:
        super().__init__(Assignment.rank, Assignment.id, at, after)


@compiles(_Behind)
def _as_a_pair(element: _Behind, compiler: Any, **options: Any) -> str:
    rank, number, at, after = (compiler.process(part, **options) for part in element.clauses)
    return f"({rank}, {number}) > ({at}, {after}) AND {rank} <= {at}"


@compiles(_Behind, "sqlite")
def _as_no_news(element: _Behind, compiler: Any, **options: Any) -> str:
    rank, number, at, after = (compiler.process(part, **options) for part in element.clauses)
    return f"{rank} = {at} AND likely({number} > {after})"


_returned_place = _passed(func.max(_mine.id)).where(_mine.rank == _returned).scalar_subquery()


def _free(*where: Any) -> Any:
    """Whether there is a free slot of the batch in that part of the queue."""
    found = select(Assignment.id).where(
        Assignment.batch_id == Batch.id, Assignment.state == OPEN, Assignment.pinned_to.is_(None), *where
    )
    return found.order_by(Assignment.rank, Assignment.id).limit(_one).correlate(Batch).scalar_subquery().is_not(None)


def _ahead() -> Any:
    """The same, in front of the annotator. The head of PostgreSQL's index is full of what was free until it was cleaned
    last, and whoever looks from there walks through all of that."""
    place = tuple_(func.coalesce(_last(_mine.rank), _returned), func.coalesce(_last(_mine.id), 0))
    came_back = _Behind(_returned, func.coalesce(_returned_place, 0))
    return or_(_free(tuple_(Assignment.rank, Assignment.id) > place), _free(came_back))


def _eligible(waiting: Any) -> Select[Any]:
    """The open batches that may give the annotator something, the most urgent first, with where to begin in each."""
    held, held_here = _held(), _held(_mine.batch_id == Batch.id)
    theirs = aliased(Batch)
    given = select(func.coalesce(func.sum(_given(theirs)), 0)).where(theirs.project_id == _project).scalar_subquery()
    given_here = func.coalesce(_given(Batch), 0)
    most = select(Project.max_per_annotator).where(Project.id == _project).scalar_subquery()
    pass_mark = select(Project.pass_mark).where(Project.id == _project).scalar_subquery()
    qualified = exists().where(Qualification.project_id == _project, Qualification.person_id == _me)
    pinned = (
        select(func.min(Assignment.id))
        .where(Assignment.pinned_to == _me, Assignment.batch_id == Batch.id, Assignment.state == OPEN)
        .correlate(Batch)
        .scalar_subquery()
    )
    return (
        select(
            Batch.id,
            pinned.label("pinned"),
            _returned_place.label("returned"),
            _last(_mine.rank).label("rank"),
            _last(_mine.id).label("last"),
        )
        .where(
            Batch.project_id == _project,
            Batch.state == OPEN,
            case((pass_mark.is_(None), True), else_=qualified),
            held < MOST_HELD,
            case((most.is_(None), True), else_=given + held < most),
            case((Batch.max_per_annotator.is_(None), True), else_=given_here + held_here < Batch.max_per_annotator),
            or_(
                Batch.group_id.is_(None),
                exists().where(Membership.group_id == Batch.group_id, Membership.person_id == _me),
            ),
            or_(waiting, pinned.is_not(None)),
        )
        .order_by(Batch.priority.desc(), Batch.id)
    )


def _never_held(comparison_id: Any) -> Any:
    """That the annotator has not had the comparison, or lost it by time: asked row by row, in the order of the queue,
    and in words by which PostgreSQL takes it for likely. For what it takes for rare it would rather sort the queue."""
    had = select(true()).where(_mine.comparison_id == comparison_id, _mine.holder_id == _me)
    return had.limit(_one).correlate(Assignment).scalar_subquery().is_not(true())


_FREE = (
    select(Assignment.id)
    .where(Assignment.batch_id == _batch, Assignment.state == OPEN, Assignment.pinned_to.is_(None))
    .order_by(Assignment.rank, Assignment.id)
)


def _first(*where: Any) -> ScalarSelect[Any]:
    """The first free slot that the annotator may have in that part of the queue."""
    found = _FREE.where(*where, _never_held(Assignment.comparison_id)).limit(_one)
    return found.with_for_update(skip_locked=True).scalar_subquery()


_at: BindParameter[Any] = bindparam("at", type_=Integer)
_RETURNED = _first(_Behind(_returned, bindparam("returned", type_=Integer)))
_OF_THIS_RANK = _first(_Behind(_at, bindparam("after", type_=Integer)))
_OF_LATER_RANKS = _first(Assignment.rank > _at)
_HEAD = _FREE.limit(_head).subquery()
_MISSED = (
    select(Assignment.id)
    .where(Assignment.id.in_(select(_HEAD.c.id)), Assignment.state == OPEN, _never_held(Assignment.comparison_id))
    .order_by(Assignment.rank, Assignment.id)
    .limit(_one)
    .with_for_update(skip_locked=True)
)
_PINNED = (
    select(Assignment.id)
    .where(Assignment.id == bindparam("pinned"), Assignment.state == OPEN, Assignment.pinned_to == _me)
    .where(_never_held(Assignment.comparison_id))
    .with_for_update()
)


def _of_comparison(column: Any, join: str = "") -> Any:
    return looked_up(column, f"comparison {join} WHERE comparison.id = assignment.comparison_id")


def _claiming(wanted: Any) -> Any:
    return (
        update(Assignment)
        .where(Assignment.id == wanted)
        .values(
            state="leased",
            annotator_id=_me,
            lease_token=bindparam("token"),
            leased_at=_now,
            lease_expires_at=bindparam("until"),
        )
        .returning(
            Assignment.id,
            Assignment.swapped,
            _of_comparison(Comparison.__table__.c.external_id),
            _of_comparison(Prompt.__table__.c.messages, "JOIN prompt ON prompt.id = comparison.prompt_id"),
            _of_comparison(Response.__table__.c.text, "JOIN response ON response.id = comparison.response_a_id"),
            _of_comparison(Response.__table__.c.text, "JOIN response ON response.id = comparison.response_b_id"),
        )
    )


ELIGIBLE = Prepared(_eligible(_free()))
# SQLite takes from an index at once what is not in it any more
AHEAD = {"postgresql": Prepared(_eligible(_ahead())), "sqlite": ELIGIBLE}
CLAIM = Prepared(_claiming(func.coalesce(_RETURNED, _OF_THIS_RANK, _OF_LATER_RANKS)))
CLAIM_MISSED = Prepared(_claiming(_MISSED.scalar_subquery()))
CLAIM_PINNED = Prepared(_claiming(_PINNED.scalar_subquery()))


def claim(session: Session, project_id: int, annotator_id: int, now: datetime, lease: timedelta) -> Lease | None:
    """Leases the next free slot of the project's open batches to the annotator, or None when there is none for them.

    What is reserved for them first; then the batch of the highest priority, and in it what came back, then by rank.
    Never a comparison that the annotator has held before, unless the lease ran out; never more than the project and
    the batch allow. The caller must have asked for `alone`.
    """
    asked: dict[str, Any] = {"annotator": annotator_id, "project": project_id, "now": now}
    values = asked | {"token": secrets.token_urlsafe(18), "until": now + lease}
    ahead = AHEAD[session.get_bind().dialect.name].all(session, asked)
    taken = _first_of(session, values, _tries([_Begin(*row) for row in ahead]))
    if taken is None:
        # what was locked for something else while this annotator passed by, and came back late or was left free after all
        behind = ELIGIBLE.all(session, asked)
        taken = _first_of(session, values, ((CLAIM_MISSED, {"batch": row[0]}) for row in behind))
    if taken is None:
        return None
    number, swapped, external_id, messages, a, b = taken
    return Lease(number, swapped, external_id, messages, a, b, values["token"], values["until"])


def _first_of(
    session: Session, values: dict[str, Any], tries: Iterable[tuple[Prepared, dict[str, Any]]]
) -> tuple[Any, ...] | None:
    found = (statement.first(session, values | more) for statement, more in tries)
    return next((row for row in found if row is not None), None)


def open_to(session: Session, project_id: int, annotator_id: int, batch_id: int, now: datetime) -> bool:
    """Whether the annotator may be handed something of the batch, which has something to hand out."""
    values = {"annotator": annotator_id, "project": project_id, "now": now}
    return any(row[0] == batch_id for row in ELIGIBLE.all(session, values))


def _tries(batches: list[_Begin]) -> Iterator[tuple[Prepared, dict[str, Any]]]:
    yield from ((CLAIM_PINNED, {"pinned": batch.pinned}) for batch in batches if batch.pinned is not None)
    for batch in batches:
        fresh = batch.rank is not None and batch.rank > RETURNED
        rank, last = (batch.rank, batch.last) if fresh else (RETURNED, LARGEST)
        yield CLAIM, {"batch": batch.id, "returned": batch.returned or 0, "at": rank, "after": last}
