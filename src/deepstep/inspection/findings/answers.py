"""Findings about answers: classes that are never answered, labels that may be wrong, no better than a guess,
much worse than the answers to rows that were learned from.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from deepstep.inspection.findings.finding import SERIOUS, WARNING, Finding, found
from deepstep.types import AnyArray, Array, is_number

LOST = 0.5  # of the gain over a guess: if so much is missing for other rows, single rows were learned
SURE = 3.0  # standard errors of a share of right answers: less is a matter of luck
A_GUESS = 2.0  # standard errors above a guess: less is not clearly better, as the same rows chose epochs
FEWEST_ROWS = 20  # of fewer no two samples are compared
FEWEST_OF_A_CLASS = 5  # rows of a class: that none of fewer is answered right may be luck

FEWEST_WRONG = 5  # of the sure answers, that are wrong: fewer are chance
AS_OFTEN = 0.6  # of the share of all answers that are wrong; test_illnesses.py has data on both sides
LEARNED = 0.45  # of the errors of always the largest class: of more the inputs say too little
MOST_ROWS = 10  # so many rows are named, those of the surest answers

NOT_YET = (
    "they are not clearly better on the training set either: train for longer or with another learning rate, "
    "and look whether the inputs say anything about the target"
)
UNTOLD = "look whether the columns say anything about the target, and for more rows"

Figures = Mapping[str, Any]
"""Recorded figures of the answers to some rows: ``rows``, ``accuracy``, ``recall``, ``r2``, …"""


class Side(NamedTuple):
    """How good the answers to some rows are: the score, what a guess has, the score's standard error."""

    score: float
    guess: float
    error: float
    rows: float

    @property
    def gain(self) -> float:
        return self.score - self.guess

    @property
    def better(self) -> bool:
        """Whether they are clearly better than a guess."""
        return self.gain > A_GUESS * self.error


def class_findings(scores: Figures) -> Iterator[Finding]:
    """Classes that are never answered, and fewer right answers than always the largest class has.

    Rows that were learned from tell most: a class that is never answered there is no matter of luck.
    """
    yield from never_answered(scores)
    accuracy, majority = number_in(scores, "accuracy"), number_in(scores, "majority_accuracy")
    if accuracy is not None and majority is not None and accuracy < majority:
        less = accuracy - majority
        yield found("worse than the largest class", less, accuracy=100 * accuracy, majority=100 * majority)


def never_answered(scores: Figures) -> Iterator[Finding]:
    """The classes of whose rows no answer is right."""
    recall = scores.get("recall")
    if not isinstance(recall, Mapping):
        return
    if never := [str(name) for name, share in recall.items() if share == 0]:
        which = ", ".join(map(repr, never[:3])) + (", …" if len(never) > 3 else "")
        severity = SERIOUS if len(never) >= len(recall) - 1 else WARNING
        yield found("class never answered", float(len(never)), severity=severity, which=which)


def held_out_findings(results: Mapping[str, Any], *, by_squares: bool = True) -> list[Finding]:
    """Findings of the recorded figures of ``test``, else of ``validation``, beside those of ``train``.

    Fewer than 20 such rows may be a matter of luck. ``by_squares`` is as of `diagnose_ensemble`.

    >>> of_test = {"rows": 60, "accuracy": 0.4, "majority_accuracy": 0.6, "recall": {"no": 1.0, "yes": 0.0}}
    >>> of_train = {"rows": 200, "accuracy": 1.0, "majority_accuracy": 0.6, "recall": {"no": 1.0, "yes": 1.0}}
    >>> [finding.kind for finding in held_out_findings({"train": of_train, "test": of_test})]
    ['class never answered', 'no better than a guess', 'overfitting']
    """
    held_out, targets = parts_by_target(results, ("test", "validation"))
    findings: list[Finding] = []
    for target, parts in targets.items():
        learned, scores = parts.get("train", {}), parts[held_out]
        if (number_in(scores, "rows") or 0) >= FEWEST_ROWS:
            findings += _never(target, held_out, learned, scores)
            findings += of_scores(target, held_out, learned, scores, by_squares=by_squares, of_network=True)
    return findings


def _never(target: str, held_out: str, learned: Figures, scores: Figures) -> Iterator[Finding]:
    """One of two classes that is never answered there, though it was of rows that were learned from.

    With two classes the figures say how many rows each has, so that a few rows raise no alarm.
    """
    recall, rows = scores.get("recall"), number_in(scores, "rows") or 0
    majority = number_in(scores, "majority_accuracy")
    if not isinstance(recall, Mapping) or len(recall) != 2 or majority is None:
        return
    if rows * min(majority, 1 - majority) < FEWEST_OF_A_CLASS or any(never_answered(learned)):
        return
    for finding in never_answered(scores):
        yield replace(finding, says=f"{target}{_named(held_out)}, {finding.says}")


def of_scores(
    target: str,
    held_out: str,
    learned: Figures,
    scores: Figures,
    *,
    by_squares: bool,
    of_network: bool = False,
) -> Iterator[Finding]:
    """No better than a guess, or much worse than the answers to the rows that were learned from."""
    side, other = side_of(scores, by_squares), side_of(learned, by_squares)
    if side is None:
        return
    where = _named(held_out)
    if not side.better and not _tells_classes_apart(scores):
        majority = number_in(scores, "majority_accuracy")
        yield found(
            "no better than a guess",
            side.gain,
            severity=SERIOUS if side.gain <= 0 else WARNING,
            which=target,
            where=where,
            shown=shown(scores),
            how="no better" if side.gain <= 0 else "not clearly better",
            guess="the mean" if majority is None else f"the largest class, {100 * majority:.1f} %",
            hint=NOT_YET if of_network and (other is None or not other.better) else UNTOLD,
        )
    if other is None or not (other.better if of_network else other.gain > 0):
        return
    lost = 1 - side.gain / other.gain
    if lost > LOST and other.gain - side.gain > SURE * side.error:
        yield found(
            "overfitting/of learned rows",
            lost,
            which=target,
            where=where,
            learned=shown(learned),
            shown=shown(scores, alone=True),
        )


def parts_by_target(
    results: Mapping[str, Any], held_out: Sequence[str]
) -> tuple[str, dict[str, dict[str, dict[str, Any]]]]:
    """The first of some parts that is there, and for each of its targets the figures of all parts.

    A target is written as texts begin: ``"height: "``, or nothing where it is the only one.
    """

    def by_target(part: Figures) -> dict[str, dict[str, Any]]:
        several = part.get("accuracy", part.get("r2"))
        if not isinstance(several, Mapping):
            return {"": dict(part)}
        return {
            f"{target}: ": {
                figure: value.get(target) if isinstance(value, Mapping) else value
                for figure, value in part.items()
            }
            for target in several
        }

    each = {name: by_target(part) for name, part in results.items() if isinstance(part, Mapping)}
    first = next((name for name in held_out if name in each), "")
    targets = each.get(first, {})
    return first, {t: {name: part[t] for name, part in each.items() if t in part} for t in targets}


def side_of(scores: Figures, by_squares: bool) -> Side | None:
    """The figures as a score, beside what a guess has; None where they say too little."""
    rows = number_in(scores, "rows") or 0.0
    accuracy, majority = number_in(scores, "accuracy"), number_in(scores, "majority_accuracy")
    if accuracy is not None and majority is not None and rows > 0:
        return Side(accuracy, majority, sqrt(max(0.0, accuracy * (1 - accuracy)) / rows), rows)
    deviance, usual = number_in(scores, "deviance"), number_in(scores, "mean_deviance")
    if deviance is not None and usual is not None and usual > 0:
        return Side(1 - deviance / usual, 0.0, 0.0, rows)
    r2 = number_in(scores, "r2")
    return None if r2 is None or not by_squares else Side(r2, 0.0, 0.0, rows)


def _tells_classes_apart(scores: Figures) -> bool:
    """Whether the balanced accuracy is above chance: something was learned, though one class is so large, or
    others weigh so much, that always answering it is right as often.
    """
    recall, balanced = scores.get("recall"), number_in(scores, "balanced_accuracy")
    shares = list(recall.values()) if isinstance(recall, Mapping) else []
    known = sum(is_number(share) for share in shares) or 2
    rows, majority = number_in(scores, "rows"), number_in(scores, "majority_accuracy")
    if balanced is None or not rows or majority is None or not 0 < majority < 1:
        return False
    error = sqrt(1 / majority + 1 / (1 - majority)) / (4 * sqrt(rows))  # of two classes, each half right
    return balanced > 1 / known + A_GUESS * error


def shown(scores: Figures, *, alone: bool = False) -> str:
    """The score in words."""
    accuracy, deviance = number_in(scores, "accuracy"), number_in(scores, "deviance")
    if accuracy is not None:
        return f"{100 * accuracy:.1f} %" + ("" if alone else " right answers are")
    name, value = ("R²", number_in(scores, "r2")) if deviance is None else ("a deviance", deviance)
    return f"{value:.3g}" if alone else f"{name} of {value:.3g} is"


def _named(part: str) -> str:
    return part.replace("_", " ") if part == "out_of_fold" else f"on the {part} set"


def number_in(scores: Figures, name: str) -> float | None:
    """A figure, if it is a number."""
    value = scores.get(name)
    return float(value) if value is not None and is_number(value) else None


def constant_target(scores: Mapping[str, Any]) -> Iterator[Finding]:
    """Targets that have one value, whose R² among the figures is NaN, of several targets by their names.

    >>> print(*constant_target({"rows": 80, "r2": float("nan")}))
    the target has one value in all rows, so there is nothing to learn; look whether this is the right column,
    and whether rows were chosen by it.
    """
    r2 = scores.get("r2")
    for name, value in (r2 if isinstance(r2, Mapping) else {"the target": r2}).items():
        if isinstance(value, float) and np.isnan(value):  # so the figures say that it does not vary
            yield found("constant target", 0.0, name=name)


def target_findings(Y: Array, AL: Array, output: str) -> Iterator[Finding]:
    """Findings of targets (n_L, m) and outputs of the same rows."""
    if Y.shape[1] > 1 and (Y[:, :1] == Y).all():
        yield found("constant target", 0.0, name="the target")
    elif output == "softmax":
        yield from label_findings(AL.T, Y.argmax(axis=0))
    elif output == "sigmoid":
        for probability, labels in zip(AL, Y, strict=True):
            yield from label_findings(np.column_stack([1 - probability, probability]), labels.astype(int))


def label_findings(
    probabilities: Array, true: AnyArray, numbers: Sequence[int] | AnyArray | None = None
) -> Iterator[Finding]:
    """Labels that may be wrong, from answers to rows that were not learned by heart.

    Where classes overlap, the surer half of the answers is wrong far less often than the other half. Labels
    that were mixed up are wrong however sure the answer is.

    The probabilities (m, n_classes) stand beside the positions of the classes that the labels say (m,), and
    the numbers of the rows in their file, by default from 1 on. One finding at most.

    >>> P = np.tile([[0.9, 0.1], [0.1, 0.9], [0.6, 0.4]], (40, 1))
    >>> labels = P.argmax(axis=1)
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
    yield found("doubtful labels", of_surer, of_surer=100 * of_surer, of_all=100 * of_all, which=which)
