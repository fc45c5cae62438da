"""Finding a comparison, reading what is known of it, and pinning it to an annotator."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.domain import comparisons, people, pins
from app.domain.comparisons import Dossier, Judgement
from app.storage.base import LARGEST
from app.storage.people import label
from app.web.deps import Admin, Db, Id, InProject, Now, Reviewer

router = APIRouter(tags=["comparisons"], prefix="/projects/{slug}/comparisons")


class ComparisonOut(BaseModel):
    """A comparison, by the id that the API knows it by and the one that its upload gave it."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    external_id: str | None
    batch_id: int


class JudgementOut(BaseModel):
    """What an annotator said; strengths are from a (−3) to b (3), `swapped` when b stood on the left. One that no longer
    counts says `why`, and since when, `until`."""

    annotator: str
    strength: int
    swapped: bool
    acceptable_a: bool | None
    acceptable_b: bool | None
    criteria: dict[str, int]
    flags: list[str]
    rationale: str | None
    started_at: datetime | None
    submitted_at: datetime | None
    active_ms: int | None
    late: bool
    imported: bool
    extra: bool
    why: str | None
    until: datetime | None


SAID = tuple(name for name in JudgementOut.model_fields if name != "annotator")


class ResponseOut(BaseModel):
    """A response; `reward` is the present model's, null where it has not scored it."""

    text: str
    generator: str | None
    reward: float | None


class WholeOut(ComparisonOut):
    """A comparison with all that is known of it; `run_id` is the training run whose rewards these are."""

    prompt: list[dict[str, str]]
    a: ResponseOut
    b: ResponseOut
    gold: str | None
    explanation: str | None
    metadata: dict[str, Any] | None
    held_out: bool | None
    judgements: list[JudgementOut]
    past: list[JudgementOut]
    run_id: int | None


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


@router.get("/{comparison_id}")
def read_comparison(comparison_id: Id, person: Reviewer, project: InProject, session: Db, now: Now) -> WholeOut:
    """A comparison with its texts, all judgements, those that no longer count, and the present model's rewards."""
    return _whole(comparisons.dossier(session, project, comparison_id, now))


@router.put("/{comparison_id}/pin", status_code=204)
def pin_comparison(comparison_id: Id, body: Pin, admin: Admin, project: InProject, session: Db) -> None:
    """Reserves one free slot of a comparison for a person, who is handed it before anything else; moves an earlier pin."""
    pins.pin(session, project, comparison_id, people.account(session, body.person_id))


@router.delete("/{comparison_id}/pin", status_code=204)
def unpin_comparison(comparison_id: Id, admin: Admin, project: InProject, session: Db) -> None:
    """Gives a pinned comparison to everybody again; the same again changes nothing."""
    pins.unpin(session, project, comparison_id)


def _whole(found: Dossier) -> WholeOut:
    one, model = found.comparison, found.model
    return WholeOut(
        id=one.id,
        external_id=one.external_id,
        batch_id=one.batch_id,
        prompt=found.prompt.messages,
        a=ResponseOut(text=found.a.text, generator=found.a.generator, reward=model.a if model else None),
        b=ResponseOut(text=found.b.text, generator=found.b.generator, reward=model.b if model else None),
        gold=one.gold,
        explanation=one.explanation,
        metadata=one.details,
        held_out=found.prompt.held_out,
        judgements=[_judgement(said) for said in found.judgements],
        past=[_judgement(said) for said in found.past],
        run_id=model.run.id if model else None,
    )


def _judgement(said: Judgement) -> JudgementOut:
    return JudgementOut(annotator=label(said.person), **{name: getattr(said, name) for name in SAID})
