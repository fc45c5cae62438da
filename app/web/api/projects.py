"""Projects."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.domain import asking, figures, projects
from app.domain.asking import Asks, Criterion
from app.domain.projects import Settings
from app.stats.agreement import Estimate
from app.storage.base import LARGEST
from app.storage.projects import Project
from app.vocabulary import Asked
from app.web.deps import Admin, Annotator, Db, InProject, Now, OfBatch, Reviewer

router = APIRouter(tags=["projects"])


class CriterionIO(BaseModel):
    """One thing to compare the responses by. Its `key` names it in exports, for good; `name` and `hint` are shown."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
    key: str = Field(max_length=50)
    name: str = Field(max_length=100)
    hint: str = Field("", max_length=300)


class AsksIO(BaseModel):
    """What a judgement has beside its strength: whether each response is `acceptable` on its own, a strength for each of
    the `criteria`, a `rationale` of at least `rationale_least` characters where it is required, and `flags`."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
    acceptable: bool = False
    criteria: list[CriterionIO] = Field([], max_length=asking.MOST_CRITERIA)
    rationale: Asked = Asked.no
    rationale_least: int = Field(1, ge=1, le=asking.LONGEST_LEAST)
    flags: bool = False


class Settable(BaseModel):
    """What may be set of a project. A new `overlap` or `spread` holds for what is uploaded from then on; nobody judges
    more than `max_per_annotator` comparisons (null: no limit). What it `asks` holds for what is handed out from then on.
    With a `pass_mark`, in percent of the quiz, only those judge who have qualified: it asks `quiz_questions` (null: all
    there are, at most 50), in at most `quiz_attempts` (null: no limit). `session_goal` is how many judgements the desk
    suggests for one sitting."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
    name: str = Field("", max_length=200)
    guidelines: str = Field("", max_length=projects.LONGEST_GUIDELINES)
    overlap: int = Field(1, ge=1, le=100)
    base_model: str = Field("", max_length=500)
    retrain_every: int = Field(0, ge=0, le=projects.MOST_RETRAIN)
    max_per_annotator: int | None = Field(None, ge=1, le=LARGEST)
    spread: bool = False
    asks: AsksIO = AsksIO()
    pass_mark: int | None = Field(None, ge=1, le=100)
    quiz_questions: int | None = Field(None, ge=1, le=projects.MOST_QUIZ_QUESTIONS)
    quiz_attempts: int | None = Field(None, ge=1, le=projects.MOST_QUIZ_ATTEMPTS)
    session_goal: int | None = Field(None, ge=1, le=projects.MOST_GOAL)


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
    return _out(projects.create(session, body.slug, now=now, **vars(_settings(body))))


@router.get("/projects")
def list_projects(person: Annotator, session: Db) -> list[ProjectOut]:
    """All projects."""
    return [_out(project) for project in projects.everything(session)]


@router.get("/projects/{slug}")
def get_project(person: Annotator, project: InProject) -> ProjectOut:
    """One project."""
    return _out(project)


@router.put("/projects/{slug}")
def configure_project(body: Settable, admin: Admin, project: InProject, now: Now) -> ProjectOut:
    """Sets a project's settings."""
    projects.configure(project, _settings(body), now)
    return _out(project)


@router.get("/projects/{slug}/agreement")
def agreement(person: Reviewer, project: InProject, session: Db, now: Now, batch: OfBatch = None) -> AgreementOut:
    """How far people agree, in the project or one batch. Where that takes long to work out it may be some minutes old."""
    found = figures.agreement(session, project, now, batch)
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


def _settings(body: Settable) -> Settings:
    asks = body.asks.model_dump()
    criteria = tuple(Criterion(**criterion) for criterion in asks.pop("criteria"))
    given = body.model_dump(include=set(Settable.model_fields) - {"asks"})
    return Settings(**given, asks=Asks(criteria=criteria, **asks))


def _out(project: Project) -> ProjectOut:
    found = projects.settings(project)
    given = vars(found) | {"asks": AsksIO.model_validate(found.asks)}
    return ProjectOut(id=project.id, slug=project.slug, **given)


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def _interval(found: Estimate) -> Interval:
    return Interval(value=_number(found.value), low=_number(found.low), high=_number(found.high), n=found.n)
