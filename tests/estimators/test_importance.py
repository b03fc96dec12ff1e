"""scikit-learn's permutation importance, on frames with words and holes."""

import numpy as np
import pandas
import pytest
from sklearn.inspection import permutation_importance

from deepstep.estimators import DeepClassifier, DeepRegressor

SMALL = {"preset": "tabular", "n_estimators": 5, "max_iter": 30, "random_state": 1}


def frame(m=400):
    """A word and a number with holes that the target depends on, and one that it does not."""
    rng = np.random.default_rng(1)
    word = rng.choice(["red", "green", "blue"], m)
    number = rng.standard_normal(m)
    table = pandas.DataFrame(
        {
            "word": np.where(rng.random(m) < 0.1, None, word),
            "number": np.where(rng.random(m) < 0.1, np.nan, number),
            "noise": rng.standard_normal(m),
        }
    )
    return table, 2.0 * (word == "red") + number


@pytest.mark.parametrize("Estimator", [DeepClassifier, DeepRegressor])
def test_what_matters_is_found(Estimator):
    X, y = frame()
    y = np.where(y > 0.7, "high", "low") if Estimator is DeepClassifier else y
    model = Estimator(**SMALL).fit(X[:200], y[:200])
    found = permutation_importance(model, X[200:], y[200:], n_repeats=3, random_state=1)
    importance = dict(zip(X, found.importances_mean, strict=True))
    assert importance["word"] > 0.05
    assert importance["number"] > 0.05
    assert abs(importance["noise"]) < min(importance["word"], importance["number"]) / 2
