"""JSON lines of prompt and response, scored in constant memory."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.domain.errors import Invalid
from app.reward.data import Item
from app.serving.models import Served
from app.serving.scoring import item

CHUNK = 256


@dataclass(frozen=True)
class Chunk:
    """Some lines after scoring: the good ones with their reward, ready to be written, in their order; the bad ones as
    1-based number and error. `read` counts the bytes of all, `truncated` the items cut to the model's length."""

    scored: list[bytes]
    bad: list[tuple[int, Invalid]]
    read: int
    truncated: int


def score_lines(model: Served, lines: Iterable[bytes]) -> Iterator[Chunk]:
    """Scores lines; blank ones are passed over."""
    numbered = enumerate(lines, 1)
    while taken := list(islice(numbered, CHUNK)):
        rows: list[tuple[dict[str, Any], Item]] = []
        bad = []
        for number, line in taken:
            if line.strip():
                try:
                    row = _row(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
                    rows.append((row, item(row)))
                except Invalid as error:
                    bad.append((number, error))
        rewards, truncated = model.score([found for _, found in rows])
        scored = [_written(row | {"reward": reward}) for (row, _), reward in zip(rows, rewards, strict=True)]
        yield Chunk(scored, bad, sum(len(line) for _, line in taken), truncated)


def _row(line: bytes) -> Any:
    try:
        return json.loads(line.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise Invalid("", f"not UTF-8 (byte {error.start + 1})") from None
    except (ValueError, RecursionError) as error:
        raise Invalid("", f"not JSON ({error})") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _written(row: dict[str, Any]) -> bytes:
    # half of a surrogate pair, which UTF-8 cannot hold, becomes the escape that it was read from
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
