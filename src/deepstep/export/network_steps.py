"""A network as steps: each operation of its graph, by the name of its equation."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from deepstep.equations import ACTIVATIONS
from deepstep.equations.ops import Node
from deepstep.errors import ConfigurationError
from deepstep.export.program import RUNTIME, Builder
from deepstep.model import Network
from deepstep.types import AnyArray

Quantity: TypeAlias = Any
"""On the tape: a constant, the name of a value, or weights with factors of the inputs, (W, s)."""


def network_value(builder: Builder, network: Network, inputs: str) -> str:
    """Add the steps of a network; the name of its output AL (m, n_L)."""
    graph = network.architecture.graph.predicting
    tape: dict[str, Quantity] = {"A0": inputs, **network.parameters, **network.statistics}
    for node in graph.nodes:
        write = _writer(node)
        tape[node.writes[0]] = write(builder, node, *[tape[name] for name in node.reads])
    output: str = tape[graph.output]
    return output


def _writer(node: Node) -> Callable[..., Quantity]:
    """The function that writes the steps of a node."""
    name = node.op.forward_equation.name
    is_registered = ACTIVATIONS.get(name) is not None and name not in ACTIVATIONS.built_in
    if name in STEPS and not is_registered:  # a user's activation may have the name of a step
        return STEPS[name]
    if name in ACTIVATIONS.built_in and name in RUNTIME.OPERATIONS:
        return lambda builder, node, Z: builder.add(name, Z)
    known = dict.fromkeys([*STEPS, *sorted(ACTIVATIONS.built_in)])
    requirement = f"made of operations that can be exported, {', '.join(known)}"
    hint = "Register no operation of your own, or export with deepstep itself: Network.save."
    raise ConfigurationError.must_be("network", requirement, f"{name!r} in layer {node.layer}", hint)


def _cumulative(builder: Builder, Z: str, sign: float) -> str:
    """Sums of Z₁, ±softplus(Z₂), ±softplus(Z₃), … from the left."""
    n = builder.widths[Z]
    if n == 1:
        return Z
    rest = builder.affine(builder.add("softplus", builder.take(Z, range(1, n))), sign)
    return builder.add("cumulative_sum", builder.concat(builder.take(Z, [0]), rest))


def _ordinal(builder: Builder, node: Node, Z: str) -> str:
    return builder.add("sigmoid", _cumulative(builder, Z, -1.0))


def _linear(builder: Builder, node: Node, A: str, W: Any, b: AnyArray | None = None) -> str:
    if isinstance(W, tuple):  # weights with factors of the inputs
        W, s = W
        A = builder.affine(A, s[:, 0])
    bias = np.zeros(len(W), W.dtype) if b is None else b[:, 0]
    return builder.add("linear", A, W=W, b=bias)


def _normalize_fixed(builder: Builder, node: Node, U: str, mean: AnyArray, variance: AnyArray) -> str:
    deviation = np.sqrt(np.float64(variance[:, 0]) + _settings(node)["epsilon"])
    return builder.affine(U, 1 / deviation, -mean[:, 0] / deviation)


def _cosines(builder: Builder, node: Node, X: str, omega: AnyArray, phi: AnyArray) -> str:
    inputs = _settings(node)["inputs"]
    index = np.arange(len(omega)) if inputs is None else np.array(inputs)
    x = builder.take(X, np.repeat(index, omega.shape[1]))
    return builder.add("cosine", builder.affine(x, 2 * np.pi * np.float64(omega.ravel()), phi.ravel()))


def _input_maps(builder: Builder, node: Node, X: str, C: str, V: AnyArray, a: AnyArray) -> str:
    K = V.shape[1]
    maps = V.reshape(builder.widths[C] // K, -1, K)
    return builder.concat(X, builder.add("grouped_linear", C, V=maps, a=a[:, 0]))


def _settings(node: Node) -> Mapping[str, Any]:
    """The settings of an operation, those by default among them."""
    forward: Any = node.op.forward
    usual = getattr(forward, "func", forward).__kwdefaults__ or {}
    return {**usual, **getattr(forward, "keywords", {})}


STEPS: dict[str, Callable[..., Quantity]] = {
    "identity": lambda builder, node, Z: Z,
    "increasing": lambda builder, node, Z: _cumulative(builder, Z, 1.0),
    "ordinal": _ordinal,
    "linear_forward": _linear,
    "product_forward": _linear,
    "scaled_weights": lambda builder, node, W, s: (W, s),
    "normalize_fixed": _normalize_fixed,
    "normalize_layer": lambda builder, node, U: builder.add("normalize_layer", U, settings=_settings(node)),
    "scale_shift_forward": lambda builder, node, U, gamma, b: builder.affine(U, gamma[:, 0], b[:, 0]),
    "cosine_features": _cosines,
    "input_maps_forward": _input_maps,
}
"""Operations of a graph by the name of their equation, beside the activations: how each becomes steps."""
