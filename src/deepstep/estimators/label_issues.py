"""Rows whose target may be wrong, by predictions of members that did not learn them and by gradient norms."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.predictor import Predictor
from deepstep.ensembles.split import Rows
from deepstep.model import Network
from deepstep.training.rows import parts
from deepstep.types import Array


def out_of_fold_outputs(predictor: Predictor, rows: Rows) -> tuple[Array, Array]:
    """Outputs (m, n_outputs) for rows, by members that did not learn them, and gradient norms (m,)."""
    ensemble, learned = predictor.ensemble, predictor.rows_of_fit
    m = len(rows)
    A, norms = np.full(rows.Y.shape, np.nan), np.full(m, np.nan)
    if learned is not None and ensemble.out_of_fold is not None and learned.match(ensemble, rows.X):
        A[learned.kept] = ensemble.out_of_fold
        for fold, held_out in enumerate(ensemble.held_out):
            numbers = learned.kept[held_out]
            if numbers.size:
                norms[numbers] = _norms_by_members(ensemble, rows.take(numbers), [fold])
    rest = np.flatnonzero(~np.isfinite(A).all(axis=1))
    if rest.size:
        A[rest] = ensemble.outputs(rows.take(rest).X)
    rest = np.flatnonzero(np.isnan(norms))  # of a refit all rows
    if rest.size:
        norms[rest] = _norms_by_members(ensemble, rows.take(rest), range(len(ensemble.preprocessors)))
    return A, norms


def _norms_by_members(ensemble: Ensemble, rows: Rows, folds: Iterable[int]) -> Array:
    """The weighted mean of the gradient norms of the networks of these folds; the mean where none counts."""
    total, count = np.zeros(len(rows)), 0.0
    shares = ensemble.shares if any(ensemble.shares) else [1.0] * len(ensemble.members)
    for fold in folds:
        preprocessor = ensemble.preprocessors[fold]
        inputs = preprocessor.inputs(preprocessor.features(rows.X))
        Y = preprocessor.scaled(rows.Y)
        for member, share in zip(ensemble.members, shares, strict=True):
            if member.fold == fold and share > 0:
                total += share * _norms(member.network, inputs[member.inputs], Y)
                count += share
    return total / count


def _norms(network: Network, X: Any, Y: Array) -> Array:
    """`Network.gradient_norms` of rows; of sparse rows only the part at hand is made dense."""
    norms = []
    for part in parts(X.shape[0], network.architecture.held_dims):
        rows = X[part] if isinstance(X, np.ndarray) else X[part].toarray()
        norms.append(network.gradient_norms(rows.T, Y[part].T)[0])
    return np.concatenate(norms)
