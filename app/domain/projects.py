"""Projects and how far they are."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.text import plain
from app.storage.batches import Batch
from app.storage.comparisons import Assignment, Preference
from app.storage.projects import Project
from app.vocabulary import BatchState

MOST_RETRAIN = 1_000_000_000
LONGEST_GUIDELINES = 200_000
RESERVED = {"new"}  # /projects/new is the page that makes one
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,98}")


@dataclass(frozen=True)
class Progress:
    """How many of the judgements that the project's slots ask for are there, and how many are mine."""

    done: int
    total: int
    mine: int


def create(
    session: Session,
    slug: str,
    name: str,
    now: datetime,
    *,
    overlap: int = 1,
    guidelines: str = "",
    base_model: str = "",
    retrain_every: int = 0,
) -> Project:
    """A new project; raises Invalid, or Conflict when the slug is taken."""
    if not _SLUG.fullmatch(slug):
        raise Invalid(
            "slug", "needs lower-case letters, digits and hyphens, at most 99, starting with a letter or digit"
        )
    if slug in RESERVED:
        raise Invalid("slug", f"cannot be {slug!r}")
    if session.scalar(select(Project.id).where(Project.slug == slug)):
        raise Conflict(f"There is a project {slug!r} already.")
    project = Project(slug=slug, name="", guidelines="", created_at=now)
    configure(
        project, name=name, overlap=overlap, guidelines=guidelines, base_model=base_model, retrain_every=retrain_every
    )
    try:
        with session.begin_nested():
            session.add(project)
            session.flush()
    except IntegrityError as error:  # somebody else took the slug a moment ago
        raise Conflict(f"There is a project {slug!r} already.") from error
    return project


def configure(
    project: Project, *, name: str, overlap: int, guidelines: str, base_model: str, retrain_every: int
) -> None:
    """Sets what may be set; a new overlap holds for what is uploaded from then on. Raises Invalid."""
    if not 1 <= overlap <= 100:
        raise Invalid("overlap", "must be between 1 and 100")
    if retrain_every < 0:
        raise Invalid("retrain_every", "must be 0 (never) or more")
    if retrain_every > MOST_RETRAIN:
        raise Invalid("retrain_every", f"is too large; at most {MOST_RETRAIN}")
    if len(guidelines) > LONGEST_GUIDELINES:
        raise Invalid("guidelines", f"is longer than {LONGEST_GUIDELINES} characters")
    if len(base_model) > 500:
        raise Invalid("base_model", "is longer than 500 characters")
    project.name = plain(name, 200) or project.slug
    project.overlap, project.guidelines = overlap, guidelines.replace("\x00", "")
    project.base_model, project.retrain_every = plain(base_model, 500), retrain_every


def get(session: Session, slug: str) -> Project:
    """The project; raises NotFound."""
    project = session.scalar(select(Project).where(Project.slug == slug)) if _SLUG.fullmatch(slug) else None
    if project is None:
        raise NotFound(f"There is no project {slug!r}.")
    return project


def everything(session: Session) -> list[Project]:
    """All projects by name."""
    return list(session.scalars(select(Project).order_by(Project.name, Project.id)))


def progress(session: Session, project: Project, annotator_id: int) -> Progress:
    """Slots done and wanted in batches that are neither drafts nor closed, what was done in closed ones, and this annotator's own judgements."""
    counted = (
        select(Assignment.state, func.count())
        .join(Batch, Batch.id == Assignment.batch_id)
        .where(
            Assignment.project_id == project.id,
            Assignment.slot.is_not(None),
            Batch.state != BatchState.draft,
            or_(Batch.state != BatchState.closed, Assignment.state != "open"),
        )
        .group_by(Assignment.state)
    )
    states: dict[str, int] = {state: number for state, number in session.execute(counted)}
    mine = session.scalar(
        select(func.count())
        .select_from(Preference)
        .join(Assignment, Assignment.id == Preference.assignment_id)
        .where(Assignment.annotator_id == annotator_id, Assignment.project_id == project.id, Assignment.state == "done")
    )
    return Progress(states.get("done", 0), sum(states.values()), mine or 0)
