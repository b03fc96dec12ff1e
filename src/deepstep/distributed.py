"""Training by many workers, on one machine or many: ``torchrun --nproc-per-node=2 SCRIPT``.

Each worker is a process that runs the same script with the same examples, and works on its part of each
batch; one all-reduce of the flat gradient (gloo between CPUs, NCCL between GPUs) makes their steps that of
one worker on the whole batch.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from deepstep.engines.choice import DISTRIBUTED, missing_torch
from deepstep.errors import ConfigurationError
from deepstep.model import Network
from deepstep.training import History

__all__ = ["Worker", "fit", "worker"]

OF_THE_FIRST = ("checkpoint", "progress", "callbacks")
"""Options of `Network.train` that write or show something: the first worker alone has them."""

BY_THE_CLOCK = ("time_budget",)
"""Options that end training by the clock, which is another in each worker."""


class Worker(NamedTuple):
    """Which of the workers this process is, as torchrun says it.

    Attributes
    ----------
    rank : int
        Its number, from 0.
    of : int
        How many there are.
    on_machine : int
        Its number among those of this machine.

    Examples
    --------
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

    Returns
    -------
    Worker
        The only one, where the process was not started by torchrun.

    Raises
    ------
    ConfigurationError
        If a variable of torchrun's holds no number.

    Examples
    --------
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


def fit(network: Network, X: Any, Y: Any, **options: Any) -> History:
    """Train a network by all workers together; in each of them it is the same afterwards.

    Call it in a script that torchrun starts, in every worker with the same network, examples and options; in
    a process that was started otherwise it trains alone.

    Parameters
    ----------
    network : Network
        With a seed, so that it is the same in every worker. Without batch normalization.
    X, Y : arrays of shape (n_x, m) and (n_L, m)
        All examples. An array in a memory-mapped file (``numpy.load(…, mmap_mode="r")``) is shared by the
        workers of a machine.
    **options
        As of `Network.train`, without ``time_budget``. The first worker alone shows progress, calls callbacks
        and writes checkpoints; all of them read the one to ``resume`` from.

    Returns
    -------
    History
        The same in every worker, but for the seconds.

    Raises
    ------
    ConfigurationError
        If an option does not fit many workers, and as of `Network.train`.
    MissingPackageError
        If PyTorch is not installed.

    Examples
    --------
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> history = fit(net, [[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=3)  # doctest: +SKIP
    """
    where = "deepstep.distributed.fit"
    missing = missing_torch(where)
    if missing is not None:
        raise missing
    if any(options.get(name) is not None for name in BY_THE_CLOCK):
        raise ConfigurationError(where, "no time_budget", "got one", "Workers end together, by iterations.")
    if network._seed_is_drawn:
        raise ConfigurationError(
            where, "a network with a seed", "got one whose seed was drawn", "Pass seed=… to Network."
        )
    here = worker()
    if not here.is_first:
        folder = options.get("checkpoint")
        options = {name: value for name, value in options.items() if name not in OF_THE_FIRST}
        if options.get("resume") is True:
            options["resume"] = getattr(folder, "folder", folder)
    before = network.engine
    with _process_group(here) as device:
        network.engine = f"{DISTRIBUTED}:{device}"
        try:
            return network.train(X, Y, **options)
        finally:
            network.engine = before


def _life() -> str:
    """A name for the time since torchrun last started the workers.

    Workers that it starts again find in its store where those before them listened, unless they look
    elsewhere. On many machines its own count of restarts may differ; there they have one name.
    """
    on_one_machine = os.environ.get("LOCAL_WORLD_SIZE") == os.environ.get("WORLD_SIZE")
    return f"deepstep/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') if on_one_machine else ''}"


@contextmanager
def _process_group(here: Worker) -> Iterator[str]:
    """The group of all workers, made unless there is one; gives the device of this worker."""
    import torch
    from torch import distributed

    device = f"cuda:{here.on_machine}" if torch.cuda.is_available() else "cpu"
    if distributed.is_initialized():
        yield device
        return
    backend = "nccl" if device != "cpu" else "gloo"
    store: Any
    if here.of == 1 and "MASTER_ADDR" not in os.environ:
        store = distributed.HashStore()  # type: ignore[attr-defined]
    else:
        from torch.distributed.rendezvous import rendezvous

        store, _, _ = next(rendezvous("env://"))
        store = distributed.PrefixStore(_life(), store)  # type: ignore[attr-defined]
    distributed.init_process_group(backend, store=store, rank=here.rank, world_size=here.of)
    try:
        yield device
    finally:
        distributed.destroy_process_group()
