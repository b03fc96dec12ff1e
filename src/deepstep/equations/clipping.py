"""Clipping of the gradient, between the backward pass and the update."""

import numpy as np

from deepstep.equations.registry import equation
from deepstep.types import Array

__all__ = ["clip_by_norm", "clip_by_value"]


@equation("g := g·min(1, c / ‖g‖)", source="Pascanu et al., arXiv 1211.5063, algorithm 1")
def clip_by_norm(gradient: Array, *, most: float) -> Array:
    """Shorten the gradient to length c where it is longer; its direction stays.

    gradient: All derivatives together: the flat vector. One that is not finite is given back as it is, for
        the training to find.

    >>> clip_by_norm(np.array([3.0, 4.0]), most=1.0)
    array([0.6, 0.8])
    """
    largest = float(np.max(np.abs(gradient), initial=0))
    if not 0 < largest < np.inf:
        return gradient.copy()
    # Parts of the largest entry, whose squares neither overflow nor vanish; the norm itself may overflow.
    parts = gradient / largest
    length = float(np.linalg.norm(parts))
    share = float(most) / length
    return parts * share if largest > share else gradient.copy()


@equation("g := min(max(g, -c), c)", source="Pascanu et al., arXiv 1211.5063")
def clip_by_value(gradient: Array, *, most: float) -> Array:
    """Cut every derivative to the range from -c to c.

    >>> clip_by_value(np.array([3.0, -4.0, 0.5]), most=1.0)
    array([ 1. , -1. ,  0.5])
    """
    limit = min(float(most), float(np.finfo(gradient.dtype).max))
    return np.clip(gradient, -limit, limit)
