"""The two models of ``deepstep train``: an ensemble on a table, and one network behind an encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.pipeline import make_pipeline

from deepstep.cli.parts import Parts
from deepstep.cli.reading import TableOptions
from deepstep.cli.screen import harmless
from deepstep.cli.task import weights_by_label
from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.predictor import Columns, Predictor
from deepstep.ensembles.split import TIME
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import (
    DeepClassifier,
    DeepRegressor,
    NetworkClassifier,
    NetworkRegressor,
    TableEncoder,
)
from deepstep.estimators.table_encoder import table_network
from deepstep.targets import NUMBER_LOSSES, Targets
from deepstep.training import Callback, History, Progress
from deepstep.training.plan import UNTIL_TIME_IS_UP
from deepstep.training.rate_finder import AUTO, RateSearch
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
    """A fitted model, and what the command tells of its training.

    ``settings`` are the parameters that were given or chosen; ``rate`` and ``search`` are those of
    ``--learning-rate auto``.
    """

    model: Any
    settings: Mapping[str, Any]
    histories: Sequence[History]
    interrupted: bool
    refits: bool = False
    rate: float | None = None
    search: RateSearch | None = None

    @property
    def history(self) -> History:
        """The history of the first network."""
        return self.histories[0]

    @property
    def seconds(self) -> list[float]:
        """How long each network took."""
        return [history[-1]["seconds"] for history in self.histories if history]

    @staticmethod
    def reached(ensemble: Ensemble, parts: Parts) -> Predictor:
        """The predictor of a training that diverged."""
        (preprocessor,) = ensemble.preprocessors
        columns = Columns(tuple(column.name for column in parts.inputs.columns), named=True)
        if preprocessor.preparation is None:  # of a network behind an encoder
            ensemble = replace(ensemble, preprocessors=(replace(preprocessor, preparation=parts.inputs),))
        return Predictor(columns, parts.targets, ensemble)


def fit_ensemble(
    parts: Parts,
    options: TableOptions,
    parameters: Mapping[str, Any],
    of_call: Mapping[str, Any],
    name: str,
    *,
    validated: bool,
) -> Fitted:
    """An ensemble on the rows that are learned from; of a survey one network."""
    params = _of_targets(parts.targets, parameters, (DeepClassifier, DeepRegressor), parts)
    if options.in_time:
        params.setdefault("validation", TIME)
    if parts.survey is not None:
        params["stream"] = True
    cls = DeepClassifier if parts.targets.is_classes else DeepRegressor
    estimator = cls(**params, **of_call, verbose=harmless(name) or "train")
    validation = _validation(parts) if validated else {}
    if parts.survey is not None:
        estimator.fit(parts.survey, options.targets[0], options.sample_weight, **validation)
    else:
        rows = parts.train
        estimator.fit(parts.X(rows), parts.y(rows), rows.weight, groups=rows.groups, **validation)
    estimator.set_params(**OF_ONE_CALL)
    predictor = estimator.predictor_
    estimator.predictor_ = replace(predictor, targets=_with_labels(predictor.targets, parts.targets))
    n = len(predictor.ensemble.members)
    settings = {"n_estimators": n, **parameters}
    return Fitted(estimator, settings, estimator.histories_, estimator.interrupted_)


def fit_network(
    parts: Parts,
    options: TableOptions,
    parameters: Mapping[str, Any],
    of_call: Mapping[str, Any],
    name: str,
    callbacks: Sequence[Callback],
) -> Fitted:
    """One network behind a `TableEncoder`, as a pipeline."""
    encoder = TableEncoder(
        categorical_features=parameters.get("categorical_features"),
        keep_columns=parameters.get("keep_columns"),
    )
    rows, validation = parts.train, _validation(parts)
    X = encoder.fit_transform(parts.X(rows))
    if validation:
        validation["X_val"] = encoder.transform(validation["X_val"])
    network = new_network(parts.targets, parameters, len(X), validated=bool(validation), parts=parts)
    network.set_params(**of_call, callbacks=[*callbacks, Progress(harmless(name) or "train")])
    network.fit(X, parts.y(rows), rows.weight, **validation)
    return fitted_network(network, make_pipeline(encoder, network), parts.targets)


def new_network(
    targets: Targets,
    parameters: Mapping[str, Any],
    m: int,
    *,
    validated: bool = False,
    parts: Parts | None = None,
) -> NetworkClassifier | NetworkRegressor:
    """The estimator of one network for m rows, with the defaults of a table."""
    others = {"categorical_features", "keep_columns"}
    typed = {name: value for name, value in parameters.items() if name not in others}
    params = _of_targets(targets, typed, (NetworkClassifier, NetworkRegressor), parts)
    kind = NetworkClassifier if targets.is_classes else NetworkRegressor
    network: NetworkClassifier | NetworkRegressor = table_network(kind, m, encodes=False, **params)[-1]
    defaults: dict[str, Any] = {}
    if params.get("early_stopping") and network.solver != "lbfgs":
        defaults["n_iter_no_change"] = kind.n_iter_no_change
    if network.time_budget is not None:
        defaults["max_iter"] = UNTIL_TIME_IS_UP
    if validated:
        defaults["scoring"] = COST
    return network.set_params(**{name: value for name, value in defaults.items() if name not in parameters})


def fitted_network(network: NetworkClassifier | NetworkRegressor, model: Any, targets: Targets) -> Fitted:
    """A network that is fitted, as the command tells of it."""
    network.set_params(**OF_ONE_CALL)
    network.targets_ = _with_labels(network.targets_, targets)
    history = network.history_
    if not history and not network.interrupted_:
        # L-BFGS has nothing to do where the gradient is small from the beginning
        raise DataError("--set solver=lbfgs", "a cost that can be lowered", history.stopped)
    changed = {
        name: value
        for name, value in network.get_params(deep=False).items()
        if not _same(value, getattr(type(network), name))
    }
    if network.learning_rate_init == AUTO:
        changed["learning_rate_init"] = network.learning_rate_
    searched = network.learning_rate_init == AUTO
    rate, search = (network.learning_rate_, network.rate_search_) if searched else (None, None)
    refits = network.refit and network.stopping_history_ is not None
    return Fitted(model, changed, [history], network.interrupted_, refits, rate, search)


def _of_targets(
    targets: Targets,
    parameters: Mapping[str, Any],
    kinds: tuple[type[Any], type[Any]],
    parts: Parts | None = None,
) -> dict[str, Any]:
    """Parameters as the estimator of these targets takes them."""
    of_classes, of_numbers = (set(kind._parameter_constraints) for kind in kinds)
    own = of_classes if targets.is_classes else of_numbers
    for name in parameters:
        if name not in own:
            what = "numbers" if targets.is_classes else "classes"
            holds = "classes" if targets.is_classes else "numbers"
            flag = "--class-weight" if name == "class_weight" else f"--set {name}"
            expected, got = f"used with a target of {what}", f"got one of {holds}"
            raise ConfigurationError(flag, expected, got, "See --task.", setting=flag)
    params = {name: value for name, value in parameters.items() if name != "classes"}
    if targets.is_classes:
        if not targets.several:
            params["classes"] = targets.labels[0]
        params["loss"] = "ordinal" if targets.is_ordered else "cross_entropy"
        if params.get("class_weight") is not None:
            params["class_weight"] = weights_by_label(params["class_weight"], targets)
        return params
    params["loss"] = next(loss for loss, head in NUMBER_LOSSES.items() if head == targets.head)
    if params["loss"] == "huber" and parts is not None:  # by default a deviation of the target
        params["loss_params"] = {"delta": parts.deviation, **(params.get("loss_params") or {})}
    return params


def _with_labels(learned: Targets, targets: Targets) -> Targets:
    """The targets of an estimator with the labels and the names of the table."""
    return replace(learned, classes=targets.classes, names=targets.names)


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
