"""Predictions for some rows, with the rows behind each cell of a confusion matrix and the worst errors.

The rows are those of a table, pictures, or the few training rows that a run keeps.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError
from deepstep.inspection.metrics import figures, score
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.report.figures import picture
from deepstep.report.html import Content, Html, details, join, table, tag
from deepstep.run import Run
from deepstep.run_folder import DIVERGED, RunFolder
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

    from deepstep.estimators import EnsembleRun

AnyRun: TypeAlias = "Run | EnsembleRun"

MOST_COLUMNS = 12  # of a table that are shown
MOST_FEATURES = 8  # of a row as the network sees it: the largest ones
LONGEST = 60  # characters of a cell
MOST_CLASSES = 20  # of a confusion matrix; with more only the most frequent confusions are listed
MOST_CELLS = 30  # confusions with their rows, the most frequent ones
MOST_EXAMPLES = 8  # rows of a confusion, those with the greatest loss
WORST = 12  # worst errors that are listed

PICTURE = "picture"  # the only column of rows that are pictures
FIGURES = ("loss", "P(predicted)", "P(true)")
"""Columns of a classified row: -log of the probability of the true class, and both probabilities."""


@dataclass(frozen=True)
class Rows:
    """Rows with the predictions of a run.

    description: Sentences about the rows.
    inputs (array of shape (m, n_x)): The rows as the network sees them; None for an ensemble, whose networks
        have their own.
    outputs (m, n_L): Outputs of the network or the ensemble.
    answers (array of shape (m,), for several targets (m, n_targets)): Indices of the true classes, or
        the true numbers.
    columns: Names of the columns that are shown.
    show: Returns the contents of these columns by the index of a row.
    numbers (array of shape (m,), int): Numbers of the rows in their source, from 1.
    written: Returns the true value as it is written in the file, by the indices of a row and of a target.

    >>> X, A, Y = np.ones((1, 2)), np.array([[0.7]]), np.array([1])
    >>> rows = Rows("One row.", X, A, Y, ("size",), lambda row: ["7.50"], np.array([3]))
    >>> rows.columns, rows.show(0)
    (('size',), ['7.50'])
    """

    description: str
    inputs: Array | None
    outputs: Array
    answers: AnyArray
    columns: tuple[str, ...]
    show: Callable[[int], list[Content]]
    numbers: AnyArray
    written: Callable[[int, int], str] | None = None

    @property
    def pictures(self) -> bool:
        """Whether the rows are pictures."""
        return self.columns == (PICTURE,)

    @property
    def finite(self) -> bool:
        """Whether all outputs are finite, as those of a training that diverged may not be."""
        return bool(np.isfinite(self.outputs).all())


def kept_rows(run: AnyRun, why: str = "") -> Rows:
    """The training rows that a run keeps, at most 16.

    run (Run or EnsembleRun): The run.
    why: Sentences with the reason for these rows.
    returns: The rows as the network sees them; those of an ensemble as its first fold does.

    >>> from deepstep import History, Network
    >>> from deepstep.preparation import ClassificationTarget, ImagePreparation, Preparation
    >>> preparation = Preparation(ImagePreparation(1, 1, 1, 1.0), ClassificationTarget((("dark", "bright"),)))
    >>> kept = np.array([[0.2], [0.9]]), np.array([[0.0], [1.0]])
    >>> network = Network(parameters={"W1": [[9.0]], "b1": [[-5.0]]})
    >>> run = Run(network, preparation, History(), {}, kept)
    >>> rows = kept_rows(run)
    >>> rows.answers.tolist(), rows.outputs.round(2).ravel().tolist()
    ([0, 1], [0.04, 0.96])
    """
    if isinstance(run, Run):
        (X, Y), how = run.examples, "as the network sees them"
        prepared, inputs = X, run.preparation.inputs
        outputs = _outputs(run, len(X), lambda: run.network.forward(X.T).T)
    else:
        (X, *_), Y = run.examples
        first, how = run.ensemble.preprocessors[0].preparation, "prepared as for the first fold"
        prepared, inputs = None, first or run.preparation.inputs
        outputs = _outputs(run, len(X), run.few_outputs)
    answers = run.preparation.target.decide(Y)
    names = inputs.feature_names

    def features(row: int) -> list[Content]:
        largest = np.argsort(-np.abs(X[row]), kind="stable")[:MOST_FEATURES]
        cells = (f"{_short(names[at])}={X[row, at]:.4g}" for at in sorted(largest))
        return [tag("span", *(tag("span", cell, class_="cell") for cell in cells), class_="cells")]

    description = (
        f"These are the {len(X)} training rows that the run keeps, {how}. Predictions for new rows are worse."
    )
    description, numbers = f"{why} {description}".strip(), np.arange(1, len(X) + 1)
    if isinstance(inputs, ImagePreparation):
        return Rows(description, prepared, outputs, answers, (PICTURE,), _pictures(inputs, X), numbers)
    return Rows(description, prepared, outputs, answers, ("input",), features, numbers)


def rows_of(
    run: AnyRun,
    description: str,
    raw: "polars.DataFrame | AnyArray",
    labels: Any,
    *,
    numbers: AnyArray | None = None,
    cells: "polars.DataFrame | None" = None,
) -> Rows:
    """Rows of a table, or pictures, with the predictions of a run.

    run (Run or EnsembleRun): The run.
    description: Sentences about the rows.
    raw (polars.DataFrame or array): The rows, as in `Run.outputs`.
    labels (array-like (m,), for several targets a table): True values.
    numbers (array of shape (m,), int): Numbers of the rows in their source; default: 1, 2, ….
    cells (polars.DataFrame): The same rows as they are written in the file; default: ``raw``.
    DataError, ShapeError: If the rows do not fit the data that the network was trained on.

    >>> from deepstep import History, Network
    >>> from deepstep.preparation import ClassificationTarget, ImagePreparation, Preparation
    >>> preparation = Preparation(ImagePreparation(1, 1, 1, 1.0), ClassificationTarget((("dark", "bright"),)))
    >>> kept = np.array([[0.2], [0.9]]), np.array([[0.0], [1.0]])
    >>> network = Network(parameters={"W1": [[9.0]], "b1": [[-5.0]]})
    >>> run = Run(network, preparation, History(), {}, kept)
    >>> pictures = np.array([0.1, 0.8]).reshape(2, 1, 1, 1)
    >>> rows = rows_of(run, "Two pictures.", pictures, ["bright", "bright"])
    >>> rows.columns, rows.answers.tolist()
    (('picture',), [1, 1])
    """
    target = run.preparation.target
    inputs = run.inputs(raw) if isinstance(run, Run) else None
    if isinstance(run, Run) and inputs is not None:
        outputs = _outputs(run, len(raw), lambda: run.network.forward(inputs.T).T)
    else:
        outputs = _outputs(run, len(raw), lambda: run.outputs(raw))
    answers = target.answers(labels)
    numbers = np.arange(1, len(outputs) + 1) if numbers is None else numbers
    prepared = run.preparation.inputs
    if isinstance(prepared, ImagePreparation) and inputs is not None:
        show = _pictures(prepared, inputs)
        return Rows(description, inputs, outputs, answers, (PICTURE,), show, numbers)
    frame: Any = raw if cells is None else cells
    names, left_out = _shown_columns(run, frame)
    if left_out:
        description += f" {len(names)} of their {len(names) + left_out} columns are shown."

    def cell(name: str, row: int) -> str:
        value = frame[name][row]
        return "" if value is None else _short(str(value))

    return Rows(
        description,
        inputs,
        outputs,
        answers,
        names,
        lambda row: [cell(name, row) for name in names],
        numbers,
        lambda row, at: cell(run.target_names[at], row),
    )


def _outputs(run: RunFolder, m: int, compute: Callable[[], Array]) -> Array:
    """The outputs for m rows; NaN if those of a training that diverged overflow."""
    if DIVERGED not in run.config:
        return compute()
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            return compute()
        except DataError:
            return np.full((m, run.preparation.target.n_outputs), np.nan)


def _shown_columns(run: RunFolder, frame: "polars.DataFrame") -> tuple[tuple[str, ...], int]:
    """The columns of a table that are shown, inputs first, and the number of others."""
    names = [name for name in frame.columns if name not in run.target_names]
    inputs = run.preparation.inputs
    if isinstance(inputs, TablePreparation) and len(names) > MOST_COLUMNS:
        used = {column.name for column in inputs.columns if column.feature_names}
        kept = set(sorted(names, key=lambda name: name not in used)[:MOST_COLUMNS])
        return tuple(name for name in names if name in kept), len(names) - MOST_COLUMNS
    return tuple(names[:MOST_COLUMNS]), len(names[MOST_COLUMNS:])


def _pictures(inputs: ImagePreparation, X: Array) -> Callable[[int], list[Content]]:
    """Prepared pictures as pictures, with the brightest pixel white."""
    shape = inputs.height, inputs.width, inputs.channels
    brightest = float(np.max(X, initial=0)) or 1.0
    return lambda row: [picture((X[row] / brightest).clip(0, 1).reshape(shape), f"row {row + 1}")]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def listed(
    rows: Rows,
    facts: Sequence[str],
    shown: Mapping[int, Sequence[Content]],
    *,
    caption: str,
    left: int = 0,
) -> Html:
    """Some rows with facts about them: as cells of the user's own table, or as a gallery of pictures.

    ``facts`` has the names of what ``shown`` has by the index of a row; ``left`` of them are texts, the
    others numbers.

    >>> rows = Rows("", None, np.ones((1, 1)), np.ones(1), ("size",), lambda row: ["7.50"], np.array([3]))
    >>> page = listed(rows, ["loss"], {0: ["0.7"]}, caption="One row")
    >>> page.index("row 3") < page.index("0.7") < page.index("7.50")
    True
    """
    if not rows.pictures:
        header = ["row", *facts, *rows.columns]
        body = [[f"row {rows.numbers[at]}", *values, *rows.show(at)] for at, values in shown.items()]
        return table(header, body, caption=caption, left=1 + left, texts_last=len(rows.columns))
    items = []
    for at, values in shown.items():
        lines = [f"picture {rows.numbers[at]}"]
        lines += [f"{name}: {value}" for name, value in zip(facts, values, strict=True)]
        items.append(tag("li", *rows.show(at), *(tag("span", line, class_="line") for line in lines)))
    return join([tag("p", caption), tag("ul", *items, class_="gallery")])


@dataclass(frozen=True)
class Classified:
    """The predictions for one target of classes.

    ``true`` and ``predicted`` (m,) are indices of classes; ``probabilities`` is (m, n_classes).
    """

    name: str
    classes: tuple[str, ...]
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]
    probabilities: Array

    @property
    def of_the_truth(self) -> Array:
        """The probability of the true class (m,)."""
        P: Array = self.probabilities[np.arange(len(self.true)), self.true]
        return P

    def by_loss(self, chosen: NDArray[np.bool_]) -> list[int]:
        """The indices of chosen rows, by descending loss."""
        rows = np.flatnonzero(chosen)
        return [int(row) for row in rows[np.argsort(self.of_the_truth[rows], kind="stable")]]

    def figures(self, row: int) -> list[Content]:
        """The loss of a row, and the probabilities of its predicted and its true class."""
        P = self.of_the_truth[row]
        loss = f"{-np.log(P):.3f}" if P > 0 else "∞"
        return [loss, f"{self.probabilities[row, self.predicted[row]]:.3f}", f"{P:.3f}"]


def classified(run: AnyRun, rows: Rows) -> Iterator[Classified]:
    """The predictions for each target of classes; none for targets of numbers."""
    target = run.preparation.target
    if not target.is_classification:
        return
    each = target.by_column(run.told(target.probabilities(rows.outputs)))
    true = rows.answers.reshape(-1, target.n_columns)
    given = target.decide(rows.outputs).reshape(true.shape)
    for at, (name, P) in enumerate(zip(run.target_names, each, strict=True)):
        yield Classified(name, tuple(map(str, target.classes[at])), true[:, at], given[:, at], P)


def predictions(run: AnyRun, rows: Rows) -> Html:
    """The part of the page about predictions."""
    if not rows.finite:
        return tag("p", "There are no predictions: outputs of the parameters before the divergence overflow.")
    target = run.preparation.target
    lines, notes = figures({"value": score(target, rows.answers, rows.outputs, told=run.told)})
    metrics = [table(["metric", "value"], lines, caption="Metrics of these rows")]
    metrics += [tag("p", note) for note in notes]
    if target.is_classification:
        each = (_of_classes(one, rows, f"answer-{at}") for at, one in enumerate(classified(run, rows)))
        return join([*metrics, *each])
    predicted = target.decode(rows.outputs).reshape(len(rows.outputs), -1)
    true = rows.answers.reshape(predicted.shape)
    names = enumerate(run.target_names)
    return join(
        [*metrics, *(_of_numbers(name, at, true[:, at], predicted[:, at], rows) for at, name in names)]
    )


def _of_classes(found: Classified, rows: Rows, ids: str) -> Html:
    n, m = len(found.classes), len(found.true)
    counts = np.bincount(found.true * n + found.predicted, minlength=n * n).reshape(n, n)
    right = int(np.trace(counts))
    share = f"{100 * right / max(1, m):.1f} %"
    cells = [(int(counts[i, j]), i, j) for i, j in zip(*np.nonzero(counts), strict=True)]
    opened = sorted(cells, key=lambda cell: (cell[1] == cell[2], -cell[0]))[:MOST_CELLS]
    links = {(i, j): f"{ids}-{i}-{j}" for _, i, j in opened}
    left_out = len(cells) - len(opened)
    more = f"{left_out} of the {len(cells)} cells with rows are not opened." if left_out else None
    return join(
        [
            tag("p", f"{found.name}: {right} of {m} predictions are correct ({share})."),
            _confusion_matrix(found, counts, links),
            tag("h3", "Examples behind each cell"),
            None if more is None else tag("p", more),
            *(
                details(
                    _cell_name(found, i, j, count), tag("div", _examples(found, rows, i, j), id=links[i, j])
                )
                for count, i, j in opened
            ),
            _worst(found, rows),
        ]
    )


def _confusion_matrix(found: Classified, counts: NDArray[np.intp], links: dict[tuple[int, int], str]) -> Html:
    if len(found.classes) > MOST_CLASSES:
        return tag("p", f"There are {len(found.classes)} classes: the most frequent confusions are below.")
    body = []
    for i, name in enumerate(found.classes):
        cells: list[Content] = [name]
        for j, other in enumerate(found.classes):
            count = int(counts[i, j])
            shown: Content = count or "·"
            if (i, j) in links:
                label = f"{count} rows of {name} predicted as {other}"
                shown = tag("a", count, href=f"#{links[i, j]}", aria_label=label)
            cells.append(tag("strong", shown) if i == j else shown)
        body.append(cells)
    caption = f"{found.name}: rows by true class (down) and predicted class (across), correct ones in bold"
    return table(["true ↓ predicted →", *found.classes], body, caption=caption)


def _cell_name(found: Classified, i: int, j: int, count: int) -> str:
    true, predicted = found.classes[i], found.classes[j]
    return f"true {true}, correct: {count}" if i == j else f"true {true}, predicted {predicted}: {count}"


def _examples(found: Classified, rows: Rows, i: int, j: int) -> Html:
    every = found.by_loss((found.true == i) & (found.predicted == j))
    shown = {row: found.figures(row) for row in every[:MOST_EXAMPLES]}
    left_out = len(every) - len(shown)
    more = f"; those with the greatest loss, {left_out} more are left out" if left_out else ""
    return listed(rows, FIGURES, shown, caption=_cell_name(found, i, j, len(every)) + more)


def _worst(found: Classified, rows: Rows) -> Html:
    wrong = found.by_loss(found.true != found.predicted)
    if not wrong:
        return tag("p", "All predictions are correct.")
    shown = {
        row: [found.classes[found.true[row]], found.classes[found.predicted[row]], *found.figures(row)]
        for row in wrong[:WORST]
    }
    caption = f"The {len(shown)} worst of {len(wrong)} errors, by loss, -log P(true)"
    whole = listed(rows, ["true", "predicted", *FIGURES], shown, caption=caption, left=2)
    return join([tag("h3", "Worst errors"), whole])


def _of_numbers(name: str, at: int, true: Array, predicted: Array, rows: Rows) -> Html:
    error = predicted - true
    shown: dict[int, list[Content]] = {}
    for row in map(int, np.argsort(-np.abs(error), kind="stable")[:WORST]):
        value = f"{true[row]:.5g}" if rows.written is None else rows.written(row, at)
        shown[row] = [value, f"{predicted[row]:.5g}", f"{error[row]:+.5g}"]
    caption = f"{name}: the {len(shown)} largest errors of {len(true)} rows"
    whole = listed(rows, ["true", "predicted", "error"], shown, caption=caption)
    return join([tag("h3", "Worst errors"), whole])
