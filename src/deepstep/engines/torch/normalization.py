"""Normalization over the batch (axis 0) or over the layer's units (axis 1); rows are examples."""

from math import sqrt
from typing import NamedTuple

import torch
from torch import Tensor

EPSILON = 1e-5
"""ε of both kinds, as in the equations."""

AXIS = {"batch": 0, "layer": 1}


class Normalized(NamedTuple):
    """U_hat with the statistics used, which keep the axis that they are taken over."""

    U_hat: Tensor
    mean: Tensor
    variance: Tensor
    deviation: Tensor


def normalize(U: Tensor, kind: str) -> Normalized:
    """By U's own statistics, in two passes and in a unit that keeps every square finite."""
    axis = AXIS[kind]
    exponent = torch.frexp(U.abs().amax(dim=axis, keepdim=True)).exponent.sub_(1).clamp_(min=0)
    unit = torch.ldexp(torch.ones_like(exponent, dtype=U.dtype), exponent)
    scaled = U / unit
    mean = scaled.mean(dim=axis, keepdim=True)
    centered = scaled.sub_(mean)
    variance = (centered * centered).mean(dim=axis, keepdim=True)
    deviation = torch.hypot(variance.sqrt(), sqrt(EPSILON) / unit)
    return Normalized(centered / deviation, unit * mean, unit * (unit * variance), unit * deviation)


def normalize_by(U: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """By statistics that are given."""
    return (U - mean) / torch.sqrt(variance + EPSILON)


def normalize_backward(dU_hat: Tensor, found: Normalized, kind: str) -> Tensor:
    """dU, through the batch's own statistics."""
    axis = AXIS[kind]
    mean = dU_hat.mean(dim=axis, keepdim=True)
    along = (dU_hat * found.U_hat).mean(dim=axis, keepdim=True)
    return (dU_hat - mean - found.U_hat * along) / found.deviation
