"""Which engine does the work, and why."""

import logging
from functools import cache
from importlib import import_module
from typing import NamedTuple, cast

from deepstep.engines.session import Session
from deepstep.engines.settings import Settings
from deepstep.equations import ACTIVATIONS, HEADS, OPTIMIZERS, get_optimizer
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.network import Architecture

ENGINES = {
    "reference": "deepstep.engines.reference:ReferenceSession",
    "compiled": "deepstep.engines.compiled.session:CompiledSession",
}
"""All engines by name, with the module and the class of their sessions, which are loaded when they are asked
for.
"""

COMPILED_ACTIVATIONS = frozenset(
    name for name, activation in ACTIVATIONS.items() if not activation.across_units
)
"""Activations of hidden layers that the compiled engine has: those of DeepStep whose units do not depend on
each other. What users register comes later and is not among them."""

COMPILED_HEADS = frozenset(HEADS)
"""Heads that it has."""

COMPILED_RULES = frozenset(optimizer.update for optimizer in OPTIMIZERS.values())
"""Update rules that it has."""


class Choice(NamedTuple):
    """Which engine does the work, and why.

    Attributes
    ----------
    name : str
        A name in ``ENGINES``.
    why : str
        Why it was taken, where another one could have been expected; else empty.

    Examples
    --------
    >>> choose_engine("reference", Architecture((2, 1), ("sigmoid",)))
    Choice(name='reference', why='')
    """

    name: str
    why: str = ""


def check_engine(engine: str, where: str) -> None:
    """Refuse a name that no engine has.

    Parameters
    ----------
    engine : str
        A name in ``ENGINES``, or "auto".
    where : str
        Name for error messages.

    Raises
    ------
    ConfigurationError
        With the nearest name.

    Examples
    --------
    >>> check_engine("compield", "train")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: train: engine is one of ... Did you mean 'compiled'?
    """
    if not isinstance(engine, str) or engine not in ("auto", *ENGINES):
        raise unknown_name(where, "engine", engine, ["auto", *ENGINES])


def choose_engine(
    engine: str, architecture: Architecture, settings: Settings | None = None, *, where: str = "open_session"
) -> Choice:
    """The engine for some work.

    Parameters
    ----------
    engine : {"auto", "reference", "compiled"}
        ``"auto"`` takes the compiled engine where it is there and can do the work, else the reference.
    architecture : Architecture
    settings : Settings, optional
    where : str
        Name for error messages.

    Returns
    -------
    Choice
        The engine, and why it is not another.

    Raises
    ------
    ConfigurationError
        If the engine is unknown, or is asked for by name and cannot do the work; with the reason.

    Examples
    --------
    >>> choose_engine("auto", Architecture((2, 3, 1), ("softmax", "sigmoid"))).why
    "the compiled engine has no 'softmax' in hidden layers"
    """
    check_engine(engine, where)
    if engine == "reference":
        return Choice("reference")
    why = why_not_compiled(architecture, settings or Settings())
    if not why:
        return Choice("compiled")
    if engine == "compiled":
        raise ConfigurationError(
            where,
            "work that the compiled engine can do",
            why,
            "With engine='auto' the reference engine does it, slower.",
        )
    return Choice("reference", why)


def why_not_compiled(architecture: Architecture, settings: Settings) -> str:
    """Why the compiled engine cannot do some work; empty where it can."""
    for name in architecture.activations[:-1]:
        if name not in COMPILED_ACTIVATIONS:
            return f"the compiled engine has no {name!r} in hidden layers"
    if architecture.output not in COMPILED_HEADS:
        return f"the compiled engine has no head {architecture.output!r}"
    if get_optimizer(settings.optimizer).update not in COMPILED_RULES:
        return "the compiled engine has no update rule of one's own"
    return missing_numba()


@cache
def missing_numba() -> str:
    """Why Numba cannot be used here, told once in a process.

    Returns
    -------
    str
        Empty where it can.

    Examples
    --------
    >>> missing_numba() == "" or missing_numba().startswith("Numba cannot be used")
    True
    """
    try:
        import_module("numba")
    except Exception as error:  # an installation that is broken, or for another NumPy, raises what it likes
        why = f"Numba cannot be used ({type(error).__name__}: {error})"
        logging.getLogger("deepstep").warning(
            "%s; the reference engine trains, some times slower. Mend: pip install numba", why
        )
        return why
    return ""


def session_class(name: str) -> type[Session]:
    """The class of an engine's sessions."""
    module, _, found = ENGINES[name].partition(":")
    return cast(type[Session], getattr(import_module(module), found))
