"""The training curve and the search for a learning rate: their lines are the numbers of the records."""

import numpy as np
import pytest
from small_networks import X, Y, trained

from deepstep import DeepClassifier
from deepstep.errors import DataError
from deepstep.plots import RateSearchDisplay, TrainingCurveDisplay
from deepstep.training import History, RateSearch


def accuracy(Y, AL):
    return float(((AL > 0.5) == Y).mean())


@pytest.fixture(scope="module")
def history():
    return trained(validation=(X[:, :20], Y[:, :20]), metrics={"accuracy": accuracy}, schedule="cosine")[1]


def test_lines_are_the_numbers_of_the_history(history):
    display = TrainingCurveDisplay.from_history(history).plot()
    names = ["cost", "validation_cost", "validation_accuracy", "learning_rate"]
    assert list(display.lines_) == names
    for name in names:
        x, y = display.lines_[name].get_data()
        np.testing.assert_array_equal(x, range(6))
        np.testing.assert_array_equal(y, [record[name] for record in history])
    assert len(display.axes_) == 3
    assert display.axes_[-1].get_xlabel() == "epoch"


def test_the_best_epoch_is_that_of_the_validation_cost(history):
    display = TrainingCurveDisplay.from_history(history)
    assert display.best_epoch == int(np.argmin([record["validation_cost"] for record in history]))
    labels = [text.get_text() for text in display.plot().ax_.get_legend().get_texts()]
    assert labels == ["training", "validation", f"best epoch {display.best_epoch}"]


def test_without_validation_and_schedule_there_is_one_pair_of_axes():
    _, history = trained()
    display = TrainingCurveDisplay.from_history(history).plot()
    assert len(display.axes_) == 1
    assert display.best_epoch == int(np.argmin(history.costs))


def test_what_is_not_finite_is_a_gap():
    records = [{"epoch": 0, "cost": 1.0}, {"epoch": 1, "cost": float("inf")}, {"epoch": 2, "cost": 0.5}]
    display = TrainingCurveDisplay.from_history(History(records)).plot()
    np.testing.assert_array_equal(display.lines_["cost"].get_ydata(), [1, np.nan, 0.5])
    assert "from 1 to 0.5, lowest 0.5 in epoch 2 (1 epochs had none that is finite)" in display.describe()


def with_snapshots(*epochs, last):
    """A history whose validation cost was computed after some epochs alone."""
    records = ({"epoch": epoch, "cost": 1.0 / (epoch + 1)} for epoch in range(last + 1))
    return History(
        [{**one, **({"validation_cost": 2.0} if one["epoch"] in epochs else {})} for one in records]
    )


def test_a_validation_cost_of_few_epochs_has_a_marker_at_each_of_them():
    histories = [with_snapshots(0, 3, 9, last=9), with_snapshots(0, 5, last=5)]
    line = TrainingCurveDisplay.from_history(histories[0]).plot().lines_["validation_cost"]
    assert [*line.get_markevery()] == [0, 3, 9]
    assert line.get_marker() not in ("", "None", None)
    assert "computed at the markers" in line.get_label()
    model = DeepClassifier(n_estimators=2, network_params={"epochs": 1}, random_state=0).fit(X.T, Y[0])
    for member, history in zip(model.ensemble_.members, histories, strict=True):
        member.network.history = history
    display = TrainingCurveDisplay.from_estimator(model).plot()
    of_members = [line for line in display.ax_.lines if len(line.get_xdata()) in (6, 10) and line.get_alpha()]
    assert [[*line.get_markevery()] for line in of_members] == [[0, 3, 9], [0, 5]]
    assert [*display.lines_["validation_cost"].get_markevery()] == [0, 3, 5, 9]


def test_an_empty_history_is_refused():
    with pytest.raises(DataError, match=r"^The history has no epoch"):
        TrainingCurveDisplay.from_history(History())


def test_a_cost_that_falls_far_has_a_logarithmic_axis():
    costs = [10.0**-epoch for epoch in range(4)]
    history = History({"epoch": epoch, "cost": cost} for epoch, cost in enumerate(costs))
    assert TrainingCurveDisplay.from_history(history).plot().ax_.get_yscale() == "log"


RATES = np.array([0.01, 0.1, 1.0, 10.0])


def test_the_figure_shows_the_curve_and_the_suggestion():
    search = RateSearch(RATES, np.array([0.6, 0.5, 0.25, 9.0]), 0.7, 0.1, diverged=True)
    display = RateSearchDisplay.from_search(search).plot()
    curve, line = display.ax_.lines
    np.testing.assert_array_equal(curve.get_xydata(), np.column_stack([search.rates, search.costs]))
    assert set(line.get_xdata()) == {0.1}
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_legend().get_texts()[0].get_text() == "suggestion 0.1"


@pytest.mark.parametrize(
    ("costs", "suggestion", "diverged", "expected"),
    [
        ([0.6, 0.5, 0.25, 9.0], 0.1, True, "lowest at 1 (0.7 at first, 0.25 there), then it diverged.\nSugg"),
        (
            [0.7, 0.5, 0.25, 0.6],
            0.1,
            False,
            "lowest at 1 (0.7 at first, 0.25 there).\nSuggestion: 0.1, a tenth",
        ),
        (
            [0.7, 0.5, 0.3, 0.2],
            1.0,
            False,
            "there), the last one: search up to a larger rate.\nSuggestion: 1,",
        ),
        ([0.7, 1, 2, 3], None, True, "from 0.01 to 10: the cost only rose.\nNo suggestion: search from a sm"),
    ],
)
def test_it_says_the_same_in_words(costs, suggestion, diverged, expected):
    display = RateSearchDisplay.from_search(RateSearch(RATES, np.array(costs), 0.7, suggestion, diverged))
    assert expected in display.describe()
    display.plot().figure_.canvas.draw()
    assert len(display.ax_.lines) == (1 if suggestion is None else 2)
