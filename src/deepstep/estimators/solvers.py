"""The parameters of an estimator as settings of a training: solver, rates, schedules and checkpoints."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from deepstep.engines import Settings
from deepstep.equations import OPTIMIZERS
from deepstep.errors import ConfigurationError, DataError, unknown_name
from deepstep.estimators.options import Options
from deepstep.model.options import as_schedule
from deepstep.training import Callback, Checkpoint, ModelCheckpoint, latest_checkpoint
from deepstep.training.fit import REFIT
from deepstep.training.lbfgs import OF_STEPS
from deepstep.training.plan import SCHEDULED
from deepstep.training.rate_finder import AUTO
from deepstep.types import AnyArray

Optimizer: TypeAlias = tuple[str, Mapping[str, Any]]
"""The name of an update rule, and its optimizer_params."""

OF_ADAM = {"beta1": "beta_1", "beta2": "beta_2", "epsilon": "epsilon", "epsilon_at": "epsilon_at"}
"""Settings of Adam, and the parameters that they are."""

SCIKIT_LEARN: dict[str, Callable[[SimpleNamespace], Optimizer]] = {
    "adam": lambda params: ("adam", {name: getattr(params, own) for name, own in OF_ADAM.items()}),
    "sgd": lambda params: (
        "nesterov" if params.nesterovs_momentum else "heavy_ball",
        {"beta": params.momentum},
    ),
    "lbfgs": lambda params: ("gd", {}),  # it takes the gradient alone
}
"""scikit-learn's solvers, with its reading of Adam and of momentum."""

OF_SCIKIT_LEARN = ("beta_1", "beta_2", "epsilon", "momentum", "nesterovs_momentum")
"""Parameters of its solvers alone."""

OF_BATCHES = (*OF_STEPS, *SCHEDULED, "time_budget", "checkpoint_dir", "resume")
"""Parameters that mean nothing to L-BFGS: it minimizes one cost of all examples, its state is SciPy's own."""


def make_optimizer(params: SimpleNamespace, where: str) -> Optimizer:
    """The update rule of a solver: scikit-learn's, or one of ``OPTIMIZERS``."""
    name = params.solver
    if name in SCIKIT_LEARN:
        given = dict(params.optimizer_params or {})
        if given and name != "adam":
            expected = "optimizer_params of a solver that is an update rule, such as 'adamw'"
            hint = "'sgd' and 'lbfgs' have parameters of their own: momentum, tol, max_fun."
            raise ConfigurationError(where, expected, f"got {given} for {name!r}", hint)
        rule, settings = SCIKIT_LEARN[name](params)
        return rule, {**settings, **given}
    if name not in OPTIMIZERS:
        raise unknown_name(where, "solver", name, {**SCIKIT_LEARN, **OPTIMIZERS})
    foreign = [one for one in OF_SCIKIT_LEARN if getattr(params, one) != getattr(Options, one)]
    if foreign:
        expected = f"optimizer_params, where solver={name!r}, and scikit-learn's own left as they are"
        hint = "They are for 'adam' and 'sgd'."
        raise ConfigurationError(where, expected, f"got {', '.join(foreign)}", hint)
    return name, params.optimizer_params or {}


def settings_of(params: SimpleNamespace, seed: int, where: str) -> Settings:
    """The settings of the steps."""
    (optimizer, optimizer_params), dropout = make_optimizer(params, where), params.dropout
    if isinstance(dropout, Sequence | np.ndarray):
        dropout = np.asarray(dropout, object).tolist()
    same = ("l1", "weight_decay", "clip_norm", "clip_value")
    return Settings(
        optimizer,
        optimizer_params,
        l2=params.alpha,
        dropout=dropout,
        lr_multipliers=params.lr_multipliers or {},
        weight_decay_multipliers=params.weight_decay_multipliers or {},
        precision=params.precision,
        seed=seed,
        **{name: getattr(params, name) for name in same},
    )


def schedules_of(params: SimpleNamespace, where: str) -> dict[str, Any]:
    """The schedules that are given, by name."""
    given = {name: getattr(params, name) for name in SCHEDULED}
    return {
        # a plateau counts: each training has its own
        name: as_schedule(deepcopy(schedule), f"{where}, {name}")
        for name, schedule in given.items()
        if schedule is not None
    }


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


def supports_partial_fit(estimator: Any) -> bool:
    """Whether partial_fit can go on with one batch after another; the error says why not."""
    scheduled = [name for name in (*SCHEDULED, "time_budget") if getattr(estimator, name) is not None]
    early = "partial_fit does not support early_stopping=True: it holds no validation part out"
    for refused, why in (
        (estimator.preset != "mlp", "preset='mlp' alone has it, others prepare all data at once"),
        (estimator.solver == "lbfgs", "it needs a solver that learns from batches; solver is 'lbfgs'"),
        (estimator.early_stopping, early),
        (estimator.checkpoint_dir is not None, "it continues with its own rows; checkpoint_dir is for fit"),
        (scheduled, f"it cannot tell {' and '.join(scheduled)} how much training will come"),
    ):
        if refused:
            raise AttributeError(why)
    return True


def refuse_lonely_class(classes: AnyArray, where: str) -> None:
    """Refuse a validation part where one of two classes has one row, as scikit-learn's network does."""
    counts = np.bincount(classes, minlength=2)
    if len(counts) == 2 and counts.min() == 1:
        got = (
            "got one. The least populated classes in y have only 1 member. Classes with too few members are: "
        )
        got += f"['{bool(counts.argmin())}'] (False is the first class, True the second)"
        raise DataError(where, "two examples of each class, where early_stopping holds a part out", got)


def refuse_without_use(params: SimpleNamespace, validated: bool, where: str) -> None:
    """Refuse parameters that would do nothing: for lack of validation data, early stopping or a folder."""
    lbfgs = params.solver == "lbfgs" and not (params.preset == "single" and params.early_stopping)
    scored = params.scoring is not None and not validated
    useless = [*(["refit"] if params.refit else []), *(["scoring"] if scored else [])]
    of_folder = ("checkpoint_every", "keep_checkpoints")
    given = [name for name in of_folder if getattr(params, name) != getattr(Options, name)]
    if lbfgs and useless:
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
    if given and params.checkpoint_dir is None:
        raise ConfigurationError(where, f"checkpoint_dir, where {' and '.join(given)} is given", "got None")


def refuse_what_is_of_batches(params: SimpleNamespace, where: str) -> None:
    """Refuse parameters that L-BFGS has no use for."""
    given = [name for name in OF_BATCHES if _asks_for_something(getattr(params, name))]
    if params.learning_rate_init == AUTO:
        given.append(f"learning_rate_init={AUTO!r}")
    if "batch" in np.ravel(params.normalization):
        given.append("normalization='batch'")
    if given:
        expected = (
            "what belongs to batches left out for solver='lbfgs', which minimizes one cost of all examples"
        )
        hint = "Use another solver, such as 'adam'."
        raise ConfigurationError(where, expected, f"got {', '.join(given)}", hint)


def _asks_for_something(value: Any) -> bool:
    return bool(np.any(value) if isinstance(value, float | list | tuple | np.ndarray) else value)


def checkpoints_of(params: Any, *, refit: bool) -> list[ModelCheckpoint]:
    """The callback that writes the checkpoints of a training, if they are asked for."""
    if params.checkpoint_dir is None:
        return []
    every, keep = params.checkpoint_every, params.keep_checkpoints
    first = ModelCheckpoint(params.checkpoint_dir, every=every, keep=keep)
    return [first.within(REFIT) if refit else first]


def checkpoint_to_resume(params: Any, where: str, *, refit: bool) -> Checkpoint | None:
    """The newest checkpoint of a killed training; None where there is none, or where it is not asked for."""
    if not params.resume:
        return None
    if params.checkpoint_dir is None:
        raise ConfigurationError(where, "checkpoint_dir, where resume=True", "got None")
    return latest_checkpoint(checkpoints_of(params, refit=refit)[0].folder)


def fit_to_resume(params: Any, where: str) -> Checkpoint | None:
    """The newest checkpoint of a killed fit, of either training: a short first one leaves none."""
    first = checkpoint_to_resume(params, where, refit=False)
    return checkpoint_to_resume(params, where, refit=True) if first is None else first
