"""The lecture's two models on the cat images: python examples/05_cats.py FOLDER [ITERATIONS].

FOLDER holds train_catvnoncat.h5 and test_catvnoncat.h5. `deepstep demo cats --data FOLDER` does the same and
saves the networks.
"""

import sys

from deepstep import Network
from deepstep.data import read_cats
from deepstep.preparation import ImagePreparation

folder = sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__)
iterations = int(sys.argv[2]) if len(sys.argv) > 2 else 2500

cats = read_cats(folder)
pixels = ImagePreparation(height=64, width=64, channels=3, scale=1 / 255)
X_train, X_test = pixels.transform(cats.X_train).T, pixels.transform(cats.X_test).T
Y_train, Y_test = cats.y_train.reshape(1, -1), cats.y_test.reshape(1, -1)

for layer_dims, initialization in (([12288, 7, 1], "small"), ([12288, 20, 7, 5, 1], "lecun")):
    net = Network(layer_dims, initialization=initialization, seed=1)
    history = net.train(X_train, Y_train, learning_rate=0.0075, iterations=iterations)
    print(layer_dims)
    for iteration in range(0, iterations, 100):
        print(f"  cost after iteration {iteration:4d}: {history.costs[iteration]:.6f}")
    print(f"  train {net.accuracy(X_train, Y_train):.2%}, test {net.accuracy(X_test, Y_test):.2%}")
