"""Reads damaged and forged checkpoints and prints what came of it; run by ``test_checkpoint.py``.

python tests/training/damaged_checkpoints.py FIRST LAST
"""

import json
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as arrays_of

from damage import (
    as_text,
    damaged,
    forge,
    put_together,
    survey,
    taken_apart,
    with_other_header,
    with_other_numbers,
)
from deepstep import Network
from deepstep.errors import DeepStepError, FileError
from deepstep.training import loop
from deepstep.training.checkpoint import checksum, read_checkpoint, write_checkpoint
from deepstep.training.checkpoints import ModelCheckpoint

RNG = np.random.RandomState(0)
X, Y = RNG.standard_normal((3, 11)), (RNG.uniform(size=(1, 11)) > 0.5).astype(float)


def train(**options):
    net = Network([3, 4, 1], normalization="batch", activation="tanh", seed=1)
    net.train(
        X, Y, iterations=4, batch_size=4, optimizer="adam", dropout=0.2, patience=3,
        learning_rate=0.01, validation=(X, Y), **options,
    )  # fmt: skip
    return net.parameters.flat


def with_other_content(whole, rng):
    header, numbers = taken_apart(whole)
    content = json.loads(header["__metadata__"]["content"])
    for _ in range(1 + rng.randint(2)):
        forge(content, rng)
    header["__metadata__"]["content"] = as_text(content, rng)
    return put_together(header, numbers, rng)


def changed(number, whole):
    """The file of this number, and whether its checksum was made to fit, as by somebody who forges it."""
    rng = np.random.RandomState(number)
    way = (damaged, with_other_header, with_other_numbers, with_other_content)[number % 4]
    data = way(whole, rng)
    if way is damaged or not rng.randint(4):
        return data, False
    try:
        header, numbers = taken_apart(data)
        metadata = header["__metadata__"]
        metadata["sha256"] = checksum(metadata["content"], arrays_of(data))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, SafetensorError):
        return data, False  # too much broken to be sealed
    return put_together(header, numbers, rng), True


def load(number, whole, path):
    """Whether the file is refused; if it is read, it has to be right, and training goes on or is refused."""
    data, sealed = changed(number, whole)
    path.write_bytes(data)
    try:
        checkpoint = read_checkpoint(path)
    except FileError as error:
        return "refused" if len(str(error)) < 1000 else "refused at length"
    write_checkpoint(path, checkpoint)
    if not sealed:
        assert taken_apart(path.read_bytes()) == taken_apart(whole), "another checkpoint"
        return "read as it was"
    try:
        assert np.isfinite(train(resume=path)).all(), "a parameter that is not finite"
    except DeepStepError:
        return "refused to go on from"
    return "gone on from"


def main(first, last):
    with tempfile.TemporaryDirectory() as folder:
        loop.perf_counter = lambda: 0.0  # the same checkpoints in every run
        train(checkpoint=ModelCheckpoint(folder, every_steps=1, keep=20))
        sound = sorted(Path(folder).glob("checkpoint-*"))[-2]
        train(resume=sound)
        header, numbers = taken_apart(sound.read_bytes())
        # sorted: safetensors orders the metadata anew in every process
        text = json.dumps(header, sort_keys=True).encode()
        whole, path = struct.pack("<Q", len(text)) + text + numbers, Path(folder) / "mutant"
        cases = ((str(n), lambda n=n: load(n, whole, path)) for n in range(first, last))
        print(json.dumps(survey(cases, seconds=10, gigabytes=1)))  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
