"""The queue: leasing the next comparisons, answering, skipping, taking back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.domain import asking, assignments, preferences, projects
from app.domain.assignments import Task
from app.domain.people import Caller
from app.domain.preferences import Stored
from app.operations import metrics
from app.storage.session import Session
from app.vocabulary import Flag
from app.web.deps import Id
from app.web.desks import AtDesk
from app.web.tasks import html

router = APIRouter(tags=["assignments"])
Strength = Annotated[int, Field(ge=-3, le=3, strict=True)]


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
    """Leased comparisons; fewer than asked for when there are no more. `asks_since`: when what a judgement has beside its
    strength last changed. `guidelines`: the number of their newest version, 0 for none."""

    assignments: list[AssignmentOut]
    asks_since: datetime | None
    guidelines: int


class Acceptable(BaseModel):
    """Whether each response is good enough on its own, as shown; null where it was not said."""

    model_config = ConfigDict(extra="forbid")
    left: bool | None = None
    right: bool | None = None


class Answer(BaseModel):
    """A judgement as shown: strength −3 (left much better) … 3 (right much better), and so for each of the project's
    criteria by its key. `flags` are for its reviewers. `next` leases that many more."""

    model_config = ConfigDict(extra="forbid")
    id: UUID
    lease_token: str
    strength: Strength
    acceptable: Acceptable = Acceptable()
    criteria: dict[str, Strength] = Field(default_factory=dict, max_length=asking.MOST_CRITERIA)
    flags: list[Flag] = Field(default_factory=list, max_length=len(Flag))
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


class Withdrawal(Held):
    """Which answer is taken back: that of this `id`, or without one whichever is stored."""

    id: UUID | None = None


async def out(task: Task, render: bool) -> AssignmentOut:
    """A task for the wire; texts are rendered outside of the event loop."""
    return AssignmentOut.model_construct(
        id=task.id,
        external_id=task.external_id,
        lease_token=task.lease_token,
        expires_at=task.expires_at,
        prompt=[Turn.model_construct(role=turn["role"], content=turn["content"]) for turn in task.prompt],
        left=task.left,
        right=task.right,
        html=await run_in_threadpool(html, task) if render else None,
    )


async def outs(tasks: list[Task], render: bool) -> list[AssignmentOut]:
    """What somebody asked for, on the wire."""
    metrics.leased(len(tasks))
    return [await out(task, render) for task in tasks]


def sent(body: BaseModel) -> Response:
    """A reply that need not be checked again."""
    return Response(body.__pydantic_serializer__.to_json(body), media_type="application/json")


@router.post("/projects/{slug}/assignments", response_model=AssignmentsOut)
async def lease_assignments(slug: str, body: Lease, desk: AtDesk, render: bool = False) -> Response:
    """Leases the next comparisons to you."""

    def work(session: Session, person: Caller) -> tuple[list[Task], datetime | None, int]:
        project = projects.get(session, slug)
        lease = assignments.resume if body.resume else assignments.next_tasks
        tasks = lease(session, project.id, person.id, body.count, desk.now, desk.lease)
        return tasks, project.asks_since, project.guidelines_version

    tasks, since, guidelines = await desk(work)
    return sent(
        AssignmentsOut.model_construct(assignments=await outs(tasks, render), asks_since=since, guidelines=guidelines)
    )


@router.put("/assignments/{assignment_id}/preference", response_model=PreferenceOut)
async def put_preference(assignment_id: Id, body: Answer, desk: AtDesk, render: bool = False) -> Response:
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
        body.criteria,
        tuple(body.flags),
    )

    def work(session: Session, person: Caller) -> tuple[Stored, list[Task] | None]:
        stored = preferences.submit(session, assignment_id, person.id, answer, desk.now)
        after = stored.project_id, person.id, body.next, stored.repeated
        return stored, assignments.following(session, *after, desk.now, desk.lease)

    stored, tasks = await desk(work)
    metrics.judgement("repeated" if stored.repeated else "late" if stored.late else "stored")
    reply = PreferenceOut.model_construct(
        id=body.id,
        assignment_id=stored.assignment_id,
        strength=stored.strength,
        late=stored.late,
        fills_slot=stored.slot,
        status=stored.status,
        assignments=None if tasks is None else await outs(tasks, render),
    )
    return sent(reply)


@router.delete("/assignments/{assignment_id}/preference", response_model=AssignmentOut)
async def withdraw_preference(assignment_id: Id, body: Withdrawal, desk: AtDesk, render: bool = False) -> Response:
    """Takes your answer back; the comparison is leased to you again.

    With the `id` of the answer a request that arrives late, or twice, takes back no newer one: then it changes nothing.
    """
    answer_id = None if body.id is None else str(body.id)

    def work(session: Session, person: Caller) -> Task:
        lease = body.lease_token, desk.now, desk.lease
        return preferences.withdraw(session, assignment_id, person.id, *lease, answer_id)

    return sent(await out(await desk(work), render))


@router.put("/assignments/{assignment_id}/skip", response_model=SkipOut)
async def skip_assignment(assignment_id: Id, body: Skip, desk: AtDesk, render: bool = False) -> Response:
    """Passes a comparison on to others."""

    def work(session: Session, person: Caller) -> list[Task] | None:
        row, repeated = assignments.skip(session, assignment_id, person.id, body.lease_token, body.reason)
        after = row.project_id, person.id, body.next, repeated
        return assignments.following(session, *after, desk.now, desk.lease)

    tasks = await desk(work)
    after = None if tasks is None else await outs(tasks, render)
    return sent(SkipOut.model_construct(assignment_id=assignment_id, reason=body.reason, assignments=after))


@router.delete("/assignments/{assignment_id}/skip", response_model=AssignmentOut)
async def unskip_assignment(assignment_id: Id, body: Held, desk: AtDesk, render: bool = False) -> Response:
    """Takes a skip back, while the comparison is still free."""

    def work(session: Session, person: Caller) -> Task:
        return assignments.unskip(session, assignment_id, person.id, body.lease_token, desk.now, desk.lease)

    return sent(await out(await desk(work), render))


@router.delete("/assignments/{assignment_id}/lease", status_code=204, response_class=Response)
async def give_back(assignment_id: Id, body: Held, desk: AtDesk) -> Response:
    """Gives a comparison back to the queue."""

    def work(session: Session, person: Caller) -> None:
        assignments.give_back(session, assignment_id, person.id, body.lease_token)

    await desk(work)
    return Response(status_code=204)
