"""An ensemble: networks of several presets over the folds of a table, with weights; or one network alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.data.text_formats import html_table
from deepstep.environment import single_blas
from deepstep.estimators.calibration import fit_temperature, with_temperature
from deepstep.estimators.presets import AS_THEY_ARE, Preset
from deepstep.estimators.tried import TriedPresets, cell
from deepstep.inspection.tables import text_table
from deepstep.model import Network
from deepstep.model.outputs import outputs_of_rows
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.table import TablePreparation
from deepstep.targets import PROBABILITIES
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.training import FitResult

NUMBERS_AT_ONCE = 2**24
"""Inputs of rows that are in memory at once for a prediction."""

LEAST_SHARE = 0.03
"""The weight below which a preset is left out: a slower prediction for a difference that cannot be seen."""

DRAWS, PICKS, MOST_ROWS = 10, 10, 10_000
"""Draws of the rows by which presets are selected, presets selected by each, and rows of a draw at most."""


class Fold(NamedTuple):
    """Numbers of the rows that are learned from, and of those held out; these are empty where too few are."""

    learned: NDArray[np.intp]
    held_out: NDArray[np.intp]


@dataclass(frozen=True)
class Table:
    """How columns become features, learned from some rows; None for sparse rows, which stay as they are."""

    preparation: TablePreparation | None

    @classmethod
    def fit(cls, rows: Any, keep: Sequence[str] = (), categorical: Sequence[str] = ()) -> "Table":
        """Learn from rows; ``keep`` and ``categorical`` are those of `TablePreparation.fit`."""
        from scipy.sparse import issparse

        if issparse(rows):
            return cls(None)
        return cls(TablePreparation.fit(rows, keep=keep, categorical=categorical))

    @property
    def cautions(self) -> tuple[str, ...]:
        """Columns that may be meant otherwise than they are read, see `TablePreparation.cautions`."""
        return () if self.preparation is None else self.preparation.cautions

    def features(self, rows: Any) -> Any:
        """Features (m, n) as float64, or the sparse rows as floats."""
        if self.preparation is not None:
            return self.preparation.transform(rows)
        return rows if rows.dtype in (np.float64, np.float32) else rows.astype(np.float64)


@dataclass(frozen=True, eq=False)
class FoldPreprocessor:
    """How a fold turns a table into inputs by their names, and outputs into numbers: A · scale + center."""

    fold: Fold
    table: Table | None
    encodings: Mapping[str, Encoding | None]
    center: Array
    scale: Array

    @classmethod
    def of_numbers(cls) -> "FoldPreprocessor":
        """The preprocessor that leaves inputs and targets as they are."""
        none = np.arange(0)
        return cls(Fold(none, none), None, {AS_THEY_ARE: None}, np.empty(0), np.empty(0))

    @property
    def n_inputs(self) -> int:
        """How many inputs the widest encoding gives; 0 for features as they are."""
        return max(0 if one is None else one.n_inputs for one in self.encodings.values())

    @property
    def preparation(self) -> TablePreparation | None:
        """How columns become features; None for numbers and sparse rows, which are taken as they are."""
        return None if self.table is None else self.table.preparation

    def inputs(self, rows: Any) -> dict[str, Any]:
        """The inputs of each encoding; sparse rows stay as they are."""
        return self.encoded(self.features(rows))

    def features(self, rows: Any) -> Any:
        """Rows as features (m, n)."""
        return rows if self.table is None else self.table.features(rows)

    def encoded(self, features: Any) -> dict[str, Any]:
        """Features as the inputs of each encoding."""
        return {
            name: features if encoding is None else encoding.transform(features)
            for name, encoding in self.encodings.items()
        }

    def scaled(self, Y: Array) -> Array:
        """Targets as networks learn them."""
        return Y if not self.center.size else (Y - self.center) / self.scale

    def unscaled(self, A: Array) -> Array:
        """Outputs in the units of the target, (m, n_L), float64 where these are others."""
        return A if not self.center.size else A.astype(np.float64) * self.scale + self.center


@dataclass(frozen=True, eq=False)
class Member:
    """One network of an ensemble.

    fold: Number of the `FoldPreprocessor` whose rows it learned from.
    network (deepstep.Network): It takes inputs, and learned targets, that the preprocessor made; every step
        of it can be opened.
    engine: The engine that trained it, and predicts.
    epochs: How many it learned.
    validation_cost (float or None): The smallest one, of the epoch that was kept; None without
        validation data.
    best_epoch (int or None): After how many of them that one was, from 1; None without
        validation data.
    settings: The learning rate, and what else of `deepstep.engines.Settings` its steps were made with.
    fit: Its training; None in an ensemble that was read from files.
    """

    preset: Preset
    fold: int
    network: Network
    engine: str
    epochs: int
    validation_cost: float | None
    best_epoch: int | None
    settings: Mapping[str, Any]
    fit: "FitResult | None" = None

    @property
    def layer_dims(self) -> tuple[int, ...]:
        """The units of its layers."""
        return self.network.architecture.layer_dims

    @property
    def score(self) -> float | None:
        """Accuracy, R² or D² on the rows that its fold held out; None where that is not known."""
        return None if self.fit is None else self.fit.held_out_score

    @property
    def seconds(self) -> float | None:
        """Seconds of its training; None where its history is not kept."""
        history = self.network.history
        return history[-1].get("seconds") if history else None

    def __str__(self) -> str:
        cost = "" if self.validation_cost is None else f", validation cost {self.validation_cost:.6f}"
        return f"{self.preset.name} on fold {self.fold}{cost}"

    def outputs(self, inputs: Mapping[str, Any], preprocessor: FoldPreprocessor) -> Array:
        """Outputs in the units of the target, (m, n_L)."""
        return preprocessor.unscaled(outputs_of_rows(self.network, self.engine, inputs[self.preset.inputs]))


class Leaderboard(list[dict[str, Any]]):
    """The members of an ensemble as a table: dicts of the same keys, which ``pandas.DataFrame`` takes.

    member: Number of the member in ``ensemble_.members``.
    preset, fold, layer_dims: How its network was made, and the fold whose rows it held out.
    epochs, best_epoch: Epochs of its training, and the one that was kept, from 1; None where none was chosen.
    validation_cost: The cost of this epoch on the rows that the fold held out.
    score: Accuracy, R², or for quantiles D², on the same rows.
    weight: How much it counts in predictions; they sum to 1.
    seconds: Duration of its training.
    """

    def only(self, *names: str) -> "Leaderboard":
        """The same rows with these columns."""
        return Leaderboard({name: row[name] for name in names} for row in self)

    def cells(self) -> list[tuple[str, ...]]:
        """The values as texts."""
        return [tuple(cell(value) for value in row.values()) for row in self]

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        names = {"layer_dims": "units"}
        return tuple(names.get(name, name.replace("_", " ")) for name in (self[0] if self else ()))

    def __repr__(self) -> str:
        return text_table(self.header, self.cells())

    def _repr_html_(self) -> str:
        return html_table(self.header, self.cells(), caption=f"{len(self)} members of the ensemble")


class PresetSummary(NamedTuple):
    """The share of a preset in an ensemble.

    members: The members that are made by it.
    validation_cost (float or None): The mean of theirs; None without validation data.
    weight: How much they count together.
    loss (float or None): Their loss on rows that they did not learn from, without label smoothing and at the
        best temperature, so that presets can be compared; None where it was not computed.
    """

    preset: Preset
    members: tuple[Member, ...]
    validation_cost: float | None
    weight: float
    loss: float | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble:
    """Networks that predict together.

    preprocessors: One for each fold.
    members: The networks.
    weights: How much each preset counts, by its name; they sum to 1.
    temperatures: At which temperature the probabilities of each preset count: what learned smoothed labels is
        less sure than it should be. 1 for outputs that are no probabilities.
    output (str): The head of the members.
    out_of_fold (array of shape (m, n_L), or None): Outputs for the training rows by members that did not
        learn from them, NaN for rows that all learned from; None where nothing was held out.
    tried (TriedPresets): All presets that were trained for it; empty for one network.
    """

    preprocessors: tuple[FoldPreprocessor, ...]
    members: tuple[Member, ...]
    weights: Mapping[str, float]
    temperatures: Mapping[str, float]
    output: str
    out_of_fold: Array | None
    tried: TriedPresets = field(default_factory=TriedPresets)

    def __repr__(self) -> str:
        n_folds = len({member.fold for member in self.members})
        folds = f" on {n_folds} folds" if n_folds > 1 else ""
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in self.weights.items())
        return f"Ensemble({self.counted}{folds}: {weights})"

    @property
    def counted(self) -> str:
        """How many networks there are, in words."""
        n = len(self.members)
        return f"{n} network{'s' if n > 1 else ''}"

    def _repr_html_(self) -> str:
        return self.leaderboard()._repr_html_()

    @classmethod
    def of_one(cls, member: Member, preprocessor: FoldPreprocessor, output: str) -> "Ensemble":
        """An ensemble of one network."""
        alone = {member.preset.name: 1.0}
        return cls((preprocessor,), (member,), alone, alone, output, None)

    @property
    def takes_numbers(self) -> bool:
        """Whether rows are arrays of floats, which its one network takes as they are."""
        return self.preprocessors[0].table is None

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """How much each network counts; they sum to 1."""
        names = [member.preset.name for member in self.members]
        return tuple(self.weights[name] / names.count(name) for name in names)

    @property
    def presets(self) -> tuple[PresetSummary, ...]:
        """Each preset, in the order of the weights."""
        found, losses = [], {one.preset: one.loss for one in self.tried}
        for name, weight in self.weights.items():
            members = tuple(one for one in self.members if one.preset.name == name)
            costs = [member.validation_cost for member in members if member.validation_cost is not None]
            cost = float(np.mean(costs)) if costs else None
            found.append(PresetSummary(members[0].preset, members, cost, weight, losses.get(name)))
        return tuple(found)

    @property
    def preset_costs(self) -> tuple[str, list[float | None]]:
        """The name of a quantity by which presets can be compared, and its value for each preset.

        This is the loss; where it was not computed for each, the mean validation cost.
        """
        losses, costs = zip(*((one.loss, one.validation_cost) for one in self.presets), strict=True)
        return ("mean validation cost", [*costs]) if None in losses else ("out-of-fold loss", [*losses])

    @property
    def cost_note(self) -> str:
        """A sentence about costs of members that include label smoothing; empty where none does."""
        smoothed = {
            member.preset.name: member.network.architecture.output_settings.get("smoothing")
            for member in self.members
        }
        names = [name for name, smoothing in smoothed.items() if smoothing]
        if not names:
            return ""
        if len(self.members) == 1:
            return f"The cost includes label smoothing of {smoothed[names[0]]:g}; the log loss does not."
        return f"Costs of {', '.join(names)} include label smoothing, so that they are higher; losses do not."

    def leaderboard(self) -> "Leaderboard":
        """A row for each member, the lowest validation cost first."""
        rows = [
            {
                "member": number,
                "preset": member.preset.name,
                "fold": member.fold,
                "layer_dims": member.layer_dims,
                "epochs": member.epochs,
                "best_epoch": member.best_epoch,
                "validation_cost": member.validation_cost,
                "score": member.score,
                "weight": share,
                "seconds": member.seconds,
            }
            for number, (member, share) in enumerate(zip(self.members, self.shares, strict=True))
        ]
        costs = [row["validation_cost"] for row in rows]
        order = np.argsort([np.inf if cost is None else cost for cost in costs], kind="stable")
        return Leaderboard(rows[number] for number in order)

    @single_blas(shares=True)
    def outputs(self, rows: Any) -> Array:
        """The weighted mean of the members' outputs, (m, n_L); of many rows of a table a part at a time."""
        if self.takes_numbers:
            (member,), (preprocessor,) = self.members, self.preprocessors
            return member.outputs({member.preset.inputs: rows}, preprocessor)
        size = self.rows_at_once(rows.shape[1])
        parts = [rows[start : start + size] for start in range(0, max(1, rows.shape[0]), size)]
        found = [
            self.outputs_of(
                preprocessor.features(part) if own else None
                for preprocessor, own in zip(self.preprocessors, self._by_fold, strict=True)
            )
            for part in (parts if len(parts) > 1 else [rows])
        ]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def rows_at_once(self, n: int) -> int:
        """How many rows of n columns a prediction holds in memory."""
        widest = max(preprocessor.n_inputs or n for preprocessor in self.preprocessors)
        return max(1, NUMBERS_AT_ONCE // widest)

    def outputs_of(self, features: Iterable[Any]) -> Array:
        """The same of rows that are features of each fold already."""
        counted = zip(self.preprocessors, features, self._by_fold, strict=True)
        return self.outputs_of_inputs(
            preprocessor.encoded(of_fold) if own else {} for preprocessor, of_fold, own in counted
        )

    @single_blas(shares=True)
    def outputs_of_inputs(self, inputs: Iterable[Mapping[str, Any]]) -> Array:
        """The same of rows that are the inputs of each fold already."""
        shares = [share for own in self._by_fold for _, share in own]
        return weighted_mean(self._outputs_of_members(inputs), shares)

    def _outputs_of_members(self, inputs: Iterable[Mapping[str, Any]]) -> Iterator[Array]:
        """The outputs of each member that counts, at its temperature, fold by fold."""
        for preprocessor, of_fold, own in zip(self.preprocessors, inputs, self._by_fold, strict=True):
            if own:
                yield from self._tempered([member.outputs(of_fold, preprocessor) for member, _ in own], own)

    @cached_property
    def _by_fold(self) -> list[list[tuple[Member, float]]]:
        """The members of each fold that count, with their shares."""
        pairs = [pair for pair in zip(self.members, self.shares, strict=True) if pair[1] > 0]
        return [[pair for pair in pairs if pair[0].fold == k] for k in range(len(self.preprocessors))]

    def _tempered(self, found: list[Array], own: list[tuple[Member, float]]) -> Sequence[Array]:
        """Outputs of members at their temperatures, all at once."""
        T = [self.temperatures[member.preset.name] for member, _ in own]
        away = [at for at, one in enumerate(T) if one != 1 and self.output in PROBABILITIES]
        if away:
            of_each = np.array([T[at] for at in away])[:, np.newaxis, np.newaxis]
            stack = np.stack([found[at] for at in away])
            warm = with_temperature(stack, of_each, each=self.output == "sigmoid")
            for at, A in zip(away, warm, strict=True):
                found[at] = A
        return found

    def tempered(self, P: Array, temperature: float, *, each: bool) -> Array:
        """Probabilities (m, n) at the temperature of the predictions; with ``each`` columns of their own.

        Those of classes sum to 1: a softmax of a thousand classes in float32 is off by 4e-6.
        """
        if not each:
            P = (P / P.sum(axis=1, keepdims=True, dtype=np.float64)).astype(P.dtype)
        return with_temperature(P, temperature, each=each)

    def __getstate__(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @single_blas(shares=True)
    def mean_and_spread_of_fold(self, number: int, rows: Any) -> tuple[Array, Array]:
        """Weighted mean and standard deviation over the members of a fold, (m, n_L) each."""
        preprocessor, own = self.preprocessors[number], self._by_fold[number]
        inputs, shares = preprocessor.inputs(rows), np.array([share for _, share in own])
        found = self._tempered([member.outputs(inputs, preprocessor) for member, _ in own], own)
        stack = np.stack([A.astype(np.float64) for A in found])
        mean = weighted_mean(stack, shares)
        return mean, np.sqrt(np.average((stack - mean) ** 2, axis=0, weights=shares))

    def mean_and_spread(self, rows: Any) -> tuple[Array, Array]:
        """`outputs`, and the mean over the folds of the spread of their members, (m, n_L) each."""
        shares = [sum(share for _, share in own) for own in self._by_fold]
        pairs = [self.mean_and_spread_of_fold(number, rows) for number, one in enumerate(shares) if one]
        mean = weighted_mean((A for A, _ in pairs), filter(None, shares))
        return mean, np.mean([spread for _, spread in pairs], axis=0)


def weighted_mean(outputs: Iterable[Array], weights: Iterable[float]) -> Array:
    """The mean of outputs (m, n) with these weights, between the smallest and the largest of them.

    The sum is divided by the sum of the weights in the same order and precision. A floating-point sum does
    not fall where a term rises. Thus the mean of numbers up to 1 is at most 1, and probabilities that fall
    from column to column do so in their mean. Without the division the mean can be 1 + 2e-16, because weights
    add to 1 only within rounding.

    >>> weights = [1 / 6] * 6
    >>> sum(weights) < 1, weighted_mean([np.ones((1, 1))] * 6, weights)
    (True, array([[1.]]))
    """
    total: Array | None = None
    count: Any = None
    for A, weight in zip(outputs, weights, strict=True):
        share = A.dtype.type(weight)
        total, count = (share * A, share) if total is None else (total + share * A, count + share)
    if total is None:
        raise ValueError("weighted_mean has no outputs.")
    return np.asarray(total / count)


class PermutedColumn:
    """Outputs for rows a column of which is permuted: what the others became is computed once.

    ``table`` has the columns of rows that are features already.
    """

    def __init__(self, ensemble: Ensemble, rows: Any, table: TablePreparation) -> None:
        self._ensemble, self._m = ensemble, rows.shape[0]
        self._size = ensemble.rows_at_once(rows.shape[1])
        self._features = [preprocessor.features(rows) for preprocessor in ensemble.preprocessors]
        self._blocks = [(preprocessor.preparation or table).blocks for preprocessor in ensemble.preprocessors]
        self._inputs = lru_cache(maxsize=1)(self._inputs_of_part)  # all rows, where they are one part

    def _inputs_of_part(self, first: int) -> list[dict[str, Any]]:
        pairs = zip(self._ensemble.preprocessors, self._features, strict=True)
        return [preprocessor.encoded(X[first : first + self._size]) for preprocessor, X in pairs]

    def outputs(self, column: str = "", order: NDArray[np.intp] | None = None) -> Array:
        """Outputs (m, n_L) where a column has its values in another order; without one, as the rows are."""
        outputs = []
        for first in range(0, self._m, self._size):
            inputs, changes = self._inputs(first), list[tuple[Array, Any, Array]]()
            if order is not None:
                rows = order[first : first + self._size]
                for fold, of_fold in enumerate(inputs):
                    changes += self._changes(fold, of_fold, column, rows)
            before = [(array, where, array[:, where].copy()) for array, where, _ in changes]
            try:
                for array, where, values in changes:
                    array[:, where] = values
                outputs.append(self._ensemble.outputs_of_inputs(inputs))
            finally:
                for array, where, values in before:
                    array[:, where] = values
        return np.concatenate(outputs)

    def _changes(
        self, fold: int, inputs: Mapping[str, Any], column: str, rows: NDArray[np.intp]
    ) -> Iterator[tuple[Array, Any, Array]]:
        """The inputs of each encoding that the column became: an array, its columns, and their values."""
        block = self._blocks[fold].get(column, slice(0, 0))
        features = self._features[fold][rows, block]
        for name, encoding in self._ensemble.preprocessors[fold].encodings.items():
            if encoding is None:
                yield inputs[name], block, features
            elif features.size:
                where = np.isin(encoding.origins, np.arange(block.start, block.stop))
                yield inputs[name], where, encoding.part(block).transform(features)


class EnsembleWeights(NamedTuple):
    """Weights and temperatures of the presets, and the outputs of all together for rows held out."""

    weights: dict[str, float]
    temperatures: dict[str, float]
    together: Array | None


def fit_ensemble_weights(
    held_out: Mapping[str, Sequence[Array]], Y: Array, output: str, loss: Any, weight: Array | None
) -> EnsembleWeights:
    """Weigh the presets by their outputs, (m, n_L) for each seed, NaN where a row was never held out."""
    means = {name: _mean_of_known(np.stack([*outputs])) for name, outputs in held_out.items()}
    known = np.all([np.isfinite(mean).all(axis=1) for mean in means.values()], axis=0)
    temperatures = dict.fromkeys(means, 1.0)
    shares = np.full(len(means), 1 / len(means))
    if not known.any():
        partly = _mean_of_known(np.stack([*means.values()]))
        together = partly if np.isfinite(partly).any() else None
        return EnsembleWeights(dict(zip(means, shares.tolist(), strict=True)), temperatures, together)
    of_known = None if weight is None else weight[known]
    for name, mean in means.items():
        if output in PROBABILITIES and len(means) > 1:
            each = output == "sigmoid"
            temperatures[name] = T = fit_temperature(mean[known], Y[known], of_known, each=each)
            means[name] = with_temperature(mean, T, each=each)
    if loss is not None and len(means) > 1:
        outputs = np.stack([mean[known] for mean in means.values()])
        shares = selection_weights(outputs, Y[known], loss, of_known)
    stack = np.stack([*means.values()])
    together = _mean_of_known(stack.astype(np.float64), shares)
    return EnsembleWeights(dict(zip(means, shares.tolist(), strict=True)), temperatures, together)


def _mean_of_known(stack: Array, weights: Array | None = None) -> Array:
    """The mean over the first axis, with these weights, of what is no NaN; NaN where all is."""
    total, count = np.zeros_like(stack[0]), np.zeros_like(stack[0])
    for A, weight in zip(stack, np.ones(len(stack)) if weights is None else weights, strict=True):
        known, share = np.isfinite(A), stack.dtype.type(weight)
        total += share * np.where(known, A, 0)
        count += share * known  # in the order of the total, see `weighted_mean`
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / count, np.nan).astype(stack.dtype)


def selection_weights(
    outputs: Array, Y: Array, loss: Callable[[Array, Array], Array], weight: Array | None = None
) -> NDArray[np.float64]:
    """Weights of outputs (n, m, n_L), at least 0 and with the sum 1: how often each was selected.

    Greedy selection with repeats: each time the one is taken with which the loss of the mean is smallest
    (Caruana et al., Ensemble selection from libraries of models, ICML 2004). It is done for several draws of
    the rows with replacement, so that a few rows do not decide.
    """
    n, m = outputs.shape[:2]
    rng, counts = np.random.default_rng(m), np.zeros(n)
    for _ in range(DRAWS):
        rows = rng.integers(0, m, min(m, MOST_ROWS))
        drawn, of_rows = outputs[:, rows], None if weight is None else weight[rows]
        counts += _selected(drawn.astype(np.float64), Y[rows], loss, of_rows)
    counts[counts < min(LEAST_SHARE * counts.sum(), counts.max())] = 0
    return np.asarray(counts / counts.sum())


def _selected(
    outputs: Array, Y: Array, loss: Callable[[Array, Array], Array], weight: Array | None
) -> NDArray[np.intp]:
    """How often each output is selected for the mean of `PICKS` of them."""
    n, m = outputs.shape[:2]
    total, counts, targets = np.zeros_like(outputs[0]), np.zeros(n, np.intp), np.concatenate([Y] * n)
    if weight is not None and not weight.any():
        weight = None
    for size in range(1, PICKS + 1):
        losses = loss(((total + outputs) / size).reshape(n * m, -1), targets).reshape(n, m)
        best = int(np.argmin(np.average(losses, axis=1, weights=weight)))
        total += outputs[best]
        counts[best] += 1
    return counts
