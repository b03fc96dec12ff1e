"""A training that is killed at random instants, again and again, and goes on; run by test_kill.py.

A process of its own, with one thread: it imports everything once and forks a child for each training. Prints
what became of it as JSON.

python killed_training.py FOLDER KILLS SEED
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

from deepstep import Network
from deepstep.training import ModelCheckpoint, latest_checkpoint, read_checkpoint
from deepstep.training.callbacks import Callback
from deepstep.training.checkpoints import checkpoint_files


class Counts(Callback):
    """A callback with a state of its own; because it watches steps, there is a pause after each."""

    def __init__(self):
        self.sums = np.zeros(3)

    def on_step_end(self, training, update):
        self.sums[update.number % 3] += update.cost

    def state(self):
        return {"sums": self.sums.copy()}

    def restore(self, state):
        self.sums = state["sums"].copy()


def training(folder):
    """Train to the end, from the newest checkpoint if there is one; the bits of all that came out."""
    rng = np.random.default_rng(5)
    X, Y = rng.standard_normal((6, 200)), rng.integers(0, 2, (1, 200)).astype(float)
    shape = {"activation": ["relu", "tanh"], "normalization": ["batch", "layer"], "engine": "reference"}
    net, counts = Network([6, 8, 8, 1], seed=4, **shape), Counts()
    kept = {} if folder is None else {"checkpoint": ModelCheckpoint(folder, every_steps=5), "resume": True}
    settings = {"optimizer": "adamw", "dropout": 0.3, "clip_norm": 1}
    plan = {"epochs": 6, "learning_rate": 0.02, "batch_size": 16, "patience": 6}
    plan["schedule"] = {"name": "cosine", "warm_up": 0.1}
    held_out = X[:, 150:], Y[:, 150:]
    net.train(X[:, :150], Y[:, :150], validation=held_out, callbacks=[counts], **settings, **plan, **kept)
    columns = {name: net.history.column(name) for name in ("cost", "validation_cost", "step")}
    parts = {"theta": net.parameters.flat, **net.statistics, **columns, "counts": counts.sums}
    parts["best"] = np.array(net.best_epochs)
    bits = {name: hashlib.sha256(part.tobytes()).hexdigest() for name, part in parts.items()}
    return bits | {"stopped": net.history.stopped}


def killed(folder, seconds):
    """Whether a training that is killed after so many seconds was still running then."""
    child = os.fork()
    if not child:
        try:
            training(folder)
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main(folder, kills, seed):
    instants = random.Random(seed)
    whole = training(None)
    training(folder / "first")
    started = time.perf_counter()
    training(folder / "timed")
    duration = time.perf_counter() - started
    report = {"kills": 0, "kinds": {}, "different": [], "damaged": [], "resumed_at": [], "duration": duration}
    number = 0
    while report["kills"] < kills:
        place = folder / str(number)
        number += 1
        for _ in range(instants.choice((1, 1, 2, 3))):  # one that goes on may be killed as well
            if report["kills"] == kills or not killed(place, instants.uniform(0, 0.9 * duration)):
                break
            report["kills"] += 1
            files = checkpoint_files(place)
            kind = "no checkpoint yet" if not files else "between writes"
            if place.is_dir() and any(place.glob(".deepstep-*")):
                kind = "within a write"
            report["kinds"][kind] = report["kinds"].get(kind, 0) + 1
            for file in files:
                try:
                    read_checkpoint(file)
                except OSError as error:
                    report["damaged"].append(str(error))
        found = latest_checkpoint(place)
        report["resumed_at"].append(0 if found is None else found.state.step)
        got = training(place)
        report["different"] += [name for name, bits in whole.items() if got[name] != bits]
        if any(place.glob(".deepstep-*")):
            report["damaged"].append(f"{place} still has a temporary file")
    print(json.dumps(report))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
