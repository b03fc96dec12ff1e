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
    texts: dict[str, list[bool]] = {one.column: [] for one in program.inputs}
    for one in program.inputs:
        texts[one.column] += [one.kind in TEXTS] * (one.kind != "presence")
    apart = {column for column, found in texts.items() if len(found) > 1 and not all(found)}
    taken = {"", *outputs_of(program), *apart}
    return [
        (
            f"{one.column} {one.start}" if one.column in taken else one.column,
            one.kind in TEXTS or (any(texts[one.column]) and one.column not in apart),
        )
        for one in program.inputs
    ]


def free_texts(program: Program, column: str) -> tuple[str, str]:
    """A missing value, the empty text where that is no category, and a text that is none."""
    taken = {
        text for one in program.inputs if one.column == column for text in one.settings.get("values", ())
    }
    free = (text for n in count() if (text := "?" * n) not in taken)
    return next(free), next(free)


def _part(value: Value, is_text: bool, one: Input, program: Program) -> Value:
    """The columns of ``raw`` that an input makes of its tensor."""
    if not is_text:
        return where(value.to("IsNaN"), value, 0.0) if one.kind == "presence" else value
    if one.kind == "words":
        found = [value.to("RegexFullMatch", pattern=WORD.format(word)) for word in one.settings["words"]]
        return value.graph.add("Concat", *found, axis=1).to("Cast", to=DOUBLE)
    keys = [*one.settings.get("values", ()), free_texts(program, one.column)[0]]
    places = [*map(float, range(len(keys) - 1)), math.nan]
    settings = {"keys_strings": keys, "values_floats": places, "default_float": len(keys) - 1.0}
    return value.to("LabelEncoder", domain="ai.onnx.ml", **settings).to("Cast", to=DOUBLE)


def _answers(program: Program, tensors: list[tuple[str, bool]]) -> Value:
    """All nodes; rows with an infinite input, or a missing one where none may be, are NaN."""
    graph = Graph(next("#" * n for n in count(1) if not any(name.startswith("#" * n) for name, _ in tensors)))
    parts = [
        _part(Value(graph, name), is_text, one, program)
        for (name, is_text), one in zip(tensors, program.inputs, strict=True)
    ]
    raw = graph.add("Concat", *parts, axis=1)
    limits = np.repeat(
        [MOST_DAYS if one.kind == "date" else np.finfo(float).max for one in program.inputs],
        [one.width for one in program.inputs],
    )
    beyond = raw.to("Abs") > limits
    known = where(beyond, math.nan, raw)  # an infinite date has no place in a calendar
    values = {RAW: Value(graph, known.name, program.n_raw)}
    for step in program.steps:
        made = OPERATIONS[step.op](*map(values.get, step.reads), **program.arrays(step), **step.settings)
        values[step.out] = Value(graph, made.name, step.n)
    refused = known.to("IsNaN") if program.needs_all else beyond
    return values[program.output] + over_columns("ReduceSum", where(refused, math.nan, 0.0))


def _label(program: Program, found: Value) -> Output:
    """The most probable class, or 0 and 1; for a refused row an empty text, or a number below all."""
    names, classes = program.result.names, program.result.classes
    if program.result.kind == "labels":
        decided = where(found.to("IsNaN"), -1.0, (found > 0.5).to("Cast", to=DOUBLE))
        return decided.to("Cast", to=INT64), INT64, ["N", len(names)]
    whole = all(isinstance(one, int) and abs(one) < 2**63 for one in classes)  # one below all fits, too
    table = np.array(
        [*classes, min(-1, min(classes) - 1)] if whole else [*names, ""], np.int64 if whole else object
    )
    refused = over_columns("ReduceSum", found, keep=False).to("IsNaN")
    place = where(refused, np.array(len(names)), found.to("ArgMax", axis=1, keepdims=0))
    return found.graph.add("Gather", table, place), INT64 if whole else STRING, ["N"]


def _inputs(program: Program, tensors: list[tuple[str, bool]]) -> dict[str, tuple[int, str]]:
    """Type and description of each tensor."""
    found: dict[str, tuple[int, str]] = {}
    for (name, is_text), one in zip(tensors, program.inputs, strict=True):
        if is_text:
            missing, _ = free_texts(program, one.column)
            found[name] = STRING, f"{one.column!r}: a text. {missing!r} is a missing value."
        elif one.kind != "presence" or name not in found:
            found[name] = DOUBLE, f"{one.column!r}: {MEANINGS[one.kind]}. NaN is a missing value."
    return found


def _model(program: Program, note: str) -> Any:
    from onnx import helper, numpy_helper

    tensors, result = tensors_of(program), program.result
    inputs = [
        helper.make_tensor_value_info(name, kind, ["N", 1], doc_string=about)
        for name, (kind, about) in _inputs(program, tensors).items()
    ]
    found = _answers(program, tensors)
    made: list[Output] = [(found, DOUBLE, ["N", len(result.names)])]
    if result.kind != "numbers":
        made.insert(0, _label(program, found))
    outputs = []
    for name, (value, kind, shape) in zip(outputs_of(program), made, strict=True):
        found.graph.nodes.append(helper.make_node("Identity", [value.name], [name], name=name))
        outputs.append(helper.make_tensor_value_info(name, kind, shape))
    constants = [numpy_helper.from_array(value, name) for name, value in found.graph.constants.items()]
    model = helper.make_model(
        helper.make_graph(found.graph.nodes, "deepstep", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid(*one) for one in OPSETS.items()],
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
        raise missing_package("export", "onnx", "onnxruntime") from error
    onnx.save_model(_model(program, note), path)
    return [path]


def feeds(program: Program, rows: Mapping[str, list[Any]]) -> dict[str, AnyArray]:
    """The tensors for rows by column."""
    raw = as_raw(program, rows)
    found: dict[str, AnyArray] = {}
    for (name, is_text), one in zip(tensors_of(program), program.inputs, strict=True):
        if is_text:
            missing, unseen = free_texts(program, one.column)
            given = {None: missing, missing: unseen}
            texts = [given.get(value, value) for value in rows[one.column]]
            found[name] = np.array(texts, object)[:, np.newaxis]
        elif one.kind != "presence" or name not in found:
            found[name] = raw[:, one.start : one.start + 1]
    return found


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> tuple[Array, list[Any]]:
    """The outputs of the file in onnxruntime."""
    try:
        from onnxruntime import InferenceSession
    except ImportError as error:
        hint = "there is no onnxruntime (pip install onnxruntime)"
        raise CannotRunError("onnx", "onnxruntime", hint) from error
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    *label, found = session.run(outputs_of(program), feeds(program, rows))
    return found, (label[0] if label else found).tolist()


FORMAT = Format(".onnx", write, run)
