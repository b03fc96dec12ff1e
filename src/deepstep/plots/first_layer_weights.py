"""Display of the first layer's weights: each unit's weights as a picture."""

from collections.abc import Sequence
from math import ceil, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import ShapeError
from deepstep.plots.colours import centred
from deepstep.plots.drawing import new_figure
from deepstep.plots.sources import check_network, network_of
from deepstep.types import Array

MOST_UNITS = 24
"""So many units are drawn: those with the largest weights."""

MOST_TOLD = 5
"""So many of them in words."""


class FirstLayerWeightsDisplay:
    """The weights of the units of layer 1, in the shape of the pictures that they look at.

    Parameters
    ----------
    weights : array of shape (k, height, width) or (k, height, width, channels)
        Of the units that are drawn.
    units : array of integers of shape (k,)
        Their numbers, from 0.
    total : int
        How many units the layer has.

    Attributes
    ----------
    axes_ : ndarray of Axes (k,)
    images_ : list of images
        Of pictures with channels, the mean over them.
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network(parameters={"W1": [[1.0, -2, 0, 0]], "b1": [[0.0]]})
    >>> display = FirstLayerWeightsDisplay.from_network(net, image_shape=(2, 2))
    >>> print(display.describe())
    Weights of 1 of the 1 units of layer 1, as pictures of 2×2.
    unit 0: from -2 to 1, most at row 0, column 1.
    """

    def __init__(self, *, weights: Array, units: NDArray[np.intp], total: int) -> None:
        self.weights = weights
        self.units = units
        self.total = total

    @classmethod
    def from_network(
        cls, network: Any, *, image_shape: Sequence[int], most: int = MOST_UNITS
    ) -> "FirstLayerWeightsDisplay":
        """The weights of a network of pictures.

        network (Network):
        image_shape (tuple of int): (height, width) or (height, width, channels) of what was flattened into
            its inputs.
        most: So many units at most: those with the largest norm, in their order.
        returns: Not drawn yet.
        ConfigurationError, ShapeError: If this is no network, or the shape has another size than its inputs.
        """
        where = "FirstLayerWeightsDisplay.from_network"
        W = check_network(network, where).parameters["W1"]
        shape = check_image_shape(image_shape, W.shape[1], where)
        units = np.sort(np.argsort(-np.linalg.norm(W, axis=1), kind="stable")[:most])
        return cls(weights=W[units].reshape(len(units), *shape), units=units, total=len(W))

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image_shape: Sequence[int],
        member: int | None = None,
        most: int = MOST_UNITS,
    ) -> "FirstLayerWeightsDisplay":
        """The weights of a fitted estimator's network.

        estimator (DeepClassifier or DeepRegressor): Fitted on flattened pictures.
        image_shape (tuple of int): As in `from_network`.
        member: Which network of an ensemble; its inputs have to be as many as the pixels.
        most: As in `from_network`.
        returns: Not drawn yet.
        ConfigurationError, ShapeError: As in `from_network`, or if there is no such network.
        """
        network = network_of(estimator, member, "FirstLayerWeightsDisplay.from_estimator")
        return cls.from_network(network, image_shape=image_shape, most=most)

    def plot(self, *, columns: int = 8) -> "FirstLayerWeightsDisplay":
        """Draw the weights as pictures on one scale with 0 in the middle.

        columns: Pictures in a line.
        returns: With ``figure_``, ``axes_`` and ``images_``.
        MissingPackageError: When matplotlib is not installed.
        """
        columns = max(1, min(columns, len(self.units)))
        lines = ceil(len(self.units) / columns)
        size = max(1.0 * columns + 0.9, 3.2), 1.2 * lines + 0.5
        self.figure_: Any = new_figure("FirstLayerWeightsDisplay.plot", size)
        places = self.figure_.subplots(lines, columns, squeeze=False).ravel()
        self.axes_: Any = places[: len(self.units)]
        scale = centred(self._pictures)
        self.images_: list[Any] = []
        for ax in places:
            ax.set_axis_off()
        for ax, unit, picture in zip(self.axes_, self.units, self._pictures, strict=True):
            self.images_.append(ax.imshow(picture, **scale))
            ax.set_title(f"unit {unit}", fontsize=8)
        self.figure_.colorbar(self.images_[0], ax=places.tolist(), label="weight", shrink=0.8)
        return self

    @property
    def _pictures(self) -> Array:
        return self.weights.mean(axis=3) if self.weights.ndim == 4 else self.weights

    def describe(self) -> str:
        """The content of the figure in words.

        returns: A line for each of the units with the largest weights.
        """
        size = "×".join(map(str, self.weights.shape[1:]))
        lines = [f"Weights of {len(self.units)} of the {self.total} units of layer 1, as pictures of {size}."]
        largest = np.argsort(-np.abs(self._pictures).max(axis=(1, 2)), kind="stable")[:MOST_TOLD]
        for unit, picture in zip(self.units[largest], self._pictures[largest], strict=True):
            row, column = np.unravel_index(np.argmax(np.abs(picture)), picture.shape)
            ends = f"from {picture.min():.3g} to {picture.max():.3g}"
            lines.append(f"unit {unit}: {ends}, most at row {row}, column {column}.")
        return "\n".join(lines)


def check_image_shape(image_shape: Sequence[int], n_inputs: int, where: str) -> tuple[int, ...]:
    """(height, width) or (height, width, channels), of so many pixels."""
    shape = tuple(image_shape)
    if len(shape) not in (2, 3) or prod(shape) != n_inputs:
        raise ShapeError(
            where,
            f"image_shape is (height, width) or (height, width, channels) of {n_inputs} inputs",
            f"got {shape}",
        )
    return shape
