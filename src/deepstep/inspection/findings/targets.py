"""What answers and targets of some rows say: a target that never changes, labels that may be wrong."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from deepstep.inspection.findings.finding import NOTE, SERIOUS, Finding
from deepstep.types import AnyArray, Array

FEWEST_WRONG = 5
"""Of the sure answers, that are wrong: fewer of them are chance."""

AS_OFTEN = 0.6
"""Of the share of all answers that are wrong; `tests/inspection/test_illnesses.py` has data on both sides."""

LEARNED = 0.45
"""Of the errors of always the largest class: of more the inputs say too little to doubt labels."""

MOST_ROWS = 10
"""So many rows are named, those of the surest answers."""


def constant_target(scores: Mapping[str, Any]) -> Iterator[Finding]:
    """The finding of a target that has one value.

    Parameters
    ----------
    scores : mapping
        Figures of rows; ``r2`` is NaN where their target does not vary, of several targets by their names.

    Yields
    ------
    Finding
        One for each such target.

    Examples
    --------
    >>> print(*constant_target({"rows": 80, "r2": float("nan")}))
    the target has one value in all rows, so there is nothing to learn; look whether this is the right column,
    and whether rows were chosen by it.
    """
    r2 = scores.get("r2")
    for name, value in (r2 if isinstance(r2, Mapping) else {"the target": r2}).items():
        if isinstance(value, float) and np.isnan(value):  # so the figures say that it does not vary
            yield _constant(name)


def target_findings(Y: Array, AL: Array, output: str) -> Iterator[Finding]:
    """What targets (n_L, m) and outputs of the same rows say."""
    if Y.shape[1] > 1 and (Y[:, :1] == Y).all():
        yield _constant("the target")
        return
    if output == "softmax":
        yield from label_findings(AL.T, Y.argmax(axis=0))
    elif output == "sigmoid":
        for probability, labels in zip(AL, Y, strict=True):
            yield from label_findings(np.column_stack([1 - probability, probability]), labels.astype(int))


def _constant(name: str) -> Finding:
    says = f"{name} has one value in all rows, so there is nothing to learn"
    mend = "look whether this is the right column, and whether rows were chosen by it"
    return Finding("constant target", SERIOUS, says, mend, 0.0)


def label_findings(
    probabilities: Array, true: AnyArray, numbers: Sequence[int] | AnyArray | None = None
) -> Iterator[Finding]:
    """Labels that may be wrong, from answers to rows that were not learned by heart.

    Where classes overlap, the surer half of the answers is wrong far less often than the other half. Labels
    that were mixed up are wrong however sure the answer is.

    Parameters
    ----------
    probabilities : array of shape (m, n_classes)
    true : ndarray of int (m,)
        Positions of the classes that the labels say.
    numbers : sequence of int, optional
        Of the rows where they come from; by default from 1 on.

    Yields
    ------
    Finding
        One at most.

    Examples
    --------
    >>> P = np.tile([[0.9, 0.1], [0.1, 0.9], [0.6, 0.4]], (40, 1))
    >>> labels = P.argmax(axis=1)
    >>> list(label_findings(P, labels))
    []
    >>> labels[::10] = 1 - labels[::10]
    >>> print(*label_findings(P, labels))
    10 % of the surest answers are wrong, nearly as many as of all (10 %): labels may be wrong, first those of
    the rows 1, 11, 31, 41, 61, 71, 91, 101; look at these rows.
    """
    m, n_classes = probabilities.shape
    given, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = given != true
    if n_classes < 2 or not wrong.any():
        return
    largest = np.bincount(true, minlength=n_classes).max() / m
    surer = sure >= np.median(sure)
    count, of_surer, of_all = int(wrong[surer].sum()), float(wrong[surer].mean()), float(wrong.mean())
    if count < FEWEST_WRONG or of_all > LEARNED * (1 - largest) or of_surer < AS_OFTEN * of_all:
        return
    rows = np.flatnonzero(wrong & surer)
    rows = rows[np.argsort(-sure[rows], kind="stable")][:MOST_ROWS]
    named = np.arange(1, m + 1) if numbers is None else np.asarray(numbers)
    which = ", ".join(str(named[row]) for row in rows) + (", …" if count > len(rows) else "")
    says = (
        f"{100 * of_surer:.0f} % of the surest answers are wrong, nearly as many as of all "
        f"({100 * of_all:.0f} %): labels may be wrong, first those of the rows {which}"
    )
    yield Finding("doubtful labels", NOTE, says, "look at these rows", of_surer)
