"""``predict_proba`` of an estimator that was fitted for one step of the full batch."""

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from race.workloads import SEED, Workload, data_of

warnings.simplefilter("ignore", ConvergenceWarning)

FITTED_ROWS = 2_000


def fitted(estimator: type, workload: Workload, **settings: Any) -> Any:
    """An estimator after one step."""
    data = data_of(workload)
    hidden = workload.layer_dims[1:-1]
    model = estimator(hidden, max_iter=1, batch_size=FITTED_ROWS, random_state=SEED, **settings)
    return model.fit(data.X[:FITTED_ROWS], data.labels[:FITTED_ROWS])


class PredictingEntrant:
    """An estimator that predicts."""

    epsilon_at = "outside"

    def __init__(self, workload: Workload, model: Any) -> None:
        self._model, data = model, data_of(workload)
        self._all, self._labels, self._X = data.X, data.labels, data.X[: workload.rows]

    def work(self, units: int) -> None:
        for _ in range(units):
            self._model.predict_proba(self._X)

    def layers(self) -> list:
        return []

    def cost(self) -> float:
        """Mean loss of the probabilities of all rows."""
        found = self._model.predict_proba(self._all)[np.arange(len(self._labels)), self._labels]
        return float(-np.log(found.astype(np.float64)).mean())
