"""The formats of exports: one record for each, in a file of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.export.program import Input, Program
from deepstep.types import Array

FORMATS = {name: f"deepstep.export.{name}_format" for name in ("numpy", "c", "js", "sql", "onnx")}
"""The formats, and the module of each, whose ``FORMAT`` is its record; imported when it is asked for."""


@dataclass(frozen=True)
class Format:
    """A format.

    suffix: Of its file.
    write: ``(program, path, note, **options)`` writes the file, and others beside it; ``note`` is the text of
        the certificate, which it holds. Returns the paths.
    run: ``(path, program, rows by column)`` runs the file. Returns its outputs (m, n), NaN in rows that it
        refuses, and a list of its predictions; raises `deepstep.export.certificate.CannotRunError` where
        there is no program that runs the file.
    refused: What it cannot carry, by the name of an operation or ``"input KIND"``, and why.
    most_numbers: How many constants it holds at most.
    options: Names of what `write` takes, with the bound of the certificate where one is looser.

    >>> get_format("c").suffix, dict(get_format("c").options)
    ('.c', {'int8': 0.1})
    """

    suffix: str
    write: Callable[..., list[Path]]
    run: Callable[[Path, Program, Mapping[str, list[Any]]], tuple[Array, list[Any]]]
    refused: Mapping[str, str] = field(default_factory=dict)
    most_numbers: float = float("inf")
    options: Mapping[str, float] = field(default_factory=dict)


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


def refused(
    name: str, expected: str, got: str, *, reason: str = "", hint: str = "", where: str = "export"
) -> ConfigurationError:
    """The error of a format that cannot carry a model."""
    to = worded(where, f"to={name!r}", f"--to {name}")
    hint = hint or worded(where, "Use to='numpy'.", "Use --to numpy.")
    expected = f"a model {expected} for {to}{f': {reason}' * bool(reason)}"
    return ConfigurationError(where, expected, f"got {got}", hint, setting="model")


def refuse_zero_characters(name: str, program: Program) -> None:
    """Refuse values of categories and names of outputs that a text of a format would end within."""
    texts = [(f"column {one.column!r}", one.settings.get("values", ())) for one in program.inputs]
    for what, values in [*texts, ("the outputs", program.result.names)]:
        found = next((value for value in values if "\0" in value), None)
        if found is not None:
            raise refused(name, "with texts without the character of code 0", f"{found!r} in {what}")


def refuse_what_it_cannot(name: str, kind: Format, program: Program, where: str) -> None:
    """Refuse a program that a format cannot carry, by the name of what it cannot."""
    used = [(step.op, "") for step in program.steps]
    used += [(input_name(one), f" of column {one.column!r}") for one in program.inputs]
    for what, place in used:
        if what in kind.refused:
            raise refused(name, f"without {what}", f"{what}{place}", reason=kind.refused[what], where=where)
    if program.n_numbers > kind.most_numbers:
        expected = f"of at most {kind.most_numbers:,.0f} numbers"
        hint = "Train one small network, or use another format."
        raise refused(name, expected, f"{program.n_numbers:,}", hint=hint, where=where)
