"""The format ``numpy``: the text of `deepstep.export.numpy_runtime`, and the model as .npz beside it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.export import numpy_runtime
from deepstep.export.certificate import answers_of, output_of
from deepstep.export.formats import Format
from deepstep.export.program import Program
from deepstep.types import Array

SCRIPT = """
import contextlib, csv, io, json, runpy, sys
sys.modules["deepstep"] = None  # an import of it fails
module = runpy.run_path(sys.argv[1])
columns = json.load(sys.stdin)
m = len(next(iter(columns.values())))
empty = [None] * m
program = module["load"]()[0]

def answers(start, stop):
    rows = {name: values[start:stop] for name, values in columns.items()}
    try:
        return [*zip(module["outputs"](rows).tolist(), module["predict"](rows).tolist())]
    except ValueError:
        if stop - start == 1:
            return [None]
        middle = (start + stop) // 2
        return answers(start, middle) + answers(middle, stop)

def cell(value):
    if isinstance(value, float):
        return repr(value).replace(".", "," if program["comma"] else ".")
    return "" if value is None else str(value).lower() if isinstance(value, bool) else value

def printed(rows):
    with open(sys.argv[1] + ".csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=program["separator"])
        names = program["unnamed"][0] if program["unnamed"] else [*columns]
        cells = ([cell(columns.get(name, empty)[row]) for name in names] for row in rows)
        writer.writerows([*([] if program["unnamed"] else [names]), *cells])
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        module["main"]([sys.argv[1] + ".csv"])
    return [*csv.reader(io.StringIO(screen.getvalue(), newline=""))][1:]

found = answers(0, m)
usual = [row for row in range(m // 3) if found[row]]
bare = {name: [module["stripped"](columns[name][row]) for row in usual] for name in columns}
if usual:
    expected = module["predict"](bare).reshape(len(usual), -1).tolist()
    for row, one, text in zip(usual, expected, printed(usual), strict=True):
        one = [str(value).lower() if isinstance(value, bool) else str(value) for value in one]
        if one not in (text[: len(one)], text[-len(one) :]):  # the program says another thing
            found[row] = found[row][0], text
json.dump(found, sys.stdout)
"""
"""Runs the functions of the file on columns from stdin, rows that it refuses are NaN, and it as a program."""


def write(program: Program, path: Path, note: str) -> list[Path]:
    """Write the runtime with its note, and the constants with the program as JSON."""
    text = Path(numpy_runtime.__file__).read_text(encoding="utf-8")
    # names may have line breaks, and what stands behind one would be code
    head = f"# {' '.join(program.title.split())}\n# Parity certificate: {' '.join(note.split())}.\n"
    path.write_text(head + text, encoding="utf-8")
    beside = path.with_suffix(".npz")
    record = np.frombuffer(program.to_json().encode(), np.uint8)
    np.savez_compressed(beside, allow_pickle=False, program=record, **program.constants)
    return [path, beside]


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> tuple[Array, list[Any]]:
    """The outputs and predictions of the file in a new Python that has NumPy and no DeepStep."""
    done = output_of([sys.executable, "-I", "-c", SCRIPT, str(path)], json.dumps(rows).encode(), path)
    return answers_of(done, len(program.result.names))


FORMAT = Format(".py", write, run)
