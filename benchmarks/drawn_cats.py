"""The lecture's two networks on drawn cats of several seeds: python benchmarks/drawn_cats.py [SEEDS].

A line for each seed of the pictures, from 1 to SEEDS (24): the test accuracy of 12288-7-1 and 12288-20-7-5-1
after 2,500 iterations with the settings of `deepstep demo cats`, then the means (docs/course/12_cats.md).
"""

import sys

import numpy as np

from deepstep import Network
from deepstep.data import load

SIZES = ([12288, 7, 1], [12288, 20, 7, 5, 1])


def main(seeds: int) -> None:
    """Print the table."""
    accuracies = []
    for seed in range(1, seeds + 1):
        data = load("cats", seed=seed)
        X, X_test = (part.T * data.scale for part in (data.X_train, data.X_test))
        Y, Y_test = data.y_train[np.newaxis], data.y_test[np.newaxis]
        scores = []
        for sizes in SIZES:
            network = Network(sizes, initialization="small" if len(sizes) == 3 else "lecun", seed=1)
            network.train(X, Y, learning_rate=0.0075, iterations=2500)
            scores.append(network.accuracy(X_test, Y_test))
        accuracies.append(scores)
        print(f"seed {seed:2}: {scores[0]:.0%} {scores[1]:.0%}", flush=True)
    two, four = np.array(accuracies).T
    print(
        f"means {two.mean():.1%} {four.mean():.1%}; four layers are better in {(four > two).sum()} of {seeds}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 24)
