"""Immutable selections of preferences, named by their hash."""

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.remembering import Remembered
from app.storage.judgements import decided, trainable, undecided
from app.storage.projects import Project
from app.storage.training import Snapshot

HELD_OUT = 0.2
PATTERN = rb'"comparison":(\d+),"prompt":(\d+),"a":(\d+),"b":(\d+),"annotator":\d+,"strength":(-?\d),"split":"%s"'


@dataclass(frozen=True)
class Judged:
    """What people said of a snapshot's comparisons, as parallel vectors (n,): ids of the comparison, its prompt and both
    responses; how many judged it; their mean strength from a to b; how many more of them chose b than a."""

    comparison: NDArray[np.int64]
    prompt: NDArray[np.int64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    judgements: NDArray[np.int64]
    strength: NDArray[np.float64]
    majority: NDArray[np.int64]


_remembered: Remembered[Judged] = Remembered(4)


@dataclass(frozen=True)
class Drawn:
    """A snapshot to be: the SHA-256 of its lines, its counts, and the lines, gzipped."""

    digest: str
    counts: dict[str, int]
    content: bytes


def decisions(session: Session, project: Project) -> dict[int, bool]:
    """Whether a prompt is to be held out, by its id, of those judged prompts of which it is not decided yet.

    A fifth of the prompts is held out. Which ones is decided once for each prompt, in the order of their hashes, so
    that no prompt is ever on both sides or changes sides, and every later model is measured on what none has seen.
    """
    total, held_out = decided(session, project.id)
    found = {}
    for prompt in undecided(session, project.id):
        found[prompt] = held_out < HELD_OUT * (total + 1)
        total, held_out = total + 1, held_out + found[prompt]
    return found


def draw(session: Session, project: Project) -> Drawn:
    """What a snapshot holds now: every judgement that is not gold, of a prompt that is decided. It only reads."""
    # of what was judged meanwhile the prompt may not be decided yet: that is for the next one
    found = [row for row in trainable(session, project.id) if row.held_out is not None]
    lines = [
        json.dumps(
            {
                "preference": row.id,
                "comparison": row.comparison_id,
                "prompt": row.prompt_id,
                "a": row.response_a_id,
                "b": row.response_b_id,
                "annotator": row.annotator_id,
                "strength": row.strength,
                "split": "held_out" if row.held_out else "train",
            },
            separators=(",", ":"),
        )
        for row in found
    ]
    content = "".join(line + "\n" for line in lines).encode()
    digest = hashlib.sha256(content).hexdigest()
    counts = {
        "judgements": len(found),
        "comparisons": len({row.comparison_id for row in found}),
        "prompts": len({row.prompt_id for row in found}),
        "prompts_held_out": len({row.prompt_id for row in found if row.held_out}),
        "judgements_held_out": sum(row.held_out for row in found),
        "ties": sum(row.strength == 0 for row in found),
        "annotators": len({row.annotator_id for row in found}),
    }
    return Drawn(digest, counts, gzip.compress(content, mtime=0))


def keep(session: Session, project: Project, drawn: Drawn, now: datetime) -> Snapshot:
    """The snapshot of what was drawn; the same judgements give the same snapshot again."""
    known = select(Snapshot).where(Snapshot.project_id == project.id, Snapshot.digest == drawn.digest)
    if (snapshot := session.scalar(known)) is not None:
        return snapshot
    snapshot = Snapshot(project_id=project.id, created_at=now, **vars(drawn))
    session.add(snapshot)
    session.flush()
    return snapshot


def read(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The judgements of a snapshot; raises ValueError when its bytes no longer fit its hash."""
    return [json.loads(line) for line in _content(snapshot).splitlines()]


def judged(session: Session, snapshot: Snapshot, split: str) -> Judged:
    """What people said of the comparisons of one split ("train" or "held_out"), by comparison id.

    The last few are remembered: a million judgements take seconds to read.
    """
    return _remembered.get(session, (snapshot.id, split), lambda: _judged(snapshot, split))


def _judged(snapshot: Snapshot, split: str) -> Judged:
    # as `draw` writes a line; parsing each as JSON takes five times as long
    found = re.findall(PATTERN % split.encode(), _content(snapshot))
    table = np.array(found, dtype=np.bytes_).astype(np.int64).reshape(-1, 5)
    ids, first, place = np.unique(table[:, 0], return_index=True, return_inverse=True)
    heads, strength = table[first], table[:, 4]
    judgements = np.bincount(place, minlength=len(ids))
    means = np.bincount(place, strength, len(ids)) / np.maximum(judgements, 1)
    majority = np.bincount(place, np.sign(strength), len(ids)).astype(np.int64)
    return Judged(ids, heads[:, 1], heads[:, 2], heads[:, 3], judgements, means, majority)


def _content(snapshot: Snapshot) -> bytes:
    content = gzip.decompress(snapshot.content)
    if hashlib.sha256(content).hexdigest() != snapshot.digest:
        raise ValueError(f"snapshot {snapshot.id} does not fit its hash")
    return content
