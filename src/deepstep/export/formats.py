"""The formats of exports: one record for each, in a file of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.export.program import Input, Program
from deepstep.types import Array

FORMATS: dict[str, str] = {
    "numpy": "deepstep.export.numpy_format",
    "c": "deepstep.export.c_format",
    "js": "deepstep.export.js_format",
    "sql": "deepstep.export.sql_format",
    "onnx": "deepstep.export.onnx_format",
}
"""The formats, and the module of each, whose ``FORMAT`` is its record; imported when it is asked for."""


@dataclass(frozen=True)
class Format:
    """A format.

    suffix: Of its file.
    write: ``(program, path, note, **options)`` writes the file, and others beside it; ``note`` is the text of
        the certificate, which it holds. Returns the paths.
    run: (path, program, rows by column) → outputs (m, n), NaN in rows that are refused, or these and a list
        of the predictions; raises `deepstep.export.certificate.CannotRunError` where there is no program that
        runs the file.
    texts: Whether it reads texts of numbers, such as 45.2%.
    refused: What it cannot carry, by the name of an operation or ``"input KIND"``, and why.
    most_numbers: How many constants it holds at most.
    options: Names of what `write` takes, with the bound of the certificate where one is looser.

    >>> get_format("c").suffix, dict(get_format("c").options)
    ('.c', {'int8': 0.1})
    """

    suffix: str
    write: Callable[..., list[Path]]
    run: Callable[[Path, Program, Mapping[str, list[Any]]], Array | tuple[Array, list[Any]]]
    refused: Mapping[str, str] = field(default_factory=dict)
    most_numbers: float = float("inf")
    options: Mapping[str, float] = field(default_factory=dict)
    texts: bool = False


def get_format(name: str, where: str = "export") -> Format:
    """The format of a name.

    ConfigurationError: If there is none.
    """
    if name not in FORMATS:
        raise unknown_name(where, "format", name, FORMATS, setting="to")
    found: Format = import_module(FORMATS[name]).FORMAT
    return found


def worded(where: str, python: str, command: str) -> str:
    """An argument as Python or the command line writes it; places of the latter begin with its name."""
    return command if where.startswith("deepstep ") else python


def input_name(one: Input) -> str:
    """The name of an input in the table of refusals."""
    return f"input {one.kind}{' in a written format' * (one.kind == 'number' and bool(one.settings))}"


def refused(name: str, expected: str, got: str, hint: str = "Use to='numpy'.") -> ConfigurationError:
    """The error of a format that cannot carry a model."""
    return ConfigurationError("export", f"a model {expected} for to={name!r}", got, hint, setting="model")


def refuse_zero_characters(name: str, program: Program) -> None:
    """Refuse values of categories and names of outputs that a text of a format would end within."""
    texts = [(f"column {one.column!r}", one.settings.get("values", ())) for one in program.inputs]
    for what, values in [*texts, ("the outputs", program.result.names)]:
        found = next((value for value in values if "\0" in value), None)
        if found is not None:
            raise refused(name, "with texts without the character of code 0", f"got {found!r} in {what}")


def refuse_what_it_cannot(name: str, kind: Format, program: Program, where: str) -> None:
    """Refuse a program that a format cannot carry, by the name of what it cannot."""
    used = [*dict.fromkeys(step.op for step in program.steps)]
    used += [input_name(one) for one in program.inputs]
    for what in used:
        if what in kind.refused:
            column = next((one.column for one in program.inputs if input_name(one) == what), "")
            got = f"got {what}{f' of column {column!r}' * bool(column)}"
            to = worded(where, f"to={name!r}", f"--to {name}")
            expected = f"a model without {what} for {to}: {kind.refused[what]}"
            hint = worded(where, "Use to='numpy'.", "Use --to numpy.")
            raise ConfigurationError(where, expected, got, hint, setting="model")
    if program.n_numbers > kind.most_numbers:
        to = worded(where, f"to={name!r}", f"--to {name}")
        expected = f"a model of at most {kind.most_numbers:,.0f} numbers for {to}"
        hint = "Train one small network, or use another format."
        raise ConfigurationError(where, expected, f"got {program.n_numbers:,}", hint, setting="model")
