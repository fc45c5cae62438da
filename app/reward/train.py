"""The training loop, top to bottom. It can be killed at any time and goes on from its last checkpoint."""

import itertools
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from app.reward import model as models
from app.reward.config import TrainingConfig
from app.reward.data import PairSet, Step, steps
from app.reward.evaluate import correct
from app.reward.loss import bradley_terry
from app.reward.model import RewardModel

EVALUATIONS = 8
EVALUATED_ITEMS = 128
REPORT_SECONDS = 1.0
OFTEN_CUT = 0.1  # of the texts: more than that is worth a warning


class Cancelled(Exception):
    """The run was asked to stop."""


class Diverged(ValueError):
    """Training went astray; the message says what to change."""


@dataclass(frozen=True)
class Progress:
    """A point of the run: mean loss of a judgement since the last point, held-out accuracy where it was measured."""

    step: int
    steps: int
    loss: float
    accuracy: float | None
    elapsed_s: float


@dataclass(frozen=True)
class Trained:
    """A trained model, and how many of the inputs were cut to `max_length`."""

    model: RewardModel
    steps: int
    truncated: int
    seconds: float


def train(
    config: TrainingConfig,
    pairs: PairSet,
    held_out: PairSet,
    folder: Path,
    report: Callable[[Progress], bool],
    checkpoint_seconds: float = 20,
    say: Callable[[str], None] = lambda text: None,
) -> Trained:
    """Trains on `pairs`; `report` is called every second and returns whether to stop, `say` gets a line a stage.

    `folder` holds the checkpoint: a run that was killed goes on from there, with the same steps as if it had not been.
    Raises ValueError without pairs, OSError when the base model cannot be had, Cancelled, Diverged.
    """
    if not len(pairs):
        raise ValueError(
            "There is nothing to train on: every judged prompt is held out for evaluation. Judge more prompts."
        )
    model = models.new(config.base_model, config.max_length, config.seed)
    encoded, truncated = model.encode(pairs.items)
    sample = _sample(held_out)
    sample_encoded, _ = model.encode(sample.items)
    say(f"Encoded {len(encoded)} texts, of which {truncated} were cut to {model.max_length} tokens.")
    if truncated > OFTEN_CUT * len(encoded):
        say(
            f"Warning: {truncated / len(encoded):.0%} of the texts were cut. Raise the longest text if their ends matter."
        )
    per_epoch = [
        sum(1 for _ in steps(pairs, config.responses_per_step, config.seed, epoch))
        for epoch in range(math.ceil(config.epochs))
    ]
    total = max(1, math.ceil(sum(per_epoch) * config.epochs / len(per_epoch)))
    optimizer, scheduler = _optimizer(model, config, total)
    done, before = 0, 0.0
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.exists():
        done, before = _restore(checkpoint, model, optimizer, scheduler, config)
        say(f"Went on from the checkpoint of step {done}.")
    say(f"Training takes {total} steps of at most {config.responses_per_step} responses.")
    autocast = torch.autocast(model.device.type, torch.bfloat16, enabled=models.bf16(model.device))
    evaluate_at = {round(total * part / EVALUATIONS) for part in range(1, EVALUATIONS + 1)}

    begun = reported = saved = time.monotonic()
    losses: list[float] = []
    model.model.train()
    for number, step in itertools.islice(enumerate(_all_steps(pairs, config), 1), done, total):
        with autocast:
            rewards = model.forward([encoded[item] for item in step.items])
        loss = bradley_terry(rewards[step.a], rewards[step.b], *_wins(step, model.device))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise Diverged(f"The loss is no longer a number at step {number}. Use a lower learning rate.")

        accuracy = None
        if number in evaluate_at and len(sample):
            with autocast:
                right, _ = correct(sample, model.score_encoded(sample_encoded))
            accuracy = float(right.mean()) if len(right) else None
        now = time.monotonic()
        if accuracy is not None or number == total or now - reported >= REPORT_SECONDS:
            point = Progress(number, total, float(np.mean(losses)), accuracy, before + now - begun)
            losses, reported = [], now
            if report(point):
                raise Cancelled
        if number < total and now - saved >= checkpoint_seconds:
            _save(checkpoint, model, optimizer, scheduler, config, number, before + now - begun)
            saved = time.monotonic()
    model.model.eval()
    return Trained(model, total, truncated, before + time.monotonic() - begun)


def _all_steps(pairs: PairSet, config: TrainingConfig) -> Any:
    for epoch in itertools.count():
        yield from steps(pairs, config.responses_per_step, config.seed, epoch)


def _wins(step: Step, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    return tuple(torch.tensor(wins, dtype=torch.float32, device=device) for wins in (step.wins_a, step.wins_b))  # type: ignore[return-value]


def _optimizer(model: RewardModel, config: TrainingConfig, total: int) -> tuple[AdamW, LambdaLR]:
    """AdamW without decay on biases and norms; a tenth of the steps warms up, then linear decay to zero."""
    parameters = [parameter for parameter in model.model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = AdamW(groups, lr=config.learning_rate)
    warm = max(1, round(total * config.warmup))
    return optimizer, LambdaLR(optimizer, lambda n: min((n + 1) / warm, max(0.0, (total - n) / max(1, total - warm))))


def _sample(held_out: PairSet) -> PairSet:
    """The pairs among the first items, enough for a curve."""
    inside = (held_out.a < EVALUATED_ITEMS) & (held_out.b < EVALUATED_ITEMS)
    return PairSet(
        held_out.items[:EVALUATED_ITEMS],
        held_out.prompt[:EVALUATED_ITEMS],
        held_out.a[inside],
        held_out.b[inside],
        held_out.wins_a[inside],
        held_out.wins_b[inside],
    )


def _save(
    path: Path, model: RewardModel, optimizer: AdamW, scheduler: LambdaLR, config: TrainingConfig, done: int, s: float
) -> None:
    """Whole or not at all: written beside the old one, then renamed over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        "config": asdict(config),
        "done": done,
        "seconds": s,
        "model": model.model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "random": torch.get_rng_state(),
        "random_cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _restore(
    path: Path, model: RewardModel, optimizer: AdamW, scheduler: LambdaLR, config: TrainingConfig
) -> tuple[int, float]:
    state = torch.load(path, map_location="cpu", weights_only=True)
    if state["config"] != asdict(config):
        raise ValueError(f"{path} belongs to a run with another configuration")
    model.model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    torch.set_rng_state(state["random"])
    if state["random_cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["random_cuda"])
    return state["done"], state["seconds"]
