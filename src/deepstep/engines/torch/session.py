"""A session on the torch engine."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepstep.engines.reference import first_statistics
from deepstep.engines.session import SessionState, StepCosts, check_state
from deepstep.engines.settings import Settings
from deepstep.engines.torch.devices import device_of, refuse_precision, warn_if_slow
from deepstep.engines.torch.graph import EXAMPLES_AT_ONCE, graph_on_tensors
from deepstep.engines.torch.recording import RecordedStepper, compiler_here
from deepstep.engines.torch.step import Batch, Place
from deepstep.engines.torch.stepping import Feed, Now, Stepper, Task
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
        if statistics is None:
            statistics = first_statistics(architecture, self._dtype)
        self._take(SessionState(parameters.flat, slots, 0, statistics))

    def prepare(self) -> None:
        """Nothing has to be made ready: kernels of a GPU are loaded by the first step."""

    @property
    def parameters(self) -> Parameters:
        """The parameters now, a copy."""
        return self._like(_array(self._here.vectors[0]))

    @property
    def outcome(self) -> Parameters:
        """The moving average where one is kept, else `parameters`."""
        averaged = self._stepper.now.averaged
        return self._like(_array(self._here.vectors[-1])) if averaged else self.parameters

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
        m = X.shape[1]
        part = self._part(m)
        weight = self._weighed(sample_weight, m, part)
        factors = float(learning_rate), float(weight_decay), float(dropout)
        task = Task(0, m, part, *self._columns(X, Y, part), *weight, *factors)
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
        tasks = self._tasks(examples, order, batch_size, numbers, (learning_rate, weight_decay, dropout))
        return self._stepper.run(len(numbers), tasks)

    def _tasks(
        self,
        examples: Examples,
        order: AnyArray | None,
        batch_size: int | None,
        numbers: range,
        factors: tuple[AnyArray, AnyArray, AnyArray],
    ) -> Iterator[Task]:
        """The batches that have weight."""
        order_there = self._feed.order(order)
        for at, number in enumerate(numbers):
            rows = places(len(examples), batch_size, number)
            m, weight = rows.stop - rows.start, examples.weight
            if weight is not None:
                weight = weight[rows if order is None else order[rows]]
                if not weight.any():  # a batch whose weights are all 0 teaches nothing
                    continue
            part = self._part(m)
            here = slice(rows.start + part.start, rows.start + part.stop)
            X, Y = self._feed.take(examples, order, order_there, here)
            rate, decay, dropout = (float(values[at]) for values in factors)
            yield Task(at, m, part, X, Y, *self._weighed(weight, m, part), rate, decay, dropout)

    def _part(self, m: int) -> slice:
        """Which of the m rows of a batch are worked on here: all of them."""
        return slice(0, m)

    def _weighed(self, weight: Array | None, m: int, part: slice) -> tuple[Array | None, float]:
        """Of the weights of a batch those of a part, with mean 1 over the batch; and the sum of all."""
        if weight is None:
            return None, float(m)
        return relative_weights(weight, self._dtype)[part], float(weight.sum())

    def _columns(self, X: Array, Y: Array, part: slice) -> tuple[Tensor, Tensor]:
        """Some columns of X and Y on the device."""
        X_there, Y_there = (self._feed.tensor(given.T[part]).T for given in (X, Y))
        return X_there, Y_there

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
        output = np.broadcast_to(0.0, (self.architecture.n_outputs, X.shape[1]))
        check_target(output, Y, "cost_and_gradient", sample_weight)
        batch, total = self._batch(X, Y, sample_weight, slice(0, Y.shape[1]))
        J, _ = self._stepper.machine.cost_and_gradient(self._here, batch, total, exact=True)
        return float(J), _array(self._stepper.machine.gradient)

    def _batch(self, X: Array, Y: Array, sample_weight: Array | None, part: slice) -> tuple[Batch, float]:
        """Some columns of a batch without dropout and noise, and the sum of all weights."""
        relative, total = self._weighed(sample_weight, Y.shape[1], part)
        weight = None if relative is None else self._feed.tensor(relative)
        return Batch(*self._columns(X, Y, part), weight, {}), total

    @torch.inference_mode()
    def forward(self, X: Array) -> Array:
        """AL of shape (n_L, m)."""
        return self._predicted(X, self._predicting.output)

    @torch.inference_mode()
    def settle(self, X: Array) -> None:
        """Make the statistics of X those that predict."""
        here, there, machine = self._here, self._stepper.there, self._stepper.machine
        if here.running:
            batch, m = self._batch(X, np.zeros((self.architecture.n_outputs, X.shape[1])), None, slice(None))
            _, statistics = machine.cost_and_gradient(here, batch, m, exact=True)
            for vector, value in zip(there.vectors, here.vectors, strict=True):
                vector.copy_(value)
            machine.run_on(here, there, batch, statistics, 1.0)
            self._stepper.now = self._stepper.now._replace(place=1 - self._stepper.now.place)

    def state(self) -> SessionState:
        """The state now, a copy."""
        here = self._here
        names = enumerate(self._optimizer.state, start=1)
        return SessionState(
            _array(here.vectors[0]),
            {name: _array(here.vectors[row]) for row, name in names},
            self._stepper.now.step,
            {name: _array(value) for name, value in here.running.items()},
            _array(here.vectors[-1]) if self._stepper.now.averaged else None,
        )

    def load(self, state: SessionState) -> None:
        """Go on from a state, in this session's precision."""
        shapes = statistics_shapes(self.architecture)
        check_state(state, (self.architecture.n_parameters,), self._optimizer.state, shapes)
        self._take(state)

    @property
    def _here(self) -> Place:
        """Where the state stands."""
        return self._stepper.here

    def _stepper_for(self, *arguments: Any) -> Stepper:
        """What does the steps: on a GPU of CUDA they are recorded."""
        if self._device.type == "cuda":
            return RecordedStepper(*arguments, compiler=compiler_here())
        return Stepper(*arguments)

    def _take(self, state: SessionState) -> None:
        """A state's vectors, into the other place, which then is the state."""
        averaged = bool(self.settings.average) and state.average is not None
        vectors = [state.theta, *(state.slots[name] for name in self._optimizer.state)]
        if self.settings.average:
            vectors.append(state.theta if state.average is None else state.average)
        there = self._stepper.there
        for given, vector in zip(vectors, there.vectors, strict=True):
            vector.copy_(torch.from_numpy(np.array(given, self._dtype)))
        for name, value in there.running.items():
            value.copy_(torch.from_numpy(np.array(state.statistics[name], self._dtype)))
        self._stepper.now = Now(1 - self._stepper.now.place, int(state.step), averaged)

    def _predicted(self, X: Array, name: str, members: int = 1) -> Array:
        """A quantity of the network that predicts, of so many members; some examples at once, so that all layers of them
        fit into memory.
        """
        here, graph = self._here, self._predicting
        given = {**(here.predicting if self._stepper.now.averaged else here.parameters), **here.running}
        found = []
        for rows in self._feed.tensor(X.T).split(EXAMPLES_AT_ONCE):
            tape: dict[str, Any] = {"A0": rows.T, **given}
            forward(graph.nodes, tape)
            found.append(tape[name].unflatten(1, (members, -1)))
        return _array(torch.cat(found, dim=2).flatten(1))


def _array(values: Tensor) -> Any:
    """A copy as a NumPy array."""
    return np.array(values.cpu().numpy())
