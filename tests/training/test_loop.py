"""The loop: what it records, in what order callbacks are asked, and how training ends."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from deepstep.engines import Settings, open_session
from deepstep.equations import initialize_parameters
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples, shuffled, visited
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

    def on_train_begin(self, training):
        self.lines.append(f"{self.name}begin {training.epochs} {len(training.history)}")

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
    ("raised", "stopped"), [(StopTraining("enough"), "enough"), (StopTraining(), "stopped by a callback")]
)
def test_stop_training_ends_in_order(raised, stopped):
    session, examples = session_and_examples()

    def stop(record):
        if record["epoch"] == 1:
            raise raised

    diary = Diary()
    history = train(session, examples, Plan(9, 0.1), callbacks=[*as_callbacks(stop), diary])
    assert history.stopped == stopped
    assert len(history) == 2
    assert session.state().step == 2
    assert diary.lines == [
        "begin 9 0",
        "epoch 0 1",
        "epoch 1 2",
        "end 2",
    ]  # those that come after hear of it, too


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ValueError])
def test_an_interrupt_and_a_broken_callback_come_through_after_the_end_was_told(raised):
    session, examples = session_and_examples()

    def fail(record):
        raise raised

    diary, history = Diary(), History()
    with pytest.raises(raised):
        train(session, examples, Plan(9, 0.1), callbacks=[*as_callbacks(fail), diary], history=history)
    assert diary.lines == ["begin 9 0", "end 1"]
    assert history.stopped == ("interrupted" if raised is KeyboardInterrupt else "")


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


def test_a_schedule_gives_the_rate_of_each_epoch():
    session, examples = session_and_examples()
    history = train(session, examples, Plan(3, lambda epoch: 0.1 / (1 + epoch)))
    np.testing.assert_allclose(history.column("learning_rate"), [0.1, 0.05, 0.1 / 3], rtol=1e-15)


def test_training_in_two_parts_equals_one_training():
    """The order of an epoch depends on its number: who goes on sees what would have come."""
    whole, examples = session_and_examples()
    parts, _ = session_and_examples()
    once = train(whole, examples, Plan(6, 0.3, 4, shuffled(5)))
    first = train(parts, examples, Plan(2, 0.3, 4, shuffled(5)))
    second = train(parts, examples, Plan(4, 0.3, 4, shuffled(5), first_epoch=2))
    np.testing.assert_array_equal(whole.parameters.flat, parts.parameters.flat)
    np.testing.assert_array_equal(once.costs, [*first.costs, *second.costs])
    assert [record["epoch"] for record in second] == [2, 3, 4, 5]


class TestDivergence:
    def huge(self):
        """An identity output whose steps grow: each update multiplies the error by about -10¹²⁰."""
        architecture = Architecture((1, 1), ("identity",))
        parameters = initialize_parameters((1, 1), rng=np.random.RandomState(0))
        session = open_session("reference", architecture, parameters)
        return session, Examples(np.ones((2, 1)), np.zeros((2, 1))), Plan(9, 1e120)

    @pytest.mark.parametrize("engine", ["reference", "compiled"])
    def test_the_error_holds_what_was_reached(self, engine):
        """The records of the epochs before, and the parameters that the last of them left."""
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

    def test_a_validation_cost_that_is_not_finite_is_recorded_and_training_goes_on(self):
        """It is no fault of the training: patience counts it as no improvement; in JSON it is null."""
        session, examples, _ = self.huge()
        validation = Examples(np.full((1, 1), 1e200), np.zeros((1, 1)))
        history = train(session, examples, Plan(3, 0.1), validation=validation)
        assert np.isfinite(history.costs).all()
        assert history.column("validation_cost").tolist() == [np.inf] * 3
        assert json.loads(history.to_jsonl().splitlines()[0])["validation_cost"] is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": -1}, "epochs must be a whole number of at least 0, got -1"),
        ({"epochs": 2.0}, "got 2.0"),
        ({"epochs": True}, "got True"),
        ({"epochs": "5"}, "got '5'"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"batch_size": 1.5}, "got 1.5"),
        ({"batch_size": True}, "got True"),
        ({"learning_rate": 0}, "learning_rate must be a positive number, got 0"),
        ({"learning_rate": -0.1}, "got -0.1"),
        ({"learning_rate": float("nan")}, "got nan"),
        ({"learning_rate": float("inf")}, "got inf"),
        ({"learning_rate": True}, "got True"),
        ({"learning_rate": "0.1"}, "got '0.1'"),
        ({"learning_rate": None}, "got None"),
        ({"order": [1, 0]}, r"order must be a function order(epoch, m), got [1, 0]"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(settings, message):
    with pytest.raises(ConfigurationError) as error:
        Plan(**{"epochs": 1, "learning_rate": 0.1, **settings})
    assert message in str(error.value)


@pytest.mark.parametrize(
    "order",
    [[0, 1], [0, 1, 2, 3], [0, 1, 3], [0, -1, 2], [0.0, 1.0, 2.0], [True, False, True], "abc", [[0, 1, 2]]],
)
def test_an_order_that_is_none_is_refused(order):
    with pytest.raises(ConfigurationError, match="3 whole numbers from 0 to 2"):
        visited(lambda epoch, m: order, 7, 3)


@pytest.mark.parametrize("callbacks", [5, None, [5], ["print"], [Diary], Diary])
def test_what_is_no_callback_is_refused(callbacks):
    with pytest.raises(ConfigurationError, match=r"^callbacks must be"):
        as_callbacks(callbacks)


class TestTimeBudget:
    """The clock as the loop sees it: each pause of the callback takes a second, or each step."""

    def train(self, monkeypatch, budget=2.5, callbacks=(), *, by_step=False, **options):
        now = [0.0]
        monkeypatch.setattr("deepstep.training.loop.perf_counter", lambda: now[0])

        class SlowPause(Callback):
            def on_pause(self, training):
                now[0] += 1.0

        class SlowStep(Callback):
            def on_step_end(self, training, update):
                now[0] += 1.0

        session, examples = session_and_examples()
        plan, slow = Plan(50, 0.1, 1, time_budget=budget), SlowStep() if by_step else SlowPause()
        history = train(session, examples, plan, callbacks=[*callbacks, slow], **options)
        return session, history

    def test_a_part_of_an_epoch_says_so_and_is_not_taken_for_done(self, monkeypatch):
        """The mean cost is that of the part; only an epoch cut short has the entry."""
        kept = []

        class Keep(Callback):
            def on_step_end(self, training, update):
                kept.append((update.epoch, update.cost))

            def on_train_end(self, training):
                kept.append(training.position)

        m = len(session_and_examples()[1])
        session, history = self.train(monkeypatch, m + 2.5, [Keep()])
        position, costs = kept.pop(), [cost for epoch, cost in kept if epoch == 1]
        assert ["examples" in record for record in history] == [False, True]
        assert history[1]["examples"] == len(costs) == position.batch == session.state().step - m
        assert history.costs[1] == pytest.approx(np.mean(costs))
        assert (position.epoch, position.batch) == (1, len(costs))

    @pytest.mark.parametrize("budget", [2.5, 30.0, 32.5])
    def test_resuming_what_has_used_its_time_up_trains_nothing(self, monkeypatch, tmp_path, budget):
        """Three times, at the end of the first epoch, which is done whole, of another one, and within one."""
        place = ModelCheckpoint(tmp_path, every_steps=1)
        session, history = self.train(monkeypatch, budget, [place], by_step=True)
        assert session.state().step == max(np.ceil(budget), len(session_and_examples()[1]))
        files = sorted(tmp_path.iterdir())
        for _ in range(3):
            again, records = self.train(
                monkeypatch, budget, [place], by_step=True, resume=latest_checkpoint(tmp_path)
            )
            assert again.state().step == session.state().step
            np.testing.assert_array_equal(again.state().theta, session.state().theta)
            assert (records.records, records.stopped) == (history.records, history.stopped)
            assert sorted(tmp_path.iterdir()) == files

    def test_the_clock_starts_with_the_first_step(self, monkeypatch):
        """What callbacks do before it, such as reading the checkpoints of a folder, takes a minute here."""
        now, rates = [0.0], []
        monkeypatch.setattr("deepstep.training.loop.perf_counter", lambda: now[0])

        class Slow(Callback):
            def on_train_begin(self, training):
                now[0] += 60.0

            def on_step_end(self, training, update):
                now[0] += 1.0
                rates.append(update.learning_rate)

        session, examples = session_and_examples()
        plan = Plan(50, 1.0, 1, time_budget=30.0, schedule=lambda t: 1 - t)
        history = train(session, examples, plan, callbacks=[Slow()])
        assert (session.state().step, history[-1]["seconds"]) == (30, 29.0)  # before the callback
        np.testing.assert_allclose(rates, 1 - np.arange(30) / 30, rtol=1e-12)

    def test_a_checkpoint_within_an_epoch_of_which_there_is_no_record_yet_gets_one(self, monkeypatch):
        """Its time went by between two updates: what was done of the epoch is recorded, and no more done."""
        pauses = []

        class Keep(Callback):
            def on_pause(self, training):
                pauses.append(Checkpoint.of(training))

        self.train(monkeypatch, 40.0, [Keep()], by_step=True)
        within = next(one for one in pauses if one.position.epoch and one.position.batch)
        late = replace(within, position=replace(within.position, seconds=99.0))
        session, history = self.train(monkeypatch, 40.0, [], resume=late)
        assert session.state().step == within.state.step == history[-1]["step"]
        assert len(history) == len(within.records) + 1
        assert history[-1]["examples"] == within.position.batch
