"""Displays of a training: their lines are the numbers of the records, or of the equations."""

import numpy as np
import pytest
from small_networks import X, Y, trained

from deepstep import DeepClassifier, Network
from deepstep.errors import DataError
from deepstep.plots import (
    GradientFlowDisplay,
    LayerStatisticsDisplay,
    RateSearchDisplay,
    TrainingCurveDisplay,
    UnitHealthDisplay,
    UpdateRatioDisplay,
)
from deepstep.training import History, RateSearch


@pytest.fixture(scope="module")
def history():
    accuracy = {"accuracy": lambda Y, AL: float(((AL > 0.5) == Y).mean())}
    return trained(validation=(X[:, :20], Y[:, :20]), metrics=accuracy, schedule="cosine")[1]


def curve_of(records):
    return TrainingCurveDisplay.from_history(History(records)).plot()


def seen(history, name):
    return np.array([[layer[name] for layer in record["health"]] for record in history], dtype=float)


def test_lines_of_layers_are_the_numbers_of_the_records(history):
    statistics = LayerStatisticsDisplay.from_history(history).plot()
    ratios = UpdateRatioDisplay.from_history(history).plot()
    health = UnitHealthDisplay.from_history(history).plot()
    lines = {**statistics.lines_, "update_ratio": ratios.lines_, **health.artists_}
    assert set(lines) == {
        *("activation_mean", "activation_deviation", "weight_size", "gradient_norm"),
        *("update_ratio", "dead", "saturated"),
    }
    for name, of_layers in lines.items():
        shown = np.array([line.get_ydata() for line in of_layers], dtype=float)
        np.testing.assert_array_equal(shown.T, seen(history, name), name)
    assert ratios.updates == 3  # 60 examples in batches of 20
    assert ratios.usual == pytest.approx((0.001 * 3**0.5, 0.003))
    assert ratios.ax_.get_yscale() == "log"
    curve = TrainingCurveDisplay.from_history(history).plot()
    for ax in (statistics.axes_[-1], ratios.ax_, health.axes_[-1], curve.axes_[-1]):
        ticks = ax.xaxis.get_major_locator().tick_values(0, 5.0 / 2)  # matplotlib's own choice has halves
        assert ax.get_xlabel() == "epoch"
        np.testing.assert_array_equal(ticks, np.round(ticks))


def test_gradient_flow_has_the_norms_of_some_epochs(history):
    display = GradientFlowDisplay.from_history(history).plot()
    np.testing.assert_array_equal(display.norms, seen(history, "gradient_norm"))
    shown = [0, 1, 2, 4, 5]  # five of six, evenly spread: 0, 1.25, 2.5, 3.75, 5
    assert [line.get_label() for line in display.lines_] == [f"epoch {epoch}" for epoch in shown]
    for line, epoch in zip(display.lines_, shown, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), np.column_stack([[1, 2, 3], display.norms[epoch]]))


def test_gradient_flow_of_a_step_is_that_of_the_trace():
    network, _ = trained(epochs=1)
    trace = network.trace(X, Y)
    gradients = [
        np.concatenate([trace[f"dW{layer}"].value.ravel(), trace[f"db{layer}"].value.ravel()])
        for layer in (1, 2, 3)
    ]
    display = GradientFlowDisplay.from_network(network, X, Y)
    np.testing.assert_allclose(display.norms, [[*map(np.linalg.norm, gradients)]], rtol=1e-12)
    network.parameters["b1"][:] = -1000
    text = GradientFlowDisplay.from_network(network, X, Y).describe()
    assert "is 0 in layer 1" in text
    assert text.endswith("Nothing arrives in layer 1.")
    text = GradientFlowDisplay(norms=np.array([[np.nan, 1.0]]), moments=["one step"]).describe()
    assert text == "one step: the gradient is not finite in every layer."


def test_unit_health_of_a_network_counts_dead_units():
    network = Network([2, 4, 1], seed=1)
    network.parameters["b1"][:3] = -100
    display = UnitHealthDisplay.from_network(network, X).plot()
    assert display.dead.tolist() == [[0.75, 0.0]]
    assert [bar.get_height() for bar in display.artists_["dead"]] == [0.75, 0.0]
    assert "layer 1: 75 % of the units are dead, 0 % saturated." in display.describe()


def test_the_training_curve_has_the_numbers_of_the_history_and_the_best_epoch(history):
    display = TrainingCurveDisplay.from_history(history).plot()
    assert list(display.lines_) == ["cost", "validation_cost", "validation_accuracy", "learning_rate"]
    for name, line in display.lines_.items():
        expected = [[epoch, record[name]] for epoch, record in enumerate(history)]
        np.testing.assert_array_equal(line.get_xydata(), expected, name)
    assert len(display.axes_) == 3
    assert display.best_epoch == int(np.argmin(history.column("validation_cost")))
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["training", "validation", f"best epoch {display.best_epoch}"]


def test_costs_alone_have_one_pair_of_axes_with_gaps_where_they_are_not_finite():
    costs = [1.0, float("inf"), 0.5, 0.6]
    display = curve_of({"epoch": epoch, "cost": cost} for epoch, cost in enumerate(costs))
    np.testing.assert_array_equal(display.lines_["cost"].get_ydata(), [1, np.nan, 0.5, 0.6])
    assert (len(display.axes_), display.best_epoch) == (1, 2)
    assert display.ax_.get_yscale() == "linear"
    assert "from 1 to 0.6, lowest 0.5 in epoch 2 (1 epochs had none that is finite)" in display.describe()
    far = curve_of({"epoch": epoch, "cost": 10.0**-epoch} for epoch in range(4))
    assert far.ax_.get_yscale() == "log"
    with pytest.raises(DataError, match=r"^The history has no epoch"):
        curve_of([])


def test_a_validation_cost_of_few_epochs_has_a_marker_at_each_of_them():
    def records(*validated):
        costs = ({"epoch": epoch, "cost": 1.0 / (epoch + 1)} for epoch in range(validated[-1] + 1))
        return [one | {"validation_cost": 2.0} if one["epoch"] in validated else one for one in costs]

    line = curve_of(records(0, 3, 9)).lines_["validation_cost"]
    assert [*line.get_markevery()] == [0, 3, 9]
    assert line.get_marker() not in ("", "None", None)
    assert "computed at the markers" in line.get_label()
    model = DeepClassifier(n_estimators=2, network_params={"epochs": 1}, random_state=0).fit(X.T, Y[0])
    for member, validated in zip(model.ensemble_.members, ((0, 3, 9), (0, 5)), strict=True):
        member.network.history = History(records(*validated))
    display = TrainingCurveDisplay.from_estimator(model).plot()
    of_members = [line for line in display.ax_.lines if len(line.get_xdata()) in (6, 10) and line.get_alpha()]
    assert [[*line.get_markevery()] for line in of_members] == [[0, 3, 9], [0, 5]]
    assert [*display.lines_["validation_cost"].get_markevery()] == [0, 3, 5, 9]


RATES = np.array([0.01, 0.1, 1.0, 10.0])


@pytest.mark.parametrize(
    ("costs", "suggestion", "diverged", "expected"),
    [
        ([0.6, 0.5, 0.25, 9], 0.1, True, "lowest at 1 (0.7 at first, 0.25 there), then it diverged.\nSugg"),
        ([0.7, 0.5, 0.25, 0.6], 0.1, False, "(0.7 at first, 0.25 there).\nSuggestion: 0.1, a tenth"),
        ([0.7, 0.5, 0.3, 0.2], 1.0, False, "the last one: search up to a larger rate.\nSuggestion: 1,"),
        ([0.7, 1, 2, 3], None, True, "from 0.01 to 10: the cost only rose.\nNo suggestion: search from a sm"),
    ],
)
def test_a_search_for_a_rate_is_a_curve_with_its_suggestion_and_the_same_in_words(
    costs, suggestion, diverged, expected
):
    search = RateSearch(RATES, np.array(costs), 0.7, suggestion, diverged)
    display = RateSearchDisplay.from_search(search).plot()
    assert expected in display.describe()
    curve, *marks = display.ax_.lines
    np.testing.assert_array_equal(curve.get_xydata(), np.column_stack([RATES, costs]))
    assert [set(line.get_xdata()) for line in marks] == [{suggestion}] * (suggestion is not None)
    assert display.ax_.get_xscale() == "log"
    legend = display.ax_.get_legend()
    assert [text.get_text() for text in legend.get_texts()] if marks else True
