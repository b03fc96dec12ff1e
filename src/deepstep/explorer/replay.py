"""The training of a page, repeated in Python: its batches and masks, and the changes by its reader.

The page has a random generator of its own, with one word of 32 bits as state. A draw adds 0x9E3779B9 to it
and mixes the sum, so that draw n of a stream is a function of the start of the stream and n; see
web/README.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.engines import OpenedStep, ReferenceSession, SessionState, Settings
from deepstep.engines.draws import dropout_masks
from deepstep.equations import get_head, get_optimizer
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.inspection.trace_step import Step
from deepstep.model import Network
from deepstep.network import Architecture
from deepstep.network.border import check_inputs, check_targets
from deepstep.preparation.batches import batch, n_batches, shuffled
from deepstep.training import Update
from deepstep.types import Array, is_whole

OF_THE_LOOP = ("learning_rate", "batch_size")  # options of a page's training, beside the engine's settings
STEP, WORD = 0x9E3779B9, 0xFFFFFFFF
ORDER, MASK = 2, 3  # purposes of streams


def replay(
    network: Network,
    X: Any,
    Y: Any,
    *,
    updates: int,
    training: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]] = (),
    drawn: int = 0,
    start: int = 0,
    slots: Mapping[str, Any] | None = None,
) -> Step:
    """Repeat the updates of a page, and return the next one.

    Parameters
    ----------
    network : Network
        The network at the start, which is not changed.
    X, Y : array of shape (n_x, m) and (n_L, m)
        The examples at the start.
    updates : int
        Number of updates to repeat.
    training : mapping
        ``optimizer``, ``optimizer_params``, ``learning_rate``, ``l2``, ``weight_decay``, ``batch_size``,
        ``dropout`` and ``seed``, as in a lesson.
    changes : sequence of mappings, optional
        Changes by hand, each after ``t`` updates, in order: ``set`` settings of the training, ``edit`` a
        parameter (``[name, row, column, value]``), ``add`` an example (``[inputs, targets]``).
    drawn : int, optional
        Number of updates with batches and masks of Python, as in `Network.steps`. Later ones have those of
        the page.
    start : int, optional
        Number of updates before these parameters.
    slots : mapping, optional
        The optimizer's state at the start, as in a lesson: ``"v_dW1"``, …; default: zeros.

    Returns
    -------
    Step
        Update ``updates + 1``: ``before`` is the state that the page shows after ``updates`` updates.

    Raises
    ------
    ShapeError, ConfigurationError
        If an argument does not fit.

    Examples
    --------
    >>> net = Network([2, 3, 1], activation="tanh", seed=1)
    >>> X, Y = [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]]
    >>> training = {"optimizer": "adam", "learning_rate": 0.1, "batch_size": 2, "seed": 1}
    >>> step = replay(net, X, Y, updates=5, training=training, changes=[{"t": 3, "edit": ["b2", 0, 0, 0.5]}])
    >>> step.number, step.X.shape
    (6, (2, 2))
    """
    if not (is_whole(start, 0) and is_whole(updates, start)):
        requirement = f"a whole number of at least start = {start!r}"
        raise ConfigurationError.must_be("updates", requirement, f"{updates!r:.60}")
    waiting = list(changes)
    page = _Page(network, X, Y, training, start, slots)
    while True:
        while waiting and _number(waiting[0]) <= page.done:
            page.change(waiting.pop(0))
        opened, masks = page.open(by_python=page.done < drawn)
        if page.done == updates:
            return page.step(opened, masks)
        page.session.load(opened.after)


class _Page:
    """The training on a page, from update to update."""

    def __init__(
        self,
        network: Network,
        X: Any,
        Y: Any,
        training: Mapping[str, Any],
        start: int,
        slots: Mapping[str, Any] | None,
    ) -> None:
        self.network, self.shape = network, network.architecture
        self.X = check_inputs(X, self.shape.n_inputs)
        m, head = self.X.shape[1], get_head(self.shape)
        self.Y = check_targets(Y, self.shape.n_outputs, m, head, dtype=np.dtype(float))
        self.training = dict(training)
        self.session = self._session(network.parameters.flat, self._flat(slots or {}), start)

    @property
    def done(self) -> int:
        return self.session.state().step

    def _session(self, theta: Array, slots: Mapping[str, Array] | None, done: int) -> ReferenceSession:
        options = {name: value for name, value in self.training.items() if name not in OF_THE_LOOP}
        settings = Settings.of(**options)
        session = ReferenceSession(self.shape, self.network.parameters.like(theta), settings)
        slots = slots or {name: np.zeros_like(theta) for name in get_optimizer(settings.optimizer).state}
        session.load(SessionState(theta, slots, done))
        return session

    def _flat(self, slots: Mapping[str, Any]) -> dict[str, Array]:
        """The slots by name, each as one vector."""
        vectors = {}
        for slot in dict.fromkeys(name.partition("_d")[0] for name in slots):
            state = self.network.parameters.copy()
            for name, values in state.items():
                array = np.asarray(slots.get(f"{slot}_d{name}", ()), dtype=float)
                if array.shape != values.shape:
                    requirement = f"have the shape {values.shape} of {name}"
                    raise ShapeError.must_be(f"slots['{slot}_d{name}']", requirement, f"shape {array.shape}")
                values[:] = array
            vectors[slot] = state.flat
        return vectors

    def change(self, change: Mapping[str, Any]) -> None:
        """Make a change by the reader of the page."""
        try:
            self._change(change)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            if isinstance(error, ConfigurationError):
                raise
            raise ConfigurationError(f"The change {change!r:.80} does not fit the network") from error

    def _change(self, change: Mapping[str, Any]) -> None:
        state = self.session.state()
        match change:
            case {"add": [inputs, targets]}:
                self.X = np.column_stack([self.X, np.asarray(inputs, dtype=float)])
                self.Y = np.column_stack([self.Y, np.asarray(targets, dtype=float)])
            case {"edit": [name, row, column, value]}:
                theta = self.session.parameters.copy()
                theta[name][row, column] = value
                self.session.load(replace(state, theta=theta.flat))
            case {"set": dict(settings)}:
                keeps = settings.get("optimizer", before := self.training.get("optimizer", "gd")) == before
                self.training |= settings
                self.session = self._session(state.theta, state.slots if keeps else None, state.step)
            case _:
                raise ConfigurationError(f"The change {change!r:.80} has none of set, edit and add")

    def open(self, *, by_python: bool) -> tuple[OpenedStep, dict[int, Array]]:
        """The next update and its masks."""
        number, m, size = self.done + 1, self.X.shape[1], self.training.get("batch_size")
        settings = self.session.settings
        epoch, index = divmod(number - 1, n_batches(m, size))
        rows: Any = slice(None)
        if size is not None and (by_python or size < m):  # the page does not shuffle one batch of all
            visit = shuffled(self.network.seed)(epoch, m) if by_python else order(settings.seed, epoch, m)
            rows = batch(np.asarray(visit), m, size, index)
        X, Y, rates = self.X[:, rows], self.Y[:, rows], settings.dropout_of(self.shape)
        draw = partial(dropout_masks, dtype=np.dtype(float)) if by_python else masks
        drawn = draw(self.shape, rates, X.shape[1], seed=int(settings.seed), step=number)
        rate = float(self.training["learning_rate"])
        return self.session.open_step(X, Y, learning_rate=rate, masks=drawn), drawn

    def step(self, opened: OpenedStep, masks: Mapping[int, Array]) -> Step:
        """The update, as from `Network.steps`."""
        number = opened.before.step + 1
        epoch = (number - 1) // n_batches(self.X.shape[1], self.training.get("batch_size"))
        rate = float(self.training["learning_rate"])
        update = Update(
            number, epoch, opened.costs.total, opened.X, opened.Y, opened.before, rate, masks=masks
        )
        after = self.session.parameters.like(opened.after.theta)
        return Step(update, after, self.shape, self.session.settings)


def _number(change: Mapping[str, Any]) -> int:
    """The number of updates before a change."""
    if not is_whole(change.get("t"), 0):
        raise ConfigurationError(f"The change {change!r:.80} has no number t of updates before it")
    return int(change["t"])


def _mixed(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The bits of words of 32 bits mixed: products are taken in 64 bits and cut, as Math.imul does."""
    word = np.uint64(WORD)
    z = (z ^ z >> np.uint64(16)) * np.uint64(0x21F0AAAD) & word
    z = (z ^ z >> np.uint64(15)) * np.uint64(0x735A2D97) & word
    return z ^ z >> np.uint64(15)


def uniform(n: int, seed: int, *counters: int) -> NDArray[np.float64]:
    """The first n numbers, from 0 to below 1, of the stream of a seed and its counters."""
    state = _mixed(np.array([seed & WORD], dtype=np.uint64))
    for counter in counters:
        state = _mixed(state + np.uint64(counter & WORD) & np.uint64(WORD))
    places = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(STEP)
    return _mixed(state + places & np.uint64(WORD)) / 2.0**32


def order(seed: int, epoch: int, m: int) -> list[int]:
    """The numbers 0 … m - 1 in the page's order of an epoch (Fisher and Yates, from the last down)."""
    examples = list(range(m))
    for i, draw in zip(range(m - 1, 0, -1), uniform(max(0, m - 1), seed, ORDER, epoch), strict=True):
        j = int(draw * (i + 1))
        examples[i], examples[j] = examples[j], examples[i]
    return examples


def masks(shape: Architecture, dropout: Sequence[float], m: int, *, seed: int, step: int) -> dict[int, Array]:
    """The page's masks (n_l, m) of the hidden layers with dropout, for one step."""
    by_layer = {}
    for layer, rate in enumerate(dropout, start=1):
        keep = 1 - rate
        if keep < 1:
            n = shape.layer_dims[layer]
            draws = uniform(n * m, seed, MASK, step, layer)
            by_layer[layer] = np.where(draws < keep, 1 / keep, 0.0).reshape(n, m)
    return by_layer
