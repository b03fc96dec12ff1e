"""Training on streamed rows by some workers: ``torchrun … streamed_together.py PARTS FOLDER``.

Each worker writes what it came to, and how many of the rows it prepared in the first epoch.
"""

import sys
from pathlib import Path

import numpy as np

from deepstep import Network
from deepstep.data import ParquetRows
from deepstep.distributed import fit, worker
from deepstep.preparation.batches import Examples
from deepstep.preparation.survey import survey


def stream(parts, counted):
    """The rows of a folder as examples; ``counted`` gets the rows of each call that prepares some."""
    found = survey(ParquetRows(parts), "y", drop=["target"], seed=3)

    def encode(frame):
        counted.append(frame.height)
        X = found.inputs.transform(frame)
        return Examples(X, frame.get_column("y").to_numpy()[:, np.newaxis])

    return found.stream(encode, {"inputs": found.inputs.to_dict()}, buffer_rows=150)


def train(parts, fitted, counted):
    examples = stream(parts, counted)
    counted.clear()
    net = Network([examples.sample.X.shape[1], 6, 1], output="identity", seed=1)
    history = fitted(net, examples, batch_size=32, iterations=3, optimizer="adam", dropout=0.1)
    return net, history


if __name__ == "__main__":
    counted = []
    net, history = train(Path(sys.argv[1]), fit, counted)
    rank = worker().rank
    np.savez(
        Path(sys.argv[2], f"{rank}.npz"),
        theta=net.parameters.flat,
        costs=history.costs,
        prepared=sum(counted),
    )
