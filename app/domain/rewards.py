"""The rewards that models gave to the responses that they were made and measured with.

There are as many for a run as its snapshot has responses, so they are kept of a few runs only: the newest KEPT of a
project, and the one whose model is in use.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from app.domain import reward_models
from app.storage.bulk import insert
from app.storage.training import Reward, TrainingRun
from app.vocabulary import RunState

KEPT = 5
CHUNK = 5_000  # rows in a transaction: on SQLite everybody else waits for it


def chunks(responses: Sequence[int], rewards: NDArray[np.float64]) -> Iterator[list[tuple[int, float]]]:
    """(response id, reward) in parts that are small enough for one transaction each."""
    pairs = list(zip(responses, rewards.tolist(), strict=True))
    return (pairs[start : start + CHUNK] for start in range(0, len(pairs), CHUNK))


def keep(session: Session, run_id: int, pairs: Sequence[tuple[int, float]]) -> None:
    """Stores rewards of a run, of responses that have none of it yet."""
    insert(session, Reward, ("run_id", "response_id", "reward"), [(run_id, *pair) for pair in pairs])


def forget(session: Session, run_id: int) -> None:
    """Drops the rewards of a run."""
    session.execute(delete(Reward).where(Reward.run_id == run_id))


def of_run(session: Session, run: TrainingRun) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ids of responses in ascending order and their rewards, both (n,); empty where none are kept."""
    wanted = select(Reward.response_id, Reward.reward).where(Reward.run_id == run.id).order_by(Reward.response_id)
    # as plain values: naming the columns of half a million rows takes longer than reading them
    found = session.connection().execute(wanted).all()
    ids, given = zip(*found, strict=True) if found else ((), ())
    return np.array(ids, np.int64), np.array(given, np.float64)


def are_kept(session: Session, run: TrainingRun) -> bool:
    """Whether there are all rewards of the run: while it is under way there may be some, and what is found in them would
    be remembered."""
    return run.state == RunState.succeeded and bool(session.scalar(select(exists().where(Reward.run_id == run.id))))


def prune(session: Session, project_id: int | None = None) -> int:
    """Drops the rewards of runs, of one project or all, that are neither in use nor among the newest; says of how many."""
    there = exists().where(Reward.run_id == TrainingRun.id)
    wanted = select(TrainingRun.id, TrainingRun.project_id).where(TrainingRun.state == RunState.succeeded, there)
    if project_id is not None:
        wanted = wanted.where(TrainingRun.project_id == project_id)
    runs: dict[int, list[int]] = {}
    for run_id, project in session.execute(wanted.order_by(TrainingRun.id.desc())):
        runs.setdefault(project, []).append(run_id)
    dropped = 0
    for project, ids in runs.items():
        current = reward_models.current(session, project)
        for run_id in ids[KEPT:]:
            if current is None or run_id != current.id:
                forget(session, run_id)
                dropped += 1
    return dropped
