"""A fit on rows that stay in their files: a survey of them, then one network."""

from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_regressor

from deepstep.data import ArrayRows, StoredRows
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.ensemble import Fold, FoldPreprocessor, Table
from deepstep.estimators.inputs import Dataset, FitContext, RawData
from deepstep.estimators.members import Prepared
from deepstep.estimators.preparing import as_examples
from deepstep.estimators.presets import ALONE, AS_THEY_ARE, INPUTS, MLP, Preset, default_n_bins
from deepstep.estimators.row_sources import NamedRows, labels_in
from deepstep.preparation.batches import Examples, evenly_spread
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.statistics import Quantiles
from deepstep.preparation.survey import Survey, few, rows_in_memory, survey
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

    from deepstep.estimators.base import DeepEstimator

TABLE_PRESET = "Pass preset='tabular', which prepares columns of all kinds."


@dataclass(frozen=True)
class StreamedFit:
    """One fit on rows that a survey has seen; ``weighing`` is the column of weights."""

    found: Survey
    weighing: str | None
    validation: RawData | None
    context: FitContext

    @property
    def names(self) -> list[str]:
        """The columns of the inputs."""
        return [name for name in self.found.columns if name not in (self.found.target, self.weighing)]

    def y(self, frame: "polars.DataFrame") -> AnyArray:
        """y of some rows."""
        return labels_in(frame.get_column(self.found.target))

    def weight(self, frame: "polars.DataFrame") -> Array | None:
        """The weights of some rows; None for equal weights."""
        return None if self.weighing is None else weights_in(frame, self.weighing, self.context.where)

    def shown(self, frame: "polars.DataFrame") -> Any:
        """X of some rows as a fit in memory would be given it."""
        X = frame.select(self.names)
        return X.to_numpy() if isinstance(self.found.rows, ArrayRows) else X


def survey_rows(
    estimator: "DeepEstimator", named: NamedRows, validation: RawData | None, context: FitContext
) -> StreamedFit:
    """Look at all rows once."""
    rows, target, weighing = named
    table, where, seed = estimator.preset != MLP.name, context.where, context.seed or 0
    of_ensemble = estimator.preset not in ALONE
    if not table:
        _refuse_other_kinds(rows, (target, weighing), where)
    fraction = estimator.validation_fraction
    holds_out = validation is None and (of_ensemble or estimator.early_stopping)
    others = (target, weighing)
    found = survey(
        rows,
        target,
        exclude=[weighing] if weighing else [],
        keep=estimator.keep_columns or (),
        categorical=context.categorical,
        weights=None if weighing is None else lambda frame: weights_in(frame, weighing, where),
        check=None if table else lambda frame: _check_numbers(frame, others, estimator._precision),
        seed=seed,
        validation_fraction=(0.1 if fraction is None else fraction) if holds_out else 0.0,
    )
    return StreamedFit(found, weighing, validation, context)


def prepare_stream(
    estimator: "DeepEstimator", fit: StreamedFit, preset: Preset, Y: Array, own: Dataset | None
) -> tuple[Prepared, Dataset, Dataset | None]:
    """The rows as examples that are read again in each epoch, a sample with targets Y, and those held out."""
    found, where, dtype = fit.found, fit.context.where, estimator._precision
    of_classes, preprocessor = _streamed_class_weights(estimator, fit), FoldPreprocessor.of_numbers()
    identity: dict[str, Any] = {"preset": "mlp", "columns read": list(found.columns)}
    if preset is not MLP:
        encoding = None if preset.name in ALONE else _encoding(found, preset.inputs)
        center, scale = estimator.targets_.scale_of(Y, None, counts=preset.name in ALONE, where=where)
        if is_regressor(estimator) and not found.in_memory and (center.any() or (scale != 1).any()):
            mean, std, _ = found.moments.moments(f"target {found.target!r}")
            center, scale = np.full_like(center, mean), np.full_like(scale, std)
        # of one feature there may be many inputs
        most = rows_in_memory(found.inputs.n_features if encoding is None else encoding.n_inputs)
        found = replace(found, sample=few(found.sample, most), validation=few(found.validation, most))
        Y = Y[evenly_spread(len(Y), most)]
        none = np.arange(0)
        table, encodings = Table(found.inputs), {preset.inputs: encoding}
        preprocessor = FoldPreprocessor(Fold(none, none), table, encodings, center, scale)
        encoded = None if encoding is None else encoding.to_dict()
        identity = {"inputs": found.inputs.to_dict(), "encoding": encoded}

    def inputs(frame: "polars.DataFrame") -> AnyArray:
        if preset is not MLP:
            features = found.inputs.transform(frame)
            return features.astype(dtype) if encoding is None else encoding.transform(features, dtype)
        columns = [frame.get_column(name).to_numpy().astype(dtype, copy=False) for name in fit.names]
        return np.column_stack(columns)

    def encode(frame: "polars.DataFrame") -> Examples:
        Y = estimator._encode(fit.y(frame), dtype if preset is MLP else np.float64, where)
        weight = fit.weight(frame)
        weight = estimator.targets_.row_weights(of_classes, Y, weight)
        weight = None if weight is None else weight.astype(dtype)
        return Examples(inputs(frame), preprocessor.scaled(Y).astype(dtype), weight)

    stream = found.stream(encode, identity, buffer_rows=estimator.buffer_rows)
    held_out, judges, parted = None, found.validation, own is None and found.validation.height
    if preset is MLP:
        if parted or own is not None:
            held_out = {AS_THEY_ARE: encode(judges) if own is None else own.examples}
    else:
        if parted:
            Y_held = estimator._encode(fit.y(judges), np.float64, where)
            own = Dataset(judges.select(fit.names), Y_held, fit.weight(judges))
        if own is not None:
            held_out = as_examples(preprocessor, preprocessor.features(own.X), own, dtype)
    prepared = Prepared(preprocessor, {preset.inputs: stream}, held_out)
    return prepared, Dataset(found.sample.select(fit.names), Y, None), own


def refuse_for_one(estimator: "DeepEstimator", where: str) -> None:
    """Refuse parameters that an ensemble of one, on a stream, has no use for."""
    if estimator.n_estimators not in (None, 1):
        expected = "n_estimators=1 or None where rows are streamed, which folds would read many times"
        hint = "Pass stream=False to read the table into memory."
        raise ConfigurationError(where, expected, f"got {estimator.n_estimators}", hint)
    if estimator.checkpoint_dir is not None and not isinstance(estimator.random_state, Integral):
        # the seed of the network is drawn from it, and tells nothing of the order of rows
        expected = f"random_state as a number, where a fit with preset={estimator.preset!r} is to go on"
        raise ConfigurationError(where, expected, f"got {estimator.random_state!r:.60}")


def weights_in(frame: "polars.DataFrame", name: str, where: str) -> Array:
    """A column of weights, numbers of at least 0."""
    from deepstep.environment import polars

    weight = frame.get_column(name).cast(polars.Float64, strict=False).fill_null(np.nan).to_numpy()
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise DataError(where, f"weights of at least 0 in the column {name!r}", "there are others")
    return weight


def _streamed_class_weights(estimator: Any, fit: StreamedFit) -> list[Array] | None:
    """The weights of the classes, from what each weighs among all rows that are learned from."""
    if is_regressor(estimator) or estimator.class_weight is None:
        return None
    counted = fit.found.different.filter(fit.found.different["rows"] > 0)
    positions = estimator.targets_.positions(labels_in(counted["value"]))[np.newaxis]
    return estimator.targets_.weights_of_classes(
        estimator.class_weight, positions, counted["weight"].to_numpy(), fit.context.where
    )


def _check_numbers(frame: "polars.DataFrame", without: tuple[str | None, ...], dtype: Any) -> None:
    """Refuse numbers that the network's precision does not have."""
    for column in frame.get_columns():
        if column.name in without:
            continue
        with np.errstate(over="ignore"):
            values = column.to_numpy().astype(dtype)
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            got = f"row {wrong[0] + 1} is {column[int(wrong[0])]}"
            raise DataError(f"the column {column.name!r}", f"finite numbers of {dtype}", got, TABLE_PRESET)


def _refuse_other_kinds(rows: StoredRows, without: tuple[str | None, ...], where: str) -> None:
    """Refuse columns that hold no numbers."""
    for name, kind in rows.schema.items():
        if name not in without and not (kind.is_numeric() or str(kind) == "Boolean"):
            expected = "columns of numbers with preset='mlp'"
            raise DataError(where, expected, f"{name!r} holds {kind}", TABLE_PRESET)


def _encoding(found: Survey, name: str) -> Encoding:
    """How features become inputs: of all rows in memory, or by a second pass over them."""
    inputs, pieces = found.inputs, default_n_bins(sum(found.kept)) if INPUTS[name][1] else 0
    if found.in_memory:
        return Encoding.fit(inputs.transform(found.sample), pieces)
    quantiles, first = Quantiles(inputs.n_features), 0
    most = found.rows.piece_rows(found.columns, inputs.n_features)
    for group in range(len(found.rows.sizes)):
        for frame in found.rows.pieces(group, found.columns, most):
            kept = found.kept_in(frame, first)
            first += frame.height
            if kept.height:
                quantiles.update(inputs.transform(kept))
    return Encoding.of(quantiles, pieces)
