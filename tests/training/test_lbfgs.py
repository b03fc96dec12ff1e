"""L-BFGS over a session."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from deepstep.engines import Settings, open_session
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples
from deepstep.training import Callback, Plan, StopTraining
from deepstep.training.fit import Fit
from deepstep.training.lbfgs import Limits

X = np.random.RandomState(0).randn(30, 3)
LINE = np.array([[2.0], [-1.0], [0.5]])


def minimized(session, examples, iterations=100, **options):
    fit = Fit(session, examples, Plan(iterations, 1.0), limits=Limits(1000, 1e-8), **options)
    fit.run()
    return fit


def session(l2=0.0):
    line = Architecture((3, 1), ("identity",))
    return open_session("reference", line, Parameters(np.zeros(4), (3, 1)), Settings(l2=l2))


def test_least_squares():
    """One linear layer has a closed solution: ridge regression without a penalty on the bias."""
    Y = X @ LINE + 3 + np.random.RandomState(1).randn(30, 1)
    opened = session(l2=2.0)
    outcome = minimized(opened, Examples(X, Y))
    history = outcome.history
    centred = X - X.mean(axis=0)
    W = np.linalg.solve(centred.T @ centred + 2.0 * np.eye(3), centred.T @ Y)
    assert_allclose(opened.parameters["W1"].T, W, atol=1e-6)
    assert_allclose(opened.parameters["b1"][0], Y.mean() - X.mean(axis=0) @ W, atol=1e-6)
    assert outcome.converged
    assert not minimized(session(), Examples(X, Y), iterations=1).converged
    assert outcome.cost == history.costs[-1] == opened.cost_and_gradient(X.T, Y.T)[0]
    assert history.engine == "reference"


@pytest.mark.parametrize("engine", ["reference", "compiled", "torch"])
def test_factors_of_inputs(engine):
    """What one hidden unit gives: within reach of another, whose inputs have factors."""
    Y = np.maximum(X[:, :1] / 3, 0)
    shape = Architecture((3, 1, 1), ("relu", "identity"), input_scale=True)
    theta = shape.lay_out(np.array([0.5, 0.1, 0.1, 0.1, 1, 1, 1, 1, 0]))
    opened = open_session(engine, shape, theta, Settings())
    assert minimized(opened, Examples(X, Y)).cost < 1e-8
    scaled = opened.parameters["W1"] * opened.parameters["s1"].T
    np.testing.assert_allclose(scaled / scaled[0, 0], [[1, 0, 0]], atol=1e-3)


def test_callbacks_see_each_iteration_and_may_stop():
    opened, seen, ended = session(), [], []

    class Watch(Callback):
        def on_epoch_end(self, training, record):
            seen.append(record["cost"])
            assert opened.cost(X.T, (X @ LINE).T) == pytest.approx(record["cost"])
            if len(seen) == 2:
                raise StopTraining("enough")

        def on_train_end(self, training):
            ended.append(training)

    history = minimized(opened, Examples(X, X @ LINE), callbacks=[Watch()]).history
    assert (len(seen), len(history), history.stopped, len(ended)) == (2, 2, "enough", 1)
