"""`DeepClassifier.predict_proba` on the compiled engine."""

from deepstep import DeepClassifier
from race.entrants.prediction import PredictingEntrant


class Entrant(PredictingEntrant):
    estimator, settings = DeepClassifier, {"engine": "compiled"}
