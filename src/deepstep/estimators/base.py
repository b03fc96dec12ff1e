"""The base of DeepClassifier and DeepRegressor: one path for fit, and one for predictions."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import update_wrapper
from numbers import Integral
from time import perf_counter
from typing import Any, Self, cast

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.base import _fit_context, is_regressor
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_y, check_consistent_length, check_is_fitted, validate_data

from deepstep.data.frames import are_records, as_frame, has_names
from deepstep.environment import slow_training
from deepstep.errors import ConfigurationError, DataError, DataWarning, SpeedWarning, warn_the_caller
from deepstep.estimators.ensemble import Ensemble, FoldPreprocessor, Member, Table
from deepstep.estimators.ensemble_fit import fit_alone, fit_ensemble
from deepstep.estimators.fitted import FittedAttributes
from deepstep.estimators.inputs import (
    Dataset,
    FitContext,
    RawData,
    as_target,
    check_kept,
    checked_weight,
    named_columns,
    reraise_with_row,
    target_name,
    validation_data,
    warn_of_data,
    with_named_columns,
)
from deepstep.estimators.label_issues import TrainingFingerprint
from deepstep.estimators.members import SEED_OF_THE_FIT, Task
from deepstep.estimators.options import Options
from deepstep.estimators.population import PRESETS, STREAMED
from deepstep.estimators.presets import (
    ALONE,
    FOR_ALL_MEMBERS,
    MLP,
    OF_STREAMS,
    OF_THE_ENSEMBLE,
    SINGLE,
    TABM,
    changed,
    engine_on,
)
from deepstep.estimators.refit import check_refit, refit_ensemble
from deepstep.estimators.resuming import kept_seed
from deepstep.estimators.row_sources import as_row_source, in_memory, inputs_in, is_stored, labels_in, reading
from deepstep.estimators.saved import SavedEstimator
from deepstep.estimators.solvers import fit_to_resume, supports_partial_fit
from deepstep.estimators.splits import check_split, checked_groups, without_groups
from deepstep.estimators.streamed_fit import (
    StreamedFit,
    prepare_stream,
    refuse_for_one,
    survey_rows,
)
from deepstep.model import Network
from deepstep.network.border import weights_in
from deepstep.preparation.batches import Examples
from deepstep.preparation.survey import Survey
from deepstep.preparation.table import with_columns
from deepstep.targets import Targets
from deepstep.training.interruption import deferred
from deepstep.training.rows import parts
from deepstep.types import AnyArray, Array


class DeepEstimator(SavedEstimator, FittedAttributes, Options):
    """Base of the estimators; use `DeepClassifier` or `DeepRegressor`."""

    ensemble_: Ensemble
    targets_: Targets
    n_features_in_: int
    _training_rows: TrainingFingerprint | None = None
    _interrupted: bool = False
    _column_names: tuple[str, ...] = ()  # none of sparse rows

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        eval_set: Any = None,
        groups: Any = None,
    ) -> Self:
        """Train on rows as examples.

        After an error the estimator is as it was before. Ctrl-C ends the training with a warning: one network
        keeps the parameters reached, an ensemble the networks that are done, and the warning has their
        number and their out-of-fold score. A second Ctrl-C, or one before the first step of one network, the
        first iteration of 'lbfgs' or the end of the first network of an ensemble, raises KeyboardInterrupt.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example. Sparse rows
            are made dense a batch at a time.
        y (array of shape (n_samples,) or (n_samples, n_outputs), or str): Labels of any type, or columns of 0
            and 1; numbers for a regressor, for 'poisson' of at least 0, for 'quantile' in one column. Or the
            name of their column, where X is a frame.
        sample_weight (array of shape (n_samples,) or str): Weights of at least 0, or the name of their
            column; a weight of 2 equals the row twice.
        X_val, y_val, sample_weight_val: Validation data of the same kinds, with labels of y: ``history_`` has
            their cost and score, and early stopping goes by them instead of a part of X.
        eval_set (tuple or list of one tuple): The same data, ``(X_val, y_val)``, in the form of other
            libraries, instead of both.
        groups (array of shape (n_samples,) or str): The group of each row, any hashable value, or the name of
            their column in a frame, which is no feature then: a patient, a household, a day. Rows of one
            group are never split between learned and held-out ones, in the folds of an ensemble and in the
            part of early stopping. Classes are balanced as far as groups allow
            (`sklearn.model_selection.StratifiedGroupKFold`); fewer groups than folds make fewer folds.
            Refused where nothing is held out, and where rows are streamed.
        returns (self): Fitted.
        ValueError: If an argument cannot be used; `DataError` and `ConfigurationError` are among them.
        DivergenceError: If the cost leaves the finite numbers.
        UserWarning: If a column of a frame numbers rows that are sorted by their label, or has one value for
            each.

        >>> from deepstep import DeepClassifier
        >>> X, y = [[-2.0], [-1.0], [1.0], [2.0]], ["low", "low", "high", "high"]
        >>> model = DeepClassifier(4, solver="lbfgs", random_state=1, preset="mlp").fit(X, y)
        >>> model.predict([[-3.0], [3.0]])
        array(['low', 'high'], dtype='<U4')

        With validation data of one's own, by which training stops:

        >>> stops = {"early_stopping": True, "tol": 0.5, "n_iter_no_change": 3}
        >>> model = DeepClassifier(4, preset="mlp", random_state=1, **stops)
        >>> model = model.fit(X, y, X_val=[[-1.5], [1.5]], y_val=["low", "high"])
        >>> model.history_.column("validation_cost").shape == (model.n_iter_,)
        True
        """
        where = f"{type(self).__name__}.fit"
        validation = validation_data(X_val, y_val, sample_weight_val, eval_set, where)
        return self._fit(RawData(X, y, sample_weight), validation, groups=groups)

    @abstractmethod
    def _learn_targets(self, y: AnyArray, context: FitContext) -> None:
        """Learn from the targets of the training data: classes, the head."""

    @abstractmethod
    def _encode(self, y: AnyArray, dtype: Any, where: str, *, learned: bool = False) -> Array:
        """The targets as rows (m, n_L); ``learned`` are those that `_learn_targets` has checked."""

    def _score_of(self, A: Array, Y: Array, weight: Array | None) -> float | None:
        """The score of outputs for encoded targets; None where there are too few rows, or where it fails."""
        weight = None if weight is None or not weight.any() else weight
        if len(Y) < 2 or not np.isfinite(A).all():
            return None
        try:
            targets = self.targets_
            return targets.score(targets.decode(Y), targets.predictions(A), weight)
        except Exception as error:  # what is trained is not lost for a figure about it
            kind = type(error).__name__
            warn_the_caller(f"{type(self).__name__}.fit: a network has no score ({kind}: {error}).")
            return None

    def _warn_of_leaks(self, X: Any, y: AnyArray, context: FitContext) -> None:
        """Warn of columns of a frame that alone tell the target."""

    def _check_taught(self, rows: Dataset, context: FitContext) -> None:
        """Refuse training data that teach nothing."""

    def _class_weighted(self, learned: Any, rows: Any, where: str) -> Array | None:
        """The weight of each row, with that of its class, which the rows that are learned from decide."""
        targets, class_weight = self.targets_, getattr(self, "class_weight", None)
        if class_weight is None:
            return rows.weight
        positions = targets.class_columns(learned.Y)
        of_classes = targets.weights_of_classes(class_weight, positions, learned.weight, where)
        return targets.row_weights(of_classes, rows.Y, rows.weight)

    def _with_class_weights(
        self, learn: Examples, held_out: Examples | None, where: str
    ) -> tuple[Examples, Examples | None]:
        """Both with the weights of the classes, in the network's precision."""

        def weighted(examples: Examples, where: str) -> Examples:
            weight = self._class_weighted(learn, examples, where)
            weight = None if weight is None else weights_in(examples.Y.dtype, weight, where)
            return replace(examples, weight=weight)

        validation = None if held_out is None else weighted(held_out, f"{where}, validation")
        return weighted(learn, where), validation

    def _fit(
        self,
        given: RawData,
        validation: RawData | None = None,
        *,
        incremental: bool = False,
        classes: Any = None,
        groups: Any = None,
    ) -> Self:
        """Fit, wholly or not at all: after an error the estimator is as it was before."""
        fitted = getattr(self, "ensemble_", None)
        of_numbers = fitted is not None and fitted.takes_numbers and self.preset == MLP.name
        going_on = of_numbers and (incremental or self.warm_start)
        where = f"{type(self).__name__}.{'partial_fit' if incremental else 'fit'}"
        context = FitContext(
            where, going_on, incremental, classes, groups=groups, target=target_name(given.y)
        )
        begin = perf_counter()
        with self._whole_or_not_at_all(where):
            surveyed = isinstance(given.X, Survey)
            check_split(self, groups, where, validated=validation is not None, streamed=surveyed)
            if not going_on:
                context = replace(context, seed=self._seed(where))
            if validation is not None and is_stored(validation.X):
                validation = in_memory(validation, f"{where}, validation", reading(self.verbose))
            stored = not surveyed and is_stored(given.X, self.stream)
            rows = as_row_source(given, self.stream, context) if stored else None
            if surveyed:
                self._fit_surveyed(StreamedFit(given.X, given.sample_weight, validation, context))
            elif rows is not None:
                check_split(self, groups, where, validated=False, streamed=True)
                names = [name for name in rows.rows.schema if name not in (rows.target, rows.weighing)]
                check_kept(self.keep_columns, names, where)
                context = replace(context, categorical=named_columns(self.categorical_features, names, where))
                self._fit_surveyed(survey_rows(self, rows, validation, context))
            else:
                given = in_memory(given, where, reading(self.verbose)) if stored else given
                given = with_named_columns(given, where)
                X, groups = without_groups(given.X, groups, where)
                self._fit_in_memory(given._replace(X=X), validation, replace(context, groups=groups))
            if slow := slow_training(perf_counter() - begin):
                warn_the_caller(f"{where}: {slow}", SpeedWarning)
        return self

    @contextmanager
    def _whole_or_not_at_all(self, where: str) -> Iterator[None]:
        """A fit, after whose error the estimator is as before; Ctrl-C waits once something is trained."""
        before, self._interrupted = vars(self).copy(), False
        try:
            with deferred(waits=False) as interruption:
                yield
            if interruption.asked and not self.interrupted_:
                self._interrupted = True
                warn_the_caller(f"{where} was interrupted: all networks are trained and kept.")
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _fit_in_memory(self, given: RawData, validation: RawData | None, context: FitContext) -> None:
        where = context.where
        self._refuse_foreign(where)
        check_refit(self, where, validated=validation is not None)
        dtype: Any = None
        if self.preset == MLP.name:
            dtype = self.network_.dtype if context.going_on else self._precision
            its_own = self.dtype != "auto" or self.solver == "lbfgs" or self.precision
            if not (its_own or context.going_on):
                dtype = (np.float64, np.float32)  # that of X
        rows = self._dataset(given, dtype, reset=not context.going_on, where=where)
        if context.groups is not None:
            rows = replace(rows, groups=checked_groups(context.groups, len(rows), where))
            context = replace(context, groups=None)  # it goes to workers
        dtype = None if dtype is None else rows.X.dtype
        columns = getattr(rows.X, "columns", ())
        check_kept(self.keep_columns, columns, where)
        if self.categorical_features is not None:
            context = replace(context, categorical=named_columns(self.categorical_features, columns, where))
        self._learn_targets(rows.Y, context)
        shown = given.X if dtype is not None or not self._came_with_names else rows.X
        if hasattr(shown, "columns"):
            self._warn_of_leaks(shown, rows.Y, context)
            if self.preset != MLP.name and not getattr(self, "soft_targets", False):
                warn_of_data(shown, rows.Y, context, classes=not is_regressor(self))
        rows = self._coded(rows, dtype, where, learned=True)
        self._check_taught(rows, context)
        held_out = None if validation is None else self._validation_rows(validation, dtype, where)
        self.ensemble_ = fit_ensemble(self, rows, held_out, context)
        self._calibrated(rows, held_out, where)
        if self.refit and self.preset not in ALONE and not self._interrupted:
            self.ensemble_ = refit_ensemble(self, rows, context)
        if any(one.table is not None and one.table.cautions for one in self.ensemble_.preprocessors):
            whole = Table.fit(rows.X, self.keep_columns or (), context.categorical)
            self._warn_of_columns(whole.cautions, context)  # with the counts of all rows

    def _fit_surveyed(self, fit: StreamedFit) -> None:
        """Fit on rows in files that a survey has seen."""
        context, found = fit.context, fit.found
        preset = PRESETS.get(self.preset, STREAMED)
        if context.seed is None:
            context = replace(context, seed=self._seed(context.where))
        fit, where = replace(fit, context=context), context.where
        self._refuse_foreign(where, streamed=True)
        y = labels_in(found.answers())
        self._learn_targets(y, context)
        Y = self._encode(y, np.float64, where)
        self._check_taught(Dataset(Y, Y, None), context)
        dtype = self._precision if preset is MLP else None
        if dtype is not None:
            validate_data(self, fit.shown(found.sample), skip_check_array=True, reset=True)
        else:
            self._table(fit.shown(found.sample), reset=True, where=where)
        held_out = None if fit.validation is None else self._validation_rows(fit.validation, dtype, where)
        taught = self._encode(fit.y(found.sample), np.float64, where)
        prepared, sample, held_out = prepare_stream(self, fit, preset, taught, held_out)
        seed = cast(int, context.seed)
        if preset.name not in ALONE:
            seed = int(np.random.SeedSequence(seed).generate_state(1)[0])
        self.ensemble_ = fit_alone(self, prepared, Task(preset, 0, seed), context, self.time_budget)
        self._calibrated(sample, held_out, where)
        if dtype is None:
            self._warn_of_columns(found.inputs.cautions, context)

    def _calibrated(self, rows: Dataset, held_out: Dataset | None, where: str) -> None:
        """Calibrate what is trained; a failure there does not lose it."""
        try:
            with deferred():  # what is trained is worth a second
                self._finish(rows, held_out)
        except Exception as error:
            warn_the_caller(
                f"{where}: the networks are trained and kept, but not calibrated ({type(error).__name__}: "
                f"{error}). Call calibrate(X, y) before prediction sets or intervals are asked for."
            )

    @abstractmethod
    def _finish(self, rows: Dataset, held_out: Dataset | None) -> None:
        """Calibrate an ensemble by what it held out."""

    def _validation_rows(self, validation: RawData, dtype: Any, where: str) -> Dataset:
        """The user's own validation data."""
        where = f"{where}, validation"
        rows = self._dataset(validation, dtype, reset=False, where=where)
        return self._coded(rows, dtype, where)

    def _rows(self, given: RawData, where: str) -> Dataset:
        """Rows with targets, checked as those of the fit and encoded."""
        dtype = self.network_.dtype if self.ensemble_.takes_numbers else None
        rows = self._dataset(given, dtype, reset=False, where=where)
        return self._coded(rows, None, where)

    def _coded(self, rows: Dataset, dtype: Any, where: str, *, learned: bool = False) -> Dataset:
        """The rows with their targets encoded, for a table in float64."""
        of_targets = np.float64 if dtype is None else dtype
        return replace(rows, Y=self._encode(rows.Y, of_targets, where, learned=learned))

    def _dataset(self, given: RawData, dtype: Any, *, reset: bool, where: str) -> Dataset:
        """X as numbers of a type, or where that is None as a table whose cells may be missing; y as it is."""
        given, numbers = with_named_columns(given, where), is_regressor(self)
        if dtype is None:
            if given.y is None:
                validate_data(self, given.X, given.y)  # it says that y is needed
            X = self._table(given.X, reset=reset, where=where)
            with reraise_with_row(given, where, numbers=numbers):
                y = _check_y(given.y, multi_output=True, y_numeric=numbers, estimator=self)
        else:
            # what is too large for the dtype is refused in words
            with np.errstate(over="ignore"), reraise_with_row(given, where, numbers=numbers):
                X, y = validate_data(
                    self,
                    given.X,
                    given.y,
                    accept_sparse="csr",
                    dtype=dtype,
                    order="C",
                    multi_output=True,
                    y_numeric=numbers,
                    reset=reset,
                )
        y = as_target(y, numbers=numbers, where=where)
        check_consistent_length(X, y)
        return Dataset(X, y, checked_weight(given.sample_weight, X if dtype is not None else y))

    def _table(self, X: Any, *, reset: bool, where: str) -> Any:
        """X as a frame (or sparse), with the columns of the fit; rows to predict in the form of the fit."""
        sparse = issparse(X)
        if not (reset or self._column_names or sparse):
            missing = {"ensure_all_finite": "allow-nan"}
            X = csr_array(validate_data(self, X, dtype=np.float64, reset=False, **missing))
        elif not reset and self._column_names and sparse:
            X = X.toarray()
        if issparse(X) or (isinstance(X, np.ndarray) and X.dtype.kind in "biufc"):
            finite = "allow-nan" if sparse else False  # the preparation names the column and the row
            checked = validate_data(
                self, X, accept_sparse="csr", ensure_all_finite=finite, dtype=None, reset=reset
            )
            if issparse(checked):
                self._came_with_names = False
                self._column_names = () if reset else self._column_names
                return checked
            return self._named(as_frame(checked, where=where), False, reset=reset, where=where)
        if isinstance(X, np.ndarray):
            validate_data(self, X, dtype=None, ensure_all_finite=False, reset=reset)
        frame, named = as_frame(X, where=where), has_names(X)
        if named and not reset and self._came_with_names:  # in any order, with others beside them
            frame = with_columns(frame, self._column_names).select(self._column_names)
            return self._named(frame, True, reset=False, where=where)
        if are_records(X):
            X = frame
        elif not hasattr(X, "shape"):
            X = np.empty(frame.shape)
        validate_data(self, X, skip_check_array=True, reset=reset)
        return self._named(frame, named, reset=reset, where=where)

    def _named(self, frame: Any, has_names: bool, *, reset: bool, where: str) -> Any:
        """A frame under the names of the fit; by order where one of both came without names."""
        if reset:
            self._column_names, self._came_with_names = tuple(frame.columns), has_names
        elif has_names and self._came_with_names:
            pass  # the preparation goes by them, and names those that are missing
        elif set(frame.columns) != set(self._column_names) and frame.width == len(self._column_names):
            frame = frame.rename(dict(zip(frame.columns, self._column_names, strict=True)))
        if not frame.height:
            raise DataError(where, "at least one row", "got a table without rows (minimum of 1 is required)")
        return frame

    @property
    def _label(self) -> str:
        return self.verbose if isinstance(self.verbose, str) else type(self).__name__

    def _warn_of_columns(self, cautions: Iterable[str], context: FitContext) -> None:
        """Warn of columns that are not read as they may be meant."""
        for caution in cautions:
            warn_the_caller(f"{context.where}, {caution}", DataWarning)

    def _refuse_foreign(self, where: str, *, streamed: bool = False) -> None:
        """Refuse parameters that the preset has no use for."""
        engine_on(self.device, self.engine, where)
        if self.preset == MLP.name and self.categorical_features is not None:
            got, hint = f"got {self.categorical_features!r:.60}", "Pass preset='single' or 'tabular'."
            raise ConfigurationError(where, "categorical_features=None with preset='mlp'", got, hint)
        if self.preset == SINGLE.name and self.warm_start:
            hint = "Pass preset='mlp' for it."
            raise ConfigurationError(where, "warm_start=False with preset='single'", "got True", hint)
        if self.preset in ALONE:
            return
        if streamed:
            refuse_for_one(self, where)
        own = {*FOR_ALL_MEMBERS, *OF_THE_ENSEMBLE, *(OF_STREAMS if streamed else ("refit",))}
        own |= {"shared_members"} if self.preset == TABM.name else set()
        foreign = sorted(set(changed(self)) - own)
        if foreign:
            are = "is" if len(foreign) == 1 else "are"
            expected = f"'single' or 'mlp' where {', '.join(foreign)} {are} given"
            hint = "Pass preset='single' for one network on a table, or preset='mlp' for scikit-learn's."
            raise ConfigurationError(where, expected, f"got {self.preset!r}", hint, setting="preset")
        if self.early_stopping is not None and not self.early_stopping:
            expected = f"left out or True with preset={self.preset!r}, which keeps each member's best epoch"
            got, hint = f"got {self.early_stopping}", "Pass preset='mlp' for a training that goes to its end."
            raise ConfigurationError(where, expected, got, hint, setting="early_stopping")

    @property
    def _precision(self) -> np.dtype[Any]:
        """The precision of a new network."""
        if self.dtype != "auto":
            return np.dtype(self.dtype)
        wide = self.solver == "lbfgs" or (self.preset in ALONE and not self.precision)
        return np.dtype(np.float64 if wide else np.float32)

    def _seed(self, where: str) -> int:
        """One seed for everything: the int itself, that of a killed fit that goes on, or a draw."""
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        found, kept = fit_to_resume(self, where), kept_seed(self)
        if found is not None or kept is not None:
            return cast(int, kept) if found is None else found.identity.get(SEED_OF_THE_FIT, found.seed)
        return int(check_random_state(self.random_state).randint(2**31))

    def _outputs(self, X: Any, outputs: Callable[[Any], Array] | None = None) -> Array:
        """The outputs for rows, (m, n_L), or what else a function gives for the rows of the ensemble."""
        if "ensemble_" not in vars(self):
            check_is_fitted(self)
        ensemble = self.ensemble_
        if is_stored(X, self.stream):
            names = getattr(self, "feature_names_in_", getattr(self, "_column_names", ()))
            pieces = inputs_in(X, tuple(map(str, names)), reading(self.verbose))
            named = hasattr(self, "feature_names_in_") if ensemble.takes_numbers else self._came_with_names
            return np.concatenate(
                [self._outputs(piece if named else piece.to_numpy(), outputs) for piece in pieces]
            )
        if not ensemble.takes_numbers:
            sparse, some = issparse(X), [slice(None)]
            if sparse and self._column_names:  # rows are made dense a part at a time
                some = [*parts(X.shape[0], X.shape[1:])]
            if len(some) > 1:
                X = X.tocsr()
                return np.concatenate([self._outputs(X[part], outputs) for part in some])
            X = self._table(X, reset=False, where=f"{type(self).__name__}.predict")
        elif not self._is_plain(X):
            X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        return (outputs or ensemble.outputs)(X)

    def _is_plain(self, X: Any) -> bool:
        """Whether X is an array in which scikit-learn's checks would find nothing to convert or refuse."""
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype in (np.float64, np.float32) and len(X) > 0
        known = plain and X.shape[1] == self.n_features_in_ and not hasattr(self, "feature_names_in_")
        return bool(known and np.isfinite(X).all())

    def _scored(
        self, network: Network, engine: str, preprocessor: FoldPreprocessor, Y: Array
    ) -> "tuple[DeepEstimator, AnyArray]":
        """A copy that predicts with a network, and the targets Y, as a scorer sees them."""
        found, inputs = copy(self), FoldPreprocessor.of_numbers()
        inputs = replace(inputs, center=preprocessor.center, scale=preprocessor.scale)
        member = Member(MLP, 0, network, engine, 0, None, None, {})
        found.ensemble_ = Ensemble.of_one(member, inputs, network.architecture.output)
        found.n_features_in_ = network.architecture.n_inputs
        if hasattr(found, "feature_names_in_"):
            del found.feature_names_in_  # the rows have been stripped of theirs
        return found, self.targets_.decode(Y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.preset != MLP.name
        return tags


class NotAvailableError(AttributeError, ValueError):
    """For `hasattr`, and as scikit-learn's network raises it where its partial_fit cannot be called."""


class Incremental:
    """`available_if` of `supports_partial_fit`, whose error has the reason, which the check raises."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self.__func__ = method  # whose help is completed
        self._method = available_if(supports_partial_fit)(method)
        update_wrapper(self, method)  # type: ignore[arg-type]  # nothing calls it: it gives the method

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        try:
            return self._method.__get__(owner, kind)
        except AttributeError as error:
            raise NotAvailableError(f"{error}: {error.__cause__}") from None
