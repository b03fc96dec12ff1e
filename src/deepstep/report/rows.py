"""The rows that a report shows answers to: those of a file, or the few that the run keeps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from deepstep.preparation import ClassTarget, ImagePreparation, LabelTargets
from deepstep.report.figures import picture
from deepstep.report.html import Html, tag
from deepstep.run import Run
from deepstep.run_folder import RunFolder
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

    from deepstep.estimators import CommitteeRun

AnyRun: TypeAlias = "Run | CommitteeRun"

MOST_COLUMNS = 8
"""Of a row so many columns are shown."""

LONGEST = 60
"""Characters of a cell."""


@dataclass(frozen=True)
class Rows:
    """Rows with what the network answers to them.

    Attributes
    ----------
    name : str
        What they are, in words.
    inputs : array of shape (m, n_x), or None
        As the network sees them; None where many networks each see them in their own way.
    outputs : array of shape (m, n_L)
    answers : ndarray (m,), of several targets (m, n_targets)
        Positions of the right classes, or the right numbers.
    show : callable
        The number of a row → what it looks like.

    Examples
    --------
    >>> X, A, Y = np.ones((1, 2)), np.array([[0.7]]), np.array([1])
    >>> rows = Rows("one row", X, A, Y, lambda row: tag("b", row))
    >>> rows.show(0)
    '<b>0</b>'
    """

    name: str
    inputs: Array | None
    outputs: Array
    answers: AnyArray
    show: Callable[[int], Html]


def kept_rows(run: AnyRun) -> Rows:
    """The training rows that a run keeps, at most 16.

    Parameters
    ----------
    run : Run or CommitteeRun

    Returns
    -------
    Rows
        As the network sees them; those of a committee as its first fold does.

    Examples
    --------
    >>> from deepstep import History, Network
    >>> from deepstep.preparation import ClassTarget, ImagePreparation, Preparation
    >>> preparation = Preparation(ImagePreparation(1, 1, 1, 1.0), ClassTarget(("dark", "bright")))
    >>> kept = np.array([[0.2], [0.9]]), np.array([[0.0], [1.0]])
    >>> network = Network(parameters={"W1": [[9.0]], "b1": [[-5.0]]})
    >>> run = Run(network, preparation, History(), {}, kept)
    >>> rows = kept_rows(run)
    >>> rows.answers.tolist(), rows.outputs.round(2).ravel().tolist()
    ([0, 1], [0.04, 0.96])
    """
    if isinstance(run, Run):
        (X, Y), how = run.examples, "as the network sees them"
        prepared, inputs, outputs = X, run.preparation.inputs, run.network.forward(X.T).T
    else:
        (X, *_), Y = run.examples
        first, how = run.committee.preparers[0].table.preparation, "prepared as for the first fold"
        prepared, inputs, outputs = None, first or run.preparation.inputs, run.few_outputs()
    target = run.preparation.target
    if isinstance(target, ClassTarget):
        answers: AnyArray = target.probabilities(Y).argmax(axis=1)
    else:
        answers = target.answered(Y) if isinstance(target, LabelTargets) else target.decode(Y)
    names = inputs.feature_names

    def features(row: int) -> Html:
        largest = np.argsort(-np.abs(X[row]), kind="stable")[:MOST_COLUMNS]
        return _cells([(names[at], f"{X[row, at]:.4g}") for at in sorted(largest)])

    show = _pictures(inputs, X) if isinstance(inputs, ImagePreparation) else features
    name = f"the {len(X)} training rows that the run keeps, {how}"
    return Rows(name, prepared, outputs, answers, show)


def rows_of(run: AnyRun, name: str, raw: "polars.DataFrame | AnyArray", labels: Any) -> Rows:
    """Rows of a table, or pictures, with their right answers.

    Parameters
    ----------
    run : Run or CommitteeRun
    name : str
        Where they are from.
    raw : polars.DataFrame or ndarray
        As in `Run.outputs`.
    labels : array-like (m,), of several targets a table
        The right answers.

    Returns
    -------
    Rows

    Raises
    ------
    DataError, ShapeError
        When they do not fit what the network was trained on.

    Examples
    --------
    >>> from deepstep import History, Network
    >>> from deepstep.preparation import ClassTarget, ImagePreparation, Preparation
    >>> preparation = Preparation(ImagePreparation(1, 1, 1, 1.0), ClassTarget(("dark", "bright")))
    >>> kept = np.array([[0.2], [0.9]]), np.array([[0.0], [1.0]])
    >>> network = Network(parameters={"W1": [[9.0]], "b1": [[-5.0]]})
    >>> run = Run(network, preparation, History(), {}, kept)
    >>> rows = rows_of(run, "two pictures", np.array([0.1, 0.8]).reshape(2, 1, 1, 1), ["bright", "bright"])
    >>> rows.name, rows.answers.tolist()
    ('2 rows of two pictures', [1, 1])
    """
    target = run.preparation.target
    inputs = run.inputs(raw) if isinstance(run, Run) else None
    outputs = (
        run.network.forward(inputs.T).T if isinstance(run, Run) and inputs is not None else run.outputs(raw)
    )
    if isinstance(target, ClassTarget | LabelTargets):
        answers: AnyArray = target.positions(labels)
    else:
        answers = target.decode(target.encode(labels))
    return Rows(f"{len(outputs)} rows of {name}", inputs, outputs, answers, _shown(run, raw, inputs))


def _shown(run: RunFolder, raw: Any, X: Array | None) -> Callable[[int], Html]:
    inputs = run.preparation.inputs
    if isinstance(inputs, ImagePreparation) and X is not None:
        return _pictures(inputs, X)
    names = [name for name in raw.columns if name not in run.target_names][:MOST_COLUMNS]
    return lambda row: _cells([(name, str(raw[name][row])) for name in names])


def _pictures(inputs: ImagePreparation, X: Array) -> Callable[[int], Html]:
    """Prepared pictures as pictures, the brightest pixel white."""
    shape = inputs.height, inputs.width, inputs.channels
    brightest = float(np.max(X, initial=0)) or 1.0
    return lambda row: picture((X[row] / brightest).clip(0, 1).reshape(shape), f"row {row}")


def _cells(pairs: list[tuple[str, str]]) -> Html:
    cells = (tag("span", f"{_short(name)}={_short(cell)}", class_="cell") for name, cell in pairs)
    return tag("span", *cells, class_="cells")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
