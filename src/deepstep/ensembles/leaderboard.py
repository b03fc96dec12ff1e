"""The members of an ensemble as a table, and what each preset counts."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple

from deepstep.data.text_formats import html_table, number_text
from deepstep.ensembles.member import Member
from deepstep.inspection.metrics import text_table


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

    HEADER = ("preset", "settings", "folds", "epochs", "loss", "seconds", "weight", "outcome")

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
