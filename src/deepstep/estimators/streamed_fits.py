"""A fit on rows that a survey has seen: one network, on numbers as they are or by the preset of tables."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Integral
from threading import Event
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from sklearn.base import is_regressor

from deepstep.data import ArrayRows
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.calibrating import Calibration
from deepstep.estimators.calls import FitCall, Given
from deepstep.estimators.convening import Rows
from deepstep.estimators.ensemble import Ensemble, Preparer
from deepstep.estimators.folds import Fold
from deepstep.estimators.learned_rows import LearnedRows
from deepstep.estimators.member_training import Task, train_member
from deepstep.estimators.rules_of_size import choose, n_pieces
from deepstep.estimators.tables import Table
from deepstep.preparation.batches import Examples, evenly_spread
from deepstep.preparation.class_weights import class_weights
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.statistics import Quantiles
from deepstep.preparation.survey import Survey, few, rows_in_memory
from deepstep.training import Progress
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

Labelling: TypeAlias = "Callable[[polars.Series], AnyArray]"
"""From a column to y."""
TABLE_PRESET = "Pass preset='tabular', which prepares columns of all kinds."
LARGE = 10**6
"""Rows of a table whose preset streams have."""


def labels_in(series: "polars.Series") -> AnyArray:
    """Targets as arrays: texts in NumPy's own type of texts."""
    return series.to_numpy() if series.dtype.is_numeric() else np.asarray(series.to_list())


@dataclass(frozen=True)
class StreamedFit:
    """One fit on rows that a survey has seen.

    ``weighing`` is the column of weights, ``validation`` None where it is a part of the rows; ``labels``
    gives y from a column of the target.
    """

    found: Survey
    weighing: str | None
    validation: Given | None
    call: FitCall
    labels: Labelling = labels_in

    @property
    def names(self) -> list[str]:
        """The columns of the inputs."""
        return [name for name in self.found.columns if name not in (self.found.target, self.weighing)]

    def answers(self, frame: "polars.DataFrame") -> AnyArray:
        """y of some rows."""
        return self.labels(frame.get_column(self.found.target))

    def weight(self, frame: "polars.DataFrame") -> Array | None:
        """The weights of some rows; None where all count alike."""
        return None if self.weighing is None else weights_in(frame, self.weighing, self.call.where)


class StreamedFits:
    """The part of the estimators that learns from streams."""

    def _fit_surveyed(self: Any, fit: StreamedFit) -> None:
        """Fit on rows that a survey has seen."""
        self._calibration = Calibration()
        answers, where = fit.labels(fit.found.answers()), fit.call.where
        self._learn_targets(answers, fit.call)
        Y = self._encode(answers, np.float64, where)
        self._check_taught(Examples(Y, Y), fit.call)
        if self.preset == "mlp":
            self._fit_stream_of_numbers(fit)
        else:
            self._fit_stream_of_table(fit)

    def _fit_stream_of_numbers(self: Any, fit: StreamedFit) -> None:
        """One network on columns of numbers as they are."""
        found, where, dtype, names = fit.found, fit.call.where, self._precision, fit.names
        of_classes = self._weights_of_streamed_classes(fit)

        def encode(frame: "polars.DataFrame") -> Examples:
            X = np.column_stack(
                [frame.get_column(name).to_numpy().astype(dtype, copy=False) for name in names]
            )
            Y = self._encode(fit.answers(frame), dtype, where)
            return self._weighed_stream(Examples(X, Y, fit.weight(frame)), Y, of_classes)

        self.n_features_in_ = len(names)
        self.__dict__.pop("feature_names_in_", None)
        if not isinstance(found.rows, ArrayRows):
            self.feature_names_in_ = np.array(names, dtype=object)
        held_out = encode(found.validation) if found.validation.height else None
        if fit.validation is not None:
            held_out = self._held_out(fit.validation, dtype, fit.call)
        identity = {"preset": "mlp", "columns read": list(found.columns)}
        self._train(found.stream(encode, identity, buffer_rows=self.buffer_rows), held_out, fit.call)

    def _check_numbers(self: Any, frame: "polars.DataFrame", without: tuple[str | None, ...]) -> None:
        """Refuse numbers that the network's precision does not have."""
        for column in frame.get_columns():
            if column.name in without:
                continue
            with np.errstate(over="ignore"):
                values = column.to_numpy().astype(self._precision)
            wrong = np.flatnonzero(~np.isfinite(values))
            if len(wrong):
                got = f"row {wrong[0] + 1} is {column[int(wrong[0])]}"
                expected = f"finite numbers of {self._precision}"
                raise DataError(f"the column {column.name!r}", expected, got, TABLE_PRESET)

    def _fit_stream_of_table(self: Any, fit: StreamedFit) -> None:
        """An ensemble of one: the preset for large tables, on columns of all kinds."""
        found, where, dtype, names = fit.found, fit.call.where, self._precision, fit.names
        self._refuse_for_one(where)
        (preset, *_) = choose(LARGE, None, self.preset).presets
        shown: Any = found.sample.select(names)
        self._table(shown.to_numpy() if isinstance(found.rows, ArrayRows) else shown, reset=True, where=where)
        encoding = _encoding(found, n_pieces(sum(found.kept)) if preset.cuts else 0)
        of_classes = self._weights_of_streamed_classes(fit)
        taught = self._encode(fit.answers(found.sample), np.float64, where)
        center, scale = self._target_scale(taught, None)
        if is_regressor(self) and not found.in_memory and (center.any() or (scale != 1).any()):
            mean, std, _ = found.moments.moments(f"target {found.target!r}")
            center, scale = np.full_like(center, mean), np.full_like(scale, std)
        # of one feature there may be many inputs
        most = rows_in_memory(encoding.n_inputs)
        found = replace(found, sample=few(found.sample, most), validation=few(found.validation, most))
        taught = taught[evenly_spread(len(taught), most)]
        fold = Fold(np.arange(0), np.arange(0))
        preparer = Preparer(fold, Table(found.inputs), {preset.cuts: encoding}, center, scale)

        def encode(frame: "polars.DataFrame") -> Examples:
            X = encoding.transform(found.inputs.transform(frame), dtype)
            Y = self._encode(fit.answers(frame), np.float64, where)
            examples = Examples(X, ((Y - center) / scale).astype(dtype), fit.weight(frame))
            return self._weighed_stream(examples, Y, of_classes)

        judging = None
        if fit.validation is not None:
            judging = self._coded(self._table_rows(fit.validation, reset=False, where=where), where)
        elif found.validation.height:
            held_out = found.validation
            Y = self._encode(fit.answers(held_out), np.float64, where)
            judging = Rows(held_out.select(names), Y, fit.weight(held_out))
        judged = None
        if judging is not None:
            judged = preparer.inputs(judging.table), (judging.Y - center) / scale, judging.weight
        identity = {"inputs": found.inputs.to_dict(), "encoding": encoding.to_dict()}
        stream = found.stream(encode, identity, buffer_rows=self.buffer_rows)
        seed = int(np.random.SeedSequence(self._seed(fit.call)).generate_state(1)[0])
        for name in ("network_", "history_", "stopping_history_", "_carried"):
            self.__dict__.pop(name, None)
        call = fit.call
        if self.verbose:  # of one member each epoch, not when it is done
            shown_as = Progress(call.label or type(self).__name__)
            call = replace(call, callbacks=(shown_as, *call.callbacks))
        task = Task(preset, 0, seed)
        member = train_member(self, task, preparer, stream, judged, Event(), call, self.time_budget)
        output, _ = self._output(where)
        one = {preset.name: 1.0}
        self.ensemble_ = Ensemble((preparer,), (member,), one, one, output, None)
        sample = Rows(found.sample.select(names), taught, None)
        self._learned_rows = LearnedRows.of(self.ensemble_, sample.table, None)
        self._calibrate_by_held_out(sample, judging)
        self._warn_of_columns(found.inputs.cautions, fit.call)
        self.n_iter_ = member.epochs

    def _refuse_for_one(self: Any, where: str) -> None:
        """Refuse parameters that an ensemble of one, on a stream, has no use for."""
        if self.n_estimators not in (None, 1):
            raise ConfigurationError(
                where,
                "n_estimators=1 or None where rows are streamed, which folds would read many times",
                f"got {self.n_estimators}",
                "Pass stream=False to read the table into memory.",
            )
        self._refuse_foreign(where, streamed=True)
        if self.checkpoint_dir is not None and not isinstance(self.random_state, Integral):
            # the seed of the network is drawn from it, and tells nothing of the order of rows
            raise ConfigurationError(
                where,
                f"random_state as a number, where a fit with preset={self.preset!r} is to go on",
                f"got {self.random_state!r:.60}",
            )

    def _weights_of_streamed_classes(self: Any, fit: StreamedFit) -> list[Array] | None:
        """The weights of the classes, from what each weighs among all rows that are learned from."""
        if is_regressor(self) or self.class_weight is None:
            return None
        counted = fit.found.different.filter(fit.found.different["rows"] > 0)
        positions = self._labels.positions(fit.labels(counted["value"]))[np.newaxis]
        return class_weights(
            self.class_weight, positions, self._labels.each, counted["weight"].to_numpy(), fit.call.where
        )

    def _weighed_stream(self: Any, examples: Examples, Y: Array, of_classes: list[Array] | None) -> Examples:
        """The examples with the weights of their classes, which Y tells, in the network's precision."""
        weight = examples.weight
        if of_classes is not None:
            weight = self._weighed(of_classes, Examples(examples.X, Y, weight))
        return replace(examples, weight=None if weight is None else weight.astype(examples.Y.dtype))


def weights_in(frame: "polars.DataFrame", name: str, where: str) -> Array:
    """A column of weights, numbers of at least 0."""
    import polars

    weight = frame.get_column(name).cast(polars.Float64, strict=False).fill_null(np.nan).to_numpy()
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise DataError(where, f"weights of at least 0 in the column {name!r}", "there are others")
    return weight


def _encoding(found: Survey, pieces: int) -> Encoding:
    """How features become inputs: of all rows in memory, or by a second pass over them."""
    inputs = found.inputs
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
