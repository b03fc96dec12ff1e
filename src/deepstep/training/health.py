"""Health: units that are dead or saturated, and the size of gradients and updates, layer by layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepstep.equations import Graph, Tape, get_activation
from deepstep.equations.ops import backward, symbol_and_layer
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture, Parameters
from deepstep.training.callbacks import Callback
from deepstep.training.history import Record
from deepstep.training.shown import Training
from deepstep.types import AnyArray, Array, is_number, is_whole

FLAT = 0.005
"""Derivatives below this are taken for flat: tanh beyond ±3.3, sigmoid beyond ±5.3."""


Look = list[dict[str, float | None]]
"""What `Health` writes of the layers, one mapping for each."""


class Health(Callback):
    """Look at the layers after an epoch, on some of the examples, and write ``health`` into its record.

    ``record["health"]`` is a list with one mapping for each layer 1 … L:

    ``dead``
        Share of the units whose activation is 0 for every example looked at.
    ``saturated``
        Share of the units, not dead, whose derivative g′(Z) is on average below ``flat``: what comes back
        through such a unit is next to nothing. None for the output, which is meant to become sure, and where
        a unit's output depends on the others (softmax).
    ``gradient_norm``
        Euclidean norm of ∂J/∂θ of the layer, of the examples looked at.
    ``update_ratio``
        ‖change of W over the whole epoch‖ / ‖W before it‖. With one update an epoch it is that update's;
        with n updates, about 1e-3 · √n to 1e-3 · n is usual. None where W was 0.
    ``activation_mean``, ``activation_deviation``
        Of all entries of A, over units and examples looked at.
    ``weight_size``
        Root of the mean square of W's entries.

    Nothing is done in the steps; a look costs one forward and one backward pass over ``examples`` examples.
    A number that is not finite is None, as JSON has no such number.

    every: Look after every so many epochs.
    examples: Greatest number of training examples to look at; they are spread evenly over all of them.
    flat: Derivatives below this are taken for flat: tanh beyond ±3.3, sigmoid beyond ±5.3.
    ConfigurationError: If a setting is out of range.

    >>> from deepstep.training import Health
    >>> Health(every=0)
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: Health: every is a whole number of at least 1; got 0.
    """

    adds_to_records = ("health",)
    in_every_worker = True

    def __init__(self, *, every: int = 1, examples: int = 256, flat: float = FLAT) -> None:
        for name, value in {"every": every, "examples": examples}.items():
            if not is_whole(value, 1):
                raise ConfigurationError(
                    "Health", f"{name} is a whole number of at least 1", f"got {value!r}"
                )
        if not (is_number(flat) and flat >= 0):
            raise ConfigurationError("Health", "flat is a number of at least 0", f"got {flat!r}")
        self._every, self._examples, self._flat = every, examples, flat
        self._before: Array | None = None  # θ at the beginning of the epoch

    def on_train_begin(self, training: Training) -> None:
        """Keep the parameters; an update makes new ones, so that costs nothing."""
        if self._before is None:  # else restored: training goes on within an epoch
            self._before = training.parameters.flat

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Look at the layers where it is time to."""
        parameters = training.parameters
        before = parameters if self._before is None else parameters.like(self._before)
        self._before = parameters.flat
        if (record["epoch"] + 1) % self._every == 0:
            with np.errstate(all="ignore"):  # what is not finite is written as None
                record["health"] = self._look(training, before)

    def on_train_end(self, training: Training) -> None:
        """Forget the parameters."""
        self._before = None

    def state(self) -> Mapping[str, Any]:
        """The parameters at the beginning of the epoch."""
        return {} if self._before is None else {"before": self._before}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on within an epoch."""
        self._before = state.get("before")

    def _look(self, training: Training, before: Parameters) -> Look:
        m = len(training.examples)
        k = min(self._examples, m)
        X, Y, _ = training.examples.take(np.arange(k) * m // k)
        gradient = training.gradient(X, Y)
        return layer_health(training.architecture, training.parameters, before, X, gradient, flat=self._flat)


def layer_health(
    architecture: Architecture,
    parameters: Parameters,
    before: Parameters,
    X: Array,
    gradient: Mapping[str, Array],
    *,
    flat: float = FLAT,
) -> Look:
    """A look at the layers, as `Health` writes it, by the gradient of each parameter."""
    health = []
    for layer, found in enumerate(unit_health(architecture, parameters, X, flat=flat), start=1):
        of_layer = [value.ravel() for key, value in gradient.items() if symbol_and_layer(key)[1] == layer]
        W = parameters[f"W{layer}"]
        health.append(
            {
                "dead": found["dead"],
                "saturated": found["saturated"],
                "gradient_norm": _finite(np.linalg.norm(np.concatenate(of_layer))),
                "update_ratio": _ratio(before, parameters, f"W{layer}"),
                "activation_mean": found["activation_mean"],
                "activation_deviation": found["activation_deviation"],
                "weight_size": _finite(np.linalg.norm(W) / np.sqrt(W.size)),
            }
        )
    return health


def health_in(record: Record) -> Look | None:
    """The list that `Health` wrote into a record, one mapping for each layer; None where there is none.

    >>> health_in({"epoch": 0, "health": [{"dead": 0.5}]}), health_in({"epoch": 0, "health": ["good"]})
    ([{'dead': 0.5}], None)
    """
    layers = record.get("health")
    if not isinstance(layers, list) or not layers:
        return None
    for layer in layers:
        if not isinstance(layer, dict) or not all(one is None or is_number(one) for one in layer.values()):
            return None
    return layers


def layers_in(record: Record) -> list[Look]:
    """The looks before and after a training that stand in its last record; empty where there are none."""
    pair = record.get("layers")
    looks = [health_in({"health": one}) for one in pair] if isinstance(pair, list) else []
    known = [one for one in looks if one is not None]
    return known if len(known) == len(looks) == 2 and len(known[0]) == len(known[1]) else []


def unit_health(architecture: Architecture, parameters: Parameters, X: Array, *, flat: float = FLAT) -> Look:
    """The entries of `Health` for each layer, from examples X (n_x, k).

    Batch normalization uses the statistics of these examples.
    """
    graph, tape = architecture.run(X, parameters)
    health = []
    for layer in range(1, architecture.n_layers + 1):
        A = tape[f"A{layer}"]
        dead = (A == 0).all(axis=1)
        hidden = layer < architecture.n_layers
        health.append(
            {
                "dead": float(dead.mean()),
                "saturated": _saturated(graph, tape, layer, dead, flat) if hidden else None,
                "activation_mean": _finite(A.mean()),
                "activation_deviation": _finite(A.std()),
            }
        )
    return health


def _saturated(graph: Graph, tape: Tape, layer: int, dead: AnyArray, flat: float) -> float | None:
    """Share of the units whose output hardly follows Z."""
    if get_activation(graph.layers[layer - 1].activation).across_units:
        return None
    nodes = [node for node in graph.nodes if node.layer == layer]
    start = {f"A{layer}": np.ones_like(tape[f"A{layer}"])}
    found = (derivatives for _, derivatives in backward(nodes, tape, start))
    dZ = next(derivatives[f"Z{layer}"] for derivatives in found if f"Z{layer}" in derivatives)
    return float(((np.abs(dZ).mean(axis=1) < flat) & ~dead).mean())


def _ratio(before: Parameters, after: Parameters, name: str) -> float | None:
    return _finite(np.linalg.norm(after[name] - before[name]) / np.linalg.norm(before[name]))


def _finite(value: "float | np.floating[Any]") -> float | None:
    return float(value) if np.isfinite(value) else None
