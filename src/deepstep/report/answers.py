"""What the network answers: right and wrong ones, the examples behind each, and the worst mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepstep.preparation import ClassTarget, LabelTargets, NumberTargets
from deepstep.report.html import Content, Html, details, join, table, tag
from deepstep.report.rows import Rows
from deepstep.run_folder import RunFolder
from deepstep.types import Array

MOST_CLASSES = 20
"""Of more no table is made: the confusions are listed."""

MOST_CELLS = 30
"""So many confusions are opened, the most frequent ones."""

MOST_EXAMPLES = 8
"""So many examples of each, the surest first."""

WORST = 12
"""So many of the worst mistakes."""


@dataclass(frozen=True)
class Judged:
    """The answers to one target of classes.

    Attributes
    ----------
    name : str
    classes : tuple of str
    true, given : ndarrays of positions (m,)
    probabilities : array (m, n_classes)
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
    def wrong(self) -> NDArray[np.intp]:
        """Wrong rows, the least probable truth first."""
        rows = np.flatnonzero(self.true != self.given)
        return rows[np.argsort(self.probabilities[rows, self.true[rows]], kind="stable")]


def answers(run: RunFolder, rows: Rows) -> Html:
    """The part of the page about answers."""
    target = run.preparation.target
    if isinstance(target, ClassTarget):
        P = run.told(target.probabilities(rows.outputs))
        names = tuple(map(str, target.classes))
        judged = Judged(run.target_name, names, rows.answers, P.argmax(axis=1), P)
        return _of_classes(judged, rows, "answer-0")
    if isinstance(target, LabelTargets):
        shares = run.told(target.probabilities(rows.outputs))
        parts = []
        for at, (name, one) in enumerate(zip(target.names, target.each, strict=True)):
            P = np.column_stack([1 - shares[:, at], shares[:, at]])
            given = target.answered(rows.outputs)[:, at]
            names = tuple(map(str, one.classes))
            judged = Judged(name, names, rows.answers[:, at], given, P)
            parts.append(_of_classes(judged, rows, f"answer-{at}"))
        return join(parts)
    if isinstance(target, NumberTargets):
        predicted = target.decode(rows.outputs)
        return join(
            _of_numbers(name, rows.answers[:, at], predicted[:, at], rows)
            for at, name in enumerate(target.names)
        )
    return _of_numbers(run.target_name, rows.answers, target.decode(rows.outputs), rows)


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
    heading = tag("h3", "Examples behind each cell")
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
    return f"{true}, rightly answered: {count}" if i == j else f"{true}, answered {given}: {count}"


def _examples(judged: Judged, rows: Rows, i: int, j: int) -> Html:
    at = np.flatnonzero((judged.true == i) & (judged.given == j))
    at = at[np.argsort(-judged.probabilities[at, j], kind="stable")]
    body = [
        (f"row {row}", rows.show(int(row)), f"{judged.probabilities[row, j]:.3f}")
        for row in at[:MOST_EXAMPLES]
    ]
    more = "" if len(at) <= MOST_EXAMPLES else f", the {MOST_EXAMPLES} surest of {len(at)}"
    caption = _summary(judged, i, j, len(at)) + more
    return table(["row", "input", "probability"], body, caption=caption, left=2)


def _worst(judged: Judged, rows: Rows) -> Html:
    wrong = judged.wrong[:WORST]
    if not len(wrong):
        return tag("p", "No answer is wrong.")
    P = judged.probabilities
    body = [
        (
            f"row {row}",
            rows.show(int(row)),
            judged.classes[judged.true[row]],
            judged.classes[judged.given[row]],
            f"{P[row, judged.given[row]]:.3f}",
            f"{P[row, judged.true[row]]:.3f}",
        )
        for row in wrong
    ]
    header = ["row", "input", "true", "answer", "its probability", "of the truth"]
    caption = f"The {len(wrong)} worst of {len(judged.wrong)} mistakes"
    return join([tag("h3", "Worst mistakes"), table(header, body, caption=caption, left=4)])


def _of_numbers(name: str, true: Array, predicted: Array, rows: Rows) -> Html:
    error = predicted - true
    rmse, spread = float(np.sqrt(np.square(error).mean())), float(np.std(true))
    said = f"{name}: root mean squared error {rmse:.5g}; always the mean would have {spread:.5g}."
    worst = np.argsort(-np.abs(error), kind="stable")[:WORST]
    body: Sequence[Sequence[Content]] = [
        (f"row {row}", rows.show(int(row)), f"{true[row]:.5g}", f"{predicted[row]:.5g}", f"{error[row]:+.5g}")
        for row in worst
    ]
    caption = f"{name}: the {len(body)} largest errors of {len(true)} rows"
    header = ["row", "input", "true", "answer", "error"]
    return join([tag("p", said), tag("h3", "Worst mistakes"), table(header, body, caption=caption, left=2)])
