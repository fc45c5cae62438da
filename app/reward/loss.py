"""The ranking loss."""

import torch
from torch import Tensor
from torch.nn.functional import softplus


def bradley_terry(reward_a: Tensor, reward_b: Tensor, wins_a: Tensor, wins_b: Tensor) -> Tensor:
    """Mean negative log likelihood of a judgement, in nats, for pairs (n,) won `wins_a` and `wins_b` times.

    P(a wins) = σ(reward_a − reward_b) (Bradley and Terry 1952); a tie counts half a win for each.
    """
    difference = (reward_a - reward_b).float()
    loss = wins_a * softplus(-difference) + wins_b * softplus(difference)
    total: Tensor = loss.sum() / torch.clamp((wins_a + wins_b).sum(), min=1e-9)
    return total
