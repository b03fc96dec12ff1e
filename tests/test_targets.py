"""Targets to Y and back; codes and weights of classes; the task that a target column tells."""

import datetime
from dataclasses import replace

import numpy as np
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import LabelBinarizer, StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from deepstep.equations import answers
from deepstep.errors import DataError, ShapeError
from deepstep.preparation import guess_task, one_hot, ordinal_code
from deepstep.preparation.target_values import class_weights, example_weights
from deepstep.targets import Targets, label_array


def classes(*labels):
    return Targets.of_classes([label_array(labels)])


LABELS = st.one_of(
    st.lists(st.text(max_size=4), min_size=2, max_size=30),
    st.lists(st.integers(-5, 5), min_size=2, max_size=30),
    st.lists(st.booleans(), min_size=2, max_size=30),
    st.lists(st.floats(-5, 5).map(lambda value: round(value, 1) + 0.0), min_size=2, max_size=30),
).filter(lambda labels: len(set(labels)) > 1)


@given(labels=LABELS)
def test_classes_equal_scikit_learn_s_label_binarizer_and_come_back_with_their_types(labels):
    target = Targets.from_labels(labels)
    different = sorted(set(labels))
    assert list(target.labels[0]) == different
    Y = target.encode(labels)
    assert (Y.dtype, Y.shape) == (np.float64, (len(labels), target.n_outputs))
    positions = np.array([different.index(label) for label in labels])
    np.testing.assert_array_equal(Y, LabelBinarizer().fit_transform(positions))
    decoded = target.decode(Y).tolist()
    assert decoded == labels
    assert [type(label) for label in decoded] == [type(label) for label in labels]


@pytest.mark.parametrize(
    "values",
    [
        np.array(["b", "a", "b"]),
        np.array(["b", "a", "b"], dtype=object),
        [np.str_("b"), np.str_("a"), "b"],
        polars.Series(["b", "a", "b"], dtype=polars.Categorical),
    ],
)
def test_any_kind_of_column(values):
    target = Targets.from_labels(values)
    assert target == classes("a", "b")
    assert target.encode(values).tolist() == [[1.0], [0.0], [1.0]]
    assert all(type(label) is str for label in target.labels[0])


def test_decoding_is_strictly_above_one_half():
    target = classes("no", "yes")
    outputs = np.array([[0.5], [np.nextafter(0.5, 1)], [0.0], [1.0]])
    assert target.decode(outputs).tolist() == ["no", "yes", "no", "yes"]
    np.testing.assert_allclose(target.probabilities(outputs).sum(axis=1), 1)
    assert target.probabilities(outputs)[3].tolist() == [0.0, 1.0]


BOTH = (Targets.from_labels, Targets.from_numbers)
IMPOSSIBLE = [
    (BOTH, [], DataError, "no rows, and so no targets"),
    (BOTH, [1, None, 0, None], DataError, "2 of 4 rows have no target. Leave these rows out"),
    (BOTH, [1.0, float("nan"), 0.0], DataError, "1 of 3 rows have no target"),
    (BOTH, polars.Series([1, None]), DataError, "1 of 2 rows have no target"),
    (BOTH, np.array([[1], [0]]), ShapeError, r"must have shape \(m,\), got \(2, 1\)\. Pass y\.ravel\(\)"),
    (BOTH, [1.0, float("inf")], DataError, "not finite|finite numbers"),
    (BOTH, [b"a", b"b"], DataError, "number"),
    (BOTH[:1], ["a", "a"], DataError, "The target has one class only, 'a'"),
    (BOTH[1:], ["1.5", "unknown", "3"], DataError, "Row 2 of the target is 'unknown', not a number"),
    ([classes("a", "b").encode], ["a", "c"], DataError, "'c'"),
]


@pytest.mark.parametrize(("uses", "values", "error", "sentence"), IMPOSSIBLE, ids=range(len(IMPOSSIBLE)))
def test_impossible_targets(uses, values, error, sentence):
    for use in uses:
        with pytest.raises(error, match=sentence):
            use(values)


def test_classes_that_are_texts_are_found_in_a_column_that_was_read_as_numbers():
    assert classes("1", "2").values([1, 2, 2]).tolist() == [0, 1, 1]


@pytest.mark.parametrize("target", [classes(0, 1, 2), Targets.of_numbers()])
def test_outputs_of_another_shape(target):
    for shape in [(5,), (5, target.n_outputs + 1)]:
        with pytest.raises(ShapeError, match=r"Outputs must have shape \(m, "):
            target.decode(np.zeros(shape))
    with pytest.raises(ShapeError, match=r"Pass A\.T"):
        target.decode(np.zeros((target.n_outputs, 5)))


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30).filter(lambda v: np.ptp(v) > 1e-3))
def test_numbers_equal_scikit_learn_s_scaler_and_come_back(values):
    target = Targets.from_numbers(values)
    Y = target.encode(values)
    center, scale = target.scale_of(Y, None)
    expected = StandardScaler().fit_transform(np.array(values)[:, None])
    np.testing.assert_allclose((Y - center) / scale, expected, atol=1e-8)
    np.testing.assert_array_equal(target.decode(Y), values)


CLASSES = Targets.of_classes([np.array(["a", "b"])])
NUMBERS = Targets.of_numbers()
LEVELS = Targets.of_numbers(loss="quantile", quantiles=[0.1, 0.9])

CHANGES = [
    {"head": "sigmoidal"},
    {"head": "ordinal", "n_columns": 2, "names": ("x", "y")},
    *({"classes": (np.array(labels),)} for labels in (["a"], ["a", "a"], [0.0, np.inf], ["a", "b", "c"])),
    {"classes": (np.array(["a", None], object),)},
    {"names": ("a", "b")},
    {"n_columns": 0},
    {"settings": {"levels": (0.9, 0.1)}},
]


@pytest.mark.parametrize("targets", [CLASSES, NUMBERS, LEVELS])
def test_altered_targets_have_a_fault(targets):
    assert targets.fault == ""
    for change in CHANGES:
        assert replace(targets, **change).fault


@given(
    labels=st.lists(st.integers(0, 6), min_size=2, max_size=30).filter(lambda labels: len(set(labels)) > 1)
)
def test_ordered_classes_count_what_they_lie_above(labels):
    target = Targets.from_labels(labels, loss="ordinal")
    classes = sorted(set(labels))
    assert target.n_outputs == len(classes) - 1
    assert target.head == "ordinal"
    above = [[float(label > each) for each in classes[:-1]] for label in labels]
    Y = target.encode(labels)
    assert Y.tolist() == above
    assert target.decode(Y).tolist() == labels
    np.testing.assert_array_equal(target.probabilities(Y).argmax(axis=1), target.values(labels))


def test_an_order_of_ones_own():
    target = Targets.from_labels(["low", "high", "medium"], loss="ordinal", order=["low", "medium", "high"])
    assert target.labels == (("low", "medium", "high"),)
    assert Targets.from_labels([3, 1, 2], order=["3", "2", "1"]).labels == ((3, 2, 1),)
    for order in (["low", "high"], ["low", "high", "high"], ["low", "high", "odd"]):
        with pytest.raises(DataError, match=r"in order are low, .*, but the target has high, low, medium"):
            Targets.from_labels(["low", "high", "medium"], order=order)


def test_counts_stay_counts():
    target = Targets.from_numbers([0, 4, 8], loss="poisson")
    Y = target.encode([0, 4, 8])
    assert [part.tolist() for part in target.scale_of(Y, None, counts=True)] == [[0.0], [4.0]]
    assert [part.tolist() for part in target.scale_of(Y, None)] == [[0.0], [1.0]]
    assert target.scale_of(np.zeros((2, 1)), None, counts=True)[1].tolist() == [1.0]
    with pytest.raises(DataError, match="Row 2 of the target is -1, below 0"):
        Targets.from_numbers([3, -1], loss="poisson")


def test_quantiles_are_columns_and_the_answer_is_next_to_the_median():
    target = Targets.from_numbers([0.0, 2.0], loss="quantile", quantiles=(0.1, 0.45, 0.9))
    assert target.n_outputs == 3
    assert target.encode([2.0]).tolist() == [[2.0, 2.0, 2.0]]
    A = np.array([[-1.0, 0.0, 2.0]])
    assert target.predictions(A).tolist() == A.tolist()
    assert target.decode(A).tolist() == [0.0]


def test_columns_are_told_apart():
    frame = polars.DataFrame({"a": ["x", "y", "x"], "b": [1, 2, 2]})
    target = Targets.from_labels(frame)
    assert (target.labels, target.names) == ((("x", "y"), (1, 2)), ("a", "b"))
    np.testing.assert_array_equal(target.values(frame[["b", "a"]]), [[0, 0], [1, 1], [0, 1]])
    np.testing.assert_array_equal(target.decide(target.encode(frame)), target.values(frame))
    assert [P.tolist() for P in target.by_column(np.array([[0.25, 1.0]]))] == [[[0.75, 0.25]], [[0.0, 1.0]]]
    with pytest.raises(ShapeError, match="The target must have 1 columns, got 2"):
        classes("x", "y").encode(frame)
    with pytest.raises(DataError, match="Target 'b' has 3 classes; one of several targets has two"):
        Targets.from_labels(frame.with_columns(b=polars.Series([1, 2, 3])))


@given(labels=st.lists(st.integers(0, 6), max_size=20))
def test_the_answers_to_a_code_are_its_labels(labels):
    for code, output in ((one_hot, "softmax"), (ordinal_code, "ordinal")):
        assert answers(output, code(np.array(labels, dtype=int), 7)).ravel().tolist() == labels


@pytest.mark.parametrize("code", [one_hot, ordinal_code])
def test_what_is_no_class_number_is_refused(code):
    for labels, error in (([3], DataError), ([-1], DataError), ([1.0], DataError), ([[1]], ShapeError)):
        with pytest.raises(error, match=r"^labels must "):
            code(np.array(labels), 3)


@pytest.mark.parametrize("rows", [[[0, 0, 1, 2, 2, 2]], [[0, 0, 1, 2], [1, 1, 1, 2], [0, 1, 2, 2]]])
def test_balanced_weights_are_scikit_learns(rows):
    columns = np.array(rows)
    weights = example_weights(class_weights("balanced", columns, ["abc"] * len(columns), None), columns)
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", columns.T))


def test_a_class_without_rows_or_weight_has_none():
    columns = np.array([[0, 0, 1, 2]])
    weights = class_weights("balanced", columns, ["abcd"], np.array([1.0, 2, 3, 0]))[0]
    np.testing.assert_allclose(weights, [1, 1, 0, 0])
    np.testing.assert_array_equal(class_weights("balanced", columns, ["abcd"], np.zeros(4))[0], 0)
    assert class_weights("balanced", columns, ["abcd"], None)[0][3] == 0


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1], "binary"),
        ([0.0, 1.0, None, float("nan")], "binary"),
        ([0.5, 1.5] * 10, "regression"),
        ([1, 2, 3], "regression"),
        ([1, 2, 3] * 2, "multiclass"),
        (list(range(20)) * 2, "multiclass"),
        (list(range(21)) * 2, "regression"),
        (["a", "b", None], "binary"),
        ([True, False], "binary"),
    ],
)
def test_rules_of_tasks(values, task):
    for name in ("y", "^z.*$"):  # which polars takes for a pattern elsewhere
        assert guess_task(polars.Series(name, values, strict=False))[0] == task


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1, 1], "has one value only, 1"),
        (["a", None], "has one value only, 'a'"),
        ([float("nan"), 1.0], "has one value only, 1.0"),
        (polars.Series([None, None], dtype=polars.Int64), "has no values"),
        ([[1], [2]], "has values of type List"),
        ([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], "has values of type Date"),
        ([*map(str, range(50)), "oops"], "has numbers in all but 1 rows, such as 'oops'"),
    ],
)
def test_nothing_to_learn(values, sentence):
    with pytest.raises(DataError, match=sentence) as caught:
        guess_task(polars.Series("y", values, strict=False))
    assert str(caught.value).startswith("Target 'y' has ")
