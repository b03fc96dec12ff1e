"""The two models of ``deepstep train``: an ensemble on a table, and one network behind an encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline

from deepstep.cli.parts import Parts
from deepstep.cli.reading import TableOptions
from deepstep.cli.screen import harmless
from deepstep.cli.task import Task, weights_by_label
from deepstep.ensembles.predictor import behind
from deepstep.ensembles.split import TIME
from deepstep.errors import ConfigurationError, DataError, DivergenceError
from deepstep.estimators import (
    DeepClassifier,
    DeepRegressor,
    NetworkClassifier,
    NetworkRegressor,
    TableEncoder,
)
from deepstep.estimators.table_encoder import table_network
from deepstep.preparation.survey import prepared
from deepstep.training import Callback, History, Progress
from deepstep.training.plan import UNTIL_TIME_IS_UP
from deepstep.training.rate_finder import AUTO
from deepstep.training.scoring import COST

OF_ONE_CALL: Mapping[str, Any] = {
    "callbacks": None,
    "checkpoint_dir": None,
    "resume": False,
    "verbose": False,
}
"""Parameters of an estimator that are those of one call of the command, and their defaults."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model, and the parameters that were given or chosen."""

    model: Any
    settings: Mapping[str, Any]

    @property
    def network(self) -> NetworkClassifier | NetworkRegressor | None:
        """The estimator of one network; None for an ensemble."""
        last = self.model[-1] if isinstance(self.model, Pipeline) else self.model
        return last if isinstance(last, NetworkClassifier | NetworkRegressor) else None

    @property
    def histories(self) -> Sequence[History]:
        """The history of each network."""
        histories: Sequence[History] = (
            self.model.histories_ if self.network is None else [self.network.history_]
        )
        return histories

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended the training."""
        return bool((self.network or self.model).interrupted_)

    @property
    def refits(self) -> bool:
        """Whether rows that were validated on have been learned from in the end."""
        network = self.network
        return network is not None and network.refit and network.stopping_history_ is not None

    @property
    def searched(self) -> bool:
        """Whether the learning rate was searched for."""
        return self.network is not None and self.network.learning_rate_init == AUTO


def fit_ensemble(
    parts: Parts,
    options: TableOptions,
    parameters: Mapping[str, Any],
    call_params: Mapping[str, Any],
    name: str,
    *,
    validated: bool,
) -> Fitted:
    """An ensemble on the rows that are learned from; of a survey one network."""
    params = _of_task(parts.task, parameters, (DeepClassifier, DeepRegressor))
    if options.in_time:
        params.setdefault("validation", TIME)
    if parts.survey is not None:
        params["stream"] = True
    kind = DeepRegressor if parts.task.numbers else DeepClassifier
    estimator = kind(**params, **call_params, verbose=harmless(name) or "train")
    validation = _validation(parts) if validated else {}
    _set_delta(estimator, parts)
    if parts.survey is not None:
        estimator.fit(parts.survey, options.targets[0], options.sample_weight, **validation)
    else:
        rows = parts.train
        estimator.fit(parts.X(rows), parts.y(rows), rows.weight, groups=rows.groups, **validation)
    estimator.set_params(**OF_ONE_CALL)
    return Fitted(estimator, {"n_estimators": len(estimator.ensemble_.members), **parameters})


def fit_network(
    parts: Parts,
    options: TableOptions,
    parameters: Mapping[str, Any],
    call_params: Mapping[str, Any],
    name: str,
    callbacks: Sequence[Callback],
) -> Fitted:
    """One network behind a `TableEncoder`, as a pipeline."""
    encoder = TableEncoder(
        categorical_features=parameters.get("categorical_features"),
        keep_columns=parameters.get("keep_columns"),
    )
    rows = parts.train
    validation = _validation(parts)
    surveyed = parts.survey
    data: tuple[Any, ...]
    if surveyed is None:
        X = encoder.fit_transform(parts.X(rows))
        data, n_rows = (X, parts.y(rows), rows.weight), len(X)
    else:
        encoder.fit(parts.X(rows)).preparation_ = surveyed.inputs  # of all rows, not of the sample
        names = [name for name in (*options.targets, options.sample_weight) if name is not None]
        data, n_rows = (prepared(surveyed, names), *names), sum(surveyed.learned_rows)
    if validation:
        validation["X_val"] = encoder.transform(validation["X_val"])
    network = new_network(parts.task, parameters, n_rows, validated=bool(validation))
    _set_delta(network, parts)
    network.set_params(**call_params, callbacks=[*callbacks, Progress(harmless(name) or "train")])
    try:
        network.fit(*data, **validation)
    except DivergenceError as error:
        if error.predictor is not None:
            error.predictor = behind(encoder.preparation_, error.predictor, encoder.columns_)
        raise
    return fitted_network(network, make_pipeline(encoder, network))


def new_network(
    task: Task, parameters: Mapping[str, Any], m: int, *, validated: bool = False
) -> NetworkClassifier | NetworkRegressor:
    """The estimator of one network for m rows, with the defaults of a table."""
    others = {"categorical_features", "keep_columns"}
    typed = {name: value for name, value in parameters.items() if name not in others}
    params = _of_task(task, typed, (NetworkClassifier, NetworkRegressor))
    kind = NetworkRegressor if task.numbers else NetworkClassifier
    network: NetworkClassifier | NetworkRegressor = table_network(kind, m, encodes=False, **params)[-1]
    defaults: dict[str, Any] = {}
    if params.get("early_stopping") and network.solver != "lbfgs":
        defaults["n_iter_no_change"] = kind.n_iter_no_change
    if network.time_budget is not None:
        defaults["max_iter"] = UNTIL_TIME_IS_UP
    if validated:
        defaults["scoring"] = COST
    return network.set_params(**{name: value for name, value in defaults.items() if name not in parameters})


def fitted_network(network: NetworkClassifier | NetworkRegressor, model: Any) -> Fitted:
    """A network that is fitted, as the command tells of it."""
    network.set_params(**OF_ONE_CALL)
    history = network.history_
    if not history and not network.interrupted_:
        # L-BFGS has nothing to do where the gradient is small from the beginning
        raise DataError(f"L-BFGS made no step, as the cost could not be lowered: {history.stopped}")
    changed = {
        name: value
        for name, value in network.get_params(deep=False).items()
        if not _same(value, getattr(type(network), name))
    }
    if network.learning_rate_init == AUTO:
        changed["learning_rate_init"] = network.learning_rate_
    if "classes" in changed:
        changed["classes"] = tuple(changed["classes"].tolist())
    return Fitted(model, changed)


def _of_task(task: Task, parameters: Mapping[str, Any], kinds: tuple[type[Any], type[Any]]) -> dict[str, Any]:
    """Parameters as the estimator of this task takes them."""
    known = kinds[task.numbers]._parameter_constraints
    for name in parameters:
        if name not in known:
            what, holds = ("classes", "numbers") if task.numbers else ("numbers", "classes")
            flag = "--class-weight" if name == "class_weight" else f"--set {name}"
            requirement = f"used with a target of {what}"
            raise ConfigurationError.must_be(flag, requirement, f"one of {holds}", "See --task.")
    params = {name: value for name, value in parameters.items() if name != "classes"}
    if task.targets.is_classes and not task.targets.several:
        params["classes"] = task.targets.classes[0]
    if params.get("class_weight") is not None:
        params["class_weight"] = weights_by_label(params["class_weight"], task)
    return params


def _set_delta(estimator: Any, parts: Parts) -> None:
    """By default the delta of 'huber' is the standard deviation of the target, the largest of several."""
    if estimator.loss == "huber" and parts.task.numbers:
        estimator.loss_params = {"delta": parts.deviation, **(estimator.loss_params or {})}


def _validation(parts: Parts) -> dict[str, Any]:
    """The arguments of fit that are validation data."""
    rows = parts.validation
    if rows is None:
        return {}
    return {"X_val": parts.X(rows), "y_val": parts.y(rows), "sample_weight_val": rows.weight}


def _same(value: Any, default: Any) -> bool:
    if value is default:
        return True
    try:
        return bool(np.all(value == default)) and type(value) is type(default)
    except (TypeError, ValueError):
        return False
