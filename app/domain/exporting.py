"""Comparisons as JSON lines, the same bytes whenever the same is asked of the same judgements."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from gzip import GzipFile
from itertools import islice
from typing import Any, BinaryIO, Protocol

from pydantic_core import to_json
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.domain import audit
from app.domain.errors import NotFound
from app.storage.batches import Batch
from app.storage.judgements import Selection, by_comparison, comparisons
from app.storage.projects import Project
from app.storage.session import unhurried
from app.vocabulary import Act, ExportFormat

LINES = 100  # written at a time
PACKED = 3  # gzip's level: half the time of the usual 6, for a tenth more bytes
# what str.splitlines takes for the end of a line, beyond what JSON escapes
BREAKS = tuple((character.encode(), f"\\u{ord(character):04x}".encode()) for character in "\x85\u2028\u2029")
TIES = "TRL shapes hold one row a comparison, chosen by the sign of the mean strength; a mean of 0 has no row."


class Target(Protocol):
    """Anything that bytes can be written to."""

    def write(self, data: bytes, /) -> Any: ...


@dataclass(frozen=True)
class Manifest:
    """What an export holds. `snapshot` is the SHA-256 of its bytes."""

    project: str
    format: str
    snapshot: str
    bytes: int
    filters: dict[str, Any]
    counts: dict[str, int]
    tie_policy: str


def select_for(session: Session, project: Project, batch_id: int | None, late: bool, gold: bool) -> Selection:
    """A checked selection; raises NotFound for a batch of another project."""
    if batch_id is not None:
        batch = session.get(Batch, batch_id)
        if batch is None or batch.project_id != project.id:
            raise NotFound("There is no batch %(number)s in %(slug)r.", number=batch_id, slug=project.slug)
    return Selection(batch_id, late, gold)


def write(
    session: Session,
    project: Project,
    shape: ExportFormat,
    chosen: Selection,
    target: Target,
    progress: Callable[[int], None] = lambda _rows: None,
) -> Manifest:
    """Writes the export to `target` and returns its manifest; gold comparisons never appear in the TRL shapes.

    The session's transaction must be one that only reads: only there all rows are of one moment. `progress` is told how
    many judgements are in so far.
    """
    unhurried(session.connection())
    chosen = _for(shape, chosen)
    counts = dict.fromkeys(("rows", "comparisons", "judgements", "ties", "late"), 0)
    digest, size = hashlib.sha256(), 0
    lines = (_line(row) for row in _rows(session, project.id, shape, chosen, counts))
    while part := list(islice(lines, LINES)):
        counts["rows"] += len(part)
        written = b"".join(part)
        target.write(written)
        digest.update(written)
        size += len(written)
        progress(counts["judgements"])
    return Manifest(project.slug, shape, digest.hexdigest(), size, asdict(chosen), counts, TIES)


def packed(target: BinaryIO) -> GzipFile:
    """A file to `write` to that packs for `target`: the same bytes for the same rows, since it holds no name or time."""
    return GzipFile(filename="", mode="wb", compresslevel=PACKED, fileobj=target, mtime=0)


def manifest(session: Session, project: Project, shape: ExportFormat, chosen: Selection) -> Manifest:
    """The manifest of the export that the same arguments give."""
    with open(os.devnull, "wb") as nowhere:
        return write(session, project, shape, chosen, nowhere)


def tell(session: Session, project: Project, shape: ExportFormat, chosen: Selection, what: str) -> None:
    """Tells the audit log that somebody takes the "rows" or the "manifest"."""
    given = {name: value for name, value in asdict(chosen).items() if value is not None}
    audit.record(session, Act.data_exported, project.slug, project_id=project.id, what=what, format=shape, **given)


def _line(row: dict[str, Any]) -> bytes:
    line = to_json(row)
    for character, escape in BREAKS:
        if character[0] in line:  # one byte is found much faster than several
            line = line.replace(character, escape)
    return line + b"\n"


def _for(shape: ExportFormat, chosen: Selection) -> Selection:
    """The selection that holds for the shape: gold comparisons never appear in TRL's."""
    return chosen if shape in (ExportFormat.comparisons, ExportFormat.preferences) else replace(chosen, gold=False)


def _rows(
    session: Session, project_id: int, shape: ExportFormat, chosen: Selection, counts: dict[str, int]
) -> Iterator[dict[str, Any]]:
    """The rows of an export, comparisons in the order in which they were uploaded, while their judgements are counted."""
    if shape is ExportFormat.preferences:  # texts are most of what there is to read
        for judgements in by_comparison(session, project_id, chosen):
            _count(counts, judgements)
            yield from (_preference(judgement) for judgement in judgements)
        return
    for head, judgements in comparisons(session, project_id, chosen):
        _count(counts, judgements)
        if shape is ExportFormat.comparisons:
            yield _comparison(head, judgements)
        elif row := _trl(head, judgements, shape is ExportFormat.trl_conversational):
            yield row


def _count(counts: dict[str, int], judgements: list[Row[Any]]) -> None:
    counts["comparisons"] += 1
    counts["judgements"] += len(judgements)
    counts["ties"] += sum(judgement.strength == 0 for judgement in judgements)
    counts["late"] += sum(judgement.late for judgement in judgements)


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def _preference(judgement: Row[Any]) -> dict[str, Any]:
    said = _annotation(judgement)
    return {"id": said.pop("id"), "external_id": judgement.external_id, "comparison": judgement.comparison_id} | said


def _annotation(judgement: Row[Any]) -> dict[str, Any]:
    strength = judgement.strength
    return {
        "id": judgement.id,
        "annotator": judgement.name,
        "strength": strength,
        "strength_shown": -strength if judgement.swapped else strength,
        "acceptable": {"a": judgement.acceptable_a, "b": judgement.acceptable_b},
        "criteria": judgement.criteria or {},
        "flags": judgement.flags or [],
        "rationale": judgement.rationale,
        "started_at": _instant(judgement.started_at),
        "submitted_at": _instant(judgement.submitted_at),
        "active_ms": judgement.active_ms,
        "late": judgement.late,
        "extra": judgement.slot is None,
        "imported": judgement.imported,
    }


def _comparison(head: Row[Any], judgements: list[Row[Any]]) -> dict[str, Any]:
    strengths = [judgement.strength for judgement in judgements]
    a, ties = sum(strength < 0 for strength in strengths), strengths.count(0)
    b = len(strengths) - a - ties
    return {
        "comparison": head.id,
        "id": head.external_id,
        "prompt": head.messages,
        "response_a": head.text_a,
        "response_b": head.text_b,
        "generator_a": head.generator_a,
        "generator_b": head.generator_b,
        "gold": head.gold,
        "explanation": head.explanation,
        "metadata": head.metadata,
        "counts": {"a": a, "tie": ties, "b": b},
        "probability_b": round((b + ties / 2) / len(strengths), 6),
        "annotations": [_annotation(judgement) for judgement in judgements],
    }


def _trl(head: Row[Any], judgements: list[Row[Any]], conversational: bool) -> dict[str, Any] | None:
    mean = sum(judgement.strength for judgement in judgements) / len(judgements)
    if mean == 0:
        return None
    chosen, rejected = (head.text_b, head.text_a) if mean > 0 else (head.text_a, head.text_b)
    margin = round(abs(mean), 6)
    if conversational:
        turn = [[{"role": "assistant", "content": text}] for text in (chosen, rejected)]
        return {"prompt": head.messages, "chosen": turn[0], "rejected": turn[1], "margin": margin}
    return {"prompt": transcript(head.messages), "chosen": chosen, "rejected": rejected, "margin": margin}


def transcript(messages: list[dict[str, str]]) -> str:
    """A prompt as text: a single user turn as it is, a longer conversation in hh-rlhf's transcript shape."""
    if len(messages) == 1:
        return messages[0]["content"]
    names = {"system": "System", "user": "Human", "assistant": "Assistant"}
    return "".join(f"\n\n{names[turn['role']]}: {turn['content']}" for turn in messages) + "\n\nAssistant:"
