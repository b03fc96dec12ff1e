"""The beginning of a training: unsuitable inputs, weights and targets."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations import cost_from_logits, get_head, output_gradient
from deepstep.equations.example_gradients import euclidean_norm
from deepstep.equations.model import gradients_of
from deepstep.equations.ops import is_weights
from deepstep.inspection.findings.finding import Finding, new_finding
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import evenly_spread
from deepstep.training.health import layer_health
from deepstep.training.history import Look
from deepstep.types import Array

LARGE_INPUTS, LARGE_Z = 10.0, 5.0  # root mean squares; scaled inputs and usual weights give about 1
LARGE_LOGITS = 30.0  # root mean square, in units of the targets where these are larger than 1
SIMILAR = 2.5  # standard errors: with less, the targets of neighbours agree by chance …
SURELY_SIMILAR = 1.5  # … and where the network fits them all the same, with less than this
FEW, MANY = 10, 100  # rows that these need
LOOKED_AT, MOST_CELLS = 256, 1_000_000  # examples that are kept, fewer if they are wide
SHARE = 400  # one of so many examples that a training used is examined: under 2 % of its time …
SMALL, FEWEST = 1_000_000, 8  # … or as many as are free in a small network; fewer than 8 are not examined
NO_BETTER = 0.9  # of the cost of a constant prediction: a network that has learned is far below


class Beginning(NamedTuple):
    """The beginning of a training, with which `diagnose` separates causes from symptoms.

    Attributes
    ----------
    X : array of shape (n_x, k)
        Examples of the training, evenly spread.
    Y : array of shape (n_L, k)
        Their targets.
    parameters : Parameters
        θ before the first update.
    regularized : bool, optional
        Whether the costs of the training include L1 or L2.
    diverged : mapping, optional
        Attributes of the `DivergenceError` that ended the training, if there was one.
    m : int, optional
        Number of examples of the training.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([1, 1], initialization="zeros", seed=1)
    >>> history = net.train([[-1.0, 1.0]], [[0, 1]], learning_rate=1.0, iterations=3)
    >>> net.beginning.X, net.beginning.parameters["W1"]
    (array([[-1.,  1.]]), array([[0.]]))
    """

    X: Array
    Y: Array
    parameters: Parameters
    regularized: bool = False
    diverged: Mapping[str, Any] | None = None
    m: int = 0


def beginning_of(examples: Any, parameters: Parameters, *, regularized: bool) -> Beginning:
    """The beginning of a training on these examples, in memory or streamed."""
    sample = getattr(examples, "sample", examples)
    most = max(16, min(LOOKED_AT, MOST_CELLS // parameters.layer_dims[0]))
    X, Y, _ = sample.take(evenly_spread(len(sample), most))
    return Beginning(X, Y, parameters, regularized, m=len(examples))


def looks_of(architecture: Architecture, beginning: Beginning, parameters: Parameters) -> list[Look]:
    """The layers before and after a training, with the update of the whole training."""
    X, Y, before = beginning[:3]
    looks = []
    for theta in (before, parameters):
        graph, tape = architecture.run(X, theta)
        dZL = output_gradient(tape[graph.logits], Y, output=get_head(architecture))
        by_name = gradients_of(graph, tape, dZL, input_gradient=False)
        gradient = {name: by_name[f"d{name}"] for name in theta}
        looks.append(layer_health(architecture, theta, X, gradient, before))
    return looks


def looks_to_record(
    architecture: Architecture, beginning: Beginning, parameters: Parameters, epochs: int
) -> list[Look]:
    """`looks_of` after so many epochs, on few enough examples to take little time."""
    n, k = beginning.X.shape[1], max(beginning.m * epochs // SHARE, SMALL // parameters.flat.size)
    if min(n, k) < FEWEST:
        return []
    rows = evenly_spread(n, k)
    few = beginning._replace(X=beginning.X[:, rows], Y=beginning.Y[:, rows])
    with np.errstate(all="ignore"):
        return looks_of(architecture, few, parameters)


class Start:
    """Measures of the beginning of a training, on the examples that were kept."""

    def __init__(self, architecture: Architecture, beginning: Beginning, parameters: Parameters) -> None:
        self.architecture, self.beginning = architecture, beginning
        self.first, self.last = (self.cost(theta) for theta in (beginning.parameters, parameters))
        moved = [
            np.divide(euclidean_norm(parameters[name] - W), euclidean_norm(W))
            for name, W in beginning.parameters.items()
            if is_weights(name)
        ]
        self.moved = float(np.nan_to_num(moved, posinf=np.inf).max())
        self.baseline = self.cost_of_a_constant()

    @property
    def stuck(self) -> bool:
        """Whether the network is hardly better than a constant prediction."""
        return self.last > NO_BETTER * self.baseline

    def cost(self, parameters: Parameters) -> float:
        """J on the examples, without L1 and L2."""
        graph, tape = self.architecture.run(self.beginning.X, parameters)
        return cost_from_logits(tape[graph.logits], self.beginning.Y, output=get_head(self.architecture))

    def cost_of_a_constant(self) -> float:
        """The least J of a constant prediction; NaN for heads without a formula for it here."""
        Y = np.asarray(self.beginning.Y, dtype=np.float64)
        share = np.clip(Y.mean(axis=1, keepdims=True), 1e-9, None)
        ZL = {
            "sigmoid": np.log(share) - np.log(np.maximum(1 - share, 1e-9)),
            "softmax": np.log(share),
            "identity": Y.mean(axis=1, keepdims=True),
        }.get(self.architecture.output)
        if ZL is None:
            return float("nan")
        return cost_from_logits(np.broadcast_to(ZL, Y.shape), Y, output=get_head(self.architecture.output))

    def findings(self) -> Iterator[Finding]:
        """Inputs, weights and targets that no training can succeed with."""
        X, Y = self.beginning.X, self.beginning.Y
        graph, tape = self.architecture.run(X, self.beginning.parameters)
        X_size, Z_size, logits_size, Y_size = map(_size, (X, tape["Z1"], tape[graph.logits], Y))
        if Y.shape[1] > 1 and (Y[:, :1] == Y).all():
            yield new_finding("constant target", 0.0, name="the target")
        if X_size > LARGE_INPUTS and Z_size > LARGE_Z:
            yield new_finding("inputs not scaled", Z_size, largest=float(np.abs(X).max()))
        elif not (logits_size <= LARGE_LOGITS * max(1.0, Y_size) or self.first <= self.baseline):
            yield new_finding("large initial weights", logits_size)

    def relation(self, validation: Array) -> Iterator[Finding]:
        """Targets that do not agree with those of the nearest other examples."""
        X, Y = (np.asarray(part, dtype=np.float64) for part in self.beginning[:2])
        k = Y.shape[1]
        X, Y = X - X.mean(axis=1, keepdims=True), Y - Y.mean(axis=1, keepdims=True)
        X /= np.maximum(X.std(axis=1, keepdims=True), 1e-12)  # a constant input has no deviation
        squares = (X**2).sum(axis=0)
        apart = squares[:, np.newaxis] + squares - 2 * X.T @ X  # ‖x - x′‖² of all pairs
        np.fill_diagonal(apart, np.inf)
        # the correlation of each target with that of the nearest other example, in standard errors
        agreement = float((Y * Y[:, apart.argmin(axis=1)]).sum() / (Y**2).sum() * np.sqrt(k))
        validated = not np.isnan(validation).any()
        lowest = float(validation.min()) if validated else self.last
        if k >= FEW and agreement < SIMILAR and lowest > NO_BETTER * self.baseline:
            which = "the validation cost" if validated else "the cost"
            yield new_finding("target unrelated to the inputs", agreement, which=which, guess=self.baseline)
        elif k >= MANY and agreement < SURELY_SIMILAR and not validated:
            yield new_finding("target unrelated to the inputs | memorized", agreement)


def _size(values: Array) -> float:
    return float(euclidean_norm(np.asarray(values, np.float64)) / np.sqrt(values.size))
