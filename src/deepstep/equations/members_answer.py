"""The logits of a mean answer: what K members say together, as a single network would say it.

The cost of a network that predicts is that of its answer, and costs come from logits. So the mean of the
answers is turned back into the logits that give it, without ever leaving the logarithms.
"""

from collections.abc import Callable

import numpy as np

from deepstep.equations.registry import equation
from deepstep.equations.relu_variants import softplus
from deepstep.equations.shared_members import SOURCE, members_mean
from deepstep.errors import ConfigurationError
from deepstep.types import Array


def _log_mean(logarithms: Array) -> Array:
    """log(Σₖ exp(·) / K) of (n, K, m), over the members."""
    largest = logarithms.max(axis=1, keepdims=True)
    return (largest + np.log(np.exp(logarithms - largest).mean(axis=1, keepdims=True)))[:, 0]


def _of_probabilities(Z: Array) -> Array:
    return _log_mean(-softplus(-Z)) - _log_mean(-softplus(Z))


def _of_classes(Z: Array) -> Array:
    shifted = Z - Z.max(axis=0)
    return _log_mean(shifted - np.log(np.exp(shifted).sum(axis=0)))


def _softplus_inverse(steps: Array) -> Array:
    """z of softplus(z), for steps above 0; of one that is 0 by rounding, that of the smallest number."""
    steps = np.maximum(steps, np.finfo(steps.dtype).tiny)
    return steps + np.log(-np.expm1(-steps))


def _of_increasing(Z: Array) -> Array:
    return np.concatenate([Z[:1].mean(axis=1), _softplus_inverse(softplus(Z[1:]).mean(axis=1))])


def _of_ordered_classes(Z: Array) -> Array:
    falling = np.cumsum(np.concatenate([Z[:1], -softplus(Z[1:])]), axis=0)
    U = _of_probabilities(falling)
    return np.concatenate([U[:1], _softplus_inverse(-np.diff(U, axis=0))])


MEAN_LOGITS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda Z: Z.mean(axis=1),
    "sigmoid": _of_probabilities,
    "softmax": _of_classes,
    "exponential": _log_mean,
    "increasing": _of_increasing,
    "ordinal": _of_ordered_classes,
}
"""By the activation of the output: the logits (n, m) of the mean answer, from those of members (n, K, m)."""


@equation("Z = g⁻¹(Σₖ g(ZLₖ) / K)", source=SOURCE)
def mean_logits(ZL: Array, members: int, activation: str) -> Array:
    """The logits with which one network would give the mean of the members' answers.

    Parameters
    ----------
    ZL : array of shape (n_L, K·m)
        Logits of the first member, then of the second, …
    members : int
        K.
    activation : str
        Of the output, a name in ``MEAN_LOGITS``.

    Returns
    -------
    Z : array of shape (n_L, m)
        Of a single member its own.

    Raises
    ------
    ConfigurationError
        If answers of that activation cannot be turned back.

    Examples
    --------
    >>> from deepstep.equations import sigmoid
    >>> Z = mean_logits(np.array([[0.0, 50.0]]), 2, "sigmoid")
    >>> sigmoid(Z).round(3), mean_logits(np.array([[-1000.0, -1002.0]]), 2, "sigmoid").round(3)
    (array([[0.75]]), array([[-1000.566]]))
    """
    if activation not in MEAN_LOGITS:
        raise ConfigurationError(
            "mean_logits",
            f"an output of {', '.join(MEAN_LOGITS)}, whose mean has logits",
            f"got {activation!r}",
        )
    if members == 1:
        return ZL
    members_mean(ZL[:1], members)  # as many columns for each member
    return MEAN_LOGITS[activation](ZL.reshape(len(ZL), members, -1))
