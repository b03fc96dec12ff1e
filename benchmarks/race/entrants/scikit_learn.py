"""scikit-learn's network: one ``fit`` of several epochs a call, on its public attributes alone.

With ``warm_start`` a fit goes on from ``coefs_`` and ``intercepts_``, so they are set after a first fit.
That one is told that the targets are labels of several classes at once: two outputs stay two, which it
would otherwise make one, and ``out_activation_`` then makes them a softmax. Each fit checks its inputs,
some milliseconds beside epochs.
"""

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from race.workloads import SEED, Layers, Workload, data_of, first_layers

warnings.simplefilter("ignore", ConvergenceWarning)


def classifier_of(workload: Workload, **more: Any) -> MLPClassifier:
    """scikit-learn's network of a workload."""
    return MLPClassifier(
        workload.layer_dims[1:-1],
        activation=workload.activation,
        solver="adam" if workload.optimizer == "adam" else "sgd",
        momentum=0,
        nesterovs_momentum=False,
        alpha=0,
        batch_size=workload.batch,
        learning_rate_init=workload.rate,
        shuffle=workload.batch_size is not None,
        **more,
    )


class Entrant:
    epsilon_at = "hat"

    def __init__(self, workload: Workload) -> None:
        self._X, labels, Y = data_of(workload)
        self._targets = labels if workload.layer_dims[-1] == 1 else Y.astype(np.int64)
        self._model = classifier_of(
            workload, random_state=SEED, warm_start=True, tol=0, n_iter_no_change=10**9, max_iter=1
        )
        self._model.fit(self._X, self._targets)
        layers = first_layers(workload)
        self._model.coefs_ = [np.ascontiguousarray(W.T, np.float32) for W, _ in layers]
        self._model.intercepts_ = [b.astype(np.float32) for _, b in layers]
        if workload.layer_dims[-1] > 1:
            self._model.out_activation_ = "softmax"

    def work(self, units: int) -> None:
        self._model.set_params(max_iter=units).fit(self._X, self._targets)

    def layers(self) -> Layers:
        return [(W.T, b) for W, b in zip(self._model.coefs_, self._model.intercepts_, strict=True)]

    def cost(self) -> None:
        return None
