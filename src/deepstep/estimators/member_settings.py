"""Settings of networks that are passed to an ensemble: the answer says where they go."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar

from deepstep.ensembles.presets import PARAMETER_NAMES, STEP_NAMES
from deepstep.estimators.network_parameters import NetworkParameters

Estimator = TypeVar("Estimator", bound=type)

SPELLED: Mapping[str, str] = {
    "hidden_layer_sizes": "hidden_layers",
    "solver": "optimizer",
    "alpha": "l2",
    "learning_rate_init": "learning_rate",
    "max_iter": "epochs",
    "momentum": "optimizer_params",
    "beta_1": "optimizer_params",
    "beta_2": "optimizer_params",
    "epsilon": "optimizer_params",
    "early_stopping": "patience",
    "n_iter_no_change": "patience",
}
"""Names in ``network_params`` by those of scikit-learn's ``MLPClassifier``, where they differ."""


def member_setting(name: str) -> str:
    """The name in ``network_params`` of a parameter of a network; empty where there is none.

    >>> member_setting("max_iter"), member_setting("dropout"), member_setting("warm_start")
    ('epochs', 'dropout', '')
    """
    setting = SPELLED.get(name, name)
    return setting if setting in (*PARAMETER_NAMES, *STEP_NAMES) else ""


def check_parameters(estimator: type, names: Iterable[str]) -> None:
    """Refuse parameters of one network, and say where they go in an ensemble."""
    network_parameters = {item.name for item in fields(NetworkParameters)}
    for name in names:
        if hasattr(estimator, name):
            continue
        problem = f"{estimator.__name__} has no parameter {name!r}"
        if setting := member_setting(name):
            raise TypeError(f"{problem}. For all of its networks: network_params={{{setting!r}: …}}.")
        if name in network_parameters:
            raise TypeError(f"{problem}. NetworkClassifier and NetworkRegressor have it.")


def refuse_settings(estimator: Estimator) -> Estimator:
    """A class decorator: the constructor refuses parameters of one network by `check_parameters`."""
    kind: Any = estimator
    initialize = kind.__init__

    @wraps(initialize)  # the signature stays, which get_params reads
    def checked(self: Any, *args: Any, **params: Any) -> None:
        check_parameters(estimator, params)
        initialize(self, *args, **params)

    kind.__init__ = checked
    return estimator
