"""Displays of a network: maps, first-layer weights, saliency, gradient check, architecture, mistakes."""

import numpy as np
import pytest
from small_networks import X, Y, trained

from deepstep import Network, NetworkRegressor, explain
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.plots import (
    ArchitectureDisplay,
    ExplanationDisplay,
    FirstLayerWeightsDisplay,
    GradientCheckDisplay,
    MistakesDisplay,
    NeuronMapsDisplay,
    SaliencyDisplay,
)


@pytest.fixture(scope="module")
def network():
    return trained(epochs=30)[0]


def test_neuron_maps_are_the_activations_at_the_grid(network):
    display = NeuronMapsDisplay.from_network(network, X, Y, resolution=7).plot()
    assert [maps.shape for maps in display.maps] == [(5, 7, 7), (3, 7, 7), (1, 7, 7)]
    for row, column in [(0, 0), (2, 5), (6, 6)]:
        point = np.array([[display.x[column]], [display.y[row]]])
        trace = network.trace(point, [[1.0]])
        for layer, maps in enumerate(display.maps, start=1):
            np.testing.assert_allclose(maps[:, row, column], trace[f"A{layer}"].value[:, 0], rtol=1e-12)
    assert [len(images) for images in display.images_] == [5, 3, 1]
    np.testing.assert_array_equal(display.images_[0][2].get_array(), display.maps[0][2])
    low, high = display.images_[0][2].get_clim()
    assert low == -high
    assert display.images_[-1][0].get_clim() == (0, 1)  # of a probability, 0.5 is in the middle


def test_first_layer_weights_are_the_largest_units():
    W = np.array([[1.0, 2, 3, 4], [0, 0, 0, 0.1], [-9, 0, 0, 0]])
    network = Network(parameters={"W1": W, "b1": np.zeros((3, 1)), "W2": np.ones((1, 3)), "b2": [[0.0]]})
    display = FirstLayerWeightsDisplay.from_network(network, image_shape=(2, 2), most=2).plot()
    assert display.units.tolist() == [0, 2]
    np.testing.assert_array_equal(display.images_[0].get_array(), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(display.images_[1].get_array(), [[-9, 0], [0, 0]])
    low, high = display.images_[1].get_clim()
    assert low == -high
    np.testing.assert_allclose(display.images_[1].cmap(0.5)[:3], 1, atol=0.05)  # 0 is white


def test_first_layer_weights_of_colours_are_colours():
    W = np.zeros((2, 12))
    W[0, 0], W[0, 4], W[1, 11] = 2.0, -2.0, 1.0
    network = Network(parameters={"W1": W, "b1": np.zeros((2, 1)), "W2": np.ones((1, 2)), "b2": [[0.0]]})
    display = FirstLayerWeightsDisplay.from_network(network, image_shape=(2, 2, 3)).plot()
    first, second = (np.asarray(image.get_array()) for image in display.images_)
    np.testing.assert_array_equal(first[0], [[1, 0.5, 0.5], [0.5, 0, 0.5]])  # red; no green
    np.testing.assert_array_equal(second[1, 1], [0.5, 0.5, 0.75])
    assert "±2" in display.figure_.get_suptitle()


def test_the_gradient_is_that_of_finite_differences(network):
    x, epsilon = X[:, 3], 1e-6
    found = SaliencyDisplay.from_network(network, x).attributions
    for at in range(2):
        step = np.eye(2)[at] * epsilon
        ends = [network.forward((x + sign * step)[:, np.newaxis])[0, 0] for sign in (1, -1)]
        assert found[at] == pytest.approx((ends[0] - ends[1]) / (2 * epsilon), rel=1e-6)
    times = SaliencyDisplay.from_network(network, x, method="gradient_times_input").attributions
    np.testing.assert_allclose(times, found * x, rtol=1e-12)


def test_integrated_gradients_are_complete(network):
    """They sum up to the change of the output (Sundararajan et al. 2017, axiom of completeness)."""
    x, baseline = X[:, 3], np.array([0.5, -0.5])
    change = network.forward(x[:, np.newaxis])[0, 0] - network.forward(baseline[:, np.newaxis])[0, 0]
    residuals = []
    for steps in (10, 100, 1000):
        display = SaliencyDisplay.from_network(
            network, x, method="integrated_gradients", baseline=baseline, steps=steps
        )
        assert display.gap == pytest.approx(change, rel=1e-12)
        assert display.residual == pytest.approx(abs(display.attributions.sum() - change), abs=1e-15)
        residuals.append(display.residual)
    assert residuals[2] < 1e-6 < residuals[0]
    assert residuals[1] < residuals[0] / 50  # the midpoint rule's error falls with the square
    assert f"residual {display.residual:.1e}" in display.plot().ax_.get_title()


def test_saliency_draws_pixels_or_the_largest_bars():
    W = np.arange(-30.0, 30.0)[np.newaxis] + 0.5
    network = Network(parameters={"W1": W, "b1": [[0.0]]}, output="identity")
    names = [f"column ${at}" for at in range(60)]
    display = SaliencyDisplay.from_network(network, np.ones(60), names=names).plot()
    assert len(display.artist_) == 20
    widths = [bar.get_width() for bar in display.artist_]
    assert sorted(map(abs, widths)) == sorted(np.sort(np.abs(W[0]))[-20:])
    display.figure_.canvas.draw()
    picture = SaliencyDisplay.from_network(network, np.ones(60), image_shape=(6, 10)).plot().artist_
    np.testing.assert_array_equal(picture.get_array(), W.reshape(6, 10))


def test_what_does_not_fit_is_refused(network):
    x = X[:, 0]
    for make, error, match in (
        (lambda: NeuronMapsDisplay.from_network(Network([3, 1]), np.ones((3, 2))), ConfigurationError,
         r"^The network has 3 inputs, and a plane has 2"),
        (lambda: FirstLayerWeightsDisplay.from_network(network, image_shape=(2, 3)), ShapeError,
         r"of 2 inputs, got \(2, 3\)"),
        (lambda: SaliencyDisplay.from_network(network, x, method="integrated_gradient"), ConfigurationError,
         "Did you mean 'integrated_gradients'"),
        (lambda: SaliencyDisplay.from_network(network, X), ShapeError, "one example of 2 inputs"),
        (lambda: SaliencyDisplay.from_network(network, x, output=1), ConfigurationError,
         "output must be one of 0 … 0"),
    ):  # fmt: skip
        with pytest.raises(error, match=match):
            make()


def test_the_map_of_a_gradient_check_has_the_report_s_numbers_and_a_wrong_gradient_stands_out(network):
    report = network.check_gradients(X[:, :6], Y[:, :6])
    display = GradientCheckDisplay.from_report(report).plot()
    assert display.kinds == ("dW", "db")
    for check in report.checks:
        place = int(check.name[0] == "b"), int(check.name[1]) - 1
        assert display.differences[place] == check.difference
        assert "✓" in display.texts_[place].get_text()
    assert display.passed
    assert display.ax_.get_title() == "gradients are right"
    right = {f"d{name}": network.trace(X, Y)[f"d{name}"].value for name in network.parameters}
    report = network.check_gradients(X, Y, gradients={**right, "dW2": -right["dW2"]})
    wrong = GradientCheckDisplay.from_report(report).plot()
    assert not wrong.passed
    assert "✗ wrong" in wrong.texts_[0, 1].get_text()
    assert "wrong in layer 2" in wrong.describe()


def test_links_are_solid_where_weights_are_positive():
    W = np.array([[1.0, -2.0], [3.0, -4.0]])
    network = Network(parameters={"W1": W, "b1": np.zeros((2, 1))})
    positive, negative = ArchitectureDisplay.from_network(network).plot().links_
    assert len(positive.get_segments()) == len(negative.get_segments()) == 2
    np.testing.assert_allclose(positive.get_linewidths(), [0.2 + 1.8 * size / 4 for size in (1, 3)])
    assert positive.get_linestyles()[0][1] is None
    assert negative.get_linestyles()[0][1] is not None


def test_a_wide_network_is_drawn_in_no_time():
    network = Network([12288, 20, 7, 5, 1], seed=1, dtype="float32")
    display = ArchitectureDisplay.from_network(network).plot()
    assert sum(len(links.get_segments()) for links in display.links_) == 7 * 7 + 7 * 7 + 7 * 5 + 5
    assert display.describe().startswith("12288 inputs; layer 1: 20 units, relu;")


def test_of_predictions_the_wrong_ones_are_kept_and_drawn():
    images = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)
    true, given = np.array(["cat", "dog", "cat", "dog"]), np.array(["cat", "cat", "dog", "dog"])
    shares = np.array([0.9, 0.8, 0.7, 0.6])
    display = MistakesDisplay.from_predictions(images, true, given, shares)
    assert display.rows.tolist() == [1, 2]
    np.testing.assert_array_equal(display.images, images[1:3])
    assert display.describe().splitlines() == [
        "2 of 4 examples are wrong.",
        "example 1: dog, predicted cat (probability 0.800)",
        "example 2: cat, predicted dog (probability 0.700)",
    ]
    assert len(display.plot(columns=1).axes_) == 2
    np.testing.assert_array_equal(display.axes_[1].images[0].get_array(), images[2])
    assert display.axes_[0].get_title() == "example 1: dog,\npredicted cat (0.800)"
    none = MistakesDisplay.from_predictions(images, true, true, shares).plot()
    none.figure_.canvas.draw()
    assert (len(none.axes_), none.describe()) == (0, "0 of 4 examples are wrong.")


def test_bars_of_an_explanation_add_up_and_the_strongest_come_first():
    rows = np.random.default_rng(1).normal(size=(40, 12))
    model = NetworkRegressor((), solver="lbfgs", alpha=0, random_state=1).fit(
        rows, rows @ np.arange(12.0) + 100
    )
    explanation = explain(model, rows)
    display = ExplanationDisplay.from_explanation(explanation, row=5).plot()
    assert [*display.bars][-1] == "2 other columns"
    assert sum(display.bars.values()) == pytest.approx(display.ends[1] - display.ends[0], abs=0.1)
    np.testing.assert_allclose([bar.get_width() for bar in display.bars_], [*display.bars.values()])
    assert f"row 5, output target: {display.ends[1]:.4g}, average row" in display.describe()
    mean = ExplanationDisplay.from_explanation(explanation)
    sizes = np.abs(explanation.contributions[..., 0]).mean(axis=0)
    np.testing.assert_allclose(mean.contributions, np.sort(sizes)[::-1])
    with pytest.raises(ConfigurationError, match="row must be None, or a whole number from 0 to 39, got 40"):
        ExplanationDisplay.from_explanation(explanation, row=40)
