"""Heads: what an output means, and the loss that trains it, with its settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial, update_wrapper
from inspect import signature
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from deepstep.equations.registry import Constraint, F, Registry
from deepstep.equations.targets import TARGETS
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.types import AnyArray, Array, plain

__all__ = ["HEADS", "Head", "answers", "example_targets", "formula_symbols", "get_head", "probabilities"]


class HasHead(Protocol):
    """A network that has a head: an `Architecture`."""

    @property
    def activations(self) -> tuple[str, ...]: ...

    @property
    def output(self) -> str: ...

    @property
    def output_settings(self) -> Mapping[str, Any]: ...

    @property
    def n_outputs(self) -> int: ...


Loss: TypeAlias = Callable[..., Array]
"""(ZL or AL, Y, **settings) → the loss (1, m), or its derivative (n_L, m)."""


_FUNCTIONS = ("loss", "loss_backward", "textbook", "textbook_backward", "kinks")


@dataclass(frozen=True)
class Head:
    """Meaning of an output, and the loss that trains it; its functions have the settings in force.

    Attributes
    ----------
    name : str
        A name in ``HEADS``.
    activation : str
        The activation of the output layer, from which the losses by the logits are derived.
    loss, loss_backward : callable
        (ZL, Y) → the loss (1, m) and the derivative of the summed loss (n_L, m), from the logits: they train.
    targets : str
        What Y has to be, a name in ``deepstep.equations.TARGETS``.
    textbook, textbook_backward : callable, optional
        (AL, Y) → the loss and its derivative from the output AL, where there is such a form.
    kinks : callable, optional
        (ZL, Y) → numbers whose sign changes where the loss has no derivative, if there are such places.
    settings : mapping, optional
        Settings in force; by default those of the loss.

    Examples
    --------
    >>> HEADS["poisson"].activation, HEADS["poisson"].targets
    ('exponential', 'counts')
    """

    name: str
    activation: str
    loss: Loss
    loss_backward: Loss
    targets: str
    textbook: Loss | None = None
    textbook_backward: Loss | None = None
    kinks: Loss | None = None
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        keywords = (p for p in signature(self.loss).parameters.values() if p.kind is p.KEYWORD_ONLY)
        settings = {**{p.name: p.default for p in keywords}, **self.settings}
        object.__setattr__(self, "settings", MappingProxyType(settings))

    def __reduce__(self) -> tuple[Any, ...]:
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return Head, tuple({**values, "settings": dict(self.settings)}.values())

    def with_settings(self, where: str = "output_settings", /, **settings: Any) -> "Head":
        """This head with other settings, in JSON's types.

        Parameters
        ----------
        where : str, optional
            Name of these settings for error messages; by position alone, so that no setting is taken for it.
        **settings
            Settings of the loss: ``delta``, ``levels``, ``smoothing``, …

        Returns
        -------
        Head
            A new one; the same one where nothing is set.

        Raises
        ------
        ConfigurationError
            If the loss does not know one of them (the message has the nearest one), or one is out of range.

        Examples
        --------
        >>> dict(get_head("huber").with_settings(delta=2).settings)
        {'delta': 2}
        """
        if not settings:
            return self
        values = {}
        for name, value in settings.items():
            if name not in self.settings:
                raise unknown_name("setting", name, self.settings, setting=where, inside=True)
            values[name] = plain(value)
            setting = SETTINGS.get((self.name, name))
            if setting is not None and not setting.constraint.accepts(values[name]):
                entry = f"{where}[{name!r}]"
                raise ConfigurationError.must_be(entry, setting.constraint.expected, repr(value))
        bound: dict[str, Any] = {kind: _bound(getattr(self, kind), values) for kind in _FUNCTIONS}
        return replace(self, settings={**self.settings, **values}, **bound)


Output: TypeAlias = str | Head | HasHead
"""A name in ``HEADS``, a head, or an architecture with its own."""


class Setting(NamedTuple):
    """A setting of a head, with the text for symbols of formulas by its value and the number of outputs."""

    constraint: Constraint
    symbols: Callable[[Any, int], dict[str, str]] = lambda value, n: {}


HEADS: Registry[Head] = Registry("output", "head")
"""All heads by name: those of DeepStep, then those that were registered."""

SETTINGS: dict[tuple[str, str], Setting] = {}
"""The settings of DeepStep's heads, by head and name."""


def head(
    name: str,
    loss: Loss,
    *,
    activation: str = "identity",
    targets: str = "numbers",
    textbook: tuple[Loss | None, Loss | None] = (None, None),
    kinks: Loss | None = None,
    **settings: Setting,
) -> Callable[[F], F]:
    """Register a loss as a `Head`, with what its settings may be; decorates its backward."""

    def register(loss_backward: F) -> F:
        direct, back = (loss, loss_backward) if activation == "identity" else textbook
        HEADS.add(name, Head(name, activation, loss, loss_backward, targets, direct, back, kinks))
        SETTINGS.update({(name, setting): values for setting, values in settings.items()})
        return loss_backward

    return register


def get_head(output: Output) -> Head:
    """Look a head up: by name with its default settings, or that of an architecture with its own.

    Parameters
    ----------
    output : str or Head or Architecture
        A name in ``HEADS``, or an architecture with its settings.

    Returns
    -------
    Head
        With the settings in force.

    Raises
    ------
    ConfigurationError
        If there is none of that name (the message has the nearest one); if an architecture's settings do not
        fit its head, or its last activation is not the head's.

    Examples
    --------
    >>> from deepstep import Architecture
    >>> shape = Architecture((2, 1), ("identity",), "huber", {"delta": 2.0})
    >>> dict(get_head(shape).settings)
    {'delta': 2.0}
    """
    if isinstance(output, Head):
        return output
    head = HEADS.find(getattr(output, "output", output))
    return head if isinstance(output, str) else _head_of(output, head)


def _head_of(architecture: HasHead, head: Head) -> Head:
    """The head with the architecture's settings, which fit its last activation and number of outputs."""
    last, n_outputs = architecture.activations[-1], architecture.n_outputs
    if last != head.activation:
        requirement = f"{head.activation!r} for the output {head.name!r}"
        hint = f"The output {last!r} has another loss." if last in HEADS else ""
        raise ConfigurationError.must_be("The last activation", requirement, repr(last), hint)
    head = head.with_settings(**architecture.output_settings)
    for name, value in head.settings.items():
        if isinstance(value, tuple) and len(value) != n_outputs:
            problem = f"The {name} {list(value)} need {len(value)} outputs, got {n_outputs}"
            hint = f"Let the last layer have {len(value)} units, or pass other {name}."
            raise ConfigurationError(problem, hint)
    return head


def formula_symbols(head: Head, n_outputs: int) -> dict[str, str]:
    """Symbols in the formulas of this head as its settings make them; for `Equation.written`.

    Parameters
    ----------
    head : Head
        The head with its settings.
    n_outputs : int
        n_L.

    Returns
    -------
    dict
        The text for each symbol; empty where the formulas stand as they are.

    Examples
    --------
    >>> formula_symbols(get_head("softmax").with_settings(smoothing=0.1), 4)
    {'Y': '(0.9·Y + 0.025)'}
    """
    symbols: dict[str, str] = {}
    for name, value in head.settings.items():
        if (head.name, name) in SETTINGS:
            symbols |= SETTINGS[head.name, name].symbols(value, n_outputs)
    return symbols


def _bound(function: Loss | None, settings: Mapping[str, Any]) -> Loss | None:
    """The function with these settings, under its own name."""
    return function and update_wrapper(partial(function, **settings), function)


def answers(output: Output, AL: Array) -> AnyArray:
    """The predictions of an output, or of a target of that kind.

    Parameters
    ----------
    output : str or Head or Architecture
        A name in ``HEADS``, or an architecture with its settings.
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.

    Returns
    -------
    array
        For yes/no outputs 0 and 1, (n_L, m): 1 above one half. For classes, ordered or not, the number of the
        most probable one, from 0, (1, m). For an output that gives numbers, these.

    Raises
    ------
    ConfigurationError
        If there is no such head, or it does not fit.

    Examples
    --------
    >>> answers("ordinal", np.array([[0.9, 0.4], [0.6, 0.1]]))
    array([[2, 0]])
    """
    return TARGETS[get_head(output).targets].predictions(AL)


def probabilities(output: Output, AL: Array) -> Array | None:
    """The probabilities that an output gives.

    Parameters
    ----------
    output : str or Head or Architecture
        A name in ``HEADS``, or an architecture with its settings.
    AL : array of shape (n_L, m)
        Output of the network, float32 or float64.

    Returns
    -------
    array or None
        For yes/no outputs each one's own (n_L, m); for classes one for each, (n_L, m), for ordered ones (n_L
        + 1, m); None for an output that gives numbers.

    Raises
    ------
    ConfigurationError
        If there is no such head, or it does not fit.

    Examples
    --------
    >>> probabilities("ordinal", np.array([[0.75], [0.25]]))
    array([[0.25],
           [0.5 ],
           [0.25]])
    """
    read = TARGETS[get_head(output).targets].probabilities
    return None if read is None else read(AL)


def example_targets(output: Output, n_outputs: int, m: int, *, rng: np.random.Generator) -> Array:
    """A target that the head can learn.

    Parameters
    ----------
    output : str or Head or Architecture
        A name in ``HEADS``, or an architecture with its settings.
    n_outputs, m : int
        Numbers of outputs and of examples.
    rng : Generator
        Where the draws come from.

    Returns
    -------
    Y : array of shape (n_outputs, m)
        Float64, of the kind that the head learns.

    Raises
    ------
    ConfigurationError
        If there is no such head, or it does not fit.

    Examples
    --------
    >>> Y = example_targets("softmax", 3, 5, rng=np.random.default_rng(1))
    >>> Y.shape, Y.sum(axis=0).tolist()
    ((3, 5), [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    return TARGETS[get_head(output).targets].example(rng, n_outputs, m)
