"""Worksheets: one training step by hand, with friendly numbers, for each student another one, and the key.

Every number of the key is that of `Network.trace`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from itertools import pairwise

import numpy as np

from deepstep.course.chapters import CHAPTERS
from deepstep.equations import model_forward
from deepstep.errors import ConfigurationError
from deepstep.inspection import Trace, TraceEntry
from deepstep.model import Network
from deepstep.report.html import Content, Html, page, table, tag
from deepstep.training.plan import require
from deepstep.types import Array, is_number, is_whole

HALVES, WHOLE = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0), (-2.0, -1.0, 1.0, 2.0)
FEW = 2
"""Most inputs of a layer with weights of size 2; those with more have none, so that sums stay small."""
BIASES, INPUTS, NUMBERS = (-1.0, 0.0, 1.0), (-2.0, -1.0, 1.0, 2.0, 3.0), (-2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
ACTIVATIONS = ("relu", "identity")
OUTPUTS = {"squared_error": "identity", "cross_entropy": "sigmoid"}
"""Loss → output activation."""

MOST_LAYERS, MOST_UNITS, MOST_STUDENTS, EXAMPLES = 3, 4, 500, (1, 2, 4, 5)
TRIES, RATE_DECIMALS = 5_000, 4
LARGEST, LARGEST_LOGIT = 30, 3
DECIMALS = {"squared_error": 4, "cross_entropy": 3}
"""Exact for the squared error: other draws are rejected; rounded for the cross-entropy."""


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
        """The quantities to compute, in order; dZ[L] from the output and target, so without dA[L]."""
        last = max(entry.layer for entry in self.trace)
        textbook = {f"loss_A{last}", f"dA{last}", f"dZ{last}_chain"}
        known = {"dA0", *textbook, *(entry.name for entry in self.given)}
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
        α, with at most 4 decimals.

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
    few = is_whole(students, 1) and students <= MOST_STUDENTS
    positive = is_number(learning_rate) and 0 < learning_rate == round(learning_rate, RATE_DECIMALS)
    dims = f"2 to {MOST_LAYERS + 1} sizes from 1 to {MOST_UNITS}"
    for setting, value, accepted, expected in (
        ("layer_dims", layer_dims, fits, dims),
        ("students", students, few, f"a whole number from 1 to {MOST_STUDENTS}"),
        ("seed", seed, is_whole(seed, 0), "a whole number of at least 0"),
        ("activation", activation, activation in ACTIVATIONS, f"one of {', '.join(ACTIVATIONS)}"),
        ("loss", loss, loss in OUTPUTS, f"one of {', '.join(OUTPUTS)}"),
        ("examples", examples, examples in EXAMPLES, "1, 2, 4 or 5"),
        (
            "learning_rate",
            learning_rate,
            positive,
            f"a positive number with at most {RATE_DECIMALS} decimals",
        ),
    ):
        require(accepted, "worksheets", expected, value, setting=setting)
    drawn = set[bytes]()
    draw = partial(_draw, sizes, activation, loss, examples, learning_rate, drawn)
    return [
        Sheet(number, draw(np.random.default_rng([seed, number])), loss, learning_rate, seed)
        for number in range(1, students + 1)
    ]


def _draw(
    sizes: tuple[int, ...],
    activation: str,
    loss: str,
    examples: int,
    learning_rate: float,
    drawn: set[bytes],
    rng: np.random.Generator,
) -> Trace:
    """A step with friendly numbers that are not among those drawn before."""
    names = [*[activation] * (len(sizes) - 2), OUTPUTS[loss]]
    for parameters, X, Y in _candidates(sizes, names, loss, examples, rng):
        numbers = b"".join(value.tobytes() for value in (*parameters.values(), X, Y))
        if numbers in drawn:
            continue
        network = Network(sizes, activation=names[:-1], output=names[-1], parameters=parameters, seed=0)
        trace = network.trace(X, Y, learning_rate=learning_rate)
        if _is_friendly(trace, loss):
            drawn.add(numbers)
            return trace
    got = f"found none for sheet {len(drawn) + 1} in {TRIES} draws"
    hint = "Use a smaller network, fewer students or the learning rate 0.1."
    raise ConfigurationError("worksheets", "sizes with friendly numbers", got, hint)


def _candidates(
    sizes: tuple[int, ...], names: list[str], loss: str, examples: int, rng: np.random.Generator
) -> Iterator[tuple[dict[str, Array], Array, Array]]:
    """Parameters and examples whose forward pass is friendly."""
    for _ in range(TRIES):
        parameters: dict[str, Array] = {}
        for l, (n_prev, n) in enumerate(pairwise(sizes), start=1):
            weights: tuple[float, ...] = HALVES if l == 1 else WHOLE
            weights = weights if n_prev <= FEW else weights[1:-1]
            parameters[f"W{l}"] = rng.choice(weights, (n, n_prev))
            parameters[f"b{l}"] = rng.choice(BIASES, (n, 1))
        X = rng.choice(INPUTS, (sizes[0], examples))
        targets = (0.0, 1.0) if loss == "cross_entropy" else NUMBERS
        Y = rng.choice(targets, (sizes[-1], examples))
        _, caches = model_forward(X, parameters, activations=names)
        *hidden, ZL = [Z for _, Z in caches]
        small = all(np.abs(Z).max() <= LARGEST for Z in (*hidden, ZL))
        if small and _lives(hidden if "relu" in names else []) and _in_the_table(ZL, loss):
            yield parameters, X, Y


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


MANY = 20  # quantities to compute: more of them have smaller boxes
FORMULAS = {"J": "J = Σᵢ lossᵢ / m"}
"""Formulas that are shorter without weights of examples."""


def worksheets_html(sheets: Sequence[Sheet], *, exercises: bool = True, key: bool = True) -> str:
    """One HTML page for the printer: a sheet of each student, then the key.

    sheets: The result of `worksheets`.
    exercises, key: Whether the page has the exercises and the key.
    returns: The page, which loads nothing.

    >>> from deepstep.course.worksheet import worksheets
    >>> page = worksheets_html(worksheets((2, 2, 1), students=2, seed=7))
    >>> page.count('class="sheet"'), page.count('class="key"')
    (2, 2)
    """
    title = f"{'Worksheets' if exercises else 'Key'}: one training step by hand, seed {sheets[0].seed}"
    parts: list[Html | None] = [*map(_exercise, sheets)] if exercises else []
    if key:
        parts += [tag("h1", f"Key, seed {sheets[0].seed}"), _rounding(sheets[0]), *map(_key, sheets)]
    style = (files("deepstep.course") / "worksheet.css").read_text(encoding="utf-8")
    return page(title, style, tag("main", *parts))


def _exercise(sheet: Sheet) -> Html:
    network = sheet.trace.architecture
    sizes, names = "-".join(map(str, network.layer_dims)), ", ".join(network.activations)
    m = sheet.trace["A0"].shape[1]
    columns = "1 example as a column" if m == 1 else f"{m} examples as columns"
    examples = f"{columns}, learning rate {sheet.learning_rate:g}"
    return tag(
        "section",
        tag("h1", f"Worksheet {sheet.number}: one training step by hand"),
        tag("p", f"Network {sizes} ({names}), {examples}. {chapter_of(sheet)}"),
        tag("p", "Name: ____________________________________  Date: ______________", class_="who"),
        tag("h2", "Given"),
        _matrices(sheet, sheet.given),
        _logits(sheet) if sheet.loss == "cross_entropy" else None,
        tag("h2", "Compute, in this order"),
        _rounding(sheet),
        tag("div", *map(_box, sheet.asked), class_="steps"),
        class_="sheet dense" if len(sheet.asked) > MANY else "sheet",
    )


def chapter_of(sheet: Sheet) -> str:
    """The chapter of the course that derives what a sheet asks for, by the layers of its network."""
    sizes = sheet.trace.architecture.layer_dims
    number = 8 if len(sizes) > 2 else 1 if sizes[-1] == 1 else 7
    return f"Course, chapter {number}: {CHAPTERS[number].title}."


def _key(sheet: Sheet) -> Html:
    return tag("section", tag("h2", f"Worksheet {sheet.number}"), _matrices(sheet, sheet.asked), class_="key")


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
    text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def _matrices(sheet: Sheet, entries: Iterable[TraceEntry]) -> Html:
    decimals = DECIMALS[sheet.loss]
    quantities = (
        _quantity(
            entry.name.replace("A0", "A0 = X"),
            [[number(value, decimals) for value in row] for row in np.atleast_2d(entry.value)],
        )
        for entry in entries
    )
    return tag("div", *quantities, class_="matrices")


def _box(entry: TraceEntry) -> Html:
    """An empty matrix of the right shape."""
    rows, columns = np.atleast_2d(entry.value).shape
    return _quantity(FORMULAS.get(entry.name, entry.formula), [[None] * columns] * rows, "matrix box")


def _quantity(title: str, rows: Sequence[Sequence[Content]], kind: str = "matrix") -> Html:
    shape = tag("span", f"{len(rows)}×{len(rows[0])}", class_="shape")
    cells = (tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    return tag("div", tag("p", title, " ", shape), tag("table", *cells, class_=kind), class_="quantity")
