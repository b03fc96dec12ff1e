"""A session on the torch engine."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepstep.engines.draws import check_dropout, dropout_masks, input_noise
from deepstep.engines.reference import first_statistics
from deepstep.engines.session import SessionState, StepCosts, check_state
from deepstep.engines.settings import Settings
from deepstep.engines.torch.activations import ACTIVATIONS
from deepstep.engines.torch.devices import device_of, refuse_precision, warn_if_slow
from deepstep.engines.torch.feed import Feed
from deepstep.engines.torch.passes import outputs
from deepstep.engines.torch.place import Place, place_for
from deepstep.engines.torch.step import Batch, Machine, Numbers
from deepstep.engines.torch.updates import left_of
from deepstep.equations import cost_from_logits, get_head, get_optimizer
from deepstep.equations.costs import check_target, relative_weights
from deepstep.equations.updates import corrected_share
from deepstep.network import Architecture, Parameters
from deepstep.network.model_file import statistics_shapes
from deepstep.preparation.batches import Examples, batch
from deepstep.types import AnyArray, Array


class Now(NamedTuple):
    """Which of the two places is the state, how many steps it is old, and whether it has an average."""

    place: int
    step: int
    averaged: bool


class TorchSession:
    """Trains with the explicit equations on torch tensors. See `deepstep.engines.Session`.

    Parameters
    ----------
    architecture, parameters, settings, statistics
        As of every session.
    device : str
        "cpu", "cuda", "cuda:1", "mps"; empty for a GPU of CUDA where there is one, else the CPU.
    """

    name, why = "torch", ""
    spans = False

    def __init__(
        self,
        architecture: Architecture,
        parameters: Parameters,
        settings: Settings,
        statistics: Mapping[str, Array] | None = None,
        *,
        device: str = "",
    ) -> None:
        self.architecture, self.settings = architecture, settings
        self._device = device_of(device)
        refuse_precision(parameters.dtype, settings.precision, self._device)
        self.name = f"torch:{device}" if device else "torch"
        self.why = warn_if_slow(settings.precision, self._device)
        self._dtype, self._like = parameters.dtype, parameters.like
        self._dropout = settings.dropout_of(architecture)
        self._optimizer, self._head = get_optimizer(settings.optimizer), get_head(architecture)
        like = torch.empty(0, dtype=getattr(torch, self._dtype.name), device=self._device)
        self._machine = Machine(architecture, settings, parameters, like)
        self._feed = Feed(like, self._dtype)
        n_vectors = 1 + len(self._optimizer.state) + bool(settings.average)
        self._places = tuple(place_for(architecture, n_vectors, like) for _ in range(2))
        self._now = Now(0, 0, averaged=False)
        slots = {name: np.zeros_like(parameters.flat) for name in self._optimizer.state}
        if statistics is None:
            statistics = first_statistics(architecture, self._dtype)
        self._take(SessionState(parameters.flat, slots, 0, statistics))

    def prepare(self) -> None:
        """Nothing has to be made ready: kernels of a GPU are loaded by the first step."""

    @property
    def parameters(self) -> Parameters:
        """The parameters now, a copy."""
        return self._like(_array(self._here.theta))

    @property
    def outcome(self) -> Parameters:
        """The moving average where one is kept, else `parameters`."""
        return self._like(_array(self._here.vectors[-1])) if self._now.averaged else self.parameters

    @torch.inference_mode()
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
        check_target(np.broadcast_to(0.0, (self.architecture.n_outputs, X.shape[1])), Y, "step")
        rows = self._feed.tensor(X.T), self._feed.tensor(Y.T)
        return self._step(*rows, sample_weight, float(learning_rate), float(weight_decay), float(dropout))

    @torch.inference_mode()
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
        order_there = self._feed.order(order)
        for at, number in enumerate(numbers):
            weight = examples.weight
            if weight is not None:
                weight = weight[batch(order, len(examples), batch_size, number)]
                if not weight.any():  # a batch whose weights are all 0 teaches nothing
                    continue
            X, Y = self._feed.take(examples, order, order_there, batch_size, number)
            factors = float(learning_rate[at]), float(weight_decay[at]), float(dropout[at])
            costs[at] = self._step(X, Y, weight, *factors)
            sizes[at] = len(Y)
            if not isfinite(costs[at]):
                break
        return StepCosts(costs, sizes)

    @torch.inference_mode()
    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        """J of the network that predicts; nothing is updated."""
        return cost_from_logits(_array(self._logits(X).T), Y, output=self._head, sample_weight=sample_weight)

    @torch.inference_mode()
    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ, in θ's own precision; nothing is updated."""
        check_target(
            np.broadcast_to(0.0, (self.architecture.n_outputs, X.shape[1])),
            Y,
            "cost_and_gradient",
            sample_weight,
        )
        weight, total = self._weighed(sample_weight, Y.shape[1])
        examples = Batch(self._feed.tensor(X.T), self._feed.tensor(Y.T), weight, {})
        J, _ = self._machine.cost_and_gradient(self._here, examples, total, exact=True)
        return float(J), _array(self._machine.gradient)

    @torch.inference_mode()
    def forward(self, X: Array) -> Array:
        """AL of shape (n_L, m)."""
        ZL = self._logits(X)
        return _array(ACTIVATIONS[self.architecture.activations[-1]].forward(ZL)).T

    @torch.inference_mode()
    def settle(self, X: Array) -> None:
        """Make the statistics of X those that predict."""
        here = self._here
        if here.running:
            Y = np.zeros((X.shape[1], self.architecture.n_outputs))
            examples = Batch(self._feed.tensor(X.T), self._feed.tensor(Y), None, {})
            _, caches = self._machine.cost_and_gradient(here, examples, float(X.shape[1]), exact=True)
            there = self._places[1 - self._now.place]
            there.vectors.copy_(here.vectors)
            self._machine.run_on(here, there, caches, 1.0)
            self._now = self._now._replace(place=1 - self._now.place)

    def state(self) -> SessionState:
        """The state now, a copy."""
        here = self._here
        names = enumerate(self._optimizer.state, start=1)
        return SessionState(
            _array(here.theta),
            {name: _array(here.vectors[row]) for row, name in names},
            self._now.step,
            {name: _array(value)[:, np.newaxis] for name, value in here.running.items()},
            _array(here.vectors[-1]) if self._now.averaged else None,
        )

    def load(self, state: SessionState) -> None:
        """Go on from a state, in this session's precision."""
        shapes = statistics_shapes(self.architecture)
        check_state(state, (self.architecture.n_parameters,), self._optimizer.state, shapes)
        self._take(state)

    @property
    def _here(self) -> Place:
        """Where the state stands."""
        return self._places[self._now.place]

    def _take(self, state: SessionState) -> None:
        """A state's vectors, into the other place, which then is the state."""
        averaged = bool(self.settings.average) and state.average is not None
        vectors = [state.theta, *(state.slots[name] for name in self._optimizer.state)]
        if self.settings.average:
            vectors.append(state.theta if state.average is None else state.average)
        there = self._places[1 - self._now.place]
        there.vectors.copy_(torch.from_numpy(np.array(vectors, self._dtype)))
        for name, value in there.running.items():
            value.copy_(torch.from_numpy(np.array(state.statistics[name], self._dtype)[:, 0]))
        self._now = Now(1 - self._now.place, int(state.step), averaged)

    def _step(
        self, X: Tensor, Y: Tensor, weight: Array | None, rate: float, decay: float, dropout: float
    ) -> float:
        """One update by rows that are on the device; none if J is not finite."""
        now, m = self._now, len(Y)
        number = now.step + 1
        there, total = self._weighed(weight, m)
        examples = Batch(self._noisy(X, number), Y, there, self._masks(m, number, dropout))
        old, new = self._places[now.place], self._places[1 - now.place]
        J, caches = self._machine.cost_and_gradient(old, examples, total)
        cost = float(J)
        if isfinite(cost):
            numbers = self._numbers(number, rate, decay, total)
            self._machine.update(old, new, caches, numbers)
            self._now = Now(1 - now.place, number, bool(self.settings.average))
        return cost

    def _numbers(self, number: int, rate: float, decay: float, total: float) -> Numbers:
        settings, hyper = self.settings, self._machine.hyperparameters
        count = number if self._now.averaged else 1  # begun later, it counts its first θ for those before
        return Numbers(
            rate,
            settings.decay * decay,
            total,
            left_of(hyper.get("beta1", 0.0), number),
            left_of(hyper.get("beta2", 0.0), number),
            corrected_share(settings.average, count) if settings.average else 1.0,
            settings.share_of_a_batch(number),
            number,
        )

    def _weighed(self, weight: Array | None, m: int) -> tuple[Tensor | None, float]:
        """Weights of mean 1 on the device, and their sum as they were given."""
        if weight is None:
            return None, float(m)
        return self._feed.tensor(relative_weights(weight, self._dtype)), float(weight.sum())

    def _noisy(self, X: Tensor, number: int) -> Tensor:
        settings = self.settings
        if not settings.input_noise:
            return X
        m, n_x = X.shape
        noise = input_noise(
            (n_x, m), settings.input_noise, seed=settings.seed, step=number, dtype=self._dtype
        )
        return X + self._feed.tensor(noise.T)

    def _masks(self, m: int, number: int, factor: float) -> dict[int, Tensor]:
        check_dropout(self._dropout, [factor], number)
        rates = tuple(factor * rate for rate in self._dropout)
        masks = dropout_masks(
            self.architecture, rates, m, seed=self.settings.seed, step=number, dtype=self._dtype
        )
        return {layer: self._feed.tensor(mask.T) for layer, mask in masks.items()}

    def _logits(self, X: Array) -> Tensor:
        """ZL (m, n_L) of the network that predicts."""
        here = self._here
        layers = here.predicting if self._now.averaged else here.layers
        return outputs(self._feed.tensor(X.T), layers, self.architecture, here.running)


def _array(values: Tensor) -> Any:
    """A copy as a NumPy array."""
    return np.array(values.cpu().numpy())
