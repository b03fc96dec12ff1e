"""ModelCheckpoint while training runs: when they are written, which are kept; a full disk and Ctrl-C."""

import signal
from contextlib import ExitStack

import numpy as np
import pytest
from trainings import EachPause, same_bits, setup

from deepstep import Network
from deepstep.errors import ConfigurationError, FileError
from deepstep.training import (
    Callback,
    ModelCheckpoint,
    StopTraining,
    latest_checkpoint,
    read_checkpoint,
)
from deepstep.training.checkpoints import checkpoint_files
from deepstep.training.interruption import deferred


def steps(folder):
    return [int(path.stem.rpartition("-")[2]) for path in checkpoint_files(folder)]


class At(Callback):
    """Does something at an update; because it watches steps, there is a pause after each."""

    def __init__(self, number=0, do=None):
        self.number, self.do = number, do

    def on_step_end(self, training, update):
        if update.number == self.number:
            self.do()


def stop():
    raise StopTraining


pytestmark = pytest.mark.usefixtures("pythons_own_handler")


@pytest.mark.parametrize(
    ("often", "expected"),
    [
        ({"every_steps": 2, "keep": 9}, [2, 4, 6, 8]),
        ({"every_steps": 2}, [4, 6, 8]),
        ({"every_epochs": 1}, [3, 6, 9]),
        ({"every_epochs": 2}, [6]),
        ({"every_epochs": 2, "every_steps": 4}, [4, 8]),
        ({}, []),
    ],
)
def test_when_they_are_written(tmp_path, often, expected):
    setup().train(At(), ModelCheckpoint(tmp_path, **often))  # 3 epochs of 3 batches
    assert steps(tmp_path) == expected


def test_by_the_clock(tmp_path, monkeypatch):
    """A second an update, and 2 for a file: of the time between two, a tenth at most."""
    now = [0.0]
    monkeypatch.setattr("deepstep.training.checkpoints.perf_counter", lambda: now[0])

    class Second(Callback):
        def on_step_end(self, training, update):
            now[0] += 1

    def slow(path, checkpoint):
        now[0] += takes
        path.touch()

    monkeypatch.setattr("deepstep.training.checkpoints.write_checkpoint", slow)
    for takes, expected in ((0, [5, 10, 15, 20, 25, 30]), (2, [5, 23])):
        folder = tmp_path / str(takes)
        setup(epochs=10).train(Second(), ModelCheckpoint(folder, every=5, keep=99))
        assert steps(folder) == expected


def test_ctrl_c_writes_where_training_stands(tmp_path):
    whole = setup(optimizer="adam").train()
    checkpoints = ModelCheckpoint(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        setup(optimizer="adam").train(At(5, lambda: signal.raise_signal(signal.SIGINT)), checkpoints)
    assert steps(tmp_path) == [5]
    assert checkpoints.last == checkpoint_files(tmp_path)[0]
    same_bits(whole, setup(optimizer="adam").train(resume=latest_checkpoint(tmp_path)))


def test_what_lies_beyond_goes_when_a_training_goes_on_from_before(tmp_path):
    setup().train(At(), ModelCheckpoint(tmp_path, every_steps=1, keep=9))
    newest = checkpoint_files(tmp_path)[-1]
    newest.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match=f"{newest.name}.* The checkpoint before it is taken"):
        found = latest_checkpoint(tmp_path)
    assert found.state.step == 8
    third = checkpoint_files(tmp_path)[2]
    setup().train(
        ModelCheckpoint(tmp_path, every_steps=2, keep=2), At(6, stop), resume=read_checkpoint(third)
    )
    assert steps(tmp_path) == [4, 5]


def test_all_damaged_is_for_people_to_decide(tmp_path):
    setup().train(At(), ModelCheckpoint(tmp_path, every_steps=4))
    for path in checkpoint_files(tmp_path):
        path.write_bytes(b"")
    with pytest.raises(FileError, match=r"000000000004.*, and the 1 after it cannot be read either"):
        latest_checkpoint(tmp_path)


def test_the_folder(tmp_path):
    """One that cannot be made or is of another training is refused; what a killed process left goes."""
    (tmp_path / "thesis").touch()
    with pytest.raises(FileError, match="cannot hold checkpoints: "):
        setup().train(ModelCheckpoint(tmp_path / "thesis" / "b"))
    (tmp_path / ".deepstep-tmp-0123456789ab").write_bytes(b"half")
    setup().train(ModelCheckpoint(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis"]
    setup().train(ModelCheckpoint(tmp_path, every_epochs=1))
    with pytest.raises(FileError, match="holds checkpoints of an earlier training"):
        setup().train(ModelCheckpoint(tmp_path, every_epochs=1))
    assert steps(tmp_path) == [3, 6, 9]


def test_a_full_disk_loses_at_most_the_newest_and_training_goes_on(tmp_path):
    resource = pytest.importorskip("resource", reason="limits of POSIX")
    whole = setup(optimizer="adam").train()

    def fill():
        """The kernel refuses to write beyond 2000 bytes of a file: in its midst, as a full disk does."""
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        room.callback(resource.setrlimit, resource.RLIMIT_FSIZE, limits)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))

    callbacks = At(5, fill), ModelCheckpoint(tmp_path, every_steps=1)
    message = r"without a new checkpoint: .*File too large"
    with ExitStack() as room, pytest.warns(UserWarning, match=message) as warned:
        result = setup(optimizer="adam").train(*callbacks)
    same_bits(whole, result)
    assert len(warned) == 1  # of five that failed
    assert steps(tmp_path) == [2, 3, 4]
    assert not list(tmp_path.glob(".deepstep-*"))
    same_bits(whole, setup(optimizer="adam").train(resume=latest_checkpoint(tmp_path)))


@pytest.mark.parametrize("value", [object(), np.array(["text"]), 1j, b"bytes"])
def test_a_state_that_no_file_holds_is_refused_before_the_first_step(tmp_path, value):
    watching, pauses = At(), EachPause()
    watching.state = lambda: {"deep": [value]}
    with pytest.raises(ConfigurationError, match=r"^At.state\(\) must hold JSON values and arrays"):
        setup().train(watching, pauses, ModelCheckpoint(tmp_path))
    assert pauses.checkpoints == []


def test_the_first_one_waits_and_the_second_does_not(monkeypatch):
    with deferred() as interruption:
        assert not interruption.pressed
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)  # twice at once is one key press
        assert interruption.pressed
        monkeypatch.setattr("deepstep.training.interruption.ONE_PRESS", 0.0)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_handlers_come_back_after_an_error_or_stay():
    with pytest.raises(ValueError, match="x"), deferred():
        raise ValueError("x")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    seen = []
    signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    with deferred() as interruption:
        signal.raise_signal(signal.SIGINT)
    assert (seen, interruption.pressed) == ([1], False)


class Ended:
    """An object whose end raises what Python drops."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_press_that_python_drops_ends_the_training_before_its_first_step():
    network, X = Network([2, 3, 1], seed=1), np.ones((2, 5))
    before = network.parameters.flat.copy()
    with deferred(waits=False) as interruption:
        ended = Ended()
        del ended
        assert interruption.pressed
        with pytest.raises(KeyboardInterrupt):
            network.train(X, np.array([[0, 1, 0, 1, 0]]), iterations=3)
    np.testing.assert_array_equal(network.parameters.flat, before)
