"""Normalization over the batch (axis 0) or over the layer's units (axis 1); rows are examples."""

from math import sqrt
from typing import NamedTuple

import torch
from torch import Tensor

EPSILON = 1e-5
"""ε of both kinds, as in the equations."""

AXIS = {"batch": 0, "layer": 1}

MANY, FEW = 2**15, 2**10
"""Examples from which on sums over them are made in pieces, and those of a piece."""


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
    mean = mean_over(scaled, axis)
    centered = scaled.sub_(mean)
    variance = mean_over(centered * centered, axis)
    deviation = torch.hypot(variance.sqrt(), sqrt(EPSILON) / unit)
    return Normalized(centered / deviation, unit * mean, unit * (unit * variance), unit * deviation)


def normalize_by(U: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """By statistics that are given."""
    return (U - mean) / torch.sqrt(variance + EPSILON)


def normalize_backward(dU_hat: Tensor, found: Normalized, kind: str) -> Tensor:
    """dU, through the batch's own statistics."""
    axis = AXIS[kind]
    mean = mean_over(dU_hat, axis)
    along = mean_over(dU_hat * found.U_hat, axis)
    return (dU_hat - mean - found.U_hat * along) / found.deviation


def mean_over(rows: Tensor, axis: int, *, keepdim: bool = True) -> Tensor:
    """The mean over the units (axis 1) or over the examples (axis 0), of many examples in pieces: a fused sum
    adds up one number after another, and loses digits of millions.
    """
    if axis == 1 or len(rows) < MANY:
        return rows.mean(dim=axis, keepdim=keepdim)
    wide = torch.promote_types(rows.dtype, torch.float32)
    pieces, rest = in_pieces(rows, FEW)
    total = pieces.sum(dim=1, dtype=wide).sum(dim=0) + rest.sum(dim=0, dtype=wide)
    return (total / len(rows)).unsqueeze(0) if keepdim else total / len(rows)


def in_pieces(rows: Tensor, least: int) -> tuple[Tensor, Tensor]:
    """Pieces of the same size, of so many rows at least, (pieces, rows of a piece, n); and what is left."""
    pieces = len(rows) // least
    whole = len(rows) - len(rows) % pieces
    return torch.unflatten(rows[:whole], 0, (pieces, -1)), rows[whole:]
