"""The rows of a fit known again, so that each can be judged by members that did not learn from it."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from deepstep.estimators.ensemble import Ensemble
from deepstep.estimators.tables import TableRows, dense
from deepstep.types import Array


@dataclass(frozen=True, eq=False)
class LearnedRows:
    """The rows of a fit: a fingerprint of their columns and the numbers of those that have a weight."""

    fingerprint: bytes
    kept: NDArray[np.intp]
    n: int

    @classmethod
    def of(cls, ensemble: Ensemble, table: TableRows, weight: Array | None) -> "LearnedRows":
        """The learned rows of a fit."""
        n = int(table.shape[0])
        kept = np.arange(n) if weight is None else np.flatnonzero(weight > 0)
        return cls(_fingerprint(ensemble, table), kept, n)

    def are(self, ensemble: Ensemble, table: TableRows) -> bool:
        """Whether a table has the same rows in the same order."""
        return int(table.shape[0]) == self.n and _fingerprint(ensemble, table) == self.fingerprint


def _fingerprint(ensemble: Ensemble, table: TableRows) -> bytes:
    """A hash of the features that members see, as far as those of the first fold tell."""
    features = ensemble.preparers[0].table.features(table)
    found = blake2b(digest_size=16)
    for part in [features] if dense(features) else [features.data, features.indices, features.indptr]:
        found.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    return found.digest()
