"""One small network that predicts what another model predicts."""

import numpy as np
import pandas as pd
import polars
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes, load_wine
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from deepstep import NetworkRegressor, distill
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
FRAMES = [TABLE, polars.from_pandas(TABLE), polars.from_pandas(TABLE).to_arrow()]


def test_a_classifier_becomes_two_layers_with_its_classes():
    teacher = make_pipeline(StandardScaler(), LogisticRegression()).fit(WINE, NAMES)
    student = distill(teacher, WINE, **FEW)
    assert student[-1].network_.architecture.layer_dims == (13, 16, 8, 3)
    assert student.classes_.tolist() == ["a", "b", "c"]
    assert np.abs(student.predict_proba(WINE) - teacher.predict_proba(WINE)).mean() < 0.03
    assert student.score(WINE, NAMES) > 0.97
    again = distill(teacher, WINE, **FEW)
    assert_array_equal(again[-1].network_.parameters.flat, student[-1].network_.parameters.flat)


def test_a_regressor_of_several_numbers_becomes_two_layers():
    X, y = load_diabetes(return_X_y=True)
    teacher = RandomForestRegressor(20, min_samples_leaf=5, random_state=0).fit(X, np.column_stack([y, -y]))
    student = distill(teacher, X, augment=2_000, random_state=0)
    assert isinstance(student[-1], NetworkRegressor)
    assert student.score(X, teacher.predict(X)) > 0.9


@pytest.mark.parametrize("X", FRAMES, ids=["pandas", "polars", "pyarrow"])
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


def test_synthetic_sparse_rows_take_entries_of_other_rows():
    X = csr_array(np.round(RNG.random((80, 6)), 2) * (RNG.random((80, 6)) < 0.5))
    made = with_synthetic_rows(X, 100, np.random.RandomState(0)).toarray()
    assert_array_equal(made[:80], X.toarray())
    for column in range(6):
        assert np.abs(made[:, column, np.newaxis] - X.toarray()[:, column]).min(axis=1).max() < 1e-12


class Infinite:
    """A model of another kind."""

    def predict(self, X):
        return np.full(len(X), np.inf)


TEACHER = DummyRegressor().fit(WINE, KINDS)
COLUMNS = MultiOutputClassifier(LogisticRegression()).fit(WINE > 1, np.eye(3)[KINDS])
REFUSED = [
    (LinearSVC().fit(WINE / 100, KINDS), WINE, 0, "teacher must be .* with predict_proba, .* got LinearSVC"),
    (StandardScaler().fit(WINE), WINE, 0, "got StandardScaler"),
    (Infinite(), WINE, 0, "a model whose .* got predictions such as"),
    (COLUMNS, WINE, 0, "of one column of classes"),
    (TEACHER, WINE, -1, "augment must be"),
    (TEACHER, "rows.parquet", 0, "X must be a table in memory, got 'rows.parquet'"),
    (TEACHER, polars.LazyFrame({"x": [1.0]}), 0, "X must be a table in memory, got <LazyFrame"),
    (TEACHER, WINE[0], 0, "X must be a table with at least one row, got the shape"),
    (TEACHER, polars.DataFrame(WINE[:0]), 0, "X must be a table with at least one row, got the shape"),
]


@pytest.mark.parametrize(("teacher", "X", "augment", "message"), REFUSED, ids=range(len(REFUSED)))
def test_teachers_and_rows_that_are_refused(teacher, X, augment, message):
    with pytest.raises((ConfigurationError, DataError), match=message):
        distill(teacher, X, augment=augment)
