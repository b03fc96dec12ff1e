"""The format ``js``: one ES module, the text of ``runtime.js`` and the model with its weights as base64."""

import base64
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.export.certificate import CannotRunError, answers_of, output_of
from deepstep.export.formats import Format
from deepstep.export.program import Input, Program
from deepstep.types import AnyArray, Array

RUNTIME = Path(__file__).with_name("runtime.js")
TYPES = {"float32": ("Float32", "<f4"), "float64": ("Float64", "<f8"), "int64": ("Int32", "<i4")}
"""Types of constants: as a DataView of JavaScript reads them, and as they are stored."""

MOST_SAFE = 2**53 - 1
"""The largest whole number that JavaScript's numbers tell from all others."""

DRIVER = """
const columnsOfRows = JSON.parse(ROWS);
const found = Object.values(columnsOfRows)[0].map((_, at) => {
  const row = Object.fromEntries(Object.entries(columnsOfRows).map(([name, values]) => [name, values[at]]));
  try {
    return [outputs([row])[0], predict([row])[0]];
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
});
const plain = (_, value) => (typeof value === "bigint" ? String(value) : value);
process.stdout.write(JSON.stringify(found, plain));
"""
"""Runs the module on columns; rows that it refuses are null."""


def _written(value: Any) -> str:
    """A value as JavaScript, also within a page."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def _class(value: Any) -> str:
    """A class; of whole numbers that a number of JavaScript does not tell from others a BigInt."""
    large = isinstance(value, int) and abs(value) > MOST_SAFE
    return f"{value}n" if large else _written(value)


def _input(one: Input) -> dict[str, Any]:
    settings = dict(one.settings)
    if "around" in settings:  # JavaScript has the flag s beside the pattern
        settings["around"] = settings["around"].removeprefix("(?s)")
    if "iso" in settings:
        settings["iso"] = re.sub(r"\\(\d)", r"$\1", settings["iso"])
    return {"column": one.column, "kind": one.kind, "settings": settings}


def _steps(program: Program) -> tuple[list[str], dict[str, AnyArray]]:
    """The steps as lines, and the constants that they name; weights of linear steps are transposed."""
    lines, constants = list[str](), dict[str, AnyArray]()
    for step in program.steps:
        given = {name: _written(value) for name, value in {"n": step.n, **step.settings}.items()}
        for role, name in step.constants.items():
            turned = (step.op, role) == ("linear", "W")
            own, value = f"{name}_t" if turned else name, program.constants[name]
            constants[own] = value.T if turned else value
            given[role] = f"constants.{own}"
        settings = ", ".join(f"{name}: {text}" for name, text in given.items())
        lines.append(f"    {_written([step.op, step.out, step.reads])[:-1]}, {{ {settings} }}],")
    return lines, constants


def _stored(value: AnyArray) -> str:
    kind, stored = TYPES[value.dtype.name]
    text = base64.b64encode(np.ascontiguousarray(value, stored).tobytes()).decode()
    return f'decoded("{kind}", "{text}")'


def _lines(program: Program, note: str) -> Iterator[str]:
    result, (steps, constants) = program.result, _steps(program)
    for text in (program.title, f"Parity certificate: {note}."):
        yield f"// {' '.join(text.split())}"
    yield RUNTIME.read_text(encoding="utf-8")
    yield f"export const certificate = {_written(note)};"
    yield f"export const columns = {_written(program.columns)};"
    yield f"export const classes = [{', '.join(map(_class, result.classes))}];"
    yield f"export const names = {_written(result.names)};"
    yield "\nconst constants = {"
    yield from (f"  {name}: {_stored(value)}," for name, value in constants.items())
    yield "};\n\nconst program = {"
    yield f"  needs_all: {_written(program.needs_all)},"
    yield f"  output: {_written(program.output)},"
    yield f"  result: {{ kind: {_written(result.kind)} }},"
    yield "  inputs: ["
    yield from (f"    {_written(_input(one))}," for one in program.inputs)
    yield "  ],\n  steps: ["
    yield from steps
    yield "  ],\n};"


def write(program: Program, path: Path, note: str) -> list[Path]:
    """Write the module."""
    path.write_text("\n".join([*_lines(program, note), ""]), encoding="utf-8")
    return [path]


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> tuple[Array, list[Any]]:
    """The outputs and predictions of the module in Node."""
    node = shutil.which("node")
    if node is None:
        raise CannotRunError("js", "Node", "there is no node")
    given = json.dumps(rows).replace("Infinity", "1e999")  # as JSON has it
    text = path.read_text(encoding="utf-8") + DRIVER.replace("ROWS", _written(given))
    done = output_of([node, "--input-type=module", "-"], text.encode(), path)
    return answers_of(done, len(program.result.names))


FORMAT = Format(".js", write, run, most_numbers=1e7)
