"""The training of a page, done again in Python: its batches and masks, and what its reader changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from deepstep.engines import OpenedStep, ReferenceSession, SessionState, Settings
from deepstep.engines.draws import dropout_masks
from deepstep.equations import get_head, get_optimizer
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.explorer.page_draws import masks, order
from deepstep.inspection.trace_step import Step
from deepstep.model import Network
from deepstep.network import Architecture
from deepstep.network.border import check_inputs, check_targets
from deepstep.preparation.batches import batch, n_batches, shuffled
from deepstep.training import Update
from deepstep.types import Array, is_whole

WHERE = "replay"
OF_THE_LOOP = ("learning_rate", "batch_size")
"""Options of a page's training; the rest are settings of the engine."""
NAMES = {
    "hyperparameters": "optimizer_params",
    "rate_factors": "lr_multipliers",
    "decay_factors": "weight_decay_multipliers",
}
"""Settings that a lesson, a file format, has under names of its own."""


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
    """Do the updates of a page again, and open the next one.

    network: Where the training starts; it is not changed.
    X, Y (array of shape (n_x, m) and (n_L, m)): The examples at the beginning.
    updates: How many are done.
    training: ``optimizer``, ``hyperparameters``, ``learning_rate``, ``l2``, ``weight_decay``,
        ``batch_size``, ``dropout`` and ``seed``, as a lesson has them.
    changes (sequence of mappings): Changes by hand, each after ``t`` updates, in order: ``set``
        settings of the training, ``edit`` a parameter (``[name, row, column, value]``), ``add`` an example
        (``[inputs, targets]``).
    drawn: Updates whose batches and masks Python drew: those of `Network.steps`. The others are the page's
        own.
    start: Updates that were done before these parameters.
    slots: The optimizer's memory at the start, as a lesson has it: ``"v_dW1"``, …; by default it begins at
        zero.
    returns: Update ``updates + 1``: ``before`` is the state that the page shows after ``updates`` updates.
    ShapeError, ConfigurationError: If an argument does not fit.

    >>> net = Network([2, 3, 1], activation="tanh", seed=1)
    >>> X, Y = [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]]
    >>> training = {"optimizer": "adam", "learning_rate": 0.1, "batch_size": 2, "seed": 1}
    >>> step = replay(net, X, Y, updates=5, training=training, changes=[{"t": 3, "edit": ["b2", 0, 0, 0.5]}])
    >>> step.number, step.X.shape
    (6, (2, 2))
    """
    if not (is_whole(start, 0) and is_whole(updates, start)):
        raise ConfigurationError(
            WHERE, f"updates, a whole number from start = {start!r} on", f"got {updates!r:.60}"
        )
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
        self.X = check_inputs(X, self.shape.n_inputs, WHERE)
        m, head = self.X.shape[1], get_head(self.shape)
        self.Y = check_targets(Y, self.shape.n_outputs, m, head, WHERE, dtype=np.dtype(float))
        self.training = dict(training)
        self.session = self._session(network.parameters.flat, self._flat(slots or {}), start)

    @property
    def done(self) -> int:
        return self.session.state().step

    def _session(self, theta: Array, slots: Mapping[str, Array] | None, done: int) -> ReferenceSession:
        given = {NAMES.get(k, k): value for k, value in self.training.items() if k not in OF_THE_LOOP}
        settings = Settings.of(WHERE, **given)
        session = ReferenceSession(self.shape, self.network.parameters.like(theta), settings)
        slots = slots or {name: np.zeros_like(theta) for name in get_optimizer(settings.optimizer).state}
        session.load(SessionState(theta, slots, done))
        return session

    def _flat(self, slots: Mapping[str, Any]) -> dict[str, Array]:
        """The slots by name, each as one vector."""
        found = {}
        for slot in dict.fromkeys(name.partition("_d")[0] for name in slots):
            whole = self.network.parameters.copy()
            for name, values in whole.items():
                given = np.asarray(slots.get(f"{slot}_d{name}", ()), dtype=float)
                if given.shape != values.shape:
                    raise ShapeError(
                        WHERE, f"{slot}_d{name} has the shape of {name}, {values.shape}", f"got {given.shape}"
                    )
                values[:] = given
            found[slot] = whole.flat
        return found

    def change(self, change: Mapping[str, Any]) -> None:
        """Do what the reader of the page did."""
        try:
            self._change(change)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            if isinstance(error, ConfigurationError):
                raise
            raise ConfigurationError(
                WHERE, "a change that fits the network", f"got {change!r:.80}"
            ) from error

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
                raise ConfigurationError(WHERE, "a change by set, edit or add", f"got {change!r:.80}")

    def open(self, *, by_python: bool) -> tuple[OpenedStep, dict[int, Array]]:
        """The next update and its masks."""
        number, m, size = self.done + 1, self.X.shape[1], self.training.get("batch_size")
        of, settings = n_batches(m, size), self.session.settings
        epoch, place = divmod(number - 1, of)
        rows: Any = slice(None)
        if size is not None and (by_python or size < m):
            visit = shuffled(self.network.seed)(epoch, m) if by_python else order(settings.seed, epoch, m)
            rows = batch(np.asarray(visit), m, size, place)
        X, Y, rates = self.X[:, rows], self.Y[:, rows], settings.dropout_of(self.shape)
        draw = _masks_of_python if by_python else masks
        found = draw(self.shape, rates, X.shape[1], seed=int(settings.seed), step=number)
        rate = float(self.training["learning_rate"])
        return self.session.open_step(X, Y, learning_rate=rate, masks=found), found

    def step(self, opened: OpenedStep, masks: Mapping[int, Array]) -> Step:
        """The update as `Network.steps` gives one."""
        number = opened.before.step + 1
        epoch = (number - 1) // n_batches(self.X.shape[1], self.training.get("batch_size"))
        rate = float(self.training["learning_rate"])
        update = Update(
            number, epoch, opened.costs.total, opened.X, opened.Y, opened.before, rate, masks=masks
        )
        after = self.session.parameters.like(opened.after.theta)
        return Step(update, after, self.shape, self.session.settings)


def _masks_of_python(
    shape: Architecture, rates: tuple[float, ...], m: int, *, seed: int, step: int
) -> dict[int, Array]:
    return dropout_masks(shape, rates, m, seed=seed, step=step, dtype=np.dtype(float))


def _number(change: Mapping[str, Any]) -> int:
    """After how many updates it was."""
    if not is_whole(change.get("t"), 0):
        raise ConfigurationError(WHERE, "a change after t updates", f"got {change!r:.80}")
    return int(change["t"])
