"""An ensemble: networks of several presets over the folds of a table, with weights; or one network alone.

As tables: the leaderboard of the members, and the presets that were tried.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cached_property, partial
from math import isclose
from typing import Any, NamedTuple

import numpy as np

from deepstep.data.text_formats import html_table, number_text
from deepstep.engines import Settings
from deepstep.ensembles.calibration import with_temperature
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.ensembles.presets import Preset
from deepstep.environment import single_blas
from deepstep.inspection.metrics import text_table
from deepstep.model import Network
from deepstep.model.outputs import outputs_of_rows
from deepstep.targets import PROBABILITIES
from deepstep.training import History
from deepstep.types import AnyArray, Array


@dataclass(frozen=True, eq=False)
class Member:
    """One network of an ensemble.

    Attributes
    ----------
    preset : str
        The name of the preset that it was made by.
    inputs : str
        Which inputs of its fold's preprocessor it takes.
    fold : int
        Number of the fold whose rows it learned from.
    network : deepstep.Network
        It takes the inputs that the preprocessor made, and learned the targets that it scaled; every step of
        its training can be opened.
    engine : str
        The engine that trained it, and predicts.
    settings : Settings
        What its steps were made with.
    learning_rate : float or None
        The one of its training; None for L-BFGS.
    epochs : int
        How many it learned.
    best_epoch : int or None
        After how many of them the validation cost was smallest, from 1; None without validation data.
    validation_cost : float or None
        The cost then.
    score : float or None
        Accuracy, R² or D² on the rows that its fold held out; None where that is not known.
    """

    preset: str
    inputs: str
    fold: int
    network: Network
    engine: str
    settings: Settings
    learning_rate: float | None
    epochs: int
    best_epoch: int | None = None
    validation_cost: float | None = None
    score: float | None = None

    @property
    def layer_dims(self) -> tuple[int, ...]:
        """The units of its layers."""
        return self.network.architecture.layer_dims

    @property
    def seconds(self) -> float | None:
        """Seconds of its training; None where its history is not known."""
        history = self.network.history
        return history[-1].get("seconds") if history else None

    def __str__(self) -> str:
        cost = "" if self.validation_cost is None else f", validation cost {self.validation_cost:.6f}"
        return f"{self.preset} on fold {self.fold}{cost}"

    def outputs(self, inputs: Mapping[str, Any], preprocessor: Preprocessor) -> Array:
        """Compute the outputs of the network.

        Parameters
        ----------
        inputs : mapping
            Rows as the inputs of each encoding of the fold.
        preprocessor : Preprocessor
            The preprocessor of the fold.

        Returns
        -------
        ndarray of shape (m, n_outputs)
            Outputs in the units of the target.
        """
        return preprocessor.unscaled(outputs_of_rows(self.network, self.engine, inputs[self.inputs]))


class Leaderboard(list[dict[str, Any]]):
    """The members of an ensemble as a table: dicts of the same keys, which ``pandas.DataFrame`` takes.

    Parameters
    ----------
    iterable : iterable of dict, optional
        A dict for each member, with the names of columns as keys.
    """

    def only(self, *names: str) -> "Leaderboard":
        """Take some of the columns.

        Parameters
        ----------
        *names : str
            The columns, in their order.

        Returns
        -------
        Leaderboard
            All rows with these columns.
        """
        return Leaderboard({name: row[name] for name in names} for row in self)

    def cells(self) -> list[tuple[str, ...]]:
        """Write the values as texts.

        Returns
        -------
        list of tuple of str
            A tuple for each row, with a text for each column.
        """
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

    Attributes
    ----------
    name, why : str
        Of the preset, and what it is good for.
    members : tuple of Member
        The members that are made by it.
    validation_cost : float or None
        The mean of theirs; None without validation data.
    weight : float
        How much they count together.
    loss : float or None, optional
        Their loss on rows that they did not learn from, without label smoothing and at the best temperature,
        so that presets can be compared; None where it was not computed.
    """

    name: str
    why: str
    members: tuple[Member, ...]
    validation_cost: float | None
    weight: float
    loss: float | None = None


class Outcome(StrEnum):
    """Why a preset is in the ensemble, or is not."""

    SELECTED = "selected"
    NOT_SELECTED = "not selected"
    DROPPED = "dropped after the first folds"
    DIVERGED = "diverged"
    UNFINISHED = "not finished"


@dataclass(frozen=True)
class TriedPreset:
    """A preset that was trained for an ensemble.

    Attributes
    ----------
    preset, description : str
        Its name, and what it is good for.
    settings : mapping
        The fields of its `Preset`, and of its `Settings`, that differ from those by default.
    folds : int
        How many folds it has learned.
    epochs : int or None
        The epochs after which its networks were kept; None where each fold has its own.
    loss : float or None
        The mean loss of the rows that these folds held out, at the best temperature; None without such rows.
    seconds : float
        Duration of its trainings.
    weight : float
        How much it counts in predictions.
    outcome : str
        'selected', 'not selected', 'dropped after the first folds', 'diverged', or 'not finished' where the
        fit ended before.
    """

    preset: str
    description: str
    settings: Mapping[str, Any]
    folds: int
    epochs: int | None
    loss: float | None
    seconds: float
    weight: float
    outcome: str


class TriedPresets(tuple[TriedPreset, ...]):
    """The presets that were tried, the best first, as a table; `to_dicts` is for ``pandas.DataFrame``.

    >>> from sklearn.datasets import load_iris
    >>> from deepstep import DeepClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = DeepClassifier(effort="fast", network_params={"epochs": 4}, random_state=1).fit(X, y)
    >>> sorted({preset.folds for preset in model.tried_})  # some were dropped after the first two
    [2, 5]
    >>> len(model.tried_), sum(preset.weight > 0 for preset in model.tried_) == len(model.ensemble_.weights)
    (5, True)
    """

    HEADER = ("preset", "settings", "folds", "best epoch", "loss", "seconds", "weight", "outcome")

    @classmethod
    def sorted(cls, tried: Iterable[TriedPreset]) -> "TriedPresets":
        """By weight, then by loss."""
        last = float("inf")
        return cls(
            sorted(tried, key=lambda preset: (-preset.weight, last if preset.loss is None else preset.loss))
        )

    def to_dicts(self) -> list[dict[str, Any]]:
        """A dict for each preset, all with the same keys."""
        return [asdict(preset) for preset in self]

    def cells(self) -> list[tuple[str, ...]]:
        """The values as texts, in the order of ``HEADER``."""
        return [
            (
                preset.preset,
                ", ".join(
                    name if value is True else f"{name} {_word(value)}"
                    for name, value in preset.settings.items()
                    if not (value is None or value is False or value == {})
                ),
                str(preset.folds),
                _word(preset.epochs),
                _word(preset.loss),
                f"{preset.seconds:.2f}",
                f"{preset.weight:.3f}",
                preset.outcome,
            )
            for preset in self
        ]

    def __repr__(self) -> str:
        return text_table(self.HEADER, self.cells())

    def _repr_html_(self) -> str:
        return html_table(self.HEADER, self.cells(), caption=f"{len(self)} presets that were tried")


def cell(value: Any, digits: int = 4) -> str:
    """A value as the text of a cell."""
    if value is None:
        return "–"
    if isinstance(value, tuple):
        return "-".join(map(_word, value)) or "none"
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_word(entry)}" for name, entry in value.items())
    return number_text(value, digits) if isinstance(value, float) else str(value)


_word = partial(cell, digits=3)


NUMBERS_AT_ONCE = 2**24
"""Inputs of rows that are in memory at once for a prediction."""


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble:
    """Networks that predict together.

    Attributes
    ----------
    preprocessors : tuple of Preprocessor
        One for each fold.
    members : tuple of Member
        The networks.
    weights : mapping
        How much each preset counts, by its name; they sum to 1.
    temperatures : mapping
        At which temperature the probabilities of each preset count: what learned smoothed labels is less sure
        than it should be. 1 for outputs that are no probabilities.
    head : str
        The head of the members.
    held_out : tuple of ndarray
        Numbers of the rows that each fold did not learn from, of those with a weight above 0.
    out_of_fold : ndarray of shape (m, n_outputs), or None
        Outputs for these rows by members that did not learn from them, NaN for rows that all learned from;
        None where nothing was held out.
    presets : mapping
        The presets of the members, by name; empty for one network alone.
    tried : tuple of TriedPreset
        All presets that were trained for it, the best first; empty for one network alone.
    """

    preprocessors: tuple[Preprocessor, ...]
    members: tuple[Member, ...]
    weights: Mapping[str, float]
    temperatures: Mapping[str, float]
    head: str
    held_out: tuple[AnyArray, ...]
    out_of_fold: Array | None = None
    presets: Mapping[str, Preset] = field(default_factory=dict)
    tried: tuple[TriedPreset, ...] = ()

    @property
    def only(self) -> Member | None:
        """The network where there is one alone, with what is known of its training; None of several."""
        return self.members[0] if len(self.members) == 1 else None

    @property
    def network(self) -> Network:
        """The only network; an AttributeError where there are several."""
        if self.only is None:
            raise AttributeError(f"The ensemble has {self.counted}, see members[0].network")
        return self.only.network

    @property
    def history(self) -> History:
        """The training of the only network, empty where it was not kept; an AttributeError of several."""
        history = self.network.history
        return History() if history is None else history

    @property
    def ended(self) -> str:
        """Why the training of the only network ended, after how many epochs."""
        history = self.history
        if not len(history):
            return f"{history.stopped or 'no records'}, before the end of the first epoch"
        first, last = history.costs[[0, -1]]
        return f"{history.stopped}: {len(history)} epochs, cost {first:.6g} → {last:.6g}"

    @property
    def engine(self) -> tuple[str, str]:
        """The engine that trained, and why where another one could be expected."""
        first = self.members[0]
        return first.engine, "" if first.network.history is None else first.network.history.why_engine

    @property
    def fault(self) -> str:
        """The condition that a stored ensemble does not meet; empty for a valid one."""
        folds = range(len(self.preprocessors))
        if not self.members or len(self.held_out) != len(folds):
            return "at least one member, and rows held out for each fold"
        for member in self.members:
            if member.fold not in folds or member.preset not in self.weights:
                return "members of folds and presets that it has"
            if member.inputs not in self.preprocessors[member.fold].encodings:
                return "members whose inputs their fold has"
            shape = member.network.architecture
            if shape.output != self.head:
                return f"members with the head {self.head!r}"
            if self.preprocessors[member.fold].n_inputs_of(member.inputs) not in (None, shape.n_inputs):
                return "members with as many inputs as their fold makes"
        weights = [*self.weights.values()]
        if min(weights) < 0 or not isclose(sum(weights), 1, rel_tol=1e-9):
            return "weights of at least 0 that sum to 1"
        if self.weights.keys() != self.temperatures.keys() or min(self.temperatures.values()) <= 0:
            return "a temperature above 0 for each preset"
        return ""

    @classmethod
    def of_one(
        cls,
        member: Member,
        preprocessor: Preprocessor,
        head: str,
        presets: Mapping[str, Preset] | None = None,
    ) -> "Ensemble":
        """An ensemble of one network.

        Parameters
        ----------
        member : Member
            The network.
        preprocessor : Preprocessor
            How rows become its inputs.
        head : str
            The head of the network.
        presets : mapping, optional
            Its preset, by name.

        Returns
        -------
        Ensemble
            One member with the weight 1.
        """
        alone = {member.preset: 1.0}
        return cls((preprocessor,), (member,), alone, alone, head, (np.arange(0),), None, dict(presets or {}))

    def __repr__(self) -> str:
        n_folds = len({member.fold for member in self.members})
        folds = f" on {n_folds} folds" if n_folds > 1 else ""
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in self.weights.items())
        return f"Ensemble({self.counted}{folds}: {weights})"

    def _repr_html_(self) -> str:
        return self.leaderboard()._repr_html_()

    def __getstate__(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @property
    def counted(self) -> str:
        """How many networks there are, in words."""
        n = len(self.members)
        return f"{n} network{'s' if n > 1 else ''}"

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """How much each network counts; they sum to 1."""
        names = [member.preset for member in self.members]
        return tuple(self.weights[name] / names.count(name) for name in names)

    @cached_property
    def _counting(self) -> list[list[tuple[Member, float]]]:
        """The members of each fold that count, with their shares."""
        pairs = [pair for pair in zip(self.members, self.shares, strict=True) if pair[1] > 0]
        return [[pair for pair in pairs if pair[0].fold == k] for k in range(len(self.preprocessors))]

    # tables of what is in it

    @property
    def by_preset(self) -> tuple[PresetSummary, ...]:
        """The share of each preset, in the order of the weights."""
        losses = {item.preset: item.loss for item in self.tried}
        summaries = []
        for name, weight in self.weights.items():
            members = tuple(member for member in self.members if member.preset == name)
            costs = [member.validation_cost for member in members if member.validation_cost is not None]
            cost = float(np.mean(costs)) if costs else None
            why = self.presets[name].why if name in self.presets else ""
            summaries.append(PresetSummary(name, why, members, cost, weight, losses.get(name)))
        return tuple(summaries)

    @property
    def preset_costs(self) -> tuple[str, list[float | None]]:
        """The name of a quantity by which presets can be compared, and its value for each preset.

        This is the loss; where it was not computed for each, the mean validation cost.
        """
        summaries = self.by_preset
        if any(summary.loss is None for summary in summaries):
            return "mean validation cost", [summary.validation_cost for summary in summaries]
        return "out-of-fold loss", [summary.loss for summary in summaries]

    @property
    def cost_note(self) -> str:
        """A sentence about costs of members that include label smoothing; empty where none does."""
        smoothed = {
            member.preset: member.network.architecture.output_settings.get("smoothing")
            for member in self.members
        }
        names = [name for name, smoothing in smoothed.items() if smoothing]
        if not names:
            return ""
        if len(self.members) == 1:
            return f"The cost includes label smoothing of {smoothed[names[0]]:g}; the log loss does not."
        return f"Costs of {', '.join(names)} include label smoothing, so that they are higher; losses do not."

    def leaderboard(self) -> Leaderboard:
        """List the members, the lowest validation cost first.

        Returns
        -------
        Leaderboard
            A dict for each member.
        """
        rows = [
            {
                "member": number,
                "preset": member.preset,
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

    # outputs

    @single_blas(shares=True)
    def outputs(self, X: Any) -> Array:
        """Compute the weighted mean of the members' outputs; many rows are taken a part at a time.

        Parameters
        ----------
        X : frame, array or sparse matrix of shape (m, n_columns)
            Rows with the columns of the fit.

        Returns
        -------
        ndarray of shape (m, n_outputs)
            Outputs in the units of the target.
        """
        if len(self.members) == 1 and self.preprocessors[0].preparation is None:
            (member,), (preprocessor,) = self.members, self.preprocessors
            return member.outputs(preprocessor.inputs(preprocessor.features(X)), preprocessor)
        size = self.rows_at_once(X.shape[1])
        parts = [X[start : start + size] for start in range(0, max(1, X.shape[0]), size)]
        outputs = [
            self.outputs_of_features(
                preprocessor.features(part) if members else None
                for preprocessor, members in zip(self.preprocessors, self._counting, strict=True)
            )
            for part in (parts if len(parts) > 1 else [X])
        ]
        return outputs[0] if len(outputs) == 1 else np.concatenate(outputs)

    def rows_at_once(self, n: int) -> int:
        """Tell how many rows a prediction holds in memory.

        Parameters
        ----------
        n : int
            Columns of the rows, which count where networks take them as they are.

        Returns
        -------
        int
            Rows, at least 1.
        """
        widest = max(preprocessor.n_inputs or n for preprocessor in self.preprocessors)
        return max(1, NUMBERS_AT_ONCE // widest)

    def outputs_of_features(self, features: Iterable[Any]) -> Array:
        """Compute `outputs` for rows that are features already.

        Parameters
        ----------
        features : iterable of array
            The features of each fold; anything for a fold whose members do not count.

        Returns
        -------
        ndarray of shape (m, n_outputs)
            Outputs in the units of the target.
        """
        folds = zip(self.preprocessors, features, self._counting, strict=True)
        return self.outputs_of_inputs(
            preprocessor.inputs(rows) if members else {} for preprocessor, rows, members in folds
        )

    @single_blas(shares=True)
    def outputs_of_inputs(self, inputs: Iterable[Mapping[str, Any]]) -> Array:
        """Compute `outputs` for rows that are inputs already.

        Parameters
        ----------
        inputs : iterable of mapping
            The inputs of each fold, by the names of the encodings.

        Returns
        -------
        ndarray of shape (m, n_outputs)
            Outputs in the units of the target.
        """
        shares = [share for members in self._counting for _, share in members]
        return weighted_mean(self._outputs_of_members(inputs), shares)

    def _outputs_of_members(self, inputs: Iterable[Mapping[str, Any]]) -> Iterator[Array]:
        """The outputs of each member that counts, at its temperature, fold by fold."""
        for preprocessor, rows, members in zip(self.preprocessors, inputs, self._counting, strict=True):
            if members:
                outputs = [member.outputs(rows, preprocessor) for member, _ in members]
                yield from self._tempered(outputs, members)

    def _tempered(self, outputs: list[Array], members: list[tuple[Member, float]]) -> Sequence[Array]:
        """Outputs of members at the temperatures of their presets, all at once."""
        # one softmax over a stack of all outputs is faster than one for each of them
        T = [self.temperatures[member.preset] for member, _ in members]
        warm = [index for index, t in enumerate(T) if t != 1 and self.head in PROBABILITIES]
        if warm:
            temperatures = np.array([T[index] for index in warm])[:, np.newaxis, np.newaxis]
            stack = np.stack([outputs[index] for index in warm])
            tempered = with_temperature(stack, temperatures, each=self.head == "sigmoid")
            for index, A in zip(warm, tempered, strict=True):
                outputs[index] = A
        return outputs

    @single_blas(shares=True)
    def mean_and_spread_of_fold(self, number: int, X: Any) -> tuple[Array, Array]:
        """Compute the weighted mean and standard deviation over the members of a fold.

        Parameters
        ----------
        number : int
            The fold, from 0.
        X : frame, array or sparse matrix of shape (m, n_columns)
            Rows with the columns of the fit.

        Returns
        -------
        mean, spread : ndarray of shape (m, n_outputs)
            In the units of the target.
        """
        preprocessor, members = self.preprocessors[number], self._counting[number]
        inputs = preprocessor.inputs(preprocessor.features(X))
        shares = np.array([share for _, share in members])
        outputs = self._tempered([member.outputs(inputs, preprocessor) for member, _ in members], members)
        stack = np.stack([A.astype(np.float64) for A in outputs])
        mean = weighted_mean(stack, shares)
        return mean, np.sqrt(np.average((stack - mean) ** 2, axis=0, weights=shares))

    def mean_and_spread(self, X: Any) -> tuple[Array, Array]:
        """Compute `outputs`, and the mean over the folds of the spread of their members.

        Parameters
        ----------
        X : frame, array or sparse matrix of shape (m, n_columns)
            Rows with the columns of the fit.

        Returns
        -------
        mean, spread : ndarray of shape (m, n_outputs)
            In the units of the target.
        """
        shares = [sum(share for _, share in members) for members in self._counting]
        pairs = [self.mean_and_spread_of_fold(number, X) for number, share in enumerate(shares) if share]
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
