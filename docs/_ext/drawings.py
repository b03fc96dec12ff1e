"""Drawings of the course as SVG: networks, circuits, matrices, curves. The library computes their numbers.

``:::{drawing} NAME`` shows a drawing of `DRAWINGS`. ``:::{drawing} story 5`` shows the network of the
course with what is new in chapter 5. Colours come from the page, so a drawing is as light or dark as it.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from deepstep import Network
from deepstep.equations import (
    adam_update,
    compute_cost,
    initialize_parameters,
    linear_forward,
    model_forward,
    normalize_batch,
    relu,
    sigmoid,
    softmax,
    update_parameters,
)

WIDTH = 400
"""Of every drawing: at 390 pixels its letters are as large as those of the code beside it."""

X = np.array([[2.0, 1.0], [1.0, 2.0]])
Y = np.array([[1, 0]])
PARAMETERS = {
    "W1": np.array([[1.0, -1.0], [2.0, 1.0]]),
    "b1": np.array([[0.0], [-3.0]]),
    "W2": np.array([[2.0, -1.0]]),
    "b2": np.array([[0.0]]),
}
"""The network of the course: it is computed by hand in chapters 5 to 8."""

COLORS = {
    "ink": "#1a1a1a", "muted": "#5c5c5c", "back": "#ffffff", "new": "#5a32a8", "soft": "#ece6f8",
    "forward": "#0b5c8e", "backward": "#a84300", "cell": "#f3f3f3",
}  # fmt: skip
"""Of a drawing outside a page, such as in a notebook."""

STYLE = """
text{font:13px system-ui,sans-serif;fill:var(--ink);paint-order:stroke;stroke:var(--back);stroke-width:5px}
text.small{font-size:11.5px}text.bold{font-weight:600}
.line{stroke:var(--muted);fill:none;stroke-width:1.3}.shape{stroke:var(--ink);fill:var(--back);stroke-width:1.3}
.cell{stroke:var(--muted);fill:var(--cell);stroke-width:.8}
text.in{stroke:none}
.new.line,.new.shape,.new.cell{stroke:var(--new);stroke-width:2.4}.new.shape,.new.cell{fill:var(--soft)}
text.new{fill:var(--new);font-weight:600}
.forward.line,.forward.shape{stroke:var(--forward)}text.forward{fill:var(--forward)}
.backward.line,.backward.shape{stroke:var(--backward)}text.backward{fill:var(--backward)}
.backward.line{stroke-dasharray:5 3}
.bar.forward{fill:var(--forward)}.bar.backward{fill:var(--backward)}.bar.new{fill:var(--new)}.bar{fill:var(--muted)}
.off{opacity:.45}text.muted{fill:var(--muted)}
"""
"""Of all drawings; the page's own style has it with the colours of the theme."""


def number(value: Any, digits: int = 3) -> str:
    """A number with a real minus sign."""
    text = f"{float(value) + 0.0:.{digits}g}"
    return ("0" if text == "-0" else text).replace("-", "−")


class Sketch:
    """Shapes on a canvas of `WIDTH`, with a title and a description for those who do not see it."""

    def __init__(self, height: int, title: str, description: str) -> None:
        self.height, self.title, self.description = height, title, description
        self.parts: list[str] = []

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "middle") -> None:
        """A line of text, whose middle is at y."""
        self.parts.append(
            f'<text x="{x:g}" y="{y + 4.5:g}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>'
        )

    def circle(self, x: float, y: float, words: str = "", kind: str = "", r: float = 17) -> None:
        """A unit."""
        self.parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{r:g}" class="shape {kind}"/>')
        self.text(x, y, words, f"in {kind}")

    def box(self, x: float, y: float, w: float, h: float, words: str = "", kind: str = "") -> None:
        """A box around its middle, with lines of text."""
        self.parts.append(
            f'<rect x="{x - w / 2:g}" y="{y - h / 2:g}" width="{w:g}" height="{h:g}" rx="5"'
            f' class="shape {kind}"/>'
        )
        lines = words.split("\n")
        for place, line in enumerate(lines):
            self.text(x, y + 15 * (place - (len(lines) - 1) / 2), line, f"in {kind}")

    def line(self, points: Iterable[tuple[float, float]], kind: str = "") -> None:
        """Straight pieces."""
        text = " ".join(f"{x:.4g},{y:.4g}" for x, y in points)
        self.parts.append(f'<polyline points="{text}" class="line {kind}"/>')

    def arrow(self, x1: float, y1: float, x2: float, y2: float, words: str = "", kind: str = "") -> None:
        """An arrow, with words above its middle."""
        self.line([(x1, y1), (x2, y2)], kind)
        along = np.array([x2 - x1, y2 - y1]) / np.hypot(x2 - x1, y2 - y1)
        across = np.array([-along[1], along[0]])
        tip = np.array([x2, y2])
        wings = [tip - 7 * along + 4 * across, tip, tip - 7 * along - 4 * across]
        solid = kind.replace("backward", "backward head")
        text = " ".join(f"{x:.4g},{y:.4g}" for x, y in wings)
        self.parts.append(f'<polyline points="{text}" class="line {solid}" style="stroke-dasharray:none"/>')
        if words:
            self.text((x1 + x2) / 2, (y1 + y2) / 2 - 10, words, f"small {kind}")

    def bar(self, x: float, y: float, w: float, h: float, kind: str = "") -> None:
        """A filled bar from its upper left corner."""
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{max(w, 0.5):g}" height="{max(h, 0.5):g}" class="bar {kind}"/>'
        )

    def matrix(
        self,
        x: float,
        y: float,
        values: Any,
        name: str = "",
        marked: Callable[[int, int], bool] = lambda row, column: False,
        *,
        size: tuple[float, float] = (34, 24),
        kind: str = "",
    ) -> tuple[float, float]:
        """A matrix with its name and shape above, from its upper left corner; the lower right corner."""
        values = np.atleast_2d(values)
        w, h = size
        rows, columns = values.shape
        if name:
            self.text(x + columns * w / 2, y - 12, name, f"small bold {kind}")
        for row, column in np.ndindex(values.shape):
            new = "new" if marked(row, column) else ""
            self.parts.append(
                f'<rect x="{x + column * w:g}" y="{y + row * h:g}" width="{w:g}" height="{h:g}"'
                f' class="cell {new} {kind}"/>'
            )
        for (row, column), value in np.ndenumerate(values):
            words = value if isinstance(value, str) else number(value)
            new = "new" if marked(row, column) else ""
            self.text(x + (column + 0.5) * w, y + (row + 0.5) * h, words, f"small in {new} {kind}")
        return x + columns * w, y + rows * h

    def svg(self, identity: str, *, alone: bool = False) -> str:
        """The drawing; ``alone`` for places without the page's style."""
        style = ""
        if alone:
            colors = "".join(f"--{name}:{color};" for name, color in COLORS.items())
            style = f"<style>svg{{{colors}background:var(--back)}}{STYLE}</style>"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" role="img"'
            f' aria-labelledby="{identity}-title {identity}-text">{style}'
            f'<title id="{identity}-title">{escape(self.title)}</title>'
            f'<desc id="{identity}-text">{escape(self.description)}</desc>{"".join(self.parts)}</svg>'
        )


DRAWINGS: dict[str, Callable[..., Sketch]] = {}
"""All drawings by name."""


def drawing(function: Callable[..., Sketch]) -> Callable[..., Sketch]:
    """Register a function that makes a drawing."""
    DRAWINGS[function.__name__.replace("_", "-")] = function
    return function


# The network of the course

INPUTS, HIDDEN, OUTPUT, COST = ((48, 62), (48, 142)), ((172, 62), (172, 142)), (288, 102), (366, 102)

STORY = {
    1: ("one neuron", "One unit is new: it weighs its inputs, adds its bias and applies its activation."),
    2: ("shapes", "The shape of every array is new."),
    3: ("the first parameters", "The weights are new: they are drawn at random."),
    4: ("one layer forward", "Layer 1 is new: Z1 = W1 A0 + b1 and A1 = relu(Z1), here for example 1."),
    5: ("all layers forward", "The path from the inputs to the answer is new, here for example 1."),
    6: ("the cost", "The cost is new: it compares both answers with the labels."),
    7: ("one layer backward", "The backward step of layer 2 is new: from dZ2 to dW2 and dA1."),
    8: ("all layers backward", "The backward steps of all layers are new."),
    9: ("the update", "The change of the weights is new, here with the learning rate 0.1."),
    10: ("the gradient check", "A second way to a derivative is new: move one weight and measure the cost."),
    11: ("the class", "The frame is new: one object with the parameters and their methods."),
    12: ("pictures", "The inputs are new: 12288 pixels in place of two numbers."),
    13: ("faster and more general", "Dropout is new: a unit takes no part in this step."),
    14: ("practice", "The ends are new: standardized columns, and one output per class."),
}
"""Number → what is new in the drawn network, as a title and a sentence."""


def edge(
    sketch: Sketch, start: tuple[int, int], end: tuple[int, int], kind: str = "", words: str = ""
) -> None:
    """A weight between two units, with its number near the start where edges cross."""
    (x1, y1), (x2, y2) = start, end
    length = np.hypot(x2 - x1, y2 - y1)
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    if "backward" in kind:
        sketch.arrow(x2 - 18 * dx, y2 - 18 * dy, x1 + 18 * dx, y1 + 18 * dy, kind=kind)
    else:
        sketch.line([(x1 + 17 * dx, y1 + 17 * dy), (x2 - 17 * dx, y2 - 17 * dy)], kind)
    if words:
        part = 0.5 if y1 == y2 else 0.36
        shift = 0 if y1 != y2 else (-10 if y1 < OUTPUT[1] else 12)
        sketch.text(x1 + part * (x2 - x1), y1 + part * (y2 - y1) + shift, words, f"small {kind}")


@drawing
def story(chapter: str) -> Sketch:
    """The network of the course, with what is new in a chapter."""
    n = int(chapter)
    title, sentence = STORY[n]
    AL, caches = model_forward(X, PARAMETERS)
    trace = Network(parameters=PARAMETERS).trace(X, Y)
    gradients = {name: trace[name].value for name in ("dW1", "dW2", "dA1", "dZ1", "dZ2")}
    classes = n == 14
    sketch = Sketch(222, f"The network of the course in chapter {n}: {title}", "")
    weights: dict[str, Any] = {name: PARAMETERS[name] for name in ("W1", "W2")}
    if n == 3:
        weights = initialize_parameters([2, 2, 1], method="he", rng=np.random.RandomState(1))
    shown = {name: [[number(v, 2) for v in row] for row in weights[name]] for name in ("W1", "W2")}
    if n in (7, 8):
        shown = {name: [[number(v, 2) for v in row] for row in gradients["d" + name]] for name in shown}
    if n == 9:
        moved = {name: weights[name] - 0.1 * gradients["d" + name] for name in shown}
        shown = {name: [[number(v, 3) for v in row] for row in moved[name]] for name in shown}
    if n == 10:
        shown["W2"] = [["2±ε", shown["W2"][0][1]]]
    new = {
        "W1": {2, 3, 4, 5, 8, 9}, "W2": {1, 2, 3, 5, 7, 8, 9}, "inputs": {5, 12, 14}, "hidden": {4, 5, 8},
        "output": {1, 5, 7, 8, 14}, "cost": {6, 10},
    }  # fmt: skip

    def kind(part: str) -> str:
        if n not in new[part]:
            return ""
        return "backward" if n in (7, 8) and part in ("W1", "W2") else "new"

    labelled = n not in (2, 11, 12, 14)
    outputs = [(288, 52), (288, 102), (288, 152)] if classes else [OUTPUT]
    for j, unit in enumerate(HIDDEN):
        for k, source in enumerate(INPUTS):
            words = shown["W1"][j][k] if labelled and n not in (1, 6, 7, 10, 13) else ""
            off = " off" if n == 13 and j else ""
            edge(sketch, source, unit, kind("W1") + off, words)
        for place in outputs:
            words = shown["W2"][0][j] if labelled and n not in (4, 6, 13) else ""
            off = " off" if n == 13 and j else ""
            mark = "new" if n == 10 and not j else kind("W2") + off
            edge(sketch, unit, place, mark, words)
    for place in outputs:
        sketch.arrow(place[0] + 18, place[1], COST[0] - 25, COST[1], kind="new" if n == 6 else "")
    inputs = {5: ["2", "1"], 14: ["x′1", "x′2"], 12: ["px", "px"]}.get(n, ["x1", "x2"])
    for words, place in zip(inputs, INPUTS, strict=True):
        sketch.circle(*place, words, kind("inputs"))
    if n == 12:
        sketch.text(INPUTS[0][0], OUTPUT[1], "⋮", "bold new")
    A1, A2 = caches[1].linear.A_prev, AL
    for j, place in enumerate(HIDDEN):
        words = {4: number(A1[j, 0]), 5: number(A1[j, 0]), 8: number(gradients["dZ1"][j, 0], 2)}.get(
            n, f"u{j + 1}"
        )
        if n == 7:
            words = number(gradients["dA1"][j, 0], 2)
        sketch.circle(
            *place, words, ("backward" if n in (7, 8) else kind("hidden")) + (" off" if n == 13 and j else "")
        )
    if n == 13:
        x, y = HIDDEN[1]
        sketch.line([(x - 15, y - 15), (x + 15, y + 15)], "new")
        sketch.line([(x - 15, y + 15), (x + 15, y - 15)], "new")
    for number_of, place in enumerate(outputs, start=1):
        words = f"a{number_of}" if classes else "a"
        if n in (5, 6):
            words = number(A2[0, 0])
        if n in (7, 8):
            words = number(gradients["dZ2"][0, 0])
        sketch.circle(*place, words, "backward" if n in (7, 8) else kind("output"))
    J = compute_cost(AL, Y)
    sketch.box(*COST, 50, 34, {6: number(J), 10: "J±"}.get(n, "J"), kind("cost"))
    below = {
        2: [
            (48, "A0 (2, 2)"),
            (172, "A1 (2, 2)"),
            (288, "A2 (1, 2)"),
            (94, "W1 (2, 2)"),
            (166, "b1 (2, 1)"),
            (238, "W2 (1, 2)"),
            (310, "b2 (1, 1)"),
        ],
        3: [(110, "W1 ~ N(0, 2/2)"), (245, "W2 ~ N(0, 2/2)")],
        4: [(110, "Z1 = W1 A0 + b1"), (245, "A1 = relu(Z1)")],
        6: [(200, f"J = mean of the losses = {number(J, 4)}")],
        7: [(90, "dA1 on the units"), (265, "dW2 on the edges")],
        8: [(110, "dZ on the units"), (265, "dW on the edges")],
        9: [(200, "W − 0.1 dW on the edges")],
        12: [(60, "12288 pixels"), (200, "the same network")],
        13: [(172, "left out with probability 1 − p")],
        14: [(60, "(x − μ) / σ"), (280, "one unit per class")],
    }.get(n, [])
    if n == 10:
        up, down = (
            compute_cost(model_forward(X, {**PARAMETERS, "W2": np.array([[2.0 + e, -1.0]])})[0], Y)
            for e in (0.01, -0.01)
        )
        words = (
            f"(J+ − J−) / 0.02 = {number((up - down) / 0.02, 4)}, dW2 = {number(gradients['dW2'][0, 0], 4)}"
        )
        below = [(200, words)]
    for x, words in below:
        y = 208 if n == 2 and words[0] != "A" else 190
        sketch.text(x, y, words, "small backward" if n in (7, 8) else "small new")
    sketch.height = 222 if n == 2 else 204 if below or n == 11 else 176
    if n == 11:
        sketch.parts.insert(0, '<rect x="14" y="30" width="320" height="150" rx="8" class="line new"/>')
        sketch.text(174, 192, "Network: fit, predict, parameters", "small new")
    sketch.text(WIDTH / 2, 12, f"{n}. {title}", "bold")
    rows = (f"{name} {'; '.join(', '.join(row) for row in shown[name])}" for name in shown)
    spoken = f" On the edges: {', '.join(rows)}." if labelled and n not in (6, 13) else ""
    sketch.description = f"Two inputs, two hidden units, one output and the cost. {sentence}{spoken}"
    return sketch


# Chapters 1 and 7: a unit as a circuit


def circuit(title: str, x: Any, w: Any, b: float, *, y: int | None = None, dA: float | None = None) -> Sketch:
    """One unit with two inputs as a circuit: values above the edges, derivatives below them.

    With a label the unit has a sigmoid and a loss, else a relu and a derivative from the next layer.
    """
    z = float(w @ x + b)
    if y is not None:
        a = float(sigmoid(np.array(z)))
        loss = -np.log(a if y else 1 - a)
        da, slope = (-1 / a if y else 1 / (1 - a)), a * (1 - a)
    else:
        a, loss, da, slope = max(0.0, z), None, float(dA or 0.0), float(z > 0)
    dz = da * slope
    sketch = Sketch(262, title, "")
    rows = {"w1": 34, "x1": 82, "w2": 136, "x2": 184, "b": 232}
    values = {"w1": w[0], "x1": x[0], "w2": w[1], "x2": x[1], "b": b}
    derivatives = {"w1": dz * x[0], "x1": dz * w[0], "w2": dz * x[1], "x2": dz * w[1], "b": dz}
    targets = {"w1": (118, 54), "x1": (118, 62), "w2": (118, 156), "x2": (118, 164), "b": (190, 122)}
    for name, place in rows.items():
        sketch.arrow(68, place, *targets[name])
        sketch.box(42, place, 52, 22, f"{name} {number(values[name])}", "forward")
        sketch.text(42, place + 20, f"d{name} {number(derivatives[name])}", "small backward")
    for place, k in ((58, 0), (160, 1)):
        sketch.circle(134, place, "×", r=15)
        end = 103 if k == 0 else 115
        sketch.arrow(148, place + (6 if k == 0 else -6), 189, end)
        sketch.text(178, 66 if k == 0 else 160, number(w[k] * x[k]), "small forward")
        sketch.text(178, 80 if k == 0 else 174, number(dz), "small backward")
    sketch.circle(204, 109, "+", r=15)
    chain = (
        [(280, 15, "σ"), (366, 21, "loss")]
        if y is not None
        else [(280, 18, "relu"), (366, 21, "next\nlayer")]
    )
    before = 219
    for (place, half, words), value, derivative in zip(chain, (z, a), (dz, da), strict=True):
        sketch.box(place, 109, 2 * half, 36, words)
        sketch.arrow(before, 109, place - half, 109)
        sketch.text((before + place - half) / 2, 97, number(value), "small forward")
        sketch.text((before + place - half) / 2, 122, number(derivative), "small backward")
        before = place + half
    if loss is not None:
        sketch.text(366, 80, f"ℓ {number(loss)}", "small forward")
        sketch.text(366, 139, f"y = {y}", "small")
    sketch.text(300, 186, "above: values, forward", "small forward")
    sketch.text(300, 204, "below: derivatives, backward", "small backward")
    sketch.text(WIDTH / 2, 10, "z = w1 x1 + w2 x2 + b", "bold")
    pairs = ", ".join(f"d{name} {number(value)}" for name, value in derivatives.items())
    sketch.description = f"Values: z {number(z)}, a {number(a)}. Derivatives: dz {number(dz)}, {pairs}."
    return sketch


@drawing
def neuron_circuit() -> Sketch:
    """Chapter 1, example 2."""
    title = "One neuron as a circuit, example 2 of the table"
    return circuit(title, np.array([2.0, 1.0]), np.array([2.0, -1.0]), -1.0, y=1)


@drawing
def unit_circuit() -> Sketch:
    """Chapter 7: unit 2 of layer 1, example 1."""
    trace = Network(parameters=PARAMETERS).trace(X, Y)
    title = "Unit 2 of layer 1 as a circuit, example 1"
    dA = trace["dA1"].value[1, 0]
    return circuit(title, X[:, 0], PARAMETERS["W1"][1], float(PARAMETERS["b1"][1, 0]), dA=dA)


@drawing
def neuron_training() -> Sketch:
    """Chapter 1: the answers before and after 300 steps."""
    points, labels = np.array([[1.0, 2.0, 1.0], [1.0, 1.0, 3.0]]), np.array([[1, 1, 0]])
    net = Network(parameters={"W1": [[2.0, -1.0]], "b1": [[-1.0]]}, engine="reference")
    before = net.predict_proba(points).ravel()
    net.train(points, labels, learning_rate=0.5, iterations=300)
    after = net.predict_proba(points).ravel()
    sketch = Sketch(196, "The three answers before and after 300 steps", "")
    for place, (words, answers, kind) in enumerate(
        (("before", before, ""), ("after 300 steps", after, "new"))
    ):
        left = 40 + 190 * place
        sketch.text(left + 66, 20, words, f"bold {kind}")
        sketch.line([(left - 12, 150), (left + 150, 150)])
        for i, answer in enumerate(answers):
            x = left + 46 * i
            sketch.bar(x, 150 - 100 * answer, 30, 100 * answer, kind)
            sketch.text(x + 15, 142 - 100 * answer, number(answer), "small")
            sketch.text(x + 15, 164, f"y = {labels[0, i]}", "small")
    sketch.text(200, 186, "Answers of the label 1 rise, the answer of the label 0 falls.", "small muted")
    spoken = (", ".join(map(number, answers)) for answers in (before, after))
    sketch.description = "Labels 1, 1, 0. Answers before: {}. After: {}.".format(*spoken)
    return sketch


# Chapter 2


@drawing
def shapes_network() -> Sketch:
    """Chapter 2: the network 3-2-1 with the shapes of its arrays for two examples."""
    dims, m = [3, 2, 1], 2
    net = Network(dims, seed=1)
    sketch = Sketch(232, "The network 3-2-1 with the shapes of its arrays, two examples", "")
    places = [60, 200, 340]
    columns = [
        [(x, 100 + 52 * (row - (n - 1) / 2)) for row in range(n)] for x, n in zip(places, dims, strict=True)
    ]
    for before, after in pairwise(columns):
        for end in after:
            for start in before:
                sketch.line([start, end], "new" if end == after[0] and before is columns[0] else "")
    for l, column in enumerate(columns):
        for row, place in enumerate(column, start=1):
            sketch.circle(*place, f"{'x' if not l else 'a'}{row}", "new" if l == 1 and row == 1 else "")
        sketch.text(places[l], 196, f"A{l} ({dims[l]}, {m})", "small bold")
    for l in (1, 2):
        W, b = net.parameters[f"W{l}"], net.parameters[f"b{l}"]
        sketch.text((places[l - 1] + places[l]) / 2, 18, f"W{l} {W.shape}", "small bold")
        sketch.text(places[l], 214, f"b{l} {b.shape}", "small bold")
    sketch.text(4, 216, "row 1 of W1: purple", "small new", "start")
    sketch.description = "; ".join(
        f"W{l} {net.parameters[f'W{l}'].shape}, b{l} {net.parameters[f'b{l}'].shape}" for l in (1, 2)
    )
    return sketch


@drawing
def product_shapes() -> Sketch:
    """Chapter 2: the product with the row and the column that meet."""
    W, inputs, b = np.array([[1.0, 0, 2], [-1, 1, 0]]), np.array([[1.0, 0], [2, 1], [3, 1]]), [[10.0], [20.0]]
    Z = W @ inputs + b
    sketch = Sketch(150, "W X + b = Z with their shapes", "")
    size = (27, 24)
    x, _ = sketch.matrix(8, 52, W, "W (2, 3)", lambda i, j: i == 0, size=size)
    sketch.text(x + 11, 76, "·")
    x, _ = sketch.matrix(x + 22, 40, inputs, "X (3, 2)", lambda i, j: j == 0, size=size)
    sketch.text(x + 14, 76, "+")
    x, _ = sketch.matrix(x + 28, 52, b, "b (2, 1)", lambda i, j: i == 0, size=size)
    sketch.text(x + 14, 76, "=")
    sketch.matrix(x + 28, 52, Z, "Z (2, 2)", lambda i, j: i == j == 0, size=(32, 24))
    sketch.text(200, 136, f"1·1 + 0·2 + 2·3 + 10 = {number(Z[0, 0])}", "new")
    sketch.description = (
        "Row 1 of W meets column 1 of X: the inner numbers 3 and 3 are equal, the outer ones remain."
    )
    return sketch


@drawing
def pictures_to_columns() -> Sketch:
    """Chapter 2: two pictures become columns."""
    pictures = np.arange(8).reshape(2, 2, 2)
    columns = pictures.reshape(2, -1).T
    sketch = Sketch(150, "Two pictures of 2 × 2 pixels become two columns", "")
    sketch.matrix(20, 44, pictures[0], "picture 1", lambda i, j: True)
    sketch.matrix(120, 44, pictures[1], "picture 2")
    sketch.arrow(204, 76, 284, 76, "reshape, .T")
    sketch.matrix(300, 34, columns, f"X {columns.shape}", lambda i, j: j == 0)
    sketch.description = f"Columns: {columns[:, 0].tolist()} and {columns[:, 1].tolist()}."
    return sketch


# Chapter 3


@drawing
def equal_units() -> Sketch:
    """Chapter 3: equal rows stay equal, random rows do not."""
    sketch = Sketch(192, "Equal units stay equal: W1 before, after 1 and after 50 updates", "")
    spoken = []
    starts = (
        ("equal rows", np.array([[0.5, 0.2], [0.5, 0.2]])),
        ("random rows", np.array([[0.5, 0.2], [-0.3, 0.4]])),
    )
    for row, (words, W1) in enumerate(starts):
        start = {"W1": W1, "b1": [[0.0], [0.0]], "W2": [[0.4, 0.4]], "b2": [[0.0]]}
        sketch.text(44, 62 + 82 * row, words.replace(" ", " "), "small bold")
        for column, updates in enumerate((0, 1, 50)):
            net = Network(parameters=start, activation="tanh", engine="reference")
            if updates:
                net.train(X, Y, learning_rate=0.5, iterations=updates)
            title = "start" if not updates else f"update {updates}"
            values = net.parameters["W1"]
            equal = np.allclose(values[0], values[1])
            sketch.matrix(
                94 + 104 * column, 38 + 82 * row, values, title, lambda i, j, e=equal: e, size=(44, 24)
            )
            if updates == 50:
                spoken.append(f"{words} after 50 updates: {values.round(3).tolist()}")
    sketch.description = "; ".join(spoken) + "."
    return sketch


@drawing
def signal() -> Sketch:
    """Chapter 3: the spread of Z in six layers of 100 units."""
    inputs = np.random.default_rng(0).standard_normal((100, 200))
    sketch = Sketch(198, "The standard deviation of Z in six layers of 100 units", "")
    spoken = []
    for group, (method, kind) in enumerate((("small", "backward"), ("he", "new"), ("large", ""))):
        parameters = initialize_parameters([100] * 7, method=method, rng=np.random.default_rng(1))
        _, caches = model_forward(inputs, parameters)
        spread = [float(Z.std()) for _, Z in caches]
        left = 16 + 128 * group
        sketch.text(left + 54, 14, {"small": "0.01 · N", "he": "He", "large": "10 · N"}[method], "bold")
        sketch.line([(left, 90), (left + 110, 90)])
        for l, value in enumerate(spread):
            height = 5.2 * np.log10(value)
            sketch.bar(left + 4 + 18 * l, 90 - max(height, 0), 13, abs(height), kind)
            sketch.text(left + 10 + 18 * l, 170, str(l + 1), "small muted")
        end = 90 - 5.2 * np.log10(spread[-1]) + (14 if spread[-1] < 1 else -10)
        sketch.text(left + 92, min(max(end, 28), 152), number(spread[-1], 2), "small")
        spoken.append(f"{method}: {', '.join(number(value, 2) for value in spread)}")
    sketch.text(200, 185, "layer; logarithmic, the line is 1", "small muted")
    sketch.description = "; ".join(spoken) + "."
    return sketch


# Chapter 4

LAYER = (
    np.array([[1.0, 0.0, 2.0], [-1.0, 1.0, 0.0]]),
    np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 1.0]]),
    np.array([[-7.0], [1.0]]),
)


@drawing
def broadcast() -> Sketch:
    """Chapter 4: the column b is repeated for every example."""
    W, A_prev, b = LAYER
    Z, _ = linear_forward(A_prev, W, b)
    sketch = Sketch(134, "Broadcasting: the column b is added to every column", "")
    sketch.matrix(24, 44, W @ A_prev, "W A_prev (2, 2)")
    sketch.text(116, 68, "+")
    x, _ = sketch.matrix(148, 44, b, "b (2, 1)", lambda i, j: True)
    sketch.parts.append('<g class="off">')
    sketch.matrix(x, 44, b, "", lambda i, j: True)
    sketch.parts.append("</g>")
    sketch.arrow(164, 102, 206, 102, kind="new")
    sketch.text(185, 118, "repeated m times", "small new")
    sketch.text(248, 68, "=")
    sketch.matrix(284, 44, Z, "Z (2, 2)")
    sketch.description = f"W A_prev {(W @ A_prev).tolist()} plus b {b.tolist()} is Z {Z.tolist()}."
    return sketch


@drawing
def layer_boxes() -> Sketch:
    """Chapter 4: a layer as two steps with the cache."""
    W, A_prev, b = LAYER
    Z, _ = linear_forward(A_prev, W, b)
    sketch = Sketch(176, "A layer: the linear step, the activation, and the cache", "")
    sketch.matrix(8, 36, A_prev, "A_prev", size=(26, 24))
    sketch.arrow(62, 72, 92, 72)
    sketch.box(124, 72, 62, 44, "W · + b", "new")
    sketch.arrow(156, 72, 180, 72)
    sketch.matrix(184, 48, Z, "Z", size=(28, 24))
    sketch.arrow(242, 72, 266, 72)
    sketch.box(292, 72, 50, 44, "relu", "new")
    sketch.arrow(318, 72, 336, 72)
    sketch.matrix(340, 48, relu(Z), "A", size=(28, 24))
    sketch.arrow(124, 95, 124, 132)
    sketch.arrow(212, 97, 212, 132)
    sketch.box(176, 150, 210, 32, "cache: ((A_prev, W, b), Z)", "forward")
    sketch.description = f"Z {Z.tolist()}, A {relu(Z).tolist()}; the cache holds A_prev, W, b and Z."
    return sketch


# Chapters 5 and 6


@drawing
def forward_chain() -> Sketch:
    """Chapter 5: the matrices of both layers."""
    AL, caches = model_forward(X, PARAMETERS)
    sketch = Sketch(186, "Two layers forward with the numbers of both examples", "")
    size = (32, 24)
    sketch.matrix(10, 40, X, "A0 = X", size=size)
    sketch.arrow(78, 64, 164, 64, "layer 1", "forward")
    sketch.matrix(168, 40, caches[1].linear.A_prev, "A1", size=size)
    sketch.arrow(236, 64, 322, 64, "layer 2", "forward")
    sketch.text(121, 34, "relu", "small forward")
    sketch.text(279, 34, "sigmoid", "small forward")
    sketch.matrix(324, 52, AL, "A2", size=(36, 24))
    for l, x in ((1, 112), (2, 270)):
        sketch.arrow(x + 8, 70, x + 8, 104)
        sketch.box(x + 8, 122, 66, 34, f"cache {l}", "new")
    sketch.text(200, 162, f"Z1 {caches[0].Z.tolist()}".replace("-", "−"), "small muted")
    sketch.text(200, 178, f"Z2 {caches[1].Z.tolist()}".replace("-", "−"), "small muted")
    sketch.description = f"A1 {caches[1].linear.A_prev.tolist()}, A2 {AL.round(3).tolist()}."
    return sketch


@drawing
def losses() -> Sketch:
    """Chapter 6: from answers to the cost."""
    answers, labels = np.array([0.8, 0.9, 0.4]), np.array([1, 1, 0])
    given = np.where(labels == 1, answers, 1 - answers)
    values = -np.log(given)
    J = compute_cost(answers[None], labels[None])
    sketch = Sketch(190, "From three answers to the cost", "")
    for x, words in ((44, "answer a"), (114, "label y"), (196, "of the label"), (300, "loss −log")):
        sketch.text(x, 18, words, "small bold")
    for i, y in enumerate((48, 84, 120)):
        sketch.box(44, y, 50, 24, number(answers[i]), "forward")
        sketch.box(114, y, 30, 24, str(labels[i]))
        sketch.arrow(134, y, 164, y)
        sketch.bar(168, y - 8, 56 * given[i], 16, "forward")
        sketch.text(240, y, number(given[i]), "small")
        sketch.bar(270, y - 8, 120 * values[i], 16, "backward")
        sketch.text(280 + 120 * values[i], y, number(values[i]), "small", "start")
    sketch.text(200, 166, f"J = mean of the losses = {number(J, 4)}", "new")
    sketch.description = f"Losses {', '.join(map(number, values))}; the cost is {number(J, 4)}."
    return sketch


@drawing
def loss_curve() -> Sketch:
    """Chapter 6: a sure and wrong answer has a large loss."""
    sketch = Sketch(186, "The loss of an answer a to the label 1", "")
    grid = np.linspace(0.02, 1, 80)
    sketch.line([(50, 20), (50, 150), (370, 150)])
    sketch.line([(50 + 320 * a, 150 + 32 * np.log(a)) for a in grid], "forward")
    spoken = []
    for a in (0.05, 0.5, 0.9):
        value = -np.log(a)
        x, y = 50 + 320 * a, 150 - 32 * value
        sketch.circle(x, y, r=4, kind="new")
        sketch.text(x + 8, y - 10, f"a {a}: {number(value)}", "small new", "start" if a < 0.8 else "middle")
        spoken.append(f"answer {a}, loss {number(value)}")
    sketch.text(210, 172, "answer a, from 0 to 1", "small muted")
    sketch.text(44, 14, "loss", "small muted")
    sketch.description = "; ".join(spoken) + "."
    return sketch


# Chapters 7 and 8


@drawing
def paths() -> Sketch:
    """Chapter 7: the paths over which dW and dA add."""
    _, A_prev, _ = LAYER
    W, dZ = LAYER[0], np.array([[1.0, 3.0], [-2.0, 0.0]])
    dW, dA = dZ @ A_prev.T / 2, W.T @ dZ
    sketch = Sketch(222, "A weight reaches the cost by every example, an activation by every unit", "")
    terms = [
        f"{number(dZ[0, 0])}·{number(A_prev[1, 0])} + {number(dZ[0, 1])}·{number(A_prev[1, 1])}",
        f"{number(W[0, 0])}·{number(dZ[0, 0])} + ({number(W[1, 0])})·({number(dZ[1, 0])})",
    ]
    for left, head, start, ends, formula in (
        (14, "dW: over the examples", "W12", ("example 1", "example 2"), f"({terms[0]}) / 2 = {dW[0, 1]:g}"),
        (210, "dA: over the units", "a1", ("unit 1", "unit 2"), f"{terms[1]} = {dA[0, 0]:g}"),
    ):
        sketch.text(left + 88, 16, head, "small bold")
        sketch.circle(left + 20, 96, start, "new", r=20)
        for y, end in zip((58, 134), ends, strict=True):
            sketch.arrow(left + 40, 96, left + 82, y, kind="backward")
            sketch.box(left + 120, y, 74, 28, end)
        sketch.text(left + 88, 182, formula, "small backward")
    sketch.text(200, 206, "Derivatives of all paths are added.", "small muted")
    sketch.description = (
        f"dW of unit 1 and input 2 is {number(dW[0, 1])}; dA of input 1, example 1, is {number(dA[0, 0])}."
    )
    return sketch


@drawing
def relu_gate() -> Sketch:
    """Chapter 7: the relu lets a derivative through where Z > 0."""
    Z, dA = np.array([[0.0, -5.0], [2.0, 2.0]]), np.array([[4.0, 4.0], [3.0, -1.0]])
    slope = (Z > 0).astype(float)
    sketch = Sketch(130, "The relu as a gate: dZ = dA where Z > 0", "")
    x, _ = sketch.matrix(20, 44, dA, "dA")
    sketch.text(x + 20, 68, "∘")
    x, _ = sketch.matrix(x + 40, 44, slope, "slope at Z", lambda i, j: bool(slope[i, j]))
    sketch.text(x + 20, 68, "=")
    x, _ = sketch.matrix(x + 40, 44, dA * slope, "dZ", lambda i, j: bool(slope[i, j]))
    sketch.text(x + 54, 56, "1: open", "small new")
    sketch.text(x + 54, 78, "0: closed", "small muted")
    sketch.text(180, 116, f"Z = {Z.tolist()}".replace("-", "−"), "small muted")
    sketch.description = f"dZ {(dA * slope).tolist()}."
    return sketch


@drawing
def two_rows() -> Sketch:
    """Chapter 8: forward and backward as two rows."""
    net = Network(parameters=PARAMETERS)
    trace = net.trace(X, Y)
    sketch = Sketch(256, "Forward and backward: two rows that share the caches", "")
    sketch.text(6, 16, "forward →", "bold forward", "start")
    sketch.text(6, 244, "← backward", "bold backward", "start")
    stops = [(28, "X"), (104, "layer 1"), (178, "A1"), (252, "layer 2"), (318, "A2"), (376, "J")]
    back = [(28, "dA0"), (104, "layer 1"), (178, "dA1"), (252, "layer 2"), (334, "dZ2")]
    widths = {"layer 1": 60, "layer 2": 60, "dZ2": 48}
    for row, y, kind in ((stops, 50, "forward"), (back, 160, "backward")):
        for place, (x, words) in enumerate(row):
            layer = words.startswith("layer")
            w = widths.get(words, 36)
            if layer:
                sketch.box(x, y, w, 34, words, kind)
            else:
                sketch.text(x, y, words, f"bold {kind}")
            if place:
                before = row[place - 1]
                left, right = before[0] + widths.get(before[1], 30) / 2 + 2, x - w / 2 + (0 if layer else 4)
                if kind == "forward":
                    sketch.arrow(left, y, right, y, kind=kind)
                else:
                    sketch.arrow(right, y, left, y, kind=kind)
    sketch.arrow(372, 62, 346, 148, kind="backward")
    sketch.text(338, 176, "= A2 − Y", "small backward")
    for l, x in ((1, 104), (2, 252)):
        sketch.arrow(x, 68, x, 142)
        sketch.text(x, 104, f"cache {l}", "small")
        sketch.arrow(x, 178, x, 204, kind="backward")
        sketch.text(x, 214, f"dW{l}, db{l}", "bold backward")
    J = net.cost(X, Y)
    dZ2 = trace["dZ2"].value
    sketch.text(376, 30, number(J), "small forward")
    sketch.text(
        270, 240, f"dZ2 = {[float(v) for v in dZ2.round(3).ravel()]}".replace("-", "−"), "small muted"
    )
    sketch.description = (
        "Forward: X, layer 1, A1, layer 2, A2, J. Backward: dZ2 = A2 - Y, layer 2 gives dW2, db2 and dA1, "
        "layer 1 gives dW1, db1 and dA0. Each layer reads its cache."
    )
    return sketch


@drawing
def chain_of_two() -> Sketch:
    """Chapter 8: the network of two units with its numbers."""
    net = Network(parameters={"W1": [[0.5]], "b1": [[0.0]], "W2": [[1.0]], "b2": [[-1.0]]})
    trace = net.trace([[2.0]], [[1]])
    value = {entry.name: float(np.ravel(entry.value)[0]) for entry in trace if np.size(entry.value) == 1}
    sketch = Sketch(184, "Two units: values above, derivatives below", "")
    names = [
        ("x", "A0", "dA0"),
        *((f"{k}{l}", f"{k.upper()}{l}", f"d{k.upper()}{l}") for l in (1, 2) for k in "za"),
    ]
    stops = [(name, value[of], None if name == "a2" else value[by]) for name, of, by in names]
    places = [34, 118, 202, 286, 366]
    for index, (x, (name, forward, backward)) in enumerate(zip(places, stops, strict=True)):
        if index:
            sketch.arrow(places[index - 1] + 20, 72, x - 20, 72, kind="forward")
            sketch.arrow(x - 20, 92, places[index - 1] + 20, 92, kind="backward")
        sketch.circle(x, 82, name, r=18)
        sketch.text(x, 52, number(forward), "small forward")
        if backward is not None:
            sketch.text(x, 114, number(backward), "small backward")
    for x, words in ((76, "· w1 + b1"), (160, "relu"), (244, "· w2 + b2"), (328, "σ")):
        sketch.text(x, 28, words, "small")
    sketch.text(76, 144, f"dw1 {number(value['dW1'])}", "small backward")
    sketch.text(76, 160, f"db1 {number(value['db1'])}", "small backward")
    sketch.text(244, 144, f"dw2 {number(value['dW2'])}", "small backward")
    sketch.text(244, 160, f"db2 {number(value['db2'])}", "small backward")
    sketch.text(366, 114, f"J {number(value['J'])}", "small forward")
    sketch.description = ", ".join(f"{name} {number(forward)}" for name, forward, _ in stops)
    return sketch


# Chapters 9 to 11


@drawing
def update_flow() -> Sketch:
    """Chapter 9: dW flows into the update."""
    net = Network(parameters=PARAMETERS)
    gradients = net.gradients(X, Y)
    updated = update_parameters(PARAMETERS, gradients, 0.1)
    sketch = Sketch(200, "The flow of dW2 to the update", "")
    size = (46, 24)
    sketch.matrix(14, 38, PARAMETERS["W2"], "W2", size=size)
    sketch.text(126, 50, "−")
    sketch.text(150, 50, "0.1", "new")
    sketch.text(172, 50, "·")
    sketch.matrix(188, 38, gradients["dW2"], "dW2", size=(44, 24), kind="backward")
    sketch.text(286, 50, "=")
    sketch.matrix(298, 38, updated["W2"], "new W2", lambda i, j: True, size=(49, 24))
    sketch.box(72, 128, 92, 34, "backward", "backward")
    sketch.arrow(119, 128, 208, 128, "dW2, db2", "backward")
    sketch.box(252, 128, 88, 34, "update", "new")
    sketch.arrow(252, 110, 330, 66, kind="new")
    sketch.line([(252, 146), (252, 172), (72, 172)], "new")
    sketch.arrow(72, 172, 72, 147, kind="new")
    sketch.text(162, 186, "next iteration: forward with the new W2", "small new")
    sketch.description = ", ".join(
        f"{name} {array.round(3).tolist()}"
        for name, array in (("W2", PARAMETERS["W2"]), ("dW2", gradients["dW2"]), ("new W2", updated["W2"]))
    )
    return sketch


@drawing
def steps() -> Sketch:
    """Chapter 9: steps on the parabola with two learning rates."""
    sketch = Sketch(196, "Steps on J(w) = (w − 3)² with the learning rates 0.25 and 1.1", "")
    spoken = []
    for left, rate in ((14, 0.25), (210, 1.1)):

        def place(w: float, left: int = left) -> tuple[float, float]:
            return left + 20 * (w + 1.3), 160 - 5.5 * (w - 3) ** 2

        sketch.line([place(w) for w in np.linspace(-1.7, 7.7, 60)])
        w, path = (0.0 if rate < 1 else 1.0), []
        for _ in range(4):
            path.append(w)
            w -= rate * 2 * (w - 3)
        sketch.line([place(w) for w in path], "new")
        for index, w in enumerate(path):
            sketch.circle(*place(w), r=4.5, kind="new")
            x, y = place(w)
            if index < 3:
                sketch.text(x + (-18 if w < 3 else 16), y + 4 * index, number(w), "small")
        sketch.text(left + 86, 182, f"learning rate {rate}", "bold")
        spoken.append(f"rate {rate}: w = {', '.join(map(number, path))}")
    sketch.description = "; ".join(spoken) + "."
    return sketch


@drawing
def secant() -> Sketch:
    """Chapter 10: the central difference as the slope of a secant."""
    e, exact = 0.4, 3.0
    central, one_sided = ((1 + e) ** 3 - (1 - e) ** 3) / (2 * e), ((1 + e) ** 3 - 1) / e
    sketch = Sketch(220, "The central difference of θ³ at 1 with ε = 0.4", "")

    def place(t: float, value: float | None = None) -> tuple[float, float]:
        return 20 + 200 * (t - 0.3), 190 - 50 * (t**3 if value is None else value)

    sketch.line([place(t) for t in np.linspace(0.3, 1.48, 60)])
    sketch.line([place(1 - e), place(1 + e)], "new")
    sketch.line([place(1), place(1 + e)], "backward")
    sketch.line([place(0.6, 1 - 0.4 * exact), place(1.4, 1 + 0.4 * exact)], "forward")
    for t, words in ((1 - e, "θ − ε"), (1.0, "θ"), (1 + e, "θ + ε")):
        sketch.circle(*place(t), r=4, kind="new")
        sketch.text(place(t)[0] + 24, place(t)[1] + 10, words, "small")
    for y, words, kind in (
        (34, f"slope at θ: {number(exact)}", "forward"),
        (54, f"central: {number(central)}", "new"),
        (74, f"one-sided: {number(one_sided)}", "backward"),
    ):
        sketch.text(22, y, words, f"small {kind}", "start")
    sketch.description = f"Exact {number(exact)}, central {number(central)}, one-sided {number(one_sided)}."
    return sketch


@drawing
def two_passes() -> Sketch:
    """Chapter 10: two forward passes for each entry of θ."""
    theta = np.concatenate([PARAMETERS[name].ravel() for name in PARAMETERS])
    sketch = Sketch(196, "Two forward passes give one entry of the numerical gradient", "")

    def cost(change: float) -> float:
        W1 = PARAMETERS["W1"] + [[change, 0.0], [0.0, 0.0]]
        return compute_cost(model_forward(X, {**PARAMETERS, "W1": W1})[0], Y)

    up, down = cost(0.01), cost(-0.01)
    sketch.matrix(29, 34, theta[None], f"θ: all {theta.size} parameters", lambda i, j: j == 0, size=(38, 24))
    for y, sign, value in ((92, "+", up), (136, "−", down)):
        sketch.line([(44, 60), (44, y)], "new")
        sketch.arrow(44, y, 68, y, kind="new")
        sketch.box(116, y, 92, 28, f"θ1 {sign} 0.01", "new")
        sketch.arrow(162, y, 230, y, "forward", "forward")
        sketch.text(290, y, f"J = {number(value, 6)}", "forward")
    slope = (up - down) / 0.02
    exact = Network(parameters=PARAMETERS).gradients(X, Y)["dW1"][0, 0]
    sketch.text(200, 178, f"difference / 0.02 = {number(slope, 5)}; dW1 = {number(exact, 5)}", "new")
    sketch.description = (
        f"J {number(up, 6)} and {number(down, 6)}, quotient {number(slope, 5)}, "
        f"backward pass {number(exact, 5)}."
    )
    return sketch


@drawing
def training_loop() -> Sketch:
    """Chapter 11: the loop of fit."""
    net = Network([1, 1], initialization="zeros", seed=1, engine="reference")
    history = net.train([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=2)
    sketch = Sketch(220, "The loop of fit: four functions, and the parameters between the iterations", "")
    sketch.parts.append('<rect x="70" y="14" width="260" height="160" rx="10" class="line new"/>')
    sketch.text(200, 14, "fit", "bold new")
    for x, y, words, kind in (
        (130, 52, "forward", "forward"), (270, 52, "cost", "forward"),
        (270, 134, "backward", "backward"), (130, 134, "update", "new"),
    ):  # fmt: skip
        sketch.box(x, y, 66, 34, words, kind)
    sketch.arrow(164, 52, 236, 52, "AL, caches", "forward")
    sketch.arrow(270, 69, 270, 117)
    sketch.arrow(236, 134, 164, 134, "gradients", "backward")
    sketch.arrow(130, 117, 130, 69, kind="new")
    sketch.text(172, 93, "parameters", "small new")
    sketch.arrow(6, 52, 96, 52)
    sketch.text(36, 40, "X, Y", "small")
    sketch.arrow(130, 151, 130, 188, kind="new")
    sketch.box(130, 202, 100, 26, "predict", "new")
    costs = ", ".join(number(value, 4) for value in history.costs)
    sketch.text(276, 202, f"J by hand: {costs}", "small muted")
    sketch.description = (
        f"Forward, cost, backward, update, and again. The costs of the hand example are {costs}."
    )
    return sketch


@drawing
def decision() -> Sketch:
    """Chapter 11: from the logit to the class."""
    sketch = Sketch(170, "From the logit z to a class: the limit 0.5 is at z = 0", "")
    sketch.line([(30, 130), (370, 130)])
    sketch.line(
        [(200 + 28 * z, 130 - 100 * float(sigmoid(np.array(z)))) for z in np.linspace(-6, 6, 80)], "forward"
    )
    sketch.line([(200, 24), (200, 138)], "new")
    sketch.line([(30, 80), (370, 80)], "backward")
    for z in (-2.0, 1.5, 3.5):
        a = float(sigmoid(np.array(z)))
        sketch.circle(200 + 28 * z, 130 - 100 * a, r=4.5, kind="new")
        x, y, side = 200 + 28 * z, 130 - 100 * a, np.sign(z)
        anchor = "start" if z > 0 else "end"
        sketch.text(x + 8 * side, y + 13 * side, f"{number(a)} → {int(a > 0.5)}", "small new", anchor)
    sketch.text(90, 152, "class 0", "bold")
    sketch.text(310, 152, "class 1", "bold")
    sketch.text(40, 70, "0.5", "small backward")
    sketch.description = "Answers above 0.5 become class 1, others class 0."
    return sketch


# Chapter 12


@drawing
def lecture_networks() -> Sketch:
    """Chapter 12: the two networks of the lecture with the shapes of their weights."""
    sketch = Sketch(222, "The two networks of the lecture, with the shapes of their weights", "")
    spoken = []
    for top, dims in ((12, [12288, 7, 1]), (124, [12288, 20, 7, 5, 1])):
        parameters = initialize_parameters(dims, method="he", rng=np.random.RandomState(1))
        count = sum(value.size for value in parameters.values())
        shapes = [parameters[f"W{l}"].shape for l in range(1, len(dims))]
        places = np.linspace(40, 370, len(dims))
        for x, end, (rows, columns) in zip(places, places[1:], shapes, strict=False):
            sketch.arrow(x + (34 if x == 40 else 20), top + 44, end - 20, top + 44)
            sketch.text((x + end) / 2 + 6, top + 6, f"({rows}, {columns})", "small new")
        for x, n in zip(places, dims, strict=True):
            kind = "new" if n == dims[0] else "forward"
            sketch.box(x, top + 44, 62 if n == dims[0] else 34, 20 + 8 * np.log10(n), str(n), kind)
        words = f"{len(shapes)} layers, {count} parameters"
        sketch.text(200, top + 84, words, "small bold")
        spoken.append(f"{'-'.join(map(str, dims))}: {words}")
    sketch.description = "; ".join(spoken) + "."
    return sketch


@drawing
def constant_answer() -> Sketch:
    """Chapter 12: the cost of the same answer to every picture."""
    Y = (np.arange(209) < 72).astype(int).reshape(1, -1)
    sketch = Sketch(196, "The cost of the same answer a to all 209 pictures, 72 of them cats", "")

    def place(a: float) -> tuple[float, float]:
        return 40 + 320 * a, 158 - 110 * (compute_cost(np.full(Y.shape, a), Y) - 0.5)

    sketch.line([(40, 24), (40, 160), (370, 160)])
    sketch.line([place(a) for a in np.linspace(0.04, 0.9, 80)], "forward")
    spoken = []
    for a, up, anchor in ((float(Y.mean()), 30, "middle"), (0.5, -9, "start")):
        cost = compute_cost(np.full(Y.shape, a), Y)
        x, y = place(a)
        sketch.circle(x, y, r=4.5, kind="new")
        words = f"a = {number(a)}: {number(cost)}"
        sketch.text(x + 10 * (anchor == "start"), y - up, words, "small new", anchor)
        spoken.append(words)
    sketch.text(205, 180, "answer a, from 0 to 1", "small muted")
    sketch.text(40, 12, "cost J", "small muted")
    sketch.description = "; ".join(spoken) + ". The lowest point is at the share of cats."
    return sketch


# Chapter 13


@drawing
def dropout() -> Sketch:
    """Chapter 13: the mask of one step."""
    A, U, p = np.array([[1.0, 2.0, 3.0]]), np.array([[0.1, 0.7, 0.9]]), 0.8
    mask = (p > U) / p
    sketch = Sketch(218, "Dropout: the mask of one step, and the network without the unit", "")
    x, _ = sketch.matrix(10, 36, A, "A", size=(36, 24))
    sketch.text(x + 12, 48, "∘")
    x, _ = sketch.matrix(x + 24, 36, mask, "mask D / p", lambda i, j: mask[i, j] == 0, size=(36, 24))
    sketch.text(x + 12, 48, "=")
    sketch.matrix(x + 24, 36, A * mask, "kept A", lambda i, j: mask[i, j] == 0, size=(36, 24))
    units = [(200, 100), (200, 146), (200, 192)]
    for index, unit in enumerate(units):
        off = "off" if mask[0, index] == 0 else ""
        for start in ((80, 122), (80, 170)):
            sketch.line([start, unit], off)
        sketch.line([unit, (320, 146)], off)
    for start in ((80, 122), (80, 170), (320, 146)):
        sketch.circle(*start, r=14)
    for index, unit in enumerate(units):
        dropped = mask[0, index] == 0
        sketch.circle(*unit, number(A[0, index] * mask[0, index]), "new" if dropped else "", r=16)
        if dropped:
            sketch.line([(unit[0] - 13, unit[1] - 13), (unit[0] + 13, unit[1] + 13)], "new")
    sketch.description = f"p = {p}, U {U.tolist()}, mask {mask.tolist()}, kept {(A * mask).tolist()}."
    return sketch


@drawing
def batches() -> Sketch:
    """Chapter 13: a drawn order, cut into batches."""
    order = np.array([2, 0, 1, 3, 4])
    labels = np.array([0, 1, 1, 0, 1])
    sketch = Sketch(190, "Mini-batches: the drawn order cut into parts of 2", "")
    sketch.matrix(
        60, 34, np.array([[f"x{i}" for i in range(5)], [f"y{i}" for i in range(5)]]), "X and Y", size=(56, 24)
    )
    sketch.arrow(200, 86, 200, 112, kind="new")
    sketch.text(286, 100, "one order for X and Y", "small new")
    for start, left in ((0, 24), (2, 164), (4, 304)):
        part = order[start : start + 2]
        values = np.array([[f"x{i}" for i in part], [f"y{i}" for i in part]])
        sketch.matrix(left, 134, values, f"batch {start // 2 + 1}", lambda i, j: True, size=(48, 24))
    sketch.description = (
        f"Order {order.tolist()} of the labels {labels.tolist()}: batches of 2, 2 and 1 examples."
    )
    return sketch


@drawing
def shrink() -> Sketch:
    """Chapter 13: L2 shrinks the weights in every step."""
    rate, l2, m = 0.5, 1.0, 5
    W = np.array([3.0, 4.0])
    sketch = Sketch(170, "L2 shrinks W = (3, 4) in every step, where dW is 0", "")
    spoken = []
    for index in range(5):
        length = float(np.linalg.norm(W))
        x = 24 + 74 * index
        sketch.bar(x, 130 - 20 * length, 44, 20 * length, "new" if index == 0 else "forward")
        sketch.text(x + 22, 20 + (100 - 20 * length), number(length), "small")
        sketch.text(x + 22, 146, f"step {index}", "small muted")
        spoken.append(number(length))
        W = W * (1 - rate * l2 / m)
    sketch.text(200, 164, f"factor 1 − αλ/m = {number(1 - rate * l2 / m)}", "small new")
    sketch.description = f"Lengths of W: {', '.join(spoken)}."
    return sketch


@drawing
def adam_steps() -> Sketch:
    """Chapter 13: first steps of gradient descent and Adam for gradients of different sizes."""
    gradients = np.array([2.0, 0.2, 0.02])
    zero = np.zeros(3)
    moved, *_ = adam_update(zero, gradients, zero, zero, learning_rate=0.1, t=1)
    sketch = Sketch(170, "The first step with α = 0.1 for the gradients 2, 0.2 and 0.02", "")
    for row, (words, lengths, kind) in enumerate(
        (("gradient descent: α g", 0.1 * gradients, "backward"), ("Adam: about α each", -moved, "new"))
    ):
        top = 30 + 70 * row
        sketch.text(14, top - 14, words, f"small bold {kind}", "start")
        for i, length in enumerate(lengths):
            sketch.bar(60, top + 16 * i - 1, 1200 * length, 11, kind)
            sketch.text(34, top + 16 * i + 4, f"g {number(gradients[i])}", "small")
            sketch.text(68 + 1200 * length, top + 16 * i + 4, number(length), "small", "start")
    sketch.description = f"Steps of Adam: {', '.join(number(value) for value in -moved)}."
    return sketch


@drawing
def normalization() -> Sketch:
    """Chapter 13: batch normalization of the rows of Z."""
    Z = np.array([[1.0, 2.0, 3.0, 6.0], [10.0, 20.0, 30.0, 20.0]])
    values = normalize_batch(Z)
    mean, deviation, normal = values.mean, values.deviation, values.U_hat.round(2)
    sketch = Sketch(152, "Batch normalization: each row gets mean 0 and deviation 1", "")
    sketch.matrix(8, 46, Z, "W A_prev (2, 4)", size=(31, 24))
    sketch.matrix(146, 46, mean, "μ", lambda i, j: True, size=(30, 24))
    sketch.matrix(184, 46, deviation, "σ", lambda i, j: True, size=(38, 24))
    sketch.arrow(226, 70, 248, 70, kind="new")
    sketch.matrix(252, 46, normal, "(row − μ) / σ", size=(36, 24))
    sketch.text(200, 122, "then times γ, plus b: two learned numbers per unit", "small new")
    sketch.text(200, 140, "mean over the examples of the batch", "small muted")
    sketch.description = f"Means {mean.ravel().tolist()}, result {(normal + 0.0).tolist()}."
    return sketch


# Chapter 14


@drawing
def standardize() -> Sketch:
    """Chapter 14: the mean and deviation of the training rows serve all rows."""
    train, test = np.array([1.0, 2.0, 3.0, 6.0]), 4.0
    mean, deviation = train.mean(), train.std()
    sketch = Sketch(172, "Standardize with the numbers of the training rows", "")

    def draw(y: float, values: Sequence[float], scale: float, shift: float, kinds: Sequence[str]) -> None:
        sketch.line([(20, y), (380, y)])
        for value, kind in zip(values, kinds, strict=True):
            x = 70 + scale * (value - shift)
            sketch.circle(x, y, r=6, kind=kind)
            sketch.text(x, y + 20, number(value), f"small {kind}")

    kinds = ["forward"] * 4 + ["new"]
    draw(40, [*train, test], 50, 1.0, kinds)
    normal = (np.array([*train, test]) - mean) / deviation
    draw(116, list(normal), 50 * deviation, float(normal[0]), kinds)
    sketch.arrow(200, 70, 200, 98)
    sketch.text(286, 82, f"(x − {number(mean)}) / {number(deviation, 4)}", "small bold")
    sketch.text(200, 160, "blue: training rows; purple: a test row", "small muted")
    sketch.description = "Training rows and the test row become " + ", ".join(map(number, normal)) + "."
    return sketch


@drawing
def one_hot() -> Sketch:
    """Chapter 14: a word becomes a column with a single 1."""
    words, classes = ["green", "blue", "red", "green"], ["red", "green", "blue"]
    table = np.array([[float(word == kind) for word in words] for kind in classes])
    sketch = Sketch(150, "One-hot: each word is a column with a single 1", "")
    for i, word in enumerate(words):
        sketch.text(128 + 60 * i, 16, word, "bold")
        sketch.arrow(128 + 60 * i, 28, 128 + 60 * i, 48)
    for row, kind in enumerate(classes):
        sketch.text(54, 66 + 28 * row, kind, "small")
    sketch.matrix(98, 52, table, "", lambda i, j: bool(table[i, j]), size=(60, 28))
    sketch.description = f"Rows {', '.join(classes)}: {table.astype(int).tolist()}."
    return sketch


@drawing
def softmax_bars() -> Sketch:
    """Chapter 14: the softmax turns logits into probabilities."""
    Z = np.array([[2.0], [1.0], [0.1]])
    A = softmax(Z)
    sketch = Sketch(150, "The softmax turns three logits into probabilities", "")
    for i in range(3):
        y = 34 + 36 * i
        sketch.box(50, y, 66, 26, f"z{i + 1} = {number(Z[i, 0])}", "forward")
        sketch.arrow(84, y, 146, 70)
        sketch.arrow(214, 70, 240, y)
        sketch.bar(246, y - 9, 110 * A[i, 0], 18, "new")
        sketch.text(254 + 110 * A[i, 0], y, number(A[i, 0]), "small", "start")
    sketch.box(180, 70, 66, 32, "softmax", "new")
    sketch.text(292, 138, f"sum {number(A.sum())}", "small new")
    sketch.description = f"Logits {Z.ravel().tolist()}, probabilities {A.ravel().round(3).tolist()}."
    return sketch


@drawing
def split() -> Sketch:
    """Chapter 14: what each part of the rows is used for."""
    rows = {"training": 341, "validation": 114, "test": 114}
    sketch = Sketch(140, "Three parts of 569 rows, and what each is used for", "")
    left = 14.0
    for (name, count), kind in zip(rows.items(), ("forward", "backward", "new"), strict=True):
        width = 372 * count / sum(rows.values())
        sketch.box(left + width / 2, 38, width - 4, 40, f"{name}\n{count}", kind)
        left += width
    for x, y, words in (
        (125, 82, "gradients, μ and σ"),
        (272, 104, "when to stop"),
        (336, 82, "the result, once"),
    ):
        sketch.arrow(x, 60, x, y - 10)
        sketch.text(x, y, words, "small")
    sketch.description = ", ".join(f"{count} rows for {name}" for name, count in rows.items())
    return sketch


# The directive


def as_picture(arguments: str) -> str:
    """A drawing as Markdown with its data, for notebooks."""
    name, *rest = arguments.split()
    sketch = DRAWINGS[name](*rest)
    data = b64encode(sketch.svg(f"drawing-{name}", alone=True).encode()).decode()
    alternative = re.sub(r"[\[\]]", "", sketch.title)
    return f"![{alternative}](data:image/svg+xml;base64,{data})\n"


class DrawingDirective(SphinxDirective):
    """The drawing with the name in the argument."""

    required_arguments = 1
    optional_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """A figure with the SVG, and the title as its caption; the content replaces the caption."""
        name, *rest = self.arguments
        if name not in DRAWINGS:
            raise self.error(f"there is no drawing {name!r}; there are {', '.join(DRAWINGS)}")
        self.env.note_dependency(__file__)
        sketch = DRAWINGS[name](*rest)
        caption = " ".join(self.content) or sketch.title + "."
        identity = "-".join(["drawing", name, *rest])
        html = (
            f'<figure class="drawing">{sketch.svg(identity)}'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )
        return [nodes.raw("", html, format="html")]


THEMES = """
.drawing{margin:1.2rem auto;max-width:30rem;--ink:var(--pst-color-text-base)}
.drawing{--muted:var(--pst-color-text-muted);--back:var(--pst-color-background)}
.drawing{--cell:var(--pst-color-surface)}
.drawing svg{display:block;width:100%;height:auto}
.drawing figcaption{font-size:.9rem;text-align:center;opacity:1;font-weight:400}
.drawing figcaption{color:var(--pst-color-text-muted)}
html[data-theme="light"]{--new:#5a32a8;--soft:#ece6f8;--forward:#0b5c8e;--backward:#a84300}
html[data-theme="dark"]{--new:#c9b3ff;--soft:#3a2b5e;--forward:#8ecbff;--backward:#ffb38a}
"""
"""The colours of the theme in place of `COLORS`."""


def page_style() -> str:
    """`STYLE` for the drawings of a page."""

    def within(match: re.Match[str]) -> str:
        return ",".join(f".drawing svg {selector}" for selector in match[1].split(","))

    return THEMES + re.sub(r"([^{}\n]+)(?={)", within, STYLE)


def write_style(app: Sphinx) -> None:
    """Write the style of all drawings to a folder of static files."""
    folder = Path(app.doctreedir) / "drawings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "drawings.css").write_text(page_style(), encoding="utf-8")
    app.config.html_static_path.append(str(folder))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and the style."""
    app.add_directive("drawing", DrawingDirective)
    app.add_css_file("drawings.css")
    app.connect("builder-inited", write_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
