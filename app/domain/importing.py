"""Takes an upload in: every good row becomes comparisons, slots and judgements; every bad one is reported.

The caller's transaction holds the whole batch: when anything breaks, nothing of it stays.
"""

import hashlib
import secrets
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import insert, select, tuple_
from sqlalchemy.orm import Session, aliased

from app.domain import rows
from app.domain.errors import DuplicateUpload, Invalid, UploadError
from app.domain.reading import Line, read
from app.domain.text import plain
from app.storage.batches import Batch, Comparison, Prompt, Response, RowError
from app.storage.comparisons import Assignment, Preference
from app.storage.people import Person
from app.storage.projects import Project
from app.vocabulary import BatchState, Role

CHUNK = 500
REPORTED = 10_000


@dataclass(frozen=True)
class Upload:
    """What to do with a file. `limit` is the greatest unpacked size in bytes."""

    name: str
    file_name: str
    opened: bool = True
    priority: int = 0
    pairs_per_prompt: int | None = None
    again: bool = False
    created_by: int | None = None
    limit: int = 4_000_000_000


@dataclass
class Report:
    """What became of an upload."""

    batch: Batch
    errors: list[RowError] = field(default_factory=list)


def import_file(
    session: Session,
    project: Project,
    file: BinaryIO,
    upload: Upload,
    now: datetime,
) -> Report:
    """Imports the file as one batch.

    Raises DuplicateUpload when the project has this very file already and `again` is not set, UploadError when it
    cannot be read as a whole or holds no rows. Row errors past the first 10 000 are counted, not listed.
    """
    digest = _file_digest(file)
    # one upload a project at a time; key_share leaves annotators' foreign keys alone
    session.execute(select(Project.id).where(Project.id == project.id).with_for_update(key_share=True))
    earlier = session.scalar(select(Batch).where(Batch.project_id == project.id, Batch.file_digest == digest).limit(1))
    if earlier is not None and not upload.again:
        raise DuplicateUpload(earlier.id, earlier.name)
    batch = Batch(
        project_id=project.id,
        name=plain(upload.name, 200) or plain(upload.file_name, 200) or "batch",
        state=BatchState.open if upload.opened else BatchState.draft,
        priority=upload.priority,
        file_digest=digest,
        created_by=upload.created_by,
        created_at=now,
        **dict.fromkeys(("rows", "comparisons", "judgements", "duplicates", "rejected"), 0),
    )
    session.add(batch)
    session.flush()
    report = Report(batch)
    importer = _Importer(session, project, report, now)
    pairs = _pairs(read(file, upload.file_name, upload.limit), upload, report)
    while chunk := list(islice(pairs, CHUNK)):
        importer.take(chunk)
        session.flush()
    if not batch.rows:
        raise UploadError("file", "holds no rows")
    session.add_all(report.errors)
    session.flush()
    return report


def _file_digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return digest


def _pairs(lines: Iterable[Line], upload: Upload, report: Report) -> Iterator[rows.Pair]:
    for line in lines:
        report.batch.rows += 1
        if line.fields is None:
            _reject(report, line.number, "", line.reason)
            continue
        try:
            for pair in rows.recognise(line.fields, upload.pairs_per_prompt):
                yield replace(pair, line=line.number)
        except Invalid as error:
            _reject(report, line.number, error.field, error.reason)


def _reject(report: Report, line: int, name: str, reason: str) -> None:
    report.batch.rejected += 1
    if report.batch.rejected <= REPORTED:
        clean = [text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd") for text in (name, reason)]
        report.errors.append(RowError(batch_id=report.batch.id, line=line, field=clean[0][:200], reason=clean[1][:500]))


class _Importer:
    """Turns chunks of pairs into rows, a handful of statements a chunk."""

    def __init__(self, session: Session, project: Project, report: Report, now: datetime) -> None:
        self.session, self.project, self.report, self.now = session, project, report, now
        self.batch = report.batch
        self.annotators: dict[str, int] = {}

    def take(self, pairs: list[rows.Pair]) -> None:
        """Imports a chunk; a pair that is there already only adds the judgements that are new."""
        first: dict[str, rows.Pair] = {}
        repeated: list[rows.Pair] = []
        for pair in pairs:
            if first.setdefault(pair.identity, pair) is not pair:
                repeated.append(pair)
        known = self._known(first)
        self._insert([pair for identity, pair in first.items() if identity not in known])
        again = [pair for identity, pair in first.items() if identity in known] + repeated
        self.batch.duplicates += len(again)
        judged = [pair for pair in again if pair.judgements]
        if judged:
            self._add_judgements(judged)

    def _known(self, identities: Iterable[str]) -> set[str]:
        wanted = select(Comparison.identity).where(
            Comparison.project_id == self.project.id, Comparison.identity.in_(list(identities))
        )
        return set(self.session.scalars(wanted))

    def _prompts(self, pairs: list[rows.Pair]) -> dict[str, int]:
        found = {rows.prompt_digest(pair.messages): pair.messages for pair in pairs}
        wanted = select(Prompt.digest, Prompt.id).where(
            Prompt.project_id == self.project.id, Prompt.digest.in_(list(found))
        )
        ids = {key: number for key, number in self.session.execute(wanted)}
        new = [
            {"project_id": self.project.id, "digest": digest, "messages": messages}
            for digest, messages in found.items()
            if digest not in ids
        ]
        return ids | self._insert_returning(Prompt, new, lambda row: row["digest"])

    def _responses(self, pairs: list[rows.Pair], prompts: list[int]) -> dict[tuple[int, str], int]:
        found = {
            (prompt, rows.response_digest(side)): side
            for pair, prompt in zip(pairs, prompts, strict=True)
            for side in (pair.a, pair.b)
        }
        ids: dict[tuple[int, str], int] = {}
        keys = iter(found)
        while part := list(islice(keys, 400)):
            wanted = select(Response.prompt_id, Response.digest, Response.id)
            for prompt, digest, number in self.session.execute(
                wanted.where(tuple_(Response.prompt_id, Response.digest).in_(part))
            ):
                ids[prompt, digest] = number
        new = [
            {"prompt_id": prompt, "digest": digest, "text": side.text, "generator": side.generator}
            for (prompt, digest), side in found.items()
            if (prompt, digest) not in ids
        ]
        return ids | self._insert_returning(Response, new, lambda row: (row["prompt_id"], row["digest"]))

    def _insert_returning(self, table: Any, values: list[dict[str, Any]], key: Callable[[Any], Any]) -> dict[Any, int]:
        if not values:
            return {}
        ids = self.session.scalars(insert(table).returning(table.id, sort_by_parameter_order=True), values)
        return {key(row): number for row, number in zip(values, ids, strict=True)}

    def _insert(self, pairs: list[rows.Pair]) -> None:
        if not pairs:
            return
        by_digest = self._prompts(pairs)
        prompts = [by_digest[rows.prompt_digest(pair.messages)] for pair in pairs]
        responses = self._responses(pairs, prompts)
        values = [
            {
                "project_id": self.project.id,
                "batch_id": self.batch.id,
                "prompt_id": prompt,
                "response_a_id": responses[prompt, rows.response_digest(pair.a)],
                "response_b_id": responses[prompt, rows.response_digest(pair.b)],
                "identity": pair.identity,
                "external_id": pair.external_id,
                "priority": pair.priority,
                "gold": pair.gold,
                "details": pair.metadata,
            }
            for pair, prompt in zip(pairs, prompts, strict=True)
        ]
        ids = self._insert_returning(Comparison, values, lambda row: row["identity"])
        self.batch.comparisons += len(ids)
        self._annotators(pairs)
        slots: list[dict[str, Any]] = []
        judgements: list[rows.Judgement | None] = []
        for pair in pairs:
            # drawn, so that nobody can work out from an id which response stands where; it alternates over the slots
            first = secrets.randbits(1)
            for slot in range(max(self.project.overlap, len(pair.judgements))):
                judgement = pair.judgements[slot] if slot < len(pair.judgements) else None
                slots.append(
                    {
                        "project_id": self.project.id,
                        "batch_id": self.batch.id,
                        "comparison_id": ids[pair.identity],
                        "slot": slot if slot < self.project.overlap else None,
                        "rank": -pair.priority,
                        "swapped": judgement is None and (first + slot) % 2 == 1,
                        "state": "open" if judgement is None else "done",
                        "annotator_id": None if judgement is None else self.annotators[judgement.annotator],
                    }
                )
                judgements.append(judgement)
        self._store(slots, judgements)

    def _store(self, slots: list[dict[str, Any]], judgements: list[rows.Judgement | None]) -> None:
        ids = self.session.scalars(insert(Assignment).returning(Assignment.id, sort_by_parameter_order=True), slots)
        values = [
            preference_values(self.project.id, slot, number, judgement, self.now)
            for slot, number, judgement in zip(slots, ids, judgements, strict=True)
            if judgement is not None
        ]
        if values:
            self.session.execute(insert(Preference), values)
            self.batch.judgements += len(values)

    def _annotators(self, pairs: list[rows.Pair]) -> None:
        names = {judgement.annotator for pair in pairs for judgement in pair.judgements} - self.annotators.keys()
        left = iter(sorted(names))
        while part := list(islice(left, CHUNK)):
            accounts = select(Person.email, Person.id).where(Person.email.in_(part))
            self.annotators |= {email or "": number for email, number in self.session.execute(accounts)}
            imported = select(Person.name, Person.id).where(Person.project_id == self.project.id, Person.name.in_(part))
            self.annotators |= {name: number for name, number in self.session.execute(imported)}
        new = [
            {
                "project_id": self.project.id,
                "name": name,
                "email": None,
                "role": Role.annotator.value,
                "active": False,
                "created_at": self.now,
            }
            for name in sorted(names - self.annotators.keys())
        ]
        self.annotators |= self._insert_returning(Person, new, lambda row: row["name"])

    def _add_judgements(self, pairs: list[rows.Pair]) -> None:
        """Adds to comparisons that are there; what is `a` in this row may be b over there."""
        self._annotators(pairs)
        a, b = aliased(Response), aliased(Response)
        found = {
            comparison.identity: (comparison, tuple(content))
            for comparison, *content in self.session.execute(
                select(Comparison, Prompt.digest, a.text, b.text)
                .join(Prompt, Prompt.id == Comparison.prompt_id)
                .join(a, a.id == Comparison.response_a_id)
                .join(b, b.id == Comparison.response_b_id)
                .where(
                    Comparison.project_id == self.project.id,
                    Comparison.identity.in_([pair.identity for pair in pairs]),
                )
            )
        }
        ids = [comparison.id for comparison, _ in found.values()]
        # waits for whoever is about to lease one of these, and keeps it from the others
        free = select(Assignment.id).where(Assignment.comparison_id.in_(ids), Assignment.state == "open")
        self.session.execute(free.order_by(Assignment.id).with_for_update())
        held = select(Assignment.comparison_id, Assignment.annotator_id).where(
            Assignment.comparison_id.in_(ids), Assignment.annotator_id.is_not(None), Assignment.state != "expired"
        )
        taken = {(comparison, annotator) for comparison, annotator in self.session.execute(held)}
        for pair in pairs:
            comparison, content = found[pair.identity]
            digest = rows.prompt_digest(pair.messages)
            straight, turned = (digest, pair.a.text, pair.b.text), (digest, pair.b.text, pair.a.text)
            if content not in (straight, turned):
                self.batch.duplicates -= 1
                _reject(self.report, pair.line, "id", "is that of a comparison with another prompt or other responses")
                continue
            for judgement in pair.judgements:
                key = (comparison.id, self.annotators[judgement.annotator])
                if key in taken:
                    continue
                taken.add(key)
                self._add(comparison, judgement, 1 if content == straight else -1)

    def _add(self, comparison: Comparison, judgement: rows.Judgement, sign: int) -> None:
        free = self.session.scalar(
            select(Assignment)
            .where(Assignment.comparison_id == comparison.id, Assignment.state == "open")
            .order_by(Assignment.slot)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if free is None:
            free = Assignment(
                project_id=self.project.id,
                batch_id=comparison.batch_id,
                comparison_id=comparison.id,
                slot=None,
                rank=-comparison.priority,
                swapped=False,
            )
            self.session.add(free)
        free.state, free.annotator_id, free.swapped = "done", self.annotators[judgement.annotator], False
        self.session.flush()
        slot = {"comparison_id": comparison.id, "annotator_id": free.annotator_id}
        values = preference_values(self.project.id, slot, free.id, judgement, self.now)
        self.session.execute(insert(Preference), [values | {"strength": sign * judgement.strength}])
        self.batch.judgements += 1


def preference_values(
    project_id: int, slot: dict[str, Any], assignment_id: int, judgement: rows.Judgement, now: datetime
) -> dict[str, Any]:
    """An imported judgement as a row of the preference table."""
    return {
        "id": str(uuid.uuid4()),
        "assignment_id": assignment_id,
        "project_id": project_id,
        "comparison_id": slot["comparison_id"],
        "annotator_id": slot["annotator_id"],
        "strength": judgement.strength,
        "acceptable_a": None,
        "acceptable_b": None,
        "rationale": judgement.rationale,
        "started_at": judgement.started_at,
        "submitted_at": judgement.submitted_at,
        "received_at": now,
        "active_ms": None,
        "late": False,
        "imported": True,
    }
