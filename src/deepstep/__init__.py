"""DeepStep: the deep fully-connected network with every step open.

The equations that you read are the system that trains: ``deepstep.equations`` holds the lecture's pure
functions, `Network` is the easy-to-use class over them, `NetworkClassifier` and `NetworkRegressor` are it as
scikit-learn estimators, `DeepClassifier` and `DeepRegressor` are ensembles on tables, `TableEncoder` is their
encoding of tables alone, `save` and `load` keep a model in a folder, `explore` opens a network as a page.
Names load on first use, so that ``import deepstep`` costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "1.0.0"

if TYPE_CHECKING:
    from deepstep.archive import load, save
    from deepstep.ensembles.explanation import explain
    from deepstep.errors import DeepStepError
    from deepstep.estimators import (
        DeepClassifier,
        DeepRegressor,
        NetworkClassifier,
        NetworkRegressor,
        TableEncoder,
        distill,
    )
    from deepstep.explorer import explore
    from deepstep.inspection import GradientReport, Trace, diagnose
    from deepstep.model import Network
    from deepstep.network import Architecture, Parameters
    from deepstep.run import Run
    from deepstep.training import History

_HOME = {
    "Architecture": "deepstep.network",
    "DeepClassifier": "deepstep.estimators",
    "DeepRegressor": "deepstep.estimators",
    "DeepStepError": "deepstep.errors",
    "GradientReport": "deepstep.inspection",
    "History": "deepstep.training",
    "Network": "deepstep.model",
    "NetworkClassifier": "deepstep.estimators",
    "NetworkRegressor": "deepstep.estimators",
    "Parameters": "deepstep.network",
    "Run": "deepstep.run",
    "TableEncoder": "deepstep.estimators",
    "Trace": "deepstep.inspection",
    "diagnose": "deepstep.inspection",
    "distill": "deepstep.estimators",
    "explain": "deepstep.ensembles.explanation",
    "explore": "deepstep.explorer",
    "load": "deepstep.archive",
    "save": "deepstep.archive",
}

__all__ = [
    "Architecture",
    "DeepClassifier",
    "DeepRegressor",
    "DeepStepError",
    "GradientReport",
    "History",
    "Network",
    "NetworkClassifier",
    "NetworkRegressor",
    "Parameters",
    "Run",
    "TableEncoder",
    "Trace",
    "diagnose",
    "distill",
    "explain",
    "explore",
    "load",
    "save",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        from deepstep.environment import package

        return getattr(package(_HOME[name]), name)
    raise AttributeError(f"module 'deepstep' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
