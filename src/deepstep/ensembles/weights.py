"""How much each preset counts: temperatures, and greedy selection on rows that were held out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.ensembles.calibration import fit_temperature, with_temperature
from deepstep.ensembles.ensemble import Member
from deepstep.ensembles.member_fit import Trained
from deepstep.ensembles.metric import Metric
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.ensembles.presets import Preset
from deepstep.ensembles.split import Fold, Rows
from deepstep.targets import PROBABILITIES
from deepstep.types import Array

LEAST_SHARE = 0.03
"""The weight below which a preset is left out: a slower prediction for a difference that cannot be seen."""

DRAWS, PICKS, MOST_ROWS = 10, 10, 10_000
"""Draws of the rows by which presets are selected, presets selected by each, and rows of a draw at most."""


class Weights(NamedTuple):
    """Weights and temperatures of the presets, and the outputs of all together for rows held out."""

    weights: dict[str, float]
    temperatures: dict[str, float]
    together: Array | None


def weigh(outputs: Mapping[str, Array], Y: Array, metric: Metric, weight: Array | None) -> Weights:
    """Weigh presets by their outputs (m, n_outputs), NaN for rows that were never held out."""
    outputs = dict(outputs)
    head = metric.targets.head
    known = np.all([np.isfinite(A).all(axis=1) for A in outputs.values()], axis=0)
    temperatures = dict.fromkeys(outputs, 1.0)
    shares = np.full(len(outputs), 1 / len(outputs))
    if not known.any():
        partly = mean_of_known(np.stack([*outputs.values()]))
        together = partly if np.isfinite(partly).any() else None
        return Weights(dict(zip(outputs, shares.tolist(), strict=True)), temperatures, together)
    known_weight = None if weight is None else weight[known]
    if head in PROBABILITIES and len(outputs) > 1:
        each = head == "sigmoid"
        for name, A in outputs.items():
            T = fit_temperature(A[known], Y[known], known_weight, each=each)
            temperatures[name], outputs[name] = T, with_temperature(A, T, each=each)
    if metric.is_known and len(outputs) > 1:
        stack = np.stack([A[known] for A in outputs.values()])
        shares = selection_weights(stack, Y[known], metric, known_weight)
    together = mean_of_known(np.stack([*outputs.values()]).astype(np.float64), shares)
    return Weights(dict(zip(outputs, shares.tolist(), strict=True)), temperatures, together)


def mean_of_known(stack: Array, weights: Array | None = None) -> Array:
    """The mean over the first axis, with these weights, of what is no NaN; NaN where all is."""
    total, count = np.zeros_like(stack[0]), np.zeros_like(stack[0])
    for A, weight in zip(stack, np.ones(len(stack)) if weights is None else weights, strict=True):
        known, share = np.isfinite(A), stack.dtype.type(weight)
        total += share * np.where(known, A, 0)
        count += share * known  # in the order of the total, see `weighted_mean`
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / count, np.nan).astype(stack.dtype)


def selection_weights(
    outputs: Array, Y: Array, metric: Metric, weight: Array | None = None
) -> NDArray[np.float64]:
    """Weights of outputs (n, m, n_outputs), at least 0 and with the sum 1: how often each was selected.

    Greedy selection with repeats: each time the one is taken with which the loss of the mean is smallest
    (Caruana et al., Ensemble selection from libraries of models, ICML 2004), or the sum of a metric and the
    loss, each in deviations over the outputs: a metric alone follows chance. It is done for several draws of
    the rows with replacement, so that a few rows do not decide.
    """
    n, m = outputs.shape[:2]
    rng = np.random.default_rng(m)
    counts = np.zeros(n)
    for _ in range(DRAWS):
        rows = rng.integers(0, m, min(m, MOST_ROWS))
        drawn_weight = None if weight is None else weight[rows]
        counts += _selected(outputs[:, rows].astype(np.float64), Y[rows], metric, drawn_weight)
    # of many presets all may be below the least share; the most frequent ones stay
    counts[counts < min(LEAST_SHARE * counts.sum(), counts.max())] = 0
    return np.asarray(counts / counts.sum())


def _selected(outputs: Array, Y: Array, metric: Metric, weight: Array | None) -> NDArray[np.intp]:
    """How often each output is selected for the mean of `PICKS` of them."""
    total, counts = np.zeros_like(outputs[0]), np.zeros(len(outputs), np.intp)
    measures, apart = metric.with_loss(), [1.0]
    if weight is not None and not weight.any():
        weight = None
    for size in range(1, PICKS + 1):
        values = [each.losses((total + outputs) / size, Y, weight) for each in measures]
        if size == 1 and len(measures) > 1:  # each counts by how far the outputs alone are apart
            apart = [_deviation(each) for each in values]
        counted = [each / scale for each, scale in zip(values, apart, strict=True) if scale > 0]
        best = int(np.argmin(sum(counted[1:], counted[0]) if counted else values[-1]))
        total += outputs[best]
        counts[best] += 1
    return counts


def _deviation(losses: Array) -> float:
    """The deviation of those that are finite; 0 where fewer than two are."""
    finite = losses[np.isfinite(losses)]
    return float(finite.std()) if len(finite) > 1 else 0.0


class Choice(NamedTuple):
    """A preset after the epochs that are best for all folds: members by fold, outputs, their mean loss.

    ``loss`` is by the metric, by which epochs go; ``cost`` by the loss, by which presets are dropped.
    """

    preset: Preset
    epochs: int | None
    members: dict[int, Member]
    outputs: Array
    loss: float
    cost: float


class Judge:
    """Tells how good members are, by rows that they did not learn from.

    These rows are those that the folds hold out, or ``validation``; ``weight`` are theirs, with those of
    their classes.
    """

    def __init__(
        self, metric: Metric, folds: list[Fold], rows: Rows, validation: Rows | None, weight: Array | None
    ) -> None:
        self.metric, self.weight, self._folds = metric, weight, folds
        self.is_validated = validation is not None
        self.rows = rows if validation is None else validation

    def held_out(self, fold: int) -> Any:
        """Which of these rows a fold has not learned from."""
        return slice(None) if self.is_validated else self._folds[fold].held_out

    def choice(
        self, preset: Preset, trained: Mapping[int, Trained], preprocessors: Mapping[int, Preprocessor]
    ) -> Choice:
        """The number of epochs of a preset that is best for all folds that it has learned."""
        choices = []
        for epochs in sorted({snapshot.epochs for fit in trained.values() for snapshot in fit.snapshots}):
            after = {fold: fit.after(epochs, preprocessors[fold]) for fold, fit in trained.items()}
            pairs = {fold: pair for fold, pair in after.items() if pair is not None}
            if len(pairs) == len(trained):
                choices.append(self._choice(preset, epochs, pairs))
        if not choices:  # each ended by the clock, or by a patience of its own, and has its best epoch
            pairs = {fold: (fit.member, fit.outputs) for fold, fit in trained.items()}
            choices = [self._choice(preset, None, pairs)]
        return min(choices, key=lambda choice: or_last(choice.loss))

    def _choice(
        self, preset: Preset, epochs: int | None, pairs: Mapping[int, tuple[Member, Array]]
    ) -> Choice:
        """Members and their outputs for all rows, with the mean loss of these."""
        outputs = np.full(self.rows.Y.shape, np.nan, next(iter(pairs.values()))[1].dtype)
        for fold, (_, A) in pairs.items():
            if A.size:
                outputs[self.held_out(fold)] = A
        members = {fold: member for fold, (member, _) in pairs.items()}
        losses = self._losses(outputs, members)
        return Choice(preset, epochs, members, outputs, losses[0], losses[-1])

    def _losses(self, A: Array, members: Mapping[int, Member]) -> list[float]:
        """By the metric, and by the loss: outputs for rows held out, at their best temperature."""
        known = np.isfinite(A).all(axis=1)
        if not self.metric.is_known or not known.any():  # outputs alone do not tell the loss of this head
            costs = [member.validation_cost for member in members.values()]
            finite = [cost for cost in costs if cost is not None]
            return [float(np.mean(finite)) if finite else np.nan]
        A, Y = A[known], self.rows.Y[known]
        weight = None if self.weight is None else self.weight[known]
        if self.metric.targets.head in PROBABILITIES:
            each = self.metric.targets.head == "sigmoid"
            A = with_temperature(A, fit_temperature(A, Y, weight, each=each), each=each)
        return [metric.loss(A, Y, weight) for metric in self.metric.with_loss()]


def or_last(loss: float | None) -> float:
    """A loss by which to sort; one that is not known comes last."""
    return loss if loss is not None and np.isfinite(loss) else np.inf
