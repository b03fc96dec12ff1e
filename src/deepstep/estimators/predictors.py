"""The predictor of any fitted model: what commands, exports and reports use, whatever the estimator is."""

from typing import Any

from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.predictor import Predictor
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.errors import ConfigurationError


def predictor_of(model: Any, where: str = "predictor_of") -> Predictor:
    """The predictor of an estimator, or of a pipeline of a `TableEncoder` and one network.

    >>> from sklearn.pipeline import make_pipeline
    >>> from deepstep import NetworkRegressor, TableEncoder
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 6.0]
    >>> model = make_pipeline(TableEncoder(), NetworkRegressor((), solver="lbfgs", random_state=1)).fit(X, y)
    >>> predictor = predictor_of(model)
    >>> bool((predictor.predictions(predictor.outputs(X)) == model.predict(X)).all())
    True
    """
    if isinstance(model, Predictor):
        return model
    steps = [step for _, step in getattr(model, "steps", ())]
    if len(steps) == 2 and hasattr(steps[0], "preparation_") and hasattr(steps[1], "predictor_"):
        encoder, predictor = steps[0], steps[1].predictor_
        (preprocessor,), (member,) = predictor.ensemble.preprocessors, predictor.ensemble.members
        prepared = Preprocessor(
            encoder.preparation_, preprocessor.encodings, preprocessor.center, preprocessor.scale
        )
        ensemble = Ensemble.of_one(member, prepared, predictor.targets.head)
        return Predictor(encoder.columns_, predictor.targets, ensemble, predictor.calibration)
    if not hasattr(model, "predictor_"):
        expected = "a fitted estimator of DeepStep, or a pipeline of a TableEncoder and one network"
        raise ConfigurationError(where, expected, f"got {type(model).__name__}", setting="model")
    predictor = model.predictor_
    if not isinstance(predictor, Predictor):
        raise TypeError(f"predictor_ of {type(model).__name__} is no Predictor")
    return predictor
