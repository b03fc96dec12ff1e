"""held_out_findings: what one network's answers to rows say that it did not learn from."""

import pytest

from deepstep.inspection import held_out_findings

SAME = {"majority_accuracy": 0.6, "recall": {"a": 0.9, "b": 0.7}}
HEALTHY = {
    "train": {"rows": 240, "accuracy": 0.82, "balanced_accuracy": 0.8, **SAME},
    "test": {"rows": 60, "accuracy": 0.8, "balanced_accuracy": 0.78, **SAME},
}


def kinds(found):
    return [finding.kind for finding in found]


def changed(part="test", **figures):
    return {**HEALTHY, part: {**HEALTHY.get(part, {}), **figures}}


def test_nothing_is_found_of_a_healthy_network_or_without_such_rows():
    assert held_out_findings(HEALTHY) == []
    assert held_out_findings({"train": HEALTHY["train"]}) == []
    assert held_out_findings({}) == []


@pytest.mark.parametrize("part", ["test", "validation"])
def test_rows_learned_by_heart(part):
    parts = {"train": {**HEALTHY["train"], "accuracy": 1.0}}
    parts[part] = {"rows": 60, "accuracy": 0.43, "balanced_accuracy": 0.43, "majority_accuracy": 0.53}
    guess, overfit = held_out_findings(parts)
    assert (guess.kind, guess.severity, overfit.kind) == ("no better than a guess", "serious", "overfitting")
    assert f"of the {part} rows, 43.0 % right answers" in guess.says
    assert "whether the columns say anything" in guess.mend
    assert overfit.evidence > 1


def test_what_learned_nothing_has_the_advice_to_learn():
    useless = {"accuracy": 0.6, "balanced_accuracy": 0.5}
    parts = {name: {**part, **useless} for name, part in HEALTHY.items()}
    (guess,) = held_out_findings(parts)
    assert (guess.kind, guess.severity) == ("no better than a guess", "serious")
    assert "train for longer" in guess.mend


def test_the_test_rows_come_before_those_that_chose_the_epoch():
    parts = {**changed(accuracy=0.5, balanced_accuracy=0.5), "validation": HEALTHY["test"]}
    assert "of the test rows" in held_out_findings(parts)[0].says


def test_a_class_that_is_never_answered_there():
    never = {"recall": {"a": 1.0, "b": 0.0}}
    (found,) = held_out_findings(changed(**never))
    assert found.kind == "class never answered"
    assert found.says.startswith("of the test rows, class 'b' is never answered")
    told = {**changed(**never), "train": {**HEALTHY["train"], **never}}
    assert held_out_findings(told) == []
    few = changed(rows=40, accuracy=0.95, majority_accuracy=0.9, balanced_accuracy=0.9, **never)
    assert "class never answered" not in kinds(held_out_findings(few))  # of 4 rows it may be luck


def test_few_rows_say_nothing():
    assert held_out_findings(changed(rows=19, accuracy=0.1, balanced_accuracy=0.1)) == []


def test_each_of_several_targets_is_judged():
    parts = {
        "train": {"rows": 100, "r2": {"height": 0.99, "width": 0.9}},
        "test": {"rows": 100, "r2": {"height": 0.2, "width": 0.85}},
    }
    (found,) = held_out_findings(parts)
    assert found.says.startswith("height: of rows that were learned from, R² of 0.99")
    assert held_out_findings(parts, by_squares=False) == []
