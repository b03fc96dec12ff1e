"""The loop: records, callbacks and what they may count on, how training ends; L-BFGS."""

import pickle
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from trainings import setup

from deepstep.engines import Settings, open_session
from deepstep.equations import initialize_parameters
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples, batch, shuffled, visited
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
from deepstep.training.fit import Fit
from deepstep.training.lbfgs import Limits

M, BATCH, OF = 10, 4, 3
ORDER = shuffled(5)


def session_and_examples(**settings):
    weights = np.random.RandomState(1).uniform(0.5, 2, M)
    made = setup(m=M, normalization="batch", weights=weights, **{"optimizer": "adam", **settings})
    return made.session(), made.examples


class Everything(Callback):
    """Writes down each call with the epochs and batches done and the updates."""

    def __init__(self):
        self.lines = []
        for kind in ("train_begin", "step_end", "pause", "epoch_end", "train_end"):
            setattr(self, f"on_{kind}", partial(self.note, kind))

    def note(self, kind, training, *_):
        position = training.position
        self.lines.append((kind, position.epoch, position.batch, training.state().step))


def test_the_order_of_the_calls_and_where_training_stands():
    """A pause after each update while somebody watches them; at the end of an epoch after its record."""
    session, examples = session_and_examples()
    watcher = Everything()
    train(session, examples, Plan(2, 0.1, BATCH, ORDER), callbacks=[watcher])
    assert watcher.lines == [
        ("train_begin", 0, 0, 0),
        *(("step_end", 0, 1, 1), ("pause", 0, 1, 1), ("step_end", 0, 2, 2), ("pause", 0, 2, 2)),
        *(("step_end", 0, 3, 3), ("epoch_end", 1, 0, 3), ("pause", 1, 0, 3)),
        *(("step_end", 1, 1, 4), ("pause", 1, 1, 4), ("step_end", 1, 2, 5), ("pause", 1, 2, 5)),
        *(("step_end", 1, 3, 6), ("epoch_end", 2, 0, 6), ("pause", 2, 0, 6)),
        ("train_end", 2, 0, 6),
    ]


def test_an_update_holds_what_the_step_took():
    (session, examples), (twin, _) = (session_and_examples(weight_decay=0.1, dropout=0.2) for _ in range(2))
    updates = []

    class Keep(Callback):
        def on_step_end(self, training, update):
            updates.append((update, training.state().theta.copy()))

    schedules = {"weight_decay_schedule": lambda t: t, "dropout_schedule": lambda t: 1 - t}
    plan = Plan(2, 0.1, BATCH, ORDER, schedule=lambda t: 1 - t / 2, **schedules)
    train(session, examples, plan, callbacks=[Keep()])
    for number, (update, after) in enumerate(updates):
        epoch, within = divmod(number, OF)
        t = number / (2 * OF)
        X, Y, weight = examples.take(batch(ORDER(epoch, M), M, BATCH, within))
        np.testing.assert_array_equal(update.X, X)
        np.testing.assert_array_equal(update.Y, Y)
        np.testing.assert_array_equal(update.sample_weight, weight)
        assert (update.number, update.epoch) == (number + 1, epoch)
        rates = update.learning_rate, update.weight_decay, update.dropout
        assert rates == pytest.approx((0.1 * (1 - t / 2), t, 1 - t), rel=1e-14)
        np.testing.assert_array_equal(update.before.theta, twin.state().theta)
        cost = twin.step(
            X, Y, sample_weight=weight, learning_rate=rates[0], weight_decay=rates[1], dropout=rates[2]
        )
        assert update.cost == cost
        np.testing.assert_array_equal(after, twin.state().theta)


@pytest.mark.parametrize("batch_size", [None, BATCH])
def test_what_is_shown_cannot_be_written_and_stays_as_it_was(batch_size):
    """A full batch is the training data itself."""
    session, examples = session_and_examples()
    shown = []

    def arrays(state):
        return [state.theta, *state.slots.values(), *state.statistics.values()]

    class Look(Callback):
        def on_step_end(self, training, update):
            shown.extend([update.X, update.Y, update.sample_weight, *arrays(update.before)])

        def on_epoch_end(self, training, record):
            parameters, of = training.parameters, training.examples
            shown.extend([of.X, of.Y, of.weight, *arrays(training.state())])
            shown.extend([parameters.flat, *parameters.values()])
            self.copies = [array.copy() for array in shown]

    look = Look()
    train(session, examples, Plan(1, 0.1, batch_size), callbacks=[look])
    session.step(*examples.take(slice(None))[:2], learning_rate=0.1)
    for array, copy in zip(shown, look.copies, strict=True):
        np.testing.assert_array_equal(array, copy)
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 9


def test_entries_can_be_added_to_a_record_and_none_is_changed():
    """They go into the history and to the callbacks after."""
    session, examples = session_and_examples()
    seen = []

    def add(record):
        record |= {"a": 1, "cost": 0.0}
        del record["epoch"]

    train_with = as_callbacks([add, lambda record: seen.append(dict(record))])
    history = train(session, examples, Plan(2, 0.1), callbacks=train_with)
    expected = train(session_and_examples()[0], examples, Plan(2, 0.1))
    assert history.costs.tolist() == expected.costs.tolist()
    assert [(record["epoch"], record["a"]) for record in history] == [(0, 1), (1, 1)]
    assert seen == history.records


ENDS = {
    "enough": StopTraining("enough"),
    "stopped by a callback": StopTraining(),
    "interrupted": KeyboardInterrupt(),
    "": ValueError(),
}


@pytest.mark.parametrize("within", [True, False])
@pytest.mark.parametrize("stopped", ENDS)
def test_how_a_callback_ends_training(stopped, within):
    """The end is told to all, and of an epoch that stops training its record to those that come after.

    Within an epoch the step stays, and there is no record of half an epoch.
    """
    raised, at = ENDS[stopped], 5 if within else 6
    stops = isinstance(raised, StopTraining)

    class End(Callback):
        def on_step_end(self, training, update):
            if within and update.number == at:
                raise raised

        def on_epoch_end(self, training, record):
            if training.state().step == at:
                raise raised

    (session, examples), diary, history = session_and_examples(), Everything(), History()
    with nullcontext() if stops else pytest.raises(type(raised)):
        train(session, examples, Plan(9, 0.1, BATCH), callbacks=[End(), diary], history=history)
    assert diary.lines[-1] == ("train_end", *((1, 2, 5) if within else (2, 0, 6)))
    assert (history.stopped, len(history)) == (stopped, 1 if within else 2)
    assert [kind for kind, *_ in diary.lines].count("epoch_end") == (2 if stops and not within else 1)


def test_a_callback_that_fails_at_the_end_does_not_keep_the_end_from_the_others():
    (session, examples), history, told = session_and_examples(), History(), []

    def end(name, fails, training):
        told.append(name)
        if fails:
            raise ValueError(name)

    callbacks = [Callback() for _ in "abcd"]
    for callback, name in zip(callbacks, "abcd", strict=True):
        callback.on_train_end = partial(end, name, name in "ac")
    with pytest.raises(ValueError, match="c") as error:
        train(session, examples, Plan(1, 0.1), callbacks=callbacks, history=history)
    assert str(error.value.__context__) == "a"
    assert told == [*"abcd"]
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
    for callbacks in (["print"], [Everything], Everything):
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


def test_the_clock_starts_with_the_first_step_and_a_part_of_an_epoch_says_that_it_is_one(monkeypatch):
    """A schedule goes by the clock; the mean cost is that of the part, and it alone has the entry."""
    session, history, second = in_time(monkeypatch, 12.5, schedule=lambda t: 1 - t)
    assert (session.state().step, history[-1]["seconds"]) == (13, 12.0)  # before the callback
    rates = [update.learning_rate for update in second.updates]
    np.testing.assert_allclose(rates, 1 - np.arange(13) / 12.5, rtol=1e-12)
    assert ["examples" in record for record in history] == [False, True]
    assert (history[1]["examples"], history.stopped) == (3, "time budget of 12.5 s used up")
    assert history.costs[1] == pytest.approx(np.mean([update.cost for update in second.updates[10:]]))


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


X = np.random.RandomState(0).randn(30, 3)
LINE = np.array([[2.0], [-1.0], [0.5]])


def minimized(session, examples, iterations=100, **options):
    fit = Fit(session, examples, Plan(iterations, 1.0), limits=Limits(1000, 1e-8), **options)
    fit.run()
    return fit


def session(l2=0.0):
    line = Architecture((3, 1), ("identity",))
    return open_session("reference", line, Parameters(np.zeros(4), (3, 1)), Settings(l2=l2))


def test_least_squares():
    """One linear layer has a closed solution: ridge regression without a penalty on the bias."""
    Y = X @ LINE + 3 + np.random.RandomState(1).randn(30, 1)
    opened = session(l2=2.0)
    outcome = minimized(opened, Examples(X, Y))
    history = outcome.history
    centred = X - X.mean(axis=0)
    W = np.linalg.solve(centred.T @ centred + 2.0 * np.eye(3), centred.T @ Y)
    assert_allclose(opened.parameters["W1"].T, W, atol=1e-6)
    assert_allclose(opened.parameters["b1"][0], Y.mean() - X.mean(axis=0) @ W, atol=1e-6)
    assert outcome.converged
    assert not minimized(session(), Examples(X, Y), iterations=1).converged
    assert outcome.cost == history.costs[-1] == opened.cost_and_gradient(X.T, Y.T)[0]
    assert history.engine == "reference"


@pytest.mark.parametrize("engine", ["reference", "compiled", "torch"])
def test_factors_of_inputs(engine):
    """What one hidden unit gives: within reach of another, whose inputs have factors."""
    Y = np.maximum(X[:, :1] / 3, 0)
    shape = Architecture((3, 1, 1), ("relu", "identity"), input_scale=True)
    theta = shape.lay_out(np.array([0.5, 0.1, 0.1, 0.1, 1, 1, 1, 1, 0]))
    opened = open_session(engine, shape, theta, Settings())
    assert minimized(opened, Examples(X, Y)).cost < 1e-8
    scaled = opened.parameters["W1"] * opened.parameters["s1"].T
    np.testing.assert_allclose(scaled / scaled[0, 0], [[1, 0, 0]], atol=1e-3)


def test_callbacks_see_each_iteration_and_may_stop():
    opened, seen, ended = session(), [], []

    class Watch(Callback):
        def on_epoch_end(self, training, record):
            seen.append(record["cost"])
            assert opened.cost(X.T, (X @ LINE).T) == pytest.approx(record["cost"])
            if len(seen) == 2:
                raise StopTraining("enough")

        def on_train_end(self, training):
            ended.append(training)

    history = minimized(opened, Examples(X, X @ LINE), callbacks=[Watch()]).history
    assert (len(seen), len(history), history.stopped, len(ended)) == (2, 2, "enough", 1)
