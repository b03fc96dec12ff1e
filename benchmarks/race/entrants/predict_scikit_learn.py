"""``MLPClassifier.predict_proba``."""

from sklearn.neural_network import MLPClassifier

from race.entrants.prediction import PredictingEntrant


class Entrant(PredictingEntrant):
    estimator, settings = MLPClassifier, {}
