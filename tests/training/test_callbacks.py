"""What a callback may count on: when it is called, and that what it sees belongs together and stays."""

from functools import partial

import numpy as np
import pytest

from deepstep.engines import ReferenceSession, Settings
from deepstep.equations import initialize_parameters
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples, batch, shuffled
from deepstep.training import Callback, Plan, StopTraining, train
from deepstep.training.callbacks import as_callbacks

M, BATCH, OF = 10, 4, 3
ORDER = shuffled(5)


def session_and_examples(m=M, **settings):
    rng = np.random.RandomState(1)
    architecture = Architecture((2, 3, 1), ("tanh", "sigmoid"), normalization="batch")
    values = {**initialize_parameters((2, 3, 1), rng=rng), "gamma1": np.ones((3, 1))}
    settings = Settings(**{"optimizer": "adam", **settings})
    session = ReferenceSession(architecture, Parameters.from_dict(values), settings)
    X = rng.standard_normal((m, 2))
    return session, Examples(X, (X[:, :1] > 0).astype(float), rng.uniform(0.5, 2, m))


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


def test_stop_training_keeps_the_step_and_writes_no_record_of_half_an_epoch():
    session, examples = session_and_examples()
    diary = Everything()

    class Stop(Callback):
        def on_step_end(self, training, update):
            if update.number == 5:
                raise StopTraining("enough")

    history = train(session, examples, Plan(4, 0.1, BATCH, ORDER), callbacks=[Stop(), diary])
    assert session.state().step == 5
    assert [record["epoch"] for record in history] == [0]
    assert history.stopped == "enough"
    assert diary.lines[-1] == ("train_end", 1, 2, 5)
