"""Two runs side by side: what was set, what they learned from, and which is right where they differ."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.domain import rewards, snapshots, training_runs
from app.domain.disagreements import scored
from app.domain.remembering import Remembered
from app.stats.paired import Difference, difference, mcnemar
from app.storage.training import TrainingRun

SHOWN = 5


@dataclass(frozen=True)
class Differing:
    """A comparison on which exactly one of two models is with most people, and by how much each prefers b to a."""

    comparison: int
    judgements: int
    strength: float
    majority: int
    margin_first: float
    margin_second: float
    first_is_right: bool


@dataclass(frozen=True)
class Paired:
    """Two models on the `shared` held-out comparisons that have a majority: how often both, one or neither are with it.

    `difference` is the second's share of right ones less the first's, `p` McNemar's; `examples` are those on which they
    differ most.
    """

    shared: int
    both: int
    only_first: int
    only_second: int
    neither: int
    difference: Difference
    p: float
    examples: list[Differing]


_remembered: Remembered[Paired] = Remembered(32)


def settings(first: TrainingRun, second: TrainingRun) -> tuple[list[tuple[str, Any, Any]], list[tuple[str, Any]]]:
    """The options (name, of the first, of the second) that differ, and those (name, value) that are the same."""
    names = sorted(first.config.keys() | second.config.keys())
    both = [(name, first.config.get(name), second.config.get(name)) for name in names]
    return [row for row in both if row[1] != row[2]], [(name, one) for name, one, other in both if one == other]


def paired(session: Session, first: TrainingRun, second: TrainingRun) -> Paired | None:
    """Both models on the comparisons that are held out from either; None where the rewards of one are not kept.

    What most people say is taken from the snapshot of the later run.
    """
    if not (rewards.are_kept(session, first) and rewards.are_kept(session, second)):
        return None
    return _remembered.get(session, (first.id, second.id), lambda: _paired(session, first, second))


def _paired(session: Session, first: TrainingRun, second: TrainingRun) -> Paired:
    later = max(first, second, key=lambda run: run.id)
    judged = snapshots.judged(session, training_runs.snapshot_of(session, later), "held_out")
    sides = [scored(judged, *rewards.of_run(session, run)) for run in (first, second)]
    margins = [b - a for a, b in sides]
    known = np.flatnonzero((judged.majority != 0) & ~np.isnan(margins[0]) & ~np.isnan(margins[1]))
    one, other = (margin[known] for margin in margins)
    majority = np.sign(judged.majority[known])
    rights = [(np.sign(margin) * majority + 1) / 2 for margin in (one, other)]  # ½ where the rewards are equal
    right = [share > 0.5 for share in rights]
    only = [int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())]
    differ = np.flatnonzero(right[0] != right[1])
    order = differ[np.argsort(-np.abs(one - other)[differ], kind="stable")][:SHOWN]
    examples = [
        Differing(
            int(judged.comparison[known[n]]),
            int(judged.judgements[known[n]]),
            float(judged.strength[known[n]]),
            int(judged.majority[known[n]]),
            float(one[n]),
            float(other[n]),
            bool(right[0][n]),
        )
        for n in order
    ]
    return Paired(
        shared=len(known),
        both=int((right[0] & right[1]).sum()),
        only_first=only[0],
        only_second=only[1],
        neither=int((~right[0] & ~right[1]).sum()),
        difference=difference(rights[1], rights[0], judged.prompt[known]),
        p=mcnemar(*only),
        examples=examples,
    )
