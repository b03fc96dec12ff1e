"""The file of a checkpoint: it comes back as it was, or is refused with one error."""

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from trainings import EachPause, setup

from damage import in_a_process
from deepstep.errors import ConfigurationError, FileError
from deepstep.training import Callback, ReduceLROnPlateau, read_checkpoint
from deepstep.training import checkpoint as module
from deepstep.training.checkpoint import write_checkpoint
from deepstep.training.stopping import EarlyStopping


class Keeper(Callback):
    """A callback with every kind of state."""

    def state(self):
        return {
            "text": "ü\n",
            "none": None,
            "numbers": [1, 2.5, float("inf"), [True]],
            "of NumPy": np.float32(0.1),
            "deep": {"arrays": {"one": np.arange(3), "empty": np.empty((0, 2))}, "nothing": {}},
            "scalar": np.array(2.0),
            "strided": np.arange(12.0).reshape(3, 4).T,
            "mask": np.array([True, False]),
        }


@pytest.fixture
def checkpoint():
    pauses = EachPause()
    setup(normalization=["batch", "layer"], optimizer="adam").train(pauses, Keeper())
    return pauses.checkpoints[4]  # within the second epoch


@pytest.fixture
def file(checkpoint, tmp_path):
    write_checkpoint(tmp_path / "checkpoint", checkpoint)
    return tmp_path / "checkpoint"


def equal(first, second):
    if isinstance(first, np.ndarray):
        np.testing.assert_array_equal(first, second, strict=True)
    elif isinstance(first, dict):
        assert set(first) == set(second)
        for name in first:
            equal(first[name], second[name])
    else:
        assert first == second


def test_it_comes_back_as_it_was(checkpoint, file):
    again = read_checkpoint(file)
    assert again.identity == checkpoint.identity
    assert again.records == checkpoint.records
    assert checkpoint.position.batch == 2
    for part in ("state", "position"):
        equal(vars(getattr(again, part)), vars(getattr(checkpoint, part)))
    (name, state), expected = again.callbacks[0], Keeper().state()
    assert (len(again.callbacks), name) == (1, "Keeper")
    equal(state, {**expected, "of NumPy": float(np.float32(0.1))})


def test_a_long_history_is_no_obstacle(checkpoint, tmp_path):
    """The header of safetensors ends at 100 MB: records do not go into it."""
    records = [{"epoch": epoch, "text": "x" * 1000} for epoch in range(1000)]
    write_checkpoint(tmp_path / "c", replace(checkpoint, records=records))
    assert len(read_checkpoint(tmp_path / "c").records) == len(records)
    with safe_open(tmp_path / "c", framework="numpy") as opened:
        assert len(json.dumps(opened.metadata())) < 10_000


def test_every_flipped_bit_and_every_cut_is_seen(file, tmp_path, fresh_seed):
    whole, broken = file.read_bytes(), tmp_path / "broken"
    chance = random.Random(fresh_seed)
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        broken.write_bytes(damaged)
        with pytest.raises(FileError):
            read_checkpoint(broken)
    for length in (0, 1, 7, 8, 9, 100, len(whole) // 2, len(whole) - 1):
        broken.write_bytes(whole[:length])
        with pytest.raises(FileError):
            read_checkpoint(broken)


@pytest.mark.slow
def test_300_damaged_and_forged_checkpoints(fresh_seed):
    """Each is read right or refused with an error of ours: no other exception, 10 s and 1 GB at most."""
    found = in_a_process(Path(__file__).parent / "damaged_checkpoints.py", fresh_seed, 300)
    assert found["failures"] == []
    assert found["gigabytes"] < 1
    assert sum(found["counts"].values()) == 300
    assert set(found["counts"]) == {"refused", "read as it was", "refused to go on from", "gone on from"}


def altered(file, header=None, content=None, arrays=None):
    """The file with other parts and the right checksum: what a stranger could send."""
    with safe_open(file, framework="numpy") as opened:
        own = opened.metadata()
        values = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    values |= arrays or {}
    values = {name: value for name, value in values.items() if value is not None}
    if content is not None:
        changed = json.loads(own["content"])
        for name, value in content.items():
            part = changed
            *path, last = name.split("/")
            for key in path:
                part = part[key]
            part[last] = value
        own["content"] = json.dumps(changed)
    own["sha256"] = module.checksum(own["content"], values)
    save_file(values, file, metadata={**own, **(header or {})})
    return file


N = 4 * 5 + 5 + 5 + 5 * 3 + 3 + 3 + 3 + 1
BROKEN = {
    "another format": ({"header": {"format": "deepstep-model"}}, "is no DeepStep checkpoint"),
    "a later version": ({"header": {"version": "2"}}, "version '2', and this release reads 1"),
    "another checksum": ({"header": {"sha256": "0"}}, "altered or damaged"),
    "no content": ({"header": {"content": "{"}}, "altered or damaged"),
    "theta too short": ({"arrays": {"theta": np.zeros(N - 1)}}, "theta has shape"),
    "theta of another precision": ({"arrays": {"theta": np.zeros(N, np.float32)}}, "float32"),
    "theta gone": ({"arrays": {"theta": None}}, "theta"),
    "not finite": ({"arrays": {"theta": np.full(N, np.nan)}}, "a parameter is not finite"),
    "a slot too long": ({"arrays": {"slot v": np.zeros(N + 1)}}, "v has shape"),
    "no statistics": ({"arrays": {"statistic mean1": None}}, "running statistics"),
    "wrong statistics": ({"arrays": {"statistic mean1": np.zeros((4, 1))}}, "mean1 has shape (4, 1)"),
    "costs too short": ({"arrays": {"costs": np.zeros(1)}}, "costs has shape (1,)"),
    "sizes of another kind": ({"arrays": {"sizes": np.zeros(2)}}, "sizes has shape (2,) and dtype float64"),
    "a negative step": ({"content": {"step": -1}}, "step, epoch and batch are"),
    "a step beyond 64 bits": ({"content": {"step": 2**63}}, "step, epoch and batch are"),
    "half an epoch": ({"content": {"epoch": 0.5}}, "step, epoch and batch are"),
    "negative seconds": ({"content": {"seconds": -1e-9}}, "seconds are -1e-09"),
    "endless seconds": ({"content": {"seconds": float("inf")}}, "seconds are inf"),
    "huge sizes": ({"content": {"identity/layer_dims": [10**9, 10**9, 10**9, 1]}}, "slot s has shape"),
    "no network": ({"content": {"identity": []}}, "do not fit"),
    "unknown dtype": ({"content": {"identity/dtype": "object"}}, "do not fit"),
    "callbacks of another kind": ({"content": {"callbacks": 5}}, "do not fit"),
    "an array that is not there": ({"content": {"callbacks": [["A", {"x": {"$array": "y"}}]]}}, "do not fit"),
    "no history": ({"arrays": {"history": np.frombuffer(b"[1]", np.uint8)}}, "no list of records"),
    "history no text": ({"arrays": {"history": np.frombuffer(b"\xff", np.uint8)}}, "do not fit"),
}


@pytest.mark.parametrize(("parts", "sentence"), BROKEN.values(), ids=BROKEN)
def test_what_does_not_fit_is_refused(file, parts, sentence):
    with pytest.raises(FileError) as error:
        read_checkpoint(altered(file, **parts))
    assert str(file) in str(error.value)
    assert sentence in str(error.value)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_that_cannot_be_is_refused(file, checkpoint, seed):
    function, _ = checkpoint.identity["order"]
    with pytest.raises(FileError, match=f"the seed is {seed}"):
        read_checkpoint(altered(file, content={"identity/order": [function, seed]}))


def test_a_position_that_no_training_has_is_refused(checkpoint):
    beyond = replace(checkpoint.position, batch=99, costs=np.zeros(99), sizes=np.ones(99, int))
    with pytest.raises(ConfigurationError, match="99 of 3 batches"):
        setup(normalization=["batch", "layer"], optimizer="adam").train(
            Keeper(), resume=replace(checkpoint, position=beyond)
        )


def test_states_of_other_callbacks_than_it_says_are_refused(file):
    read = read_checkpoint(altered(file, content={"callbacks": [["Another", {}]]}))
    states = r"it holds the states of \['Another'\] where \['Keeper'\] keep one"
    with pytest.raises(ConfigurationError, match=states):
        setup(normalization=["batch", "layer"], optimizer="adam").train(Keeper(), resume=read)
    with pytest.raises(ConfigurationError, match="dropout") as error:  # what trains comes first
        setup(normalization=["batch", "layer"], optimizer="adam", dropout=0.1).train(Keeper(), resume=read)
    assert "states" not in str(error.value)


@pytest.mark.parametrize("callback", [EarlyStopping("cost", tolerance=0.0, epochs=2), ReduceLROnPlateau()])
@pytest.mark.parametrize("state", [{}, {"best": "x"}, {"best": 1.0, "factor": 1.0, "stalled": None}])
def test_a_state_that_is_none_of_its_callback_s_is_refused(checkpoint, callback, state):
    name = type(callback).__name__
    pauses = EachPause()
    setup().train(pauses, callback)
    other = replace(pauses.checkpoints[1], callbacks=[(name, state)])
    for attempt in (lambda: setup().train(callback, resume=other), lambda: callback.restore(state)):
        with pytest.raises(ConfigurationError, match=rf"^state must be a state of {name}, got"):
            attempt()


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array(["text"]), np.array([None]), 1j, b"bytes"])
def test_a_state_that_no_file_holds_is_refused(checkpoint, tmp_path, value):
    with pytest.raises(ConfigurationError, match=r"^Keeper.state\(\) must hold JSON values and arrays"):
        write_checkpoint(tmp_path / "c", replace(checkpoint, callbacks=[("Keeper", {"deep": [value]})]))
