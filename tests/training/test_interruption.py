"""Ctrl-C: the first one waits, the second does not, and other people's handlers stay."""

import signal

import numpy as np
import pytest

from deepstep import Network
from deepstep.training.interruption import deferred

pytestmark = pytest.mark.usefixtures("pythons_own_handler")


def test_the_first_one_waits_and_the_second_does_not(monkeypatch):
    with deferred() as interruption:
        assert not interruption.pressed
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)  # twice at once is one key press
        assert interruption.pressed
        monkeypatch.setattr("deepstep.training.interruption.ONE_PRESS", 0.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_handlers_come_back_after_an_error_or_stay():
    with pytest.raises(ValueError, match="x"), deferred():
        raise ValueError("x")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    seen = []
    signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    with deferred() as interruption:
        signal.raise_signal(signal.SIGINT)
    assert (seen, interruption.pressed) == ([1], False)


class Ended:
    """An object whose end raises what Python drops."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_press_that_python_drops_ends_the_training_before_its_first_step():
    network, X = Network([2, 3, 1], seed=1), np.ones((2, 5))
    before = network.parameters.flat.copy()
    with deferred(waits=False) as interruption:
        ended = Ended()
        del ended
        assert interruption.pressed
        with pytest.raises(KeyboardInterrupt):
            network.train(X, np.array([[0, 1, 0, 1, 0]]), iterations=3)
    np.testing.assert_array_equal(network.parameters.flat, before)
