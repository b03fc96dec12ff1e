"""Contents of a page: a network, as few examples as fit, and words about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepstep.equations import get_head
from deepstep.explorer.abilities import check_options
from deepstep.explorer.examples import choose, few_enough
from deepstep.explorer.reproduction import rows_code
from deepstep.explorer.wide import (
    EXAMPLES,
    check_rest,
    check_wide,
    is_wide,
    linear_options,
    narrowed,
    with_parameters,
)
from deepstep.model import Network
from deepstep.network.border import check_inputs, check_targets
from deepstep.training import History
from deepstep.types import AnyArray, Array


@dataclass(frozen=True)
class About:
    """Words about the examples.

    name: Name of the data.
    title: Title of the page; by default it is made of the network and the name.
    feature_names, class_names: Names of the rows of X, and of the classes in their order.
    code: Python that makes X and Y.
    notes: Sentences for the reader.
    history: History of the training that came before; by default that of the network.

    >>> About("flowers", class_names=("setosa", "virginica")).name
    'flowers'
    """

    name: str = "data"
    title: str = ""
    feature_names: Sequence[str] = ()
    class_names: Sequence[str] = ()
    code: str = ""
    notes: Sequence[str] = ()
    history: History | None = None


@dataclass(frozen=True)
class Shown:
    """The network and examples that are shown, and trained where a page has a training behind it.

    ``network`` is in float64, a wide one on coordinates; ``about`` has the title and all notes.
    """

    network: Network
    X: Array
    Y: Array
    options: dict[str, Any]
    about: About
    wide: bool


def shown(network: Network, X: Any, Y: Any, about: About, given: Mapping[str, Any]) -> Shown:
    """Check everything, and choose what fits a page."""
    options = dict(given)
    about = replace(about, history=about.history or network.history)
    check_options(network, options)
    X, Y = _checked(network, X, Y)
    notes = list(about.notes)
    sizes, wide = "-".join(map(str, network.architecture.layer_dims)), is_wide(network)
    if network.dtype != np.float64:
        network = with_parameters(network, network.parameters, n_inputs=X.shape[0])
        notes.append("The network is float32; this page computes in float64.")
    full = options.get("batch_size") is None
    most = EXAMPLES if wide else few_enough(network, full_batches=full)
    chosen = choose(X, Y, most, network.seed)
    if chosen.rows is not None:
        notes.append(f"{len(chosen.rows)} of {X.shape[1]} examples, drawn from the seed.")
        about = _of_chosen(about, chosen.rows)
    X, Y = np.ascontiguousarray(chosen.X), np.ascontiguousarray(chosen.Y)
    title = about.title or f"{sizes} on {about.name}"
    if wide and X.shape[0] > X.shape[1]:
        check_wide(network, options)
        network, X, options, about = _narrow(network, X, options, about, notes)
        title = f"{title}, {X.shape[1]} examples and their span"
    check_rest(network)
    return Shown(network, X, Y, options, replace(about, title=title, notes=tuple(notes)), wide)


def _checked(network: Network, X: Any, Y: Any) -> tuple[Array, Array]:
    shape = network.architecture
    X = check_inputs(X, shape.n_inputs, "explore", dtype=np.dtype(float))
    head = get_head(shape)
    return X, check_targets(Y, shape.n_outputs, X.shape[1], head, "explore", dtype=np.dtype(float))


def _of_chosen(about: About, rows: AnyArray) -> About:
    code = f"{about.code}\n{rows_code(rows)}" if about.code else ""
    return replace(about, code=code)


def _narrow(
    network: Network, X: Array, options: dict[str, Any], about: About, notes: list[str]
) -> tuple[Network, Array, dict[str, Any], About]:
    """The network on coordinates of its inputs, with what a reader has to know about them."""
    n_x, m = X.shape
    network, C = narrowed(network, X)
    options, left_out = linear_options(options)
    notes.append(
        f"Wide: the {n_x:,} inputs of {m} examples stand as {len(C)} coordinates in the span of these "
        "examples, and W1 as its product with that basis. Z, A, dA, dZ and db are those of the whole network."
    )
    if left_out:
        notes.append(f"Without {', '.join(left_out)}, which would go another way in coordinates.")
    names = tuple(f"direction {index}" for index in range(1, len(C) + 1))
    return network, C, options, replace(about, feature_names=names, code="")
