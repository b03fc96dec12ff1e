"""Operations of kernels, by number, and the tables they read: one compilation serves every network.

`lowering` fills the tables from the graph of a network. Nothing here loads Numba: what has a kernel is known
before.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from deepstep import equations
from deepstep.types import AnyArray, Array

KINDS = ("W", "b", "gamma", "s")
WEIGHTS, BIAS, SCALE, INPUTS = range(len(KINDS))
"""Kinds of parameters of a layer."""

NONE, BATCH, LAYER = range(3)
"""How a layer is normalized."""

TURNED_UP_TO = 16
"""With so few inputs a batch is turned to columns when it is gathered: products then go along the
examples.
"""

CALLS = {
    "forward": "thread barrier plan layers theta source first work batch",
    "backward": "thread barrier plan layers theta work embedded batch",
    "gradient": "thread plan layers parameters state source first work batch",
    "activate": "z offset stride n low high theta b slope",
    "drop": "A D first stride n low high keep seed step layer row",
    "normalize": "thread barrier layers l work theta batch",
    "standardize": "z offset layers l widest stride theta statistics n_examples",
    "loss": "plan levels work offset n batch",
    "finish": "z offset stride n k room row_offset",
    "update": "plan state offset g begin count rate keep step",
    "regularize": "thread plan theta offset g begin count total shared",
    "update_whole": "thread barrier plan parameters state work batch",
    "scale_weights": "thread plan layers theta scaled",
    "through_the_scale": "theta offset layers n_x gradient into count scaled",
    "gradient_of_the_scale": "thread plan layers parameters state work batch",
    "run_along": "layers statistics moments m",
    "embed": "embedded theta room stride low high",
    "embed_rows": "layers embedded theta X low count stride",
    "through_the_stages": "embedded theta room stride low high",
    "gradients_of_stages": "thread plan embedded room gradient batch",
}
"""Routines that kernels call by address (see `calls`), with the names of the arguments."""

LAYERS = np.dtype(
    [
        ("size", "i8"),  # n_l; in row 0 the rows that layer 1 reads
        *((kind, "i8") for kind in KINDS),  # where each begins in θ; -1 where there is none
        ("rows", "i8", (len(KINDS),)),  # their rows in PARAMETERS
        ("unit", "i8"),  # its first unit among those of all layers
        ("activation", "i8"),  # that of the output belongs to the head
        ("activate", "i8"),  # addresses of what a layer calls; in row 0 that of `embed_rows`
        *((name, "i8") for name in ("forth", "back", "standardize")),
        ("normalization", "i8"),
        ("drop", "f8"),  # probability with which a unit is left out
    ]
)
"""A row for each layer; row 0 is the inputs."""

PARAMETERS = np.dtype(
    [
        *((name, "i8") for name in ("offset", "size")),  # its place in θ
        ("rate", "f8"),  # factor of the learning rate
        ("decay", "f8"),  # λ of decoupled decay
    ]
)
"""A row for each parameter, in the order of θ."""

PLAN = np.dtype(
    [
        *((name, "i8") for name in ("n_threads", "blas", "turned", "rule", "epsilon_at", "seed")),
        *((name, "i8") for name in CALLS),  # the addresses of what steps call; 0 for what is not called
        *((name, "f8") for name in ("head_setting", "beta1", "beta2", "epsilon", "l1", "l2")),
        *((name, "f8") for name in ("clip_value", "clip_norm")),
        *((name, "i8") for name in ("m", "batch_size", "first_batch", "steps_done", "only_gradient")),
        ("complete", "i8"),  # whether all of the gradient is kept, and the update comes after it
        ("tile", "i8"),
        ("n_x", "i8"),
        ("inputs", "i8"),  # the row of X in the room of the inputs
    ]
)
"""One row: the settings of the session, then those of a call."""

STAGES = np.dtype(
    [
        *((name, "i8") for name in ("kind", "reads", "n", "writes")),  # rows of the room: its n inputs, …
        ("cosines", "i8"),  # the first row of those that maps read
        ("picks", "i8"),  # where the numbers of its count inputs begin in `Embedded.picks`
        ("count", "i8"),
        ("each", "i8"),  # cosines for each input
        ("d", "i8"),  # outputs of the map of an input
        *((name, "i8") for name in ("first", "second")),  # its parameters in θ: omega and phi, V and a
    ]
)
"""A row for each stage before layer 1."""


class Embedded(NamedTuple):
    """Stages before layer 1."""

    stages: AnyArray
    picks: AnyArray
    rows: int
    room: Array  # of derivatives, flat; in prediction of what is written


_NAMES = (
    "identity relu leaky_relu elu selu gelu gelu_tanh silu mish softplus tanh sigmoid exponential "
    "relu_with_slope"
)
ACTIVATION_CODES = {name: code for code, name in enumerate(_NAMES.split())}
RELU, RELU_WITH_SLOPE = ACTIVATION_CODES["relu"], ACTIVATION_CODES.pop("relu_with_slope")
"""The second is relu whose slope is written down, where its output does not show it."""

HEADS = ("sigmoid", "softmax", "identity", "absolute_error", "huber", "poisson", "quantile", "ordinal")
"""Operations that have a kernel."""

GD, MOMENTUM, HEAVY_BALL, NESTEROV, RMSPROP, ADAM, LION = range(7)
RULE_CODES: dict[Callable[..., Any], int] = {
    equations.gradient_descent_update: GD,
    equations.momentum_update: MOMENTUM,
    equations.heavy_ball_update: HEAVY_BALL,
    equations.nesterov_update: NESTEROV,
    equations.rmsprop_update: RMSPROP,
    equations.adam_update: ADAM,
    equations.lion_update: LION,
}

COSINES, MAPS = range(2)
STAGE_CODES: dict[Callable[..., Any], int] = {
    equations.cosine_features: COSINES,
    equations.input_maps_forward: MAPS,
}
"""Stages before layer 1, see `embeddings`."""

INPUT, FACTORS, LINEAR, NORMALIZED, SHIFTED, ACTIVATION, DROPPED = range(7)
"""Places of operations in a layer, in the order in which kernels do them."""


class Lowers(NamedTuple):
    """How an operation becomes numbers: its place, and the content of each column of its layer."""

    place: int
    columns: Mapping[str, int] = MappingProxyType({})


KERNELS: dict[Callable[..., Any], Lowers] = {
    **dict.fromkeys(STAGE_CODES, Lowers(INPUT)),
    equations.scaled_weights: Lowers(FACTORS),
    equations.linear_forward: Lowers(LINEAR),
    equations.product_forward: Lowers(LINEAR),
    equations.normalize_batch: Lowers(NORMALIZED, {"normalization": BATCH}),
    equations.normalize_layer: Lowers(NORMALIZED, {"normalization": LAYER}),
    equations.scale_shift_forward: Lowers(SHIFTED),
    **{
        equations.ACTIVATIONS[name].forward: Lowers(ACTIVATION, {"activation": code})
        for name, code in ACTIVATION_CODES.items()
    },
    equations.dropout_forward: Lowers(DROPPED),
}
"""The equation of a forward pass → how it is lowered. What is not here, the reference engine does."""


class Data(NamedTuple):
    """The examples, flat, rows one after another; weight and order may be empty."""

    X: Array
    Y: Array
    weight: Array
    order: AnyArray


class Batch(NamedTuple):
    """A batch as one thread sees it, with the numbers of its step."""

    m: int  # its examples, as columns
    total: float  # the sum of their weights
    low: int  # the first column of this thread, and that after the last
    high: int
    stride: int  # entries from one unit to the next
    step: int  # number of the update, from 1
    rate: float  # α, and the factors of weight decay and dropout
    decay: float
    dropout: float


WEIGHT, LOSS, ROOM, ALONG, DEVIATION = range(5)
"""Rows of `Work.rows`: weights, losses, room for two numbers; deviations in layers normalized by layer."""

SIZES, SQUARES, LARGEST, NORM, SUMS = range(5)
"""Columns of `Work.shared`; from `SUMS` on come the sums of normalized layers."""
