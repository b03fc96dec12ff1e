"""Training by many workers, on one machine or many: ``torchrun --nproc-per-node=2 SCRIPT``.

Each worker is a process that runs the same script. Within a process group every training of one network
(`deepstep.Network.train`, and ``fit`` of `deepstep.NetworkClassifier` and `deepstep.NetworkRegressor`) is done
by all workers: each works on its part of each batch, and one all-reduce of the flat gradient (gloo between
CPUs, NCCL between GPUs) makes their steps those of one process on the whole batch.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from deepstep.engines.choice import missing_torch
from deepstep.errors import ConfigurationError
from deepstep.types import is_number

__all__ = ["process_group"]

WHERE = "deepstep.distributed.process_group"

PATIENCE = 600.0
"""Seconds that workers wait for each other, unless something else is asked for."""


@contextmanager
def process_group(timeout: float = PATIENCE) -> Iterator[None]:
    """The group of all workers that torchrun has started, while the block runs.

    Every worker calls the same trainings, with the same networks, examples and options; the network, or
    ``random_state`` of an estimator, needs a seed. The engine is "auto" or "torch", for GPUs of CUDA where
    there are some and else CPUs, "torch:cpu" or "torch:cuda". The first worker alone shows progress, writes
    checkpoints and calls callbacks, except those that all call (``Callback.in_every_worker``, and those that
    keep a state). All workers have the same network afterwards; ``torch.distributed.get_rank()`` says which
    one this process is.

    Where a group of ``torch.distributed`` is there already, it is taken, and stays. In a script that was not
    started by torchrun the group is of this process alone, and trainings are as without it.

    Parameters
    ----------
    timeout : float
        Seconds after which a worker gives up waiting for another one; those who wait for a slow one change
        nothing of the result.

    Yields
    ------
    None

    Raises
    ------
    ConfigurationError
        If the timeout is no number above 0, or a variable of torchrun's is missing or holds no number.
    MissingPackageError
        If PyTorch is not installed.
    WorkerError
        If not all workers come in that time; of a training, if another worker has ended or does not answer.

    Examples
    --------
    >>> from deepstep import Network
    >>> network = Network([1, 1], initialization="zeros", seed=1)
    >>> with process_group():
    ...     history = network.train([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=3)
    >>> len(history)
    3
    """
    missing = missing_torch(WHERE)
    if missing is not None:
        raise missing
    from torch import distributed

    if not (is_number(timeout) and timeout > 0):
        raise ConfigurationError(WHERE, "a number of seconds above 0", f"got {timeout!r}", setting="timeout")
    if distributed.is_initialized():
        yield
        return
    try:
        _meet(timedelta(seconds=timeout))
    except (distributed.DistStoreError, distributed.DistNetworkError) as error:
        from deepstep.engines.torch.together import lost_worker

        raise lost_worker(error, int(os.environ.get("RANK", 0))) from error
    except ValueError as error:
        raise ConfigurationError(
            WHERE, "the variables that torchrun sets", f"got: {error}", "Start the script by torchrun."
        ) from error
    try:
        yield
    finally:
        distributed.destroy_process_group()


def _meet(timeout: timedelta) -> None:
    """Let the workers of this life of the job find each other."""
    import torch
    from torch import distributed

    store: Any
    if "RANK" in os.environ:
        from torch.distributed.rendezvous import rendezvous

        store, rank, size = next(rendezvous("env://"))
        store = distributed.PrefixStore(_life(), store)  # type: ignore[attr-defined]
    else:
        store, rank, size = distributed.HashStore(), 0, 1  # type: ignore[attr-defined]
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=timeout)


def _life() -> str:
    """A name for the time since torchrun last started the workers.

    Workers that it starts again find in its store where those before them listened, unless they look
    elsewhere. On many machines its own count of restarts may differ; there they have one name.
    """
    on_one_machine = os.environ.get("LOCAL_WORLD_SIZE") == os.environ.get("WORLD_SIZE")
    return f"deepstep/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') if on_one_machine else ''}"
