"""``MLPClassifier.predict_proba``, with the weights that `NetworkClassifier` has in the race."""

from sklearn.neural_network import MLPClassifier

from deepstep import NetworkClassifier
from race.entrants.prediction import PredictingEntrant, fitted
from race.workloads import Workload


class Entrant(PredictingEntrant):
    def __init__(self, workload: Workload) -> None:
        super().__init__(workload, fitted(MLPClassifier, workload))
        weights = fitted(NetworkClassifier, workload, engine="reference")
        self._model.coefs_, self._model.intercepts_ = weights.coefs_, weights.intercepts_
