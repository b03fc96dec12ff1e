"""The program of a training step, and mistakes as edits of its lines, from exhibits.toml."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import NamedTuple, TypeAlias

from deepstep.errors import ConfigurationError

LAYERS = (1, 2, 3)
NAMES = {"learning_rate": "α", "G1": "g(Z1)", "dG1": "dg(Z1)"}
"""Variables of the program whose quantity has another name in the trace."""


class Line(NamedTuple):
    """A line of the program: the phase, the quantity in the trace's notation, its variable and its code."""

    phase: str
    name: str
    variable: str
    code: str


Program: TypeAlias = tuple[Line, ...]
"""Lines in order. The lines after the data and the initialization are repeated in training."""


def lines(phase: str, code: str) -> Iterator[Line]:
    """The lines of a phase."""
    for line in code.strip().splitlines():
        variable = line.partition(" = ")[0]
        name = f"{variable}′" if phase == "update" else NAMES.get(variable, variable)
        yield Line(phase, name, variable, line)


def edited(program: Program, edits: Iterable[Sequence[str]]) -> Program:
    """The program after edits: names of quantities, a part of their lines, and its replacement."""
    for names, old, new in edits:
        changed = {line: _changed(line, old, new) for line in program if _is_named(line, names.split())}
        if not changed:
            raise ConfigurationError("edited", "names of quantities", f"got {names!r}", setting="names")
        program = tuple(after for line in program for after in changed.get(line, (line,)))
    return program


def _is_named(line: Line, names: Sequence[str]) -> bool:
    """Whether a line is among the names, where ``*`` is each layer."""
    return line.name in names or re.sub(r"\d", "*", line.name) in names


def _changed(line: Line, old: str, new: str) -> Program:
    layer = "".join(re.findall(r"\d", line.name))
    old, new = (text.replace("{l}", layer) for text in (old, new))
    if line.code.count(old) != 1:
        expected = f"a part of the line {line.code!r}, once"
        raise ConfigurationError("edited", expected, f"got {old!r}", setting="old")
    return tuple(lines(line.phase, line.code.replace(old, new)))


class Exhibit(NamedTuple):
    """A mistake.

    id: In links.
    group: ``"data"``, ``"initialization"``, ``"forward"``, ``"cost"``, ``"backward"`` or ``"update"``.
    symptom, why: Sentences for the page.
    edits: From the right program to the wrong one.
    base: The right program, a name in `BASES`.
    fault: The mistake's name in `Network.train`, where it has one.
    layers: The layers with the mistake; the fault of `Network.train` is in every layer.
    """

    id: str
    group: str
    title: str
    symptom: str
    why: str
    edits: Sequence[Sequence[str]]
    base: str = "plain"
    fault: str = ""
    layers: Sequence[int] = LAYERS

    @property
    def right(self) -> Program:
        return BASES[self.base]

    @property
    def wrong(self) -> Program:
        return edited(self.right, self.edits)


_TABLE = tomllib.loads((files("deepstep.course") / "exhibits.toml").read_text(encoding="utf-8"))
RIGHT: Program = tuple(line for phase, code in _TABLE["program"].items() for line in lines(phase, code))
BASES = {name: edited(RIGHT, edits) for name, edits in _TABLE["bases"].items()}
"""Right programs that mistakes start from: plain, with L2, with dropout, and with shuffled examples."""

EXHIBITS = tuple(Exhibit(**record) for record in _TABLE["exhibits"])
"""All exhibits, in the order of the page."""
