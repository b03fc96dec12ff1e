"""Wide inputs: a few examples, and their inputs as coordinates in the span of those examples.

Z1 = W1·X + b1 asks of X only where it lies in its own span: with an orthonormal basis Q of that span,
X = Q·C and W1·X = (W1·Q)·C. So the network with W1·Q, on the coordinates C, has the same Z, A, J, dA, dZ and
db, and dW1·Q for dW1. Gradient descent and its kin move W1·Q as they move W1; update rules that treat each
weight by itself do not.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError
from deepstep.explorer.abilities import beyond
from deepstep.model import Network
from deepstep.types import Array

MOST_PARAMETERS = 50_000
"""Most parameters of a network on a page: with the optimizer's state a step of more is too large to send."""

EXAMPLES = 16
KIN = ("gd", "momentum", "heavy_ball", "nesterov")
"""Update rules that are linear in the gradient."""


def is_wide(network: Network) -> bool:
    """Whether a snapshot of the network is too large for a page."""
    return network.parameters.flat.size > MOST_PARAMETERS


def check_wide(network: Network, options: Mapping[str, Any]) -> None:
    """Refuse a wide network of which coordinates would be another one."""
    unknown = [name for name in beyond(network, options) if name not in (*KIN, options.get("optimizer"))]
    unknown += ["input_scale"] if network.architecture.input_scale else []  # coordinates have no such factors
    if unknown:
        hint = "Network.steps and Network.trace open everything."
        raise ConfigurationError("explore", "a wide network without it", f"got {', '.join(unknown)}", hint)


def check_rest(network: Network) -> None:
    """Refuse a network that is too large even with few inputs."""
    rest = network.parameters.flat.size
    if rest > MOST_PARAMETERS:
        raise ConfigurationError(
            "explore",
            f"a network of at most {MOST_PARAMETERS:,} parameters, when {EXAMPLES} inputs are left",
            f"this one has {rest:,}",
            "Look at one step of it with Network.trace, or explore a smaller one.",
        )


def narrowed(network: Network, X: Array) -> tuple[Network, Array]:
    """The network on coordinates of few examples, and those coordinates (k, m)."""
    Q, sizes, Vt = np.linalg.svd(X, full_matrices=False)  # the first directions are those that differ most
    parameters = {**network.parameters.to_dict(), "W1": network.parameters["W1"] @ Q}
    return with_parameters(network, parameters, n_inputs=len(sizes)), sizes[:, np.newaxis] * Vt


def with_parameters(network: Network, parameters: Mapping[str, Array], *, n_inputs: int) -> Network:
    """A network in float64 with these parameters, and all else as it is here."""
    shape = network.architecture
    made = Network(
        [n_inputs, *shape.layer_dims[1:]],
        **shape.network_arguments(),
        parameters={name: np.asarray(value, dtype=float) for name, value in parameters.items()},
        seed=network.seed,
    )
    made.statistics = {name: np.asarray(value, dtype=float) for name, value in network.statistics.items()}
    return made


def linear_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The options under which the coordinates train as the inputs do, and the names of those left out.

    An optimizer that treats each weight by itself goes another way in coordinates.
    """
    optimizer = options.get("optimizer", "gd")
    if optimizer in KIN:
        return dict(options), []
    return {**options, "optimizer": "gd", "optimizer_params": {}}, [f"optimizer {optimizer!r}"]
