"""How a model is calibrated: by the rows that its folds held out, or by rows that nothing has seen."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.ensembles.calibration import (
    Calibration,
    answered,
    ensemble_temperature,
    fit_temperature,
    interval_half_width,
)
from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.split import Rows
from deepstep.environment import single_blas
from deepstep.errors import DataError
from deepstep.targets import Targets
from deepstep.training.rows import parts
from deepstep.types import AnyArray, Array

Widths = tuple["WidthModel | None", ...]
"""One for each target; None is a constant width."""

CANDIDATES = ((False, 0.01), (True, 0.1), (True, 1.0))
"""Whether columns count, and the ridge penalty. A constant width is a candidate, too."""

LEVELS = (0.1, 0.3, 0.5)
"""The interval score is the mean over these alphas."""

PARTS, FEWEST, MOST, MOST_COLUMNS = 5, 40, 5_000, 300
"""Parts of the cross-validation; rows that a variable width needs; rows and columns that it uses at most."""

LEAST_RATIO = 1e-3
"""Residuals count as at least this share of their mean, since 0 has no logarithm."""

FARTHEST = 1e100
"""Values of columns count as at most this far from 0, so that their squares are floats."""


class WidthInputs(NamedTuple):
    """Predictions (m,) of a target, the spread (m,) of the members, and columns (m, d); d may be 0."""

    prediction: Array
    spread: Array
    columns: Array

    def take(self, rows: NDArray[np.intp]) -> "WidthInputs":
        """Some of the rows."""
        return WidthInputs(*(each[rows] for each in self))


@dataclass(frozen=True, eq=False)
class WidthModel:
    """log σ of residuals, linear in log(spread + floor), hats of the prediction at knots, and columns."""

    floor: float
    knots: Array
    center: Array
    coefficients: Array
    intercept: float
    limits: tuple[float, float]

    @property
    def fault(self) -> str:
        """The condition that a stored model does not meet; empty for a valid one."""
        n_terms = 1 + len(self.knots) + 2 * len(self.center)
        is_vector = self.knots.ndim == self.center.ndim == 1 and self.coefficients.shape == (n_terms,)
        return "" if is_vector and len(self.knots) else "knots, and a coefficient of each term"

    def sigma(self, inputs: WidthInputs) -> Array:
        """σ of rows, (m,)."""
        terms = _terms(inputs, self.floor, self.knots, self.center)
        return np.exp(np.clip(terms @ self.coefficients + self.intercept, *self.limits))


def _terms(inputs: WidthInputs, floor: float, knots: Array, center: Array) -> Array:
    # the hat of a knot is 1 there, 0 at the other knots, and linear between them
    hats = [np.interp(inputs.prediction, knots, at_knots) for at_knots in np.eye(len(knots))]
    terms = np.column_stack([np.log(inputs.spread + floor), *hats])
    if not center.size:
        return terms
    return np.hstack([terms, inputs.columns, np.abs(inputs.columns - center)])


def _fit(
    inputs: WidthInputs, sizes: Array, rows: NDArray[np.intp], columns: bool, ridge: float
) -> WidthModel:
    """Gamma regression on some rows: its loss log σ + |residual| / σ is convex in the coefficients."""
    from sklearn.linear_model import GammaRegressor

    rows = rows[:: -(-len(rows) // MOST)]  # at most MOST of them, evenly spread
    inputs, sizes = inputs.take(rows), sizes[rows]
    floor = 0.1 * float(inputs.spread.mean()) or 1.0  # members may agree, and 0 has no logarithm
    knots = np.unique(np.quantile(inputs.prediction, np.linspace(0, 1, 5)))
    center = inputs.columns.mean(axis=0) if columns else np.empty(0)
    terms = _terms(inputs, floor, knots, center)
    unit = sizes.mean()
    mean, deviation = terms.mean(axis=0), terms.std(axis=0)
    # divided by infinity, a term that is constant up to rounding gets the coefficient 0
    deviation = np.where(deviation > 1e-9 * (1 + np.abs(mean)), deviation, np.inf)
    model = GammaRegressor(alpha=ridge, max_iter=1000)
    model.fit((terms - mean) / deviation, np.maximum(sizes / unit, LEAST_RATIO))
    coefficients = model.coef_ / deviation
    intercept = float(model.intercept_ - mean @ coefficients + np.log(unit))
    logs = terms @ coefficients + intercept  # σ of later rows stays within their range
    return WidthModel(floor, knots, center, coefficients, intercept, (float(logs.min()), float(logs.max())))


@single_blas(shares=True)  # at work on a few hundred rows, threads of BLAS would only wait for each other
def fit_width(inputs: WidthInputs, sizes: Array) -> tuple[WidthModel | None, Array]:
    """The best model of sizes (m,) of residuals by cross-validation, or None, and σ (m,) of the same rows."""
    m = len(sizes)
    constant = np.ones(m)
    if m < FEWEST or not sizes.any():
        return None, constant
    part = np.arange(m) % PARTS
    usable = 0 < inputs.columns.shape[1] <= MOST_COLUMNS
    best_score, best_candidate, sigma = _interval_score(sizes, constant), None, constant
    for candidate in CANDIDATES[: None if usable else 1]:
        held_out = np.empty(m)
        for number in range(PARTS):
            rows, others = np.flatnonzero(part == number), np.flatnonzero(part != number)
            held_out[rows] = _fit(inputs, sizes, others, *candidate).sigma(inputs.take(rows))
        score = _interval_score(sizes, held_out)
        if score < best_score:
            best_score, best_candidate, sigma = score, candidate, held_out
    if best_candidate is None:
        return None, sigma
    return _fit(inputs, sizes, np.arange(m), *best_candidate), sigma


def _interval_score(sizes: Array, sigma: Array) -> float:
    """The mean width of intervals that are calibrated on the same rows, with 2/α times what exceeds them."""
    total = 0.0
    for alpha in LEVELS:
        half = interval_half_width(sizes / sigma, alpha) * sigma
        total += float(np.mean(2 * half + 2 / alpha * np.maximum(sizes - half, 0)))
    return total


def fit_widths(
    ensemble: Ensemble, rows: Rows, A: Array, part: AnyArray | None
) -> tuple[Widths | None, Array]:
    """The widths by outputs (m, n_L) for rows held out, of the folds ``part`` (m,), and σ (m, n_L)."""
    sigma = np.ones(A.shape)
    known = answered(A, rows.weight)
    spread: AnyArray = np.zeros(A.shape)
    if part is None:
        _, spread = ensemble.mean_and_spread(rows.X)
    else:
        for number in np.unique(part[part >= 0]).tolist():
            held_out = np.flatnonzero(part == number)
            _, spread[held_out] = ensemble.mean_and_spread_of_fold(number, rows.take(held_out).X)
    widths = []
    for column, inputs in enumerate(_inputs(ensemble, rows.X, A, spread)):
        sizes = np.abs(rows.Y[known, column] - A[known, column])
        width, sigma[known, column] = fit_width(inputs.take(np.flatnonzero(known)), sizes)
        widths.append(width)
    return (tuple(widths) if any(widths) else None), sigma


@single_blas(shares=True)
def outputs_and_sigma(ensemble: Ensemble, widths: Widths | None, X: Any) -> Array:
    """Outputs, and the expected sizes of their residuals, (m, 2 n_L), as float64."""
    if widths is None:
        A = ensemble.outputs(X).astype(np.float64)
        return np.hstack([A, np.ones(A.shape)])
    outputs = []
    for some in parts(X.shape[0], ensemble.members[0].network.architecture.layer_dims):
        mean, spread = ensemble.mean_and_spread(X[some])
        pairs = zip(widths, _inputs(ensemble, X[some], mean, spread), strict=True)
        sigma = [np.ones(len(mean)) if width is None else width.sigma(inputs) for width, inputs in pairs]
        outputs.append(np.column_stack([mean, *sigma]))
    return np.concatenate(outputs)


def _inputs(ensemble: Ensemble, X: Any, A: Array, spread: Array) -> list[WidthInputs]:
    """The inputs of the width of each target; sparse rows have no columns here."""
    columns = ensemble.preprocessors[0].features(X)
    dense = isinstance(columns, np.ndarray)
    columns = np.clip(columns, -FARTHEST, FARTHEST) if dense else np.empty((len(A), 0))
    return [WidthInputs(*pair, columns) for pair in zip(A.T, spread.T, strict=True)]


def calibration_of_fit(
    ensemble: Ensemble,
    targets: Targets,
    rows: Rows,
    validation: Rows | None,
    weight: Array | None,
    *,
    refits: bool,
) -> Calibration:
    """The calibration by what a fit held out: the rows of validation, or those of each fold.

    ``weight`` is that of these rows, with those of their classes; ``refits`` says that one network of each
    preset will predict in place of those of the folds.
    """
    if validation is not None:
        answers, widths = _learned_answers(
            ensemble, targets, validation, ensemble.outputs(validation.X), None
        )
        return calibration_of_answers(targets, answers, validation.Y, weight, widths)
    A = ensemble.out_of_fold
    if A is None:
        return Calibration()
    rows, n = rows.weighing, len(ensemble.preprocessors)
    part = np.full(len(rows), -1)
    for fold, numbers in enumerate(ensemble.held_out):
        part[numbers] = fold
    answers, widths = _learned_answers(ensemble, targets, rows, A, part)
    calibration = calibration_of_answers(targets, answers, rows.Y, weight, widths)
    if n > 1 and not refits:  # a refit has no mean over folds
        temperature = ensemble_temperature(calibration.temperature)
        calibration = replace(calibration, temperature=temperature)
    return calibration.parts(part[answered(answers, weight)], n)


def answers_of_rows(ensemble: Ensemble, targets: Targets, widths: Widths | None, X: object) -> Array:
    """Outputs for rows; of numbers beside them the expected sizes of their residuals, (m, 2 n_outputs)."""
    if targets.is_classes or targets.repeats:
        return ensemble.outputs(X)
    return outputs_and_sigma(ensemble, widths, X)


def calibration_of_answers(
    targets: Targets, answers: Array, Y: Array, weight: Array | None, widths: Widths | None
) -> Calibration:
    """The calibration by the rows that have an answer, see `answers_of_rows`, and a weight."""
    used = answered(answers, weight)
    if not used.any():
        raise DataError("No row has a weight above 0", "Pass rows with such weights.")
    A, Y = answers[used].astype(np.float64), Y[used]
    weight = None if weight is None else weight[used]
    if targets.repeats:
        return Calibration()
    if not targets.is_classes:
        outputs, sigma = np.split(A, 2, axis=1)
        return Calibration(scores=(np.abs(Y - outputs) / sigma,), widths=widths)
    P = targets.probabilities(A)
    temperature = fit_temperature(P, targets.probabilities(Y), weight, each=targets.several)
    if targets.several:
        return Calibration(temperature)
    right = targets.decide(Y)
    return Calibration(temperature, (1 - P[np.arange(len(P)), right],), classes=(right,))


def _learned_answers(
    ensemble: Ensemble, targets: Targets, rows: Rows, A: Array, part: AnyArray | None
) -> tuple[Array, Widths | None]:
    """The answers for rows that were held out, by the folds ``part`` (m,) or by all, and the widths."""
    if targets.is_classes or targets.repeats:
        return A, None
    widths, sigma = fit_widths(ensemble, rows, A, part)
    return np.hstack([A, sigma]), widths
