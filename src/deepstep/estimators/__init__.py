"""Stage 7, estimators: takes rows as examples in scikit-learn's manners, gives predictions.

`NetworkClassifier` and `NetworkRegressor` are one `deepstep.Network`, `DeepClassifier` and `DeepRegressor`
are ensembles; all keep scikit-learn's whole contract.
`distill` makes a small one of any model. Names load on first use, so a run predicts without scikit-learn.
"""

from typing import TYPE_CHECKING, Any

from deepstep.environment import package

if TYPE_CHECKING:
    from deepstep.estimators.deep import DeepClassifier, DeepRegressor
    from deepstep.estimators.distillation import distill
    from deepstep.estimators.network import NetworkClassifier, NetworkRegressor
    from deepstep.estimators.predictions import LabelIssue, TargetIssue
    from deepstep.estimators.table_encoder import TableEncoder

__all__ = [
    "DeepClassifier",
    "DeepRegressor",
    "LabelIssue",
    "NetworkClassifier",
    "NetworkRegressor",
    "TableEncoder",
    "TargetIssue",
    "distill",
]


_FILES = {
    "DeepClassifier": "deep",
    "DeepRegressor": "deep",
    "LabelIssue": "predictions",
    "NetworkClassifier": "network",
    "NetworkRegressor": "network",
    "TableEncoder": "table_encoder",
    "TargetIssue": "predictions",
    "distill": "distillation",
}


def __getattr__(name: str) -> Any:
    if name in _FILES:
        package("sklearn")  # named first where packages are missing
        return getattr(package(f"deepstep.estimators.{_FILES[name]}"), name)
    raise AttributeError(f"module 'deepstep.estimators' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
