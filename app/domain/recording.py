"""Judgements that an import brings along, as rows: who gave them, what they said, and the tallies that count them."""

import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.pairs import Judgement, Pair
from app.storage import bulk, tallies
from app.storage.comparisons import Preference
from app.storage.people import Person
from app.vocabulary import Role

NAMES = 500  # a statement
REMEMBERED = 50_000  # annotators, and tallies
_PERSON = ("id", "project_id", "name", "role", "active", "created_at")
_PREFERENCE = (
    "id",
    "assignment_id",
    "project_id",
    "comparison_id",
    "annotator_id",
    "strength",
    "swapped",
    "rationale",
    "started_at",
    "submitted_at",
    "received_at",
    "late",
    "imported",
)


class Recorder:
    """Writes a chunk's judgements at once. `annotators` has the ids of those whom `meet` was given, by name;
    `accounts` are the ids of those among them who have an account, and `namesakes` has the account's id by that of the
    annotator whom an import named so before there was the account."""

    def __init__(self, session: Session, project_id: int, now: datetime) -> None:
        self._session, self._project_id, self._now = session, project_id, now
        self.annotators: dict[str, int] = {}
        self.accounts: set[int] = set()
        self.namesakes: dict[int, int] = {}
        self.judgements = 0
        self._preferences: list[bulk.Values] = []
        self._judged: Counter[tuple[int, int]] = Counter()
        self._filled: Counter[tuple[int, int]] = Counter()

    def meet(self, pairs: Iterable[Pair]) -> None:
        """Finds whoever judged these pairs, by email, else by the name that this project knows; adds who is new."""
        if len(self.annotators) > REMEMBERED:
            self.annotators.clear()
        names = {judgement.annotator for pair in pairs for judgement in pair.judgements} - self.annotators.keys()
        left = iter(sorted(names))
        while part := list(islice(left, NAMES)):
            of_project = (Person.project_id == self._project_id, Person.name.in_(part))
            named = select(Person.name, Person.id).where(*of_project)
            imported = {name: number for name, number in self._session.execute(named)}
            with_email = select(Person.email, Person.id).where(Person.email.in_(part))
            accounts = {email or "": number for email, number in self._session.execute(with_email)}
            self.annotators |= imported | accounts
            self.accounts |= set(accounts.values())
            self.namesakes |= {imported[name]: accounts[name] for name in imported.keys() & accounts.keys()}
        new = sorted(names - self.annotators.keys())
        ids = bulk.ids(self._session, Person, len(new))
        values = [
            (number, self._project_id, name, Role.annotator.value, False, self._now)
            for number, name in zip(ids, new, strict=True)
        ]
        bulk.insert(self._session, Person, _PERSON, values)
        self.annotators |= zip(new, ids, strict=True)

    def record(
        self, batch_id: int, comparison_id: int, assignment_id: int, judgement: Judgement, sign: int, filled: bool
    ) -> None:
        """Notes a judgement of a comparison of that batch; `sign` is −1 when a and b are the other way round there."""
        annotator = self.annotators[judgement.annotator]
        self._preferences.append(
            (
                str(uuid.uuid4()),
                assignment_id,
                self._project_id,
                comparison_id,
                annotator,
                sign * judgement.strength,
                False,
                judgement.rationale,
                judgement.started_at,
                judgement.submitted_at,
                self._now,
                False,
                True,
            )
        )
        self._judged[batch_id, annotator] += 1
        self._filled[batch_id, annotator] += filled

    def write(self) -> None:
        """Inserts what was noted."""
        bulk.insert(self._session, Preference, _PREFERENCE, self._preferences)
        self.judgements += len(self._preferences)
        self._preferences.clear()
        if len(self._judged) > REMEMBERED:
            self.count()

    def count(self) -> None:
        """Brings the tallies up to date; once after the last `write` at least."""
        tallies.count(self._session, [(*key, judged, self._filled[key]) for key, judged in self._judged.items()])
        self._judged.clear()
        self._filled.clear()
