"""Pictures → features."""

import numpy as np
import polars
import pytest
from sklearn.datasets import load_digits

from deepstep.errors import DataError, ShapeError
from deepstep.preparation import ImagePreparation

SMALL = ImagePreparation(2, 3, 3, scale=1 / 255)


def test_the_order_is_rows_columns_channels():
    images = np.arange(2 * 2 * 3 * 3, dtype=np.uint8).reshape(2, 2, 3, 3)
    X = SMALL.transform(images)
    assert X.shape == (2, SMALL.n_features) == (2, 18)
    assert X.flags.c_contiguous
    for position, name in enumerate(SMALL.feature_names):
        row, column, channel = map(int, name.split("_")[1:])
        np.testing.assert_allclose(X[:, position], images[:, row, column, channel] / 255, rtol=1e-15)


def test_the_digits_come_as_pictures_flat_or_as_a_table():
    bunch = load_digits(as_frame=True)
    preparation = ImagePreparation(8, 8, 1, scale=1 / 16)
    assert list(preparation.feature_names) == list(bunch.data.columns)
    expected = bunch.data.to_numpy() / 16
    np.testing.assert_array_equal(preparation.transform(bunch.images[..., None]), expected)
    np.testing.assert_array_equal(preparation.transform(bunch.data.to_numpy()), expected)
    table = polars.from_pandas(bunch.frame)[:, ::-1]
    np.testing.assert_array_equal(preparation.transform_table(table), expected)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (np.zeros((0, 2)), "There is no picture"),
        *((np.zeros(shape), r"\(m, 1, 2, 1\)") for shape in [(1, 2, 2), (1, 2, 2, 1), (2, 3), ()]),
        (np.full((2, 2), "a"), "Pixels are no numbers"),
        (np.array([[0.0, 0.0], [np.nan, 0.0]]), "Picture 2 has pixels that are not finite"),
        (polars.DataFrame({"pixel_0_0": [1]}), "training: 'pixel_0_1'"),
        (polars.DataFrame({"pixel_0_0": [1], "pixel_0_1": ["x"]}), "has no numbers, but String"),
        (polars.DataFrame({"pixel_0_0": [1, 2], "pixel_0_1": [None, 2]}), "lacks 1 of 2 values"),
    ],
)
def test_impossible_pixels(images, sentence):
    preparation = ImagePreparation(1, 2, 1, scale=1.0)
    prepare = preparation.transform if isinstance(images, np.ndarray) else preparation.transform_table
    with pytest.raises((DataError, ShapeError), match=sentence):
        prepare(images)
