"""Settings of a session: the update rule and the regularization."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from deepstep.equations import Optimizer, get_optimizer
from deepstep.equations.updates import check_number, shown
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.network import Architecture, Parameters
from deepstep.types import Array, is_whole

PRECISIONS = ("bfloat16",)
"""Precisions that products of matrices may have beside that of the parameters."""


STEP_SETTINGS = (
    "dropout",
    "weight_decay",
    "clip_norm",
    "clip_value",
    "lr_multipliers",
    "weight_decay_multipliers",
    "precision",
)
"""Settings of single steps and batches; refused with L-BFGS, which minimizes one cost of all examples."""


@dataclass(frozen=True)
class Settings:
    """How a session trains. `Network.train` and the command line take each of these by name.

    Attributes
    ----------
    optimizer : str or Optimizer, optional
        Update rule, a name in ``deepstep.equations.OPTIMIZERS``.
    optimizer_params : mapping, optional
        Settings of the update rule: ``beta``, ``beta1``, …
    l1, l2 : float, optional
        λ of L1 and of L2 regularization of the weights, which are part of the cost; at least 0.
    weight_decay : float, optional
        λ of decoupled weight decay, θ := (1 - α·λ)·θ before each update; by default the optimizer's own (0.01
        for adamw, else 0).
    dropout : float or list of float or tuple of float, optional
        Probability with which a unit of a hidden layer is left out of a step, from 0 to below 1: one number
        for all hidden layers, or one for each.
    clip_norm, clip_value : float, optional
        Greatest norm of the whole gradient, and greatest size of each of its entries.
    lr_multipliers, weight_decay_multipliers : mapping, optional
        Factors of the learning rate and of the weight decay for groups of parameters, by name or pattern:
        ``{"b*": 0.1, "s1": 6}``. Where several fit, the last one counts. By default the weights W alone
        decay; b, gamma, s, r, omega, phi, V and a do not.
    precision : str, optional
        Precision of the products of matrices in steps, where it is not that of the parameters: "bfloat16"
        halves their memory and is fast on GPUs and on CPUs with AMX or AVX512-BF16. Parameters, update rule,
        costs and predictions stay in float32. The torch engine has it.
    seed : int, optional
        Seed of the dropout masks, which are functions of (seed, step, layer).

    Raises
    ------
    ConfigurationError
        If a setting is unknown or out of range.

    Examples
    --------
    >>> Settings("adamw", dropout=0.2).decay
    0.01
    """

    optimizer: str | Optimizer = "gd"
    optimizer_params: Mapping[str, Any] = field(default_factory=dict)
    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float | None = None
    dropout: float | list[float] | tuple[float, ...] = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None
    lr_multipliers: Mapping[str, float] = field(default_factory=dict)
    weight_decay_multipliers: Mapping[str, float] = field(default_factory=dict)
    precision: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        get_optimizer(self.optimizer).settings(self.optimizer_params)
        for name in ("l1", "l2"):
            check_number(name, getattr(self, name), 0)
        if self.weight_decay is not None:
            check_number("weight_decay", self.weight_decay, 0)
        for rate in self.dropout if isinstance(self.dropout, list | tuple) else [self.dropout]:
            check_number("dropout", rate, 0, 1)
        if not (is_whole(self.seed, 0) and self.seed < 2**64):
            raise ConfigurationError.must_be("seed", "a whole number from 0 to 2⁶⁴ - 1", shown(self.seed))
        if self.precision not in (None, *PRECISIONS):
            raise unknown_name("precision", self.precision, PRECISIONS, setting="precision")
        for name in ("clip_norm", "clip_value"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), 0, above=True)
        for name in ("lr_multipliers", "weight_decay_multipliers"):
            _check_factors(name, getattr(self, name))

    @classmethod
    def of(cls, **options: Any) -> "Settings":
        """Settings by name.

        Parameters
        ----------
        **options
            Settings; the others stand at their defaults.

        Returns
        -------
        Settings
            Checked.

        Raises
        ------
        ConfigurationError
            If there is no setting of that name; the message has the nearest one.
        """
        names = [setting.name for setting in fields(cls)]
        for name in options:
            if name not in names:
                raise unknown_name("setting", name, names)
        return cls(**options)

    @property
    def decay(self) -> float:
        """λ of the decoupled weight decay in force."""
        if self.weight_decay is None:
            return get_optimizer(self.optimizer).weight_decay
        return float(self.weight_decay)

    def dropout_of(self, architecture: Architecture) -> tuple[float, ...]:
        """The probability of dropout of each hidden layer, from layer 1 to L - 1.

        Parameters
        ----------
        architecture : Architecture
            The network.

        Returns
        -------
        tuple of float

        Raises
        ------
        ConfigurationError
            If there is not one for each.
        """
        n_hidden = architecture.n_layers - 1
        if not isinstance(self.dropout, list | tuple):
            return (float(self.dropout),) * n_hidden
        if len(self.dropout) != n_hidden:
            requirement = f"one number for all hidden layers or a list of {n_hidden}"
            hint = "Inputs and outputs are not dropped."
            raise ConfigurationError.must_be("dropout", requirement, f"{list(self.dropout)}", hint)
        return tuple(float(rate) for rate in self.dropout)

    def factors(self, kind: str, parameters: Parameters) -> Array | None:
        """The factor of the learning rate or of the weight decay for each entry of θ; None where all are 1.

        Parameters
        ----------
        kind : str
            "rate" or "decay".
        parameters : Parameters
            Their names, shapes and dtype.

        Returns
        -------
        factors : array of shape (n_parameters,)
            In the order of θ.

        Raises
        ------
        ConfigurationError
            If a pattern fits no parameter.
        """
        by_name = self.factors_by_name(kind, parameters)
        if all(factor == 1 for factor in by_name.values()):
            return None
        vector = np.ones_like(parameters.flat)
        groups = parameters.like(vector)
        for name, factor in by_name.items():
            groups[name][:] = factor
        return vector

    def factors_by_name(self, kind: str, names: Iterable[str]) -> dict[str, float]:
        """The factor of each parameter; the last pattern that fits counts.

        Parameters
        ----------
        kind : str
            "rate" or "decay".
        names : iterable of str
            ``"W1"``, ``"b1"``, …

        Returns
        -------
        dict
            Factor by name.

        Raises
        ------
        ConfigurationError
            If a pattern fits no parameter.
        """
        setting = {"rate": "lr_multipliers", "decay": "weight_decay_multipliers"}[kind]
        patterns = getattr(self, setting)
        defaults = [] if kind == "rate" else [("*", 0.0), ("W*", 1.0)]  # weights alone decay
        factors = dict.fromkeys(names, 1.0)
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in factors):
                raise unknown_name("parameter", pattern, factors, setting=setting, inside=True)
        for pattern, factor in [*defaults, *patterns.items()]:
            for name in factors:
                if fnmatchcase(name, pattern):
                    factors[name] = float(factor)
        return factors


def _check_factors(name: str, factors: Any) -> None:
    if not isinstance(factors, Mapping):
        raise ConfigurationError.must_be(name, "a mapping such as {'b*': 0.1}", repr(factors))
    for pattern, factor in factors.items():
        if not isinstance(pattern, str):
            requirement = "have names of parameters or patterns as keys"
            raise ConfigurationError.must_be(name, requirement, repr(pattern))
        check_number(f"{name}[{pattern!r}]", factor, 0)
