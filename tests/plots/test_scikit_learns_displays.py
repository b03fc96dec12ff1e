"""scikit-learn's own displays work with the estimators: their data are what its functions say of answers."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.calibration import CalibrationDisplay, calibration_curve
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    DetCurveDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
    average_precision_score,
    confusion_matrix,
    det_curve,
    roc_auc_score,
)

from deepstep import DeepClassifier, NetworkClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = make_moons(80, noise=0.25, random_state=1)
HEIGHT = X[:, 0] ** 2 + X[:, 1]


def classifier():
    return NetworkClassifier((8,), max_iter=30, learning_rate_init=0.03, batch_size=20, random_state=0)


@pytest.fixture(scope="module")
def plain():
    return classifier().fit(X, Y)


@pytest.fixture(scope="module")
def ensemble():
    return DeepClassifier(n_estimators=2, network_params={"epochs": 10}, random_state=0).fit(X, Y)


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(params=["plain", "ensemble"])
def model(request):
    return request.getfixturevalue(request.param)


def of_ones(model):
    return model.predict_proba(X)[:, 1]


OF_PREDICTIONS = {
    RocCurveDisplay: ("roc_auc", lambda model: roc_auc_score(Y, of_ones(model))),
    PrecisionRecallDisplay: ("average_precision", lambda model: average_precision_score(Y, of_ones(model))),
    DetCurveDisplay: ("fnr", lambda model: det_curve(Y, of_ones(model), drop_intermediate=True)[1]),
    ConfusionMatrixDisplay: ("confusion_matrix", lambda model: confusion_matrix(Y, model.predict(X))),
    CalibrationDisplay: ("prob_true", lambda model: calibration_curve(Y, of_ones(model), n_bins=5)[0]),
}


@pytest.mark.parametrize("kind", OF_PREDICTIONS)
def test_displays_of_predictions(model, ax, kind):
    name, expected = OF_PREDICTIONS[kind]
    np.testing.assert_allclose(
        getattr(kind.from_estimator(model, X, Y, ax=ax), name), expected(model), atol=1e-12
    )


def test_decision_boundary(model, ax):
    display = DecisionBoundaryDisplay.from_estimator(
        model, X, grid_resolution=9, response_method="predict_proba", class_of_interest=1, ax=ax
    )
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    np.testing.assert_allclose(display.response.ravel(), model.predict_proba(grid)[:, 1], rtol=1e-6)
