"""Rows whose target may be wrong, by predictions of members that did not learn them and by gradient norms."""

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.estimators.ensemble import Ensemble
from deepstep.estimators.inputs import Dataset, RawData
from deepstep.model import Network
from deepstep.training.rows import parts
from deepstep.types import Array


@dataclass(frozen=True, eq=False)
class TrainingFingerprint:
    """The rows of a fit: a fingerprint of their columns and the numbers of those that have a weight."""

    fingerprint: bytes
    kept: NDArray[np.intp]
    n: int

    @property
    def fault(self) -> str:
        """The condition that a stored fingerprint does not meet; empty for a valid one."""
        valid = self.kept.ndim == 1 and bool(((self.kept >= 0) & (self.kept < self.n)).all())
        return "" if valid else "numbers of rows"

    @classmethod
    def of(cls, ensemble: Ensemble, table: Any, weight: Array | None) -> "TrainingFingerprint":
        """The learned rows of a fit."""
        n = int(table.shape[0])
        kept = np.arange(n) if weight is None else np.flatnonzero(weight > 0)
        return cls(_fingerprint(ensemble, table), kept, n)

    def match(self, ensemble: Ensemble, table: Any) -> bool:
        """Whether a table has the same rows in the same order."""
        return int(table.shape[0]) == self.n and _fingerprint(ensemble, table) == self.fingerprint


def _fingerprint(ensemble: Ensemble, table: Any) -> bytes:
    """A hash of the features that members see, as far as those of the first fold tell."""
    features = ensemble.preprocessors[0].features(table)
    found = blake2b(digest_size=16)
    for part in (
        [features] if isinstance(features, np.ndarray) else [features.data, features.indices, features.indptr]
    ):
        found.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    return found.digest()


def out_of_fold_scores(estimator: Any, given: RawData, where: str) -> tuple[Array, Array, Array]:
    """Outputs and targets (m, n_L) of rows, by members that did not learn them, and gradient norms (m,)."""
    ensemble: Ensemble = estimator.ensemble_
    learned: TrainingFingerprint | None = estimator._training_rows
    rows: Dataset = estimator._rows(given, where)
    if ensemble.takes_numbers:
        rows = replace(rows, Y=rows.Y.astype(rows.X.dtype))
    m = len(rows)
    A, norms = np.full(rows.Y.shape, np.nan), np.full(m, np.nan)
    if learned is not None and ensemble.out_of_fold is not None and learned.match(ensemble, rows.X):
        A[learned.kept] = ensemble.out_of_fold
        for fold, preprocessor in enumerate(ensemble.preprocessors):
            numbers = learned.kept[preprocessor.fold.held_out]
            if numbers.size:
                norms[numbers] = _norms_by_members(ensemble, rows.take(numbers), [fold])
    rest = np.flatnonzero(~np.isfinite(A).all(axis=1))
    if rest.size:
        A[rest] = ensemble.outputs(rows.take(rest).X)
    rest = np.flatnonzero(np.isnan(norms))  # of a refit all rows
    if rest.size:
        norms[rest] = _norms_by_members(ensemble, rows.take(rest), range(len(ensemble.preprocessors)))
    return A, rows.Y, norms


def _norms_by_members(ensemble: Ensemble, rows: Dataset, folds: Any) -> Array:
    """The weighted mean of the gradient norms of the networks of these folds; the mean where none counts."""
    total, count = np.zeros(len(rows)), 0.0
    shares = ensemble.shares if any(ensemble.shares) else [1.0] * len(ensemble.members)
    for fold in folds:
        preprocessor = ensemble.preprocessors[fold]
        inputs, Y = preprocessor.inputs(rows.X), preprocessor.scaled(rows.Y)
        for member, share in zip(ensemble.members, shares, strict=True):
            if member.fold == fold and share > 0:
                total += share * _norms(member.network, inputs[member.preset.inputs], Y)
                count += share
    return total / count


def _norms(network: Network, X: Any, Y: Array) -> Array:
    """`Network.gradient_norms` of rows; of sparse rows only the part at hand is made dense."""
    found = []
    for part in parts(X.shape[0], network.architecture.held_dims):
        rows = X[part] if isinstance(X, np.ndarray) else X[part].toarray()
        found.append(network.gradient_norms(rows.T, Y[part].T)[0])
    return np.concatenate(found)
