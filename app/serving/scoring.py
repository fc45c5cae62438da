"""What the reward server and `touchstone score` share: which model is meant, and what can be scored."""

from dataclasses import dataclass
from typing import Any

from app.domain import projects, reward_models, training_runs
from app.domain.errors import Conflict, Invalid
from app.domain.rows import conversation
from app.reward.data import Item
from app.storage.session import Session


@dataclass(frozen=True)
class Current:
    """A project's reward model: the run that trained it, the hash of what it learned from, the folder it is in."""

    project: str
    run: int
    snapshot: str
    artefact: str


def current(session: Session, slug: str) -> Current:
    """The project's reward model as of now; raises NotFound, or Conflict while it has none."""
    run = reward_models.current(session, projects.get(session, slug).id)
    if run is None or run.artefact is None:
        raise Conflict(f"{slug} has no reward model yet. Train one first.")
    return Current(slug, run.id, training_runs.snapshot_of(session, run).digest, run.artefact)


def item(row: Any) -> Item:
    """A row's prompt (text or messages) and response as what a model scores; raises Invalid."""
    if not isinstance(row, dict):
        raise Invalid("", "not a JSON object")
    for name in ("prompt", "response"):
        if row.get(name) is None:
            raise Invalid(name, "missing")
    response = row["response"]
    if not isinstance(response, str):
        raise Invalid("response", "wrong type: must be a string")
    messages = conversation(row["prompt"])
    for name, text in [*(("prompt", turn["content"]) for turn in messages), ("response", response)]:
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise Invalid(name, "contains half of a surrogate pair")
    return Item(messages, response)
