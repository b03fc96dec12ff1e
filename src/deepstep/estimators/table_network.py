"""One network on a table: a `TableEncoder` and a network with settings that suit most tables."""

from math import inf
from typing import Any

from sklearn.pipeline import Pipeline, make_pipeline

from deepstep.estimators.network_classifier import NetworkClassifier
from deepstep.estimators.network_regressor import NetworkRegressor
from deepstep.estimators.table_encoder import TableEncoder

SETTINGS = {
    "hidden_layer_sizes": (64, 32),
    "alpha": 0.0,
    "max_iter": 40,
    "tol": 0.0,
    "n_iter_no_change": inf,
    "initialization": "he",
    "dtype": "float64",
}
"""Parameters of the network, where no others are given."""

LBFGS_SETTINGS = {"max_iter": 2500, "tol": 1e-5}
"""Iterations of 'lbfgs', which ends by itself where the gradient is small."""


def table_network(*, classes: bool, rows: int, encodes: bool = True, **parameters: Any) -> Pipeline:
    """One network on a table of so many rows, not fitted.

    Parameters
    ----------
    classes : bool
        Whether labels are learned, else numbers, which are scaled.
    rows : int
        Rows that it will learn from: they decide the size of batches.
    encodes : bool, default True
        Whether the rows are a table; else they are numbers, as sparse ones.
    **parameters
        Of `NetworkClassifier` or `NetworkRegressor`.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Of a `TableEncoder` and the network.

    Examples
    --------
    >>> table_network(classes=True, rows=500, max_iter=10)[-1].batch_size
    32
    """
    solver = parameters.get("solver", "adam")
    settings: dict[str, Any] = {**SETTINGS, "batch_size": min(small_batch_size(rows), rows)}
    if solver == "lbfgs":
        settings |= LBFGS_SETTINGS
    if solver == "adam":
        settings["optimizer_params"] = {"epsilon_at": "outside"}
    settings |= parameters
    if not classes:
        settings.setdefault("scale_targets", True)
    network = (NetworkClassifier if classes else NetworkRegressor)(**settings)
    return make_pipeline(*([TableEncoder()] if encodes else []), network)


def small_batch_size(m: int) -> int:
    """Examples of an update of one network on a table of m rows, measured on 344 to 53,940 rows."""
    return 32 if m < 4096 else 128 if m < 32768 else 256
