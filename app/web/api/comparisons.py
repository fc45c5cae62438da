"""Finding a comparison, and pinning it to an annotator."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.domain import people, pins
from app.storage.base import LARGEST
from app.web.deps import Admin, Db, Id, InProject, Reviewer

router = APIRouter(tags=["comparisons"], prefix="/projects/{slug}/comparisons")


class ComparisonOut(BaseModel):
    """A comparison, by the id that the API knows it by and the one that its upload gave it."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    external_id: str | None
    batch_id: int


class Pin(BaseModel):
    """For whom one slot of the comparison is reserved."""

    model_config = ConfigDict(extra="forbid")
    person_id: int = Field(ge=1, le=LARGEST)


@router.get("")
def find_comparisons(
    person: Reviewer,
    project: InProject,
    session: Db,
    external_id: Annotated[str, Query(max_length=200, description="The id that the upload gave it")],
) -> list[ComparisonOut]:
    """The comparison that its upload gave this id, or none."""
    found = pins.named(session, project, external_id)
    return [] if found is None else [ComparisonOut.model_validate(found)]


@router.put("/{comparison_id}/pin", status_code=204)
def pin_comparison(comparison_id: Id, body: Pin, admin: Admin, project: InProject, session: Db) -> None:
    """Reserves one free slot of a comparison for a person, who is handed it before anything else; moves an earlier pin."""
    pins.pin(session, project, comparison_id, people.account(session, body.person_id))


@router.delete("/{comparison_id}/pin", status_code=204)
def unpin_comparison(comparison_id: Id, admin: Admin, project: InProject, session: Db) -> None:
    """Gives a pinned comparison to everybody again; the same again changes nothing."""
    pins.unpin(session, project, comparison_id)
