"""The different targets of rows that come a piece at a time, and what each weighs."""

from typing import TYPE_CHECKING, Self

import numpy as np

from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars

MOST_CLASSES = 10_000
"""So many different values a target of classes may have."""


class RunningTargets:
    """Running statistics of a target.

    Weights are added up in the order of the rows, one by one: sums are the same bits however the rows are cut
    into pieces, and however many threads there are.
    """

    def __init__(self) -> None:
        self._values: polars.DataFrame | None = None
        self._weights, self._rows = np.zeros(0), np.zeros(0, np.int64)
        self._too_many = False

    def update(self, values: "polars.Series", weight: AnyArray, learned: AnyArray) -> None:
        """Take in targets without missing ones; ``learned`` (k,) says whose weights count."""
        if self._too_many or not len(values):
            return
        codes = self._codes(values)
        if not self._too_many:
            np.add.at(self._weights, codes[learned], weight[learned])
            np.add.at(self._rows, codes[learned], 1)

    def merge(self, other: Self) -> None:
        """Take in what another has seen of the rows after these: its sums are added as they are."""
        self._too_many |= other._too_many
        if not self._too_many and other._values is not None:
            codes = self._codes(other._values["value"])
            if not self._too_many:
                np.add.at(self._weights, codes, other._weights)
                np.add.at(self._rows, codes, other._rows)

    def _codes(self, values: "polars.Series") -> AnyArray:
        """The numbers of values, of which new ones get the next; none where there are too many."""
        import polars

        frame = polars.DataFrame({"value": values})
        new = frame.unique(maintain_order=True)
        known = new if self._values is None else polars.concat([self._values, new])
        self._values = known.unique(keep="first", maintain_order=True)
        self._too_many = self._values.height > MOST_CLASSES
        if self._too_many:
            return np.empty(0, np.int64)
        more = self._values.height - len(self._weights)
        self._weights = np.append(self._weights, np.zeros(more))
        self._rows = np.append(self._rows, np.zeros(more, np.int64))
        found = frame.join(self._values.with_row_index("code"), on="value", how="left", maintain_order="left")
        return found["code"].to_numpy()

    def finish(self) -> "polars.DataFrame | None":
        """The values with their weights and rows, in order; None where there are none, or too many."""
        import polars

        if self._values is None or self._too_many:
            return None
        sums = [polars.Series("weight", self._weights), polars.Series("rows", self._rows)]
        return self._values.with_columns(sums).sort("value")
