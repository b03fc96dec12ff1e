"""Reads damaged and forged checkpoints and prints what came of it; run by ``test_checkpoint.py``.

python tests/training/damaged_checkpoints.py FIRST LAST
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from damage import in_order, mutant, survey, taken_apart
from deepstep import Network
from deepstep.errors import DeepStepError, FileError
from deepstep.training import loop
from deepstep.training.checkpoint import read_checkpoint, write_checkpoint
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


def seal(header, numbers):
    """The checksum: of the JSON, then of each array by name its name, type, shape and bytes."""
    digest = hashlib.sha256(header["__metadata__"]["content"].encode())
    types = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "U8": np.uint8}
    for name in sorted(name for name in header if name != "__metadata__"):
        entry = header[name]
        kind = np.dtype(types[entry["dtype"]]).str
        digest.update(f"{name} {kind} {tuple(entry['shape'])}".encode())
        digest.update(numbers[slice(*entry["data_offsets"])])
    return digest.hexdigest()


def load(number, whole, path):
    """Whether the file is refused; if it is read, it has to be right, and training goes on or is refused."""
    data, _, sealed = mutant(number, [whole], "content", seal)
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
        whole, path = in_order(sound.read_bytes()), Path(folder) / "mutant"
        cases = (
            (str(number), lambda number=number: load(number, whole, path)) for number in range(first, last)
        )
        print(json.dumps(survey(cases, seconds=10, gigabytes=1)))  # noqa: T201


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
