"""The results of a function beside those of the solution, and of the wrong variants of the solution.

A variant, or a pair of mistakes, that gives the same on every case is the mistake. Else the quantities are
described one by one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from itertools import permutations
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.course.exercise import Arguments, Exercise, Mistake, Names
from deepstep.course.runner import Other, Record, call, decode, encode

MISSING = Other("nothing")

MOST_SHOWN = 6
"""A message shows the entries of arrays of this size."""

Leaf: TypeAlias = tuple[str, Any, Any]
"""A quantity of a result: its name, the expected and the given value."""


class Comparison(NamedTuple):
    """The calls of a function beside those of the solution."""

    exercise: Exercise
    cases: Sequence[Arguments]
    expected: Sequence[Record]
    records: Sequence[Record]

    def all_agree(self, others: Sequence[Record]) -> bool:
        """Whether the function gives in every case what the others give."""
        return all(map(self.agree, others, self.records))

    def agree(self, other: Record, record: Record) -> bool:
        """Whether two calls of one case have the same result, or the same error."""
        if "error" in other or "error" in record:
            return other.get("error", ["none"])[0] == record.get("error", ["nothing"])[0]
        if other["random"] != record["random"] or not unchanged(other["after"], record["after"]):
            return False
        return all(close(one, value, self.exercise.tolerance) for _, one, value in self.leaves(other, record))

    def leaves(self, expected: Record, record: Record) -> Iterator[Leaf]:
        """All quantities of two results."""
        return leaves(decode(expected["value"]), decode(record["value"]), self.exercise.returns)

    def recognize(self) -> tuple[Mistake, ...]:
        """The mistakes that give the same results: one, or two, or one for each wrong quantity."""
        for mistakes, function in self.exercise.variants():
            if self._equals(function):
                return mistakes
        found: dict[str, Mistake] = {}
        for mistake in self.exercise.mistakes if (wrong := self.wrong_quantities()) else ():
            variant = self.exercise.edited(mistake)
            records = [call(variant, case) for case in self.cases] if variant else []
            for name in sorted(wrong - found.keys()):
                if records and self._same_quantity(name, records):
                    found[name] = mistake
        return tuple(dict.fromkeys(found.values()))

    def _equals(self, function: Callable[..., Any]) -> bool:
        """Whether a wrong function gives in every case what the submission gives."""
        found: list[Record] = []
        for case, record in zip(self.cases, self.records, strict=True):
            found.append(call(function, case))
            if not self.agree(found[-1], record):
                return False
        return self._telling(found)

    def _telling(self, found: Sequence[Record]) -> bool:
        """Whether agreement means something: errors alone are the same mistake only with the same message."""
        if any("value" in record for record in found):
            return True
        return all(
            one["error"][1] == other["error"][1] for one, other in zip(found, self.records, strict=True)
        )

    def _same_quantity(self, name: str, found: Sequence[Record]) -> bool:
        """Whether the wrong function has the same wrong values of this quantity."""
        differs = False
        for expected, other, record in zip(self.expected, found, self.records, strict=True):
            if "error" in expected:  # an error that is missing is a mistake by itself
                continue
            if not ("value" in other and "value" in record):
                if ("value" in other) != ("value" in record):
                    return False
                continue
            mine = {key: value for key, _, value in self.leaves(expected, record) if quantity(key) == name}
            theirs = {key: (e, v) for key, e, v in self.leaves(expected, other) if quantity(key) == name}
            if mine.keys() != theirs.keys():
                return False
            for key, (right, value) in theirs.items():
                if not close(value, mine[key], self.exercise.tolerance):
                    return False
                differs = differs or not close(right, value, self.exercise.tolerance)
        return differs

    def wrong_quantities(self) -> set[str]:
        """The names of quantities that are wrong in some case."""
        return {
            quantity(name)
            for expected, record in zip(self.expected, self.records, strict=True)
            if "value" in expected and "value" in record
            for name, one, value in self.leaves(expected, record)
            if not close(one, value, self.exercise.tolerance)
        }

    def describe(self) -> Iterator[str]:
        """The differences, without knowledge of the cause."""
        yield from self._side_effects()
        yield from self._errors()
        wrong = self.wrong_quantities()
        if wrong and (order := self._order()):
            yield f"The results are in another order: expected {order}."
        pairs: dict[str, list[tuple[Any, Any, int]]] = {}
        for case, expected, record in zip(self.cases, self.expected, self.records, strict=True):
            if "value" in expected and "value" in record:
                for name, one, value in self.leaves(expected, record):
                    pairs.setdefault(quantity(name), []).append((one, value, examples_of(case)))
        for name, found in pairs.items():
            if name in wrong:
                yield describe_quantity(name, found, self.exercise.tolerance)
        yield from self._example()
        right = [name for name in pairs if name not in wrong]
        if wrong and right:
            yield f"{', '.join(right)} {'is' if len(right) == 1 else 'are'} right."

    def _example(self) -> Iterator[str]:
        """A wrong number of a published case beside the right one."""
        count = len(self.exercise.published())
        for number, (expected, record) in enumerate(
            zip(self.expected[:count], self.records, strict=False), 1
        ):
            for name, one, value in self.leaves(expected, record) if "value" in record else ():
                right, given = as_array(one), as_array(value)
                small = is_array(right) and is_array(given) and max(right.size, given.size) <= MOST_SHOWN
                if small and not close(right, given, self.exercise.tolerance):
                    texts = [
                        " ".join(np.array2string(array + 0, separator=", ").split())
                        for array in (given, right)
                    ]
                    yield f"Published case {number}: {name} is {texts[0]}, expected {texts[1]}."
                    return

    def _side_effects(self) -> Iterator[str]:
        for index, name in enumerate(signature(self.exercise.function).parameters):
            place, both = slice(index, index + 1), zip(self.expected, self.records, strict=True)
            if not all(unchanged(one["after"][place], record["after"][place]) for one, record in both):
                yield f"{name} was changed in place: make a new array."
        if any(record["random"] for record in self.records):
            yield "The global random generator was used or seeded: draw from rng, not from np.random."

    def _errors(self) -> Iterator[str]:
        named: set[tuple[str, int]] = set()
        for case, expected, record in zip(self.cases, self.expected, self.records, strict=True):
            kind, message, line = record.get("error", ("", "", 0))
            wanted, what, _ = expected.get("error", ("", "", 0))
            if kind == wanted or (kind, line) in named:
                continue
            named.add((kind, line))
            if kind:
                place = f" in line {line}" if line else ""
                yield f"{kind}{place}{self._shapes(case)}: {message or 'without a message'}"
            else:
                yield f"{wanted} is expected: {what}"

    def _shapes(self, case: Arguments) -> str:
        """The shapes of the arguments that are arrays."""
        named = zip(signature(self.exercise.function).parameters, case, strict=False)
        shapes = [f"{name} {value.shape}" for name, value in named if is_array(value)]
        return f" with {', '.join(shapes)}" if shapes else ""

    def _order(self) -> str:
        """The expected names, where the results are these in another order."""
        names = self.exercise.returns
        if not isinstance(names, list) or len(names) > 3:
            return ""
        for order in list(permutations(range(len(names))))[1:]:
            if all(
                self._agrees_in_order(order, *both) for both in zip(self.expected, self.records, strict=True)
            ):
                return ", ".join(name if isinstance(name, str) else "cache" for name in names)
        return ""

    def _agrees_in_order(self, order: Sequence[int], expected: Record, record: Record) -> bool:
        values = record.get("value", {}).get("list", ())
        if "value" not in expected or len(values) != len(order):
            return "value" not in expected
        turned = {**record, "value": {"list": [values[index] for index in order]}}
        return self.agree(expected, turned)


def quantity(name: str) -> str:
    """The name of a quantity without its layer: dW of dW1, dW2, …"""
    return re.sub(r"\[.*|\d+$", "", name)


def leaves(expected: Any, value: Any, names: Names) -> Iterator[Leaf]:
    """The quantities of a result by name, as the expected result is built."""
    if isinstance(expected, dict):
        entries = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            yield str(names), expected, value
        for key in [*expected, *(key for key in entries if key not in expected and not key.startswith("dA"))]:
            yield from leaves(expected.get(key, MISSING), entries.get(key, MISSING), key)
    elif isinstance(expected, list) and not all(is_array(entry) and entry.ndim == 0 for entry in expected):
        parts = list(value) if isinstance(value, list) or (is_array(value) and value.ndim) else None
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


def unchanged(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Whether arguments are the same after two calls, up to the rounding of θ + ε - ε."""
    both = leaves([decode(one) for one in before], [decode(one) for one in after], "arguments")
    return before == after or all(close(one, value, 1e-12) for _, one, value in both)


def examples_of(case: Arguments) -> int:
    """The number of examples m of a case: the columns of its first matrix."""
    for value in case:
        if isinstance(value, np.ndarray) and value.ndim == 2:
            return value.shape[1]
    return 0


Pairs = Sequence[tuple[Any, Any, int]]


def _kind(value: Any) -> str:
    if value is None:
        return "None (is the return missing?)"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, list):
        return f"{len(value)} results"
    if isinstance(value, dict | Other):
        return "a dictionary" if isinstance(value, dict) else value.type
    return f"an array of shape {np.shape(value)}" if np.ndim(value) else "a number"


def describe_quantity(name: str, pairs: Pairs, tolerance: float) -> str:
    """One sentence on a wrong quantity, from all pairs of an expected and a given value."""
    for expected, raw, _ in pairs:
        expected, value = as_array(expected), as_array(raw)
        if is_array(expected) and isinstance(raw, list) and raw and np.shape(raw[0]) == expected.shape != ():
            return f"{name} is {len(raw)} results, expected one array."
        if not (is_array(expected) and is_array(value)):
            if not close(expected, value, tolerance):
                return f"{name} is {_kind(value)}, expected {_kind(expected)}."
        elif expected.shape != value.shape and (expected.ndim or value.size != 1):
            return (
                f"{name} has shape {value.shape}, expected {expected.shape}{_about_shape(expected, value)}."
            )
    arrays = [
        (np.asarray(as_array(e), float), np.asarray(as_array(v), float).reshape(np.shape(as_array(e))), m)
        for e, v, m in pairs
    ]
    if any(np.isfinite(e).all() and not np.isfinite(v).all() for e, v, _ in arrays):
        return f"{name} is not finite (NaN or infinity)."
    for text, holds in RELATIONS:
        if all(close(holds(e, m), v, max(tolerance, 1e-9)) for e, v, m in arrays):
            return f"{name} {text}."
    ratios = {round(float(r), 9) for e, v, _ in arrays for r in (v[e != 0] / e[e != 0]).ravel()}
    ratio = ratios.pop() if len(ratios) == 1 else 1.0
    if ratio != 1 and all(close(e * ratio, v, 1e-6) for e, v, _ in arrays):
        return f"{name} has a wrong factor: it is {ratio:.6g} times the expected one."
    divisors = {round(float(m / r), 6) for e, v, m in arrays for r in (v[e != 0] / e[e != 0]).ravel() if r}
    if len(divisors) == 1 and len({m for *_, m in arrays}) > 1:
        return f"{name} is divided by the fixed number {divisors.pop():g}, not by m."
    offsets = {round(float(d), 9) for e, v, _ in arrays for d in (v - e).ravel()}
    if len(offsets) == 1:
        return f"{name} is off by {offsets.pop():.6g} everywhere."
    whole = all(np.asarray(as_array(v)).dtype.kind in "iu" for _, v, _ in pairs)
    if whole and all(close(np.trunc(e), v, tolerance) for e, v, _ in arrays):
        return f"{name} is cut to whole numbers: the array has an integer dtype."
    return f"{name} is wrong."


RELATIONS: Sequence[tuple[str, Callable[[Any, int], Any]]] = (
    ("is 0 everywhere", lambda e, m: 0 * e),
    ("has the wrong sign", lambda e, m: -e),
    ("is m times too large: 1/m is missing", lambda e, m: e * m),
    ("has the wrong sign, and 1/m is missing", lambda e, m: -e * m),
    ("is m times too small: 1/m stands twice", lambda e, m: e / max(m, 1)),
    ("is transposed", lambda e, m: e.T if e.T.shape == e.shape else e + 1),
    ("has 0 and 1 exchanged", lambda e, m: 1 - e),
)
"""Relations of a value to the expected one."""


def _about_shape(expected: Any, value: Any) -> str:
    if value.shape == expected.shape[::-1]:
        return ": it is transposed"
    if value.shape in (np.squeeze(expected).shape, expected.shape[:1], expected.shape[1:]):
        return ": an axis was lost, keepdims=True or reshape keeps it"
    return ""
