"""What is raced: networks, generated data, where training starts and in which order the examples come."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]
Layers = list[tuple[Array, Array]]
"""W (n_l, n_{l-1}) and b (n_l,) of each layer."""

SEED = 0

CATS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cats"
"""The pictures of the lecture's practice; they are not part of this repository."""


class Aim(NamedTuple):
    """The share of wrong answers on held-out rows that ends a training.

    It is looked at after every so many units; a training of ``most`` units without it has failed.
    """

    error: float
    every: int
    most: int


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    Attributes
    ----------
    name : str
    layer_dims : tuple of int
    n_examples : int
    batch_size : int or None
        None for the full batch: a unit of work is then one step, else one epoch.
    optimizer : {"adam", "gd"}
    rate : float
    activation : str
        Of the hidden layers. The head is softmax, or sigmoid for one output.
    checked : int
        Units after which costs are compared.
    iterations : int
        Steps of a whole training, from opening a session on; 0 where a session goes on from round to round.
    rows : int
        Rows that are predicted at once by an estimator; 0 where a network is trained.
    targets : mapping
        Least ratio by entrant, on a processor without AVX-512; for "engine" and "floor" the least share.
    aim : Aim or None
        Of a training that is timed until it answers well enough.
    seed : int
        Draws where such a training starts, and its order.
    """

    name: str
    layer_dims: tuple[int, ...]
    n_examples: int
    batch_size: int | None
    optimizer: str = "adam"
    rate: float = 1e-3
    activation: str = "relu"
    checked: int = 1
    iterations: int = 0
    rows: int = 0
    targets: Mapping[str, float] = field(default_factory=dict)
    aim: Aim | None = None
    seed: int = SEED

    @property
    def steps_of_a_unit(self) -> int:
        """Updates, or predictions."""
        return 1 if self.batch_size is None else -(-self.n_examples // self.batch_size)

    @property
    def batch(self) -> int:
        """Examples of a whole batch."""
        return self.rows or self.batch_size or self.n_examples

    @property
    def title(self) -> str:
        """The row's name in the table."""
        shape = "-".join(map(str, self.layer_dims))
        if self.rows:
            return f"predict_proba {shape}, {'one row' if self.rows == 1 else f'{self.rows} rows'}"
        size = f"full batch {self.n_examples}" if self.batch_size is None else f"batch {self.batch_size}"
        whole = f", {self.iterations} iterations" if self.iterations else ""
        return f"{self.name} {shape}, {size}{whole}, {self.optimizer}"


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(
            "planar", (2, 4, 1), 400, None, "gd", 0.1, "tanh", checked=200,
            targets={"scikit-learn": 8, "torch": 8, "jax": 2, "engine": 0.6},
        ),
        Workload(
            "digits", (64, 100, 10), 1797, 200, checked=5,
            targets={"scikit-learn": 5, "torch": 5, "jax": 1.3},
        ),
        Workload(
            "table", (50, 256, 256, 256, 2), 10240, 256,
            targets={"scikit-learn": 2.2, "torch": 1.4, "jax": 1.1},
        ),
        Workload(
            "images", (784, 512, 512, 10), 3840, 128,
            targets={"scikit-learn": 2.3, "torch": 1.4, "jax": 1.1},
        ),
        Workload(
            "wide", (50, 512, 512, 512, 2), 10240, 1024, checked=2,
            targets={"scikit-learn": 1.4, "torch": 1.05, "jax": 1.0},
        ),
        Workload(
            "cats", (12288, 20, 7, 5, 1), 209, None, "gd", 0.0075, checked=200, iterations=2500,
            targets={"scikit-learn": 20, "torch": 20},
        ),
        Workload(
            "row", (50, 256, 256, 256, 1), 20_000, None, rows=1,
            targets={"scikit-learn": 3},
        ),
        Workload(
            "bulk", (50, 256, 256, 256, 1), 20_000, None, rows=20_000,
            targets={"floor": 1 / 1.2},
        ),
    )
}  # fmt: skip


TO_QUALITY = {
    workload.name: workload
    for workload in (
        Workload("held-out-digits", (64, 100, 10), 1437, 200, aim=Aim(0.03, 1, 200)),
        Workload("held-out-table", (20, 128, 128, 1), 16_000, 256, aim=Aim(0.08, 1, 60)),
        Workload("held-out-cats", (12288, 20, 7, 5, 1), 209, None, "gd", 0.0075, aim=Aim(0.3, 25, 2500)),
    )
}
"""Those of `time_to_quality.py`, by name."""

ON_GPU = {"broad": Workload("broad", (4096, 4096, 4096, 4096, 10), 16_384, 8192)}
"""Those of GPUs alone, by name."""


class Data(NamedTuple):
    """Examples as rows.

    Attributes
    ----------
    X : array of float32 (m, n_x)
    labels : array of int64 (m,)
    Y : array of float32 (m, n_L)
        Targets: one column of zeros and ones, or one-hot.
    """

    X: Array
    labels: Integers
    Y: Array


def data_of(workload: Workload) -> Data:
    """The examples: handwritten digits from scikit-learn, else generated with labels that can be learned."""
    if workload.aim is not None:
        return parts_of(workload)[0]
    rng = np.random.default_rng(SEED)
    m, n_x, n_outputs = workload.n_examples, workload.layer_dims[0], workload.layer_dims[-1]
    if workload.name == "digits":
        from sklearn.datasets import load_digits

        bundle = load_digits()
        X, labels = bundle.data / 16, bundle.target
    elif workload.name == "planar":  # the sign changes with the angle, as between the petals of a flower
        X = rng.normal(size=(m, n_x))
        labels = np.sin(4 * np.arctan2(X[:, 1], X[:, 0])) > 0
    else:
        # the pixels of images are taken as standardized: from raw ones dozens of steps of Adam end in chaos,
        # where no two runs in float32 cost the same
        X = rng.uniform(size=(m, n_x)) if workload.name == "cats" else rng.normal(size=(m, n_x))
        scores = (X - X.mean(axis=0)) @ rng.normal(size=(n_x, max(n_outputs, 2)))
        labels = scores.argmax(axis=1)
    return _as_data(X, labels, n_outputs)


def parts_of(workload: Workload) -> tuple[Data, Data]:
    """The rows to learn from and the held-out ones of a workload with an aim, the same for every seed."""
    m, n_x = workload.n_examples, workload.layer_dims[0]
    if workload.name == "held-out-cats":
        from deepstep.data import read_cats

        images = read_cats(CATS)
        X = np.concatenate([images.X_train, images.X_test]).reshape(-1, n_x) / 255
        labels = np.concatenate([images.y_train, images.y_test])
        rows = np.arange(len(X))
    elif workload.name == "held-out-digits":
        from sklearn.datasets import load_digits

        bundle = load_digits()
        X, labels = bundle.data / 16, bundle.target
        rows = np.random.default_rng(SEED).permutation(len(X))
    else:  # classes by the sign of a random network's output
        rng = np.random.default_rng(SEED)
        rows = np.arange(m * 5 // 4)
        X = rng.normal(size=(len(rows), n_x))
        labels = np.tanh(X @ rng.normal(size=(n_x, 16)) / 2) @ rng.normal(size=16) > 0
    parts = (_as_data(X[part], labels[part], workload.layer_dims[-1]) for part in (rows[:m], rows[m:]))
    return next(parts), next(parts)


def _as_data(X: Array, labels: npt.NDArray, n_outputs: int) -> Data:
    labels = labels.astype(np.int64)
    Y = labels[:, np.newaxis] if n_outputs == 1 else np.eye(n_outputs)[labels]
    return Data(np.ascontiguousarray(X, np.float32), labels, np.ascontiguousarray(Y, np.float32))


def first_layers(workload: Workload) -> Layers:
    """Where training starts, in float64 that float32 holds exactly: the same numbers for every engine."""
    sizes = workload.layer_dims
    if workload.aim is not None:  # those that scikit-learn draws: it has no way to be given others
        random, layers = np.random.RandomState(workload.seed), []
        for n_prev, n in pairwise(sizes):
            bound = np.sqrt(6 / (n_prev + n))
            W, b = (random.uniform(-bound, bound, shape) for shape in ((n_prev, n), n))
            layers.append((W.T.astype(np.float32).astype(np.float64), b.astype(np.float32)))
        return layers
    rng = np.random.default_rng(SEED + 1)
    return [
        (
            (rng.normal(size=(n, n_prev)) * np.sqrt(2 / n_prev)).astype(np.float32).astype(np.float64),
            np.zeros(n),
        )
        for n_prev, n in pairwise(sizes)
    ]


class Orders:
    """The order of the examples in each epoch: those that scikit-learn's network draws."""

    def __init__(self, m: int) -> None:
        self._random, self._last, self._ahead = np.random.RandomState(SEED), np.arange(m), deque[Integers]()

    def draw(self, count: int) -> None:
        """Have so many ready, before a clock runs: to draw them is no engine's work."""
        from sklearn.utils import shuffle

        while len(self._ahead) < count:
            self._last = shuffle(self._last, random_state=self._random)
            self._ahead.append(self._last)

    def __next__(self) -> Integers:
        self.draw(1)
        return self._ahead.popleft()


def error_of(workload: Workload, layers: Layers, data: Data) -> float:
    """The share of wrong answers, in NumPy alone."""
    A = _logits(workload, layers, data.X)
    answers = A.argmax(axis=1) if A.shape[1] > 1 else A[:, 0] > 0
    return float(np.mean(answers != data.labels))


def _logits(workload: Workload, layers: Layers, X: Array) -> Array:
    for number, (W, b) in enumerate(layers, 1):
        Z = X @ np.asarray(W, X.dtype).T + np.asarray(b, X.dtype).reshape(-1)
        X = Z if number == len(layers) else np.tanh(Z) if workload.activation == "tanh" else np.maximum(Z, 0)
    return X


def cost_of(workload: Workload, layers: Layers, data: Data) -> float:
    """The mean loss of all examples in float64, in NumPy alone: no engine judges itself."""
    A = _logits(workload, layers, data.X.astype(np.float64))
    if A.shape[1] == 1:
        return float(np.mean(np.logaddexp(0, A) - data.Y * A))
    most = A.max(axis=1, keepdims=True)
    return float(np.mean(most[:, 0] + np.log(np.exp(A - most).sum(axis=1)) - (data.Y * A).sum(axis=1)))
