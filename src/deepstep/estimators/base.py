"""The base of DeepClassifier and DeepRegressor: the course of a fit."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from numbers import Integral
from typing import Any, Self

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, validate_data

from deepstep.errors import ConfigurationError, spelled
from deepstep.estimators.answering import Answering
from deepstep.estimators.calibrating import Calibration
from deepstep.estimators.calls import FitCall, Given, is_given
from deepstep.estimators.checked_target import as_target
from deepstep.estimators.checkpoints import refuse_idle_checkpoints, seed_to_resume
from deepstep.estimators.ensemble import Preparer
from deepstep.estimators.missing_values import told_by_row
from deepstep.estimators.named_columns import with_named_columns
from deepstep.estimators.parameters import EstimatorParameters, parameter_of
from deepstep.estimators.stored import Stored
from deepstep.estimators.stored_given import as_stored, in_memory
from deepstep.estimators.stored_inputs import is_stored
from deepstep.estimators.tabular import Tabular
from deepstep.estimators.training import (
    Carried,
    Reached,
    first_rate,
    minimize,
    refuse_without_validation,
    train,
)
from deepstep.model import Network
from deepstep.model.construction import FROM_DATA
from deepstep.model.fit import inputs_to_draw_from
from deepstep.network.border import weights_in
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.validation_part import hold_out, together
from deepstep.training import History
from deepstep.training.scoring import COST
from deepstep.types import AnyArray, Array

LOGISTIC = {"logistic": "sigmoid"}
"""scikit-learn's name of an activation that is not ours."""


class DeepEstimator(Stored, Tabular, Answering, EstimatorParameters, ABC):
    """Base of the estimators; use `DeepClassifier` or `DeepRegressor`."""

    _carried: Carried

    @abstractmethod
    def _learn_targets(self, y: AnyArray, call: FitCall) -> None:
        """Learn from the targets of the training data: classes, the head."""

    def _warn_of_leaks(self, X: Any, y: AnyArray, call: FitCall) -> None:
        """Warn of columns of a frame that alone tell the target."""

    @abstractmethod
    def _encode(self, y: AnyArray, dtype: Any, where: str, *, learned: bool = False) -> Array:
        """The targets as rows (m, n_L); ``learned`` are those that `_learn_targets` has checked."""

    def _check_taught(self, examples: Examples, call: FitCall) -> None:
        """Refuse training data that teach nothing."""

    def _weights_of_classes(self, learned: Examples, where: str) -> list[Array] | None:
        """The weights of the classes, by the examples that are learned from; None where all count alike."""
        return None

    def _weighed(self, of_classes: list[Array] | None, examples: Examples) -> Array | None:
        """The weight of each example, with that of its class."""
        return examples.weight

    @abstractmethod
    def _output(self, where: str) -> tuple[str, dict[str, Any]]:
        """The head, which decides what the output means and how it learns, and its settings."""

    @abstractmethod
    def _taught(self, Y: Array) -> AnyArray:
        """The y that targets, as rows, stand for."""

    @abstractmethod
    def _take_targets(self, other: Any, preparer: Preparer) -> None:
        """Know of the targets what another estimator has learned of them, for a member of its ensemble."""

    def _target_scale(self, Y: Array, weight: Array | None) -> tuple[Array, Array]:
        """Center and scale (n_L,) of the targets that a member learns."""
        return np.zeros(Y.shape[1]), np.ones(Y.shape[1])

    @abstractmethod
    def _strata(self, Y: Array) -> AnyArray | None:
        """Groups that the validation part should hold in proportion."""

    def _fit(
        self,
        given: Given,
        validation: Given | None = None,
        *,
        incremental: bool = False,
        classes: Any = None,
        label: str = "",
        keep: tuple[str, ...] = (),
    ) -> Self:
        """Fit, wholly or not at all: after an error the estimator is as it was before."""
        before = vars(self).copy()
        where = f"{type(self).__name__}.{'partial_fit' if incremental else 'fit'}"
        going_on = hasattr(self, "network_") and (incremental or self.warm_start)
        call = FitCall(where, going_on, incremental, classes, label=label, keep=keep)
        try:
            self._calibration = Calibration()
            if validation is not None and is_stored(validation.X):
                validation = in_memory(validation, f"{where}, validation")
            rows = None
            if is_stored(given.X, self.stream):
                rows = as_stored(given, self.stream, call)
                given = in_memory(given, where) if rows is None else given
            else:
                given = with_named_columns(given, where)
            if rows is not None:
                self._fit_stored(rows, validation, call)
            elif self.preset != "mlp":
                self._convene(given, validation, call)
            else:
                examples = self._examples(given, call)
                held_out = None if validation is None else self._held_out(validation, examples.X.dtype, call)
                self._train(examples, held_out, call)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        return self

    def _train(self, examples: Examples | StreamedExamples, held_out: Examples | None, call: FitCall) -> None:
        """Train one network on rows of floats."""
        self.__dict__.pop("ensemble_", None)
        if not call.going_on:
            self.t_, self._carried, self.history_ = 0, Carried(), History()
        network = self._network(examples.sample, call)
        with spelled(parameter_of):
            reached, stopping = self._learn(network, examples, held_out, call)
        self.history_ = self.history_ + reached.history  # a shallow copy of the estimator keeps its own
        self.stopping_history_ = None if stopping is None else stopping.history
        network.parameters, network.statistics = reached.parameters, dict(reached.statistics)
        network.history = self.history_
        self.network_, self._carried = network, reached.carried
        self.n_iter_, self.loss_ = len(reached.history), reached.cost
        self.t_ += reached.examples_seen
        best = (stopping or reached).carried.best
        score = best.get("validation_score") if self._setting("early_stopping") else None
        self.best_validation_score_ = score
        if self._setting("early_stopping"):
            self.best_loss_ = -score if score is not None and self.scoring == COST else None
        else:
            self.best_loss_ = best.get("cost")

    def _learn(
        self,
        network: Network,
        examples: Examples | StreamedExamples,
        held_out: Examples | None,
        call: FitCall,
    ) -> tuple[Reached, Reached | None]:
        """Train, and where it is asked for once more on everything; the second is what stopped the first."""
        in_batches = self.solver != "lbfgs"
        early = self._setting("early_stopping") and in_batches
        if not call.incremental:
            refuse_without_validation(self, held_out, call.where)
            refuse_idle_checkpoints(self, call.where)
        if isinstance(examples, StreamedExamples):
            return self._learn_streamed(network, examples, held_out, call), None
        learn = examples
        if early and held_out is None:
            learn, held_out = hold_out(
                examples,
                self._strata(examples.Y),
                fraction=self._setting("validation_fraction"),
                seed=network.seed,
                where=call.where,
            )
        if self._begins_with_data(call):  # now that it is known which of them are learned from
            network.initialize_from_data(inputs_to_draw_from(learn))
        learned, judged = self._in_weights(learn, held_out, call.where)
        if not in_batches:
            for of_an_earlier_fit in ("learning_rate_", "rate_search_"):
                self.__dict__.pop(of_an_earlier_fit, None)
            return minimize(self, network, learned, judged, call), None
        self.learning_rate_, self.rate_search_ = first_rate(self, network, learned, call)
        reached = train(self, network, learned, judged, call)
        interrupted = reached.history.stopped == "interrupted"
        if not (early and self.refit and held_out is not None and reached.best_epochs) or interrupted:
            return reached, None
        again = replace(call, epochs=reached.best_epochs)
        everything = self._in_weights(together(learn, held_out), None, call.where)
        return train(self, network, *everything, again), reached

    def _learn_streamed(
        self, network: Network, examples: StreamedExamples, held_out: Examples | None, call: FitCall
    ) -> Reached:
        """Train on rows that stay in their files; their weights are those of the classes already."""
        if self.solver == "lbfgs" or self.refit:
            got = "got refit=True" if self.refit else "got solver='lbfgs'"
            raise ConfigurationError(
                call.where, "a solver that learns from batches, and no refit, where rows are streamed", got
            )
        if self._begins_with_data(call):
            network.initialize_from_data(inputs_to_draw_from(examples.sample))
        self.learning_rate_, self.rate_search_ = first_rate(self, network, examples.sample, call)
        return train(self, network, examples, held_out, call)

    def _in_weights(
        self, learn: Examples, held_out: Examples | None, where: str
    ) -> tuple[Examples, Examples | None]:
        """Both with the weights of the classes, which those that are learned from decide, in the network's
        precision.
        """
        of_classes = self._weights_of_classes(learn, where)

        def final(examples: Examples, where: str) -> Examples:
            weight = self._weighed(of_classes, examples)
            return replace(
                examples, weight=None if weight is None else weights_in(examples.Y.dtype, weight, where)
            )

        return final(learn, where), None if held_out is None else final(held_out, f"{where}, validation")

    def _examples(self, given: Given, call: FitCall) -> Examples:
        """The training data, checked, as rows of floats."""
        dtype = self.network_.dtype if call.going_on else self._precision
        X, y, weight = self._checked(given, dtype, reset=not call.going_on, where=call.where)
        self._learn_targets(y, call)
        if hasattr(given.X, "columns"):
            self._warn_of_leaks(given.X, y, call)
        examples = Examples(X, self._encode(y, X.dtype, call.where, learned=True), weight)
        self._check_taught(examples, call)
        return examples

    @property
    def _precision(self) -> np.dtype[Any]:
        """The precision of a new network."""
        if self.dtype != "auto":
            return np.dtype(self.dtype)
        return np.dtype(np.float64 if self.solver == "lbfgs" else np.float32)

    def _held_out(self, validation: Given, dtype: Any, call: FitCall) -> Examples | None:
        """The user's own validation data as rows of floats, if there are any."""
        if not is_given(validation, call):
            return None
        where = f"{call.where}, validation"
        X, y, weight = self._checked(validation, dtype, reset=False, where=where)
        return Examples(X, self._encode(y, X.dtype, where), weight)

    def _checked(
        self, given: Given, dtype: Any, *, reset: bool, where: str
    ) -> tuple[Any, AnyArray, Array | None]:
        given = with_named_columns(given, where)
        # what is too large for the dtype is refused in words
        with np.errstate(over="ignore"), told_by_row(given, where, numbers=is_regressor(self)):
            X, y = validate_data(
                self,
                given.X,
                given.y,
                accept_sparse="csr",
                dtype=dtype,
                order="C",
                multi_output=True,
                y_numeric=is_regressor(self),
                reset=reset,
            )
        y = as_target(y, numbers=is_regressor(self), where=where)
        weight = given.sample_weight
        if weight is not None:
            weight = _check_sample_weight(weight, X, dtype=np.float64, ensure_non_negative=True)
        return X, y, weight

    def _network(self, examples: Examples, call: FitCall) -> Network:
        """A new network, or a copy of the fitted one to go on with."""
        sizes = self._setting("hidden_layer_sizes")
        hidden: list[Any] = [sizes] if isinstance(sizes, Integral) else list(sizes)
        start, bent = self.initialization, self._setting("parametric")
        given = isinstance(start, Mapping)
        drawn = "zeros" if self._begins_with_data(call) or given or call.going_on else start
        output, settings = self._output(call.where)
        network = Network(
            (examples.X.shape[1], *hidden, examples.Y.shape[1]),
            activation=_activations(self._setting("activation")),
            output=output,
            output_settings=settings,
            normalization=self.normalization
            if isinstance(self.normalization, str)
            else [*self.normalization],
            input_scale=self._setting("input_scale"),
            parametric=bent if isinstance(bent, bool) else [*bent],
            shared_members=int(self._setting("shared_members")),
            seed=0 if call.going_on else self._seed(call),
            dtype=examples.X.dtype,
            engine=self.engine,
            initialization=drawn,
            parameters=start if given and not call.going_on else None,
        )
        if not call.going_on:
            return network
        anew = "Use a new estimator" + ("." if call.incremental else ", or warm_start=False.")
        if network.architecture != self.network_.architecture:
            raise ConfigurationError(
                call.where,
                "hidden_layer_sizes, activation, normalization, loss and outputs as they were",
                f"the fitted network is {self.network_!r}",
                anew,
            )
        if self.dtype not in ("auto", str(self.network_.dtype)):
            raise ConfigurationError(
                call.where,
                f"dtype={str(self.network_.dtype)!r} or 'auto', as the fitted network has that precision",
                f"got {self.dtype!r}",
                anew,
            )
        network = copy(self.network_)
        network.engine = self.engine
        return network

    def _begins_with_data(self, call: FitCall) -> bool:
        """Whether the parameters are drawn from the data."""
        start = self.initialization
        return not call.going_on and isinstance(start, str) and start == FROM_DATA

    def _seed(self, call: FitCall) -> int:
        """One seed for everything: the int itself, so that ``Network(…, seed=1)`` starts alike, or a draw;
        a fit that was killed goes on with what it had drawn.
        """
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        if call.seed is not None:
            return call.seed
        seed = seed_to_resume(self, call.where)
        return int(check_random_state(self.random_state).randint(2**31)) if seed is None else seed

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.preset != "mlp"
        return tags


def _activations(activation: Any) -> Any:
    if isinstance(activation, str):
        return LOGISTIC.get(activation, activation)
    return [LOGISTIC.get(name, name) if isinstance(name, str) else name for name in activation]
