"""Adam by one call of PyTorch's kernel, in place: no pass over θ but that one.

An interruption comes before the call or after it, and which of both is to be seen: the same call moves a
number that stood at 0.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from deepstep.engines.settings import Settings
from deepstep.engines.torch.place import Place
from deepstep.equations import get_optimizer
from deepstep.equations.updates import adam_update


class AtOnce:
    """The update of a step that is nothing but Adam."""

    def __init__(self, hyperparameters: Mapping[str, Any], like: Tensor) -> None:
        self._beta1, self._beta2, self._epsilon = (
            float(hyperparameters[name]) for name in ("beta1", "beta2", "epsilon")
        )
        self._mark, self._moved, self._square = like.new_zeros(3, 1).unbind()
        self._one = like.new_ones(1)

    @property
    def done(self) -> bool:
        """Whether the update was done since `begin`."""
        return bool(self._moved != 0)

    def begin(self) -> None:
        """Before an update."""
        self._moved.zero_()

    def update(self, place: Place, gradient: Tensor, rate: float, t: int) -> None:
        """Move a place on by a step, its number t."""
        step = torch.tensor(float(t))
        torch._fused_adam_(
            [place.vectors[0], self._mark],
            [gradient, self._one],
            [place.vectors[1], self._moved],
            [place.vectors[2], self._square],
            [],
            [step, step],
            lr=rate,
            beta1=self._beta1,
            beta2=self._beta2,
            weight_decay=0.0,
            eps=self._epsilon,
            amsgrad=False,
            maximize=False,
        )


def can_be_at_once(settings: Settings, hyperparameters: Mapping[str, Any], like: Tensor) -> bool:
    """Whether an update is Adam and nothing else, on a CPU; clipping comes before it."""
    adam = (
        get_optimizer(settings.optimizer).update is adam_update and hyperparameters["epsilon_at"] == "outside"
    )
    besides = settings.decay or settings.rate_factors or settings.average or settings.max_norm is not None
    return adam and not besides and like.device.type == "cpu"
