"""The quantities of two results, how close they are, and sentences on how one differs."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import combinations, product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.course.exercise import Arguments, Names
from deepstep.course.runner import Other, encode

MISSING = Other("nothing")

Leaf: TypeAlias = tuple[str, Any, Any]
"""A quantity of a result: its name, the expected and the given value."""


class Pair(NamedTuple):
    """An expected and a given value of a quantity, in one case."""

    key: str
    expected: Any
    value: Any
    case: int
    m: int

    @property
    def there(self) -> bool:
        """Whether both values are there."""
        return self.expected is not MISSING and self.value is not MISSING


def quantity(name: str) -> str:
    """The name of a quantity without its layer: dW of dW1, dW2, …"""
    return re.sub(r"\[.*|\d+$", "", name)


def leaves(expected: Any, value: Any, names: Names) -> Iterator[Leaf]:
    """The quantities of a result by name, as the expected result is built."""
    if isinstance(expected, dict):
        if not isinstance(value, dict):
            yield str(names), expected, value
            return
        for key in [*expected, *(key for key in value if key not in expected and not key.startswith("dA"))]:
            yield from leaves(expected.get(key, MISSING), value.get(key, MISSING), key)
    elif isinstance(expected, list) and not all(is_array(entry) and entry.ndim == 0 for entry in expected):
        stacked = is_array(value) and all(
            is_array(entry) and entry.ndim == value.ndim - 1 for entry in expected
        )
        parts = list(value) if isinstance(value, list) or stacked else None
        if parts is None or len(parts) != len(expected):
            yield names if isinstance(names, str) else "result", expected, value
            return
        for index, (one, entry) in enumerate(zip(expected, parts, strict=True)):
            known = isinstance(names, list) and len(names) == len(expected)
            whole = names if isinstance(names, str) else "result"
            yield from leaves(one, entry, names[index] if known else f"{whole}[{index}]")
    else:
        yield str(names), expected, value


def is_array(value: Any) -> bool:
    """Whether this is an array of numbers, as everything numeric is after `decode`."""
    return isinstance(value, np.ndarray)


def as_array(value: Any) -> Any:
    """Nested lists of numbers as an array; everything else as it is."""
    if isinstance(value, np.generic) or (isinstance(value, list) and not value):
        return np.asarray(value, dtype=float)
    if isinstance(value, list):
        entries = [as_array(entry) for entry in value]
        if all(is_array(entry) and entry.shape == entries[0].shape for entry in entries):
            return np.array(entries)
    return value


def close(expected: Any, value: Any, tolerance: float) -> bool:
    """Whether two values are equal up to rounding; a number may be an array or a list with one entry."""
    expected, value = as_array(expected), as_array(value)
    if not (is_array(expected) and is_array(value)):
        return type(expected) is type(value) and encode(expected) == encode(value)
    if expected.shape != value.shape:
        if expected.ndim or value.size != 1:
            return False
        value = value.reshape(())
    finite = np.abs(expected[np.isfinite(expected)])
    scale = float(finite.max()) if finite.size else 0.0
    with np.errstate(all="ignore"):
        return bool(
            np.allclose(value, expected, rtol=tolerance, atol=tolerance * scale + 1e-14, equal_nan=True)
        )


Arrays: TypeAlias = tuple[Any, Any, int]
"""An expected and a given array of the same shape, and the number of examples m."""


def _kind(value: Any) -> str:
    if value is None:
        return "None (is the return missing?)"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return "a list of texts" if all(isinstance(one, str) for one in value) else f"{len(value)} results"
    if isinstance(value, dict | Other):
        return "a dictionary" if isinstance(value, dict) else value.type
    return f"an array of shape {np.shape(value)}" if np.ndim(value) else "a number"


def missing_keys(pairs: Iterable[Pair]) -> Iterator[str]:
    """Sentences on keys of a dictionary that are missing, and on those that are too many, of one case."""
    found = [pair for pair in pairs if not pair.there]
    keys = [
        ", ".join(pair.key for pair in found if pair.case == found[0].case and getattr(pair, side) is MISSING)
        for side in ("value", "expected")
    ]
    texts = ("The result has no {}.", "The result has {}, which it should not have.")
    yield from (text.format(named) for text, named in zip(texts, keys, strict=True) if named)


def layer_of(pair: Pair) -> int:
    """The number of the layer at the end of a key, 0 without one."""
    number = re.search(r"[A-Za-z](\d+)$", pair.key)
    return int(number[1]) if number else 0


def wrong_layers(found: Sequence[tuple[int, int, bool]]) -> str:
    """The layers in which a quantity is wrong, from (layer, last layer, whether it is wrong)."""
    if len({wrong for *_, wrong in found}) == 2:
        for text, holds in LAYERS:
            if all(holds(layer, last) == wrong for layer, last, wrong in found):
                return text
    return ""


LAYERS: Sequence[tuple[str, Callable[[int, int], bool]]] = (
    ("layer 1", lambda layer, last: layer == 1),
    ("the last layer", lambda layer, last: layer == last),
    ("the layers before the last", lambda layer, last: layer < last),
    ("the layers after the first", lambda layer, last: layer > 1),
    ("the layers between the first and the last", lambda layer, last: 1 < layer < last),
)


CHANGES: Sequence[tuple[str, Callable[[Any], Any]]] = (
    ("0", lambda value: 0 * value),
    ("1", lambda value: 0 * value + 1),
    ("2·{}", lambda value: 2 * value),
    ("-{}", lambda value: -value),
    ("1 - {}", lambda value: 1 - value),
    ("|{}|", np.abs),
)
"""Numbers and arrays that a mistake may have in the place of an argument."""


def altered_arguments(names: Sequence[str]) -> Iterator[tuple[str, Callable[[Arguments], Arguments]]]:
    """Changes of one argument, and exchanges of two, with a text on each."""

    def put(index: int, change: Callable[[Any], Any], case: Arguments) -> Arguments:
        return (*case[:index], change(case[index]), *case[index + 1 :])

    def exchange(one: int, other: int, case: Arguments) -> Arguments:
        places = {one: other, other: one}
        return tuple(case[places.get(index, index)] for index in range(len(case)))

    for (index, name), (text, change) in product(enumerate(names), CHANGES):
        yield f"of {text.format(name)} in the place of {name}", partial(put, index, change)
    for one, other in combinations(range(len(names)), 2):
        yield f"with {names[one]} and {names[other]} exchanged", partial(exchange, one, other)


ERROR_HINTS = (
    ("UnboundLocalError", "The name has no value there: give it one before the loop or the branch."),
    (
        "unpack",
        "The number of names differs from that of the values: compare with the task's order of the tuple.",
    ),
    ("'tuple'", "A tuple stands where an array is expected: unpack it first, as in AL, caches = …"),
    (
        "core dimension|not aligned",
        "The shapes of a product must fit, (n, k)·(k, m): is a factor transposed, or of another layer?",
    ),
    ("broadcast", "The shapes of the two arrays do not fit: is one transposed, or of another layer?"),
    (
        "KeyError: '[Wb]",
        "Parameters are named W1, b1, … WL, bL, and gradients dW1, db1, …; L is half their number.",
    ),
    (
        "scalar index|as an integer|integer is required",
        "np.max takes one array and an axis; np.maximum compares two.",
    ),
    ("truth value", "if takes one truth value: for entry by entry use np.where, or multiply by the mask."),
    ("only (length-1|size-1|0-dim)", "A function of math takes one number: that of np takes an array."),
)
"""Causes of an error by its type and message, and what to do."""


def describe_quantity(name: str, pairs: Sequence[Pair], tolerance: float) -> str:
    """One sentence on a wrong quantity, from all pairs of an expected and a given value."""
    arrays: list[Arrays] = []
    for pair in pairs:
        expected, value = as_array(pair.expected), as_array(pair.value)
        first: Any = as_array(pair.value[0]) if isinstance(pair.value, list) and pair.value else None
        if is_array(expected) and expected.ndim and is_array(first) and first.shape == expected.shape:
            return f"{name} is {len(pair.value)} results, expected one array."
        if not (is_array(expected) and is_array(value)):
            if not close(expected, value, tolerance):
                return f"{name} is {_kind(value)}, expected {_kind(expected)}."
        elif expected.shape != value.shape and (expected.ndim or value.size != 1):
            about = _about_shape(expected, value, tolerance)
            return f"{name} has shape {value.shape}, expected {expected.shape}{about}."
        else:
            arrays.append((expected.astype(float), value.reshape(expected.shape), pair.m))
    finite = [(e, v, m) for e, v, m in arrays if np.isfinite(v).all() or not np.isfinite(e).all()]
    if len(finite) < len(arrays):
        right = all(close(e, v, tolerance) for e, v, _ in finite)
        rest = "" if right else f" in some cases; in the others it {relation(finite, tolerance)}"
        return f"{name} is not finite (NaN or infinity){rest}."
    if all(v.dtype.kind in "iu" for _, v, _ in arrays) and all(
        close(np.trunc(e), v, tolerance) for e, v, _ in arrays
    ):
        return f"{name} is cut to whole numbers: the array has an integer dtype."
    return f"{name} {relation(arrays, tolerance)}."


def relation(arrays: Sequence[Arrays], tolerance: float) -> str:
    """How the given arrays of finite numbers differ from the expected ones of the same shapes."""
    for text, holds in RELATIONS:
        if all(close(holds(e, m), v, max(tolerance, 1e-9)) for e, v, m in arrays):
            return text
    factors = [factor_of(e, v) for e, v, _ in arrays]
    if all(factors):
        rounded = {round(factor, 9) for factor, (e, *_) in zip(factors, arrays, strict=True) if e.any()}
        divisors = {
            round(m / factor, 6) for factor, (e, _, m) in zip(factors, arrays, strict=True) if e.any()
        }
        if len(rounded) == 1:
            return f"has a wrong factor: it is {rounded.pop():.6g} times the expected one"
        if len(divisors) == 1 and len({m for *_, m in arrays}) > 1:
            return f"is divided by the fixed number {divisors.pop():g}, not by m"
        if any(e.size > 1 for e, *_ in arrays):
            return "has a wrong factor, which differs from array to array"
    offsets = {round(float(d), 9) for e, v, _ in arrays for d in (v - e).ravel()}
    if len(offsets) == 1:
        return f"is off by {offsets.pop():.6g} everywhere"
    if all(close(np.sort(e, None), np.sort(v, None), tolerance) for e, v, _ in arrays):
        return "has the right numbers in another order"
    wrong = [(e, ~np.isclose(v, e, rtol=max(tolerance, 1e-9), atol=1e-12)) for e, v, _ in arrays]
    for text, place in PLACES:
        beside = [bool((~place(e)).any()) for e, bad in wrong if bad.any()]
        if all(e.ndim and (place(e) >= bad).all() for e, bad in wrong) and 2 * sum(beside) > len(beside):
            return f"is wrong in {text} alone"
    return "is wrong"


def factor_of(expected: Any, value: Any) -> float:
    """The factor of an array of finite numbers, 1 for zeros, 0 if there is none."""
    if not expected.size or not expected.any():
        return float(close(expected, value, 1e-6))
    place = np.unravel_index(np.abs(expected).argmax(), expected.shape)
    factor = float(value[place] / expected[place])
    return factor if close(expected * factor, value, 1e-6) else 0.0


def _part(*where: Any) -> Callable[[Any], Any]:
    """The mask of a part of an array with as many axes."""

    def mask(expected: Any) -> Any:
        marks = np.zeros(expected.shape, bool)
        if expected.ndim == len(where):
            marks[where] = True
        return marks

    return mask


PLACES: Sequence[tuple[str, Callable[[Any], Any]]] = (
    ("entries that must be 0", lambda e: e == 0),
    ("the first column", _part(slice(None), 0)),
    ("the last column", _part(slice(None), -1)),
    ("the first row", _part(0, slice(None))),
    ("the last row", _part(-1, slice(None))),
    ("the first entry", _part(0)),
    ("the last entry", _part(-1)),
)
"""Parts of an array."""


RELATIONS: Sequence[tuple[str, Callable[[Any, int], Any]]] = (
    ("is 0 everywhere", lambda e, m: 0 * e),
    ("has the wrong sign", lambda e, m: -e),
    ("is m times too large: 1/m is missing", lambda e, m: e * m),
    ("has the wrong sign, and 1/m is missing", lambda e, m: -e * m),
    ("is m times too small: 1/m stands twice", lambda e, m: e / max(m, 1)),
    ("has the divisor m - 1 in place of m", lambda e, m: e * m / max(m - 1, 1)),
    ("is transposed", lambda e, m: e.T if e.T.shape == e.shape else e + 1),
    ("has 0 and 1 exchanged", lambda e, m: 1 - e),
    ("is the square of the expected one", lambda e, m: e * e),
    ("is the root of the expected one: the root is taken once too often", lambda e, m: np.sqrt(np.abs(e))),
    ("is the absolute value of the expected one", lambda e, m: np.abs(e)),
    ("is rounded to whole numbers", lambda e, m: np.round(e)),
)
"""Relations of a value to the expected one."""


def _about_shape(expected: Any, value: Any, tolerance: float) -> str:
    if value.shape == expected.shape[::-1]:
        return ": it is transposed"
    if value.size == expected.size and close(expected, value.reshape(expected.shape), tolerance):
        return ": an axis was lost, keepdims=True or reshape keeps it"
    if value.ndim < expected.ndim:
        return ": a sum, mean or maximum is taken over an axis that must stay, or indexing loses it"
    return ""
