"""Fitted estimators as records of an archive: parameters, learned values, and the state to continue from."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from deepstep import archive
from deepstep.ensembles.predictor import Predictor
from deepstep.errors import ConfigurationError, DeepStepError, FileError, warn_the_caller

STATE = ("n_features_in_", "feature_names_in_", "_interrupted", "columns_", "preparation_", "_progress")
"""Attributes of a fitted estimator beside what its `Predictor` holds."""


def estimator_record(model: Any) -> dict[str, Any]:
    """The record of a fitted estimator of DeepStep, or of a pipeline of these."""
    check_is_fitted(model)
    if isinstance(model, Pipeline):
        return _pipeline_record(model)
    return {"estimator": _name(model), **_entries(model)}


def _entries(model: Any) -> dict[str, Any]:
    """Parameters, state and predictor of one estimator."""
    state = {name: vars(model)[name] for name in STATE if name in vars(model)}
    entries = {"parameters": _parameters(model), "state": state}
    predictor = getattr(model, "predictor_", None)
    return entries if predictor is None else {"model": predictor, **entries}


def _pipeline_record(pipeline: Pipeline) -> dict[str, Any]:
    """The record of a pipeline: its predictor, and the steps without theirs."""
    from deepstep.ensembles.predictor import predictor_of

    steps = []
    for name, step in pipeline.steps:
        entries = _entries(step)
        entries.pop("model", None)
        steps.append((name, {"estimator": _name(step), **entries}))
    return {"estimator": "Pipeline", "model": predictor_of(pipeline), "steps": tuple(steps)}


def estimator_of(record: Mapping[str, Any]) -> Any:
    """The estimator of a record that `estimator_record` made."""
    model = record.get("model")
    if model is not None and not isinstance(model, Predictor):
        raise TypeError("the model is no Predictor")
    if record["estimator"] == "Pipeline":
        steps = [(name, _fitted(step, model)) for name, step in record["steps"]]
        return Pipeline(steps)
    return _fitted(record, model)


def _fitted(record: Mapping[str, Any], predictor: Predictor | None) -> Any:
    kinds = import_module("deepstep.estimators")
    if record["estimator"] not in archive.ESTIMATORS:
        raise LookupError(f"{record['estimator']!r:.60} is no estimator")
    model = getattr(kinds, record["estimator"])(**record["parameters"])
    state = record["state"]
    if not set(state) <= set(STATE):
        raise ValueError(f"state has other entries than {', '.join(STATE)}")
    model.__dict__.update(state)
    if hasattr(model, "_take_predictor"):
        if predictor is None:
            raise TypeError("there is no model")
        model._take_predictor(predictor)
    return model


def _name(model: Any) -> str:
    """The name of the class of an estimator of DeepStep, or of the one that it is derived from."""
    for cls in type(model).__mro__:
        if cls.__name__ in archive.ESTIMATORS and cls.__module__.startswith("deepstep."):
            return cls.__name__
    requirement = "a pipeline of a TableEncoder and one network of DeepStep"
    hint = "Save the last step alone, and make the other steps again."
    raise ConfigurationError.must_be("model", requirement, f"{type(model).__name__} in it", hint)


def _parameters(model: Any) -> dict[str, Any]:
    """The parameters; those that no file can hold are left out with a warning."""
    parameters, left_out = {}, []
    for name, value in model.get_params(deep=False).items():
        try:
            archive.check_value(value, name)
        except DeepStepError:
            left_out.append(name)
        else:
            parameters[name] = value
    if left_out:
        warn_the_caller(
            f"{type(model).__name__}.save stores no functions and objects: after load, "
            f"{', '.join(left_out)} will have the default value. Predictions do not depend on it."
        )
    return parameters


class SavedEstimator:
    """The part of the estimators that is saved, loaded and exported."""

    def save(self, folder: Path | str, *, overwrite: bool = False) -> None:
        """Save the fitted estimator as a folder, whole or not at all; see `deepstep.save`.

        Parameters
        ----------
        folder : Path or str
            The folder to make; its parent exists.
        overwrite : bool, default=False
            Replace an older model, which stays as it is until the new one is complete.

        Raises
        ------
        NotFittedError
            Before `fit`.
        FileError
            If the folder exists and may not be replaced, or cannot be written.
        ConfigurationError
            If the classes are neither texts nor numbers.

        Examples
        --------
        >>> import tempfile
        >>> from deepstep import NetworkRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 6.0]
        >>> model = NetworkRegressor((), solver="lbfgs", random_state=1).fit(X, y)
        >>> folder = Path(tempfile.mkdtemp()) / "model"
        >>> model.save(folder)
        >>> bool((NetworkRegressor.load(folder).predict(X) == model.predict(X)).all())
        True
        """
        archive.save(self, folder, overwrite=overwrite)

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Load an estimator that `save` or ``deepstep train`` wrote; nothing in the folder is executed.

        Parameters
        ----------
        folder : Path or str
            The folder.

        Returns
        -------
        Self
            The same predictions to the bit, the same parameters and fitted attributes.

        Raises
        ------
        FileError
            If the folder is no model of this estimator, or one of its files is missing or altered.

        Examples
        --------
        >>> from deepstep import DeepClassifier
        >>> DeepClassifier.load("no/such/model")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/model does not exist. Give the folder of a saved model.
        """
        model = archive.load(folder)
        if issubclass(cls, type(model)) and cls is not type(model):  # a class of the user's own
            model.__class__ = cls
        if not isinstance(model, cls):
            problem = f"{folder} holds a {type(model).__name__}, not a {cls.__name__}"
            raise FileError(problem, "deepstep.load reads it.")
        return model

    def export(self, path: Path | str, *, to: str = "", overwrite: bool = False) -> Any:
        """Write one file that predicts without DeepStep: preparation of the columns, networks, target.

        The file is run, on rows with missing, unseen and large values, before it is written.

        Parameters
        ----------
        path : Path or str
            The file to write; its suffix is that of the format.
        to : str, optional
            The format, a name in ``deepstep.export.FORMATS``; by default by the suffix.
        overwrite : bool, default=False
            Replace files that exist.

        Returns
        -------
        deepstep.export.Certificate
            The largest difference from the predictions of this estimator.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ConfigurationError
            If the format cannot carry the model; the message names the reason.
        ParityError
            If the file predicts other values; nothing is written.
        FileError
            If the file exists and may not be replaced, or cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> from deepstep import NetworkRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 2.0, 4.0, 6.0]
        >>> model = NetworkRegressor((), solver="lbfgs", random_state=1).fit(X, y)
        >>> model.export(Path(tempfile.mkdtemp()) / "model.py").difference < 1e-6
        True
        """
        check_is_fitted(self)
        where = f"{type(self).__name__}.export"
        export: Any = import_module("deepstep.export").export  # nothing imports the exports
        return export(self, path, to=to, overwrite=overwrite, where=where)
