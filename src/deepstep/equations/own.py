"""Users' own activations and heads: tried before they may train, then registered like DeepStep's."""

from collections.abc import Callable, Iterable
from functools import partial
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
    deepstep.errors.ConfigurationError: The backward of 'square' gives dZ = ...
    >>> activation = register_activation("square", square, lambda dA, Z: 2 * dA * Z)
    >>> unregister_activation("square")
    """
    _check_functions(forward=forward, backward=backward)
    places = _places("kinks", kinks), bool(across_units), _places("bends", bends)
    activation = Activation(forward, backward, *places)
    trial = partial(_try_activation, name, activation) if check else None
    return ACTIVATIONS.register(name, activation, trial)


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
    deepstep.errors.ConfigurationError: 'relu' belongs to DeepStep and stays registered.
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
    deepstep.errors.ConfigurationError: The loss_backward of 'fourth_power' gives dZL = ...
    >>> head = register_head("fourth_power", fourth_power, lambda ZL, Y: 4 * (ZL - Y) ** 3)
    >>> unregister_head("fourth_power")
    """
    _check_functions(loss=loss, loss_backward=loss_backward)
    if kinks is not None:
        _check_functions(kinks=kinks)
    get_activation(activation)
    TARGETS.find(targets)
    head = Head(name, activation, loss, loss_backward, targets, kinks=kinks)
    return HEADS.register(name, head, partial(_try_head, head) if check else None)


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
    deepstep.errors.ConfigurationError: 'softmax' belongs to DeepStep and stays registered.
    """
    HEADS.unregister(name)


def _check_functions(**functions: Any) -> None:
    for argument, function in functions.items():
        if not callable(function):
            raise ConfigurationError.must_be(argument, "a function", repr(function))


def _places(argument: str, values: Any) -> tuple[float, ...]:
    if not isinstance(values, Iterable) or not all(map(is_number, places := tuple(values))):
        lacks = {"kinks": "without a derivative", "bends": "at which the second derivative jumps"}[argument]
        requirement, hint = f"the finite values of Z {lacks}", f"For example {argument}=(0.0,)."
        raise ConfigurationError.must_be(argument, requirement, repr(values), hint)
    return tuple(map(float, places))


def _try_activation(name: str, activation: Activation) -> None:
    """Refuse an activation that breaks its contract for Z from -30 to 30."""
    rng = np.random.default_rng(0)
    # Whole numbers because corners like them: a kink that was not named is found there.
    points = [*range(-6, 7), -30, -20, -10, 10, 20, 30, *rng.uniform(-4, 4, size=16)]
    points += [kink + distance for kink in activation.kinks for distance in (-0.5, -0.01, 0.01, 0.5)]
    Z: Array = rng.permuted(np.tile(np.array(points, dtype=np.float64), (4, 1)), axis=1)
    if activation.across_units:
        Z += rng.uniform(-0.3, 0.3, size=Z.shape)  # no ties: a maximum over the units has no derivative there
    dA, form = rng.standard_normal(Z.shape), f"the shape of Z, {Z.shape}"
    domain = "Z from -30 to 30"
    forward = _Trial(f"The forward of {name!r}", activation.forward, domain)
    backward = _Trial(f"The backward of {name!r}", activation.backward, domain)
    with naming(f"the activation {name!r}, when it was tried"):
        for dtype in (np.float32, np.float64):  # float64 last: the comparisons below are of its results
            arguments: dict[str, Array] = {"dA": dA.astype(dtype), "Z": Z.astype(dtype)}
            A = forward.new_array({"Z": arguments["Z"]}, form)
            dZ = backward.new_array(arguments, form)
        for i in range(Z.shape[1]):
            forward.check_alone(f"example {i}", Z[:, i : i + 1], A[:, i : i + 1], "Examples are columns.")
        for i in range(0 if activation.across_units else len(Z)):
            forward.check_alone(f"unit {i}", Z[i : i + 1], A[i : i + 1], "Pass across_units=True.")
        backward.check_derivative(
            dZ,
            {"Z": Z, "dA": dA},
            values=lambda Z: dA * activation.forward(Z),
            sides=lambda Z: np.concatenate([kink < Z for kink in (*activation.kinks, np.inf)]),
            hint="Where there is no derivative, name that Z in kinks.",
        )


def _try_head(head: Head) -> None:
    """Refuse a loss that breaks its contract for ZL from -6 to 6."""
    rng = np.random.default_rng(0)
    n = next((len(value) for value in head.settings.values() if isinstance(value, tuple)), N_OUTPUTS)
    Z = rng.permuted(np.tile(np.linspace(-6, 6, M), (n, 1)), axis=1) + rng.uniform(-0.2, 0.2, size=(n, M))
    Y = example_targets(head, n, M, rng=rng)
    kinks = head.kinks or (lambda ZL, Y: np.zeros_like(ZL))
    domain = "ZL from -6 to 6"
    forward = _Trial(f"The loss of {head.name!r}", head.loss, domain)
    backward = _Trial(f"The loss_backward of {head.name!r}", head.loss_backward, domain)
    hint = "Sum over axis=0 with keepdims=True."
    with naming(f"the loss {head.name!r}, when it was tried"):
        for dtype in (np.float32, np.float64):  # float64 last: the comparisons below are of its results
            arguments: dict[str, Array] = {"ZL": Z.astype(dtype), "Y": Y.astype(dtype)}
            loss = forward.array(arguments, (1, M), f"shape {(1, M)} here", hint)
            dZL = backward.array(arguments, (n, M), f"shape {(n, M)} here")
        for i in range(M):
            column = np.s_[:, i : i + 1]
            Z_i, Y_i, loss_i = Z[column], Y[column], loss[column]
            forward.check_alone(f"example {i}", Z_i, loss_i, f"Examples are columns. {hint}", Y_i)
        backward.check_derivative(
            dZL,
            {"ZL": Z, "Y": Y},
            values=lambda ZL: head.loss(ZL, Y),
            sides=lambda ZL: kinks(ZL, Y) > 0,
            hint="Where there is no derivative, let kinks change its sign.",
        )


class _Trial(NamedTuple):
    """A user's function on trial, with its name for error messages."""

    what: str
    function: Callable[..., Any]
    domain: str

    def array(self, arguments: dict[str, Array], shape: tuple[int, ...], form: str, hint: str = "") -> Array:
        """The result: a finite array of that shape and dtype; the arguments stay as they are."""
        before = {argument: value.copy() for argument, value in arguments.items()}
        result = self.function(*arguments.values())
        for argument, value in arguments.items():
            if not np.array_equal(value, before[argument]):
                raise ConfigurationError(f"{self.what} changes its argument {argument}", "Work on a copy.")
        if not isinstance(result, np.ndarray) or result.shape != shape:
            kind = f"shape {result.shape}" if isinstance(result, np.ndarray) else type(result).__name__
            raise ConfigurationError(f"{self.what} must give an array of {form}, got {kind}", hint)
        dtype = next(iter(arguments.values())).dtype
        if result.dtype != dtype:
            plain = "Plain Python numbers keep float32, NumPy's float64 numbers do not."
            raise ConfigurationError(f"{self.what} gives {result.dtype} for {dtype}", plain)
        if not np.isfinite(result).all():
            unit, i = np.argwhere(~np.isfinite(result))[0]
            point = ", ".join(f"{name} = {value[:, i].tolist()}" for name, value in arguments.items())
            problem = f"{self.what} must be finite for {self.domain}, got {result[unit, i]} at {point}"
            raise ConfigurationError(problem)
        return result

    def new_array(self, arguments: dict[str, Array], form: str) -> Array:
        """The result for an array like Z, which may not be an argument itself."""
        result = self.array(arguments, arguments["Z"].shape, form)
        if any(np.shares_memory(result, value) for value in arguments.values()):
            raise ConfigurationError(f"{self.what} shares its argument's memory", "Return a copy.")
        return result

    def check_alone(self, part: str, Z: Array, among: Array, hint: str, *others: Array) -> None:
        """Refuse a function that gives an example or a unit alone something else than among others."""
        if not np.allclose(self.function(Z, *others), among, rtol=1e-9, atol=1e-12):
            raise ConfigurationError(f"{self.what} gives {part} another value alone than among others", hint)

    def check_derivative(
        self,
        derivative: Array,
        point: dict[str, Array],
        *,
        values: Callable[[Array], Array],
        sides: Callable[[Array], AnyArray],
        hint: str,
    ) -> None:
        """Refuse what is not the derivative of the summed values by the first of ``point``; not at kinks."""
        (name, Z), *_ = point.items()
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
        gap = np.where(at_a_kink, 0, np.abs(derivative - numeric) - TOLERANCE * size - rounding)
        worst = np.unravel_index(np.argmax(gap), gap.shape)
        if gap[worst] > 0:
            place = ", ".join(f"{symbol} = {value[worst]:.6g}" for symbol, value in point.items())
            problem = f"{self.what} gives d{name} = {derivative[worst]:.6g} at {place} (unit {worst[0]})"
            raise ConfigurationError(f"{problem}, central differences {numeric[worst]:.6g}", hint)
