"""Digits in NumPy files."""

import numpy as np
import pytest
from sklearn.datasets import load_digits


@pytest.fixture
def files(tmp_path):
    """X.npy with pictures, and y.npy with their labels."""
    X, y = load_digits(return_X_y=True)
    np.save(tmp_path / "X.npy", X[:600].reshape(-1, 8, 8) / 16)
    np.save(tmp_path / "y.npy", y[:600])
    return tmp_path
