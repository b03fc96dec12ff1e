"""The parameters of NetworkClassifier and NetworkRegressor: defaults, values that they may have, meaning."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from inspect import get_annotations
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar, get_type_hints

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, Options, StrOptions

from deepstep.training import Callback, ModelCheckpoint, ReduceLROnPlateau

AT_LEAST_0 = Interval(Real, 0, None, closed="left")
ABOVE_0 = Interval(Real, 0, None, closed="neither")
SHARE = Interval(Real, 0, 1, closed="left")
COUNT = Interval(Integral, 1, None, closed="left")

BFLOAT16 = "bfloat16"
"""The dtype that is a precision of products alone: the parameters are float32."""

SPELLED = {
    "l2": "alpha",
    "epochs": "max_iter",
    "iterations": "max_iter",
    "seed": "random_state",
    "tolerance": "tol",
    "optimizer_params['tolerance']": "tol",
    "layer_dims": "hidden_layer_sizes",
    "precision": "dtype",
    "activations": "activations (activation)",
    "output": "output (loss)",
    "output_settings": "output_settings (loss_params and their kin)",
    "optimizer": "optimizer (solver)",
    "optimizer_params": "optimizer_params (of the solver)",
    "learning_rate": "learning_rate (learning_rate_init, learning_rate, power_t)",
    "order": "order (shuffle, random_state)",
    "patience": "patience (n_iter_no_change)",
    "monitor": "monitor (early_stopping)",
    "keep_best": "keep_best (early_stopping)",
}
"""Settings of a training by the names of the parameters that they come from, where these differ."""


def parameter_of(setting: str) -> str:
    """The name of a setting among the parameters; empty where it is the same."""
    return SPELLED.get(setting, "")


@dataclass(eq=False, repr=False, match_args=False)
class NetworkParameters(BaseEstimator):
    """The parameters of both estimators: constructor, signature and constraints.

    Each is described in `NetworkClassifier` and `NetworkRegressor`.

    The first 23 are those of `sklearn.neural_network.MLPClassifier`, with its defaults and its meaning. On
    the same starting weights and the same order of examples the same numbers are computed. What is drawn
    differs: initial weights are normal and biases zero (there: both uniform), and the order of an epoch is a
    function of ``random_state`` and the epoch's number alone (there: one stream of draws).
    """

    hidden_layer_sizes: Annotated[Any, "array-like", COUNT] = (100,)
    activation: Annotated[Any, str, "array-like"] = "relu"
    _: KW_ONLY
    solver: Annotated[str, str] = "adam"
    alpha: Annotated[float, AT_LEAST_0] = 0.0001
    batch_size: Annotated[int | str, StrOptions({"auto"}), COUNT] = "auto"
    learning_rate: Annotated[str, StrOptions({"constant", "invscaling", "adaptive"})] = "constant"
    learning_rate_init: Annotated[float | str, StrOptions({"auto"}), ABOVE_0] = 0.001
    power_t: Annotated[float, AT_LEAST_0] = 0.5
    max_iter: Annotated[int, COUNT] = 200
    shuffle: Annotated[bool, "boolean"] = True
    random_state: Annotated[Any, "random_state"] = None
    tol: Annotated[float, AT_LEAST_0] = 1e-4
    verbose: Annotated[bool | int, "verbose"] = False
    warm_start: Annotated[bool, "boolean"] = False
    momentum: Annotated[float, Interval(Real, 0, 1, closed="both")] = 0.9
    nesterovs_momentum: Annotated[bool, "boolean"] = True
    early_stopping: Annotated[bool, "boolean"] = False
    validation_fraction: Annotated[float, SHARE] = 0.1
    beta_1: Annotated[float, SHARE] = 0.9
    beta_2: Annotated[float, SHARE] = 0.999
    epsilon: Annotated[float, ABOVE_0] = 1e-8
    n_iter_no_change: Annotated[float, COUNT, Options(Real, {np.inf})] = 10
    max_fun: Annotated[int, COUNT] = 15000
    loss_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    optimizer_params: Annotated[Mapping[str, Any] | None, Mapping, None] = None
    weight_decay: Annotated[float | None, AT_LEAST_0, None] = None
    dropout: Annotated[Any, SHARE, "array-like"] = 0.0
    normalization: Annotated[Any, str, "array-like"] = "none"
    initialization: Annotated[Any, str, Mapping] = "glorot"
    clip_norm: Annotated[float | None, ABOVE_0, None] = None
    lr_multipliers: Annotated[Mapping[str, float] | None, Mapping, None] = None
    schedule: Annotated[Any, str, Mapping, ReduceLROnPlateau, callable, None] = None
    time_budget: Annotated[float | None, ABOVE_0, None] = None
    scoring: Annotated[Any, str, callable, None] = None
    refit: Annotated[bool, "boolean"] = False
    engine: Annotated[str, str] = "auto"
    dtype: Annotated[str, StrOptions({"auto", "float32", "float64", BFLOAT16})] = "auto"
    callbacks: Annotated[Any, "array-like", Callback, callable, None] = None
    checkpoint_dir: Annotated[Any, str, Path, ModelCheckpoint, None] = None
    resume: Annotated[bool, "boolean"] = False

    # Names are checked where they are looked up: those that users register are known there, and the error
    # has the nearest one.
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Read the constraints of the parameters from their annotations."""
        super().__init_subclass__(**kwargs)
        cls._parameter_constraints = {
            name: [*hint.__metadata__]
            for base in reversed(cls.__mro__)
            for name, hint in get_annotations(base).items()
            if hasattr(hint, "__metadata__")
        }

    @property
    def precision(self) -> np.dtype[Any] | None:
        """The precision of a new network; None for that of X."""
        if self.dtype == BFLOAT16:
            return np.dtype(np.float32)
        if self.dtype != "auto":
            return np.dtype(self.dtype)
        return np.dtype(np.float64) if self.solver == "lbfgs" else None


Class = TypeVar("Class", bound=type)


def with_plain_signature(estimator: Class) -> Class:
    """A class decorator: the signature has plain types, as the constraints are read from the class."""
    init: Any = vars(estimator)["__init__"]
    init.__annotations__ = {**get_type_hints(init), "return": None}
    return estimator
