"""Displays of checks and predictions: wrong gradients, misclassified pictures, contributions of columns."""

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from deepstep.data.text_formats import number_text
from deepstep.ensembles.explanation import Explanation
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.inspection import GradientReport, Trace
from deepstep.plots.drawing import NEGATIVE, POSITIVE, SIZES, Display, OneAxes, check_network, plain
from deepstep.types import AnyArray, Array, is_whole

SIGNS = {"good": "✓", "wrong": "✗ wrong", "wrong shape": "✗ shape", "not checkable": "?"}
"""Words beside the numbers of a map, so that it can be read without colours."""

QUANTITY = re.compile(r"(?P<kind>d.+?)(?P<layer>\d+)")
"""The name of a derivative; those of layer 0 are left out."""

LEAST = 1e-16  # smaller differences are rounding errors, and drawn as this

MOST_BARS = 10  # columns of an explanation that have a bar of their own
LONGEST = 30  # characters of a column's name beside its bar


@dataclass(kw_only=True, eq=False, repr=False)
class GradientCheckDisplay(OneAxes):
    """The differences of a gradient check: a row for each kind of quantity, a column for each layer.

    Attributes
    ----------
    kinds : tuple of str
        ``"dW"``, ``"db"``, …
    differences : array of shape (kinds, L)
        Relative differences; NaN where a layer has no such quantity.
    verdicts : dict
        By row and column: "good", "wrong", "wrong shape" or "not checkable".
    tolerance : float
        The difference from which on a derivative is wrong.
    image_ : matplotlib image
        log₁₀ of the differences.
    texts_ : dict of texts
        By row and column.

    Examples
    --------
    >>> from deepstep import Network
    >>> report = Network([1, 1], seed=1).check_gradients([[1.0, 2.0]], [[0, 1]])
    >>> display = GradientCheckDisplay.from_report(report)
    >>> display.kinds, display.differences.shape
    (('dW', 'db'), (2, 1))
    """

    kinds: tuple[str, ...]
    differences: Array
    verdicts: dict[tuple[int, int], str]
    tolerance: float | None

    @classmethod
    def from_report(cls, report: GradientReport) -> Self:
        """The map of a report.

        Parameters
        ----------
        report : GradientReport
            The result of `Network.check_gradients`.

        Returns
        -------
        display
            The display, not drawn yet.
        """
        checks = {f"d{check.name}": (check.difference, check.verdict) for check in report.checks}
        return cls._of(checks, report.tolerance)

    @classmethod
    def from_trace(cls, trace: Trace) -> Self:
        """Check every derivative of a step, dZ and dA as well.

        Parameters
        ----------
        trace : Trace
            A trace of all layers.

        Returns
        -------
        display
            The display, not drawn yet.
        """
        checks = {check.name: (check.difference, check.verdict) for check in trace.check().checks}
        return cls._of(checks, None)

    @classmethod
    def from_network(cls, network: Any, X: Any, Y: Any) -> Self:
        """Check the gradients of a network on some examples.

        Parameters
        ----------
        network : Network
            The network.
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        Y : array of shape (n_L, m)
            Target.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError, ShapeError, DataError
            If this is no network, or the examples do not fit.
        """
        network = check_network(network)
        return cls.from_report(network.check_gradients(X, Y))

    @classmethod
    def _of(cls, checks: dict[str, tuple[float, str]], tolerance: float | None) -> Self:
        named = [match for match in map(QUANTITY.fullmatch, checks) if match and match["layer"] != "0"]
        kinds = tuple(dict.fromkeys(match["kind"] for match in named))
        differences = np.full((len(kinds), max(int(match["layer"]) for match in named)), np.nan)
        verdicts = {}
        for match in named:
            place = kinds.index(match["kind"]), int(match["layer"]) - 1
            differences[place], verdicts[place] = checks[match[0]]
        return cls(kinds=kinds, differences=differences, verdicts=verdicts, tolerance=tolerance)

    @property
    def passed(self) -> bool:
        """Whether no derivative is wrong."""
        return not any(verdict.startswith("wrong") for verdict in self.verdicts.values())

    @property
    def _size(self) -> tuple[float, float]:
        rows, layers = self.differences.shape
        return max(4.5, 1.15 * layers + 2.2), 0.75 * rows + 1.3

    def _draw(self, ax: Any) -> None:
        rows, layers = self.differences.shape
        with np.errstate(invalid="ignore"):
            shown = np.log10(np.clip(self.differences, LEAST, 1.0))
        self.image_: Any = ax.imshow(shown, cmap=SIZES, vmin=np.log10(LEAST), vmax=0.0, aspect="auto")
        self.texts_: dict[tuple[int, int], Any] = {}
        for (row, column), verdict in self.verdicts.items():
            value = self.differences[row, column]
            text = f"{value:.0e}\n{SIGNS[verdict]}" if np.isfinite(value) else SIGNS[verdict]
            colour = "black" if shown[row, column] > np.log10(LEAST) / 2 else "white"
            style = {"ha": "center", "va": "center", "fontsize": 8, "color": colour}
            self.texts_[row, column] = ax.text(column, row, text, **style)
        ax.set_xticks(range(layers), [f"layer {layer}" for layer in range(1, layers + 1)])
        ax.set_yticks(range(rows), self.kinds)
        ax.set_title("gradients are right" if self.passed else "gradients are WRONG", fontsize=10)
        ax.figure.colorbar(self.image_, ax=ax, label="log₁₀ of the difference")

    def describe(self) -> str:
        """Describe the verdict, and the largest difference of each kind.

        Returns
        -------
        str
        """
        limit = "" if self.tolerance is None else f", tolerance {self.tolerance:.0e}"
        lines = [f"Gradients are {'right' if self.passed else 'WRONG'}{limit}."]
        for row, kind in enumerate(self.kinds):
            wrong = [
                f"layer {column + 1}"
                for (kind_row, column), verdict in self.verdicts.items()
                if kind_row == row and verdict.startswith("wrong")
            ]
            known = self.differences[row][np.isfinite(self.differences[row])]
            most = f"largest difference {known.max():.2e}" if len(known) else "nothing to compare"
            lines.append(f"{kind}: {most}{f'; wrong in {chr(44).join(wrong)}' if wrong else ''}.")
        return "\n".join(lines)


@dataclass(eq=False, repr=False)
class MistakesDisplay(Display):
    """The pictures that a network misclassified.

    Attributes
    ----------
    images : array of shape (k, height, width) or (k, height, width, channels)
        The misclassified ones only; uint8, or floats from 0 to 1.
    rows : array of integers of shape (k,)
        Their positions among all examples.
    true, predicted : sequence of str
        Their true and their predicted classes.
    probabilities : array of shape (k,)
        Probabilities of the predicted classes.
    total : int
        Number of all examples.
    axes_ : array of Axes of shape (k,)
        One for each picture.

    Examples
    --------
    >>> display = MistakesDisplay.from_predictions(
    ...     np.zeros((3, 2, 2)), np.array(["cat", "cat", "dog"]), np.array(["cat", "dog", "dog"]),
    ...     np.array([0.9, 0.6, 0.8]))
    >>> print(display.describe())
    1 of 3 examples is wrong.
    example 1: cat, predicted dog (probability 0.600)
    """

    images: AnyArray
    _: KW_ONLY
    rows: NDArray[np.intp]
    true: Sequence[str]
    predicted: Sequence[str]
    probabilities: Array
    total: int

    @classmethod
    def from_predictions(
        cls, images: AnyArray, y_true: AnyArray, y_pred: AnyArray, probabilities: Array
    ) -> Self:
        """Keep the misclassified examples, in their order.

        Parameters
        ----------
        images : array of shape (m, height, width[, channels])
            All pictures.
        y_true, y_pred : arrays of labels of shape (m,)
            True and predicted classes.
        probabilities : array of shape (m,)
            Probability of each predicted class.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ShapeError
            If the numbers of examples differ.
        """
        lengths = [len(images), len(y_true), len(y_pred), len(probabilities)]
        if len(set(lengths)) > 1:
            names = "images, y_true, y_pred and probabilities"
            raise ShapeError.must_be(names, "of one length", ", ".join(map(str, lengths)))
        wrong = np.flatnonzero(np.asarray(y_true) != np.asarray(y_pred))
        return cls(
            images[wrong],
            rows=wrong,
            true=[str(label) for label in y_true[wrong]],
            predicted=[str(label) for label in y_pred[wrong]],
            probabilities=probabilities[wrong],
            total=len(images),
        )

    def plot(self, *, columns: int = 5) -> Self:
        """Draw the pictures on a new figure.

        Parameters
        ----------
        columns : int, optional
            Pictures in a row.

        Returns
        -------
        Self
        """
        places = self._grid(len(self.images), columns, (2.2, 2.6), (0, 0.4))
        self.axes_: NDArray[Any] = places[: len(self.images)]
        for ax, image, caption in zip(self.axes_, self.images, self._captions("\n", "{:.3f}"), strict=True):
            ax.imshow(image, cmap="gray")
            ax.set_title(plain(caption), fontsize=9)
        self.figure_.suptitle(self._heading(), fontsize=10)
        return self

    def describe(self) -> str:
        """Describe each picture, after a line with their number.

        Returns
        -------
        str
        """
        return "\n".join([self._heading(), *self._captions(" ", "probability {:.3f}")])

    def _heading(self) -> str:
        count = len(self.images)
        return f"{count} of {self.total} examples {'is' if count == 1 else 'are'} wrong."

    def _captions(self, separator: str, probability: str) -> list[str]:
        parts = zip(self.rows, self.true, self.predicted, self.probabilities, strict=True)
        return [
            f"example {row}: {true},{separator}predicted {predicted} ({probability.format(share)})"
            for row, true, predicted, share in parts
        ]


@dataclass(kw_only=True, eq=False, repr=False)
class ExplanationDisplay(OneAxes):
    """The strongest contributions of columns to a prediction, as bars; the others together are the last bar.

    Attributes
    ----------
    columns : tuple of str
        The columns, the strongest first.
    contributions : array of shape (n_columns,)
        How much each moves the output away from that for the average row; of many rows the mean size of that.
    output : str
        The output that is explained; empty where it is another one in each row.
    ends : tuple of float or None
        The output for the average row, and for the row; None for many rows.
    rows : str
        The row or rows, for people.
    decimal : str
        The decimal sign of the numbers.
    bars_ : matplotlib bars
        One for each column.

    Examples
    --------
    >>> from deepstep import NetworkRegressor, explain
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [2.0, 1.0]])
    >>> model = NetworkRegressor((), solver="lbfgs", alpha=0, random_state=1).fit(X, X @ [3.0, -1.0])
    >>> display = ExplanationDisplay.from_explanation(explain(model, X), row=3)
    >>> display.columns, display.contributions.round(2)
    (('x0', 'x1'), array([ 6., -1.]))
    """

    columns: tuple[str, ...]
    contributions: Array
    output: str
    ends: tuple[float, float] | None
    rows: str
    decimal: str = "."

    @classmethod
    def from_explanation(cls, explanation: Explanation, *, row: int | None = None) -> Self:
        """The contributions to one prediction, or their mean sizes over all rows.

        Of each row the output counts that the explanation names: the most probable class, the quantile next
        to the median, the first target.

        Parameters
        ----------
        explanation : Explanation
            The result of `deepstep.explain`.
        row : int, optional
            Index of a row; by default all rows count.

        Returns
        -------
        display
            The display, not drawn yet.

        Raises
        ------
        ConfigurationError
            If there is no such row.
        """
        if row is not None and not (is_whole(row, 0) and row < len(explanation)):
            requirement = f"None, or a whole number from 0 to {len(explanation) - 1}"
            raise ConfigurationError.must_be("row", requirement, repr(row))
        rows = np.arange(len(explanation)) if row is None else np.array([row])
        outputs = explanation.explained[rows]
        values = explanation.contributions[rows, :, outputs]
        values = np.abs(values).mean(axis=0) if row is None else values[0]
        order = np.argsort(-np.abs(values), kind="stable")
        base, prediction = explanation.base[outputs[0]], explanation.predictions[rows[0], outputs[0]]
        return cls(
            columns=tuple(explanation.columns[column] for column in order),
            contributions=values[order],
            output=explanation.outputs[outputs[0]] if (outputs == outputs[0]).all() else "",
            ends=None if row is None else (float(base), float(prediction)),
            rows=f"{len(rows):,} rows" if row is None else f"row {row}",
        )

    @property
    def bars(self) -> dict[str, float]:
        """The strongest columns with their contributions, and the sum of the others."""
        bars = dict(zip(self.columns[:MOST_BARS], self.contributions[:MOST_BARS].tolist(), strict=True))
        others = len(self.columns) - len(bars)
        name = f"{others} other column{'' if others == 1 else 's'}"
        return {**bars, name: float(self.contributions[MOST_BARS:].sum())} if others else bars

    @property
    def _size(self) -> tuple[float, float]:
        return 5.0, 1.2 + 0.3 * len(self.bars)

    def _draw(self, ax: Any) -> None:
        names = [plain(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…") for name in self.bars]
        places, values = range(len(names)), np.array([*self.bars.values()])
        colours = np.where((values < 0) | (self.ends is None), NEGATIVE, POSITIVE)
        self.bars_: Any = ax.barh(places, values, color=colours.tolist())
        ax.bar_label(self.bars_, map(self._text, values), padding=3, fontsize=8)
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set_yticks(places, names)
        ax.invert_yaxis()
        ax.margins(x=0.25)  # room for the numbers beside the bars
        ax.xaxis.set_major_formatter(lambda value, _: number_text(value, decimal=self.decimal))
        ax.set_xlabel("contribution" if self.ends else "mean size of the contribution")
        ax.set_title(plain(self._heading), fontsize=10)

    def describe(self) -> str:
        """Describe the output, and the contribution of each bar.

        Returns
        -------
        str
        """
        return "\n".join([self._heading, *(f"{name}: {self._text(v)}" for name, v in self.bars.items())])

    @property
    def _heading(self) -> str:
        if self.ends is None:
            output = f" to output {self.output}" if self.output else ""
            return f"Mean size of the contributions{output}, {self.rows}"
        base, prediction = (number_text(value, 4, self.decimal) for value in self.ends)
        return f"{self.rows}, output {self.output}: {prediction}, average row {base}"

    def _text(self, value: float) -> str:
        return ("+" if self.ends and value >= 0 else "") + number_text(value, 3, self.decimal)
