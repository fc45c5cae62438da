"""What makes training fast: `python -m benchmarks.training [--quick] [--base-model NAME] [--responses N]`.

Judged pairs that are learned from per second of training, on the first GPU or the processor, in rounds by turns:

- ours: `app.reward.train.train` whole, with its evaluations and checkpoints, which encodes each distinct response once
  a step, however many pairs it is in;
- its floor: the same steps over inputs that are padded and on the device already, and nothing else: forward, loss,
  backward, optimizer, in the same precision;
- pair by pair, the usual way: both responses of every pair are encoded for it, as many responses a step.

Every prompt has `--responses` responses of 40 to 200 words, and all of their pairs are judged once. Loading the model
and encoding texts are left out everywhere. Prints a table; the last line is one JSON object with the medians and
`of_floor` and `to_pair_by_pair`, the ratios of ours to the others.
"""

import argparse
import itertools
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim import AdamW

from app.reward import model as models
from app.reward.config import TrainingConfig
from app.reward.data import Item, PairSet, Step, steps
from app.reward.loss import bradley_terry
from app.reward.model import RewardModel
from app.reward.train import train
from benchmarks.transfer import WORDS


def judged(prompts: int, responses: int, seed: int) -> PairSet:
    """So many prompts with so many responses each, and all of their pairs judged once."""
    draw = random.Random(seed)

    def text(least: int, most: int) -> str:
        return " ".join(draw.choices(WORDS, k=draw.randint(least, most)))

    items = [
        Item([{"role": "user", "content": prompt}], text(40, 200))
        for prompt in (text(10, 40) for _ in range(prompts))
        for _ in range(responses)
    ]
    firsts = range(0, len(items), responses)
    pairs = np.array(
        [first + np.array(pair) for first in firsts for pair in itertools.combinations(range(responses), 2)]
    )
    won = np.array([float(draw.random() < 0.5) for _ in pairs])
    return PairSet(items, np.repeat(np.arange(prompts), responses), pairs[:, 0], pairs[:, 1], won, 1 - won)


def pair_by_pair(pairs: PairSet, responses_per_step: int) -> Iterator[Step]:
    """Steps over the pairs in a random order, each with both of its responses as items of its own."""
    order = np.random.default_rng(0).permutation(len(pairs))
    each = responses_per_step // 2
    for begin in range(0, len(order), each):
        chosen = order[begin : begin + each]
        items = np.concatenate([pairs.a[chosen], pairs.b[chosen]])
        first = np.arange(len(chosen))
        yield Step(items, first, first + len(chosen), pairs.wins_a[chosen], pairs.wins_b[chosen])


def rate_of_ours(config: TrainingConfig, pairs: PairSet, held_out: PairSet) -> float:
    """Pairs per second of a whole run."""
    learned = sum(len(step.a) for step in steps(pairs, config.responses_per_step, config.seed, 0))
    with tempfile.TemporaryDirectory() as folder:
        done = train(config, pairs, held_out, Path(folder), lambda _: False)
    return learned / done.seconds


def rate_of_bare(config: TrainingConfig, pairs: PairSet, wanted: Sequence[Step]) -> float:
    """Pairs per second of these steps, without anything but the arithmetic."""
    model = models.new(config.base_model, config.max_length, config.seed)
    encoded, _ = model.encode(pairs.items)
    ready = [_ready(model, encoded, step) for step in wanted]
    optimizer = AdamW(model.model.parameters(), lr=config.learning_rate)
    autocast = torch.autocast(model.device.type, torch.bfloat16, enabled=models.bf16(model.device))
    model.model.train()
    _wait(model)
    begun = time.perf_counter()
    for inputs, a, b, wins in ready:
        with autocast:
            rewards = model.model(**inputs).logits[:, 0]
        bradley_terry(rewards[a], rewards[b], *wins).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    _wait(model)
    return sum(len(step.a) for step in wanted) / (time.perf_counter() - begun)


def _ready(model: RewardModel, encoded: Sequence[dict[str, list[int]]], step: Step) -> tuple[Any, ...]:
    inputs = model.inputs([encoded[item] for item in step.items])
    wins = [torch.tensor(one, dtype=torch.float32, device=model.device) for one in (step.wins_a, step.wins_b)]
    return inputs, torch.from_numpy(step.a).to(model.device), torch.from_numpy(step.b).to(model.device), wins


def _wait(model: RewardModel) -> None:
    if model.device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few prompts, one round")
    parser.add_argument("--base-model", default="", help="the packaged one if it is not given")
    parser.add_argument("--responses", type=int, default=4, help="to each prompt")
    parser.add_argument("--prompts", type=int, help="in each round")
    parser.add_argument("--responses-per-step", type=int, default=32)
    given = parser.parse_args()
    prompts, rounds = given.prompts or (8 if given.quick else 96), 1 if given.quick else 3
    config = TrainingConfig(given.base_model, epochs=1, responses_per_step=given.responses_per_step)
    pairs, held_out = judged(prompts, given.responses, 0), judged(2 if given.quick else 8, given.responses, 1)
    once = list(steps(pairs, config.responses_per_step, config.seed, 0))
    usual = list(pair_by_pair(pairs, config.responses_per_step))[: len(once)]
    rates: dict[str, list[float]] = {"ours": [], "floor": [], "pair_by_pair": []}
    rate_of_bare(config, pairs, once[:2])  # the first steps are slow everywhere
    for _ in range(rounds):
        rates["ours"].append(rate_of_ours(config, pairs, held_out))
        rates["floor"].append(rate_of_bare(config, pairs, once))
        rates["pair_by_pair"].append(rate_of_bare(config, pairs, usual))
    middle = {name: statistics.median(found) for name, found in rates.items()}
    print("| way | pairs per second |\n|---|---|")
    for name, rate in middle.items():
        print(f"| {name.replace('_', ' ')} | {rate:.1f} |")
    where = models.device()
    found: dict[str, Any] = {name: round(rate, 1) for name, rate in middle.items()}
    found |= {
        "of_floor": round(statistics.median(map(_ratio, rates["ours"], rates["floor"])), 3),
        "to_pair_by_pair": round(statistics.median(map(_ratio, rates["ours"], rates["pair_by_pair"])), 3),
        "device": torch.cuda.get_device_name() if where.type == "cuda" else where.type,
        "bf16": models.bf16(where),
        "prompts": prompts,
        "responses": given.responses,
        "responses_per_step": config.responses_per_step,
    }
    print(json.dumps(found))


def _ratio(ours: float, theirs: float) -> float:
    return ours / theirs


if __name__ == "__main__":
    main()
