"""The page of worksheets for the printer: sheets with empty boxes, and the key."""

from collections.abc import Sequence

import numpy as np

from deepstep.course.worksheet import DECIMALS, LARGEST_LOGIT, Sheet
from deepstep.inspection import TraceEntry
from deepstep.report.html import Content, Html, join, table, tag

MANY = 20  # quantities to compute: more of them have smaller boxes

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
@media screen { body { padding: 4mm; } .wide { overflow-x: auto; } }
.key h2 { margin-top: 0; }
.key .matrices { gap: 1.5mm 5mm; } .key .matrix td { height: 4.2mm; min-width: 4mm; }
"""


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
