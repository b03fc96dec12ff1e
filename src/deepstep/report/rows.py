"""The rows that a report shows answers to: those of a table, pictures, or the few that the run keeps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from deepstep.errors import DataError
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.report.figures import picture
from deepstep.report.html import Content, Html, tag
from deepstep.run import Run
from deepstep.run_folder import DIVERGED, RunFolder
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

    from deepstep.estimators import EnsembleRun

AnyRun: TypeAlias = "Run | EnsembleRun"

MOST_COLUMNS = 12
"""So many columns of a table are shown."""

MOST_FEATURES = 8
"""So many features of a row as the network sees it are shown, the largest ones."""

LONGEST = 60
"""Characters of a cell."""

PICTURE = "picture"
"""The only column of rows that are pictures."""


@dataclass(frozen=True)
class Rows:
    """Rows with what the network answers to them.

    told: Their description, in sentences.
    inputs (array of shape (m, n_x), or None): As the network sees them; None where many networks each see
        them in their own way.
    outputs (m, n_L):
    answers (array of shape (m,), of several targets (m, n_targets)): Positions of the right classes, or the
        right numbers.
    columns: Names of the columns that are shown.
    show: The position of a row → a content for each of these columns.
    numbers (array of shape (m,), int): Numbers of the rows in their source, from 1.
    written: The positions of a row and of a target → the right answer as it is written in the file.

    >>> X, A, Y = np.ones((1, 2)), np.array([[0.7]]), np.array([1])
    >>> rows = Rows("One row.", X, A, Y, ("size",), lambda row: ["7.50"], np.array([3]))
    >>> rows.columns, rows.show(0)
    (('size',), ['7.50'])
    """

    told: str
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


def kept_rows(run: AnyRun, why: str = "") -> Rows:
    """The training rows that a run keeps, at most 16.

    run (Run or EnsembleRun):
    why: Sentences that say why it is these.
    returns: As the network sees them; those of an ensemble as its first fold does.

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
    target = run.preparation.target
    answers = target.decide(Y)
    names = inputs.feature_names

    def features(row: int) -> list[Content]:
        largest = np.argsort(-np.abs(X[row]), kind="stable")[:MOST_FEATURES]
        return [_cells([(names[at], f"{X[row, at]:.4g}") for at in sorted(largest)])]

    said = (
        f"These are the {len(X)} training rows that the run keeps, {how}; they were learned from, so answers "
        "to new rows are worse."
    )
    told, numbers = f"{why} {said}".strip(), np.arange(1, len(X) + 1)
    if isinstance(inputs, ImagePreparation):
        return Rows(told, prepared, outputs, answers, (PICTURE,), _pictures(inputs, X), numbers)
    return Rows(told, prepared, outputs, answers, ("input",), features, numbers)


def rows_of(
    run: AnyRun,
    told: str,
    raw: "polars.DataFrame | AnyArray",
    labels: Any,
    *,
    numbers: AnyArray | None = None,
    cells: "polars.DataFrame | None" = None,
) -> Rows:
    """Rows of a table, or pictures, with their right answers.

    run (Run or EnsembleRun):
    told: Their description, in sentences.
    raw (polars.DataFrame or array): As in `Run.outputs`.
    labels (array-like (m,), of several targets a table): The right answers.
    numbers (array of shape (m,), int): Numbers of the rows in their source; by default 1, 2, ….
    cells (polars.DataFrame): The same rows as they are written in the file; by default what ``raw`` holds.
    DataError, ShapeError: When they do not fit what the network was trained on.

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
    pictures = run.preparation.inputs
    if isinstance(pictures, ImagePreparation) and inputs is not None:
        return Rows(told, inputs, outputs, answers, (PICTURE,), _pictures(pictures, inputs), numbers)
    frame: Any = raw if cells is None else cells
    names, left_out = _shown_columns(run, frame)
    told += f" {len(names)} of their {len(names) + left_out} columns are shown." if left_out else ""

    def written(row: int, at: int) -> str:
        return _written(frame[run.target_names[at]][row])

    def show(row: int) -> list[Content]:
        return [_written(frame[name][row]) for name in names]

    return Rows(told, inputs, outputs, answers, names, show, numbers, written)


def _outputs(run: RunFolder, m: int, answer: Callable[[], Array]) -> Array:
    """The outputs for m rows; NaN where those of a training that diverged are beyond the floats."""
    if DIVERGED not in run.config:
        return answer()
    with np.errstate(over="ignore", invalid="ignore"):
        try:
            return answer()
        except DataError:
            return np.full((m, run.preparation.target.n_outputs), np.nan)


def _shown_columns(run: RunFolder, frame: "polars.DataFrame") -> tuple[tuple[str, ...], int]:
    """The columns of a table that are shown, in its order, and how many are not: inputs come first."""
    names = [name for name in frame.columns if name not in run.target_names]
    inputs = run.preparation.inputs
    if isinstance(inputs, TablePreparation) and len(names) > MOST_COLUMNS:
        used = {column.name for column in inputs.columns if column.feature_names}
        kept = set(sorted(names, key=lambda name: name not in used)[:MOST_COLUMNS])
        return tuple(name for name in names if name in kept), len(names) - MOST_COLUMNS
    return tuple(names[:MOST_COLUMNS]), len(names[MOST_COLUMNS:])


def _written(cell: Any) -> str:
    """A cell as it stands in the file."""
    return "" if cell is None else _short(str(cell))


def _pictures(inputs: ImagePreparation, X: Array) -> Callable[[int], list[Content]]:
    """Prepared pictures as pictures, the brightest pixel white."""
    shape = inputs.height, inputs.width, inputs.channels
    brightest = float(np.max(X, initial=0)) or 1.0
    return lambda row: [picture((X[row] / brightest).clip(0, 1).reshape(shape), f"row {row + 1}")]


def _cells(pairs: list[tuple[str, str]]) -> Html:
    cells = (tag("span", f"{_short(name)}={_short(cell)}", class_="cell") for name, cell in pairs)
    return tag("span", *cells, class_="cells")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
