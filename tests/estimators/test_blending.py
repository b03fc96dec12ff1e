"""How much each preset counts: towards equal weights for few examples, whatever examples of weight 0 say."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from deepstep.estimators.ensemble import stacking_weights

Y = np.linspace(-1, 1, 40)[:, np.newaxis]


def distance(target):
    """Each example's loss: the best mixture of the target and of larger answers is the target alone."""
    return lambda A: np.abs(A - target).sum(axis=1)


@pytest.mark.parametrize("m", [1, 10, 50, 1000])
@pytest.mark.parametrize("n", [2, 3])
def test_fifty_examples_count_as_much_as_the_rule_that_all_are_equally_good(m, n):
    target = np.linspace(0, 1, m)[:, np.newaxis]
    wrong = [target + 3, target + 2][: n - 1]
    share = 50 / (50 + m)
    expected = np.full(n, share / n)
    expected[0] += 1 - share
    assert_allclose(stacking_weights([target, *wrong], distance(target)), expected, atol=1e-4)
    assert_allclose(stacking_weights([*wrong, target], distance(target)), expected[::-1], atol=1e-4)


def test_one_answer_has_all_the_weight():
    weights = stacking_weights([Y], distance(Y + 1))
    assert weights.dtype == np.float64
    assert weights.tolist() == [1.0]


def test_examples_of_weight_0_have_no_say():
    first, second = Y, Y + 1
    half = np.arange(len(Y)) < 20
    target = np.where(half[:, np.newaxis], first, second)
    share = 50 / (50 + len(Y))
    weights = stacking_weights([first, second], distance(target), np.where(half, 3.0, 0.0))
    assert_allclose(weights, [1 - share / 2, share / 2], atol=1e-4)
    weights = stacking_weights([first, second], distance(target), np.where(half, 0, 7))
    assert_allclose(weights, [share / 2, 1 - share / 2], atol=1e-4)


def test_the_best_mixture_lies_between():
    """The mean of squares is least at a mixture that least squares finds; 40 rows of 90 are listened to."""
    rng = np.random.default_rng(2)
    first, second = rng.standard_normal((2, 40, 1))
    target = 0.8 * first + 0.2 * second
    weights = stacking_weights([first, second], lambda A: ((A - target) ** 2).sum(axis=1))
    assert_allclose(weights, 50 / 90 / 2 + 40 / 90 * np.array([0.8, 0.2]), atol=1e-3)


def test_answers_of_float32_are_weighed_in_float64():
    answers = [Y.astype(np.float32), (Y + 1).astype(np.float32)]
    seen = set()

    def loss(A):
        seen.add(A.dtype)
        return distance(Y)(A)

    assert stacking_weights(answers, loss).dtype == np.float64
    assert seen == {np.dtype(np.float64)}
