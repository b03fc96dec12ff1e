"""Findings about an ensemble: from its recorded figures, and from what each member says of its training."""

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from statistics import mean, stdev
from typing import Any, NamedTuple

from deepstep.inspection.findings.answers import (
    FEWEST_ROWS,
    Figures,
    never_answered,
    number_in,
    of_scores,
    parts_by_target,
    shown,
    side_of,
)
from deepstep.inspection.findings.finding import Finding, found, in_order

TEST_APART = 4.0  # standard errors between test rows and those out of fold, which differ less by chance
TIMES = 2.0  # root mean squared errors of one sample in those of the other, between two distributions
FEWEST_FOLDS = 3  # of fewer none is far off the others
OFF = 0.5  # of the mean cost of the other folds: so much more is far off …
OFF_SPREADS = 4.0  # … if it is as many of their standard deviations …
OFF_AT_LEAST = 0.25  # … and more than this at all: costs near 0 differ by large factors for one row
STILL_LEARNING = 0.5  # of the weight, of members that were best in their last epoch; single ones are usual


class MemberCourse(NamedTuple):
    """The training of one member.

    The shares of all members sum to 1. The best epoch counts from 1 and is None where it is not known; the
    validation cost is that of this epoch.
    """

    preset: str
    fold: int
    share: float
    epochs: int
    best_epoch: int | None
    validation_cost: float | None


def diagnose_ensemble(
    results: Mapping[str, Any],
    members: Sequence[MemberCourse],
    *,
    by_squares: bool = True,
    time_budget: float | None = None,
) -> list[Finding]:
    """Look for what is wrong with an ensemble.

    ``results`` has the recorded figures of the rows of ``train``, ``out_of_fold`` and ``test``, as far as
    there are such. R² says little of answers that are no means, such as quantiles: ``by_squares``. The
    training had ``time_budget`` seconds.

    >>> course = [MemberCourse("ple", fold, 0.2, 64, 20, 0.5) for fold in range(4)]
    >>> print(*diagnose_ensemble({}, [*course, MemberCourse("ple", 4, 0.2, 64, 20, 1.5)]))
    fold 4: the mean validation cost is 1.5, that of the other folds 0.5; look at its rows: they may be few,
    or unlike the others.
    """
    train = results.get("train", {})
    findings = [*never_answered(train if isinstance(train, Mapping) else {})]
    held_out, targets = parts_by_target(results, ("out_of_fold", "test"))
    for target, parts in targets.items():
        scores = parts[held_out]
        findings += of_scores(target, held_out, parts.get("train", {}), scores, by_squares=by_squares)
        if held_out != "test":
            findings += _apart(target, scores, parts.get("test", {}))
    findings += _folds(members)
    findings += _convergence(members, time_budget)
    return in_order(findings)


def _apart(target: str, scores: Figures, test: Figures) -> Iterator[Finding]:
    """Answers to test rows that are much better or worse than those out of fold."""
    ours, theirs = side_of(scores, by_squares=True), side_of(test, by_squares=True)
    if ours is None or theirs is None or min(ours.rows, theirs.rows) < FEWEST_ROWS:
        return
    if "accuracy" in scores:
        difference = theirs.score - ours.score
        apart = abs(difference) > TEST_APART * sqrt(ours.error**2 + theirs.error**2)
    else:
        one, other = number_in(scores, "rmse"), number_in(test, "rmse")
        if one is None or other is None or min(one, other) <= 0:
            return
        difference = one / other - 1
        apart = max(one / other, other / one) > TIMES
    if apart:
        side = "better" if difference > 0 else "worse"
        test_score, score = shown(test), shown(scores, alone=True)
        yield found(
            "test unlike the folds", difference, which=target, side=side, test=test_score, shown=score
        )


def _folds(members: Sequence[MemberCourse]) -> Iterator[Finding]:
    """Folds whose mean cost is far above that of the others, with the same presets in each."""
    costs: dict[int, list[float]] = {}
    for member in members:
        if member.validation_cost is not None:
            costs.setdefault(member.fold, []).append(member.validation_cost)
    most = max(map(len, costs.values()), default=0)
    means = {fold: mean(of_fold) for fold, of_fold in costs.items() if len(of_fold) == most}
    if len(means) < FEWEST_FOLDS:
        return
    for fold, cost in means.items():
        others = [other for number, other in means.items() if number != fold]
        usual, spread = mean(others), stdev(others)
        if cost - usual > max(OFF_AT_LEAST, OFF * abs(usual), OFF_SPREADS * spread):
            yield found("fold far off", cost - usual, fold=fold, cost=cost, usual=usual)


def _convergence(members: Sequence[MemberCourse], time_budget: float | None) -> Iterator[Finding]:
    """Members that were best in their last epoch, if they decide what the ensemble answers."""
    late = [member for member in members if member.best_epoch == member.epochs > 0]
    weight = sum(member.share for member in late)
    if weight < STILL_LEARNING:
        return
    longer = "let them learn for longer: more epochs, max_iter of the estimators in Python"
    yield found(
        "not converged/of members",
        weight,
        late=len(late),
        members=len(members),
        names=", ".join(dict.fromkeys(member.preset for member in late)),
        percent=100 * weight,
        hint=longer
        if time_budget is None
        else f"give them more time than the {time_budget:g} s of time_budget",
    )
