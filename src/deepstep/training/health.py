"""Health: units that are dead or saturated, and the size of gradients and updates, layer by layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepstep.equations import Graph, Tape, get_activation
from deepstep.equations.example_gradients import euclidean_norm
from deepstep.equations.ops import backward, symbol_and_layer
from deepstep.network import Architecture, Parameters
from deepstep.training.callbacks import Callback, Training
from deepstep.training.history import Look, Record
from deepstep.training.plan import require
from deepstep.types import AnyArray, Array, is_number, is_whole

FLAT = 0.005  # derivatives below this are taken for flat: tanh beyond ±3.3, sigmoid beyond ±5.3


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

    A look costs one forward and one backward pass over ``examples`` examples. A number that is not finite is
    None.

    Parameters
    ----------
    every : int, optional
        Look after every so many epochs.
    examples : int, optional
        Greatest number of training examples to look at; they are spread evenly over all of them.
    flat : float, optional
        Derivatives below this are taken for flat: tanh beyond ±3.3, sigmoid beyond ±5.3.

    Raises
    ------
    ConfigurationError
        If a setting is out of range.

    Examples
    --------
    >>> from deepstep.training import Health
    >>> Health(every=0)
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: every must be a whole number of at least 1, got 0.
    """

    adds_to_records = ("health",)
    in_every_worker = True

    def __init__(self, *, every: int = 1, examples: int = 256, flat: float = FLAT) -> None:
        for name, value in {"every": every, "examples": examples}.items():
            require(is_whole(value, 1), name, "a whole number of at least 1", value)
        require(is_number(flat) and flat >= 0, "flat", "a number of at least 0", flat)
        self._every, self._examples, self._flat = every, examples, flat
        self._before: Array | None = None  # θ at the beginning of the epoch

    def on_train_begin(self, training: Training) -> None:
        """Keep the parameters; an update makes new ones, so that costs nothing.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        if self._before is None:  # else restored: training resumes within an epoch
            self._before = training.parameters.flat

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Look at the layers where it is time to.

        Parameters
        ----------
        training : Training
            The training, to look at.
        record : dict
            The record of the epoch.
        """
        parameters = training.parameters
        before = parameters if self._before is None else parameters.like(self._before)
        self._before = parameters.flat
        if (record["epoch"] + 1) % self._every:
            return
        m = len(training.examples)
        k = min(self._examples, m)  # spread evenly, the same ones in each look
        X, Y, _ = training.examples.take(np.arange(k) * m // k)
        with np.errstate(all="ignore"):
            gradient = training.gradient(X, Y)
        record["health"] = layer_health(
            training.architecture, parameters, X, gradient, before, flat=self._flat
        )

    def on_train_end(self, training: Training) -> None:
        """Forget the parameters.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        self._before = None

    def state(self) -> Mapping[str, Any]:
        """The parameters at the beginning of the epoch.

        Returns
        -------
        mapping
        """
        return {} if self._before is None else {"before": self._before}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Resume within an epoch.

        Parameters
        ----------
        state : mapping
            What `state` gave.
        """
        self._before = state.get("before")


@np.errstate(all="ignore")  # what is not finite is written as None
def layer_health(
    architecture: Architecture,
    parameters: Parameters,
    X: Array,
    gradient: Mapping[str, Array] | None = None,
    before: Parameters | None = None,
    *,
    flat: float = FLAT,
) -> Look:
    """The entries of `Health` for each layer, from examples X (n_x, k), with their own statistics."""
    graph, tape = architecture.run(X, parameters)
    health = []
    for layer in range(1, architecture.n_layers + 1):
        A, W = tape[f"A{layer}"], parameters[f"W{layer}"]
        dead = (A == 0).all(axis=1)
        entries = {"dead": float(dead.mean()), "saturated": _saturated(graph, tape, layer, dead, flat)}
        if gradient is not None and before is not None:
            parts = [value.ravel() for key, value in gradient.items() if symbol_and_layer(key)[1] == layer]
            entries["gradient_norm"] = _finite(euclidean_norm(np.concatenate(parts)))
            W_before = before[f"W{layer}"]
            size = euclidean_norm(W_before)
            entries["update_ratio"] = _finite(euclidean_norm(W - W_before) / size) if size else None
        entries["activation_mean"] = _finite(A.mean())
        entries["activation_deviation"] = _finite(A.std())
        entries["weight_size"] = _finite(euclidean_norm(W) / np.sqrt(W.size))
        health.append(entries)
    return health


def _saturated(graph: Graph, tape: Tape, layer: int, dead: AnyArray, flat: float) -> float | None:
    """Share of the units of a hidden layer whose output hardly follows Z."""
    if layer == len(graph.layers) or get_activation(graph.layers[layer - 1].activation).across_units:
        return None
    nodes = [node for node in graph.nodes if node.layer == layer]
    # a derivative of 1 by A makes dZ the g′(Z) of the activation
    start = {f"A{layer}": np.ones_like(tape[f"A{layer}"])}
    passed = (derivatives for _, derivatives in backward(nodes, tape, start))
    dZ = next(derivatives[f"Z{layer}"] for derivatives in passed if f"Z{layer}" in derivatives)
    return float(((np.abs(dZ).mean(axis=1) < flat) & ~dead).mean())


def _finite(value: "float | np.floating[Any]") -> float | None:
    return float(value) if np.isfinite(value) else None
