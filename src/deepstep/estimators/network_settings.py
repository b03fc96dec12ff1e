"""The parameters of an estimator as settings of one training: solver, rates, schedules, checkpoints."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass
from functools import update_wrapper
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils.metaestimators import available_if

from deepstep.engines import Session, Settings
from deepstep.equations import OPTIMIZERS
from deepstep.errors import ConfigurationError, unknown_name, warn_the_caller
from deepstep.estimators.network_parameters import BFLOAT16, NetworkParameters
from deepstep.model import Network
from deepstep.model.construction import FROM_DATA
from deepstep.model.options import as_schedule
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.targets import Targets
from deepstep.training import Callback, Checkpoint, ModelCheckpoint, latest_checkpoint
from deepstep.training.fit import REFIT
from deepstep.training.plan import SCHEDULED
from deepstep.training.rate_finder import AUTO, RateSearch, find_rate
from deepstep.types import Array

SOLVERS = ("adam", "sgd", "lbfgs")
"""The solvers of scikit-learn."""

OF_SOLVERS = ("beta_1", "beta_2", "epsilon", "momentum", "nesterovs_momentum")
"""Parameters of these alone."""

OF_BATCHES = (
    "dropout",
    "weight_decay",
    "clip_norm",
    "lr_multipliers",
    "schedule",
    "time_budget",
    "checkpoint_dir",
    "resume",
)
"""Parameters that mean nothing to L-BFGS: it minimizes one cost of all examples, its state is SciPy's own."""


def optimizer_of(params: NetworkParameters) -> tuple[str, Mapping[str, Any]]:
    """The update rule of a solver, scikit-learn's or one of ``OPTIMIZERS``, and its parameters."""
    name, optimizer_params = params.solver, dict(params.optimizer_params or {})
    if name in ("sgd", "lbfgs"):
        if optimizer_params:
            hint = "'sgd' and 'lbfgs' have parameters of their own: momentum, tol, max_fun."
            raise ConfigurationError(f"solver={name!r} has no optimizer_params, got {optimizer_params}", hint)
        if name == "lbfgs":
            return "gd", {}  # it takes the gradient alone
        return "nesterov" if params.nesterovs_momentum else "heavy_ball", {"beta": params.momentum}
    if name == "adam":
        averages = {"beta1": params.beta_1, "beta2": params.beta_2}
        return name, {**averages, "epsilon": params.epsilon, "epsilon_at": "hat", **optimizer_params}
    if name not in OPTIMIZERS:
        raise unknown_name("solver", name, dict.fromkeys((*SOLVERS, *OPTIMIZERS)), setting="solver")
    foreign = [other for other in OF_SOLVERS if getattr(params, other) != getattr(NetworkParameters, other)]
    if foreign:
        hint = "They are for 'adam' and 'sgd'. Use optimizer_params."
        raise ConfigurationError(f"{', '.join(foreign)} cannot be used with solver={name!r}", hint)
    return name, optimizer_params


def settings_of(params: NetworkParameters, seed: int) -> Settings:
    """The settings of the steps."""
    rule, optimizer_params = optimizer_of(params)
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


def schedules_of(params: NetworkParameters) -> dict[str, Any]:
    """The schedules by name; each training has its own, as a plateau counts."""
    schedule = params.schedule
    if schedule is None:
        return {}
    by_name = isinstance(schedule, Mapping) and "name" not in schedule
    schedules = dict(schedule) if by_name else {"schedule": schedule}
    for name in schedules:
        if name not in SCHEDULED:
            raise unknown_name("schedule", name, SCHEDULED, setting="schedule", inside=True)
    return {
        name: as_schedule(deepcopy(schedule), name)
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


def checkpoint_to_resume(params: NetworkParameters, *, refit: bool = False) -> Checkpoint | None:
    """The newest checkpoint of a killed training; None where there is none, or where it is not asked for."""
    if not params.resume:
        return None
    if params.checkpoint_dir is None:
        raise ConfigurationError.must_be("checkpoint_dir", "a folder where resume=True", "None")
    return latest_checkpoint(checkpoints_of(params, refit=refit)[0].folder)


def fit_to_resume(params: NetworkParameters) -> Checkpoint | None:
    """The newest checkpoint of a killed fit, of either training: a short first one leaves none."""
    first = checkpoint_to_resume(params)
    return checkpoint_to_resume(params, refit=True) if first is None else first


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


def refuse_without_use(params: NetworkParameters, *, validated: bool) -> None:
    """Refuse parameters that would do nothing for lack of validation data or early stopping."""
    scored = params.scoring is not None and not validated
    useless = [*(["refit"] if params.refit else []), *(["scoring"] if scored else [])]
    if params.solver == "lbfgs" and useless:
        problem = f"{', '.join(useless)} cannot be used with solver='lbfgs', which holds nothing out"
        hint = "Use another solver; for scores alone fit(…, X_val=…, y_val=…)."
        raise ConfigurationError(problem, hint)
    if params.refit and not params.early_stopping:
        hint = "Early stopping counts the epochs of the refit."
        raise ConfigurationError.must_be("early_stopping", "True where refit=True", "False", hint)
    if scored and not params.early_stopping:
        hint = "Use early_stopping=True, or fit(…, X_val=…, y_val=…)."
        requirement = "None where there are no validation data"
        raise ConfigurationError.must_be("scoring", requirement, repr(params.scoring), hint)


def refuse_what_is_of_batches(params: NetworkParameters) -> None:
    """Refuse parameters that L-BFGS has no use for."""
    useless = [name for name in OF_BATCHES if _asks_for_something(getattr(params, name))]
    if params.dtype == BFLOAT16:
        useless.append(f"dtype={BFLOAT16!r}")
    if params.learning_rate_init == AUTO:
        useless.append(f"learning_rate_init={AUTO!r}")
    if "batch" in np.ravel(params.normalization):
        useless.append("normalization='batch'")
    if useless:
        reason = "cannot be used with solver='lbfgs', which minimizes one cost of all examples"
        raise ConfigurationError(f"{', '.join(useless)} {reason}", "Use another solver, such as 'adam'.")


def _asks_for_something(value: Any) -> bool:
    return bool(np.any(value) if isinstance(value, float | list | tuple | np.ndarray) else value)


LOGISTIC = {"logistic": "sigmoid"}
"""scikit-learn's name of an activation that is not ours."""


def new_network(
    params: NetworkParameters, targets: Targets, scale: Array, sample: Examples, seed: int
) -> Network:
    """The network before training, as ``initialization`` says."""
    start, normalization = params.initialization, params.normalization
    values = start if isinstance(start, Mapping) else None
    sizes = params.hidden_layer_sizes
    hidden = (sizes,) if isinstance(sizes, Integral) else tuple(sizes)
    return Network(
        (sample.X.shape[1], *hidden, sample.Y.shape[1]),
        activation=_activations(params.activation),
        output=targets.head,
        output_settings=targets.head_settings(scale, None),
        normalization=normalization if isinstance(normalization, str) else [*normalization],
        seed=seed,
        dtype=sample.X.dtype,
        engine=params.engine,
        initialization="zeros" if values is not None or start == FROM_DATA else start,
        parameters=values,
    )


def _activations(activation: Any) -> Any:
    if isinstance(activation, str):
        return LOGISTIC.get(activation, activation)
    return [LOGISTIC.get(name, name) if isinstance(name, str) else name for name in activation]


def network_to_go_on(
    params: NetworkParameters, targets: Targets, scale: Array, sample: Examples, network: Network, where: str
) -> Network:
    """A copy of the fitted network to go on with; refused where the parameters ask for another one."""
    hint = "Use a new estimator" + ("." if where.endswith("partial_fit") else ", or warm_start=False.")
    plain_start = copy(params)
    plain_start.initialization = "zeros"
    expected_network = new_network(plain_start, targets, scale, sample, 0)
    if expected_network.architecture != network.architecture:
        names = "hidden_layer_sizes, activation, normalization, loss or outputs"
        raise ConfigurationError(f"{names} are not those of the fitted network, {network!r}", hint)
    dtype = str(network.dtype)
    if params.dtype != "auto" and str(params.precision) != dtype:
        requirement = f"{dtype!r} or 'auto', as the fitted network has that precision"
        raise ConfigurationError.must_be("dtype", requirement, repr(params.dtype), hint)
    network = copy(network)
    network.engine = params.engine
    return network


DEFAULT_BATCH_SIZE = 200
"""Examples of an update where batch_size is 'auto', as in scikit-learn."""


@dataclass(frozen=True)
class InverseScaling:
    """α / (t + 1)^power with t the examples seen so far; ``restart`` begins at α, as a warm start does."""

    initial: float
    power: float
    examples: int
    first_epoch: int = 0
    seen: int = 0
    restart: bool = False

    def __call__(self, epoch: int) -> float:
        """The rate of an epoch."""
        if self.restart and epoch == self.first_epoch:
            return self.initial
        return self.initial / (self.seen + (epoch - self.first_epoch) * self.examples + 1) ** self.power


class AdaptiveRate(Callback):
    """A rate that `lower` divides as long as it is above ``least``; a callback, so that it can be resumed."""

    adds_to_records = ()

    def __init__(self, rate: float, *, factor: float = 5.0, least: float = 1e-6) -> None:
        self.rate = self._initial = rate
        self._factor = factor
        self._least = least

    def __call__(self, epoch: int) -> float:
        """The rate now, whatever the epoch."""
        return self.rate

    def lower(self) -> bool:
        """Lower the rate; False where it is too small for that."""
        if self.rate <= self._least:
            return False
        self.rate /= self._factor
        return True

    def settings(self) -> Mapping[str, Any]:
        """Where it began, and how it falls."""
        return {"rate": self._initial, "factor": self._factor, "least": self._least}

    def state(self) -> Mapping[str, Any]:
        """The rate now."""
        return {"rate": self.rate}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.rate = float(state["rate"])


def first_rate(
    params: NetworkParameters, learned: Examples, session: Callable[[], Session], seed: int
) -> tuple[float, RateSearch | None]:
    """The learning rate that a new fit begins with, and the search that found it, in the order of the fit.

    A fit that is resumed has the rate of its checkpoint.
    """
    if params.learning_rate_init != AUTO:
        return float(params.learning_rate_init), None
    with warnings.catch_warnings(action="ignore"):  # of damaged checkpoints: the training warns of them
        checkpoint = fit_to_resume(params)
    if checkpoint is not None:
        return float(checkpoint.identity["learning_rate"]), None
    size = DEFAULT_BATCH_SIZE if isinstance(params.batch_size, str) else int(params.batch_size)
    is_one_batch = size >= len(learned)
    search = find_rate(
        session(),
        learned,
        batch_size=None if is_one_batch else size,
        order=as_they_are if is_one_batch or not params.shuffle else shuffled(seed),
    )
    if search.suggestion is not None:
        return search.suggestion, search
    instead = float(NetworkParameters.learning_rate_init)
    warn_the_caller(f"learning_rate_init='auto' found no rate that lowers the cost; {instead:g} is taken.")
    return instead, search
