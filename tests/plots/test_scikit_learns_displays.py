"""scikit-learn's own displays work with the estimators: their data are what its functions say of answers."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.calibration import CalibrationDisplay, calibration_curve
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay, PartialDependenceDisplay
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    DetCurveDisplay,
    PrecisionRecallDisplay,
    PredictionErrorDisplay,
    RocCurveDisplay,
    average_precision_score,
    confusion_matrix,
    det_curve,
    roc_auc_score,
)
from sklearn.model_selection import LearningCurveDisplay, ValidationCurveDisplay

from deepstep import DeepClassifier, DeepRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_moons(80, noise=0.25, random_state=1)
HEIGHT = X[:, 0] ** 2 + X[:, 1]


def classifier():
    return DeepClassifier(
        (8,), preset="mlp", max_iter=30, learning_rate_init=0.03, batch_size=20, random_state=0
    )


@pytest.fixture(scope="module")
def plain():
    return classifier().fit(X, Y)


@pytest.fixture(scope="module")
def ensemble():
    return DeepClassifier(n_estimators=2, max_iter=10, random_state=0).fit(X, Y)


@pytest.fixture(scope="module")
def regressor():
    options = {"preset": "mlp", "max_iter": 60, "learning_rate_init": 0.03, "batch_size": 20}
    return DeepRegressor((8,), **options, random_state=0).fit(X, HEIGHT)


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(params=["plain", "ensemble"])
def model(request):
    return request.getfixturevalue(request.param)


def test_roc_curve(model, ax):
    display = RocCurveDisplay.from_estimator(model, X, Y, ax=ax)
    assert display.roc_auc == pytest.approx(roc_auc_score(Y, model.predict_proba(X)[:, 1]))
    assert display.roc_auc > 0.8


def test_precision_recall(model, ax):
    display = PrecisionRecallDisplay.from_estimator(model, X, Y, ax=ax)
    assert display.average_precision == pytest.approx(
        average_precision_score(Y, model.predict_proba(X)[:, 1])
    )


def test_det_curve(model, ax):
    display = DetCurveDisplay.from_estimator(model, X, Y, ax=ax)
    fpr, fnr, _ = det_curve(Y, model.predict_proba(X)[:, 1], drop_intermediate=True)
    np.testing.assert_allclose(display.fpr, fpr, atol=1e-12)
    np.testing.assert_allclose(display.fnr, fnr, atol=1e-12)


def test_confusion_matrix(model, ax):
    display = ConfusionMatrixDisplay.from_estimator(model, X, Y, ax=ax)
    np.testing.assert_array_equal(display.confusion_matrix, confusion_matrix(Y, model.predict(X)))
    assert display.confusion_matrix.sum() == len(X)


def test_calibration(model, ax):
    display = CalibrationDisplay.from_estimator(model, X, Y, n_bins=4, ax=ax)
    shares, means = calibration_curve(Y, model.predict_proba(X)[:, 1], n_bins=4)
    np.testing.assert_allclose(display.prob_true, shares)
    np.testing.assert_allclose(display.prob_pred, means)


def test_learning_curve(ax):
    display = LearningCurveDisplay.from_estimator(classifier(), X, Y, train_sizes=[20, 50], cv=3, ax=ax)
    assert display.train_sizes.tolist() == [20, 50]
    assert display.test_scores.shape == (2, 3)
    assert display.test_scores[-1].mean() > 0.75


def test_validation_curve(ax):
    display = ValidationCurveDisplay.from_estimator(
        classifier(), X, Y, param_name="max_iter", param_range=[1, 30], cv=3, ax=ax
    )
    assert display.test_scores.shape == (2, 3)
    assert display.test_scores[1].mean() > display.test_scores[0].mean()


def test_decision_boundary(model, ax):
    display = DecisionBoundaryDisplay.from_estimator(
        model, X, grid_resolution=9, response_method="predict_proba", class_of_interest=1, ax=ax
    )
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    np.testing.assert_allclose(display.response.ravel(), model.predict_proba(grid)[:, 1], rtol=1e-6)


def test_partial_dependence(regressor, ax):
    display = PartialDependenceDisplay.from_estimator(regressor, X, [1], grid_resolution=4, ax=ax)
    (found,) = display.pd_results
    for value, average in zip(found["grid_values"][0], found["average"][0], strict=True):
        moved = X.copy()
        moved[:, 1] = value
        assert average == pytest.approx(regressor.predict(moved).mean(), rel=1e-5)


def test_prediction_error(regressor, ax):
    display = PredictionErrorDisplay.from_estimator(regressor, X, HEIGHT, kind="actual_vs_predicted", ax=ax)
    np.testing.assert_allclose(display.y_pred, regressor.predict(X))
    np.testing.assert_array_equal(display.y_true, HEIGHT)
    assert regressor.score(X, HEIGHT) > 0.8
