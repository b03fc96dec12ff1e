"""Validation data of an estimator: judged after each epoch."""

from copy import copy
from typing import TYPE_CHECKING

from deepstep.errors import ConfigurationError
from deepstep.model import Network
from deepstep.preparation.batches import Examples
from deepstep.training.judging import Judge

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator


def judge(estimator: "DeepEstimator", network: Network, held_out: Examples, where: str) -> Judge:
    """The callback that scores the validation data.

    A scorer sees a copy of the estimator that predicts with the parameters of the epoch.
    """
    judging, judged = copy(network), copy(estimator)
    judged.network_ = judging
    if hasattr(judged, "feature_names_in_"):
        del judged.feature_names_in_  # the rows have been stripped of theirs
    y = estimator._taught(held_out.Y)
    return Judge(estimator.scoring, judged, judging, held_out.X, y, held_out.weight, where)


def refuse_without_validation(estimator: "DeepEstimator", held_out: Examples | None, where: str) -> None:
    """Refuse parameters that would do nothing, for lack of validation data or of early stopping."""
    if estimator.solver == "lbfgs":
        useless = ["refit"] if estimator.refit else []
        useless += ["scoring"] if estimator.scoring is not None and held_out is None else []
        if useless:
            raise ConfigurationError(
                where,
                "what belongs to early stopping left out for solver='lbfgs', which holds nothing out",
                f"got {', '.join(useless)}",
                "Use another solver; for scores alone fit(…, X_val=…, y_val=…).",
            )
    if estimator.refit and not estimator._setting("early_stopping"):
        raise ConfigurationError(
            where,
            "early_stopping=True, where refit=True",
            "got early_stopping=False",
            "It counts the epochs.",
        )
    if estimator.scoring is not None and held_out is None and not estimator._setting("early_stopping"):
        raise ConfigurationError(
            where,
            "validation data, where scoring is given",
            f"got scoring={estimator.scoring!r} alone",
            "Use early_stopping=True, or fit(…, X_val=…, y_val=…).",
        )
