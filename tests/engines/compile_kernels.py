"""Compile the kernels that most tests need, before several workers ask for the same ones at once.

`make test` runs it on one core while the types are checked on another.
"""

import numpy as np

from deepstep import Network

X, Y = np.zeros((2, 8)), np.tile([0, 1], 4)[np.newaxis]

if __name__ == "__main__":
    for dtype in ("float64", "float32"):
        network = Network([2, 3, 1], engine="compiled", dtype=dtype, seed=1)
        network.train(X, Y, iterations=1)
        network.predict(X)
