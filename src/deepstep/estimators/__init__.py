"""Stage 7, estimators: takes rows as examples in scikit-learn's manners, gives predictions.

`NetworkClassifier` and `NetworkRegressor` are one `deepstep.Network`, `DeepClassifier` and `DeepRegressor`
are ensembles; all keep scikit-learn's whole contract.
`distill` makes a small one of any model. Names load on first use, so a run predicts without scikit-learn.
"""

from typing import TYPE_CHECKING, Any

from deepstep.environment import package

if TYPE_CHECKING:
    from deepstep.estimators.names import (
        DeepClassifier,
        DeepRegressor,
        LabelIssue,
        NetworkClassifier,
        NetworkRegressor,
        TableEncoder,
        TargetIssue,
        distill,
    )

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


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(package("deepstep.estimators.names"), name)
    raise AttributeError(f"module 'deepstep.estimators' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
