"""The network's answers: right and wrong ones, the examples behind each, and the worst mistakes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepstep.report.examples import listed
from deepstep.report.html import Content, Html, details, join, table, tag
from deepstep.report.rows import Rows
from deepstep.run_folder import RunFolder
from deepstep.types import Array

MOST_CLASSES = 20
"""Most classes of a table; of more the confusions are listed."""

MOST_CELLS = 30
"""So many confusions are opened, the most frequent ones."""

MOST_EXAMPLES = 8
"""So many examples of each, those of the greatest loss first."""

WORST = 12
"""So many of the worst mistakes."""

FIGURES = ("loss", "P(answer)", "P(true)")
"""Facts about each answer: -log of the probability of the true class, and the probabilities of both."""


@dataclass(frozen=True)
class Judged:
    """The answers to one target of classes.

    ``true`` and ``given`` (m,) are positions of classes; ``probabilities`` is (m, n_classes).
    """

    name: str
    classes: tuple[str, ...]
    true: NDArray[np.intp]
    given: NDArray[np.intp]
    probabilities: Array

    @property
    def counts(self) -> NDArray[np.intp]:
        """How many rows of each class (row) got each answer (column)."""
        n = len(self.classes)
        return np.bincount(self.true * n + self.given, minlength=n * n).reshape(n, n)

    @property
    def of_the_truth(self) -> Array:
        """The probability that each answer gives to the right class (m,)."""
        P: Array = self.probabilities[np.arange(len(self.true)), self.true]
        return P

    def by_loss(self, chosen: NDArray[np.bool_]) -> list[int]:
        """The positions of chosen rows, the greatest loss first: the least probable truth."""
        rows = np.flatnonzero(chosen)
        return [int(row) for row in rows[np.argsort(self.of_the_truth[rows], kind="stable")]]

    def said(self, row: int) -> list[Content]:
        """The loss of a row, and the probabilities of its answer and of the truth."""
        P = self.of_the_truth[row]
        loss = f"{-np.log(P):.3f}" if P > 0 else "∞"
        return [loss, f"{self.probabilities[row, self.given[row]]:.3f}", f"{P:.3f}"]


def answers(run: RunFolder, rows: Rows) -> Html:
    """The part of the page about answers."""
    if not np.isfinite(rows.outputs).all():
        return tag("p", "There are no answers: with the parameters before the divergence outputs overflow.")
    target = run.preparation.target
    names = run.target_names
    right = rows.answers.reshape(-1, target.n_columns).T
    if not target.is_classification:
        predicted = target.decode(rows.outputs).reshape(-1, target.n_columns).T
        return join(_of_numbers(names[at], at, right[at], predicted[at], rows) for at in range(len(names)))
    each = target.by_column(run.told(target.probabilities(rows.outputs)))
    given = target.decide(rows.outputs).reshape(-1, target.n_columns).T
    return join(
        _of_classes(
            Judged(names[at], tuple(map(str, classes)), right[at], given[at], each[at]), rows, f"answer-{at}"
        )
        for at, classes in enumerate(target.classes)
    )


def _of_classes(judged: Judged, rows: Rows, ids: str) -> Html:
    counts, m = judged.counts, len(judged.true)
    right = int(np.trace(counts))
    said = tag("p", f"{judged.name}: {right} of {m} answers are right ({100 * right / max(1, m):.1f} %).")
    cells = [(int(counts[i, j]), i, j) for i, j in zip(*np.nonzero(counts), strict=True)]
    opened = sorted(cells, key=lambda cell: (cell[1] == cell[2], -cell[0]))[:MOST_CELLS]
    links = {(i, j): f"{ids}-{i}-{j}" for _, i, j in opened}
    behind = join(
        details(
            _summary(judged, i, j, count),
            tag("div", _examples(judged, rows, i, j), id=links[i, j]),
        )
        for count, i, j in opened
    )
    left_out = len(cells) - len(opened)
    more = (
        tag("p", f"{left_out} of the {len(cells)} cells that hold rows are not opened.") if left_out else None
    )
    heading = join([tag("h3", "Examples behind each cell"), more])
    return join([said, _matrix(judged, counts, links), heading, behind, _worst(judged, rows)])


def _matrix(judged: Judged, counts: NDArray[np.intp], links: dict[tuple[int, int], str]) -> Html:
    if len(judged.classes) > MOST_CLASSES:
        return tag("p", f"There are {len(judged.classes)} classes: the most frequent confusions are below.")
    body = []
    for i, name in enumerate(judged.classes):
        cells: list[Content] = [name]
        for j in range(len(judged.classes)):
            count = int(counts[i, j])
            shown: Content = count if count else "·"
            if (i, j) in links:
                which = f"{count} rows of {name} answered {judged.classes[j]}"
                shown = tag("a", count, href=f"#{links[i, j]}", aria_label=which)
            cells.append(tag("strong", shown) if i == j else shown)
        body.append(cells)
    caption = f"{judged.name}: rows by true class (down) and answer (across); right ones in bold"
    return table(["true ↓ answer →", *judged.classes], body, caption=caption)


def _summary(judged: Judged, i: int, j: int, count: int) -> str:
    true, given = judged.classes[i], judged.classes[j]
    return f"true {true}, rightly answered: {count}" if i == j else f"true {true}, answered {given}: {count}"


def _examples(judged: Judged, rows: Rows, i: int, j: int) -> Html:
    found = judged.by_loss((judged.true == i) & (judged.given == j))
    shown = found[:MOST_EXAMPLES]
    left_out = len(found) - len(shown)
    more = f"; those of the greatest loss, {left_out} more are left out" if left_out else ""
    caption = _summary(judged, i, j, len(found)) + more
    return listed(rows, shown, FIGURES, {row: judged.said(row) for row in shown}, caption=caption)


def _worst(judged: Judged, rows: Rows) -> Html:
    wrong = judged.by_loss(judged.true != judged.given)
    if not wrong:
        return tag("p", "No answer is wrong.")
    shown = wrong[:WORST]
    say = {
        row: [judged.classes[judged.true[row]], judged.classes[judged.given[row]], *judged.said(row)]
        for row in shown
    }
    caption = f"The {len(shown)} worst of {len(wrong)} mistakes, by loss, -log P(true)"
    whole = listed(rows, shown, ["true", "answer", *FIGURES], say, caption=caption, left=2)
    return join([tag("h3", "Worst mistakes"), whole])


def _of_numbers(name: str, at: int, true: Array, predicted: Array, rows: Rows) -> Html:
    error = predicted - true
    rmse, spread = float(np.sqrt(np.square(error).mean())), float(np.std(true))
    said = f"{name}: root mean squared error {rmse:.5g}; always the mean would have {spread:.5g}."
    shown = [int(row) for row in np.argsort(-np.abs(error), kind="stable")[:WORST]]
    say: dict[int, list[Content]] = {}
    for row in shown:
        right = f"{true[row]:.5g}" if rows.written is None else rows.written(row, at)
        say[row] = [right, f"{predicted[row]:.5g}", f"{error[row]:+.5g}"]
    caption = f"{name}: the {len(shown)} largest errors of {len(true)} rows"
    whole = listed(rows, shown, ["true", "answer", "error"], say, caption=caption)
    return join([tag("p", said), tag("h3", "Worst mistakes"), whole])
