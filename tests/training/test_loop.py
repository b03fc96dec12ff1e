"""The loop: what it records, in what order callbacks are asked, and how training ends."""

import pickle
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from deepstep.engines import Settings, open_session
from deepstep.equations import initialize_parameters
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples, visited
from deepstep.training import (
    Callback,
    Checkpoint,
    History,
    ModelCheckpoint,
    Plan,
    StopTraining,
    latest_checkpoint,
    train,
)
from deepstep.training.callbacks import as_callbacks


def session_and_examples(m=10, seed=1):
    rng = np.random.RandomState(seed)
    architecture = Architecture((2, 3, 1), ("tanh", "sigmoid"))
    session = open_session("reference", architecture, initialize_parameters((2, 3, 1), rng=rng), Settings())
    X = rng.standard_normal((m, 2))
    return session, Examples(X, (X[:, :1] > 0).astype(float))


class Diary(Callback):
    """Writes down what it is told."""

    def __init__(self, name="", lines=None):
        self.name, self.lines = name, [] if lines is None else lines

    def on_epoch_end(self, training, record):
        self.lines.append(f"{self.name}epoch {record['epoch']} {len(training.history)}")

    def on_train_end(self, training):
        self.lines.append(f"{self.name}end {len(training.history)}")


def test_a_record_has_what_the_documentation_says():
    session, examples = session_and_examples()
    X, Y, _ = examples.take(slice(None))
    before = session.cost(X, Y)
    history = train(session, examples, Plan(3, 0.1, batch_size=4), validation=examples)
    assert [record["epoch"] for record in history] == [0, 1, 2]
    assert [record["step"] for record in history] == [3, 6, 9]
    assert set(history[0]) == {"epoch", "step", "cost", "learning_rate", "seconds", "validation_cost"}
    seconds = history.column("seconds")
    assert (np.diff(seconds) >= 0).all()
    assert seconds[0] >= 0
    assert history[-1]["validation_cost"] == session.cost(X, Y) < before
    assert history.stopped == "all epochs done"
    assert history.engine == "reference"


@pytest.mark.parametrize(
    ("raised", "stopped"),
    [
        (StopTraining("enough"), "enough"),
        (StopTraining(), "stopped by a callback"),
        (KeyboardInterrupt(), "interrupted"),
        (ValueError(), ""),
    ],
)
def test_how_a_callback_ends_training(raised, stopped):
    """The end is told to all; an epoch whose record stops training is told to those that come after, too."""
    session, examples = session_and_examples()

    def end(record):
        if record["epoch"] == 1:
            raise raised

    diary, history = Diary(), History()
    raises = nullcontext() if isinstance(raised, StopTraining) else pytest.raises(type(raised))
    with raises:
        train(session, examples, Plan(9, 0.1), callbacks=[*as_callbacks(end), diary], history=history)
    told = ["epoch 1 2"] if isinstance(raised, StopTraining) else []
    assert diary.lines == ["epoch 0 1", *told, "end 2"]
    assert history.stopped == stopped
    assert session.state().step == len(history) == 2


def test_a_callback_that_fails_at_the_end_does_not_keep_the_end_from_the_others():
    session, examples = session_and_examples()

    class Broken(Diary):
        def on_train_end(self, training):
            super().on_train_end(training)
            raise ValueError(self.name)

    lines, history = [], History()
    callbacks = [Broken("a ", lines), Diary("b ", lines), Broken("c ", lines), Diary("d ", lines)]
    with pytest.raises(ValueError, match="c ") as error:
        train(session, examples, Plan(1, 0.1), callbacks=callbacks, history=history)
    assert str(error.value.__context__) == "a "
    assert lines[-4:] == ["a end 1", "b end 1", "c end 1", "d end 1"]
    assert history.stopped == "all epochs done"


@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_divergence_holds_what_was_reached(engine):
    """The records of the epochs before, and the parameters that the last of them left.

    An identity output whose steps grow: each update multiplies the error by about -10¹²⁰.
    """
    history, rows = History(), Examples(np.ones((2, 1)), np.zeros((2, 1)))

    def session():
        start = initialize_parameters((1, 1), rng=np.random.RandomState(0))
        return open_session(engine, Architecture((1, 1), ("identity",)), start)

    with pytest.raises(DivergenceError) as caught:
        train(session(), rows, Plan(9, 1e120), history=history)
    error, same = pickle.loads(pickle.dumps(caught.value)), session()
    before = train(same, rows, Plan(2, 1e120))
    assert (error.layer, error.step, error.history.stopped) == (1, 3, "diverged")
    assert error.history.costs.tolist() == before.costs.tolist()
    np.testing.assert_array_equal(error.parameters.flat, same.parameters.flat)
    assert str(error) == str(caught.value)
    # a validation cost that is not finite is no fault of the training; in JSON it is null
    validation = Examples(np.full((1, 1), 1e200), np.zeros((1, 1)))
    history = train(session(), rows, Plan(3, 0.1), validation=validation)
    assert np.isfinite(history.costs).all()
    assert history.column("validation_cost").tolist() == [np.inf] * 3


@pytest.mark.parametrize("order", [[0, 1], [0, 1, 3], [0, -1, 2], [0.0, 1.0, 2.0], "abc", [[0, 1, 2]]])
def test_what_is_no_order_and_no_callback_is_refused(order):
    with pytest.raises(ConfigurationError, match="3 whole numbers from 0 to 2"):
        visited(lambda epoch, m: order, 7, 3)
    for callbacks in (["print"], [Diary], Diary):
        with pytest.raises(ConfigurationError, match=r"^callbacks must be"):
            as_callbacks(callbacks)


class Second(Callback):
    """Each update takes a second of the clock as the loop sees it; what comes before the first, a minute."""

    def __init__(self, patch):
        self.now, self.updates, self.pauses = 0.0, [], []
        patch.setattr("deepstep.training.loop.perf_counter", lambda: self.now)

    def on_train_begin(self, training):
        self.now += 60.0

    def on_step_end(self, training, update):
        self.now += 1.0
        self.updates.append(update)

    def on_pause(self, training):
        self.pauses.append(Checkpoint.of(training))


def in_time(monkeypatch, budget, *callbacks, resume=None, **plan):
    session, examples = session_and_examples()
    second, plan = Second(monkeypatch), Plan(50, 1.0, 1, time_budget=budget, **plan)
    history = train(session, examples, plan, callbacks=[*callbacks, second], resume=resume)
    return session, history, second


def test_a_part_of_an_epoch_says_so_and_is_not_taken_for_done(monkeypatch):
    """The mean cost is that of the part; only an epoch cut short has the entry."""
    session, history, second = in_time(monkeypatch, 12.5)
    assert ["examples" in record for record in history] == [False, True]
    assert history[1]["examples"] == session.state().step - 10 == 3
    assert history.costs[1] == pytest.approx(np.mean([update.cost for update in second.updates[10:]]))


def test_the_clock_starts_with_the_first_step_and_a_schedule_goes_by_it(monkeypatch):
    session, history, second = in_time(monkeypatch, 30.0, schedule=lambda t: 1 - t)
    assert (session.state().step, history[-1]["seconds"]) == (30, 29.0)  # before the callback
    rates = [update.learning_rate for update in second.updates]
    np.testing.assert_allclose(rates, 1 - np.arange(30) / 30, rtol=1e-12)


@pytest.mark.parametrize("budget", [2.5, 30.0, 32.5])
def test_resuming_what_has_used_its_time_up_trains_nothing(monkeypatch, tmp_path, budget):
    """Twice, at the end of the first epoch, which is done whole, of another one, and within one."""
    place = ModelCheckpoint(tmp_path, every_steps=1)
    session, history, _ = in_time(monkeypatch, budget, place)
    assert session.state().step == max(np.ceil(budget), 10)
    files = sorted(tmp_path.iterdir())
    for _ in range(2):
        again, records, _ = in_time(monkeypatch, budget, place, resume=latest_checkpoint(tmp_path))
        assert again.state().step == session.state().step
        np.testing.assert_array_equal(again.state().theta, session.state().theta)
        assert (records.records, records.stopped) == (history.records, history.stopped)
        assert sorted(tmp_path.iterdir()) == files


def test_a_checkpoint_within_an_epoch_of_which_there_is_no_record_yet_gets_one(monkeypatch):
    """Its time went by between two updates: what was done of the epoch is recorded, and no more done."""
    _, _, second = in_time(monkeypatch, 40.0)
    within = next(one for one in second.pauses if one.position.epoch and one.position.batch)
    late = replace(within, position=replace(within.position, seconds=99.0))
    session, history, _ = in_time(monkeypatch, 40.0, resume=late)
    assert session.state().step == within.state.step == history[-1]["step"]
    assert len(history) == len(within.records) + 1
    assert history[-1]["examples"] == within.position.batch
