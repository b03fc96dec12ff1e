"""The page of worksheets for the printer: sheets with empty boxes, and the key."""

from collections.abc import Iterable, Sequence
from importlib.resources import files

import numpy as np

from deepstep.course.chapters import CHAPTERS
from deepstep.course.worksheet import DECIMALS, LARGEST_LOGIT, Sheet
from deepstep.inspection import TraceEntry
from deepstep.report.html import Content, Html, page, table, tag

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
