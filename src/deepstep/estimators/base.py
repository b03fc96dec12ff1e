"""What DeepClassifier and DeepRegressor share: parameters, the course of a fit, fitted attributes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from deepstep.engines import ENGINES
from deepstep.equations import INITIALIZATIONS
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.solvers import SOLVERS, Carried
from deepstep.model import Network
from deepstep.model.rows import forward_rows
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples
from deepstep.training import History
from deepstep.types import AnyArray, Array

HIDDEN_ACTIVATIONS = {
    "identity": "identity",
    "relu": "relu",
    "tanh": "tanh",
    "logistic": "sigmoid",
    "sigmoid": "sigmoid",
}
"""scikit-learn's names of the activations, and ours."""


@dataclass(frozen=True)
class FitCall:
    """One call of fit or partial_fit.

    Attributes
    ----------
    where : str
        Name for error messages.
    going_on : bool
        Whether it goes on from the fitted network.
    incremental : bool
        Whether it is partial_fit: one epoch.
    classes : array or None
        The labels that partial_fit announces.
    """

    where: str
    going_on: bool
    incremental: bool
    classes: Any = None


class DeepEstimator(BaseEstimator, ABC):
    """Base of the estimators; use `DeepClassifier` or `DeepRegressor`."""

    network_: Network
    history_: History
    t_: int
    _carried: Carried

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(HIDDEN_ACTIVATIONS)), "array-like"],
        "solver": [StrOptions({"adam", "sgd", "lbfgs"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "initialization": [StrOptions(set(INITIALIZATIONS)), Mapping],
        "engine": [StrOptions({"auto", *ENGINES})],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        initialization: Any = "glorot",
        engine: str = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.initialization = initialization
        self.engine = engine

    @abstractmethod
    def _encode(self, X: Any, y: AnyArray, weight: Array | None, call: FitCall) -> Examples:
        """X, the targets as rows (m, n_L) of X's dtype, and the weight of each row (None: all 1)."""

    @abstractmethod
    def _output(self) -> str:
        """Activation of the output layer."""

    @abstractmethod
    def _strata(self, Y: Array) -> AnyArray | None:
        """Groups that the validation part should hold in proportion."""

    @abstractmethod
    def _validation_score(self, A: Array, Y: Array, weight: Array | None) -> float:
        """What early stopping watches, from outputs and targets as rows; larger is better."""

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, *, incremental: bool = False, classes: Any = None
    ) -> Self:
        """Fit, wholly or not at all: after an error the estimator is as it was before."""
        before = vars(self).copy()
        where = f"{type(self).__name__}.{'partial_fit' if incremental else 'fit'}"
        going_on = hasattr(self, "network_") and (incremental or self.warm_start)
        call = FitCall(where, going_on, incremental, classes)
        try:
            examples = self._examples(X, y, sample_weight, call)
            if not going_on:
                self.t_, self._carried, self.history_ = 0, Carried(), History()
            network = self._network(examples, call)
            reached = SOLVERS[self.solver].learn(self, network, examples, call)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        self.history_ = self.history_ + reached.history  # a shallow copy of the estimator keeps its own
        network.parameters, network.history = reached.parameters, self.history_
        self.network_, self._carried = network, reached.carried
        self.n_iter_, self.loss_ = len(reached.history), reached.cost
        self.t_ += reached.examples_seen
        best = reached.carried.best
        self.best_loss_ = None if self.early_stopping else best.get("cost")
        self.best_validation_score_ = best.get("validation_score") if self.early_stopping else None
        return self

    def _examples(self, X: Any, y: Any, sample_weight: Any, call: FitCall) -> Examples:
        """The arguments, checked, as rows of floats."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=self.network_.dtype if call.going_on else (np.float64, np.float32),
            order="C",
            multi_output=True,
            y_numeric=is_regressor(self),
            reset=not call.going_on,
        )
        y = y if isinstance(y, np.ndarray) else y.toarray()
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
        examples = self._encode(X, y, sample_weight, call)
        if examples.weight is not None and not examples.weight.any():
            raise DataError(call.where, "a weight above 0", "got weights that are all 0")
        return examples

    def _network(self, examples: Examples, call: FitCall) -> Network:
        """A new network, or a copy of the fitted one to go on with."""
        sizes = self.hidden_layer_sizes
        hidden: list[Any] = [sizes] if isinstance(sizes, Integral) else list(sizes)
        layer_dims = (examples.X.shape[1], *hidden, examples.Y.shape[1])
        names = [self.activation] * len(hidden) if isinstance(self.activation, str) else self.activation
        activations = [HIDDEN_ACTIVATIONS.get(name, name) for name in names]
        output = self._output()
        if not call.going_on:
            given = isinstance(self.initialization, Mapping)
            return Network(
                layer_dims,
                activation=activations,
                output=output,
                seed=_seed(self.random_state),
                dtype=examples.X.dtype,
                engine=self.engine,
                **{"parameters" if given else "initialization": self.initialization},
            )
        if Architecture(layer_dims, (*activations, output)) != self.network_.architecture:
            raise ConfigurationError(
                call.where,
                "hidden_layer_sizes, activation and outputs as they were",
                f"the fitted network is {self.network_!r}",
                "Use a new estimator, or warm_start=False.",
            )
        network = copy(self.network_)
        network.engine = self.engine
        return network

    def _outputs(self, X: Any) -> Array:
        """The network's outputs for rows, (m, n_L)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        return forward_rows(self.network_.forward, X, self.network_.architecture.layer_dims)

    @property
    def coefs_(self) -> list[Array]:
        """Weights of each layer, (n_{l-1}, n_l): views of ``network_.parameters``."""
        return [view.T for name, view in self._fitted("coefs_").parameters.items() if name[0] == "W"]

    @property
    def intercepts_(self) -> list[Array]:
        """Biases of each layer, (n_l,): views of ``network_.parameters``."""
        return [view[:, 0] for name, view in self._fitted("intercepts_").parameters.items() if name[0] == "b"]

    @property
    def n_layers_(self) -> int:
        """Number of layers, with the input."""
        return self._fitted("n_layers_").architecture.n_layers + 1

    @property
    def n_outputs_(self) -> int:
        """Number of outputs."""
        return self._fitted("n_outputs_").architecture.n_outputs

    @property
    def out_activation_(self) -> str:
        """Activation of the output under scikit-learn's name."""
        output = self._fitted("out_activation_").architecture.output
        return "logistic" if output == "sigmoid" else output

    @property
    def engine_(self) -> str:
        """The engine that ran."""
        self._fitted("engine_")
        return self.history_.engine

    @property
    def loss_curve_(self) -> list[float]:
        """J of each epoch (lbfgs: after each iteration)."""
        self._fitted("loss_curve_")
        return [record["cost"] for record in self.history_]

    @property
    def validation_scores_(self) -> list[float] | None:
        """The validation score of each epoch; None without early stopping."""
        self._fitted("validation_scores_")
        return [
            record["validation_score"] for record in self.history_ if "validation_score" in record
        ] or None

    def _fitted(self, name: str) -> Network:
        if "network_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {name} before it is fitted")
        return self.network_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def learns_in_batches(estimator: DeepEstimator) -> bool:
    """Whether it can go on with one batch after another, as partial_fit does; the error says why not."""
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit needs solver='adam' or 'sgd'; solver is 'lbfgs'")
    if estimator.early_stopping:
        raise AttributeError("partial_fit cannot hold a validation part out; early_stopping is True")
    return True


def _seed(random_state: Any) -> int:
    """One seed for everything: the int itself, so that ``Network(…, seed=1)`` starts alike, or a draw."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))
