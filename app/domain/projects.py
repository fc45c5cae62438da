"""Projects and how far they are."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain import audit
from app.domain import guidelines as versions
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.text import plain
from app.storage import tallies
from app.storage.base import LARGEST
from app.storage.batches import Batch
from app.storage.projects import Project
from app.vocabulary import Act, BatchState

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
    max_per_annotator: int | None = None,
    spread: bool = False,
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
    project = Project(slug=slug, name="", guidelines="", guidelines_version=0, created_at=now)
    configure(
        project,
        name=name,
        overlap=overlap,
        guidelines=guidelines,
        base_model=base_model,
        retrain_every=retrain_every,
        max_per_annotator=max_per_annotator,
        spread=spread,
    )
    try:
        with session.begin_nested():
            session.add(project)
            session.flush()
            versions.keep(session, project, now)
    except IntegrityError as error:  # somebody else took the slug a moment ago
        raise Conflict(f"There is a project {slug!r} already.") from error
    audit.record(session, Act.project_created, slug, project_id=project.id)
    return project


def configure(
    project: Project,
    *,
    name: str,
    overlap: int,
    guidelines: str,
    base_model: str,
    retrain_every: int,
    max_per_annotator: int | None,
    spread: bool,
) -> None:
    """Sets what may be set; raises Invalid.

    A new `overlap` or `spread` holds for what is uploaded from then on. `max_per_annotator` (None: no limit) holds from
    the next claim on: who is past it gets nothing more, and may still answer what they hold.
    """
    if retrain_every < 0:
        raise Invalid("retrain_every", "must be 0 (never) or more")
    if retrain_every > MOST_RETRAIN:
        raise Invalid("retrain_every", f"is too large; at most {MOST_RETRAIN}")
    if len(guidelines) > LONGEST_GUIDELINES:
        raise Invalid("guidelines", f"is longer than {LONGEST_GUIDELINES} characters")
    if len(base_model) > 500:
        raise Invalid("base_model", "is longer than 500 characters")
    with audit.changes(project, Act.project_changed, project.slug, project.id):
        project.max_per_annotator, project.spread = checked_limit(max_per_annotator), spread
        project.name = plain(name, 200) or project.slug
        project.overlap = checked_overlap(overlap)
        versions.write(project, guidelines.replace("\x00", ""))
        project.base_model, project.retrain_every = plain(base_model, 500), retrain_every


def checked_overlap(overlap: int) -> int:
    """How many judgements a comparison wants, when it is such a number; raises Invalid."""
    if not 1 <= overlap <= 100:
        raise Invalid("overlap", "must be between 1 and 100")
    return overlap


def checked_limit(limit: int | None) -> int | None:
    """The most judgements of one annotator, when it is such a number or None (no limit); raises Invalid."""
    if limit is not None and not 1 <= limit <= LARGEST:
        raise Invalid("max_per_annotator", "must be 1 or more, or empty for no limit")
    return limit


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
    filled = tallies.filled(session, project.id)
    batches = session.execute(
        select(Batch.id, Batch.state, Batch.slots).where(
            Batch.project_id == project.id, Batch.state != BatchState.draft
        )
    ).all()
    done = sum(filled.get(batch_id, 0) for batch_id, _, _ in batches)
    total = sum(filled.get(batch_id, 0) if state == BatchState.closed else slots for batch_id, state, slots in batches)
    return Progress(done, total, tallies.judged(session, project.id, annotator_id))
