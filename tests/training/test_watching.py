"""What can never work is found before the first step; errors of users' own functions say which one it was."""

import numpy as np
import pytest

from deepstep import Network, NetworkClassifier
from deepstep.equations import register_activation, register_head
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


class TestWhatIsWatched:
    def test_one_plateau_for_two_schedules(self):
        plateau = ReduceLROnPlateau("costs")
        with pytest.raises(ConfigurationError, match=r"^quantity must be one of"):
            train(dropout=0.1, schedule=plateau, dropout_schedule=plateau)

    @pytest.mark.parametrize("early_stopping", [False, True])
    @pytest.mark.parametrize("solver", ["adam", "sgd"])
    def test_that_of_an_estimator_too(self, early_stopping, solver):
        """What judges validation data, and a rate that adapts, say what they write."""
        model = NetworkClassifier(
            2,
            solver=solver,
            learning_rate="adaptive",
            early_stopping=early_stopping,
            max_iter=2,
        )
        model.set_params(schedule={"name": "plateau", "quantity": "validation_scores"})
        message = "'.* needs validation data"
        if early_stopping:
            message = "must be one of .*, 'validation_cost', 'validation_score', got"
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
    def test_what_will_be_there_is_watched(self, options):
        data = (np.hstack([X] * 4), np.hstack([Y] * 4))
        net = Network([1, 2, 1], activation="tanh", seed=1)
        assert len(net.train(*data, **{"iterations": 4, "patience": 3, **options}))


def broken(*_):
    raise ZeroDivisionError("on purpose")


class Broken(Callback):
    def __init__(self, method):
        setattr(self, method, broken)


class BrokenStep(Callback):
    def on_step_end(self, training, update):
        broken()


class TestOwnFunctionsThatRaise:
    @pytest.mark.parametrize(
        ("options", "note"),
        [
            ({"metrics": {"auc": broken}, "validation": (X, Y)}, "Raised in the metric 'auc'."),
            ({"callbacks": [broken]}, "Raised in the callback broken."),
            ({"callbacks": [BrokenStep()]}, "Raised in the callback BrokenStep."),
            *[
                ({"callbacks": [Broken(method)]}, "Raised in the callback Broken.")
                for method in ("on_train_begin", "on_pause", "on_epoch_end", "on_train_end")
            ],
            (
                {"callbacks": [Broken("on_train_begin")], "optimizer": "lbfgs"},
                "Raised in the callback Broken.",
            ),
        ],
    )
    def test_training_names_them(self, options, note):
        with pytest.raises(ZeroDivisionError, match="on purpose") as error:
            train(**options)
        assert error.value.__notes__ == [note]

    @pytest.mark.parametrize("forward", [broken, lambda Z, more: Z, lambda Z: Z + Z[0, 2]])
    def test_registration_names_an_activation(self, forward):
        """One that raises, one of other arguments, one that cannot take an example alone."""
        with pytest.raises((ZeroDivisionError, TypeError, IndexError)) as error:
            register_activation("own", forward, lambda dA, Z: 1 * dA)
        assert error.value.__notes__ == ["Raised in the activation 'own', when it was tried."]

    def test_registration_names_a_loss(self):
        with pytest.raises(ZeroDivisionError) as error:
            register_head("own", broken, broken)
        assert error.value.__notes__ == ["Raised in the loss 'own', when it was tried."]
