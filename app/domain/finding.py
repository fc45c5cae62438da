"""Finding comparisons: those that a reviewer asks for, in an order, with how they stand.

However many there are, a bounded number is looked through, newest first unless a list begins with the oldest:
`Found.more` tells when there were others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

from app.domain import pins, reward_models
from app.storage import finding
from app.storage.base import LARGEST
from app.storage.batches import Batch, Comparison
from app.storage.finding import Walk
from app.storage.paging import MOST, Page, part
from app.storage.projects import Project
from app.vocabulary import Flag

SEARCHED = 5_000  # comparisons whose texts are searched
AROUND = 60  # characters on either side of a word that was found
ANY = "any"


class Kind(StrEnum):
    """Which comparisons, by how far they are. Gold has its answer, and is not `disputed` whatever people say."""

    judged = "judged"
    unjudged = "unjudged"
    disputed = "disputed"
    late = "late"
    gold = "gold"


STANDING = (Kind.judged, Kind.unjudged, Kind.disputed)


class Order(StrEnum):
    """What they may be sorted by."""

    judged = "judged"
    id = "id"
    judgements = "judgements"
    dispute = "dispute"


@dataclass(frozen=True)
class Wanted:
    """Which comparisons: each field that is given must fit, and what is said of a judgement (annotator, flag, late) must
    fit the same one. `text` are words that prompt and responses contain, or the comparison's id. `flag` and `skipped`
    may be "any"."""

    text: str = ""
    batch_id: int | None = None
    annotator_id: int | None = None
    flag: str | None = None
    skipped: str | None = None
    kind: Kind | None = None
    order: Order | None = Order.judged
    descending: bool = True


@dataclass(frozen=True)
class Standing:
    """How the judgements of a comparison stand: how many for a, ties, for b; the mean of their strengths, from a to b;
    when the last one came."""

    a: int
    ties: int
    b: int
    mean: float
    last: datetime

    @property
    def judgements(self) -> int:
        """How many there are."""
        return self.a + self.ties + self.b

    @property
    def agreement(self) -> float | None:
        """The share of pairs of judgements that are on the same side, None without a pair."""
        pairs = self.judgements * (self.judgements - 1)
        return sum(n * (n - 1) for n in (self.a, self.ties, self.b)) / pairs if pairs else None

    @property
    def disputed(self) -> bool:
        """Whether some say a and some say b."""
        return bool(self.a and self.b)


@dataclass(frozen=True)
class Found:
    """The ids of all that fit, in order. With `more` only the newest, or `oldest`, `looked` were looked through, and others
    may fit."""

    ids: list[int]
    looked: int
    more: bool
    oldest: bool = False


@dataclass(frozen=True)
class Listed:
    """A comparison in a list. `margin` is by how much the current model's reward of b is above that of a."""

    comparison: Comparison
    batch: Batch
    messages: list[dict[str, str]]
    standing: Standing | None
    flags: list[Flag]
    margin: float | None


@dataclass(frozen=True)
class Excerpt:
    """Where a word was found: in the "prompt", or the response "a" or "b"; as it is written there, and what is around."""

    where: str
    before: str
    hit: str
    after: str


def find(session: Session, project: Project, wanted: Wanted) -> Found:
    """All that fit, in the wanted order; at most as many as somebody turns pages."""
    walk, rest = _walk(session, project, wanted)
    ids = _sifted(session, walk.ids, rest)
    looked, more = len(walk.ids), walk.more
    standing = {}
    if rest.kind in STANDING or rest.order not in (None, Order.id):
        standing = standings(session, ids)
        ids = [number for number in ids if _stands(standing.get(number), rest.kind)]
    named = _named(session, project, wanted.text) if wanted.text else None
    if named is not None and wanted.text.startswith("#"):
        return Found([named], 1, False)
    if words := wanted.text.casefold().split():
        looked, more = min(len(ids), SEARCHED), more or len(ids) > SEARCHED
        ids = _containing(session, ids[:SEARCHED], words)
    ids = _sorted(ids, rest.order, wanted.descending, standing)
    return Found(list(dict.fromkeys([*([] if named is None else [named]), *ids])), looked, more, walk.oldest)


def listed(session: Session, project: Project, found: Found, number: int) -> Page[Listed]:
    """A page of what was found."""
    page = part(found.ids, number, found.more)
    heads, standing = finding.heads(session, page.rows), standings(session, page.rows)
    raised, margins = finding.flags(session, page.rows), _margins(session, project, [row[0] for row in heads.values()])
    rows = [
        Listed(
            *heads[one],
            standing=standing.get(one),
            flags=[flag for flag in Flag if flag in raised.get(one, ())],
            margin=margins.get(one),
        )
        for one in page.rows
    ]
    return Page(rows, page.number, page.total, page.more)


def excerpts(session: Session, page: Page[Listed], words: str) -> dict[int, Excerpt]:
    """Where the first of these words stands in each comparison of a page; what is written quite otherwise is missing."""
    ids = [row.comparison.id for row in page.rows] if words.strip() else []
    patterns = [re.compile(re.escape(word), re.IGNORECASE) for word in words.split()]
    found = {}
    for number, messages, a, b in finding.texts(session, ids):
        texts = [*(("prompt", turn["content"]) for turn in messages), ("a", a), ("b", b)]
        hits = ((where, text, hit) for pattern in patterns for where, text in texts if (hit := pattern.search(text)))
        for where, text, hit in islice(hits, 1):
            before, after = text[max(0, hit.start() - AROUND) : hit.start()], text[hit.end() : hit.end() + AROUND]
            found[number] = Excerpt(where, before, hit[0], after)
    return found


def flagged(session: Session, project: Project) -> int:
    """How many comparisons have a flag, as far as somebody turns pages."""
    return len(finding.judged(session, project.id, flag="").ids)


def annotators(session: Session, project: Project) -> list[tuple[int, str]]:
    """Id and name of those who judged most in the project, by name."""
    return sorted(finding.annotators(session, project.id), key=lambda found: found[1].casefold())


def named(session: Session, project: Project, person_id: int) -> dict[int, str]:
    """Name by id of an account, or of an annotator that an import into the project named; nothing for anybody else."""
    return finding.annotator(session, project.id, person_id)


def standings(session: Session, ids: Sequence[int]) -> dict[int, Standing]:
    """How these comparisons stand, by id; those without judgements are missing."""
    return {
        number: Standing(a, ties, b, total / (a + ties + b), last)
        for number, a, ties, b, total, last in finding.standing(session, ids)
    }


def _walk(session: Session, project: Project, wanted: Wanted) -> tuple[Walk, Wanted]:
    """A walk along the index that passes by the fewest, and what it did not see to: it is left to be looked up."""
    number, by, oldest = project.id, wanted.annotator_id, wanted.order == Order.id and not wanted.descending
    flag = "" if wanted.flag == ANY else wanted.flag
    late, gold = wanted.kind == Kind.late, wanted.kind == Kind.gold
    walked = replace(wanted, annotator_id=None, flag=None, kind=None if late else wanted.kind)
    if wanted.skipped is not None and flag is None and not late:
        reason = "" if wanted.skipped == ANY else wanted.skipped
        return finding.skipped(session, number, annotator_id=by, reason=reason), replace(walked, skipped=None)
    if flag is not None or late:
        return finding.judged(session, number, annotator_id=by, flag=flag, late=late), walked
    newest = wanted.order == Order.judged and wanted.descending
    if by is not None:
        return finding.judged(session, number, annotator_id=by), replace(walked, order=None if newest else wanted.order)
    if gold or wanted.batch_id is not None or wanted.order == Order.id or wanted.kind == Kind.unjudged:
        walk = finding.uploaded(session, number, batch_id=wanted.batch_id, gold=gold, oldest=oldest)
        rest = replace(walked, batch_id=None, kind=None if gold else wanted.kind)
        return walk, replace(rest, order=None if wanted.order == Order.id else wanted.order)
    walk, rest = finding.judged(session, number), replace(walked, order=None if newest else wanted.order)
    if walk.more or wanted.kind is not None:
        return walk, rest
    others = finding.uploaded(session, number)  # those that nobody has judged come after those
    ids = list(dict.fromkeys([*walk.ids, *others.ids]))
    return Walk(ids[:MOST], others.more or len(ids) > MOST), rest


def _sifted(session: Session, ids: list[int], rest: Wanted) -> list[int]:
    """Those that are of the batch, gold or not, and skipped, where that is left to be looked up."""
    gold = {Kind.gold: True, Kind.disputed: False}.get(rest.kind) if rest.kind else None
    if rest.batch_id is not None or gold is not None:
        kept = finding.kept(session, ids, batch_id=rest.batch_id, gold=gold)
        ids = [number for number in ids if number in kept]
    if rest.skipped is not None:
        passed = finding.passed_on(session, ids, "" if rest.skipped == ANY else rest.skipped)
        ids = [number for number in ids if number in passed]
    return ids


def _stands(standing: Standing | None, kind: Kind | None) -> bool:
    match kind:
        case Kind.judged:
            return standing is not None
        case Kind.unjudged:
            return standing is None
        case Kind.disputed:
            return standing is not None and standing.disputed
    return True


def _sorted(ids: list[int], order: Order | None, descending: bool, standing: dict[int, Standing]) -> list[int]:
    """In that order; what has nothing to be sorted by comes last, either way."""

    def key(number: int) -> tuple[Any, ...] | None:
        found = standing.get(number)
        match order:
            case Order.judgements:
                return (found.judgements if found else 0, number)
            case Order.judged:
                return (found.last, number) if found else None
            case Order.dispute:
                agreement = found.agreement if found else None
                return (1 - agreement, found.judgements, number) if found and agreement is not None else None
        return (number,)

    if order is None:
        return ids
    keyed = [(key(number), number) for number in ids]
    there = sorted((one for one in keyed if one[0] is not None), reverse=descending)
    return [number for _, number in there] + [number for one, number in keyed if one is None]


def _named(session: Session, project: Project, text: str) -> int | None:
    """The comparison that its upload gave this id, or that has the number after a #."""
    found = pins.named(session, project, text)
    if found is None and text.startswith("#") and text[1:].isascii() and text[1:].isdigit() and len(text) <= 11:
        other = session.get(Comparison, min(int(text[1:]), LARGEST))
        found = other if other is not None and other.project_id == project.id else None
    return None if found is None else found.id


def _containing(session: Session, ids: list[int], words: list[str]) -> list[int]:
    """Those of which prompt and responses contain all words, wherever each is, in their order.

    Not by the databases: SQLite knows no letters but English ones, and in JSON others are escaped.
    """
    holding = set()
    for number, messages, a, b in finding.texts(session, ids):
        said = "\n".join([*(turn["content"] for turn in messages), a, b]).casefold()
        if all(word in said for word in words):
            holding.add(number)
    return [number for number in ids if number in holding]


def _margins(session: Session, project: Project, comparisons: list[Comparison]) -> dict[int, float]:
    run = reward_models.current(session, project.id)
    if run is None:
        return {}
    responses = [number for one in comparisons for number in (one.response_a_id, one.response_b_id)]
    reward = finding.rewards(session, run.id, responses)
    return {
        one.id: reward[one.response_b_id] - reward[one.response_a_id]
        for one in comparisons
        if one.response_a_id in reward and one.response_b_id in reward
    }
