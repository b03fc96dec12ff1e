"""The members of an ensemble as a table, and what each preset counts."""

from typing import Any, NamedTuple

from deepstep.data.text_formats import html_table
from deepstep.ensembles.member import Member
from deepstep.ensembles.tried import cell
from deepstep.inspection.tables import text_table


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

    name, why: Of the preset, and what it is good for.
    members: The members that are made by it.
    validation_cost (float or None): The mean of theirs; None without validation data.
    weight: How much they count together.
    loss (float or None): Their loss on rows that they did not learn from, without label smoothing and at the
        best temperature, so that presets can be compared; None where it was not computed.
    """

    name: str
    why: str
    members: tuple[Member, ...]
    validation_cost: float | None
    weight: float
    loss: float | None = None
