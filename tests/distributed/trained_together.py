"""Trainings by some workers: ``torchrun … trained_together.py FOLDER WHAT``.

Each worker writes what it came to, of every case.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from deepstep import Network
from deepstep.distributed import all_workers, fit, process_group, worker
from deepstep.engines import open_session
from deepstep.errors import DeepStepError
from deepstep.training import Callback, ModelCheckpoint, StopTraining

CASES = {
    "batches": {"batch_size": 16},
    "uneven shards": {"batch_size": 7},
    "workers without examples": {"batch_size": 1, "iterations": 1},
    "full batches": {"l1": 0.1, "l2": 0.2},
    "validated": {
        "batch_size": 16,
        "iterations": 40,
        "learning_rate": 0.05,
        "validation_fraction": 0.2,
        "metrics": {"error": lambda Y, AL: float(np.abs(Y - AL).mean())},
        "patience": 3,
        "monitor": "validation_error",
    },
    "everything": {
        "batch_size": 10,
        "weight_decay": 0.1,
        "dropout": 0.3,
        "clip_norm": 0.5,
        "sample_weight": np.r_[np.zeros(15), np.linspace(0.5, 2, 20)],
    },
}
BY_LBFGS = {
    "L-BFGS": {"optimizer": "lbfgs", "iterations": 8, "l1": 0.1, "l2": 0.2},
    "L-BFGS weighed": {
        "optimizer": "lbfgs",
        "iterations": 8,
        "sample_weight": np.r_[np.zeros(15), np.linspace(0.5, 2, 20)],
        "validation_fraction": 0.2,
    },
}
TIMED = {
    "timed": {"batch_size": 16, "time_budget": 0.3, "schedule": "cosine", "iterations": 10**6},
    "timed full batches": {"time_budget": 0.3, "schedule": "cosine", "iterations": 10**6},
}
SLOW = {"batch_size": 16, "learning_rate": 0.02}
KILLED = {"batch_size": 16, "iterations": 6}


def network(engine="auto", **parts):
    parts = parts or {"normalization": "layer"}
    return Network([3, 6, 5, 2], output="softmax", **parts, seed=1, engine=engine)


def examples():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 35)), np.eye(2)[rng.integers(2, size=35)].T


def options(case):
    return {"optimizer": "adam", "learning_rate": 0.01, "iterations": 5, **case}


class Sleeps(Callback):
    """The last worker takes its time after each epoch."""

    in_every_worker = True

    def __init__(self, seconds):
        self.seconds = seconds

    def on_epoch_end(self, training, record):
        if worker().rank == worker().of - 1:
            time.sleep(self.seconds)


def die_once(record):
    """In the first life of the workers: as by the system, in mid-training."""
    if record["epoch"] == 3 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        os.kill(os.getpid(), signal.SIGKILL)


class EndsAtTheBegin(Callback):
    """Of the first worker alone, as those that follow."""

    def on_train_begin(self, training):
        raise StopTraining("enough")


class EndsAtAStep(Callback):
    def on_step_end(self, training, update):
        if update.number == 5:
            raise StopTraining("enough")


class EndsAtAPause(Callback):
    def on_pause(self, training):
        raise StopTraining("enough")


ENDING = {"ended at the begin": EndsAtTheBegin, "ended at a step": EndsAtAStep, "at a pause": EndsAtAPause}


class Written:
    """What this worker came to, as files."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name, net, history, seen):
        place = self.folder / f"{name}.{worker().rank}"
        np.savez(place.with_suffix(f"{place.suffix}.npz"), theta=net.parameters.flat, costs=history.costs)
        told = {"engine": history.engine, "seen": len(seen), "records": history.records}
        told["stopped"] = history.stopped
        place.with_suffix(f"{place.suffix}.json").write_text(json.dumps(told), encoding="utf-8")


def equal(folder):
    """All cases in one group, with a slow worker in the last one; then others that are refused."""
    write = Written(folder)
    with process_group(60):
        for name, case in {**CASES, **BY_LBFGS, "slow": SLOW}.items():
            net, seen = network(), []
            callbacks = [seen.append, *([Sleeps(0.2)] if name == "slow" else [])]
            history = fit(net, *examples(), **options(case), callbacks=callbacks)
            write(name, net, history, seen)
        for name, case in TIMED.items():
            net = network()
            waits = [Sleeps(0.02)] if "batch_size" in case else []  # without one, many epochs are one call
            history = fit(net, *examples(), **options(case), callbacks=waits)
            write(name, net, history, [])
        stops(write)
        goes_on(folder, write)
        other = Network([3, 4, 2], output="softmax", seed=worker().rank)
        session = open_session("distributed:cpu", other.architecture, other.parameters)
        for name, refused in {
            "refused": lambda: fit(other, *examples(), iterations=1),
            "elsewhere": lambda: session.cost_and_gradient_of_all(*examples()),
        }.items():
            try:
                refused()
            except DeepStepError as error:
                (folder / f"{name}.{worker().rank}").write_text(str(error), encoding="utf-8")


def stops(write):
    """A callback that the first worker alone calls ends the training of all."""

    def enough(record):
        if record["epoch"] == 2:
            raise StopTraining("enough")

    for name, case in (("stopped", CASES["batches"]), ("L-BFGS stopped", BY_LBFGS["L-BFGS"])):
        net = network()
        history = fit(net, *examples(), **options(case), callbacks=[enough])
        write(name, net, history, [])
    for name, ends in ENDING.items():
        net = network()
        history = fit(net, *examples(), **options(CASES["batches"]), callbacks=[ends()])
        write(name, net, history, [])


def goes_on(folder, write):
    """Two epochs, then on from the checkpoint to the fifth."""
    for iterations in (2, 5):
        net, seen = network(), []
        case = options(CASES["everything"]) | {"iterations": iterations}
        kept = ModelCheckpoint(folder / "checkpoints", every_epochs=1)
        history = fit(net, *examples(), **case, callbacks=[seen.append], checkpoint=kept, resume=True)
    write("gone on", net, history, seen)


def killed(folder):
    net, seen = network(), []
    kept = ModelCheckpoint(folder / "checkpoints", every_epochs=1)
    history = fit(
        net, *examples(), **options(KILLED), callbacks=[seen.append, die_once], checkpoint=kept, resume=True
    )
    Written(folder)("killed", net, history, seen)


def hangs(folder):
    try:
        fit(network(), *examples(), **options(SLOW), callbacks=[Sleeps(600)], timeout=1)
    except DeepStepError as error:
        (folder / "hangs").write_text(str(error), encoding="utf-8")
        raise


def dies_early(folder):
    """One dies when all have met, before anything is compared: torchrun ends them all."""
    try:
        with process_group():
            if worker().rank == 1:
                all_workers().sums([0.0])
                os._exit(1)
            all_workers().sums([0.0])
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's, so that there is time to say it
            fit(network(), *examples(), **options(SLOW))
    except DeepStepError as error:
        (folder / "dies_early").write_text(str(error), encoding="utf-8")
        raise


if __name__ == "__main__":
    {"equal": equal, "killed": killed, "hangs": hangs, "dies_early": dies_early}[sys.argv[2]](
        Path(sys.argv[1])
    )
