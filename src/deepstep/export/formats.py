"""The formats of exports: one record for each, in a file of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.export.program import Program
from deepstep.types import Array

FORMATS = {name: f"deepstep.export.{name}_format" for name in ("numpy", "c", "js", "onnx")}
"""The formats, and the module of each, whose ``FORMAT`` is its record; imported at its first use."""


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes
    ----------
    suffix : str
        The suffix of its file.
    write : callable
        ``(program, path, note)`` writes the file, and others beside it; ``note`` is the text of the
        certificate, which it holds. Returns the paths.
    run : callable
        ``(path, program, rows by column)`` runs the file. Returns its outputs (m, n), NaN in rows that it
        refuses, and a list of its predictions; raises `deepstep.export.certificate.CannotRunError` where
        there is no program that runs the file.
    most_numbers : float
        How many numbers the constants of a program may hold.

    Examples
    --------
    >>> get_format("c").suffix
    '.c'
    """

    suffix: str
    write: Callable[[Program, Path, str], list[Path]]
    run: Callable[[Path, Program, Mapping[str, list[Any]]], tuple[Array, list[Any]]]
    most_numbers: float = float("inf")


def get_format(name: str) -> Format:
    """The format of a name.

    ConfigurationError: If there is none.
    """
    if name not in FORMATS:
        raise unknown_name("format", name, FORMATS, setting="to")
    record: Format = import_module(FORMATS[name]).FORMAT
    return record


def worded(where: str, python: str, command: str) -> str:
    """An argument as Python or the command line writes it; callers of the latter begin with its name."""
    return command if where.startswith("deepstep ") else python


def refused(name: str, requirement: str, value: str, *, where: str = "export") -> ConfigurationError:
    """The error of a format that cannot carry a model."""
    to = worded(where, f"to={name!r}", f"--to {name}")
    hint = worded(where, "Use to='numpy'.", "Use --to numpy.")
    return ConfigurationError.must_be("model", f"a model {requirement} for {to}", value, hint)


def refuse_too_many_numbers(name: str, kind: Format, program: Program, where: str) -> None:
    """Refuse a program of more numbers than a format holds."""
    if program.n_numbers > kind.most_numbers:
        requirement = f"of at most {kind.most_numbers:,.0f} numbers"
        raise refused(name, requirement, f"{program.n_numbers:,}", where=where)
