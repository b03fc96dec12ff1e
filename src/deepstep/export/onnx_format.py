"""The format ``onnx``: a graph with a tensor for each column; its outputs have the names of sklearn-onnx."""

import json
import math
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from deepstep import __version__
from deepstep.errors import missing_package
from deepstep.export.certificate import CannotRunError
from deepstep.export.formats import Format
from deepstep.export.onnx_operations import (
    DOUBLE,
    INT64,
    OPERATIONS,
    STRING,
    Graph,
    Value,
    over_columns,
    where,
)
from deepstep.export.program import MEANINGS, RAW, Input, Program
from deepstep.export.rows import as_raw
from deepstep.types import AnyArray, Array

MOST_DAYS = 1e8
"""The farthest day from 1970 that is taken, as in C."""

OPSETS = {"": 20, "ai.onnx.ml": 3}
"""Versions of the operators; RegexFullMatch, for words, is there from 20 on."""
IR_VERSION = 9

Output: TypeAlias = tuple[Value, int, list[str | int | None]]
"""An output, its type and its shape."""

TEXTS = {"category", "words"}
"""Kinds of inputs that are texts."""

WORD = r"(?is)(.*[^\pL\pN])?{}([^\pL\pN].*)?"
"""A text that has a word."""


def outputs_of(program: Program) -> list[str]:
    """The names of the outputs."""
    return ["variable"] if program.result.kind == "numbers" else ["label", "probabilities"]


def tensors_of(program: Program) -> list[tuple[str, bool]]:
    """The name of the tensor of each input, and whether it is of texts.

    The name is the column. Inputs of a column have a tensor each, with a number in its name, where folds see
    texts and numbers in it; only whether there is a value is read from either.
    """
    texts: dict[str, list[bool]] = {source.column: [] for source in program.inputs}
    for source in program.inputs:
        texts[source.column] += [source.kind in TEXTS] * (source.kind != "presence")
    apart = {column for column, are_texts in texts.items() if len(are_texts) > 1 and not all(are_texts)}
    taken = {"", *outputs_of(program), *apart}
    return [
        (
            f"{source.column} {source.start}" if source.column in taken else source.column,
            source.kind in TEXTS or (any(texts[source.column]) and source.column not in apart),
        )
        for source in program.inputs
    ]


def free_texts(program: Program, column: str) -> tuple[str, str]:
    """A missing value, the empty text where that is no category, and a text that is none."""
    sources = [source for source in program.inputs if source.column == column]
    taken = {text for source in sources for text in source.settings.get("values", ())}
    free = (text for n in count() if (text := "?" * n) not in taken)
    return next(free), next(free)


def _part(value: Value, is_text: bool, source: Input, program: Program) -> Value:
    """The columns of ``raw`` that an input makes of its tensor."""
    if not is_text:
        return where(value.to("IsNaN"), value, 0.0) if source.kind == "presence" else value
    if source.kind == "words":
        words = source.settings["words"]
        matches = [value.to("RegexFullMatch", pattern=WORD.format(word)) for word in words]
        return value.graph.add("Concat", *matches, axis=1).to("Cast", to=DOUBLE)
    keys = [*source.settings.get("values", ()), free_texts(program, source.column)[0]]
    places = [*map(float, range(len(keys) - 1)), math.nan]
    settings = {"keys_strings": keys, "values_floats": places, "default_float": len(keys) - 1.0}
    return value.to("LabelEncoder", domain="ai.onnx.ml", **settings).to("Cast", to=DOUBLE)


def _answers(program: Program, tensors: list[tuple[str, bool]]) -> Value:
    """All nodes; rows with an infinite input, or a missing one where none may be, are NaN."""
    graph = Graph(next("#" * n for n in count(1) if not any(name.startswith("#" * n) for name, _ in tensors)))
    parts = [
        _part(Value(graph, name), is_text, source, program)
        for (name, is_text), source in zip(tensors, program.inputs, strict=True)
    ]
    raw = graph.add("Concat", *parts, axis=1)
    limits = np.repeat(
        [MOST_DAYS if source.kind == "date" else np.finfo(float).max for source in program.inputs],
        [source.width for source in program.inputs],
    )
    beyond = raw.to("Abs") > limits
    known = where(beyond, math.nan, raw)  # an infinite date has no place in a calendar
    values = {RAW: Value(graph, known.name, program.n_raw)}
    for step in program.steps:
        made = OPERATIONS[step.op](*map(values.get, step.reads), **program.arrays(step), **step.settings)
        values[step.out] = Value(graph, made.name, step.n)
    refused = known.to("IsNaN") if program.needs_all else beyond
    return values[program.output] + over_columns("ReduceSum", where(refused, math.nan, 0.0))


def _label(program: Program, outputs: Value) -> Output:
    """The class, or 0 and 1; for a refused row an empty text, or a number below all."""
    names, classes = program.result.names, program.result.classes
    if program.result.kind == "labels":
        decided = where(outputs.to("IsNaN"), -1.0, (outputs > 0.5).to("Cast", to=DOUBLE))
        return decided.to("Cast", to=INT64), INT64, ["N", len(names)]
    # a class below 2^63 in size leaves room for the number below all
    are_integers = all(isinstance(label, int) and abs(label) < 2**63 for label in classes)
    if are_integers:
        table = np.array([*classes, min(-1, min(classes) - 1)], np.int64)
    else:
        table = np.array([*names, ""], object)
    refused = over_columns("ReduceSum", outputs, keep=False).to("IsNaN")
    weighed = outputs * np.array(program.result.factors) if program.result.factors else outputs
    index = where(refused, np.array(len(names)), weighed.to("ArgMax", axis=1, keepdims=0))
    return outputs.graph.add("Gather", table, index), INT64 if are_integers else STRING, ["N"]


def _inputs(program: Program, tensors: list[tuple[str, bool]]) -> dict[str, tuple[int, str]]:
    """Type and description of each tensor."""
    described: dict[str, tuple[int, str]] = {}
    for (name, is_text), source in zip(tensors, program.inputs, strict=True):
        if is_text:
            missing, _ = free_texts(program, source.column)
            described[name] = STRING, f"{source.column!r}: a text. {missing!r} is a missing value."
        elif source.kind != "presence" or name not in described:
            described[name] = DOUBLE, f"{source.column!r}: {MEANINGS[source.kind]}. NaN is a missing value."
    return described


def _model(program: Program, note: str) -> Any:
    from onnx import helper, numpy_helper

    tensors, result = tensors_of(program), program.result
    inputs = [
        helper.make_tensor_value_info(name, kind, ["N", 1], doc_string=about)
        for name, (kind, about) in _inputs(program, tensors).items()
    ]
    answers = _answers(program, tensors)
    graph = answers.graph
    values: list[Output] = [(answers, DOUBLE, ["N", len(result.names)])]
    if result.kind != "numbers":
        values.insert(0, _label(program, answers))
    outputs = []
    for name, (value, kind, shape) in zip(outputs_of(program), values, strict=True):
        graph.nodes.append(helper.make_node("Identity", [value.name], [name], name=name))
        outputs.append(helper.make_tensor_value_info(name, kind, shape))
    constants = [numpy_helper.from_array(value, name) for name, value in graph.constants.items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "deepstep", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid(*opset) for opset in OPSETS.items()],
        ir_version=IR_VERSION,
        producer_name="deepstep",
        producer_version=__version__,
        doc_string=f"{program.title}\nParity certificate: {note}.",
    )
    about = {"kind": result.kind, "outputs": json.dumps(result.names), "classes": json.dumps(result.classes)}
    helper.set_model_props(model, {"certificate": note, **about})
    return model


def write(program: Program, path: Path, note: str) -> list[Path]:
    """Write the file."""
    try:
        import onnx
    except ImportError as error:
        raise missing_package("export", "onnx", "onnxruntime", extra="onnx") from error
    onnx.save_model(_model(program, note), path)
    return [path]


def feeds(program: Program, rows: Mapping[str, list[Any]]) -> dict[str, AnyArray]:
    """The tensors for rows by column."""
    raw = as_raw(program, rows)
    tensors: dict[str, AnyArray] = {}
    for (name, is_text), source in zip(tensors_of(program), program.inputs, strict=True):
        if is_text:
            missing, unseen = free_texts(program, source.column)
            stands_for = {None: missing, missing: unseen}
            texts = [stands_for.get(value, value) for value in rows[source.column]]
            tensors[name] = np.array(texts, object)[:, np.newaxis]
        elif source.kind != "presence" or name not in tensors:
            tensors[name] = raw[:, source.start : source.start + 1]
    return tensors


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> tuple[Array, list[Any]]:
    """The outputs of the file in onnxruntime."""
    try:
        from onnxruntime import InferenceSession
    except ImportError as error:
        raise CannotRunError("there is no onnxruntime (pip install onnxruntime, extra 'onnx')") from error
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    *label, outputs = session.run(outputs_of(program), feeds(program, rows))
    return outputs, (label[0] if label else outputs).tolist()


FORMAT = Format(".onnx", write, run)
