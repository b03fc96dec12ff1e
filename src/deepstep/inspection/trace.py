"""The trace of one training step: every quantity in order, with formula, shape and value."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from textwrap import indent
from typing import Any

import numpy as np

from deepstep.data.text_formats import html_table
from deepstep.engines import Settings
from deepstep.equations import EQUATIONS, Graph, Tape, get_head
from deepstep.errors import unknown_name
from deepstep.inspection.gradient_check import Derivative, GradientReport, Objective, Options, compare_all
from deepstep.inspection.metrics import text_table
from deepstep.network import Architecture
from deepstep.training.plan import require
from deepstep.types import is_whole

WIDTH = 80  # of a terminal
INDENT = " " * 10  # of the values below their formula
HEADER = ("phase", "quantity", "shape", "formula")


@dataclass(frozen=True)
class TraceEntry:
    """One quantity of the step.

    Attributes
    ----------
    name : str
        ``"Z1"``, ``"dW2"``, …; a parameter after the update has a prime: ``"W1′"``.
    layer : int
        l; 0 for the input X, L for the target, the weights of the examples and the cost.
    phase : str
        ``"input"``, ``"forward"``, ``"cost"``, ``"backward"`` or ``"update"``.
    formula : str
        The equation with the indices of this layer.
    equation : str
        Name of the function in ``deepstep.equations``; empty for inputs, and for sums of others.
    value : array or float
        float64 or float32, as in training.
    columns : bool, optional
        Whether the columns of the value are examples.

    Examples
    --------
    >>> from deepstep import Network
    >>> entry = Network([1, 1], initialization="zeros", seed=1).trace([[1.0]], [[1]])["dZ1"]
    >>> entry.formula, entry.preview(), entry.source
    ('dZ1 = A1 - Y', '[[-0.5]]', 'lecture 5.3, both factors joined')
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
        """Place in the lecture or a paper; empty for inputs, sums and user-defined functions."""
        return EQUATIONS[self.equation].source if self.equation in EQUATIONS else ""

    def preview(self, limit: int = 6) -> str:
        """The value as text: all of a small array, else its corner and range.

        Parameters
        ----------
        limit : int, optional
            Most rows and columns of an array that is shown completely.

        Returns
        -------
        str
            The text of NumPy, with 4 digits.
        """
        if not self.shape:
            return f"{float(self.value):.6g}"
        with np.printoptions(precision=4, suppress=False, linewidth=WIDTH - len(INDENT)):
            rows, columns = self.shape
            if rows <= limit and columns <= limit:
                return str(self.value)
            corner = str(self.value[: limit // 2, : limit // 2])
        low, mean, high = np.min(self.value), np.mean(self.value), np.max(self.value)
        return f"{corner} …\nmin {low:.4g}, mean {mean:.4g}, max {high:.4g}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON: attributes, source, shape, and nested lists, with "nan", "inf", "-inf" as texts.

        Returns
        -------
        dict
        """
        names, value = ("name", "layer", "phase", "formula", "equation", "source"), np.asarray(self.value)
        if not np.isfinite(value).all():
            value = np.where(np.isfinite(value), value.astype(object), value.astype(str))
        return {**{n: getattr(self, n) for n in names}, "shape": list(value.shape), "value": value.tolist()}


class Trace:
    """All quantities of one training step, in order.

    Quantities are found by name or by iteration; `check` compares derivatives with finite differences.

    Parameters
    ----------
    architecture : Architecture
        The architecture of the network.
    entries : list of TraceEntry
        The quantities, in order.
    settings : Settings, optional
        Settings of the step; default: plain gradient descent.
    graph : Graph, optional
        The operations of the step; default: those of the architecture.
    complete : Trace, optional
        The trace that this one is a part of.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([2, 2, 1], seed=1)
    >>> trace = net.trace([[1.0, -1.0], [0.5, 2.0]], [[1, 0]])
    >>> trace["dZ2"].formula, trace["dZ2"].shape
    ('dZ2 = A2 - Y', (1, 2))
    """

    def __init__(
        self,
        architecture: Architecture,
        entries: list[TraceEntry],
        *,
        settings: Settings | None = None,
        graph: Graph | None = None,
        complete: "Trace | None" = None,
    ) -> None:
        self.architecture = architecture
        self.settings = settings or Settings()
        self.graph = graph or architecture.graph
        self.entries = entries
        self._complete = self if complete is None else complete
        self._by_name = {entry.name: entry for entry in entries}

    def __getitem__(self, name: str) -> TraceEntry:
        if name not in self._by_name:
            raise unknown_name("quantity", name, self._by_name)
        return self._by_name[name]

    def __iter__(self) -> Iterator[TraceEntry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def select(self, *, layer: int | None = None, example: int | None = None) -> "Trace":
        """The quantities of one layer, or of one example (a column), or both.

        Parameters
        ----------
        layer : int, optional
            l; 0 for the input.
        example : int, optional
            Index of the column, from 0.

        Returns
        -------
        Trace
            With ``example`` its column; quantities without columns of examples (W, dW, J, …) are unchanged.

        Raises
        ------
        ConfigurationError
            If there is no such layer or example.
        """
        entries = self.entries
        if layer is not None:
            layers = sorted({entry.layer for entry in entries})
            require(layer in layers, "layer", f"one of {', '.join(map(str, layers))}", layer)
            entries = [entry for entry in entries if entry.layer == layer]
        if example is not None:
            complete, m = self._complete, self._complete["A0"].shape[1]
            accepted = is_whole(example, 0) and example < m
            require(accepted, "example", f"a whole number from 0 to {m - 1}", example)
            entries = [
                replace(entry, value=complete[entry.name].value[:, [example]]) if entry.columns else entry
                for entry in entries
            ]
        return Trace(
            self.architecture,
            entries,
            settings=self.settings,
            graph=self.graph,
            complete=self._complete,
        )

    def check(self, *, epsilon: float | None = None, max_entries: int = 40) -> GradientReport:
        """Check every derivative in the trace by finite differences, quantity by quantity.

        dZ and dA are checked in their place: Z or A is changed and the network is computed from there, so a
        wrong step is found where it is and not only in the weights. A selected part is checked with all
        examples, because they share the weights.

        Parameters
        ----------
        epsilon : float, optional
            Distance of the differences; by default found for each entry.
        max_entries : int, optional
            Most entries checked for each quantity, evenly spread.

        Returns
        -------
        GradientReport
            A verdict for each quantity, in the order of the backward pass.

        Raises
        ------
        ConfigurationError
            If epsilon or the number of entries is not positive.
        """
        quantities = self._complete._by_name
        tolerance = 1e-7 if quantities["A0"].value.dtype == np.float64 else 1e-3
        options = Options(epsilon, order=4, tolerance=tolerance, max_entries=max_entries).checked()
        # C order, so that a flat view of an array writes through
        tape: Tape = {
            name: np.array(entry.value, np.float64, order="C") for name, entry in quantities.items()
        }
        weight = tape["w"][0] if "w" in tape else None
        head = get_head(self.architecture)
        objective = Objective(self.graph, tape, head, tape["Y"], weight, self.settings)
        derivatives = []
        textbook = f"dA{len(self.architecture.activations)}"
        for name in self._by_name:
            quantity = quantities.get(name[1:])
            if name[0] != "d" or quantity is None:
                continue
            # The textbook's dA[L] divides by 0 where the output is saturated: nothing to check there.
            if name != textbook or np.isfinite(tape[name]).all():
                # dZ and dA are derivatives of m·J, the others of J: 1/m is applied in dW and db
                factor = quantity.shape[1] if quantity.columns else 1.0
                derivatives.append(Derivative(name, quantity.name, tape[name], factor))
        report = compare_all(objective, derivatives, options)
        diagnosis = f"{report.first_wrong} is the first wrong one, going backward"
        return report if report.passed else replace(report, diagnosis=diagnosis)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: sizes, activations and entries; numbers that are not finite are "nan", "inf", "-inf".

        Returns
        -------
        dict
        """
        return {
            "layer_dims": list(self.architecture.layer_dims),
            "activations": list(self.architecture.activations),
            "entries": [entry.to_dict() for entry in self.entries],
        }

    def to_json(self) -> str:
        """`to_dict` as a JSON text.

        Returns
        -------
        str
        """
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (entry.phase, entry.name, "×".join(map(str, entry.shape)) or "1", entry.formula)
            for entry in self.entries
        ]

    def __str__(self) -> str:
        head, *lines = text_table(HEADER, self._rows()).splitlines()
        opened = (
            f"{line}\n{indent(entry.preview(), INDENT)}"
            for line, entry in zip(lines, self.entries, strict=True)
        )
        return "\n".join([head, *opened])

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.architecture.layer_dims))
        return f"Trace({sizes}, {len(self)} quantities)"

    def _repr_html_(self) -> str:
        rows = [(*row, entry.preview()) for row, entry in zip(self._rows(), self.entries, strict=True)]
        return html_table((*HEADER, "value"), rows, caption="One training step")
