"""The format ``c``: one file of C99 without allocation, whose constants are static arrays.

Each operation is a function of ``c_functions.c``: it has the name ``do_NAME``, and ``TYPE0``, ``TYPE1``, … in
it are the types of its constants.
"""

import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from deepstep.errors import FileError
from deepstep.export.certificate import CannotRunError, output_of
from deepstep.export.formats import Format, refused
from deepstep.export.program import MEANINGS, RAW, RUNTIME, Input, Program, Step
from deepstep.export.rows import as_raw
from deepstep.types import AnyArray, Array

_BLOCK = re.compile(r"/\* (\w+) \*/\n(.*)", re.DOTALL)
FUNCTIONS = {
    match[1]: match[2].rstrip()
    for block in (Path(__file__).parent / "c_functions.c").read_text(encoding="utf-8").split("\n\n")
    if (match := _BLOCK.fullmatch(block))
}
"""Functions of C by name, and the texts around them: those of ``c_functions.c``."""


def function(name: str, /, **texts: object) -> str:
    """A function of C with what the model has in it."""
    return re.sub(r"@(\w+)@", lambda match: str(texts[match[1]]), FUNCTIONS[name])


Names: TypeAlias = Mapping[str, str]
Arrays: TypeAlias = Mapping[str, AnyArray]
Calls: TypeAlias = Iterator[tuple[str, list[str]]]

OTHERS: dict[str, tuple[str, Callable[[Arrays, int], list[object]]]] = {
    "month": ("circle", lambda arrays, width: [0]),
    "weekday": ("circle", lambda arrays, width: [1]),
    "hour": ("circle", lambda arrays, width: [2]),
    "lookup": ("lookup", lambda arrays, width: [len(arrays["table"]) - 2]),
    "interpolate": ("interpolate", lambda arrays, width: [len(arrays["marks"])]),
    "grouped_linear": ("grouped_linear", lambda arrays, width: [*arrays["V"].shape[1:]]),
    "linear": ("linear", lambda arrays, width: [width]),
}
"""Operations whose function has another name or takes more numbers, of the constants and the width."""


def calls(step: Step, reads: list[str], names: Names, arrays: Arrays, widths: list[int], out: str) -> Calls:
    """The calls of a step: each the name of a function, and its arguments.

    These are the values, the constants, the settings and other numbers, the place of the result, its columns.
    """
    if step.op == "concat":
        for read, n, begin in zip(reads, widths, accumulate([0, *widths]), strict=False):
            yield "memcpy", [f"{out} + {begin}", read, f"{n} * sizeof(double)"]
        return
    if step.op == "weighted_sum":
        yield "memset", [out, "0", f"{step.n} * sizeof(double)"]
        for read, weight in zip(reads, arrays["weights"].tolist(), strict=True):
            yield "add", [read, repr(weight), out, str(step.n)]
        if step.settings["divisor"] != 1:
            yield "divide", [repr(step.settings["divisor"]), out, str(step.n)]
        return
    name, numbers = OTHERS.get(step.op, (step.op, lambda arrays, width: []))
    scalars = [*map(float, step.settings.values()), *numbers(arrays, widths[0])]
    yield name, [*reads, *names.values(), *map(repr, scalars), out, str(step.n)]


COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror")
TYPES = {"float32": "float", "float64": "double", "int64": "int"}
"""Types of constants."""

TRIVIAL = "int main(void) { return 0; }"

SIGNATURES = {
    True: {
        "about": "The output for a row of N_INPUTS numbers.",
        "declaration": "float predict(const double *row)",
        "result": "return refused ? NAN : (float)(@output@)[0];",
        "call": "out[0] = predict(row)",
    },
    False: {
        "about": "N_OUTPUTS outputs for a row of N_INPUTS numbers.",
        "declaration": "void predict(const double *row, float *out)",
        "result": "for (int i = 0; i < N_OUTPUTS; i++) out[i] = refused ? NAN : (float)(@output@)[i];",
        "call": "predict(row, out)",
    },
}
"""The function of a file, by whether it has one output."""

MOST_OF_A_LITERAL = 4095
"""Bytes that a compiler of C99 has to take as one literal, joined ones too."""


class _File:
    """The parts of a file that is written."""

    def __init__(self, program: Program) -> None:
        self.program = program
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
        widths = [self.program.widths[name] for name in step.reads]
        step, arrays = self._stored(step)
        written = {} if step.op == "weighted_sum" else step.constants  # calls hold its weights
        names = {role: self.constant(arrays[role], name) for role, name in written.items()}
        for name, arguments in calls(step, reads, names, arrays, widths, self.pointer(step.out)):
            yield f"{self._used(name, *arrays.values())}({', '.join(arguments)});"

    def _used(self, name: str, *constants: AnyArray) -> str:
        """The name of a function for constants of these types, which the file has then."""
        if name not in FUNCTIONS:  # of the library of C
            return name
        text, typed_name = FUNCTIONS[name], f"do_{name}"
        for index, value in enumerate(constants):
            if f"TYPE{index}" in text:
                kind = TYPES[value.dtype.name]
                text = text.replace(f"TYPE{index}", kind)
                typed_name = f"{typed_name}_{kind}"
        self.functions[typed_name] = text.replace(f"do_{name}(", f"{typed_name}(", 1)
        return typed_name

    def _stored(self, step: Step) -> tuple[Step, dict[str, AnyArray]]:
        """A step and its constants as the file has them: a row of W for each input, so that a loop over the
        outputs reads neighbours.
        """
        arrays = self.program.arrays(step)
        if step.op != "linear":
            return step, arrays
        arrays["W"] = np.ascontiguousarray(arrays["W"].T)
        return step._replace(constants={**step.constants, "W": f"{step.constants['W']}_t"}), arrays

    def pointer(self, value: str) -> str:
        """Where a value is."""
        return "row" if value == RAW else f"work + {self.places[value]}"


def _places(program: Program) -> tuple[dict[str, int], int]:
    """Where each value lies in the room of all, which a value leaves after its last reader; and its size."""
    last = {name: index for index, step in enumerate(program.steps) for name in (step.out, *step.reads)}
    last[program.output] = len(program.steps)
    places: dict[str, int] = {}
    taken: list[tuple[int, int, int]] = []  # begin, end, last reader
    size = 0
    for index, step in enumerate(program.steps):
        taken = sorted(room for room in taken if room[2] >= index)
        begin = 0  # the first gap between taken rooms that is wide enough
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
    texts = [f"{text}{ending}" for text in value.ravel().astype(str).tolist()]
    return ",\n".join(",".join(texts[begin : begin + 12]) for begin in range(0, len(texts), 12))


def _quoted(text: str) -> str:
    """A text as a literal of C, byte by byte where it is not plain."""
    plain = re.sub(rb"[^\w .,:;=+*/<>()-]", lambda match: b"\\%03o" % ord(match[0]), text.encode())
    return f'"{plain.decode()}"'


def _literals(texts: Iterable[str], name: str) -> tuple[str, str]:
    """Texts as expressions of C, and the arrays of bytes before them of those that no literal may hold."""
    arrays, expressions = "", []
    for index, text in enumerate(texts):
        content = text.encode()
        if len(content) <= MOST_OF_A_LITERAL:
            expressions.append(_quoted(text))
            continue
        array = f"{name}_{index}"
        values = [f"'\\{byte:03o}'" for byte in content] + ["0"]
        lines = ",\n".join(",".join(values[begin : begin + 15]) for begin in range(0, len(values), 15))
        arrays += f"static const char {array}[{len(values)}] = {{\n{lines}\n}};\n"
        expressions.append(array)
    return arrays, ", ".join(expressions)


def _commented(text: str) -> str:
    """A text of a comment, in ASCII; names are in it as ``repr`` has them."""
    plain = text.encode("ascii", "backslashreplace").decode().replace("\n", " ")
    return plain.replace("*/", "* /").replace("/*", "/ *")


def _code_name(source: Input) -> str:
    return f"code_{source.start}_{re.sub(r'[^A-Za-z0-9]+', '_', source.column)}"


def _described(program: Program) -> Iterator[str]:
    """A line for each entry of a row, and for each output."""
    for source in program.inputs:
        for entry in range(source.width):
            meaning = MEANINGS.get(source.kind, "")
            if source.kind == "category":
                categories = source.settings["values"]
                values = ", ".join(f"{code} {value!r}" for code, value in enumerate(categories))
                meaning = f"{_code_name(source)}(text): {values}; {len(categories)} for others"
            if source.kind == "words":
                meaning = f"1 if the text has the word {source.settings['words'][entry]!r}, else 0"
            yield f"   row[{source.start + entry}] {_commented(repr(source.column))}: {_commented(meaning)}"
    for index, name in enumerate(program.result.names):
        what = "" if program.result.kind == "numbers" else "probability of "
        yield f"   out[{index}] {what}{_commented(repr(name))}"


def _code_functions(program: Program) -> Iterator[str]:
    for source in program.inputs:
        if source.kind == "category":
            name, categories = _code_name(source), source.settings["values"]
            n = len(categories)
            long, texts = _literals(categories, f"{name}_text")
            yield function("code", name=name, n=n, room=max(n, 1), long_texts=long, texts=texts or '""')


def _text(program: Program, note: str) -> str:
    file = _File(program)
    body = [f"    {call}" for step in program.steps for call in file.calls(step)]
    n, output = len(program.result.names), file.pointer(program.output)
    long, names = _literals(program.result.names, "output_name")
    return function(
        "file",
        title=_commented(program.title),
        note=_commented(note),
        described="\n".join(_described(program)),
        inputs=program.n_raw,
        outputs=n,
        long_names=long,
        names=names,
        functions="\n".join([*file.constants.values(), *file.functions.values(), *_code_functions(program)]),
        size=max(1, file.size),
        body="\n".join(body),
        output=output,
        missing="!isfinite(row[i])" if program.needs_all else "isinf(row[i])",
        **{name: text.replace("@output@", output) for name, text in SIGNATURES[n == 1].items()},
    )


def _refuse_zero_characters(program: Program) -> None:
    """Refuse values of categories and names of outputs that a text of C would end within."""
    texts = [(f"column {each.column!r}", each.settings.get("values", ())) for each in program.inputs]
    for place, values in [*texts, ("the outputs", program.result.names)]:
        text = next((value for value in values if "\0" in value), None)
        if text is not None:
            raise refused("c", "with texts without the character of code 0", f"{text!r} in {place}")


def write(program: Program, path: Path, note: str) -> list[Path]:
    """Write the file."""
    _refuse_zero_characters(program)
    path.write_text(f"{_text(program, note)}\n", encoding="utf-8")
    return [path]


def compiler() -> list[str]:
    """The command of a C compiler: that of the variable CC, or a usual one; empty without any."""
    commands = map(shlex.split, (os.environ.get("CC", ""), *COMPILERS))
    return next((command for command in commands if command and shutil.which(command[0])), [])


def _built(text: str, *others: Path, folder: Path) -> list[str]:
    """The command of a program that is compiled of a text and other files, without a warning."""
    source, made = folder / "driver.c", str(folder / "driver.exe")  # Windows runs no other ending
    source.write_text(f"{text}\n", encoding="utf-8")
    command = [*compiler(), *FLAGS, *map(str, others), str(source), "-lm", "-o", made]
    output_of(command, b"", Path(others[-1].name if others else command[0]))
    return [made]


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> tuple[Array, list[Any]]:
    """Compile the file without a warning, and run it on rows of float64."""
    n = len(program.result.names)
    try:
        command = compiler()
    except ValueError as error:  # a quote that does not end
        raise CannotRunError(f"CC is {os.environ['CC']!r}: {error}", "Set it to a C compiler.") from error
    if not command:
        raise CannotRunError(f"there is none of {', '.join(COMPILERS)}", "Install a C compiler.")
    try:
        output_of(_built(TRIVIAL, folder=path.parent), b"", path)
    except (FileError, OSError) as error:
        raise CannotRunError(f"{shlex.join(command)} compiles no program that runs") from error
    driver = function("driver", **SIGNATURES[n == 1], inputs=program.n_raw, outputs=n)
    raw = as_raw(program, rows)
    outputs = output_of(_built(driver, path, folder=path.parent), raw.tobytes(), Path(path.name))
    values = np.frombuffer(outputs, np.float32).reshape(len(raw), n).astype(np.float64)
    return values, RUNTIME.decided(values, program.result._asdict()).tolist()


FORMAT = Format(".c", write, run, most_numbers=1e7)
