"""diagnose_committee: each finding from figures made for it, none where they are healthy."""

import numpy as np
import pytest

from deepstep.inspection import MemberCourse, diagnose_committee

HEALTHY = {
    "train": {"rows": 480, "accuracy": 0.80, "majority_accuracy": 0.60, "recall": {"a": 0.8, "b": 0.7}},
    "out_of_fold": {"rows": 480, "accuracy": 0.78, "majority_accuracy": 0.60, "balanced_accuracy": 0.77},
    "test": {"rows": 120, "accuracy": 0.77, "majority_accuracy": 0.60, "balanced_accuracy": 0.75},
}
FOLDS = (0.53, 0.52, 0.58, 0.46, 0.42)


def course(costs=FOLDS, best=20, recipe="pieces", share=0.2):
    return [MemberCourse(recipe, fold, share, 64, best, cost) for fold, cost in enumerate(costs)]


def kinds(found):
    return [finding.kind for finding in found]


def changed(**parts):
    return {name: {**HEALTHY[name], **parts.get(name, {})} for name in HEALTHY}


def test_nothing_is_found_of_a_healthy_committee():
    assert diagnose_committee(HEALTHY, course()) == []
    assert diagnose_committee({}, []) == []


def test_overfitting_is_what_is_lost_of_the_gain():
    (found,) = diagnose_committee(changed(train={"accuracy": 1.0}), course())
    assert found.kind == "overfitting"
    assert found.evidence == pytest.approx(1 - 0.18 / 0.40)
    assert "100.0 % right answers are far better than out of fold, 78.0 %" in str(found)


def test_what_may_be_luck_is_no_overfitting():
    few = {name: {**part, "rows": 12} for name, part in changed(train={"accuracy": 1.0}).items()}
    assert "overfitting" not in kinds(diagnose_committee(few, course()))


def test_without_folds_the_test_rows_tell():
    parts = changed(train={"accuracy": 1.0}, test={"accuracy": 0.65})
    del parts["out_of_fold"]
    assert kinds(diagnose_committee(parts, [])) == ["overfitting"]


def test_numbers_overfit_too():
    parts = {
        "train": {"rows": 100, "rmse": 0.3, "r2": 0.9},
        "out_of_fold": {"rows": 100, "rmse": 0.8, "r2": 0.3},
    }
    assert kinds(diagnose_committee(parts, [])) == ["overfitting"]
    parts["out_of_fold"]["r2"] = 0.7
    assert diagnose_committee(parts, []) == []


@pytest.mark.parametrize(
    ("figures", "severity"),
    [
        ({"accuracy": 0.59}, "serious"),
        ({"accuracy": 0.61}, "warning"),  # of 480 rows one standard error is 0.022
        ({"accuracy": 0.65}, None),
        ({"accuracy": 0.59, "balanced_accuracy": 0.7}, None),  # weighted classes, or one that is very large
    ],
)
def test_no_better_than_a_guess(figures, severity):
    plain = {"balanced_accuracy": 0.5, **figures}
    parts = changed(train={"accuracy": 0.64}, out_of_fold=plain, test={"accuracy": 0.6})
    found = [one for one in diagnose_committee(parts, course()) if one.kind == "no better than a guess"]
    assert [one.severity for one in found] == ([] if severity is None else [severity])


def test_numbers_no_better_than_the_mean():
    parts = {"out_of_fold": {"rows": 100, "rmse": 1.01, "r2": -0.02}}
    (found,) = diagnose_committee(parts, [])
    assert (found.kind, found.severity) == ("no better than a guess", "serious")
    assert "always the mean" in str(found)
    assert diagnose_committee(parts, [], by_squares=False) == []  # a quantile is no mean
    parts["out_of_fold"] |= {"deviance": 0.8, "mean_deviance": 1.6}  # counts are judged by this
    assert diagnose_committee(parts, []) == []


def test_classes_that_are_never_answered():
    parts = changed(train={"recall": {"a": 1.0, "b": 0.0, "c": 0.9}})
    (found,) = diagnose_committee(parts, course())
    assert (found.kind, found.severity) == ("class never answered", "warning")
    assert "'b'" in str(found)


@pytest.mark.parametrize(("accuracy", "side"), [(0.99, "better"), (0.55, "worse"), (0.85, None)])
def test_test_rows_unlike_the_folds(accuracy, side):
    found = diagnose_committee(changed(test={"accuracy": accuracy}), course())
    assert kinds(found) == ([] if side is None else ["test unlike the folds"])
    assert side is None or f"far {side} than out of fold" in str(found[0])


def test_test_errors_unlike_the_folds():
    parts = {
        "out_of_fold": {"rows": 80, "rmse": 1.0, "r2": 0.9},
        "test": {"rows": 20, "rmse": 2.5, "r2": 0.4},
    }
    (found,) = diagnose_committee(parts, [])
    assert found.kind == "test unlike the folds"
    assert found.evidence == pytest.approx(1 / 2.5 - 1)
    parts["test"]["rows"] = 19
    assert diagnose_committee(parts, []) == []


def test_each_of_several_targets_is_judged():
    parts = {
        "train": {"rows": 200, "accuracy": {"a": 0.9, "b": 0.9}, "majority_accuracy": {"a": 0.5, "b": 0.5}},
        "out_of_fold": {
            "rows": 200,
            "accuracy": {"a": 0.85, "b": 0.6},
            "majority_accuracy": {"a": 0.5, "b": 0.5},
        },
    }
    (found,) = diagnose_committee(parts, [])
    assert found.kind == "overfitting"
    assert found.says.startswith("b: ")


def test_a_fold_far_off_the_others():
    (found,) = diagnose_committee(HEALTHY, course([0.5, 0.5, 0.52, 1.4, 0.48]))
    assert (found.kind, found.severity) == ("fold far off", "note")
    assert "fold 3: the mean validation cost is 1.4, that of the other folds 0.5" in str(found)
    assert found.evidence == pytest.approx(0.9)


@pytest.mark.parametrize(
    "costs",
    [
        [0.5, 1.4],  # too few to tell
        [0.001, 0.001, 0.001, 0.15, 0.001],  # of nearly perfect answers one row decides
        [0.2, 0.9, 0.5, 1.4, 0.7],  # all of them are far from each other
        [None, None, None, None, None],
        [-5.0, -5.1, -4.9, -4.8, -5.0],  # some losses are below 0
    ],
)
def test_no_fold_is_far_off(costs):
    assert diagnose_committee(HEALTHY, course(costs)) == []


def test_not_converged_is_half_of_the_weight():
    late = course(best=64, recipe="straight", share=0.09)
    early = course(share=0.11)
    assert diagnose_committee(HEALTHY, late + early) == []
    heavy = course(best=64, recipe="straight", share=0.15) + course(share=0.05)
    (found,) = diagnose_committee(HEALTHY, heavy)
    assert (found.kind, found.severity) == ("not converged", "note")
    assert found.evidence == pytest.approx(0.75)
    assert "5 of 10 members (straight), with 75 % of the weight" in str(found)
    (of_time,) = diagnose_committee(HEALTHY, heavy, time_budget=3)
    assert "more time than the 3 s" in str(of_time)
    assert diagnose_committee(HEALTHY, course(best=None)) == []


def test_the_most_serious_comes_first():
    parts = changed(out_of_fold={"accuracy": 0.5, "balanced_accuracy": 0.5}, test={"accuracy": 0.5})
    found = diagnose_committee(parts, course([0.5, 0.5, 0.52, 1.4, 0.48]))
    assert kinds(found) == ["no better than a guess", "overfitting", "fold far off"]


@pytest.mark.parametrize("odd", ["many", True, None, [], {"a": "b"}, float("nan"), np.inf])
def test_figures_of_other_kinds_say_nothing(odd):
    parts = {
        "train": {"accuracy": odd, "recall": odd},
        "out_of_fold": {"rows": odd, "accuracy": odd, "r2": odd},
    }
    assert diagnose_committee({**parts, "test": odd}, []) == []
