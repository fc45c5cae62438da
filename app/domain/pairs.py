"""What an upload is made of: pairs of candidate responses to a prompt, with the digests by which they are known."""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple, Self

from pydantic_core import to_json

Messages = list[dict[str, str]]


class Judgement(NamedTuple):
    """An imported judgement; `strength` −3..3 from a to b. A bare choice counts as 2, "better"."""

    annotator: str
    strength: int
    rationale: str | None = None
    started_at: datetime | None = None
    submitted_at: datetime | None = None


class Conversation(NamedTuple):
    """A prompt as uploaded; `digest` is the SHA-256 of its canonical JSON."""

    messages: Messages
    digest: str

    @classmethod
    def of(cls, messages: Messages) -> Self:
        """The conversation with its digest."""
        ordered = [{"content": turn["content"], "role": turn["role"]} for turn in messages]
        return cls(messages, _sha256(to_json(ordered)))


class Candidate(NamedTuple):
    """A response as uploaded; `digest` is the SHA-256 of generator and text, as JSON with a blank after the comma."""

    text: str
    generator: str | None
    digest: str

    @classmethod
    def of(cls, text: str, generator: str | None = None) -> Self:
        """The candidate with its digest."""
        return cls(text, generator, _sha256(b"[" + to_json(generator) + b", " + to_json(text) + b"]"))


class Pair(NamedTuple):
    """One comparison to be; `line` is where in its upload it stands. The pairs of a row share prompt and candidates.

    `identity` is the row's own id, or a hash of its content that does not depend on which response is a. `explanation`
    says why the `gold` answer is the right one.
    """

    identity: str
    prompt: Conversation
    a: Candidate
    b: Candidate
    external_id: str | None
    priority: int
    gold: str | None
    metadata: dict[str, Any] | None
    judgements: list[Judgement]
    line: int
    explanation: str | None = None


def identity(prompt: Conversation, a: Candidate, b: Candidate, external_id: str | None) -> str:
    """What a pair is known by in its project."""
    if external_id is not None:
        return f"id:{external_id}"
    return "sha256:" + _sha256((prompt.digest + "".join(sorted((a.digest, b.digest)))).encode())


def spread(k: int, wanted: int | None) -> list[tuple[int, int]]:
    """`wanted` pairs of k responses (all of them when None), each response used equally often, or once more or less.

    For even k the rounds of a round-robin tournament, each response once a round; for odd k Walecki's Hamiltonian
    cycles, of each first every second edge.
    """
    turns = [_round(k, turn) for turn in range(k - 1)] if k % 2 == 0 else [_cycle(k, turn) for turn in range(k // 2)]
    pairs = [(min(pair), max(pair)) for turn in turns for pair in turn]
    return pairs[: len(pairs) if wanted is None else max(1, wanted)]


def _round(k: int, turn: int) -> list[tuple[int, int]]:
    circle = [0] + [1 + (turn + seat) % (k - 1) for seat in range(k - 1)]
    return [(circle[seat], circle[-1 - seat]) for seat in range(k // 2)]


def _cycle(k: int, turn: int) -> list[tuple[int, int]]:
    zigzag = [(turn + (step + 1) // 2 * (1 if step % 2 else -1)) % (k - 1) for step in range(k - 1)]
    nodes = [k - 1, *zigzag]
    edges = [(nodes[i], nodes[(i + 1) % k]) for i in range(k)]
    return edges[0 : k - 1 : 2] + edges[k - 1 :] + edges[1 : k - 1 : 2]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
