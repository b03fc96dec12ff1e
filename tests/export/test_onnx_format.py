"""The file of ONNX: operations, a valid graph, texts, labels of refused rows, real tables, and its speed."""

import json
import sys
import timeit
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars
import pytest
from onnxruntime import InferenceSession

from deepstep import DeepClassifier, DeepRegressor, Network, NetworkClassifier
from deepstep.equations import ACTIVATIONS
from deepstep.errors import MissingPackageError
from deepstep.export import export, numpy_runtime
from deepstep.export.models import exported
from deepstep.export.onnx_format import feeds, free_texts, run, tensors_of, write
from deepstep.export.onnx_operations import OPERATIONS
from deepstep.export.program import RAW, Builder, Input, Program, Result
from deepstep.export.rows import as_raw, drawn_rows
from export_models import PRESETS, fitted

ELEMENTWISE = ACTIVATIONS.built_in - {"identity", "softmax", "increasing", "ordinal"} | {
    "cosine",
    "logarithm",
}

TABLES = {"titanic": "survived", "mpg": "mpg", "penguins": "species"}


def session(path: Path) -> InferenceSession:
    return InferenceSession(str(path), providers=["CPUExecutionProvider"])


def computed(ops: list[str], x: Any, folder: Path) -> dict[str, Any]:
    """What the graph and NumPy make of a column, by operation."""
    builder = Builder(1)
    values = [builder.add(op, RAW) for op in ops]
    output = builder.concat(*values)
    names = tuple(map(str, range(builder.widths[output])))
    column = (Input("x", "number", 0),)
    program = Program(("x",), column, tuple(builder.steps), {}, output, Result("numbers", names))
    write(program, folder / "ops.onnx", "")
    found, _ = run(folder / "ops.onnx", program, {"x": x.tolist()})
    with np.errstate(all="ignore"):
        exact = [numpy_runtime.OPERATIONS[op](x[:, np.newaxis]) for op in ops]
    ends = np.cumsum([one.shape[1] for one in exact])[:-1]
    return dict(zip(ops, zip(np.split(found, ends, axis=1), exact, strict=True), strict=True))


def test_operations_and_parts_of_dates(tmp_path: Path) -> None:
    """Where sine or cosine is nearly 0 the relative error is small, too: pieces of features may be narrow."""
    assert set(OPERATIONS) == set(numpy_runtime.OPERATIONS)
    x = np.concatenate([np.linspace(-60, 60, 4801), [1e30, -1e30, 1e-9, np.nan]])
    for op, (found, exact) in computed(sorted(ELEMENTWISE), x, tmp_path).items():
        usual = np.s_[:-4] if op == "cosine" else np.isfinite(exact[:, 0])
        assert found[usual] == pytest.approx(exact[usual], rel=1e-12, abs=1e-12), op
        assert np.isnan(found[-1]).all(), op
    days = np.concatenate([np.arange(-700_000, 2_900_000, 1_013.25), 20_000 + np.arange(97) / 96])
    for op, (found, exact) in computed(["month", "weekday", "hour"], days, tmp_path).items():
        assert found == pytest.approx(exact, rel=1e-9 if op == "hour" else 0, abs=0), op


@pytest.mark.parametrize("target", ["classes", "several", "numbers"])
def test_a_valid_graph(target: str, tmp_path: Path) -> None:
    model = fitted("network", target=target)
    certificate = export(model, tmp_path / "model.onnx")
    graph = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(graph, full_check=True)
    onnx.shape_inference.infer_shapes(graph, check_type=True, strict_mode=True, data_prop=True)
    told = {one.key: one.value for one in graph.metadata_props}
    assert told["certificate"] == str(certificate)
    assert json.loads(told["outputs"]) == [*exported(model).program.result.names]
    assert str(certificate) in graph.doc_string
    program, loaded = exported(model).program, session(tmp_path / "model.onnx")
    tensors = feeds(program, drawn_rows(program, m=40))
    for m in (40, 1, 0):
        *_, answers = loaded.run(None, {name: value[:m] for name, value in tensors.items()})
        assert answers.shape == (m, len(program.result.names))
    names = ["variable"] if target == "numbers" else ["label", "probabilities"]
    assert [one.name for one in loaded.get_outputs()] == names


@pytest.mark.parametrize(
    ("classes", "refused"), [(["x", "y"], ""), ([-1, 4], -2), ([False, True], -1), ([-(2**63), 4], "")]
)
def test_labels_of_refused_rows(classes: list[Any], refused: Any, tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 2))
    labels = np.array(classes)[(rows[:, 0] > 0).astype(int)]
    model = NetworkClassifier(4, tol=9, n_iter_no_change=1).fit(rows, labels)
    export(model, tmp_path / "model.onnx")
    X = np.array([*rows[:5], [np.inf, 0], [0, np.nan]])
    loaded = session(tmp_path / "model.onnx")
    tensors = {one.name: X[:, [at]] for at, one in enumerate(loaded.get_inputs())}
    label, probabilities = loaded.run(None, tensors)
    assert label.tolist() == [*map(type(refused), model.predict(rows[:5]).tolist()), refused, refused]
    assert probabilities.dtype == np.float64
    assert np.isnan(probabilities).any(axis=1).tolist() == [False] * 5 + [True] * 2


def test_texts_and_infinite_dates(tmp_path: Path) -> None:
    model = fitted("ensemble", "category", "text", "date")
    export(model, tmp_path / "model.onnx")
    texts = ["Fast red-CAR", "fast_car 7", "redcar", "unseen\nred", "ä car", ""]
    categories = ["red", "ä'\"\\?", "RED", " red", "", ""]
    days = np.array([18_700, np.nan, 0, 1, np.nan, 18_701.5])
    columns = {"category": categories, "text": texts}
    given: dict[str, Any] = {name: np.array(values, object)[:, None] for name, values in columns.items()}
    given |= {"x": np.full((6, 1), 0.5), "date": days[:, None]}
    loaded = session(tmp_path / "model.onnx")
    _, found = loaded.run(None, given)
    told = {name: [value or None for value in values] for name, values in columns.items()}
    moments = [None if np.isnan(day) else datetime(1970, 1, 1) + timedelta(days=float(day)) for day in days]
    rows = polars.DataFrame({"x": [0.5] * 6, **told, "date": moments})
    assert np.max(np.abs(found - model.predict_proba(rows))) < 1e-6
    wrong = np.array([[18_700.3], [np.inf], [-np.inf], [1e30], [np.nan], [0]])
    _, found = loaded.run(None, {**given, "date": wrong})
    assert np.isnan(found).any(axis=1).tolist() == [False, True, True, True, False, False]


def test_several_inputs_of_a_column(tmp_path: Path) -> None:
    blanks = {"blanks": False}
    inputs = (
        Input("label", "number", 0),
        Input("a", "presence", 1, settings=blanks),
        Input("a", "category", 2, settings={"values": ["", "??"]}),
        Input("a", "words", 3, settings={"words": ["w"]}),
        Input("b", "number", 4),
        Input("b", "category", 5, settings={"values": ["7", "u"]}),
        Input("c", "presence", 6, settings=blanks),
        Input("c", "date", 7, settings={"to_iso": (), "lenient": True}),
    )
    result = Result("classes", tuple(map(str, range(8))), tuple(range(8)))
    program = Program(("label", "a", "b", "c"), inputs, (), {}, RAW, result)
    names = [("label 0", False), *[("a", True)] * 3, ("b 4", False), ("b 5", True), *[("c", False)] * 2]
    assert tensors_of(program) == names
    assert free_texts(program, "a") == ("?", "???")
    rows = {"label": [1.5, None], "a": ["w", None], "b": ["7", None], "c": ["1970-01-03", None]}
    write(program, tmp_path / "raw.onnx", "")
    found, _ = run(tmp_path / "raw.onnx", program, rows)
    assert found[0].tolist() == [1.5, 0, 2, 1, 7, 0, 0, 2]
    assert np.array_equal(found, as_raw(program, rows), equal_nan=True)


def test_without_the_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    network = Network([2, 3, 1], seed=1)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "no onnxruntime (pip install" in str(export(network, tmp_path / "model.onnx"))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingPackageError, match=r"pip install onnx onnxruntime.* extra 'onnx'"):
        export(network, tmp_path / "other.onnx")


def best_of(times: int, call: Callable[[], Any]) -> float:
    """Seconds of the fastest of some calls."""
    return min(timeit.repeat(call, number=1, repeat=times))


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_ensembles_on_real_tables(shared: Path, name: str, tmp_path: Path) -> None:
    """Ten networks, by every format, and a row by the graph is not slower than by the model."""
    rows = polars.read_csv(
        shared / f"data/tables/{name}.csv", null_values=["NA", ""], infer_schema_length=None
    )
    rows = rows.drop_nulls(TABLES[name]).sample(100, seed=0)
    X, y = rows.drop(TABLES[name], "alive", strict=False), rows[TABLES[name]]
    kind = DeepClassifier if name in ("titanic", "penguins") else DeepRegressor
    model = kind(**{**PRESETS["ensemble"], "n_estimators": 10}).fit(X, y)
    for file in ("model.onnx", "model.py", "model.js", "model.c"):
        difference = export(model, tmp_path / file).difference
        assert difference is None or difference < (1e-7 if file == "model.c" else 1e-9)
    program = exported(model).program
    one = feeds(program, drawn_rows(program, m=1))
    loaded, predict = session(tmp_path / "model.onnx"), getattr(model, "predict_proba", model.predict)
    assert best_of(9, lambda: loaded.run(None, one)) < best_of(5, lambda: predict(X[:1]))
