"""Predictions for rows a column of which is permuted, from which the importance of columns is seen."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.ensembles.ensemble import Ensemble
from deepstep.preparation import TablePreparation
from deepstep.types import Array


class PermutedColumn:
    """Outputs for rows a column of which is permuted: what the others became is computed once.

    ``table`` has the columns of rows that are features already.
    """

    def __init__(self, ensemble: Ensemble, rows: Any, table: TablePreparation) -> None:
        self._ensemble, self._m = ensemble, rows.shape[0]
        self._size = ensemble.rows_at_once(rows.shape[1])
        self._features = [preprocessor.features(rows) for preprocessor in ensemble.preprocessors]
        tables = [preprocessor.preparation for preprocessor in ensemble.preprocessors]
        self._blocks = [(own if isinstance(own, TablePreparation) else table).blocks for own in tables]
        self._inputs = lru_cache(maxsize=1)(self._inputs_of_part)  # all rows, where they are one part

    def _inputs_of_part(self, first: int) -> list[dict[str, Any]]:
        pairs = zip(self._ensemble.preprocessors, self._features, strict=True)
        return [preprocessor.inputs(X[first : first + self._size]) for preprocessor, X in pairs]

    def outputs(self, column: str = "", order: NDArray[np.intp] | None = None) -> Array:
        """Outputs (m, n_outputs) with the values of a column in another order; without one, as rows are."""
        outputs = []
        for first in range(0, self._m, self._size):
            inputs, changes = self._inputs(first), list[tuple[Array, Any, Array]]()
            if order is not None:
                rows = order[first : first + self._size]
                for fold, inputs_of_fold in enumerate(inputs):
                    changes += self._changes(fold, inputs_of_fold, column, rows)
            before = [(array, where, array[:, where].copy()) for array, where, _ in changes]
            try:
                for array, where, values in changes:
                    array[:, where] = values
                outputs.append(self._ensemble.outputs_of_inputs(inputs))
            finally:
                for array, where, values in before:
                    array[:, where] = values
        return np.concatenate(outputs)

    def _changes(
        self, fold: int, inputs: Mapping[str, Any], column: str, rows: NDArray[np.intp]
    ) -> Iterator[tuple[Array, Any, Array]]:
        """The inputs of each encoding that the column became: an array, its columns, and their values."""
        block = self._blocks[fold].get(column, slice(0, 0))
        features = self._features[fold][rows, block]
        for name, encoding in self._ensemble.preprocessors[fold].encodings.items():
            if encoding is None:
                yield inputs[name], block, features
            elif features.size:
                where = np.isin(encoding.origins, np.arange(block.start, block.stop))
                yield inputs[name], where, encoding.part(block).transform(features)
