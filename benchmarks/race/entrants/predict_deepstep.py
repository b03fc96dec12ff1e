"""`NetworkClassifier.predict_proba` on the compiled engine."""

from deepstep import NetworkClassifier
from race.entrants.prediction import PredictingEntrant, fitted
from race.workloads import Workload


class Entrant(PredictingEntrant):
    def __init__(self, workload: Workload) -> None:
        super().__init__(workload, fitted(NetworkClassifier, workload, engine="compiled"))
