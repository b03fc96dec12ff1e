"""A session on the torch engine."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepstep.engines.session import Asked, Session, SessionState, StepCosts
from deepstep.engines.torch.devices import begin_work, device_of, refuse_precision, warn_if_slow
from deepstep.engines.torch.graph import EXAMPLES_AT_ONCE, graph_on_tensors
from deepstep.engines.torch.recording import RecordedStepper, compiler_for_cuda
from deepstep.engines.torch.step import Batch
from deepstep.engines.torch.stepping import Factors, Feed, Now, Stepper, Task
from deepstep.equations import cost_of_the_answer
from deepstep.equations.costs import check_target, relative_weights
from deepstep.equations.ops import forward
from deepstep.network import Parameters
from deepstep.preparation.batches import Examples, places
from deepstep.types import AnyArray, Array


class TorchSession(Session):
    """Trains with the equations on PyTorch's tensors, on a device by its name, as `device_of` takes it."""

    def __init__(self, *given: Any, device: str = "") -> None:
        self._device = device_of(device)
        self.name = f"torch:{device}" if device else "torch"
        super().__init__(*given)

    def _make_ready(self, parameters: Parameters) -> None:
        architecture, settings = self.architecture, self.settings
        refuse_precision(self._dtype, settings.precision, self._device)
        self.why = warn_if_slow(settings.precision, self._device)
        like = torch.empty(0, dtype=getattr(torch, self._dtype.name), device=self._device)
        self._feed = Feed(like, self._dtype)
        self._stepper = self._stepper_for(architecture, settings, parameters, like, self._feed)
        self._predicting = graph_on_tensors(architecture.graph.predicting)

    def _stepper_for(self, *arguments: Any) -> Stepper:
        if self._device.type == "cuda":
            return RecordedStepper(*arguments, compiler=compiler_for_cuda())
        return Stepper(*arguments)

    @property
    def parameters(self) -> Parameters:
        return self._like(_array(self._stepper.here.vectors[0]))

    @torch.inference_mode()
    def _do(self, examples: Examples, asked: Asked, found: StepCosts) -> None:
        begin_work(self._device)
        rows = [places(asked.order, len(examples), asked.batch_size, number) for number in asked.numbers]
        factors = map(Factors, *asked.rates.tolist())
        self._stepper.run(self._tasks(examples, asked.order, rows, factors), found)

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
        """Weights of a part of a batch, scaled to mean 1 over the batch, and the sum of all."""
        if weight is None:
            return None, float(m)
        return self._feed.tensor(relative_weights(weight, self._dtype)[part]), float(weight.sum())

    def _batch(self, X: Array, Y: Array, weight: Array | None, part: slice) -> tuple[Batch, float]:
        """A part of the columns of a batch, and the sum of all weights."""
        begin_work(self._device)
        relative, total = self._weighed(weight, X.shape[1], part)
        X_there, Y_there = (self._feed.tensor(given.T[part]).T for given in (X, Y))
        return Batch(X_there, Y_there, relative, {}), total

    @torch.inference_mode()
    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        ZL = self._predicted(X, self._predicting.logits, members=max(1, self.architecture.shared_members))
        return cost_of_the_answer(ZL, Y, output=self._head, sample_weight=sample_weight)

    @torch.inference_mode()
    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        """J and ∂J/∂θ, in θ's own precision; nothing is updated."""
        output = np.broadcast_to(0.0, (self.architecture.n_outputs, X.shape[1]))
        check_target(output, Y, "cost_and_gradient", sample_weight)
        machine, here = self._stepper.machine, self._stepper.here
        J, _ = machine.cost_and_gradient(here, *self._batch(X, Y, sample_weight, slice(None)), exact=True)
        return float(J), _array(machine.gradient)

    @torch.inference_mode()
    def forward(self, X: Array) -> Array:
        return self._predicted(X, self._predicting.output)

    def _predicted(self, X: Array, name: str, members: int = 1) -> Array:
        """A quantity of the network that predicts; of some examples at once, as a tape holds all layers."""
        begin_work(self._device)
        here, found = self._stepper.here, []
        for columns in torch.split(self._feed.tensor(X.T).T, EXAMPLES_AT_ONCE, 1):
            tape: dict[str, Any] = {"A0": columns, **here.parameters, **here.running}
            values: Any = forward(self._predicting.nodes, tape)[name]
            found.append(values.reshape(len(values), members, columns.shape[1]))
        return _array(torch.cat(found, dim=2).flatten(1))

    @torch.inference_mode()
    def settle(self, X: Array) -> None:
        here, there, machine = self._stepper.here, self._stepper.there, self._stepper.machine
        Y = np.zeros((self.architecture.n_outputs, X.shape[1]))
        batch, total = self._batch(X, Y, None, slice(None))
        if here.running:
            _, statistics = machine.cost_and_gradient(here, batch, total, exact=True)
            for vector, value in zip(there.vectors, here.vectors, strict=True):
                vector.copy_(value)
            machine.run_on(here, there, batch, statistics, momentum=1.0)
            self._stepper.now = self._stepper.now._replace(place=1 - self._stepper.now.place)

    def state(self) -> SessionState:
        here, now = self._stepper.here, self._stepper.now
        theta, *others = map(_array, here.vectors)
        slots = dict(zip(self._optimizer.state, others, strict=True))
        running = {name: _array(value) for name, value in here.running.items()}
        return SessionState(theta, slots, now.step, running)

    def _take(self, state: SessionState) -> None:
        """A state's vectors, into the other place, which then is the state."""
        begin_work(self._device)
        vectors = [state.theta, *(state.slots[name] for name in self._optimizer.state)]
        there = self._stepper.there
        for given, vector in zip(vectors, there.vectors, strict=True):
            vector.copy_(torch.from_numpy(np.array(given, self._dtype)))
        for name, value in there.running.items():
            value.copy_(torch.from_numpy(np.array(state.statistics[name], self._dtype)))
        self._stepper.now = Now(1 - self._stepper.now.place, int(state.step))


def _array(values: Tensor) -> Any:
    """A copy as a NumPy array."""
    return np.array(values.cpu().numpy())
