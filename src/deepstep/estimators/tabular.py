"""The estimators' part for tables: an ensemble instead of one network (``preset="tabular"``, ``"tabm"``)."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_regressor
from sklearn.utils.validation import (
    _check_sample_weight,
    _check_y,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.calls import FitCall, Given, is_given
from deepstep.estimators.checked_target import as_target
from deepstep.estimators.convening import Rows, convene
from deepstep.estimators.ensemble import Ensemble, Preparer
from deepstep.estimators.learned_rows import LearnedRows
from deepstep.estimators.missing_values import told_by_row
from deepstep.estimators.named_columns import with_named_columns
from deepstep.estimators.presets import TABM, Preset
from deepstep.estimators.rules_of_size import batch_size, n_epochs, n_shared
from deepstep.estimators.tables import Table, TableRows, as_rows, n_rows
from deepstep.preparation.batches import Examples
from deepstep.types import Array

FOR_ALL_MEMBERS = (
    "hidden_layer_sizes", "activation", "alpha", "batch_size", "learning_rate_init", "max_iter",
    "normalization", "input_scale", "parametric", "dropout", "input_noise", "l1", "weight_decay", "max_norm",
    "clip_norm", "clip_value", "ema_decay", "precision", "label_smoothing", "tol", "n_iter_no_change",
)  # fmt: skip
"""Parameters of the plain preset that, where they are given, hold for all members instead of the presets'."""

OF_THE_ENSEMBLE = (
    "preset", "n_estimators", "random_state", "verbose", "validation_fraction", "early_stopping", "engine",
    "dtype", "loss", "loss_params", "quantiles", "class_weight", "time_budget", "deterministic", "shuffle",
    "stream", "buffer_rows",
)  # fmt: skip
"""Parameters that an ensemble has itself."""

OF_STREAMS = ("checkpoint_dir", "checkpoint_every", "keep_checkpoints", "resume")
"""Parameters that the one member has besides, where rows are streamed."""


class Tabular:
    """The part of the estimators that takes tables as they are."""

    ensemble_: Ensemble

    def _changed(self) -> dict[str, Any]:
        """The parameters that are not those by default."""
        kind = type(self)
        given = self.get_params(deep=False)  # type: ignore[attr-defined]
        return {name: value for name, value in given.items() if not _same(value, getattr(kind, name, None))}

    def _convene(self: Any, given: Given, validation: Given | None, call: FitCall) -> None:
        """Fit an ensemble."""
        self._refuse_foreign(call.where)
        rows = self._table_rows(given, reset=True, where=call.where)
        self._learn_targets(rows.Y, call)
        if not issparse(rows.table) and self._came_with_names:
            self._warn_of_leaks(rows.table, rows.Y, call)
        coded = self._coded(rows, call.where)
        self._check_taught(Examples(coded.Y, coded.Y, coded.weight), call)
        judging = None
        if validation is not None and is_given(validation, call):
            where = f"{call.where}, validation"
            judging = self._coded(self._table_rows(validation, reset=False, where=where), where)
        for name in ("network_", "history_", "stopping_history_", "_carried"):
            self.__dict__.pop(name, None)
        self.ensemble_ = convene(self, coded, judging, call)
        self._learned_rows = LearnedRows.of(self.ensemble_, coded.table, coded.weight)
        self._calibrate_by_held_out(coded, judging)
        if any(preparer.table.cautions for preparer in self.ensemble_.preparers):
            self._warn_of_columns(Table.fit(coded.table).cautions, call)  # with the counts of all rows
        self.n_iter_ = max(member.epochs for member in self.ensemble_.members)

    def _warn_of_columns(self: Any, cautions: Iterable[str], call: FitCall) -> None:
        """Warn of columns that are not read as they may be meant; the command line says it by itself."""
        if not call.label:
            for caution in cautions:
                warnings.warn(f"{call.where}, {caution}", UserWarning, stacklevel=2)

    def _refuse_foreign(self: Any, where: str, *, streamed: bool = False) -> None:
        """Refuse parameters that an ensemble has no use for."""
        own = {*FOR_ALL_MEMBERS, *OF_THE_ENSEMBLE, *(OF_STREAMS if streamed else ())}
        own |= {"shared_members"} if self.preset == TABM.name else set()
        foreign = sorted(set(self._changed()) - own)
        if foreign:
            raise ConfigurationError(
                where,
                "preset='mlp', where parameters of a single training are given",
                f"got {', '.join(foreign)} with preset={self.preset!r}",
                "Pass preset='mlp' for the one network of scikit-learn's manners.",
            )
        if self.early_stopping is not None and not self.early_stopping:
            raise ConfigurationError(
                where,
                f"early_stopping left out or True with preset={self.preset!r}, which keeps each member's "
                "best epoch",
                f"got {self.early_stopping}",
                "Pass preset='mlp' for a training that goes to its end.",
            )

    def _coded(self: Any, rows: Rows, where: str) -> Rows:
        return rows._replace(Y=self._encode(rows.Y, np.float64, where))

    def _table_rows(self: Any, given: Given, *, reset: bool, where: str) -> Rows:
        """X as a table, y as it is, and weights: checked by scikit-learn, but that cells may be missing."""
        given = with_named_columns(given, where)
        if given.y is None:
            validate_data(self, given.X, given.y)  # it says that y is needed
        table = self._table(given.X, reset=reset, where=where)
        with told_by_row(given, where, numbers=is_regressor(self)):
            y = _check_y(given.y, multi_output=True, y_numeric=is_regressor(self), estimator=self)
        y = as_target(y, numbers=is_regressor(self), where=where)
        check_consistent_length(table, y)
        weight = given.sample_weight
        if weight is not None:
            weight = _check_sample_weight(
                weight, np.empty((len(y), 1)), dtype=np.float64, ensure_non_negative=True
            )
        return Rows(table, y, weight)

    def _table(self: Any, X: Any, *, reset: bool, where: str) -> TableRows:
        """X as a frame (or sparse), with the columns of the fit."""
        if issparse(X) or (isinstance(X, np.ndarray) and X.dtype.kind in "biufc"):
            checked = validate_data(
                self, X, accept_sparse="csr", ensure_all_finite="allow-nan", dtype=None, reset=reset
            )
            frame = as_rows(checked, where)
            return frame if issparse(checked) else self._named(frame, False, reset=reset, where=where)
        if isinstance(X, np.ndarray):
            validate_data(self, X, dtype=None, ensure_all_finite=False, reset=reset)
        frame, has_names = as_rows(X, where), hasattr(X, "columns") or hasattr(X, "column_names")
        if not hasattr(X, "shape"):
            X = np.empty(frame.shape)
        validate_data(self, X, skip_check_array=True, reset=reset)
        return self._named(frame, has_names, reset=reset, where=where)

    def _named(self: Any, frame: TableRows, has_names: bool, *, reset: bool, where: str) -> TableRows:
        """A frame under the names that its columns had in the fit, where one of both came without names:
        scikit-learn has warned of it, and columns then are told by their order.
        """
        if reset:
            self._column_names, self._came_with_names = tuple(frame.columns), has_names
        elif has_names and self._came_with_names:
            pass  # the preparation goes by them, and names those that are missing
        elif set(frame.columns) != set(self._column_names) and frame.width == len(self._column_names):
            frame = frame.rename(dict(zip(frame.columns, self._column_names, strict=True)))
        if n_rows(frame) == 0:
            raise DataError(where, "at least one row", "got a table without rows (minimum of 1 is required)")
        return frame

    def _as_member(self: Any, preset: Preset, preparer: Preparer, m: int, seconds: float | None) -> Any:
        """An estimator of one network, by a preset, that knows what the targets mean."""
        changed = self._changed()
        classes = not is_regressor(self)
        settings = {
            "max_iter": preset.epochs * n_epochs(m),
            "batch_size": batch_size(m),
            **preset.parameters(classes=classes),
        }
        if preset.name == TABM.name:
            settings["shared_members"] = n_shared(m)
        settings |= {name: changed[name] for name in (*FOR_ALL_MEMBERS, "shared_members") if name in changed}
        if not np.any(settings.get("dropout", 0)):
            settings["dropout_schedule"] = None
        if not settings.get("weight_decay"):
            settings["weight_decay_schedule"] = None
        settings["batch_size"] = min(settings["batch_size"], m) if m else 1
        own = {name: getattr(self, name) for name in (*OF_THE_ENSEMBLE, *OF_STREAMS) if hasattr(self, name)}
        own |= {"preset": "mlp", "n_estimators": None, "verbose": False, "dtype": str(self._precision)}
        own["time_budget"] = seconds
        member = type(self)(**{**own, **settings})
        member._take_targets(self, preparer)
        return member

    def _ensemble_outputs(self: Any, X: Any) -> Array:
        """Outputs of the ensemble for rows, (m, n_L), float64."""
        check_is_fitted(self)
        where = f"{type(self).__name__}.predict"
        return self.ensemble_.outputs(self._table(X, reset=False, where=where))


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    if type(value) is not type(default) and not (np.isscalar(value) and np.isscalar(default)):
        return False
    try:
        return bool(np.all(value == default))
    except (TypeError, ValueError):
        return False
