"""Torch's twins of the activations. Loaded only where torch is asked for."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.functional import softplus

from deepstep.equations import get_activation
from deepstep.errors import ConfigurationError

LINEAR_FROM = 40.0
"""From here on log(1 + e^z) is z to the last bit of float64; torch's own limit of 20 is 2e-9 off there."""


class Exponential(nn.Module):
    """e^Z, the output of "poisson"."""

    def forward(self, Z: torch.Tensor) -> torch.Tensor:
        """Rows to rows."""
        return torch.exp(Z)


class Increasing(nn.Module):
    """Z₁ and from it upwards in steps of softplus(Zₖ), the output of "quantile"."""

    def forward(self, Z: torch.Tensor) -> torch.Tensor:
        """Rows to rows."""
        return _first_and_steps(Z, 1)


class Ordinal(nn.Module):
    """σ of Z₁ and from it downwards in steps of softplus(Zₖ), the output of "ordinal"."""

    def forward(self, Z: torch.Tensor) -> torch.Tensor:
        """Rows to rows."""
        return torch.sigmoid(_first_and_steps(Z, -1))


class InputScale(nn.Module):
    """A factor for each input, which is learned."""

    def __init__(self, n: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n, dtype=dtype))

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Rows to rows."""
        return X * self.weight


class Parametric(nn.Module):
    """An activation that learns how far it bends: from Z at α = 0 to the activation at 1, unit by unit."""

    def __init__(self, activation: nn.Module, n: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.activation = activation
        self.alpha = nn.Parameter(torch.ones(n, dtype=dtype))

    def forward(self, Z: torch.Tensor) -> torch.Tensor:
        """Rows to rows."""
        activated: torch.Tensor = self.activation(Z)
        return (1 - self.alpha) * Z + self.alpha * activated


class Twin(NamedTuple):
    """A class of torch, and the settings with which it is one of our activations, ours first."""

    kind: type[nn.Module]
    settings: Mapping[str, tuple[Any, ...]] = {}

    def make(self) -> nn.Module:
        """A module."""
        return self.kind(**{name: values[0] for name, values in self.settings.items()})

    def fits(self, module: nn.Module) -> bool:
        """Whether a module computes this activation."""
        return type(module) is self.kind and all(
            getattr(module, name) in values for name, values in self.settings.items()
        )


TWINS: dict[str, Twin] = {
    "relu": Twin(nn.ReLU),
    "leaky_relu": Twin(nn.LeakyReLU, {"negative_slope": (0.01,)}),
    "elu": Twin(nn.ELU, {"alpha": (1.0,)}),
    "selu": Twin(nn.SELU),
    "gelu": Twin(nn.GELU, {"approximate": ("none",)}),
    "gelu_tanh": Twin(nn.GELU, {"approximate": ("tanh",)}),
    "silu": Twin(nn.SiLU),
    "mish": Twin(nn.Mish),
    "softplus": Twin(nn.Softplus, {"beta": (1.0,), "threshold": (LINEAR_FROM, 20.0)}),
    "tanh": Twin(nn.Tanh),
    "sigmoid": Twin(nn.Sigmoid),
    "softmax": Twin(nn.Softmax, {"dim": (1, -1)}),
    "identity": Twin(nn.Identity),
    "exponential": Twin(Exponential),
    "increasing": Twin(Increasing),
    "ordinal": Twin(Ordinal),
}
"""All activations of DeepStep's own by name."""


def twin(name: str, where: str) -> nn.Module:
    """A module of torch that computes an activation.

    Raises
    ------
    ConfigurationError
        If it is a user's own.
    """
    if name not in TWINS:
        get_activation(name, where)
        raise ConfigurationError(
            where, f"activations that torch has, {', '.join(TWINS)}", f"got {name!r}, which is your own"
        )
    return TWINS[name].make()


def name_of(module: nn.Module) -> str | None:
    """The activation that a module computes, if it is one of ours."""
    return next((name for name, twin in TWINS.items() if twin.fits(module)), None)


def _first_and_steps(Z: torch.Tensor, sign: int) -> torch.Tensor:
    steps = sign * softplus(Z[:, 1:], threshold=LINEAR_FROM)
    return torch.cumsum(torch.cat([Z[:, :1], steps], dim=1), dim=1)
