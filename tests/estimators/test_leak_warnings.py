"""Columns of a frame that number sorted rows, or are the target in other words: a warning of the fit."""

import warnings

import numpy as np
import pandas
import polars
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from deepstep import DeepClassifier, DeepRegressor
from deepstep.estimators.inputs import warn_of_leaks

M = 90
Y = np.repeat(["a", "b", "c"], M // 3)
MIXED = np.random.default_rng(1).permutation(Y)
NOISE = np.random.default_rng(0).normal(size=(M, 2))


def warned(X, y, preset, kind=DeepClassifier, **parameters):
    """What a short fit warns of, but for its being short."""
    if preset == "tabular":
        parameters = {"n_estimators": 1, **parameters}
    model = kind(preset=preset, max_iter=1, engine="reference", random_state=0, **parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return [str(one.message) for one in caught if one.category is not ConvergenceWarning]


def frame(column, library):
    return library.DataFrame({"extra": column, "x": NOISE[:, 0], "z": NOISE[:, 1]})


@pytest.mark.parametrize("library", [pandas, polars])
@pytest.mark.parametrize("preset", ["mlp", "tabular"])
def test_a_fit_warns_of_them(library, preset):
    (told,) = warned(frame(range(M), library), Y, preset)
    assert told.startswith(
        "DeepClassifier.fit: the column 'extra' alone determines the target in 100 % of 90 rows"
    )
    (told,) = warned(frame(pandas.factorize(MIXED)[0] * 2.5, library), MIXED, preset)
    assert "'extra' alone" in told
    assert warned(frame(NOISE[:, 0] ** 2, library), Y, preset) == []


@pytest.mark.parametrize("preset", ["mlp", "tabular"])
def test_thousands_of_columns_are_looked_at_without_a_query_for_each(preset, monkeypatch):
    """A query of polars takes longer than everything else that is done with a column of few rows."""
    queries = []
    select = polars.DataFrame.select_seq  # by which methods of a series ask

    def counted(self, *given, **named):
        queries.append(self)
        return select(self, *given, **named)

    noise = np.random.default_rng(0).normal(size=(M, 300))
    X = pandas.DataFrame(noise).rename(columns=str).assign(extra=range(M))
    positions = np.unique(Y, return_inverse=True)[1]
    monkeypatch.setattr(polars.DataFrame, "select_seq", counted)
    with pytest.warns(UserWarning, match="the column 'extra' alone determines the target"):
        warn_of_leaks(X, positions, "fit", table=preset == "tabular")
    assert len(queries) < 100


def test_an_index_among_the_columns_is_no_input_of_tables_and_warned_of_otherwise():
    X = frame(range(M), pandas).drop(columns="extra").reset_index()
    assert warned(X, Y, "tabular") == []
    (told,) = warned(X, Y, "mlp")
    assert "the column 'index' alone determines the target" in told
    for name in ("Unnamed: 0", "obs", "rowid"):
        model = DeepClassifier(n_estimators=1, max_iter=1, engine="reference").fit(
            X.rename(columns={"index": name}), Y
        )
        features = [one.preparation.feature_names for one in model.ensemble_.preprocessors]
        assert features == [("x", "z")]


@pytest.mark.parametrize("preset", ["mlp", "tabular"])
def test_nothing_is_said_of_easy_data_arrays_and_numbers(preset):
    iris = load_iris(as_frame=True)
    assert warned(iris.data, iris.target == 0, preset) == []
    assert warned(np.column_stack([np.arange(M), NOISE]), Y, preset) == []
    assert warned(frame(range(M), pandas), np.arange(M) ** 2.0, preset, DeepRegressor) == []


def test_columns_of_one_name_are_left_alone():
    """scikit-learn refuses them from some release on."""
    from deepstep.estimators.inputs import warn_of_leaks

    X = frame(range(M), pandas).set_axis(["a", "a", "b"], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_leaks(X, pandas.factorize(Y)[0], "fit", table=False)
