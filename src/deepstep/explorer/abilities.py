"""The part of DeepStep that the page can compute by itself, with source and formula of its equations."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from inspect import getsourcefile, getsourcelines
from pathlib import Path
from typing import Any

import deepstep
from deepstep.engines import Settings
from deepstep.equations import EQUATIONS, HEADS, Equation, get_activation, get_head, get_optimizer
from deepstep.errors import ConfigurationError
from deepstep.model import Network
from deepstep.model.options import LBFGS

ROOT = Path(deepstep.__file__).parent

ACTIVATIONS = (
    *("identity", "relu", "leaky_relu", "elu", "selu", "gelu"),
    *("gelu_tanh", "silu", "mish", "softplus", "tanh", "sigmoid"),
)
"""Activations of hidden layers."""

OUTPUTS = ("sigmoid", "softmax", "identity")
OPTIMIZERS = ("gd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "lion")
OUTPUT_SETTINGS = ("smoothing",)
SETTINGS = (
    *("optimizer", "optimizer_params", "l2", "weight_decay", "dropout", "seed"),
    *("lr_multipliers", "weight_decay_multipliers"),
)
OPTIONS = ("learning_rate", "iterations", "batch_size", "deterministic", *SETTINGS)
"""Options of `Network.steps`."""

NOT_SHOWN = ("sample_weight", "class_weight", "time_budget")
HINT = "Network.steps and Network.trace open everything."

OF_EVERY_STEP = (
    *("linear_forward", "linear_backward", "dropout_forward", "dropout_backward"),
    *("cost_from_logits", "l2_cost", "decoupled_decay"),
)


def check_options(network: Network, options: Mapping[str, Any]) -> None:
    """Raise an error for options that no page can show."""
    if options.get("optimizer") == LBFGS:
        raise ConfigurationError.must_be("optimizer", "one that makes steps", repr(LBFGS))
    for name in NOT_SHOWN:
        if options.get(name) is not None:
            raise ConfigurationError(f"A page cannot show a training with {name}", HINT)


def unsupported_features(network: Network, options: Mapping[str, Any]) -> list[str]:
    """Options and parts of the network that the page cannot compute: it shows the recorded steps."""
    shape, optimizer = network.architecture, options.get("optimizer", "gd")
    settings, plain = get_head(shape).settings, get_head(shape.output).settings
    changed = {name for name, value in settings.items() if value != plain.get(name)}
    idle = {entry.name: getattr(Settings(), entry.name) for entry in fields(Settings)}
    parts = {
        "normalization": any(kind != "none" for kind in shape.normalization),
        "output settings": bool(changed - set(OUTPUT_SETTINGS)),
        shape.output: shape.output not in OUTPUTS,
        **{name: name not in ACTIVATIONS for name in shape.activations[:-1]},
        **dict.fromkeys(shape.features, True),
        optimizer if isinstance(optimizer, str) else "a user-defined optimizer": optimizer not in OPTIMIZERS,
    }
    for name, value in options.items():
        used = value is not None and not (name in idle and value == idle[name])
        parts[f"fault={value!r}" if name == "fault" else name] = used and name not in OPTIONS
    return [name for name, present in parts.items() if present]


def equations_of_a_page() -> list[str]:
    """The equations of all steps that the page can compute by itself."""
    activations = [get_activation(name) for name in dict.fromkeys((*ACTIVATIONS, *OUTPUTS))]
    heads = [HEADS[name] for name in OUTPUTS]
    functions = [
        *(part for activation in activations for part in (activation.forward, activation.backward)),
        *(part for head in heads for part in (head.loss, head.loss_backward)),
        *(part for head in heads for part in (head.textbook, head.textbook_backward) if part),
        *(get_optimizer(name).update for name in OPTIMIZERS),
    ]
    return list(dict.fromkeys([*OF_EVERY_STEP, *(function.__name__ for function in functions)]))


def sources_of(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """File, line and source text of each registered equation."""
    sources = ((name, _source(EQUATIONS[name])) for name in names if name in EQUATIONS)
    return {name: source for name, source in sources if source is not None}


def formulas_of(names: Iterable[str]) -> dict[str, str]:
    """The formula of each registered equation."""
    return {name: EQUATIONS[name].formula for name in names if name in EQUATIONS}


def _source(equation: Equation) -> dict[str, Any] | None:
    """From the line of ``def`` on; None if the source is not available."""
    try:
        lines, first = getsourcelines(equation.function)
        file = Path(getsourcefile(equation.function) or "")
    except (OSError, TypeError):
        return None
    skipped = next((index for index, line in enumerate(lines) if line.startswith("def ")), 0)
    place = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name
    return {"file": place, "line": first + skipped, "text": "".join(lines[skipped:]).rstrip("\n")}
