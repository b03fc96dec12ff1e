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
def teach():
    """Train a 2-3-1 network for some epochs; with a history, go on from its end, without a checkpoint."""

    def run(callbacks, epochs=3, *, history=None, learning_rate=0.1, activations=("tanh", "sigmoid")):
        X = np.random.default_rng(1).standard_normal((8, 2))
        parameters = initialize_parameters((2, 3, 1), method="he", rng=np.random.RandomState(1))
        session = open_session("reference", Architecture((2, 3, 1), activations), parameters, Settings())
        history, examples = history or History(), Examples(X, (X[:, :1] > 0).astype(float))
        fit = Fit(session, examples, Plan(epochs, learning_rate), callbacks=callbacks, history=history)
        fit.training.position = Position(len(history))
        fit.run()
        return history

    return run
