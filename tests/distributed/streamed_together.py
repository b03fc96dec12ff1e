"""Trainings on streamed rows by some workers: ``torchrun … streamed_together.py STREAMED PARTS FOLDER``.

Each worker writes what it came to, and how many rows it prepared and which groups it read in the first epoch.
"""

import sys
from pathlib import Path

import numpy as np

from deepstep import Network
from deepstep.data import ParquetRows
from deepstep.distributed import fit, process_group, worker
from deepstep.errors import DeepStepError, FileError
from deepstep.preparation.batches import Examples
from deepstep.preparation.survey import survey
from deepstep.training import ModelCheckpoint

CASES = {
    "shared": {"buffer_rows": 260},
    "small windows": {"buffer_rows": 24, "batch_size": 8},
    "weighed": {"buffer_rows": 260, "weighed": True, "l2": 0.1},
    "workers without rows of a batch": {"buffer_rows": 200, "batch_size": 1, "iterations": 1},
    "held out": {"buffer_rows": 260, "validation_fraction": 0.2, "patience": 2},
    "in one window": {"buffer_rows": 1000},
}


class Counted(ParquetRows):
    """Rows that know which groups were read."""

    groups = ()
    fails = None

    def pieces(self, group, columns, most):
        if self.fails == worker().rank and len(self.groups) > 68:
            raise FileError(self.where, "a part that can be read", "it cannot")
        if most != 64:  # a look at how long texts are
            self.groups += (group,)
        return super().pieces(group, columns, most)


def stream(parts, counted, buffer_rows, validation_fraction=0.0, weighed=False):
    """The rows of a folder as examples, and those held out; ``counted`` gets the rows that are prepared."""
    rows = Counted(parts)
    found = survey(rows, "y", drop=["target"], seed=3, validation_fraction=validation_fraction)

    def encode(frame):
        counted.append(frame.height)
        X = found.inputs.transform(frame)
        weight = (
            np.where(frame.get_column("n").fill_null(0) > 4, 0.0, 1.0 + X[:, 0] ** 2) if weighed else None
        )
        return Examples(X, frame.get_column("y").to_numpy()[:, np.newaxis], weight)

    examples = found.stream(encode, {"inputs": len(found.inputs.columns)}, buffer_rows=buffer_rows)
    held = encode(found.validation) if validation_fraction else None
    counted.clear()
    rows.groups = ()
    return examples, held


def train(parts, fitted, case, counted, **more):
    """One case; the network, its history, and which groups were read in each epoch."""
    case = {"batch_size": 32, "iterations": 3, "optimizer": "adam", **case, **more}
    about = {name: case.pop(name) for name in ("buffer_rows", "weighed") if name in case}
    examples, held = stream(parts, counted, validation_fraction=case.pop("validation_fraction", 0), **about)
    if held is not None:
        case["validation"] = held.X.T, held.Y.T
    net = Network([examples.sample.X.shape[1], 6, 1], output="identity", seed=1)
    history = fitted(net, examples, **case, dropout=0.1)
    return net, history, examples


def goes_on(parts, folder, counted):
    """Two epochs by all workers, then on from the checkpoint to the fourth."""
    for iterations in (2, 4):
        kept = ModelCheckpoint(folder / "checkpoints", every_epochs=1)
        options = {"iterations": iterations, "checkpoint": kept, "resume": True}
        net, history, _ = train(parts, fit, CASES["shared"], counted, **options)
    return net, history


def cannot_read(parts, folder, counted):
    """The second worker in the midst of the third epoch; no checkpoint is due before."""
    kept = ModelCheckpoint(folder / "cannot read", every_epochs=100)
    Counted.fails = 1
    try:
        train(parts, fit, CASES["shared"], counted, checkpoint=kept)
    except DeepStepError as error:
        told = f"{type(error).__name__}: {error}"
    Counted.fails = None
    (folder / f"cannot read.{worker().rank}").write_text(told, encoding="utf-8")


def write(folder, case, net, history, examples=None, counted=()):
    groups = () if examples is None else examples.rows.groups
    np.savez(
        folder / f"{case}.{worker().rank}.npz",
        theta=net.parameters.flat,
        costs=history.costs,
        last=[value for name, value in history[-1].items() if name != "layers"],
        prepared=sum(counted),
        groups=groups,
        kept=() if examples is None else examples._kept,
    )


def main(parts, folder):
    """All cases; each worker writes what it came to."""
    counted = []
    for name, case in CASES.items():
        net, history, examples = train(parts, fit, case, counted)
        write(folder, name, net, history, examples, counted)
    write(folder, "goes on", *goes_on(parts, folder, counted))
    cannot_read(parts, folder, counted)


if __name__ == "__main__":
    import parquet_together

    streamed, parts, folder = map(Path, sys.argv[1:])
    with process_group(60):
        main(streamed, folder / "streamed")
        parquet_together.main(parts, folder / "parquet")
