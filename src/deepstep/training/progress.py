"""Progress of training, on stderr: epochs and their cost."""

from typing import TextIO

from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import Record
from deepstep.training.meter import Meter
from deepstep.training.plan import UNTIL_TIME_IS_UP


class Progress(Callback):
    """Show how far training is and its cost.

    The form follows from the stream: a terminal gets a bar, a notebook's cell one line that is written over,
    and a file or a pipe a line now and then, and the last one.

    label: What is being trained.
    stream (text stream): Where to write; stderr by default.
    seconds_between_lines: Where the stream is neither terminal nor notebook: seconds between two lines.

    >>> import sys
    >>> from deepstep import Network
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> history = net.train([[0.0]], [[1]], iterations=3, callbacks=[Progress("mine", stream=sys.stdout)])
    mine: 3/3, cost 0.6...
    """

    looks_at_the_network = False
    adds_to_records = ()

    def __init__(
        self, label: str = "train", *, stream: TextIO | None = None, seconds_between_lines: float = 5.0
    ) -> None:
        self._meter = Meter(label, stream=stream, seconds_between_lines=seconds_between_lines)

    def on_train_begin(self, training: Training) -> None:
        """Open the bar."""
        total = training.epochs if training.epochs < UNTIL_TIME_IS_UP else None
        self._meter.begin(total, told="cost …")
        if training.history:  # of a training that goes on
            self.on_epoch_end(training, training.history[-1])

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Move the bar, or write a line if the last one is old enough."""
        cost = record["cost"]
        self._meter.move(len(training.history), f"cost {cost:.6f}" if abs(cost) < 1e9 else f"cost {cost:.6g}")

    def on_train_end(self, training: Training) -> None:
        """Close the bar, or write the last line."""
        self._meter.end()
