"""Exports of the default ensemble: milliseconds for one row and 10,000 rows, beside DeepStep's own.

``python benchmarks/export.py`` on a drawn table, or ``python benchmarks/export.py FILE.csv TARGET``. Formats
come from the registry. ``numpy``, ``c`` and ``onnx`` are loaded in this process before the clock runs. Any
other format is run as for its certificate, so that its times include the start of its program. In each round
each works once, and the best round counts.
"""

import argparse
import ctypes
import runpy
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

import numpy as np  # noqa: E402
import polars  # noqa: E402

from deepstep import DeepClassifier, DeepRegressor  # noqa: E402
from deepstep.errors import ConfigurationError  # noqa: E402
from deepstep.export import FORMATS  # noqa: E402
from deepstep.export.c_format import compiler  # noqa: E402
from deepstep.export.formats import get_format  # noqa: E402
from deepstep.export.models import exported  # noqa: E402
from deepstep.export.onnx_format import feeds  # noqa: E402
from deepstep.export.program import Program  # noqa: E402
from deepstep.export.rows import as_raw  # noqa: E402
from machine import machine  # noqa: E402

PACKAGES = ("numpy", "polars", "onnx", "onnxruntime")
SIZES = (1, 10_000)
ROUNDS = {1: 50, 10_000: 2}

Rows = Mapping[str, list[Any]]
Predictor = Callable[[Rows], Callable[[], Any]]
"""Rows by column → a call without arguments that predicts them."""

MANY = """
#include "model.c"
void many(const double *rows, float *out, int m) {{
    for (int i = 0; i < m; i++) {call};
}}
"""


def _numpy(path: Path, program: Program) -> Predictor:
    outputs = runpy.run_path(str(path))["outputs"]
    return lambda rows: lambda: outputs(rows)


def _onnx(path: Path, program: Program) -> Predictor:
    from onnxruntime import InferenceSession

    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def prepared(rows: Rows) -> Callable[[], Any]:
        tensors = feeds(program, rows)
        return lambda: session.run(None, tensors)

    return prepared


def _c(path: Path, program: Program) -> Predictor:
    n = len(program.result.names)
    call = (
        "out[i] = predict(rows + i * N_INPUTS)"
        if n == 1
        else "predict(rows + i * N_INPUTS, out + i * N_OUTPUTS)"
    )
    library = path.with_suffix(".so")
    source = path.with_name("many.c")
    source.write_text(MANY.format(call=call), encoding="utf-8")
    command = [*compiler(), "-std=c99", "-O2", "-shared", "-fPIC", str(source), "-lm", "-o", str(library)]
    subprocess.run(command, check=True)
    many = ctypes.CDLL(str(library)).many

    def prepared(rows: Rows) -> Callable[[], Any]:
        raw = as_raw(program, rows)
        out = np.empty((len(raw), n), np.float32)
        return lambda: many(
            raw.ctypes.data_as(ctypes.c_void_p), out.ctypes.data_as(ctypes.c_void_p), len(raw)
        )

    return prepared


LOADED: dict[str, Callable[[Path, Program], Predictor]] = {"numpy": _numpy, "c": _c, "onnx": _onnx}


def _started(name: str) -> Callable[[Path, Program], Predictor]:
    kind = get_format(name)
    return lambda path, program: lambda rows: lambda: kind.run(path, program, rows)


def drawn_table() -> tuple[polars.DataFrame, str]:
    """1,000 rows of six numbers and two columns of texts, with missing values, of three classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_000, 6))
    columns: dict[str, Any] = {
        f"x{at}": np.where(rng.random(1_000) < 0.02, None, X[:, at]) for at in range(6)
    }
    columns["colour"] = rng.choice(["red", "green", "blue", None], 1_000)
    columns["size"] = rng.choice(["small", "medium", "large", "huge"], 1_000)
    score = X[:, 0] * X[:, 1] + X[:, 2] + (columns["size"] == "huge")
    table = polars.DataFrame(
        {name: polars.Series(name, list(values), strict=False) for name, values in columns.items()}
    )
    return table.with_columns(y=polars.Series(np.digitize(score, [-0.5, 0.7]).astype(str))), "y"


def best(calls: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Milliseconds of the best round of each call."""
    found = dict.fromkeys(calls, float("inf"))
    for at in range(rounds + 1):  # the first one warms up
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            passed = time.perf_counter() - begin
            found[name] = min(found[name], passed) if at else found[name]
    return {name: seconds * 1e3 for name, seconds in found.items()}


def fitted(asked: argparse.Namespace) -> tuple[Any, polars.DataFrame]:
    """The default ensemble, trained for a moment, and the columns of its table."""
    table, target = drawn_table()
    if asked.file is not None:
        table, target = (
            polars.read_csv(asked.file, null_values=["NA", ""], infer_schema_length=None),
            asked.target,
        )
        table = table.drop_nulls(target).sample(fraction=1, shuffle=True, seed=0)
    X, y = table.drop(target), table[target]
    numbers = y.dtype.is_numeric() and y.n_unique() > 20
    model = (DeepRegressor if numbers else DeepClassifier)(
        n_estimators=asked.networks, network_params={"epochs": asked.epochs}, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        return model.fit(X[: asked.rows], y[: asked.rows]), X


def predictor(model: Any, name: str, folder: Path, program: Program) -> Predictor | None:
    """The export in a format, ready to predict; None where it refuses the model or nothing runs it."""
    path = folder / name / f"model{get_format(name).suffix}"
    path.parent.mkdir()
    try:
        certificate = model.export(path, to=name)
    except ConfigurationError as error:
        print(f"{name}: {error}\n")
        return None
    print(f"{name}: {certificate}\n")
    return None if certificate.difference is None else LOADED.get(name, _started(name))(path, program)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, help="a CSV file")
    parser.add_argument("target", nargs="?", help="its column of answers")
    parser.add_argument("--networks", type=int, default=25)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000, help="rows of training, at most")
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    asked = parser.parse_args(arguments)
    told = machine(PACKAGES, 1)
    print(f"{told['date']}, {told['processor']}, {told['versions']}, load {told['load_before']} before\n")
    model, X = fitted(asked)
    predict, program = getattr(model, "predict_proba", model.predict), exported(model).program
    print(f"{len(model.ensemble_.members)} networks, {program.n_numbers:,} numbers\n")
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        made = {name: predictor(model, name, Path(folder), program) for name in asked.formats}
        for m in SIZES:
            given = polars.concat([X] * -(-m // len(X)))[:m]
            rows = given.to_dict(as_series=False)
            calls = {name: make(rows) for name, make in made.items() if make is not None}
            found[m] = best({"deepstep": partial(predict, given), **calls}, ROUNDS[m])
    print("| | 1 row, ms | 10,000 rows, ms | deepstep ÷ this, 1 row |\n|---|---|---|---|")
    for name in found[1]:
        ratio = found[1]["deepstep"] / found[1][name]
        print(f"| {name} | {found[1][name]:.3g} | {found[10_000][name]:,.0f} | {ratio:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
