"""Which engine does the work, and why; what each engine can do on this machine.

The rule of ``engine="auto"``, in this order:

1. ``precision="bfloat16"`` is done by the torch engine, which alone has it.
2. A network of float32 with `WORTH_A_GPU` parameters or more is done by the torch engine where PyTorch
   finds a GPU of CUDA. A smaller one waits for the GPU longer than the CPU works; float64 is slow on most.
3. What the compiled engine can do, it does, where Numba can be used. Of a training whose updates have at most
   `SMALL` parameters times examples the equations do the first steps (`SmallSession`): a first network does
   not wait for a compiler.
4. The rest is done by the reference engine.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, cast

from deepstep.engines.compiled.lowering import why_no_kernel
from deepstep.engines.session import Session
from deepstep.engines.settings import Settings
from deepstep.environment import has_threads
from deepstep.equations import HEADS, get_optimizer
from deepstep.errors import ConfigurationError, MissingPackageError, missing_package, unknown_name
from deepstep.network import Architecture

ENGINES = {
    "reference": "deepstep.engines.reference:ReferenceSession",
    "compiled": "deepstep.engines.compiled.span:SpanSession",
    "torch": "deepstep.engines.torch.session:TorchSession",
}
"""All engines by name, with the module and the class of their sessions, which are loaded at their first
use.
"""

KNOWN = ("auto", *ENGINES, "torch:cpu", "torch:cuda", "torch:mps")
"""Devices to choose from; a GPU may have a number, too."""

ON_CPU = "auto:cpu"
"""The rule without a GPU."""

DISTRIBUTED = "distributed"
"""The torch engine as one of many workers: a name of its own, as it works in a process group alone."""

_SESSIONS = {
    **ENGINES,
    DISTRIBUTED: "deepstep.engines.torch.together:DistributedSession",
    "small": "deepstep.engines.reference:SmallSession",
}


WORTH_A_GPU = 500_000
"""Parameters from which on ``engine="auto"`` takes a GPU. Estimated, not measured: below, a step takes the
compiled engine about as long as the launch of a GPU kernel.
"""


SMALL = 2**12
"""Parameters times examples of an update that costs the equations little more than the calls of NumPy."""

SMALL_WORK = "the first steps of small work are done before a kernel is loaded"


class Choice(NamedTuple):
    """Which engine does the work, by its name, and why, where another one could have been expected."""

    name: str
    why: str = ""


def check_engine(engine: str) -> None:
    """Refuse a name that no engine has."""
    name, _, device = engine.partition(":") if isinstance(engine, str) else (engine, "", "")
    devices = {"torch": True, DISTRIBUTED: True, "auto": device == "cpu"}
    if name not in ("auto", *ENGINES, DISTRIBUTED) or (device and not devices.get(name)):
        raise unknown_name("engine", engine, KNOWN, setting="engine")


def choose_engine(
    engine: str,
    architecture: Architecture,
    settings: Settings | None = None,
    *,
    dtype: str = "float64",
    examples: int | None = None,
) -> Choice:
    """The engine for updates with so many examples; a `ConfigurationError` says why one cannot do them."""
    check_engine(engine)
    settings = settings or Settings()
    name, _, device = engine.partition(":")
    if name == "auto" and settings.precision is None:  # the rule above
        large = not device and dtype == "float32" and architecture.n_parameters >= WORTH_A_GPU
        if large and has_gpu() and not why_not_torch(architecture, settings):
            return Choice("torch", "a GPU is here and the network is large")
        small = examples is not None and architecture.n_parameters * examples <= SMALL
        if small and not why_no_kernel(architecture, settings):
            return Choice("small", SMALL_WORK)
        why = why_not("compiled", architecture, settings)
        return Choice("reference", why) if why else Choice("compiled")
    if name == "auto":
        name, engine = "torch", "torch:cpu" if device else "torch"
    why = why_not(name, architecture, settings)
    if why:
        others = "With engine='auto' the reference engine does it, slower."
        if settings.precision is not None:
            others = "Pass engine='torch' or 'auto'."
        if name == DISTRIBUTED:
            others = "One process alone can do it, outside of a process group."
        raise ConfigurationError(f"engine={engine!r} cannot do this work: {why}", others)
    missing = missing_torch(f"The {name} engine") if name in ("torch", DISTRIBUTED) else None
    if missing is not None:
        raise missing
    return Choice(engine)


def check_here(engine: str, architecture: Architecture, settings: Settings, *, dtype: str) -> None:
    """Refuse an engine that cannot do some work or is not on this machine, before any data is read."""
    if engine.partition(":")[0] == DISTRIBUTED:
        raise unknown_name("engine", engine, KNOWN, setting="engine")
    choice = choose_engine(engine, architecture, settings, dtype=dtype)
    name, _, device = choice.name.partition(":")
    if name == "torch":
        import_module("deepstep.engines.torch.devices").device_of(device)


def why_not(name: str, architecture: Architecture, settings: Settings) -> str:
    """Why an engine cannot do some work; empty where it can."""
    if name in ("torch", DISTRIBUTED):
        return why_not_torch(architecture, settings)
    if settings.precision is not None:
        return f"the {name} engine has no {settings.precision}"
    # Numba takes half a second to load: it is not where the reference engine does the work
    return "" if name == "reference" else why_no_kernel(architecture, settings) or missing_numba()


def why_not_torch(architecture: Architecture, settings: Settings) -> str:
    """Why the torch engine cannot do some work: DeepStep's own equations alone have a form on tensors."""
    for node in architecture.graph.nodes:
        if not (_is_an_equation(node.op.forward) and _is_an_equation(node.op.backward)):
            return f"the torch engine has no {node.op.forward_equation.name!r} on tensors"
    head = HEADS.get(architecture.output)
    if head is not None and not (_is_an_equation(head.loss) and _is_an_equation(head.loss_backward)):
        return f"the torch engine has no head {head.name!r} on tensors"
    if not _is_an_equation(get_optimizer(settings.optimizer).update):
        return "the torch engine has no update rule of one's own"
    return ""


def _is_an_equation(function: Callable[..., object]) -> bool:
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__module__", "").partition(".equations")[0] == "deepstep"


@cache
def missing_numba() -> str:
    """Why Numba cannot be used here, determined once per process; empty if it can."""
    try:
        for name in ("numba", "scipy", "threadpoolctl"):  # the last two give its kernels their BLAS
            import_module(name)
    except Exception as error:  # an installation that is broken, or for another NumPy, raises what it likes
        why = f"Numba cannot be used ({type(error).__name__}: {error})"
        logging.getLogger("deepstep").warning(
            "%s; the reference engine trains, some times slower. Run: pip install %s", why, name
        )
        return why
    return ""


def missing_torch(what: str) -> MissingPackageError | None:
    """The error that ``what`` needs PyTorch, if it is not installed."""
    try:
        installed = find_spec("torch") is not None
    except ValueError:  # a module that was put in its place, or barred
        installed = False
    return None if installed else missing_package(what, "torch", extra="torch")


@cache
def has_gpu() -> bool:
    """Whether PyTorch finds a GPU of CUDA; it is not even imported where no driver can be there."""
    driver = not sys.platform.startswith("linux") or any(map(Path.exists, map(Path, _DRIVERS)))
    if sys.platform == "darwin" or not driver or missing_torch("has_gpu") is not None:
        return False
    try:
        return bool(import_module("torch").cuda.is_available())
    except Exception:  # a broken installation raises what it likes
        return False


_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Files of the drivers of NVIDIA, AMD and WSL in Linux."""


def session_class(name: str) -> Callable[..., Session]:
    """The class of an engine's sessions, on the device that the name may have."""
    name, _, device = name.partition(":")
    module, _, class_name = _SESSIONS[name].partition(":")
    cls = cast(Callable[..., Session], getattr(import_module(module), class_name))
    return partial(cls, device=device) if device else cls


class EngineDescription(NamedTuple):
    """An engine on this machine.

    Attributes
    ----------
    name : str
        What ``engine=`` takes.
    available : bool
        Whether it can work here.
    device : str
        Where it works, in words.
    precisions : tuple of str
        What it can do there: "float64", "float32", "bfloat16"; empty where it is not available.
    note : str, optional
        Why it is not available, or what is slow; else empty.
    hint : str, optional
        The command that makes it available or fast; else empty.

    Examples
    --------
    >>> describe_engines()[0]
    EngineDescription(name='reference', available=True, device='CPU', precisions=('float64', 'float32'), ...)
    """

    name: str
    available: bool
    device: str
    precisions: tuple[str, ...]
    note: str = ""
    hint: str = ""


def describe_engines() -> list[EngineDescription]:
    """The engines on this machine: which are there, on which devices, in which precisions.

    PyTorch is imported where it is installed, which takes a second or two.

    Returns
    -------
    list of EngineDescription
        One for each engine, of the torch engine one for each device.

    Examples
    --------
    >>> sorted({engine.name.partition(":")[0] for engine in describe_engines()})
    ['compiled', 'reference', 'torch']
    """
    plain = ("float64", "float32")
    engines = [EngineDescription("reference", True, "CPU", plain, "the equations as they stand")]
    why = missing_numba()
    hint = "pip install numba" if why else ""
    engines.append(EngineDescription("compiled", not why, "CPU", () if why else plain, why, hint))
    missing = missing_torch("describe_engines")
    if missing is not None:
        note, hint = "PyTorch is not installed", "pip install torch"
    else:
        try:
            return [*engines, *import_module("deepstep.engines.torch.devices").described()]
        except Exception as error:  # a broken installation, or driver, raises what it likes
            note = f"PyTorch cannot be used ({type(error).__name__}: {error})"
            hint = "pip install --force-reinstall torch"
    return [*engines, EngineDescription("torch", False, "CPU, GPU", (), note, hint)]


PATIENCE = 1.0
"""Seconds after which a message names what is waited for."""


@contextmanager
def warning_if_slow(words: str) -> Iterator[None]:
    """Warn of what is going on, once in a process, where the block takes longer than `PATIENCE`."""
    timer = threading.Timer(PATIENCE, _warn_once, [words])
    timer.daemon = True
    if has_threads():
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


@cache
def _warn_once(words: str) -> None:
    logging.getLogger("deepstep").warning(words)
