"""A database in which everything has happened once: the demo project in the middle of its work, a study that asks for
everything there is, and a project in which nothing has happened yet."""

import io
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.domain import (
    asking,
    assignments,
    batches,
    demo,
    groups,
    importing,
    people,
    pins,
    preferences,
    projects,
    welcome,
)
from app.domain.asking import Asks, Criterion
from app.domain.importing import Upload
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.tables import Assignment, Comparison, Response
from app.vocabulary import Asked, BatchState, Flag, Role, SkipReason
from tests.conftest import Clock
from tests.tour import learning
from tests.tour.runs import make_runs

FULL, ASKS, FRESH = demo.SLUG, "harbour", "fresh"
DAYS = 12
LEASE = timedelta(minutes=30)
FOLK = {
    "admin": ("admin@demo.example", "Ada Lindqvist", Role.admin),
    "reviewer": ("reviewer@demo.example", "Ravi Menon", Role.reviewer),
    "annotator": ("annotator@demo.example", "Nora Haddad", Role.annotator),
    "mara": ("mara@demo.example", "Mara Lind", Role.annotator),
    "tomas": ("tomas@demo.example", "Tomás Ferreira", Role.annotator),
    "aiko": ("aiko@demo.example", "Aiko Tanaka", Role.annotator),
    "chidi": ("chidi@demo.example", "Chidi Obi", Role.annotator),
}
TASTE = {"slate": 1.2, "basalt": 0.7, "onyx": 0.1, "flint": -0.6, "jasper": -1.1}
NOISE = {"annotator": 0.8, "mara": 0.7, "tomas": 0.9, "aiko": 1.0, "chidi": 6.0}  # one judges as if by dice
WHY = (
    "The left one answers what was asked; the other only talks about it.",
    "Both are right, but this one can be read aloud to a child.",
    "It invents a source. I looked: there is no such paper.",
    "Shorter, and nothing is missing.",
    "The code does not run: `items` is never defined.",
)
EVERYTHING = Asks(
    acceptable=True,
    criteria=(
        Criterion("helpful", "Helpful", "Does it do what was asked?"),
        Criterion("honest", "Honest", "Is what it says true, and does it say what it does not know?"),
    ),
    rationale=Asked.required,
    rationale_least=10,
    flags=True,
)
GUIDELINES = """# Answers for the harbour office

Prefer the answer that a **visitor at the counter** could act on.

1. Wrong times or fees are worse than missing ones.
2. A polite refusal beats an invented answer.

| case | answer |
|---|---|
| no timetable in the prompt | say so |
| storm warning | safety first |
"""
HARBOUR = (
    ("When does the last ferry to the island leave?", "At 21:40, from pier 3. On Sundays at 20:10.", "In the evening."),
    ("May I bring a bicycle on board?", "Yes, for 4 euros; there is room for twelve.", "Bicycles are fun to ride."),
    (
        "Is the harbour master's office open on Mondays?",
        "I do not know: the hours are not in what I was given.",
        "Yes!",
    ),
    ("How do I report a drifting buoy?", "Call channel 16, give its number and where you saw it.", "Swim to it."),
    ("What does a berth cost for a night?", "28 euros for up to ten metres, electricity included.", "It depends."),
    ("Can my dog come along?", "Yes, on a lead, on the outer deck.", "Dogs are mammals."),
    ("Is there a storm warning today?", "I cannot see today's forecast. Ask on channel 72.", "No, the sea is calm."),
    ("Where can I fill up with drinking water?", "At the tap beside pier 1, until 18:00.", "Water is wet."),
)


@dataclass
class World:
    """What is where. `values` has, by the slug of a project, everything that can stand in a path below it, by the name of
    the parameter, or by "before/name" where only that stands behind a part "before"; under "" stands what belongs to no
    project. `secrets` are session cookies by name, `ids` people's."""

    now: datetime
    values: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)


def build(sessions: sessionmaker[Session], now: datetime) -> World:
    """Fills an empty, migrated database with what happened until `now`."""
    world, clock, draw = World(now), Clock(), random.Random(4)
    clock.now = now - timedelta(days=DAYS)
    with sessions.begin() as session:
        session.info.update(clock=clock, actor="the tour")
        folk = _folk(session, world, clock)
        session.info["actor"] = folk["admin"]
        full = projects.get(session, FULL)
        fresh = projects.create(session, FRESH, "A project in which nothing has happened", clock())
        asks = _asking(session, folk, clock)
        group = _group(session, folk, clock)
        more = _more_batches(session, full, group, folk, clock)
        for day in range(DAYS):
            _work(session, full, folk, clock, draw, 13)
            if day == DAYS // 2:
                _accidents(session, full, folk, clock)
        _work(session, asks, folk, clock, draw, 12)
        clock.now = now - timedelta(hours=2)
        runs = make_runs(session, full, folk["admin"], clock)
        _hold(session, full, folk, clock)
        pinned = _pin(session, full, folk)
        clock.now = now
        own, asked = (_judged(session, project, folk["annotator"]) for project in (full, asks))
        world.values[FULL] = {
            "slug": [FULL],
            "batch_id": [batches.of_project(session, full)[-1].id, *(batch.id for batch in more)],
            "comparison_id": [own.comparison_id, pinned],
            "run_id": [run.id for run in runs],
            "assignment_id": [own.id],
        }
        world.values[ASKS] = {
            "slug": [ASKS],
            "batch_id": [asked.batch_id],
            "comparison_id": [asked.comparison_id],
            "assignment_id": [asked.id],
        }
        world.values[FRESH] = {"slug": [fresh.slug]}
        world.values[learning.SLUG] = learning.make(session, folk, clock, _take)
        people.create_token(session, folk["annotator"], "a notebook", clock())
        guest, _ = people.add(session, "guest@demo.example", "Guest", Role.annotator, clock())
        world.values[""] = {
            "group_id": [group.id],
            "person_id": [world.ids["mara"], world.ids["admin"]],
            "secret": [people.invite(session, guest, clock())],
        }
        world.secrets = {name: people.open_session(session, folk[name], clock()) for name in folk}
    return world


def _folk(session: Session, world: World, clock: Clock) -> dict[str, Person]:
    welcome.welcome(session, clock())
    found = {}
    for name, (email, called, role) in FOLK.items():
        found[name], _ = people.add(session, email, called, role, clock())
        found[name].name = called
        world.ids[name] = found[name].id
    gone, _ = people.add(session, "gone@demo.example", "Gone Away", Role.annotator, clock())
    people.change(session, gone, active=False)
    return found


def _take(session: Session, project: Project, clock: Clock, rows: list[Any], name: str, **upload: Any) -> Any:
    content = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    file = io.BytesIO(content.encode())
    return importing.import_file(session, project, file, Upload(name, f"{name}.jsonl", **upload), clock()).batch


def _asking(session: Session, folk: dict[str, Person], clock: Clock) -> Project:
    """A small project that asks for everything beside the strength, with gold in it."""
    project = projects.create(
        session, ASKS, "Answers for the harbour office", clock(), overlap=3, guidelines=GUIDELINES
    )
    project.asks, project.asks_since, project.session_goal = asking.written(EVERYTHING), clock(), 20
    rows = [
        {"id": f"harbour-{n}", "prompt": prompt, "response_a": good, "response_b": bad, "generator_a": "slate"}
        | ({"gold": "a"} if n % 4 == 0 else {})
        for n, (prompt, good, bad) in enumerate(HARBOUR)
    ]
    _take(session, project, clock, rows, "Counter questions", created_by=folk["admin"].id)
    return project


def _group(session: Session, folk: dict[str, Person], clock: Clock) -> Any:
    group = groups.create(session, "Speakers of Portuguese", clock())
    for name in ("tomas", "mara"):
        groups.add(session, group, folk[name])
    groups.create(session, "Nobody yet", clock())
    return group


def _more_batches(session: Session, full: Project, group: Any, folk: dict[str, Person], clock: Clock) -> list[Any]:
    """A draft with rows that were refused, a paused one for a group, a closed one that came judged."""
    boss = folk["admin"].id
    pair = {"prompt": "Name a river.", "response_a": "The Tagus.", "response_b": "Paris."}
    bad = ["{broken", {"prompt": "", "response_a": "a", "response_b": "b"}, pair | {"response_b": "The Tagus."}]
    draft = _take(session, full, clock, [pair, *bad], "Second round", opened=False, created_by=boss)
    paused = _take(session, full, clock, [pair | {"prompt": "Diga um rio."}], "Em português", created_by=boss)
    batches.configure(session, paused, priority=5, max_per_annotator=2, group_id=group.id)
    batches.change(session, paused, BatchState.paused)
    judged = [
        {"prompt": f"Is {n} prime?", "response_a": "Yes.", "response_b": "No.", "id": f"prime-{n}", "gold": "a"}
        | {"metadata": {"source": "quiz", "n": n}}
        | {"annotations": [{"annotator": name, "strength": s, "rationale": WHY[n % 5]} for name, s in _said(n)]}
        for n in (7, 11, 13, 17)
    ]
    closed = _take(session, full, clock, judged, "Pilot from a spreadsheet", created_by=boss)
    batches.change(session, closed, BatchState.closed)
    return [draft, paused, closed]


def _said(n: int) -> Iterator[tuple[str, int]]:
    return iter((("ann", -3), ("ben", -1 if n % 3 else 2), ("mara@demo.example", -2)))


def _work(
    session: Session, project: Project, folk: dict[str, Person], clock: Clock, draw: random.Random, each: int
) -> None:
    """A day on which three people judge so many comparisons in all, each as it is to their taste."""
    until = clock() + timedelta(days=1)
    names = ["annotator", *draw.sample(sorted(NOISE.keys() - {"annotator"}), 2)]
    for turn in range(each):
        name = names[turn % 3]
        found = assignments.next_tasks(session, project.id, folk[name].id, 1, clock(), LEASE)
        if not found:
            continue
        seconds = draw.uniform(15, 90)
        clock.forward(seconds=seconds)
        _answer(session, found[0], folk[name], clock, draw, NOISE[name], seconds)
    clock.now = max(until, clock())


def _answer(
    session: Session, task: Any, person: Person, clock: Clock, draw: random.Random, noise: float, seconds: float
) -> None:
    row = session.get_one(Assignment, task.id)
    comparison = session.get_one(Comparison, row.comparison_id)
    left, right = (TASTE.get(generator or "", 0) for generator in _generators(session, comparison, row.swapped))
    strength = max(-3, min(3, round(right - left + draw.gauss(0, noise))))
    given = preferences.Answer(
        str(uuid.UUID(int=draw.getrandbits(128), version=4)),
        task.lease_token,
        strength,
        rationale=draw.choice(WHY) if draw.random() < 0.4 else None,
        active_ms=int(seconds * 900),
    )
    if asked := session.get_one(Project, row.project_id).asks:
        keys = [criterion["key"] for criterion in asked["criteria"]]
        given = replace(
            given,
            acceptable_left=strength <= 0 or draw.random() < 0.3,
            acceptable_right=strength >= 0 or draw.random() < 0.3,
            criteria={key: max(-3, min(3, strength + draw.randint(-1, 1))) for key in keys},
            rationale=draw.choice(WHY),
            flags=(draw.choice(list(Flag)),) if draw.random() < 0.4 else (),
        )
    preferences.submit(session, task.id, person.id, given, clock())
    session.flush()


def _generators(session: Session, comparison: Comparison, swapped: bool) -> tuple[str | None, str | None]:
    ids = (comparison.response_a_id, comparison.response_b_id)
    a, b = (session.get_one(Response, number).generator for number in ids)
    return (b, a) if swapped else (a, b)


def _accidents(session: Session, project: Project, folk: dict[str, Person], clock: Clock) -> None:
    """What does not go as it should: a skip, an answer that was taken back and given anew, one that came late."""
    mara, tomas = folk["mara"], folk["tomas"]
    first, second = assignments.next_tasks(session, project.id, mara.id, 2, clock(), LEASE)
    assignments.skip(session, first.id, mara.id, first.lease_token, SkipReason.not_my_field)
    _submit(session, second, mara, clock, 3)
    preferences.withdraw(session, second.id, mara.id, second.lease_token, clock(), LEASE)
    _submit(session, second, mara, clock, -2)
    _submit(session, second, mara, clock, -1)
    (late,) = assignments.next_tasks(session, project.id, tomas.id, 1, clock(), LEASE)
    clock.forward(minutes=45)
    assignments.sweep(session, clock())
    _submit(session, late, tomas, clock, 2)


def _submit(session: Session, task: Any, person: Person, clock: Clock, strength: int) -> None:
    clock.forward(seconds=20)
    given = preferences.Answer(str(uuid.uuid4()), task.lease_token, strength, rationale=WHY[0], active_ms=18_000)
    preferences.submit(session, task.id, person.id, given, clock())


def _judged(session: Session, project: Project, person: Person) -> Assignment:
    """What this person judged first in the project."""
    done = select(Assignment).where(Assignment.project_id == project.id, Assignment.annotator_id == person.id)
    return session.scalars(done.where(Assignment.state == "done").order_by(Assignment.id).limit(1)).one()


def _hold(session: Session, project: Project, folk: dict[str, Person], clock: Clock) -> None:
    for name in ("aiko", "chidi"):
        assignments.next_tasks(session, project.id, folk[name].id, 2, clock() + timedelta(hours=2), LEASE)


def _pin(session: Session, project: Project, folk: dict[str, Person]) -> int:
    """The last comparison that nobody has had waits for one of them."""
    free = select(Assignment.comparison_id).where(Assignment.project_id == project.id, Assignment.state == "open")
    number = session.scalars(free.order_by(Assignment.id.desc()).limit(1)).one()
    pins.pin(session, project, number, folk["mara"])
    return number
