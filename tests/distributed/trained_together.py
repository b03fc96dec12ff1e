"""A training by some workers: ``torchrun … trained_together.py FOLDER CASE [ITERATIONS]``.

Each writes what it came to. With a number of iterations there are checkpoints, from which it goes on.
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

from deepstep import Network
from deepstep.distributed import fit, worker
from deepstep.training import Checkpoints

CASES = {
    "batches": {"batch_size": 16},
    "uneven shards": {"batch_size": 7},
    "a worker without examples": {"batch_size": 1, "iterations": 2},
    "full batches": {"l1": 0.1, "l2": 0.2},
    "killed": {"batch_size": 16},
    "everything": {
        "batch_size": 10,
        "weight_decay": 0.1,
        "dropout": 0.3,
        "input_noise": 0.1,
        "clip_norm": 0.5,
        "max_norm": 2.0,
        "average": 0.9,
        "sample_weight": np.r_[np.zeros(15), np.linspace(0.5, 2, 20)],
    },
}


def network(engine="auto"):
    return Network([3, 6, 5, 2], output="softmax", normalization="layer", seed=1, engine=engine)


def examples():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 35)), np.eye(2)[rng.integers(2, size=35)].T


def options(case):
    return {"optimizer": "adam", "learning_rate": 0.01, "iterations": 5, **CASES[case]}


def die_once(record):
    """In the first life of the workers: as by the system, in mid-training."""
    if record["epoch"] == 3 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        os.kill(os.getpid(), signal.SIGKILL)


def main(folder, case):
    net, rank = network(), worker().rank
    seen = []
    callbacks = [seen.append, *([die_once] if case == "killed" and len(sys.argv) > 3 else [])]
    resumed = folder / "checkpoints"
    asked = options(case) | {"iterations": int(sys.argv[3])} if len(sys.argv) > 3 else options(case)
    again = {"resume": True} if resumed.exists() and any(resumed.iterdir()) else {}
    history = fit(
        net,
        *examples(),
        **asked,
        callbacks=callbacks,
        **again,
        **({"checkpoint": Checkpoints(resumed, every_epochs=1)} if len(sys.argv) > 3 else {}),
    )
    np.savez(folder / f"{rank}.npz", theta=net.parameters.flat, costs=history.costs)
    told = {"rank": rank, "engine": history.engine, "seen": len(seen)}
    (folder / f"{rank}.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
