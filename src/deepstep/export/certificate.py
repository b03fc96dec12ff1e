"""The parity certificate: an export is run, and compared with the model that it was made of.

The rule
--------
The rows are those of `deepstep.export.rows`: as in training, with missing, unseen and large values, and up to
100 that a run holds out. An exported file computes in float64. It is compared with the model's own equations
in float64 (``difference``), so that what is measured is the export and not rounding::

    |exported - exact| / max(|exact|, scale)

with the scale of the column of outputs: 1 for probabilities; for numbers the deviation of the exact outputs
for rows as in training, 1 where they are all the same. A difference above 1e-6 is a failed export: nothing is
written. Predictions of the file are compared with the decisions of the model; ties within the bound may go
either way. How far the export is from what the model predicts in its own precision stands beside it
(``from_predictions``): for networks in float32 this is their rounding. A row that the model refuses has to be
refused by the export, and no other.
"""

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.errors import DataError, DeepStepError, FileError
from deepstep.export.models import Exported
from deepstep.export.rows import ROWS, drawn_rows
from deepstep.types import AnyArray, Array

SECONDS = 600.0
"""The longest run of a file, or compilation."""

BOUND = 1e-6
"""The largest difference of an export, relative."""

Runner = Callable[[Mapping[str, list[Any]]], tuple[Array, list[Any]]]
"""Rows by column → outputs (m, n) of the exported file, NaN for rows that it refuses, and its predictions."""


class CannotRunError(DeepStepError):
    """An exported file cannot be run here, as there is no program for it."""


def output_of(command: Sequence[str], given: bytes, path: Path, seconds: float = SECONDS) -> bytes:
    """The output of a program that runs or compiles an exported file.

    FileError: If it ends with an error.
    CannotRunError: If it takes longer than so many seconds.
    """
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        got = f"{Path(command[0]).name} took more than {seconds:g} seconds"
        raise CannotRunError(str(path), "a file that runs in time", got) from None
    except PermissionError:  # a folder of temporary files in which nothing may be run
        raise CannotRunError(str(path), "a file that may be run", f"{command[0]} may not be run") from None
    if done.returncode:
        text = done.stderr.decode("utf-8", "replace").strip()
        raise FileError(str(path), "a file that runs", f"got {text[-500:] or done.returncode}")
    return done.stdout


def answers_of(printed: bytes, n: int) -> tuple[Array, list[Any]]:
    """Outputs and predictions, printed as JSON: a pair for each row, null for one that is refused."""
    refused = [np.nan] * n, None
    outputs, decisions = zip(*(row or refused for row in json.loads(printed)), strict=True)
    return np.array(outputs, np.float64).reshape(-1, n), [*decisions]


class ParityError(DeepStepError, ArithmeticError):
    """An exported file does not predict what its model predicts.

    Parameters
    ----------
    where : str
        Name for error messages.
    expected, got : str
    hint, setting : str, optional
    listed : sequence of tuple of str, optional

    Examples
    --------
    >>> print(ParityError("export", "differences of at most 1e-06 from the model", "got 1.00e-02"))
    export: differences of at most 1e-06 from the model; got 1.00e-02.
    """


@dataclass(frozen=True)
class Certificate:
    """How far an export is from its model.

    Attributes
    ----------
    difference : float
        The largest one from the equations in float64, relative; None where it was not run.
    from_predictions : float, optional
        The largest one from the predictions of the model in its own precision.
    precision : str, optional
        That precision.
    rows, stored, refused : int, optional
        How many rows were compared, how many of them the model has kept, and how many both refused.
    bound : float, optional
        The largest difference that is allowed.
    why_not : str, optional
        The reason where it was not run.
    files : tuple of Path, optional
        The files that were written.

    Examples
    --------
    >>> str(Certificate(None, why_not="there is none of cc, gcc, clang"))
    'not run here: there is none of cc, gcc, clang'
    """

    difference: float | None
    from_predictions: float | None = None
    precision: str = ""
    rows: int = 0
    stored: int = 0
    refused: int = 0
    bound: float = BOUND
    why_not: str = ""
    files: tuple[Path, ...] = ()

    def __str__(self) -> str:
        if self.difference is None:
            return f"not run here: {self.why_not}"
        refused = f", of which both refuse {self.refused}" if self.refused else ""
        stored = f", {self.stored} of them held out by the run" if self.stored else ""
        return (
            f"largest difference {self.difference:.1e} (bound {self.bound:g}) from the model's equations in "
            f"float64, {self.from_predictions:.1e} from its predictions in {self.precision}; "
            f"{self.rows} rows with missing, unseen and large values{stored}{refused}"
        )


def certify(model: Exported, run: Runner, *, where: str = "export") -> Certificate:
    """Run an exported file, and compare it.

    ParityError: If a difference is above the bound, predictions are others, rows are refused by one of both
        alone, or few are left.
    """
    rows = drawn_rows(model.program, infinite=True)
    rows = {name: [*values, *model.stored.get(name, ())] for name, values in rows.items()}
    try:
        found, decisions = run(rows)
    except CannotRunError as error:
        return Certificate(None, why_not=error.got)
    exact, predicted = _or_nan(model.exact, rows), _or_nan(model.predicted, rows)
    refused = np.asarray(np.isnan(exact).any(axis=1))
    m = len(found)
    finite = np.asarray(np.isfinite(found).all(axis=1))
    beyond = np.asarray((np.abs(exact) > np.finfo(np.float32).max).any(axis=1))  # a file may give float32
    _compare_refusals(refused, finite, beyond, where)
    scale = _scale(model, exact)
    difference, from_predictions = (_largest(found - one, one, scale) for one in (exact, predicted))
    if difference > BOUND:
        expected = f"differences of at most {BOUND:g} from the model"
        raise ParityError(where, expected, f"got {difference:.2e}", _HINT)
    near = BOUND * _size(exact, scale)
    _compare_decisions(model, rows, exact, finite & ~refused, decisions, near, where)
    counts = m, m - ROWS, int(refused.sum())
    return Certificate(difference, from_predictions, model.own_precision, *counts)


def _compare_refusals(refused: AnyArray, finite: AnyArray, beyond: AnyArray, where: str) -> None:
    """Compare which rows are refused; it may be either where a number is beyond float32."""
    m, n = len(refused), int((refused | ~finite).sum())
    alone = np.flatnonzero((refused == finite) & ~beyond)
    if len(alone):
        one = "the model" if refused[alone[0]] else "the export"
        got = f"row {alone[0]} of {m} is refused by {one} alone"
        raise ParityError(where, "a file that refuses those rows alone that the model refuses", got, _HINT)
    if m > 3 * (m - n):
        got = f"compared too few rows: the file refuses {n} of {m}"
        raise ParityError(where, "a third of the rows or more to compare", got, _HINT)


def _compare_decisions(
    model: Exported,
    rows: Mapping[str, list[Any]],
    exact: Array,
    kept: AnyArray,
    decisions: list[Any],
    near: Array,
    where: str,
) -> None:
    """Compare what a file predicts with what the model decides; a tie within the bound may go either way."""
    places, kind = np.flatnonzero(kept), model.program.result.kind
    given = {name: [values[at] for at in places] for name, values in rows.items()}
    for at, expected in zip(places, model.decided(given).tolist(), strict=True):
        got = np.ravel(np.array(decisions[at], object)).tolist()
        same = len(got) == len(expected) and all(map(_is, got, expected))
        if not (same or _is_near(kind, exact[at], near[at], got, expected)):
            answer = f"row {at} is {got!r:.60} and not {expected!r:.60}"
            raise ParityError(where, "what the model decides for each row", answer, _HINT)


def _is(one: Any, other: Any) -> bool:
    """Whether values are equal, as numbers or as texts: ONNX has 1 for true and texts of numbers."""
    return bool(one == other) or str(one) == str(other)


def _is_near(kind: str, exact: Array, near: Array, got: list[Any], expected: list[Any]) -> bool:
    """Whether a prediction is as near as outputs are: numbers, and decisions that are a tie."""
    if kind == "numbers":
        apart = np.abs(np.array(got, np.float64) - np.array(expected, np.float64))
        return bool((apart <= near).all())
    if kind == "labels":
        return bool((np.abs(exact - 0.5) <= near).any())
    *_, second, first = np.sort(exact)
    return bool(first - second <= 2 * near.max())


_HINT = "Use to='numpy' for outputs beyond the range of float. Otherwise report this defect, please."


def _size(one: Array, scale: Array) -> Array:
    """The numbers that differences are relative to."""
    return np.maximum(np.abs(one), scale)


def _largest(apart: Array, one: Array, scale: Array) -> float:
    known = np.isfinite(one) & np.isfinite(apart)
    return float(np.max(np.abs(apart) / _size(one, scale), initial=0.0, where=known))


def _scale(model: Exported, exact: Array) -> Array:
    """The deviation of each column of numbers for rows as in training, which come first."""
    if model.program.result.kind != "numbers":
        return np.ones(exact.shape[1])
    usual = exact[: ROWS // 3]
    usual = usual[np.isfinite(usual).all(axis=1)]
    scale = usual.std(axis=0) if len(usual) else np.zeros(exact.shape[1])
    return np.where(scale > 0, scale, 1.0)


def _or_nan(outputs: Callable[[Mapping[str, Any]], Array], rows: Mapping[str, list[Any]]) -> Array:
    """Outputs for rows, NaN for those that are refused."""
    m = len(next(iter(rows.values())))
    try:
        return np.asarray(outputs(rows), np.float64)
    except DataError:
        if m == 1:
            return np.full((1, 1), np.nan)
    halves = slice(m // 2), slice(m // 2, m)
    found = [_or_nan(outputs, {name: values[half] for name, values in rows.items()}) for half in halves]
    n = max(one.shape[1] for one in found)
    return np.concatenate([np.broadcast_to(one, (len(one), n)) for one in found])
