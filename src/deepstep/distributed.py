"""Training by many workers, on one machine or many: ``torchrun --nproc-per-node=2 SCRIPT``.

Each worker is a process that runs the same script. Within a process group every training of one network, by
`deepstep.Network.train`, `deepstep.NetworkClassifier` or `deepstep.NetworkRegressor`, is done by all workers:
each works on its part of each batch, and one all-reduce of the flat gradient (gloo between CPUs, NCCL between
GPUs) makes their steps those of one process on the whole batch.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import numpy as np

from deepstep.engines.choice import DISTRIBUTED, missing_torch
from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import Communicator, Examples, digest, evenly_spread
from deepstep.preparation.streams import StreamedExamples
from deepstep.types import Array, is_number

__all__ = ["process_group"]

PATIENCE = 600.0
"""Seconds that workers wait for each other, unless something else is asked for."""

COMPARED = 1024
"""So many examples of each worker, evenly spread, are compared with those of the first."""


@contextmanager
def process_group(timeout: float = PATIENCE) -> Iterator[None]:
    """The group of all workers that torchrun has started, while the block runs.

    Every worker calls the same trainings, with the same networks, examples and options; the network, or
    ``random_state`` of an estimator, needs a seed. The engine is "auto" or "torch", for GPUs of CUDA where
    there are some and else CPUs, "torch:cpu" or "torch:cuda". The first worker alone shows progress, writes
    checkpoints and calls callbacks, except those that all call (``Callback.in_every_worker``, and those that
    keep a state). All workers have the same network afterwards; ``torch.distributed.get_rank()`` says which
    of them this process is.

    Where a group of ``torch.distributed`` is there already, it is taken, and stays. In a script that was not
    started by torchrun the group is of this process alone, and trainings are as without it.

    Parameters
    ----------
    timeout : float
        Seconds after which a worker gives up waiting for another one; those who wait for a slow one change
        nothing of the result. A group that is there already keeps its own.

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
    missing = missing_torch("deepstep.distributed.process_group")
    if missing is not None:
        raise missing
    from torch import distributed

    if not (is_number(timeout) and timeout > 0):
        raise ConfigurationError.must_be("timeout", "a number of seconds above 0", repr(timeout))
    if distributed.is_initialized():
        yield
        return
    try:
        _meet(timedelta(seconds=timeout))
    except (distributed.DistStoreError, distributed.DistNetworkError) as error:
        from deepstep.engines.torch.together import lost_worker

        raise lost_worker(error, int(os.environ.get("RANK", 0))) from error
    except ValueError as error:
        problem = f"The variables that torchrun sets are missing or wrong: {error}"
        raise ConfigurationError(problem, "Start the script by torchrun.") from error
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
    backend = "gloo"
    if torch.cuda.is_available():
        backend = "cpu:gloo,cuda:nccl"
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=timeout)


def _life() -> str:
    """A name for the time since torchrun last started the workers.

    Workers that it starts again find in its store where those before them listened, unless they look
    elsewhere. On many machines its own count of restarts may differ; there they have one name.
    """
    on_one_machine = os.environ.get("LOCAL_WORLD_SIZE") == os.environ.get("WORLD_SIZE")
    return f"deepstep/{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0') if on_one_machine else ''}"


def in_process_group() -> bool:
    """Whether this process is one of several workers, by `process_group` or a group that somebody else made.

    PyTorch is never imported for it: who has made a group has it loaded.
    """
    distributed = sys.modules.get("torch.distributed")
    if distributed is None or not distributed.is_available() or not distributed.is_initialized():
        return False
    return bool(distributed.get_world_size() > 1)


def engine_of_training(engine: str) -> str:
    """The engine of a training as it is; within a process group the one that all workers share."""
    if not in_process_group():
        return engine
    name, _, device = engine.partition(":")
    if name not in ("auto", "torch") or device not in ("", "cpu", "cuda"):
        expected = "'auto', 'torch', 'torch:cpu' or 'torch:cuda' within a process group"
        raise ConfigurationError.must_be("engine", expected, repr(engine))
    return f"{DISTRIBUTED}:{device}" if device else DISTRIBUTED


def refuse_drawn_seed(setting: str) -> None:
    """Refuse to draw a seed within a process group: each worker would draw another one."""
    if in_process_group():
        expected = "a whole number, where several workers train a network"
        raise ConfigurationError.must_be(setting, expected, "None", f"Pass {setting}=0.")


def refuse_ensemble() -> None:
    """Refuse an ensemble within a process group, whose workers would all train the same members."""
    if in_process_group():
        raise ConfigurationError(
            "An ensemble cannot be fitted within a process group, as joblib distributes its members",
            "Fit it in one process, within joblib.parallel_config(…): docs/scale.md.",
        )


def refuse_another_training(
    workers: Communicator, settings: Any, *data: Array | Examples | StreamedExamples | None
) -> None:
    """Refuse, in all workers, settings (in JSON's types) and data that are not those of the first worker."""
    if workers.share.of == 1:
        return
    described = json.dumps([settings, *map(_described, data)], sort_keys=True).encode()
    # 48 bits, which messages do not round
    mine = float(int.from_bytes(hashlib.sha256(described).digest()[:6]))
    (first,) = workers.of_the_first(mine)
    differs = np.zeros(workers.share.of)
    differs[workers.share.rank] = mine != first
    others = np.flatnonzero(workers.sums(differs))
    if len(others):
        raise ConfigurationError(
            f"Worker {others[0]} has another network, other examples or options than worker 0",
            "Give the network, or random_state, and what else is random the same seed in each.",
        )


def _described(part: Array | Examples | StreamedExamples | None) -> Any:
    """Data in JSON's types: a digest of numbers, of examples in memory that of some, and their number."""
    if part is None or isinstance(part, np.ndarray):
        return None if part is None else hashlib.sha256(part.tobytes()).hexdigest()
    if part.streamed:
        return part.identity
    return len(part), digest(part.part(evenly_spread(len(part), COMPARED)))
