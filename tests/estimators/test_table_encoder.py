"""TableEncoder in frames, arrays and pipelines; scikit-learn's checks are in test_contract.py."""

import pickle

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from deepstep.errors import DataError
from deepstep.estimators import NetworkClassifier, TableEncoder
from deepstep.preparation import TablePreparation

RNG = np.random.default_rng(0)
M = 60
TABLE = polars.DataFrame(
    {
        "age": np.where(RNG.random(M) < 0.2, np.nan, RNG.normal(40, 10, M)),
        "town": RNG.choice(["Rome", "Oslo", "Bonn"], M),
        "born": polars.Series(RNG.integers(0, 9000, M)).cast(polars.Date),
        "member": RNG.random(M) < 0.5,
    }
)
Y = (TABLE["town"] == "Rome").to_numpy()


CONVERSIONS = {
    "polars": lambda frame: frame,
    "pandas": lambda frame: frame.to_pandas(),
    "pyarrow": lambda frame: frame.to_arrow(),
}


@pytest.mark.parametrize("convert", CONVERSIONS.values(), ids=CONVERSIONS)
def test_the_features_are_those_of_the_preparation(convert):
    encoder, preparation = TableEncoder(), TablePreparation.fit(TABLE)
    assert_array_equal(encoder.fit_transform(convert(TABLE)), preparation.transform(TABLE))
    assert encoder.get_feature_names_out().tolist() == list(preparation.feature_names)
    assert encoder.feature_names_in_.tolist() == TABLE.columns
    assert encoder.n_features_in_ == 4
    shuffled = TABLE.select("member", "age", polars.lit(1).alias("more"), "born", "town")
    assert_array_equal(encoder.transform(convert(shuffled)), preparation.transform(TABLE))
    with pytest.raises(DataError, match="'town' missing"):
        encoder.transform(convert(TABLE.drop("town")))


def test_arrays_are_taken_by_the_order_of_columns():
    values = TABLE.drop("born").to_numpy()
    encoder = TableEncoder().fit(values)
    assert_array_equal(encoder.transform(values.tolist()), encoder.transform(values))
    assert not hasattr(encoder, "feature_names_in_")
    with pytest.raises(ValueError, match="2 features"):
        encoder.transform(values[:, :2])


def test_declared_columns():
    codes = polars.DataFrame({"code": np.arange(M) % 4, "x": RNG.normal(size=M), "id": range(M)})
    plain, declared = TableEncoder(), TableEncoder(categorical_features=["code"], keep_columns=["id"])
    assert "id" not in plain.fit(codes).get_feature_names_out()
    names = declared.fit(codes).get_feature_names_out().tolist()
    assert "id" in names
    assert sum(name.startswith("code=") for name in names) == 4
    with pytest.raises(ValueError, match="'none'"):
        TableEncoder(keep_columns=["none"]).fit(codes)


def test_pipelines():
    """scikit-learn's use of the encoder, before its own models and before one network."""
    network = make_pipeline(TableEncoder(), NetworkClassifier(4, solver="lbfgs", random_state=1)).fit(
        TABLE, Y
    )
    alone = NetworkClassifier(4, solver="lbfgs", random_state=1).fit(TableEncoder().fit_transform(TABLE), Y)
    assert_array_equal(network.predict_proba(TABLE), alone.predict_proba(TableEncoder().fit_transform(TABLE)))
    search = GridSearchCV(
        make_pipeline(TableEncoder(), LogisticRegression()), {"logisticregression__C": [0.1, 10.0]}, cv=3
    ).fit(TABLE.to_pandas(), Y)
    assert search.best_score_ > 0.9
    copied = pickle.loads(pickle.dumps(search.best_estimator_))
    assert_array_equal(copied.predict(TABLE.to_pandas()), search.predict(TABLE.to_pandas()))
    assert clone(search.best_estimator_)[0].get_params() == {
        "categorical_features": None,
        "keep_columns": None,
    }


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_come_out_where_they_are_asked_for(library):
    encoder = TableEncoder().set_output(transform=library)
    frame = encoder.fit_transform(TABLE.to_pandas())
    assert type(frame).__module__.partition(".")[0] == library
    assert list(frame.columns) == encoder.get_feature_names_out().tolist()
    columns = make_column_transformer((TableEncoder(), ["town", "age"]), remainder="drop")
    assert columns.fit_transform(TABLE.to_pandas()).shape == (M, 5)
