"""The part of the training data that is held out to validate on, and both together again."""

from math import ceil

import numpy as np

from deepstep.data.splits import stratification_obstacle
from deepstep.errors import DataError
from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray

LEAST = 4
"""Least examples that can be split: two of them validate, as a score of one alone says little."""


def hold_out(
    examples: Examples, classes: AnyArray | None, *, fraction: float, seed: int, where: str
) -> tuple[Examples, Examples]:
    """The examples to learn from, and those to validate on, drawn from the seed as scikit-learn's estimators
    draw them, order and all.

    ``classes`` (m,) are held in proportion where there are enough of each; the validation part has
    two examples at least, and not all.
    """
    from sklearn.model_selection import train_test_split

    m = len(examples)
    if m < LEAST:
        expected, got = f"at least {LEAST} examples, to hold some out", f"got n_samples={m}"
        raise DataError(where, expected, got, "The validation set is too small otherwise.")
    size = min(max(2, ceil(fraction * m)), m - 1)
    obstacle = classes is None or stratification_obstacle(classes, fraction=(size - 0.5) / m)
    groups = None if obstacle else classes
    parts = train_test_split(np.arange(m), test_size=size, random_state=seed, stratify=groups)
    weight = examples.weight
    learn, held = (
        Examples(examples.X[rows], examples.Y[rows], None if weight is None else weight[rows])
        for rows in parts
    )
    if any(part.weight is not None and not part.weight.any() for part in (learn, held)):
        raise DataError(
            where,
            "a weight above 0 in both the learning and the validation part",
            "got a part whose weights are all 0",
            "Use another seed or validation_fraction.",
        )
    return learn, held


def together(first: Examples, second: Examples) -> Examples:
    """The examples of both."""
    dense = isinstance(first.X, np.ndarray) and isinstance(second.X, np.ndarray)
    weight = None
    if first.weight is not None or second.weight is not None:
        weights = [
            np.ones(len(part), part.Y.dtype) if part.weight is None else part.weight
            for part in (first, second)
        ]
        weight = np.concatenate(weights)
    if dense:
        X = np.concatenate([first.X, second.X])
    else:
        from scipy.sparse import vstack

        X = vstack([first.X, second.X], format="csr")
    return Examples(X, np.concatenate([first.Y, second.Y]), weight)
