"""Projects."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.domain import projects, quality
from app.stats.agreement import Estimate
from app.storage.base import LARGEST
from app.web.deps import Admin, Annotator, Db, InProject, Now, OfBatch, Reviewer

router = APIRouter(tags=["projects"])


class Settable(BaseModel):
    """What may be set of a project. A new `overlap` or `spread` holds for what is uploaded from then on; nobody judges
    more than `max_per_annotator` comparisons (null: no limit)."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
    name: str = Field("", max_length=200)
    guidelines: str = Field("", max_length=projects.LONGEST_GUIDELINES)
    overlap: int = Field(1, ge=1, le=100)
    base_model: str = Field("", max_length=500)
    retrain_every: int = Field(0, ge=0, le=projects.MOST_RETRAIN)
    max_per_annotator: int | None = Field(None, ge=1, le=LARGEST)
    spread: bool = False


class NewProject(Settable):
    """A project to be."""

    slug: str


class ProjectOut(Settable):
    """A project."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")
    id: int
    slug: str


class Interval(BaseModel):
    """An estimate with its 95 % interval over `n` comparisons; null where there is nothing to estimate from."""

    value: float | None
    low: float | None
    high: float | None
    n: int


class KappaOut(BaseModel):
    """Cohen's κ of two annotators."""

    first: str
    second: str
    value: float | None
    n: int


class AgreementOut(BaseModel):
    """Agreement; comparisons with one judgement are in `single` and in nothing else."""

    judgements: int
    comparisons: int
    single: int
    percent: Interval
    krippendorff_alpha_nominal: Interval
    krippendorff_alpha_ordinal: Interval
    fleiss_kappa: Interval
    fleiss_judgements: int
    cohens_kappa: list[KappaOut]


@router.post("/projects", status_code=201)
def create_project(body: NewProject, admin: Admin, session: Db, now: Now) -> ProjectOut:
    """A new project."""
    options = body.model_dump(exclude={"slug", "name"})
    return ProjectOut.model_validate(projects.create(session, body.slug, body.name, now, **options))


@router.get("/projects")
def list_projects(person: Annotator, session: Db) -> list[ProjectOut]:
    """All projects."""
    return [ProjectOut.model_validate(project) for project in projects.everything(session)]


@router.get("/projects/{slug}")
def get_project(person: Annotator, project: InProject) -> ProjectOut:
    """One project."""
    return ProjectOut.model_validate(project)


@router.put("/projects/{slug}")
def configure_project(body: Settable, admin: Admin, project: InProject) -> ProjectOut:
    """Sets a project's settings."""
    projects.configure(project, **body.model_dump())
    return ProjectOut.model_validate(project)


@router.get("/projects/{slug}/agreement")
def agreement(person: Reviewer, project: InProject, session: Db, batch: OfBatch = None) -> AgreementOut:
    """How far people agree, in the project or one batch."""
    found = quality.agreement(session, project, batch)
    return AgreementOut(
        judgements=found.judgements,
        comparisons=found.comparisons,
        single=found.single,
        percent=_interval(found.percent),
        krippendorff_alpha_nominal=_interval(found.alpha_nominal),
        krippendorff_alpha_ordinal=_interval(found.alpha_ordinal),
        fleiss_kappa=_interval(found.fleiss),
        fleiss_judgements=found.fleiss_of,
        cohens_kappa=[
            KappaOut(first=kappa.first, second=kappa.second, value=_number(kappa.value), n=kappa.n)
            for kappa in found.cohen
        ],
    )


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def _interval(found: Estimate) -> Interval:
    return Interval(value=_number(found.value), low=_number(found.low), high=_number(found.high), n=found.n)
