"""Stopping when nothing improves; what may be watched, and functions of the user's own that fail."""

from types import SimpleNamespace

import numpy as np
import pytest

from deepstep import Network, NetworkClassifier
from deepstep.engines import SessionState
from deepstep.errors import ConfigurationError
from deepstep.training import Callback, History, StopTraining
from deepstep.training.stopping import EarlyStopping

X, Y = np.array([[0.0, 1.0, 2.0]]), np.array([[0, 1, 1]])


def run(patience, values):
    """The epoch that ended it (from 0), or None."""
    for epoch, value in enumerate(values):
        training = SimpleNamespace(outcome=epoch, state=lambda: SessionState(np.zeros(1), {}, 0))
        try:
            patience.on_epoch_end(training, {"quantity": value})
        except StopTraining:
            return epoch
    return None


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ([5, 4, 3, 2, 1], None),
        ([5, 4, 4, 4, 4], 4),  # three epochs in a row, where two are borne
        ([5, 4, 4, 4, 3, 3, 3, 3], 7),  # an improvement counts anew
        ([5, 4.5, 4.1, 3.7], 3),  # each better than the one before, none better than the best by tolerance
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_patience(values, end, sign):
    patience = EarlyStopping("quantity", tolerance=1, epochs=2, larger_is_better=sign < 0)
    assert run(patience, [sign * value for value in values]) == end
    assert patience.over == (end is not None)


def test_after_something_else_was_done_epochs_count_anew():
    patience = EarlyStopping("quantity", tolerance=0, epochs=1, instead=[False, True].pop)
    assert run(patience, [1, 2, 2, 2]) is None  # what else was done came with the third value
    assert patience.stalled == 1
    assert run(patience, [2]) == 0
    assert patience.over


@pytest.mark.parametrize(("ties_count", "end"), [(True, None), (False, 2)])
def test_better_by_exactly_the_tolerance(ties_count, end):
    patience = EarlyStopping("quantity", tolerance=1, epochs=1, ties_count=ties_count)
    assert run(patience, [3, 2, 1]) == end
    assert patience.best == 1


def test_a_quantity_that_was_finite_in_no_epoch_is_warned_of():
    patience = EarlyStopping("quantity", tolerance=0, epochs=9)
    said = "quantity was finite in none of 3 epochs, nan in the last"
    blind = [np.nan, np.inf, np.nan]
    for values, expected in (([], ""), ([1.0, 2.0], ""), ([np.nan, 2.0], ""), (blind, said)):
        assert patience.blind(History([{"quantity": value} for value in values])) == expected


def test_best_parameters_are_taken_up_where_the_best_is_in_the_history():
    history = History([{"quantity": 3.0}, {"quantity": 2.0}])
    training = SimpleNamespace(
        history=history, parameters=SimpleNamespace(like=lambda theta: ("like", theta))
    )
    patience = EarlyStopping("quantity", tolerance=0, epochs=2)
    patience.restore({"best": 2.0, "stalled": 0, "theta": 7})
    patience.on_train_begin(training)
    assert patience.best_parameters == ("like", 7)
    patience.restore({"best": 2.5, "stalled": 0, "theta": 7})
    with pytest.raises(ConfigurationError, match=r"^The history lacks the best quantity, 2\.5"):
        patience.on_train_begin(training)
    patience.restore({"best": 2.5, "stalled": 0})  # without parameters there is nothing to doubt
    patience.on_train_begin(training)


@pytest.mark.parametrize(
    ("solver", "early_stopping", "message"),
    [
        ("sgd", False, "needs validation data"),
        ("adam", True, "must be one of .*, 'validation_cost', 'validation_score', got"),
    ],
)
def test_what_an_estimator_watches(solver, early_stopping, message):
    """What judges validation data, and a rate that adapts, say what they write."""
    options = {"solver": solver, "learning_rate": "adaptive", "early_stopping": early_stopping, "max_iter": 2}
    schedule = {"name": "plateau", "quantity": "validation_scores"}
    model = NetworkClassifier(2, **options).set_params(schedule=schedule)
    with pytest.raises(ConfigurationError, match=rf"^schedule\b.*quantity.*{message}"):
        model.fit(np.arange(20.0).reshape(10, 2), [0, 1] * 5)


@pytest.mark.parametrize(
    "options",
    [
        {"monitor": "validation_auc", "validation": (X, Y), "metrics": {"auc": lambda Y, AL: 0.5}},
        {"monitor": "validation_cost", "validation_fraction": 0.5},
        {"monitor": "cost", "optimizer": "lbfgs"},
        {"monitor": "mine", "callbacks": [lambda record: record.update(mine=1.0)]},
        {"schedule": {"name": "plateau", "quantity": "mine"}, "callbacks": [lambda r: r.update(mine=1)]},
    ],
)
def test_what_will_be_there_is_watched(options):
    net, data = Network([1, 2, 1], activation="tanh", seed=1), (np.tile(X, 4), np.tile(Y, 4))
    assert len(net.train(*data, **{"iterations": 4, "patience": 3, **options}))


def broken(*_):
    raise ZeroDivisionError("on purpose")


METHODS = ("on_train_begin", "on_step_end", "on_pause", "on_epoch_end", "on_train_end")


def test_functions_of_ones_own_that_raise_are_named():
    callbacks = [type("Broken", (Callback,), {method: broken})() for method in METHODS]
    cases = [
        ({"metrics": {"auc": broken}, "validation": (X, Y)}, "metric 'auc'"),
        ({"callbacks": [broken]}, "callback broken"),
        ({"callbacks": callbacks[:1], "optimizer": "lbfgs"}, "callback Broken"),
        *(({"callbacks": [callback]}, "callback Broken") for callback in callbacks),
    ]
    for options, name in cases:
        net = Network([1, 2, 1], activation="tanh", seed=1)
        with pytest.raises(ZeroDivisionError, match="on purpose") as error:
            net.train(X, Y, iterations=4, **options)
        assert error.value.__notes__ == [f"Raised in the {name}."]
