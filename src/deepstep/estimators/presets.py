"""Presets: settings that make a dense network strong on tables, and the rule that chooses among them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Any

import numpy as np

from deepstep.equations import INITIALIZATIONS, initialize_parameters
from deepstep.equations.initialization import drawn
from deepstep.network import Architecture
from deepstep.types import AnyArray, Array

ALWAYS: Mapping[str, Any] = {
    "preset": "mlp",
    "solver": "adam",
    "beta_2": 0.95,
    "alpha": 0.0,
    "schedule": "coslog4",
    "dropout_schedule": "flat_cos",
    "weight_decay_schedule": "flat_cos",
    "early_stopping": True,
    "scoring": "loss",
    "n_iter_no_change": inf,
    "tol": 0.0,
}
"""Parameters of all presets: RealMLP's optimizer and schedules (arXiv 2407.04491), the best epoch kept."""


@dataclass(frozen=True)
class Preset:
    """A way to make a network from a table.

    ``cuts``: numbers are cut into pieces (see `Encoding`), as many as the table's size allows. ``epochs`` is
    a factor of `rules_of_size.n_epochs`. ``settings`` are parameters of the plain estimator, with further
    ones ``of_classes`` and ``of_numbers``.
    """

    name: str
    why: str
    hidden: tuple[int, ...]
    cuts: bool = False
    epochs: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    of_classes: Mapping[str, Any] = field(default_factory=dict)
    of_numbers: Mapping[str, Any] = field(default_factory=dict)

    def parameters(self, *, classes: bool) -> dict[str, Any]:
        """Parameters of the plain estimator, but for what depends on the table."""
        kind = {**FOR_CLASSES, **self.of_classes} if classes else {**FOR_NUMBERS, **self.of_numbers}
        return {**ALWAYS, "hidden_layer_sizes": self.hidden, **kind, **self.settings}


FOR_CLASSES: Mapping[str, Any] = {"activation": "selu", "learning_rate_init": 0.04}
FOR_NUMBERS: Mapping[str, Any] = {"activation": "mish", "learning_rate_init": 0.07}

GATED = Preset(
    "gated",
    "numbers cut at quantiles, and a factor of each input that learns fast: columns that tell nothing fade",
    (128, 128),
    cuts=True,
    settings={"dropout": 0.15, "weight_decay": 0.02, "input_scale": True, "parametric": True},
)
PLE = Preset(
    "ple",
    "numbers cut at quantiles: answers that jump, as those of trees",
    (128, 128),
    cuts=True,
    settings={"dropout": 0.3, "weight_decay": 0.1},
)
RELU = Preset(
    "relu",
    "scaled numbers and relu: answers of straight parts",
    (128, 128),
    settings={"activation": "relu", "dropout": 0.15, "weight_decay": 0.02},
    of_classes={"label_smoothing": 0.1},
)
REALMLP = Preset(
    "realmlp",
    "scaled numbers and smooth activations: RealMLP's simple variant, smaller and with dropout",
    (128, 128),
    settings={"dropout": 0.15, "weight_decay": 0.02, "input_scale": True},
    of_classes={"label_smoothing": 0.1},
)
LINEAR = Preset(
    "linear",
    "no hidden layer: a linear model, which small tables often ask for; its epochs are many and cost little",
    (),
    epochs=5,
    settings={"weight_decay": 0.02},
)

TABM = Preset(
    "tabm",
    "many networks in one that share their matrices, numbers cut at quantiles: TabM-mini, smaller",
    (128, 128),
    cuts=True,
    settings={
        "solver": "adamw",
        "activation": "relu",
        "learning_rate_init": 0.002,
        "weight_decay": 3e-4,
        "beta_2": 0.999,
        "clip_norm": 1.0,
        "dropout": 0.1,
        "schedule": "constant",
        "dropout_schedule": None,
        "weight_decay_schedule": None,
        "n_iter_no_change": 16,
        "max_iter": 300,
    },
)
"""The preset of its own name; settings as those of TabM (arXiv 2410.24210, appendix), on smaller layers."""

FAMILY: Mapping[str, Preset] = {preset.name: preset for preset in (GATED, PLE, RELU, REALMLP, LINEAR)}
"""The presets of an ensemble by name, the most useful one first."""

PRESETS: Mapping[str, Preset] = {**FAMILY, TABM.name: TABM}
"""All presets by name."""


def start(
    layer_dims: tuple[int, ...], dtype: Any, rng: np.random.Generator
) -> tuple[dict[str, Array], dict[str, float]]:
    """Initial values and factors of the learning rate in RealMLP's manner (arXiv 2407.04491, appendix A).

    Its "neural tangent" parametrisation, Z = W·A / √n with weights of variance 1, is the plain layer with
    weights and learning rate divided by √n under Adam, which does not depend on the size of a gradient. So W
    ~ N(0, 1 / n_prev) with the factor 1 / √n_prev, b ~ N(0, 1) with 0.1, and an output layer of zeros.
    """
    values = initialize_parameters(layer_dims, method="lecun", rng=rng).to_dict()
    last = len(layer_dims) - 1
    for layer in range(1, last):
        values[f"b{layer}"] = rng.standard_normal((layer_dims[layer], 1))
    values[f"W{last}"][:] = 0
    factors = {f"W{layer}": 1 / sqrt(n) for layer, n in enumerate(layer_dims[:-1], 1)}
    return {name: value.astype(dtype) for name, value in values.items()}, {**factors, "b*": 0.1}


def shared_start(
    layer_dims: tuple[int, ...], members: int, origins: AnyArray, dtype: Any, rng: np.random.Generator
) -> dict[str, Array]:
    """Initial values of members that share a network, in TabM's manner (arXiv 2410.24210, section 3).

    ``origins`` (n_0,) has for each input the number of its feature: all inputs of a feature have one sign.

    >>> rng = np.random.default_rng(1)
    >>> shared_start((3, 4, 1), 2, np.array([0, 1, 0]), "float32", rng)["r1"]
    array([[ 1., -1.,  1.],
           [ 1.,  1.,  1.]], dtype=float32)
    """
    names = ("identity",) * (len(layer_dims) - 1)
    shape = Architecture(layer_dims, names, shared_members=members)
    values = shape.lay_out(drawn(shape.graph, INITIALIZATIONS["lecun"], rng)).to_dict()
    values["r1"] = values["r1"][:, origins]
    return {name: value.astype(dtype) for name, value in values.items()}
