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

from deepstep.engines import Settings, open_session
from deepstep.equations import INITIALIZATIONS
from deepstep.equations.initialization import drawn
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples, shuffled
from deepstep.training import (
    History,
    ModelCheckpoint,
    Plan,
    get_schedule,
    latest_checkpoint,
    read_checkpoint,
    train,
)
from deepstep.training.callbacks import Callback
from deepstep.training.checkpoints import checkpoint_files
from deepstep.training.stopping import EarlyStopping

EPOCHS, EVERY_STEPS = 6, 5


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
    X, Y = rng.standard_normal((200, 6)), rng.integers(0, 2, (200, 1)).astype(float)
    shape = Architecture((6, 8, 8, 1), ("relu", "tanh", "sigmoid"), normalization=("batch", "layer"))
    theta = drawn(shape.graph, INITIALIZATIONS["he"], np.random.RandomState(1))
    settings = Settings("adamw", dropout=0.3, input_noise=0.01, ema_decay=0.95, clip_norm=1.0, seed=4)
    session = open_session("reference", shape, shape.lay_out(theta), settings)
    plan = Plan(EPOCHS, 0.02, 16, shuffled(4), schedule=get_schedule({"name": "cosine", "warm_up": 0.1}))
    patience = EarlyStopping("validation_cost", tolerance=0.0, epochs=6, keep_best=True)
    counts, history = Counts(), History()
    checkpoints = [] if folder is None else [ModelCheckpoint(folder, every_steps=EVERY_STEPS)]
    train(
        session,
        Examples(X[:150], Y[:150]),
        plan,
        validation=Examples(X[150:], Y[150:]),
        callbacks=[counts, patience, *checkpoints],
        history=history,
        resume=None if folder is None else latest_checkpoint(folder),
    )
    state = session.state()
    parts = {
        "theta": state.theta,
        **state.slots,
        **state.statistics,
        "average": state.average,
        "step": np.array(state.step),
        "costs": history.costs,
        "validation": history.column("validation_cost"),
        "best": patience.best_parameters.flat,
        "stalled": np.array(patience.stalled),
        "counts": counts.sums,
    }
    return {name: hashlib.sha256(part.tobytes()).hexdigest() for name, part in parts.items()} | {
        "stopped": history.stopped,
    }


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


def timed(folder):
    """Seconds of a training that writes checkpoints and is not killed."""
    started = time.perf_counter()
    training(folder)
    return time.perf_counter() - started


def main(folder, kills, seed):
    instants = random.Random(seed)
    whole = training(None)
    duration = min(timed(folder / f"timed {number}") for number in range(3))
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
