"""``torchrun … -m deepstep train``: one training by many processes; the first alone writes and speaks.

The environment has what torchrun says; a process that it did not start is the only one.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, TypeVar

from deepstep.cli import said
from deepstep.data import parquet
from deepstep.errors import ConfigurationError, FileError, WorkerError
from deepstep.preparation.shares import ALONE, Communicator

T = TypeVar("T")

SECONDS = 600.0
"""The default of ``--worker-timeout``."""


def by_torchrun() -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def number() -> int:
    """Which of the workers this is, from 0."""
    return int(os.environ.get("RANK", "0")) if by_torchrun() else 0


def started_again() -> bool:
    """Whether torchrun has started the workers before, and one of them ended."""
    return by_torchrun() and os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"


def torchrun_command() -> str:
    """The command that starts as many workers here; empty for a process that torchrun did not start."""
    if not by_torchrun():
        return ""
    return f"torchrun --nproc-per-node={os.environ.get('LOCAL_WORLD_SIZE', '1')} -m -- deepstep"


@contextmanager
def silent_but_the_first() -> Iterator[None]:
    """Let the other workers print nothing but what is `said`."""
    if not by_torchrun():
        yield
        return
    with said.listening(number(), sys.stderr):
        if number() == 0:
            yield
            return
        with (
            open(os.devnull, "w", encoding="utf-8") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            yield


@contextmanager
def together(device: str, timeout: float | None) -> Iterator[None]:
    """The group of all workers, for the time of the block.

    ``device`` is that of the engine, empty for the one there is. Workers wait ``timeout`` seconds for each
    other.
    """
    if not by_torchrun():
        yield
        return
    from deepstep.distributed import device_here, process_group

    with process_group(SECONDS if timeout is None else timeout, device=device_here(device)):
        said.meet()
        yield
        with suppress(WorkerError):  # the work is done; who has ended says why itself
            said.meet()


def all_of_them() -> Communicator:
    """The workers of the group; this one alone where there is none."""
    if not by_torchrun():
        return ALONE
    from torch import distributed

    from deepstep.distributed import all_workers

    return all_workers() if distributed.is_initialized() else ALONE


def digest_of(path: Path) -> str:
    """The SHA-256 of a file or of a folder, of whose parts each worker reads its own."""
    return parquet.digest_of(path, _of_each)


def _of_each(paths: Sequence[Path]) -> list[str]:
    workers = all_of_them()
    rank, of = workers.share
    found, names = [""] * len(paths), [path.name for path in paths]
    others, mine = [], parquet.sha256_of_each(paths[rank::of])
    for other, (its, digests) in enumerate(workers.exchange((names, mine))):
        if its == names:
            found[other::of] = digests
        else:
            others.append((other, its))
    if others:  # when all have exchanged theirs: nobody waits for the others
        other, its = others[0]
        different = sorted(set(names) ^ set(its))
        raise FileError(
            f"worker {rank}, {paths[0].parent if paths else 'the folder'}",
            f"the same parts for all workers; worker {other} has {len(its)}",
            f"here there are {len(names)}" + (f"; '{different[0]}' is not at both" if different else ""),
            "Give all machines the same folder.",
        )
    return found


@contextmanager
def place_of_the_first(place: AbstractContextManager[Callable[[T], None]]) -> Iterator[Callable[[T], None]]:
    """The place of a run: entered and filled by the first worker alone; the others begin when it stands."""
    if not by_torchrun():
        with place as save:
            yield save
    elif number() == 0:
        with place as save:
            _meet()
            yield save
    else:
        _meet()
        yield lambda run: None


def train(network: Any, X: Any, Y: Any, **options: Any) -> Any:
    """`Network.train`, by all workers together."""
    if not by_torchrun():
        return network.train(X, Y, **options)
    from deepstep.distributed import fit

    return fit(network, X, Y, **options)


def refuse_what_workers_cannot(settings: Any) -> None:
    """Refuse settings of a training that many workers do not do together."""
    if not by_torchrun():
        return
    normalization = settings.normalization or ()
    if "batch" in ((normalization,) if isinstance(normalization, str) else normalization):
        expected, got = "layers whose examples do not depend on each other", "got --normalization batch"
        raise ConfigurationError("torchrun", expected, got, "Take --normalization layer.")
    if (settings.engine or "auto").partition(":")[0] not in ("auto", "torch"):
        got = f"got --engine {settings.engine}"
        raise ConfigurationError("torchrun", "the engine of many workers, torch", got, "Leave --engine out.")


def _meet() -> None:
    all_of_them().sums([0.0])
    said.meet()
