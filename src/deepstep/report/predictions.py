"""Predictions for some rows, with the rows behind each cell of a confusion matrix and the worst errors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepstep.data.text_formats import column_texts
from deepstep.held_out import HeldOut
from deepstep.inspection.metrics import figures, score
from deepstep.report.html import Content, Html, details, join, picture, table, tag
from deepstep.run import Run
from deepstep.types import Array

MOST_CLASSES = 20  # of a confusion matrix; with more only the most frequent confusions are listed
MOST_CELLS = 30  # confusions with their rows, the most frequent ones
MOST_EXAMPLES = 8  # rows of a confusion, those with the greatest loss
WORST = 12  # worst errors that are listed
DIGITS = 5  # of the largest number among them

FIGURES = ("loss", "P(predicted)", "P(true)")
"""Columns of a classified row: -log of the probability of the true class, and both probabilities."""


def listed(
    rows: HeldOut,
    facts: Sequence[str],
    shown: Mapping[int, Sequence[Content]],
    *,
    caption: str,
    left: int = 0,
) -> Html:
    """Some rows with facts about them: as cells of the user's own table, or as a gallery of pictures."""
    if rows.pictures is None:
        header = ["row", *facts, *rows.cells]
        body = [
            [f"row {rows.numbers[row]}", *values, *(cells[row] for cells in rows.cells.values())]
            for row, values in shown.items()
        ]
        return table(header, body, caption=caption, left=1 + left, texts_last=len(rows.cells))
    items = []
    brightest = float(np.max(rows.pictures, initial=0)) or 1.0
    for row, values in shown.items():
        lines = [f"picture {rows.numbers[row]}"]
        lines += [f"{name}: {value}" for name, value in zip(facts, values, strict=True)]
        drawn = picture((rows.pictures[row] / brightest).clip(0, 1), f"row {rows.numbers[row]}")
        items.append(tag("li", drawn, *(tag("span", line, class_="line") for line in lines)))
    return join([tag("p", caption), tag("ul", *items, class_="gallery")])


@dataclass(frozen=True)
class Classified:
    """The predictions for one target of classes."""

    name: str
    classes: tuple[str, ...]
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    probabilities: Array

    @property
    def true_probabilities(self) -> Array:
        """The probability of the true class (m,)."""
        P: Array = self.probabilities[np.arange(len(self.true)), self.true]
        return P

    def by_loss(self, chosen: NDArray[np.bool_]) -> list[int]:
        """The indices of chosen rows, by descending loss."""
        rows = np.flatnonzero(chosen)
        return [int(row) for row in rows[np.argsort(self.true_probabilities[rows], kind="stable")]]

    def figures(self, row: int) -> list[Content]:
        """The loss of a row, and the probabilities of its predicted and its true class."""
        P = self.true_probabilities[row]
        loss = f"{-np.log(P):.3f}" if P > 0 else "∞"
        return [loss, f"{self.probabilities[row, self.predicted[row]]:.3f}", f"{P:.3f}"]


def classified(run: Run, rows: HeldOut) -> Iterator[Classified]:
    """The predictions for each target of classes; none for targets of numbers."""
    target = run.targets
    if not target.is_classes:
        return
    each = target.by_column(run.predictor.probabilities(rows.outputs))
    true = rows.answers.reshape(-1, target.n_columns)
    predicted = target.decide(rows.outputs).reshape(true.shape)
    for k, (name, P) in enumerate(zip(run.target_names, each, strict=True)):
        yield Classified(name, tuple(map(str, target.labels[k])), true[:, k], predicted[:, k], P)


def predictions(run: Run, rows: HeldOut) -> Html:
    """The part of the page about predictions."""
    if not len(rows.outputs):
        command = "deepstep report RUN --data FILE"
        return tag("p", f"The run keeps no rows. {command} shows the predictions for a table.")
    about = tag("p", rows.description)
    if not rows.finite:
        overflows = "There are no predictions: outputs of the parameters before the divergence overflow."
        return join([about, tag("p", overflows)])
    target = run.targets
    scores = score(target, rows.answers, rows.outputs, rows.weight, run.predictor.tempered)
    lines, notes = figures({"value": scores}, decimal=run.decimal)
    metrics = [about, table(["metric", "value"], lines, caption="Metrics of these rows")]
    metrics += [tag("p", note) for note in notes]
    if target.is_classes:
        parts = (_of_classes(part, rows, f"answer-{k}") for k, part in enumerate(classified(run, rows)))
        return join([*metrics, *parts])
    predicted = target.decode(rows.outputs).reshape(len(rows.outputs), -1)
    true = rows.answers.reshape(predicted.shape)
    columns = zip(run.target_names, true.T, predicted.T, strict=True)
    return join([*metrics, *(_of_numbers(name, y, p, rows, run.decimal) for name, y, p in columns)])


def _of_classes(part: Classified, rows: HeldOut, ids: str) -> Html:
    n, m = len(part.classes), len(part.true)
    counts = np.bincount(part.true * n + part.predicted, minlength=n * n).reshape(n, n)
    right = int(np.trace(counts))
    share = f"{100 * right / max(1, m):.1f} %"
    cells = [(int(counts[i, j]), i, j) for i, j in zip(*np.nonzero(counts), strict=True)]
    opened = sorted(cells, key=lambda cell: (cell[1] == cell[2], -cell[0]))[:MOST_CELLS]
    links = {(i, j): f"{ids}-{i}-{j}" for _, i, j in opened}
    left_out = len(cells) - len(opened)
    more = f"{left_out} of the {len(cells)} cells with rows are not opened." if left_out else None
    return join(
        [
            tag("p", f"{part.name}: {right} of {m} predictions are correct ({share})."),
            _confusion_matrix(part, counts, links),
            tag("h3", "Examples behind each cell"),
            None if more is None else tag("p", more),
            *(
                details(
                    _cell_name(part, i, j, count), tag("div", _examples(part, rows, i, j), id=links[i, j])
                )
                for count, i, j in opened
            ),
            _worst(part, rows),
        ]
    )


def _confusion_matrix(part: Classified, counts: NDArray[np.intp], links: dict[tuple[int, int], str]) -> Html:
    if len(part.classes) > MOST_CLASSES:
        return tag("p", f"There are {len(part.classes)} classes: the most frequent confusions are below.")
    body = []
    for i, name in enumerate(part.classes):
        cells: list[Content] = [name]
        for j, other in enumerate(part.classes):
            count = int(counts[i, j])
            shown: Content = count or "·"
            if (i, j) in links:
                label = f"{count} rows of {name} predicted as {other}"
                shown = tag("a", count, href=f"#{links[i, j]}", aria_label=label)
            cells.append(tag("strong", shown) if i == j else shown)
        body.append(cells)
    caption = f"{part.name}: rows by true class (down) and predicted class (across), correct ones in bold"
    return table(["true ↓ predicted →", *part.classes], body, caption=caption)


def _cell_name(part: Classified, i: int, j: int, count: int) -> str:
    true, predicted = part.classes[i], part.classes[j]
    return f"true {true}, correct: {count}" if i == j else f"true {true}, predicted {predicted}: {count}"


def _examples(part: Classified, rows: HeldOut, i: int, j: int) -> Html:
    every = part.by_loss((part.true == i) & (part.predicted == j))
    shown = {row: part.figures(row) for row in every[:MOST_EXAMPLES]}
    left_out = len(every) - len(shown)
    more = f"; those with the greatest loss, {left_out} more are left out" if left_out else ""
    return listed(rows, FIGURES, shown, caption=_cell_name(part, i, j, len(every)) + more)


def _worst(part: Classified, rows: HeldOut) -> Html:
    wrong = part.by_loss(part.true != part.predicted)
    if not wrong:
        return tag("p", "All predictions are correct.")
    shown = {
        row: [part.classes[part.true[row]], part.classes[part.predicted[row]], *part.figures(row)]
        for row in wrong[:WORST]
    }
    caption = f"The {len(shown)} worst of {len(wrong)} errors, by loss, -log P(true)"
    errors = listed(rows, ["true", "predicted", *FIGURES], shown, caption=caption, left=2)
    return join([tag("h3", "Worst errors"), errors])


def _of_numbers(name: str, true: Array, predicted: Array, rows: HeldOut, decimal: str) -> Html:
    """The largest errors, with the decimals and the decimal sign of the cells of the target."""
    error = predicted - true
    worst = np.argsort(-np.abs(error), kind="stable")[:WORST].tolist()
    written = [rows.written[name][row] for row in worst] if name in rows.written else []
    columns = [column[worst].tolist() for column in (true, predicted, error)]
    texts = column_texts(columns, DIGITS, decimal, written)
    signed = [text if value < 0 else f"+{text}" for value, text in zip(columns[2], texts[2], strict=True)]
    cells = zip(written or texts[0], texts[1], signed, strict=True)
    shown = {row: list[Content](values) for row, values in zip(worst, cells, strict=True)}
    caption = f"{name}: the {len(shown)} largest errors of {len(true)} rows"
    errors = listed(rows, ["true", "predicted", "error"], shown, caption=caption)
    return join([tag("h3", "Worst errors"), errors])
