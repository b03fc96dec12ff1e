"""A session on the torch engine.

A step makes new tensors, as the equations do, and the state is replaced as a whole: an interruption leaves
the state before the step or the one after it.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepstep.engines.draws import check_dropout, dropout_masks
from deepstep.engines.session import Batches, Session, SessionState, StepCosts, writable
from deepstep.engines.torch.arrays import EXAMPLES_AT_ONCE, on_tensors
from deepstep.engines.torch.devices import begin_work, device_of, refuse_precision, warn_if_slow
from deepstep.engines.torch.passes import Statistics, as_vector, by_name, graph_on_tensors, passes_of
from deepstep.equations import clip_by_norm, clip_by_value, cost_from_logits, decoupled_decay
from deepstep.equations.costs import check_target, relative_weights
from deepstep.equations.ops import forward, is_weights
from deepstep.equations.regularization import penalties
from deepstep.network import Parameters
from deepstep.preparation.batches import Examples, batch, places
from deepstep.types import AnyArray, Array

SHARE = 0.5
"""Most of the free memory of a GPU that examples may take."""


class State(NamedTuple):
    """The values that a step replaces."""

    theta: Tensor
    slots: tuple[Tensor, ...]
    step: int
    running: Statistics


class Batch(NamedTuple):
    """Examples on the device, as columns: those of a batch that are worked on here.

    position: Which of the batches of `Session.steps`.
    m: Examples of the batch.
    part: The places in it of those that are here.
    weight: Of mean 1 over the batch.
    total: The sum of all weights.
    """

    position: int
    m: int
    part: slice | AnyArray
    X: Tensor
    Y: Tensor
    weight: Tensor | None
    total: float


class TorchSession(Session):
    """Trains with the equations on PyTorch's tensors, on a device by its name, as `device_of` takes it."""

    _state: State
    _on_device: tuple[Examples, Tensor, Tensor] | None = None

    def __init__(self, *arguments: Any, device: str = "") -> None:
        self._device = device_of(device)
        self.name = f"torch:{device}" if device else "torch"
        super().__init__(*arguments)

    def _make_ready(self, parameters: Parameters) -> None:
        settings = self.settings
        refuse_precision(self._dtype, settings.precision, self._device)
        self.why = warn_if_slow(settings.precision, self._device)
        self._update = on_tensors(self._optimizer.update)
        self._optimizer_params = self._optimizer.settings(settings.optimizer_params)
        rates, decays = (settings.factors(kind, parameters) for kind in ("rate", "decay"))
        self._rate_factors = 1.0 if rates is None else self._tensor(rates)
        self._decay_factors = 1.0 if decays is None else self._tensor(decays)
        self._weights = [name for name in parameters if is_weights(name)]
        self._predicting = graph_on_tensors(self.architecture.graph.predicting)

    def _tensor(self, values: AnyArray, dtype: Any = None) -> Tensor:
        """An array as a tensor; on a CPU it is the same memory where nothing has to be converted."""
        array = writable(np.ascontiguousarray(values, dtype or self._dtype))
        return torch.from_numpy(array).to(self._device)

    def _columns(self, rows: Array) -> Tensor:
        return self._tensor(rows).T

    @property
    def parameters(self) -> Parameters:
        return self._parameters_like(_array(self._state.theta))

    @torch.inference_mode()
    def _do(self, examples: Examples, batches: Batches, results: StepCosts) -> None:
        """Steps until a cost is not finite, whose update is not done any more."""
        begin_work(self._device)
        for part in self._batches(examples, batches):
            cost, after = self._stepped(part, *batches.rates[:, part.position].tolist())
            results.costs[part.position] = cost
            results.sizes[part.position] = part.m
            if not isfinite(cost):
                return
            self._state = after

    def _batches(self, examples: Examples, batches: Batches) -> Iterator[Batch]:
        """The batches that have weight."""
        m, order, weight = len(examples), batches.order, examples.weight
        for position, number in enumerate(batches.numbers):
            weights = None
            if weight is not None:
                weights = weight[batch(order, m, batches.batch_size, number)]
                if not weights.any():  # a batch whose weights are all 0 teaches nothing
                    continue
            place = places(order, m, batches.batch_size, number)
            size = place.stop - place.start
            part = self._part(size)
            here = slice(place.start + part.start, place.start + part.stop)
            X, Y = self._taken(examples, here if order is None else order[here])
            yield Batch(position, size, part, X, Y, *self._weighed(weights, size, part))

    def _taken(self, examples: Examples, rows: AnyArray | slice) -> tuple[Tensor, Tensor]:
        """X and Y of some rows, columns as examples; they lie on the device as a whole where that fits."""
        if self._on_device is None or self._on_device[0] is not examples:
            self._on_device = None  # the others go first
            if not self._fits(examples):
                X, Y, _ = examples.take(rows)
                return self._columns(X.T), self._columns(Y.T)
            self._on_device = examples, self._tensor(examples.X), self._tensor(examples.Y)
        _, inputs, targets = self._on_device
        if isinstance(rows, slice):
            return inputs[rows].T, targets[rows].T
        indices = self._tensor(rows, np.int64)
        return inputs.index_select(0, indices).T, targets.index_select(0, indices).T

    def _fits(self, examples: Examples) -> bool:
        if not isinstance(examples.X, np.ndarray):
            return False  # of sparse rows a batch is made dense
        if self._device.type != "cuda":
            return True
        size = (examples.X.size + examples.Y.size) * self._dtype.itemsize
        return bool(size < SHARE * torch.cuda.mem_get_info(self._device)[0])

    def _part(self, m: int) -> slice:
        """Which of the m examples of a batch are worked on here: all of them."""
        return slice(0, m)

    def _weighed(self, weight: Array | None, m: int, part: slice) -> tuple[Tensor | None, float]:
        """Weights of a part of a batch, scaled to mean 1 over the batch, and the sum of all."""
        if weight is None:
            return None, float(m)
        return self._tensor(relative_weights(weight, self._dtype)[part]), float(weight.sum())

    def _stepped(self, part: Batch, rate: float, decay: float, dropout: float) -> tuple[float, State]:
        """The cost of a batch, and the state after its update: none where the cost is not finite."""
        number = self._state.step + 1
        J, gradient, statistics = self._cost_and_gradient(part, self._masks(part, number, dropout))
        cost = float(J)
        if not isfinite(cost):
            return cost, self._state
        theta, *slots = self._moved(gradient, number, rate, self.settings.decay * decay)
        running = self._statistics_after(statistics, part.Y.shape[1])
        return cost, State(theta, tuple(slots), number, running)

    def _masks(self, part: Batch, number: int, factor: float) -> dict[int, Tensor]:
        """The dropout masks of a step by layer."""
        check_dropout(self._dropout, [factor], number)
        masks = dropout_masks(
            self.architecture,
            tuple(factor * rate for rate in self._dropout),
            part.m,
            seed=self.settings.seed,
            step=number,
            dtype=self._dtype,
            rows=part.part if part.X.shape[1] < part.m else None,
        )
        return {layer: self._columns(mask.T).contiguous() for layer, mask in masks.items()}

    def _cost_and_gradient(
        self, part: Batch, masks: Mapping[int, Tensor]
    ) -> tuple[Tensor, Tensor, Statistics]:
        """J and ∂J/∂θ with L1 and L2, and the statistics of the batch."""
        J, gradient, statistics = self._of_the_data(part, masks)
        return *self._regularized(J, gradient, part.total), statistics

    def _of_the_data(
        self, part: Batch, masks: Mapping[int, Tensor], *, exact: bool = False
    ) -> tuple[Tensor, Tensor, Statistics]:
        """Without L1 and L2; ``exact``: with products of θ's own precision."""
        half = self.settings.precision == "bfloat16" and not exact
        theta = self._state.theta
        passes = passes_of(self.architecture, frozenset(masks), theta.dtype, self._device, half)
        return passes(theta, part.X, part.Y, part.weight, masks)

    def _regularized(self, J: Tensor, gradient: Tensor, total: float) -> tuple[Tensor, Tensor]:
        """J and ∂J/∂θ with L1 and L2."""
        terms: Any = penalties(self.settings.l1, self.settings.l2)
        if not terms:
            return J, gradient
        layout = self.architecture.layout
        theta, parts = by_name(self._state.theta, layout), by_name(gradient, layout)
        for term in terms:
            J = J + term.cost([theta[name] for name in self._weights], term.strength, total)
            for name in self._weights:
                parts[name] = parts[name] + term.backward(theta[name], term.strength, total)
        return J, as_vector(parts, layout)

    def _moved(self, gradient: Any, number: int, rate: float, decay: float) -> tuple[Tensor, ...]:
        """θ and the slots after the update rule."""
        settings = self.settings
        theta: Any = self._state.theta
        if settings.clip_value is not None:
            gradient = clip_by_value(gradient, most=float(settings.clip_value))
        if settings.clip_norm is not None:
            gradient = on_tensors(clip_by_norm)(gradient, most=float(settings.clip_norm))
        rates: Any = rate * self._rate_factors
        if decay:
            decays: Any = decay * self._decay_factors
            theta = decoupled_decay(theta, learning_rate=rates, weight_decay=decays)
        count = {"t": number} if self._optimizer.counts_steps else {}
        options = {"learning_rate": rates, **count, **self._optimizer_params}
        moved: tuple[Tensor, ...] = self._update(theta, gradient, *self._state.slots, **options)
        return moved

    def _statistics_after(self, statistics: Statistics, m: int, **momentum: float) -> Statistics:
        """The running statistics with those of a batch."""
        running: dict[str, Any] = dict(self._state.running)
        for node in self.architecture.graph.nodes if running else ():
            if node.op.running is not None and statistics:
                names = node.written(node.op.running.start)
                old, new = ([values[name] for name in names] for values in (running, statistics))
                running |= zip(names, node.op.running.update(*old, *new, m, **momentum), strict=True)
        return running

    def _batch(self, X: Array, Y: Array, weight: Array | None, part: slice) -> Batch:
        """A part of the columns of a batch."""
        begin_work(self._device)
        m = X.shape[1]
        columns = self._columns(X.T[part]), self._columns(Y.T[part])
        return Batch(0, m, part, *columns, *self._weighed(weight, m, part))

    @torch.inference_mode()
    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        ZL = self._predicted(X, self._predicting.logits)
        return cost_from_logits(ZL, Y, output=self._head, sample_weight=sample_weight)

    @torch.inference_mode()
    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ, in θ's own precision; nothing is updated."""
        output = np.broadcast_to(0.0, (self.architecture.n_outputs, X.shape[1]))
        check_target(output, Y, sample_weight)
        part = self._batch(X, Y, sample_weight, slice(None))
        J, gradient, _ = self._of_the_data(part, {}, exact=True)
        J, gradient = self._regularized(J, gradient, part.total)
        return float(J), _array(gradient)

    @torch.inference_mode()
    def forward(self, X: Array) -> Array:
        return self._predicted(X, self._predicting.output)

    def _predicted(self, X: Array, name: str) -> Array:
        """A quantity of the network that predicts; of some examples at once, as a tape holds all layers."""
        begin_work(self._device)
        state, parts = self._state, []
        theta = by_name(state.theta, self.architecture.layout)
        for columns in torch.split(self._columns(X.T), EXAMPLES_AT_ONCE, 1):
            tape: dict[str, Any] = {"A0": columns, **theta, **state.running}
            values: Any = forward(self._predicting.nodes, tape)[name]
            parts.append(values)
        return _array(torch.cat(parts, dim=1))

    @torch.inference_mode()
    def settle(self, X: Array) -> None:
        Y = np.zeros((self.architecture.n_outputs, X.shape[1]))
        part = self._batch(X, Y, None, slice(None))
        if self._state.running:
            _, _, statistics = self._of_the_data(part, {}, exact=True)
            running = self._statistics_after(statistics, X.shape[1], momentum=1.0)
            self._state = self._state._replace(running=running)

    def state(self) -> SessionState:
        state = self._state
        slots = dict(zip(self._optimizer.state, map(_array, state.slots), strict=True))
        running = {name: _array(value) for name, value in state.running.items()}
        return SessionState(_array(state.theta), slots, state.step, running)

    def _take(self, state: SessionState) -> None:
        begin_work(self._device)
        theta = self._tensor(np.array(state.theta))
        slots = tuple(self._tensor(np.array(state.slots[name])) for name in self._optimizer.state)
        running = {name: self._tensor(np.array(value)) for name, value in state.statistics.items()}
        self._state = State(theta, slots, int(state.step), running)


def _array(values: Tensor) -> Any:
    """A copy as a NumPy array."""
    return np.array(values.cpu().numpy())
