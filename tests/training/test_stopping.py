"""Stopping when nothing improves."""

import numpy as np
import pytest

from deepstep.engines import SessionState
from deepstep.training import StopTraining
from deepstep.training.stopping import Patience


class Here:
    """A training whose parameters are told apart by a number."""

    def __init__(self, number):
        self.outcome = number

    def state(self):
        return SessionState(np.zeros(1), {}, 0)


def run(patience, values):
    """The epoch that ended it (from 0), or None."""
    for epoch, value in enumerate(values):
        training = Here(epoch)
        try:
            patience.on_epoch_end(training, {"quantity": value})
        except StopTraining:
            return epoch
    return None


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ([5, 4, 3, 2, 1], None),
        ([5, 4, 4, 4, 4], 4),  # three epochs in a row, where two are borne
        ([5, 4, 4, 4, 3, 3, 3, 3], 7),  # an improvement counts anew
        ([5, 4.5, 4.1, 3.7], 3),  # each better than the one before, none better than the best by tolerance
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_patience(values, end, sign):
    patience = Patience("quantity", tolerance=1, epochs=2, larger_is_better=sign < 0)
    assert run(patience, [sign * value for value in values]) == end
    assert patience.over == (end is not None)


def test_patience_keeps_the_best():
    patience = Patience("quantity", tolerance=0, epochs=np.inf, keep_best=True)
    run(patience, [3, 1, 2, 1])
    assert (patience.best, patience.best_parameters) == (1, 1)


def test_patience_goes_on():
    first = Patience("quantity", tolerance=0.1, epochs=2)
    run(first, [3, 3, 3])
    second = Patience("quantity", tolerance=0.1, epochs=2, best=first.best, stalled=first.stalled)
    assert run(second, [3]) == 0


def test_something_else_is_done_before_it_stops():
    left = [True, True, False]
    patience = Patience("quantity", tolerance=0, epochs=0, instead=lambda: left.pop(0))
    assert run(patience, [1, 2, 2, 2]) == 3
    assert left == []
