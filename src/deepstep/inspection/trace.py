"""One training step opened: every quantity in order, with formula, shape and value."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepstep.equations import (
    EQUATIONS,
    LayerCache,
    cost_from_logits,
    get_activation,
    get_head,
    linear_activation_forward,
    linear_backward,
    output_gradient,
    update_parameters,
)
from deepstep.errors import ConfigurationError, unknown_name
from deepstep.inspection.finite_differences import check_options
from deepstep.inspection.tables import html_table, text_table
from deepstep.inspection.trace_check import TraceCheck, check_entries
from deepstep.network import Architecture, Parameters
from deepstep.types import Array


@dataclass(frozen=True)
class TraceEntry:
    """One quantity of the step.

    Attributes
    ----------
    name : str
        ``"Z1"``, ``"dW2"``, …; a parameter after the update has a prime: ``"W1′"``.
    layer : int
        l; 0 for the input and L for the cost.
    phase : str
        ``"input"``, ``"forward"``, ``"cost"``, ``"backward"`` or ``"update"``.
    formula : str
        The equation with this layer's indices.
    equation : str
        Name of the function in ``deepstep.equations``; empty for what is given.
    value : array or float
        float64 or float32, as in training.
    columns : bool
        Whether a column of the value is an example.
    """

    name: str
    layer: int
    phase: str
    formula: str
    equation: str
    value: Any
    columns: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return np.shape(self.value)

    @property
    def source(self) -> str:
        """Where the lecture or a paper has it."""
        return EQUATIONS[self.equation].source if self.equation else ""

    def preview(self, limit: int = 6) -> str:
        """The value as text: whole up to ``limit`` rows and columns, else its corner and range."""
        if not self.shape:
            return f"{float(self.value):.6g}"
        with np.printoptions(precision=4, suppress=False, linewidth=100):
            rows, columns = self.shape
            if rows <= limit and columns <= limit:
                return str(self.value)
            corner = str(self.value[: limit // 2, : limit // 2])
        low, mean, high = np.min(self.value), np.mean(self.value), np.max(self.value)
        return f"{corner} …\nmin {low:.4g}, mean {mean:.4g}, max {high:.4g}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; the value as nested lists."""
        return {
            "name": self.name,
            "layer": self.layer,
            "phase": self.phase,
            "formula": self.formula,
            "equation": self.equation,
            "source": self.source,
            "shape": list(self.shape),
            "value": np.asarray(self.value).tolist(),
        }


class Trace:
    """All quantities of one training step, in order.

    Look quantities up by name, go through them in order, print the trace, or `check` it.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([2, 2, 1], seed=1)
    >>> trace = net.trace([[1.0, -1.0], [0.5, 2.0]], [[1, 0]])
    >>> trace["dZ2"].formula, trace["dZ2"].shape
    ('dZ2 = A2 - Y', (1, 2))
    """

    def __init__(
        self, architecture: Architecture, entries: list[TraceEntry], *, whole: "Trace | None" = None
    ) -> None:
        self.architecture = architecture
        self.entries = entries
        self._whole = self if whole is None else whole
        self._by_name = {entry.name: entry for entry in entries}

    def __getitem__(self, name: str) -> TraceEntry:
        if name not in self._by_name:
            raise unknown_name("trace", "quantity", name, self._by_name)
        return self._by_name[name]

    def __iter__(self) -> Iterator[TraceEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def select(self, *, layer: int | None = None, example: int | None = None) -> "Trace":
        """The part of one layer, or of one example (a column), or both.

        Raises
        ------
        ConfigurationError
            If there is no such layer or example.
        """
        entries = self.entries
        if layer is not None:
            layers = sorted({entry.layer for entry in entries})
            if layer not in layers:
                raise unknown_name("trace", "layer", layer, map(str, layers))
            entries = [entry for entry in entries if entry.layer == layer]
        if example is not None:
            m = self._whole["A0"].shape[1]
            if not (isinstance(example, int | np.integer) and 0 <= example < m):
                raise ConfigurationError("trace", f"example is one of 0 … {m - 1}", f"got {example!r}")
            entries = [
                replace(entry, value=self._whole[entry.name].value[:, example : example + 1])
                if entry.columns
                else entry
                for entry in entries
            ]
        return Trace(self.architecture, entries, whole=self._whole)

    def check(self, *, epsilon: float = 3e-4, max_entries: int = 40) -> TraceCheck:
        """Check every derivative in the trace by finite differences, quantity by quantity.

        dZ and dA are checked where they stand: Z or A is moved and the rest of the network runs from there,
        so a wrong step is found at its own place and not only in the weights. A selected part is checked with
        all examples, as they share the weights.

        Parameters
        ----------
        epsilon : float
            Distance of the differences.
        max_entries : int
            Entries checked for each quantity, evenly spread.

        Returns
        -------
        TraceCheck

        Raises
        ------
        ConfigurationError
            If epsilon or the number of entries is not positive.
        """
        check_options("Trace.check", epsilon=epsilon, max_entries=max_entries)
        values = {entry.name: entry.value for entry in self._whole}
        names = [name for name in self._by_name if name.startswith("d")]
        return check_entries(self.architecture, values, names, epsilon=epsilon, max_entries=max_entries)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "layer_dims": list(self.architecture.layer_dims),
            "activations": list(self.architecture.activations),
            "entries": [entry.to_dict() for entry in self.entries],
        }

    _HEADER = ("phase", "quantity", "shape", "formula", "value")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (entry.phase, entry.name, "×".join(map(str, entry.shape)) or "1", entry.formula, entry.preview())
            for entry in self.entries
        ]

    def __str__(self) -> str:
        lines: list[tuple[str, ...]] = []
        for *cells, value in self._rows():
            first, *rest = value.splitlines()
            lines.append((*cells, first))
            lines.extend(("", "", "", "", line) for line in rest)
        return text_table(self._HEADER, lines)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.architecture.layer_dims))
        return f"Trace({sizes}, {len(self)} quantities)"

    def _repr_html_(self) -> str:
        return html_table(self._HEADER, self._rows(), caption="One training step")


def trace_step(
    architecture: Architecture, parameters: Parameters, X: Array, Y: Array, *, learning_rate: float
) -> Trace:
    """Do one step of gradient descent with the equations and keep every quantity.

    Parameters
    ----------
    architecture, parameters
        The network; not changed.
    X, Y : arrays of shape (n_x, m) and (n_L, m)
        The batch.
    learning_rate : float
        α of the update.
    """
    forward, caches = _forward(architecture, parameters, X)
    L, output = architecture.n_layers, architecture.output
    ZL = caches[-1].Z
    cost = cost_from_logits(ZL, Y, output=output)
    head = get_head(output)
    loss, backward = head.loss.__name__, head.loss_backward.__name__
    given = [
        TraceEntry("A0", 0, "input", "A0 = X", "", X, columns=True),
        TraceEntry("Y", L, "input", "Y, the target", "", Y, columns=True),
    ]
    cost_entry = TraceEntry("J", L, "cost", f"J = mean of {EQUATIONS[loss].formula}", loss, cost)
    dZL = output_gradient(ZL, Y, output=output)
    start = TraceEntry(f"dZ{L}", L, "backward", f"dZ{L} = A{L} - Y", backward, dZL, columns=True)
    back, gradients = _backward(architecture, caches, dZL)
    update = _update(parameters, gradients, learning_rate)
    return Trace(architecture, [*given, *forward, cost_entry, start, *back, *update])


def _forward(
    architecture: Architecture, parameters: Parameters, X: Array
) -> tuple[list[TraceEntry], list[LayerCache]]:
    entries, caches, A = [], [], X
    for layer, activation in enumerate(architecture.activations, start=1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        A, cache = linear_activation_forward(A, W, b, activation)
        caches.append(cache)
        z = f"Z{layer} = W{layer}·A{layer - 1} + b{layer}"
        entries += [
            TraceEntry(f"W{layer}", layer, "forward", f"W{layer}, the weights", "", W),
            TraceEntry(f"b{layer}", layer, "forward", f"b{layer}, the bias", "", b),
            TraceEntry(f"Z{layer}", layer, "forward", z, "linear_forward", cache.Z, columns=True),
            TraceEntry(
                f"A{layer}",
                layer,
                "forward",
                f"A{layer} = {activation}(Z{layer})",
                activation,
                A,
                columns=True,
            ),
        ]
    return entries, caches


def _backward(
    architecture: Architecture, caches: list[LayerCache], dZL: Array
) -> tuple[list[TraceEntry], dict[str, Array]]:
    entries: list[TraceEntry] = []
    gradients: dict[str, Array] = {}
    dZ = dZL
    for layer in range(architecture.n_layers, 0, -1):
        below = layer - 1
        dA_prev, dW, db = linear_backward(dZ, caches[below].linear)
        gradients[f"dW{layer}"], gradients[f"db{layer}"] = dW, db
        formulas = (
            (f"dW{layer}", layer, f"dW{layer} = dZ{layer}·A{below}ᵀ / m", dW, False),
            (f"db{layer}", layer, f"db{layer} = Σᵢ dZ{layer}⁽ⁱ⁾ / m", db, False),
            (f"dA{below}", below, f"dA{below} = W{layer}ᵀ·dZ{layer}", dA_prev, True),
        )
        entries += [
            TraceEntry(name, at, "backward", formula, "linear_backward", value, columns=columns)
            for name, at, formula, value, columns in formulas
        ]
        if below:
            activation = architecture.activations[below - 1]
            dZ = get_activation(activation).backward(dA_prev, caches[below - 1].Z)
            formula = f"dZ{below} = dA{below} ∘ {activation}′(Z{below})"
            entries.append(
                TraceEntry(
                    f"dZ{below}", below, "backward", formula, f"{activation}_backward", dZ, columns=True
                )
            )
    return entries, gradients


def _update(parameters: Parameters, gradients: dict[str, Array], learning_rate: float) -> list[TraceEntry]:
    after = update_parameters(parameters, gradients, learning_rate)
    return [
        TraceEntry(
            f"{name}′",
            int(name[1:]),
            "update",
            f"{name}′ = {name} - {learning_rate:g}·d{name}",
            "update_parameters",
            value,
        )
        for name, value in after.items()
    ]
