"""Distillation: one small network learns the predictions of any fitted model."""

from typing import Any

import numpy as np
from scipy.sparse import issparse, vstack
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from deepstep.environment import narwhals as nw
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.inputs import is_frame
from deepstep.estimators.network import NetworkClassifier, NetworkRegressor
from deepstep.estimators.row_sources import is_stored
from deepstep.estimators.table_encoder import table_network
from deepstep.types import AnyArray, Array, is_whole

SWAPPED, MOVED = 0.3, 0.2
"""Share of the columns that a synthetic row takes from another row, and the standard deviation by which
decimal numbers move, in distances of the two rows; measured by benchmarks/distill.py.
"""

STUDENT = {"max_iter": 40, "learning_rate_init": 0.01, "schedule": "cosine"}
"""Parameters of the network that learns, where no others are given."""


def distill(
    teacher: Any,
    X: Any,
    *,
    hidden_layer_sizes: Any = (128, 64),
    augment: int = 20_000,
    random_state: Any = None,
    **parameters: Any,
) -> Pipeline:
    """Train one small network to predict what another model predicts.

    The probabilities or numbers that the teacher predicts are the targets (Hinton, Vinyals & Dean,
    arXiv 1503.02531), for the rows of X and for synthetic ones: each is a row of X that takes some columns
    from another row, and whose decimal numbers move a little (after Buciluă, Caruana & Niculescu-Mizil, KDD
    2006). Targets of X are not needed, and unlabelled rows are as good as others.

    Parameters
    ----------
    teacher : estimator
        A fitted model with ``predict_proba``, or else with ``predict`` of numbers: an estimator of DeepStep,
        of scikit-learn or a pipeline, a booster.
    X : array, frame or sparse matrix of shape (n_samples, n_features)
        Rows in the form that the teacher takes, with texts and missing values if it takes them.
    hidden_layer_sizes : int or sequence of int, default=(128, 64)
        Units of each hidden layer.
    augment : int, default=20000
        Number of synthetic rows; 0 for X alone, which is too little for small tables. The numbers of
        synthetic sparse rows do not move.
    random_state : int, RandomState or None, default=None
        Where the synthetic rows come from, and what the network draws.
    **parameters
        Parameters of `NetworkClassifier` or `NetworkRegressor`; by default those of one network on a table,
        with ``max_iter=40``, ``learning_rate_init=0.01`` and ``schedule="cosine"``.

    Returns
    -------
    sklearn.pipeline.Pipeline
        A `TableEncoder` and the fitted network. A classifier has the classes of the teacher, and
        ``soft_targets=True``; it is scored on labels.

    Raises
    ------
    ConfigurationError
        If the teacher predicts neither probabilities nor numbers, or if ``augment`` is no number of at least
        0.
    DataError
        If X is not in memory, or predictions are not finite or, of a classifier, do not sum to 1.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from deepstep import distill
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> student = distill(forest, X, augment=2000, random_state=0)
    >>> student[-1].network_.architecture.layer_dims, student.score(X, y) > 0.95
    ((4, 128, 64, 3), True)
    """
    if is_stored(X) or hasattr(X, "collect"):  # a lazy frame
        raise DataError.must_be("X", "a table in memory", f"{X!r:.60}", "Read the table first.")
    X = X if is_frame(X) or issparse(X) else np.asarray(X)
    if len(X.shape) != 2 or not X.shape[0]:
        raise DataError.must_be("X", "a table with at least one row", f"the shape {X.shape}")
    if not is_whole(augment, 0):
        raise ConfigurationError.must_be("augment", "a whole number of at least 0", repr(augment))
    rows = with_synthetic_rows(X, augment, check_random_state(random_state)) if augment else X
    settings: dict[str, Any] = {
        **STUDENT,
        "hidden_layer_sizes": hidden_layer_sizes,
        "random_state": random_state,
        "rows": rows.shape[0],
        "encodes": not issparse(rows),
        **parameters,
    }
    if hasattr(teacher, "predict_proba"):
        P = _probabilities(teacher, rows)
        classes = getattr(teacher, "classes_", None)
        student = table_network(NetworkClassifier, soft_targets=True, **settings)
        return student.set_params(networkclassifier__classes=classes).fit(rows, P)
    if len(getattr(teacher, "classes_", ())) or not hasattr(teacher, "predict"):  # CatBoostRegressor has none
        requirement = "a fitted model with predict_proba, or with predict of numbers"
        hint = "Calibrate a classifier without probabilities by sklearn.calibration.CalibratedClassifierCV."
        raise ConfigurationError.must_be("teacher", requirement, type(teacher).__name__, hint)
    return table_network(NetworkRegressor, **settings).fit(rows, _finite(teacher.predict(rows)))


def _finite(predicted: Any) -> Array:
    """Predictions as numbers."""
    numbers = np.asarray(predicted)
    wrong = np.full(numbers.shape, True) if numbers.dtype.kind not in "fiub" else ~np.isfinite(numbers)
    if wrong.any():
        value = f"predictions such as {numbers[wrong][0]!r:.60}"
        raise DataError.must_be("teacher", "a model whose predictions are finite numbers", value)
    return numbers.astype(np.float64)


def _probabilities(teacher: Any, rows: Any) -> Array:
    """The probabilities of one column of classes, each row with a sum of 1 to the last digit."""
    predicted = teacher.predict_proba(rows)
    P = _finite(predicted) if not isinstance(predicted, list) else np.empty(0)
    if P.ndim != 2 or not np.allclose(P.sum(axis=1), 1, atol=1e-3):
        requirement = "a classifier of one column of classes, whose probabilities sum to 1"
        is_list = isinstance(predicted, list)
        value = f"{len(predicted)} columns" if is_list else f"others of shape {P.shape}"
        raise DataError.must_be("teacher", requirement, value, "Distill a model for each column.")
    P = np.maximum(P, 0)
    return P / P.sum(axis=1, keepdims=True)


def with_synthetic_rows(X: Any, n: int, rng: np.random.RandomState) -> Any:
    """X with n synthetic rows behind its own, of the same type."""
    m = X.shape[0]
    first = np.concatenate([rng.permutation(m) for _ in range(-(-n // m))])[:n]
    second = rng.randint(m, size=n)
    sparse = issparse(X)
    if sparse:
        rows = X.tocsr().astype(np.result_type(X.dtype, np.float32))
        change = rows[second] - rows[first]
        change.data[rng.random_sample(change.nnz) >= SWAPPED] = 0
        return vstack([rows, rows[first] + change], format="csr")
    if not is_frame(X):
        columns = [_synthetic(column, first, second, rng) for column in X.T]
        return np.concatenate([X, np.column_stack(columns).astype(X.dtype)])
    frame = nw.from_native(X, eager_only=True)
    series = []
    for name in frame.columns:
        column = frame[name]
        values = column.to_numpy() if column.dtype.is_float() else np.arange(m)
        made = _synthetic(values, first, second, rng)
        if column.dtype.is_float():
            series.append(nw.new_series(name, made, column.dtype, backend=frame.implementation))
        else:
            series.append(column[made.tolist()])
    return nw.concat([frame, frame[first.tolist()].with_columns(*series)]).to_native()


def _synthetic(values: AnyArray, first: AnyArray, second: AnyArray, rng: np.random.RandomState) -> AnyArray:
    """Values (n,) of a column (m,): those of the rows ``first``, some of ``second``; decimal numbers move."""
    mixed = values[np.where(rng.random_sample(len(first)) < SWAPPED, second, first)]
    if values.dtype.kind != "f" or (values == np.round(values))[np.isfinite(values)].all():
        return mixed
    with np.errstate(invalid="ignore"):
        step = np.abs(values[first] - values[second])
    return mixed + MOVED * np.where(np.isfinite(step), step, 0) * rng.standard_normal(len(first))
