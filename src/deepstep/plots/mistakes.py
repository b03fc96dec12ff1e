"""Mislabeled examples, as pictures with what they are and what was answered."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import ShapeError
from deepstep.plots.drawing import new_figure, plain
from deepstep.types import AnyArray, Array


class MistakesDisplay:
    """The pictures that a network answered wrongly.

    Parameters
    ----------
    images : ndarray (k, height, width) or (k, height, width, channels)
        The wrong ones only; uint8, or floats from 0 to 1.
    rows : ndarray of integers (k,)
        Their positions among all examples.
    true, predicted : sequence of str
        What they are, and what was answered.
    probabilities : ndarray (k,)
        Of the answer.
    total : int
        The number of all examples.

    Attributes
    ----------
    figure_ : matplotlib.figure.Figure
        After `plot`.
    axes_ : ndarray of Axes (k,)
        After `plot`.

    Examples
    --------
    >>> display = MistakesDisplay.from_predictions(
    ...     np.zeros((3, 2, 2)), np.array(["cat", "cat", "dog"]), np.array(["cat", "dog", "dog"]),
    ...     np.array([0.9, 0.6, 0.8]))
    >>> print(display.describe())
    1 of 3 examples is wrong.
    example 1: cat, answered dog (probability 0.600)
    """

    def __init__(
        self,
        images: AnyArray,
        *,
        rows: NDArray[np.intp],
        true: Sequence[str],
        predicted: Sequence[str],
        probabilities: Array,
        total: int,
    ) -> None:
        self.images = images
        self.rows = rows
        self.true = list(true)
        self.predicted = list(predicted)
        self.probabilities = probabilities
        self.total = total

    @classmethod
    def from_predictions(
        cls, images: AnyArray, y_true: AnyArray, y_pred: AnyArray, probabilities: Array
    ) -> "MistakesDisplay":
        """Keep the examples whose answer is wrong, in their order.

        images (m, height, width[, channels]):
        y_true, y_pred (array of labels (m,)):
        probabilities (m,): The probability of each answer.
        returns: Not drawn yet.
        ShapeError: When the numbers of examples differ.
        """
        lengths = {len(images), len(y_true), len(y_pred), len(probabilities)}
        if len(lengths) > 1:
            raise ShapeError(
                "MistakesDisplay",
                "images, answers and probabilities are of the same number",
                f"got {len(images)}, {len(y_true)}, {len(y_pred)} and {len(probabilities)}",
            )
        wrong = np.flatnonzero(np.asarray(y_true) != np.asarray(y_pred))
        return cls(
            images[wrong],
            rows=wrong,
            true=[str(label) for label in y_true[wrong]],
            predicted=[str(label) for label in y_pred[wrong]],
            probabilities=probabilities[wrong],
            total=len(images),
        )

    def plot(self, *, columns: int = 5) -> "MistakesDisplay":
        """Draw the pictures on a new figure, which belongs to no window: save it or show it as you like.

        columns: Pictures in a line.
        returns: With ``figure_`` and ``axes_``.
        MissingPackageError: When matplotlib is not installed.
        """
        columns = max(1, min(columns, len(self.images)))
        lines = max(1, ceil(len(self.images) / columns))
        self.figure_: Any = new_figure("MistakesDisplay.plot", (2.2 * columns, 2.6 * lines + 0.4))
        places = self.figure_.subplots(lines, columns, squeeze=False).ravel()
        self.axes_: NDArray[Any] = places[: len(self.images)]
        for ax in places:
            ax.set_axis_off()
        for ax, image, caption in zip(self.axes_, self.images, self._captions("\n", "{:.3f}"), strict=True):
            ax.imshow(image, cmap="gray")
            ax.set_title(plain(caption), fontsize=9)
        self.figure_.suptitle(self._heading(), fontsize=10)
        return self

    def describe(self) -> str:
        """The content of the figure in words.

        returns: A line for each picture, after one that counts them.
        """
        return "\n".join([self._heading(), *self._captions(" ", "probability {:.3f}")])

    def _heading(self) -> str:
        count = len(self.images)
        return f"{count} of {self.total} examples {'is' if count == 1 else 'are'} wrong."

    def _captions(self, separator: str, probability: str) -> list[str]:
        parts = zip(self.rows, self.true, self.predicted, self.probabilities, strict=True)
        return [
            f"example {row}: {true},{separator}answered {given} ({probability.format(share)})"
            for row, true, given, share in parts
        ]
