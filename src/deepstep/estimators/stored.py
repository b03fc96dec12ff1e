"""A fit on rows that stay in their files: one network, by the recipe of committees for large tables."""

from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from sklearn.base import is_regressor

from deepstep.data import ArrayRows, StoredRows
from deepstep.data.array_rows import INPUTS, NUMPY
from deepstep.data.stored_tables import stored, table_in
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.calibrating import Calibration
from deepstep.estimators.calls import FitCall, Given, is_given
from deepstep.estimators.committee import Committee, Preparer
from deepstep.estimators.convening import Rows
from deepstep.estimators.folds import Fold
from deepstep.estimators.learned_rows import LearnedRows
from deepstep.estimators.member_training import Task, train_member
from deepstep.estimators.rules_of_size import choose, n_pieces
from deepstep.estimators.stored_inputs import is_stored
from deepstep.estimators.tables import Table
from deepstep.preparation.batches import Examples, evenly_spread
from deepstep.preparation.class_weights import class_weights
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.running_encoding import RunningEncoding
from deepstep.preparation.survey import Survey, few, rows_in_memory, survey
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

Labelling: TypeAlias = "Callable[[polars.Series], AnyArray]"
"""From a column to y."""
TABLE_RECIPE = "Pass recipe='table', which prepares columns of all kinds."
LARGE = 10**6
"""Rows of a table whose recipe streams have."""


class Stored:
    """The part of the estimators that takes files."""

    def _fit_stored(self: Any, given: Given, validation: Given | None, call: FitCall) -> None:
        """Fit on rows in files: in memory where they are few, else streamed."""
        where = call.where
        if not isinstance(given.X, str | PathLike | StoredRows):
            given = _as_rows(given, where)
        target = given.y
        if call.incremental or call.going_on:
            raise ConfigurationError(where, "rows in memory to go on with", f"got {given.X!r:.60}")
        if not isinstance(target, str) or not isinstance(given.sample_weight, str | None):
            raise ConfigurationError(
                where,
                "the names of the columns of y and sample_weight, where X stands in files",
                f"got y={target!r:.60} and sample_weight={given.sample_weight!r:.60}",
            )
        rows = given.X
        if not isinstance(rows, StoredRows):
            rows = stored(Path(given.X), self.stream, where, _beside(given))
        if validation is not None and is_stored(validation.X):
            validation = _in_memory(validation, where)
        if rows is None:
            memory = _in_memory(given, where)
            if self.recipe != "plain":
                self._convene(memory, validation, call)
            else:
                examples = self._examples(memory, call)
                held_out = None if validation is None else self._held_out(validation, examples.X.dtype, call)
                self._train(examples, held_out, call)
            return
        table, own = self.recipe != "plain", validation is not None and is_given(validation, call)
        judged = not own and (table or self._setting("early_stopping"))
        weighing = given.sample_weight
        if not table:
            _refuse_other_kinds(rows, (target, weighing), where)
        found = survey(
            rows,
            target,
            exclude=[weighing] if weighing else [],
            weights=None if weighing is None else lambda frame: _weights(frame, weighing, where),
            check=None if table else lambda frame: self._check_numbers(frame, (target, weighing)),
            seed=self._seed(call),
            validation_fraction=self._setting("validation_fraction") if judged else 0.0,
        )
        self._fit_surveyed(found, weighing, validation if own else None, call)

    def _fit_surveyed(
        self: Any,
        found: Survey,
        weighing: str | None,
        validation: Given | None,
        call: FitCall,
        labels: "Labelling | None" = None,
    ) -> None:
        """Fit on rows that a survey has seen; ``labels`` reads y in a column of them."""
        labels = _labels if labels is None else labels
        self._calibration = Calibration()
        answers = labels(found.answers())
        self._learn_targets(answers, call)
        self._check_taught(_targets_alone(self._encode(answers, np.float64, call.where)), call)
        fit = self._fit_stream_of_numbers if self.recipe == "plain" else self._fit_stream_of_table
        fit(found, weighing, validation, call, labels)

    def _fit_stream_of_numbers(
        self: Any,
        found: Survey,
        weighing: str | None,
        validation: Given | None,
        call: FitCall,
        labels: "Labelling",
    ) -> None:
        """One network on columns of numbers as they are."""
        where, dtype = call.where, self._precision
        names = [name for name in found.columns if name not in (found.target, weighing)]
        of_classes = self._weights_of_streamed_classes(found, labels, where)

        def encode(frame: "polars.DataFrame") -> Examples:
            X = np.column_stack(
                [frame.get_column(name).to_numpy().astype(dtype, copy=False) for name in names]
            )
            Y = self._encode(labels(frame.get_column(found.target)), dtype, where)
            return self._weighed_stream(Examples(X, Y, None), frame, weighing, of_classes, where)

        self.n_features_in_ = len(names)
        self.__dict__.pop("feature_names_in_", None)
        if not isinstance(found.rows, ArrayRows):
            self.feature_names_in_ = np.array(names, dtype=object)
        held_out = encode(found.validation) if found.validation.height else None
        if validation is not None:
            held_out = self._held_out(validation, dtype, call)
        identity = {"recipe": "plain", "columns read": list(found.columns)}
        self._train(found.stream(encode, identity, buffer_rows=self.buffer_rows), held_out, call)

    def _check_numbers(self: Any, frame: "polars.DataFrame", without: tuple[str | None, ...]) -> None:
        """Refuse numbers that the network's precision does not have."""
        for column in frame.get_columns():
            if column.name in without:
                continue
            with np.errstate(over="ignore"):
                values = column.to_numpy().astype(self._precision)
            wrong = np.flatnonzero(~np.isfinite(values))
            if len(wrong):
                came = f"row {wrong[0] + 1} is {column[int(wrong[0])]}"
                expected = f"finite numbers of {self._precision}"
                raise DataError(f"the column {column.name!r}", expected, came, TABLE_RECIPE)

    def _fit_stream_of_table(
        self: Any,
        found: Survey,
        weighing: str | None,
        validation: Given | None,
        call: FitCall,
        labels: "Labelling",
    ) -> None:
        """A committee of one: the recipe for large tables, on columns of all kinds."""
        where, dtype, m = call.where, self._precision, sum(found.kept)
        if self.n_members not in (None, 1):
            raise ConfigurationError(
                where,
                "n_members=1 or None where rows are streamed, which folds would read many times",
                f"got {self.n_members}",
                "Pass stream=False to read the table into memory.",
            )
        self._refuse_foreign(where)
        (recipe, *_) = choose(LARGE, None, self.recipe).recipes
        names = [name for name in found.columns if name not in (found.target, weighing)]
        shown: Any = found.sample.select(names)
        self._table(shown.to_numpy() if isinstance(found.rows, ArrayRows) else shown, reset=True, where=where)
        encoding = _encoding(found, n_pieces(m) if recipe.cuts else 0)
        of_classes = self._weights_of_streamed_classes(found, labels, where)
        taught = self._encode(labels(found.sample.get_column(found.target)), np.float64, where)
        center, scale = self._target_scale(taught, None)
        if is_regressor(self) and not found.in_memory and (center.any() or (scale != 1).any()):
            mean, std, _ = found.moments.moments(found.target)
            center, scale = np.full_like(center, mean), np.full_like(scale, std)
        # of one feature there may be many inputs
        most = rows_in_memory(encoding.n_inputs)
        found = replace(found, sample=few(found.sample, most), validation=few(found.validation, most))
        taught = taught[evenly_spread(len(taught), most)]
        fold = Fold(np.arange(0), np.arange(0))
        preparer = Preparer(fold, Table(found.inputs), {recipe.cuts: encoding}, center, scale)

        def encode(frame: "polars.DataFrame") -> Examples:
            X = encoding.transform(found.inputs.transform(frame), dtype)
            Y = self._encode(labels(frame.get_column(found.target)), np.float64, where)
            examples = Examples(X, ((Y - center) / scale).astype(dtype), None)
            return self._weighed_stream(examples, frame, weighing, of_classes, where, Y)

        judging = None
        if validation is not None:
            judging = self._coded(self._table_rows(validation, reset=False, where=where), where)
        elif found.validation.height:
            answers = self._encode(labels(found.validation.get_column(found.target)), np.float64, where)
            weight = None if weighing is None else _weights(found.validation, weighing, where)
            judging = Rows(found.validation.select(names), answers, weight)
        judged = None
        if judging is not None:
            judged = preparer.inputs(judging.table), (judging.Y - center) / scale, judging.weight
        identity = {"inputs": found.inputs.to_dict(), "encoding": encoding.to_dict()}
        stream = found.stream(encode, identity, buffer_rows=self.buffer_rows)
        seed = int(np.random.SeedSequence(self._seed(call)).generate_state(1)[0])
        for name in ("network_", "history_", "stopping_history_", "_carried"):
            self.__dict__.pop(name, None)
        member = train_member(
            self, Task(recipe, 0, seed), preparer, stream, judged, Event(), call, self.time_budget
        )
        output, _ = self._output(where)
        one = {recipe.name: 1.0}
        self.committee_ = Committee((preparer,), (member,), one, one, output, None)
        sample = Rows(found.sample.select(names), taught, None)
        self._learned_rows = LearnedRows.of(self.committee_, sample.table, None)
        self._calibrate_by_held_out(sample, judging)
        self.n_iter_ = member.epochs

    def _weights_of_streamed_classes(
        self: Any, found: Survey, labels: "Labelling", where: str
    ) -> list[Array] | None:
        """The weights of the classes, from what each weighs among all rows that are learned from."""
        if is_regressor(self) or self.class_weight is None:
            return None
        counted = found.different.filter(found.different["rows"] > 0)
        positions = self._labels.positions(labels(counted["value"]))[np.newaxis]
        return class_weights(
            self.class_weight, positions, self._labels.each, counted["weight"].to_numpy(), where
        )

    def _weighed_stream(
        self: Any,
        examples: Examples,
        frame: "polars.DataFrame",
        weighing: str | None,
        of_classes: list[Array] | None,
        where: str,
        Y: Array | None = None,
    ) -> Examples:
        """The examples with their weights, in the network's precision."""
        weight = None if weighing is None else _weights(frame, weighing, where)
        if of_classes is not None:
            weight = self._weighed(of_classes, Examples(examples.X, examples.Y if Y is None else Y, weight))
        return Examples(examples.X, examples.Y, None if weight is None else weight.astype(examples.Y.dtype))


def _as_rows(given: Given, where: str) -> Given:
    """Arrays that stay in their files as rows, with names for y and the weights."""
    arrays = {INPUTS: given.X, "y": given.y, "weight": given.sample_weight}
    if given.y is None:
        raise DataError(where, "y", "got none")
    rows = ArrayRows(
        {
            name: array if hasattr(array, "shape") else np.asarray(array)
            for name, array in arrays.items()
            if array is not None
        },
        f"{where}, X and y",
    )
    return Given(rows, "y", None if given.sample_weight is None else "weight")


def _refuse_other_kinds(rows: StoredRows, without: tuple[str | None, ...], where: str) -> None:
    """Refuse columns that hold no numbers."""
    for name, kind in rows.schema.items():
        if name not in without and not (kind.is_numeric() or str(kind) == "Boolean"):
            raise DataError(
                where, "columns of numbers with recipe='plain'", f"{name!r} holds {kind}", TABLE_RECIPE
            )


def refuse_names(y: Any, sample_weight: Any) -> None:
    """Refuse the names of columns where `score` compares answers with arrays.

    Raises
    ------
    DataError
    """
    for name, given in (("y", y), ("sample_weight", sample_weight)):
        if isinstance(given, str):
            raise DataError(
                f"score, {name}",
                "an array with a value for each row",
                f"got the name {given!r}",
                f"Read that column: polars.read_parquet(X, columns=[{given!r}])[{given!r}].to_numpy().",
            )


def _beside(given: Given) -> list[str]:
    return [name for name in (given.y, given.sample_weight) if name is not None]


def _in_memory(given: Given, where: str) -> Given:
    """Rows of files as frames and arrays."""
    frame, names = table_in(Path(given.X), _beside(given)), [given.y, given.sample_weight]
    for name in names:
        if name is not None and name not in frame.columns:
            raise DataError(where, f"the column {name!r} in {given.X}", f"it has {', '.join(frame.columns)}")
    rest = [column for column in frame.get_columns() if column.name not in names]
    weight = None if given.sample_weight is None else frame.get_column(given.sample_weight).to_numpy()
    X: Any = frame.select(rest)
    if Path(given.X).suffix.lower() in NUMPY:
        X = X.to_numpy()
    return Given(X, _labels(frame.get_column(given.y)), weight)


def _labels(series: "polars.Series") -> AnyArray:
    """Targets as arrays: texts in NumPy's own type of texts."""
    return series.to_numpy() if series.dtype.is_numeric() else np.asarray(series.to_list())


def _weights(frame: "polars.DataFrame", name: str, where: str) -> Array:
    import polars

    weight = frame.get_column(name).cast(polars.Float64, strict=False).fill_null(np.nan).to_numpy()
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise DataError(where, f"weights of at least 0 in the column {name!r}", "there are others")
    return weight


def _targets_alone(Y: Array) -> Examples:
    return Examples(Y, Y)


def _encoding(found: Survey, pieces: int) -> Encoding:
    """How features become inputs: of all rows in memory, or by a second pass over them."""
    inputs = found.inputs
    if found.in_memory:
        return Encoding.fit(inputs.transform(found.sample), pieces)
    running, first = RunningEncoding(inputs.n_features), 0
    most = found.rows.piece_rows(found.columns, inputs.n_features)
    for group in range(len(found.rows.sizes)):
        for frame in found.rows.pieces(group, found.columns, most):
            kept = found.kept_in(frame, first)
            first += frame.height
            if kept.height:
                running.update(inputs.transform(kept))
    return running.finish(pieces)
