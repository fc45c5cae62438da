"""Takes an upload in: every good row becomes comparisons, slots and judgements; every bad one is reported.

A file is read before the transaction begins (spooling.py). The caller's transaction then holds the whole batch: when
anything breaks, nothing of it stays.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import BinaryIO

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.domain import adding, audit
from app.domain.errors import DuplicateUpload, UploadError
from app.domain.pairs import Pair
from app.domain.projects import checked_overlap
from app.domain.recording import Recorder
from app.domain.spooling import Progress, Refused, Rows, Spool, silent
from app.domain.text import plain
from app.storage import bulk, leases
from app.storage.batches import Batch, Comparison, Prompt, Response, RowError
from app.storage.comparisons import Assignment, Preference
from app.storage.projects import Project
from app.storage.session import unhurried
from app.vocabulary import Act, BatchState, Purpose

COMPARISON = (
    "id",
    "project_id",
    "batch_id",
    "prompt_id",
    "response_a_id",
    "response_b_id",
    "identity",
    "external_id",
    "priority",
    "gold",
    "explanation",
    "metadata",
)
MUCH = 10_000  # new rows after which the planner's statistics are wrong


@dataclass(frozen=True)
class Upload:
    """What to do with a file. `limit` is the greatest unpacked size in bytes; `overlap` None is the project's. What is
    for practice or qualification is all gold and gets no slots, so that the queue never has it."""

    name: str
    file_name: str
    opened: bool = True
    priority: int = 0
    pairs_per_prompt: int | None = None
    overlap: int | None = None
    again: bool = False
    created_by: int | None = None
    limit: int = 4_000_000_000
    purpose: Purpose = Purpose.judging


@dataclass(frozen=True)
class Report:
    """What became of an upload; the refused rows by line, the first 10 000 of them."""

    batch: Batch
    errors: list[Refused]


def import_file(session: Session, project: Project, file: BinaryIO, upload: Upload, now: datetime) -> Report:
    """`check`, `read` and `store` in whatever transaction the session is. Who has others wait ends it after `check`."""
    with Rows(file) as found:
        check(session, project, found, upload)
        read(found, upload)
        return store(session, project, found, upload, now)


def check(session: Session, project: Project, found: Rows, upload: Upload) -> None:
    """Raises DuplicateUpload when the project has this very file already, unless `again` is set; and Invalid."""
    if upload.overlap is not None:
        checked_overlap(upload.overlap)
    wanted = select(Batch).where(Batch.project_id == project.id, Batch.file_digest == found.digest)
    if not upload.again and (earlier := session.scalar(wanted.limit(1))) is not None:
        raise DuplicateUpload(earlier.id, earlier.name)


def read(found: Rows, upload: Upload, progress: Progress = silent) -> None:
    """Reads the file; `progress` is told how many of its bytes. Raises UploadError when it cannot be read as a whole."""
    found.read(upload.file_name, upload.limit, upload.pairs_per_prompt, progress, upload.purpose)


def inspect(sample: bytes, upload: Upload, whole: bool) -> Rows:
    """The beginning of a file, or the whole of it, read and not kept: how many of its rows there are, and which would be
    refused. Raises UploadError when it cannot be read as a whole; at the end of a beginning, that is no fault."""
    with Rows(BytesIO(sample)) as found:
        try:
            read(found, upload)
        except UploadError:
            if whole or not found.rows:
                raise
        return found


def store(
    session: Session,
    project: Project,
    found: Rows,
    upload: Upload,
    now: datetime,
    progress: Progress = silent,
) -> Report:
    """Stores what was read as one batch; `progress` is told how many of its pairs are in.

    Raises what `check` raises. Row errors past the first 10 000 are counted, not listed.
    """
    unhurried(session.connection())
    # one upload a project at a time; key_share leaves annotators' foreign keys alone
    wanted = select(Project).where(Project.id == project.id).with_for_update(key_share=True)
    session.scalars(wanted.execution_options(populate_existing=True)).one()
    check(session, project, found, upload)
    batch = Batch(
        project_id=project.id,
        name=plain(upload.name, 200) or plain(upload.file_name, 200) or "batch",
        state=BatchState.open if upload.opened else BatchState.draft,
        purpose=upload.purpose,
        priority=upload.priority,
        overlap=project.overlap if upload.overlap is None else upload.overlap,
        file_digest=found.digest,
        created_by=upload.created_by,
        created_at=now,
        rows=found.rows,
        **dict.fromkeys(("comparisons", "slots", "judgements", "duplicates", "rejected"), 0),
    )
    session.add(batch)
    session.flush()
    with Spool() as later, bulk.growing(session):
        importer = _Importer(session, project, batch, found, later, now)
        done = 0
        for chunk in found.chunks():
            importer.take(chunk)
            done += len(chunk)
            progress(done, found.pairs + later.pairs)
        importer.finish(progress)
    errors = sorted(found.refused, key=lambda refused: refused.line)
    numbers = bulk.ids(session, RowError, len(errors))
    bulk.insert(
        session,
        RowError,
        ("id", "batch_id", "line", "field", "reason"),
        [(number, batch.id, e.line, e.field, e.reason) for number, e in zip(numbers, errors, strict=True)],
    )
    if batch.comparisons + batch.judgements >= MUCH:
        bulk.analyze(session, Prompt, Response, Comparison, Assignment, Preference)
    session.flush()
    counts = {name: getattr(batch, name) for name in ("rows", "comparisons", "judgements", "duplicates", "rejected")}
    audit.record(session, Act.batch_uploaded, batch.name, project_id=project.id, batch=batch.id, **counts)
    return Report(batch, errors)


class _Importer:
    """Turns chunks of pairs into rows, a handful of statements a chunk."""

    def __init__(
        self, session: Session, project: Project, batch: Batch, found: Rows, later: Spool, now: datetime
    ) -> None:
        self.session, self.batch, self.found, self.later = session, batch, found, later
        self.project_id, self.batch_id = project.id, batch.id
        # slots of a comparison
        self.overlap = batch.overlap if batch.purpose == Purpose.judging else 0
        self.spread = project.spread
        self.recorder = Recorder(session, project.id, now)
        self.accounts: set[int] = set()
        self.comparisons = self.duplicates = 0

    def take(self, pairs: list[Pair]) -> None:
        """Imports a chunk; the judgements of pairs that are there already wait for `finish`."""
        first: dict[str, Pair] = {}
        repeated: list[Pair] = []
        for pair in pairs:
            if first.setdefault(pair.identity, pair) is not pair:
                repeated.append(pair)
        known = self._known(list(first))
        self._insert([pair for identity, pair in first.items() if identity not in known])
        again = [pair for identity, pair in first.items() if identity in known] + repeated
        self.duplicates += len(again)
        judged = [pair for pair in again if pair.judgements]
        if judged:
            self.recorder.meet(judged)
            names = {judgement.annotator for pair in judged for judgement in pair.judgements}
            self.accounts |= {self.recorder.annotators[name] for name in names} & self.recorder.accounts
            for pair in judged:
                self.later.put([pair])

    def finish(self, progress: Progress) -> None:
        """Adds the judgements of what was there before, and counts.

        It comes last, since those whose accounts are named wait from here on; in one order, lest two imports wait for
        each other.
        """
        for account in sorted(self.accounts):
            leases.alone(self.session, account)
        done = self.found.pairs
        for chunk in self.later.chunks():
            for pair, reason in adding.add(self.session, self.project_id, chunk, self.recorder):
                self.duplicates -= 1
                self.found.refuse(pair.line, "id", reason)
            done += len(chunk)
            progress(done, self.found.pairs + self.later.pairs)
        self.recorder.count()
        self.batch.comparisons, self.batch.slots = self.comparisons, self.comparisons * self.overlap
        self.batch.judgements, self.batch.duplicates = self.recorder.judgements, self.duplicates
        self.batch.rejected = self.found.rejected

    def _known(self, identities: list[str]) -> set[str]:
        wanted = bulk.among(self.session, Comparison.identity, identities)
        known = select(Comparison.identity).where(Comparison.project_id == self.project_id, wanted)
        return set(self.session.scalars(known))

    def _insert(self, pairs: list[Pair]) -> None:
        if not pairs:
            return
        prompts, new = self._prompts(pairs)
        responses = self._responses(pairs, prompts, new)
        ids = bulk.ids(self.session, Comparison, len(pairs))
        values: list[bulk.Values] = []
        for number, pair in zip(ids, pairs, strict=True):
            prompt = prompts[pair.prompt.digest]
            sides = responses[prompt, pair.a.digest], responses[prompt, pair.b.digest]
            said = pair.identity, pair.external_id, pair.priority, pair.gold, pair.explanation, pair.metadata
            values.append((number, self.project_id, self.batch_id, prompt, *sides, *said))
        bulk.insert(self.session, Comparison, COMPARISON, values)
        self.comparisons += len(ids)
        self._slots(pairs, ids)

    def _prompts(self, pairs: list[Pair]) -> tuple[dict[str, int], set[int]]:
        """The ids by digest, and which of them are new."""
        found = {pair.prompt.digest: pair.prompt.messages for pair in pairs}
        wanted = bulk.among(self.session, Prompt.digest, list(found))
        there = select(Prompt.digest, Prompt.id).where(Prompt.project_id == self.project_id, wanted)
        known = {digest: number for digest, number in self.session.execute(there)}
        missing = [digest for digest in found if digest not in known]
        ids = bulk.ids(self.session, Prompt, len(missing))
        values = [(number, self.project_id, digest, found[digest]) for number, digest in zip(ids, missing, strict=True)]
        bulk.insert(self.session, Prompt, ("id", "project_id", "digest", "messages"), values)
        return known | dict(zip(missing, ids, strict=True)), set(ids)

    def _responses(self, pairs: list[Pair], prompts: dict[str, int], new: set[int]) -> dict[tuple[int, str], int]:
        """The ids by prompt and digest; a new prompt has none yet."""
        found = {(prompts[pair.prompt.digest], side.digest): side for pair in pairs for side in (pair.a, pair.b)}
        known: dict[tuple[int, str], int] = {}
        if keys := [key for key in found if key[0] not in new]:
            of, digests = zip(*keys, strict=True)
            wanted = bulk.listed(self.session, of=(Response.prompt_id, of), digest=(Response.digest, digests))
            there = select(Response.prompt_id, Response.digest, Response.id).join(
                wanted, and_(wanted.c.of == Response.prompt_id, wanted.c.digest == Response.digest)
            )
            known = {(prompt, digest): number for prompt, digest, number in self.session.execute(there)}
        missing = [key for key in found if key not in known]
        ids = bulk.ids(self.session, Response, len(missing))
        values = [
            (number, *key, found[key].text, found[key].generator) for number, key in zip(ids, missing, strict=True)
        ]
        bulk.insert(self.session, Response, ("id", "prompt_id", "digest", "text", "generator"), values)
        return known | dict(zip(missing, ids, strict=True))

    def _slots(self, pairs: list[Pair], comparisons: list[int]) -> None:
        self.recorder.meet(pairs)
        wanted = [max(self.overlap, len(pair.judgements)) for pair in pairs]
        numbers = iter(bulk.ids(self.session, Assignment, sum(wanted)))
        # drawn, so that nobody can work out from an id which response stands where; it alternates over the slots
        drawn = secrets.randbits(len(pairs))
        values: list[bulk.Values] = []
        for place, (pair, comparison, most) in enumerate(zip(pairs, comparisons, wanted, strict=True)):
            for slot in range(most):
                number, filled = next(numbers), slot < self.overlap
                rank = leases.first_rank(pair.priority, slot, self.spread)
                row = (number, self.project_id, self.batch_id, comparison, slot if filled else None, rank)
                if slot >= len(pair.judgements):
                    values.append((*row, ((drawn >> place) + slot) % 2 == 1, "open", None))
                    continue
                judgement = pair.judgements[slot]
                values.append((*row, False, "done", self.recorder.annotators[judgement.annotator]))
                self.recorder.record(self.batch_id, comparison, number, judgement, 1, filled)
        bulk.insert(self.session, Assignment, adding.ASSIGNMENT, values)
        self.recorder.write()
