"""What a gradient is of: J as a function of θ, with everything that stands in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from deepstep.engines import Settings, cost_terms
from deepstep.equations import Graph, Head, Tape
from deepstep.network import Architecture, Parameters
from deepstep.types import AnyArray, Array


@dataclass(frozen=True)
class Problem:
    """A network with its examples.

    Attributes
    ----------
    architecture : Architecture
    theta : Parameters
        θ, which may be changed in place.
    head : Head
    A0, Y : arrays of shape (n_x, m) and (n_L, m)
        Inputs, with noise if there is any, and target.
    sample_weight : array of shape (m,) or None
    masks : mapping
        Dropout masks by layer.
    settings : Settings
        ``l1`` and ``l2``.
    """

    architecture: Architecture
    theta: Parameters
    head: Head
    A0: Array
    Y: Array
    sample_weight: Array | None
    masks: Mapping[int, Array]
    settings: Settings

    @property
    def graph(self) -> Graph:
        """The operations of the forward pass."""
        return self.architecture.graph_with_dropout(frozenset(self.masks))

    def forward(self) -> Tape:
        """The forward pass at θ as it is."""
        return self.architecture.run(self.A0, self.theta, masks=self.masks)[1]

    def evaluate(self) -> tuple[float, AnyArray]:
        """J at θ as it is, and on which side of their kinks the units, the loss and |W| are."""
        tape = self.forward()
        ZL = tape[self.graph.logits]
        costs = cost_terms(
            ZL,
            self.Y,
            self.theta,
            head=self.head,
            settings=self.settings,
            sample_weight=self.sample_weight,
        )
        switches = [side for node in self.graph.nodes for side in node.sides(tape)]
        if self.head.kinks is not None:
            switches.append(self.head.kinks(ZL, self.Y).ravel() > 0)
        if self.settings.l1:
            switches += [value.ravel() > 0 for name, value in self.theta.items() if name[0] == "W"]
        return costs.total, np.concatenate(switches) if switches else np.empty(0, dtype=bool)
