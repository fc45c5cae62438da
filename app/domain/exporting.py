"""Comparisons as JSON lines, the same bytes whenever the same is asked of the same judgements."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.storage.batches import Batch
from app.storage.judgements import Selection, comparisons
from app.storage.projects import Project
from app.vocabulary import ExportFormat

TIES = "TRL shapes hold one row a comparison, chosen by the sign of the mean strength; a mean of 0 has no row."
Judged = tuple[Row[Any], list[Row[Any]]]


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
            raise NotFound(f"There is no batch {batch_id} in {project.slug!r}.")
    return Selection(batch_id, late, gold)


def export(session: Session, project: Project, shape: ExportFormat, chosen: Selection) -> Iterator[bytes]:
    """The export, a few hundred kilobytes at a time; gold comparisons never appear in the TRL shapes."""
    return _parts(rows(session, project, shape, chosen))


def _parts(found: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    held: list[str] = []
    for row in found:
        held.append(_line(row))
        if len(held) >= 200:
            yield ("\n".join(held) + "\n").encode()
            held.clear()
    if held:
        yield ("\n".join(held) + "\n").encode()


def _line(row: dict[str, Any]) -> str:
    line = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    if not line.isascii():  # what str.splitlines takes for the end of a line
        for character in "\x85\u2028\u2029":
            line = line.replace(character, f"\\u{ord(character):04x}")
    return line


def manifest(session: Session, project: Project, shape: ExportFormat, chosen: Selection) -> Manifest:
    """The manifest of the export that the same arguments give."""
    chosen = _for(shape, chosen)
    counts = Counter({"rows": 0, "comparisons": 0, "judgements": 0, "ties": 0, "late": 0})

    def counted() -> Iterator[Judged]:
        for head, judgements in comparisons(session, project.id, chosen):
            counts["comparisons"] += 1
            counts["judgements"] += len(judgements)
            counts["ties"] += sum(judgement.strength == 0 for judgement in judgements)
            counts["late"] += sum(judgement.late for judgement in judgements)
            yield head, judgements

    digest, size = hashlib.sha256(), 0
    for part in _parts(_rows(shape, counted())):
        digest.update(part)
        size += len(part)
        counts["rows"] += part.count(b"\n")
    return Manifest(project.slug, shape, digest.hexdigest(), size, asdict(chosen), dict(counts), TIES)


def rows(session: Session, project: Project, shape: ExportFormat, chosen: Selection) -> Iterator[dict[str, Any]]:
    """The rows of an export, comparisons in the order in which they were uploaded."""
    return _rows(shape, comparisons(session, project.id, _for(shape, chosen)))


def _for(shape: ExportFormat, chosen: Selection) -> Selection:
    """The selection that holds for the shape: gold comparisons never appear in TRL's."""
    return chosen if shape in (ExportFormat.comparisons, ExportFormat.preferences) else replace(chosen, gold=False)


def _rows(shape: ExportFormat, judged: Iterator[Judged]) -> Iterator[dict[str, Any]]:
    for head, judgements in judged:
        if shape is ExportFormat.comparisons:
            yield _comparison(head, judgements)
        elif shape is ExportFormat.preferences:
            for judgement in judgements:
                yield _preference(head, judgement)
        elif row := _trl(head, judgements, shape is ExportFormat.trl_conversational):
            yield row


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def _preference(head: Row[Any], judgement: Row[Any]) -> dict[str, Any]:
    shown = -judgement.strength if judgement.swapped else judgement.strength
    return {
        "id": judgement.id,
        "external_id": head.external_id,
        "comparison": head.id,
        "annotator": judgement.name,
        "strength": judgement.strength,
        "strength_shown": shown,
        "acceptable": {"a": judgement.acceptable_a, "b": judgement.acceptable_b},
        "rationale": judgement.rationale,
        "started_at": _instant(judgement.started_at),
        "submitted_at": _instant(judgement.submitted_at),
        "active_ms": judgement.active_ms,
        "late": judgement.late,
        "extra": judgement.slot is None,
        "imported": judgement.imported,
    }


def _comparison(head: Row[Any], judgements: list[Row[Any]]) -> dict[str, Any]:
    wins = Counter("a" if j.strength < 0 else "b" if j.strength > 0 else "tie" for j in judgements)
    kept = [_preference(head, judgement) for judgement in judgements]
    return {
        "comparison": head.id,
        "id": head.external_id,
        "prompt": head.messages,
        "response_a": head.text_a,
        "response_b": head.text_b,
        "generator_a": head.generator_a,
        "generator_b": head.generator_b,
        "gold": head.gold,
        "metadata": head.metadata,
        "counts": {answer: wins[answer] for answer in ("a", "tie", "b")},
        "probability_b": round((wins["b"] + wins["tie"] / 2) / len(judgements), 6),
        "annotations": [
            {key: value for key, value in row.items() if key not in ("external_id", "comparison")} for row in kept
        ],
    }


def _trl(head: Row[Any], judgements: list[Row[Any]], conversational: bool) -> dict[str, Any] | None:
    mean = float(np.mean([judgement.strength for judgement in judgements]))
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
