"""One training run: rows of the domain in, calls of the reward model, rows of the domain out."""

import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import OperationalError

from app.domain import quality, reward_models, rewards, training_logs, training_runs
from app.domain.training_runs import Material
from app.reward import export
from app.reward.config import TrainingConfig
from app.reward.data import Item, PairSet
from app.reward.evaluate import Evaluation, compare, evaluate
from app.reward.train import Cancelled, Progress, Trained, train
from app.settings import Settings
from app.storage.session import Sessions, reading
from app.storage.training import TrainingRun
from app.vocabulary import RunState
from app.worker import machine

GOLDEN = 8
FEW = 100  # held-out comparisons: with fewer, accuracy is known to a tenth at best
SCORED = 50_000  # responses that were trained on and are given a reward; with more, only what is held out is
Rewards = NDArray[np.float64]
log = logging.getLogger("touchstone.worker")


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


def perform(sessions: Sessions, settings: Settings, run_id: int) -> str:
    """Trains, evaluates, saves and judges the model of a run; returns the state in which it ended.

    Whatever goes wrong is written to the run with its traceback. A run that is over is left alone; one that was killed
    in the middle goes on from its checkpoint. Raises OperationalError when the database cannot be used: the run is
    not over then, and performing it again goes on with it.
    """
    folder = settings.data_dir.resolve() / "runs" / str(run_id)
    here = machine.facts()
    with sessions.begin() as session:
        run = training_runs.get(session, run_id)
        if not training_runs.begin(session, run, now()):
            (folder / "checkpoint.pt").unlink(missing_ok=True)
            return run.state
        again, run.machine = run.machine is not None, here
        training_logs.say(session, run_id, _taken_up(settings.worker_id, again), now())
    try:
        _perform(sessions, settings, run_id, folder)
    except Cancelled:
        _finish(sessions, run_id, RunState.cancelled, None, "Cancelled. What was trained is dropped.")
    except OperationalError:
        raise  # the database was away; the run goes on from its checkpoint when it is back
    except Exception as error:
        log.exception("run %d failed", run_id)
        _finish(sessions, run_id, RunState.failed, traceback.format_exc(), f"Failed with {type(error).__name__}.")
    (folder / "checkpoint.pt").unlink(missing_ok=True)
    with sessions() as session:
        return training_runs.get(session, run_id).state


def _perform(sessions: Sessions, settings: Settings, run_id: int, folder: Path) -> None:
    say = _sayer(sessions, run_id)
    with sessions() as session:
        run = training_runs.get(session, run_id)
        config = _config(run)
        found = training_runs.material(session, run)
        digest = training_runs.snapshot_of(session, run).digest
    pairs, held_out = pair_set(found, "train"), pair_set(found, "held_out")
    say(f"Read the snapshot: {len(pairs)} comparisons to learn from, {len(held_out)} held out to measure with.")
    if len(held_out) < FEW:
        say(f"Warning: with {len(held_out)} comparisons held out, the accuracy will be uncertain.")
    report = _reporter(sessions, run_id)
    trained = train(config, pairs, held_out, folder, report, settings.checkpoint_seconds, say)
    say(f"Trained in {trained.seconds:.0f} s.")
    _stop_if_asked(sessions, run_id)
    held_out_rewards = trained.model.score(held_out.items)
    measured = evaluate(held_out, held_out_rewards)
    metrics = _metrics(measured, trained) | {"human_agreement": quality.human_agreement(found.judgements)}
    say(_measured(measured))
    scored = [(distinct(found, "held_out"), held_out_rewards)]
    if len(pairs.items) <= SCORED:
        begun = time.monotonic()
        scored.append((distinct(found, "train"), trained.model.score(pairs.items)))
        say(
            f"Gave rewards to the {len(pairs.items)} responses that it learned from, in {time.monotonic() - begun:.0f} s."
        )
    else:
        say(f"Gave rewards to what is held out only: it learned from more than {SCORED} responses.")
    lineage = {"run": run_id, "snapshot": digest, "config": asdict(config), "metrics": metrics}
    golden = (held_out.items or pairs.items)[:GOLDEN]
    _stop_if_asked(sessions, run_id)
    export.save(trained.model, folder / "model", golden, lineage)
    say("Saved the model.")
    del trained  # the current model needs the room
    promoted, verdict = _judge(sessions, run_id, held_out, held_out_rewards)
    _keep(sessions, run_id, scored)
    with sessions.begin() as session:
        if training_runs.stops(session, run_id):
            raise Cancelled
        run = training_runs.get(session, run_id)
        run.metrics, run.artefact, run.verdict = metrics, str(folder / "model"), verdict
        training_logs.say(session, run_id, f"{verdict} {'Now in use.' if promoted else ''}".strip(), now())
        training_runs.finish(session, run, RunState.succeeded, now())
        if promoted:
            reward_models.promote(session, run, now())
        rewards.prune(session, run.project_id)


def _taken_up(worker: str, again: bool) -> str:
    return f"Taken up {'again ' if again else ''}by {worker}."


def _measured(found: Evaluation) -> str:
    if np.isnan(found.accuracy):
        return "Not measured: no comparison that is held out has a majority."
    return (
        f"Measured on {found.pairs} held-out comparisons: accuracy {found.accuracy:.3f} "
        f"({found.low:.3f} to {found.high:.3f})."
    )


def _sayer(sessions: Sessions, run_id: int) -> Callable[[str], None]:
    def say(text: str) -> None:
        with sessions.begin() as session:
            training_logs.say(session, run_id, text, now())

    return say


def _keep(sessions: Sessions, run_id: int, scored: list[tuple[list[int], Rewards]]) -> None:
    """Stores the rewards in many short transactions; what a killed attempt left of them goes first."""
    with sessions.begin() as session:
        rewards.forget(session, run_id)
    for responses, given in scored:
        for part in rewards.chunks(responses, given):
            with sessions.begin() as session:
                if training_runs.stops(session, run_id):
                    raise Cancelled
                rewards.keep(session, run_id, part)


def _stop_if_asked(sessions: Sessions, run_id: int) -> None:
    with reading(sessions) as session:
        if training_runs.stops(session, run_id):
            raise Cancelled


def _config(run: TrainingRun) -> TrainingConfig:
    known = {field.name for field in fields(TrainingConfig)}
    return replace(TrainingConfig(), **{name: value for name, value in run.config.items() if name in known})


def _reporter(sessions: Sessions, run_id: int) -> Callable[[Progress], bool]:
    def report(point: Progress) -> bool:
        with sessions.begin() as session:
            return training_runs.progress(
                session, run_id, point.step, point.steps, point.loss, point.accuracy, point.elapsed_s
            )

    return report


def _judge(sessions: Sessions, run_id: int, held_out: PairSet, ours: Rewards) -> tuple[bool, str]:
    """Whether the model becomes current, and why: not worse than the current one on the same held-out pairs."""
    with sessions() as session:
        current = reward_models.current(session, training_runs.get(session, run_id).project_id)
    if current is None or current.artefact is None:
        return True, "The first model of this project."
    try:
        theirs = export.load(current.artefact).score(held_out.items)
    except Exception as error:  # damaged files raise what they like
        log.exception("the current model, of run %d, cannot be loaded", current.id)
        return (
            False,
            f"Kept, not used: it cannot be compared, for the model of run {current.id} cannot be loaded: {error}",
        )
    found = compare(held_out, ours, theirs)
    if np.isnan(found.difference):
        return True, "No held-out comparison has a majority, so nothing speaks against it."
    words = (
        f"Held-out accuracy against run {current.id}: {found.difference:+.3f} "
        f"(95 % interval {found.low:+.3f} to {found.high:+.3f})."
    )
    return (False, f"Worse. {words} Kept, not used.") if found.worse else (True, f"Not worse. {words}")


def _finish(sessions: Sessions, run_id: int, state: RunState, error: str | None, said: str) -> None:
    with sessions.begin() as session:
        rewards.forget(session, run_id)
        training_logs.say(session, run_id, said, now())
        training_runs.finish(session, training_runs.get(session, run_id), state, now(), error)


def _metrics(found: Evaluation, trained: Trained) -> dict[str, Any]:
    metrics = asdict(found) | {"steps": trained.steps, "truncated": trained.truncated, "seconds": trained.seconds}
    return {name: None if value != value else value for name, value in metrics.items()}


def pair_set(found: Material, split: str) -> PairSet:
    """The judged pairs of one split ("train" or "held_out"); a tie is half a win for each."""
    wins: dict[tuple[int, int, int], list[float]] = {}
    for row in found.judgements:
        if row["split"] == split:
            won = wins.setdefault((row["prompt"], row["a"], row["b"]), [0.0, 0.0])
            for side, share in enumerate((0.5 - np.sign(row["strength"]) / 2, 0.5 + np.sign(row["strength"]) / 2)):
                won[side] += share
    index: dict[tuple[int, int], int] = {}
    for prompt, a, b in wins:
        index.setdefault((prompt, a), len(index))
        index.setdefault((prompt, b), len(index))
    table = np.array(list(wins.values()), dtype=float).reshape(-1, 2)
    return PairSet(
        [Item(found.messages[prompt], found.responses[response]) for prompt, response in index],
        np.array([prompt for prompt, _ in index], dtype=np.int64),
        np.array([index[prompt, a] for prompt, a, _ in wins], dtype=np.int64),
        np.array([index[prompt, b] for prompt, _, b in wins], dtype=np.int64),
        table[:, 0],
        table[:, 1],
    )


def distinct(found: Material, split: str) -> list[int]:
    """Ids of the responses of one split, in the order of the items of its pair_set."""
    return list(dict.fromkeys(row[side] for row in found.judgements if row["split"] == split for side in ("a", "b")))
