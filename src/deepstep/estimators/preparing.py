"""A fold's rows as examples: its preprocessing is fitted, and its rows are encoded."""

from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.estimators.ensemble import Fold, FoldPreprocessor, Table
from deepstep.estimators.inputs import Dataset, FitContext
from deepstep.estimators.members import Prepared
from deepstep.estimators.presets import ALONE, AS_THEY_ARE, INPUTS, MLP, Preset, default_n_bins
from deepstep.preparation.batches import Examples
from deepstep.preparation.encoding import Encoding
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator


def prepare_fold(
    estimator: "DeepEstimator",
    rows: Dataset,
    validation: Dataset | None,
    fold: Fold,
    presets: tuple[Preset, ...],
    context: FitContext,
) -> Prepared:
    """Fit the preprocessor of a fold, and encode its rows."""
    whole = not fold.held_out.size
    learned = rows if whole else rows.take(fold.learned)
    held_out = validation if validation is not None or whole else rows.take(fold.held_out)
    if presets == (MLP,):
        preprocessor = FoldPreprocessor.of_numbers()
        validation_examples = None if held_out is None else {AS_THEY_ARE: held_out.examples}
        return Prepared(preprocessor, {AS_THEY_ARE: learned.examples}, validation_examples)
    table = Table.fit(learned.X, estimator.keep_columns or (), context.categorical)
    features = table.features(learned.X)
    encoded = isinstance(features, np.ndarray) and presets[0].name not in ALONE
    encodings = {
        name: _encoding(features, name) if encoded else None
        for name in dict.fromkeys(preset.inputs for preset in presets)
    }
    counts = presets[0].name in ALONE  # the ensembles' presets are better without
    center, scale = estimator.targets_.scale_of(learned.Y, learned.weight, counts=counts, where=context.where)
    preprocessor = FoldPreprocessor(fold, table, encodings, center, scale)
    dtype, examples = estimator._precision, None
    if held_out is not None:
        examples = as_examples(preprocessor, preprocessor.features(held_out.X), held_out, dtype)
    return Prepared(preprocessor, as_examples(preprocessor, features, learned, dtype), examples)


def _encoding(features: Array, name: str) -> Encoding:
    """How features become the inputs of a name."""
    scaling, cuts = INPUTS[name]
    return Encoding.fit(features, default_n_bins(len(features)) if cuts else 0, scaling)


def as_examples(
    preprocessor: FoldPreprocessor, features: Any, rows: Dataset, dtype: Any
) -> dict[str, Examples]:
    """The examples of each encoding, of rows that are features already."""
    Y = preprocessor.scaled(rows.Y).astype(dtype)
    return {
        name: Examples(inputs.astype(dtype, copy=False), Y, rows.weight)
        for name, inputs in preprocessor.encoded(features).items()
    }
