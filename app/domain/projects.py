"""Projects and how far they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain import asking, audit
from app.domain import guidelines as versions
from app.domain.asking import Asks
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.text import plain
from app.storage import tallies
from app.storage.base import LARGEST
from app.storage.projects import Project
from app.vocabulary import Act, BatchState

MOST_RETRAIN = 1_000_000_000
MOST_GOAL = 10_000
MOST_QUIZ_QUESTIONS = 50
MOST_QUIZ_ATTEMPTS = 100
LONGEST_GUIDELINES = 200_000
RESERVED = {"new"}  # /projects/new is the page that makes one
NOTHING = Asks()
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,98}")


@dataclass(frozen=True)
class Progress:
    """How many of the judgements that the project's slots ask for are there, and how many are mine."""

    done: int
    total: int
    mine: int


class More(TypedDict, total=False):
    """The Settings beside the name."""

    guidelines: str
    session_goal: int | None
    asks: Asks
    pass_mark: int | None
    quiz_questions: int | None
    quiz_attempts: int | None
    max_per_annotator: int | None
    overlap: int
    spread: bool
    base_model: str
    retrain_every: int


@dataclass(frozen=True)
class Settings:
    """What may be set of a project.

    `overlap` and `spread` hold for what is uploaded from then on. `max_per_annotator` (None: no limit) and `pass_mark`
    (None: nobody need qualify) hold from the next claim on, and take nothing from anybody; `quiz_questions` (None: all
    there are) and `quiz_attempts` (None: no limit) from the next attempt on. What `asks` says holds for
    what is handed out from then on; who holds something may answer it as it was asked.
    """

    name: str = ""
    guidelines: str = ""
    session_goal: int | None = None
    asks: Asks = NOTHING
    pass_mark: int | None = None
    quiz_questions: int | None = None
    quiz_attempts: int | None = None
    max_per_annotator: int | None = None
    overlap: int = 1
    spread: bool = False
    base_model: str = ""
    retrain_every: int = 0

    def differing(self, others: "Settings") -> list[str]:
        """The names of those that are not the same in both."""
        return [field.name for field in fields(self) if getattr(self, field.name) != getattr(others, field.name)]


def create(session: Session, slug: str, name: str, now: datetime, **more: Unpack[More]) -> Project:
    """A new project with those settings; raises Invalid, or Conflict when the slug is taken."""
    if not _SLUG.fullmatch(slug):
        raise Invalid(
            "slug", "needs lower-case letters, digits and hyphens, at most 99, starting with a letter or digit"
        )
    if slug in RESERVED:
        raise Invalid("slug", "cannot be %(slug)r", slug=slug)
    if session.scalar(select(Project.id).where(Project.slug == slug)):
        raise Conflict("There is a project %(slug)r already.", slug=slug)
    project = Project(slug=slug, name="", guidelines="", guidelines_version=0, created_at=now)
    configure(project, Settings(name=name, **more), now)
    try:
        with session.begin_nested():
            session.add(project)
            session.flush()
            versions.keep(session, project, now)
    except IntegrityError as error:  # somebody else took the slug a moment ago
        raise Conflict("There is a project %(slug)r already.", slug=slug) from error
    audit.record(session, Act.project_created, slug, project_id=project.id)
    return project


def settings(project: Project) -> Settings:
    """What is set of the project."""
    given = {field.name: getattr(project, field.name) for field in fields(Settings)}
    return Settings(**given | {"asks": asking.read(project.asks)})


def settle(session: Session, project: Project) -> Settings:
    """What is set of the project, read anew; nobody else sets anything until the transaction ends."""
    wanted = select(Project).where(Project.id == project.id).with_for_update(key_share=True)
    return settings(session.scalars(wanted.execution_options(populate_existing=True)).one())


def checked(project: Project, wanted: Settings) -> Settings:
    """The settings as they would be kept; raises Invalid."""
    if wanted.retrain_every < 0:
        raise Invalid("retrain_every", "must be 0 (never) or more")
    if wanted.retrain_every > MOST_RETRAIN:
        raise Invalid("retrain_every", "is too large; at most %(most)s", most=MOST_RETRAIN)
    if len(wanted.guidelines) > LONGEST_GUIDELINES:
        raise Invalid("guidelines", "is longer than %(most)s characters", most=LONGEST_GUIDELINES)
    if len(wanted.base_model) > 500:
        raise Invalid("base_model", "is longer than %(most)s characters", most=500)
    if wanted.pass_mark is not None and not 1 <= wanted.pass_mark <= 100:
        raise Invalid("pass_mark", "must be between 1 and 100, or empty where nobody need qualify")
    if wanted.quiz_questions is not None and not 1 <= wanted.quiz_questions <= MOST_QUIZ_QUESTIONS:
        raise Invalid("quiz_questions", "must be between 1 and %(most)s, or empty for all", most=MOST_QUIZ_QUESTIONS)
    if wanted.quiz_attempts is not None and not 1 <= wanted.quiz_attempts <= MOST_QUIZ_ATTEMPTS:
        raise Invalid("quiz_attempts", "must be between 1 and %(most)s, or empty for no limit", most=MOST_QUIZ_ATTEMPTS)
    if wanted.session_goal is not None and not 1 <= wanted.session_goal <= MOST_GOAL:
        raise Invalid("session_goal", "must be between 1 and %(most)s, or empty for none", most=MOST_GOAL)
    checked_limit(wanted.max_per_annotator)
    checked_overlap(wanted.overlap)
    return replace(
        wanted,
        name=plain(wanted.name, 200) or project.slug,
        guidelines=_as_forms_have_it(wanted.guidelines.replace("\x00", "")),
        base_model=plain(wanted.base_model, 500),
        asks=asking.read(asking.written(wanted.asks)),
    )


def _as_forms_have_it(text: str) -> str:
    """The text with the ends of lines that a form sends back: whoever saves something else makes no version of it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")


def configure(project: Project, wanted: Settings, now: datetime) -> None:
    """Sets all of it; raises Invalid."""
    wanted = checked(project, wanted)
    asks = asking.written(wanted.asks)
    asked_anew = asks != project.asks
    with audit.changes(project, Act.project_changed, project.slug, project.id):
        for field in fields(wanted):
            if field.name == "guidelines":
                versions.write(project, wanted.guidelines, now)
            else:
                setattr(project, field.name, asks if field.name == "asks" else getattr(wanted, field.name))
    if asked_anew:
        project.asks_since = now


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
        raise NotFound("There is no project %(slug)r.", slug=slug)
    return project


def everything(session: Session) -> list[Project]:
    """All projects by name."""
    return list(session.scalars(select(Project).order_by(Project.name, Project.id)))


def progress(session: Session, found: Sequence[Project], annotator_id: int) -> dict[int, Progress]:
    """By project id: slots done and wanted in batches that are neither drafts nor closed, what was done in closed ones, and
    this annotator's own judgements; one statement, however many projects there are."""
    sums = {project.id: (0, 0, 0) for project in found}
    for project_id, state, slots, filled, mine in tallies.by_batch(session, list(sums), annotator_id):
        done, total, own = sums[project_id]
        if state != BatchState.draft:
            done, total = done + filled, total + (filled if state == BatchState.closed else slots)
        sums[project_id] = done, total, own + mine
    return {project_id: Progress(*numbers) for project_id, numbers in sums.items()}
