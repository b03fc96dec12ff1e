"""The parameters of an estimator as settings of one training: solver, rates, schedules, checkpoints."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from functools import update_wrapper
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if

from deepstep.engines import Settings
from deepstep.equations import OPTIMIZERS
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.estimators.network_parameters import BFLOAT16, NetworkParameters
from deepstep.model.options import as_schedule
from deepstep.training import Checkpoint, ModelCheckpoint, latest_checkpoint
from deepstep.training.fit import REFIT
from deepstep.training.plan import SCHEDULED
from deepstep.training.rate_finder import AUTO

SOLVERS = ("adam", "sgd", "lbfgs")
"""The solvers of scikit-learn."""

OF_SOLVERS = ("beta_1", "beta_2", "epsilon", "momentum", "nesterovs_momentum")
"""Parameters of these alone."""

OF_BATCHES = (
    "dropout", "weight_decay", "clip_norm", "lr_multipliers", "schedule", "time_budget", "checkpoint_dir",
    "resume",
)  # fmt: skip
"""Parameters that mean nothing to L-BFGS: it minimizes one cost of all examples, its state is SciPy's own."""


def optimizer_of(params: NetworkParameters, where: str) -> tuple[str, Mapping[str, Any]]:
    """The update rule of a solver, scikit-learn's or one of ``OPTIMIZERS``, and its parameters."""
    name, own = params.solver, dict(params.optimizer_params or {})
    if name in ("sgd", "lbfgs"):
        if own:
            expected = "optimizer_params of a solver that is an update rule, such as 'adamw'"
            hint = "'sgd' and 'lbfgs' have parameters of their own: momentum, tol, max_fun."
            raise ConfigurationError(where, expected, f"got {own} for {name!r}", hint)
        if name == "lbfgs":
            return "gd", {}  # it takes the gradient alone
        return "nesterov" if params.nesterovs_momentum else "heavy_ball", {"beta": params.momentum}
    if name == "adam":
        averages = {"beta1": params.beta_1, "beta2": params.beta_2}
        return name, {**averages, "epsilon": params.epsilon, "epsilon_at": "hat", **own}
    if name not in OPTIMIZERS:
        raise unknown_name(where, "solver", name, dict.fromkeys((*SOLVERS, *OPTIMIZERS)))
    foreign = [other for other in OF_SOLVERS if getattr(params, other) != getattr(NetworkParameters, other)]
    if foreign:
        expected = f"optimizer_params, where solver={name!r}, and scikit-learn's own left as they are"
        hint = "They are for 'adam' and 'sgd'."
        raise ConfigurationError(where, expected, f"got {', '.join(foreign)}", hint)
    return name, own


def settings_of(params: NetworkParameters, seed: int, where: str) -> Settings:
    """The settings of the steps."""
    rule, optimizer_params = optimizer_of(params, where)
    dropout = params.dropout
    if isinstance(dropout, Sequence | np.ndarray):
        dropout = np.asarray(dropout, object).tolist()
    return Settings(
        rule,
        optimizer_params,
        l2=params.alpha,
        weight_decay=params.weight_decay,
        dropout=dropout,
        clip_norm=params.clip_norm,
        lr_multipliers=params.lr_multipliers or {},
        precision=BFLOAT16 if params.dtype == BFLOAT16 else None,
        seed=seed,
    )


def schedules_of(params: NetworkParameters, where: str) -> dict[str, Any]:
    """The schedules by name; each training has its own, as a plateau counts."""
    asked = params.schedule
    if asked is None:
        return {}
    by_name = isinstance(asked, Mapping) and "name" not in asked
    schedules = dict(asked) if by_name else {"schedule": asked}
    for name in schedules:
        if name not in SCHEDULED:
            raise unknown_name(where, "schedule", name, SCHEDULED, setting="schedule", inside=True)
    return {
        name: as_schedule(deepcopy(schedule), f"{where}, {name}")
        for name, schedule in schedules.items()
        if schedule is not None
    }


def checkpoints_of(params: NetworkParameters, *, refit: bool = False) -> list[ModelCheckpoint]:
    """The callback that writes the checkpoints of a training, if they are asked for."""
    place = params.checkpoint_dir
    if place is None:
        return []
    callback = place if isinstance(place, ModelCheckpoint) else ModelCheckpoint(place)
    return [callback.within(REFIT) if refit else callback]


def checkpoint_to_resume(params: NetworkParameters, where: str, *, refit: bool = False) -> Checkpoint | None:
    """The newest checkpoint of a killed training; None where there is none, or where it is not asked for."""
    if not params.resume:
        return None
    if params.checkpoint_dir is None:
        raise ConfigurationError(where, "checkpoint_dir, where resume=True", "got None")
    return latest_checkpoint(checkpoints_of(params, refit=refit)[0].folder)


def fit_to_resume(params: NetworkParameters, where: str) -> Checkpoint | None:
    """The newest checkpoint of a killed fit, of either training: a short first one leaves none."""
    first = checkpoint_to_resume(params, where)
    return checkpoint_to_resume(params, where, refit=True) if first is None else first


def supports_partial_fit(params: NetworkParameters) -> bool:
    """Whether partial_fit can go on with one batch after another; the error says why not."""
    planned = [name for name in ("schedule", "time_budget") if getattr(params, name) is not None]
    early = "partial_fit does not support early_stopping=True: it holds no validation part out"
    for refused, why in (
        (params.early_stopping, early),
        (params.solver == "lbfgs", "it needs a solver that learns from batches; solver is 'lbfgs'"),
        (params.checkpoint_dir is not None, "it continues with its own rows; checkpoint_dir is for fit"),
        (planned, f"it cannot tell {' and '.join(planned)} how much training will come"),
    ):
        if refused:
            raise AttributeError(why)
    return True


class NotAvailableError(AttributeError, ValueError):
    """For `hasattr`, and a ValueError as scikit-learn's network raises it for early stopping."""


class Incremental:
    """A method that is there where `supports_partial_fit`; else the error has the reason.

    It is scikit-learn's `available_if`, whose own error has the reason as its cause alone.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = available_if(supports_partial_fit)(method)
        update_wrapper(self, method)  # type: ignore[arg-type]  # nothing calls it: it gives the method

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        try:
            return self._method.__get__(owner, kind)
        except AttributeError as error:
            raise NotAvailableError(f"{error}: {error.__cause__}") from None


def refuse_without_use(params: NetworkParameters, where: str, *, validated: bool) -> None:
    """Refuse parameters that would do nothing for lack of validation data or early stopping."""
    scored = params.scoring is not None and not validated
    useless = [*(["refit"] if params.refit else []), *(["scoring"] if scored else [])]
    if params.solver == "lbfgs" and useless:
        expected = "what belongs to early stopping left out for solver='lbfgs', which holds nothing out"
        hint = "Use another solver; for scores alone fit(…, X_val=…, y_val=…)."
        raise ConfigurationError(where, expected, f"got {', '.join(useless)}", hint)
    if params.refit and not params.early_stopping:
        expected, got = "early_stopping=True, where refit=True", "got early_stopping=False"
        raise ConfigurationError(where, expected, got, "It counts the epochs.")
    if scored and not params.early_stopping:
        got = f"got scoring={params.scoring!r} alone"
        hint = "Use early_stopping=True, or fit(…, X_val=…, y_val=…)."
        raise ConfigurationError(where, "validation data, where scoring is given", got, hint)


def refuse_what_is_of_batches(params: NetworkParameters, where: str) -> None:
    """Refuse parameters that L-BFGS has no use for."""
    useless = [name for name in OF_BATCHES if _asks_for_something(getattr(params, name))]
    if params.dtype == BFLOAT16:
        useless.append(f"dtype={BFLOAT16!r}")
    if params.learning_rate_init == AUTO:
        useless.append(f"learning_rate_init={AUTO!r}")
    if "batch" in np.ravel(params.normalization):
        useless.append("normalization='batch'")
    if useless:
        expected = (
            "what belongs to batches left out for solver='lbfgs', which minimizes one cost of all examples"
        )
        hint = "Use another solver, such as 'adam'."
        raise ConfigurationError(where, expected, f"got {', '.join(useless)}", hint)


def _asks_for_something(value: Any) -> bool:
    return bool(np.any(value) if isinstance(value, float | list | tuple | np.ndarray) else value)
