"""Findings about the training of one network: its costs, its layers, and its predictions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from deepstep.errors import DataError
from deepstep.inspection.findings.beginning import Beginning, Start, looks_of
from deepstep.inspection.findings.finding import SERIOUS, WARNING, Finding, in_order, new_finding
from deepstep.inspection.findings.predictions import class_findings, constant_target, target_findings
from deepstep.network import Architecture, Parameters
from deepstep.training import History
from deepstep.training.health import layer_health
from deepstep.training.history import Look, health_in, layers_in
from deepstep.types import Array, is_whole

# Costs.
FEWEST = 10  # epochs that a shape of the curve needs
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
    if n < FEWEST:
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
