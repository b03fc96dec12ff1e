"""``predict_proba`` of an estimator, fitted for one step of the full batch from the same seed: the same weights in both."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from race.workloads import SEED, Workload, data_of

warnings.simplefilter("ignore", ConvergenceWarning)

FITTED_ROWS = 2_000


class PredictingEntrant:
    """An estimator that predicts."""

    epsilon_at = "outside"

    def __init__(self, workload: Workload) -> None:
        data = data_of(workload)
        self._all, self._labels, self._X = data.X, data.labels, data.X[: workload.rows]
        self._model = self.estimator(
            workload.layer_dims[1:-1], max_iter=1, batch_size=FITTED_ROWS, random_state=SEED, **self.settings
        ).fit(data.X[:FITTED_ROWS], data.labels[:FITTED_ROWS])

    def work(self, units: int) -> None:
        for _ in range(units):
            self._model.predict_proba(self._X)

    def layers(self) -> list:
        return []

    def cost(self) -> float:
        """Mean loss of the probabilities of all rows."""
        found = self._model.predict_proba(self._all)[np.arange(len(self._labels)), self._labels]
        return float(-np.log(found.astype(np.float64)).mean())
