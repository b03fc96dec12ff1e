"""Formulas and symbols for the entries of a trace, from the registry."""

from collections.abc import Callable
from inspect import unwrap

from deepstep.equations import Equation, Head, equation_of, formula_symbols, get_head, layer_symbols
from deepstep.network import Architecture
from deepstep.types import Array

OF_THE_SCALED = {"W": "W_s1", "dW": "dW_s1"}
"""Symbols of a layer whose weights carry the factors of the inputs."""


def renamed(equation: Equation, left: str, symbols: dict[str, str], name: str, other: str) -> str:
    """The statement, in which the quantity on the left side has another name than on the right."""
    return equation.written(left, symbols).replace(name, other, 1)


def equation_of_the_head(head: Head, function: Callable[..., Array], left: str) -> Equation:
    """The equation of a head's function, which with settings is a wrapper; of a user's own one a call."""
    name = getattr(function, "__name__", head.name)
    return equation_of(unwrap(function), name, f"{left} = {name}(ZL, Y)")


def head_symbols(architecture: Architecture) -> dict[str, str]:
    """The symbols of the output layer, with the head's settings as numbers."""
    head, L = get_head(architecture), architecture.n_layers
    symbols = layer_symbols(L, L) | formula_symbols(head, architecture.n_outputs)
    return symbols | dict.fromkeys(("A", "AL"), f"g(Z{L})") if head.members else symbols
