"""Examples on their way to the device: kept there as a whole where that fits, else batch by batch."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepstep.engines.unlocked import writable
from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray, Array

SHARE = 0.5
"""Most of the free memory of a GPU that examples may take."""


class Feed:
    """Takes batches of examples to a device, in a precision."""

    def __init__(self, like: Tensor, dtype: "np.dtype[Any]") -> None:
        self._device, self._dtype = like.device, dtype
        self._kept: tuple[Examples, Tensor, Tensor] | None = None

    def tensor(self, rows: Array) -> Tensor:
        """An array as a tensor; on a CPU it is the same memory where nothing has to be converted."""
        found = torch.from_numpy(writable(np.ascontiguousarray(rows, self._dtype)))
        return found.to(self._device)

    def order(self, order: AnyArray | None) -> Tensor | None:
        """The order of the examples, as the device takes rows by it."""
        if order is None:
            return None
        return torch.from_numpy(writable(np.ascontiguousarray(order, np.int64))).to(self._device)

    def take(
        self,
        examples: Examples,
        order: AnyArray | None,
        order_there: Tensor | None,
        rows: slice,
    ) -> tuple[Tensor, Tensor]:
        """X and Y of some of the examples, by their places in the order; rows as examples."""
        if not self._keeps(examples):
            X, Y, _ = examples.take(rows if order is None else order[rows])
            return self.tensor(X.T), self.tensor(Y.T)
        _, X_there, Y_there = self._kept_of(examples)
        if order_there is None:
            return X_there[rows], Y_there[rows]
        index = order_there[rows]
        return X_there.index_select(0, index), Y_there.index_select(0, index)

    def _keeps(self, examples: Examples) -> bool:
        if not isinstance(examples.X, np.ndarray):
            return False  # of sparse rows a batch is made dense
        if self._device.type != "cuda" or (self._kept is not None and self._kept[0] is examples):
            return True
        numbers = examples.X.size + examples.Y.size
        return numbers * self._dtype.itemsize < SHARE * torch.cuda.mem_get_info(self._device)[0]

    def _kept_of(self, examples: Examples) -> tuple[Examples, Tensor, Tensor]:
        if self._kept is None or self._kept[0] is not examples:
            self._kept = None  # the others go first
            self._kept = examples, self.tensor(examples.X), self.tensor(examples.Y)
        return self._kept
