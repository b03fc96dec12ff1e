"""Whether two source trees fit the same ensembles, to the bit: 60 generated tables.

    PYTHONPATH=BEFORE/src python tools/same_bits/ensembles.py write before.npz
    PYTHONPATH=AFTER/src python tools/same_bits/ensembles.py write after.npz
    python tools/same_bits/ensembles.py compare before.npz after.npz

A tree before the two families of estimators is asked by the names of its parameters.
"""

import sys
import tempfile
import warnings
from inspect import signature
from pathlib import Path

import numpy as np
import polars

import deepstep
from deepstep import DeepClassifier, DeepRegressor

OLD = hasattr(DeepClassifier, "preset")
RENAMED = {
    "epochs": "max_iter",
    "hidden_layers": "hidden_layer_sizes",
    "learning_rate": "learning_rate_init",
    "l2": "alpha",
}
"""Parameters for all members by their names before."""


def table(m, kinds, seed):
    """Columns of these kinds, and a number that depends on them."""
    rng = np.random.default_rng(seed)
    columns, signal = {}, np.zeros(m)
    for index, kind in enumerate(kinds):
        x = rng.normal(size=m)
        signal += (1 + index % 3) * np.where(index % 2, np.abs(x), x)
        name = f"{kind}{index}"
        if kind == "number":
            columns[name] = x
        elif kind == "holes":
            columns[name] = [
                None if hole else value for value, hole in zip(x, rng.random(m) < 0.1, strict=True)
            ]
        elif kind == "text":
            columns[name] = [f"city {int(value * 2)}" for value in x]
        elif kind == "date":
            columns[name] = polars.Series(np.datetime64("2020-01-01") + (x * 300).astype("timedelta64[D]"))
        else:
            columns[name] = (x > 0.3).tolist()
    return polars.DataFrame(columns), signal + rng.normal(size=m)


def labels(signal, n):
    """Labels by quantiles of a signal."""
    return np.array([f"class {c}" for c in np.digitize(signal, np.quantile(signal, np.arange(1, n) / n))])


ALL = ("number", "number", "holes", "text", "date", "truth")
FEW = ("number", "holes", "text")
NUMBERS = ("number",) * 5
FAST = {"effort": "fast"}
SHORT = {"effort": "fast", "network_params": {"epochs": 6}}


def cases():
    """Name, rows, columns, target, parameters, and arguments of fit."""
    for n in (2, 3, 5):
        for m in (60, 300, 900):
            yield f"{n} classes, {m} rows", m, ALL, n, FAST, ()
    for m in (40, 300, 900):
        yield f"numbers, {m} rows", m, ALL, "number", FAST, ()
        yield f"two targets, {m} rows", m, FEW, "two", FAST, ()
        yield f"weights, {m} rows", m, FEW, 2, FAST, ("weight",)
        yield f"weights of numbers, {m} rows", m, FEW, "number", FAST, ("weight",)
        yield f"groups, {m} rows", m, FEW, 3, FAST, ("groups",)
        yield f"groups of numbers, {m} rows", m, FEW, "number", FAST, ("groups",)
        yield f"time, {m} rows", m, FEW, "number", {**FAST, "validation": "time"}, ()
        yield f"validation data, {m} rows", m, FEW, 2, FAST, ("validation",)
    yield "7 rows", 7, FEW, 2, FAST, ()
    yield "9 rows of numbers", 9, FEW, "number", FAST, ()
    yield "balanced, 400 rows", 400, ALL, 2, {"effort": "balanced"}, ()
    yield "balanced, 2500 rows", 2500, ALL, "number", SHORT | {"effort": "balanced"}, ()
    yield "13,000 rows", 13_000, FEW, 2, SHORT, ()
    yield "array of numbers", 500, NUMBERS, 2, FAST, ("array",)
    yield "wide", 200, NUMBERS * 16, 2, FAST, ("array",)
    yield "sparse", 300, NUMBERS, 2, FAST, ("sparse",)
    yield "n_estimators", 300, ALL, 2, {"n_estimators": 7}, ()
    yield "n_estimators=1", 300, ALL, "number", {"n_estimators": 1}, ()
    yield "float64", 300, ALL, 2, {**FAST, "dtype": "float64"}, ()
    yield "class weights", 300, ALL, 3, {**FAST, "class_weight": "balanced"}, ()
    yield "ordinal", 300, ALL, 4, {**FAST, "loss": "ordinal"}, ()
    yield "soft targets", 300, FEW, "soft", {**FAST, "soft_targets": True}, ()
    yield "several columns of 0 and 1", 300, FEW, "indicators", FAST, ()
    for loss in ("absolute_error", "huber", "quantile"):
        params = {"loss_params": {"delta": 0.7}} if loss == "huber" else {}
        yield loss, 300, FEW, "number", {**FAST, "loss": loss, **params}, ()
    yield "poisson", 300, FEW, "count", {**FAST, "loss": "poisson"}, ()
    yield "categorical", 300, ALL, 2, {**FAST, "categorical_features": ["number0"]}, ()
    yield "refit", 300, ALL, 2, {**FAST, "refit": True}, ()
    yield "refit of numbers", 300, ALL, "number", {**FAST, "refit": True}, ()
    params = {"epochs": 9, "dropout": 0.3, "hidden_layers": (32,), "l2": 0.01, "learning_rate": 0.02}
    yield "parameters for all members", 300, ALL, 2, {**FAST, "network_params": params}, ()
    for n in (2, "number"):
        yield f"stream, {n}", 3000, FEW, n, {"network_params": {"epochs": 5}}, ("stream",)
    yield "stream with weights", 3000, FEW, 2, {"network_params": {"epochs": 5}}, ("stream", "weight")
    yield (
        "stream with validation data",
        3000,
        FEW,
        2,
        {"network_params": {"epochs": 5}},
        ("stream", "validation"),
    )


def target(kind, signal, rng):
    """y of a kind."""
    if isinstance(kind, int):
        return labels(signal, kind)
    if kind == "two":
        return np.column_stack([signal, signal**2])
    if kind == "count":
        return rng.poisson(np.exp(np.clip(signal / 4, -2, 2)))
    if kind == "indicators":
        return np.column_stack([signal > 0, signal > 2]).astype(int)
    if kind == "soft":
        p = 1 / (1 + np.exp(-signal))
        return np.column_stack([p, 1 - p])
    return signal


def fitted(m, kinds, kind, params, arguments, folder):
    """The estimator of a case, and rows to predict."""
    X, signal = table(m + 50, kinds, seed=m)
    rng = np.random.default_rng(1)
    y, weight = target(kind, signal, rng), rng.integers(0, 4, m + 50).astype(float)
    fit = {}
    if "weight" in arguments:
        fit["sample_weight"] = weight[:m]
    if "groups" in arguments:
        fit["groups"] = rng.integers(0, max(6, m // 20), m)
    if "validation" in arguments:
        fit["X_val"], fit["y_val"] = X[m:], y[m:]
    if "array" in arguments:
        X = X.to_numpy()
    if "sparse" in arguments:
        from scipy.sparse import csr_array

        X = csr_array(np.where(np.abs(X.to_numpy()) > 0.5, X.to_numpy(), 0))
    params = dict(params)
    if OLD:
        members = params.pop("network_params", {})
        params |= {RENAMED.get(name, name): value for name, value in members.items()}
        params.setdefault("dtype", "auto")
    estimator = DeepRegressor if kind in ("number", "two", "count") else DeepClassifier
    model = estimator(random_state=3, **params)
    if "stream" in arguments:
        frame = X[:m].with_columns(polars.Series("y", y[:m]))
        if "weight" in arguments:
            fit["sample_weight"] = "w"
            frame = frame.with_columns(polars.Series("w", weight[:m]))
        frame.write_parquet(folder / "rows.parquet", row_group_size=500)
        return model.set_params(stream=True).fit(folder / "rows.parquet", "y", **fit), X[m:]
    return model.fit(X[:m], y[:m], **fit), X[m:]


def results(model, rows):
    """What must be equal."""
    ensemble = model.ensemble_
    named = [
        (member.preset if isinstance(member.preset, str) else member.preset.name)
        for member in ensemble.members
    ]
    costs = [member.validation_cost for member in ensemble.members]
    values = {
        "predictions": model.predict(rows).astype(str)
        if hasattr(model, "predict_proba")
        else model.predict(rows),
        "members": np.array(
            [f"{name} {member.fold}" for name, member in zip(named, ensemble.members, strict=True)]
        ),
        "epochs": np.array([[member.epochs, member.best_epoch or 0] for member in ensemble.members]),
        "costs": np.array([np.nan if cost is None else cost for cost in costs]),
        "scores": np.array([np.nan if row["score"] is None else row["score"] for row in model.leaderboard()]),
        "weights": np.array([*ensemble.weights.values()]),
        "temperatures": np.array([*ensemble.temperatures.values()]),
        "tried": np.array(
            [str((t.preset, t.folds, t.epochs, t.loss, t.weight, t.outcome)) for t in model.tried_]
        ),
    }
    if hasattr(model, "predict_proba"):
        values["probabilities"], values["temperature"] = (
            model.predict_proba(rows),
            np.array(model.temperature_),
        )
    if ensemble.out_of_fold is not None:
        values["out of fold"] = ensemble.out_of_fold
        if not (
            getattr(model, "loss", "") == "quantile" or (model.targets_.several and model.targets_.is_classes)
        ):
            # a commit of before may take the share that is missed
            ask = model.predict_set if hasattr(model, "predict_proba") else model.predict_interval
            share = {"coverage": 0.8} if "coverage" in signature(ask).parameters else {"alpha": 0.2}
            values["sets or intervals"] = ask(rows, **share)
    return values


def write(path, only=""):
    """Fit all cases, and write what they gave."""
    arrays = {}
    for name, *case in cases():
        if only in name:
            with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
                values = results(*fitted(*case, Path(folder)))
            arrays |= {f"{name}: {key}": value for key, value in values.items()}
            print(name, flush=True)
    np.savez(path, **arrays)


def compare(before, after):
    """Print each difference, and how many cases are equal."""
    first, second = np.load(before), np.load(after)
    names = sorted({key.partition(": ")[0] for key in {*first, *second}})
    different = set()
    for key in sorted({*first, *second}):
        same = key in first and key in second
        same = (
            same and first[key].dtype == second[key].dtype and first[key].tobytes() == second[key].tobytes()
        )
        if not same:
            different.add(key.partition(": ")[0])
            print("differs:", key)
    print(f"{len(names) - len(different)} of {len(names)} tables are equal to the bit")
    return bool(different)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        print(deepstep.__file__)
        write(*sys.argv[2:])
    else:
        sys.exit(compare(*sys.argv[2:]))
