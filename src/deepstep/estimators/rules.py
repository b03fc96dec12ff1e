"""The update rules under the names of solvers, scikit-learn's among them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from deepstep.equations import OPTIMIZERS
from deepstep.errors import ConfigurationError, unknown_name

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

Rule: TypeAlias = tuple[str, Mapping[str, Any]]
"""The name of an update rule, and its optimizer_params."""


def _adam(estimator: "DeepEstimator") -> Rule:
    decay = {"beta1": estimator.beta_1, "beta2": estimator.beta_2}
    return "adam", {**decay, "epsilon": estimator.epsilon, "epsilon_at": "hat"}


def _sgd(estimator: "DeepEstimator") -> Rule:
    return "nesterov" if estimator.nesterovs_momentum else "heavy_ball", {"beta": estimator.momentum}


SCIKIT_LEARN: dict[str, Callable[["DeepEstimator"], Rule]] = {
    "adam": _adam,
    "sgd": _sgd,
    "lbfgs": lambda estimator: ("gd", {}),  # it takes the gradient alone
}
"""scikit-learn's solvers, with its reading of Adam and of momentum."""

OF_SCIKIT_LEARN = ("beta_1", "beta_2", "epsilon", "momentum", "nesterovs_momentum")
"""Parameters of its solvers alone."""


def update_rule(estimator: "DeepEstimator", where: str) -> Rule:
    """The update rule of the estimator's solver: scikit-learn's, or one of ``OPTIMIZERS``."""
    name = estimator.solver
    if name in SCIKIT_LEARN:
        if estimator.optimizer_params:
            raise ConfigurationError(
                where,
                "optimizer_params of a solver that is an update rule, such as 'adamw'",
                f"got {dict(estimator.optimizer_params)} for {name!r}",
                "scikit-learn's solvers have parameters of their own: beta_1, beta_2, epsilon, momentum.",
            )
        return SCIKIT_LEARN[name](estimator)
    if name not in OPTIMIZERS:
        raise unknown_name(where, "solver", name, {**SCIKIT_LEARN, **OPTIMIZERS})
    foreign = [one for one in OF_SCIKIT_LEARN if getattr(estimator, one) != getattr(type(estimator), one)]
    if foreign:
        raise ConfigurationError(
            where,
            f"optimizer_params, where solver={name!r}, and scikit-learn's own left as they are",
            f"got {', '.join(foreign)}",
            "They are for 'adam' and 'sgd'.",
        )
    return name, estimator.optimizer_params or {}
