"""scikit-learn's network: ``partial_fit``, which does an epoch, in a loop.

It draws its first parameters, from the seed from which `race.workloads.first_layers` draws the same ones.
"""

import numpy as np

from race.entrants.scikit_learn import classifier_of
from race.workloads import Layers, Workload, data_of


class Entrant:
    def __init__(self, workload: Workload) -> None:
        self._X, self._labels, _ = data_of(workload)
        self._classes = np.unique(self._labels)
        # a number would give the same order each time
        self._model = classifier_of(workload, random_state=np.random.RandomState(workload.seed))

    def work(self, units: int) -> None:
        for _ in range(units):
            self._model.partial_fit(self._X, self._labels, classes=self._classes)

    def layers(self) -> Layers:
        return [(W.T, b) for W, b in zip(self._model.coefs_, self._model.intercepts_, strict=True)]
