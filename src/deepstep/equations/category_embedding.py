"""Embedding of categories: inputs that are codes 0, 1, … become rows of a table that is learned."""

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from itertools import accumulate
from typing import Any

import numpy as np

from deepstep.equations.example_gradients import PerExample
from deepstep.equations.graph import Operations, feature
from deepstep.equations.linear import rows_in_place
from deepstep.equations.ops import Layer, Learned, Op, op
from deepstep.equations.registry import equation
from deepstep.types import AnyArray, Array, is_whole

SOURCE = "arXiv 2106.11959, section 3; arXiv 2407.04491 (RealMLP)"
SIZE = 8
"""Numbers for each category, where nothing else is asked for."""


@equation("X_e = [X without the codes; T[code]ᵀ of each]", source=SOURCE)
def embed_categories(X: Array, T: Array, *, inputs: Sequence[int], counts: Sequence[int]) -> Array:
    """The inputs with their codes replaced by rows of a table.

    X (n_0, m): Inputs; a column is an example. Some rows are codes: whole numbers from 0 to below the count.
        A code out of range is taken as 0, the category of what is missing or unknown.
    T (Σ counts, q): The table: the categories of the first such input, below them those of the second, …
    inputs: Which rows of X are codes.
    counts: The number of categories of each.
    X_e (n_0 - c + c·q, m):

    >>> T = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])
    >>> embed_categories(np.array([[0.5, 0.7], [2.0, 1.0]]), T, inputs=[1], counts=[3])
    array([[0.5, 0.7],
           [3. , 1. ],
           [4. , 2. ]])
    >>> X, T = np.array([[0.5, 0.7], [2.0, 2.0]]), np.zeros((3, 1))
    >>> dX, dT = embed_categories_backward(np.array([[1.0, 1.0], [3.0, 5.0]]), X, T, inputs=[1], counts=[3])
    >>> dX, dT.T
    (array([[1., 1.],
           [0., 0.]]), array([[0., 0., 4.]]))
    """
    rows = [T[at].T for at in _places(X, inputs, counts)]
    return np.concatenate([np.delete(X, list(inputs), axis=0), *rows])


@equation("dX = dX_e of the other inputs, 0 for codes,  dT[code] = Σᵢ dX_e⁽ⁱ⁾ / m, over its examples")
def embed_categories_backward(
    dX_e: Array, X: Array, T: Array, *, inputs: Sequence[int], counts: Sequence[int]
) -> tuple[Array, Array]:
    """From the derivative by X_e to those by the inputs and by the table."""
    q, m, others = T.shape[1], X.shape[1], len(X) - len(inputs)
    codes = set(inputs)
    dX = rows_in_place(dX_e[:others], [at for at in range(len(X)) if at not in codes], X)
    dT = np.zeros_like(T)
    for number, at in enumerate(_places(X, inputs, counts)):
        np.add.at(dT, at, dX_e[others + number * q : others + (number + 1) * q].T)
    return dX, dT / m


def _places(X: Array, inputs: Sequence[int], counts: Sequence[int]) -> list[AnyArray]:
    """The rows of the table of each such input, (m,)."""
    found = []
    for at, count, end in zip(inputs, counts, accumulate(counts), strict=True):
        code = np.rint(X[at])
        code = np.where((code >= 0) & (code < count), code, 0)
        found.append(end - count + np.asarray(code, np.intp))
    return found


def _check(value: Any, n_0: int) -> str:
    expected = "a mapping with counts, {each row of X once: number of categories}, and size, a whole number"
    if not isinstance(value, Mapping) or not set(value) <= {"counts", "size"} or not value.get("counts"):
        return expected
    counts = value["counts"]
    rows = isinstance(counts, Mapping) and all(
        str(at).isdecimal() and int(at) < n_0 and is_whole(n, 1) for at, n in counts.items()
    )
    rows = rows and len(set(map(int, counts))) == len(counts)  # "1" and "01" are the same row
    return "" if rows and is_whole(value.get("size", SIZE), 1) else expected


def _count(value: Any) -> int:
    return len(value["counts"])


@lru_cache
def _op(inputs: tuple[int, ...], counts: tuple[int, ...], q: int) -> Op:
    def example_gradients(dE: Array, X: Array, T: Array) -> dict[str, PerExample]:
        # an example touches one row of the table for each such input
        return {"T": PerExample(dE[len(X) - len(inputs) :])}

    return op(
        partial(embed_categories, inputs=inputs, counts=counts),
        partial(embed_categories_backward, inputs=inputs, counts=counts),
        learned={
            "T": Learned(
                lambda layer: (sum(counts), q),
                lambda rng, rows, columns: rng.normal(0.0, 1.0, (rows, columns)),
                "the table of the categories",
            )
        },
        replaces={"A_prev": "X_e"},
        per_example=example_gradients,
    )


@feature(
    "category_embedding",
    check=_check,
    example={"counts": {"1": 3}, "size": 2},
    widen=lambda n_prev, value: n_prev + _count(value) * (value.get("size", SIZE) - 1),
)
def _embedded(ops: Operations, layer: Layer) -> Operations:
    if layer.number > 1:
        return ops
    value = layer.options["category_embedding"]
    counts = {int(at): int(count) for at, count in value["counts"].items()}
    return (_op(tuple(counts), tuple(counts.values()), int(value.get("size", SIZE))), *ops)
