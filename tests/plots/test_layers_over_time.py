"""Displays of the looks at the layers: their artists hold the numbers of the records, or of the equations."""

import numpy as np
import pytest
from small_networks import X, Y, trained

from deepstep import Network
from deepstep.plots import (
    GradientFlowDisplay,
    LayerStatisticsDisplay,
    TrainingCurveDisplay,
    UnitHealthDisplay,
    UpdateRatioDisplay,
)


@pytest.fixture(scope="module")
def history():
    return trained()[1]


EPOCHS = (LayerStatisticsDisplay, TrainingCurveDisplay, UnitHealthDisplay, UpdateRatioDisplay)


def seen(history, name):
    rows = [[layer[name] for layer in record["health"]] for record in history]
    return np.array(rows, dtype=float)


def test_gradient_flow_has_the_norms_of_some_epochs(history):
    display = GradientFlowDisplay.from_history(history).plot()
    np.testing.assert_array_equal(display.norms, seen(history, "gradient_norm"))
    shown = [0, 1, 2, 4, 5]  # five of six, evenly spread: 0, 1.25, 2.5, 3.75, 5
    assert [line.get_label() for line in display.lines_] == [f"epoch {epoch}" for epoch in shown]
    for line, epoch in zip(display.lines_, shown, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(line.get_ydata(), display.norms[epoch])


def test_gradient_flow_of_a_step_is_that_of_the_trace():
    network, _ = trained(epochs=1)
    display = GradientFlowDisplay.from_network(network, X, Y)
    trace = network.trace(X, Y)
    expected = [
        np.linalg.norm(np.concatenate([trace[f"dW{layer}"].value.ravel(), trace[f"db{layer}"].value.ravel()]))
        for layer in (1, 2, 3)
    ]
    np.testing.assert_allclose(display.norms, [expected], rtol=1e-12)


def test_layers_without_a_gradient_are_named():
    network = Network([2, 3, 1], seed=1)
    network.parameters["b1"][:] = -100
    text = GradientFlowDisplay.from_network(network, X, Y).describe()
    assert "is 0 in layer 1" in text
    assert text.endswith("Nothing arrives in layer 1.")


def test_update_ratios_and_their_usual_range(history):
    display = UpdateRatioDisplay.from_history(history).plot()
    for number, line in enumerate(display.lines_):
        np.testing.assert_array_equal(line.get_ydata(), seen(history, "update_ratio")[:, number])
    assert display.updates == 3  # 60 examples in batches of 20
    assert display.usual == pytest.approx((0.001 * 3**0.5, 0.003))
    assert display.ax_.get_yscale() == "log"


def test_statistics_of_layers(history):
    display = LayerStatisticsDisplay.from_history(history).plot()
    assert set(display.lines_) == {"activation_mean", "activation_deviation", "weight_size", "gradient_norm"}
    for name, lines in display.lines_.items():
        for number, line in enumerate(lines):
            np.testing.assert_array_equal(line.get_ydata(), seen(history, name)[:, number])


def test_unit_health_over_the_epochs(history):
    display = UnitHealthDisplay.from_history(history).plot()
    for kind in ("dead", "saturated"):
        for number, line in enumerate(display.artists_[kind]):
            np.testing.assert_array_equal(line.get_ydata(), seen(history, kind)[:, number])


def test_unit_health_of_a_network_counts_dead_units():
    network = Network([2, 4, 1], seed=1)
    network.parameters["b1"][:3] = -100
    display = UnitHealthDisplay.from_network(network, X).plot()
    assert display.dead.tolist() == [[0.75, 0.0]]
    assert [bar.get_height() for bar in display.artists_["dead"]] == [0.75, 0.0]
    assert "layer 1: 75 % of the units are dead, 0 % saturated." in display.describe()


def test_epochs_are_whole_numbers(history):
    """Matplotlib's own choice for six epochs has halves."""
    displays = [kind.from_history(history).plot() for kind in EPOCHS]
    for display in displays:
        axes = display.axes_[-1] if hasattr(display, "axes_") else display.ax_
        ticks = axes.xaxis.get_major_locator().tick_values(0, 5.0 / 2)
        assert axes.get_xlabel() == "epoch"
        np.testing.assert_array_equal(ticks, np.round(ticks))


def test_a_gradient_that_is_not_finite_is_called_so():
    text = GradientFlowDisplay(norms=np.array([[np.nan, 1.0]]), moments=["one step"]).describe()
    assert text == "one step: the gradient is not finite in every layer."
