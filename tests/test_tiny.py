"""The smoke suite: one of everything, in seconds. ``make tiny`` runs it alone."""

import json
import subprocess
import sys

import numpy as np

from deepstep import Network, NetworkClassifier

X, Y = np.array([[0.0, 0, 1, 1], [0, 1, 0, 1]]), np.array([[0, 1, 1, 0]])


def test_a_network_learns_the_exclusive_or_and_its_step_can_be_opened(tmp_path):
    net = Network([2, 4, 1], activation="tanh", seed=1)
    assert net.check_gradients(X, Y).passed
    assert net.trace(X, Y).check().passed
    history = net.train(X, Y, learning_rate=0.5, iterations=2000)
    assert net.predict(X).tolist() == Y.tolist()
    assert history.costs[-1] < 0.1 < history.costs[0]
    net.save(tmp_path / "net")
    np.testing.assert_array_equal(Network.load(tmp_path / "net").forward(X), net.forward(X))


def test_an_estimator_learns_labels():
    rng = np.random.RandomState(0)
    points = np.vstack([rng.standard_normal((30, 2)) - 2, rng.standard_normal((30, 2)) + 2])
    labels = np.repeat(["cat", "dog"], 30)
    model = NetworkClassifier(hidden_layer_sizes=(8,), learning_rate_init=0.01, tol=1e-3, random_state=0)
    assert model.fit(points, labels).score(points, labels) > 0.9
    assert set(model.predict(points)) == {"cat", "dog"}


def test_the_command_line_answers():
    command = [sys.executable, "-m", "deepstep", "check-gradients", "--network", "4-5-3-1", "--json"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["passed"] is True
