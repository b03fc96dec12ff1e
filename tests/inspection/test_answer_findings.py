"""held_out_findings and diagnose_ensemble: each finding from figures made for it, none where all is well."""

import re

import numpy as np
import pytest

from deepstep.cli.parameters import FLAGS
from deepstep.ensembles.presets import checked_params
from deepstep.inspection.findings import MemberSummary, diagnose_ensemble, held_out_findings

BOTH = {"majority_accuracy": 0.6, "recall": {"a": 0.9, "b": 0.7}}
NETWORK = {
    "train": {"rows": 240, "accuracy": 0.82, "balanced_accuracy": 0.8, **BOTH},
    "test": {"rows": 60, "accuracy": 0.8, "balanced_accuracy": 0.78, **BOTH},
}
ENSEMBLE = {
    "train": {"rows": 480, "accuracy": 0.80, "majority_accuracy": 0.60, "recall": {"a": 0.8, "b": 0.7}},
    "out_of_fold": {"rows": 480, "accuracy": 0.78, "majority_accuracy": 0.60, "balanced_accuracy": 0.77},
    "test": {"rows": 120, "accuracy": 0.77, "majority_accuracy": 0.60, "balanced_accuracy": 0.75},
}
NEVER = {"recall": {"a": 1.0, "b": 0.0}}
GUESS, WARNING = "no better than a guess serious", "no better than a guess warning"
OVERFITTING, SHIFT = "overfitting warning", "train/test shift warning"


def changed(parts, **figures):
    """Figures of some parts changed, or a part left out: None."""
    every = {name: {**parts.get(name, {}), **(figures.get(name) or {})} for name in {**parts, **figures}}
    return {name: part for name, part in every.items() if figures.get(name, {}) is not None}


def course(costs=(0.53, 0.52, 0.58, 0.46, 0.42), best=20, preset="ple", share=0.2):
    return [MemberSummary(preset, fold, share, 64, best, cost) for fold, cost in enumerate(costs)]


def numbers(part, other, **figures):
    """Figures of targets that are numbers: pairs, the first for ``part``."""
    return {
        name: {"rows": 100, **{figure: pair[at] for figure, pair in figures.items()}}
        for at, name in enumerate((part, other))
    }


def told(found):
    return [f"{finding.kind} {finding.severity}" for finding in found]


RANDOM = {"accuracy": 0.43, "balanced_accuracy": 0.43, "majority_accuracy": 0.53, "rows": 60}
USELESS = {"accuracy": 0.6, "balanced_accuracy": 0.5}
HALF = {"accuracy": 0.5, "balanced_accuracy": 0.5}
FEW_OF_A_CLASS = {"rows": 40, "accuracy": 0.95, "majority_accuracy": 0.9, "balanced_accuracy": 0.9, **NEVER}
TARGETS = numbers("train", "test", r2=({"height": 0.99, "width": 0.9}, {"height": 0.2, "width": 0.85}))
BY_HEART = {"accuracy": 1.0}
LOSSES = {"train": 0.1, "out_of_fold": 0.5}
TOO_SURE = {part: {"log_loss": loss, "prior_log_loss": 0.7} for part, loss in LOSSES.items()}


def network(**figures):
    """The figures of a network as it should be, some of them changed."""
    return changed(NETWORK, **figures)


@pytest.mark.parametrize(
    ("parts", "expected", "words"),
    [
        (NETWORK, [], ""),
        (network(test=None), [], ""),
        (network(train=BY_HEART, test=RANDOM), [GUESS, OVERFITTING], "test set, an accuracy of 43.0 % is no"),
        (network(train=BY_HEART, validation=RANDOM, test=None), [GUESS, OVERFITTING], "columns are related"),
        (network(train=USELESS, test=USELESS), [GUESS], "train for longer"),
        # rows that chose no epoch come first
        (network(test=HALF, validation=NETWORK["test"]), [GUESS, OVERFITTING], "on the test set"),
        (
            network(test=NEVER),
            ["class never predicted serious"],
            "on the test set, class 'b' is never predicted",
        ),
        (network(test=NEVER, train=NEVER), [], ""),  # that is found of the rows of train
        (network(test=FEW_OF_A_CLASS), [OVERFITTING], ""),  # of 4 rows of a class it may be luck
        (network(test={"rows": 19, "accuracy": 0.1, "balanced_accuracy": 0.1}), [], ""),
        (TARGETS, [OVERFITTING], "height: on the training set, an R² of 0.99"),
    ],
)
def test_of_a_network(parts, expected, words):
    found = held_out_findings(parts)
    assert told(found) == expected
    assert words in " ".join(map(str, found))


def ensemble(**figures):
    """The figures of an ensemble as it should be, some of them changed."""
    return changed(ENSEMBLE, **figures)


def guess(accuracy, balanced_accuracy=0.5):
    plain = {"accuracy": accuracy, "balanced_accuracy": balanced_accuracy}
    return ensemble(train={"accuracy": 0.64}, out_of_fold=plain, test={"accuracy": 0.6})


FAR = [0.5, 0.5, 0.52, 1.4, 0.48]
LATE = course(best=64, preset="linear", share=0.15) + course(share=0.05)
LUCK = {name: {**part, "rows": 12} for name, part in changed(ENSEMBLE, train=BY_HEART).items()}
SEVERAL = numbers(
    "train",
    "out_of_fold",
    accuracy=({"a": 0.9, "b": 0.9}, {"a": 0.85, "b": 0.6}),
    majority_accuracy=({"a": 0.5, "b": 0.5},) * 2,
)
MEAN = {"out_of_fold": {"rows": 100, "rmse": 1.01, "r2": -0.02}}
UNLIKE = {"out_of_fold": {"rows": 80, "rmse": 1.0, "r2": 0.9}, "test": {"rows": 20, "rmse": 2.5, "r2": 0.4}}


def rmse(*r2):
    return numbers("train", "out_of_fold", rmse=(0.3, 0.8), r2=r2)


NEVER_B = {"recall": {"a": 1.0, "b": 0.0, "c": 0.9}}
UNSEEN_B = {"recall": {"a": 0.9, "b": 0.0}}
BALANCED = "no row of class 'b' is predicted as such (recall 0); use class_weight='balanced'"


@pytest.mark.parametrize(
    ("parts", "expected", "words", "evidence"),
    [
        (ENSEMBLE, [], "", None),
        # what is lost of the gain
        (ensemble(train=BY_HEART), [OVERFITTING], "100.0 % is far better than out of fold, 78.0", 0.55),
        (LUCK, [WARNING], "", None),
        (ensemble(**TOO_SURE), [OVERFITTING], "log loss of 0.1 is far better than out of fold, 0.5", 2 / 3),
        # without folds the test rows decide
        (ensemble(train=BY_HEART, test={"accuracy": 0.65}, out_of_fold=None), [OVERFITTING], "", None),
        (rmse(0.9, 0.3), [OVERFITTING], "", None),
        (rmse(0.9, 0.7), [], "", None),
        (guess(0.59), [GUESS], "", -0.01),
        (guess(0.61), [WARNING], "", 0.01),  # of 480 rows one standard error is 0.022
        (guess(0.65), [], "", None),
        (guess(0.59, 0.7), [], "", None),  # weighted classes, or one that is very large
        (MEAN, [GUESS], "always predicting the mean", -0.02),
        (changed(MEAN, out_of_fold={"deviance": 0.8, "mean_deviance": 1.6}), [], "", None),  # of counts
        (ensemble(train=NEVER_B), ["class never predicted warning"], "'b'", 1),
        (ensemble(out_of_fold=UNSEEN_B), ["class never recognized warning"], f"out of fold, {BALANCED}", 1),
        (ensemble(test={"accuracy": 0.99}), [SHIFT], "far better than out of fold", 0.21),
        (ensemble(test={"accuracy": 0.55}), [SHIFT], "far worse than out of fold", -0.23),
        (ensemble(test={"accuracy": 0.85}), [], "", None),
        (UNLIKE, [SHIFT], "far worse", 1 / 2.5 - 1),
        (changed(UNLIKE, test={"rows": 19}), [], "", None),
        (SEVERAL, [OVERFITTING], "b: ", None),
    ],
)
def test_of_the_figures_of_an_ensemble(parts, expected, words, evidence):
    found = diagnose_ensemble(parts, course())
    assert told(found) == expected
    assert words in " ".join(map(str, found))
    assert evidence is None or found[0].evidence == pytest.approx(evidence)


@pytest.mark.parametrize(
    ("members", "expected", "words", "evidence"),
    [
        (
            course(FAR),
            ["outlier fold note"],
            "fold 3: the mean validation cost is 1.4, that of the other",
            0.9,
        ),
        (course([0.5, 1.4]), [], "", None),  # too few to tell
        (course([0.001, 0.001, 0.001, 0.15, 0.001]), [], "", None),  # one row decides
        (course([0.2, 0.9, 0.5, 1.4, 0.7]), [], "", None),  # all of them are far from each other
        (course([None] * 5), [], "", None),
        (course([-5.0, -5.1, -4.9, -4.8, -5.0]), [], "", None),  # some losses are below 0
        (course(best=64, share=0.09) + course(share=0.11), [], "", None),
        (course(best=None), [], "", None),
        (LATE, ["not converged note"], "5 of 10 members (linear), with 75 % of the weight", 0.75),
        # the others of a preset are trained for the epochs that were best for its first members
        (course(best=64) + [one._replace(epochs=90) for one in course(best=64)], [], "", None),
    ],
)
def test_of_the_members_of_an_ensemble(members, expected, words, evidence):
    found = diagnose_ensemble(ENSEMBLE, members)
    assert told(found) == expected
    assert words in " ".join(map(str, found))
    assert evidence is None or found[0].evidence == pytest.approx(evidence)
    serious = diagnose_ensemble(changed(ENSEMBLE, out_of_fold=HALF, test={"accuracy": 0.5}), members)
    assert told(serious) == [GUESS, OVERFITTING, *expected]  # the most serious comes first


def test_options_and_advice_of_an_ensemble():
    assert diagnose_ensemble({}, []) == []
    assert diagnose_ensemble(MEAN, [], by_squares=False) == []  # a quantile is no mean
    assert held_out_findings(TARGETS, by_squares=False) == []
    (of_time,) = diagnose_ensemble(ENSEMBLE, course(best=64), time_budget=3)
    assert "time_budget (--time-budget) above 3 s" in str(of_time)
    (late,) = diagnose_ensemble(ENSEMBLE, course(best=64))
    assert set(re.findall(r"--[\w-]+", str(late))) == {"--epochs"}
    (parameter,) = re.findall(r"network_params={'(\w+)'", str(late))
    assert checked_params({parameter: 9}) == {parameter: 9}
    assert [flag.flag for flag in FLAGS if flag.ensemble == f"network_params.{parameter}"] == ["--epochs"]


@pytest.mark.parametrize("odd", ["many", True, None, [], {"a": "b"}, float("nan"), np.inf])
def test_figures_of_other_kinds_say_nothing(odd):
    parts = {"train": {"accuracy": odd, "recall": odd}, "test": odd}
    parts["out_of_fold"] = {"rows": odd, "accuracy": odd, "r2": odd}
    assert diagnose_ensemble(parts, []) == []
