"""A training whose worker is killed: ``torchrun --max-restarts=3 … restarted_together.py FOLDER``."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from deepstep import Network
from deepstep.distributed import process_group
from deepstep.errors import DeepStepError
from deepstep.training import Callback, ModelCheckpoint

OPTIONS = {"batch_size": 16, "iterations": 6}
RANK, WORKERS = (int(os.environ.get(name, 0)) for name in ("RANK", "WORLD_SIZE"))


def network(engine="auto", **parts):
    parts = parts or {"normalization": "layer"}
    return Network([3, 6, 5, 2], output="softmax", **parts, seed=1, engine=engine)


def examples():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 35)), np.eye(2)[rng.integers(2, size=35)].T


def options(case):
    return {"optimizer": "adam", "learning_rate": 0.01, "iterations": 5, **case}


def came_to(trained, **more):
    """What a worker came to, in JSON's types."""
    history = trained.history
    return {
        "theta": trained.parameters.flat.tolist(),
        "records": history.records,
        "stopped": history.stopped,
        "engine": history.engine,
        **more,
    }


class OfAll(Callback):
    """Calls a function at the end of each epoch in one of the workers, whose callback changes nothing."""

    in_every_worker = True

    def __init__(self, function, rank):
        self.function, self.rank = function, rank

    def on_epoch_end(self, training, record):
        if self.rank == RANK:
            self.function(record)


def sleeping(seconds):
    """The last worker takes its time after each epoch."""
    return OfAll(lambda record: time.sleep(seconds), WORKERS - 1)


def main(folder):
    """Two lives: in the first a worker is killed in mid-training."""
    first = os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"

    def kill(record):
        if first and record["epoch"] == 3:  # as by the system
            os.kill(os.getpid(), signal.SIGKILL)

    trained, seen = network(), []
    try:
        with process_group(60):
            if first:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's: there is time to say it
            trained.train(
                *examples(),
                **options(OPTIONS),
                callbacks=[seen.append, OfAll(kill, 0)],
                checkpoint=ModelCheckpoint(folder / "checkpoints", every_epochs=1),
                resume=True,
            )
    except DeepStepError as error:
        (folder / "error").write_text(str(error), encoding="utf-8")
        raise
    (folder / f"{RANK}.json").write_text(json.dumps(came_to(trained, seen=len(seen))), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
