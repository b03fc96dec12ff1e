"""The same bits of one network from two source trees: python tools/same_bits/networks.py write|compare FILE.

`write` fits all configurations with the tree on PYTHONPATH, `compare` with another tree, and compares. Both
need OMP_NUM_THREADS=1 and kernels in Numba's cache (run `write` twice).
"""

import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import polars
import scipy.sparse
from sklearn.datasets import load_diabetes, load_digits, load_iris

import deepstep

NEW = hasattr(deepstep, "NetworkClassifier")
"""Whether the tree has the classes of one network, else `preset="mlp"` and "single" stand for them."""

DIGITS, FIGURES = (array[:400] for array in load_digits(return_X_y=True))
IRIS, KINDS = load_iris(return_X_y=True)
ILL, COURSE = load_diabetes(return_X_y=True)
COURSE = (COURSE - COURSE.mean()) / COURSE.std()
RNG = np.random.default_rng(5)
WEIGHT = RNG.random(400)
PAID = np.where(RNG.random(400) < 0.1, np.nan, RNG.normal(100, 20, 400))
CITY = RNG.choice(["A", "B", "C"], 400)
TABLE = polars.DataFrame({"age": RNG.integers(18, 80, 400), "city": CITY, "paid": PAID})
SPENT = TABLE["age"].to_numpy() * 2 + 30 * (CITY == "B") + RNG.normal(0, 5, 400)
DATA: dict[str, tuple[Any, Any]] = {
    "digits": (DIGITS / 16, FIGURES),
    "float32": (DIGITS.astype(np.float32) / 16, FIGURES),
    "sparse": (scipy.sparse.csr_array(DIGITS / 16), FIGURES),
    "columns": (DIGITS / 16, np.stack([FIGURES > 4, FIGURES % 2], 1).astype(int)),
    "iris": (IRIS, np.array(["a", "b", "c"])[KINDS]),
    "two names": (IRIS[:100], np.array(["a", "b"])[KINDS[:100]]),
    "numbers": (ILL, COURSE),
    "two numbers": (ILL, np.stack([COURSE, COURSE**2], 1)),
}
EARLY, SGD = {"early_stopping": True}, {"solver": "sgd", "learning_rate_init": 0.3}
ADAPTIVE, SCALING = ({**SGD, "learning_rate": name} for name in ("adaptive", "invscaling"))
FITS: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in DATA),
    ("digits", EARLY),
    ("digits", {**EARLY, "scoring": "loss"}),
    ("two names", {**EARLY, "scoring": "roc_auc"}),
    ("digits", {**EARLY, "refit": True}),
    ("numbers", EARLY),
    ("digits", {"solver": "sgd"}),
    ("digits", {**ADAPTIVE, "max_iter": 100}),
    ("digits", {**SCALING, "nesterovs_momentum": False}),
    ("iris", {"solver": "lbfgs"}),
    ("numbers", {"solver": "lbfgs", "max_iter": 300}),
    ("digits", {"solver": "adamw", "dropout": 0.2, "weight_decay": 0.05}),
    ("digits", {"normalization": "batch"}),
    ("digits", {"hidden_layer_sizes": (20, 10), "activation": "logistic"}),
    ("digits", {"class_weight": "balanced"}),
    ("digits", {"schedule": "cosine"}),
    ("digits", {"batch_size": 400}),
    ("digits", {"learning_rate_init": "auto"}),
    ("iris", {"loss": "ordinal"}),
    ("numbers", {"loss": "huber"}),
    ("numbers", {"loss": "quantile", "quantiles": [0.2, 0.8]}),
]
TABLES: list[dict[str, Any]] = [
    {"loss": "squared_error"},
    {"loss": "huber", "loss_params": {"delta": 9.0}},
    {"loss": "quantile", "quantiles": [0.1, 0.9]},
    {"loss": "absolute_error"},
    {"loss": "poisson"},
    {"scoring": "loss", **EARLY},
]
SINGLE = {"hidden_layer_sizes": (64, 32), "alpha": 0.0, "tol": 0.0, "batch_size": 32, "initialization": "he"}
SINGLE |= {"optimizer_params": {"epsilon_at": "outside"}, "scale_targets": True}


def network(kind: str, **params: Any) -> Any:
    Estimator = getattr(deepstep, f"{'Network' if NEW else 'Deep'}{kind}")
    return Estimator(**params) if NEW else Estimator(**{"preset": "mlp", **params})


def fitted(data: str, params: dict[str, Any], *, parts: int = 0) -> Any:
    """Predictions, costs and counts of a fit, of several that go on, or of partial fits."""
    (X, y), kind = DATA[data], "Regressor" if "numbers" in data else "Classifier"
    model = network(kind, **{"max_iter": 40, "random_state": 3, **params})
    for part in range(parts):
        rows = slice(part * 100, part * 100 + 100)
        model.partial_fit(X[rows], y[rows], classes=np.arange(10))
    for _ in range(0 if parts else 3 if model.warm_start else 1):
        model.fit(X, y, WEIGHT if not params and data == "digits" else None)
    predicted = getattr(model, "predict_proba", model.predict)(X)
    counts = model.n_iter_, model.t_, model.best_loss_, model.best_validation_score_
    return predicted, model.loss_curve_, model.validation_scores_, counts


def of_table(params: dict[str, Any]) -> Any:
    """Predictions of one network behind a `TableEncoder`, with validation data of its own."""
    params, y = (
        {**params, "max_iter": 15, "random_state": 4, "n_iter_no_change": np.inf},
        np.round(abs(SPENT)),
    )
    rows, last = TABLE[:300], TABLE[300:]
    if not NEW:
        model = network("Regressor", preset="single", **params)
        return model.fit(rows, y[:300], WEIGHT[:300], X_val=last, y_val=y[300:]).predict(TABLE)
    encode = deepstep.TableEncoder().fit(rows).transform
    model = network("Regressor", **SINGLE, **params)
    model.fit(encode(rows), y[:300], WEIGHT[:300], X_val=encode(last), y_val=y[300:])
    return model.predict(encode(TABLE))


def works() -> Iterator[tuple[str, Callable[[], Any]]]:
    for data, params in FITS:
        yield f"{data} {params}", partial(fitted, data, params)
    for params in ({}, ADAPTIVE, SCALING):
        yield f"partial_fit {params}", partial(fitted, "digits", params, parts=4)
    for params in ({}, EARLY, ADAPTIVE, {"solver": "lbfgs"}):
        yield f"warm_start {params}", partial(fitted, "digits", {**params, "max_iter": 8, "warm_start": True})
    for params in TABLES:
        yield f"table {params}", partial(of_table, params)


def main(what: str, path: str) -> int:
    warnings.simplefilter("ignore")
    bits = {name: pickle.dumps(work()) for name, work in works()}
    if what == "write":
        with open(path, "wb") as file:
            pickle.dump(bits, file)
        return 0
    with open(path, "rb") as file:
        before = pickle.load(file)
    other = [name for name in bits if bits[name] != before[name]]
    print(f"{len(bits) - len(other)} of {len(bits)} are the same", *other, sep="\n")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
