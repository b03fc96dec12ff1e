"""In scikit-learn's company: pipelines, searches, processes."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepstep.estimators import DeepClassifier, DeepRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FAST = {"hidden_layer_sizes": (10,), "solver": "lbfgs", "random_state": 0, "alpha": 0.1}


def test_grid_search_in_two_processes():
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = y.map({0: "a", 1: "b", 2: "c"})
    search = GridSearchCV(
        make_pipeline(StandardScaler(), DeepClassifier(**FAST, preset="mlp")),
        {
            "deepclassifier__alpha": [0.1, 1e4],
            "deepclassifier__hidden_layer_sizes": [(), (5, 5)],
            "deepclassifier__class_weight": [None, "balanced"],
        },
        cv=3,
        n_jobs=2,
    ).fit(X, names)
    assert search.best_params_["deepclassifier__alpha"] == 0.1
    assert search.score(X, names) > 0.95
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_cross_validation_in_two_processes():
    X, y = load_diabetes(return_X_y=True)
    model = TransformedTargetRegressor(
        DeepRegressor(**{**FAST, "alpha": 3.0}, preset="mlp"), transformer=StandardScaler()
    )
    scores = cross_val_score(make_pipeline(StandardScaler(), model), X, y, cv=3, n_jobs=2)
    assert scores.min() > 0.3


def test_set_output_of_a_pipeline():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = (
        make_pipeline(StandardScaler(), DeepClassifier(**FAST, preset="mlp"))
        .set_output(transform="pandas")
        .fit(X, y)
    )
    assert list(model[-1].feature_names_in_) == list(X.columns)
    assert model.score(X, y) > 0.95


def test_ensemble():
    X, y = load_iris(return_X_y=True)
    model = BaggingClassifier(DeepClassifier(**FAST, preset="mlp"), n_estimators=3, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.95


def test_clone_of_a_given_start():
    X, y = load_iris(return_X_y=True)
    first = DeepClassifier(**FAST, preset="mlp").fit(X, y)
    model = DeepClassifier((10,), initialization=first.network_.parameters, max_iter=1, preset="mlp")
    copied = clone(model)
    assert copied.initialization == model.initialization
    assert copied.initialization is not model.initialization
    assert "initialization" in repr(copied)
    copied.fit(X, y)
    assert not hasattr(model, "network_")
