"""The results of a function beside those of the solution, and of the wrong variants of the solution.

A variant, or a pair of mistakes, that gives the same on every case is the mistake. Else the quantities are
described one by one.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from inspect import signature
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.course.differences import (
    ERROR_HINTS,
    ROUNDED,
    WRONG,
    Leaf,
    Pair,
    altered_arguments,
    as_array,
    close,
    decimals,
    describe_quantity,
    equal_entries,
    is_array,
    is_shape,
    layer_of,
    leaves,
    missing_keys,
    quantity,
    wrong_layers,
)
from deepstep.course.exercise import Arguments, Exercise, Mistake
from deepstep.course.runner import Record, call, decode
from deepstep.types import Array

MOST_SHOWN = 6
"""A message shows the entries of arrays of this size."""

MOST_NUMBERS = 4
"""A message shows numbers of so many quantities."""

MOST_DRAWN = 8
"""A drawn array has so many rows and columns."""

MOST_WIDTH = 40
"""A message shows arguments that are written in so many characters."""


REMEDIES: dict[type, str] = {list: "pop and append change it, work on a copy", dict: "make a new dictionary"}
"""Remedies for a change of an argument, by its type."""


class Beside(NamedTuple):
    """A wrong array and the right one, of one call, for a notebook."""

    name: str
    value: Array
    expected: Array
    tolerance: float

    def as_html(self) -> str:
        """Both arrays as tables side by side; entries that differ are marked."""
        marks = np.zeros(self.value.shape, dtype=bool)
        if self.value.shape == self.expected.shape:
            marks = ~equal_entries(self.expected, self.value, self.tolerance)
        value, expected, wrong = map(_rows, (self.value, self.expected, marks))
        first = np.argwhere(wrong)[0] if wrong.any() else (0, 0)
        part = tuple(slice(max(0, int(place) - MOST_DRAWN // 2), None) for place in first)
        cells = (
            _drawn(f"{self.name}, yours {self.value.shape}", value[part], wrong[part]),
            _drawn(f"{self.name}, right {self.expected.shape}", expected[part], np.zeros(expected.shape)),
        )
        style = "vertical-align:top;text-align:left"
        row = "".join(f'<td style="{style}">{cell}</td>' for cell in cells)
        return f'<table role="presentation"><tr>{row}</tr></table>'


def _rows(array: NDArray[Any]) -> NDArray[Any]:
    """An array as rows and columns."""
    return np.atleast_2d(array if array.ndim < 3 else array.reshape(len(array), -1))


def _drawn(caption: str, array: Array, marks: NDArray[Any]) -> str:
    """The first rows and columns of an array as a table in HTML."""
    shown = array[:MOST_DRAWN, :MOST_DRAWN]
    rows = []
    for numbers, wrong in zip(shown, marks, strict=False):
        entries = (escape(written(number, 4)) for number in numbers)
        marked = (f"<mark>{text}</mark>" if bad else text for text, bad in zip(entries, wrong, strict=False))
        cut = "<td>…</td>" * (array.shape[1] > MOST_DRAWN)
        rows.append("<tr>" + "".join(f"<td>{text}</td>" for text in marked) + cut + "</tr>")
    rows += ["<tr><td>⋮</td></tr>"] * (array.shape[0] > MOST_DRAWN)
    return f"<table><caption>{escape(caption)}</caption>{''.join(rows)}</table>"


class Comparison(NamedTuple):
    """The calls of a function beside those of the solution."""

    exercise: Exercise
    cases: Sequence[Arguments]
    expected: Sequence[Record]
    records: Sequence[Record]

    @property
    def right(self) -> bool:
        """Whether the function gives in every case what the solution gives, in the form that it has."""
        return all(map(self.fits, self.expected, self.records)) and not any(self._forms())

    def fits(self, expected: Record, record: Record) -> bool:
        """Whether a call has the result of the solution, or an error that is of the solution's type."""
        if "error" in expected and "error" in record:
            return expected["error"][0] in record["error"][3]
        return self.agree(expected, record)

    def agree(self, other: Record, record: Record) -> bool:
        """Whether two calls of one case have the same result, or an error of the same type."""
        if "error" in other or "error" in record:
            return other.get("error", ["none"])[0] == record.get("error", ["nothing"])[0]
        if other["random"] != record["random"] or not unchanged(other["after"], record["after"]):
            return False
        tolerance = self.exercise.tolerance
        return all(close(right, value, tolerance) for _, right, value in self.leaves(other, record))

    def leaves(self, expected: Record, record: Record) -> Iterator[Leaf]:
        """All quantities of two results."""
        return leaves(decode(expected["value"]), decode(record["value"]), self.exercise.returns)

    def recognize(self) -> tuple[Mistake, ...]:
        """The mistakes that give the same results: one, or two, or one for each wrong quantity."""
        wrong = self.wrong_quantities()
        values = [as_array(pair.value) for pairs in wrong.values() for pair in pairs]
        zero = wrong and all(is_array(value) and not value.any() for value in values)
        most = 2 * sum(not self.fits(*both) for both in zip(self.expected, self.records, strict=True))
        for mistakes, function in self.exercise.variants():
            alone = len(mistakes) == 1  # two agree by chance where results are 0, or most are right
            if (alone or (not zero and most > len(self.cases))) and self._equals(function):
                return mistakes
        causes: dict[str, Mistake] = {}  # by wrong quantity
        for mistake in self.exercise.mistakes if wrong else ():
            variant = self.exercise.edited(mistake)
            records = [call(variant, case) for case in self.cases] if variant else []
            for name in sorted(wrong.keys() - causes.keys()):
                if records and self._same_quantity(name, records):
                    causes[name] = mistake
        return tuple(dict.fromkeys(causes.values()))

    def _equals(self, function: Callable[..., Any]) -> bool:
        """Whether a wrong function gives in every case what the submission gives."""
        variants: list[Record] = []
        for case, record in zip(self.cases, self.records, strict=True):
            variants.append(call(function, case))
            if not self.agree(variants[-1], record):
                return False
        if any("value" in variant for variant in variants):
            return True
        # errors alone say little: their messages have to be the same
        both = zip(variants, self.records, strict=True)
        return all(variant["error"][1] == record["error"][1] for variant, record in both)

    def _same_quantity(self, name: str, variants: Sequence[Record]) -> bool:
        """Whether the wrong function has the same wrong values of this quantity, from the same generator."""
        for variant, record in zip(variants, self.records, strict=True):
            if "value" in record and ("value" not in variant or variant["random"] != record["random"]):
                return False
        mine = self.pairs(self.records, variants).get(name, [])
        theirs = self.pairs(variants, self.records).get(name, [])
        if [pair.key for pair in mine] != [pair.key for pair in theirs]:
            return False
        both = zip(mine, theirs, strict=True)
        same = all(close(other.value, pair.value, self.exercise.tolerance) for pair, other in both)
        return same and self._differ([pair for pair in theirs if pair.there])

    def pairs(self, records: Sequence[Record], others: Sequence[Record]) -> dict[str, list[Pair]]:
        """The quantities of the cases in which the solution and both functions give values."""
        by_quantity: dict[str, list[Pair]] = {}
        for number, (expected, record, other) in enumerate(zip(self.expected, records, others, strict=True)):
            if "value" in expected and "value" in record and "value" in other:
                m = examples_of(self.exercise, self.cases[number])
                for key, right, value in self.leaves(expected, record):
                    by_quantity.setdefault(quantity(key), []).append(Pair(key, right, value, number, m))
        return by_quantity

    def _differ(self, pairs: Sequence[Pair]) -> bool:
        return not all(close(pair.expected, pair.value, self.exercise.tolerance) for pair in pairs)

    def wrong_quantities(self) -> dict[str, list[Pair]]:
        """The quantities that are wrong in some case."""
        by_quantity = self.pairs(self.records, self.records)
        return {name: pairs for name, pairs in by_quantity.items() if self._differ(pairs)}

    def as_if(self) -> Iterator[str]:
        """The change of an argument with which the solution gives the same results."""
        if self.wrong_quantities():
            solution = self.exercise.function
            for text, turned in altered_arguments(list(signature(solution).parameters)):
                if self._equals(lambda *case, turned=turned: solution(*turned(case))):
                    yield f"The results are those {text}."

    def describe(self) -> Iterator[str]:
        """The differences, without knowledge of the cause."""
        yield from self._side_effects()
        if not self.agree(self.records[0], self.records[-1]):
            yield f"The same call gives another result the second time: {self._again()}"
            return
        yield from self._errors()
        wrong = self.wrong_quantities()
        order = self._order() if wrong else ""
        if order:
            yield f"The results are in another order: expected {order}."
        yield from missing_keys(pair for pairs in wrong.values() for pair in pairs)
        for name, pairs in wrong.items() if not order else ():
            there = [pair for pair in pairs if pair.there]
            if self._differ(there):
                yield from self._quantity(name, there)
        yield from self._forms()
        yield from self._texts(wrong)
        yield from self._layers()
        yield from self._numbers()
        right = [name for name in self.pairs(self.records, self.records) if name not in wrong]
        if wrong and right:
            yield f"{', '.join(right)} {'is' if len(right) == 1 else 'are'} right."

    def _forms(self) -> Iterator[str]:
        """Sentences on quantities that are rounded, and on a number that is returned as a larger array."""
        for name, pairs in self.pairs(self.records, self.records).items():
            digits = decimals([pair for pair in pairs if pair.there])
            if digits is not None:
                yield f"{name} {ROUNDED.format(digits)}."
            both = [(e, v) for _, e, v, *_ in pairs if is_array(e) and is_array(v)]
            shapes = [v.shape for e, v in both if e.ndim == 0 and v.size == 1]
            if name == self.exercise.returns and any(shapes) and len(shapes) == len(pairs):
                yield f"{name} has shape {max(shapes, key=len)}, a number is expected: .item() gives it."

    def _layers(self) -> Iterator[str]:
        """The numbers of layers with which alone the function is right, or wrong."""
        right, wrong = self._apart(layers_of)
        if wrong and right:
            name, layers = ("right", right) if len(right) == 1 else ("wrong", wrong)
            if len(layers) == 1:
                count = layers.pop()
                rest = ": names such as W10 have two digits" if count > 9 else ""
                yield f"It is {name} with {count} layer{'s' * (count > 1)} alone{rest}."
            elif min(wrong) > max(right):
                yield f"It is wrong with more than {max(right)} layers alone."
        if self._apart(axes_of)[0] == {2}:
            yield "It is right with matrices alone: an array may have another number of axes."

    def _apart(self, measure: Callable[[Arguments], int]) -> tuple[set[int], set[int]]:
        """Measures of the cases that are right, and of those that are wrong; empty where both have one."""
        sizes: dict[bool, set[int]] = {True: set(), False: set()}
        for case, expected, record in zip(self.cases, self.expected, self.records, strict=True):
            sizes[self.fits(expected, record)].add(measure(case))
        apart = sizes[False] and not sizes[True] & sizes[False]
        return (sizes[True], sizes[False]) if apart else (set(), set())

    def _quantity(self, name: str, pairs: Sequence[Pair]) -> Iterator[str]:
        """Sentences on a wrong quantity: the layers that it is wrong in, and how."""
        wrong = [pair for pair in pairs if self._differ([pair])]
        cases = {pair.case for pair in wrong}
        last = {case: max(layer_of(pair) for pair in pairs if pair.case == case) for case in cases}
        deep = [pair for pair in pairs if last.get(pair.case, 0) > 1]
        where = wrong_layers([(layer_of(pair), last[pair.case], self._differ([pair])) for pair in deep])
        if where:
            yield f"{name} is wrong in {where} alone."
        text = describe_quantity(name, wrong if where else pairs, self.exercise.tolerance)
        if text != f"{name} {WRONG}.":
            yield text

    def _texts(self, wrong: Mapping[str, Sequence[Pair]]) -> Iterator[str]:
        """The value of a text argument with which alone the results are wrong."""
        bad = {pair.case for pairs in wrong.values() for pair in pairs if self._differ([pair])}
        both = enumerate(zip(self.expected, self.records, strict=True))
        bad |= {number for number, pair in both if wrong and not self.fits(*pair)}
        for index, name in enumerate(signature(self.exercise.function).parameters):
            texts: dict[bool, set[str]] = {True: set(), False: set()}
            for number, case in enumerate(self.cases):
                if index < len(case) and isinstance(case[index], str):
                    texts[number in bad].add(case[index])
            if len(texts[True]) == 1 and texts[False] - texts[True]:
                yield f"It is wrong with {name} {texts[True].pop()!r} alone."

    def _numbers(self) -> Iterator[str]:
        """A wrong number of each quantity beside the right one, and the arguments with which it comes out."""
        shown: set[str] = set()
        order = sorted(range(len(self.cases)), key=lambda index: (index > 0, _size(self.cases[index])))
        for index in order:
            expected, record = self.expected[index], self.records[index]
            for name, right, value in self.leaves(expected, record) if _both_values(expected, record) else ():
                text = numbers_of(name, right, value, self.exercise.tolerance)
                if text and quantity(name) not in shown and len(shown) < MOST_NUMBERS:
                    shown.add(quantity(name))
                    arguments = f" with {self._arguments(index)}" if self._arguments(index) else ""
                    yield f"{text}{arguments if index else ' in the example of the task'}."

    def beside(self) -> Iterator[Beside]:
        """The wrong arrays of the first call that has one, beside the right ones."""
        for expected, record in zip(self.expected, self.records, strict=True):
            pairs = []
            for name, *both in self.leaves(expected, record) if _both_values(expected, record) else ():
                right, value = map(as_array, both)
                drawn = is_array(right) and is_array(value) and right.size and value.size
                if drawn and not close(right, value, self.exercise.tolerance):
                    pairs.append(Beside(name, value, right, self.exercise.tolerance))
            if pairs:
                yield from pairs[:MOST_NUMBERS]
                return

    def _arguments(self, index: int) -> str:
        """Small arguments of a case, and the shapes of others."""
        named = zip(signature(self.exercise.function).parameters, self.cases[index], strict=False)
        texts = []
        for name, value in named:
            if is_array(value) and value.size > MOST_SHOWN:
                texts.append(f"{name} {value.shape}")
            elif is_array(value):
                texts.append(f"{name} = {written(value)}")
            elif isinstance(value, str | int | float | list) and len(repr(value)) < MOST_WIDTH:
                texts.append(f"{name} = {value!r}")
        return ", ".join(texts)

    def _side_effects(self) -> Iterator[str]:
        parameters = signature(self.exercise.function).parameters
        for index, name in enumerate(parameters):
            place = slice(index, index + 1)  # of the argument; empty where a call leaves it out
            both = zip(self.expected, self.records, strict=True)
            if not all(unchanged(right["after"][place], record["after"][place]) for right, record in both):
                remedy = REMEDIES.get(type(self.cases[0][index]), "make a new array")
                yield f"{name} was changed in place: {remedy}."
        if any(record["random"] for record in self.records):
            source = "rng" if "rng" in parameters else "a generator of its own"
            yield f"The global random generator was used or seeded: draw from {source}, not from np.random."
        drawing = [record for record in self.records if "value" in record]
        if drawing and all(record["undrawn"] for record in drawing):
            yield "Nothing was drawn from rng: the results must come from its numbers."

    def _again(self) -> str:
        """The likely cause where the same call gives another result the second time."""
        first, second = self.records[0], self.records[-1]
        if "value" in first and "value" in second:
            both = [(as_array(before), as_array(after)) for _, before, after in self.leaves(first, second)]
            arrays = all(is_array(before) and is_array(after) for before, after in both)
            if arrays and all(before.shape == after.shape for before, after in both):
                return "is a generator without a seed used, or a global variable changed?"
        return "does a list or a dictionary live on from call to call, as with caches=[] in the line of def?"

    def _errors(self) -> Iterator[str]:
        named: set[tuple[str, int]] = set()
        for index, (expected, record) in enumerate(zip(self.expected, self.records, strict=True)):
            kind, message, line, _ = record.get("error", ("", "", 0, []))
            wanted = expected.get("error", ("",))[0]
            if self.fits(expected, record) or (kind, line) in named or not (kind or wanted):
                continue
            named.add((kind, line))
            if kind:
                place = f" in line {line}" if line else ""
                yield f"{kind}{place}{self._shapes(self.cases[index])}: {message or 'without a message'}"
                if not wanted:
                    yield from self._hints(f"{kind}: {message}")
            if wanted:
                yield f"{wanted} is expected with {self._named_texts(index)}, got {kind or 'a result'}."

    def _named_texts(self, index: int) -> str:
        """The texts among the arguments of a case."""
        named = zip(signature(self.exercise.function).parameters, self.cases[index], strict=False)
        return ", ".join(f"{name} = {value!r}" for name, value in named if isinstance(value, str))

    def _hints(self, error: str) -> Iterator[str]:
        """Hints on an error."""
        solution = " ".join(self.exercise.solution.split())
        for cause, part, hint in ERROR_HINTS:
            if re.search(cause, error) and re.search(part, solution):
                yield hint

    def _shapes(self, case: Arguments) -> str:
        """The shapes of the arguments that are arrays, and those that are texts."""
        named = zip(signature(self.exercise.function).parameters, case, strict=False)
        shapes = [
            f"{name} {value.shape}" if is_array(value) else f"{name} {value!r}"
            for name, value in named
            if is_array(value) or isinstance(value, str)
        ]
        return f" with {', '.join(shapes)}" if shapes else ""

    def _order(self) -> str:
        """The expected names, where the results are these in another order."""
        names, solution = self.exercise.returns, self.exercise.function
        if isinstance(names, list) and len(names) <= 3:
            for order in list(permutations(range(len(names))))[1:]:
                if self._equals(lambda *case, order=order: [solution(*case)[index] for index in order]):
                    return ", ".join(name if isinstance(name, str) else "cache" for name in names)
        return ""


def unchanged(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Whether arguments are the same after two calls, up to the rounding of θ + ε - ε."""
    pairs = leaves(list(map(decode, before)), list(map(decode, after)), "arguments")
    return before == after or all(close(first, second, 1e-12) for _, first, second in pairs)


def examples_of(exercise: Exercise, case: Arguments) -> int:
    """The number of examples m of a case: the last axis of its first array that is no weights."""
    named = zip(signature(exercise.function).parameters, case, strict=False)
    return next((value.shape[-1] for name, value in named if is_array(value) and name != "w"), 0)


def layers_of(case: Arguments) -> int:
    """The number of layers in the arguments of a case, 0 where they have none."""
    for value in case:
        if isinstance(value, dict):
            return len(value) // 2
        if isinstance(value, list):
            return len(value) - isinstance(value[0], int)
    return 0


def axes_of(case: Arguments) -> int:
    """The number of axes of the first argument, 2 where it is no array."""
    return case[0].ndim if isinstance(case[0], np.ndarray) else 2


def numbers_of(name: str, expected: Any, value: Any, tolerance: float) -> str:
    """A wrong value beside the expected one: all entries of small arrays, the worst entry of large ones."""
    if isinstance(expected, list) and not all(is_array(entry) and not entry.ndim for entry in expected):
        return ""  # the number of results is wrong
    if is_shape(expected) and is_shape(value) and not close(expected, value, tolerance):
        return "{} is {}, expected {}".format(name, *(tuple(map(int, sizes)) for sizes in (value, expected)))
    expected, value = as_array(expected), as_array(value)
    if not (is_array(expected) and is_array(value)) or close(expected, value, tolerance):
        return ""
    if max(expected.size, value.size) <= MOST_SHOWN:
        return _beside(name, value, expected)
    if expected.shape != value.shape:
        return f"{name} has shape {value.shape}, expected {expected.shape}"
    difference = np.abs(np.nan_to_num(value.astype(float)) - expected)
    difference[~np.isfinite(value)] = np.inf
    place = np.unravel_index(int(difference.argmax()), expected.shape)
    indices = ", ".join(str(int(index)) for index in place)
    return _beside(f"{name}[{indices}]", value[place], expected[place])


def _beside(name: str, value: Any, expected: Any) -> str:
    """A value and the expected one, with as many digits as tell them apart."""
    digits = 6 if written(value) != written(expected) else 17
    return f"{name} is {written(value, digits)}, expected {written(expected, digits)}"


def written(array: Any, digits: int = 6) -> str:
    """Numbers in one line."""
    return " ".join(np.array2string(np.asarray(array) + 0, separator=", ", precision=digits).split())


def _both_values(expected: Record, record: Record) -> bool:
    return "value" in expected and "value" in record


def _size(case: Arguments) -> int:
    """The number of entries of the arguments, as they are written."""
    return len(repr(case))
