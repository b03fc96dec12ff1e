"""Users' own activations: a forward and a backward, tried before they may train."""

from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any

import numpy as np

from deepstep.equations.activations import ACTIVATIONS, Activation, get_activation
from deepstep.equations.own_parts import called, name_taken, refuse_built_in
from deepstep.errors import ConfigurationError, naming
from deepstep.types import Array

__all__ = ["register_activation", "unregister_activation"]

BUILT_IN = frozenset(ACTIVATIONS)
"""Names that cannot be taken away."""

STEP, TOLERANCE = 1e-6, 1e-6
"""Of the central differences: so short that a jump of the second derivative passes, as elu has one."""


def register_activation(
    name: str,
    forward: Callable[[Array], Array],
    backward: Callable[[Array, Array], Array],
    *,
    kinks: Iterable[float] = (),
    across_units: bool = False,
    check: bool = True,
) -> Activation:
    """Make an own activation known by name, after its backward was compared with central differences.

    name: A new name, written like a Python name.
    forward: Z of shape (n, m) → A of the same shape and dtype (float32 or float64), a new array. A column is
        an example, and examples do not see each other.
    backward: (dA, Z) → dZ, the derivative of Σ dA ∘ A by Z.
    kinks: Values of Z at which there is no derivative, such as 0 for relu.
    across_units: Whether a unit's output depends on other units or on its place among them, as softmax's
        does.
    check: Whether to try both functions on values of Z from -30 to 30.
    returns: What ``ACTIVATIONS[name]`` is now, in this process alone: register again before a saved network
        that has it is loaded elsewhere. The same registration once more changes nothing.
    ConfigurationError: If the name is taken or cannot be one, or the check finds a wrong shape, dtype or
        derivative, a changed argument, or examples or units that see each other.

    >>> from deepstep.equations import register_activation, unregister_activation
    >>> def square(Z):
    ...     return Z * Z
    >>> register_activation("square", square, lambda dA, Z: dA * Z)
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: register_activation: the backward of 'square' gives dZ = ...
    >>> own = register_activation("square", square, lambda dA, Z: 2 * dA * Z)
    >>> unregister_activation("square")
    """
    where = "register_activation"
    if not (isinstance(name, str) and name.isidentifier()):
        raise ConfigurationError(where, "a name that could be a variable's in Python", f"got {name!r}")
    for kind, function in (("forward", forward), ("backward", backward)):
        if not callable(function):
            raise ConfigurationError(where, f"{kind} of {name!r} is a function", f"got {function!r}")
    activation = Activation(forward, backward, _kinks(kinks, name), bool(across_units))
    if ACTIVATIONS.get(name) == activation:
        return activation
    if name in ACTIVATIONS:
        raise name_taken(where, "activation", name, BUILT_IN, "unregister_activation")
    if check:
        with naming(f"the activation {name!r}, when it was tried"):
            _check(name, activation)
    ACTIVATIONS[name] = activation
    return activation


def unregister_activation(name: str) -> None:
    """Take away an activation that was registered.

    name: The name that `register_activation` made known.
    ConfigurationError: If there is none of that name, or it is one of DeepStep's own.

    >>> unregister_activation("relu")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: unregister_activation: a name that was registered; 'relu' ...
    """
    where = "unregister_activation"
    get_activation(name, where)
    refuse_built_in(where, name, BUILT_IN)
    del ACTIVATIONS[name]


def _kinks(kinks: Any, name: str) -> tuple[float, ...]:
    try:
        places = tuple(float(place) for place in kinks)
    except (TypeError, ValueError):
        places = (float("nan"),)
    if not all(map(isfinite, places)):
        raise ConfigurationError(
            "register_activation",
            f"kinks of {name!r} are the finite values of Z without a derivative",
            f"got {kinks!r}",
            "For example kinks=(0.0,).",
        )
    return places


def _check(name: str, activation: Activation) -> None:
    rng = np.random.default_rng(0)
    # Whole numbers because corners like them: a kink that was not named is found there.
    points = [*range(-6, 7), -30, -20, -10, 10, 20, 30, *rng.uniform(-4, 4, size=16)]
    points += [kink + distance for kink in activation.kinks for distance in (-0.5, -0.01, 0.01, 0.5)]
    Z: Array = rng.permuted(np.tile(np.array(points, dtype=np.float64), (4, 1)), axis=1)
    if activation.across_units:
        Z += rng.uniform(-0.3, 0.3, size=Z.shape)  # no ties: a maximum over the units has no derivative there
    dA = rng.standard_normal(Z.shape)
    for dtype in (np.float32, np.float64):  # float64 last: the comparisons below are of its results
        given: dict[str, Array] = {"dA": dA.astype(dtype), "Z": Z.astype(dtype)}
        A = _called(f"the forward of {name!r}", activation.forward, Z=given["Z"])
        dZ = _called(f"the backward of {name!r}", activation.backward, **given)
    _check_independence(name, activation, Z, A)
    _check_derivative(name, activation, dA, Z, dZ)


def _called(what: str, function: Callable[..., Any], **given: Array) -> Array:
    """What the function gives: a new, finite array like Z, or a refusal."""
    where, Z = "register_activation", given["Z"]
    came = called(where, what, function, given, shape=Z.shape, form=f"the shape of Z, {Z.shape}")
    if any(np.shares_memory(came, value) for value in given.values()):
        mend = "Return a copy."
        raise ConfigurationError(where, f"{what} gives a new array", "it shares its argument's memory", mend)
    if not np.isfinite(came).all():
        place = tuple(np.argwhere(~np.isfinite(came))[0])
        at = f"got {came[place]} at Z = {Z[place]:.6g}"
        raise ConfigurationError(where, f"{what} is finite for Z from -30 to 30", at)
    return came


def _check_independence(name: str, activation: Activation, Z: Array, A: Array) -> None:
    """A column alone gives the same as among others; so does a row, except across units."""
    parts: list[tuple[str, Any, str]] = [
        (f"example {i}", np.s_[:, i : i + 1], "Examples are columns.") for i in range(Z.shape[1])
    ]
    if not activation.across_units:
        parts += [(f"unit {i}", np.s_[i : i + 1], "Pass across_units=True.") for i in range(Z.shape[0])]
    for part, place, mend in parts:
        if not np.allclose(activation.forward(Z[place]), A[place], rtol=1e-9, atol=1e-12):
            raise ConfigurationError(
                "register_activation",
                f"the forward of {name!r} gives {part} alone the same as among others",
                "it does not",
                mend,
            )


def _check_derivative(name: str, activation: Activation, dA: Array, Z: Array, dZ: Array) -> None:
    numeric = np.empty_like(Z)
    for unit in range(len(Z)):
        above, below = Z.copy(), Z.copy()
        above[unit] += STEP
        below[unit] -= STEP
        change = activation.forward(above) - activation.forward(below)
        numeric[unit] = (dA * change).sum(axis=0) / (above[unit] - below[unit])
    size = min(1.0, float(np.abs(numeric).max()))
    gap = np.abs(dZ - numeric) - TOLERANCE * np.maximum(np.abs(numeric), size)
    for kink in activation.kinks:
        gap[np.abs(Z - kink) <= 2 * STEP] = 0
    worst = np.unravel_index(np.argmax(gap), gap.shape)
    if gap[worst] > 0:
        raise ConfigurationError(
            "register_activation",
            f"the backward of {name!r} gives dZ = {numeric[worst]:.6g} at Z = {Z[worst]:.6g} with "
            f"dA = {dA[worst]:.6g}, by central differences",
            f"got {dZ[worst]:.6g}",
            "Where there is no derivative, name that Z in kinks.",
        )
