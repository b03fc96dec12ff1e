"""The quantities of two results, how close they are, and sentences on how one differs."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import combinations, product
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepstep.course.exercise import Arguments, Names
from deepstep.course.runner import Other, encode
from deepstep.types import Array

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


def leaves(expected: Any, value: Any, names: Names, nested: str = "result") -> Iterator[Leaf]:
    """The quantities of a result by name, as the expected result is built."""
    if isinstance(expected, dict):
        if not isinstance(value, dict):
            yield str(names), expected, value
            return
        # a dictionary of gradients may have further keys, such as dA1; other dictionaries may not
        reserved = re.compile(r"d[Wb]\d+" if "dW1" in expected else "")
        for key in [*expected, *(key for key in value if key not in expected and reserved.match(key))]:
            yield from leaves(expected.get(key, MISSING), value.get(key, MISSING), key)
    elif isinstance(expected, list) and all(is_array(entry) and entry.ndim == 0 for entry in expected):
        if isinstance(value, list) and all(is_array(entry) and entry.size == 1 for entry in value):
            value = [entry.reshape(()) for entry in value]
        yield str(names), expected, value
    elif isinstance(expected, list):
        stacked = is_array(value) and all(is_array(each) and each.ndim == value.ndim - 1 for each in expected)
        parts = list(value) if isinstance(value, list) or stacked else None
        together = names if isinstance(names, str) else nested
        if parts is None or len(parts) != len(expected):
            yield together, expected, value
            return
        known = isinstance(names, list) and len(names) == len(expected)
        for index, (right, entry) in enumerate(zip(expected, parts, strict=True)):
            name = names[index] if known else f"{together}[{index}]"
            yield from leaves(right, entry, name, "cache")
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


SMALLEST = 0.1
"""The scale of smaller results: they may be differences of larger numbers, which were rounded."""

FLOAT32 = 1e-4
"""Tolerance for results of type float32, in which sums and differences have lost some of the seven digits."""


def close(expected: Any, value: Any, tolerance: float) -> bool:
    """Whether two values are equal up to rounding; a number may be an array or a list with one entry.

    Numbers of type float32 are compared with fewer digits.
    """
    expected, value = as_array(expected), as_array(value)
    if not (is_array(expected) and is_array(value)):
        return type(expected) is type(value) and encode(expected) == encode(value)
    if expected.shape != value.shape:
        if expected.ndim or value.size != 1:
            return False
        value = value.reshape(())
    return bool(equal_entries(expected, value, tolerance).all())


def equal_entries(expected: Array, value: Array, tolerance: float) -> NDArray[np.bool_]:
    """Which entries of two arrays of one shape are equal up to rounding, measured by the largest entry."""
    finite = np.abs(expected[np.isfinite(expected)])
    # small entries beside large ones are rounded as the large ones are
    scale = max(float(finite.max()), SMALLEST) if finite.size else SMALLEST
    tolerance = max(tolerance, FLOAT32) if value.dtype == np.float32 else tolerance
    with np.errstate(all="ignore"):
        return np.isclose(value, expected, rtol=tolerance, atol=tolerance * scale + 1e-14, equal_nan=True)


Arrays: TypeAlias = tuple[Any, Any, int]
"""An expected and a given array of the same shape, and the number of examples m."""


def _kind(value: Any, name: str = "result") -> str:
    if value is None:
        return "None (does every path end in return?)"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        texts = value and all(isinstance(entry, str) for entry in value)
        return "a list of texts" if texts else _count(value, name)
    if isinstance(value, dict | Other):
        return "a dictionary" if isinstance(value, dict) else value.type
    return f"an array of shape {np.shape(value)}" if np.ndim(value) else "a number"


def _count(results: Sequence[Any], name: str = "result") -> str:
    """The number of results, or of the entries of the list or tuple of this name."""
    if name == "result":
        return f"{len(results)} result{'s' * (len(results) != 1)}"
    return f"a {'tuple' if name == 'cache' or is_shape(results) else 'list'} of {len(results)}"


def is_shape(value: Any) -> bool:
    """Whether this is a list of whole numbers, as a shape is after `decode`."""
    entries = value if isinstance(value, list) else []
    return {is_array(entry) and not entry.ndim and entry.dtype.kind == "i" for entry in entries} == {True}


def missing_keys(pairs: Iterable[Pair]) -> Iterator[str]:
    """Sentences on keys of a dictionary that are missing, and on those that are too many, of one case."""
    absent = [pair for pair in pairs if not pair.there]
    first = [pair for pair in absent if pair.case == absent[0].case]
    keys = [
        ", ".join(pair.key for pair in first if getattr(pair, side) is MISSING)
        for side in ("value", "expected")
    ]
    texts = ("The result has no {}.", "The result has {}, which it should not have.")
    yield from (text.format(named) for text, named in zip(texts, keys, strict=True) if named)


def layer_of(pair: Pair) -> int:
    """The number of the layer at the end of a key, 0 without one."""
    number = re.search(r"[A-Za-z](\d+)$", pair.key)
    return int(number[1]) if number else 0


def wrong_layers(places: Sequence[tuple[int, int, bool]]) -> str:
    """The layers in which a quantity is wrong, from (layer, last layer, whether it is wrong)."""
    if len({wrong for *_, wrong in places}) == 2:
        for text, holds in LAYERS:
            if all(holds(layer, last) == wrong for layer, last, wrong in places):
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

    def exchange(first: int, second: int, case: Arguments) -> Arguments:
        places = {first: second, second: first}
        return tuple(case[places.get(index, index)] for index in range(len(case)))

    for (index, name), (text, change) in product(enumerate(names), CHANGES):
        yield f"of {text.format(name)} in the place of {name}", partial(put, index, change)
    for first, second in combinations(range(len(names)), 2):
        yield f"with {names[first]} and {names[second]} exchanged", partial(exchange, first, second)


ERROR_HINTS = (
    ("UnboundLocalError", "", "The name has no value there: give it one before the loop or the branch."),
    ("unpack", "", "The number of names differs from that of the values."),
    (
        "operand.*'tuple'|'tuple' object has no attribute|instances of 'tuple'",
        "",
        "A tuple stands where an array is expected: unpack it first, as in AL, caches = …",
    ),
    (
        "core dimension|not aligned",
        "@|linear_",
        "The shapes of a product must fit, (n, k)·(k, m): is a factor transposed, or of another layer?",
    ),
    (
        "core dimension|not aligned",
        "^((?!@|linear_).)*$",
        "@ and np.dot are products of matrices, (n, k)·(k, m). The product entry by entry is *.",
    ),
    (
        r"broadcast.*\(\d+,\)",
        "",
        "An array of one axis stands beside a matrix: was an axis lost? A column (n, 1) fits.",
    ),
    (
        r"broadcast(?!.*\(\d+,\))",
        "@|linear_|parameters",
        "The shapes of the two arrays do not fit: is one transposed, or of another layer?",
    ),
    (
        r"broadcast(?!.*\(\d+,\))",
        "^((?!@|linear_|parameters).)*$",
        "The shapes of the two arrays do not fit: the sizes of an axis must be equal, or one of them 1.",
    ),
    (
        "KeyError: '[Wb]",
        "",
        "Parameters are named W1, b1, … WL, bL, and gradients dW1, db1, …; L is half their number.",
    ),
    ("scalar index", "np.maximum", "np.max takes one array and an axis; np.maximum compares two."),
    ("'float' object cannot be interpreted", "", "A whole number is expected: / gives a float, // does not."),
    (
        "truth value",
        "",
        "if takes one truth value: for entry by entry use np.where, or multiply by the mask.",
    ),
    (
        "only (length-1|size-1|0-dim)",
        "",
        "A function of math takes one number, as float() does: that of np takes an array.",
    ),
)
"""Causes of an error by its type and message, by a text of the solution, and what to do."""


def describe_quantity(name: str, pairs: Sequence[Pair], tolerance: float) -> str:
    """One sentence on a wrong quantity, from all pairs of an expected and a given value."""
    arrays: list[Arrays] = []
    shapes: list[tuple[Any, Any]] = []
    for pair in pairs:
        expected, value = as_array(pair.expected), as_array(pair.value)
        first: Any = as_array(pair.value[0]) if isinstance(pair.value, list) and pair.value else None
        if is_array(expected) and expected.ndim and is_array(first) and first.shape == expected.shape:
            return f"{name} is {_count(pair.value)}, expected one array."
        if is_array(pair.value) and isinstance(pair.expected, list) and _is_shape_of(pair.expected, value):
            return f"{name} is an array of shape {value.shape}, expected the shape alone, a tuple."
        if is_array(pair.value) and isinstance(pair.expected, list) and not value.ndim:
            return f"{name} is one number, expected {len(pair.expected)} numbers."
        lists = [both for both in (pair.expected, pair.value) if isinstance(both, list)]
        if len(set(map(len, lists))) > 1 or not (is_array(expected) and is_array(value)):
            if not close(expected, value, tolerance):
                word = name if isinstance(pair.expected, list) else "result"
                return f"{name} is {_kind(pair.value, word)}, expected {_kind(pair.expected, word)}."
        elif expected.shape != value.shape and (expected.ndim or value.size != 1):
            shapes.append((expected, value))
        else:
            arrays.append((expected.astype(float), value.reshape(expected.shape), pair.m))
    if shapes:
        return _about_shapes(name, shapes, tolerance)
    finite = [(e, v, m) for e, v, m in arrays if np.isfinite(v).all() or not np.isfinite(e).all()]
    if len(finite) < len(arrays):
        right = all(close(e, v, tolerance) for e, v, _ in finite)
        rest = "" if right else f" in some cases; in the others it {relation(finite, tolerance)}"
        return f"{name} is not finite (NaN or infinity){rest}."
    if all(v.dtype.kind == "b" for _, v, _ in arrays) and any((e % 1).any() for e, *_ in arrays):
        return f"{name} is True or False, expected {'numbers' if arrays[0][0].ndim else 'a number'}."
    if all(v.dtype.kind in "iu" for _, v, _ in arrays) and all(
        close(np.trunc(e), v, tolerance) for e, v, _ in arrays
    ):
        return f"{name} is cut to whole numbers: its type is an integer."
    return f"{name} {relation(arrays, tolerance)}."


def _is_shape_of(numbers: Sequence[Any], array: Any) -> bool:
    return all(is_array(size) and size.ndim == 0 for size in numbers) and array.shape == tuple(
        map(int, numbers)
    )


WRONG = "is wrong"
"""The text on a quantity that has no relation to the expected one."""


def relation(arrays: Sequence[Arrays], tolerance: float) -> str:
    """How the given arrays of finite numbers differ from the expected ones of the same shapes."""
    wrong = [(e, v, m) for e, v, m in arrays if not close(e, v, tolerance)]
    numbers = {float(number) for e, *_ in wrong for number in e.ravel()}
    if len(numbers) > 2 or any(not number.is_integer() for number in numbers):  # others agree by chance
        for text, holds in RELATIONS:
            if all(close(holds(e, m), v, tolerance) for e, v, m in arrays):
                return text
        if text := _rounded_percent(arrays):
            return text
        if all(close(e, v, 5e-4) for e, v, _ in wrong):
            parts = [np.abs(v - e).max() / max(np.abs(e).max(), SMALLEST) for e, v, _ in wrong]
            return f"is nearly right: it differs by up to {100 * max(parts):.2g} % of the largest number"
        if text := _by_a_factor(wrong):
            return text
    offsets = {float(f"{d:.6g}") for e, v, _ in wrong for d in (v - e).ravel()}
    if len(offsets) == 1 and len(wrong) == len(arrays) and sum(e.size for e, *_ in wrong) > 1:
        return f"is off by {offsets.pop():g} everywhere"
    if all(close(np.sort(e, None), np.sort(v, None), tolerance) for e, v, _ in arrays):
        return "has the right numbers in another order"
    bad = [(e, ~np.isclose(v, e, rtol=tolerance, atol=1e-12)) for e, v, _ in wrong]
    for text, place in PLACES:
        beside = [bool((~place(e)).any()) for e, _ in bad]
        if all(e.ndim and (place(e) >= marks).all() for e, marks in bad) and 2 * sum(beside) > len(beside):
            return f"is wrong in {text} alone"
    return WRONG


def _rounded_percent(arrays: Sequence[Arrays]) -> str:
    for digits in range(5):
        if all(close(np.round(100 * e, digits), v, 1e-12) for e, v, _ in arrays):
            return f"is in percent, rounded to {digits} decimals"
    return ""


def decimals(pairs: Sequence[Pair]) -> int | None:
    """The number of decimals that a quantity is rounded to, None where it is not."""
    both = [(as_array(pair.expected), as_array(pair.value)) for pair in pairs]
    if all(is_array(e) and is_array(v) and (e.shape == v.shape or v.size == e.size == 1) for e, v in both):
        both = [(e.astype(float), v.astype(float).reshape(e.shape)) for e, v in both]
        for digits in range(9) if any(v.any() for _, v in both) else ():  # 0 has no decimals
            if all(np.array_equal(np.round(v, digits), v) for _, v in both) and all(
                close(np.round(e, digits), v, 1e-12) for e, v in both
            ):
                return None if all(close(e, v, 1e-10) for e, v in both) else digits
    return None


def _by_a_factor(wrong: Sequence[Arrays]) -> str:
    """The factor of wrong arrays, where they have one."""
    wrong = [(e, v, m) for e, v, m in wrong if e.any()]
    factors = [factor_of(e, v) for e, v, _ in wrong]
    if not all(factors) or sum(np.count_nonzero(e) for e, *_ in wrong) < 2:
        return ""
    shown = list(dict.fromkeys(f"{factor:.4g}" for factor in factors))
    divisors = {f"{m / factor:.4g}" for factor, (*_, m) in zip(factors, wrong, strict=True)}
    if len(shown) == 1:
        return f"has a wrong factor: it is {factors[0]:.6g} times the expected one"
    if len(divisors) == 1 and len({m for *_, m in wrong}) > 1:
        return f"is divided by the fixed number {divisors.pop()}, not by m"
    if any(e.size > 1 for e, *_ in wrong):
        return f"has a wrong factor: it is {shown[0]} times the expected one, elsewhere {shown[1]} times"
    return ""


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


ROUNDED = "is rounded to {} decimals: give the number as it is"

RELATIONS: Sequence[tuple[str, Callable[[Any, int], Any]]] = (
    ("is 0 everywhere", lambda e, m: 0 * e),
    ("has the wrong sign", lambda e, m: -e),
    ("is in percent: it is 100 times the expected one", lambda e, m: e + 1 if e.ndim else 100 * e),
    ("is m times too large: 1/m is missing, or m is not the number of columns", lambda e, m: e * m),
    ("has the wrong sign, and 1/m is missing", lambda e, m: -e * m),
    ("is m times too small: 1/m stands twice", lambda e, m: e / max(m, 1)),
    ("has the divisor m - 1 in place of m", lambda e, m: e * m / max(m - 1, 1)),
    ("is transposed", lambda e, m: e.T if e.T.shape == e.shape else e + 1),
    ("is 1 minus the expected one", lambda e, m: 1 - e),
    ("is the square of the expected one", lambda e, m: e * e),
    ("is the root of the expected one: the root is taken once too often", lambda e, m: np.sqrt(np.abs(e))),
    ("is the absolute value of the expected one", lambda e, m: np.abs(e)),
    *((ROUNDED.format(digits), lambda e, m, digits=digits: np.round(e, digits)) for digits in range(6)),
)
"""Relations of a value to the expected one."""


def _about_shapes(name: str, shapes: Sequence[tuple[Any, Any]], tolerance: float) -> str:
    """A sentence on arrays of other shapes than expected."""
    expected, value = shapes[0]
    for text, holds in SHAPES:
        if all(holds(e, v, tolerance) for e, v in shapes):
            return f"{name} has shape {value.shape}, expected {expected.shape}: {text}."
    if not value.ndim:
        return f"{name} is the number {value:g}, expected an array of shape {expected.shape}."
    return f"{name} has shape {value.shape}, expected {expected.shape}."


def _same_numbers(expected: Any, value: Any, tolerance: float) -> bool:
    return bool(value.size == expected.size and close(expected, value.reshape(expected.shape), tolerance))


def _reduced(name: str, axis: int | None) -> Callable[[Any, Any, float], bool]:
    """Whether a value is the sum, mean or maximum of the expected one, which is not all 0."""

    def holds(expected: Any, value: Any, tolerance: float) -> bool:
        fits = expected.size > 1 and expected.any() and expected.ndim > max(1, axis or 0)
        return bool(fits and close(getattr(np, name)(expected, axis=axis), value, tolerance))

    return holds


SHAPES: Sequence[tuple[str, Callable[[Any, Any, float], bool]]] = (
    ("it is transposed", lambda e, v, t: v.shape == e.shape[::-1] and close(e.T, v, t)),
    ("the number is right, its axes are missing", lambda e, v, t: not v.ndim and _same_numbers(e, v, t)),
    (
        "an axis was lost, keepdims=True or reshape keeps it",
        lambda e, v, t: v.ndim < e.ndim and _same_numbers(e, v, t),
    ),
    ("the numbers are right, the shape is not", _same_numbers),
    *(
        (
            f"it is the {word} {'of all entries' if axis is None else f'over axis {axis}'}",
            _reduced(name, axis),
        )
        for word, name in (("sum", "sum"), ("mean", "mean"), ("maximum", "max"))
        for axis in (None, 0, 1)
    ),
    ("that is the shape of the transpose", lambda e, v, t: v.shape == e.shape[::-1]),
)
"""Relations of arrays of other shapes to the expected ones."""
