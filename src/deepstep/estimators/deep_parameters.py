"""The parameters of DeepClassifier and DeepRegressor: defaults, the values they may have, meaning."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from inspect import get_annotations
from numbers import Integral
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from deepstep.ensembles.presets import EFFORTS, Preset
from deepstep.ensembles.split import TIME
from deepstep.estimators.member_settings import check_parameters
from deepstep.estimators.network_parameters import ABOVE_0, COUNT
from deepstep.training import Callback

SPELLED = {
    "seed": "random_state",
    "epochs": "network_params['epochs']",
    "learning_rate": "network_params['learning_rate']",
    "batch_size": "network_params['batch_size']",
    "dropout": "network_params['dropout']",
    "layer_dims": "network_params['hidden_layers']",
    "precision": "network_params['precision']",
}
"""From the name of a training setting to the parameter that sets it."""


def parameter_of(setting: str) -> str:
    """The parameter that sets a training setting; empty for one that is not in `SPELLED`."""
    return SPELLED.get(setting, "")


@dataclass(eq=False, repr=False, match_args=False)
class DeepParameters(BaseEstimator):
    """The parameters of both estimators: constructor, signature and constraints.

    Each is described in `DeepClassifier` and `DeepRegressor`.
    """

    _: KW_ONLY
    # A parameter that is a name, such as `engine` or the `loss` of a subclass, may be any str here. It is
    # checked where it is looked up: names that users have registered are known there, and the error has the
    # nearest one.
    effort: Annotated[str, StrOptions({*EFFORTS})] = "balanced"
    time_budget: Annotated[float | None, ABOVE_0, None] = None
    scoring: Annotated[Any, str, callable, None] = None
    validation: Annotated[
        Any, StrOptions({TIME}), HasMethods(["split", "get_n_splits"]), "array-like", None
    ] = None
    n_estimators: Annotated[int | None, COUNT, None] = None
    presets: Annotated[Any, str, Preset, "array-like", None] = None
    network_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    loss_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    categorical_features: Annotated[Any, "array-like", None] = None
    keep_columns: Annotated[Sequence[str] | None, "array-like", None] = None
    refit: Annotated[bool, "boolean"] = False
    engine: Annotated[str, str] = "auto"
    dtype: Annotated[str, StrOptions({"float32", "float64"})] = "float32"
    n_jobs: Annotated[int | None, COUNT, Interval(Integral, None, -1, closed="right"), None] = None
    random_state: Annotated[Any, "random_state"] = None
    callbacks: Annotated[Any, "array-like", Callback, callable, None] = None
    checkpoint_dir: Annotated[str | Path | None, str, Path, None] = None
    resume: Annotated[bool, "boolean"] = False
    verbose: Annotated[bool | int | str, "verbose", str] = False
    stream: Annotated[bool | None, "boolean", None] = None

    # filled by `__init_subclass__`
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Fill `_parameter_constraints` from the annotations of the bases, then of the class itself."""
        super().__init_subclass__(**kwargs)
        cls._parameter_constraints = {
            name: [*annotation.__metadata__]
            for base in reversed(cls.__mro__)
            for name, annotation in get_annotations(base).items()
            if hasattr(annotation, "__metadata__")
        }

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, as `sklearn.base.BaseEstimator.set_params` does.

        Parameters
        ----------
        **params
            New values.

        Returns
        -------
        self
            The estimator; `fit` takes the values.

        Raises
        ------
        TypeError
            For a parameter of a network, with its place in ``network_params``.

        Examples
        --------
        >>> from deepstep import DeepClassifier
        >>> DeepClassifier().set_params(effort="fast").effort
        'fast'
        """
        check_parameters(type(self), params)
        super().set_params(**params)
        return self
