"""A training that goes on from any pause is the training that was never interrupted, bit for bit."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trainings import EachPause, same_bits, setup

from deepstep import Network
from deepstep.engines import ENGINES, Settings
from deepstep.equations import OPTIMIZERS
from deepstep.errors import ConfigurationError, FileError
from deepstep.preparation.batches import Examples
from deepstep.training import (
    SCHEDULES,
    Callback,
    Health,
    ModelCheckpoint,
    Plan,
    ReduceLROnPlateau,
    get_schedule,
    read_checkpoint,
)
from deepstep.training.checkpoint import write_checkpoint
from deepstep.training.stopping import EarlyStopping

KINDS = st.sampled_from(["none", "batch", "layer"])
SCHEDULED = st.none() | st.sampled_from(sorted(SCHEDULES)).map(get_schedule)
SMALL = st.sampled_from([0.0, 0.01, 0.3])

TRAININGS = st.builds(
    setup,
    engine=st.sampled_from(sorted(ENGINES)),
    m=st.integers(5, 20),
    epochs=st.integers(1, 4),
    batch_size=st.none() | st.integers(1, 25),
    normalization=st.tuples(KINDS, KINDS),
    factors=st.booleans(),
    dtype=st.sampled_from(["float64", "float32"]),
    validation=st.booleans(),
    weights=st.sampled_from([None, [0, 0, 0, 0, 1, 1, 1, 2]]),  # batches without weight are no updates
    plan=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("schedule", "weight_decay_schedule", "dropout_schedule"), SCHEDULED)
    ),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    l1=SMALL,
    l2=SMALL,
    weight_decay=st.none() | SMALL,
    dropout=SMALL | st.tuples(SMALL, SMALL),
    clip_norm=st.none() | st.just(0.1),
    clip_value=st.none() | st.just(0.01),
    lr_multipliers=st.sampled_from([{}, {"b*": 0.1, "W1": 6}]),
    seed=st.integers(0, 5),
)


def watchers():
    stopping = EarlyStopping("cost", tolerance=0.02, epochs=1, keep_best=True)
    return stopping, ReduceLROnPlateau(patience=0, drop=0.5), Health()


@settings(max_examples=25)
@given(training=TRAININGS, data=st.data())
def test_from_any_pause(training, data, tmp_path_factory):
    """Also when the best epoch lies before it, and the end after it; through a file, or in memory."""
    pauses, first = EachPause(), watchers()
    uninterrupted = training.train(pauses, *first)
    checkpoint = data.draw(st.sampled_from(pauses.checkpoints))
    if data.draw(st.booleans(), label="through a file"):
        file = tmp_path_factory.mktemp("any") / "checkpoint"
        write_checkpoint(file, checkpoint)
        checkpoint = read_checkpoint(file)
    # Without the watcher of steps: how many updates lie between two pauses changes nothing.
    later = watchers()
    same_bits(uninterrupted, training.train(*later, resume=checkpoint))
    assert later[1].state() == first[1].state()
    assert (later[0].best, later[0].stalled) == (first[0].best, first[0].stalled)
    assert later[0].best_parameters == first[0].best_parameters
    for name, values in (first[0].best_statistics or {}).items():
        np.testing.assert_array_equal(values, later[0].best_statistics[name])


ADAM = {"validation": True, "optimizer": "adam"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"optimizer": "gd"}, "optimizer was 'adam' and is 'gd'"),
        ({"seed": 9, "dropout": 0.5}, "dropout was 0.0 and is 0.5; seed was 0 and is 9"),
        ({"batch_size": 4}, "batch_size was 8 and is 4"),
        ({"factors": True}, "input_scale was False and is True"),
        ({"weights": np.ones(20)}, "the training data is another"),
        ({"validation": False}, "the validation data is another"),
        ({"plan": {"schedule": get_schedule("cosine")}}, "schedule was None and is {'name': 'cosine'"),
        ({"plan": {"deterministic": True}}, "deterministic was False and is True"),
    ],
)
def test_what_differs_of_another_training_is_named(changes, sentence):
    pauses = EachPause()
    setup(**ADAM).train(pauses)
    with pytest.raises(ConfigurationError) as error:
        setup(**ADAM | changes).train(resume=pauses.checkpoints[2])
    assert sentence in str(error.value)


def test_one_number_of_the_data_and_an_own_schedule_of_another_name_make_another_training():
    pauses, rule = EachPause(), OPTIMIZERS["momentum"]
    training = setup(optimizer=rule, plan={"schedule": lambda t: 1.0})
    training.train(pauses)
    setup(optimizer=rule, plan={"schedule": lambda t: 1.0}).train(resume=pauses.checkpoints[0])
    with pytest.raises(ConfigurationError, match="schedule was"):
        setup(optimizer=rule, plan={"schedule": abs}).train(resume=pauses.checkpoints[0])
    X = training.examples.X.copy()
    X[7, 2] = np.nextafter(X[7, 2], 1)
    other = training._replace(examples=Examples(X, training.examples.Y))
    with pytest.raises(ConfigurationError, match="the training data is another"):
        other.train(resume=pauses.checkpoints[0])
    names = {*Settings.__dataclass_fields__, *Plan.__dataclass_fields__} - {"epochs"}
    assert names <= {*pauses.checkpoints[0].identity}


class Stop(Callback):
    """As Ctrl-C does, after so many epochs."""

    def __init__(self, epochs):
        self.epochs = epochs

    def on_epoch_end(self, training, record):
        if training.position.epoch == self.epochs:
            raise KeyboardInterrupt


X = np.random.default_rng(1).standard_normal((3, 40))
Y = (X[:1] > 0).astype(float)
PLATEAU = {"name": "plateau", "patience": 1, "threshold": 0.4, "drop": 0.5}


def train(seed=3, /, callbacks=(), **options):
    net = Network([3, 6, 1], normalization="batch", seed=seed)
    given = {"iterations": 6, "batch_size": 8, "optimizer": "adamw", "dropout": 0.2}
    net.train(X, Y, callbacks=callbacks, **{**given, **options})
    return net


def test_a_plateau_goes_on_from_any_file_and_from_a_folder(tmp_path):
    options = {"patience": 9, "schedule": PLATEAU}
    whole = train(**options, checkpoint=ModelCheckpoint(tmp_path, every_epochs=1, keep=9))
    assert whole.history[-1]["learning_rate"] < whole.history[0]["learning_rate"]
    for place in (str(tmp_path), *tmp_path.iterdir()):
        assert train(**options, resume=place).parameters == whole.parameters
    with pytest.raises(ConfigurationError, match="patience of EarlyStopping, callback 1 was 9 and is 5"):
        train(**options | {"patience": 5}, resume=tmp_path)


@pytest.mark.parametrize("schedule", [None, PLATEAU])
def test_more_and_fewer_iterations_are_the_same_training(tmp_path, schedule):
    options = {"schedule": schedule, "batch_size": 16}
    short = train(**options, checkpoint=ModelCheckpoint(tmp_path, every_steps=4))
    longer, shorter = (train(**options, iterations=n, resume=tmp_path) for n in (9, 6))
    assert longer.parameters == train(**options, iterations=9).parameters
    assert shorter.parameters == short.parameters
    assert len(longer.history) == 9
    with pytest.raises(ConfigurationError, match=r"after [56] iterations .*; iterations is 4"):
        train(**options, iterations=4, resume=tmp_path)


def test_iterations_by_which_a_schedule_runs_stay(tmp_path):
    for name in ("schedule", "weight_decay_schedule", "dropout_schedule"):
        options = {name: "cosine"}
        train(**options, checkpoint=ModelCheckpoint(tmp_path / name, every_epochs=1))
        with pytest.raises(ConfigurationError, match=f", on which {name} depends, was 6 and is 9"):
            train(**options, iterations=9, resume=tmp_path / name)


@pytest.mark.parametrize("options", [{}, {"batch_size": None}, {"seed": 7, "batch_size": 16}])
def test_a_network_without_a_seed_goes_on_by_the_same_call(tmp_path, options):
    """Its seed is drawn anew in each process: the checkpoint has the one that counts."""
    place = ModelCheckpoint(tmp_path, every_steps=2)
    with pytest.raises(KeyboardInterrupt):
        train(None, [Stop(4)], checkpoint=place, resume=True, **options)
    again = train(None, checkpoint=tmp_path, resume=True, **options)
    seed = Network.from_checkpoint(place.last).seed
    expected = train(seed, **{"seed": seed} | options)
    assert again.parameters == expected.parameters
    assert again.seed == seed
    np.testing.assert_array_equal(again.history.costs, expected.history.costs)


def test_a_network_from_a_checkpoint(tmp_path):
    place = ModelCheckpoint(tmp_path, every_epochs=1)
    given = {"output": "softmax", "normalization": ["batch", "layer"], "activation": ["relu", "tanh"]}
    net = Network([3, 6, 4, 2], **given, output_settings={"smoothing": 0.1}, seed=5, dtype="float32")
    options = {"batch_size": 8, "checkpoint": place}
    net.train(X, np.vstack([Y, 1 - Y]), **options, iterations=4)
    for path in (tmp_path, str(place.last)):
        twin = Network.from_checkpoint(path)
        np.testing.assert_array_equal(twin.forward(X), net.forward(X), strict=True)
        assert (twin.architecture, twin.seed, twin.dtype) == (net.architecture, 5, np.float32)
        assert twin.history.records[:-1] == net.history.records[:-1]  # the last has the layers, too
    twin.train(X, np.vstack([Y, 1 - Y]), **options, iterations=7, resume=True)
    assert len(twin.history) == 7
    with pytest.raises(FileError, match="does not exist"):
        Network.from_checkpoint(tmp_path / "none")


THREADS = """
import hashlib
import numpy as np
from threadpoolctl import threadpool_info
from deepstep import Network
rng = np.random.default_rng(0)
X = rng.standard_normal((300, 700)); Y = (X[:1] > 0).astype(float)
blas = lambda: max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
before = blas()
for engine in ("reference", "torch"):
    net = Network([300, 200, 50, 1], seed=1, engine=engine)
    h = net.train(X, Y, iterations=3, batch_size=350, optimizer="adam", deterministic=True)
    assert h.engine == engine, h.why_engine
    print(hashlib.sha256(net.parameters.flat.tobytes() + h.costs.tobytes()).hexdigest())
assert blas() == before  # the limit ended with the training
"""


def bits(threads):
    """Digests of what trainings in a process with so many BLAS threads come to."""
    count = {name: str(threads) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    env = {**os.environ, **count, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")}
    command = [sys.executable, "-c", THREADS]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_one_and_two_threads_come_to_the_same_bits_in_the_deterministic_mode():
    assert bits(1) == bits(2) != ""
