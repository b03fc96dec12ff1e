"""The format ``c``: one file of C99 without allocation, whose constants are static arrays."""

import os
import re
import shutil
import string
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.export.c_operations import CALLS, ELEMENTWISE, FUNCTIONS, function
from deepstep.export.certificate import CannotRunError, output_of
from deepstep.export.formats import Format
from deepstep.export.program import RAW, Input, Program, Step
from deepstep.export.rows import as_raw
from deepstep.types import AnyArray, Array

COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror")
TYPES = {"float32": "float", "float64": "double", "int64": "int", "int8": "signed char"}
"""Types of constants."""

INT8_BOUND = 0.1
"""The largest difference that 8-bit weights may make."""

PLAIN = {*string.ascii_letters, *string.digits, *" _.,:;=+*/<>()-"}
"""Characters of a literal as they are."""

MEANINGS = {
    "number": "a number",
    "boolean": "0 or 1",
    "date": "days since 1970-01-01 (a time of day: since midnight)",
    "duration": "seconds",
    "presence": "any number where there is a value",
}


class _File:
    """The parts of a file that is written."""

    def __init__(self, program: Program, *, int8: bool) -> None:
        self.program, self.int8 = program, int8
        self.constants: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.places, self.size = _places(program)

    def constant(self, value: AnyArray, name: str) -> str:
        """The name of a static array, which stands once."""
        kind = TYPES[value.dtype.name]
        if name not in self.constants:
            self.constants[name] = f"static const {kind} {name}[{value.size}] = {{\n{_numbers(value)}\n}};"
        return name

    def calls(self, step: Step) -> Iterator[str]:
        """The statements of a step."""
        reads = [self.pointer(name) for name in step.reads]
        out, arrays = self.pointer(step.out), self.program.arrays(step)
        widths = [self.program.widths[name] for name in step.reads]
        if step.op in ELEMENTWISE:
            self.functions[step.op] = function("elementwise", name=step.op, text=ELEMENTWISE[step.op])
            yield f"do_{step.op}({reads[0]}, {out}, {step.n});"
            return
        if step.op == "linear":
            yield self._linear(step, reads[0], out, arrays, widths[0])
            return
        written = {} if step.op == "weighted_sum" else step.constants
        names = {role: self.constant(arrays[role], name) for role, name in written.items()}
        for text in CALLS[step.op](step, reads, names, arrays, widths):
            called = re.match(r"do_(\w+)", text)
            text = text.replace("OUT", out)
            if called is not None:
                text = text.replace(called[0], self._used(called[1], *arrays.values()), 1)
            yield text

    def _used(self, name: str, *constants: AnyArray) -> str:
        """The name of a function for constants of these types, which the file has then."""
        text, own = FUNCTIONS[name], f"do_{name}"
        kinds = [TYPES[value.dtype.name] for value in constants] if "TYPE0" in text else []
        for at, kind in enumerate(kinds):
            text, own = text.replace(f"TYPE{at}", kind), f"{own}_{kind}"
        self.functions[own] = text.replace(f"do_{name}(", f"{own}(", 1)
        return own

    def _linear(self, step: Step, x: str, out: str, arrays: Mapping[str, AnyArray], k: int) -> str:
        W, b, name = arrays["W"], arrays["b"], step.constants["W"]
        bias, sizes = self.constant(b, step.constants["b"]), f"{out}, {k}, {step.n}"
        if not self.int8:
            weights = self.constant(np.ascontiguousarray(W.T), f"{name}_t")
            return f"{self._used('linear', W, b)}({x}, {weights}, {bias}, {sizes});"
        scale = np.maximum(np.abs(W).max(axis=1, initial=0), np.finfo(np.float32).tiny) / 127
        whole = np.rint(W / scale[:, np.newaxis]).astype(np.int8)
        weights = self.constant(np.ascontiguousarray(whole.T), f"{name}_q")
        scales = self.constant(scale.astype(np.float32), f"{name}_s")
        return f"{self._used('linear_int8', b)}({x}, {weights}, {scales}, {bias}, {sizes});"

    def pointer(self, value: str) -> str:
        """Where a value is."""
        return RAW if value == RAW else f"work + {self.places[value]}"


def _places(program: Program) -> tuple[dict[str, int], int]:
    """Where each value lies in the room of all, which a value leaves after its last reader; and its size."""
    last = {name: at for at, step in enumerate(program.steps) for name in (step.out, *step.reads)}
    last[program.output] = len(program.steps)
    places: dict[str, int] = {}
    taken: list[tuple[int, int, int]] = []  # begin, end, last reader
    size = 0
    for at, step in enumerate(program.steps):
        taken = sorted(one for one in taken if one[2] >= at)
        begin = 0
        for low, high, _ in taken:
            if low - begin >= step.n:
                break
            begin = max(begin, high)
        places[step.out] = begin
        taken.append((begin, begin + step.n, last[step.out]))
        size = max(size, begin + step.n)
    return places, size


def _numbers(value: AnyArray) -> str:
    """Numbers of an array in lines."""
    ending = "f" if value.dtype == np.float32 else ""
    texts = [f"{one}{ending}" for one in value.ravel().astype(str).tolist()]
    return ",\n".join(",".join(texts[at : at + 12]) for at in range(0, len(texts), 12))


def _quoted(text: str) -> str:
    """A text as a literal of C, byte by byte where it is not plain."""
    plain = "".join(chr(b) if chr(b) in PLAIN else f"\\{b:03o}" for b in text.encode())
    return f'"{plain}"'


def _commented(text: str) -> str:
    return ascii(text)[1:-1].replace("*/", "* /").replace("/*", "/ *")


def _code_name(one: Input) -> str:
    return f"code_{one.start}_{re.sub(r'[^A-Za-z0-9]+', '_', one.column)}"


def _described(program: Program) -> Iterator[str]:
    """A line for each entry of a row."""
    for one in program.inputs:
        for at in range(one.width):
            meaning = MEANINGS.get(one.kind, "")
            if one.kind == "category":
                values = ", ".join(f"{place} {value!r}" for place, value in enumerate(one.settings["values"]))
                meaning = f"{_code_name(one)}(text): {values}; {len(one.settings['values'])} for others"
            if one.kind == "words":
                meaning = f"1 if the text has the word {one.settings['words'][at]!r}, else 0"
            yield f"   row[{one.start + at}] {_commented(repr(one.column))}: {_commented(meaning)}"


def _code_functions(program: Program) -> Iterator[str]:
    for one in program.inputs:
        if one.kind == "category":
            texts = ", ".join(map(_quoted, one.settings["values"])) or '""'
            n, name = len(one.settings["values"]), _code_name(one)
            yield function("code", name=name, n=n, room=max(n, 1), texts=texts)


def _head(program: Program, note: str) -> Iterator[str]:
    result = program.result
    yield f"/* {_commented(program.title)}"
    yield f"   Parity certificate: {_commented(note)}."
    yield "   C99 without allocation; link with -lm. NAN is a missing value. Where an entry is infinite or an"
    yield "   output no finite number, all outputs are NAN."
    yield from _described(program)
    for at, name in enumerate(result.names):
        what = "" if result.kind == "numbers" else "probability of "
        yield f"   out[{at}] {what}{_commented(repr(name))}"
    yield "*/"


def _text(program: Program, note: str, *, int8: bool) -> str:
    file = _File(program, int8=int8)
    body = [f"    {call}" for step in program.steps for call in file.calls(step)]
    n, alone = len(program.result.names), len(program.result.names) == 1
    names = ", ".join(map(_quoted, program.result.names))
    parts = [
        *_head(program, note),
        "#include <math.h>",
        "#include <string.h>",
        f"#define N_INPUTS {program.n_raw}",
        f"#define N_OUTPUTS {n}",
        f"const char *const output_names[N_OUTPUTS] = {{{names}}};",
        *file.constants.values(),
        *file.functions.values(),
        *_code_functions(program),
        function(
            "outputs",
            size=max(1, file.size),
            body="\n".join(body),
            output=file.pointer(program.output),
            missing="!isfinite(row[i])" if program.needs_all else "isinf(row[i])",
        ),
        FUNCTIONS["predict_one" if alone else "predict"],
    ]
    return "\n".join([*parts, ""])


def write(program: Program, path: Path, note: str, *, int8: bool = False) -> list[Path]:
    """Write the file."""
    if int8:
        note += "; weights of 8 bits, one scale for each unit: the difference is their loss"
    path.write_text(_text(program, note, int8=int8), encoding="utf-8")
    return [path]


def compiler() -> str | None:
    """A C compiler that is here: that of the variable CC, or one of the usual ones."""
    return next((one for one in (os.environ.get("CC", ""), *COMPILERS) if one and shutil.which(one)), None)


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> Array:
    """Compile the file without a warning, and run it on rows of float32."""
    found = compiler()
    if found is None:
        raise CannotRunError("c", "a C compiler", f"there is none of {', '.join(COMPILERS)}")
    folder, n = path.parent, len(program.result.names)
    driver = folder / "driver.c"
    text = function("driver_one" if n == 1 else "driver", inputs=program.n_raw, outputs=n)
    driver.write_text(f"{text}\n", encoding="utf-8")
    command = [found, *FLAGS, str(path), str(driver), "-lm", "-o", str(folder / "driver")]
    output_of(command, b"", path)
    raw = as_raw(program, rows).astype(np.float32)
    outputs = output_of([str(folder / "driver")], raw.tobytes(), path)
    return np.frombuffer(outputs, np.float32).reshape(len(raw), n).astype(np.float64)


FORMAT = Format(".c", write, run, most_numbers=1e7, options={"int8": INT8_BOUND})
