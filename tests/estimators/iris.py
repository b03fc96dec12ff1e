"""Standardized iris flowers, and the parameters of a network that has learned them."""

from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)


def theta(estimator):
    """All parameters of an estimator's network, in one vector."""
    return estimator.network_.parameters.flat
