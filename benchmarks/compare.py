"""One network by one library, for docs/comparison.md.

python benchmarks/compare.py deepstep|scikit-learn|keras prints the seconds of processors of the first
training of 64-100-10 on digits (40 epochs of Adam, batches of 200) and of later ones, and the held-out
accuracy over five splits. Keras runs on its backend: set KERAS_BACKEND=jax.
"""

import sys
import warnings
from time import process_time

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

EPOCHS, BATCH, UNITS, RATE = 40, 200, 100, 0.003


def deepstep(X, y, seed):
    """The network with scikit-learn's parameters."""
    from deepstep import NetworkClassifier

    model = NetworkClassifier(
        (UNITS,), "relu", solver="adam", alpha=0, batch_size=BATCH, learning_rate_init=RATE,
        max_iter=EPOCHS, n_iter_no_change=np.inf, random_state=seed,
    )  # fmt: skip
    return model.fit(X, y).predict


def scikit_learn(X, y, seed):
    """MLPClassifier."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(
        (UNITS,), alpha=0, batch_size=BATCH, learning_rate_init=RATE, max_iter=EPOCHS,
        n_iter_no_change=EPOCHS, random_state=seed,
    )  # fmt: skip
    return model.fit(X, y).predict


def keras(X, y, seed):
    """A Sequential with compile and fit."""
    import keras

    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.layers.Dense(UNITS, "relu"), keras.layers.Dense(10, "softmax")])
    model.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy")
    model.fit(X, y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return lambda rows: model.predict(rows, verbose=0).argmax(axis=1)


LIBRARIES = {"deepstep": deepstep, "scikit-learn": scikit_learn, "keras": keras}


def main():
    """Print one line."""
    warnings.simplefilter("ignore")  # that 40 epochs are few
    train = LIBRARIES[sys.argv[1]]
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    seconds, scores = [], []
    for seed in range(6):  # the first one compiles, and is left out
        X_train, X_test, y_train, y_test = train_test_split(
            X, y, stratify=y, random_state=seed, test_size=0.2
        )
        start = process_time()
        predict = train(X_train, y_train, seed)
        seconds.append(process_time() - start)
        scores.append(np.mean(predict(X_test) == y_test))
    first, later = seconds[0], np.median(seconds[1:])
    mean, deviation = np.mean(scores[1:]), np.std(scores[1:], ddof=1)
    print(f"{sys.argv[1]}: first training {first:.2f} s, later {later:.2f} s of processors")
    print(f"held-out accuracy {mean:.4f} ({deviation:.4f})")


if __name__ == "__main__":
    main()
