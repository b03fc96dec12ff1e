"""What is drawn at random: functions of (seed, step, layer), with the right shares and moments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepstep.engines.draws import dropout_masks, generator
from deepstep.network import Architecture

SHAPE = Architecture((3, 200, 100, 1), ("relu", "relu", "sigmoid"))
HOW = {"seed": 3, "step": 5, "dtype": np.dtype(np.float64)}


@settings(max_examples=25)
@given(m=st.integers(1, 60), width=st.integers(1, 20), jump=st.sampled_from([0, 30, 10**9]), data=st.data())
def test_masks_of_some_rows_are_those_of_all(m, width, jump, data):
    """Whether the counter goes on to them, or all are drawn."""
    shape = Architecture((3, width, 1), ("relu", "sigmoid"))
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, m - 1)))), int)
    part = slice(*sorted(data.draw(st.tuples(st.integers(0, m), st.integers(0, m)))))
    whole = dropout_masks(shape, (0.5,), m, **HOW)[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deepstep.engines.draws.DRAWS_PER_JUMP", jump)
        for some in (rows, part):
            found = dropout_masks(shape, (0.5,), m, **HOW, rows=some)[1]
            np.testing.assert_array_equal(found, whole[:, some])


def test_the_generator_is_numpys_philox_with_key_and_counter():
    words = np.random.Philox(key=[3, 1], counter=[0, 0, 2, 7])
    expected = np.random.Generator(words).random(5)
    np.testing.assert_array_equal(generator(3, step=7, layer=2).random(5), expected)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_mask_drops_its_share_and_raises_the_rest(rate):
    masks = dropout_masks(SHAPE, (rate, 0.0), 500, **HOW)
    assert set(masks) == {1}  # a layer that drops nothing has no mask
    assert masks[1].shape == (200, 500)
    assert set(np.unique(masks[1])) == {0.0, 1 / (1 - rate)}
    share = (masks[1] == 0).mean()
    assert abs(share - rate) < 5 * np.sqrt(rate * (1 - rate) / masks[1].size)
    narrow = dropout_masks(SHAPE, (rate, 0.0), 500, **{**HOW, "dtype": np.dtype(np.float32)})
    np.testing.assert_array_equal(narrow[1], masks[1].astype(np.float32), strict=True)
