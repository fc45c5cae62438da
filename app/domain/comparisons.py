"""One comparison with all that is known of it, for those who look after a study."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import finding, reward_models
from app.domain.errors import NotFound
from app.domain.finding import Standing
from app.storage import finding as walks
from app.storage.batches import Batch, Comparison, Prompt, Response
from app.storage.bulk import among
from app.storage.comparisons import Assignment, Preference, PreferenceHistory
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.training import TrainingRun
from app.vocabulary import AssignmentState

PAST = 100  # judgements that no longer count; somebody may revise theirs as often as they like


@dataclass(frozen=True)
class Judgement:
    """What somebody said of the comparison, strengths from a to b; `swapped` when b stood on the left.

    `extra`: it came beside those that the overlap asks for. One that no longer counts tells `why` (revised, withdrawn,
    superseded) and since when, `until`.
    """

    person: Person
    strength: int
    swapped: bool
    acceptable_a: bool | None
    acceptable_b: bool | None
    criteria: dict[str, int]
    flags: list[str]
    rationale: str | None
    started_at: datetime | None
    submitted_at: datetime | None
    received_at: datetime | None
    active_ms: int | None
    late: bool
    imported: bool = False
    extra: bool = False
    why: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Model:
    """What the current reward model makes of it; `a` and `b` are None where the run had not seen the responses."""

    run: TrainingRun
    a: float | None
    b: float | None

    @property
    def margin(self) -> float | None:
        """By how much b's reward is above a's."""
        return None if self.a is None or self.b is None else self.b - self.a


@dataclass(frozen=True)
class Dossier:
    """Everything about one comparison. `held` and `skipped` are the slots that somebody has or passed on, with them;
    `free` is how many wait for anybody, `lapsed` how many leases ran out; `pinned` is for whom a free one is kept."""

    comparison: Comparison
    batch: Batch
    prompt: Prompt
    a: Response
    b: Response
    judgements: list[Judgement]
    past: list[Judgement]
    standing: Standing | None
    held: list[tuple[Assignment, Person]]
    skipped: list[tuple[Assignment, Person]]
    free: int
    lapsed: int
    pinned: Person | None
    model: Model | None


def get(session: Session, project: Project, comparison_id: int) -> Comparison:
    """The comparison; raises NotFound for one of another project too."""
    comparison = session.get(Comparison, comparison_id)
    if comparison is None or comparison.project_id != project.id:
        raise NotFound("There is no comparison %(number)s in %(slug)r.", number=comparison_id, slug=project.slug)
    return comparison


def dossier(session: Session, project: Project, comparison_id: int, now: datetime) -> Dossier:
    """Everything about the comparison; raises NotFound."""
    comparison = get(session, project, comparison_id)
    rows = list(
        session.scalars(
            select(Assignment)
            .where(Assignment.comparison_id == comparison.id)
            .order_by(Assignment.leased_at, Assignment.id)
        )
    )
    people = _people(session, rows)
    by_state = {state: [row for row in rows if row.state == state] for state in AssignmentState}

    def held_by(state: AssignmentState) -> list[tuple[Assignment, Person]]:
        return [(row, people[row.annotator_id]) for row in by_state[state] if row.annotator_id is not None]

    leased = held_by(AssignmentState.leased)
    held = [(row, person) for row, person in leased if (row.lease_expires_at or now) > now]
    return Dossier(
        comparison=comparison,
        batch=session.get_one(Batch, comparison.batch_id),
        prompt=session.get_one(Prompt, comparison.prompt_id),
        a=session.get_one(Response, comparison.response_a_id),
        b=session.get_one(Response, comparison.response_b_id),
        judgements=_judgements(session, comparison, {row.id: row for row in rows}, people),
        past=_past(session, rows, people),
        standing=finding.standings(session, [comparison.id]).get(comparison.id),
        held=held,
        skipped=held_by(AssignmentState.skipped),
        free=len(by_state[AssignmentState.open]) + len(leased) - len(held),
        lapsed=len(by_state[AssignmentState.expired]),
        pinned=next((people[row.pinned_to] for row in by_state[AssignmentState.open] if row.pinned_to), None),
        model=_model(session, project, comparison),
    )


def _people(session: Session, rows: Sequence[Assignment]) -> dict[int, Person]:
    ids = {number for row in rows for number in (row.annotator_id, row.pinned_to) if number is not None}
    return {person.id: person for person in session.scalars(select(Person).where(among(session, Person.id, [*ids])))}


def _judgements(
    session: Session, comparison: Comparison, rows: dict[int, Assignment], people: dict[int, Person]
) -> list[Judgement]:
    found = session.scalars(
        select(Preference)
        .where(Preference.comparison_id == comparison.id)
        .order_by(Preference.received_at, Preference.assignment_id)
    )
    return [
        Judgement(
            person=people[one.annotator_id],
            strength=one.strength,
            swapped=one.swapped,
            acceptable_a=one.acceptable_a,
            acceptable_b=one.acceptable_b,
            criteria=one.criteria or {},
            flags=one.flags or [],
            rationale=one.rationale,
            started_at=one.started_at,
            submitted_at=one.submitted_at,
            received_at=one.received_at,
            active_ms=one.active_ms,
            late=one.late,
            imported=one.imported,
            extra=rows[one.assignment_id].slot is None,
        )
        for one in found
    ]


def _past(session: Session, rows: Sequence[Assignment], people: dict[int, Person]) -> list[Judgement]:
    """Those that no longer count, the newest first."""
    wanted = select(PreferenceHistory).where(among(session, PreferenceHistory.assignment_id, [row.id for row in rows]))
    found = session.scalars(wanted.order_by(PreferenceHistory.at.desc()).limit(PAST))
    return [_of_past(one, people[one.annotator_id]) for one in found]


def _of_past(one: PreferenceHistory, person: Person) -> Judgement:
    said: dict[str, Any] = one.content
    started_at, submitted_at, received_at = (
        _instant(said[f"{name}_at"]) for name in ("started", "submitted", "received")
    )
    return Judgement(
        person=person,
        strength=said["strength"],
        swapped=said.get("swapped", False),  # older entries do not tell, nor of criteria and flags
        acceptable_a=said["acceptable_a"],
        acceptable_b=said["acceptable_b"],
        criteria=said.get("criteria") or {},
        flags=said.get("flags") or [],
        rationale=said["rationale"],
        started_at=started_at,
        submitted_at=submitted_at,
        received_at=received_at,
        active_ms=said["active_ms"],
        late=said["late"],
        why=one.why,
        until=one.at,
    )


def _instant(written: Any) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _model(session: Session, project: Project, comparison: Comparison) -> Model | None:
    run = reward_models.current(session, project.id)
    if run is None:
        return None
    rewards = walks.rewards(session, run.id, [comparison.response_a_id, comparison.response_b_id])
    return Model(run, rewards.get(comparison.response_a_id), rewards.get(comparison.response_b_id))
