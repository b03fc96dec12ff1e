"""Clipping of the gradient and the limit of the units' norms, as the equations have them, on tensors."""

import torch
from torch import Tensor


def clip_by_value_(gradient: Tensor, most: float) -> Tensor:
    """g := min(max(g, -c), c)."""
    limit = min(most, torch.finfo(gradient.dtype).max)
    return gradient.clamp_(-limit, limit)


def clip_by_norm_(gradient: Tensor, most: float) -> Tensor:
    """g := g·min(1, c / ‖g‖); what is not finite stays, for the training to find."""
    largest = gradient.abs().max()
    can = (largest > 0) & (largest < torch.inf)
    # Parts of the largest entry, whose squares neither overflow nor vanish; the norm itself may overflow.
    parts = gradient / torch.where(can, largest, torch.ones_like(largest))
    share = most / torch.linalg.vector_norm(parts)
    return gradient.copy_(torch.where(can & (largest > share), parts * share, gradient))


def limit_norms_(W: Tensor, most: float) -> Tensor:
    """Wⱼ := Wⱼ·min(1, c / ‖Wⱼ‖), row by row; a row that is not finite stays so."""
    largest = W.abs().amax(dim=1, keepdim=True)
    unit = torch.where((largest > 0) & (largest < torch.inf), largest, torch.ones_like(largest))
    parts = W / unit
    limit = most / torch.linalg.vector_norm(parts, dim=1, keepdim=True).clamp(min=1)
    return W.copy_(torch.where(unit > limit, parts * limit, W))
