"""Trainings by workers that read their own row groups, which `streamed_together` starts."""

import json

import numpy as np
import polars

from deepstep import Network
from deepstep.data import ParquetRows
from deepstep.distributed import fit, worker
from deepstep.errors import DeepStepError
from deepstep.preparation import row_groups
from deepstep.training import Callback, ModelCheckpoint

CASES = {
    "uneven": {"parts": "uneven", "batch_size": 16},
    "fewer groups than workers": {"parts": "one group", "batch_size": 7, "optimizer": "adam"},
    "weighed": {"parts": "uneven", "batch_size": 10, "sample_weight": "weight", "dropout": 0.3, "l2": 0.1},
    "batches of one": {"parts": "uneven", "batch_size": 1, "iterations": 1},
    "one batch": {"parts": "uneven", "batch_size": 1000, "initialization": "data"},
    "small windows": {"parts": "uneven", "batch_size": 8, "buffer": 1},
}


class Watches(Callback):
    """Sees whole batches, which no worker has."""

    in_every_worker = True

    def on_step_end(self, training, update):
        self.seen = update.X.shape


def network(case):
    """Of the inputs a, b, c and, where it weighs nothing, weight."""
    begins = case.get("initialization", "he")
    return Network([inputs(case), 5, 3], output="softmax", initialization=begins, seed=1)


def inputs(case):
    return 3 if "sample_weight" in case else 4


def frame(m=90):
    rng = np.random.default_rng(0)
    columns = {name: rng.standard_normal(m) for name in ("a", "b", "c")}
    return polars.DataFrame({**columns, "weight": rng.uniform(0, 2, m), "kind": rng.integers(3, size=m)})


def write_parts(folder):
    """Groups of 7, 7, …, of 40 and of 1 rows; and all rows in one group."""
    rows, one = folder / "uneven", folder / "one group"
    rows.mkdir(parents=True)
    one.mkdir()
    for number, (start, stop, group) in enumerate(((0, 30, 7), (30, 70, 40), (70, 89, 7), (89, 90, 7))):
        frame()[start:stop].write_parquet(rows / f"{number}.parquet", row_group_size=group)
    frame().write_parquet(one / "0.parquet")
    damaged = folder / "damaged"
    damaged.mkdir()
    with_null = frame().with_columns(polars.when(polars.col("a") != frame()["a"][-1]).then(polars.col("a")))
    with_null.write_parquet(damaged / "0.parquet", row_group_size=45)


def options(case):
    rest = {name: value for name, value in case.items() if name not in ("parts", "buffer", "initialization")}
    return {"learning_rate": 0.05, "iterations": 3, **rest}


def by_all(parts, case, **more):
    net = network(case)
    return net, fit(net, parts / case["parts"], "kind", **options(case), **more)


def write(folder, name, net, history, groups=()):
    np.savez(
        folder / f"{name}.{worker().rank}.npz", theta=net.parameters.flat, costs=history.costs, groups=groups
    )


def main(parts, folder):
    """All cases; each worker writes what it came to."""
    read, pieces = [], ParquetRows.pieces

    def counted(self, group, columns, most):
        read.append(group)
        return pieces(self, group, columns, most)

    ParquetRows.pieces = counted
    for name, case in CASES.items():
        read.clear()
        row_groups.BUFFER_BYTES = case.get("buffer", 2**26)
        write(folder, name, *by_all(parts, case), read)
    for iterations in (1, 3):
        kept = ModelCheckpoint(folder / "checkpoints", every_epochs=1)
        case = {**CASES["uneven"], "iterations": iterations}
        net, history = by_all(parts, case, checkpoint=kept, resume=True)
    write(folder, "goes on", net, history)
    watches = Watches()
    net, history = by_all(parts, CASES["uneven"], callbacks=[watches])
    write(folder, "watched", net, history, watches.seen)
    try:
        fit(network({}), parts / "damaged", "kind", batch_size=8)
    except DeepStepError as error:
        told = {"kind": type(error).__name__, "text": str(error)}
        (folder / f"damaged.{worker().rank}").write_text(json.dumps(told), encoding="utf-8")
