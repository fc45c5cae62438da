"""What a reward model learns from, as plain arrays, and the order in which it sees it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Item:
    """A prompt (messages that end with a user turn) and one response to it."""

    prompt: Messages
    response: str


@dataclass(frozen=True)
class PairSet:
    """Judged pairs of responses.

    `items[i]` is a distinct response, `prompt[i]` the number of its prompt. The four parallel vectors are pairs: the
    indices of both items, and how many judgements each won; a tie is half a win for each.
    """

    items: list[Item]
    prompt: NDArray[np.int64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    wins_a: NDArray[np.float64]
    wins_b: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.a)


@dataclass(frozen=True)
class Step:
    """One step: the items to encode, and the pairs as positions among them."""

    items: NDArray[np.int64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    wins_a: NDArray[np.float64]
    wins_b: NDArray[np.float64]


def steps(pairs: PairSet, responses_per_step: int, seed: int, epoch: int) -> Iterator[Step]:
    """The steps of one epoch; the same arguments give the same steps.

    Every item occurs once at most, so its encoding is shared by all of its pairs. Prompts with more responses than fit
    are split at random, anew in each epoch; the pairs across the split wait for another epoch.
    """
    order = random.Random(f"{seed} {epoch}")  # noqa: S311 - a shuffle, not a secret
    by_prompt: dict[int, list[int]] = {}
    for item in np.unique(np.concatenate([pairs.a, pairs.b])):
        by_prompt.setdefault(int(pairs.prompt[item]), []).append(int(item))
    groups = []
    for items in by_prompt.values():
        order.shuffle(items)
        parts = -(-len(items) // responses_per_step)
        groups += [items[part::parts] for part in range(parts)]
    order.shuffle(groups)
    # which step each item falls into; a pair belongs to a step when both of its items do
    step_of = np.full(len(pairs.items), -1)
    members: list[list[int]] = []
    room = 0
    for group in groups:
        if len(group) > room:
            members.append([])
            room = responses_per_step
        members[-1] += group
        room -= len(group)
        step_of[group] = len(members) - 1
    together = np.flatnonzero(step_of[pairs.a] == step_of[pairs.b])
    pair_order = together[np.argsort(step_of[pairs.a[together]], kind="stable")]
    bounds = np.searchsorted(step_of[pairs.a[pair_order]], np.arange(len(members) + 1))
    position = np.zeros(len(pairs.items), dtype=np.int64)
    for number in range(len(members)):
        chosen = pair_order[bounds[number] : bounds[number + 1]]
        if not len(chosen):
            continue
        encoded = np.unique(np.concatenate([pairs.a[chosen], pairs.b[chosen]]))
        position[encoded] = np.arange(len(encoded))
        yield Step(
            encoded, position[pairs.a[chosen]], position[pairs.b[chosen]], pairs.wins_a[chosen], pairs.wins_b[chosen]
        )
