"""The bug museum: one step, right and with each classic mistake, and the training with each.

A mistake is an edit of a program (`deepstep.course.museum`); the same edit is shown as the fix. The
tests compare the right program with `Network.trace`, and mistakes of the backward pass with the `fault` of
`Network.train`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import CodeType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.explorer import About, lesson
from deepstep.explorer.document import Document
from deepstep.explorer.page import number, packed
from deepstep.inspection.gradient_check import STENCILS, Compared
from deepstep.model import Network
from deepstep.types import Array

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
            raise ConfigurationError.must_be("names", "names of quantities", repr(names))
        program = tuple(after for line in program for after in changed.get(line, (line,)))
    return program


def _is_named(line: Line, names: Sequence[str]) -> bool:
    """Whether a line is among the names, where ``*`` is each layer."""
    return line.name in names or re.sub(r"\d", "*", line.name) in names


def _changed(line: Line, old: str, new: str) -> Program:
    layer = "".join(re.findall(r"\d", line.name))
    old, new = (text.replace("{l}", layer) for text in (old, new))
    if line.code.count(old) != 1:
        requirement = f"a part of the line {line.code!r}, once"
        raise ConfigurationError.must_be("old", requirement, repr(old))
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


X = np.array([[25.0, 38, 52, 31, 60, 44], [1200, 5400, 2100, 3900, 4800, 900]])
LABELS = np.array([[1, 2, 1, 2, 2, 1]])
LAYER_DIMS, ACTIVATIONS = (2, 3, 3, 1), ("tanh", "sigmoid")
PARAMETERS = [f"{p}{l}" for l in LAYERS for p in "Wb"]
SEED, UPDATES = 1, 200
DISTANCE, TOLERANCE = 1e-3, 1e-7
ERROR = np.array([1e-12])
"""The error of finite differences from rounding, which is no difference."""


class Outcome(NamedTuple):
    """The quantities of the first step, the cost of each update, and the error that ended the training."""

    quantities: dict[str, Array]
    costs: Array
    stopped: str


@cache
def _compiled(program: Program) -> CodeType:
    return compile("\n".join(line.code for line in program), "<museum>", "exec")


def begun(program: Program) -> dict[str, Any]:
    """The variables before the first forward pass."""
    rng = np.random.default_rng(SEED)
    order = np.random.default_rng(SEED).permutation(X.shape[1])
    variables = {"np": np, "X": X, "labels": LABELS, "m": X.shape[1], "rng": rng, "order": order}
    exec(_compiled(tuple(line for line in program if line.phase == "given")), variables)
    return variables


def first_step(program: Program) -> dict[str, Array]:
    """Every quantity of the first step, by its name in the trace."""
    variables = begun(program)
    quantities: dict[str, Array] = {}
    for line in program:
        if line.phase != "given":
            exec(_compiled((line,)), variables)
        quantities[line.name] = np.array(variables[line.variable], np.float64)
    return quantities


def run(program: Program) -> Outcome:
    """The first step, and the cost of each update of a training."""
    with np.errstate(all="ignore"):
        quantities = first_step(program)
        variables = begun(program)
        costs: list[float] = []
        stopped = ""
        step = _compiled(tuple(line for line in program if line.phase != "given"))
        for _ in range(UPDATES):
            try:
                exec(step, variables)
            except ValueError as error:  # shapes that do not fit: the exhibit shows the error
                stopped = str(error).strip()
                break
            costs.append(float(variables["J"]))
    return Outcome(quantities, np.array(costs), stopped)


def check(program: Program, quantities: Mapping[str, Array]) -> list[dict[str, Any]]:
    """The program's gradients beside finite differences of its own cost, by parameter."""
    nodes = [line for line in program if line.phase in ("forward", "cost") and line.name[:4] != "mask"]
    forward = _compiled(tuple(nodes))
    variables = {"np": np, "m": X.shape[1]} | {name: value.copy() for name, value in quantities.items()}

    def slope(value: Array, index: tuple[int, ...]) -> float:
        """The derivative of the cost by an entry, which is changed in place: the program reads its array."""
        entry, total = value[index], 0.0
        for steps, weight in STENCILS[4]:
            value[index] = entry + steps * DISTANCE
            exec(forward, variables)
            total += weight * float(variables["J"])
        value[index] = entry
        return total / DISTANCE

    def slopes(value: Array) -> Array:
        return np.reshape([slope(value, index) for index in np.ndindex(value.shape)], value.shape)

    with np.errstate(all="ignore"):
        return [compared(name, quantities[f"d{name}"], slopes(variables[name])) for name in PARAMETERS]


def compared(name: str, analytic: Array, numeric: Array) -> dict[str, Any]:
    """A row of the gradient check."""
    if analytic.shape != numeric.shape:
        shapes = f"{analytic.shape} for {numeric.shape}"
        return {"of": name, "difference": "nan", "verdict": "shape", "shapes": shapes}
    difference = Compared(analytic, numeric, ERROR).difference(TOLERANCE)
    verdict = "good" if difference < TOLERANCE else "wrong"
    if np.isnan(difference):
        verdict = "nan"
    return {"of": name, "difference": number(difference), "verdict": verdict}


def differ(right: Array, wrong: Array) -> bool:
    """Whether arrays differ by more than rounding; a number that is NaN in both does not."""
    rounding = 1e-12 * float(np.abs(right[np.isfinite(right)]).max(initial=0.0))
    same = right.shape == wrong.shape and np.allclose(right, wrong, rtol=1e-9, atol=rounding, equal_nan=True)
    return not same


def network() -> Network:
    """The network of the museum, with its initial parameters."""
    quantities = first_step(BASES["plain"])
    parameters = {name: quantities[name] for name in PARAMETERS}
    return Network(LAYER_DIMS, activation=list(ACTIVATIONS), parameters=parameters, seed=SEED)


def diagnosis(exhibit: Exhibit, quantities: Mapping[str, Array]) -> str:
    """The mistake that `Network.check_gradients` recognizes in the gradients of a plain backward pass."""
    if exhibit.group not in ("backward", "update") or exhibit.base != "plain":
        return ""
    gradients = {f"d{name}": quantities[f"d{name}"] for name in PARAMETERS}
    report = network().check_gradients(
        quantities["A0"], quantities["Y"], gradients=gradients, epsilon=DISTANCE
    )
    return report.diagnosis


def museum() -> Document:
    """The museum's part of a lesson: the right programs, and every exhibit beside its own.

    Arrays are float64 in base64, as in a lesson.

    Examples
    --------
    >>> exhibits = {exhibit["id"]: exhibit for exhibit in museum()["exhibits"]}
    >>> exhibits["lost-1-m"]["first"], exhibits["lost-1-m"]["diff"][0]
    ('dW3', ['dW3', 'dW3 = dZ3 @ A2.T', 'dW3 = dZ3 @ A2.T / m'])
    """
    outcomes = {name: run(program) for name, program in BASES.items()}
    bases = {
        name: {
            "order": _order(program),
            "quantities": _packed(outcomes[name].quantities),
            "costs": packed(outcomes[name].costs),
        }
        for name, program in BASES.items()
    }
    return {"bases": bases, "exhibits": [_record(exhibit, outcomes[exhibit.base]) for exhibit in EXHIBITS]}


def _packed(quantities: Mapping[str, Array]) -> Document:
    return {name: packed(np.atleast_1d(value)) for name, value in quantities.items()}


def _record(exhibit: Exhibit, right: Outcome) -> Document:
    program, described = exhibit.wrong, exhibit._asdict()
    del described["edits"]
    quantities, costs, stopped = run(program)
    wrong = {name: value for name, value in quantities.items() if differ(right.quantities[name], value)}
    return {
        **described,
        "layers": list(exhibit.layers),
        "first": next(iter(wrong)),
        "quantities": _packed(wrong),
        "shapes": {name: str(value.shape) for name, value in wrong.items() if value.ndim == 1},
        "check": check(program, quantities),
        "diagnosis": diagnosis(exhibit, quantities),
        "costs": packed(costs),
        "stopped": stopped,
        "diff": _diff(exhibit),
    }


def _order(program: Program) -> list[Document]:
    return [{"id": line.name, "phase": line.phase, "code": line.code} for line in program]


def _diff(exhibit: Exhibit) -> list[list[str]]:
    """Each wrong line: the quantity, the line, and the right one."""
    pairs = zip(exhibit.right, exhibit.wrong, strict=True)
    return [[old.name, new.code, old.code] for old, new in pairs if old != new]


def programs() -> Document:
    """The lines of the museum without numbers: the page of a lesson draws networks for them."""
    shown = ("id", "title", "why", "base")
    exhibits = [
        {**{name: getattr(exhibit, name) for name in shown}, "diff": _diff(exhibit)} for exhibit in EXHIBITS
    ]
    return {"bases": {name: {"order": _order(lines)} for name, lines in BASES.items()}, "exhibits": exhibits}


def document() -> Document:
    """The lesson of the museum's page: the network of the museum, and `museum`."""
    quantities = first_step(BASES["plain"])
    about = About(
        "six examples", title="The network of the museum", feature_names=("x1", "x2"), class_names=("0", "1")
    )
    page = lesson(
        network(), quantities["A0"], quantities["Y"], about=about, learning_rate=1.0, iterations=UPDATES
    )
    return {**page, "museum": museum(), "place": "s=museum"}
