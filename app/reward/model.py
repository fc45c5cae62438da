"""A pretrained transformer with a scalar head, and how a prompt with its response becomes its input."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers import logging as transformers_logging
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING

from app.reward.config import default_base_model
from app.reward.data import Item, Messages

# a fresh head is what we want here, and a bar for each loaded tensor is for nobody
transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()

PAD = "<|reward_pad|>"
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}"
    "{% if not loop.last %}{{ '\n\n' }}{% endif %}{% endfor %}{{ eos_token }}"
)
SCORE_TOKENS = 8192


@dataclass
class RewardModel:
    """A model that gives one number for (prompt, response). `max_length` counts tokens of both together."""

    model: Any
    tokenizer: Any
    max_length: int
    encoder: bool

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.model.device
        return device

    def encode(self, items: Sequence[Item]) -> tuple[list[dict[str, list[int]]], int]:
        """Token ids of each item, cut on the left to `max_length`, and how many had to be cut.

        An encoder reads the pair (prompt, response); a decoder reads the conversation by the tokenizer's chat template,
        ended by its end-of-sequence token, whose representation is scored.
        """
        if not items:
            return [], 0
        if self.encoder:
            pairs = [(transcript(item.prompt), item.response) for item in items]
            whole = self.tokenizer(*map(list, zip(*pairs, strict=True)), verbose=False)
            names = [name for name in ("input_ids", "token_type_ids") if name in whole]
            rows = [{name: whole[name][index] for name in names} for index in range(len(items))]
            over = [index for index, row in enumerate(rows) if len(row["input_ids"]) > self.max_length]
            for index in over:
                # one by one and without what is cut anyhow: truncation needs memory for all of it times all of it
                ends = (self._end(text) for text in pairs[index])
                cut = self.tokenizer(*ends, truncation="longest_first", max_length=self.max_length)
                rows[index] = {name: cut[name] for name in names}
            return rows, len(over)
        encoded, long = [], 0
        for item in items:
            turns = [*item.prompt, {"role": "assistant", "content": item.response}]
            text = self.tokenizer.apply_chat_template(turns, tokenize=False)
            ids = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
            while ids and ids[-1] != self.tokenizer.eos_token_id and not self.tokenizer.decode(ids[-1:]).strip():
                ids.pop()  # the template's last line break
            if not ids or ids[-1] != self.tokenizer.eos_token_id:
                ids.append(self.tokenizer.eos_token_id)
            long += len(ids) > self.max_length
            encoded.append({"input_ids": ids[-self.max_length :]})
        return encoded, long

    def _end(self, text: str) -> str:
        """The text from a few tokens before its last `max_length` on."""
        found = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        offsets = found["offset_mapping"][-self.max_length - 16 :]
        return text[offsets[0][0] :] if offsets else text

    def forward(self, encoded: Sequence[dict[str, list[int]]]) -> Tensor:
        """Rewards (n,) of encoded items, with gradients where the mode allows them."""
        logits: Tensor = self.model(**self.inputs(encoded)).logits
        return logits[:, 0]

    def inputs(self, encoded: Sequence[dict[str, list[int]]]) -> dict[str, Tensor]:
        """Encoded items as the model's inputs (n, longest), padded on the right, where the weights are."""
        pad = self.tokenizer.pad_token_id
        inputs = {
            name: pad_sequence([torch.tensor(one[name]) for one in encoded], True, pad if name == "input_ids" else 0)
            for name in encoded[0]
        }
        lengths = torch.tensor([len(one["input_ids"]) for one in encoded])
        width = inputs["input_ids"].shape[1]
        inputs["attention_mask"] = (torch.arange(width)[None, :] < lengths[:, None]).long()
        return {name: tensor.to(self.device) for name, tensor in inputs.items()}

    def score(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """Rewards (n,) in float32 arithmetic."""
        encoded, _ = self.encode(items)
        return self.score_encoded(encoded)

    @torch.inference_mode()
    def score_encoded(self, encoded: Sequence[dict[str, list[int]]]) -> NDArray[np.float64]:
        """Rewards (n,) of encoded items, like lengths together."""
        was_training = self.model.training
        self.model.eval()
        rewards = np.zeros(len(encoded))
        for chosen in _batches([len(one["input_ids"]) for one in encoded]):
            rewards[chosen] = self.forward([encoded[index] for index in chosen]).float().cpu().numpy()
        self.model.train(was_training)
        return rewards


def transcript(messages: Messages) -> str:
    """A prompt as an encoder reads it: a single user turn as it is, a longer conversation with the roles named."""
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n\n".join(f"{turn['role'].capitalize()}: {turn['content']}" for turn in messages)


def new(base_model: str, max_length: int, seed: int) -> RewardModel:
    """A base model with a fresh scalar head. Raises OSError when there is no such model."""
    torch.manual_seed(seed)
    return _load(base_model or default_base_model(), max_length)


def load(folder: str | Path) -> RewardModel:
    """A saved reward model. Raises OSError or ValueError when the folder holds none."""
    config = AutoConfig.from_pretrained(folder)
    max_length = getattr(config, "reward_max_length", None)
    if max_length is None:
        raise ValueError(f"{folder} holds no reward model that was trained here")
    return _load(str(folder), int(max_length))


def device() -> torch.device:
    """The first GPU, or the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def bf16(where: torch.device) -> bool:
    """Whether bfloat16 arithmetic is native there: emulated, it would be slower than float32."""
    if where.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _load(name: str, max_length: int) -> RewardModel:
    tokenizer = AutoTokenizer.from_pretrained(name, truncation_side="left", padding_side="right")
    config = AutoConfig.from_pretrained(name)
    encoder = type(config) in MODEL_FOR_MASKED_LM_MAPPING
    model = AutoModelForSequenceClassification.from_pretrained(
        name, num_labels=1, problem_type="regression", dtype=torch.float32, ignore_mismatched_sizes=True
    )
    if not encoder:
        if tokenizer.eos_token_id is None:
            raise ValueError(f"the tokenizer of {name} has no end-of-sequence token")
        # pooling looks for the last token that is not padding, so padding must be no real token
        if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
            tokenizer.add_special_tokens({"pad_token": PAD})
        if len(tokenizer) > model.get_input_embeddings().num_embeddings:
            model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        if tokenizer.chat_template is None:
            tokenizer.chat_template = TEMPLATE
    positions = getattr(config, "max_position_embeddings", None) or max_length
    # RoBERTa counts its positions from the padding id on
    offset = (
        tokenizer.pad_token_id + 1
        if getattr(config, "position_embedding_type", "") == "absolute"
        and config.model_type in ("roberta", "xlm-roberta", "camembert")
        else 0
    )
    limit = min(max_length, positions - offset, tokenizer.model_max_length)
    tokenizer.model_max_length = limit
    model.config.pad_token_id = tokenizer.pad_token_id
    model.config.reward_max_length = limit
    model.config.id2label, model.config.label2id = {0: "reward"}, {"reward": 0}
    return RewardModel(model.to(device()), tokenizer, limit, encoder)


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Indices by length, in batches of at most SCORE_TOKENS with padding, the longest first."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > SCORE_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
