"""Findings about the training of one network: inputs, weights and targets at its beginning, its costs, its
layers, and its predictions.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from deepstep.equations import cost_from_logits, get_head, output_gradient
from deepstep.equations.example_gradients import euclidean_norm
from deepstep.equations.model import gradients_of
from deepstep.equations.ops import is_weights
from deepstep.errors import DataError
from deepstep.inspection.findings.finding import SERIOUS, WARNING, Finding, in_order, new_finding
from deepstep.inspection.findings.predictions import class_findings, constant_target, target_findings
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import evenly_spread
from deepstep.training import History
from deepstep.training.health import layer_health
from deepstep.training.history import Look, health_in, layers_in
from deepstep.types import Array, is_whole

LARGE_INPUTS, LARGE_Z = 10.0, 5.0  # root mean squares; scaled inputs and usual weights give about 1
LARGE_LOGITS = 30.0  # root mean square, in units of the targets where these are larger than 1
SIMILAR = 2.5  # standard errors: with less, the targets of neighbours agree by chance …
SURELY_SIMILAR = 1.5  # … and where the network fits them all the same, with less than this
FEW, MANY = 10, 100  # rows that these need
LOOKED_AT, MOST_CELLS = 256, 1_000_000  # examples that are kept, fewer if they are wide
SHARE = 400  # one of so many examples that a training used is examined: under 2 % of its time …
SMALL, FEWEST_EXAMPLES = 1_000_000, 8  # … or as many as are free in a small network, 8 at least
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
    if min(n, k) < FEWEST_EXAMPLES:
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


# Costs.
FEWEST_EPOCHS = 10  # epochs that a shape of the curve needs
TENTH = 0.1  # means over a tenth of the epochs are compared, as single ones jump
STILL_FALLING = 0.025  # of the whole fall, in the last tenth: a quarter of what a straight line falls
RISEN = 0.1  # of the fall of the validation cost: more above its minimum than its usual fluctuation
DOUBLED = 2.0  # times the minimum of the validation cost is far above it, even after a far worse start …
A_LITTLE = 0.02  # … if it rose by more than this fraction of the fall
FELL_LITTLE = 0.1  # of the first cost: with less of a fall a training has only begun
NOTHING = 0.01  # of the first cost: less is nothing learned
STRAIGHT = 0.25  # of the fall in the second half: it has not slowed down, as it does near a minimum
STEADY = 0.9  # fraction of the epochs in which the cost falls when the steps are short
JUMPS = 0.1  # of the whole fall, between epochs of the second half: steps that overshoot
ROSE = 1.5  # times the cost at the beginning: short steps never raise it so far, with batches or without
ROSE_FROM_EVEN = 4.0  # times the cost of uniform predictions, if the first cost is unknown: weights add to it

# Layers.
DEAD = 0.4  # of the units: what a learning rate that is too high kills (CS231n, Neural Networks 1)
SATURATED = 0.4  # the same for units whose derivative is close to 0 (Glorot and Bengio 2010, section 3)
MOSTLY = 0.9  # from this fraction on little passes through the layer
VANISHED = 1e-3  # of the largest gradient above: what five sigmoid layers leave, with g′ of at most 1/4 each
WEAK = 0.1  # of it: enough to stop a network that has learned nothing
EXPLODED = 1e3  # times the gradient of the output's layer: the same factor, upwards
USUAL_UPDATE = 1e-3  # ‖update‖ / ‖W‖ of one update (CS231n, Neural Networks 3)
TOO_LARGE = 50 * USUAL_UPDATE  # one update in twenty renews a weight, in the half in which it should settle
TOO_SMALL = 0.01  # of ‖W‖, over the whole training: the layer keeps its initial weights
MOVED = 0.1  # of ‖W‖: a learning rate that is too low moves no layer so far

LOWER, SMALLER = "lower the learning rate", "scale the inputs, begin with smaller weights"


def diagnose(
    training: Any,
    *,
    architecture: Architecture | None = None,
    parameters: Parameters | None = None,
    X: Array | None = None,
    Y: Array | None = None,
    scores: Mapping[str, Any] | None = None,
    kept_best: bool = False,
    diverged: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """Find common problems of a training.

    Parameters
    ----------
    training : Network or History
        A trained network, or the records of a training. Layers are examined in each epoch that the callback
        `deepstep.training.Health` recorded; without it, those of a network before and after its training, on
        some of its examples.
    architecture : Architecture, optional
        The network of a history, for more specific advice.
    parameters : Parameters, optional
        Its parameters after the training, to find symmetric units.
    X : array of shape (n_x, m), optional
        Some hundred examples on which dead and saturated units are counted; by default the last record of
        Health counts.
    Y : array of shape (n_L, m), optional
        The targets of X, to find possible label errors and a constant target. Best are rows that were not
        used for training.
    scores : mapping, optional
        Figures of the predictions: ``accuracy``, ``majority_accuracy``, ``recall`` by class.
    kept_best : bool, optional
        Whether early stopping kept the parameters of the best epoch, so that later epochs do no harm.
    diverged : mapping, optional
        Attributes of the `DivergenceError` that ended the training: ``problem``, ``hint``, ``layer`` and
        ``step``.

    Returns
    -------
    list of Finding
        Causes before their consequences, then the most serious first; empty if nothing was found.

    Raises
    ------
    DataError
        If ``training`` is neither a Network nor a History.

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network([2, 3, 1], initialization="zeros", seed=1)
    >>> history = net.train([[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 1]], learning_rate=0.5, iterations=50)
    >>> print(diagnose(net)[0])
    layer 1: all 3 units have the same weights, so that all learn the same; begin with random weights, such as
    initialization='he'.
    """
    history, beginning = training, None
    if not isinstance(training, History):
        if not hasattr(training, "beginning"):
            raise DataError.must_be("training", "a Network or a History", type(training).__name__)
        architecture, parameters, beginning = training.architecture, training.parameters, training.beginning
        history = training.history
        kept_best = kept_best or training.best_epochs is not None
        if beginning is not None and beginning.diverged is not None:
            history, diverged = beginning.diverged["history"], beginning.diverged
    history = History() if history is None else history
    with np.errstate(all="ignore"):
        findings = list(_of_training(history, architecture, parameters, beginning, X, kept_best, diverged))
        if X is not None and Y is not None and architecture is not None and parameters is not None:
            graph, tape = architecture.run(X, parameters)
            findings += target_findings(Y, tape[graph.output], architecture.output)
    if parameters is not None:
        findings += symmetry_findings(parameters)
    if scores is not None:
        findings += [*constant_target(scores), *class_findings(scores)]
    return in_order(dict.fromkeys(findings))


def _of_training(
    history: History,
    architecture: Architecture | None,
    parameters: Parameters | None,
    beginning: Beginning | None,
    X: Array | None,
    kept_best: bool,
    diverged: Mapping[str, Any] | None,
) -> Iterator[Finding]:
    """Findings from the costs, the layers, and the beginning of the training."""
    records = [(look, _step(record)) for record in history if (look := health_in(record)) is not None]
    looks, steps = [look for look, _ in records], [step for _, step in records]
    watched = bool(looks)
    start, stuck = None, False
    last = _step(history[-1]) if len(history) else 0
    recorded = layers_in(history[-1]) if len(history) else []
    if beginning is not None and architecture is not None and parameters is not None:
        start = Start(architecture, beginning, parameters)
        stuck = start.stuck and diverged is None
        yield from start.findings()
        recorded = looks_of(architecture, beginning, parameters)
    if not watched:
        looks, steps = recorded, [0, last]
    if diverged is not None:
        yield divergence_finding(diverged)
    elif len(history):
        yield from curve_findings(history, kept_best=kept_best, start=start, architecture=architecture)
    if looks:
        yield from gradient_findings(looks, steps, WEAK if stuck else VANISHED)
    if watched:
        updates = last / (history[-1]["epoch"] + 1)
        yield from update_findings(looks, steps, max(1.0, updates), max(1.0, len(history) / len(looks)))
    elif looks and diverged is None and len(history):
        # one look for the whole training, which may well renew the weights
        yield from update_findings(looks, steps, np.inf, 1.0)
    if X is not None and parameters is not None and architecture is not None:
        looks, steps = [layer_health(architecture, parameters, X)], [last]
        watched = False
    if looks:
        yield from unit_findings(looks, steps, architecture, watched=watched)


def _step(record: Mapping[str, Any]) -> int:
    return int(record.get("step", record["epoch"] + 1))


def divergence_finding(diverged: Mapping[str, Any]) -> Finding:
    """The finding of a training that diverged, from the attributes of its `DivergenceError`."""
    hint = str(diverged.get("hint", "")).rstrip(".") or LOWER
    says = str(diverged.get("problem", "the training reached values that are not finite"))
    layer, step = diverged.get("layer"), diverged.get("step")
    return Finding(
        "divergence",
        SERIOUS,
        says,
        f"{hint[:1].lower()}{hint[1:]}",
        float("nan"),
        layer if is_whole(layer, 1) else None,
        step if is_whole(step, 1) else None,
    )


def curve_findings(
    history: History,
    *,
    kept_best: bool,
    start: Start | None = None,
    architecture: Architecture | None = None,
) -> Iterator[Finding]:
    """Findings from the training curve; with ``kept_best`` the epochs after the best one do no harm."""
    costs, n = _finite(history.costs), len(history)
    steps = [_step(record) for record in history]
    validation = [record.get("validation_cost", 0.0) for record in history]
    for key, values in (("not finite", costs), ("not finite | of validation", validation)):
        for index, value in enumerate(values):
            if value is None or not np.isfinite(value):
                yield new_finding(key, np.nan, step=steps[index], epoch=history[index]["epoch"])
                return
    if n < 2:
        return
    first, last, peak = float(costs[0]), float(costs[-1]), int(costs.argmax())
    scale, fall = abs(first) or 1.0, first - float(costs.min())
    percent = 100 * fall / scale
    if last > first:
        yield new_finding("divergence", last / scale, step=steps[-1], first=first, last=last)
        return
    begun, most = _before(first, start, architecture)
    if costs[peak] > most * abs(begun):
        high = {"peak": costs[peak], "epoch": history[peak]["epoch"], "first": begun}
        yield new_finding("learning rate too high", float(costs[peak] / begun), step=steps[peak], **high)
    if n < FEWEST_EPOCHS:
        return
    little = fall < FELL_LITTLE * scale or (start is not None and start.stuck)
    moved = start is not None and start.moved > MOVED
    if little and not moved and _straight(costs, fall):
        yield new_finding("learning rate too low", fall / scale, step=steps[-1], percent=percent, epochs=n)
        return
    if start is not None:
        validated = History([record for record in history if "validation_cost" in record] or history)
        yield from start.relation(_finite(validated.column("validation_cost")))
    if fall < NOTHING * scale:
        yield new_finding("nothing learned", fall / scale, step=steps[-1], percent=percent, epochs=n)
        return
    jump = float(np.median(np.abs(np.diff(costs[n // 2 :]))))
    if jump > JUMPS * fall:
        share = jump / fall
        yield new_finding("unsteady cost", share, step=steps[n // 2], jump=jump, percent=100 * share)
    yield from _end_of_curve(history, costs, steps, kept_best=kept_best)


def _before(first: float, start: Start | None, architecture: Architecture | None) -> tuple[float, float]:
    """The cost before the first update, and the factor that is too much of a rise."""
    if start is not None:
        begun = float(np.fmax(start.first, start.baseline))
        return max(begun, first) if start.beginning.regularized else begun, ROSE
    if architecture is not None and architecture.output in ("sigmoid", "softmax"):
        n = architecture.n_outputs
        even = np.log(n) if architecture.output == "softmax" else n * np.log(2)
        return min(first, float(even)), ROSE_FROM_EVEN
    return first, ROSE


def _end_of_curve(history: History, costs: Array, steps: list[int], *, kept_best: bool) -> Iterator[Finding]:
    """Overfitting, or an early end: from the validation cost if there is one."""
    validation = _finite(history.column("validation_cost"))
    validated = not np.isnan(validation).any()
    watched = validation if validated else costs
    window = max(3, round(TENTH * len(watched)))
    best, first = int(watched.argmin()), float(watched[0])
    end = float(watched[-window:].mean())
    rise, fall = end - float(watched[best]), first - float(watched[best])
    learns_on = float(costs[-window:].mean()) < float(costs[best])
    far = rise > RISEN * max(fall, abs(first) / 10)
    far |= end > DOUBLED * watched[best] > 0 and rise > A_LITTLE * fall
    if validated and learns_on and best < len(watched) - window and far:
        if not kept_best:
            epoch, last = history[best]["epoch"], watched[-1]
            yield new_finding(
                "overfitting", rise, step=steps[best], epoch=epoch, best=watched[best], last=last
            )
        return
    still = float(watched[-2 * window : -window].mean()) - end
    stopped_early = kept_best and best < len(watched) - 1 - window
    stopped_early |= "did not improve" in history.stopped
    if fall > 0 and still > STILL_FALLING * fall and not stopped_early:
        name, share = "validation cost" if validated else "cost", still / fall
        yield new_finding("not converged", share, step=steps[-1], name=name, percent=100 * share)


def _straight(costs: Array, fall: float) -> bool:
    """Whether the cost falls in nearly every epoch and has not slowed down."""
    half = len(costs) // 2
    steady = float((np.diff(costs) < 0).mean()) >= STEADY
    return fall > 0 and steady and float(costs[half] - costs[-1]) >= STRAIGHT * fall


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan)


def unit_findings(
    looks: Sequence[Look], steps: Sequence[int], architecture: Architecture | None, *, watched: bool
) -> Iterator[Finding]:
    """Dead and saturated units of the hidden layers; those of the output may be saturated."""
    for layer in range(1, len(looks[0])):
        name = "" if architecture is None else architecture.activations[layer - 1]
        for kind, limit, hint, way in (
            ("dead", DEAD, LOWER, " or use leaky_relu" if name in ("", "relu") else ""),
            ("saturated", SATURATED, SMALLER, ", or use relu" if name != "relu" else ""),
        ):
            shares = _column(looks, kind)[:, layer - 1]
            share = float(shares[-1])
            if share >= limit:
                below = np.flatnonzero(~(shares >= limit))
                since = steps[int(below[-1]) + 1 if len(below) else 0]
                yield new_finding(
                    f"{kind} units",
                    share,
                    severity=SERIOUS if share >= MOSTLY else WARNING,
                    layer=layer,
                    step=since,
                    share=100 * share,
                    when=f" since step {since}" if watched and len(steps) > 1 else "",
                    hint=LOWER if shares[0] < limit else hint,
                    way=way,
                )


def gradient_findings(
    looks: Sequence[Look], steps: Sequence[int], vanished: float = VANISHED
) -> Iterator[Finding]:
    """A gradient that vanishes before the first layer, or explodes."""
    norms, dead = _column(looks, "gradient_norm"), _column(looks, "dead")
    alive = np.isfinite(norms).all(axis=1) & (norms[:, -1] > 0)
    alive &= (np.nan_to_num(dead[:, :-1]) < DEAD).all(axis=1)
    if not alive.any():
        return
    norms = norms[alive]
    norms = norms[: (len(norms) + 1) // 2]  # later, when all is learned, every gradient is small
    step = int(np.asarray(steps)[alive][0])
    for layer in range(1, norms.shape[1]):
        above = float(np.median(norms[:, layer - 1] / norms[:, layer:].max(axis=1)))
        times_last = float(np.median(norms[:, layer - 1] / norms[:, -1]))
        if above < vanished:
            yield new_finding("vanishing gradient", above, layer=layer, step=step)
            return  # the layers below have the same cause
        if times_last > EXPLODED:
            yield new_finding("exploding gradient", times_last, layer=layer, step=step)
            return


def update_findings(
    looks: Sequence[Look], steps: Sequence[int], updates: float, epochs: float
) -> Iterator[Finding]:
    """Layers that hardly move, or move too far, with so many updates per epoch and epochs per look."""
    ratios = _column(looks, "update_ratio")
    settled = np.nan_to_num(ratios[len(ratios) // 2 :] / np.sqrt(updates))
    known = ~np.isnan(ratios).all(axis=0)
    moved = np.where(known, np.nansum(ratios, axis=0) * epochs, np.inf)
    still = np.flatnonzero(moved < TOO_SMALL)
    if len(still) and not (_column(looks, "dead")[-1, :-1] == 1).any():  # dead units would be the reason
        names = ("layer " if len(still) == 1 else "layers ") + ", ".join(str(index + 1) for index in still)
        most, first = float(moved[still].max()), int(still[0]) + 1
        yield new_finding("small updates", most, layer=first, step=steps[-1], layers=names)
    for layer in range(1, ratios.shape[1] + 1):
        ratio = float(np.median(settled[:, layer - 1]))
        if ratio > TOO_LARGE:
            step, usual = steps[len(ratios) // 2], 100 * USUAL_UPDATE
            yield new_finding(
                "large updates", ratio, layer=layer, step=step, percent=100 * ratio, usual=usual
            )


def symmetry_findings(parameters: Parameters) -> Iterator[Finding]:
    """Hidden layers with identical units, which no training can make different."""
    for layer in range(1, parameters.n_layers):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        if len(W) > 1 and bool((W[:1] == W).all()) and bool((b == b[:1]).all()):
            yield new_finding("symmetric units", float(len(W)), layer=layer, units=len(W))


def _column(looks: Sequence[Look], name: str) -> Array:
    """One quantity (looks, L); NaN where it is unknown."""
    rows: list[list[Any]] = [[layer.get(name) for layer in look] for look in looks]
    return np.array(rows, dtype=float)
