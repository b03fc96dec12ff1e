"""Features that a file of equations adds: gradient, trace, single examples and files follow by themselves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import open_session
from deepstep.equations import FEATURES
from deepstep.errors import ConfigurationError, ShapeError

ADDED = {name: option.example for name, option in FEATURES.items() if option.example is not None}
M = 6

COMBINED: dict[str, dict[str, Any]] = {
    "alone": {},
    "normalized": {"normalization": "layer"},
    "by batch": {"normalization": "batch"},
    "scaled": {"input_scale": True},
}


def network(features: dict[str, Any], **options: Any) -> tuple[Network, Any, Any]:
    rng = np.random.default_rng(3)
    net = Network([3, 5, 2], activation="tanh", output="softmax", features=features, seed=1, **options)
    X = rng.standard_normal((3, M))
    return net, X, np.eye(2)[:, rng.integers(2, size=M)]


@pytest.mark.parametrize(
    ("names", "options"),
    [*(([name], {}) for name in ADDED), *((list(ADDED), options) for options in COMBINED.values())],
    ids=str,
)
class TestEachFeature:
    def test_gradient_and_trace_are_right(self, names: list[str], options: dict[str, Any]) -> None:
        net, X, Y = network({name: ADDED[name] for name in names}, **options)
        report = net.check_gradients(X, Y)
        assert report.passed, str(report)
        assert {check.name for check in report.checks} == set(net.parameters)
        trace = net.trace(X, Y, dropout=0.2)
        assert trace.check().passed, str(trace.check())
        assert set(net.parameters) <= {entry.name for entry in trace}
        assert all(entry.formula for entry in trace)

    def test_the_norm_of_an_example_s_gradient_is_that_of_its_own_step(
        self, names: list[str], options: dict[str, Any]
    ) -> None:
        net, X, Y = network({name: ADDED[name] for name in names}, **options)
        if options.get("normalization") == "batch":
            with pytest.raises(ConfigurationError, match=r"^Batch normalization leaves no example"):
                net.gradient_norms(X, Y)
            return
        session = open_session("reference", net.architecture, net.parameters)
        alone = [session.cost_and_gradient(X[:, i : i + 1], Y[:, i : i + 1])[1] for i in range(M)]
        expected = [np.linalg.norm(gradient) for gradient in alone]
        np.testing.assert_allclose(net.gradient_norms(X, Y)[0], expected, rtol=1e-10)

    def test_derivatives_by_the_inputs_are_those_of_the_outputs(
        self, names: list[str], options: dict[str, Any]
    ) -> None:
        net, X, _ = network({name: ADDED[name] for name in names}, **options)
        found = net.input_gradients(X, output=1)
        for i in range(3):
            step = np.zeros_like(X)
            step[i] = 1e-5
            expected = (net.forward(X + step)[1] - net.forward(X - step)[1]) / 2e-5
            np.testing.assert_allclose(found[i], expected, atol=1e-8)

    def test_it_trains_and_a_file_holds_it(
        self, names: list[str], options: dict[str, Any], tmp_path: Path
    ) -> None:
        net, X, Y = network({name: ADDED[name] for name in names}, **options)
        before = net.cost(X, Y)
        net.train(X, Y, iterations=30, learning_rate=0.05, optimizer="adam")
        assert net.cost(X, Y) < before
        net.save(tmp_path / "network")
        again = Network.load(tmp_path / "network")
        assert again.architecture == net.architecture
        assert repr(again) == repr(net)
        for name in names:
            assert name.replace("_", " ") in repr(net)
            assert name.replace("_", " ") in net.summary()
        np.testing.assert_array_equal(again.forward(X), net.forward(X))


@pytest.mark.parametrize("name", ADDED)
def test_what_a_network_with_an_embedding_cannot_is_refused(name: str) -> None:
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


def test_a_feature_is_told_from_its_misspelling_and_its_value_is_checked() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'periodic_embedding'"):
        Network([2, 1], features={"periodic_embeding": True})
    with pytest.raises(ConfigurationError, match=r"features\['periodic_embedding'\] must be True or"):
        Network([2, 1], features={"periodic_embedding": {"frequencies": 0}})
    with pytest.raises(ConfigurationError, match="features must be a mapping"):
        Network([2, 1], features=["periodic_embedding"])


REFUSED: dict[str, list[Any]] = {
    "periodic_embedding": [
        False,
        5,
        {"scale": 0},
        {"frequencies": 2.5},
        {"sizes": 1},
        {"inputs": []},
        {"inputs": [0, 0]},
        {"inputs": 1},
        {"inputs": [2]},
    ],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in REFUSED.items() for value in values]
)
def test_a_value_that_no_embedding_has_is_refused(name: str, value: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"features\['{name}'\] must be .*a mapping .*, got"
    ) as error:
        Network([2, 1], features={name: value})
    assert str(error.value).endswith(f"got {value!r}.")


def test_parameters_of_a_network_with_features_are_laid_out_by_name() -> None:
    net, X, _ = network(ADDED)
    same = Network(
        [3, 5, 2], activation="tanh", output="softmax", features=ADDED, parameters=net.parameters.to_dict()
    )
    np.testing.assert_array_equal(same.forward(X), net.forward(X))
    values = net.parameters.to_dict()
    del values["omega1"]
    with pytest.raises(ShapeError, match="keys"):
        Network([3, 5, 2], output="softmax", features=ADDED, parameters=values)
