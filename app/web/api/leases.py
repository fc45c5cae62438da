"""What is leased to whom."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.domain import leased
from app.domain.leased import Lease
from app.storage.base import LARGEST
from app.storage.people import label
from app.web.deps import Db, Id, InProject, Now, Reviewer

router = APIRouter(tags=["leases"], prefix="/projects/{slug}/leases")
MOST = 1000
Holder = Annotated[int | None, Query(ge=1, le=LARGEST, description="Only what this person holds")]


class LeaseOut(BaseModel):
    """A comparison that somebody holds. `pinned`: when the lease ends without an answer, it stays reserved for them."""

    assignment_id: int
    comparison_id: int
    external_id: str | None
    batch_id: int
    person_id: int
    annotator: str
    leased_at: datetime
    expires_at: datetime
    pinned: bool


@router.get("")
def list_leases(
    person: Reviewer, project: InProject, session: Db, now: Now, annotator: Holder = None
) -> list[LeaseOut]:
    """What is leased now, to whom and until when: the thousand oldest leases, those of one person with `annotator`."""
    return [_out(lease) for lease in leased.of_project(session, project, now, MOST, annotator)]


@router.delete("/{assignment_id}", status_code=204)
def release_lease(assignment_id: Id, person: Reviewer, project: InProject, session: Db) -> None:
    """Ends a lease: its slot goes to whoever comes next, and an answer that still comes is kept and marked late."""
    leased.release(session, project, assignment_id)


def _out(lease: Lease) -> LeaseOut:
    row = lease.assignment
    return LeaseOut(
        assignment_id=row.id,
        comparison_id=lease.comparison.id,
        external_id=lease.comparison.external_id,
        batch_id=lease.batch.id,
        person_id=lease.person.id,
        annotator=label(lease.person),
        leased_at=row.leased_at,
        expires_at=row.lease_expires_at,
        pinned=row.pinned_to is not None,
    )
