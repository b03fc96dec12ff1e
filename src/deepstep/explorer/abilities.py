"""What the page can compute by itself; everything else is refused, so that it never shows a wrong number."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from deepstep.engines import Settings
from deepstep.equations import get_head
from deepstep.errors import ConfigurationError
from deepstep.model import Network

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
"""Of hidden layers."""

OUTPUTS = ("sigmoid", "softmax", "identity")
OPTIMIZERS = ("gd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "lion")
SETTINGS = ("optimizer", "hyperparameters", "l2", "weight_decay", "dropout", "seed")
OF_STEPS = ("learning_rate", "iterations", "batch_size", "deterministic", *SETTINGS)
"""Options of `Network.steps` that a page can follow."""

MEND = "Network.steps and Network.trace open everything."


def check_network(network: Network) -> None:
    """Refuse a network that has parts that the page does not know.

    Raises
    ------
    ConfigurationError
    """
    shape = network.architecture
    _known("activation", shape.activations[:-1], ACTIVATIONS)
    _known("output", [shape.output], OUTPUTS)
    parts = {
        "normalization": any(kind != "none" for kind in shape.normalization),
        "input_scale": shape.input_scale,
        "parametric activations": any(shape.parametric),
        "output_settings": get_head(shape.output).settings != get_head(shape).settings,
    }
    for name, present in parts.items():
        if present:
            raise ConfigurationError("explore", f"a network without {name}", "this one has some", MEND)


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse options of a training that the page does not follow.

    Raises
    ------
    ConfigurationError
    """
    plain = {entry.name: getattr(Settings(), entry.name) for entry in fields(Settings)}
    for name, value in options.items():
        idle = value is None or (name in plain and value == plain[name])
        if name not in OF_STEPS and not idle:
            raise ConfigurationError("explore", f"options among {', '.join(OF_STEPS)}", f"got {name}", MEND)
    _known("optimizer", [options.get("optimizer", "gd")], OPTIMIZERS)


def followed(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The options that a page can follow, and the names of those that it cannot."""
    kept, left_out = {}, []
    for name, value in options.items():
        try:
            check_options({name: value})
        except ConfigurationError:
            left_out.append(f"optimizer {value!r}" if name == "optimizer" else name)
        else:
            kept[name] = value
    if "optimizer" not in kept:
        kept.pop("hyperparameters", None)
    return kept, left_out


def _known(kind: str, names: Any, known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise ConfigurationError(
                "explore", f"{kind} is one of {', '.join(map(repr, known))}", f"got {name!r}", MEND
            )
