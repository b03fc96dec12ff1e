"""The registry: every equation once, with its formula and where the lecture has it."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Equation:
    """One registered equation.

    Attributes
    ----------
    name : str
        Name of the function.
    formula : str
        The mathematics, as printed by the trace and the documentation.
    source : str
        Lecture section or paper.
    function : callable
        The function itself.
    """

    name: str
    formula: str
    source: str
    function: Callable[..., Any]

    @property
    def topic(self) -> str:
        """The file that the equation lives in: ``linear``, ``activations``, ``losses``, …"""
        return self.function.__module__.rpartition(".")[2]

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (getdoc(self.function) or "").partition("\n")[0]


EQUATIONS: dict[str, Equation] = {}
"""All equations by name, in the order of the lecture."""


def equation(formula: str, *, source: str) -> Callable[[F], F]:
    """Register a function as an equation; the function itself is returned unchanged.

    Parameters
    ----------
    formula : str
        The mathematics in one line.
    source : str
        Lecture section (course 1 week 4 unless said otherwise) or paper.

    Examples
    --------
    >>> from deepstep.equations import EQUATIONS
    >>> EQUATIONS["linear_forward"].formula
    'Z = W·A_prev + b'
    """

    def register(function: F) -> F:
        name = function.__name__
        if name in EQUATIONS:
            raise ValueError(f"the equation {name} is registered twice")
        EQUATIONS[name] = Equation(name, formula, source, function)
        return function

    return register
