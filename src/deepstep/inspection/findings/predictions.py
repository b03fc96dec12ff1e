"""Findings about predictions: recorded scores of a network or an ensemble, and possible label errors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from math import sqrt
from statistics import mean, stdev
from typing import Any, NamedTuple

import numpy as np

from deepstep.inspection.findings.finding import NOTE, SERIOUS, WARNING, Finding, in_order, new_finding
from deepstep.types import AnyArray, Array, is_number

LOST = 0.5  # fraction of the gain over the baseline that is missing for new rows: overfitting
SURE = 3.0  # standard errors of an accuracy that a difference needs
BETTER = 2.0  # standard errors above the baseline: less is not clearly better, as these rows chose the epoch
FEWEST_ROWS = 20  # fewer rows are not compared
FEWEST_OF_A_CLASS = 5  # with fewer rows of a class, all of them may be wrong by chance
FEWEST_WRONG = 5  # confident predictions that are wrong: fewer may be chance
AS_OFTEN = 0.6  # error rate of the confident half, relative to all rows; test_illnesses.py has both sides
LEARNED = 0.45  # error rate, relative to the majority class: above it the network has learned too little
MOST_ROWS = 10  # rows that are listed, the most confident ones first
TEST_APART = 4.0  # standard errors between test and out-of-fold rows: samples of one kind differ less
TIMES = 2.0  # ratio of root mean squared errors: samples of one kind differ less
FEWEST_FOLDS = 3
OUTLIER = 0.5  # of the mean cost of the other folds: an outlier fold is so much above it …
OUTLIER_SPREADS = 4.0  # … and so many of their standard deviations …
OUTLIER_AT_LEAST = 0.25  # … and this much in absolute terms, as one row decides costs near 0
STILL_LEARNING = 0.5  # weight of the members that were best in their last epoch; single ones are usual

NOT_YET = (
    "they are not clearly better on the training set either: train for longer or with another learning rate, "
    "and look whether the inputs are related to the target"
)
UNRELATED = "look whether the columns are related to the target, and collect more rows"
LONGER = "train for longer, with more --epochs (of an estimator: network_params={'epochs': …})"


class Scores:
    """Recorded figures of the predictions for some rows: ``rows``, ``accuracy``, ``recall``, ``r2``, …"""

    def __init__(self, figures: Any) -> None:
        self.figures: Mapping[str, Any] = figures if isinstance(figures, Mapping) else {}

    def __getitem__(self, name: str) -> float | None:
        value = self.figures.get(name)
        return float(value) if value is not None and is_number(value) else None

    @property
    def rows(self) -> float:
        return self["rows"] or 0.0

    @property
    def recall(self) -> Mapping[str, Any]:
        recall = self.figures.get("recall")
        return recall if isinstance(recall, Mapping) else {}

    @property
    def value(self) -> str:
        """The main score: accuracy, deviance or R²."""
        if (accuracy := self["accuracy"]) is not None:
            return f"{100 * accuracy:.1f} %"
        return f"{self['r2'] if self['deviance'] is None else self['deviance']:.3g}"

    def __str__(self) -> str:
        name = "a deviance" if self["deviance"] is not None else "an R²"
        return f"{name if self['accuracy'] is None else 'an accuracy'} of {self.value}"

    def gain(self, by_squares: bool = True) -> "Gain | None":
        """The score beside that of a baseline; None where the figures do not have both."""
        accuracy, majority = self["accuracy"], self["majority_accuracy"]
        if accuracy is not None and majority is not None and self.rows > 0:
            error = sqrt(max(0.0, accuracy * (1 - accuracy)) / self.rows)
            return Gain(accuracy, accuracy - majority, error)
        deviance, usual = self["deviance"], self["mean_deviance"]
        if deviance is not None and usual is not None and usual > 0:
            return Gain(1 - deviance / usual, 1 - deviance / usual, 0.0)
        r2 = self["r2"]
        return None if r2 is None or not by_squares else Gain(r2, r2, 0.0)

    @property
    def log_loss_gain(self) -> float | None:
        """The share of the log loss of the shares of the classes that probabilities lower it by."""
        loss, prior = self["log_loss"], self["prior_log_loss"]
        return None if loss is None or not prior else 1 - loss / prior

    @property
    def separates_classes(self) -> bool:
        """Whether the balanced accuracy is above chance, as the accuracy need not be with a large class."""
        known = sum(is_number(share) for share in self.recall.values()) or 2
        balanced, majority = self["balanced_accuracy"], self["majority_accuracy"]
        if balanced is None or not self.rows or majority is None or not 0 < majority < 1:
            return False
        # of two classes, each half right
        error = sqrt(1 / majority + 1 / (1 - majority)) / (4 * sqrt(self.rows))
        return balanced > 1 / known + BETTER * error


class Gain(NamedTuple):
    """A score, its difference from that of a baseline, and its standard error."""

    score: float
    gain: float
    error: float

    @property
    def clear(self) -> bool:
        return self.gain > BETTER * self.error


def class_findings(figures: Any) -> Iterator[Finding]:
    """Classes never predicted for the training rows, and an accuracy below that of the majority class."""
    scores = Scores(figures)
    yield from never_predicted(scores)
    accuracy, majority = scores["accuracy"], scores["majority_accuracy"]
    if accuracy is not None and majority is not None and accuracy < majority:
        values: dict[str, Any] = {"accuracy": 100 * accuracy, "majority": 100 * majority}
        yield new_finding("worse than the largest class", accuracy - majority, **values)


def never_predicted(scores: Scores) -> Iterator[Finding]:
    """Classes with a recall of 0."""
    if never := [str(name) for name, share in scores.recall.items() if share == 0]:
        which = ", ".join(map(repr, never[:3])) + (", …" if len(never) > 3 else "")
        severity = SERIOUS if len(never) >= len(scores.recall) - 1 else WARNING
        yield new_finding("class never predicted", float(len(never)), severity=severity, which=which)


def never_recognized(
    target: str, part: str, sizes: Mapping[str, int | None], train: Scores
) -> Iterator[Finding]:
    """Classes with a recall of 0 on new rows, with the number of their rows where it is known."""
    known = {str(name) for name, share in train.recall.items() if share == 0}
    left = {name: size for name, size in sizes.items() if name not in known and size != 1}
    if left:
        named = [repr(name) if size is None else f"{name!r} ({size} rows)" for name, size in left.items()]
        classes = f"class {', '.join(named[:3])}{', …' if len(named) > 3 else ''}"
        few = all(size is not None and size < FEWEST_OF_A_CLASS for size in left.values())
        severity, where = NOTE if few else WARNING, _named(part)
        values: dict[str, Any] = {"which": target, "where": where, "classes": classes}
        yield new_finding("class never recognized", float(len(left)), severity=severity, **values)


def held_out_findings(results: Mapping[str, Any], *, by_squares: bool = True) -> list[Finding]:
    """Findings from the figures of the test rows, else of the validation rows, beside those of ``train``."""
    part, targets = _by_target(results, ("test", "validation"))
    findings: list[Finding] = []
    for target, parts in targets.items():
        train, scores = parts.get("train", Scores({})), parts[part]
        if scores.rows >= FEWEST_ROWS:
            findings += _never_predicted_there(target, part, train, scores)
            findings += _generalization(target, part, train, scores, by_squares, network=True)
    return findings


def _never_predicted_there(target: str, part: str, train: Scores, scores: Scores) -> Iterator[Finding]:
    """One of two classes that is never predicted on new rows, though it is on training rows."""
    majority = scores["majority_accuracy"]
    if len(scores.recall) != 2 or majority is None or any(never_predicted(train)):
        return
    if scores.rows * min(majority, 1 - majority) >= FEWEST_OF_A_CLASS:
        for entry in never_predicted(scores):
            yield replace(entry, says=f"{target}{_named(part)}, {entry.says}")


def _generalization(
    target: str, part: str, train: Scores, scores: Scores, by_squares: bool, *, network: bool = False
) -> Iterator[Finding]:
    """Scores no better than a baseline, or much worse than on the training rows."""
    new, learned = scores.gain(by_squares), train.gain(by_squares)
    if new is None:
        return
    if not new.clear and not scores.separates_classes:
        majority, no_better = scores["majority_accuracy"], new.gain <= 0
        yield new_finding(
            "no better than a guess",
            new.gain,
            severity=SERIOUS if no_better else WARNING,
            which=target,
            where=_named(part),
            scores=scores,
            how="no better" if no_better else "not clearly better",
            baseline="the mean" if majority is None else f"the largest class, {100 * majority:.1f} %",
            hint=NOT_YET if network and (learned is None or not learned.clear) else UNRELATED,
        )
    if learned is None or not (learned.clear if network else learned.gain > 0):
        return
    values: dict[str, Any] = {"which": target, "where": _named(part)}
    lost = 1 - new.gain / learned.gain
    if lost > LOST and learned.gain - new.gain > SURE * new.error:
        yield new_finding("overfitting | by scores", lost, **values, learned=train, score=scores.value)
        return
    before, now = train.log_loss_gain, scores.log_loss_gain  # the labels may stay right most of the time
    if before is not None and now is not None and before - now > max(LOST * before, SURE * new.error):
        values |= {"learned": f"a log loss of {train['log_loss']:.3g}", "score": f"{scores['log_loss']:.3g}"}
        yield new_finding("overfitting | by scores", 1 - now / before, **values)


def _by_target(
    results: Mapping[str, Any], held_out: Sequence[str]
) -> tuple[str, dict[str, dict[str, Scores]]]:
    """The first recorded part of ``held_out``; scores of all parts by target (``"height: "``, or empty)."""

    def by_target(part: Mapping[str, Any]) -> dict[str, Scores]:
        several = part.get("accuracy", part.get("rmse", part.get("r2")))
        if not isinstance(several, Mapping):
            return {"": Scores(part)}

        def figures(target: str) -> dict[str, Any]:
            return {
                name: value.get(target) if isinstance(value, Mapping) else value
                for name, value in part.items()
            }

        return {f"{target}: ": Scores(figures(target)) for target in several}

    parts = {name: by_target(part) for name, part in results.items() if isinstance(part, Mapping)}
    first = next((name for name in held_out if name in parts), "")
    return first, {
        target: {name: part[target] for name, part in parts.items() if target in part}
        for target in parts.get(first, {})
    }


def _named(part: str) -> str:
    if part not in ("train", "validation", "test"):
        return "out of fold" if part == "out_of_fold" else "on these rows"
    return f"on the {part} set"


class MemberSummary(NamedTuple):
    """The training of one member: epochs from 1, the cost of the best one; all weights sum to 1."""

    preset: str
    fold: int
    weight: float
    epochs: int
    best_epoch: int | None
    validation_cost: float | None


def diagnose_ensemble(
    results: Mapping[str, Any],
    members: Sequence[MemberSummary],
    *,
    by_squares: bool = True,
    time_budget: float | None = None,
) -> list[Finding]:
    """Find common problems of an ensemble, from its figures of ``train``, ``out_of_fold`` and ``test``."""
    findings = [*never_predicted(Scores(results.get("train")))]
    part, targets = _by_target(results, ("out_of_fold", "test"))
    for target, parts in targets.items():
        nothing = Scores({})
        findings += _generalization(target, part, parts.get("train", nothing), parts[part], by_squares)
        if part != "test":
            findings += _shift(target, parts[part], parts.get("test", nothing))
            zero = {str(name): None for name, share in parts[part].recall.items() if share == 0}
            findings += never_recognized(target, part, zero, parts.get("train", nothing))
    findings += _outlier_folds(members)
    findings += _convergence(members, time_budget)
    return in_order(findings)


def _shift(target: str, scores: Scores, test: Scores) -> Iterator[Finding]:
    """Test scores that are much better or worse than those out of fold."""
    ours, theirs = scores.gain(), test.gain()
    if ours is None or theirs is None or min(scores.rows, test.rows) < FEWEST_ROWS:
        return
    if "accuracy" in scores.figures:
        difference = theirs.score - ours.score
        apart = abs(difference) > TEST_APART * sqrt(ours.error**2 + theirs.error**2)
    else:
        rmse, test_rmse = scores["rmse"], test["rmse"]
        if rmse is None or test_rmse is None or min(rmse, test_rmse) <= 0:
            return
        difference = rmse / test_rmse - 1
        apart = max(rmse / test_rmse, test_rmse / rmse) > TIMES
    if apart:
        side = "better" if difference > 0 else "worse"
        values: dict[str, Any] = {"which": target, "side": side, "test": test, "score": scores.value}
        yield new_finding("train/test shift", difference, **values)


def _outlier_folds(members: Sequence[MemberSummary]) -> Iterator[Finding]:
    """Folds whose mean cost is far above that of the others, with the same presets in each."""
    costs: dict[int, list[float]] = {}
    for member in members:
        if member.validation_cost is not None:
            costs.setdefault(member.fold, []).append(member.validation_cost)
    most = max(map(len, costs.values()), default=0)
    means = {fold: mean(values) for fold, values in costs.items() if len(values) == most}
    if len(means) < FEWEST_FOLDS:
        return
    for fold, cost in means.items():
        others = [other for number, other in means.items() if number != fold]
        usual, spread = mean(others), stdev(others)
        if cost - usual > max(OUTLIER_AT_LEAST, OUTLIER * abs(usual), OUTLIER_SPREADS * spread):
            yield new_finding("outlier fold", cost - usual, fold=fold, cost=cost, usual=usual)


def _convergence(members: Sequence[MemberSummary], time_budget: float | None) -> Iterator[Finding]:
    """Members that were best in their last epoch, if they have most of the weight."""
    # A preset's first members choose its epochs; the others train no longer than that, and end at their best.
    longest: dict[str, int] = {}
    for member in members:
        longest[member.preset] = max(member.epochs, longest.get(member.preset, 0))
    late = [member for member in members if member.best_epoch == longest[member.preset] > 0]
    weight = sum(member.weight for member in late)
    if weight >= STILL_LEARNING:
        yield new_finding(
            "not converged | of members",
            weight,
            late=len(late),
            members=len(members),
            names=", ".join(dict.fromkeys(member.preset for member in late)),
            percent=100 * weight,
            hint=LONGER
            if time_budget is None
            else f"raise time_budget (--time-budget) above {time_budget:g} s",
        )


def constant_target(figures: Mapping[str, Any]) -> Iterator[Finding]:
    """Targets with one value in all rows, which have an R² of NaN; several targets by their names."""
    r2 = figures.get("r2")
    for name, value in (r2 if isinstance(r2, Mapping) else {"the target": r2}).items():
        if isinstance(value, float) and np.isnan(value):
            yield new_finding("constant target", 0.0, name=name)


def target_findings(Y: Array, AL: Array, output: str) -> Iterator[Finding]:
    """Findings from targets (n_L, m) and outputs of the same rows."""
    if Y.shape[1] > 1 and (Y[:, :1] == Y).all():
        yield new_finding("constant target", 0.0, name="the target")
    elif output == "softmax":
        yield from label_findings(AL.T, Y.argmax(axis=0))
    elif output == "sigmoid":
        for probability, labels in zip(AL, Y, strict=True):
            yield from label_findings(np.column_stack([1 - probability, probability]), labels.astype(int))


def label_findings(
    probabilities: Array, true: AnyArray, numbers: Sequence[int] | AnyArray | None = None
) -> Iterator[Finding]:
    """Possible label errors, from probabilities (m, n_classes) for rows that were not memorized."""
    # Where classes overlap, the confident half of the predictions is wrong far less often than the other
    # half; wrong labels contradict predictions of any confidence.
    m, n_classes = probabilities.shape
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = predicted != true
    if n_classes < 2 or not wrong.any():
        return
    largest = np.bincount(true, minlength=n_classes).max() / m
    confident = confidence >= np.median(confidence)
    rows = np.flatnonzero(wrong & confident)
    confident_errors, errors = float(wrong[confident].mean()), float(wrong.mean())
    if len(rows) < FEWEST_WRONG or errors > LEARNED * (1 - largest) or confident_errors < AS_OFTEN * errors:
        return
    shown = rows[np.argsort(-confidence[rows], kind="stable")][:MOST_ROWS]
    named = np.arange(1, m + 1) if numbers is None else np.asarray(numbers)
    which = ", ".join(str(named[row]) for row in shown) + (", …" if len(rows) > len(shown) else "")
    values: dict[str, Any] = {"confident": 100 * confident_errors, "errors": 100 * errors, "which": which}
    yield new_finding("possible label errors", confident_errors, **values)
