"""A session on the torch engine."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepstep.engines.reference import first_statistics
from deepstep.engines.session import SessionState, StepCosts, check_state
from deepstep.engines.settings import Settings
from deepstep.engines.torch.devices import begin_work, device_of, refuse_precision, warn_if_slow
from deepstep.engines.torch.graph import EXAMPLES_AT_ONCE, graph_on_tensors
from deepstep.engines.torch.recording import RecordedStepper, compiler_for_cuda
from deepstep.engines.torch.step import Batch
from deepstep.engines.torch.stepping import Factors, Feed, Now, Stepper, Task
from deepstep.equations import cost_of_the_answer, get_head, get_optimizer
from deepstep.equations.costs import check_target, relative_weights
from deepstep.equations.ops import forward
from deepstep.network import Architecture, Parameters
from deepstep.network.model_file import statistics_shapes
from deepstep.preparation.batches import Examples, places
from deepstep.types import AnyArray, Array


class TorchSession:
    """Trains with the equations on PyTorch's tensors. See `deepstep.engines.Session`.

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
        self._optimizer, self._head = get_optimizer(settings.optimizer), get_head(architecture)
        like = torch.empty(0, dtype=getattr(torch, self._dtype.name), device=self._device)
        self._feed = Feed(like, self._dtype)
        self._stepper = self._stepper_for(architecture, settings, parameters, like, self._feed)
        self._predicting = graph_on_tensors(architecture.graph.predicting)
        slots = {name: np.zeros_like(parameters.flat) for name in self._optimizer.state}
        statistics = first_statistics(architecture, self._dtype) if statistics is None else statistics
        self._take(SessionState(parameters.flat, slots, 0, statistics))

    def _stepper_for(self, *arguments: Any) -> Stepper:
        if self._device.type == "cuda":
            return RecordedStepper(*arguments, compiler=compiler_for_cuda())
        return Stepper(*arguments)

    def prepare(self) -> None:
        """Nothing has to be made ready: kernels of a GPU are loaded by the first step."""

    @property
    def parameters(self) -> Parameters:
        """The parameters now, a copy."""
        return self._like(_array(self._stepper.here.vectors[0]))

    @property
    def outcome(self) -> Parameters:
        """The moving average where one is kept, else `parameters`."""
        averaged = self._stepper.now.averaged
        return self._like(_array(self._stepper.here.vectors[-1])) if averaged else self.parameters

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
        self._check(X, Y, "step")
        part, m = self._part(X.shape[1]), X.shape[1]
        factors = Factors(float(learning_rate), float(weight_decay), float(dropout))
        task = Task(0, m, part, *self._batch(X, Y, sample_weight, part), factors)
        return float(self._stepper.run(1, [task]).costs[0])

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
        begin_work(self._device)
        rows = [places(order, len(examples), batch_size, number) for number in numbers]
        factors = map(Factors, *(values.tolist() for values in (learning_rate, weight_decay, dropout)))
        return self._stepper.run(len(numbers), self._tasks(examples, order, rows, factors))

    def _tasks(
        self, examples: Examples, order: AnyArray | None, rows: list[slice], factors: Iterator[Factors]
    ) -> Iterator[Task]:
        """The batches that have weight."""
        order_there = None if order is None else self._feed.tensor(order, np.int64)
        for at, (batch, by) in enumerate(zip(rows, factors, strict=True)):
            m, weight = batch.stop - batch.start, examples.weight
            if weight is not None:
                weight = weight[batch if order is None else order[batch]]
                if not weight.any():  # a batch whose weights are all 0 teaches nothing
                    continue
            part = self._part(m)
            here = slice(batch.start + part.start, batch.start + part.stop)
            X, Y = self._feed.take(examples, order, order_there, here)
            relative, total = self._weighed(weight, m, part)
            yield Task(at, m, part, Batch(X, Y, relative, {}), total, by)

    def _part(self, m: int) -> slice:
        """Which of the m examples of a batch are worked on here: all of them."""
        return slice(0, m)

    def _weighed(self, weight: Array | None, m: int, part: slice) -> tuple[Tensor | None, float]:
        """Of the weights of a batch those of a part, with mean 1 over the batch; and the sum of all."""
        if weight is None:
            return None, float(m)
        return self._feed.tensor(relative_weights(weight, self._dtype)[part]), float(weight.sum())

    def _batch(self, X: Array, Y: Array, weight: Array | None, part: slice) -> tuple[Batch, float]:
        """A part of the columns of a batch, and the sum of all weights."""
        begin_work(self._device)
        relative, total = self._weighed(weight, X.shape[1], part)
        X_there, Y_there = (self._feed.tensor(given.T[part]).T for given in (X, Y))
        return Batch(X_there, Y_there, relative, {}), total

    def _check(self, X: Array, Y: Array, where: str, sample_weight: Array | None = None) -> None:
        output = np.broadcast_to(0.0, (self.architecture.n_outputs, X.shape[1]))
        check_target(output, Y, where, sample_weight)

    @torch.inference_mode()
    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        """J of the network that predicts; nothing is updated."""
        ZL = self._predicted(X, self._predicting.logits, members=max(1, self.architecture.shared_members))
        return cost_of_the_answer(ZL, Y, output=self._head, sample_weight=sample_weight)

    @torch.inference_mode()
    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ, in θ's own precision; nothing is updated."""
        self._check(X, Y, "cost_and_gradient", sample_weight)
        machine, here = self._stepper.machine, self._stepper.here
        J, _ = machine.cost_and_gradient(here, *self._batch(X, Y, sample_weight, slice(None)), exact=True)
        return float(J), _array(machine.gradient)

    @torch.inference_mode()
    def forward(self, X: Array) -> Array:
        """AL of shape (n_L, m)."""
        return self._predicted(X, self._predicting.output)

    def _predicted(self, X: Array, name: str, members: int = 1) -> Array:
        """A quantity of the network that predicts; of some examples at once, as a tape holds all layers."""
        begin_work(self._device)
        here, found = self._stepper.here, []
        given = here.predicting if self._stepper.now.averaged else here.parameters
        for columns in torch.split(self._feed.tensor(X.T).T, EXAMPLES_AT_ONCE, 1):
            tape: dict[str, Any] = {"A0": columns, **given, **here.running}
            values: Any = forward(self._predicting.nodes, tape)[name]
            found.append(values.reshape(len(values), members, columns.shape[1]))
        return _array(torch.cat(found, dim=2).flatten(1))

    @torch.inference_mode()
    def settle(self, X: Array) -> None:
        """Make the statistics of X those that predict."""
        here, there, machine = self._stepper.here, self._stepper.there, self._stepper.machine
        Y = np.zeros((self.architecture.n_outputs, X.shape[1]))
        batch, total = self._batch(X, Y, None, slice(None))
        if here.running:
            _, statistics = machine.cost_and_gradient(here, batch, total, exact=True)
            for vector, value in zip(there.vectors, here.vectors, strict=True):
                vector.copy_(value)
            machine.run_on(here, there, batch, statistics, 1.0)
            self._stepper.now = self._stepper.now._replace(place=1 - self._stepper.now.place)

    def state(self) -> SessionState:
        """The state now, a copy."""
        here, now = self._stepper.here, self._stepper.now
        theta, *others = map(_array, here.vectors)
        slots = dict(zip(self._optimizer.state, others, strict=False))
        running = {name: _array(value) for name, value in here.running.items()}
        return SessionState(theta, slots, now.step, running, others[-1] if now.averaged else None)

    def load(self, state: SessionState) -> None:
        """Go on from a state, in this session's precision."""
        shapes = statistics_shapes(self.architecture)
        check_state(state, (self.architecture.n_parameters,), self._optimizer.state, shapes)
        self._take(state)

    def _take(self, state: SessionState) -> None:
        """A state's vectors, into the other place, which then is the state."""
        begin_work(self._device)
        averaged = bool(self.settings.average) and state.average is not None
        average = state.average if averaged else state.theta
        vectors = [state.theta, *(state.slots[name] for name in self._optimizer.state), average]
        there = self._stepper.there
        for given, vector in zip(vectors, there.vectors, strict=False):
            vector.copy_(torch.from_numpy(np.array(given, self._dtype)))
        for name, value in there.running.items():
            value.copy_(torch.from_numpy(np.array(state.statistics[name], self._dtype)))
        self._stepper.now = Now(1 - self._stepper.now.place, int(state.step), averaged)


def _array(values: Tensor) -> Any:
    """A copy as a NumPy array."""
    return np.array(values.cpu().numpy())
