"""How a model is calibrated: by the rows that its folds held out, or by rows that nothing has seen."""

from dataclasses import replace

import numpy as np

from deepstep.ensembles.calibration import Calibration, answered, ensemble_temperature, fit_temperature
from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.split import Rows
from deepstep.ensembles.widths import Widths, fit_widths, outputs_and_sigma
from deepstep.errors import DataError
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array


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
        return calibration_of_answers(targets, answers, validation.Y, weight, widths, "fit")
    A = ensemble.out_of_fold
    if A is None:
        return Calibration()
    rows = rows.weighing
    part, n = np.full(len(rows), -1), len(ensemble.preprocessors)
    for fold, numbers in enumerate(ensemble.held_out):
        part[numbers] = fold
    answers, widths = _learned_answers(ensemble, targets, rows, A, part)
    calibration = calibration_of_answers(targets, answers, rows.Y, weight, widths, "fit")
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
    targets: Targets, answers: Array, Y: Array, weight: Array | None, widths: Widths | None, where: str
) -> Calibration:
    """The calibration by the rows that have an answer, see `answers_of_rows`, and a weight."""
    used = answered(answers, weight)
    if not used.any():
        raise DataError(where, "at least one row of a weight above 0", "got none")
    A, Y, weight = answers[used].astype(np.float64), Y[used], None if weight is None else weight[used]
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
