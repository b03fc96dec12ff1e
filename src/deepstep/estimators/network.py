"""The base of NetworkClassifier and NetworkRegressor: scikit-learn's MLPClassifier on `Network`."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import KW_ONLY, dataclass, replace
from numbers import Real
from typing import Annotated, Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from deepstep.ensembles.calibration import Calibration
from deepstep.ensembles.ensemble import Ensemble, Member
from deepstep.ensembles.predictor import Columns, Predictor
from deepstep.ensembles.preprocessor import AS_THEY_ARE, Preprocessor
from deepstep.ensembles.split import Rows, structured_folds
from deepstep.ensembles.streamed import labels_in
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.estimators.attributes import NetworkAttributes, Progress
from deepstep.estimators.fitting import Fitting
from deepstep.estimators.inputs import (
    FitContext,
    RawData,
    checked_groups,
    naming_validation,
    refuse_texts,
    target_names,
    validation_data,
    with_named_columns,
    without_groups,
)
from deepstep.estimators.labels import check_taught, encoded_labels, learned_labels, learned_numbers
from deepstep.estimators.network_parameters import NetworkParameters, parameter_of, with_plain_signature
from deepstep.estimators.network_rows import (
    Scaling,
    check_groups,
    checked_rows,
    held_out_part,
    numbers_alone,
    streamed_examples,
    survey_numbers,
)
from deepstep.estimators.network_settings import (
    Incremental,
    fit_to_resume,
    network_to_go_on,
    new_network,
    settings_of,
)
from deepstep.estimators.network_training import NetworkTraining
from deepstep.estimators.predictions import Calibrated, ClassPredictions, NumberPredictions
from deepstep.estimators.row_sources import NamedRows, inputs_in, is_stored, reading
from deepstep.estimators.saved import SavedEstimator
from deepstep.model import Network
from deepstep.model.outputs import outputs_of_rows
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.targets import Targets
from deepstep.training import Callback
from deepstep.training.scoring import EpochScoring
from deepstep.types import AnyArray, Array

ONE_NETWORK = "network"
"""The name of the only member of an ensemble of one."""

FLOATS = (np.float64, np.float32)
"""Types of numbers that a network takes as they are."""


class NetworkEstimator(Fitting, SavedEstimator, Calibrated, NetworkAttributes, NetworkParameters):
    """The base of both estimators: one path for fit, and one for predictions."""

    _trained = "the network is"
    _parameter_of = staticmethod(parameter_of)
    _scaling: Scaling | None = None
    _calibration = Calibration()

    @property
    def predictor_(self) -> Predictor:  # type: ignore[override]  # made of the network when it is asked for
        """All that predicts: the network as an ensemble of one."""
        network, history, best = self._fitted("predictor_"), self.history_, self._best_epoch
        costs = self.validation_costs_
        member = Member(
            ONE_NETWORK,
            AS_THEY_ARE,
            0,
            network,
            history.engine or "reference",
            settings_of(self, network.seed),
            self._progress.learning_rate,
            len(history),
            best,
            None if best is None or costs is None else costs[best - 1],
        )
        none = np.empty(0)
        center, scale = (none, none) if self._scaling is None else self._scaling
        preprocessor = Preprocessor(None, {AS_THEY_ARE: None}, center, scale)
        ensemble = Ensemble.of_one(member, preprocessor, network.architecture.output)
        names = getattr(self, "feature_names_in_", None)
        columns = Columns() if names is None else Columns(tuple(map(str, names)), named=True)
        return Predictor(columns, self.targets_, ensemble, self._calibration)

    def _take_predictor(self, predictor: Predictor) -> None:
        """Take what was saved; the network has the history."""
        (member,), (preprocessor,) = predictor.ensemble.members, predictor.ensemble.preprocessors
        self.network_, self.targets_ = member.network, predictor.targets
        self._calibration = predictor.calibration
        if preprocessor.center.size:
            self._scaling = Scaling(preprocessor.center, preprocessor.scale)

    def _set_calibration(self, calibration: Calibration) -> None:
        self._calibration = calibration

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
        """Train on rows as examples.

        After an error the estimator is as it was before. Ctrl-C ends the training with a warning and keeps
        the parameters reached. A second Ctrl-C, or one before the first step or the first iteration of
        'lbfgs', raises KeyboardInterrupt. Within a process group (`deepstep.distributed.process_group`) all
        workers train the network together, if ``random_state`` is an int and all call this with the same
        rows.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features), or path
            Numbers, none of them missing; a row is an example. Sparse rows are made dense a batch at a time.
            Rows in files (Parquet, .npy and others) are read, and from 256 MB on streamed.
        y : array of shape (n_samples,) or (n_samples, n_outputs), or str
            Labels of any type, or columns of two classes each; numbers for a regressor, for 'poisson' of at
            least 0, for 'quantile' in one column. Or the name of their column, where X is a frame or in
            files.
        sample_weight : array of shape (n_samples,) or str, optional
            Weights of at least 0, or the name of their column; a weight of 2 equals the row twice.
        X_val, y_val, sample_weight_val : optional
            Validation data of the same kinds, with labels of y: ``history_`` has their cost and score, and
            early stopping goes by them instead of a part of X.
        groups : array of shape (n_samples,) or str, optional
            The group of each row, any hashable value, or the name of their column in a frame, which is no
            feature then. Rows of one group are never split between those that are learned from and those that
            early stopping holds out. Refused where nothing is held out, and where rows are streamed.

        Returns
        -------
        self
            Fitted.

        Raises
        ------
        ValueError
            If an argument cannot be used; `DataError` and `ConfigurationError` are among them.
        DivergenceError
            If the cost leaves the finite numbers.

        Examples
        --------
        >>> from deepstep import NetworkClassifier
        >>> X, y = [[-2.0], [-1.0], [1.0], [2.0]], ["low", "low", "high", "high"]
        >>> model = NetworkClassifier(4, solver="lbfgs", random_state=1).fit(X, y)
        >>> model.predict([[-3.0], [3.0]])
        array(['low', 'high'], dtype='<U4')

        With validation data of one's own, by which training stops:

        >>> model = NetworkClassifier(4, random_state=1, early_stopping=True, tol=0.5, n_iter_no_change=3)
        >>> model = model.fit(X, y, X_val=[[-1.5], [1.5]], y_val=["low", "high"])
        >>> model.history_.column("validation_cost").shape == (model.n_iter_,)
        True
        """
        where = f"{type(self).__name__}.fit"
        validation = validation_data(X_val, y_val, sample_weight_val)
        going_on = self.warm_start and "network_" in vars(self)
        context = FitContext(where, going_on, groups=groups, targets=target_names(y))
        return self._fit(RawData(X, y, sample_weight), validation, context)

    def _partial_fit(self, data: RawData, classes: Any = None) -> Self:
        """One more epoch."""
        context = FitContext(
            f"{type(self).__name__}.partial_fit", "network_" in vars(self), incremental=True, classes=classes
        )
        return self._fit(data, None, context)

    @abstractmethod
    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        """The classes, or the kind of numbers, of the training data."""

    @abstractmethod
    def _encode(self, y: AnyArray, dtype: Any, *, learned: bool = False) -> Array:
        """The targets as rows (m, n_L); ``learned`` are those of which the targets were made."""

    def _check_taught(self, examples: Examples, context: FitContext) -> None:
        """Refuse training data that teach nothing."""

    def _earlier_seed(self, context: FitContext) -> int | None:
        if context.going_on:
            return self.network_.seed
        checkpoint = fit_to_resume(self)
        return None if checkpoint is None else checkpoint.seed

    def _check_split(self, context: FitContext, *, validated: bool, streamed: bool) -> None:
        check_groups(self, context.groups, validated=validated, streamed=streamed)

    def _fit_in_memory(self, data: RawData, validation: RawData | None, context: FitContext) -> None:
        going_on = context.going_on
        data = with_named_columns(data)
        X, groups = without_groups(data.X, context.groups)
        dtype: Any = self.network_.dtype if going_on else self.precision or FLOATS
        rows = checked_rows(self, data._replace(X=X), dtype, reset=not going_on)
        if groups is not None:
            rows = replace(rows, groups=checked_groups(groups, len(rows)))
        self.targets_ = self._learned_targets(rows.Y, context)
        scales = getattr(self, "scale_targets", False)
        dtype = rows.X.dtype
        rows = replace(rows, Y=self._encode(rows.Y, np.float64 if scales else dtype, learned=True))
        learn, held_out = rows.examples, None
        self._check_taught(learn, context)
        if validation is not None:
            held_out = self._validation(validation, dtype, scales=scales)
        elif self.early_stopping and self.solver != "lbfgs":
            seed = context.seed or 0
            if rows.groups is None:
                learn, held_out = held_out_part(self, learn, self.targets_, seed)
            else:
                strata, fraction = self.targets_.strata(learn.Y), self.validation_fraction
                (fold,) = structured_folds(rows, strata, 1, fraction, seed)
                learn, held_out = rows.examples.part(fold.learned), rows.examples.part(fold.held_out)
        if not going_on:
            self._scaling = None
            if scales:
                center, scale = self.targets_.scale_of(learn.Y, learn.weight, counts=True)
                self._scaling = Scaling(center, scale)
        if self._scaling is not None:
            learn = self._scaling.scaled(learn)
            held_out = None if held_out is None else self._scaling.scaled(held_out)
        self._train(learn, held_out, context)

    def _fit_streamed(self, rows: NamedRows, validation: RawData | None, context: FitContext) -> None:
        dtype = self.precision or np.dtype(np.float64)
        fraction = self.validation_fraction if self.early_stopping and validation is None else 0.0
        table = survey_numbers(rows, dtype, seed=context.seed or 0, validation_fraction=fraction)
        y = labels_in(table.survey.answers())
        self.targets_ = self._learned_targets(y, context)
        Y = self._encode(y, np.float64)
        self._check_taught(Examples(Y, Y), context)
        validate_data(self, table.X, skip_check_array=True, reset=True)
        if not isinstance(table.X, np.ndarray):  # scikit-learn before 1.9 reads no names from polars 2
            self.feature_names_in_ = np.array(table.X.columns, object)
        scales = getattr(self, "scale_targets", False)
        self._scaling = None
        if scales:
            Y = self._encode(table.y(table.survey.sample), np.float64)
            self._scaling = Scaling(*table.scale_of(self.targets_, Y, counts=True))
        learn, held_out = streamed_examples(
            table,
            self.targets_,
            self._encode,
            dtype,
            class_weight=getattr(self, "class_weight", None),
            scaling=self._scaling,
        )
        if validation is not None:
            held_out = self._validation(validation, dtype, scales=scales)
            held_out = held_out if self._scaling is None else self._scaling.scaled(held_out)
        self._train(learn, held_out, context)

    @naming_validation()
    def _validation(self, validation: RawData, dtype: Any, *, scales: bool) -> Examples:
        """The user's own validation data."""
        rows = checked_rows(self, with_named_columns(validation), dtype, reset=False)
        return replace(rows, Y=self._encode(rows.Y, np.float64 if scales else dtype)).examples

    def _train(
        self, learn: Examples | StreamedExamples, held_out: Examples | None, context: FitContext
    ) -> None:
        """Train a new network, or go on with the fitted one."""
        where, going_on = context.where, context.going_on
        scale = np.empty(0) if self._scaling is None else self._scaling.scale
        shape = (self, self.targets_, scale, learn.sample)
        training = NetworkTraining(
            self,
            self.targets_,
            where,
            self._judges,
            incremental=context.incremental,
            going_on=going_on,
            earlier=self._progress if going_on else Progress(),
        )
        if going_on:
            network = network_to_go_on(*shape, self.network_, where)
        else:
            network = new_network(*shape, context.seed or 0)
        try:
            progress = training.run(network, learn, held_out)
        except DivergenceError as error:
            self._keep_before(error, network)
            raise
        self.network_, self._progress, self._calibration = network, progress, Calibration()

    def _keep_before(self, error: DivergenceError, network: Network) -> None:
        """Give an error the network as it was before it diverged, as an ensemble of one."""
        if error.history is None or error.parameters is None:
            return
        network.parameters, network.statistics = error.parameters, dict(error.statistics)
        network.history = error.history
        rate = self.learning_rate_init
        self.network_ = network
        self._progress = Progress(learning_rate=None if isinstance(rate, str) else float(rate))
        self._calibration = Calibration()
        error.predictor = self.predictor_

    def _checked_rows(self, data: RawData) -> Rows:
        dtype = self.network_.dtype
        rows = checked_rows(self, with_named_columns(data), dtype, reset=False)
        return replace(rows, Y=self._encode(rows.Y, np.float64 if self._scaling else dtype))

    def _judges(self, network: Network, held_out: Examples) -> list[Callback]:
        """The callback that scores validation data by a copy of the estimator that predicts by a network."""
        scored, targets = copy(self), self.targets_
        scored.network_, scored._progress = network, Progress()
        if hasattr(scored, "feature_names_in_"):
            del scored.feature_names_in_  # the rows have been stripped of theirs
        Y = held_out.Y if self._scaling is None else self._scaling.unscaled(held_out.Y)
        y = targets.decode(Y)
        texts = targets.is_classes and (targets.several or targets.classes[0].dtype.kind in "OSU")
        if isinstance(self.scoring, str) and texts:
            # metrics of two classes ask for the class 1, which no text is, and of columns for 0 and 1
            positions = tuple(np.arange(len(labels)) for labels in targets.classes)
            scored.targets_ = replace(targets, classes=positions)
            y = targets.positions(y)
        judge = EpochScoring(self.scoring, scored, network, held_out.X, y, held_out.weight)
        judge.try_out()
        return [judge]

    def _outputs(self, X: Any, outputs: Callable[[Any], Array] | None = None) -> Array:
        """The outputs for rows in the units of the target, (m, n_L), or what a function gives for them."""
        if "network_" not in vars(self):
            check_is_fitted(self)
        if is_stored(X):
            names = getattr(self, "feature_names_in_", None)
            pieces = inputs_in(X, () if names is None else tuple(map(str, names)), reading(self.verbose))
            return np.concatenate(
                [self._outputs(piece.to_numpy() if names is None else piece, outputs) for piece in pieces]
            )
        if not self._is_plain(X):
            with numbers_alone(self, X):
                X = validate_data(self, X, accept_sparse="csr", dtype=FLOATS, reset=False)
        if outputs is not None:
            return outputs(X)
        engine = "" if self.network_.history is None else self.network_.history.engine
        A = outputs_of_rows(self.network_, engine, X)
        return A if self._scaling is None else self._scaling.unscaled(A)

    def _is_plain(self, X: Any) -> bool:
        """Whether X is an array in which scikit-learn's checks would find nothing to convert or refuse."""
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype in FLOATS and len(X) > 0
        known = plain and X.shape[1] == self.n_features_in_ and not hasattr(self, "feature_names_in_")
        return bool(known and np.isfinite(X).all())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@with_plain_signature
@dataclass(eq=False, repr=False, match_args=False)
class NetworkClassifier(ClassPredictions, ClassifierMixin, NetworkEstimator):
    """One network that tells classes apart, as `sklearn.neural_network.MLPClassifier` does, on numbers.

    Two classes train one sigmoid output, several classes a softmax, and a target of several columns of two
    classes a sigmoid for each; the cost is the cross-entropy. Ordered classes train the questions y > k. X
    has numbers, which should be scaled; `TableEncoder` makes them of a table as it is.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; an empty sequence for none.
    activation : str or sequence of str, default='relu'
        Activation of the hidden layers: one for all, or one for each. A name in
        ``deepstep.equations.ACTIVATIONS`` such as 'relu', 'tanh', 'gelu' or 'selu', also one that was
        registered; 'logistic' is 'sigmoid'.
    solver : str, default='adam'
        'adam', 'sgd' and 'lbfgs' are scikit-learn's, with parameters of their own below. 'adamw', 'rmsprop',
        'lion', 'gd', 'momentum', 'nesterov' and 'heavy_ball' are the update rules of
        ``deepstep.equations.OPTIMIZERS``, with ``optimizer_params`` instead. All learn from batches, except
        'lbfgs' that learns from all examples at once, which is good for small data (of sparse inputs it makes
        a dense copy).
    alpha : float, default=0.0001
        λ of L2 regularization: J has alpha / (2 Σ weights) · Σ ‖W‖² on top.
    batch_size : int or 'auto', default='auto'
        Examples an update; 'auto' is ``min(200, n_samples)``. Not used by 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        How the rate goes from epoch to epoch; not used by 'adam' and 'lbfgs'. 'invscaling':
        learning_rate_init / (t + 1)^power_t with t the examples seen. 'adaptive': divided by 5 each time
        training stalls, which ends it at 1e-6.
    learning_rate_init : float or 'auto', default=0.001
        α; not used by 'lbfgs'. 'auto' searches for it before the first epoch, on the rows that are learned
        from: a hundred rates from 1e-6 to 10 are tried, a batch each, and a tenth of the one at which the
        smoothed cost was lowest is taken, see ``learning_rate_`` and ``rate_search_``. A fit that continues
        (``partial_fit``, ``warm_start``) keeps it.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    max_iter : int, default=200
        Epochs, each a pass over the examples ('lbfgs': iterations).
    shuffle : bool, default=True
        Take the examples in a new order in each epoch.
    random_state : int, RandomState or None, default=None
        Where the initial values, the order of the examples, dropout and the validation part come
        from. An int gives the same fit bit for bit, and the initial values of
        ``Network(…, initialization=…, seed=…)``.
    tol : float, default=1e-4
        What counts as an improvement; for 'lbfgs' the largest entry of the gradient that is small enough.
    verbose : bool or int, default=False
        Print the cost of each epoch on stdout, as scikit-learn does.
    warm_start : bool, default=False
        ``fit`` continues from the parameters of the last fit (with a new state of the optimizer).
    momentum : float, default=0.9
        β of 'sgd': v := β·v - α·g.
    nesterovs_momentum : bool, default=True
        Nesterov's momentum; else classical.
    early_stopping : bool, default=False
        Stop when the score on validation data stalls, and keep the parameters of the best epoch. The data are
        those that ``fit`` was given as ``X_val`` and ``y_val``, else a part of the training data. Not used by
        'lbfgs'.
    validation_fraction : float, default=0.1
        The part that early stopping holds out, at least two examples; classes keep their shares.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of the moving averages of 'adam'.
    epsilon : float, default=1e-8
        Guard of the division of 'adam': √s + ε, before the correction of s.
    n_iter_no_change : int or inf, default=10
        Training ends after more than so many epochs without improvement by ``tol``. ``inf`` lets a schedule
        run to its end.
    max_fun : int, default=15000
        Greatest number of evaluations of the cost, for 'lbfgs'.
    loss_params : mapping, default=None
        Settings of the loss, for example ``{"delta": 2.0}`` for 'huber', ``{"smoothing": 0.1}`` for the share
        of each label that 'cross_entropy' spreads evenly over all classes, or ``{"levels": [0.1, 0.9]}`` for
        'quantile'.
    optimizer_params : mapping, default=None
        Of a solver in ``OPTIMIZERS``, for example ``{"beta1": 0.95}``. Those of 'adam' go before ``beta_1``,
        ``beta_2`` and ``epsilon``; its ``{"epsilon_at": "outside"}`` puts ε after the correction of s.
    weight_decay : float, default=None
        λ of decoupled weight decay, θ := (1 - α·λ)·θ before each update; None is the solver's own (0.01 for
        'adamw', else 0).
    dropout : float or sequence of float, default=0.0
        Probability with which a unit of a hidden layer is left out of a step: one for all, or one for each.
    normalization : {'none', 'batch', 'layer'} or sequence of these, default='none'
        Normalization of the hidden layers: one for all, or one for each.
    initialization : str or mapping, default='glorot'
        How the initial weights are drawn, a name in ``deepstep.equations.INITIALIZATIONS``. 'glorot' has the
        variance of scikit-learn's, so results compare; 'he' keeps the size of signals through relu layers;
        'data' fits weights and biases to the training inputs. A mapping ``{"W1": …, "b1": …}`` of arrays
        (n_l, n_{l-1}) and (n_l, 1), such as ``network_.parameters``, starts from these values.
    clip_norm : float, default=None
        Greatest norm of the whole gradient.
    lr_multipliers : mapping, default=None
        Factors of the learning rate for parameters by name or pattern, such as ``{"b*": 0.1, "W1": 6}``.
    schedule : str, mapping or callable, default=None
        Factor of the learning rate as a function of the fraction of training done, of ``max_iter`` or of
        ``time_budget``, whichever is further: a name in ``deepstep.training.SCHEDULES`` such as 'cosine', a
        mapping with settings such as ``{"name": "cosine", "warm_up": 0.1}``, or a function of t from 0 to 1.
        'plateau', and ``{"name": "plateau", "quantity": "validation_cost", "patience": 5}``, fall when
        training stalls. A mapping by the names "schedule", "weight_decay_schedule" and "dropout_schedule" has
        one of these for each, for the factors of the weight decay and of the dropout, too.
    time_budget : float, default=None
        Seconds after which training ends, if it has not before, but not before one epoch is done; schedules
        run by the clock then, which begins with the first step.
    scoring : str, callable or None, default=None
        What validation data are scored with: the name of a scikit-learn metric, a
        ``scorer(estimator, X, y)``, None for the estimator's own ``score``, or 'loss' for minus the cost, as
        greater scores are better. Early stopping goes by it. Refused where nothing is validated.
    refit : bool, default=False
        After early stopping, and refused without it or with 'lbfgs', train again, from the same start, on the
        training and the validation data together, for as many epochs as it took to the best one. Rates by
        the clock (``time_budget``) or by the course of training ('plateau') cannot be repeated and are
        refused; 'adaptive' goes by the cost.
    engine : {'auto', 'reference', 'compiled', 'torch'}, default='auto'
        What runs the training; ``'torch:cuda'``, ``'torch:cpu'``, … are the torch engine on that device.
    dtype : {'auto', 'float32', 'float64', 'bfloat16'}, default='auto'
        Precision of the network. 'auto' is that of X, as in scikit-learn's network: float32 for an array of
        float32, else float64; float64 for 'lbfgs', whose line search needs the digits. 'bfloat16' is the
        precision of the products of matrices in training, which the torch engine does; the parameters are
        float32.
    callbacks : sequence of deepstep.training.Callback or callable, default=None
        Objects, or functions that take the record of each epoch, whose new entries go into the history. With
        ``refit`` they see both trainings.
    checkpoint_dir : str, Path or ModelCheckpoint, default=None
        Folder into which ``fit`` writes checkpoints, now and then and at Ctrl-C; a
        `deepstep.training.ModelCheckpoint` says how often, too. Each fit needs its own.
    resume : bool, default=False
        Go on from the newest checkpoint of ``checkpoint_dir``, and begin where there is none: the same
        call starts a fit, and after a kill ends with the same bits. Other data or parameters are refused,
        except ``max_iter`` where no schedule depends on it; a ``random_state`` that is no int takes the seed
        that was drawn.
    loss : str, default='cross_entropy'
        'cross_entropy', 'ordinal' for classes in the order of ``classes_`` (labels as they sort, or those of
        ``classes``), or a loss of classes that was registered with `deepstep.equations.register_head`. With
        'ordinal', too, `predict` answers with the most probable class.
    class_weight : 'balanced', dict, list of dict or None, default=None
        Weight of each class, multiplied with ``sample_weight``: ``{label: weight}`` with 1 for labels left
        out, or 'balanced' for n / (n_classes · count of the class), counted in the rows that are learned from
        (what early stopping holds out has no say). For a target of several columns
        a list has a dict for each column, and the weights of the columns are
        multiplied. Validation data have the same weights, in their cost and in their score.
    classes : sequence of labels, default=None
        All labels of one column in the order of ``classes_``, where y lacks some or 'ordinal' asks for
        another order than the sorted one; None for the labels of y, sorted. With ``soft_targets`` those of
        the columns of y.
    soft_targets : bool, default=False
        Whether y of `fit` and `partial_fit` is an array (n_samples, n_classes) of probabilities, such as the
        ``predict_proba`` of another model or shares of votes: at least 0, with a sum of 1 in every row. The
        columns are ``classes``, by default 0 to n_classes - 1. The cost is the cross-entropy with these
        probabilities. Scores and class weights go by the most probable class. `score`, and validation data,
        take labels, too.

    Attributes
    ----------
    network_ : deepstep.Network
        The network; columns are examples there, and its cost has no L2 term.
    targets_ : deepstep.targets.Targets
        What it learned: classes or numbers.
    history_ : History
        A record of each epoch: ``epoch``, ``cost``, ``learning_rate``, … and with validation data
        ``validation_cost`` and, unless it is by ``scoring='loss'``, ``validation_score``.
    stopping_history_ : History or None
        After ``refit``: that of the training that early stopping ended; ``history_`` is of the second one.
    interrupted_ : bool
        Whether Ctrl-C ended the fit, which keeps what was reached.
    coefs_, intercepts_ : list of ndarray
        Weights (n_{l-1}, n_l) and biases (n_l,) of each layer, views of the network's parameters: what is
        written into them is where ``warm_start`` or ``partial_fit`` continues.
    loss_curve_ : list of float
        J of each epoch, over all fits that went on; for 'lbfgs' J after each iteration.
    loss_ : float
        The last J.
    best_loss_ : float or None
        The smallest J; with early stopping the smallest validation cost for ``scoring='loss'``, and None
        where another score decides.
    validation_costs_, validation_scores_ : list of float or None
        On validation data after each epoch; None without. For ``scoring='loss'`` a score is minus the cost.
    best_validation_score_ : float or None
        The largest score, which early stopping kept; None without.
    learning_rate_ : float
        α that the last fit began with: ``learning_rate_init``, or what was found for 'auto'; not for 'lbfgs'.
    rate_search_ : RateSearch or None
        What was seen in the search for 'auto', for `deepstep.plots.RateSearchDisplay.from_search`.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Examples seen, over all fits that went on.
    n_layers_, n_outputs_, out_activation_
        Layers with the input, outputs, and the output's activation under scikit-learn's name.
    n_features_in_, feature_names_in_
        Number and names of the features; names only of a frame.
    engine_, engine_reason_ : str
        The engine that ran, and why, where another one could be expected, else empty.
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The labels; for a target of several columns a list of the labels of each.

    See Also
    --------
    NetworkRegressor : The same for numbers.
    TableEncoder : Makes numbers of a table.
    DeepClassifier : Ensembles of networks on a table as it is.
    deepstep.Network : The network inside.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> names = y.map({0: "setosa", 1: "versicolor", 2: "virginica"})
    >>> model = make_pipeline(StandardScaler(), NetworkClassifier(20, solver="lbfgs", random_state=1))
    >>> model.fit(X, names).score(X, names) > 0.97
    True
    >>> model.predict(X[:1]), model.predict_proba(X[:1]).shape
    (array(['setosa'], dtype='<U10'), (1, 3))

    Every step of the fitted network can be opened; columns are examples there:

    >>> scaled = StandardScaler().fit_transform(X)
    >>> trace = model[-1].network_.trace(scaled[:4].T, np.eye(3)[:, [0, 0, 0, 0]])
    >>> trace["Z1"].value.shape
    (20, 4)

    A table as it is goes through a `TableEncoder`:

    >>> from deepstep import TableEncoder
    >>> table = X.assign(garden=np.where(X.index % 2, "north", "south"))
    >>> model = make_pipeline(TableEncoder(), NetworkClassifier(20, solver="lbfgs", random_state=1))
    >>> model.fit(table, names).score(table, names) > 0.97
    True
    """

    _: KW_ONLY
    loss: Annotated[str, str] = "cross_entropy"
    class_weight: Annotated[Any, StrOptions({"balanced"}), Mapping, list, None] = None
    classes: Annotated[Any, "array-like", None] = None
    soft_targets: Annotated[bool, "boolean"] = False

    @Incremental
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Continue training with one epoch of these rows, and with the optimizer's state.

        It is not there with early stopping and 'lbfgs', which need all data at once, with schedules or a time
        budget, which need to know how much training will come, and with ``checkpoint_dir``.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array of shape (n_classes,), optional
            All labels that will come, needed in the first call; with ``soft_targets`` those of the columns of
            y, in their order.

        Returns
        -------
        self
            Fitted.

        Raises
        ------
        ValueError
            As in `fit`; also for ``class_weight='balanced'``, which needs all data at once.
        AttributeError
            Where it is not there; with early stopping a ValueError, too.

        Examples
        --------
        >>> model = NetworkClassifier(4, random_state=1)
        >>> for X, y in (([[-1.0], [1.0]], ["low", "high"]), ([[2.0]], ["high"])):
        ...     model = model.partial_fit(X, y, classes=["high", "low"])
        >>> len(model.loss_curve_)
        2
        """
        if self.class_weight == "balanced":
            hint = "'balanced' needs the labels of all data. Pass compute_class_weight's weights as a dict."
            raise ConfigurationError.must_be("class_weight", "None or a dict here", "'balanced'", hint)
        return self._partial_fit(RawData(X, y, sample_weight), classes)

    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        return learned_labels(self, y, context, self.targets_ if context.going_on else None)

    def _encode(self, y: AnyArray, dtype: Any, *, learned: bool = False) -> Array:
        return encoded_labels(self, self.targets_, y, dtype, learned=learned)

    def _check_taught(self, examples: Examples, context: FitContext) -> None:
        targets = self.targets_
        alone = self.loss == "cross_entropy" and len(targets.classes[0]) == 1
        if context.incremental or targets.several or alone or self.soft_targets:
            return  # scikit-learn's network learns one class, too
        weight = examples.weight
        if self.class_weight is not None:
            positions = targets.class_columns(examples.Y)
            class_weights = targets.weights_of_classes(self.class_weight, positions, weight)
            weight = targets.row_weights(class_weights, examples.Y, weight)
        check_taught(targets, examples.Y, weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.loss != "ordinal"
        return tags


@with_plain_signature
@dataclass(eq=False, repr=False, match_args=False)
class NetworkRegressor(NumberPredictions, MultiOutputMixin, RegressorMixin, NetworkEstimator):
    """One network that predicts numbers, as `sklearn.neural_network.MLPRegressor` does, from numbers.

    By default the output is the identity, the cost half the mean squared error, summed over the outputs. X
    has numbers, which should be scaled; `TableEncoder` makes them of a table as it is.

    J, in ``loss_`` and ``loss_curve_``, is for one output that of MLPRegressor. For several it is the sum of
    their costs, whose derivative the gradient is; there it is their mean, though the gradient is that of the
    sum, so what goes by the cost (``tol``, 'adaptive', ``best_loss_``) differs.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; an empty sequence for none.
    activation : str or sequence of str, default='relu'
        Activation of the hidden layers: one for all, or one for each. A name in
        ``deepstep.equations.ACTIVATIONS`` such as 'relu', 'tanh', 'gelu' or 'selu', also one that was
        registered; 'logistic' is 'sigmoid'.
    solver : str, default='adam'
        'adam', 'sgd' and 'lbfgs' are scikit-learn's, with parameters of their own below. 'adamw', 'rmsprop',
        'lion', 'gd', 'momentum', 'nesterov' and 'heavy_ball' are the update rules of
        ``deepstep.equations.OPTIMIZERS``, with ``optimizer_params`` instead. All learn from batches, except
        'lbfgs' that learns from all examples at once, which is good for small data (of sparse inputs it makes
        a dense copy).
    alpha : float, default=0.0001
        λ of L2 regularization: J has alpha / (2 Σ weights) · Σ ‖W‖² on top.
    batch_size : int or 'auto', default='auto'
        Examples an update; 'auto' is ``min(200, n_samples)``. Not used by 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        How the rate goes from epoch to epoch; not used by 'adam' and 'lbfgs'. 'invscaling':
        learning_rate_init / (t + 1)^power_t with t the examples seen. 'adaptive': divided by 5 each time
        training stalls, which ends it at 1e-6.
    learning_rate_init : float or 'auto', default=0.001
        α; not used by 'lbfgs'. 'auto' searches for it before the first epoch, on the rows that are learned
        from: a hundred rates from 1e-6 to 10 are tried, a batch each, and a tenth of the one at which the
        smoothed cost was lowest is taken, see ``learning_rate_`` and ``rate_search_``. A fit that continues
        (``partial_fit``, ``warm_start``) keeps it.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    max_iter : int, default=200
        Epochs, each a pass over the examples ('lbfgs': iterations).
    shuffle : bool, default=True
        Take the examples in a new order in each epoch.
    random_state : int, RandomState or None, default=None
        Where the initial values, the order of the examples, dropout and the validation part come
        from. An int gives the same fit bit for bit, and the initial values of
        ``Network(…, initialization=…, seed=…)``.
    tol : float, default=1e-4
        What counts as an improvement; for 'lbfgs' the largest entry of the gradient that is small enough.
    verbose : bool or int, default=False
        Print the cost of each epoch on stdout, as scikit-learn does.
    warm_start : bool, default=False
        ``fit`` continues from the parameters of the last fit (with a new state of the optimizer).
    momentum : float, default=0.9
        β of 'sgd': v := β·v - α·g.
    nesterovs_momentum : bool, default=True
        Nesterov's momentum; else classical.
    early_stopping : bool, default=False
        Stop when the score on validation data stalls, and keep the parameters of the best epoch. The data are
        those that ``fit`` was given as ``X_val`` and ``y_val``, else a part of the training data. Not used by
        'lbfgs'.
    validation_fraction : float, default=0.1
        The part that early stopping holds out, at least two examples; classes keep their shares.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of the moving averages of 'adam'.
    epsilon : float, default=1e-8
        Guard of the division of 'adam': √s + ε, before the correction of s.
    n_iter_no_change : int or inf, default=10
        Training ends after more than so many epochs without improvement by ``tol``. ``inf`` lets a schedule
        run to its end.
    max_fun : int, default=15000
        Greatest number of evaluations of the cost, for 'lbfgs'.
    loss_params : mapping, default=None
        Settings of the loss, for example ``{"delta": 2.0}`` for 'huber', ``{"smoothing": 0.1}`` for the share
        of each label that 'cross_entropy' spreads evenly over all classes, or ``{"levels": [0.1, 0.9]}`` for
        'quantile'.
    optimizer_params : mapping, default=None
        Of a solver in ``OPTIMIZERS``, for example ``{"beta1": 0.95}``. Those of 'adam' go before ``beta_1``,
        ``beta_2`` and ``epsilon``; its ``{"epsilon_at": "outside"}`` puts ε after the correction of s.
    weight_decay : float, default=None
        λ of decoupled weight decay, θ := (1 - α·λ)·θ before each update; None is the solver's own (0.01 for
        'adamw', else 0).
    dropout : float or sequence of float, default=0.0
        Probability with which a unit of a hidden layer is left out of a step: one for all, or one for each.
    normalization : {'none', 'batch', 'layer'} or sequence of these, default='none'
        Normalization of the hidden layers: one for all, or one for each.
    initialization : str or mapping, default='glorot'
        How the initial weights are drawn, a name in ``deepstep.equations.INITIALIZATIONS``. 'glorot' has the
        variance of scikit-learn's, so results compare; 'he' keeps the size of signals through relu layers;
        'data' fits weights and biases to the training inputs. A mapping ``{"W1": …, "b1": …}`` of arrays
        (n_l, n_{l-1}) and (n_l, 1), such as ``network_.parameters``, starts from these values.
    clip_norm : float, default=None
        Greatest norm of the whole gradient.
    lr_multipliers : mapping, default=None
        Factors of the learning rate for parameters by name or pattern, such as ``{"b*": 0.1, "W1": 6}``.
    schedule : str, mapping or callable, default=None
        Factor of the learning rate as a function of the fraction of training done, of ``max_iter`` or of
        ``time_budget``, whichever is further: a name in ``deepstep.training.SCHEDULES`` such as 'cosine', a
        mapping with settings such as ``{"name": "cosine", "warm_up": 0.1}``, or a function of t from 0 to 1.
        'plateau', and ``{"name": "plateau", "quantity": "validation_cost", "patience": 5}``, fall when
        training stalls. A mapping by the names "schedule", "weight_decay_schedule" and "dropout_schedule" has
        one of these for each, for the factors of the weight decay and of the dropout, too.
    time_budget : float, default=None
        Seconds after which training ends, if it has not before, but not before one epoch is done; schedules
        run by the clock then, which begins with the first step.
    scoring : str, callable or None, default=None
        What validation data are scored with: the name of a scikit-learn metric, a
        ``scorer(estimator, X, y)``, None for the estimator's own ``score``, or 'loss' for minus the cost, as
        greater scores are better. Early stopping goes by it. Refused where nothing is validated.
    refit : bool, default=False
        After early stopping, and refused without it or with 'lbfgs', train again, from the same start, on the
        training and the validation data together, for as many epochs as it took to the best one. Rates by
        the clock (``time_budget``) or by the course of training ('plateau') cannot be repeated and are
        refused; 'adaptive' goes by the cost.
    engine : {'auto', 'reference', 'compiled', 'torch'}, default='auto'
        What runs the training; ``'torch:cuda'``, ``'torch:cpu'``, … are the torch engine on that device.
    dtype : {'auto', 'float32', 'float64', 'bfloat16'}, default='auto'
        Precision of the network. 'auto' is that of X, as in scikit-learn's network: float32 for an array of
        float32, else float64; float64 for 'lbfgs', whose line search needs the digits. 'bfloat16' is the
        precision of the products of matrices in training, which the torch engine does; the parameters are
        float32.
    callbacks : sequence of deepstep.training.Callback or callable, default=None
        Objects, or functions that take the record of each epoch, whose new entries go into the history. With
        ``refit`` they see both trainings.
    checkpoint_dir : str, Path or ModelCheckpoint, default=None
        Folder into which ``fit`` writes checkpoints, now and then and at Ctrl-C; a
        `deepstep.training.ModelCheckpoint` says how often, too. Each fit needs its own.
    resume : bool, default=False
        Go on from the newest checkpoint of ``checkpoint_dir``, and begin where there is none: the same
        call starts a fit, and after a kill ends with the same bits. Other data or parameters are refused,
        except ``max_iter`` where no schedule depends on it; a ``random_state`` that is no int takes the seed
        that was drawn.
    loss : str, default='squared_error'
        'squared_error' (half of it: the mean is learned), 'absolute_error' (the median), 'huber' (in
        between: ``loss_params={"delta": …}``), 'poisson' (means of counts of at least 0, by half the
        deviance), 'quantile' (see ``quantiles``), or a loss of numbers that was registered with
        `deepstep.equations.register_head`. By keyword only (in MLPRegressor: the first argument).
    quantiles : float or sequence of float, default=None
        The quantiles, increasing, that 'quantile' learns of a single target, all at once so that they never
        cross; None for 0.1, 0.5 and 0.9.
    scale_targets : bool, default=False
        Whether the network learns targets of mean 0 and variance 1 (counts divided by their mean), and its
        outputs are turned back: for targets that are far from 1. The costs, ``loss_`` and its kin, are those
        of the scaled targets then. As by default, MLPRegressor learns them in their own units.

    Attributes
    ----------
    network_ : deepstep.Network
        The network; columns are examples there, and its cost has no L2 term.
    targets_ : deepstep.targets.Targets
        What it learned: classes or numbers.
    history_ : History
        A record of each epoch: ``epoch``, ``cost``, ``learning_rate``, … and with validation data
        ``validation_cost`` and, unless it is by ``scoring='loss'``, ``validation_score``.
    stopping_history_ : History or None
        After ``refit``: that of the training that early stopping ended; ``history_`` is of the second one.
    interrupted_ : bool
        Whether Ctrl-C ended the fit, which keeps what was reached.
    coefs_, intercepts_ : list of ndarray
        Weights (n_{l-1}, n_l) and biases (n_l,) of each layer, views of the network's parameters: what is
        written into them is where ``warm_start`` or ``partial_fit`` continues.
    loss_curve_ : list of float
        J of each epoch, over all fits that went on; for 'lbfgs' J after each iteration.
    loss_ : float
        The last J.
    best_loss_ : float or None
        The smallest J; with early stopping the smallest validation cost for ``scoring='loss'``, and None
        where another score decides.
    validation_costs_, validation_scores_ : list of float or None
        On validation data after each epoch; None without. For ``scoring='loss'`` a score is minus the cost.
    best_validation_score_ : float or None
        The largest score, which early stopping kept; None without.
    learning_rate_ : float
        α that the last fit began with: ``learning_rate_init``, or what was found for 'auto'; not for 'lbfgs'.
    rate_search_ : RateSearch or None
        What was seen in the search for 'auto', for `deepstep.plots.RateSearchDisplay.from_search`.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Examples seen, over all fits that went on.
    n_layers_, n_outputs_, out_activation_
        Layers with the input, outputs, and the output's activation under scikit-learn's name.
    n_features_in_, feature_names_in_
        Number and names of the features; names only of a frame.
    engine_, engine_reason_ : str
        The engine that ran, and why, where another one could be expected, else empty.
    quantiles_ : tuple of float
        The quantiles of the columns of `predict`; for 'quantile' alone.

    See Also
    --------
    NetworkClassifier : The same for classes.
    TableEncoder : Makes numbers of a table.
    DeepRegressor : Ensembles of networks on a table as it is.
    deepstep.Network : The network inside.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 100)[:, np.newaxis]
    >>> y = X[:, 0] ** 2
    >>> model = NetworkRegressor((20, 20), "tanh", solver="lbfgs", random_state=1).fit(X, y)
    >>> model.score(X, y) > 0.99
    True
    >>> [coef.shape for coef in model.coefs_]
    [(1, 20), (20, 20), (20, 1)]

    Quantiles of one number are columns:

    >>> model = NetworkRegressor(20, loss="quantile", quantiles=(0.25, 0.75), solver="lbfgs", random_state=1)
    >>> low, high = model.fit(X, y).predict(X).T
    >>> bool((low <= high).all())
    True
    """

    _: KW_ONLY
    loss: Annotated[str, str] = "squared_error"
    quantiles: Annotated[Any, Interval(Real, 0, 1, closed="neither"), "array-like", None] = None
    scale_targets: Annotated[bool, "boolean"] = False

    @Incremental
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Continue training with one epoch of these rows, and with the optimizer's state.

        It is not there with early stopping and 'lbfgs', which need all data at once, with schedules or a time
        budget, which need to know how much training will come, and with ``checkpoint_dir``. With
        ``scale_targets`` the rows of the first call tell the scale.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self
            Fitted.

        Raises
        ------
        ValueError
            As in `fit`.
        AttributeError
            Where it is not there; with early stopping a ValueError, too.

        Examples
        --------
        >>> model = NetworkRegressor(4, random_state=1)
        >>> for X, y in (([[-1.0], [1.0]], [-2.0, 2.0]), ([[2.0]], [4.0])):
        ...     model = model.partial_fit(X, y)
        >>> len(model.loss_curve_)
        2
        """
        return self._partial_fit(RawData(X, y, sample_weight))

    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        return learned_numbers(self, y, context)

    def _encode(self, y: AnyArray, dtype: Any, *, learned: bool = False) -> Array:
        refuse_texts(y, in_order=learned)
        return self.targets_.encode(y, dtype)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = self.loss != "quantile"
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags
