"""Trainings that the page can compute by itself; of others it shows the recorded steps."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from deepstep.engines import Settings
from deepstep.equations import get_head
from deepstep.errors import ConfigurationError
from deepstep.model import Network
from deepstep.model.options import LBFGS

ACTIVATIONS = (
    "identity",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "gelu_tanh",
    "silu",
    "mish",
    "softplus",
    "tanh",
    "sigmoid",
)
"""Activations of hidden layers."""

OUTPUTS = ("sigmoid", "softmax", "identity")
OPTIMIZERS = ("gd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "lion")
OUTPUT_SETTINGS = ("smoothing",)
SETTINGS = (
    "optimizer",
    "optimizer_params",
    "l2",
    "weight_decay",
    "dropout",
    "lr_multipliers",
    "weight_decay_multipliers",
    "seed",
)
OF_STEPS = ("learning_rate", "iterations", "batch_size", "deterministic", *SETTINGS)
"""Options of `Network.steps` that a page can follow."""

NOT_SHOWN = ("sample_weight", "class_weight", "time_budget")


def check_options(network: Network, options: Mapping[str, Any]) -> None:
    """Refuse what no page can show."""
    members = network.architecture.shared_members
    if members:
        hint = "Network.trace opens every quantity of a step."
        raise ConfigurationError(
            "explore", "a network with one column for each example", f"got {members} members in one", hint
        )
    if options.get("optimizer") == LBFGS:
        raise ConfigurationError("explore", "an optimizer that makes steps", f"got {LBFGS!r}")
    for name in NOT_SHOWN:
        if options.get(name) is not None:
            hint = "Network.steps and Network.trace open everything."
            raise ConfigurationError("explore", f"a training without {name}", "got one", hint)


def beyond(network: Network, options: Mapping[str, Any]) -> list[str]:
    """Options and layers that the page's own arithmetic does not know."""
    shape, plain = (
        network.architecture,
        {entry.name: getattr(Settings(), entry.name) for entry in fields(Settings)},
    )
    parts = {
        "normalization": any(kind != "none" for kind in shape.normalization),
        "output settings": bool(_asked_of(shape.output, get_head(shape).settings) - set(OUTPUT_SETTINGS)),
        shape.output: shape.output not in OUTPUTS,
        **{name: name not in ACTIVATIONS for name in shape.activations[:-1]},
        **dict.fromkeys(shape.features, True),
    }
    optimizer = options.get("optimizer", "gd")
    if optimizer not in OPTIMIZERS:
        parts[optimizer if isinstance(optimizer, str) else "an optimizer of one's own"] = True
    for name, value in options.items():
        idle = value is None or (name in plain and value == plain[name])
        parts[name] = name not in OF_STEPS and not idle
    return [name for name, present in parts.items() if present]


def _asked_of(output: str, settings: Mapping[str, Any]) -> set[str]:
    """The settings of an output that are not as they are by default."""
    plain = get_head(output).settings
    return {name for name, value in settings.items() if value != plain.get(name)}
