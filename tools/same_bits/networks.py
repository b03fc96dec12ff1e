"""The same bits of one network from two source trees: python tools/same_bits/networks.py write|compare FILE.

`write` fits every configuration with the tree on PYTHONPATH and writes predictions, costs and counts;
`compare` fits them with another tree and compares. A tree with `NetworkClassifier` uses it, and a pipeline with
`TableEncoder`; one without uses `DeepClassifier` with the presets "mlp" and "single".
"""

import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars
import scipy.sparse
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.pipeline import make_pipeline

import deepstep

NEW = hasattr(deepstep, "NetworkClassifier")
DIGITS, FIGURES = (array[:400] for array in load_digits(return_X_y=True))
DIGITS = DIGITS / 16
IRIS, KINDS = load_iris(return_X_y=True)
NAMES = np.array(["a", "b", "c"])[KINDS]
ILL, COURSE = load_diabetes(return_X_y=True)
COURSE = (COURSE - COURSE.mean()) / COURSE.std()
COLUMNS = np.stack([FIGURES > 4, FIGURES % 2], 1).astype(int)
WEIGHT = np.random.default_rng(5).random(400)
BASE = {"max_iter": 40, "random_state": 3}
SGD = {"solver": "sgd", "learning_rate_init": 0.3}

CLASSES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "adam": ({}, DIGITS, FIGURES),
    "early": ({"early_stopping": True}, DIGITS, FIGURES),
    "early loss": ({"early_stopping": True, "scoring": "loss"}, DIGITS, FIGURES),
    "early names auc": ({"early_stopping": True, "scoring": "roc_auc"}, IRIS[:100], NAMES[:100]),
    "sgd nesterov": ({"solver": "sgd"}, DIGITS, FIGURES),
    "sgd adaptive": ({**SGD, "learning_rate": "adaptive", "max_iter": 100}, DIGITS, FIGURES),
    "sgd invscaling": ({**SGD, "learning_rate": "invscaling", "nesterovs_momentum": False}, DIGITS, FIGURES),
    "lbfgs": ({"solver": "lbfgs"}, IRIS, NAMES),
    "adamw dropout": ({"solver": "adamw", "dropout": 0.2, "weight_decay": 0.05}, DIGITS, FIGURES),
    "batchnorm": ({"normalization": "batch"}, DIGITS, FIGURES),
    "two layers": ({"hidden_layer_sizes": (20, 10), "activation": "logistic"}, DIGITS, FIGURES),
    "refit": ({"early_stopping": True, "refit": True}, DIGITS, FIGURES),
    "class_weight": ({"class_weight": "balanced"}, DIGITS, FIGURES),
    "float32": ({}, DIGITS.astype(np.float32), FIGURES),
    "sparse": ({}, scipy.sparse.csr_array(DIGITS), FIGURES),
    "multilabel": ({}, DIGITS, COLUMNS),
    "cosine": ({"schedule": "cosine", "max_iter": 30}, DIGITS, FIGURES),
    "full batch": ({"batch_size": 400}, DIGITS, FIGURES),
    "ordinal": ({"loss": "ordinal"}, IRIS, KINDS),
    "searched rate": ({"learning_rate_init": "auto"}, DIGITS, FIGURES),
}
NUMBERS: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "numbers adam": ({}, ILL, COURSE),
    "numbers lbfgs": ({"solver": "lbfgs", "max_iter": 300}, ILL, COURSE),
    "huber": ({"loss": "huber"}, ILL, COURSE),
    "quantile": ({"loss": "quantile", "quantiles": [0.2, 0.8]}, ILL, COURSE),
    "two outputs": ({}, ILL, np.stack([COURSE, COURSE**2], 1)),
    "numbers early": ({"early_stopping": True}, ILL, COURSE),
}
PARTIAL: tuple[dict[str, Any], ...] = (
    {},
    *({**SGD, "learning_rate": how} for how in ("adaptive", "invscaling")),
)
WARM: tuple[dict[str, Any], ...] = ({}, {"early_stopping": True}, {"solver": "lbfgs"})
WARM += ({**SGD, "learning_rate": "adaptive"},)
LOSSES: dict[str, dict[str, Any]] = {
    "squared_error": {},
    "huber": {"loss_params": {"delta": 9.0}},
    "quantile": {"quantiles": [0.1, 0.9]},
    "absolute_error": {},
    "poisson": {},
}
SINGLE = {
    "hidden_layer_sizes": (64, 32),
    "alpha": 0.0,
    "tol": 0.0,
    "n_iter_no_change": np.inf,
    "batch_size": 32,
}
SINGLE |= {"initialization": "he", "optimizer_params": {"epsilon_at": "outside"}, "random_state": 4}


def mlp(kind: str, **params: Any) -> Any:
    if NEW:
        return getattr(deepstep, f"Network{kind}")(**params)
    return getattr(deepstep, f"Deep{kind}")(preset="mlp", **params)


def measured(model: Any, X: Any) -> tuple[Any, ...]:
    predicted = getattr(model, "predict_proba", model.predict)(X)
    return predicted, model.loss_curve_, model.validation_scores_, model.n_iter_, model.t_, model.best_loss_


def table() -> tuple[polars.DataFrame, Any]:
    rng, m = np.random.default_rng(5), 400
    paid = np.where(rng.random(m) < 0.1, np.nan, rng.normal(100, 20, m))
    X = polars.DataFrame(
        {"age": rng.integers(18, 80, m), "city": rng.choice(["A", "B", "C"], m), "paid": paid}
    )
    return X, X["age"].to_numpy() * 2 + 30 * (X["city"].to_numpy() == "B") + rng.normal(0, 5, m)


def single(kind: str, X: Any, y: Any, weight: Any = None, val: Any = None, **params: Any) -> Any:
    """Predictions of one network on a table; a pipeline encodes validation data by hand."""
    if not NEW:
        early = {} if val is None else {"X_val": val[0], "y_val": val[1], "early_stopping": True}
        given = {name: early.pop(name) for name in ("X_val", "y_val") if early}
        model = getattr(deepstep, f"Deep{kind}")(
            preset="single", random_state=4, n_iter_no_change=np.inf, **early, **params
        )
        return model.fit(X, y, weight, **given).predict(table()[0])
    scaled = {"scale_targets": True} if kind == "Regressor" else {}
    network = mlp(kind, **{**SINGLE, **scaled, **params}, early_stopping=val is not None)
    encoder = deepstep.TableEncoder().fit(X)
    given = {} if val is None else {"X_val": encoder.transform(val[0]), "y_val": val[1]}
    network.fit(encoder.transform(X), y, weight, **given)
    return make_pipeline(encoder, network).predict(table()[0])


def results() -> Iterator[tuple[str, Callable[[], Any]]]:
    for kind, cases in (("Classifier", CLASSES), ("Regressor", NUMBERS)):
        for name, (params, X, y) in cases.items():
            yield name, lambda k=kind, p=params, X=X, y=y: measured(mlp(k, **{**BASE, **p}).fit(X, y), X)
    yield "weights", lambda: measured(mlp("Classifier", **BASE).fit(DIGITS, FIGURES, WEIGHT), DIGITS)
    for params in PARTIAL:
        yield f"partial_fit {params}", lambda p=params: measured(several(p, partial=True), DIGITS)
    for params in WARM:
        yield f"warm_start {params}", lambda p=params: measured(several(p, partial=False), DIGITS)
    X, y = table()
    for loss, params in LOSSES.items():
        given = {"loss": loss, "max_iter": 15, **params}
        yield f"table {loss}", lambda g=given: single("Regressor", X, np.round(abs(y)), WEIGHT, **g)
    yield "table classes", lambda: single("Classifier", X, y > 100, max_iter=15)
    val, stops = (X[300:], y[300:]), {"scoring": "loss", "max_iter": 30}
    yield "table early", lambda: single("Regressor", X[:300], y[:300], val=val, **stops)


def several(params: dict[str, Any], *, partial: bool) -> Any:
    model = mlp(
        "Classifier", random_state=1, **({} if partial else {"warm_start": True, "max_iter": 8}), **params
    )
    for part in range(4):
        rows = slice(part * 100, part * 100 + 100)
        if partial:
            model.partial_fit(DIGITS[rows], FIGURES[rows], classes=np.arange(10))
        else:
            model.fit(DIGITS, FIGURES)
    return model


def main(what: str, path: str) -> int:
    warnings.simplefilter("ignore")
    found = {name: fit() for name, fit in results()}
    if what == "write":
        with open(path, "wb") as file:
            pickle.dump(found, file)
        return 0
    with open(path, "rb") as file:
        before = pickle.load(file)
    other = [name for name in found if pickle.dumps(found[name]) != pickle.dumps(before[name])]
    print(f"{len(found) - len(other)} of {len(found)} are the same", *other, sep="\n")
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
