"""The registries: every equation once, with its formula and its source, and the parts that have a name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from inspect import getdoc, signature
from typing import Any, NamedTuple, TypeVar

from deepstep.errors import ConfigurationError, unknown_name
from deepstep.types import is_number

__all__ = ["EQUATIONS", "Equation", "equation", "equation_of"]

F = TypeVar("F", bound=Callable[..., Any])
Part = TypeVar("Part")


class Registry(dict[str, Part]):
    """Parts of one kind by name: those of DeepStep, then those that users registered."""

    def __init__(self, kind: str, function: str = "") -> None:
        super().__init__()
        self.kind, self.function = kind, function
        self.built_in: set[str] = set()

    def add(self, name: str, part: Part) -> None:
        """Make a part of DeepStep known."""
        self[name] = part
        self.built_in.add(name)

    def find(self, name: Any) -> Part:
        """The part of that name; an unknown name is refused with the nearest one."""
        if not isinstance(name, str) or name not in self:
            raise unknown_name(self.kind, name, self, setting=self.kind)
        return self[name]

    def register(self, name: Any, part: Part, trial: Callable[[], object] | None = None) -> Part:
        """Make a user's part known after its trial; the same one once more changes nothing."""
        if not (isinstance(name, str) and name.isidentifier()):
            raise ConfigurationError.must_be("name", "a name as of a variable in Python", repr(name))
        known = self.get(name, part)
        if name in self and known != part:
            hint = f"Call unregister_{self.function}({name!r}) first."
            if name in self.built_in:
                hint = "It belongs to DeepStep: choose another name."
            raise ConfigurationError(f"There is an {self.kind} {name!r} already", hint)
        if name not in self and trial is not None:
            trial()
        return self.setdefault(name, known)

    def unregister(self, name: str) -> None:
        """Take away a user's part."""
        self.find(name)
        if name in self.built_in:
            raise ConfigurationError(f"{name!r} belongs to DeepStep and stays registered")
        del self[name]


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
    forms : mapping, optional
        Statements that a setting chooses: setting → value → statement. ``formula`` has the default's.

    Examples
    --------
    >>> from deepstep.equations import EQUATIONS
    >>> relu = EQUATIONS["relu"]
    >>> relu.topic, relu.summary
    ('activations', 'Rectified linear unit.')
    """

    name: str
    formula: str
    source: str
    function: Callable[..., Any]
    forms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """The file that the equation lives in: ``linear``, ``activations``, ``losses``, …"""
        return self.function.__module__.rpartition(".")[2]

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (getdoc(self.function) or "").partition("\n")[0]

    def with_settings(self, settings: Mapping[str, Any]) -> "Equation":
        """The equation as these settings make it: the formula has the statements that they choose.

        Parameters
        ----------
        settings : mapping
            Settings of the function by name; the others stand at their defaults.

        Returns
        -------
        Equation

        Examples
        --------
        >>> from deepstep.equations import EQUATIONS
        >>> adam = EQUATIONS["adam_update"].with_settings({"epsilon_at": "inside"})
        >>> adam.written("θ", {"θ": "W1", "α": "0.1"})
        'W1 := W1 - 0.1·v̂ / √(ŝ + ε)'
        """
        formula, parameters = self.formula, signature(self.function).parameters
        for setting, statements in self.forms.items():
            default = parameters[setting].default
            formula = formula.replace(statements[default], statements[settings.get(setting, default)])
        return replace(self, formula=formula)

    def written(self, left: str, symbols: Mapping[str, str]) -> str:
        """The statement about one quantity, with other symbols put in; else the whole formula.

        Parameters
        ----------
        left : str
            The quantity on the left side: a formula may state several.
        symbols : mapping
            The text for each symbol, such as `Node.symbols`.

        Returns
        -------
        str

        Examples
        --------
        >>> from deepstep.equations import EQUATIONS
        >>> EQUATIONS["linear_backward"].written("dW", {"dW": "dW2", "dZ": "dZ2", "A_prev": "A1"})
        'dW2 = dZ2·A1ᵀ / m'
        """
        statements = self.formula.split(",  ")
        stands = re.compile(f"{re.escape(left)}(?![A-Za-z_\u0302])")
        statement = next((text for text in statements if stands.match(text)), self.formula)
        if not symbols:
            return statement
        longest_first = sorted(symbols, key=len, reverse=True)
        # A symbol stands alone: no letter or _ before it; no letter, _ or hat (as in v̂) behind it.
        symbol = re.compile(f"(?<![A-Za-z_])({'|'.join(map(re.escape, longest_first))})(?![A-Za-z_\u0302])")
        return symbol.sub(lambda match: symbols[match[0]], statement)


class Constraint(NamedTuple):
    """The values that a setting may have, in words and as a test."""

    expected: str
    accepts: Callable[[Any], object]


SHARE = Constraint("a number from 0 to below 1", lambda value: is_number(value) and 0 <= value < 1)
# as a float: what underflows to 0 guards nothing
POSITIVE = Constraint("a positive number", lambda value: is_number(value) and float(value) > 0)

EQUATIONS: dict[str, Equation] = {}
"""All equations by name, in the order of the lecture."""


def equation_of(function: Callable[..., Any], name: str, formula: str) -> Equation:
    """The registered equation of a function; for a user's own function a plain one of this formula.

    Parameters
    ----------
    function : callable
        The function, registered or not.
    name, formula : str
        Name and formula for a function that is not.

    Returns
    -------
    Equation

    Examples
    --------
    >>> from deepstep.equations import relu
    >>> equation_of(relu, "relu", "A = relu(Z)").formula
    'A = max(0, Z)'
    >>> equation_of(abs, "bent", "A = bent(Z)").formula
    'A = bent(Z)'
    """
    registered = EQUATIONS.get(getattr(function, "__name__", ""))
    if registered is not None and registered.function is function:
        return registered
    return Equation(name, formula, "registered by the user", function)


def equation(
    formula: str, *, source: str = "", forms: Mapping[str, Mapping[str, str]] | None = None
) -> Callable[[F], F]:
    """Register a function as an equation; decorates it.

    Parameters
    ----------
    formula : str
        The mathematics in one line.
    source : str, optional
        Lecture section (course 1 week 4 by default) or paper; by default that of the forward.
    forms : mapping, optional
        For a setting that chooses a form of the equation: its values and the statement that each makes.

    Returns
    -------
    callable
        The decorator.

    Raises
    ------
    ValueError
        If the name is registered already.

    Examples
    --------
    >>> from deepstep.equations import EQUATIONS
    >>> EQUATIONS["linear_forward"].formula
    'Z = W·A_prev + b'
    >>> from deepstep.equations import relu
    >>> print(getdoc(relu).partition("Notes")[2].partition("Examples")[0].strip())
    -----
        A = max(0, Z)
    <BLANKLINE>
    Source: lecture 3.2.
    """

    def register(function: F) -> F:
        name = function.__name__
        if name in EQUATIONS:
            raise ValueError(f"the equation {name} is registered twice")
        origin = source or _forward_of(name).source
        EQUATIONS[name] = Equation(name, formula, origin, function, forms or {})
        if function.__module__.startswith(__package__):  # an equation of DeepStep is public
            exported = function.__globals__.setdefault("__all__", [])
            exported += [] if name in exported else [name]
        return function

    return register


def _forward_of(name: str) -> Equation:
    """The registered forward of a backward: ``relu`` of ``relu_backward``."""
    stem = name.removesuffix("_backward")
    return next(EQUATIONS[known] for known in (stem, f"{stem}_forward", f"{stem}_cost") if known in EQUATIONS)
