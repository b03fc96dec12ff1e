"""Worksheets: one training step by hand, with friendly numbers, for each student another one, and the key.

Every number of the key is that of `Network.trace`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from deepstep.equations import model_forward
from deepstep.errors import ConfigurationError
from deepstep.inspection import Trace, TraceEntry
from deepstep.model import Network
from deepstep.report.html import Content, Html, join, table, tag
from deepstep.types import Array, is_number, is_whole

HALVES, WHOLE = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0), (-2.0, -1.0, 1.0, 2.0)
FEW = 2
"""Most inputs of a layer with weights of size 2; those with more have none, so that sums stay small."""
BIASES, INPUTS, NUMBERS = (-1.0, 0.0, 1.0), (-2.0, -1.0, 1.0, 2.0, 3.0), (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
ACTIVATIONS = ("relu", "identity")
OUTPUTS = {"squared_error": "identity", "cross_entropy": "sigmoid"}
"""Loss → output activation."""

MOST_LAYERS, MOST_UNITS, MOST_STUDENTS, EXAMPLES = 3, 4, 500, (1, 2, 4, 5)
MANY = 20  # quantities to compute: more of them have smaller boxes
TRIES = 20_000
LARGEST, LARGEST_LOGIT = 30, 3
DECIMALS = {"squared_error": 4, "cross_entropy": 3}
"""Exact for the squared error: other draws are rejected; rounded for the cross-entropy."""

STYLE = """
@page { size: A4; margin: 13mm; }
body { font: 10.5pt/1.35 system-ui, "DejaVu Sans", sans-serif; margin: 0 auto; max-width: 184mm; }
h1 { font-size: 15pt; margin: 0; } h2 { font-size: 11pt; margin: 3.5mm 0 1.5mm; }
p { margin: 1mm 0; } .who { margin: 3mm 0; }
.sheet { break-after: page; padding-bottom: 6mm; }
.matrices, .steps { display: flex; flex-wrap: wrap; gap: 3mm 8mm; align-items: flex-start; }
.steps { gap: 5mm 9mm; }
.quantity { break-inside: avoid; } .quantity p { margin: 0 0 0.7mm; font-family: "DejaVu Serif", serif; }
.shape { color: #555; font-size: 8.5pt; font-family: system-ui, "DejaVu Sans", sans-serif; }
.matrix { border-spacing: 0; border: solid #111; border-width: 0 1.5px; border-radius: 2.5mm; }
.matrix td { min-width: 7mm; height: 5.5mm; padding: 0 1.5mm; text-align: right; }
.box { border: 0; border-collapse: collapse; }
.box td { border: 1px solid #777; min-width: 16mm; height: 9mm; }
.dense .steps { gap: 3mm 6mm; }
.dense .box td { min-width: 12.5mm; height: 6.3mm; }
.wide table { border-collapse: collapse; font-size: 8pt; margin-top: 4mm; }
caption { text-align: left; padding-bottom: 1mm; }
.wide th, .wide td { border: 1px solid #999; padding: 0.3mm 1.1mm; }
.wide th, .wide td { white-space: nowrap; text-align: right; font-weight: 400; }
.key { break-inside: avoid; border-top: 1px solid #999; padding: 2mm 0 4mm; font-size: 8.5pt; }
.key h2 { margin-top: 0; }
.key .matrices { gap: 1.5mm 5mm; } .key .matrix td { height: 4.2mm; min-width: 4mm; }
"""


@dataclass(frozen=True)
class Sheet:
    """The exercise of one student.

    number: From 1.
    trace: The step, with every quantity.
    loss, learning_rate, seed: As in `worksheets`.
    """

    number: int
    trace: Trace
    loss: str
    learning_rate: float
    seed: int

    @property
    def given(self) -> list[TraceEntry]:
        """Inputs, targets and parameters."""
        return [entry for entry in self.trace if not entry.equation and entry.phase in ("input", "forward")]

    @property
    def asked(self) -> list[TraceEntry]:
        """The quantities to compute, in order."""
        known = {"dA0", *(entry.name for entry in self.given)}
        return [entry for entry in self.trace if entry.name not in known]


def worksheets(
    layer_dims: Sequence[int],
    *,
    students: int = 30,
    seed: int = 0,
    activation: str = "relu",
    loss: str = "squared_error",
    examples: int = 2,
    learning_rate: float = 0.1,
) -> list[Sheet]:
    """Draw one step by hand for each student: whole numbers and halves, so that results have few decimals.

    With relu each sheet has units that are alive and units that are dead, and no layer is dead altogether.

    Parameters
    ----------
    layer_dims : sequence of int
        Sizes of the layers, such as ``(2, 2, 1)``: up to 3 layers of up to 4 units.
    students : int, optional
        Number of sheets, up to 500. No two are equal.
    seed : int, optional
        The same seed gives the same sheets.
    activation : str, optional
        Of the hidden layers: ``"relu"`` or ``"identity"``.
    loss : str, optional
        ``"squared_error"`` with an identity output, whose results are exact, or ``"cross_entropy"`` with a
        sigmoid output, whose results are rounded to 3 decimals.
    examples : int, optional
        1, 2, 4 or 5 columns.
    learning_rate : float, optional
        α.

    Returns
    -------
    list of Sheet
        In the order of the students.

    Raises
    ------
    ConfigurationError
        If an argument is outside these limits, or no friendly numbers are found.

    Examples
    --------
    >>> sheet = worksheets((2, 2, 1), students=2, seed=7)[0]
    >>> [entry.name for entry in sheet.given], [entry.name for entry in sheet.asked][:4]
    (['A0', 'Y', 'W1', 'b1', 'W2', 'b2'], ['Z1', 'A1', 'Z2', 'A2'])
    """
    sizes = tuple(layer_dims)
    fits = 2 <= len(sizes) <= MOST_LAYERS + 1 and all(is_whole(n, 1) and n <= MOST_UNITS for n in sizes)
    _need(fits, "layer_dims", f"2 to {MOST_LAYERS + 1} sizes from 1 to {MOST_UNITS}", layer_dims)
    accepted = is_whole(students, 1) and students <= MOST_STUDENTS
    _need(accepted, "students", f"a whole number from 1 to {MOST_STUDENTS}", students)
    _need(is_whole(seed, 0), "seed", "a whole number of at least 0", seed)
    _need(activation in ACTIVATIONS, "activation", f"one of {', '.join(ACTIVATIONS)}", activation)
    _need(loss in OUTPUTS, "loss", f"one of {', '.join(OUTPUTS)}", loss)
    _need(examples in EXAMPLES, "examples", "1, 2, 4 or 5", examples)
    _need(is_number(learning_rate) and learning_rate > 0, "learning_rate", "a positive number", learning_rate)
    found, seen = list[Sheet](), set[bytes]()
    for number in range(1, students + 1):
        rng = np.random.default_rng([seed, number])
        candidates = _candidates(sizes, activation, loss, examples, rng)
        for network, X, Y in candidates:
            trace = network.trace(X, Y, learning_rate=learning_rate)
            numbers = network.parameters.flat.tobytes() + X.tobytes() + Y.tobytes()
            if numbers not in seen and _is_friendly(trace, loss):
                break
        else:
            raise ConfigurationError(
                "worksheets",
                "sizes with friendly numbers",
                f"found none for sheet {number} in {TRIES} draws",
                "Use a smaller network, fewer students or the learning rate 0.1.",
            )
        seen.add(numbers)
        found.append(Sheet(number, trace, loss, learning_rate, seed))
    return found


def _need(ok: bool, setting: str, expected: str, value: Any) -> None:
    if not ok:
        raise ConfigurationError("worksheets", expected, f"got {value!r}", setting=setting)


def _candidates(
    sizes: tuple[int, ...], activation: str, loss: str, examples: int, rng: np.random.Generator
) -> Iterator[tuple[Network, Array, Array]]:
    """Networks and examples whose forward pass is friendly."""
    names = [*[activation] * (len(sizes) - 2), OUTPUTS[loss]]
    for _ in range(TRIES):
        parameters: dict[str, Array] = {}
        for l, (n_prev, n) in enumerate(pairwise(sizes), start=1):
            weights = HALVES if l == 1 else WHOLE
            weights = weights if n_prev <= FEW else weights[1:-1]
            parameters[f"W{l}"] = rng.choice(weights, (n, n_prev))
            parameters[f"b{l}"] = rng.choice(BIASES, (n, 1))
        X = rng.choice(INPUTS, (sizes[0], examples))
        targets = (0.0, 1.0) if loss == "cross_entropy" else NUMBERS
        Y = rng.choice(targets, (sizes[-1], examples))
        _, caches = model_forward(X, parameters, activations=names)
        *hidden, ZL = [Z for _, Z in caches]
        small = all(np.abs(Z).max() <= LARGEST for Z in (*hidden, ZL))
        if not (small and _lives(hidden if activation == "relu" else []) and _in_the_table(ZL, loss)):
            continue
        network = Network(sizes, activation=names[:-1], output=names[-1], parameters=parameters, seed=0)
        yield network, X, Y


def _lives(hidden: list[Array]) -> bool:
    """Whether no Z is at the kink, each layer has an entry above 0, and one is below 0 where it can be."""
    if any((Z == 0).any() or not (Z > 0).any() for Z in hidden):
        return False
    may_die = any(Z.size > 1 for Z in hidden)
    return not may_die or any((Z < 0).any() for Z in hidden)


def _in_the_table(ZL: Array, loss: str) -> bool:
    return loss == "squared_error" or bool((np.abs(ZL) <= LARGEST_LOGIT).all() and (2 * ZL % 1 == 0).all())


def _is_friendly(trace: Trace, loss: str) -> bool:
    """Whether all numbers are small, those of the squared error have few decimals, and layer 1 learns."""
    values = np.concatenate([np.ravel(entry.value) for entry in trace])
    scaled = values * 10 ** DECIMALS[loss]
    exact = loss != "squared_error" or bool(np.allclose(scaled, np.round(scaled), rtol=0, atol=1e-6))
    return exact and bool(np.abs(values).max() <= LARGEST) and bool(trace["dW1"].value.any())


def worksheets_html(sheets: Sequence[Sheet], *, exercises: bool = True, key: bool = True) -> str:
    """One HTML page for the printer: a sheet of each student, then the key.

    sheets: The result of `worksheets`.
    exercises, key: Whether the page has the exercises and the key.
    returns: The page, which loads nothing.

    >>> page = worksheets_html(worksheets((2, 2, 1), students=2, seed=7))
    >>> page.count('class="sheet"'), page.count('class="key"')
    (2, 2)
    """
    title = f"{'Worksheets' if exercises else 'Key'}: one training step by hand, seed {sheets[0].seed}"
    keys = [tag("h1", f"Key, seed {sheets[0].seed}"), _rounding(sheets[0]), *map(_key, sheets)] if key else []
    body = join([*(map(_exercise, sheets) if exercises else []), *keys])
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    head = join(
        [
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=policy),
            Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            tag("title", title),
            tag("style", Html(STYLE)),
        ]
    )
    return f"<!doctype html>\n{tag('html', tag('head', head), tag('body', tag('main', body)), lang='en')}\n"


FORMULAS = {"J": "J = Σᵢ lossᵢ / m"}
"""Formulas that are shorter without weights of examples."""


def _exercise(sheet: Sheet) -> Html:
    sizes = "-".join(map(str, sheet.trace.architecture.layer_dims))
    names = ", ".join(sheet.trace.architecture.activations)
    m = sheet.trace["A0"].shape[1]
    return tag(
        "section",
        tag("h1", f"Worksheet {sheet.number}: one training step by hand"),
        tag(
            "p", f"Network {sizes} ({names}), {m} examples as columns, learning rate {sheet.learning_rate:g}."
        ),
        tag("p", "Name: ____________________________________  Date: ______________", class_="who"),
        tag("h2", "Given"),
        tag("div", *(_matrix(entry, sheet) for entry in sheet.given), class_="matrices"),
        _logits(sheet) if sheet.loss == "cross_entropy" else None,
        tag("h2", "Compute, in this order"),
        _rounding(sheet),
        tag("div", *(_box(entry) for entry in sheet.asked), class_="steps"),
        class_="sheet dense" if len(sheet.asked) > MANY else "sheet",
    )


def _key(sheet: Sheet) -> Html:
    matrices = (_matrix(entry, sheet) for entry in sheet.asked)
    title = tag("h2", f"Worksheet {sheet.number}")
    return tag("section", title, tag("div", *matrices, class_="matrices"), class_="key")


def _rounding(sheet: Sheet) -> Html | None:
    if sheet.loss == "squared_error":
        return None
    text = "σ and the loss come from the table. Results have 3 decimals; the last may differ by up to 2."
    return tag("p", text)


def _logits(sheet: Sheet) -> Html:
    """σ and log(1 + eᶻ) at the logits that occur."""
    Z = np.arange(-2 * LARGEST_LOGIT, 2 * LARGEST_LOGIT + 1) / 2
    rows = [("σ(z)", 1 / (1 + np.exp(-Z))), ("log(1 + eᶻ)", np.logaddexp(0, Z))]
    decimals = DECIMALS[sheet.loss]
    return table(
        ["z", *(number(z, 1) for z in Z)],
        [[name, *(number(value, decimals) for value in values)] for name, values in rows],
        caption="Values for the output and the loss",
    )


def number(value: float, decimals: int) -> str:
    """A number with at most so many decimals."""
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:.0f}"
    return "0" if text in ("-0", "") else text.replace("-", "−")


def _name(entry: TraceEntry, formula: str) -> Html:
    shape = "×".join(map(str, entry.shape)) or "1×1"
    return tag("p", formula, " ", tag("span", shape, class_="shape"))


def _matrix(entry: TraceEntry, sheet: Sheet) -> Html:
    cells = np.atleast_2d(entry.value)
    rows = (tag("tr", *(tag("td", number(v, DECIMALS[sheet.loss])) for v in row)) for row in cells)
    return _quantity(_name(entry, entry.name.replace("A0", "A0 = X")), tag("table", *rows, class_="matrix"))


def _box(entry: TraceEntry) -> Html:
    """An empty matrix of the right shape."""
    rows, columns = np.atleast_2d(entry.value).shape
    row = tag("tr", *[tag("td")] * columns)
    formula = FORMULAS.get(entry.name, entry.formula)
    return _quantity(_name(entry, formula), tag("table", *[row] * rows, class_="matrix box"))


def _quantity(*content: Content) -> Html:
    return tag("div", *content, class_="quantity")
