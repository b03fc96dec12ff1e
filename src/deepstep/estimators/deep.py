"""The base of DeepClassifier and DeepRegressor: one path for fit, and one for predictions."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, replace
from numbers import Integral, Real
from typing import Annotated, Any, Self

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin, _fit_context, is_regressor
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_y, check_consistent_length, check_is_fitted, validate_data

from deepstep.data.frames import as_frame, has_names
from deepstep.distributed import refuse_ensemble
from deepstep.ensembles.calibrate import calibration_of_fit
from deepstep.ensembles.calibration import Calibration, answered, best_threshold, check_threshold
from deepstep.ensembles.finished import seed_of_members
from deepstep.ensembles.fit import Request, fit_ensemble, weight_with_classes
from deepstep.ensembles.member_fit import SEED_OF_THE_FIT, Options
from deepstep.ensembles.metric import LOSS
from deepstep.ensembles.predictor import Columns, Predictor, TrainingFingerprint
from deepstep.ensembles.presets import Preset
from deepstep.ensembles.refit import refit_ensemble
from deepstep.ensembles.split import FRACTION, TIME, Rows
from deepstep.ensembles.streamed import fit_streamed, labels_in, survey_rows
from deepstep.errors import ConfigurationError, DivergenceError, warn_the_caller
from deepstep.estimators.attributes import DeepAttributes
from deepstep.estimators.deep_parameters import DeepParameters, parameter_of
from deepstep.estimators.fitting import Fitting
from deepstep.estimators.inputs import (
    FitContext,
    RawData,
    as_target,
    check_kept,
    checked_groups,
    checked_weight,
    named_columns,
    naming_validation,
    refuse_texts,
    reraise_with_row,
    target_names,
    validation_data,
    warn_of_table,
    with_named_columns,
    without_groups,
)
from deepstep.estimators.labels import check_taught, encoded_labels, learned_labels, learned_numbers
from deepstep.estimators.member_settings import refuse_settings
from deepstep.estimators.network_parameters import with_plain_signature
from deepstep.estimators.predictions import Calibrated, ClassPredictions, NumberPredictions
from deepstep.estimators.row_sources import NamedRows, inputs_in, is_stored, reading
from deepstep.estimators.saved import SavedEstimator
from deepstep.preparation import TablePreparation
from deepstep.preparation.survey import Survey
from deepstep.targets import Targets
from deepstep.training import latest_checkpoint
from deepstep.training.callbacks import as_callbacks
from deepstep.training.checkpoint import plain
from deepstep.training.interruption import deferred
from deepstep.training.progress import phase
from deepstep.training.rows import parts
from deepstep.types import AnyArray, Array, is_number

FREE = (
    *("verbose", "n_jobs", "random_state", "checkpoint_dir", "resume", "callbacks", "refit"),
    "decision_threshold",
)
"""Parameters that no member depends on; the seed is compared itself."""


class DeepEstimator(Fitting, SavedEstimator, Calibrated, DeepAttributes, DeepParameters):
    """Base of the estimators; use `DeepClassifier` or `DeepRegressor`."""

    _trained = "all networks are"
    _parameter_of = staticmethod(parameter_of)

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
        groups: Any = None,
    ) -> Self:
        """Train an ensemble on the rows of a table.

        After an error the estimator is as it was before. Ctrl-C ends the training with a warning and keeps
        the networks that are done; the warning has their number and their out-of-fold score. A second Ctrl-C,
        or one before the end of the first network, raises KeyboardInterrupt.

        Parameters
        ----------
        X : frame, array, sparse matrix or path of shape (n_samples, n_features)
            A row is an example; texts, dates and missing values as they are.
        y : array of shape (n_samples,) or (n_samples, n_outputs), or str
            Labels of any type, or columns of two classes each; numbers for a regressor, for 'poisson' of at
            least 0, for 'quantile' in one column. Or the name of their column, where X is a frame.
        sample_weight : array of shape (n_samples,) or str, optional
            Weights of at least 0, or the name of their column; a weight of 2 equals the row twice.
        X_val, y_val, sample_weight_val : optional
            Validation data of the same kinds, with labels of y, by which epochs and weights are chosen in
            place of folds.
        groups : array of shape (n_samples,) or str, optional
            The group of each row, any hashable value, or the name of their column in a frame, which is no
            feature then: a patient, a household, a day. Rows of one group are never split between learned and
            held-out ones. Classes are balanced as far as groups allow
            (`sklearn.model_selection.StratifiedGroupKFold`); fewer groups than folds make fewer folds.
            Refused where nothing is held out, and where rows are streamed.

        Returns
        -------
        self
            Fitted.

        Raises
        ------
        ValueError
            If an argument cannot be used; `DataError` and `ConfigurationError` are among them.
        DivergenceError
            If the cost of all networks leaves the finite numbers.

        Warns
        -----
        UserWarning
            If a column of a frame numbers rows that are sorted by their label, or has one value for each.

        Examples
        --------
        >>> from deepstep import DeepClassifier
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> model = DeepClassifier(effort="fast", random_state=1).fit(X, y)
        >>> model.score(X, y) > 0.95
        True
        """
        where = f"{type(self).__name__}.fit"
        refuse_ensemble()
        validation = validation_data(X_val, y_val, sample_weight_val)
        context = FitContext(where, groups=groups, targets=target_names(y))
        return self._fit(RawData(X, y, sample_weight), validation, context)

    @abstractmethod
    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        """The targets of the training data."""

    @abstractmethod
    def _encode(self, targets: Targets, y: AnyArray, *, learned: bool = False) -> Array:
        """The targets as rows (m, n_outputs), float64; ``learned`` are those that the targets are made of."""

    def _check_taught(self, targets: Targets, rows: Rows, request: Request) -> None:
        """Refuse training data that teach nothing."""

    # fit

    def _fit_in_memory(self, data: RawData, validation: RawData | None, context: FitContext) -> None:
        data = with_named_columns(data)
        X, groups = without_groups(data.X, context.groups)
        header = getattr(X, "column_names", getattr(X, "columns", ()))
        columns, X, y, weight = self._checked(data._replace(X=X), None)
        if groups is not None:
            groups = checked_groups(groups, X.shape[0])
        context = self._with_columns(getattr(X, "columns", ()), replace(context, groups=None))
        targets = self._learned_targets(y, context)
        request = self._request(context)
        rows = Rows(X, self._encode(targets, y, learned=True), weight, groups)
        preparation = None
        if columns.named:
            with phase("looking at the columns", label=request.label):
                preparation = TablePreparation.fit(X, keep=request.keep, categorical=request.categorical)
                warn_of_table(X, preparation, targets, rows.Y, context, header=header, rows=len(y))
        self._check_taught(targets, rows, request)
        held_out = None
        if validation is not None:
            held_out = self._validation_rows(validation, targets, columns)
        with _naming_columns(columns):
            outcomes = fit_ensemble(rows, targets, request, held_out)
        self._interrupted = outcomes.interrupted
        predictor = Predictor(columns, targets, outcomes.ensemble, table_of_fit=preparation)
        self._take(predictor, rows, held_out, request)
        if self.refit and not self._interrupted and outcomes.ensemble.out_of_fold is not None:
            with phase("training again on all rows", label=request.label):
                outcomes = refit_ensemble(outcomes, rows, targets, request)
            self._interrupted = outcomes.interrupted
            if outcomes.ensemble is not self.predictor_.ensemble:
                calibration = self.predictor_.calibration.whole()
                self.predictor_ = replace(
                    self.predictor_, ensemble=outcomes.ensemble, calibration=calibration
                )

    def _fit_streamed(self, rows: NamedRows, validation: RawData | None, context: FitContext) -> None:
        source = rows.rows.rows if isinstance(rows.rows, Survey) else rows.rows
        names = [name for name in source.schema if name not in (rows.target, rows.weighing)]
        context = self._with_columns(names, context)
        table = survey_rows(
            *rows,
            keep=tuple(self.keep_columns or ()),
            categorical=context.categorical,
            seed=context.seed or 0,
            validation_fraction=FRACTION if validation is None else 0.0,
        )
        surveyed = table.survey
        request = self._request(context)
        self._refuse_folds()
        y = labels_in(surveyed.answers())
        targets = self._learned_targets(y, context)
        answers = self._encode(targets, y)
        self._check_taught(targets, Rows(answers, answers), request)
        sample = table.X
        if not isinstance(sample, np.ndarray):
            Y = self._encode(targets, table.y(surveyed.sample))
            n_rows = len(Y) if surveyed.in_memory else None
            warn_of_table(sample, surveyed.inputs, targets, Y, context, header=sample.columns, rows=n_rows)
        _, columns = self._table(sample, None)
        held_out = None
        if validation is not None:
            held_out = self._validation_rows(validation, targets, columns)
        with _naming_columns(columns):
            fit = fit_streamed(table, targets, lambda y: self._encode(targets, y), request, held_out)
        self._take(Predictor(columns, targets, fit.ensemble), fit.sample, fit.held_out, request)

    def _take(self, predictor: Predictor, rows: Rows, held_out: Rows | None, request: Request) -> None:
        """Take what a fit has learned, and calibrate it; a failure there does not lose it."""
        where, targets, ensemble = request.options.where, predictor.targets, predictor.ensemble
        self.predictor_ = predictor
        self._set_calibration(predictor.calibration)
        lack, hint = "not calibrated", "Call calibrate(X, y) before predict_set or predict_interval."
        try:
            with deferred():  # what is trained is worth a second
                if ensemble.out_of_fold is not None:
                    fingerprint = TrainingFingerprint.of(ensemble, rows.X, rows.weight)
                    self.predictor_ = replace(self.predictor_, rows_of_fit=fingerprint)
                learned = rows.weighing
                judges = learned if held_out is None else held_out
                weight = weight_with_classes(learned, judges, targets, request)
                calibration = calibration_of_fit(
                    ensemble, targets, rows, held_out, weight, refits=bool(self.refit)
                )
                self._set_calibration(calibration)
                lack, hint = "no threshold was chosen", "decision_threshold_ is 0.5."
                self._choose_threshold(judges, held_out)
        except Exception as error:
            problem = f"{lack} ({type(error).__name__}: {error})"
            warn_the_caller(f"{where}: the networks are trained and kept, but {problem}. {hint}")

    def _set_calibration(self, calibration: Calibration) -> None:
        self.predictor_ = replace(self.predictor_, calibration=calibration)

    def _choose_threshold(self, judges: Rows, held_out: Rows | None) -> None:
        """Choose what only classes have, on rows that were held out."""

    def _take_predictor(self, predictor: Predictor) -> None:
        """Take what was saved."""
        self.predictor_ = predictor

    def _request(self, context: FitContext) -> Request:
        """The parameters as the ensembles take them."""
        where = context.where
        callbacks = tuple(as_callbacks(self.callbacks or []))
        options = Options(np.dtype(self.dtype), self.engine, callbacks, context.seed or 0, where)
        params = self.get_params(deep=False)
        return Request(
            self.effort,
            self.n_estimators,
            self.presets,
            self.network_params,
            getattr(self, "class_weight", None),
            self.scoring,
            self.validation,
            tuple(self.keep_columns or ()),
            context.categorical,
            self.time_budget,
            self.n_jobs,
            self._label if self.verbose else "",
            self.checkpoint_dir,
            self.resume,
            {name: plain(value) for name, value in params.items() if name not in FREE},
            options,
        )

    def _earlier_seed(self, context: FitContext) -> int | None:
        if not self.resume or self.checkpoint_dir is None:
            return None
        checkpoint = latest_checkpoint(self.checkpoint_dir)
        if checkpoint is not None:
            return int(checkpoint.identity[SEED_OF_THE_FIT])
        return seed_of_members(self.checkpoint_dir)

    @property
    def _label(self) -> str:
        return self.verbose if isinstance(self.verbose, str) else type(self).__name__

    def _with_columns(self, columns: Any, context: FitContext) -> FitContext:
        """The context with the categorical columns, which are checked as those to keep are."""
        check_kept(self.keep_columns, columns)
        if self.categorical_features is None:
            return context
        return replace(context, categorical=named_columns(self.categorical_features, columns))

    # what is refused

    def _check_split(self, context: FitContext, *, validated: bool, streamed: bool) -> None:
        """Refuse groups, an order of time or a refit that would have no effect, or cannot be respected."""
        groups = context.groups
        structured = {"groups": groups is not None, "validation": self.validation is not None}
        names = " and ".join(name for name, is_set in structured.items() if is_set)
        hint = "Leave one of both out."
        by_time = isinstance(self.validation, str) and self.validation == TIME
        if names and streamed:
            raise ConfigurationError(f"{names} cannot be used where rows are streamed", "Pass stream=False.")
        if names and validated:
            raise ConfigurationError(f"{names} cannot be used with validation data of your own", hint)
        if groups is not None and by_time:
            raise ConfigurationError("groups cannot be used with validation='time'", hint)
        if self.refit:
            why = ""
            if validated:
                why = "where fit is given validation data, which the networks would not learn"
            elif self.time_budget is not None:
                why = "with time_budget, by which epochs end"
            elif streamed:
                why = "where rows are streamed, on which one network learns"
            if why:
                raise ConfigurationError.must_be("refit", f"False {why}", "True", hint)

    def _refuse_folds(self) -> None:
        """Refuse parameters that an ensemble of one, on a stream, has no use for."""
        if self.n_estimators not in (None, 1):
            requirement = "1 or None where rows are streamed, which folds would read many times"
            hint = "Pass stream=False to read the table into memory."
            raise ConfigurationError.must_be("n_estimators", requirement, str(self.n_estimators), hint)
        several = not isinstance(self.presets, str | Preset | None) and len(self.presets) > 1
        for name, value, refused in (
            ("scoring", self.scoring, self.scoring not in (None, LOSS)),
            ("presets", self.presets, several),
            ("validation", self.validation, self.validation is not None),
        ):
            if refused:
                requirement = f"{'one preset' if name == 'presets' else 'None'} where rows are streamed"
                raise ConfigurationError.must_be(name, requirement, f"{value!r:.60}", "Pass stream=False.")
        if self.checkpoint_dir is not None and not isinstance(self.random_state, Integral):
            # the seed of the network is drawn from it, and tells nothing of the order of rows
            requirement = "an int where rows are streamed and checkpoint_dir is set"
            raise ConfigurationError.must_be("random_state", requirement, f"{self.random_state!r:.60}")

    # rows

    def _rows(self, data: RawData, targets: Targets, columns: Columns) -> Rows:
        """Rows with targets, in the form of the fit."""
        _, X, y, weight = self._checked(with_named_columns(data), columns)
        return Rows(X, self._encode(targets, y), weight)

    @naming_validation()
    def _validation_rows(self, data: RawData, targets: Targets, columns: Columns) -> Rows:
        """The rows of the user's own validation data."""
        return self._rows(data, targets, columns)

    def _checked_rows(self, data: RawData) -> Rows:
        return self._rows(data, self.predictor_.targets, self.predictor_.columns)

    def _checked(self, data: RawData, columns: Columns | None) -> tuple[Columns, Any, AnyArray, Array | None]:
        """The columns, X as a table whose cells may be missing (or sparse), y as an array, and weights."""
        numbers = is_regressor(self)
        if data.y is None:
            validate_data(self, data.X, data.y)  # it says that y is needed
        X, columns = self._table(data.X, columns)
        with reraise_with_row(data, numbers=numbers):
            y = _check_y(data.y, multi_output=True, y_numeric=numbers, estimator=self)
        y = as_target(y, numbers=numbers)
        check_consistent_length(X, y)
        return columns, X, y, checked_weight(data.sample_weight, y)

    def _table(self, X: Any, columns: Columns | None) -> tuple[Any, Columns]:
        """X as a frame (or sparse) with the columns of the fit, which are learned where there are none."""
        sparse = issparse(X)
        reset = columns is None
        if columns is not None and not columns.names and not sparse:  # the fit had sparse rows
            checks = {"dtype": np.float64, "ensure_all_finite": "allow-nan", "reset": False}
            return csr_array(validate_data(self, X, **checks)), columns
        if columns is not None and columns.names and sparse:  # the fit had a table
            X = X.toarray()
        if issparse(X) or (isinstance(X, np.ndarray) and X.dtype.kind in "biufc"):
            finite = "allow-nan" if sparse else False  # the preparation names the column and the row
            checks = {"accept_sparse": "csr", "ensure_all_finite": finite, "dtype": None, "reset": reset}
            X = validate_data(self, X, **checks)
            if issparse(X):
                return X, Columns()
        elif isinstance(X, np.ndarray):
            validate_data(self, X, dtype=None, ensure_all_finite=False, reset=reset)
        elif columns is None or not (columns.named and has_names(X)):  # those go by name, others beside them
            shaped = X if hasattr(X, "columns") else np.empty(as_frame(X).shape)
            validate_data(self, shaped, skip_check_array=True, reset=reset)
        if columns is None:
            columns = Columns.of(X)
            if columns.named and not hasattr(X, "iloc"):  # scikit-learn before 1.9 reads none from polars 2
                self.feature_names_in_ = np.array(columns.names, object)
        return columns.frame(X), columns

    def _outputs(self, X: Any, outputs: Callable[[Any], Array] | None = None) -> Array:
        """The outputs for rows, (m, n_outputs), or what else a function gives for the ensemble's rows."""
        if "predictor_" not in vars(self):
            check_is_fitted(self)
        columns = self.predictor_.columns
        if is_stored(X, self.stream):
            pieces = inputs_in(X, columns.names, reading(self.verbose))
            return np.concatenate(
                [self._outputs(piece if columns.named else piece.to_numpy(), outputs) for piece in pieces]
            )
        blocks = [slice(None)]
        if issparse(X) and columns.names:  # rows are made dense a part at a time
            shape: tuple[int, int] = X.shape  # type: ignore[attr-defined]  # of all sparse classes
            blocks = [*parts(shape[0], shape[1:])]
        if len(blocks) > 1:
            X = X.tocsr()
            return np.concatenate([self._outputs(X[block], outputs) for block in blocks])
        rows, _ = self._table(X, columns)
        return (outputs or self.predictor_.ensemble.outputs)(rows)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags


@contextmanager
def _naming_columns(columns: Columns) -> Iterator[None]:
    """Give the predictor of a training that diverges the columns of the fit."""
    try:
        yield
    except DivergenceError as error:
        if error.predictor is not None:
            error.predictor = replace(error.predictor, columns=columns)
        raise


@refuse_settings
@with_plain_signature
@dataclass(eq=False, repr=False, match_args=False)
class DeepClassifier(ClassPredictions, ClassifierMixin, DeepEstimator):
    """An ensemble of deep fully-connected networks that tells classes apart, on a table as it is.

    X is a pandas, polars or pyarrow frame or an array, with texts, dates and missing values. A population of
    small networks learns on the folds of a cross-validation, with the settings of different presets (after
    RealMLP, Holzmüller et al., arXiv 2407.04491, and plainer ones; the population after TabPack, arXiv
    2607.05380). All are trained on the first folds, the best on all. An ensemble of them is selected by their
    predictions for rows that they have not learned from. Their number follows from ``effort`` and the number
    of rows (`deepstep.ensembles.presets`). ``ensemble_`` holds the networks, in which every step can be
    opened.

    Two classes train one sigmoid output, several classes a softmax, and a target of several columns of two
    classes a sigmoid for each; the cost is the cross-entropy. Ordered classes train the questions y > k.

    Parameters
    ----------
    effort : {'fast', 'balanced', 'best'}, default='balanced'
        How many presets are tried at most (`deepstep.ensembles.presets.SIZES`). ``n_estimators``, where it is
        set, decides in its place. With a ``time_budget`` the clock may make it fewer or more.
    time_budget : float, default=None
        Seconds that training may take, the preparation of the folds included. The networks share them, and
        each network that is begun gets at least one whole epoch: a budget too short for that is exceeded,
        with a warning. Schedules go by the share of the epochs or of the time that is used, whichever is
        greater. When the presets of ``effort`` are trained and the time that is left suffices for another
        one, further presets are trained, and then the same ones again with other initial values. With
        ``n_estimators`` or ``presets`` there are no further ones. Where rows are streamed, these are the
        seconds of the one network, from its first step on.
    scoring : str, callable or None, default=None
        The metric by which the number of epochs and, with the loss beside it, the weights of the presets are
        chosen, on rows that were held out: the name of a scikit-learn scorer, a function ``scorer(estimator,
        X, y)``, or None for the loss. The networks always learn by the loss, and by it presets are dropped
        after the first folds. Below 100 held-out rows of the rarest class, or of numbers in all, the loss is
        in place of the metric, and a warning says so. Where ``time_budget`` or ``network_params=
        {"patience": …}`` may end the training of a network, its best epoch is the one with the lowest
        validation cost. In place of the estimator a scorer gets an object whose predictions are those for the
        rows that were held out, and in place of their X an array with as many rows and no columns.
    validation : None, 'time', splitter or sequence, default=None
        Which rows the folds hold out. None draws them, classes in proportion; with ``fit(…, groups=…)`` whole
        groups. 'time' is for rows in the order of time: the later half is held out in blocks, each by a fold
        that learned from all rows before it alone (`sklearn.model_selection.TimeSeriesSplit`); rows of the
        first half are held out by none, and their ``oof_predictions_`` are NaN. The folds may also be
        given: by a splitter of scikit-learn, or as a list of pairs of row numbers (learned, held out).
    n_estimators : int or None, default=None
        Number of networks. Each preset is trained on every fold, so it is rounded up to a multiple of the
        number of folds: those of a splitter in ``validation``, else 5 at most. With validation data there is
        one fold, and no rounding. None for as many as ``effort`` plans for a table of this size.
    presets : str, Preset or sequence of these, default=None
        The presets to train, in place of those of ``effort``: names in `deepstep.ensembles.presets.PRESETS`,
        or `deepstep.ensembles.presets.Preset` objects.
    network_params : mapping, default=None
        Parameters for the networks of all members in place of the presets', under the names that
        `deepstep.Network` and `Network.train` have for them: ``{"epochs": 100, "dropout": 0.1}``, ….
        They are the fields of `deepstep.ensembles.presets.Preset` from ``hidden_layers`` on, and those of
        `deepstep.engines.Settings` except ``seed``.
    loss_params : mapping, default=None
        Settings of the loss, for example ``{"delta": 2.0}`` for 'huber'.
    categorical_features : sequence of str, int or bool, or None, default=None
        Columns whose values are categories, also where they are numbers (postcodes): names, numbers from 0,
        or a mask of all columns. None decides by the values: texts are categories, numbers are not.
    keep_columns : sequence of str, default=None
        Columns that are kept as features even if they look like row numbers, which are left out otherwise.
    refit : bool, default=False
        Train one network of each selected preset again on all rows, also the newest ones of
        ``validation='time'``, for the epochs that the folds had best; they predict in place of the folds'
        networks. Weights, temperatures, ``oof_predictions_``, sets and intervals stay those of the folds'
        networks, which have learned fewer rows.
    engine : str, default='auto'
        What runs the training: 'auto', 'reference', 'compiled', 'torch', or ``'torch:cuda'``,
        ``'torch:cpu'``, … for the torch engine on that device.
    dtype : {'float32', 'float64'}, default='float32'
        Precision of the networks.
    n_jobs : int or None, default=None
        Members that are trained at the same time, each by one thread. -1 for all processors, -2 for all but
        one, …; None for as many threads as there are processors, or what ``joblib.parallel_config`` says.
        Predictions are the same bits for any value.
    random_state : int, RandomState or None, default=None
        Seed of the folds, the initial values, the order of the examples and dropout. An int gives the same
        fit bit for bit.
    callbacks : sequence of deepstep.training.Callback or callable, default=None
        Callback objects, or functions that take the record of each epoch. They are called in the training of
        every member. Members are trained by several threads, but two calls never overlap.
        ``training.member`` is the pair (name of the preset, number of the fold, -1 where ``refit`` trains on
        all rows).
    checkpoint_dir : str or Path, default=None
        Folder into which ``fit`` writes its finished members, each as a folder: at once a member that took a
        second or more, and shorter ones together, every 5 seconds and at Ctrl-C. A fit of less than 5 seconds
        leaves its short members out. Where a fit has one network alone, as that of a table above 100,000
        rows, the network writes its checkpoints there, too. Each fit needs a folder of its own. Of rows
        in memory it is refused with a ``time_budget``, as the clock decides how long members are trained.
    resume : bool, default=False
        Go on from what is in ``checkpoint_dir``, or begin where nothing is there: the same call starts a fit
        and, after it was killed, continues it to the same bits. Only the members that are not in the folder
        are trained. ``n_jobs``, ``verbose``, ``callbacks`` and ``refit`` may differ from those of the call
        before, and the folder may have been moved; callbacks that keep a state must be the same where the fit
        has one network alone. Other data are refused, and so are other values of all other parameters
        (where rows are streamed, of those that the training of the network depends on; ``engine`` is not
        compared there). Where ``random_state`` is no int, the seed that was drawn before is taken. A damaged
        member is trained again, with a warning.
    verbose : bool, int or str, default=False
        Show progress on stderr. A text is its label, in place of the name of the class. An int is True from
        1 on. The logger ``deepstep`` has the progress at the level INFO in any case.
    stream : bool or None, default=None
        Where X is a path (Parquet, a folder of Parquet parts, .npy) and y the name of a column: whether
        the rows stay in the files and are read again in each epoch, or are read into memory. None streams
        from 256 MB on. Memory-mapped arrays are streamed with True alone.
    loss : str, default='cross_entropy'
        'cross_entropy', 'ordinal' for classes in the order of ``classes_`` (labels as they sort, or those of
        ``classes``), or a loss of classes that was registered with `deepstep.equations.register_head`. With
        'ordinal', too, `predict` answers with the most probable class.
    class_weight : 'balanced', dict, list of dict or None, default=None
        Weight of each class, multiplied with ``sample_weight``: ``{label: weight}`` with 1 for labels left
        out, or 'balanced' for n / (n_classes · count of the class), counted in the rows that are learned from
        (what a fold holds out has no say). For a target of several columns
        a list has a dict for each column, and the weights of the columns are
        multiplied. Validation data have the same weights, in their cost and in their score.
    classes : sequence of labels, default=None
        All labels of one column in the order of ``classes_``, where y lacks some or 'ordinal' asks for
        another order than the sorted one; None for the labels of y, sorted. With ``soft_targets`` those of
        the columns of y.
    soft_targets : bool, default=False
        Whether y of `fit` is an array (n_samples, n_classes) of probabilities, such as the
        ``predict_proba`` of another model or shares of votes: at least 0, with a sum of 1 in every row. The
        columns are ``classes``, by default 0 to n_classes - 1. The cost is the cross-entropy with these
        probabilities. Folds, scores, class weights and sets go by the most probable class. Other methods, and
        validation data, take labels, too.
    decision_threshold : float, {'f1', 'balanced_accuracy'} or pair of float, default=0.5
        The probability (of `predict_proba`) above which the second of two classes is predicted. 'f1' and
        'balanced_accuracy' choose the one with the best F1 of the second class or balanced accuracy on the
        rows that were held out, each answered by networks that did not learn it. Two costs choose the
        cheapest: that of a row of the first class that is taken for the second, then that of one of the
        second that is taken for the first. Probabilities stay as they are, and ``scoring`` judges the labels
        at 0.5.

    Attributes
    ----------
    predictor_ : deepstep.ensembles.predictor.Predictor
        All that was learned: columns, targets, ensemble, calibration.
    ensemble_ : deepstep.ensembles.ensemble.Ensemble
        The networks as ``members``, with the ``weights`` of the presets and the outputs ``out_of_fold``.
    targets_ : deepstep.targets.Targets
        What is learned: classes or numbers.
    histories_ : list of History
        The history of each member.
    interrupted_ : bool
        Whether Ctrl-C ended the fit, which keeps what was reached.
    tried_ : TriedPresets
        All presets that were trained for the ensemble, the best first, with their settings, folds, epochs,
        loss, seconds and weight, and why they are in it or not; ``to_dicts()`` is for ``pandas.DataFrame``.
    oof_predictions_ : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_outputs)
        Predictions for the rows of the fit by the members that did not learn from them: the probabilities of
        `DeepClassifier.predict_proba`, the numbers of `DeepRegressor.predict`. NaN in rows that no fold held
        out, such as those of weight 0. Of ensembles on folds alone.
    n_features_in_, feature_names_in_
        Number and names of the columns; names only of a frame.
    n_iter_ : int
        Epochs of the member that had most.
    engine_, engine_reason_ : str
        The engines that ran, and why, where others could be expected, else empty; the different ones with
        commas and semicolons.
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The labels; for a target of several columns a list of the labels of each.
    temperature_ : float
        By which the logits of the answers are divided in `predict_proba` (Guo et al., arXiv 1706.04599): the
        best one for the rows that were held out, and after `calibrate` for its rows. Which label is most
        probable does not depend on it.
    decision_threshold_ : float or None
        The probability above which the second of two classes is predicted; None for other targets.

    See Also
    --------
    DeepRegressor : The same for numbers.
    NetworkClassifier : One network on numbers, as `sklearn.neural_network.MLPClassifier`.
    deepstep.Network : The networks inside.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> names = y.map({0: "setosa", 1: "versicolor", 2: "virginica"})
    >>> model = DeepClassifier(effort="fast", random_state=1).fit(X, names)
    >>> model.predict(X[:1]).tolist(), model.predict_proba(X[:1]).shape
    (['setosa'], (1, 3))
    >>> member = model.ensemble_.members[0]
    >>> member.network.architecture.layer_dims[0] > 0, 0 <= member.fold < 5
    (True, True)
    """

    _: KW_ONLY
    loss: Annotated[str, str] = "cross_entropy"
    class_weight: Annotated[Any, StrOptions({"balanced"}), Mapping, list, None] = None
    classes: Annotated[Any, "array-like", None] = None
    soft_targets: Annotated[bool, "boolean"] = False
    decision_threshold: Annotated[Any, Real, str, tuple, list] = 0.5

    @property
    def decision_threshold_(self) -> float | None:
        """The probability above which the second of two classes is predicted; None for other targets."""
        return self._fitted("decision_threshold_").threshold

    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        return learned_labels(self, y, context, None)

    def _encode(self, targets: Targets, y: AnyArray, *, learned: bool = False) -> Array:
        return encoded_labels(self, targets, y, np.float64, learned=learned)

    def _validate_params(self) -> None:
        super()._validate_params()
        check_threshold(self.decision_threshold)

    def _choose_threshold(self, judges: Rows, held_out: Rows | None) -> None:
        predictor, by = self.predictor_, self.decision_threshold
        if is_number(by):  # `_set_calibration` has set it
            return
        targets, Y, weight = predictor.targets, judges.Y, judges.weight
        A = predictor.ensemble.out_of_fold if held_out is None else predictor.ensemble.outputs(held_out.X)
        used = np.zeros(len(Y), np.bool_) if A is None else answered(A, weight)
        second = targets.decide(Y[used]) == 1
        if A is None or second.all() or not second.any():
            warn_the_caller("decision_threshold stays 0.5: no rows of both classes were held out")
            return
        weight = None if weight is None else weight[used]
        threshold = best_threshold(targets.probabilities(A[used])[:, 1], second, weight, by)
        self.predictor_ = replace(predictor, targets=replace(targets, threshold=threshold))

    def _set_calibration(self, calibration: Calibration) -> None:
        super()._set_calibration(calibration)
        value = self.decision_threshold
        if is_number(value) and value != 0.5 and self.targets_.has_threshold:
            threshold = calibration.before(value)
            targets = replace(self.predictor_.targets, threshold=threshold)
            self.predictor_ = replace(self.predictor_, targets=targets)

    def _check_taught(self, targets: Targets, rows: Rows, request: Request) -> None:
        if self.decision_threshold != 0.5 and not targets.has_threshold:
            raise ConfigurationError.must_be(
                "decision_threshold", "0.5 except for two classes", repr(self.decision_threshold)
            )
        if self.decision_threshold != 0.5 and self.soft_targets:
            requirement = "0.5 with soft_targets"
            raise ConfigurationError.must_be("decision_threshold", requirement, repr(self.decision_threshold))
        if not (targets.several or self.soft_targets):
            weight = weight_with_classes(rows, rows, targets, request)
            check_taught(targets, rows.Y, weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.loss != "ordinal"
        return tags


@refuse_settings
@with_plain_signature
@dataclass(eq=False, repr=False, match_args=False)
class DeepRegressor(NumberPredictions, MultiOutputMixin, RegressorMixin, DeepEstimator):
    """An ensemble of deep fully-connected networks that predicts numbers, from a table as it is.

    It is the counterpart of `DeepClassifier`. By default the output is the identity, the cost half the mean
    squared error, summed over the outputs. Networks learn targets of mean 0 and variance 1.

    Parameters
    ----------
    effort : {'fast', 'balanced', 'best'}, default='balanced'
        How many presets are tried at most (`deepstep.ensembles.presets.SIZES`). ``n_estimators``, where it is
        set, decides in its place. With a ``time_budget`` the clock may make it fewer or more.
    time_budget : float, default=None
        Seconds that training may take, the preparation of the folds included. The networks share them, and
        each network that is begun gets at least one whole epoch: a budget too short for that is exceeded,
        with a warning. Schedules go by the share of the epochs or of the time that is used, whichever is
        greater. When the presets of ``effort`` are trained and the time that is left suffices for another
        one, further presets are trained, and then the same ones again with other initial values. With
        ``n_estimators`` or ``presets`` there are no further ones. Where rows are streamed, these are the
        seconds of the one network, from its first step on.
    scoring : str, callable or None, default=None
        The metric by which the number of epochs and, with the loss beside it, the weights of the presets are
        chosen, on rows that were held out: the name of a scikit-learn scorer, a function ``scorer(estimator,
        X, y)``, or None for the loss. The networks always learn by the loss, and by it presets are dropped
        after the first folds. Below 100 held-out rows of the rarest class, or of numbers in all, the loss is
        in place of the metric, and a warning says so. Where ``time_budget`` or ``network_params=
        {"patience": …}`` may end the training of a network, its best epoch is the one with the lowest
        validation cost. In place of the estimator a scorer gets an object whose predictions are those for the
        rows that were held out, and in place of their X an array with as many rows and no columns.
    validation : None, 'time', splitter or sequence, default=None
        Which rows the folds hold out. None draws them, classes in proportion; with ``fit(…, groups=…)`` whole
        groups. 'time' is for rows in the order of time: the later half is held out in blocks, each by a fold
        that learned from all rows before it alone (`sklearn.model_selection.TimeSeriesSplit`); rows of the
        first half are held out by none, and their ``oof_predictions_`` are NaN. The folds may also be
        given: by a splitter of scikit-learn, or as a list of pairs of row numbers (learned, held out).
    n_estimators : int or None, default=None
        Number of networks. Each preset is trained on every fold, so it is rounded up to a multiple of the
        number of folds: those of a splitter in ``validation``, else 5 at most. With validation data there is
        one fold, and no rounding. None for as many as ``effort`` plans for a table of this size.
    presets : str, Preset or sequence of these, default=None
        The presets to train, in place of those of ``effort``: names in `deepstep.ensembles.presets.PRESETS`,
        or `deepstep.ensembles.presets.Preset` objects.
    network_params : mapping, default=None
        Parameters for the networks of all members in place of the presets', under the names that
        `deepstep.Network` and `Network.train` have for them: ``{"epochs": 100, "dropout": 0.1}``, ….
        They are the fields of `deepstep.ensembles.presets.Preset` from ``hidden_layers`` on, and those of
        `deepstep.engines.Settings` except ``seed``.
    loss_params : mapping, default=None
        Settings of the loss, for example ``{"delta": 2.0}`` for 'huber'.
    categorical_features : sequence of str, int or bool, or None, default=None
        Columns whose values are categories, also where they are numbers (postcodes): names, numbers from 0,
        or a mask of all columns. None decides by the values: texts are categories, numbers are not.
    keep_columns : sequence of str, default=None
        Columns that are kept as features even if they look like row numbers, which are left out otherwise.
    refit : bool, default=False
        Train one network of each selected preset again on all rows, also the newest ones of
        ``validation='time'``, for the epochs that the folds had best; they predict in place of the folds'
        networks. Weights, temperatures, ``oof_predictions_``, sets and intervals stay those of the folds'
        networks, which have learned fewer rows.
    engine : str, default='auto'
        What runs the training: 'auto', 'reference', 'compiled', 'torch', or ``'torch:cuda'``,
        ``'torch:cpu'``, … for the torch engine on that device.
    dtype : {'float32', 'float64'}, default='float32'
        Precision of the networks.
    n_jobs : int or None, default=None
        Members that are trained at the same time, each by one thread. -1 for all processors, -2 for all but
        one, …; None for as many threads as there are processors, or what ``joblib.parallel_config`` says.
        Predictions are the same bits for any value.
    random_state : int, RandomState or None, default=None
        Seed of the folds, the initial values, the order of the examples and dropout. An int gives the same
        fit bit for bit.
    callbacks : sequence of deepstep.training.Callback or callable, default=None
        Callback objects, or functions that take the record of each epoch. They are called in the training of
        every member. Members are trained by several threads, but two calls never overlap.
        ``training.member`` is the pair (name of the preset, number of the fold, -1 where ``refit`` trains on
        all rows).
    checkpoint_dir : str or Path, default=None
        Folder into which ``fit`` writes its finished members, each as a folder: at once a member that took a
        second or more, and shorter ones together, every 5 seconds and at Ctrl-C. A fit of less than 5 seconds
        leaves its short members out. Where a fit has one network alone, as that of a table above 100,000
        rows, the network writes its checkpoints there, too. Each fit needs a folder of its own. Of rows
        in memory it is refused with a ``time_budget``, as the clock decides how long members are trained.
    resume : bool, default=False
        Go on from what is in ``checkpoint_dir``, or begin where nothing is there: the same call starts a fit
        and, after it was killed, continues it to the same bits. Only the members that are not in the folder
        are trained. ``n_jobs``, ``verbose``, ``callbacks`` and ``refit`` may differ from those of the call
        before, and the folder may have been moved; callbacks that keep a state must be the same where the fit
        has one network alone. Other data are refused, and so are other values of all other parameters
        (where rows are streamed, of those that the training of the network depends on; ``engine`` is not
        compared there). Where ``random_state`` is no int, the seed that was drawn before is taken. A damaged
        member is trained again, with a warning.
    verbose : bool, int or str, default=False
        Show progress on stderr. A text is its label, in place of the name of the class. An int is True from
        1 on. The logger ``deepstep`` has the progress at the level INFO in any case.
    stream : bool or None, default=None
        Where X is a path (Parquet, a folder of Parquet parts, .npy) and y the name of a column: whether
        the rows stay in the files and are read again in each epoch, or are read into memory. None streams
        from 256 MB on. Memory-mapped arrays are streamed with True alone.
    loss : str, default='squared_error'
        'squared_error' (half of it: the mean is learned), 'absolute_error' (the median), 'huber' (in
        between: ``loss_params={"delta": …}``), 'poisson' (means of counts of at least 0, by half the
        deviance), 'quantile' (see ``quantiles``), or a loss of numbers that was registered with
        `deepstep.equations.register_head`.
    quantiles : float or sequence of float, default=None
        The quantiles, increasing, that 'quantile' learns of a single target, all at once so that they never
        cross; None for 0.1, 0.5 and 0.9.

    Attributes
    ----------
    predictor_ : deepstep.ensembles.predictor.Predictor
        All that was learned: columns, targets, ensemble, calibration.
    ensemble_ : deepstep.ensembles.ensemble.Ensemble
        The networks as ``members``, with the ``weights`` of the presets and the outputs ``out_of_fold``.
    targets_ : deepstep.targets.Targets
        What is learned: classes or numbers.
    histories_ : list of History
        The history of each member.
    interrupted_ : bool
        Whether Ctrl-C ended the fit, which keeps what was reached.
    tried_ : TriedPresets
        All presets that were trained for the ensemble, the best first, with their settings, folds, epochs,
        loss, seconds and weight, and why they are in it or not; ``to_dicts()`` is for ``pandas.DataFrame``.
    oof_predictions_ : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_outputs)
        Predictions for the rows of the fit by the members that did not learn from them: the probabilities of
        `DeepClassifier.predict_proba`, the numbers of `DeepRegressor.predict`. NaN in rows that no fold held
        out, such as those of weight 0. Of ensembles on folds alone.
    n_features_in_, feature_names_in_
        Number and names of the columns; names only of a frame.
    n_iter_ : int
        Epochs of the member that had most.
    engine_, engine_reason_ : str
        The engines that ran, and why, where others could be expected, else empty; the different ones with
        commas and semicolons.
    quantiles_ : tuple of float
        The quantiles of the columns of `predict`; for 'quantile' alone.

    See Also
    --------
    DeepClassifier : The same for classes.
    NetworkRegressor : One network on numbers, as `sklearn.neural_network.MLPRegressor`.
    deepstep.Network : The networks inside.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 200)[:, np.newaxis]
    >>> y = X[:, 0] ** 2
    >>> model = DeepRegressor(effort="fast", random_state=1).fit(X, y)
    >>> model.score(X, y) > 0.99
    True

    Quantiles of one number are columns:

    >>> model = DeepRegressor(loss="quantile", quantiles=(0.25, 0.75), effort="fast", random_state=1)
    >>> low, high = model.fit(X, y).predict(X).T
    >>> bool((low <= high).all())
    True
    """

    _: KW_ONLY
    loss: Annotated[str, str] = "squared_error"
    quantiles: Annotated[Any, Interval(Real, 0, 1, closed="neither"), "array-like", None] = None

    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        return learned_numbers(self, y, context)

    def _encode(self, targets: Targets, y: AnyArray, *, learned: bool = False) -> Array:
        refuse_texts(y, in_order=learned)
        return targets.encode(y, np.float64)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self.loss != "quantile"
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
