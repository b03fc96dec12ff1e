"""The lecture's two models on drawn cats: python examples/05_cats.py [FOLDER [ITERATIONS]].

The pictures are drawn by deepstep.data.load("cats"); no photograph is among them. FOLDER takes the lecture's
own files instead, train_catvnoncat.h5 and test_catvnoncat.h5. `deepstep demo cats` does the same and saves
the networks.
"""

import sys

import numpy as np

from deepstep import Network
from deepstep.data import load, read_cats

cats = read_cats(sys.argv[1]) if len(sys.argv) > 1 else load("cats")
iterations = int(sys.argv[2]) if len(sys.argv) > 2 else 2500

X_train, X_test = (X.reshape(len(X), -1).T / 255 for X in (cats.X_train, cats.X_test))
Y_train, Y_test = cats.y_train.reshape(1, -1), cats.y_test.reshape(1, -1)

for layer_dims, initialization in (([12288, 7, 1], "small"), ([12288, 20, 7, 5, 1], "lecun")):
    net = Network(layer_dims, initialization=initialization, seed=1)
    history = net.train(X_train, Y_train, learning_rate=0.0075, iterations=iterations)
    print(layer_dims)
    for iteration in range(0, iterations, 100):
        print(f"  cost after iteration {iteration:4d}: {history.costs[iteration]:.6f}")
    print(f"  train {net.accuracy(X_train, Y_train):.2%}, test {net.accuracy(X_test, Y_test):.2%}")
    print(f"  wrong test pictures: {np.flatnonzero(net.predict(X_test) != Y_test).tolist()}")
