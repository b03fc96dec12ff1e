"""The preprocessor of a fold: how rows become the inputs of networks, and outputs numbers.

The inputs of large tables are encoded a batch at a time, see `EncodedRows`, and never held as a whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepstep.data.rows import Place, naming_rows
from deepstep.ensembles.presets import INPUTS, Preset, default_n_bins
from deepstep.ensembles.split import Rows
from deepstep.errors import DataError
from deepstep.network.border import weights_in
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.preparation.batches import Examples, few
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.parsing import numbers
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

AS_THEY_ARE = "scaled"
"""The name of inputs that are not encoded: of one network alone, and of sparse rows."""

ENCODING_ROWS = 2**17
"""Rows, evenly spread, whose statistics are those of an encoding; ranks are off by a few thousandths."""

IN_MEMORY = 2**28
"""Bytes of inputs up to which they are held in memory for all epochs."""


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """The inputs of networks (m, n), made of the rows of a frame when they are taken: ``inputs[rows]``."""

    preprocessor: "Preprocessor"
    name: str
    frame: Any
    dtype: Any

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and inputs."""
        return self.frame.height, self.preprocessor.n_inputs_of(self.name) or 0

    def __getitem__(self, rows: AnyArray | slice) -> Array:
        positions = rows if isinstance(rows, np.ndarray) else np.arange(*rows.indices(self.frame.height))
        with naming_rows(Place("X", 0), positions):
            features = self.preprocessor.features(self.frame[rows])
        inputs: Array = self.preprocessor.encoded(self.name, features).astype(self.dtype, copy=False)
        return inputs


@dataclass(frozen=True, eq=False)
class Preprocessor:
    """How a fold turns rows into inputs by their names, and outputs into numbers: A · scale + center.

    Attributes
    ----------
    preparation : TablePreparation, ImagePreparation or None
        How columns or pictures become features; None for rows of numbers and for sparse rows, which are
        taken as they are.
    encodings : mapping of str to Encoding or None
        How features become the inputs of each name; None where they are the features themselves.
    center, scale : ndarray of shape (n_outputs,)
        Of the targets that networks learn; empty where these are as they come.
    """

    preparation: TablePreparation | ImagePreparation | None
    encodings: Mapping[str, Encoding | None]
    center: Array
    scale: Array

    @property
    def fault(self) -> str:
        """The condition that a stored preprocessor does not meet; empty for a valid one."""
        n_features = None if self.preparation is None else self.preparation.n_features
        for encoding in self.encodings.values():
            if encoding is not None and n_features not in (None, len(encoding.center)):
                return "encodings of the features"
        return "" if self.encodings else "at least one encoding"

    def n_inputs_of(self, name: str) -> int | None:
        """How many inputs networks of these inputs have; None where rows are taken as they are."""
        encoding = self.encodings[name]
        if encoding is not None:
            return encoding.n_inputs
        return None if self.preparation is None else self.preparation.n_features

    @classmethod
    def of_features(cls, preparation: TablePreparation | ImagePreparation | None = None) -> "Preprocessor":
        """A preprocessor of one network that takes the features, and learns the targets, as they are."""
        return cls(preparation, {AS_THEY_ARE: None}, np.empty(0), np.empty(0))

    @classmethod
    def fit(
        cls,
        rows: Rows,
        targets: Targets,
        presets: Iterable[Preset],
        keep: Sequence[str],
        categorical: Sequence[str],
    ) -> "tuple[Preprocessor, Any]":
        """Learn from rows for the inputs of some presets; also their features, if all of them were needed."""
        preparation = table_preparation(rows.X, keep, categorical)
        sample = None if preparation is None else preparation.transform(few(rows.X, ENCODING_ROWS))
        all_sampled = len(rows) <= ENCODING_ROWS
        encodings = dict[str, Encoding | None]()
        for name in dict.fromkeys(preset.inputs for preset in presets):
            scaling, cuts = INPUTS[name]
            n_bins = default_n_bins(len(rows)) if cuts else 0
            encoding = None if sample is None else Encoding.fit(sample, n_bins, scaling)
            if encoding is not None and not all_sampled:
                # what is constant in a sample is no constant: each feature varies somewhere
                encoding = replace(encoding, factor=tuple(factor or 1.0 for factor in encoding.factor))
            encodings[name] = encoding
        center, scale = targets.scale_of(rows.Y, rows.weight)
        return cls(preparation, encodings, center, scale), sample if all_sampled else None

    @property
    def n_inputs(self) -> int:
        """How many inputs the widest encoding gives; 0 for features as they are."""
        return max(0 if encoding is None else encoding.n_inputs for encoding in self.encodings.values())

    def features(self, X: Any) -> Any:
        """Rows as features (m, n), float64; arrays of floats and sparse rows stay as they are."""
        if isinstance(self.preparation, ImagePreparation) and not isinstance(X, np.ndarray):
            return self.preparation.transform_table(X)
        if self.preparation is not None:
            return self.preparation.transform(X)
        X = _complete_numbers(X) if hasattr(X, "height") else X
        return X if X.dtype in (np.float64, np.float32) else X.astype(np.float64)

    def encoded(self, name: str, features: Any) -> Any:
        """Features as the inputs of an encoding, which are rounded to float32 for every network."""
        encoding = self.encodings[name]
        return features if encoding is None else encoding.transform(features)

    def inputs(self, features: Any) -> dict[str, Any]:
        """Features as the inputs of each encoding."""
        return {name: self.encoded(name, features) for name in self.encodings}

    def examples(
        self, rows: Rows, weight: Array | None, dtype: Any, features: Any = None
    ) -> dict[str, Examples]:
        """Rows as the examples of each encoding, in the precision of the networks; ``features`` if known."""
        learned = self.scaled(rows.Y).astype(dtype)
        weight = None if weight is None else weights_in(learned.dtype, weight)
        size = len(rows) * learned.dtype.itemsize
        examples = dict[str, Examples]()
        for name in self.encodings:
            X: Any
            if size * (self.n_inputs_of(name) or 0) > IN_MEMORY and hasattr(rows.X, "height"):
                X = EncodedRows(self, name, rows.X, dtype)
            else:
                features = self.features(rows.X) if features is None else features
                X = self.encoded(name, features).astype(dtype, copy=False)
            examples[name] = Examples(X, learned, weight)
        return examples

    def scaled(self, Y: Array) -> Array:
        """Targets as networks learn them."""
        return Y if not self.center.size else (Y - self.center) / self.scale

    def unscaled(self, A: Array) -> Array:
        """Outputs in the units of the target, (m, n_outputs), float64 where these are others."""
        return A if not self.center.size else A.astype(np.float64) * self.scale + self.center


def table_preparation(X: Any, keep: Sequence[str], categorical: Sequence[str]) -> TablePreparation | None:
    """How the columns of a frame become features; None for sparse rows."""
    from scipy.sparse import issparse

    return None if issparse(X) else TablePreparation.fit(X, keep=keep, categorical=categorical)


def _complete_numbers(frame: Any) -> Array:
    """The columns of a frame as numbers, none of which may be missing, as no preparation fills them."""
    X = np.column_stack([numbers(column) for column in frame])
    for row, column in np.argwhere(np.isnan(X)):
        problem = f"Row {row + 1} of column {frame.columns[column]!r} has no value"
        raise DataError(problem, "This model was trained on numbers alone: fill or drop the row.")
    return X
