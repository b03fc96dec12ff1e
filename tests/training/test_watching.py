"""What can never work is found before the first step; errors of users' own functions say which one it was."""

import numpy as np
import pytest

from deepstep import Network, NetworkClassifier
from deepstep.errors import ConfigurationError
from deepstep.training import Callback, ReduceLROnPlateau

X, Y = np.array([[0.0, 1.0, 2.0]]), np.array([[0, 1, 1]])


def train(**options):
    """Train, and say how many epochs were done before it failed."""
    net = Network([1, 2, 1], activation="tanh", seed=1)
    before = net.parameters.flat.copy()
    try:
        return net.train(X, Y, **{"iterations": 4, **options})
    except ConfigurationError:
        np.testing.assert_array_equal(net.parameters.flat, before)
        assert net.history is None
        raise


def test_what_will_never_be_there_is_refused():
    plateau = ReduceLROnPlateau("costs")
    with pytest.raises(ConfigurationError, match=r"^quantity must be one of"):
        train(dropout=0.1, schedule=plateau, dropout_schedule=plateau)


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


def broken_callback(method):
    return type("Broken", (Callback,), {method: broken})()


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"metrics": {"auc": broken}, "validation": (X, Y)}, "Raised in the metric 'auc'."),
        ({"callbacks": [broken]}, "Raised in the callback broken."),
        *(
            ({"callbacks": [broken_callback(method)], **options}, "Raised in the callback Broken.")
            for method, options in (
                ("on_train_begin", {}),
                ("on_train_begin", {"optimizer": "lbfgs"}),
                ("on_step_end", {}),
                ("on_pause", {}),
                ("on_epoch_end", {}),
                ("on_train_end", {}),
            )
        ),
    ],
)
def test_functions_of_ones_own_that_raise_are_named(options, note):
    with pytest.raises(ZeroDivisionError, match="on purpose") as error:
        train(**options)
    assert error.value.__notes__ == [note]
