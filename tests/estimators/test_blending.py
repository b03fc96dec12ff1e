"""How much each preset counts: towards equal weights for few examples, whatever examples of weight 0 say."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from deepstep.estimators.ensemble import fit_ensemble_weights, stacking_weights

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


@pytest.mark.parametrize(("heavy", "scale"), [(0.0, 1.0), (1.0, 1e-6), (9.0, 1.0), (9.0, 1e-6)])
def test_weights_of_examples_decide_between_answers(heavy, scale):
    """Each answer is off by 1 where the other is right: w(1 - p)² + (1 - w)p², which is least at p = w."""
    m = 20_000
    Y = np.random.default_rng(3).standard_normal((m, 1))
    first_is_right = np.arange(m)[:, np.newaxis] % 2 == 0
    answers = [np.where(first_is_right, Y, Y + 1), np.where(first_is_right, Y + 1, Y)]
    of_examples = scale * np.where(first_is_right[:, 0], heavy, 1.0)
    weights = stacking_weights(answers, lambda A: ((A - Y) ** 2).sum(axis=1), of_examples)
    assert_allclose(weights, [heavy / (heavy + 1), 1 / (heavy + 1)], atol=2e-3)
    of_presets = {"right where it is heavy": [answers[0]], "right where it is light": [answers[1]]}
    found = fit_ensemble_weights(
        of_presets, Y, "identity", lambda A, Y: ((A - Y) ** 2).sum(axis=1), of_examples
    )
    assert_allclose([*found.weights.values()], weights, rtol=1e-12)


def test_the_best_mixture_lies_between():
    """The mean of squares is least at a mixture that least squares finds; 40 rows of 90 are listened to."""
    rng = np.random.default_rng(2)
    first, second = rng.standard_normal((2, 40, 1))
    target = 0.8 * first + 0.2 * second
    weights = stacking_weights([first, second], lambda A: ((A - target) ** 2).sum(axis=1))
    assert_allclose(weights, 50 / 90 / 2 + 40 / 90 * np.array([0.8, 0.2]), atol=1e-3)
