"""The program of a training step, line by line, and mistakes as edits of its lines."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from deepstep.errors import ConfigurationError
from deepstep.inspection.faults import get_fault

VARIABLES = {"α": "learning_rate", "g(Z1)": "G1", "dg(Z1)": "dG1"}
"""Variables of the program whose quantity has another name in the trace."""


class Line(NamedTuple):
    """A line of the program: the phase, the quantity in the trace's notation, and its expression."""

    phase: str
    name: str
    expression: str

    @property
    def variable(self) -> str:
        return VARIABLES.get(self.name, self.name.removesuffix("′"))

    @property
    def code(self) -> str:
        return f"{self.variable} = {self.expression}"


Program: TypeAlias = tuple[Line, ...]
"""Lines in order. The lines after the data and the initialization are repeated in training."""

LAYERS = (1, 2, 3)
LAYER_DIMS, ACTIVATIONS = (2, 3, 3, 1), ("tanh", "sigmoid")

RIGHT: Program = (
    Line("given", "A0", "(X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)"),
    Line("given", "Y", "labels - 1"),
    Line("given", "W1", "rng.standard_normal((3, 2)) / np.sqrt(2)"),
    Line("given", "b1", "np.full((3, 1), 0.1)"),
    Line("given", "W2", "rng.standard_normal((3, 3)) / np.sqrt(3)"),
    Line("given", "b2", "np.full((3, 1), 0.1)"),
    Line("given", "W3", "rng.standard_normal((1, 3)) / np.sqrt(3)"),
    Line("given", "b3", "np.full((1, 1), 0.1)"),
    Line("given", "α", "1.0"),
    Line("forward", "Z1", "W1 @ A0 + b1"),
    Line("forward", "A1", "np.tanh(Z1)"),
    Line("forward", "Z2", "W2 @ A1 + b2"),
    Line("forward", "A2", "1 / (1 + np.exp(-Z2))"),
    Line("forward", "Z3", "W3 @ A2 + b3"),
    Line("forward", "A3", "1 / (1 + np.exp(-Z3))"),
    Line("cost", "J", "-np.sum(Y * np.log(A3) + (1 - Y) * np.log(1 - A3)) / m"),
    Line("backward", "dZ3", "A3 - Y"),
    Line("backward", "dW3", "dZ3 @ A2.T / m"),
    Line("backward", "db3", "np.sum(dZ3, axis=1, keepdims=True) / m"),
    Line("backward", "dA2", "W3.T @ dZ3"),
    Line("backward", "dZ2", "dA2 * A2 * (1 - A2)"),
    Line("backward", "dW2", "dZ2 @ A1.T / m"),
    Line("backward", "db2", "np.sum(dZ2, axis=1, keepdims=True) / m"),
    Line("backward", "dA1", "W2.T @ dZ2"),
    Line("backward", "dZ1", "dA1 * (1 - A1**2)"),
    Line("backward", "dW1", "dZ1 @ A0.T / m"),
    Line("backward", "db1", "np.sum(dZ1, axis=1, keepdims=True) / m"),
    *(Line("update", f"{p}{l}′", f"{p}{l} - learning_rate * d{p}{l}") for l in LAYERS for p in "Wb"),
)
"""A network 2-3-3-1 with tanh, sigmoid and sigmoid, trained by gradient descent."""

BY_NAME = {line.name: line for line in RIGHT}


class Edit(NamedTuple):
    """A change of lines: names of quantities, ``*`` for every layer; in the texts ``{l}`` is the layer."""

    names: str
    old: str
    new: str

    def of(self, line: Line) -> bool:
        every = line.name.translate(str.maketrans("123", "***"))
        return not {line.name, every}.isdisjoint(self.names.split())


def edited(program: Program, edits: tuple[Edit, ...]) -> Program:
    """The program after some edits, each of which must fit each of its lines."""
    lines = list(program)
    for edit in edits:
        found = [at for at, line in enumerate(lines) if edit.of(line)]
        for at in found:
            layer = next((sign for sign in lines[at].name if sign.isdigit()), "")
            old, new = edit.old.replace("{l}", layer), edit.new.replace("{l}", layer)
            if lines[at].expression.count(old) != 1:
                expected = f"a part of the line {lines[at].code!r}, once"
                raise ConfigurationError("edited", expected, f"got {old!r}", setting="old")
            lines[at] = lines[at]._replace(expression=lines[at].expression.replace(old, new))
        if not found:
            raise ConfigurationError("edited", "names of quantities", f"got {edit.names!r}", setting="names")
    return tuple(lines)


def _with_mask() -> Program:
    """Dropout after layer 1: A1 is masked, and its derivative is masked too."""
    after = {
        "A1": (
            Line("forward", "g(Z1)", "np.tanh(Z1)"),
            Line("forward", "mask1", "(rng.random(Z1.shape) < 0.8) / 0.8"),
            Line("forward", "A1", "G1 * mask1"),
        ),
        "dZ1": (
            Line("backward", "dg(Z1)", "dA1 * mask1"),
            Line("backward", "dZ1", "dG1 * (1 - G1**2)"),
        ),
    }
    return tuple(one for line in RIGHT for one in after.get(line.name, (line,)))


L2 = 0.3  # λ
BASES: dict[str, Program] = {
    "plain": RIGHT,
    "L2": edited(
        RIGHT,
        (
            Edit("J", " / m", f" / m + {L2} / (2 * m) * sum(np.sum(W**2) for W in (W1, W2, W3))"),
            Edit("dW*", " / m", f" / m + {L2} / m * W{{l}}"),
        ),
    ),
    "dropout": _with_mask(),
    "shuffled": edited(
        RIGHT,
        (
            Edit("A0", "(X", "(X[:, order]"),
            Edit("Y", "labels", "labels[:, order]"),
        ),
    ),
}
"""Right programs that mistakes start from: plain, with L2, with dropout, and with shuffled examples."""


@dataclass(frozen=True)
class Exhibit:
    """A mistake.

    id: In links.
    group: ``"data"``, ``"initialization"``, ``"forward"``, ``"cost"``, ``"backward"`` or ``"update"``.
    edits: From the right program to the wrong one.
    symptom, why: Sentences for the page.
    base: The right program, a name in `BASES`.
    fault: The mistake's name in `Network.train`, where it has one.
    layers: The layers with the mistake; the fault of `Network.train` is in every layer.
    """

    id: str
    group: str
    title: str
    edits: tuple[Edit, ...]
    symptom: str
    why: str
    base: str = "plain"
    fault: str = ""
    layers: tuple[int, ...] = LAYERS

    def __post_init__(self) -> None:
        if self.fault:
            get_fault(self.fault, self.id)

    @property
    def right(self) -> Program:
        return BASES[self.base]

    @property
    def wrong(self) -> Program:
        return edited(self.right, self.edits)
