"""After how many epochs a preset is best on all its folds, and how well it does then."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from deepstep.ensembles.calibration import fit_temperature, with_temperature
from deepstep.ensembles.member import Member
from deepstep.ensembles.member_fit import Trained
from deepstep.ensembles.metric import Metric
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.ensembles.presets import Preset
from deepstep.ensembles.split import Fold, Rows
from deepstep.targets import PROBABILITIES
from deepstep.types import Array


class Choice(NamedTuple):
    """A preset after the epochs that are best for all folds: members by fold, outputs, their mean loss."""

    preset: Preset
    epochs: int | None
    members: dict[int, Member]
    outputs: Array
    loss: float


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
        return Choice(preset, epochs, members, outputs, self._loss(outputs, members))

    def _loss(self, A: Array, members: Mapping[int, Member]) -> float:
        """The loss of outputs for rows that were held out, at their best temperature."""
        known = np.isfinite(A).all(axis=1)
        if not self.metric.is_known or not known.any():  # outputs alone do not tell the loss of this head
            costs = [member.validation_cost for member in members.values()]
            finite = [cost for cost in costs if cost is not None]
            return float(np.mean(finite)) if finite else np.nan
        Y, weight = self.rows.Y[known], None if self.weight is None else self.weight[known]
        A, head = A[known], self.metric.targets.head
        if head in PROBABILITIES:
            each = head == "sigmoid"
            A = with_temperature(A, fit_temperature(A, Y, weight, each=each), each=each)
        return self.metric.loss(A, Y, weight)


def or_last(loss: float | None) -> float:
    """A loss by which to sort; one that is not known comes last."""
    return loss if loss is not None and np.isfinite(loss) else np.inf
