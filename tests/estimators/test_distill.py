"""One small network that predicts what another model predicts."""

import numpy as np
import pandas as pd
import polars
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from deepstep import DeepClassifier, NetworkRegressor, distill
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.distillation import with_synthetic_rows

FEW = {"hidden_layer_sizes": (16, 8), "augment": 600, "random_state": 0}
WINE, KINDS = load_wine(return_X_y=True)
NAMES = np.array(["b", "c", "a"])[KINDS]
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "size": np.where(RNG.random(90) < 0.1, np.nan, RNG.normal(size=90)),
        "rooms": RNG.integers(1, 6, 90),
        "town": RNG.choice(["Graz", "Linz", None], 90),
        "kind": pd.Categorical(RNG.choice(["flat", "house"], 90)),
        "built": pd.date_range("1990-01-01", periods=90, freq="30D"),
        "floors": RNG.choice([1.0, 2.0, np.nan], 90),
    }
)
FRAMES = {
    "pandas": TABLE,
    "polars": polars.from_pandas(TABLE),
    "pyarrow": polars.from_pandas(TABLE).to_arrow(),
}


def test_a_classifier_becomes_two_layers_with_its_classes():
    teacher = make_pipeline(StandardScaler(), LogisticRegression()).fit(WINE, NAMES)
    student = distill(teacher, WINE, **FEW)
    assert student[-1].network_.architecture.layer_dims == (13, 16, 8, 3)
    assert student.classes_.tolist() == ["a", "b", "c"]
    assert np.abs(student.predict_proba(WINE) - teacher.predict_proba(WINE)).mean() < 0.03
    assert student.score(WINE, NAMES) > 0.97
    again = distill(teacher, WINE, **FEW)
    assert_array_equal(again[-1].network_.parameters.flat, student[-1].network_.parameters.flat)


@pytest.mark.parametrize("targets", [1, 2])
def test_a_regressor_becomes_two_layers(targets):
    X, y = load_diabetes(return_X_y=True)
    y = y if targets == 1 else np.column_stack([y, -y])
    teacher = RandomForestRegressor(50, min_samples_leaf=5, random_state=0).fit(X, y)
    student = distill(teacher, X, augment=2_000, random_state=0)
    assert isinstance(student[-1], NetworkRegressor)
    assert student.score(X, teacher.predict(X)) > 0.9


def test_synthetic_rows_teach_more_than_a_small_table_alone():
    """On new rows, the student is nearer to its teacher."""
    X = RNG.normal(size=(400, 6))
    teacher = RandomForestClassifier(50, random_state=0).fit(X[:100], X[:100, 0] * X[:100, 1] > 0)

    def distance(augment):
        student = distill(teacher, X[:100], hidden_layer_sizes=(32, 16), augment=augment, random_state=0)
        return np.mean((student.predict_proba(X[100:]) - teacher.predict_proba(X[100:])) ** 2)

    assert distance(5_000) < 0.5 * distance(0)


def test_an_ensemble_of_ours_on_a_table_as_it_is():
    y = np.where(TABLE["rooms"] + TABLE["size"].fillna(0) > 3, "large", "small")
    teacher = DeepClassifier(n_estimators=2, network_params={"epochs": 10}, random_state=0).fit(TABLE, y)
    student = distill(teacher, TABLE, **FEW)
    assert np.abs(student.predict_proba(TABLE) - teacher.predict_proba(TABLE)).mean() < 0.06
    assert student[0].feature_names_in_.tolist() == [*TABLE]


@pytest.mark.parametrize("X", FRAMES.values(), ids=FRAMES)
def test_synthetic_rows_are_made_of_the_values_of_each_column(X):
    found = with_synthetic_rows(X, 200, np.random.RandomState(0))
    assert type(found) is type(X)
    assert found.shape == (290, 6)
    rows, own = (polars.DataFrame(one) for one in (found, X))
    assert rows.schema == own.schema
    assert rows[:90].equals(own)
    rows, own = rows.fill_nan(None), own.fill_nan(None)
    for name in ("rooms", "town", "kind", "built", "floors"):
        assert {*rows[90:][name].to_list()} <= {*own[name].to_list()}
    numbers = rows[90:]["size"]
    assert 0 < numbers.null_count() < 60
    assert len({*numbers.drop_nulls()} - {*own["size"]}) > 100
    known = {*own.drop("size").rows()}
    assert sum(row not in known for row in rows[90:].drop("size").rows()) > 100


@pytest.mark.parametrize("dtype", ["float32", "int64", object])
def test_synthetic_rows_of_arrays(dtype):
    X = RNG.integers(0, 9, (40, 3)).astype(dtype)
    found = with_synthetic_rows(X, 100, np.random.RandomState(0))
    assert (found.shape, found.dtype) == ((140, 3), X.dtype)
    assert_array_equal(found[:40], X)
    assert all({*found[:, column]} <= {*X[:, column]} for column in range(3))
    assert len({*map(tuple, found)}) > len({*map(tuple, X)})


def test_synthetic_sparse_rows_take_entries_of_other_rows():
    X = csr_array(np.round(RNG.random((80, 6)), 2) * (RNG.random((80, 6)) < 0.5))
    found = with_synthetic_rows(X, 100, np.random.RandomState(0))
    assert (type(found), found.shape) == (csr_array, (180, 6))
    dense, made = X.toarray(), found.toarray()
    assert_array_equal(made[:80], dense)
    for column in range(6):
        near = np.abs(made[:, column, np.newaxis] - dense[:, column]).min(axis=1)
        assert near.max() < 1e-12
    new = [not (np.abs(row - dense).max(axis=1) < 1e-12).any() for row in made[80:]]
    assert 0.5 < np.mean(new) < 1


@pytest.mark.parametrize("dtype", [np.int64, np.float32, bool])
def test_a_student_of_sparse_rows_predicts_dense_ones(dtype):
    X = csr_array((RNG.random((120, 8)) < 0.4).astype(dtype))
    y = X.toarray()[:, 0] > 0
    own = {"max_iter": 20, "activation": "tanh", "random_state": 0}
    student = distill(LogisticRegression().fit(X, y), X, augment=500, **own)
    assert student[-1].network_.architecture.activations == ("tanh", "tanh", "sigmoid")
    assert student[-1].n_iter_ == 20
    assert student.score(X, y) > 0.95
    assert_array_equal(student.predict(X.toarray()), student.predict(X))


class Constant:
    """A model of another kind, for numbers: `CatBoostRegressor` has such an attribute, too."""

    classes_ = ()

    def __init__(self, predicted):
        self.predicted = predicted

    def predict(self, X):
        return np.resize(self.predicted, len(X))


def test_what_is_refused():
    for teacher, message in (
        (
            LinearSVC().fit(WINE / 100, KINDS),
            r"teacher must be a fitted model with predict_proba, .* \(LinearSVC\)",
        ),
        (StandardScaler().fit(WINE), r"got one without \(StandardScaler\)"),
        (Constant([1.0, np.inf]), r"teacher must be a model whose .* got such as np\.float64\(inf\)"),
        (Constant("a"), "whose predictions are finite numbers, got such as"),
        (
            MultiOutputClassifier(LogisticRegression()).fit(WINE > 1, np.eye(3)[KINDS]),
            "of one column of classes",
        ),
    ):
        with pytest.raises((ConfigurationError, DataError), match=message):
            distill(teacher, WINE, augment=0)
    for augment, X in ((-1, WINE), (1.5, WINE), (True, csr_array(WINE))):
        with pytest.raises(ConfigurationError, match="augment must be"):
            distill(Constant(1.0), X, augment=augment)
    assert isinstance(distill(Constant(1.0), WINE, augment=9, max_iter=1)[-1], NetworkRegressor)
    for X, got in (("rows.parquet", r"'rows\.parquet'\."), (polars.LazyFrame({"x": [1.0]}), "<LazyFrame")):
        with pytest.raises(DataError, match=f"X must be rows in memory, got {got}"):
            distill(Constant(1.0), X)
    for X in (WINE[0], WINE[:0], polars.DataFrame(WINE[:0])):
        with pytest.raises(DataError, match="X must be a table with at least one row, got the shape"):
            distill(Constant(1.0), X)
