"""What is true of the queue: who holds what, what was acknowledged, what may be handed out, in which order."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from app.domain import people, projects
from app.domain.errors import Conflict
from app.storage import leases
from app.storage.tables import Group
from app.vocabulary import Role

LEASE = timedelta(minutes=30)
NAMES = ("ann", "bob", "cid")
LIVE = ("leased", "done", "skipped")


@dataclass
class Seat:
    """A row that somebody holds or has held."""

    id: int
    comparison: int
    person: int
    state: str
    slot: int | None
    swapped: bool
    token: str | None = None
    since: datetime | None = None
    expires: datetime | None = None
    pinned: int | None = None
    rank: int = 0


@dataclass
class Free:
    """A slot that nobody holds; `id` is that of its row, once it has been seen."""

    rank: int
    pinned: int | None = None
    id: int = 0


@dataclass
class Pair:
    """A comparison: its free slots by number."""

    id: int
    batch: int
    overlap: int
    free: dict[int, Free] = field(default_factory=dict)


@dataclass
class Rules:
    """What an admin has set for a batch."""

    state: str
    priority: int
    limit: int | None = None
    members_only: bool = False


@dataclass
class Kept:
    """An answer that was acknowledged; `strength` as it was shown, `why` when it no longer counts."""

    id: str
    seat: int
    comparison: int
    person: int
    strength: int
    acceptable: tuple[bool | None, bool | None]
    swapped: bool
    late: bool
    received: datetime
    imported: bool = False
    why: str | None = None

    @property
    def stored(self):
        """From a to b, as the database has it."""
        left, right = self.acceptable
        if self.swapped:
            return -self.strength, right, left
        return self.strength, left, right


class Model:
    """Begins with three people, a group for experts without members, and an empty project."""

    def __init__(self, sessions):
        super().__init__()
        self.sessions = sessions
        self.now = datetime(2026, 1, 5, 9, tzinfo=UTC)
        self.seats: dict[int, Seat] = {}
        self.pairs: dict[int, Pair] = {}
        self.rules: dict[int, Rules] = {}
        self.kept: dict[str, Kept] = {}
        self.limit: int | None = None
        self.uploads = 0
        with sessions.begin() as session:
            self.project = projects.create(session, "study", "", self.now).id
            self.people = [
                people.add(session, f"{name}@example.org", "", Role.annotator, self.now)[0].id for name in NAMES
            ]
            group = Group(name="experts", created_at=self.now)
            session.add(group)
            session.flush()
            self.group = group.id
        self.active = dict.fromkeys(self.people, True)
        self.members: set[int] = set()

    def act(self, work):
        """What `work` returns in a transaction of its own, a second later."""
        self.now += timedelta(seconds=1)
        with self.sessions.begin() as session:
            return work(session)

    def refused(self, work, error=Conflict):
        with pytest.raises(error):
            self.act(work)

    def live(self, comparison, person):
        found = [
            seat
            for seat in self.seats.values()
            if (seat.comparison, seat.person) == (comparison, person) and seat.state in LIVE
        ]
        assert len(found) <= 1
        return found[0] if found else None

    def settled(self, seat):
        """Whether what was judged stays as it is, since its batch is closed."""
        return seat.state == "done" and self.rules[self.pairs[seat.comparison].batch].state == "closed"

    def held(self, person):
        """What the person still holds a second from now, oldest first."""
        found = [
            seat
            for seat in self.seats.values()
            if seat.person == person and seat.state == "leased" and seat.expires > self.now + timedelta(seconds=1)
        ]
        return sorted(found, key=lambda seat: (seat.since, seat.id))

    def returns(self, seat, pinned):
        """The slot of a row is free again, before all others."""
        self.pairs[seat.comparison].free[seat.slot] = Free(leases.RETURNED, pinned)
        seat.slot = None
        self.unpinned(seat)

    def unpinned(self, seat):
        """What was reserved says nothing of where its annotator is in the queue, also once it is not any more."""
        if seat.pinned is not None:
            seat.pinned, seat.rank = None, leases.NOWHERE

    def ended(self, seat):
        """A lease that was ended from outside: its slot is free, its answer would be late."""
        if seat.state == "leased":
            self.returns(seat, seat.pinned)
            seat.state = "expired"

    def let_go(self, pair, keep=None):
        """What is reserved of the comparison is everybody's; free slots go to the front."""
        for slot, free in pair.free.items():
            if free.pinned is not None and slot != keep:
                pair.free[slot] = Free(leases.RETURNED)
        for seat in self.seats.values():
            if seat.comparison == pair.id and seat.state == "leased":
                self.unpinned(seat)

    def may_have(self, person, batch_id):
        """Whether rules and limits let the person have something of the batch."""
        mine = [kept.comparison for kept in self.kept.values() if kept.person == person and kept.why is None]
        mine += [
            seat.comparison
            for seat in self.seats.values()
            if seat.person == person and seat.state == "leased" and seat.expires > self.now
        ]
        batch = self.rules[batch_id]
        of_batch = sum(self.pairs[comparison].batch == batch_id for comparison in mine)
        return not (
            (self.limit is not None and len(mine) >= self.limit)
            or batch.state != "open"
            or (batch.limit is not None and of_batch >= batch.limit)
            or (batch.members_only and person not in self.members)
        )

    def claimable(self, person, sweeping=False):
        """The slots that the person may lease now, each with its place in the order."""
        found = {}
        handed = self.handed_before(person)
        for pair in self.pairs.values():
            batch = self.rules[pair.batch]
            if not self.may_have(person, pair.batch):
                continue
            live = self.live(pair.id, person)
            if live and not (sweeping and live.state == "leased" and live.expires <= self.now):
                continue
            free = dict(pair.free)
            if sweeping:
                for seat in self.seats.values():
                    if seat.comparison == pair.id and seat.state == "leased" and seat.expires <= self.now:
                        free[seat.slot] = Free(leases.RETURNED, seat.pinned)
            for slot, place in free.items():
                if place.pinned in (None, person):
                    passed = any(
                        (place.rank, place.id) < last
                        and (place.rank == leases.RETURNED) == (last[0] == leases.RETURNED)
                        for last in handed.get(pair.batch, [])
                    )
                    rank = 0 if place.pinned else place.rank  # what is reserved goes by age
                    order = 0 if place.pinned else 2 if passed else 1
                    found[pair.id, slot] = (order, -batch.priority, pair.batch, rank, place.id)
        return found

    def handed_before(self, person):
        """Where in the queue of each batch the person was: what is before that is handed to them last of all."""
        found = {}
        for seat in self.seats.values():
            if seat.person == person and seat.token and seat.pinned is None:
                found.setdefault(self.pairs[seat.comparison].batch, []).append((seat.rank, seat.id))
        return found
