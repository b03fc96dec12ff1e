"""The fingerprint of the rows of a fit, by which a model knows the rows that it has learned from."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.ensembles.ensemble import Ensemble
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
    def of(cls, ensemble: Ensemble, X: Any, weight: Array | None) -> "TrainingFingerprint":
        """The learned rows of a fit."""
        n = int(X.shape[0])
        kept = np.arange(n) if weight is None else np.flatnonzero(weight > 0)
        return cls(_fingerprint(ensemble, X), kept, n)

    def match(self, ensemble: Ensemble, X: Any) -> bool:
        """Whether rows are the same ones in the same order."""
        return int(X.shape[0]) == self.n and _fingerprint(ensemble, X) == self.fingerprint


def _fingerprint(ensemble: Ensemble, X: Any) -> bytes:
    """A hash of the features that members see, as far as those of the first fold tell."""
    features = ensemble.preprocessors[0].features(X)
    digest = blake2b(digest_size=16)
    dense = isinstance(features, np.ndarray)
    for part in [features] if dense else [features.data, features.indices, features.indptr]:
        digest.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    return digest.digest()
