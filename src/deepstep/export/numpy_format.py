"""The format ``numpy``: the text of `deepstep.export.numpy_runtime`, and the model as .npz beside it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.export import numpy_runtime
from deepstep.export.certificate import output_of
from deepstep.export.formats import Format
from deepstep.export.program import Program
from deepstep.types import Array

SCRIPT = """
import json, runpy, sys
sys.modules["deepstep"] = None  # an import of it fails
module = runpy.run_path(sys.argv[1])
columns = json.load(sys.stdin)
m = len(next(iter(columns.values())))

def outputs(start, stop):
    try:
        return module["outputs"]({name: values[start:stop] for name, values in columns.items()}).tolist()
    except ValueError:
        if stop - start == 1:
            return [[float("nan")] * len(module["load"]()[0]["result"]["names"])]
        middle = (start + stop) // 2
        return outputs(start, middle) + outputs(middle, stop)

json.dump(outputs(0, m), sys.stdout)
"""
"""Runs the file on columns from stdin; rows that it refuses are NaN."""


def write(program: Program, path: Path, note: str) -> list[Path]:
    """Write the runtime with its note, and the constants with the program as JSON."""
    text = Path(numpy_runtime.__file__).read_text(encoding="utf-8")
    head = "".join(f"# {line}\n" for line in (program.title, f"Parity certificate: {note}."))
    path.write_text(head + text, encoding="utf-8")
    beside = path.with_suffix(".npz")
    record = np.frombuffer(program.to_json().encode(), np.uint8)
    np.savez_compressed(beside, allow_pickle=False, program=record, **program.constants)
    return [path, beside]


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> Array:
    """The outputs of the file in a new Python that has NumPy and no DeepStep."""
    done = output_of([sys.executable, "-I", "-c", SCRIPT, str(path)], json.dumps(rows).encode(), path)
    return np.array(json.loads(done), np.float64).reshape(-1, len(program.result.names))


FORMAT = Format(".py", write, run)
