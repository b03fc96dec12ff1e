"""What the answers to rows that were not learned from say, beside those to rows that were."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import sqrt
from typing import Any, NamedTuple

from deepstep.inspection.findings.classes import never_answered
from deepstep.inspection.findings.finding import SERIOUS, WARNING, Finding
from deepstep.types import is_number

LOST = 0.5
"""Of what the answers to learned rows are better than a guess: if so much of
it is missing for other rows, the members know their own rows rather than the table."""

SURE = 3.0
"""Standard errors of a share of right answers: less is a matter of luck."""

A_GUESS = 2.0
"""Standard errors above always the largest class: less is not clearly better, as the same rows chose epochs
and weights."""

FEWEST_ROWS = 20
"""Of fewer no two samples are compared."""

FEWEST_OF_A_CLASS = 5
"""Rows of a class: that none of fewer is answered right may be luck."""


UNTOLD = "look whether the columns say anything about the target, and for more rows"
NOT_YET = (
    "of the rows that were learned from they are not clearly better either: train for longer or with another "
    "learning rate, and look whether the inputs say anything about the target"
)


class Side(NamedTuple):
    """How good the answers to some rows are: the score, what a guess has, the score's standard error."""

    score: float
    guess: float
    error: float
    rows: float

    @property
    def gain(self) -> float:
        return self.score - self.guess


def held_out_findings(results: Mapping[str, Any], *, by_squares: bool = True) -> list[Finding]:
    """What recorded figures say of one network: those of rows that it did not learn from, beside ``train``.

    Parameters
    ----------
    results : mapping
        Figures of the rows of ``train``, and of ``test`` or ``validation``; those of ``test`` come first, as
        no epoch was chosen by them.
    by_squares : bool
        Whether numbers are judged by R², as of `diagnose_committee`.

    Returns
    -------
    list of Finding
        Empty where there are fewer than 20 such rows, which may be a matter of luck.

    Examples
    --------
    >>> of_test = {"rows": 60, "accuracy": 0.4, "majority_accuracy": 0.6, "recall": {"no": 1.0, "yes": 0.0}}
    >>> of_train = {"rows": 200, "accuracy": 1.0, "majority_accuracy": 0.6, "recall": {"no": 1.0, "yes": 1.0}}
    >>> [finding.kind for finding in held_out_findings({"train": of_train, "test": of_test})]
    ['class never answered', 'no better than a guess', 'overfitting']
    """
    parts = {name: part for name, part in results.items() if isinstance(part, Mapping)}
    held_out = next((name for name in ("test", "validation") if name in parts), None)
    if held_out is None:
        return []
    found: list[Finding] = []
    learned = by_target(parts.get("train", {}))
    for target, scores in by_target(parts[held_out]).items():
        if (number_in(scores, "rows") or 0) >= FEWEST_ROWS:
            found += _never(target, held_out, learned.get(target, {}), scores)
            found += of_scores(
                target, held_out, learned.get(target, {}), scores, by_squares=by_squares, of_network=True
            )
    return found


def _never(
    target: str | None, held_out: str, learned: Mapping[str, Any], scores: Mapping[str, Any]
) -> Iterator[Finding]:
    """One of two classes that is never answered there, though it was of rows that were learned from.

    Of two classes the figures say how many rows each has, so that a few rows raise no alarm.
    """
    recall, rows = scores.get("recall"), number_in(scores, "rows") or 0
    majority = number_in(scores, "majority_accuracy")
    if not isinstance(recall, Mapping) or len(recall) != 2 or majority is None:
        return
    if rows * min(majority, 1 - majority) < FEWEST_OF_A_CLASS or any(never_answered(learned)):
        return
    which = "" if target is None else f"{target}: "
    for found in never_answered(scores):
        yield replace(found, says=f"{which}{_named(held_out)}, {found.says}")


def of_scores(
    target: str | None,
    held_out: str,
    learned: Mapping[str, Any],
    scores: Mapping[str, Any],
    *,
    by_squares: bool,
    of_network: bool = False,
) -> Iterator[Finding]:
    """No better than a guess, or much worse than the answers to the rows that were learned from."""
    side, other = side_of(scores, by_squares), side_of(learned, by_squares)
    if side is None:
        return
    which, where = "" if target is None else f"{target}: ", _named(held_out)
    if side.gain <= A_GUESS * side.error and not _tells_classes_apart(scores):
        how = "no better" if side.gain <= 0 else "not clearly better"
        says = f"{which}{where}, {shown(scores)} {how} than always {_guess(scores)}"
        learned_none = other is None or other.gain <= A_GUESS * other.error
        mend = NOT_YET if of_network and learned_none else UNTOLD
        severity = SERIOUS if side.gain <= 0 else WARNING
        yield Finding("no better than a guess", severity, says, mend, side.gain)
    if other is None or other.gain <= (A_GUESS * other.error if of_network else 0):
        return
    lost = 1 - side.gain / other.gain
    if lost > LOST and other.gain - side.gain > SURE * side.error:
        says = (
            f"{which}of rows that were learned from, {shown(learned)} far better than {where}, "
            f"{shown(scores, alone=True)}"
        )
        mend = (
            "gather more rows, drop columns that name single rows, and trust the figures of other rows alone"
        )
        yield Finding("overfitting", WARNING, says, mend, lost)


def by_target(part: Mapping[str, Any]) -> dict[str | None, dict[str, Any]]:
    """The figures of each target; under None those of the only one."""
    several = part.get("accuracy", part.get("r2"))
    if not isinstance(several, Mapping):
        return {None: dict(part)}
    return {
        name: {
            figure: value.get(name) if isinstance(value, Mapping) else value for figure, value in part.items()
        }
        for name in several
    }


def side_of(scores: Mapping[str, Any], by_squares: bool) -> Side | None:
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


def _tells_classes_apart(scores: Mapping[str, Any]) -> bool:
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


def shown(scores: Mapping[str, Any], *, alone: bool = False) -> str:
    """The score in words."""
    accuracy = number_in(scores, "accuracy")
    if accuracy is not None:
        return f"{100 * accuracy:.1f} %" if alone else f"{100 * accuracy:.1f} % right answers are"
    deviance = number_in(scores, "deviance")
    name, value = ("R²", number_in(scores, "r2")) if deviance is None else ("a deviance", deviance)
    return f"{value:.3g}" if alone else f"{name} of {value:.3g} is"


def _guess(scores: Mapping[str, Any]) -> str:
    majority = number_in(scores, "majority_accuracy")
    return "the mean" if majority is None else f"the largest class, {100 * majority:.1f} %"


def _named(part: str) -> str:
    return part.replace("_", " ") if part == "out_of_fold" else f"of the {part} rows"


def number_in(scores: Mapping[str, Any], name: str) -> float | None:
    """A figure, if it is a number."""
    value = scores.get(name)
    return float(value) if value is not None and is_number(value) else None
