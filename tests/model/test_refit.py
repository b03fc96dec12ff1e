"""`Network.train(refit=True)`: once it is known how long, the same training on everything."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.preparation.batches import Examples, hold_out, together
from deepstep.training import ModelCheckpoint, StopTraining

RNG = np.random.default_rng(3)
X = RNG.standard_normal((3, 60))
Y = (np.sin(3 * X[:1]) + 0.5 * RNG.standard_normal((1, 60)) > 0).astype(float)
WEIGHTS = RNG.uniform(0.5, 2, 60)
FAST = {"learning_rate": 0.5, "iterations": 60, "batch_size": 16, "optimizer": "adamw", "schedule": "cosine"}
BUSY = {"dropout": 0.1, "class_weight": "balanced"}


def network(**options):
    return Network([3, 8, 1], **{"activation": "tanh", "normalization": "batch", "seed": 2, **options})


def parts(sample_weight=None, fraction=0.3):
    return hold_out(Examples(X.T, Y.T, sample_weight), Y[0], fraction=fraction, seed=2)


def ended_after(epochs):
    def end(record):
        if record["epoch"] + 1 == epochs:
            raise StopTraining

    return end


def best_epochs(history):
    return int(history.column("validation_cost").argmin()) + 1


@pytest.mark.parametrize(
    ("sample_weight", "own", "initialization"),
    [(None, False, "he"), (WEIGHTS, False, "data"), (WEIGHTS, True, "data")],
)
def test_it_is_a_training_on_everything_for_the_best_count(sample_weight, own, initialization):
    learn, held = parts(sample_weight)
    options = {**FAST, **BUSY, "patience": 8}
    if own:
        data, options["sample_weight"] = (learn.X.T, learn.Y.T), learn.weight
        options["validation"] = (held.X.T, held.Y.T, *([] if held.weight is None else [held.weight]))
    else:
        data, options["sample_weight"] = (X, Y), sample_weight
        options["validation_fraction"] = 0.3
    first, net = network(initialization=initialization), network(initialization=initialization)
    first.train(*data, **options)
    history = net.train(*data, refit=True, **options)
    best = best_epochs(first.history)
    assert 1 < best < len(first.history)
    start = network()
    if initialization == "data":
        start.initialize_from_data(learn.X.T)  # what is held out has no say in where both begin
    everything, alone = together(learn, held), network(parameters=start.parameters)
    ends = {"sample_weight": everything.weight, "callbacks": [ended_after(best)]}
    alone.train(everything.X.T, everything.Y.T, **ends, **FAST, **BUSY)
    assert net.parameters == alone.parameters
    for name, value in alone.statistics.items():
        np.testing.assert_array_equal(net.statistics[name], value)
    assert net.history is history
    assert history.stopped == f"refitted for {best} epochs"
    assert history.costs.tolist() == alone.history.costs.tolist()
    assert net.stopping_history.costs.tolist() == first.history.costs.tolist()
    assert (first.best_epochs, net.best_epochs) == (len(history), None)
    assert first.stopping_history is None
    net.train(X, Y, iterations=1)
    assert net.stopping_history is None


def test_l_bfgs_counts_its_iterations():
    options = {"optimizer": "lbfgs", "iterations": 200, "patience": 5, "validation_fraction": 0.3}
    net = network(normalization="none")
    net.train(X, Y, refit=True, **options)
    assert len(net.history) == best_epochs(net.stopping_history)
    assert net.history[0]["cost"] != net.stopping_history[0]["cost"]


@pytest.mark.filterwarnings("ignore:.*validation_score was finite in none")
def test_where_none_was_the_best_there_is_no_second():
    net = network()
    options = {"patience": 2, "refit": True, "iterations": 9, "validation_fraction": 0.3}
    history = net.train(X, Y, scoring=lambda *_: np.nan, **options)
    assert history is net.history
    assert net.stopping_history is None
    assert not history.stopped.startswith("refitted")


class Killed(BaseException):
    pass


@pytest.mark.parametrize(("epochs", "seed"), [(4, None), (22, 2), (21, None)])
def test_one_that_was_killed_goes_on(tmp_path, epochs, seed):
    """In the first training, of 20 epochs, and in the second one; a seed that was drawn is found again."""
    options = {**FAST, **BUSY, "iterations": 20, "monitor": "cost", "validation_fraction": 0.3, "refit": True}
    options["patience"] = 30
    start, seen = network().parameters, []

    def kill(record):
        seen.append(record)
        if len(seen) == epochs:
            raise Killed

    def train(net):
        checkpoint = ModelCheckpoint(tmp_path, every_epochs=1)
        return net.train(X, Y, checkpoint=checkpoint, resume=True, callbacks=[kill], **options)

    killed, resumed = (network(seed=seed, parameters=start) for _ in range(2))
    with pytest.raises(Killed):
        train(killed)
    assert (tmp_path / "refit").exists() == (epochs > 20)
    train(resumed)
    assert seed is None or len(resumed.history) > 5  # with a drawn seed the best epoch may be early
    whole = network(seed=killed.seed, parameters=start)
    whole.train(X, Y, **options)
    assert resumed.parameters == whole.parameters
