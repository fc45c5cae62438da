"""A reward model on disk: a Hugging Face folder with a card and golden inputs that are checked at every load."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.reward import model as models
from app.reward.data import Item
from app.reward.model import RewardModel

GOLDEN = "golden.json"
TOLERANCE = 1e-3


class NotAsSaved(ValueError):
    """A model does not give the rewards that it gave when it was saved."""


def save(model: RewardModel, folder: Path, golden: Sequence[Item], lineage: dict[str, Any]) -> None:
    """Writes the model to `folder`, whole or not at all. `lineage` (run, snapshot, metrics …) goes into the card."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    model.model.save_pretrained(fresh)
    model.tokenizer.save_pretrained(fresh)
    encoded, _ = model.encode(golden)
    rewards = model.score_encoded(encoded)
    rows = [
        {"prompt": item.prompt, "response": item.response, "input_ids": one["input_ids"], "reward": float(reward)}
        for item, one, reward in zip(golden, encoded, rewards, strict=True)
    ]
    (fresh / GOLDEN).write_text(json.dumps(rows, ensure_ascii=False, indent=1))
    (fresh / "lineage.json").write_text(json.dumps(lineage, indent=1, sort_keys=True))
    (fresh / "README.md").write_text(_card(model, lineage))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def load(folder: str | Path) -> RewardModel:
    """A saved model; raises OSError or ValueError when there is none, NotAsSaved when the golden inputs disagree."""
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    model = models.load(folder)
    rows = json.loads((Path(folder) / GOLDEN).read_text())
    items = [Item(row["prompt"], row["response"]) for row in rows]
    encoded, _ = model.encode(items)
    for row, one in zip(rows, encoded, strict=True):
        if row["input_ids"] != one["input_ids"]:
            raise NotAsSaved(f"{folder}: the tokenizer no longer gives the tokens that the model was trained on")
    off = np.abs(model.score_encoded(encoded) - [row["reward"] for row in rows])
    if not np.all(off <= TOLERANCE):
        raise NotAsSaved(f"{folder}: rewards differ by up to {off.max():.3g} from those at the time of saving")
    return model


def _card(model: RewardModel, lineage: dict[str, Any]) -> str:
    reads = (
        "It reads the pair `tokenizer(prompt, response, truncation=True)`; a conversation of several turns is one text "
        "with `User:` and `Assistant:` before the turns."
        if model.encoder
        else "It reads `tokenizer.apply_chat_template([*prompt, {'role': 'assistant', 'content': response}])`, "
        "ended by the end-of-sequence token."
    )
    facts = "\n".join(f"- {name}: {value}" for name, value in lineage.items())
    return (
        "---\nlibrary_name: transformers\npipeline_tag: text-classification\ntags: [reward-model]\n---\n"
        "# Reward model\n\nOne logit, the reward of (prompt, response); only differences between responses to the same "
        f"prompt mean something.\n{reads} At most {model.max_length} tokens, cut on the left. `golden.json` holds "
        f"inputs with their token ids and rewards.\n\n{facts}\n"
    )
