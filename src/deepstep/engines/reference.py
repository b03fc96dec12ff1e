"""The reference engine: the equations as they stand."""

import numpy as np

from deepstep.engines.session import SessionState, Settings
from deepstep.equations import (
    LayerCache,
    backpropagate,
    cost_from_logits,
    flatten_gradients,
    get_optimizer,
    l2_backward,
    l2_cost,
    model_forward,
    output_gradient,
)
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples, batches
from deepstep.types import AnyArray, Array


class ReferenceSession:
    """Trains with the equations, on NumPy, in float64 or float32. See `deepstep.engines.Session`."""

    name = "reference"

    def __init__(self, architecture: Architecture, parameters: Parameters, settings: Settings) -> None:
        self._architecture = architecture
        self._optimizer = get_optimizer(settings.optimizer)
        self._hyperparameters = self._optimizer.settings(settings.hyperparameters)
        self._l2 = settings.l2
        self._parameters = parameters
        self._slots = tuple(np.zeros_like(parameters.flat) for _ in self._optimizer.state)
        self._step = 0

    @property
    def parameters(self) -> Parameters:
        """The parameters now; an update makes new ones and leaves these."""
        return self._parameters

    def step(self, X: Array, Y: Array, *, learning_rate: float, sample_weight: Array | None = None) -> float:
        """One update; gives J before it."""
        cost, gradient = self.cost_and_gradient(X, Y, sample_weight=sample_weight)
        self._step += 1
        count = {"t": self._step} if self._optimizer.counts_steps else {}
        theta, *slots = self._optimizer.update(
            self._parameters.flat,
            gradient,
            *self._slots,
            learning_rate=float(learning_rate),  # a NumPy scalar would widen float32
            **count,
            **self._hyperparameters,
        )
        self._slots = tuple(slots)
        self._parameters = self._parameters.like(theta)
        return cost

    def epoch(
        self, examples: Examples, *, order: AnyArray | None, batch_size: int | None, learning_rate: float
    ) -> float:
        """One update per batch with weight; gives the mean over their examples of J before each update."""
        total, visited = 0.0, 0
        for rows in batches(order, len(examples), batch_size):
            X, Y, weight = examples.take(rows)
            if weight is None or weight.any():  # a batch whose weights are all 0 teaches nothing
                m = Y.shape[1]
                total += m * self.step(X, Y, learning_rate=learning_rate, sample_weight=weight)
                visited += m
        if not visited:
            raise DataError("Session.epoch", "a weight above 0", "got weights that are all 0")
        return total / visited

    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        """J; nothing is updated."""
        _, caches = self._forward(X)
        return self._cost(caches[-1].Z, Y, sample_weight)

    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ; nothing is updated."""
        _, caches = self._forward(X)
        ZL = caches[-1].Z
        cost = self._cost(ZL, Y, sample_weight)
        dZL = output_gradient(ZL, Y, output=self._architecture.output, sample_weight=sample_weight)
        gradients = backpropagate(dZL, caches, self._architecture.activations, input_gradient=False)
        if self._l2:
            m = _total_weight(Y, sample_weight)
            for layer in range(1, self._architecture.n_layers + 1):
                gradients[f"dW{layer}"] += l2_backward(self._parameters[f"W{layer}"], self._l2, m)
        return cost, flatten_gradients(gradients, self._parameters, "step")

    def forward(self, X: Array) -> Array:
        """AL of shape (n_L, m)."""
        return self._forward(X)[0]

    def state(self) -> SessionState:
        """The state now."""
        slots = dict(zip(self._optimizer.state, self._slots, strict=True))
        return SessionState(self._parameters.flat, slots, self._step)

    def load(self, state: SessionState) -> None:
        """Go on from a state, in this session's precision."""
        if set(state.slots) != set(self._optimizer.state):
            raise ConfigurationError(
                "Session.load",
                f"the state of this update rule, {list(self._optimizer.state)}",
                f"got {list(state.slots)}",
                "Open the session with the optimizer that made the state.",
            )
        theta, dtype = self._parameters.flat, self._parameters.dtype
        for name, vector in {"theta": state.theta, **state.slots}.items():
            if np.shape(vector) != theta.shape:
                raise ShapeError(
                    "Session.load",
                    f"{name} is a vector of this network's {theta.size} parameters",
                    f"got shape {np.shape(vector)}",
                    "Open the session with the network that made the state.",
                )
        self._parameters = Parameters(np.array(state.theta, dtype), self._architecture.layer_dims)
        self._slots = tuple(np.array(state.slots[name], dtype) for name in self._optimizer.state)
        self._step = int(state.step)

    def _forward(self, X: Array) -> tuple[Array, list[LayerCache]]:
        return model_forward(X, self._parameters, activations=self._architecture.activations)

    def _cost(self, ZL: Array, Y: Array, sample_weight: Array | None) -> float:
        cost = cost_from_logits(ZL, Y, output=self._architecture.output, sample_weight=sample_weight)
        if self._l2:
            weights = [self._parameters[f"W{n}"] for n in range(1, self._architecture.n_layers + 1)]
            cost += l2_cost(weights, self._l2, _total_weight(Y, sample_weight))
        return cost


def _total_weight(Y: Array, sample_weight: Array | None) -> float:
    return float(Y.shape[1] if sample_weight is None else sample_weight.sum())
