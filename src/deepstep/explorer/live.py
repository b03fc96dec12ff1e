"""A training on command: steps are made in a thread, and other threads receive copies."""

from collections import deque
from collections.abc import Iterator, Mapping
from copy import copy
from threading import Condition, Thread
from time import monotonic
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.explorer.page import number, packed
from deepstep.explorer.shown import Shown
from deepstep.inspection.trace_step import Step
from deepstep.preparation.batches import n_batches
from deepstep.training.plan import check_learning_rate
from deepstep.types import is_number, is_whole

MOST_STEPS = 10**9  # of one command, and of a whole training
INTERVAL = 0.1  # seconds between two messages of a running training
MOST_PAUSE = 60.0  # seconds between two steps
MOST_PENDING = 1000  # messages that wait for their listener; older ones are dropped

COMMANDS = ("step", "train", "stop", "restart", "set")

Message = dict[str, Any]
"""``{"kind": "epoch", …}`` after updates, ``{"kind": "end", …}`` when the command is done."""


class LiveTraining:
    """A copy of a network that makes steps on command."""

    def __init__(self, what: Shown) -> None:
        options = what.options
        self._scheduled = options.get("schedule") is not None
        self._what = what
        self._options = {**options, "iterations": MOST_STEPS}
        if not self._scheduled:  # the rate may change between two steps: it is the schedule's, times 1
            self._options |= {"learning_rate": 1.0, "schedule": self._factor}
        self._begin()
        self._of = n_batches(what.X.shape[1], options.get("batch_size"))
        self._changed = Condition()
        self._wanted, self._each, self._closed, self._again = 0, False, False, False
        self._pause = 0.0  # seconds from one step of a training to the next
        self._pending: deque[Message] = deque(maxlen=MOST_PENDING)
        self._thread = Thread(target=self._work, name="explorer-training", daemon=True)
        self._thread.start()

    def _begin(self) -> None:
        """Set the initial values, and the initial learning rate."""
        self._rate = check_learning_rate(self._what.options.get("learning_rate", 0.0075))
        network = copy(self._what.network)
        self._steps: Iterator[Step] = network.steps(self._what.X, self._what.Y, **self._options)
        self._theta, self._updates, self._over = network.parameters, 0, ""

    def _factor(self, t: float) -> float:
        """The learning rate as a schedule, because it may change between two steps."""
        return self._rate

    @property
    def updates(self) -> int:
        """Number of updates."""
        return self._updates

    def command(self, record: Any) -> None:
        """Execute a command of a page: step, train, stop, restart, or set the learning rate or the pause."""
        do = record.get("do") if isinstance(record, dict) else None
        if do not in COMMANDS:
            raise ConfigurationError.must_be("do", f"one of {', '.join(COMMANDS)}", f"{do!r:.60}")
        if do == "set":
            self._set(record)
        elif do in ("stop", "restart"):
            self._want(0, each=False, again=do == "restart")
        else:
            steps = record.get("steps", 1)
            if not (is_whole(steps, 1) and steps <= MOST_STEPS):
                requirement = f"a whole number from 1 to {MOST_STEPS}"
                raise ConfigurationError.must_be("steps", requirement, f"{steps!r:.60}")
            self._pause = 0.0 if do == "step" else _checked_pause(record.get("pause", 0.0))
            self._want(int(steps), each=do == "step")

    def state(self) -> dict[str, Any]:
        """The state of the training, as a copy."""
        with self._changed:
            theta, done = self._theta, self._updates  # a step makes new arrays
        return {
            "step": done,
            "epoch": done // self._of,
            "learning_rate": self._rate,
            "parameters": {name: packed(value) for name, value in theta.items()},
        }

    def messages(self, *, wait: float) -> Iterator[Message | None]:
        """Events from now on, until `close`; None after ``wait`` seconds without one."""
        with self._changed:
            self._pending.clear()  # now, and not with the first message
        return self._messages(wait)

    def _messages(self, wait: float) -> Iterator[Message | None]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._closed, timeout=wait)
                if self._closed:
                    return
                message = self._pending.popleft() if self._pending else None
            yield message

    def close(self) -> None:
        """End the thread; the state remains available."""
        with self._changed:
            self._closed, self._wanted = True, 0
            self._changed.notify_all()
        self._thread.join(timeout=10)

    def _set(self, record: Mapping[str, Any]) -> None:
        if "pause" in record:
            self._pause = _checked_pause(record["pause"])
            return
        if self._scheduled:
            raise ConfigurationError("The learning rate cannot be set: the training has a schedule")
        self._rate = check_learning_rate(record.get("learning_rate"))

    def _want(self, steps: int, *, each: bool, again: bool = False) -> None:
        with self._changed:
            self._wanted, self._each, self._again = steps, each, self._again or again
            self._changed.notify_all()

    def _work(self) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # the page shows that a training diverges
            self._run()

    def _run(self) -> None:
        sent_at = 0.0
        unsent: float | None = None  # the cost of the last step, until a message has it
        at_work = False
        while True:
            if at_work and not self._wanted:  # all steps done, or stopped, maybe just after a step
                self._reached(unsent)
                unsent, at_work = None, False
                self._end("")
            with self._changed:
                self._changed.wait_for(lambda: self._wanted > 0 or self._closed or self._again)
                if self._closed:
                    return
                again, self._again = self._again, False
                if again:
                    self._begin()
            if again:
                unsent = None
                self._reached(float("nan"))
                continue
            try:
                step = next(self._steps)
            except Exception as error:  # of a step, or of a user's function: the page shows it
                self._over = self._over or str(error) or "The training is complete."
                self._reached(unsent)  # the last state for the page
                unsent, at_work = None, False
                self._end(self._over)
                continue
            with self._changed:
                self._theta, self._updates = step.after, self._updates + 1
                self._wanted = max(0, self._wanted - 1)
            unsent, at_work = step.cost, True
            if self._each or monotonic() - sent_at >= INTERVAL:
                self._reached(step.cost)
                sent_at, unsent = monotonic(), None
            if self._pause:
                with self._changed:
                    self._changed.wait_for(self._is_interrupted, timeout=self._pause)

    def _is_interrupted(self) -> bool:
        """Whether a command ends the pause between two steps."""
        return not self._wanted or self._each or self._again or self._closed

    def _reached(self, cost: float | None) -> None:
        if cost is not None:
            self._send({"kind": "epoch", "cost": number(cost), **self.state()})

    def _end(self, why: str) -> None:
        if why:  # otherwise a new command may have come
            with self._changed:
                self._wanted = 0
        self._send({"kind": "end", "why": why, "step": self._updates})

    def _send(self, message: Message) -> None:
        with self._changed:
            newest = self._pending[-1] if self._pending else {}
            if not self._each and newest.get("kind") == message["kind"] == "epoch":
                self._pending.pop()
            self._pending.append(message)
            self._changed.notify_all()


def _checked_pause(pause: Any) -> float:
    if not (is_number(pause) and 0 <= pause <= MOST_PAUSE):
        raise ConfigurationError.must_be("pause", f"a number from 0 to {MOST_PAUSE:g}", f"{pause!r:.60}")
    return float(pause)
