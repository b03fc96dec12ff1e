"""Training by many workers, on one machine or many: ``torchrun --nproc-per-node=2 SCRIPT``.

Each worker is a process that runs the same script, and works on its part of each batch: all of them have the
same examples, or each has those of its own row groups of Parquet. One all-reduce of the flat gradient (gloo
between CPUs, NCCL between GPUs) makes their steps that of one worker on the whole batch.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from deepstep.data import ParquetRows
from deepstep.docstrings import complete
from deepstep.engines.choice import DISTRIBUTED, missing_torch
from deepstep.equations import get_head
from deepstep.errors import ConfigurationError, WorkerError
from deepstep.model import Network
from deepstep.network.border import check_inputs, check_targets, check_weights
from deepstep.preparation.batches import Communicator, Examples, evenly_spread
from deepstep.preparation.row_groups import RowGroups, SharedOut
from deepstep.preparation.streams import StreamedExamples
from deepstep.preparation.target_values import CODES, encode_classes
from deepstep.training import History, ModelCheckpoint
from deepstep.training.callbacks import Training, as_callbacks, with_state
from deepstep.types import Array

T = TypeVar("T")

__all__ = ["Worker", "all_workers", "fit", "process_group", "worker"]

WHERE = "deepstep.distributed.fit"

PATIENCE = 600.0
"""Seconds that workers wait for each other, unless something else is asked for."""

COMPARED = 1024
"""So many examples of each worker are compared with those of the first."""


class Worker(NamedTuple):
    """Which of the workers this process is, as torchrun says it.

    rank: Its number, from 0.
    of: How many there are.
    on_machine: Its number among those of this machine.

    >>> Worker(0, 2, 0).is_first
    True
    """

    rank: int
    of: int
    on_machine: int

    @property
    def is_first(self) -> bool:
        """Whether this is the worker that writes."""
        return self.rank == 0


def worker() -> Worker:
    """Which of the workers this process is.

    returns: The only one, where the process was not started by torchrun.
    ConfigurationError: If a variable of torchrun's holds no number.

    >>> worker()
    Worker(rank=0, of=1, on_machine=0)
    """
    found = []
    for name, alone in (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0")):
        value = os.environ.get(name, alone)
        if not value.isdecimal():
            raise ConfigurationError(
                "deepstep.distributed", f"{name} is a whole number", f"got {value!r}", "Start it by torchrun."
            )
        found.append(int(value))
    return Worker(*found)


def fit(network: Network, X: Any, Y: Any = None, *, timeout: float = PATIENCE, **options: Any) -> History:
    """Train a network by all workers together; in each of them it is the same afterwards.

    Call it in a script that torchrun starts, in every worker with the same network, examples and options; in
    a process that was started otherwise it trains alone.

    network: With a seed, so that it is the same in every worker. Without batch normalization. Its engine is
        "auto" or "torch", for GPUs of CUDA where there are some and else CPUs, "torch:cpu" or "torch:cuda".
    X (n_x, m): All examples. An array in a memory-mapped file (``numpy.load(…, mmap_mode="r")``) is shared by
        the workers of a machine. Or the path of a Parquet file or of a folder of such parts, with columns of
        numbers: each worker reads some of the row groups, alone, and holds their rows in memory. The batches
        are those of the same rows in an array. Of `StreamedExamples`, which are larger than the memory of all
        workers, each reads all rows and prepares those that it works on.
    Y (n_L, m): Their targets, which `StreamedExamples` have themselves. Of Parquet the name of the column, or
        a list of names in the order of the outputs; one column of class numbers, from 0, is enough for a
        softmax or an ordinal output. All other columns are inputs, in their order. ``sample_weight`` may be
        the name of a column, too.
    timeout: Seconds after which a worker gives up waiting for another one; those who wait for a slow one
        change nothing of the result.
    options: As of `Network.train`. By a ``time_budget`` they end together, by the clock of the first. The
        first worker alone shows progress, writes checkpoints and calls callbacks, except those that all call
        (``Callback.in_every_worker``, and those that keep a state). All of them read the checkpoint to
        ``resume`` from. Validation data is shared among them, and its cost is of all of it.
    returns: The same in every worker, except the seconds.
    ConfigurationError: If an option does not fit many workers, they have not all the same, a column of
        Parquet has no numbers, and as of `Network.train`.
    DataError, FileError: If a value is missing or a part cannot be read, in the worker that reads it.
    MissingPackageError: If PyTorch is not installed.
    WorkerError: If another worker has ended, cannot read its rows, or does not answer in time.

    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> history = fit(net, [[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=3)
    >>> len(history)
    3
    """
    missing = missing_torch(WHERE)
    if missing is not None:
        raise missing
    if network._seed_is_drawn:
        raise ConfigurationError(
            WHERE, "a network with a seed", "got one whose seed was drawn", "Pass seed=… to Network."
        )
    here, before = worker(), network.engine
    if not here.is_first:
        options = _of_the_others(options)
    device = device_here(before)
    with process_group(timeout, device=device):
        if isinstance(X, str | Path):
            weight = options.pop("sample_weight", None)
            rows = _all_or_none(lambda: _columns(X, Y, weight, network))
            _compare(network, rows, (Y, weight), options, here, device)
            X, Y = _shared_out(network, rows, weight is not None), None
        else:
            _compare(network, X, Y, options, here, device)
        network.engine = f"{DISTRIBUTED}:{device}"
        try:
            return network.train(X, Y, **options)
        finally:
            network.engine = before


def _all_or_none(work: Callable[[], T]) -> T:
    """Some work of each worker; where it fails in one, all end."""
    found: T | None = None
    why: Exception | None = None
    try:
        found = work()
    except Exception as error:
        why = error
    if all_workers().sums([why is not None])[0]:
        raise why or WorkerError(
            WHERE,
            "rows that all workers can read",
            f"{WorkerError.ENDED}, as it cannot, and says why",
            "Mend that, and start again.",
        )
    return cast(T, found)


def _columns(path: Path | str, targets: Any, weight: Any, network: Network) -> RowGroups:
    """The row groups of a file, with the columns of the inputs, then of the targets and of the weight."""
    rows = ParquetRows(path)
    given = [targets] if isinstance(targets, str) else targets
    if not isinstance(given, Sequence) or not given or not isinstance(weight, str | None):
        raise ConfigurationError(
            WHERE,
            "names of columns for Y and sample_weight, where X is the path of Parquet",
            f"got {targets!r:.60}" if isinstance(weight, str | None) else f"got {weight!r:.60}",
        )
    others = [*given, *([] if weight is None else [weight])]
    rows.check_columns(others, WHERE)
    return RowGroups(rows, [*(name for name in rows.schema if name not in others), *others], network.dtype)


def _shared_out(network: Network, groups: RowGroups, weighed: bool) -> SharedOut:
    """The examples, of which this worker reads its own."""
    shape, n_columns = network.architecture, len(groups.names)
    n_x, head, dtype = shape.n_inputs, get_head(shape), network.dtype
    coded = head.targets in CODES and head.targets != "probabilities" and shape.n_outputs > 1
    coded &= n_columns - weighed == n_x + 1
    n_classes = shape.n_outputs + (head.targets == "cumulative")

    def encode(table: Array) -> Examples:
        X, Y, weight = table[:, :n_x], table[:, n_x : n_columns - weighed], table[:, -1] if weighed else None
        if coded and len(Y):
            whole = Y[:, 0].astype(int)
            Y = (
                Y
                if (whole != Y[:, 0]).any()
                else encode_classes(whole, n_classes, head.targets).astype(dtype)
            )
        if len(Y):
            X = check_inputs(X.T, n_x, WHERE, dtype=dtype).T
            Y = check_targets(Y.T, shape.n_outputs, len(Y), head, WHERE, dtype=dtype).T
            weight = None if weight is None else check_weights(weight, len(Y), WHERE, dtype=dtype)
        elif Y.shape[1] != shape.n_outputs:
            Y = np.empty((0, shape.n_outputs), dtype)
        return Examples(np.ascontiguousarray(X), np.ascontiguousarray(Y), weight)

    workers = all_workers()
    own = _all_or_none(lambda: encode(groups.read(groups.of(workers.share))))
    return SharedOut(groups, encode, workers, own)


class _Read(ModelCheckpoint):
    """The checkpoints that another worker writes."""

    def within(self, name: str) -> ModelCheckpoint:
        return _Read(self.folder / name)

    def on_train_begin(self, training: Training) -> None:
        pass

    def on_pause(self, training: Training) -> None:
        pass


def _of_the_others(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the workers that write and show nothing."""
    kept = {name: value for name, value in options.items() if name != "progress"}
    if kept.get("checkpoint") is not None:
        kept["checkpoint"] = _Read(getattr(kept["checkpoint"], "folder", kept["checkpoint"]))
    callbacks = as_callbacks(kept.get("callbacks", ()), WHERE)
    stateful = with_state(callbacks)
    return kept | {"callbacks": [one for one in callbacks if one.in_every_worker or one in stateful]}


def device_here(engine: str = "auto") -> str:
    """Where this worker works.

    >>> device_here("torch:cpu")
    'cpu'
    """
    import torch

    name, _, device = engine.partition(":")
    if name not in ("auto", "torch") or device not in ("", "cpu", "cuda"):
        raise ConfigurationError(
            WHERE,
            "an engine that workers have, 'auto', 'torch', 'torch:cpu' or 'torch:cuda'",
            f"got {engine!r}",
        )
    on_gpus = torch.cuda.is_available() if not device else device == "cuda"
    return f"cuda:{worker().on_machine}" if on_gpus else "cpu"


def all_workers() -> Communicator:
    """All workers of the group, with this one's share and sums over them.

    >>> with process_group():  # of this process alone
    ...     all_workers().sums([2.0]).tolist()
    [2.0]
    """
    from torch import distributed

    from deepstep.engines.torch.together import ProcessGroup

    on_processors = distributed.get_backend() == "gloo"
    return ProcessGroup("cpu" if on_processors else device_here())


def _compare(network: Network, X: Any, Y: Any, options: Mapping[str, Any], here: Worker, device: str) -> None:
    """Refuse workers that have not all the same."""
    import torch
    from torch import distributed

    from deepstep.engines.torch.together import lost_worker

    if here.of == 1:
        return
    own = torch.tensor(_digest(network, X, Y, options), dtype=torch.int64, device=device)
    all_of_them = [torch.empty_like(own) for _ in range(here.of)]
    try:
        distributed.all_gather(all_of_them, own)
    except RuntimeError as error:
        raise lost_worker(error) from error
    others = [rank for rank, one in enumerate(all_of_them) if one.item() != all_of_them[0].item()]
    if others:
        raise ConfigurationError(
            WHERE,
            "the same network, examples and options in every worker",
            f"worker {others[0]} has others than worker 0",
            "Give the network and what else is random the same seed in each.",
        )


def _digest(network: Network, X: Any, Y: Any, options: Mapping[str, Any]) -> int:
    """Digest of the parameters, some examples, and the options that are numbers and words."""
    found = hashlib.sha256(network.parameters.flat.tobytes())
    streamed = isinstance(X, StreamedExamples | RowGroups)
    if streamed:
        found.update(json.dumps([X.identity, repr(Y)], sort_keys=True).encode())
    for columns in () if streamed else (np.asarray(X), np.asarray(Y)):
        found.update(repr((columns.shape, columns.dtype.str)).encode())
        if columns.ndim == 2 and columns.dtype.kind in "biuf":  # what else comes `Network.train` refuses
            some = columns[:, evenly_spread(columns.shape[1], COMPARED)]
            found.update(np.ascontiguousarray(some).tobytes())
    plain = {name: value for name, value in options.items() if isinstance(value, int | float | str)}
    plain = {name: value for name, value in sorted(plain.items()) if name not in ("resume", "progress")}
    found.update(repr(plain).encode())
    return int.from_bytes(found.digest()[:6])


def _life() -> str:
    """A name for the time since torchrun last started the workers.

    Workers that it starts again find in its store where those before them listened, unless they look
    elsewhere. On many machines its own count of restarts may differ; there they have one name.
    """
    on_one_machine = os.environ.get("LOCAL_WORLD_SIZE") == os.environ.get("WORLD_SIZE")
    return f"deepstep/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') if on_one_machine else ''}"


@contextmanager
def process_group(timeout: float = PATIENCE, *, device: str = "cpu") -> Iterator[None]:
    """The group of all workers while the block runs, made unless there is one.

    Parameters
    ----------
    timeout : float
        Seconds after which a worker gives up waiting for another one.
    device : str
        Where this worker works: between CPUs messages go by gloo, between GPUs by NCCL.

    Yields
    ------
    None

    Raises
    ------
    ConfigurationError
        If the timeout is no number above 0.
    WorkerError
        If not all workers come in that time.

    Examples
    --------
    >>> with process_group():  # of this process alone, where torchrun has not started it
    ...     worker().of
    1
    """
    from torch import distributed

    if not (isinstance(timeout, int | float) and timeout > 0):
        raise ConfigurationError(WHERE, "timeout is a number of seconds above 0", f"got {timeout!r}")
    if distributed.is_initialized():
        yield
        return
    here = worker()
    try:
        _meet(here, "nccl" if device != "cpu" else "gloo", timedelta(seconds=timeout))
    except (distributed.DistStoreError, distributed.DistNetworkError) as error:
        from deepstep.engines.torch.together import lost_worker

        raise lost_worker(error, here.rank) from error
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _meet(here: Worker, backend: str, timeout: timedelta) -> None:
    """Let the workers of this life of the job find each other."""
    from torch import distributed

    store: Any
    if here.of == 1 and "MASTER_ADDR" not in os.environ:
        store = distributed.HashStore()  # type: ignore[attr-defined]
    else:
        from torch.distributed.rendezvous import rendezvous

        store, _, _ = next(rendezvous("env://"))
        store = distributed.PrefixStore(_life(), store)  # type: ignore[attr-defined]
    distributed.init_process_group(backend, store=store, rank=here.rank, world_size=here.of, timeout=timeout)


complete({name: globals()[name] for name in __all__})
