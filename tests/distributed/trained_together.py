"""Trainings by some workers: ``forked.py N trained_together.py DATA FOLDER``.

Each worker writes what it came to, of every case, into ``FOLDER/RANK.json``.
"""

import json
import os
import signal
import sys
import warnings
from itertools import count
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars
from restarted_together import RANK, OfAll, came_to, examples, network, options, sleeping
from sklearn.base import clone

from deepstep import DeepClassifier, Network, NetworkClassifier, NetworkRegressor
from deepstep.data import ParquetRows
from deepstep.distributed import process_group
from deepstep.engines import open_session
from deepstep.errors import DeepStepError, FileError
from deepstep.preparation import streams
from deepstep.preparation.streams import StreamedExamples
from deepstep.training import Callback, ModelCheckpoint, StopTraining

WEIGHTS = np.r_[np.zeros(15), np.linspace(0.5, 2, 20)]

CASES = {
    "batches": {"batch_size": 7},
    "workers without examples": {"batch_size": 1, "iterations": 1},
    "everything": {
        "batch_size": 10,
        "l1": 0.1,
        "l2": 0.2,
        "weight_decay": 0.1,
        "dropout": 0.3,
        "clip_norm": 0.5,
        "sample_weight": WEIGHTS,
    },
    "validated": {
        "batch_size": 16,
        "iterations": 40,
        "learning_rate": 0.05,
        "validation_fraction": 0.2,
        "metrics": {"error": lambda Y, AL: float(np.abs(Y - AL).mean())},
        "patience": 3,
        "monitor": "validation_error",
    },
    "refitted": {"iterations": 9, "validation_fraction": 0.2, "patience": 9, "refit": True},
    "L-BFGS": {
        "optimizer": "lbfgs",
        "iterations": 8,
        "l1": 0.1,
        "l2": 0.2,
        "sample_weight": WEIGHTS,
        "validation_fraction": 0.2,
    },
}
"""Options of `Network.train`."""

TIMED = {
    "timed": {"batch_size": 16, "time_budget": 0.3, "schedule": "cosine", "iterations": 10**6},
    "timed, full batches": {"time_budget": 0.3, "schedule": "cosine", "iterations": 10**6},
}

OF_ALL = {"batch_size": 32, "dropout": 0.1, "max_iter": 3, "random_state": 1}

ESTIMATORS = {
    "classifier": NetworkClassifier(6, **OF_ALL | {"early_stopping": True, "max_iter": 8}),
    "adaptive rate": NetworkClassifier(
        6, solver="sgd", learning_rate="adaptive", tol=0.5, n_iter_no_change=1, **OF_ALL | {"max_iter": 9}
    ),
    "searched rate": NetworkRegressor(6, learning_rate_init="auto", **OF_ALL),
}
"""Estimators on arrays that are mapped from files."""

STREAMED = {
    "streamed: shared": (NetworkRegressor(6, **OF_ALL), 130),
    "streamed: weighed": (NetworkRegressor(6, alpha=0.1, **OF_ALL | {"batch_size": 8}), 24),
    "streamed: batches of two": (NetworkRegressor(6, **OF_ALL | {"batch_size": 2, "max_iter": 1}), 100),
    "streamed: held out": (NetworkRegressor(6, early_stopping=True, scale_targets=True, **OF_ALL), 130),
    "streamed: classes": (NetworkClassifier(6, class_weight="balanced", early_stopping=True, **OF_ALL), 1000),
}
"""Estimators on Parquet, and the rows of a window."""


def write_data(folder, m=360):
    """Arrays, and folders of Parquet for numbers and for classes: groups of 20 rows, at first of 100."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((m, 3))
    number = X[:, 0] + 0.1 * rng.standard_normal(m)
    np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", number)
    inputs = polars.DataFrame(X, schema=["a", "b", "c"])
    weight = np.where(X[:, 1] > 0.5, 0.0, 1.0 + X[:, 0] ** 2)
    frames = {
        "numbers": inputs.with_columns(weight=weight, number=number),
        "classes": inputs.with_columns(kind=polars.Series(np.where(number > 0.4, "high", "low"))),
    }
    for name, frame in frames.items():
        (folder / name).mkdir()
        for part, (start, stop, group) in enumerate(((0, 120, 100), (120, 245, 20), (245, m, 20))):
            frame[start:stop].write_parquet(folder / name / f"{part}.parquet", row_group_size=group)


def train(name, engine="auto", **more):
    """A case of `CASES` or `TIMED`."""
    trained = network(engine)
    trained.train(*examples(), **options((CASES | TIMED)[name] | more))
    return trained


def trained(name, data, **parameters):
    """Any case, on these data."""
    fits = {fit_arrays: ESTIMATORS, fit_parquet: STREAMED}
    fit = next((fit for fit, cases in fits.items() if name in cases), None)
    return fit(name, data, **parameters) if fit else train(name, **parameters)


def fit_arrays(name, data, **parameters):
    """A case of `ESTIMATORS`."""
    X, y = (np.load(data / f"{part}.npy", mmap_mode="r") for part in "Xy")
    model = clone(ESTIMATORS[name]).set_params(**parameters)
    return fitted(model, X, np.where(y > 0.4, "high", "low") if "classes" in vars(model) else y)


def fit_parquet(name, data, **parameters):
    """A case of `STREAMED`."""
    model, window = STREAMED[name]
    model = clone(model).set_params(**parameters)
    weight = "weight" if "weighed" in name else None
    folder, target = ("classes", "kind") if "classes" in name else ("numbers", "number")
    n_inputs = 3 if name.endswith(("weighed", "classes")) else 4
    with patch.object(streams, "BUFFER_BYTES", window * (n_inputs + 2) * 8):
        return fitted(model, ParquetRows(data / folder), target, weight)


def fitted(model, *data):
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of few epochs
        return model.fit(*data).network_


ENDING = {"on_train_begin": 1, "on_step_end": 5, "on_pause": 1, "on_epoch_end": 3}


def ends_at(method):
    """A callback of the first worker alone that ends the training at this call of a method."""
    calls = count(1)

    def stop(self, *arguments):
        if next(calls) == ENDING[method]:
            raise StopTraining("enough")

    return type("Ends", (Callback,), {method: stop})()


def everything(data, folder):
    """All cases in one group, and a case in a group of the user's own."""
    from torch import distributed

    results = {}
    with process_group(60):
        for name in CASES:
            seen = []
            results[name] = came_to(train(name, callbacks=[seen.append]), seen=len(seen))
        for name, case in TIMED.items():  # without batches many epochs are one call
            waits = [sleeping(0.02)] if "batch_size" in case else []
            results[name] = came_to(train(name, callbacks=waits))
        for method in ENDING:
            results[method] = came_to(train("batches", callbacks=[ends_at(method)]))
        results["L-BFGS ended"] = came_to(train("L-BFGS", callbacks=[ends_at("on_epoch_end")]))
        results["Ctrl-C"] = interrupted()
        for iterations in (2, 5):
            kept = ModelCheckpoint(folder / "checkpoints", every_epochs=1)
            seen = []
            more = {"iterations": iterations, "checkpoint": kept, "resume": True, "callbacks": [seen.append]}
            results["goes on"] = came_to(train("everything", **more), seen=len(seen))
        for name in ESTIMATORS:
            results[name] = came_to(fit_arrays(name, data))
        results |= streamed(data, folder)
        results["refused"] = refused(data)
    distributed.init_process_group("gloo")
    results["a group of the user's own"] = came_to(train("batches"))
    distributed.destroy_process_group()
    os.environ["TORCHELASTIC_RESTART_COUNT"] = (
        "1"  # in the next life: the store has the addresses of the first
    )
    with process_group(3):
        results["hangs"] = error_of(lambda: train("batches", callbacks=[sleeping(8)]))
    (folder / f"{RANK}.json").write_text(json.dumps(results), encoding="utf-8")


def interrupted():
    """Ctrl-C in the second worker alone, which all heed."""
    trained = network()
    presses = OfAll(lambda record: record["epoch"] == 2 and signal.raise_signal(signal.SIGINT), 1)
    try:
        trained.train(*examples(), **options(CASES["batches"]), callbacks=[presses])
    except KeyboardInterrupt:
        return came_to(trained)


def streamed(data, folder):
    """Parquet by all workers, with the rows that each prepares, and the groups that it reads."""
    results, prepared, read = {}, [], []
    write, pieces = StreamedExamples._written, ParquetRows.pieces

    def written(self, *arguments):
        parts = write(self, *arguments)
        prepared.append(len(parts[0]))
        return parts

    def counted(self, group, columns, most):
        read.append(group)
        return pieces(self, group, columns, most)

    with patch.object(StreamedExamples, "_written", written), patch.object(ParquetRows, "pieces", counted):
        for name in STREAMED:
            prepared.clear()
            read.clear()
            trained = fit_parquet(name, data)
            results[name] = came_to(trained, prepared=sum(prepared), read=read[:])
    for epochs in (2, 4):
        kept = ModelCheckpoint(folder / "streamed", every_epochs=1)
        trained = fit_parquet("streamed: shared", data, max_iter=epochs, checkpoint_dir=kept, resume=True)
        results["streamed goes on"] = came_to(trained)
    read.clear()

    def fails(self, group, columns, most):
        if RANK == 1 and len(read) > 48:  # in the third epoch
            raise FileError(f"{self.where} cannot be read")
        return counted(self, group, columns, most)

    kept = ModelCheckpoint(folder / "cannot read", every_epochs=100)
    with patch.object(ParquetRows, "pieces", fails):
        results["cannot read"] = error_of(lambda: fit_parquet("streamed: shared", data, checkpoint_dir=kept))
    return results


def refused(data):
    """The errors of what many workers cannot do, and of workers that have not all the same."""
    X, Y = examples()
    other = Network([3, 4, 2], output="softmax", seed=RANK)
    session = open_session("distributed:cpu", other.architecture, other.parameters)
    normalized = Network([3, 4, 2], output="softmax", normalization="batch", seed=1)
    tries = {
        "network": lambda: other.train(X, Y, iterations=1),
        "options": lambda: network().train(X, Y, iterations=1, batch_size=4 + RANK),
        "examples": lambda: NetworkClassifier(3, random_state=1).fit(X.T + RANK, Y[0]),
        "place": lambda: session.cost_and_gradient_of_all(X, Y),
        "order": lambda: network().train(X, Y, iterations=3, batch_size=4, order=rolled(RANK)),
        "rates": lambda: network().train(X, Y, iterations=3, schedule=constant(0.5 + RANK)),
        "seed": lambda: Network([3, 2], output="softmax").train(X, Y),
        "random_state": lambda: NetworkClassifier(3).fit(X.T, Y[0]),
        "engine": lambda: network(engine="compiled").train(X, Y),
        "engine of an estimator": lambda: fit_parquet("streamed: shared", data, engine="reference"),
        "normalization": lambda: normalized.train(X, Y),
        "fault": lambda: network().train(X, Y, fault="lost 1/m"),
        "ensemble": lambda: DeepClassifier(random_state=1).fit(X.T, Y[0]),
    }
    return {name: error_of(work) for name, work in tries.items()}


def rolled(shift):
    """An order whose name does not tell it from others."""
    return lambda epoch, m: np.roll(np.arange(m), shift)


def constant(factor):
    """A schedule whose name does not tell it from others."""
    return lambda *place: factor


def error_of(work):
    try:
        work()
    except DeepStepError as error:
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    everything(*map(Path, sys.argv[1:]))
