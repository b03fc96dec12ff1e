"""Find the bug: a network of its own with a hidden mistake of the museum in one layer.

A round is a program of the museum with data and parameters that are drawn from a seed. The program contains
them as numbers with two decimals, so that a reader can compute with them.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from deepstep.course import museum
from deepstep.course.museum import EXHIBITS, LAYERS, Exhibit, Line, Program, lines
from deepstep.types import Array

POINTS = 10
PRICES = {"point": 2, "choice": 2, "compute": 1, "part": 2, "check": 2}
"""The points of a round that a hint or a wrong answer costs."""

CHOICES = 5
VISIBLE = 0.02
"""The smallest difference of a mistake that can be played, as a share of the largest entry."""

LEARNED = {"plain": 0.4, "L2": 0.8}
"""By base: the share of the first cost that is left after a training without a mistake, at most."""


class Mistake(NamedTuple):
    """A mistake in one layer: the exhibit, and its wrong lines by quantity."""

    exhibit: Exhibit
    lines: dict[str, Line]

    @property
    def first(self) -> str:
        return next(iter(self.lines))

    @property
    def symbol(self) -> str:
        """The kind of the first wrong quantity, such as ``dW``."""
        return re.sub(r"\d", "", self.first)


class Round(NamedTuple):
    """A network with a hidden mistake; ``first`` is the quantity to find, ``choices`` are titles."""

    seed: int
    mistake: Mistake
    right: Program
    wrong: Program
    expected: museum.Outcome
    outcome: museum.Outcome
    choices: tuple[str, ...]

    @property
    def first(self) -> str:
        return self.mistake.first

    @property
    def steps(self) -> Program:
        """The right lines that are repeated in training."""
        return _steps(self.right)

    def line(self, name: str) -> Line:
        """The right line of a quantity."""
        return next(line for line in self.right if line.name == name)

    def operands(self, name: str) -> list[str]:
        """The quantities that a quantity is computed from."""
        names = re.findall(r"\b(?:d?[AZWb]\d|Y)\b", self.line(name).code.partition(" = ")[2])
        return list(dict.fromkeys(names))

    def recomputed(self, name: str) -> Array:
        """The value of the right line, computed from the numbers of the wrong program."""
        variables = {"np": np, **self.outcome.quantities}
        variables["learning_rate"] = self.outcome.quantities["α"]
        with np.errstate(all="ignore"):
            exec(self.line(name).code, variables)
        return np.asarray(variables[self.line(name).variable], np.float64)

    def is_right(self, name: str) -> bool:
        return not museum.differ(self.expected.quantities[name], self.outcome.quantities[name])

    def verdicts(self) -> dict[str, str]:
        """The gradient check of the wrong program: ``"good"``, ``"wrong"``, ``"shape"`` or ``"nan"``."""
        return {f"d{row['of']}": row["verdict"] for row in museum.check(self.wrong, self.outcome.quantities)}

    def to_dict(self) -> dict[str, Any]:
        """The network, the numbers of the wrong program, and the answer."""
        fix = {name: [line.code, self.line(name).code] for name, line in self.mistake.lines.items()}
        program = [line.code for line in self.right]
        record = {"seed": self.seed, "right": program, "first": self.first, "choices": self.choices}
        return {**record, **self.outcome._asdict(), "mistake": self.mistake.exhibit.title, "fix": fix}


def _steps(program: Program) -> Program:
    return tuple(line for line in program if line.phase != "given")


def mistakes() -> Iterator[Mistake]:
    """Each mistake of a line of the step, in each layer; none of the data, and none beside dropout."""
    for exhibit in EXHIBITS:
        pairs = zip(exhibit.right, exhibit.wrong, strict=True)
        changed = [new for old, new in pairs if new != old]
        if exhibit.base != "dropout" and all(line.phase != "given" for line in changed):
            for _, lines in groupby(sorted(changed, key=_layer), _layer):
                yield Mistake(exhibit, {line.name: line for line in lines})


def _layer(line: Line) -> str:
    return "".join(re.findall(r"\d", line.name))


def _beginning(rng: np.random.Generator) -> Program:
    """Inputs, targets and first parameters as lines with numbers."""
    n, h, m = (int(rng.integers(low, low + 2)) for low in (2, 2, 4))
    A0 = rng.standard_normal((n, m)).round(2)
    dims = (n, h, h, 1)
    values = {"A0": A0, "Y": (A0[:1] >= np.median(A0[0])).astype(int)}
    for layer in LAYERS:
        rows, columns = dims[layer], dims[layer - 1]
        values[f"W{layer}"] = (rng.standard_normal((rows, columns)) / np.sqrt(columns)).round(2)
        values[f"b{layer}"] = (0.4 * rng.standard_normal((rows, 1))).round(2)
    arrays = (f"{name} = np.array({value.tolist()})" for name, value in values.items())
    return tuple(lines("given", "\n".join((*arrays, f"m = {m}", "learning_rate = 1.0"))))


def draw_round(seed: int) -> Round:
    """The round of a seed: its mistake can be seen, first in the line that is wrong, and in the training.

    Examples
    --------
    >>> game = draw_round(1)
    >>> game.is_right(game.first), game.mistake.exhibit.title in game.choices
    (False, True)
    """
    rng = np.random.default_rng(seed)
    every = list(mistakes())
    while True:
        mistake = every[rng.integers(len(every))]
        beginning = _beginning(rng)
        steps = _steps(mistake.exhibit.right)
        right = beginning + steps
        wrong = beginning + tuple(mistake.lines.get(line.name, line) for line in steps)
        expected, outcome = museum.run(right), museum.run(wrong)
        pairs = ((name, value, outcome.quantities[name]) for name, value in expected.quantities.items())
        first = next((name for name, value, other in pairs if _visible(value, other)), None)
        learned = expected.costs[-1] < LEARNED[mistake.exhibit.base] * expected.costs[0]
        harmed = not np.array_equal(expected.costs, outcome.costs)
        if learned and harmed and first == mistake.first:
            choices = _choices(every, mistake, rng)
            return Round(seed, mistake, right, wrong, expected, outcome, choices)


def _visible(value: Array, other: Array) -> bool:
    tolerance = VISIBLE * float(np.abs(value).max())
    return value.shape != other.shape or not np.allclose(value, other, rtol=0, atol=tolerance)


def _choices(every: list[Mistake], mistake: Mistake, rng: np.random.Generator) -> tuple[str, ...]:
    """The mistake among others that show first in such a quantity, and then any."""
    shuffled = [every[index] for index in rng.permutation(len(every))]
    near_first = sorted(shuffled, key=lambda other: other.symbol != mistake.symbol)
    titles = list(dict.fromkeys(other.exhibit.title for other in (mistake, *near_first)))
    return tuple(titles[index] for index in rng.permutation(CHOICES))
