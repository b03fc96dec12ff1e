"""What training minimizes: J with its regularization, and ∂J/∂θ."""

from typing import NamedTuple

from deepstep.engines.settings import Settings
from deepstep.equations import (
    Graph,
    Head,
    Tape,
    cost_from_logits,
    flatten_gradients,
    l1_backward,
    l1_cost,
    l2_backward,
    l2_cost,
)
from deepstep.equations.ops import backward
from deepstep.network import Architecture, Parameters
from deepstep.types import Array


class Costs(NamedTuple):
    """The terms of J.

    Attributes
    ----------
    data : float
        The mean loss of the examples.
    l1, l2 : float
        What L1 and L2 regularization add to it.

    Examples
    --------
    >>> Costs(0.5, l2=0.25).total
    0.75
    """

    data: float
    l1: float = 0.0
    l2: float = 0.0

    @property
    def total(self) -> float:
        """J."""
        return self.data + self.l1 + self.l2


def cost_terms(
    ZL: Array,
    Y: Array,
    parameters: Parameters,
    *,
    head: Head | Architecture,
    settings: Settings,
    sample_weight: Array | None = None,
) -> Costs:
    """The terms of J.

    Parameters
    ----------
    ZL, Y : arrays of shape (n_L, m)
        Pre-activation of the output layer and target.
    parameters : Parameters
        θ, whose weights are regularized.
    head : Head or Architecture
        Which loss.
    settings : Settings
        ``l1`` and ``l2``.
    sample_weight : array of shape (m,), optional

    Returns
    -------
    Costs
        The terms, 0 for what is not asked for.

    Examples
    --------
    >>> import numpy as np
    >>> theta = Parameters(np.array([2.0, 0.0]), [1, 1])
    >>> line = Architecture((1, 1), ("identity",))
    >>> cost_terms(np.array([[1.0]]), np.array([[0.0]]), theta, head=line, settings=Settings(l2=0.5))
    Costs(data=0.5, l1=0.0, l2=1.0)
    """
    data = cost_from_logits(ZL, Y, output=head, sample_weight=sample_weight)
    l1, l2, m = settings.l1, settings.l2, total_weight(Y, sample_weight)
    weights = [parameters[f"W{layer}"] for layer in range(1, parameters.n_layers + 1)]
    return Costs(data, l1_cost(weights, l1, m) if l1 else 0.0, l2_cost(weights, l2, m) if l2 else 0.0)


def flat_gradient(
    graph: Graph, tape: Tape, dZL: Array, parameters: Parameters, *, settings: Settings, m: float
) -> Array:
    """∂J/∂θ with L1 and L2, as one vector.

    Parameters
    ----------
    graph, tape
        Of the forward pass.
    dZL : array of shape (n_L, m)
        Derivative of m·J by the logits.
    parameters : Parameters
    settings : Settings
        ``l1`` and ``l2``.
    m : float
        `total_weight` of the examples.
    """
    gradients: dict[str, Array] = {}
    for _, found in backward(graph.nodes, tape, {graph.logits: dZL}, input_gradient=False):
        for name, value in found.items():
            if name not in graph.learned:
                continue
            if name[0] == "W" and settings.l1:
                value += l1_backward(parameters[name], settings.l1, m)
            if name[0] == "W" and settings.l2:
                value += l2_backward(parameters[name], settings.l2, m)
            gradients[f"d{name}"] = value
    return flatten_gradients(gradients, parameters, "step")


def total_weight(Y: Array, sample_weight: Array | None) -> float:
    """The number of examples, or the sum of their weights.

    Parameters
    ----------
    Y : array of shape (n_L, m)
        Target.
    sample_weight : array of shape (m,) or None
        Weight of each example.

    Returns
    -------
    float
        m, or Σᵢ wᵢ.

    Examples
    --------
    >>> import numpy as np
    >>> total_weight(np.zeros((1, 3)), None), total_weight(np.zeros((1, 2)), np.array([0.5, 2.0]))
    (3.0, 2.5)
    """
    return float(Y.shape[1] if sample_weight is None else sample_weight.sum())
