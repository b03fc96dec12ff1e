"""The learning-rate finder, on costs whose best rates are known by hand."""

import numpy as np
import pytest

from deepstep.engines import Settings, open_session
from deepstep.equations import initialize_parameters
from deepstep.errors import DataError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples, shuffled
from deepstep.training import find_rate

LINE = Architecture((1, 1), ("identity",))
X = np.array([[-1.0], [1.0]])


def parabola(scale=1.0, weight=None):
    """J(w) = ½ s² (w - 3)² from w = 0: a step is w - 3 := (1 - α s²)(w - 3), stable for α < 2 / s²."""
    session = open_session("reference", LINE, Parameters(np.zeros(2), [1, 1]))
    return session, Examples(scale * X, 3 * scale * X, weight)


def test_costs_are_those_of_the_parabola_smoothed():
    session, examples = parabola()
    search = find_rate(session, examples, least=0.01, most=1.0, steps=30, smoothing=0.8)
    rates = 0.01 * 100 ** (np.arange(30) / 29)
    np.testing.assert_allclose(search.rates, rates, rtol=1e-12)
    distance, average, expected = 3.0, 0.0, []
    for step, rate in enumerate([*rates, 0], start=1):
        average = 0.8 * average + 0.2 * distance**2 / 2
        expected.append(average / (1 - 0.8**step))
        distance *= 1 - rate
    np.testing.assert_allclose([search.first_cost, *search.costs], expected, rtol=1e-10)
    assert not search.diverged
    falling = find_rate(session, examples, least=1e-6, most=1e-3)
    assert falling.suggestion == pytest.approx(1e-4)  # from the last rate


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_the_suggestion_is_a_good_rate_whatever_the_scale(scale):
    """One step at α = 1 / s² is best, and 2 / s² the edge; a tenth of the lowest lies well below it."""
    session, examples = parabola(scale)
    search = find_rate(session, examples, least=1e-5 / scale**2, most=1e3 / scale**2)
    assert search.diverged
    assert 0.03 < search.suggestion * scale**2 < 0.5
    smoothed = find_rate(session, examples, least=1e-5 / scale**2, most=1e3 / scale**2, smoothing=0.9)
    assert search.suggestion < smoothed.suggestion < 2 / scale**2


def test_a_negative_cost_does_not_end_the_search_at_once():
    """Where the lowest cost is near zero, four times it would be next to nothing."""
    session, examples = parabola()
    plain, step = find_rate(session, examples, least=1e-4, most=1.0, smoothing=0), session.step
    session.step = lambda *args, **options: step(*args, **options) - 1.0  # as of Poisson's cost
    shifted = find_rate(session, examples, least=1e-4, most=1.0, smoothing=0)
    assert len(shifted.costs) == len(plain.costs) == 100
    assert shifted.suggestion == plain.suggestion


@pytest.mark.parametrize(("easy", "optimizer"), [(0, "gd"), (1, "adam"), (30, "gd")])
def test_an_easy_batch_hides_nothing(easy, optimizer):
    """Its cost is a ten-thousandth of the others', lower than what any rate comes to."""

    def search(inputs):
        settings = Settings(optimizer, lr_multipliers={"b1": 0.0})
        session = open_session("reference", LINE, Parameters(np.zeros(2), [1, 1]), settings)
        return find_rate(session, Examples(inputs, 3 * inputs), batch_size=1, most=3.0)

    inputs = np.ones((61, 1))
    alike = search(inputs)
    inputs[easy] = 0.01
    found = search(inputs)
    assert found.first_cost == pytest.approx(4.5, rel=0.03)
    assert 0.5 < found.suggestion / alike.suggestion < 2


def test_nothing_of_the_user_s_is_changed():
    inputs = np.random.default_rng(0).standard_normal((40, 5))
    parameters = initialize_parameters((5, 8, 1), method="he", rng=np.random.RandomState(0))
    architecture, settings = Architecture((5, 8, 1), ("relu", "sigmoid")), Settings("adam", dropout=0.2)
    session = open_session("reference", architecture, parameters, settings)
    examples = Examples(inputs, (inputs[:, :1] > 0).astype(float))
    X, Y, _ = examples.take(slice(None))
    session.step(X, Y, learning_rate=0.1)  # slots and a count that are not at their beginning
    drawn, before = parameters.flat.copy(), session.state()
    kept = [array.copy() for array in (before.theta, *before.slots.values())]
    search = find_rate(session, examples, batch_size=7, order=shuffled(0), most=1e4)
    assert len(search.rates) > 10
    after = session.state()
    assert after.step == 1
    for array, expected in zip((after.theta, *after.slots.values()), kept, strict=True):
        np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(parameters.flat, drawn)
    again = find_rate(session, examples, batch_size=7, order=shuffled(0), most=1e4)
    np.testing.assert_array_equal(again.costs, search.costs)


def test_a_batch_without_weight_uses_up_no_rate():
    session, examples = parabola(weight=np.array([0.0, 1.0]))
    with_weight = find_rate(session, examples, batch_size=1, least=0.01, most=0.1, steps=9)
    session, examples = parabola()
    alone = Examples(examples.X[1:], examples.Y[1:])
    without = find_rate(session, alone, batch_size=1, least=0.01, most=0.1, steps=9)
    np.testing.assert_allclose(with_weight.costs, without.costs, rtol=1e-12)


@pytest.mark.filterwarnings("error")
def test_a_cost_that_is_not_finite_from_the_start_is_refused():
    with pytest.raises(DataError, match=r"^The cost is inf before the first update"):
        find_rate(*parabola(scale=1e200))
