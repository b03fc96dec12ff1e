"""The format ``js``: one ES module, the text of ``runtime.js`` and the model with its weights as base64."""

import base64
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from deepstep.export.certificate import CannotRunError, answers_of, output_of
from deepstep.export.formats import Format
from deepstep.export.program import Program
from deepstep.types import AnyArray, Array

RUNTIME, DRIVER = (Path(__file__).with_name(name) for name in ("runtime.js", "driver.js"))
TYPES = {"float32": ("Float32", "<f4"), "float64": ("Float64", "<f8"), "int64": ("Int32", "<i4")}
"""Types of constants: as a DataView of JavaScript reads them, and as they are stored."""

MOST_SAFE = 2**53 - 1
"""The largest whole number that JavaScript's numbers tell from all others."""

TEMPLATE = Template("""// $title
// Parity certificate: $note.
$runtime
export const certificate = $certificate;
export const columns = $columns;
export const classes = [$classes];
export const names = $names;

const constants = {
$constants};

const program = $program;
const steps = program.steps.map(prepared);
""")


def _plain(text: str) -> str:
    """JSON as JavaScript, also within a page."""
    return text.replace("<", "\\u003c")


def _written(value: Any) -> str:
    return _plain(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _class(value: Any) -> str:
    """A class; of whole numbers that a number of JavaScript does not tell from others a BigInt."""
    large = isinstance(value, int) and abs(value) > MOST_SAFE
    return f"{value}n" if large else _written(value)


def _stored(value: AnyArray) -> str:
    kind, stored = TYPES[value.dtype.name]
    text = base64.b64encode(np.ascontiguousarray(value, stored).tobytes()).decode()
    return f'decoded("{kind}", "{text}")'


def write(program: Program, path: Path, note: str) -> list[Path]:
    """Write the module."""
    text = TEMPLATE.substitute(
        title=" ".join(program.title.split()),
        note=" ".join(note.split()),
        runtime=RUNTIME.read_text(encoding="utf-8"),
        certificate=_written(note),
        columns=_written(program.columns),
        classes=", ".join(map(_class, program.result.classes)),
        names=_written(program.result.names),
        constants="".join(f"  {name}: {_stored(value)},\n" for name, value in program.constants.items()),
        program=_plain(program.to_json()),
    )
    path.write_text(text, encoding="utf-8")
    return [path]


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> tuple[Array, list[Any]]:
    """The outputs and predictions of the module in Node."""
    node = shutil.which("node")
    if node is None:
        raise CannotRunError("there is no node", "Install Node.js.")
    content = json.dumps(rows).replace("Infinity", "1e999")  # JSON has no Infinity; 1e999 is read as it
    texts = path.read_text(encoding="utf-8"), f"const ROWS = {_written(content)};", DRIVER.read_text("utf-8")
    done = output_of([node, "--input-type=module", "-"], "\n".join(texts).encode(), path)
    return answers_of(done, len(program.result.names))


FORMAT = Format(".js", write, run, most_numbers=1e7)
