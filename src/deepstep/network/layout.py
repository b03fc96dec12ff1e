"""Names and shapes of all weights and biases, in the order in which they lie in one flat vector."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

Layout: TypeAlias = tuple[tuple[str, tuple[int, int]], ...]
"""Names and shapes in the order in which they lie in the flat vector."""

PARAMETER = re.compile(r"(W|b|gamma|s|r|alpha)(\d+)")
"""What names of parameters look like: the kind, and the layer."""


def kind_and_layer(name: str) -> tuple[str, int]:
    """What a parameter's name says.

    Parameters
    ----------
    name : str
        ``"W1"``, ``"gamma2"``, …

    Returns
    -------
    kind : str
        ``"W"``, ``"b"``, ``"gamma"``, ``"s"``, ``"r"`` or ``"alpha"``.
    layer : int
        l.

    Raises
    ------
    ValueError
        If it is no name of a parameter.

    Examples
    --------
    >>> kind_and_layer("gamma12")
    ('gamma', 12)
    """
    found = PARAMETER.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no name of a parameter")
    return found[1], int(found[2])


def parameter_count(
    layer_dims: Sequence[int],
    normalized: Sequence[int] = (),
    *,
    input_scale: bool = False,
    bent: Sequence[int] = (),
    members: int = 0,
) -> int:
    """Number of weights, biases, scales and factors of a network.

    Parameters
    ----------
    layer_dims : sequence of int
        n_0, n_1, …, n_L.
    normalized : sequence of int
        Numbers of the layers that have a gamma.
    input_scale : bool
        Whether there is a factor for each input.
    bent : sequence of int
        Numbers of the layers that have an alpha.
    members : int
        K, how many networks share them; 0 for an ordinary network.

    Returns
    -------
    int
        The length of θ.

    Examples
    --------
    >>> parameter_count([2, 4, 1]), parameter_count([2, 4, 1], normalized=[1])
    (17, 21)
    """
    layout = layout_of(chain(layer_dims, members), normalized, input_scale, bent, members)
    return sum(n * columns for _, (n, columns) in layout)


def chain(layer_dims: Sequence[int], members: int = 0) -> tuple[tuple[int, int], ...]:
    """The shapes of W1 … WL; the last one has the outputs of each member, one under the other."""
    *hidden, n_outputs = layer_dims
    return tuple((n, n_prev) for n_prev, n in pairwise([*hidden, max(1, members) * n_outputs]))


def layout_of(
    shapes: Sequence[tuple[int, int]],
    normalized: Sequence[int],
    input_scale: bool,
    bent: Sequence[int],
    members: int = 0,
) -> Layout:
    """W1, b1, then of gamma1, s1, r1, alpha1 those that there are, W2, …; the output layer has no alpha."""
    layout: list[tuple[str, tuple[int, int]]] = []
    for layer, (n, n_prev) in enumerate(shapes, start=1):
        layout += [(f"W{layer}", (n, n_prev)), (f"b{layer}", (n, 1))]
        if layer in normalized:
            layout.append((f"gamma{layer}", (n, 1)))
        if layer == 1 and input_scale:
            layout.append(("s1", (n_prev, 1)))
        if layer == 1 and members:
            layout.append(("r1", (members, n_prev)))
        if layer in bent and layer < len(shapes):
            layout.append((f"alpha{layer}", (n, 1)))
    return tuple(layout)


@lru_cache(maxsize=64)
def parts_of(layout: Layout) -> tuple[tuple[int, ...], bool, tuple[int, ...]]:
    """The layers with a gamma, whether inputs have factors, the layers with an alpha."""
    kinds = [kind_and_layer(name) for name, _ in layout]
    normalized, bent = (
        tuple(layer for kind, layer in kinds if kind == wanted) for wanted in ("gamma", "alpha")
    )
    return normalized, ("s", 1) in kinds, bent
