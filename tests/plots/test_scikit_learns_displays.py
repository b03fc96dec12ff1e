"""scikit-learn's own displays work with the estimators: their data are what its functions say of answers."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.calibration import CalibrationDisplay, calibration_curve
from sklearn.datasets import make_moons
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


@pytest.fixture(scope="module", params=["plain", "ensemble"])
def model(request):
    if request.param == "ensemble":
        return DeepClassifier(n_estimators=2, network_params={"epochs": 10}, random_state=0).fit(X, Y)
    return NetworkClassifier((8,), max_iter=30, learning_rate_init=0.03, batch_size=20, random_state=0).fit(
        X, Y
    )


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
def test_displays_of_predictions(model, kind):
    name, expected = OF_PREDICTIONS[kind]
    display = kind.from_estimator(model, X, Y, ax=Figure().subplots())
    np.testing.assert_allclose(getattr(display, name), expected(model), atol=1e-12)
