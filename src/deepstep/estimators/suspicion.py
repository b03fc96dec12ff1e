"""How rows with a doubtful target are found: answers of those that did not learn them, and gradient norms."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import ConfigurationError
from deepstep.estimators.calls import Given
from deepstep.estimators.convening import Rows
from deepstep.estimators.ensemble import Ensemble
from deepstep.estimators.learned_rows import LearnedRows
from deepstep.estimators.tables import n_rows
from deepstep.model import Network
from deepstep.training.rows import parts
from deepstep.types import Array, is_whole


class Judged(NamedTuple):
    """Outputs and targets (m, n_L) of rows with the norm of the gradient of each row's loss (m,).

    Outputs are from members that did not learn the row where there are such; norms are the weighted mean of
    the members'.
    """

    A: Array
    Y: Array
    norms: Array


def judged_rows(estimator: Any, given: Given, where: str) -> Judged:
    """Outputs and gradient norms of rows, checked as those of the fit."""
    if "ensemble_" in vars(estimator):
        rows = estimator._coded(estimator._table_rows(given, reset=False, where=where), where)
        return _judged_by_ensemble(estimator.ensemble_, estimator._learned_rows, rows)
    X, y, _ = estimator._checked(given, estimator.network_.dtype, reset=False, where=where)
    Y = estimator._encode(y, X.dtype, where)
    return Judged(estimator._outputs(X).astype(np.float64), Y, _norms(estimator.network_, X, Y))


def _judged_by_ensemble(ensemble: Ensemble, learned: LearnedRows, rows: Rows) -> Judged:
    m = n_rows(rows.table)
    A, norms = np.full(rows.Y.shape, np.nan), np.full(m, np.nan)
    apart = ensemble.out_of_fold is not None and learned.are(ensemble, rows.table)
    if apart:
        A[learned.kept] = ensemble.out_of_fold
        for fold, preparer in enumerate(ensemble.preparers):
            numbers = learned.kept[preparer.fold.held_out]
            if numbers.size:
                norms[numbers] = _norms_by_members(ensemble, rows.take(numbers), [fold])
    rest = np.flatnonzero(~np.isfinite(A).all(axis=1))
    if rest.size:
        others = rows.take(rest)
        A[rest] = ensemble.outputs(others.table)
        norms[rest] = _norms_by_members(ensemble, others, range(len(ensemble.preparers)))
    return Judged(A, rows.Y, norms)


def _norms_by_members(ensemble: Ensemble, rows: Rows, folds: Any) -> Array:
    """The weighted mean of the gradient norms that the members of these folds see."""
    total, count = np.zeros(n_rows(rows.table)), 0.0
    for fold in folds:
        preparer = ensemble.preparers[fold]
        inputs, Y = preparer.inputs(rows.table), (rows.Y - preparer.center) / preparer.scale
        for member, share in zip(ensemble.members, ensemble.shares, strict=True):
            if member.fold == fold and share > 0:
                total += share * _norms(member.network, inputs[member.preset.cuts], Y)
                count += share
    return total / count


def _norms(network: Network, X: Any, Y: Array) -> Array:
    """`Network.gradient_norms` of rows; of sparse rows only the part at hand is made dense."""
    found = []
    for part in parts(X.shape[0], network.architecture.held_dims):
        rows = X[part] if isinstance(X, np.ndarray) else X[part].toarray()
        found.append(network.gradient_norms(rows.T, Y[part].T)[0])
    return np.concatenate(found)


def most_suspect(
    n: int | None, doubt: Array, norms: Array, row: Callable[[int], Any], where: str
) -> list[Any]:
    """The first n rows, or all, from the most doubted one on; gradient norms decide where doubts are equal.

    ``row`` takes the number of a row and gives its entry.
    """
    if n is not None and not is_whole(n, 1):
        raise ConfigurationError(where, "n is a whole number of at least 1, or None", f"got {n!r}")
    first: NDArray[np.intp] = np.lexsort((-norms, -doubt))
    return [row(int(number)) for number in first[:n]]
