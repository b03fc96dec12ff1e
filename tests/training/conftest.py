"""A small training for callbacks."""

import numpy as np
import pytest

from deepstep.engines import Settings, open_session
from deepstep.equations import initialize_parameters
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples
from deepstep.training import History, Plan
from deepstep.training.checkpoint import Position
from deepstep.training.fit import Fit


@pytest.fixture
def train_from():
    """`train` from a position on, without the checkpoint that would hold it."""

    def run(session, examples, plan, position, *, callbacks, history):
        fit = Fit(session, examples, plan, callbacks=callbacks, history=history)
        fit.training.position = position
        fit.run()
        return history

    return run


@pytest.fixture
def teach(train_from):
    """Train a 2-3-1 network for some epochs; with a history, go on from its end."""

    def run(callbacks, epochs=3, *, history=None, learning_rate=0.1, activations=("tanh", "sigmoid")):
        rng = np.random.default_rng(1)
        X = rng.standard_normal((8, 2))
        architecture = Architecture((2, 3, 1), activations)
        parameters = initialize_parameters((2, 3, 1), method="he", rng=np.random.RandomState(1))
        session = open_session("reference", architecture, parameters, Settings())
        history = History() if history is None else history
        return train_from(
            session,
            Examples(X, (X[:, :1] > 0).astype(float)),
            Plan(epochs=epochs, learning_rate=learning_rate),
            Position(len(history)),
            callbacks=callbacks,
            history=history,
        )

    return run
