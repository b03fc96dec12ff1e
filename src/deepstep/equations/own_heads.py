"""Users' own losses: a loss with its backward, tried before it may train."""

import numpy as np

from deepstep.equations.activations import get_activation
from deepstep.equations.heads import HEADS, Head, Loss, example_targets, get_head
from deepstep.equations.own_parts import called, name_taken, refuse_built_in
from deepstep.equations.targets import TARGETS
from deepstep.errors import ConfigurationError, naming, unknown_name
from deepstep.types import Array

__all__ = ["register_head", "unregister_head"]

BUILT_IN = frozenset(HEADS)
"""Names that cannot be taken away."""

STEP, TOLERANCE = 1e-6, 1e-6
"""Distance of the central differences: a jump of the second derivative bends them less than the tolerance."""

N_OUTPUTS, M = 3, 24
"""Shape of what a loss is tried on, unless a setting has one value for each output."""


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

    name: A new name, written like a Python name.
    loss: (ZL, Y) → the loss of each example, (1, m), from the pre-activation ZL of the output layer and the
        target Y, both (n_L, m) and float32 or float64. Examples are columns and do not see each other.
        Parameters with a default after ``*`` are settings of the head, ``output_settings`` of a network.
    loss_backward: (ZL, Y) → the derivative of the summed loss by ZL, (n_L, m); with the same settings.
    activation: The output activation: what `Network.forward` gives is its A, and the loss is of its Z.
    targets: What Y has to be, a name in ``deepstep.equations.TARGETS``: "numbers", "counts", "probabilities",
        "classes" (one-hot), "one number" (the same in each row), "cumulative" (of `ordinal_code`). It decides
        how the output is read as an answer, too.
    kinks: (ZL, Y) → an array whose sign changes where the loss has no derivative, such as ``ZL - Y`` for the
        absolute error: there the gradient check compares nothing.
    check: Whether to try the functions on values of ZL from -6 to 6.
    returns: What ``HEADS[name]`` is now, in this process alone: register again before a saved network that
        has it is loaded elsewhere. The same registration once more changes nothing.
    ConfigurationError: If the name is taken or cannot be one, the activation or the kind of targets is
        unknown, or the check finds a wrong shape, dtype or derivative, a changed argument, or examples that
        see each other.

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
    if not (isinstance(name, str) and name.isidentifier()):
        raise ConfigurationError(where, "a name that could be a variable's in Python", f"got {name!r}")
    for kind, function in (("loss", loss), ("loss_backward", loss_backward), ("kinks", kinks)):
        if not (callable(function) or (kind == "kinks" and function is None)):
            raise ConfigurationError(where, f"{kind} of {name!r} is a function", f"got {function!r}")
    get_activation(activation, where)
    if not isinstance(targets, str) or targets not in TARGETS:
        raise unknown_name(where, "kind of targets", targets, TARGETS)
    head = Head(name, activation, loss, loss_backward, targets, kinks=kinks)
    if HEADS.get(name) == head:
        return head
    if name in HEADS:
        raise name_taken(where, "output", name, BUILT_IN, "unregister_head")
    if check:
        with naming(f"the loss {name!r}, when it was tried"):
            _check(head)
    HEADS[name] = head
    return head


def unregister_head(name: str) -> None:
    """Take away a head that was registered.

    name: The name that `register_head` made known.
    ConfigurationError: If there is none of that name, or it is one of DeepStep's own.

    >>> unregister_head("softmax")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: unregister_head: a name that was registered; 'softmax' belongs ...
    """
    where = "unregister_head"
    get_head(name, where)
    refuse_built_in(where, name, BUILT_IN)
    del HEADS[name]


def _check(head: Head) -> None:
    rng = np.random.default_rng(0)
    n = next((len(value) for value in head.settings.values() if isinstance(value, tuple)), N_OUTPUTS)
    Z = rng.permuted(np.tile(np.linspace(-6, 6, M), (n, 1)), axis=1) + rng.uniform(-0.2, 0.2, size=(n, M))
    Y = example_targets(head, n, M, rng=rng)
    for dtype in (np.float32, np.float64):  # float64 last: the comparisons below are of its results
        given: dict[str, Array] = {"ZL": Z.astype(dtype), "Y": Y.astype(dtype)}
        loss = _called(f"the loss of {head.name!r}", head.loss, (1, M), **given)
        dZL = _called(f"the loss_backward of {head.name!r}", head.loss_backward, (n, M), **given)
    for i in range(M):
        alone = head.loss(Z[:, i : i + 1], Y[:, i : i + 1])
        if not np.allclose(alone, loss[:, i : i + 1], rtol=1e-9, atol=1e-12):
            raise ConfigurationError(
                "register_head",
                f"the loss of {head.name!r} gives example {i} alone the same as among others",
                "it does not",
                "Examples are columns: sum over axis=0 with keepdims=True.",
            )
    _check_derivative(head, Z, Y, dZL)


def _called(what: str, function: Loss, shape: tuple[int, int], **given: Array) -> Array:
    """What the function gives; refused unless it is finite, of that shape, and the arguments are whole."""
    where, ZL = "register_head", given["ZL"]
    mend = "Sum over axis=0 with keepdims=True." if shape[0] == 1 else ""
    came = called(where, what, function, given, shape=shape, form=f"shape {shape} here", mend=mend)
    if not np.isfinite(came).all():
        column = int(np.argwhere(~np.isfinite(came))[0][1])
        at = f"ZL = {ZL[:, column].tolist()}, Y = {given['Y'][:, column].tolist()}"
        raise ConfigurationError(where, f"{what} is finite for ZL from -6 to 6", f"it is not at {at}")
    return came


def _check_derivative(head: Head, Z: Array, Y: Array, dZL: Array) -> None:
    numeric = np.empty_like(Z)
    smooth = np.ones(Z.shape, dtype=bool)
    for unit in range(len(Z)):
        above, below = Z.copy(), Z.copy()
        above[unit] += STEP
        below[unit] -= STEP
        change = head.loss(above, Y) - head.loss(below, Y)
        numeric[unit] = change[0] / (above[unit] - below[unit])
        if head.kinks is not None:
            smooth[unit] = ((head.kinks(above, Y) > 0) == (head.kinks(below, Y) > 0)).all(axis=0)
    size = min(1.0, float(np.abs(numeric).max()))
    # a large loss has few digits left for its differences
    rounding = 4 * np.finfo(np.float64).eps * np.abs(head.loss(Z, Y)) / STEP
    gap = np.abs(dZL - numeric) - TOLERANCE * np.maximum(np.abs(numeric), size) - rounding
    gap[~smooth] = 0
    worst = np.unravel_index(np.argmax(gap), gap.shape)
    if gap[worst] > 0:
        raise ConfigurationError(
            "register_head",
            f"the loss_backward of {head.name!r} gives dZL = {numeric[worst]:.6g} at ZL = {Z[worst]:.6g}, "
            f"Y = {Y[worst]:.6g} (output {worst[0]}), by central differences",
            f"got {dZL[worst]:.6g}",
            "Where there is no derivative, let kinks change its sign.",
        )
