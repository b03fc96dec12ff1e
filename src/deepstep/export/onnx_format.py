"""The format ``onnx``: one graph with named inputs, whose outputs have the names that sklearn-onnx gives."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepstep import __version__
from deepstep.errors import ConfigurationError, missing_package
from deepstep.export.c_format import MEANINGS
from deepstep.export.certificate import BOUND, CannotRunError
from deepstep.export.formats import Format
from deepstep.export.numpy_runtime import is_missing, text_of
from deepstep.export.onnx_operations import DOUBLE, FLOAT, INT64, OPERATIONS, Graph, Value, sum_of_columns, where
from deepstep.export.program import RAW, Input, Program
from deepstep.export.rows import as_raw
from deepstep.types import AnyArray, Array

OPSETS = {"": 20, "ai.onnx.ml": 3}
"""Versions of the operators; RegexFullMatch, for words, is there from 20 on."""

IR_VERSION = 9
STRING = 8
TEXTS = ("category", "words")
"""Kinds of inputs that are texts."""

WORD = r"(?is)(.*[^\pL\pN])?{}([^\pL\pN].*)?"
"""A text that has a word."""

MATRIX = "X"


def tensor_names(program: Program, outputs: tuple[str, ...]) -> list[str]:
    """The name of the tensor of each input, its column where that is free; the texts of a column are one tensor."""
    taken: dict[str, bool] = dict.fromkeys(["", *outputs], False)
    names = []
    for one in program.inputs:
        texts, name = one.kind in TEXTS, one.column
        while name in taken and not (texts and taken[name]):
            name = f"{name} {one.kind}".strip()
        taken[name] = texts
        names.append(name)
    return names


def missing_text(one: Input) -> str:
    """The text that stands for a missing value: the empty one, where that is no category."""
    text = ""
    while text in one.settings.get("values", ()):
        text += "?"
    return text


def _described(one: Input) -> str:
    if one.kind in TEXTS:
        return f"a text; {missing_text(one)!r} is a missing value"
    return f"{MEANINGS[one.kind]}; NaN is a missing value"


def _category(text: Value, one: Input) -> Value:
    keys = [*one.settings["values"], missing_text(one)]
    places = [*map(float, range(len(keys) - 1)), float("nan")]
    made = text.to(
        "LabelEncoder",
        domain="ai.onnx.ml",
        keys_strings=keys,
        values_floats=places,
        default_float=len(keys) - 1.0,
    )
    return made.to("Cast", to=DOUBLE)


def _words(text: Value, one: Input) -> Value:
    found = [text.to("RegexFullMatch", pattern=WORD.format(word)) for word in one.settings["words"]]
    return found[0].to("Concat", *found[1:], axis=1).to("Cast", to=DOUBLE)


READERS = {"category": _category, "words": _words}
"""Columns of ``raw`` from a tensor of texts; numbers are what they are."""


def _label(graph: Graph, program: Program, found: Value) -> tuple[Value, int]:
    """The most probable class, or 0 and 1, and its type; for a row that is refused what is no class."""
    if program.result.kind == "labels":
        return where(found.to("IsNaN"), -1.0, (found > 0.5).to("Cast", to=DOUBLE)).to("Cast", to=INT64), INT64
    classes = list(program.result.classes)
    types = {type(one) for one in classes}
    if types <= {int, bool}:
        table, kind = np.array([*classes, min(-1, min(classes) - 1)], np.int64), INT64
    elif types <= {int, float}:
        table, kind = np.array([*classes, np.nan]), DOUBLE
    else:
        table, kind = np.array([*program.result.names, ""], object), STRING
    best = found.to("ArgMax", axis=1, keepdims=0)
    refused = sum_of_columns(found).to("Squeeze", np.array([1])).to("IsNaN")
    return graph.add("Gather", table, where(refused, np.array(len(classes)), best)), kind


def _outputs(program: Program) -> tuple[str, ...]:
    return ("variable",) if program.result.kind == "numbers" else ("label", "probabilities")


def _graph(program: Program, names: list[str], *, matrix: bool) -> tuple[Graph, dict[str, tuple[Value, int]]]:
    """The nodes, and the outputs by name with their types."""
    prefix = "#"
    while any(name.startswith(prefix) for name in names):
        prefix += "#"
    graph = Graph(prefix)
    if matrix:
        raw = Value(graph, MATRIX).to("Cast", to=DOUBLE)
    else:
        tensors = [Value(graph, name) for name in names]
        pairs = zip(tensors, program.inputs, strict=True)
        parts = [READERS[one.kind](x, one) if one.kind in READERS else x for x, one in pairs]
        raw = graph.add("Concat", *parts, axis=1)
    raw.n = program.n_raw
    values = {RAW: raw}
    for step in program.steps:
        made = OPERATIONS[step.op](*[values[name] for name in step.reads], **program.arrays(step), **step.settings)
        values[step.out] = Value(graph, made.name, step.n)
    refused = (raw - raw).to("IsNaN") if program.needs_all else raw.to("IsInf")
    found = values[program.output] + sum_of_columns(where(refused, np.nan, 0.0))
    kind = FLOAT if matrix else DOUBLE
    outputs = {_outputs(program)[-1]: (found.to("Cast", to=FLOAT) if matrix else found, kind)}
    if program.result.kind != "numbers":
        outputs = {"label": _label(graph, program, found), **outputs}
    return graph, outputs


def _typed_inputs(program: Program, names: list[str], *, matrix: bool) -> Iterator[tuple[str, int, int, str]]:
    """Name, type, columns and description of each input."""
    if matrix:
        text = ", ".join(f"{one.column!r} ({MEANINGS[one.kind]})" for one in program.inputs)
        yield MATRIX, FLOAT, program.n_raw, f"columns {text}; NaN is a missing value"
        return
    for name, one in dict(zip(names[::-1], program.inputs[::-1], strict=True)).items():
        yield name, STRING if one.kind in TEXTS else DOUBLE, 1, _described(one)


def write(program: Program, path: Path, note: str, *, matrix: bool = False) -> list[Path]:
    """Write the file."""
    try:
        from onnx import helper, numpy_helper, save_model
    except ImportError as error:
        raise missing_package("export", "onnx", "onnx") from error
    texts = next((one for one in program.inputs if one.kind in TEXTS), None)
    if matrix and texts is not None:
        got = f"got texts in column {texts.column!r}"
        raise ConfigurationError("export", "numbers in all columns for matrix=True", got, setting="matrix")
    names = tensor_names(program, _outputs(program))
    graph, outputs = _graph(program, names, matrix=matrix)
    n = len(program.result.names)
    made = helper.make_graph(
        [
            *(helper.make_node(one.op, one.reads, [one.out], **one.attributes) for one in graph.nodes),
            *(helper.make_node("Identity", [value.name], [name]) for name, (value, _) in outputs.items()),
        ],
        "deepstep",
        [
            helper.make_tensor_value_info(name, kind, ["N", width], doc_string=text)
            for name, kind, width, text in _typed_inputs(program, names, matrix=matrix)
        ][:: 1 if matrix else -1],
        [
            helper.make_tensor_value_info(name, kind, ["N"] if _is_flat(program, name) else ["N", n])
            for name, (_, kind) in outputs.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in graph.constants.items()],
    )
    model = helper.make_model(
        made,
        opset_imports=[helper.make_opsetid(*one) for one in OPSETS.items()],
        ir_version=IR_VERSION,
        producer_name="deepstep",
        producer_version=__version__,
        doc_string=f"{program.title}\nParity certificate: {note}.",
    )
    result = program.result
    about = {
        "certificate": note,
        "kind": result.kind,
        "outputs": json.dumps(result.names),
        "classes": json.dumps(result.classes, default=str),
    }
    helper.set_model_props(model, about)
    save_model(model, path)
    return [path]


def _is_flat(program: Program, name: str) -> bool:
    return name == "label" and program.result.kind == "classes"


def feeds(program: Program, rows: Mapping[str, list[Any]], *, matrix: bool = False) -> dict[str, AnyArray]:
    """The inputs of the graph for rows by column."""
    raw = as_raw(program, rows)
    if matrix:
        return {MATRIX: raw.astype(np.float32)}
    found: dict[str, AnyArray] = {}
    for name, one in zip(tensor_names(program, _outputs(program)), program.inputs, strict=True):
        if one.kind not in TEXTS:
            found[name] = raw[:, one.start : one.start + 1]
        elif one.kind == "category" or name not in found:
            missing = missing_text(one)
            texts = [missing if is_missing(value) else text_of(value) or f"{missing}?" for value in rows[one.column]]
            found[name] = np.array(texts, object)[:, np.newaxis]
    return found


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> Array:
    """The outputs of the file in onnxruntime."""
    try:
        from onnxruntime import InferenceSession
    except ImportError as error:
        raise CannotRunError("onnx", "onnxruntime", "there is no onnxruntime; pip install 'deepstep[onnx]'") from error
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    matrix = session.get_inputs()[0].type == "tensor(float)"
    (found,) = session.run([_outputs(program)[-1]], feeds(program, rows, matrix=matrix))
    return np.asarray(found, np.float64)


FORMAT = Format(".onnx", write, run, options={"matrix": BOUND})
