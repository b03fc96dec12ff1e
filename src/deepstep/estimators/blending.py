"""How much each preset counts: the weights with which out-of-fold answers together are best."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax

from deepstep.types import Array

CAUTION = 50
"""So many further examples say that all presets are equally good."""


def blending_weights(
    answers: Sequence[Array], loss: Callable[[Array], Array], weight: Array | None = None
) -> NDArray[np.float64]:
    """Weights, at least 0 and with the sum 1, of several answers (m, n_L) to held out examples.

    They make the mean loss of the weighted mean of the answers smallest, and are then drawn towards equal
    ones, the more the fewer examples there are ("stacking": Wolpert, Neural Networks 5, 1992; weights that
    sum to 1: Breiman, Machine Learning 24, 1996). ``loss`` takes outputs (m, n_L), is convex in them and
    gives the loss of each example (m,).
    """
    stack = np.stack([np.asarray(answer, np.float64) for answer in answers])
    n, m = stack.shape[:2]
    if n == 1:
        return np.ones(1)
    of_examples = np.ones(m) if weight is None else np.asarray(weight, np.float64)

    def mean_loss(t: NDArray[np.float64]) -> float:
        return float(np.average(loss(np.tensordot(softmax(t), stack, 1)), weights=of_examples))

    # The simplex by softmax: no bounds, and no weight is exactly 0 on the way.
    best = minimize(
        mean_loss, np.zeros(n), method="L-BFGS-B", bounds=[(-10, 10)] * n, options={"maxiter": 50}
    )
    share = CAUTION / (CAUTION + m)
    found: NDArray[np.float64] = (1 - share) * softmax(best.x) + share / n
    return found
