"""A table with a column of each kind, and models that were fitted on it for a moment.

``PYTHONPATH=src python tests/export_models.py`` prints a table: format × preset × kind of column, with the
largest difference of each export, or the reason of its refusal.
"""

import datetime
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars
from sklearn.exceptions import ConvergenceWarning

from deepstep import DeepClassifier, DeepRegressor, Network, NetworkClassifier, NetworkRegressor
from deepstep.equations import ACTIVATIONS, HEADS
from deepstep.errors import ConfigurationError
from deepstep.estimators.table_encoder import table_network
from deepstep.export import FORMATS, export
from deepstep.export.formats import get_format

M = 90

QUICK: dict[str, Any] = {"random_state": 3, "engine": "reference"}

PRESETS: dict[str, dict[str, Any]] = {
    "ensemble": {"n_estimators": 5, "network_params": {"epochs": 2}, **QUICK},
    "network": {"max_iter": 2, **QUICK},
    "network in float32": {"max_iter": 2, "dtype": "float32", **QUICK},
}
"""Parameters of an ensemble, or of one network behind a `TableEncoder`."""


def columns() -> dict[str, list[Any]]:
    """Raw values of a column of each kind; each has missing ones."""
    rng = np.random.default_rng(7)
    day = datetime.datetime(2021, 3, 1)
    words = ["red", "blue", "green", "fast car", "slow car", "old"]
    found: dict[str, list[Any]] = {
        "number": rng.normal(50, 9, M).tolist(),
        "whole": rng.integers(0, 5, M).tolist(),
        "written": [f"{value:,.1f} kg" for value in rng.uniform(900, 9000, M)],
        "percent": [f"{value:.2f}%" for value in rng.uniform(0, 9, M)],
        "boolean": (rng.random(M) < 0.4).tolist(),
        "date": [day + datetime.timedelta(hours=int(hours)) for hours in rng.integers(0, 20_000, M)],
        "german date": [f"{d:02}.{m:02}.2020" for d, m in rng.integers(1, 13, (M, 2))],
        "duration": [datetime.timedelta(seconds=int(value)) for value in rng.integers(0, 9_000, M)],
        "two values": ["yes" if one else "no" for one in rng.random(M) < 0.5],
        "category": [["red", "blue", "ä'\"\\?"][at] for at in rng.integers(3, size=M)],
        "text": [f"{words[a]} {words[b]} {at}" for at, (a, b) in enumerate(rng.integers(0, 6, (M, 2)))],
        "constant": ["same"] * M,
        "constant number": [7.5] * M,
        "named date": [
            (day + datetime.timedelta(days=at)).strftime("%d-%b-%y") for at in range(-20 * M, 20 * M, 40)
        ],
    }
    for values in found.values():
        for at in rng.integers(0, M, 7):
            values[at] = None
    return found


KINDS = tuple(columns())


@cache
def table(*kinds: str) -> polars.DataFrame:
    """The table of some of the columns, and one of plain numbers."""
    every = columns()
    plain = np.random.default_rng(1).normal(0, 1, M)
    return polars.DataFrame({"x": plain, **{kind: every[kind] for kind in kinds or KINDS}})


TARGETS: dict[str, tuple[Any, dict[str, Any], Callable[[np.random.Generator], Any]]] = {
    "classes": (DeepClassifier, {}, lambda rng: np.array([*"abc"])[rng.integers(0, 3, M)]),
    "two classes": (DeepClassifier, {}, lambda rng: np.array([*"ab"])[rng.integers(0, 2, M)]),
    "ordered": (DeepClassifier, {"loss": "ordinal"}, lambda rng: np.array([*"abc"])[rng.integers(0, 3, M)]),
    "several": (DeepClassifier, {}, lambda rng: rng.integers(0, 2, (M, 3))),
    "numbers": (DeepRegressor, {}, lambda rng: 1000 + 300 * rng.normal(size=M)),
    "counts": (DeepRegressor, {"loss": "poisson"}, lambda rng: rng.integers(0, 9, M)),
    "quantiles": (
        DeepRegressor,
        {"loss": "quantile", "quantiles": [0.2, 0.8]},
        lambda rng: rng.normal(size=M),
    ),
}


def one_network(rows: Any, y: Any, *, classes: bool = True, **parameters: Any) -> Any:
    """A fitted pipeline of a `TableEncoder` and one network that is trained for a moment."""
    parameters = {"max_iter": 2, "random_state": 3, "engine": "reference", **parameters}
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return table_network(
            NetworkClassifier if classes else NetworkRegressor, rows=len(y), **parameters
        ).fit(rows, y)


@cache
def fitted(preset: str, *kinds: str, target: str = "classes") -> Any:
    """An ensemble, or a pipeline of one network, fitted on the table."""
    estimator, settings, labels = TARGETS[target]
    settings = {**settings, **PRESETS[preset]}
    rows, y = table(*kinds), labels(np.random.default_rng(2))
    if preset.startswith("network"):
        return one_network(rows, y, classes=estimator is DeepClassifier, **settings)
    return estimator(**settings).fit(rows, y)


def networks() -> dict[str, Network]:
    """A network with each head; together they have each activation and each part."""
    periodic = {"periodic_embedding": {"frequencies": 4, "outputs": 2, "scale": 0.5, "inputs": [0, 2]}}
    parts: list[dict[str, Any]] = [
        {"features": periodic, "normalization": "layer", "input_scale": True},
        {"normalization": "batch"},
        {"normalization": "layer"},
        {"features": periodic},
        {"input_scale": True},
        {"dtype": "float32"},
        {},
        {},
    ]
    heads, activations = sorted(HEADS.built_in), sorted(ACTIVATIONS.built_in)
    networks = {}
    for at, head in enumerate(heads):
        part = parts[at % len(parts)]
        hidden = [activations[(4 * at + layer) % len(activations)] for layer in range(4)]
        network = Network([3, 6, 5, 5, 4, 3], activation=hidden, output=head, seed=at, **part)
        networks[f"{head}, {', '.join([*part, *hidden])}"] = network
    return networks


def cell(model: Any, name: str) -> str:
    """The largest difference of an export, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            certificate = export(model, Path(folder) / f"model{get_format(name).suffix}", to=name)
        except ConfigurationError as error:
            return f"refused: {error.problem}"
    return str(certificate) if certificate.difference is None else f"{certificate.difference:.0e}"


def main() -> None:
    """Print the table as Markdown."""
    print(f"| preset | columns | {' | '.join(FORMATS)} |\n|{'---|' * (2 + len(FORMATS))}")
    for preset in PRESETS:
        for kinds in [*((kind,) for kind in KINDS), KINDS]:
            model = fitted(preset, *kinds)
            shown = "all" if kinds == KINDS else kinds[0]
            print(f"| {preset} | {shown} | {' | '.join(cell(model, name) for name in FORMATS)} |", flush=True)


if __name__ == "__main__":
    main()
