"""Stopping and learning rates, against scikit-learn's optimizers."""

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from deepstep.training import StopTraining
from deepstep.training.schedules import AdaptiveRate, inverse_scaling
from deepstep.training.stopping import Patience


class Here:
    parameters = None


def run(patience, values):
    """The epoch that ended it (from 0), or None."""
    for epoch, value in enumerate(values):
        training = Here()
        training.parameters = epoch
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


def test_rate_is_lowered_instead_of_stopping():
    rate = AdaptiveRate(1.0, least=0.1)
    patience = Patience("quantity", tolerance=0, epochs=0, instead=rate.lower)
    theirs = SGDOptimizer([], 1.0, lr_schedule="adaptive")
    rates = []
    for _ in range(2):
        run(patience, [1, 2])
        theirs.trigger_stopping("", verbose=False)
        rates.append((rate(0), theirs.learning_rate))
    assert rates == [(0.2, 0.2), (0.2 / 5, 0.2 / 5)]
    assert run(patience, [2]) == 0  # 0.04 is below the least rate


def test_inverse_scaling():
    theirs = SGDOptimizer([], 0.7, lr_schedule="invscaling", power_t=0.4)
    ours = inverse_scaling(0.7, power=0.4, examples=30)
    on = inverse_scaling(0.7, power=0.4, examples=30, first_epoch=2, seen=60)
    again = inverse_scaling(0.7, power=0.4, examples=30, first_epoch=2, seen=60, restart=True)
    for epoch in range(5):
        assert ours(epoch) == theirs.learning_rate
        if epoch >= 2:
            assert on(epoch) == ours(epoch)
            assert again(epoch) == (0.7 if epoch == 2 else ours(epoch))
        theirs.iteration_ends(30 * (epoch + 1))
