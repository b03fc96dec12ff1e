"""Targets to Y and back; codes and weights of classes; the task that a target column tells."""

import datetime
import json

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import LabelBinarizer, StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from deepstep.equations import answers
from deepstep.errors import DataError, FileError, ShapeError
from deepstep.preparation import ClassificationTarget, RegressionTarget, guess_task, one_hot, ordinal_code
from deepstep.preparation.class_weights import class_weights, example_weights

LABELS = st.one_of(
    st.lists(st.text(max_size=4), min_size=2, max_size=30),
    st.lists(st.integers(-5, 5), min_size=2, max_size=30),
    st.lists(st.booleans(), min_size=2, max_size=30),
    st.lists(st.floats(-5, 5).map(lambda value: round(value, 1) + 0.0), min_size=2, max_size=30),
).filter(lambda labels: len(set(labels)) > 1)


@given(labels=LABELS)
def test_classes_equal_scikit_learn_s_label_binarizer(labels):
    target = ClassificationTarget.fit(labels)
    assert list(target.classes[0]) == sorted(set(labels))
    Y = target.encode(labels)
    assert Y.dtype == np.float64
    assert Y.shape == (len(labels), target.n_outputs)
    positions = np.array([sorted(set(labels)).index(label) for label in labels])
    np.testing.assert_array_equal(Y, LabelBinarizer().fit_transform(positions))


@given(labels=LABELS)
def test_classes_come_back_after_json_with_their_types(labels):
    target = ClassificationTarget.from_dict(
        json.loads(json.dumps(ClassificationTarget.fit(labels).to_dict(), allow_nan=False))
    )
    decoded = target.decode(target.encode(labels)).tolist()
    assert decoded == labels
    assert [type(label) for label in decoded] == [type(label) for label in labels]


@pytest.mark.parametrize(
    "values",
    [
        ["b", "a", "b"],
        np.array(["b", "a", "b"]),
        np.array(["b", "a", "b"], dtype=object),
        [np.str_("b"), np.str_("a"), "b"],
        polars.Series(["b", "a", "b"]),
        polars.Series(["b", "a", "b"], dtype=polars.Categorical),
    ],
)
def test_any_kind_of_column(values):
    target = ClassificationTarget.fit(values)
    assert target == ClassificationTarget((("a", "b"),))
    assert target.encode(values).tolist() == [[1.0], [0.0], [1.0]]
    assert all(type(label) is str for label in target.classes[0])


def test_decoding_is_strictly_above_one_half():
    target = ClassificationTarget((("no", "yes"),))
    outputs = np.array([[0.5], [np.nextafter(0.5, 1)], [0.0], [1.0]])
    assert target.decode(outputs).tolist() == ["no", "yes", "no", "yes"]
    np.testing.assert_allclose(target.probabilities(outputs).sum(axis=1), 1)
    assert target.probabilities(outputs)[3].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("fit", [ClassificationTarget.fit, RegressionTarget.fit])
@pytest.mark.parametrize(
    ("values", "error", "sentence"),
    [
        ([], DataError, "at least one row"),
        ([1, None, 0, None], DataError, "2 of 4 have none. Drop these rows"),
        ([1.0, float("nan"), 0.0], DataError, "1 of 3 have none"),
        (polars.Series([1, None]), DataError, "1 of 2 have none"),
        (np.array([[1], [0]]), ShapeError, r"got \(2, 1\)\. Pass y\.ravel\(\)"),
        (np.array(1), ShapeError, r"\(m,\) is expected"),
        ([1.0, float("inf")], DataError, "finite numbers"),
        ([[1], [2]], DataError, "numbers"),
        ([b"a", b"b"], DataError, "numbers"),
    ],
)
def test_impossible_targets(fit, values, error, sentence):
    with pytest.raises(error, match=sentence):
        fit(values)


def test_one_class_only():
    with pytest.raises(DataError, match="at least two classes are needed; got only 'a'"):
        ClassificationTarget.fit(["a", "a"])


def test_an_unseen_class_is_named():
    with pytest.raises(DataError, match="'c'"):
        ClassificationTarget((("a", "b"),)).encode(["a", "c"])


@pytest.mark.parametrize(
    "target",
    [ClassificationTarget(((0, 1),)), ClassificationTarget(((0, 1, 2),)), RegressionTarget((0.0,), (1.0,))],
)
def test_outputs_of_another_shape(target):
    for shape in [(5,), (5, target.n_outputs + 1)]:
        with pytest.raises(ShapeError, match="output rows"):
            target.decode(np.zeros(shape))
    with pytest.raises(ShapeError, match=r"Pass A\.T"):
        target.decode(np.zeros((target.n_outputs, 5)))


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30).filter(lambda v: np.ptp(v) > 1e-3))
def test_numbers_equal_scikit_learn_s_scaler_and_come_back(values):
    target = RegressionTarget.fit(values)
    expected = StandardScaler().fit_transform(np.array(values)[:, None])
    np.testing.assert_allclose(target.encode(values), expected, atol=1e-8)
    np.testing.assert_allclose(target.decode(target.encode(values)), values, rtol=1e-9, atol=1e-9)
    assert RegressionTarget.from_dict(json.loads(json.dumps(target.to_dict(), allow_nan=False))) == target


def test_the_text_that_is_no_number_is_told_and_no_number_before_it():
    with pytest.raises(DataError, match="numbers are expected; row 3 is 'unknown'"):
        RegressionTarget.fit(["1.5", "2", "unknown", "3"])


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        (ClassificationTarget, {"kind": "classification", "classes": [["a"]]}),
        (ClassificationTarget, {"kind": "classification", "classes": [["a", "a"]]}),
        (ClassificationTarget, {"kind": "classification", "classes": [["a", None]]}),
        (ClassificationTarget, {"kind": "classification", "classes": ["a", "b"]}),
        (ClassificationTarget, {"kind": "classification", "classes": []}),
        (ClassificationTarget, {"kind": "classification", "classes": [["a", "b"]], "names": ["a", "b"]}),
        (ClassificationTarget, {"kind": "regression", "means": [0.0], "stds": [1.0]}),
        (RegressionTarget, {"kind": "regression", "means": [0.0], "stds": [0.0]}),
        (RegressionTarget, {"kind": "regression", "means": [0.0]}),
        (RegressionTarget, {"kind": "regression", "means": [0.0], "stds": [1.0], "levels": [0.9, 0.1]}),
        (RegressionTarget, {"kind": "regression", "means": [0.0, 1.0], "stds": [1.0, 1.0]}),
    ],
)
def test_altered_records_are_refused(kind, record):
    with pytest.raises(FileError, match="train again"):
        kind.from_dict(record)


@given(
    labels=st.lists(st.integers(0, 6), min_size=2, max_size=30).filter(lambda labels: len(set(labels)) > 1)
)
def test_ordered_classes_count_what_they_lie_above(labels):
    target = ClassificationTarget.fit(labels, ordered=True)
    classes = sorted(set(labels))
    assert target.n_outputs == len(classes) - 1
    assert target.output == "ordinal"
    above = [[float(label > each) for each in classes[:-1]] for label in labels]
    Y = target.encode(labels)
    assert Y.tolist() == above
    assert target.decode(Y).tolist() == labels
    np.testing.assert_array_equal(target.probabilities(Y).argmax(axis=1), target.answers(labels))
    assert ClassificationTarget.from_dict(json.loads(json.dumps(target.to_dict()))) == target


def test_an_order_of_ones_own():
    target = ClassificationTarget.fit(
        ["low", "high", "medium"], ordered=True, order=["low", "medium", "high"]
    )
    assert target.classes == (("low", "medium", "high"),)
    assert ClassificationTarget.fit([3, 1, 2], order=["3", "2", "1"]).classes == ((3, 2, 1),)
    for order in (["low", "high"], ["low", "high", "high"], ["low", "high", "odd"]):
        with pytest.raises(DataError, match="an order of the classes high, low, medium"):
            ClassificationTarget.fit(["low", "high", "medium"], order=order)


def test_counts_stay_counts():
    target = RegressionTarget.fit([0, 4, 8], output="poisson")
    assert target.encode([0, 4, 8]).ravel().tolist() == [0.0, 1.0, 2.0]
    assert target.decode(np.array([[0.5]])).tolist() == [2.0]
    assert RegressionTarget.fit([0.0, 0.0], output="poisson").encode([3.0]).tolist() == [[3.0]]
    with pytest.raises(DataError, match=r"counts of at least 0; row 2 is -1"):
        RegressionTarget.fit([3, -1], output="poisson")


def test_quantiles_are_columns_and_the_answer_is_next_to_the_median():
    target = RegressionTarget.fit([0.0, 2.0], output="quantile", levels=(0.1, 0.45, 0.9))
    assert target.n_outputs == 3
    assert target.encode([2.0]).tolist() == [[1.0, 1.0, 1.0]]
    assert target.quantiles(np.array([[-1.0, 0.0, 2.0]])).tolist() == [[0.0, 1.0, 3.0]]
    assert target.decode(np.array([[-1.0, 0.0, 2.0]])).tolist() == [1.0]
    assert RegressionTarget.from_dict(json.loads(json.dumps(target.to_dict()))) == target


def test_columns_are_told_apart():
    frame = polars.DataFrame({"a": ["x", "y", "x"], "b": [1, 2, 2]})
    target = ClassificationTarget.fit(frame)
    assert target == ClassificationTarget((("x", "y"), (1, 2)), names=("a", "b"))
    np.testing.assert_array_equal(target.answers(frame[["b", "a"]]), [[0, 0], [1, 1], [0, 1]])
    np.testing.assert_array_equal(target.decide(target.encode(frame)), target.answers(frame))
    assert [P.tolist() for P in target.by_column(np.array([[0.25, 1.0]]))] == [[[0.75, 0.25]], [[0.0, 1.0]]]
    with pytest.raises(ShapeError, match="1 columns are expected; got 2"):
        ClassificationTarget((("x", "y"),)).encode(frame)
    with pytest.raises(DataError, match=r"target 'b': two classes, as one of several targets; got 3"):
        ClassificationTarget.fit(frame.with_columns(b=polars.Series([1, 2, 3])))


labels_of_7 = st.lists(st.integers(0, 6), max_size=20)


@given(labels=labels_of_7)
def test_the_answers_to_a_code_are_its_labels(labels):
    for code, output in ((one_hot, "softmax"), (ordinal_code, "ordinal")):
        assert answers(output, code(np.array(labels, dtype=int), 7)).ravel().tolist() == labels


@pytest.mark.parametrize("code", [one_hot, ordinal_code])
@pytest.mark.parametrize(
    ("labels", "error"),
    [([3], DataError), ([-1], DataError), ([1.0], DataError), ([[1]], ShapeError), (["a"], DataError)],
)
def test_what_is_no_class_number_is_refused(code, labels, error):
    with pytest.raises(error, match=f"^{code.__name__}: labels are "):
        code(np.array(labels), 3)


COLUMNS = {
    "all there": np.array([[0, 0, 1, 2, 2, 2]]),
    "one never seen": np.array([[0, 0, 2, 2, 2, 2]]),
    "several": np.array([[0, 0, 1, 2], [1, 1, 1, 2], [0, 1, 2, 2]]),
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=COLUMNS)
def test_balanced_weights_are_scikit_learns(columns):
    weights = example_weights(class_weights("balanced", columns, "abc", None, "test"), columns)
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", columns.T))


def test_a_class_that_is_not_there_has_none():
    for weight in (None, np.array([1.0, 1, 1, 1, 1, 1])):
        assert class_weights("balanced", COLUMNS["one never seen"], "abc", weight, "test")[0][1] == 0


def test_a_class_without_weight_is_not_there():
    columns = np.array([[0, 0, 1, 2]])
    weights = class_weights("balanced", columns, "abc", np.array([1.0, 2, 3, 0]), "test")[0]
    np.testing.assert_allclose(weights, [1, 1, 0])
    np.testing.assert_array_equal(class_weights("balanced", columns, "abc", np.zeros(4), "test")[0], 0)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1], "binary"),
        ([0.0, 1.0, None, float("nan")], "binary"),
        ([0.5, 1.5] * 10, "regression"),
        ([1, 2, 3], "regression"),
        ([1, 2, 3] * 2, "multiclass"),
        ([1.0, 2.0, 3.0] * 2, "multiclass"),
        (list(range(20)) * 2, "multiclass"),
        (list(range(21)) * 2, "regression"),
        (["a", "b", None], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([True, False], "binary"),
    ],
)
def test_rules_of_tasks(values, task):
    assert guess_task(polars.Series("y", values, strict=False))[0] == task


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1, 1], "it has only 1"),
        (["a", None], "it has only 'a'"),
        ([float("nan"), 1.0], "it has only 1.0"),
        (polars.Series([None, None], dtype=polars.Int64), "it has none"),
        ([[1], [2]], "the column holds List"),
        ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], "the column holds Date"),
    ],
)
def test_nothing_to_learn(values, sentence):
    with pytest.raises(DataError, match=sentence) as caught:
        guess_task(polars.Series("y", values, strict=False))
    assert "target 'y'" in str(caught.value)
