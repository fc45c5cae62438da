"""What a project asks of a judgement beside which response is better, and whether an answer has it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import Invalid
from app.domain.text import plain
from app.vocabulary import Asked, Flag

MOST_CRITERIA = 8
LONGEST_LEAST = 2_000
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


@dataclass(frozen=True)
class Criterion:
    """One thing to compare the responses by. Its `key` names it in exports, for good; `name` and `hint` are shown."""

    key: str
    name: str
    hint: str = ""


@dataclass(frozen=True)
class Asks:
    """`acceptable`: whether each response is good enough on its own. `criteria`: a strength for each. `rationale`: in
    words, why; of at least `rationale_least` characters where it is required. `flags`: they may be raised."""

    acceptable: bool = False
    criteria: tuple[Criterion, ...] = ()
    rationale: Asked = Asked.no
    rationale_least: int = 1
    flags: bool = False

    @property
    def more(self) -> bool:
        """Whether an answer must have more than its strength."""
        return self.acceptable or bool(self.criteria) or self.rationale is Asked.required


def read(stored: dict[str, Any] | None) -> Asks:
    """What `project.asks` says."""
    if not stored:
        return Asks()
    return Asks(
        acceptable=stored["acceptable"],
        criteria=tuple(Criterion(**criterion) for criterion in stored["criteria"]),
        rationale=Asked(stored["rationale"]),
        rationale_least=stored["rationale_least"],
        flags=stored["flags"],
    )


def written(asks: Asks) -> dict[str, Any] | None:
    """What goes into `project.asks`; None where nothing is asked. Raises Invalid."""
    if asks == Asks():
        return None
    if len(asks.criteria) > MOST_CRITERIA:
        raise Invalid("criteria", "are more than %(most)s", most=MOST_CRITERIA)
    criteria = [(entry.key.strip(), plain(entry.name, 100), plain(entry.hint, 300)) for entry in asks.criteria]
    for key, name, _ in criteria:
        if not KEY.fullmatch(key):
            raise Invalid(
                "criteria", "need keys of lower-case letters, digits, hyphens and underscores, not %(key)r", key=key
            )
        if not name:
            raise Invalid("criteria", "need names; that of %(key)s is empty", key=key)
    keys = [key for key, *_ in criteria]
    if len(set(keys)) < len(keys):
        raise Invalid("criteria", "need a key of their own each")
    if not 1 <= asks.rationale_least <= LONGEST_LEAST:
        raise Invalid("rationale_least", "must be between 1 and %(most)s", most=LONGEST_LEAST)
    return {
        "acceptable": asks.acceptable,
        "criteria": [{"key": key, "name": name, "hint": hint} for key, name, hint in criteria],
        "rationale": asks.rationale.value,
        "rationale_least": asks.rationale_least,
        "flags": asks.flags,
    }


def check(
    asks: Asks,
    *,
    acceptable: tuple[bool | None, bool | None],
    criteria: Mapping[str, int],
    rationale: str | None,
    flags: bool,
) -> None:
    """Raises Invalid where an answer lacks what is asked for, or has a criterion or a flag that is not.

    A rationale, and whether a response is acceptable, may always be said: keys that call both good or both bad say it
    in every project, and who changes an answer keeps what it had.
    """
    if asks.acceptable and None in acceptable:
        raise Invalid("acceptable", "must be said of each response")
    keys = {criterion.key for criterion in asks.criteria}
    for missing in asks.criteria:
        if missing.key not in criteria:
            raise Invalid("criteria", "must have a strength for %(key)s", key=missing.key)
    for key in criteria:
        if key not in keys:
            raise Invalid("criteria", "has %(key)r, which this project does not ask for", key=key)
    if asks.rationale is Asked.required and len(rationale or "") < asks.rationale_least:
        raise Invalid("rationale", "needs at least %(least)s characters", least=asks.rationale_least)
    if flags and not asks.flags:
        raise Invalid("flags", "are not asked for in this project")


def check_order(strength: int, left: bool | None, right: bool | None) -> None:
    """Raises Invalid when a response that will not do is said to be as good as, or better than, one that will do."""
    if (left is False and right is True and strength <= 0) or (left is True and right is False and strength >= 0):
        raise Invalid("acceptable", "says that the worse response will do and the other one will not")


def check_flags(flags: Iterable[str]) -> list[str]:
    """The flags, each once, in their order; raises Invalid."""
    raised = set(flags)
    if unknown := raised - set(Flag):
        raise Invalid("flags", "must be among %(known)s, not %(flag)r", known=", ".join(Flag), flag=min(unknown))
    return [flag.value for flag in Flag if flag in raised]
