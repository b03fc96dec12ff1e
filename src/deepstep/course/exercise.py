"""Exercises: a function whose docstring is the task and whose body is the solution, with its known mistakes.

A mistake is an edit of the solution's text, so the wrong function and the fix come from one table:
``exercises/mistakes.txt``.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache, cached_property
from importlib.resources import files
from itertools import combinations
from textwrap import dedent, indent
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from deepstep.course.chapters import CHAPTERS
from deepstep.errors import ConfigurationError
from deepstep.types import Array

HOLE = "raise NotImplementedError"
"""The body of a function that the learner has not written yet."""

Arguments: TypeAlias = tuple[Any, ...]
"""Arguments of one call: arrays, numbers, texts, dictionaries, `Draws`, `CostOf`."""

Names: TypeAlias = "str | list[Names]"
"""Names of what a function returns, nested as the returned tuples are."""

F = TypeVar("F", bound=Callable[..., Any])


class Draws(NamedTuple):
    """An argument ``rng``: a RandomState with this seed, new in each call."""

    seed: int


class CostOf(NamedTuple):
    """An argument ``cost``: a function of θ, by its name in `COSTS`."""

    name: str


COSTS: dict[str, Callable[[Array], float]] = {
    "squares": lambda theta: float(np.sum(theta**2)),  # of the example in the task
    "cubic": lambda theta: float(np.sum(theta**3)),
    "coupled": lambda theta: float(np.sum(theta) ** 3 + np.sum(theta**2)),
    "exponential": lambda theta: float(np.sum(np.exp(0.3 * theta))),
}
"""Costs of θ; the central, forward and backward differences of all but the first are unequal."""


def prepare(value: Any) -> Any:
    """An argument as the function receives it: a copy, a generator, a cost."""
    if isinstance(value, Draws):
        return np.random.RandomState(value.seed)
    if isinstance(value, CostOf):
        return COSTS[value.name]
    if isinstance(value, dict):
        return {name: prepare(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(prepare(entry) for entry in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def normal(seed: int, *shapes: tuple[int, ...]) -> list[Array]:
    """Draws of the standard normal distribution, in this order, as the published test cases have them.

    >>> normal(1, (1, 2))
    [array([[ 1.62434536, -0.61175641]])]
    """
    rng = np.random.RandomState(seed)
    return [rng.randn(*shape) for shape in shapes]


class Mistake(NamedTuple):
    """A known mistake: edits (old, new) of the solution, a hint, and the defects of the post that it is."""

    name: str
    edits: tuple[tuple[str, str], ...]
    hint: str
    defects: tuple[str, ...]

    def apply(self, source: str) -> str | None:
        """The text with an edited body, None where an edit finds nothing to replace."""
        head, line_break, body = source.partition("\n")
        for old, new in self.edits:
            if old not in body:
                return None
            body = body.replace(old, new)
        return head + line_break + body


_ENTRY = re.compile(r"(?P<name>.*?)(?: \[(?P<defects>[D\d, ]+)\])?: (?P<edits>.* → .*)")


def parse_mistakes(table: str) -> list[Mistake]:
    """The mistakes of a table, one in each line, with its hint in indented lines below.

    A line is ``name [D03]: old → new ‖ old → new``. ∅ is an empty text and ⏎ a new line with the indentation
    of the function's body.

    >>> parse_mistakes("the sign is wrong [D01]: a - b → b - a")[0].edits
    (('a - b', 'b - a'),)
    """
    mistakes = []
    for entry in re.split(r"\n(?! )", table.strip()):
        first, *hint = entry.splitlines()
        parts = _ENTRY.fullmatch(first)
        if not parts:
            raise ConfigurationError.must_be("a mistake", "a line 'name: old → new'", repr(first))
        text = parts["edits"].replace("∅", "").replace("⏎", "\n    ")
        edits = (edit.partition(" → ") for edit in text.split(" ‖ "))
        mistakes.append(
            Mistake(
                parts["name"],
                tuple((old, new) for old, _, new in edits),
                " ".join(line.strip() for line in hint),
                tuple(parts["defects"].split(", ")) if parts["defects"] else (),
            )
        )
    return mistakes


@cache
def _tables() -> dict[str, list[Mistake]]:
    """The mistakes of all exercises, by the name of the exercise."""
    text = (files("deepstep.course") / "exercises" / "mistakes.txt").read_text(encoding="utf-8")
    tables: dict[str, list[Mistake]] = {}
    for names, table in re.findall(r"^\[(.*)\]\n((?:(?!\[).+\n)+)", text, re.MULTILINE):
        for name in names.split(", "):
            tables.setdefault(name, []).extend(parse_mistakes(table))
    return tables


@dataclass(frozen=True)
class Exercise:
    """One exercise: the solution, its cases and its known mistakes."""

    function: Callable[..., Any]
    published: Callable[[], list[Arguments]]
    cases: Callable[[np.random.RandomState], list[Arguments]]
    tolerance: float

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.function.__name__

    @property
    def chapter(self) -> int:
        """The number of its chapter."""
        return next(number for number, chapter in CHAPTERS.items() if self.name in chapter.exercises)

    @property
    def signature(self) -> str:
        """The call, such as ``relu(Z)``."""
        return f"{self.name}{inspect.signature(self.function)}"

    @property
    def task(self) -> str:
        """The text of the task."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def solution(self) -> str:
        """The source of the solution, without decorator and docstring."""
        definition = self._definition
        lines = self._source.splitlines()
        head = lines[definition.lineno - 1 : definition.body[0].lineno - 1]
        body = lines[definition.body[1].lineno - 1 : definition.end_lineno]
        return "\n".join([*head, *body]) + "\n"

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """The known mistakes."""
        return tuple(_tables().get(self.name, ()))

    @cached_property
    def returns(self) -> Names:
        """The names of what the function returns, from its last statement."""
        last = self._definition.body[-1]
        return _names(last.value, "the result") if isinstance(last, ast.Return) and last.value else "result"

    @property
    def helpers(self) -> list[str]:
        """Functions of other exercises that the solution calls, or that the task names."""
        names = {node.id for node in ast.walk(self._definition) if isinstance(node, ast.Name)}
        names |= set(re.findall(r"`(\w+)`", self.task))
        return sorted(names & EXERCISES.keys() - {self.name})

    @cached_property
    def example(self) -> list[Arguments]:
        """The arguments of the calls in the example of the task."""
        calls: list[Arguments] = []

        def record(*values: Any, **named: Any) -> Any:
            bound = inspect.signature(self.function).bind(*values, **named).args
            calls.append(tuple(CostOf("squares") if callable(value) else value for value in bound))
            return self.function(*map(prepare, calls[-1]))

        lines = [line[4:] for line in self.task.splitlines() if line.startswith((">>> ", "... "))]
        code = "\n".join(lines).replace("np.random.RandomState(", "Draws(")
        exec(code, {"np": np, "Draws": Draws, self.name: record})
        return calls

    @cached_property
    def _source(self) -> str:
        return dedent(inspect.getsource(self.function))

    @cached_property
    def _definition(self) -> ast.FunctionDef:
        definition = ast.parse(self._source).body[0]
        if not isinstance(definition, ast.FunctionDef):
            raise ConfigurationError.must_be("an exercise", "a function", repr(definition))
        return definition

    def all_cases(self, seed: int) -> list[Arguments]:
        """The task's example, the published cases, and hidden ones drawn from the seed.

        The last case is the first one again: a function that keeps something from call to call differs there.
        """
        cases = [*self.example, *self.published(), *self.cases(np.random.RandomState(seed))]
        return [*cases, cases[0]]

    def edited(self, *mistakes: Mistake) -> Callable[..., Any] | None:
        """The function with these mistakes in it, None where they exclude each other."""
        source: str | None = self.solution
        for mistake in mistakes:
            source = mistake.apply(source) if source else None
        if source is None:
            return None
        namespace = dict(self.function.__globals__)
        try:
            exec(compile(source, f"<{self.name} with a mistake>", "exec"), namespace)
        except SyntaxError:  # two edits of the same expression
            return None
        function: Callable[..., Any] = namespace[self.name]
        return function

    def variants(self) -> Iterator[tuple[tuple[Mistake, ...], Callable[..., Any]]]:
        """Every wrong function: those with one mistake, then those with two."""
        for mistakes in [*combinations(self.mistakes, 1), *combinations(self.mistakes, 2)]:
            function = self.edited(*mistakes)
            if function is not None:
                yield mistakes, function

    def diff(self, mistake: Mistake) -> str:
        """The fix of a mistake, as a unified diff from the wrong text to the solution."""
        wrong = mistake.apply(self.solution) or ""
        lines = unified_diff(wrong.splitlines(), self.solution.splitlines(), lineterm="", n=1)
        return "\n".join(list(lines)[2:])

    def hole(self) -> str:
        """The function without its body, for the learner's file."""
        docstring = indent(f'"""{self.task}\n"""', "    ", lambda line: line.strip() != "")
        return f"def {self.signature}:\n{docstring}\n    {HOLE}\n"

    def as_markdown(self) -> str:
        """The task with its signature, as Markdown."""
        text, _, example = self.task.partition("\n>>>")
        example = f"\n\n```python\n>>>{example}\n```" if example else ""
        return f"**`{self.signature}`**\n\n{text.strip()}{example}\n"


def _names(node: ast.expr, otherwise: str) -> Names:
    if isinstance(node, ast.Tuple):
        places = zip(node.elts, ("first", "second", "third"), strict=False)
        return [_names(entry, f"the {place} result") for entry, place in places]
    return node.id if isinstance(node, ast.Name) else otherwise


EXERCISES: dict[str, Exercise] = {}
"""All exercises by name, once `deepstep.course.exercises` is imported."""


def exercise(
    *,
    cases: Callable[[np.random.RandomState], list[Arguments]],
    published: Callable[[], list[Arguments]] = list,
    tolerance: float = 1e-6,
) -> Callable[[F], F]:
    """Register a function as the exercise of its name."""

    def register(function: F) -> F:
        EXERCISES[function.__name__] = Exercise(function, published, cases, tolerance)
        return function

    return register
