"""An ensemble: networks of several presets over the folds of a table, each weighted by what it answers to
rows that it has not learned from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep.estimators.answering import outputs_of_rows
from deepstep.estimators.blending import blending_weights
from deepstep.estimators.folds import Fold
from deepstep.estimators.presets import Preset
from deepstep.estimators.tables import Table, TableRows
from deepstep.estimators.temperature import fitted_temperature, tempered
from deepstep.model import Network
from deepstep.preparation.encoding import Encoding
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator


NUMBERS_AT_ONCE = 2**24
"""Inputs of rows that are in memory at once, to answer for them."""


@dataclass(frozen=True, eq=False)
class Preparer:
    """How the learned rows of a fold turn a table into inputs, and outputs into numbers of the target.

    ``encodings`` has True for features whose numbers are cut into pieces. Networks learn (Y - center) /
    scale, both (n_L,).
    """

    fold: Fold
    table: Table
    encodings: Mapping[bool, Encoding | None]
    center: Array
    scale: Array

    @property
    def n_inputs(self) -> int:
        """How many inputs the widest encoding gives; 0 for sparse rows."""
        return max(0 if one is None else one.n_inputs for one in self.encodings.values())

    def inputs(self, rows: TableRows) -> dict[bool, Any]:
        """The inputs of each encoding; sparse rows stay as they are."""
        return self.encoded(self.table.features(rows))

    def encoded(self, features: Any) -> dict[bool, Any]:
        """Features as the inputs of each encoding."""
        return {
            cuts: features if encoding is None else encoding.transform(features)
            for cuts, encoding in self.encodings.items()
        }


@dataclass(frozen=True, eq=False)
class Member:
    """One network of an ensemble.

    fold: Number of the `Preparer` whose rows it learned from.
    network (deepstep.Network): It takes inputs, and learned targets, that the `Preparer` made; every step of
        it can be opened.
    engine: The engine that trained it, and answers.
    epochs: How many it learned.
    validation_cost (float or None): The smallest one, of the epoch that was kept; None where no rows judged
        it.
    best_epoch (int or None): After how many of them that one was, from 1; None where no rows judged it, or
        where a file of an older release does not say so.
    settings: The learning rate, and what else of `deepstep.engines.Settings` its steps were made with.
    estimator (DeepClassifier or DeepRegressor or None): As it was fitted with ``preset="mlp"``; None in a
        ensemble that was read from files.
    """

    preset: Preset
    fold: int
    network: Network
    engine: str
    epochs: int
    validation_cost: float | None
    best_epoch: int | None
    settings: Mapping[str, Any]
    estimator: "DeepEstimator | None" = None

    def __str__(self) -> str:
        cost = "" if self.validation_cost is None else f", validation cost {self.validation_cost:.6f}"
        return f"{self.preset.name} on fold {self.fold}{cost}"

    def outputs(self, inputs: Mapping[bool, Any], preparer: Preparer) -> Array:
        """Outputs in the units of the target, (m, n_L)."""
        A = outputs_of_rows(self.network, self.engine, inputs[self.preset.cuts]).astype(np.float64)
        return A * preparer.scale + preparer.center


class PresetSummary(NamedTuple):
    """The share of a preset in an ensemble.

    members: The members that are made by it.
    validation_cost (float or None): The mean of theirs; None where no rows judged them.
    weight: How much they count together.
    """

    preset: Preset
    members: tuple[Member, ...]
    validation_cost: float | None
    weight: float


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks that answer together.

    preparers: One for each fold.
    members: The networks.
    weights: How much each preset counts, by its name; they sum to 1.
    temperatures: At which temperature the probabilities of each preset count: what learned smoothed labels is
        less sure than it should be. 1 for outputs that are no probabilities.
    output (str): The head of the members.
    out_of_fold (array of shape (m, n_L), or None): Answers to the training rows by members that did not learn
        from them, NaN for rows that all learned from; None where nothing was held out.
    """

    preparers: tuple[Preparer, ...]
    members: tuple[Member, ...]
    weights: Mapping[str, float]
    temperatures: Mapping[str, float]
    output: str
    out_of_fold: Array | None

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """How much each member counts; they sum to 1."""
        names = [member.preset.name for member in self.members]
        return tuple(self.weights[name] / names.count(name) for name in names)

    @property
    def presets(self) -> tuple[PresetSummary, ...]:
        """Each preset, in the order of the weights."""
        found = []
        for name, weight in self.weights.items():
            members = tuple(member for member in self.members if member.preset.name == name)
            costs = [member.validation_cost for member in members if member.validation_cost is not None]
            cost = float(np.mean(costs)) if costs else None
            found.append(PresetSummary(members[0].preset, members, cost, weight))
        return tuple(found)

    def outputs(self, rows: TableRows) -> Array:
        """The weighted mean of the members' outputs, (m, n_L); of many rows a part at a time."""
        widest = max(preparer.n_inputs or rows.shape[1] for preparer in self.preparers)
        size = max(1, NUMBERS_AT_ONCE // widest)
        parts = [rows[start : start + size] for start in range(0, max(1, rows.shape[0]), size)]
        found = [
            self.outputs_of(preparer.table.features(part) for preparer in self.preparers)
            for part in (parts if len(parts) > 1 else [rows])
        ]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def outputs_of(self, features: Iterable[Any]) -> Array:
        """The same of rows that are features of each fold already."""
        answer: Array | float = 0.0
        for number, (preparer, of_fold) in enumerate(zip(self.preparers, features, strict=True)):
            inputs = preparer.encoded(of_fold)
            for member, share in zip(self.members, self.shares, strict=True):
                if member.fold == number and share > 0:
                    A = member.outputs(inputs, preparer)
                    answer = answer + share * at_temperature(
                        A, self.output, self.temperatures[member.preset.name]
                    )
        return np.asarray(answer)


class Weighed(NamedTuple):
    """Weights and temperatures of the presets, and the answers of all together to rows held out."""

    weights: dict[str, float]
    temperatures: dict[str, float]
    together: Array | None


def weighed(
    held_out: Mapping[str, Sequence[Array]], Y: Array, output: str, loss: Any, weight: Array | None
) -> Weighed:
    """Weigh the presets by their answers to rows that were held out.

    ``held_out`` has for each preset one array (m, n_L) for each seed, NaN in rows that were never held out.
    ``loss`` (A, Y) → (m,) is convex in A; without one all presets count alike.
    """
    means = {name: np.mean(answers, axis=0) for name, answers in held_out.items()}
    known = np.all([np.isfinite(mean).all(axis=1) for mean in means.values()], axis=0)
    if not known.any():
        return Weighed(dict.fromkeys(means, 1 / len(means)), dict.fromkeys(means, 1.0), None)
    of_known = None if weight is None else weight[known]
    temperatures = dict.fromkeys(means, 1.0)
    for name, mean in means.items():
        if output in PROBABILITIES and len(means) > 1:
            temperatures[name] = _temperature(mean[known], Y[known], output, of_known)
            means[name] = at_temperature(mean, output, temperatures[name])
    shares = np.full(len(means), 1 / len(means))
    if loss is not None and len(means) > 1:
        answers = [mean[known] for mean in means.values()]
        shares = blending_weights(answers, lambda A: loss(A, Y[known]), of_known)
    together = np.tensordot(shares, np.stack([*means.values()]), 1)
    return Weighed(dict(zip(means, shares.tolist(), strict=True)), temperatures, together)


def told(P: Array, temperature: float, *, each: bool) -> Array:
    """An ensemble's probabilities (m, n) as they are told, at the temperature of its answers.

    With ``each`` a column is a yes or no of its own; else rows are made to sum to 1, which those of members
    in float32 do within 1e-7.
    """
    return tempered(P if each else P / P.sum(axis=1, keepdims=True), temperature, each=each)


PROBABILITIES = ("sigmoid", "softmax")
"""Heads whose outputs have a temperature."""


def at_temperature(A: Array, output: str, temperature: float) -> Array:
    """Outputs at a temperature; those of other heads than `PROBABILITIES` as they are."""
    return tempered(A, temperature, each=output == "sigmoid") if output in PROBABILITIES else A


def _temperature(A: Array, Y: Array, output: str, weight: Array | None) -> float:
    return fitted_temperature(A, Y, weight, each=output == "sigmoid")
