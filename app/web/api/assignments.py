"""The queue: leasing the next comparisons, answering, skipping, taking back."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.domain import assignments, preferences
from app.domain.assignments import Task
from app.storage.session import Session
from app.web.deps import Annotator, Config, Db, Id, InProject, Now
from app.web.tasks import html

router = APIRouter(tags=["assignments"])


class Lease(BaseModel):
    """How many to lease. With `resume`, those that you hold already come first and count."""

    model_config = ConfigDict(extra="forbid")
    count: int = Field(1, ge=1, le=assignments.MOST)
    resume: bool = False


class Turn(BaseModel):
    """One message."""

    role: str
    content: str


class AssignmentOut(BaseModel):
    """A leased comparison in the order in which it is shown; `html` only with `?render=1`."""

    id: int
    external_id: str | None
    lease_token: str
    expires_at: datetime
    prompt: list[Turn]
    left: str
    right: str
    html: str | None = None


class AssignmentsOut(BaseModel):
    """Leased comparisons; fewer than asked for when there are no more."""

    assignments: list[AssignmentOut]


class Acceptable(BaseModel):
    """Whether each response is good enough on its own, as shown; null where it was not said."""

    model_config = ConfigDict(extra="forbid")
    left: bool | None = None
    right: bool | None = None


class Answer(BaseModel):
    """A judgement as shown: strength −3 (left much better) … 3 (right much better); `next` leases that many more."""

    model_config = ConfigDict(extra="forbid")
    id: UUID
    lease_token: str
    strength: int = Field(ge=-3, le=3, strict=True)
    acceptable: Acceptable = Acceptable()
    rationale: str | None = Field(None, max_length=preferences.LONGEST_RATIONALE)
    active_ms: int | None = Field(None, ge=0, lt=2**31)
    next: int = Field(0, ge=0, le=assignments.MOST)


class PreferenceOut(BaseModel):
    """What is stored. `late`: after the lease ran out. `fills_slot`: false for a late extra. `status`: see Stored."""

    id: UUID
    assignment_id: int
    strength: int
    late: bool
    fills_slot: bool
    status: str
    assignments: list[AssignmentOut] | None = None


class Skip(BaseModel):
    """Why a comparison is passed on."""

    model_config = ConfigDict(extra="forbid")
    lease_token: str
    reason: str
    next: int = Field(0, ge=0, le=assignments.MOST)


class SkipOut(BaseModel):
    """A skipped assignment."""

    assignment_id: int
    reason: str
    assignments: list[AssignmentOut] | None = None


class Held(BaseModel):
    """The token of a lease."""

    model_config = ConfigDict(extra="forbid")
    lease_token: str


def out(task: Task, render: bool) -> AssignmentOut:
    """A task for the wire."""
    prompt = [Turn(**turn) for turn in task.prompt]
    rendered = html(task) if render else None
    return AssignmentOut(
        id=task.id,
        external_id=task.external_id,
        lease_token=task.lease_token,
        expires_at=task.expires_at,
        prompt=prompt,
        left=task.left,
        right=task.right,
        html=rendered,
    )


def _outs(session: Session, tasks: list[Task], render: bool) -> list[AssignmentOut]:
    if render:
        session.commit()  # rendering takes a while, and nobody may wait for it
    return [out(task, render) for task in tasks]


@router.post("/projects/{slug}/assignments")
def lease_assignments(
    body: Lease, person: Annotator, project: InProject, session: Db, now: Now, settings: Config, render: bool = False
) -> AssignmentsOut:
    """Leases the next comparisons to you."""
    if body.resume:
        tasks = assignments.resume(session, project.id, person.id, body.count, now, settings.lease)
    else:
        tasks = assignments.next_tasks(session, project.id, person.id, body.count, now, settings.lease)
    return AssignmentsOut(assignments=_outs(session, tasks, render))


@router.put("/assignments/{assignment_id}/preference")
def put_preference(
    assignment_id: Id,
    body: Answer,
    person: Annotator,
    session: Db,
    now: Now,
    settings: Config,
    render: bool = False,
) -> PreferenceOut:
    """Stores your judgement, once however often it is sent, and leases the next ones in the same transaction.

    After the lease has run out the judgement is kept and marked late; it takes the slot if that is still free.
    """
    answer = preferences.Answer(
        str(body.id),
        body.lease_token,
        body.strength,
        body.acceptable.left,
        body.acceptable.right,
        body.rationale,
        body.active_ms,
    )
    stored = preferences.submit(session, assignment_id, person.id, answer, now)
    following = None
    if body.next:
        # who repeats a request did not hear what it leased: they get that, and not more
        lease = assignments.resume if stored.repeated else assignments.next_tasks
        tasks = lease(session, stored.project_id, person.id, body.next, now, settings.lease)
        following = _outs(session, tasks, render)
    return PreferenceOut(
        id=UUID(stored.id),
        assignment_id=stored.assignment_id,
        strength=stored.strength,
        late=stored.late,
        fills_slot=stored.slot,
        status=stored.status,
        assignments=following,
    )


@router.delete("/assignments/{assignment_id}/preference")
def withdraw_preference(
    assignment_id: Id,
    body: Held,
    person: Annotator,
    session: Db,
    now: Now,
    settings: Config,
    render: bool = False,
) -> AssignmentOut:
    """Takes your answer back; the comparison is leased to you again."""
    task = preferences.withdraw(session, assignment_id, person.id, body.lease_token, now, settings.lease)
    return out(task, render)


@router.put("/assignments/{assignment_id}/skip")
def skip_assignment(
    assignment_id: Id, body: Skip, person: Annotator, session: Db, now: Now, settings: Config, render: bool = False
) -> SkipOut:
    """Passes a comparison on to others."""
    row = assignments.skip(session, assignment_id, person.id, body.lease_token, body.reason)
    following = None
    if body.next:
        tasks = assignments.next_tasks(session, row.project_id, person.id, body.next, now, settings.lease)
        following = _outs(session, tasks, render)
    return SkipOut(assignment_id=assignment_id, reason=body.reason, assignments=following)


@router.delete("/assignments/{assignment_id}/skip")
def unskip_assignment(
    assignment_id: Id, body: Held, person: Annotator, session: Db, now: Now, settings: Config, render: bool = False
) -> AssignmentOut:
    """Takes a skip back, while the comparison is still free."""
    return out(assignments.unskip(session, assignment_id, person.id, body.lease_token, now, settings.lease), render)


@router.delete("/assignments/{assignment_id}/lease", status_code=204)
def give_back(assignment_id: Id, body: Held, person: Annotator, session: Db) -> None:
    """Gives a comparison back to the queue."""
    assignments.give_back(session, assignment_id, person.id, body.lease_token)
