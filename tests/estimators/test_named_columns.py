"""y and weights by the names of their columns in a frame, and errors that blame the right argument."""

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from numpy.testing import assert_array_equal

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import DeepClassifier, DeepRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

M = 60
RNG = np.random.default_rng(0)
INPUTS = {name: RNG.standard_normal(M) for name in ("age", "fare", "size")}
LABELS = np.where(INPUTS["age"] > 0, "yes", "no")
WEIGHTS = RNG.uniform(0.5, 2, M)
FRAME = pd.DataFrame({**INPUTS, "survived": LABELS, "counts": WEIGHTS})

PRESETS = {
    "tabular": {"n_estimators": 2, "max_iter": 2, "random_state": 1},
    "mlp": {"preset": "mlp", "max_iter": 2, "random_state": 1},
}
FRAMES = {
    "pandas": lambda frame: frame,
    "polars": polars.from_pandas,
    "lazy": lambda frame: polars.from_pandas(frame).lazy(),
    "pyarrow": pyarrow.Table.from_pandas,
    "batch": pyarrow.RecordBatch.from_pandas,
}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("library", FRAMES)
def test_named_columns_are_those_taken_out_by_hand(library, preset):
    own = FRAME[list(INPUTS)]
    by_hand = DeepClassifier(**PRESETS[preset]).fit(own, LABELS, WEIGHTS)
    by_name = DeepClassifier(**PRESETS[preset]).fit(FRAMES[library](FRAME), "survived", "counts")
    assert by_name.feature_names_in_.tolist() == list(INPUTS)
    assert_array_equal(by_name.predict_proba(own), by_hand.predict_proba(own))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("preset", PRESETS)
def test_everything_that_takes_targets_takes_their_name(preset):
    frame = FRAME.drop(columns="counts")
    model = DeepClassifier(**PRESETS[preset]).fit(frame, "survived", X_val=frame[:20], y_val="survived")
    X = frame[list(INPUTS)]
    assert model.score(frame, "survived") == model.score(X, LABELS)
    assert model.label_issues(frame, "survived", n=1) == model.label_issues(X, LABELS, n=1)
    assert model.calibrate(polars.from_pandas(frame), "survived") is model
    of_numbers = DeepRegressor(**PRESETS[preset]).fit(frame[list(INPUTS)], "size")
    assert of_numbers.score(X, "size") == of_numbers.score(X[["age", "fare"]], X["size"])


def test_a_further_epoch_takes_the_name():
    model = DeepClassifier(**PRESETS["mlp"])
    model.partial_fit(FRAME, "survived", "counts", classes=["no", "yes"])
    assert model.feature_names_in_.tolist() == list(INPUTS)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("library", FRAMES)
def test_a_name_that_is_not_there_is_told_with_the_nearest(library, preset):
    model, frame = DeepClassifier(**PRESETS[preset]), FRAMES[library](FRAME)
    with pytest.raises(ConfigurationError, match=r"DeepClassifier.fit, y: .* got 'Survive'. .*'survived'\?"):
        model.fit(frame, "Survive")
    with pytest.raises(ConfigurationError, match=r"fit, sample_weight: .* got 'count'. .* mean 'counts'\?"):
        model.fit(frame, "survived", "count")


@pytest.mark.parametrize("preset", PRESETS)
def test_numbers_that_pandas_has_for_names_are_found_by_their_texts(preset):
    frame = pd.DataFrame(np.column_stack(list(INPUTS.values())))
    model = DeepRegressor(**PRESETS[preset]).fit(frame, "2")
    assert_array_equal(
        model.predict(frame[[0, 1]]),
        DeepRegressor(**PRESETS[preset]).fit(frame[[0, 1]], frame[2]).predict(frame[[0, 1]]),
    )
    with pytest.raises(ConfigurationError, match=r"column is one of '0', '1', '2'; got '3'"):
        model.fit(frame, "3")


def test_a_name_that_is_not_in_a_file_is_told_with_the_nearest(tmp_path):
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DataError, match=r"the column 'Survive' in .*rows.csv; .* mean 'survived'\?"):
        DeepClassifier(**PRESETS["tabular"]).fit(tmp_path / "rows.csv", "Survive")


def test_columns_with_one_name_are_refused():
    frame = FRAME.rename(columns={"fare": "age"})
    with pytest.raises(DataError, match="every column has its own name; 'age' stands more than once"):
        DeepClassifier(**PRESETS["tabular"]).fit(frame, "survived")


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("X", [np.ones((M, 2)), np.ones((M, 2)).tolist()], ids=["array", "list"])
def test_a_name_beside_an_array_is_refused_in_words(X, preset):
    model = DeepClassifier(**PRESETS[preset])
    with pytest.raises(DataError, match=r"y with a value for each row, .*; got the name 'survived'"):
        model.fit(X, "survived")
    with pytest.raises(
        DataError, match=r"sample_weight with a value for each row, .*; got the name 'counts'"
    ):
        model.fit(X, LABELS, "counts")


TEXTS = {
    "strings": LABELS,
    "objects": LABELS.astype(object),
    "list": LABELS.tolist(),
    "pandas": pd.Series(LABELS),
    "polars": polars.Series(LABELS),
    "some numbers": np.where(LABELS == "yes", "yes", "1.5"),
    "two columns": np.array([["1", "yes"]] * M, dtype=object),
}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("y", TEXTS.values(), ids=TEXTS)
def test_a_regressor_of_texts_blames_y(y, preset):
    with pytest.raises(
        DataError, match=r"y of numbers; got texts such as '(yes|no)' in row 1. Use DeepClassifier"
    ) as e:
        DeepRegressor(**PRESETS[preset]).fit(FRAME[list(INPUTS)], y)
    assert "X" not in str(e.value)
    assert "preset" not in str(e.value)


def test_a_regressor_of_texts_in_a_file_or_a_stream_blames_y(tmp_path):
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    polars.from_pandas(FRAME).write_parquet(tmp_path / "rows.parquet")
    for name, stream in (("rows.csv", None), ("rows.parquet", None), ("rows.parquet", True)):
        with pytest.raises(DataError, match="y of numbers; got texts such as"):
            DeepRegressor(n_estimators=1, max_iter=2, stream=stream).fit(tmp_path / name, "survived")


def test_texts_in_x_are_still_those_of_x():
    X = FRAME[["age", "survived"]]
    with pytest.raises(DataError, match="X of numbers, none of them missing; could not convert string") as e:
        DeepRegressor(**PRESETS["mlp"]).fit(X, INPUTS["fare"])
    assert "DeepClassifier" not in str(e.value)
