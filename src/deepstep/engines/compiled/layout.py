"""A network, its settings and its batches as tables of numbers, so that one compilation serves every
network.
"""

from collections.abc import Mapping
from inspect import signature
from typing import Any, NamedTuple

import numpy as np

from deepstep.engines.compiled.activations import ACTIVATION_CODES, RELU, RELU_WITH_SLOPE
from deepstep.engines.compiled.heads import HEAD_CODES, SELDOM
from deepstep.engines.compiled.updates import EPSILON_AT, RULE_CODES
from deepstep.engines.settings import Settings
from deepstep.equations import Head, get_optimizer
from deepstep.equations.ops import symbol_and_layer
from deepstep.network import Architecture, Parameters
from deepstep.types import AnyArray, Array

KINDS = ("W", "b", "gamma", "s", "alpha")
"""Kinds of parameters, in the tables of factors. r of members stands in the place of s: a row for each."""

NONE, BATCH, LAYER = range(3)
NORMALIZATION_CODES = {"none": NONE, "batch": BATCH, "layer": LAYER}

TURNED_UP_TO = 16
"""With so few inputs a batch is turned to columns when it is gathered: products then go along the
examples.
"""

LAYERS = np.dtype(
    [
        ("size", "i8"),  # n_l
        *((kind, "i8") for kind in KINDS),  # where each begins in θ; -1 where there is none
        ("unit", "i8"),  # its first unit among those of all layers
        ("blocks", "i8"),  # members that have weights of their own here, W ∘ r or a W; else 1
        ("activation", "i8"),  # that of the output belongs to the head
        ("normalization", "i8"),
        ("drop", "f8"),  # probability with which a unit is left out
        ("rates", "f8", (len(KINDS),)),  # factors of the learning rate for each
        ("decays", "f8", (len(KINDS),)),  # their λ of decoupled decay
    ]
)
"""A row for each layer; row 0 is the inputs."""

PLAN = np.dtype(
    [
        *((name, "i8") for name in ("n_threads", "blas", "turned", "head", "rule", "epsilon_at", "seed")),
        *((name, "f8") for name in ("head_setting", "beta1", "beta2", "epsilon", "l1", "l2", "clip_value")),
        *((name, "f8") for name in ("clip_norm", "max_norm", "average")),
        *(
            (name, "i8")
            for name in ("m", "batch_size", "first_batch", "steps_done", "averaged", "only_gradient")
        ),
        ("tile", "i8"),
    ]
)
"""One row: the settings of the session, then those of a call."""


def layers_of(architecture: Architecture, settings: Settings, parameters: Parameters) -> AnyArray:
    """The table of the layers, of `LAYERS`."""
    table = np.zeros(architecture.n_layers + 1, LAYERS)
    table["size"] = architecture.layer_dims
    table["unit"][1:] = np.cumsum([0, *architecture.layer_dims[1:-1]])
    hidden = slice(1, -1)
    table["activation"][hidden] = [ACTIVATION_CODES[name] for name in architecture.activations[:-1]]
    table["normalization"][hidden] = [NORMALIZATION_CODES[kind] for kind in architecture.normalization]
    table["drop"][hidden] = settings.dropout_of(architecture)
    table["blocks"] = 1
    table["blocks"][[1, -1]] = max(1, architecture.shared_members)
    bent = np.array([False, *architecture.parametric, False])
    hides = (table["activation"] == RELU) & ((table["drop"] > 0) | bent)
    table["activation"][hides] = RELU_WITH_SLOPE
    rates, decays = (settings.factors_by_name(kind, parameters) for kind in ("rate", "decay"))
    at = 0
    for kind in KINDS[2:]:
        table[kind] = -1
    for name, (rows, columns) in parameters.layout:
        kind, layer = symbol_and_layer(name)
        kind = "s" if kind == "r" else kind
        table[kind][layer] = at
        place = KINDS.index(kind)
        table["rates"][layer, place] = rates[name]
        table["decays"][layer, place] = settings.decay * decays[name]
        at += rows * columns
    return table


def plan_of(settings: Settings, head: Head) -> AnyArray:
    """The settings of a session as a row of `PLAN`."""
    optimizer = get_optimizer(settings.optimizer)
    defaults = signature(optimizer.update).parameters
    values: dict[str, Any] = {name: entry.default for name, entry in defaults.items()}
    values |= optimizer.settings(settings.hyperparameters)
    plan = np.zeros(1, PLAN)
    plan["head"], plan["rule"] = HEAD_CODES[head.name], RULE_CODES[optimizer.update]
    plan["head_setting"] = head.settings.get("smoothing", head.settings.get("delta", 0))
    plan["beta1"], plan["beta2"] = values.get("beta1", values.get("beta", 0)), values.get("beta2", 0)
    plan["epsilon"] = values.get("epsilon", 0)
    plan["epsilon_at"] = EPSILON_AT.index(values.get("epsilon_at", EPSILON_AT[0]))
    for name in ("l1", "l2", "clip_value", "clip_norm", "max_norm", "average"):
        plan[name] = getattr(settings, name) or 0
    plan["seed"] = np.uint64(settings.seed).astype(np.int64)  # its bits: kernels take it as it was
    return plan


def levels_of(settings: Mapping[str, Any]) -> Array:
    """The levels of quantiles; empty for other heads."""
    return np.array(settings.get("levels", ()), np.float64)


def running_statistics(layers: AnyArray, statistics: Mapping[str, Array], dtype: Any) -> Array | None:
    """Mean and variance of all units (2, units), from "mean1", …; None where no layer is normalized."""
    if not layers["normalization"].any():
        return None
    running = np.zeros((2, int(layers["size"][1:].sum())), dtype)
    for l in np.flatnonzero(layers["normalization"] == BATCH):
        units = slice(layers["unit"][l], layers["unit"][l] + layers["size"][l])
        running[0, units], running[1, units] = statistics[f"mean{l}"][:, 0], statistics[f"variance{l}"][:, 0]
    return running


class Data(NamedTuple):
    """The examples, flat, rows one after another; weight and order may be empty."""

    X: Array
    Y: Array
    weight: Array
    order: AnyArray


class Batch(NamedTuple):
    """A batch as one thread sees it.

    Attributes
    ----------
    m : int
        Its columns: the examples of the first member, then those of the second, …
    examples : int
        Its examples: m, but for members that share a network.
    total : float
        The sum of their weights.
    low, high : int
        Which columns are this thread's.
    stride : int
        Entries from one unit to the next.
    step : int
        Number of the update, from 1.
    """

    m: int
    examples: int
    total: float
    low: int
    high: int
    stride: int
    step: int


class Work(NamedTuple):
    """Room that a step works in, of the network's dtype; kept from step to step.

    Attributes
    ----------
    inputs : array
        The gathered batch, flat: rows of examples, or of inputs where they are turned.
    A, D : arrays
        Activations of all layers, and dZ of all layers (before that g′(Z)): flat, a row of ``stride`` numbers
        for each unit.
    U : array
        Normalized inputs U_hat of all layers, likewise; empty without normalization.
    S : array
        dA of a layer on its way to dZ, likewise; empty where relu alone is used.
    targets : array
        A row for each output, flat.
    rows : array of shape (4 + layers, stride)
        Of the examples: weights, losses, room for two numbers; and deviations in layers normalized by layer.
    gradient : array
        A part of ∂J/∂θ for each thread, or all of it, flat.
    shared : array of float64 (n_threads, k)
        What threads tell each other: sums.
    """

    inputs: Array
    A: Array
    D: Array
    U: Array
    S: Array
    targets: Array
    rows: Array
    gradient: Array
    shared: Array


WEIGHT, LOSS, ROOM, ALONG, DEVIATION = range(5)
"""Rows of `Work.rows`; from `DEVIATION` on there is one for each layer."""

SIZES, SQUARES, LARGEST, NORM, SUMS = range(5)
"""Columns of `Work.shared`; from `SUMS` on come the sums of normalized layers."""

TILE = 2**17
"""Numbers of a part of the gradient: BLAS packs the inputs anew for each part, so parts are large, and yet
stay in the cache until the update has used them. (Measured: 2^15 took 9 % longer at 784-512-512-10, 5 % at
50-512-512-512-2; more than 2^17 changed nothing.)
"""


LEAST_ROWS = 16
"""Units at once where rows of weights are long: each part reads all inputs of the batch once more."""


def tile_of(layers: AnyArray) -> int:
    """How many numbers of the gradient one thread makes at once: some rows of weights at least."""
    widest = max(LEAST_ROWS * int(layers["size"].max()), int(layers["size"][0] * members_of(layers)))
    return min(max(TILE, widest), parameters_of(layers))


def members_of(layers: AnyArray) -> int:
    """K of members that share the network; 1 for an ordinary one."""
    return int(layers["blocks"][-1])


def parameters_of(layers: AnyArray) -> int:
    """The length of θ; the b of the output layer ends it, or its s where it is the only layer."""
    members = members_of(layers)
    return int(max(layers["b"][-1] + members * layers["size"][-1], layers["s"][1] + layers["size"][0]))


class OptionalRoom(NamedTuple):
    """Room that most networks do without: where it is None, what uses it is not compiled.

    Attributes
    ----------
    moments : array of float64 (2, units), or None
        Mean and variance of the batch, where layers are normalized.
    seldom : array, or None
        Something, where dropout, a limit of norms, an average or a head of ordered units is used. A third of
        the time that compiling takes, the first time on a machine, is theirs.
    scaled : array of shape (K · n_1 · n_0,), or None
        W_s1 in the forward pass, then W1 ∘ dW_s1, where inputs have factors; of each member its own.
    bent : array, or None
        g(Z) - Z of all layers like `Work.A`, then dA ∘ (g(Z) - Z), where activations are parametric.
    """

    moments: Array | None
    seldom: Array | None
    scaled: Array | None
    bent: Array | None

    def for_batches(self, layers: AnyArray, m: int) -> "OptionalRoom":
        """With room for batches of m examples."""
        size = int(layers["size"][1:].sum()) * stride_for(members_of(layers) * m)
        if self.bent is None or self.bent.size == size:
            return self
        return self._replace(bent=np.zeros(size, self.bent.dtype))


def optional_room(plan: AnyArray, layers: AnyArray, dtype: Any) -> OptionalRoom:
    """What these settings need of it."""
    units = int(layers["size"][1:].sum())
    limits = any(plan[name][0] > 0 for name in ("clip_norm", "max_norm", "average"))
    seldom = limits or int(plan["head"][0]) in SELDOM or (layers["drop"] > 0).any()
    normalized = layers["normalization"].any()
    weights = int(layers["blocks"][1] * layers["size"][0] * layers["size"][1])
    return OptionalRoom(
        np.zeros((2, units)) if normalized else None,
        np.zeros(0) if seldom else None,
        np.zeros(weights, dtype) if layers["s"][1] >= 0 else None,
        np.zeros(0, dtype) if (layers["alpha"] >= 0).any() else None,
    )


def stride_for(m: int) -> int:
    """Numbers from unit to unit: whole vectors, and an odd number of them, as after a power of two units push
    each other out of the cache.

    Examples
    --------
    >>> stride_for(60), stride_for(64), stride_for(256), stride_for(1000)
    (64, 64, 272, 1008)
    """
    vectors = -(-m // 16)
    return 16 * (vectors | 1 if m > 64 else vectors)


def work_for(layers: AnyArray, m: int, n_threads: int, *, whole: bool, gathers: bool, dtype: Any) -> Work:
    """Room for batches of m examples.

    Parameters
    ----------
    layers : array of LAYERS
    m, n_threads : int
    whole : bool
        Whether the gradient is kept whole.
    gathers : bool
        Whether inputs are copied together.
    dtype
        Of the numbers.
    """
    sizes = layers["size"]
    units, widest = int(sizes[1:].sum()), int(sizes[1:].max())
    stride = stride_for(members_of(layers) * m)
    normalized = layers["normalization"].any()
    slopes = (layers["activation"][1:-1] != RELU).any()

    def room(rows: int, needed: Any = True) -> Array:
        return np.zeros(rows * stride if needed else 0, dtype)

    n_x = int(sizes[0])
    turned = n_x <= TURNED_UP_TO  # else inputs lie example by example, once for all members
    return Work(
        np.zeros((n_x * (stride if turned else m)) if gathers else 0, dtype),
        room(units),
        room(units),
        room(units, normalized),
        room(widest, slopes),
        room(int(sizes[-1])),
        room(4 + len(sizes)).reshape(-1, stride),
        np.zeros(parameters_of(layers) if whole else n_threads * tile_of(layers), dtype),
        np.zeros((n_threads, SUMS + (4 * units if normalized else 0))),
    )
