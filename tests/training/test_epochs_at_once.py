"""Several epochs in one call of the engine: the same training as with somebody who looks at each."""

from contextlib import suppress

import numpy as np
import pytest
from trainings import without_seconds

from deepstep import Network
from deepstep.engines import ENGINES
from deepstep.errors import DivergenceError
from deepstep.preparation.batches import as_they_are, shuffled
from deepstep.training import Callback, StopTraining

WAYS = {
    "as they are": {"order": as_they_are},
    "shuffled": {},
    "full batches, shuffled": {"batch_size": None, "order": shuffled(3)},
    "Adam, a schedule": {"optimizer": "adam", "schedule": "cosine"},
    "dropout, weights": {"dropout": 0.3, "sample_weight": np.linspace(0, 2, 23)},
    "a batch without weight": {"order": as_they_are, "sample_weight": np.where(np.arange(23) < 5, 0.0, 1.0)},
    "an order of one's own": {"order": lambda epoch, m: np.roll(np.arange(m), epoch) if epoch % 3 else None},
}


MOST_TELLING = ("Adam, a schedule", "dropout, weights", "a batch without weight")


class Looks(Callback):
    """Makes the loop do each epoch by itself."""


def data(m=23):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((3, m))
    return X, (X[:1] * X[1:2] > 0).astype(float)


def trained(engine, callbacks, *, iterations=60, learning_rate=0.05, batch_size=5, **options):
    X, Y = data()
    network = Network([3, 4, 1], activation="tanh", seed=2, engine=engine)
    given = {"iterations": iterations, "learning_rate": learning_rate, "batch_size": batch_size, **options}
    return network, network.train(X, Y, callbacks=callbacks, **given)


@pytest.mark.parametrize(
    ("engine", "way"),
    [
        (engine, way)
        for engine in (*ENGINES, "auto")
        for way in WAYS
        if engine not in ("torch", "auto") or way in MOST_TELLING
    ],
)
def test_the_same_bits_whether_or_not_each_epoch_is_looked_at(engine, way, monkeypatch):
    """The engine "auto" goes from the equations to kernels within an epoch."""
    monkeypatch.setattr("deepstep.engines.reference.FIRST_STEPS", 152)
    network, history = trained(engine, [], **WAYS[way])
    by_epoch, looked_at = trained(engine, [Looks()], **WAYS[way])
    assert network.parameters.flat.tobytes() == by_epoch.parameters.flat.tobytes()
    assert without_seconds(history) == without_seconds(looked_at)
    assert history.column("seconds").tolist() == sorted(history.column("seconds"))


def test_functions_of_ones_own_may_go_by_the_records():
    """An order is asked for when its epoch begins, a schedule at each step."""
    told = []

    def order(epoch, m):
        assert len(told) == epoch
        return np.arange(m)

    def schedule(t):
        return 0.5 if len(told) >= 40 else 1.0

    _, history = trained("reference", [told.append], order=order, schedule=schedule, learning_rate=0.1)
    assert history.column("learning_rate").tolist() == [0.1] * 40 + [0.05] * 20


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("error", [StopTraining("enough"), ValueError("mine")])
def test_a_training_that_ends_by_an_epoch_has_the_network_of_that_epoch(engine, error, monkeypatch):
    """Also where the engine has done more of them at once."""
    monkeypatch.setattr("deepstep.training.loop.perf_counter", lambda: 0.0)

    class Ends(Callback):
        looks_at_the_network = False

        def on_epoch_end(self, training, record):
            records.append(record)
            if record["epoch"] == 17:
                raise error

    records, (X, Y) = [], data()
    network = Network([3, 4, 1], activation="tanh", seed=2, engine=engine)
    with suppress(ValueError):
        network.train(X, Y, iterations=60, learning_rate=0.05, batch_size=5, callbacks=[Ends()])
    shorter, _ = trained(engine, [], iterations=18)
    assert len(network.history) == len(records) == 18
    assert network.history.stopped == ("enough" if isinstance(error, StopTraining) else "ended by ValueError")
    assert network.parameters.flat.tobytes() == shorter.parameters.flat.tobytes()


def test_fewer_epochs_are_done_at_once_where_callbacks_are_slow(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("deepstep.training.loop.perf_counter", lambda: now[0])

    class Slow(Callback):
        looks_at_the_network, told, at_once = False, 0, 0

        def on_epoch_end(self, training, record):
            now[0] += 0.03
            self.told += 1

        def on_pause(self, training):
            self.at_once, self.told = max(self.at_once, self.told), 0

    slow = Slow()
    trained("reference", [slow])
    assert slow.at_once <= 10  # Ctrl-C and a time budget wait for as many


def test_divergence_is_found_at_its_step_and_earlier_epochs_have_their_records():
    (X, Y), ends, plan = data(), [], {"iterations": 400, "learning_rate": 0.05, "batch_size": 5}
    for callbacks in ([], [Looks()]):
        network = Network([3, 4, 1], activation="relu", output="identity", seed=2, engine="reference")
        with pytest.raises(DivergenceError) as error:
            network.train(X, Y, **plan, schedule=lambda t: 1.0 if t < 0.1 else 100.0, callbacks=callbacks)
        ends.append((error.value.step, error.value.layer, without_seconds(error.value.history)))
    assert ends[0] == ends[1]
    assert ends[0][0] > 200
