"""held_out_findings and diagnose_ensemble: each finding from figures made for it, none where all is well."""

import re
from typing import Any

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
SERIOUS, WARNING = "no better than a guess serious", "no better than a guess warning"
OVERFITTING = "overfitting warning"


def changed(parts: dict[str, Any], **figures: Any) -> dict[str, Any]:
    """Figures of some parts changed, or a part left out: None."""
    every = {name: {**parts.get(name, {}), **(figures.get(name) or {})} for name in {**parts, **figures}}
    return {name: part for name, part in every.items() if figures.get(name, {}) is not None}


def course(costs: Any = (0.53, 0.52, 0.58, 0.46, 0.42), best: Any = 20, preset: str = "ple", share=0.2):
    return [MemberSummary(preset, fold, share, 64, best, cost) for fold, cost in enumerate(costs)]


def numbers(part: str, other: str, **figures: Any) -> dict[str, Any]:
    """Figures of targets that are numbers: pairs, the first for ``part``."""
    return {
        name: {"rows": 100, **{figure: pair[at] for figure, pair in figures.items()}}
        for at, name in enumerate((part, other))
    }


def told(found: Any) -> list[str]:
    return [f"{finding.kind} {finding.severity}" for finding in found]


RANDOM = {"accuracy": 0.43, "balanced_accuracy": 0.43, "majority_accuracy": 0.53, "rows": 60}
USELESS = {"accuracy": 0.6, "balanced_accuracy": 0.5}
FEW_OF_A_CLASS = {"rows": 40, "accuracy": 0.95, "majority_accuracy": 0.9, "balanced_accuracy": 0.9, **NEVER}
TARGETS = numbers("train", "test", r2=({"height": 0.99, "width": 0.9}, {"height": 0.2, "width": 0.85}))
OF_A_NETWORK: list[tuple[dict[str, Any], list[str], str]] = [
    (NETWORK, [], ""),
    ({"train": NETWORK["train"]}, [], ""),
    ({}, [], ""),
    (  # rows that were learned by heart
        changed(NETWORK, train={"accuracy": 1.0}, test=RANDOM),
        [SERIOUS, OVERFITTING],
        "on the test set, an accuracy of 43.0 % is no better",
    ),
    (
        {"train": {**NETWORK["train"], "accuracy": 1.0}, "validation": RANDOM},
        [SERIOUS, OVERFITTING],
        "whether the columns are related",
    ),
    (changed(NETWORK, train=USELESS, test=USELESS), [SERIOUS], "train for longer"),
    (  # rows that chose no epoch come first
        changed(NETWORK, test={"accuracy": 0.5, "balanced_accuracy": 0.5}, validation=NETWORK["test"]),
        [SERIOUS, OVERFITTING],
        "on the test set",
    ),
    (
        changed(NETWORK, test=NEVER),
        ["class never predicted serious"],
        "on the test set, class 'b' is never predicted",
    ),
    (changed(NETWORK, test=NEVER, train=NEVER), [], ""),  # that is found of the rows of train
    (changed(NETWORK, test=FEW_OF_A_CLASS), [OVERFITTING], ""),  # of 4 rows of a class it may be luck
    (changed(NETWORK, test={"rows": 19, "accuracy": 0.1, "balanced_accuracy": 0.1}), [], ""),
    (TARGETS, [OVERFITTING], "height: on the training set, an R² of 0.99"),
]


@pytest.mark.parametrize(("parts", "expected", "words"), OF_A_NETWORK)
def test_of_a_network(parts: dict[str, Any], expected: list[str], words: str) -> None:
    found = held_out_findings(parts)
    assert told(found) == expected
    assert words in " ".join(map(str, found))


def test_numbers_that_are_not_judged_by_squares() -> None:
    assert held_out_findings(TARGETS, by_squares=False) == []


def guess(**figures: float) -> dict[str, Any]:
    plain = {"balanced_accuracy": 0.5, **figures}
    return changed(ENSEMBLE, train={"accuracy": 0.64}, out_of_fold=plain, test={"accuracy": 0.6})


FAR = [0.5, 0.5, 0.52, 1.4, 0.48]
LUCK = {name: {**part, "rows": 12} for name, part in changed(ENSEMBLE, train={"accuracy": 1.0}).items()}
SEVERAL = numbers(
    "train",
    "out_of_fold",
    accuracy=({"a": 0.9, "b": 0.9}, {"a": 0.85, "b": 0.6}),
    majority_accuracy=({"a": 0.5, "b": 0.5},) * 2,
)
MEAN = {"out_of_fold": {"rows": 100, "rmse": 1.01, "r2": -0.02}}
UNLIKE = {
    "out_of_fold": {"rows": 80, "rmse": 1.0, "r2": 0.9},
    "test": {"rows": 20, "rmse": 2.5, "r2": 0.4},
}
OF_AN_ENSEMBLE: list[tuple[dict[str, Any], Any, list[str], str, float | None]] = [
    (ENSEMBLE, course(), [], "", None),
    ({}, [], [], "", None),
    (
        changed(ENSEMBLE, train={"accuracy": 1.0}),
        course(),
        [OVERFITTING],
        "an accuracy of 100.0 % is far better than out of fold, 78.0 %",
        1 - 0.18 / 0.40,  # what is lost of the gain
    ),
    (LUCK, course(), [WARNING], "", None),
    (  # without folds the test rows decide
        changed(ENSEMBLE, train={"accuracy": 1.0}, test={"accuracy": 0.65}, out_of_fold=None),
        [],
        [OVERFITTING],
        "",
        None,
    ),
    (numbers("train", "out_of_fold", rmse=(0.3, 0.8), r2=(0.9, 0.3)), [], [OVERFITTING], "", None),
    (numbers("train", "out_of_fold", rmse=(0.3, 0.8), r2=(0.9, 0.7)), [], [], "", None),
    (guess(accuracy=0.59), course(), [SERIOUS], "", -0.01),
    (guess(accuracy=0.61), course(), [WARNING], "", 0.01),  # of 480 rows one standard error is 0.022
    (guess(accuracy=0.65), course(), [], "", None),
    # weighted classes, or one that is very large
    (guess(accuracy=0.59, balanced_accuracy=0.7), course(), [], "", None),
    (MEAN, [], [SERIOUS], "always predicting the mean", -0.02),
    (changed(MEAN, out_of_fold={"deviance": 0.8, "mean_deviance": 1.6}), [], [], "", None),  # of counts
    (
        changed(ENSEMBLE, train={"recall": {"a": 1.0, "b": 0.0, "c": 0.9}}),
        course(),
        ["class never predicted warning"],
        "'b'",
        1,
    ),
    (
        changed(ENSEMBLE, out_of_fold={"recall": {"a": 0.9, "b": 0.0}}),
        course(),
        ["class never recognized warning"],
        "out of fold, no row of class 'b' is predicted as such (recall 0); use class_weight='balanced'",
        1,
    ),
    (
        changed(ENSEMBLE, test={"accuracy": 0.99}),
        course(),
        ["train/test shift warning"],
        "far better than out of fold",
        0.21,
    ),
    (
        changed(ENSEMBLE, test={"accuracy": 0.55}),
        course(),
        ["train/test shift warning"],
        "far worse than out of fold",
        -0.23,
    ),
    (changed(ENSEMBLE, test={"accuracy": 0.85}), course(), [], "", None),
    (UNLIKE, [], ["train/test shift warning"], "far worse", 1 / 2.5 - 1),
    (changed(UNLIKE, test={"rows": 19}), [], [], "", None),
    (SEVERAL, [], [OVERFITTING], "b: ", None),
    (
        ENSEMBLE,
        course(FAR),
        ["outlier fold note"],
        "fold 3: the mean validation cost is 1.4, that of the other folds 0.5",
        0.9,
    ),
    (ENSEMBLE, course([0.5, 1.4]), [], "", None),  # too few to tell
    (ENSEMBLE, course([0.001, 0.001, 0.001, 0.15, 0.001]), [], "", None),  # one row decides
    (ENSEMBLE, course([0.2, 0.9, 0.5, 1.4, 0.7]), [], "", None),  # all of them are far from each other
    (ENSEMBLE, course([None] * 5), [], "", None),
    (ENSEMBLE, course([-5.0, -5.1, -4.9, -4.8, -5.0]), [], "", None),  # some losses are below 0
    (ENSEMBLE, course(best=64, share=0.09) + course(share=0.11), [], "", None),
    (ENSEMBLE, course(best=None), [], "", None),
    (
        ENSEMBLE,
        course(best=64, preset="linear", share=0.15) + course(share=0.05),
        ["not converged note"],
        "5 of 10 members (linear), with 75 % of the weight",
        0.75,
    ),
    # the others of a preset are trained for the epochs that were best for its first members
    (ENSEMBLE, course(best=64) + [one._replace(epochs=90) for one in course(best=64)], [], "", None),
    (  # the most serious comes first
        changed(ENSEMBLE, out_of_fold={"accuracy": 0.5, "balanced_accuracy": 0.5}, test={"accuracy": 0.5}),
        course(FAR),
        [SERIOUS, OVERFITTING, "outlier fold note"],
        "",
        None,
    ),
]


@pytest.mark.parametrize(("parts", "members", "expected", "words", "evidence"), OF_AN_ENSEMBLE)
def test_of_an_ensemble(
    parts: dict[str, Any], members: Any, expected: list[str], words: str, evidence: float | None
) -> None:
    found = diagnose_ensemble(parts, members)
    assert told(found) == expected
    assert words in " ".join(map(str, found))
    assert evidence is None or found[0].evidence == pytest.approx(evidence)


def test_options_of_an_ensemble() -> None:
    assert diagnose_ensemble(MEAN, [], by_squares=False) == []  # a quantile is no mean
    (of_time,) = diagnose_ensemble(ENSEMBLE, course(best=64), time_budget=3)
    assert "time_budget (--time-budget) above 3 s" in str(of_time)


def test_the_advice_has_options_that_an_ensemble_takes() -> None:
    (late,) = diagnose_ensemble(ENSEMBLE, course(best=64))
    assert set(re.findall(r"--[\w-]+", str(late))) == {"--epochs"}
    (parameter,) = re.findall(r"network_params={'(\w+)'", str(late))
    assert checked_params({parameter: 9}) == {parameter: 9}
    assert [flag.flag for flag in FLAGS if flag.ensemble == f"network_params.{parameter}"] == ["--epochs"]


@pytest.mark.parametrize("odd", ["many", True, None, [], {"a": "b"}, float("nan"), np.inf])
def test_figures_of_other_kinds_say_nothing(odd: Any) -> None:
    parts = {"train": {"accuracy": odd, "recall": odd}, "test": odd}
    parts["out_of_fold"] = {"rows": odd, "accuracy": odd, "r2": odd}
    assert diagnose_ensemble(parts, []) == []
