"""A session on the compiled engine; all its kernels compiled before anybody waits for one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from deepstep.engines.compiled.calls import ROUTINES, address_of, warning_while_compiling
from deepstep.engines.compiled.forward import outputs, prepare_prediction
from deepstep.engines.compiled.layout import TURNED_UP_TO, Data
from deepstep.engines.compiled.linking import link_training
from deepstep.engines.compiled.lowering import (
    Room,
    Tables,
    Work,
    plan_of,
    room_for,
    running_statistics,
    statistics_of,
    stride_for,
    tables_of,
    tile_of,
)
from deepstep.engines.compiled.machine import BARRIER_SIZE, blas_address
from deepstep.engines.compiled.step import train
from deepstep.engines.compiled.threads import run_together, threads_for
from deepstep.engines.draws import check_dropout
from deepstep.engines.reference import ReferenceSession
from deepstep.engines.session import Batches, Session, SessionState, StepCosts, writable
from deepstep.engines.settings import Settings
from deepstep.equations import cost_from_logits
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples, batch, largest_batch
from deepstep.types import Array

_NO_ORDER = np.empty(0, np.int64)

_READY: set[Any] = set()
"""Precisions whose kernel is loaded."""


class CompiledSession(Session):
    """Trains with kernels that do many steps in one call."""

    name = "compiled"

    def _make_ready(self, parameters: Parameters) -> None:
        self._tables = tables_of(self.architecture, self.settings, self._dtype)
        self._layers = self._tables.layers
        self._plan = plan_of(self.settings, self._head, self._tables)
        self._trains = self._predicts = False  # whether what that needs is loaded
        self._levels = np.array(self._head.settings.get("levels", ()), np.float64)
        self._kept: Room | None = None
        self._kept_for: tuple[Any, ...] = ()
        self._rows: tuple[Examples, Array, Array, Array] | None = None

    def prepare(self, steps: int = 1) -> None:
        self._load()

    def _load(self) -> None:
        """Link the routines of steps; load the kernel by doing no step with it, once for each precision."""
        if self._trains:
            return
        with warning_while_compiling():
            link_training(self._plan, self._tables, self._head.name, self._dtype)
            if self._dtype not in _READY:
                self._load_kernel()
                _READY.add(self._dtype)
        self._trains = True

    def _load_kernel(self) -> None:
        """Call the kernel with no batches: that compiles it, or loads it from disk."""
        self._plan["n_threads"] = 1
        empty = np.zeros(0, self._dtype)
        room = room_for(self._tables, 1, 1, n_gradient=0, n_inputs=0, dtype=self._dtype)
        data = Data(empty, empty, empty, _NO_ORDER)
        no_steps = np.zeros((3, 0)), np.zeros(0), np.zeros(0, np.int64)
        train(0, np.zeros(BARRIER_SIZE, np.int64), *self._kernel_arguments(data, room), *no_steps)

    def _kernel_arguments(self, data: Data, room: Room) -> tuple[Any, ...]:
        """Arguments of the kernel besides its thread and those of a call."""
        tables = self._plan, self._layers, self._tables.parameters, self._levels
        return *tables, data, self._state, self._statistics, self._progress, *room

    @property
    def parameters(self) -> Parameters:
        return self._parameters_like(self._state[0].copy())

    def _do(self, examples: Examples, batches: Batches, results: StepCosts) -> None:
        check_dropout(self._dropout, batches.rates[2], self._step + 1)
        if isinstance(examples.X, np.ndarray):
            self._run(examples, batches, results)
            return
        for position, number in enumerate(batches.numbers):
            # of sparse rows a batch is made dense
            X, Y, weight = examples.take(batch(batches.order, len(examples), batches.batch_size, number))
            result = results.part(slice(position, position + 1))
            rates = batches.rates[:, position : position + 1]
            self._run(Examples(X.T, Y.T, weight), Batches(None, None, range(1), rates), result)
            if not result.finite:
                break

    def cost(self, X: Array, Y: Array, *, sample_weight: Array | None = None) -> float:
        ZL = outputs(*self._predicting(X), output="identity")
        return cost_from_logits(ZL, Y, output=self._head, sample_weight=sample_weight)

    def cost_and_gradient(
        self, X: Array, Y: Array, *, sample_weight: Array | None = None
    ) -> tuple[float, Array]:
        result = StepCosts(np.full(1, np.nan), np.zeros(1, np.int64))
        batches = Batches(None, None, range(1), np.zeros((3, 1)))
        work = self._run(Examples(X.T, Y.T, sample_weight), batches, result, only_gradient=True)
        J = float(result.costs[0])
        if not np.isfinite(J):  # the kernel stopped before it came to the gradient
            return J, np.full_like(work.gradient, np.nan)
        return J, work.gradient.copy()

    def forward(self, X: Array) -> Array:
        return outputs(*self._predicting(X), output=self.architecture.activations[-1])

    def settle(self, X: Array) -> None:
        if self.architecture.graph.running:
            by_equations = ReferenceSession(self.architecture, self.parameters, self.settings)
            by_equations.settle(X)
            self._take(replace(self.state(), statistics=by_equations.state().statistics))

    def state(self) -> SessionState:
        theta, *others = (vector.copy() for vector in self._state)
        slots = dict(zip(self._optimizer.state, others, strict=True))
        return SessionState(theta, slots, self._step, statistics_of(self._layers, self._statistics))

    def _take(self, state: SessionState) -> None:
        """Copies of a state's vectors, which steps change in place."""
        vectors = [state.theta, *(state.slots[name] for name in self._optimizer.state)]
        self._vectors = np.array(vectors, self._dtype)
        self._statistics = running_statistics(self._layers, state.statistics, self._dtype)
        self._progress = np.array([state.step], np.int64)

    @property
    def _state(self) -> Array:
        """θ and the vectors of the update rule, as rows."""
        return self._vectors

    @property
    def _step(self) -> int:
        """Updates done."""
        return int(self._progress[0])

    def _run(
        self, examples: Examples, batches: Batches, results: StepCosts, *, only_gradient: bool = False
    ) -> Work:
        """Steps in the kernel; gives where they worked, with the gradient for ``only_gradient``."""
        self._load()
        X, Y, weight = self._flat(examples)
        layers, embedded, n_parameters = self._layers, self._tables.embedded, self._state.shape[1]
        m = len(examples)
        size = largest_batch(m, batches.batch_size)
        order = _NO_ORDER if batches.order is None else np.ascontiguousarray(batches.order, np.int64)
        multiplications = 3 * n_parameters * size
        n_threads = threads_for(multiplications, int(layers["size"][1:].max()), size)
        n_in = int(layers["size"][0])
        turned = embedded.rows > 0 or n_in <= TURNED_UP_TO
        # a kernel copies inputs only to turn them or to bring them in order
        n_inputs = n_in * size if order.size else 0
        if turned:
            n_inputs = (embedded.rows or n_in) * stride_for(size)
        # clip_norm needs all of the gradient before the first update, and embeddings get theirs at the end
        complete = only_gradient or self.settings.clip_norm is not None or embedded.rows > 0
        tile = tile_of(layers, n_parameters)
        n_gradient = n_parameters if complete else n_threads * tile
        room = self._room(size, n_threads, n_gradient=n_gradient, n_inputs=n_inputs)
        plan = self._plan
        plan["n_threads"], plan["blas"], plan["tile"] = n_threads, blas_address(self._dtype), tile
        plan["turned"], plan["complete"] = turned, complete
        plan["m"], plan["batch_size"], plan["first_batch"] = m, size, batches.numbers.start
        plan["steps_done"] = self._progress[0]
        plan["only_gradient"] = only_gradient
        arguments = self._kernel_arguments(Data(X, Y, weight, order), room)
        steps = np.ascontiguousarray(batches.rates), *results
        run_together(lambda thread, barrier: train(thread, barrier, *arguments, *steps), n_threads)
        return room.work

    def _predicting(self, X: Array) -> tuple[Tables, Array, Array, Array]:
        """The network that predicts, and its rows."""
        if not self._predicts:
            prepare_prediction(self._tables, self._dtype)
            self._predicts = True
        return (
            self._tables,
            self._state[0],
            self._statistics,
            writable(np.ascontiguousarray(X.T, self._dtype)),
        )

    def _flat(self, examples: Examples) -> tuple[Array, Array, Array]:
        """X, Y and weights as flat arrays of this precision: views where they are such, else kept copies."""
        if self._rows is None or self._rows[0] is not examples:
            weight = np.empty(0) if examples.weight is None else examples.weight
            X, Y, w = (_flattened(part, self._dtype) for part in (examples.X, examples.Y, weight))
            self._rows = examples, X, Y, w
        return self._rows[1:]

    def _room(self, m: int, n_threads: int, **sizes: int) -> Room:
        """Room for such a step, kept for the next one."""
        key = (m, n_threads, *sizes.values())
        if self._kept is None or self._kept_for != key:
            self._kept = room_for(self._tables, m, n_threads, dtype=self._dtype, **sizes)
            self._kept_for = key
        return self._kept


def _flattened(array: Array, dtype: Any) -> Array:
    """The numbers in one row, as kernels are compiled for: none of them writes there."""
    return writable(np.ascontiguousarray(array, dtype).reshape(-1))


PRECISIONS = "float32", "float64"


def n_kernels() -> int:
    """How many `warm_up` gives."""
    return len(PRECISIONS) * (1 + len(ROUTINES))


def warm_up() -> Iterator[str]:
    """Compile all kernels, or find them on disk; gives the name of each when it is ready."""
    shape = Architecture((2, 3, 1), ("relu", "sigmoid"))
    for dtype in PRECISIONS:
        session = CompiledSession(shape, shape.lay_out(np.zeros(shape.n_parameters, dtype)), Settings())
        session.prepare()
        session.forward(np.zeros((2, 1), dtype))
        yield f"steps, {dtype}"
        for routine in ROUTINES:
            with warning_while_compiling():
                address_of(routine, np.dtype(dtype))
            yield f"{routine.py_func.__name__}, {dtype}"


def kept_in() -> str:
    """The folder of the kernels on this machine; empty where they cannot be kept."""
    return str(getattr(train._cache, "folder", ""))
