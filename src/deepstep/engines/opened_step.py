"""One step of training with its parts, for those who look into it: the trace and the diagnosis."""

from collections.abc import Mapping
from dataclasses import dataclass

from deepstep.engines.objective import Costs
from deepstep.engines.session import SessionState
from deepstep.equations import Graph, Tape
from deepstep.types import Array


@dataclass(frozen=True)
class OpenedStep:
    """What the reference engine computes in one step, in its order; nothing of it is done yet.

    Attributes
    ----------
    before, after : SessionState
        The state that the step starts from and the one that it leads to.
    X, Y : arrays of shape (n_x, m) and (n_L, m)
        The batch; X without noise.
    sample_weight : array of shape (m,) or None
    A0 : array of shape (n_x, m)
        X with the noise of the step.
    masks : mapping
        Dropout masks D / keep_prob by layer.
    graph, tape
        Of the forward pass, see `deepstep.equations.ops`.
    costs : Costs
        The terms of J.
    dZL : array of shape (n_L, m)
        Where the backward pass begins.
    gradient, cut, clipped : arrays of shape (n_parameters,)
        ∂J/∂θ, then after `clip_by_value`, then after `clip_by_norm`.
    decayed, moved : arrays of shape (n_parameters,)
        θ after the decoupled decay, then after the update rule; ``after`` has it with its norms limited.
    rates, decays : float or array of shape (n_parameters,)
        α and λ, with the factors of the groups of parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from deepstep import Architecture, Parameters
    >>> from deepstep.engines import open_session
    >>> line = Architecture((1, 1), ("identity",))
    >>> session = open_session("reference", line, Parameters(np.zeros(2), [1, 1]))
    >>> opened = session.open_step(np.array([[1.0]]), np.array([[2.0]]), learning_rate=0.5)
    >>> opened.dZL, opened.gradient, opened.moved
    (array([[-2.]]), array([-2., -2.]), array([1., 1.]))
    """

    before: SessionState
    X: Array
    Y: Array
    sample_weight: Array | None
    A0: Array
    masks: Mapping[int, Array]
    graph: Graph
    tape: Tape
    costs: Costs
    dZL: Array
    gradient: Array
    cut: Array
    clipped: Array
    decayed: Array
    moved: Array
    rates: float | Array
    decays: float | Array
    after: SessionState

    @property
    def AL(self) -> Array:
        """Output of the network."""
        return self.tape[self.graph.output]

    @property
    def ZL(self) -> Array:
        """Logits."""
        return self.tape[self.graph.logits]
