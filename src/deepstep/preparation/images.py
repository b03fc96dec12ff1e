"""Pictures as features."""

from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from deepstep.environment import polars
from deepstep.errors import DataError, ShapeError
from deepstep.preparation.table import with_columns
from deepstep.types import AnyArray


@dataclass(frozen=True)
class ImagePreparation:
    """Pictures of one size, flattened and scaled.

    Attributes
    ----------
    height, width, channels : int
    scale : float
        Factor of each pixel, as 1/255.

    Examples
    --------
    >>> preparation = ImagePreparation(1, 2, 1, scale=0.5)
    >>> preparation.transform(np.array([[[[2], [4]]]], dtype=np.uint8))
    array([[1., 2.]])
    >>> preparation.feature_names
    ('pixel_0_0', 'pixel_0_1')
    """

    kind: ClassVar[str] = "image"
    height: int
    width: int
    channels: int
    scale: float

    @property
    def n_features(self) -> int:
        """height · width · channels."""
        return self.height * self.width * self.channels

    @property
    def fault(self) -> str:
        """The condition that a stored preparation does not meet; empty for a valid one."""
        if min(self.height, self.width, self.channels) < 1:
            return "height, width and channels are at least 1"
        return "" if isfinite(self.scale) else "the scale is finite"

    @property
    def feature_names(self) -> tuple[str, ...]:
        """`pixel_<row>_<column>`, with `_<channel>` where there are several: the digits' own names."""
        return tuple(
            f"pixel_{row}_{column}" + (f"_{channel}" if self.channels > 1 else "")
            for row in range(self.height)
            for column in range(self.width)
            for channel in range(self.channels)
        )

    def transform(self, images: AnyArray) -> NDArray[np.float64]:
        """The features of m pictures.

        Parameters
        ----------
        images : array of shape (m, height, width, channels) or (m, height·width·channels), any numbers
            A flat picture has the order rows, columns, channels.

        Returns
        -------
        array of shape (m, n_features), float64, C-ordered

        Raises
        ------
        ShapeError
            When the shape is another.
        DataError
            When there are no pictures, or a pixel is no finite number.
        """
        shape = (self.height, self.width, self.channels)
        if images.shape[1:] not in (shape, (self.n_features,)):
            hint = "Pass pictures[None] for one picture." if images.shape == shape else ""
            expected = f"have shape (m, {', '.join(map(str, shape))})"
            raise ShapeError.must_be("Pictures", expected, str(images.shape), hint)
        if len(images) == 0:
            raise DataError("There is no picture")
        if images.dtype.kind not in "buif":
            raise DataError(f"Pixels are no numbers, but of type {images.dtype}")
        features = np.ascontiguousarray(images, dtype=np.float64).reshape(len(images), -1) * self.scale
        wrong = np.flatnonzero(~np.isfinite(features).all(axis=1))
        if wrong.size:
            raise DataError(f"Picture {wrong[0] + 1} has pixels that are not finite")
        return features

    def transform_table(self, frame: "polars.DataFrame") -> NDArray[np.float64]:
        """The features of m pictures that come as a table with a column per pixel (`feature_names`).

        Parameters
        ----------
        frame : polars.DataFrame
            The pixel columns in any order; further columns are ignored.

        Returns
        -------
        array of shape (m, n_features), float64
            As of `transform`.

        Raises
        ------
        DataError
            When a column is missing, holds no numbers, or has missing values.
        """
        names = list(self.feature_names)
        pixels = with_columns(frame, names).select(names)
        for series in pixels:
            if series.null_count():
                n_missing = f"{series.null_count()} of {len(series)} values"
                raise DataError(f"Column {series.name!r}, a pixel, lacks {n_missing}")
            if not series.dtype.is_numeric():
                raise DataError(f"Column {series.name!r}, a pixel, has no numbers, but {series.dtype}")
        return self.transform(pixels.to_numpy())
