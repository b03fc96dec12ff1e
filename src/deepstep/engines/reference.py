"""The reference engine: the equations as they stand."""

from collections.abc import Mapping

import numpy as np

from deepstep.engines.draws import dropout_masks, input_noise
from deepstep.engines.session import SessionState, StepCosts
from deepstep.engines.settings import Settings
from deepstep.equations import (
    LayerCache,
    NormalizedCache,
    average_update,
    backpropagate,
    clip_by_norm,
    clip_by_value,
    cost_from_logits,
    decoupled_decay,
    flatten_gradients,
    get_optimizer,
    l1_backward,
    l1_cost,
    l2_backward,
    l2_cost,
    limit_norms,
    model_forward,
    output_gradient,
    running_statistics,
)
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.network import Architecture, Parameters
from deepstep.network.model_file import statistics_shapes
from deepstep.preparation.batches import Examples, batch
from deepstep.types import AnyArray, Array


class ReferenceSession:
    """Trains with the equations, on NumPy, in float64 or float32. See `deepstep.engines.Session`."""

    name = "reference"

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        settings: Settings,
        statistics: Mapping[str, Array] | None = None,
    ) -> None:
        self.architecture = architecture
        self.settings = settings
        self._optimizer = get_optimizer(settings.optimizer)
        self._hyperparameters = self._optimizer.settings(settings.hyperparameters)
        self._dropout = settings.dropout_of(architecture)
        self._rate_factors = settings.factors("rate", parameters)
        self._decay_factors = settings.factors("decay", parameters)
        self._dtype = parameters.dtype
        self._like = parameters.like
        slots = {name: np.zeros_like(parameters.flat) for name in self._optimizer.state}
        if statistics is None:
            statistics = first_statistics(architecture, self._dtype)
        # one object, replaced as a whole: an interruption finds the state before a step or the one after it
        self._state = SessionState(parameters.flat, slots, 0, dict(statistics))
        self._parameters = parameters

    @property
    def parameters(self) -> Parameters:
        """The parameters now; an update makes new ones and leaves these."""
        if self._parameters.flat is not self._state.theta:
            self._parameters = self._like(self._state.theta)
        return self._parameters

    @property
    def outcome(self) -> Parameters:
        """The moving average where one is kept, else `parameters`."""
        average = self._state.average
        return self.parameters if average is None else self._like(average)

    def step(
        self,
        X: Array,
        Y: Array,
        *,
        learning_rate: float,
        sample_weight: Array | None = None,
        weight_decay: float = 1.0,
        dropout: float = 1.0,
    ) -> float:
        """One update; gives J before it."""
        before, number = self._state, self._state.step + 1
        X, masks = self._disturbed(X, number, dropout)
        AL_caches = self._forward(X, masks=masks)
        cost, gradient = self._cost_and_gradient(AL_caches[1], Y, sample_weight, masks)
        theta, slots = self._updated(gradient, number, float(learning_rate), weight_decay)
        average = None
        if self.settings.average:
            count = 1 if before.average is None else number
            until_now = theta if before.average is None else before.average
            average = average_update(until_now, theta, decay=self.settings.average, t=count)
        self._state = SessionState(theta, slots, number, self._statistics_after(AL_caches[1]), average)
        return cost

    def steps(
        self,
        examples: Examples,
        *,
        order: AnyArray | None,
        batch_size: int | None,
        numbers: range,
        learning_rate: AnyArray,
        weight_decay: AnyArray,
        dropout: AnyArray,
    ) -> StepCosts:
        """One update for each batch that has weight."""
        costs, sizes = np.full(len(numbers), np.nan), np.zeros(len(numbers), dtype=int)
        for at, number in enumerate(numbers):
            X, Y, weight = examples.take(batch(order, len(examples), batch_size, number))
            if weight is None or weight.any():  # a batch whose weights are all 0 teaches nothing
                costs[at] = self.step(
                    X,
                    Y,
                    learning_rate=learning_rate[at],
                    sample_weight=weight,
                    weight_decay=float(weight_decay[at]),
                    dropout=float(dropout[at]),
                )
                sizes[at] = Y.shape[1]
        return StepCosts(costs, sizes)

    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        """J of the network that predicts; nothing is updated."""
        _, caches = self._predicting(X)
        return self._cost(caches[-1].Z, Y, sample_weight, self.outcome)

    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ; nothing is updated."""
        return self._cost_and_gradient(self._forward(X)[1], Y, sample_weight, {})

    def forward(self, X: Array) -> Array:
        """AL of shape (n_L, m)."""
        return self._predicting(X)[0]

    def state(self) -> SessionState:
        """The state now."""
        return self._state

    def load(self, state: SessionState) -> None:
        """Go on from a state, in this session's precision."""
        for kind, came, own in (
            ("slots", state.slots, self._optimizer.state),
            ("statistics", state.statistics, self._state.statistics),
        ):
            if set(came) != set(own):
                raise ConfigurationError(
                    "Session.load",
                    f"the {kind} of this session, {list(own)}",
                    f"got {list(came)}",
                    "Open the session with the optimizer and the network that made the state.",
                )
        theta = self._state.theta
        vectors = {"theta": state.theta, **state.slots}
        if state.average is not None:
            vectors["average"] = state.average
        expected = dict.fromkeys(vectors, theta.shape)
        expected |= {name: own.shape for name, own in self._state.statistics.items()}
        for name, vector in {**vectors, **state.statistics}.items():
            if np.shape(vector) != expected[name]:
                raise ShapeError(
                    "Session.load",
                    f"{name} has shape {expected[name]}",
                    f"got shape {np.shape(vector)}",
                    "Open the session with the network that made the state.",
                )
        self._state = SessionState(
            np.array(state.theta, self._dtype),
            {name: np.array(state.slots[name], self._dtype) for name in self._optimizer.state},
            int(state.step),
            {name: np.array(value, self._dtype) for name, value in state.statistics.items()},
            None if state.average is None else np.array(state.average, self._dtype),
        )

    def _disturbed(self, X: Array, number: int, factor: float) -> tuple[Array, dict[int, Array]]:
        """The inputs with noise, and the dropout masks of a step."""
        seed, dtype, noise = self.settings.seed, self._dtype, self.settings.input_noise
        if noise:
            X = X + input_noise(X.shape, noise, seed=seed, step=number, dtype=dtype)
        rates = tuple(factor * rate for rate in self._dropout)
        return X, dropout_masks(self.architecture, rates, X.shape[1], seed=seed, step=number, dtype=dtype)

    def _forward(
        self, X: Array, *, masks: Mapping[int, Array] | None = None
    ) -> tuple[Array, list[LayerCache]]:
        """The forward pass of training: the batch's own statistics."""
        shape = self.architecture
        return model_forward(
            X, self.parameters, activations=shape.activations, normalization=shape.normalization, masks=masks
        )

    def _predicting(self, X: Array) -> tuple[Array, list[LayerCache]]:
        """The forward pass of prediction: running statistics, no dropout, averaged parameters."""
        shape = self.architecture
        return model_forward(
            X,
            self.outcome,
            activations=shape.activations,
            normalization=shape.normalization,
            statistics=self._state.statistics,
        )

    def _cost_and_gradient(
        self, caches: list[LayerCache], Y: Array, sample_weight: Array | None, masks: Mapping[int, Array]
    ) -> tuple[float, Array]:
        parameters, ZL, settings = self.parameters, caches[-1].Z, self.settings
        cost = self._cost(ZL, Y, sample_weight, parameters)
        dZL = output_gradient(ZL, Y, output=self.architecture, sample_weight=sample_weight)
        gradients = backpropagate(
            dZL, caches, self.architecture.activations, masks=masks, input_gradient=False
        )
        m = _total_weight(Y, sample_weight)
        for layer in range(1, self.architecture.n_layers + 1):
            if settings.l1:
                gradients[f"dW{layer}"] += l1_backward(parameters[f"W{layer}"], settings.l1, m)
            if settings.l2:
                gradients[f"dW{layer}"] += l2_backward(parameters[f"W{layer}"], settings.l2, m)
        return cost, flatten_gradients(gradients, parameters, "step")

    def _cost(self, ZL: Array, Y: Array, sample_weight: Array | None, parameters: Parameters) -> float:
        cost = cost_from_logits(ZL, Y, output=self.architecture, sample_weight=sample_weight)
        l1, l2, m = self.settings.l1, self.settings.l2, _total_weight(Y, sample_weight)
        weights = [parameters[f"W{layer}"] for layer in range(1, self.architecture.n_layers + 1)]
        if l1:
            cost += l1_cost(weights, l1, m)
        if l2:
            cost += l2_cost(weights, l2, m)
        return cost

    def _updated(
        self, gradient: Array, number: int, rate: float, weight_decay: float
    ) -> tuple[Array, dict[str, Array]]:
        """θ and the slots after clipping, decay, the update rule and the limit of norms."""
        settings, before = self.settings, self._state
        if settings.clip_value is not None:
            gradient = clip_by_value(gradient, most=float(settings.clip_value))
        if settings.clip_norm is not None:
            gradient = clip_by_norm(gradient, most=float(settings.clip_norm))
        rates = rate if self._rate_factors is None else rate * self._rate_factors
        theta, decay = before.theta, settings.decay * weight_decay
        if decay:
            decays = decay if self._decay_factors is None else decay * self._decay_factors
            theta = decoupled_decay(theta, learning_rate=rates, weight_decay=decays)
        count = {"t": number} if self._optimizer.counts_steps else {}
        slots = [before.slots[name] for name in self._optimizer.state]
        theta, *slots = self._optimizer.update(
            theta, gradient, *slots, learning_rate=rates, **count, **self._hyperparameters
        )
        if settings.max_norm is not None:
            parameters = self._like(theta)
            for layer in range(1, self.architecture.n_layers + 1):
                W = parameters[f"W{layer}"]
                W[:] = limit_norms(W, most=float(settings.max_norm))
        return theta, dict(zip(self._optimizer.state, slots, strict=True))

    def _statistics_after(self, caches: list[LayerCache]) -> Mapping[str, Array]:
        statistics = dict(self._state.statistics)
        for layer, (linear, _) in enumerate(caches, start=1):
            if isinstance(linear, NormalizedCache) and linear.kind == "batch":
                names = f"mean{layer}", f"variance{layer}"
                mean, variance = (statistics[name] for name in names)
                m = linear.A_prev.shape[1]
                after = running_statistics(mean, variance, linear.mean, linear.variance, m)
                statistics |= dict(zip(names, after, strict=True))
        return statistics


def first_statistics(architecture: Architecture, dtype: "np.dtype[np.floating]") -> dict[str, Array]:
    """Running statistics before training: mean 0 and variance 1."""
    shapes = statistics_shapes(architecture)
    return {name: np.full(shape, name.startswith("variance"), dtype) for name, shape in shapes.items()}


def _total_weight(Y: Array, sample_weight: Array | None) -> float:
    return float(Y.shape[1] if sample_weight is None else sample_weight.sum())
