"""Users' own activations and heads: tried before they may train, then registered like DeepStep's."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations.activations import ACTIVATIONS, Activation, get_activation
from deepstep.equations.heads import HEADS, Head, Loss, example_targets
from deepstep.equations.targets import TARGETS
from deepstep.errors import ConfigurationError, naming
from deepstep.types import AnyArray, Array, is_number

__all__ = ["register_activation", "register_head", "unregister_activation", "unregister_head"]

STEP, TOLERANCE = 1e-6, 1e-6
"""Step and tolerance of central differences: a jump of the second derivative, as elu has one, passes."""

N_OUTPUTS, M = 3, 24
"""Shape of what a loss is tried on, unless a setting has one value for each output."""


def register_activation(
    name: str,
    forward: Callable[[Array], Array],
    backward: Callable[[Array, Array], Array],
    *,
    kinks: Iterable[float] = (),
    across_units: bool = False,
    bends: Iterable[float] = (),
    check: bool = True,
) -> Activation:
    """Make an own activation known by name, after its backward was compared with central differences.

    Parameters
    ----------
    name : str
        A new name, written like a Python name.
    forward : callable
        Z of shape (n, m) → A of the same shape and dtype (float32 or float64), a new array. A column is an
        example, and examples do not see each other.
    backward : callable
        (dA, Z) → dZ, the derivative of Σ dA ∘ A by Z.
    kinks : iterable of float, optional
        Values of Z at which there is no derivative, such as 0 for relu.
    across_units : bool, optional
        Whether a unit's output depends on other units or on its place among them, as in softmax.
    bends : iterable of float, optional
        Values of Z at which the second derivative jumps, such as 0 for elu; there the gradient check takes
        shorter steps, or states a larger error of its own.
    check : bool, optional
        Whether to try both functions on values of Z from -30 to 30.

    Returns
    -------
    Activation
        What ``ACTIVATIONS[name]`` is now, in this process alone: register again before a saved network that
        has it is loaded elsewhere. The same registration once more changes nothing.

    Raises
    ------
    ConfigurationError
        If the name is taken or cannot be one, or the check finds a wrong shape, dtype or derivative, a
        changed argument, or examples or units that see each other.

    Examples
    --------
    >>> from deepstep.equations import register_activation, unregister_activation
    >>> def square(Z):
    ...     return Z * Z
    >>> register_activation("square", square, lambda dA, Z: dA * Z)
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: register_activation: the backward of 'square' gives dZ = ...
    >>> own = register_activation("square", square, lambda dA, Z: 2 * dA * Z)
    >>> unregister_activation("square")
    """
    _check_functions("register_activation", name, {"forward": forward, "backward": backward})
    places = _places("kinks", kinks, name), bool(across_units), _places("bends", bends, name)
    own = Activation(forward, backward, *places)
    return ACTIVATIONS.register(name, own, (lambda: _try_activation(name, own)) if check else None)


def unregister_activation(name: str) -> None:
    """Take away an activation that was registered.

    Parameters
    ----------
    name : str
        The name that `register_activation` made known.

    Raises
    ------
    ConfigurationError
        If there is none of that name, or it is one of DeepStep's own.

    Examples
    --------
    >>> unregister_activation("relu")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: unregister_activation: a name that was registered; 'relu' ...
    """
    ACTIVATIONS.unregister(name)


def register_head(
    name: str,
    loss: Loss,
    loss_backward: Loss,
    *,
    activation: str = "identity",
    targets: str = "numbers",
    kinks: Loss | None = None,
    check: bool = True,
) -> Head:
    """Make an own loss known by name, after its backward was compared with central differences.

    Parameters
    ----------
    name : str
        A new name, written like a Python name.
    loss : callable
        (ZL, Y) → the loss of each example, (1, m), from the pre-activation ZL of the output layer and the
        target Y, both (n_L, m) and float32 or float64. Examples are columns and do not see each other.
        Parameters with a default after ``*`` are settings of the head, ``output_settings`` of a network.
    loss_backward : callable
        (ZL, Y) → the derivative of the summed loss by ZL, (n_L, m); with the same settings.
    activation : str, optional
        The output activation: what `Network.forward` gives is its A, and the loss is of its Z.
    targets : str, optional
        What Y has to be, a name in ``deepstep.equations.TARGETS``: "numbers", "counts", "probabilities",
        "classes" (one-hot), "one number" (the same in each row), "cumulative" (of `ordinal_code`). It decides
        how the output is read as an answer, too.
    kinks : callable, optional
        (ZL, Y) → an array whose sign changes where the loss has no derivative, such as ``ZL - Y`` for the
        absolute error: there the gradient check compares nothing.
    check : bool, optional
        Whether to try the functions on values of ZL from -6 to 6.

    Returns
    -------
    Head
        What ``HEADS[name]`` is now, in this process alone: register again before a saved network that has it
        is loaded elsewhere. The same registration once more changes nothing.

    Raises
    ------
    ConfigurationError
        If the name is taken or cannot be one, the activation or the kind of targets is unknown, or the check
        finds a wrong shape, dtype or derivative, a changed argument, or examples that see each other.

    Examples
    --------
    >>> from deepstep.equations import register_head, unregister_head
    >>> def fourth_power(ZL, Y):
    ...     return np.sum((ZL - Y) ** 4, axis=0, keepdims=True)
    >>> register_head("fourth_power", fourth_power, lambda ZL, Y: (ZL - Y) ** 3)
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: register_head: the loss_backward of 'fourth_power' gives dZL = ...
    >>> own = register_head("fourth_power", fourth_power, lambda ZL, Y: 4 * (ZL - Y) ** 3)
    >>> unregister_head("fourth_power")
    """
    where = "register_head"
    _check_functions(where, name, {"loss": loss, "loss_backward": loss_backward})
    _check_functions(where, name, {"kinks": kinks} if kinks is not None else {})
    get_activation(activation, where)
    TARGETS.find(targets, where)
    own = Head(name, activation, loss, loss_backward, targets, kinks=kinks)
    return HEADS.register(name, own, (lambda: _try_head(own)) if check else None)


def unregister_head(name: str) -> None:
    """Take away a head that was registered.

    Parameters
    ----------
    name : str
        The name that `register_head` made known.

    Raises
    ------
    ConfigurationError
        If there is none of that name, or it is one of DeepStep's own.

    Examples
    --------
    >>> unregister_head("softmax")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: unregister_head: a name that was registered; 'softmax' belongs ...
    """
    HEADS.unregister(name)


def _check_functions(where: str, name: Any, functions: dict[str, Any]) -> None:
    for kind, function in functions.items():
        if not callable(function):
            raise ConfigurationError(where, f"{kind} of {name!r} is a function", f"got {function!r}")


def _places(setting: str, given: Any, name: Any) -> tuple[float, ...]:
    if not isinstance(given, Iterable) or not all(map(is_number, places := tuple(given))):
        lacks = {"kinks": "without a derivative", "bends": "at which the second derivative jumps"}[setting]
        expected = f"{setting} of {name!r} are the finite values of Z {lacks}"
        hint = f"For example {setting}=(0.0,)."
        raise ConfigurationError("register_activation", expected, f"got {given!r}", hint)
    return tuple(map(float, places))


def _try_activation(name: str, own: Activation) -> None:
    """Refuse an activation that breaks its contract for Z from -30 to 30."""
    rng = np.random.default_rng(0)
    # Whole numbers because corners like them: a kink that was not named is found there.
    points = [*range(-6, 7), -30, -20, -10, 10, 20, 30, *rng.uniform(-4, 4, size=16)]
    points += [kink + distance for kink in own.kinks for distance in (-0.5, -0.01, 0.01, 0.5)]
    Z: Array = rng.permuted(np.tile(np.array(points, dtype=np.float64), (4, 1)), axis=1)
    if own.across_units:
        Z += rng.uniform(-0.3, 0.3, size=Z.shape)  # no ties: a maximum over the units has no derivative there
    dA, form = rng.standard_normal(Z.shape), f"the shape of Z, {Z.shape}"
    where, domain = "register_activation", "Z from -30 to 30"
    forward = _Trial(where, f"the forward of {name!r}", own.forward, domain)
    backward = _Trial(where, f"the backward of {name!r}", own.backward, domain)
    with naming(f"the activation {name!r}, when it was tried"):
        for dtype in (np.float32, np.float64):  # float64 last: the comparisons below are of its results
            given: dict[str, Array] = {"dA": dA.astype(dtype), "Z": Z.astype(dtype)}
            A = forward.new_array({"Z": given["Z"]}, form)
            dZ = backward.new_array(given, form)
        for i in range(Z.shape[1]):
            forward.check_alone(f"example {i}", Z[:, i : i + 1], A[:, i : i + 1], "Examples are columns.")
        for i in range(0 if own.across_units else len(Z)):
            forward.check_alone(f"unit {i}", Z[i : i + 1], A[i : i + 1], "Pass across_units=True.")
        backward.check_derivative(
            dZ,
            {"Z": Z, "dA": dA},
            values=lambda Z: dA * own.forward(Z),
            sides=lambda Z: np.concatenate([kink < Z for kink in (*own.kinks, np.inf)]),
            hint="Where there is no derivative, name that Z in kinks.",
        )


def _try_head(own: Head) -> None:
    """Refuse a loss that breaks its contract for ZL from -6 to 6."""
    rng = np.random.default_rng(0)
    n = next((len(value) for value in own.settings.values() if isinstance(value, tuple)), N_OUTPUTS)
    Z = rng.permuted(np.tile(np.linspace(-6, 6, M), (n, 1)), axis=1) + rng.uniform(-0.2, 0.2, size=(n, M))
    Y = example_targets(own, n, M, rng=rng)
    kinks = own.kinks or (lambda ZL, Y: np.zeros_like(ZL))
    where, domain = "register_head", "ZL from -6 to 6"
    forward = _Trial(where, f"the loss of {own.name!r}", own.loss, domain)
    backward = _Trial(where, f"the loss_backward of {own.name!r}", own.loss_backward, domain)
    hint = "Sum over axis=0 with keepdims=True."
    with naming(f"the loss {own.name!r}, when it was tried"):
        for dtype in (np.float32, np.float64):  # float64 last: the comparisons below are of its results
            given: dict[str, Array] = {"ZL": Z.astype(dtype), "Y": Y.astype(dtype)}
            loss = forward.array(given, (1, M), f"shape {(1, M)} here", hint)
            dZL = backward.array(given, (n, M), f"shape {(n, M)} here")
        for i in range(M):
            at = np.s_[:, i : i + 1]
            forward.check_alone(f"example {i}", Z[at], loss[at], f"Examples are columns. {hint}", Y[at])
        backward.check_derivative(
            dZL,
            {"ZL": Z, "Y": Y},
            values=lambda ZL: own.loss(ZL, Y),
            sides=lambda ZL: kinks(ZL, Y) > 0,
            hint="Where there is no derivative, let kinks change its sign.",
        )


class _Trial(NamedTuple):
    """A user's function on trial, with its names for error messages."""

    where: str
    what: str
    function: Callable[..., Any]
    domain: str

    def error(self, expected: str, got: str, hint: str = "") -> ConfigurationError:
        """The error where the function does not do what is expected."""
        return ConfigurationError(self.where, f"{self.what} {expected}", got, hint)

    def array(self, given: dict[str, Array], shape: tuple[int, ...], form: str, hint: str = "") -> Array:
        """The result: a finite array of that shape and dtype; the arguments stay as they are."""
        before = {argument: value.copy() for argument, value in given.items()}
        got = self.function(*given.values())
        for argument, value in given.items():
            if not np.array_equal(value, before[argument]):
                raise self.error(f"leaves {argument} as it is", "it was changed", "Work on a copy.")
        if not isinstance(got, np.ndarray) or got.shape != shape:
            got = f"shape {got.shape}" if isinstance(got, np.ndarray) else type(got).__name__
            raise self.error(f"gives an array of {form}", f"got {got}", hint)
        dtype = next(iter(given.values())).dtype
        if got.dtype != dtype:
            plain = "Plain Python numbers keep float32, NumPy's float64 numbers do not."
            raise self.error(f"gives {dtype} for {dtype}", f"got {got.dtype}", plain)
        if not np.isfinite(got).all():
            unit, i = np.argwhere(~np.isfinite(got))[0]
            at = ", ".join(f"{name} = {value[:, i].tolist()}" for name, value in given.items())
            raise self.error(f"is finite for {self.domain}", f"got {got[unit, i]} at {at}")
        return got

    def new_array(self, given: dict[str, Array], form: str) -> Array:
        """The same for an array like Z, which may not be an argument itself."""
        got = self.array(given, given["Z"].shape, form)
        if any(np.shares_memory(got, value) for value in given.values()):
            raise self.error("gives a new array", "it shares its argument's memory", "Return a copy.")
        return got

    def check_alone(self, part: str, Z: Array, among: Array, hint: str, *others: Array) -> None:
        """Refuse a function that gives an example or a unit alone something else than among others."""
        if not np.allclose(self.function(Z, *others), among, rtol=1e-9, atol=1e-12):
            raise self.error(f"gives {part} alone the same as among others", "it does not", hint)

    def check_derivative(
        self,
        given: Array,
        at: dict[str, Array],
        *,
        values: Callable[[Array], Array],
        sides: Callable[[Array], AnyArray],
        hint: str,
    ) -> None:
        """Refuse what is not the derivative of the summed values by the first of ``at``, away from kinks."""
        (name, Z), *_ = at.items()
        numeric, at_a_kink = np.empty_like(Z), np.empty(Z.shape, bool)
        for unit in range(len(Z)):
            above, below = Z.copy(), Z.copy()
            above[unit] += STEP
            below[unit] -= STEP
            numeric[unit] = (values(above) - values(below)).sum(axis=0) / (above[unit] - below[unit])
            at_a_kink[unit] = (sides(above) != sides(below)).any(axis=0)
        size = np.maximum(np.abs(numeric), min(1.0, float(np.abs(numeric).max())))
        # a large value has few digits left for its differences
        rounding = 4 * np.finfo(np.float64).eps * np.abs(values(Z)).sum(axis=0) / STEP
        gap = np.where(at_a_kink, 0, np.abs(given - numeric) - TOLERANCE * size - rounding)
        worst = np.unravel_index(np.argmax(gap), gap.shape)
        if gap[worst] > 0:
            place = ", ".join(f"{symbol} = {value[worst]:.6g}" for symbol, value in at.items())
            expected = f"gives d{name} = {numeric[worst]:.6g} at {place} (unit {worst[0]})"
            raise self.error(f"{expected}, by central differences", f"got {given[worst]:.6g}", hint)
