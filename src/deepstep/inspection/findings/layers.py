"""What the looks at the layers say: units that are dead or saturated, gradients, and sizes of updates."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from deepstep.inspection.findings.finding import SERIOUS, WARNING, Finding
from deepstep.network import Architecture, Parameters
from deepstep.types import Array

DEAD = 0.4
"""Share of a layer's units: CS231n (Neural Networks 1) names 40 % as what a rate that is too high kills."""

SATURATED = 0.4
"""The same share, of units whose derivative is next to 0 (Glorot and Bengio 2010, section 3)."""

MOSTLY = 0.9
"""From this share on little comes through the layer."""

VANISHED = 1e-3
"""Of the largest gradient above it: what five sigmoid layers leave, whose g′ is at most 1/4 each."""

EXPLODED = 1e3
"""Times the gradient of the output's layer: the same factor, upwards."""

USUAL_UPDATE = 1e-3
"""‖update‖ / ‖W‖ of one update (CS231n, Neural Networks 3)."""

TOO_LARGE = 50 * USUAL_UPDATE
"""One update in twenty then renews a weight; median of the second half of training, when it should settle."""

TOO_SMALL = 0.01
"""Of ‖W‖, over the whole training: the layer is as it was drawn."""

Look = Mapping[str, float | None]
"""What `deepstep.training.Health` saw of one layer."""


def unit_findings(
    looks: Sequence[Sequence[Look]], steps: Sequence[int], architecture: Architecture | None
) -> Iterator[Finding]:
    """Dead and saturated units of the hidden layers, from each look's layers and the steps of the looks."""
    dead, saturated = _column(looks, "dead"), _column(looks, "saturated")
    for layer in range(1, dead.shape[1]):  # the output's are meant to become sure
        name = "" if architecture is None else architecture.activations[layer - 1]
        for kind, shares, limit, mend in (
            ("dead", dead[:, layer - 1], DEAD, _alive(name)),
            ("saturated", saturated[:, layer - 1], SATURATED, _unsaturated(name)),
        ):
            share = float(shares[-1])
            if share >= limit:
                since = steps[_since(shares >= limit)]
                severity = SERIOUS if share >= MOSTLY else WARNING
                when = f" since step {since}" if len(steps) > 1 else ""
                says = f"layer {layer}: {100 * share:.0f} % of the units are {kind}{when}"
                yield Finding(f"{kind} units", severity, says, mend, share, layer, since)


def gradient_findings(looks: Sequence[Sequence[Look]], steps: Sequence[int]) -> Iterator[Finding]:
    """A gradient that gets lost on its way to the first layer, or grows without measure."""
    norms, dead = _column(looks, "gradient_norm"), _column(looks, "dead")
    alive = (
        np.isfinite(norms).all(axis=1) & (norms[:, -1] > 0) & (np.nan_to_num(dead[:, :-1]) < DEAD).all(axis=1)
    )
    if not alive.any():
        return
    norms = norms[alive]
    norms = norms[: (len(norms) + 1) // 2]  # later, where all is learned, there is little gradient anywhere
    step = int(np.asarray(steps)[alive][0])
    for layer in range(1, norms.shape[1]):
        above = float(np.median(norms[:, layer - 1] / norms[:, layer:].max(axis=1)))
        of_last = float(np.median(norms[:, layer - 1] / norms[:, -1]))
        if above < VANISHED:
            says = f"layer {layer}: its gradient is {above:.1g} times the largest above it"
            mend = "use relu with initialization='he', normalization='batch', or fewer layers"
            yield Finding("vanishing gradient", WARNING, says, mend, above, layer, step)
            return  # those below it starve, too
        if of_last > EXPLODED:
            says = f"layer {layer}: its gradient is {of_last:.1g} times that of the output's layer"
            mend = "begin with smaller weights, limit it with clip_norm, or use normalization='batch'"
            yield Finding("exploding gradient", SERIOUS, says, mend, of_last, layer, step)
            return


def update_findings(
    looks: Sequence[Sequence[Look]], steps: Sequence[int], updates: float, epochs: float
) -> Iterator[Finding]:
    """Layers that hardly move, or that are thrown about; with n updates an epoch, looked at each so many."""
    ratios = _column(looks, "update_ratio")
    settled = np.nan_to_num(ratios[len(ratios) // 2 :] / np.sqrt(updates))
    known = ~np.isnan(ratios).all(axis=0)
    moved = np.where(known, np.nansum(ratios, axis=0) * epochs, np.inf)
    still = [int(layer) for layer in np.flatnonzero(moved < TOO_SMALL) + 1]
    if still and not (_column(looks, "dead")[-1, :-1] == 1).any():  # else that is the reason, and is found
        most = float(max(moved[layer - 1] for layer in still))
        says = f"{_layers(still)}: W moved by at most {most:.1g} of its size in the whole training"
        mend = "raise the learning rate or train for longer"
        yield Finding("small updates", WARNING, says, mend, most, still[0], steps[-1])
    for layer in range(1, ratios.shape[1] + 1):
        ratio = float(np.median(settled[:, layer - 1]))
        if ratio > TOO_LARGE:
            says = f"layer {layer}: an update changes W by about {100 * ratio:.0f} % of its size"
            mend = f"lower the learning rate: about {100 * USUAL_UPDATE:g} % is usual"
            yield Finding("large updates", WARNING, says, mend, ratio, layer, steps[len(ratios) // 2])


def twin_findings(parameters: Parameters) -> Iterator[Finding]:
    """Hidden layers whose units are all the same, as they stay for ever when they began so."""
    names = [name for name in parameters if name.startswith("W")]
    for layer in range(1, len(names)):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        if len(W) > 1 and bool((W[:1] == W).all()) and bool((b == b[:1]).all()):
            says = f"layer {layer}: all {len(W)} units have the same weights"
            mend = "begin with random weights, such as initialization='he'"
            yield Finding("twins", SERIOUS, says, mend, float(len(W)), layer)


def _column(looks: Sequence[Sequence[Look]], name: str) -> Array:
    """One quantity (looks, L); NaN for what is not known."""
    rows: list[list[Any]] = [[layer.get(name) for layer in look] for look in looks]
    return np.array(rows, dtype=float)


def _layers(numbers: Sequence[int]) -> str:
    return ("layer " if len(numbers) == 1 else "layers ") + ", ".join(map(str, numbers))


def _since(beyond: Any) -> int:
    """From which look on it is so to the end."""
    within = np.flatnonzero(~np.asarray(beyond))
    return int(within[-1]) + 1 if len(within) else 0


def _alive(name: str) -> str:
    way = "" if name and name != "relu" else " or use leaky_relu"
    return f"lower the learning rate{way}"


def _unsaturated(name: str) -> str:
    scaled = "scale the inputs, begin with smaller weights"
    return f"{scaled}, or use relu" if name != "relu" else scaled
