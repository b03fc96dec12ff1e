"""The file of a checkpoint: it comes back as it was, or is refused with one error."""

import json
import random
from contextlib import suppress
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from trainings import EachPause, setup

from damage import as_text, forge, survey
from deepstep.errors import ConfigurationError, DeepStepError, FileError
from deepstep.training import Callback, ReduceLROnPlateau, read_checkpoint
from deepstep.training import checkpoint as module
from deepstep.training.checkpoint import write_checkpoint
from deepstep.training.stopping import EarlyStopping
from hostile_texts import HOSTILE


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
    setup(**SHAPE).train(pauses, Keeper())
    return pauses.checkpoints[4]  # within the second epoch


@pytest.fixture
def file(checkpoint, tmp_path):
    write_checkpoint(tmp_path / "checkpoint", checkpoint)
    return tmp_path / "checkpoint"


def equal(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        if isinstance(value, dict):
            equal(value, second[name])
        elif isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, second[name], strict=True)
        else:
            assert value == second[name]


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
    records = [{"epoch": epoch, "text": "x" * 1000} for epoch in range(100)]
    write_checkpoint(tmp_path / "c", replace(checkpoint, records=records))
    assert len(read_checkpoint(tmp_path / "c").records) == len(records)
    with safe_open(tmp_path / "c", framework="numpy") as opened:
        assert len(json.dumps(opened.metadata())) < 10_000


def test_every_flipped_bit_and_every_cut_is_seen(file, tmp_path, fresh_seed):
    whole, broken = file.read_bytes(), tmp_path / "broken"
    chance = random.Random(fresh_seed)
    for _ in range(40):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        broken.write_bytes(damaged)
        with pytest.raises(FileError):
            read_checkpoint(broken)
    for length in (0, 7, 9, len(whole) // 2, len(whole) - 1):
        broken.write_bytes(whole[:length])
        with pytest.raises(FileError):
            read_checkpoint(broken)


def altered(file, header=None, content=None, arrays=None, as_text=json.dumps):
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
        own["content"] = as_text(changed)
    own["sha256"] = module.checksum(own["content"], values)
    save_file(values, file, metadata={**own, **(header or {})})
    return file


OF_THE_READER = ("within the recursion limit", "twice", "half a character")
"""Texts that are refused as such; NaN and Infinity may stand in a checkpoint, as costs are."""


def with_more(kind, values):
    return json.dumps(values).replace("{", f'{{"more": {HOSTILE[kind]}, ', 1)


N = 4 * 5 + 5 + 5 + 5 * 3 + 3 + 3 + 3 + 1
BROKEN = [
    ({"header": {"format": "deepstep-model"}}, "is no DeepStep checkpoint"),
    ({"header": {"version": "2"}}, "version '2', and this release reads 1"),
    ({"header": {"content": "{"}}, "altered or damaged"),
    ({"arrays": {"theta": np.zeros(N - 1)}}, "theta has shape"),
    ({"arrays": {"theta": np.full(N, np.nan)}}, "a parameter is not finite"),
    ({"arrays": {"slot v": np.zeros(N + 1)}}, "v has shape"),
    ({"arrays": {"statistic mean1": np.zeros((4, 1))}}, "mean1 has shape (4, 1)"),
    ({"arrays": {"sizes": np.zeros(2)}}, "sizes has shape (2,) and dtype float64"),
    ({"arrays": {"history": np.frombuffer(b"[1]", np.uint8)}}, "no list of records"),
    ({"content": {"step": -1}}, "step, epoch and batch are"),
    ({"content": {"epoch": 0.5}}, "step, epoch and batch are"),
    ({"content": {"seconds": -1e-9}}, "seconds are -1e-09"),
    ({"content": {"identity/layer_dims": [10**9, 10**9, 10**9, 1]}}, "slot s has shape"),
    ({"content": {"identity/seed": -1, "identity/order": "own"}}, "the seed is -1"),
    ({"content": {"callbacks": [["A", {"x": {"$array": "y"}}]]}}, "do not fit"),
    *(({"content": {}, "as_text": partial(with_more, kind)}, "do not fit") for kind in OF_THE_READER),
]


@pytest.mark.parametrize(("parts", "sentence"), BROKEN)
def test_what_does_not_fit_is_refused(file, parts, sentence):
    with pytest.raises(FileError) as error:
        read_checkpoint(altered(file, **parts))
    assert str(file) in str(error.value)
    assert sentence in str(error.value)


SHAPE = {"normalization": ["batch", "layer"], "optimizer": "adam"}


@pytest.mark.slow
def test_forged_checkpoints(checkpoint, tmp_path, fresh_seed):
    """Each is read and gone on from, or refused by us: no other exception, 10 s and 1 GB at most."""

    def tried(number):
        rng, path = np.random.RandomState(number), tmp_path / "forged"

        def forged(content):
            for _ in range(1 + rng.randint(2)):
                forge(content, rng)
            return as_text(content, rng).encode(errors="replace").decode()

        write_checkpoint(path, checkpoint)
        altered(path, content={}, as_text=forged)
        try:
            again = read_checkpoint(path)
        except FileError as error:
            return "refused" if len(str(error)) < 1000 else "refused at length"
        with suppress(DeepStepError):
            session, _ = setup(**SHAPE).train(Keeper(), resume=again)
            assert np.isfinite(session.state().theta).all()
        return "read"

    cases = ((str(n), partial(tried, n)) for n in range(fresh_seed, fresh_seed + 60))
    outcomes = survey(cases, seconds=10, gigabytes=1)
    assert outcomes["failures"] == []
    assert {*outcomes["counts"]} == {"refused", "read"}


def test_a_position_and_states_that_no_training_has_are_refused(checkpoint, file):
    beyond = replace(checkpoint.position, batch=99, costs=np.zeros(99), sizes=np.ones(99, int))
    with pytest.raises(ConfigurationError, match="99 of 3 batches"):
        setup(**SHAPE).train(Keeper(), resume=replace(checkpoint, position=beyond))
    other = read_checkpoint(altered(file, content={"callbacks": [["Another", {}]]}))
    states = r"it holds the states of \['Another'\] where \['Keeper'\] keep one"
    with pytest.raises(ConfigurationError, match=states):
        setup(**SHAPE).train(Keeper(), resume=other)
    with pytest.raises(ConfigurationError, match="dropout") as error:  # what trains comes first
        setup(**SHAPE, dropout=0.1).train(Keeper(), resume=other)
    assert "states" not in str(error.value)
    function, _ = checkpoint.identity["order"]
    for seed in (-1, 2**64):
        with pytest.raises(FileError, match=f"the seed is {seed}"):
            read_checkpoint(altered(file, content={"identity/order": [function, seed]}))


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
