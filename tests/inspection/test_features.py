"""Features that a file of equations adds: gradient, trace, single examples and files follow by themselves."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import open_session
from deepstep.equations import FEATURES
from deepstep.errors import ConfigurationError, ShapeError

ADDED = {name: option.example for name, option in FEATURES.items() if option.example is not None}
M = 6


def network(features=ADDED, **options):
    rng = np.random.default_rng(3)
    net = Network([3, 5, 2], activation="tanh", output="softmax", features=features, seed=1, **options)
    X = rng.standard_normal((3, M))
    return net, X, np.eye(2)[:, rng.integers(2, size=M)]


@pytest.mark.parametrize(
    ("names", "options"),
    [
        *(([name], {}) for name in ADDED),
        (list(ADDED), {"normalization": "layer"}),
        (list(ADDED), {"normalization": "batch"}),
        (list(ADDED), {"input_scale": True}),
    ],
    ids=str,
)
def test_gradient_trace_and_files_are_right(names, options, tmp_path):
    net, X, Y = network({name: ADDED[name] for name in names}, **options)
    report = net.check_gradients(X, Y)
    assert report.passed, str(report)
    assert {check.name for check in report.checks} == set(net.parameters)
    trace = net.trace(X, Y, dropout=0.2)
    assert trace.check().passed, str(trace.check())
    assert set(net.parameters) <= {entry.name for entry in trace}
    assert all(entry.formula for entry in trace)
    found = net.input_gradients(X, output=1)
    for i, step in enumerate(1e-5 * np.eye(3)[:, :, np.newaxis]):
        expected = (net.forward(X + step)[1] - net.forward(X - step)[1]) / 2e-5
        np.testing.assert_allclose(found[i], expected, atol=1e-8)
    if options.get("normalization") == "batch":
        with pytest.raises(ConfigurationError, match=r"^Batch normalization leaves no example"):
            net.gradient_norms(X, Y)
    else:
        session = open_session("reference", net.architecture, net.parameters)
        alone = [session.cost_and_gradient(X[:, i : i + 1], Y[:, i : i + 1])[1] for i in range(M)]
        np.testing.assert_allclose(net.gradient_norms(X, Y)[0], np.linalg.norm(alone, axis=1), rtol=1e-10)
    before = net.cost(X, Y)
    net.train(X, Y, iterations=30, learning_rate=0.05, optimizer="adam")
    assert net.cost(X, Y) < before
    net.save(tmp_path / "network")
    again = Network.load(tmp_path / "network")
    assert again.architecture == net.architecture
    assert repr(again) == repr(net)
    assert all(name.replace("_", " ") in text for name in names for text in (repr(net), net.summary()))
    np.testing.assert_array_equal(again.forward(X), net.forward(X))


@pytest.mark.parametrize("name", ADDED)
def test_what_a_network_with_an_embedding_cannot_is_refused(name):
    pytest.importorskip("torch")
    net, X, _ = network({name: ADDED[name]})
    with pytest.raises(ConfigurationError, match=f"^The network has {name} before W1"):
        net.to_torch()
    for draw in (
        lambda: network({name: ADDED[name]}, initialization="data"),
        lambda: net.initialize_from_data(X),
    ):
        with pytest.raises(ConfigurationError, match=rf"with {name}\. Use initialization='he'"):
            draw()


NO_EMBEDDINGS = (False, 5, {"scale": 0}, {"frequencies": 2.5}, {"sizes": 1})
NO_INPUTS = ([], [0, 0], [2])


def test_features_that_cannot_be_are_refused():
    message = r"features\['periodic_embedding'\] must be .*a mapping .*, got"
    for value in (*NO_EMBEDDINGS, *({"inputs": inputs} for inputs in NO_INPUTS)):
        with pytest.raises(ConfigurationError, match=message) as error:
            Network([2, 1], features={"periodic_embedding": value})
        assert str(error.value).endswith(f"got {value!r}.")
    with pytest.raises(ConfigurationError, match="Did you mean 'periodic_embedding'"):
        Network([2, 1], features={"periodic_embeding": True})
    with pytest.raises(ConfigurationError, match="features must be a mapping"):
        Network([2, 1], features=["periodic_embedding"])


def test_parameters_of_a_network_with_features_are_laid_out_by_name():
    net, X, _ = network()
    values = net.parameters.to_dict()
    same, _, _ = network(parameters=values)
    np.testing.assert_array_equal(same.forward(X), net.forward(X))
    del values["omega1"]
    with pytest.raises(ShapeError, match="keys"):
        network(parameters=values)
