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


def output_of(command: Sequence[str], content: bytes, path: Path, seconds: float = SECONDS) -> bytes:
    """The output of a program that runs or compiles an exported file.

    FileError: If it ends with an error.
    CannotRunError: If it takes longer than so many seconds.
    """
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise CannotRunError(f"{Path(command[0]).name} took more than {seconds:g} seconds") from None
    except PermissionError:  # a folder of temporary files in which nothing may be run
        raise CannotRunError(f"{command[0]} may not be run") from None
    if done.returncode:
        text = done.stderr.decode("utf-8", "replace").strip()
        raise FileError(f"{path} does not run: {text[-500:] or f'exit code {done.returncode}'}")
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
    problem : str
        A clause that begins with what is wrong, without a full stop.
    hint : str, optional
        What to do, in sentences.

    Examples
    --------
    >>> print(ParityError("The export differs from the model by 1.00e-02, more than 1e-06"))
    The export differs from the model by 1.00e-02, more than 1e-06.
    """


@dataclass(frozen=True)
class Certificate:
    """How far an export is from its model.

    Attributes
    ----------
    difference : float or None
        The largest difference from the equations in float64, relative; None where the file was not run.
    from_predictions : float or None
        The largest difference from the predictions of the model in its own precision.
    precision : str
        The precision of the model's networks.
    rows, stored, refused : int
        How many rows were compared, how many of them the model has kept, and how many both refused.
    bound : float
        The largest difference that is allowed.
    why_not : str
        Why the file was not run; empty where it was.
    files : tuple of Path
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
        refused = f"; the model and the file refuse {self.refused} rows" if self.refused else ""
        stored = f", {self.stored} of them held out by the run" if self.stored else ""
        return (
            f"largest difference {self.difference:.1e} (bound {self.bound:g}) from the model's equations in "
            f"float64, {self.from_predictions:.1e} from its predictions in {self.precision}; "
            f"{self.rows} rows with missing, unseen and large values{stored}{refused}"
        )


def certify(model: Exported, run: Runner) -> Certificate:
    """Run an exported file, and compare it.

    ParityError: If a difference is above the bound, predictions are others, rows are refused by one of both
        alone, or few are left.
    """
    rows = drawn_rows(model.program, infinite=True)
    rows = {name: [*values, *model.stored.get(name, ())] for name, values in rows.items()}
    try:
        outputs, decisions = run(rows)
    except CannotRunError as error:
        return Certificate(None, why_not=error.problem)
    exact, predicted = _or_nan(model.exact, rows), _or_nan(model.predicted, rows)
    refused = np.asarray(np.isnan(exact).any(axis=1))
    m = len(outputs)
    finite = np.asarray(np.isfinite(outputs).all(axis=1))
    beyond = np.asarray((np.abs(exact) > np.finfo(np.float32).max).any(axis=1))  # a file may give float32
    _compare_refusals(refused, finite, beyond)
    scale = _scale(model, exact)
    difference = _largest_difference(outputs, exact, scale)
    from_predictions = _largest_difference(outputs, predicted, scale)
    if difference > BOUND:
        problem = f"The export differs from the model by {difference:.2e}, more than {BOUND:g}"
        raise ParityError(problem, _HINT)
    near = BOUND * _size(exact, scale)
    _compare_decisions(model, rows, exact, finite & ~refused, decisions, near)
    counts = m, m - ROWS, int(refused.sum())
    return Certificate(difference, from_predictions, model.precision, *counts)


def _compare_refusals(refused: AnyArray, finite: AnyArray, beyond: AnyArray) -> None:
    """Compare which rows are refused; it may be either where a number is beyond float32."""
    m, n = len(refused), int((refused | ~finite).sum())
    alone = np.flatnonzero((refused == finite) & ~beyond)
    if len(alone):
        side = "the model" if refused[alone[0]] else "the export"
        raise ParityError(f"Row {alone[0]} of {m} is refused by {side} alone", _HINT)
    if m > 3 * (m - n):
        problem = f"The export refuses {n} of {m} rows: less than a third of them can be compared"
        raise ParityError(problem, _HINT)


def _compare_decisions(
    model: Exported,
    rows: Mapping[str, list[Any]],
    exact: Array,
    comparable: AnyArray,
    decisions: list[Any],
    near: Array,
) -> None:
    """Compare what a file predicts with what the model decides; a tie within the bound may go either way."""
    indices, kind = np.flatnonzero(comparable), model.program.result.kind
    compared = {name: [values[row] for row in indices] for name, values in rows.items()}
    for row, expected in zip(indices, model.decided(compared).tolist(), strict=True):
        decision = np.ravel(np.array(decisions[row], object)).tolist()
        same = len(decision) == len(expected) and all(map(_is, decision, expected))
        if not (same or _is_near(kind, exact[row], near[row], decision, expected)):
            problem = f"The export predicts {decision!r:.60} for row {row}, the model {expected!r:.60}"
            raise ParityError(problem, _HINT)


def _is(value: Any, other: Any) -> bool:
    """Whether values are equal, as numbers or as texts: ONNX has 1 for true and texts of numbers."""
    return bool(value == other) or str(value) == str(other)


def _is_near(kind: str, exact: Array, near: Array, decision: list[Any], expected: list[Any]) -> bool:
    """Whether a prediction is as near as outputs are: numbers, and decisions that are a tie."""
    if kind == "numbers":
        differences = np.abs(np.array(decision, np.float64) - np.array(expected, np.float64))
        return bool((differences <= near).all())
    if kind == "labels":
        return bool((np.abs(exact - 0.5) <= near).any())
    *_, second, first = np.sort(exact)
    return bool(first - second <= 2 * near.max())  # each of the two may be off by the bound


_HINT = "Use to='numpy' for outputs beyond the range of float. Otherwise report this defect, please."


def _size(outputs: Array, scale: Array) -> Array:
    """The numbers that differences are relative to."""
    return np.maximum(np.abs(outputs), scale)


def _largest_difference(outputs: Array, expected: Array, scale: Array) -> float:
    """The largest relative difference, over the rows that neither side refuses."""
    differences = outputs - expected
    known = np.isfinite(expected) & np.isfinite(differences)
    return float(np.max(np.abs(differences) / _size(expected, scale), initial=0.0, where=known))


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
    # a model refuses a batch as soon as one row is wrong: halve it until that row is alone
    halves = slice(m // 2), slice(m // 2, m)
    parts = [_or_nan(outputs, {name: values[half] for name, values in rows.items()}) for half in halves]
    n = max(part.shape[1] for part in parts)  # a row alone that is refused has one column
    return np.concatenate([np.broadcast_to(part, (len(part), n)) for part in parts])
