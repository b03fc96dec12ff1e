"""Contents of a page: a network, as few examples as fit, texts about them, and what the page computes itself.

Wide inputs are replaced by coordinates in the span of a few examples. Z1 = W1·X + b1 depends on W1 only in
that span: with an orthonormal basis Q of it, X = Q·C and W1·X = (W1·Q)·C. The network with W1·Q, on the
coordinates C, therefore has the same Z, A, J, dA, dZ and db, and dW1·Q for dW1. Update rules that are linear
in the gradient move W1·Q as they move W1; rules that treat each weight by itself do not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from inspect import getsourcefile, getsourcelines
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import deepstep
from deepstep.data import load
from deepstep.engines import Settings
from deepstep.equations import EQUATIONS, HEADS, Equation, get_activation, get_head, get_optimizer
from deepstep.errors import ConfigurationError
from deepstep.explorer.reproduction import rows_code
from deepstep.model import Network
from deepstep.model.options import LBFGS
from deepstep.network.border import check_inputs, check_targets
from deepstep.plots.network import check_image_shape
from deepstep.preparation.batches import shuffled
from deepstep.targets import Targets, label_array
from deepstep.training import History
from deepstep.types import AnyArray, Array

ROOT = Path(deepstep.__file__).parent

ACTIVATIONS = (
    *("identity", "relu", "leaky_relu", "elu", "selu", "gelu"),
    *("gelu_tanh", "silu", "mish", "softplus", "tanh", "sigmoid"),
)
"""Activations of hidden layers."""

OUTPUTS = ("sigmoid", "softmax", "identity")
OPTIMIZERS = ("gd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "lion")
OUTPUT_SETTINGS = ("smoothing",)
SETTINGS = (
    *("optimizer", "optimizer_params", "l2", "weight_decay", "dropout", "seed"),
    *("lr_multipliers", "weight_decay_multipliers"),
)
OPTIONS = ("learning_rate", "iterations", "batch_size", "deterministic", *SETTINGS)
"""Options of `Network.steps`."""

NOT_SHOWN = ("sample_weight", "class_weight", "time_budget")
HINT = "Network.steps and Network.trace open everything."

OF_EVERY_STEP = (
    *("linear_forward", "linear_backward", "dropout_forward", "dropout_backward"),
    *("cost_from_logits", "l2_cost", "decoupled_decay"),
)


def check_options(network: Network, options: Mapping[str, Any]) -> None:
    """Raise an error for options that no page can show."""
    if options.get("optimizer") == LBFGS:
        raise ConfigurationError.must_be("optimizer", "one that makes steps", repr(LBFGS))
    for name in NOT_SHOWN:
        if options.get(name) is not None:
            raise ConfigurationError(f"A page cannot show a training with {name}", HINT)


def unsupported_features(network: Network, options: Mapping[str, Any]) -> list[str]:
    """Options and parts of the network that the page cannot compute: it shows the recorded steps."""
    shape, optimizer = network.architecture, options.get("optimizer", "gd")
    settings, plain = get_head(shape).settings, get_head(shape.output).settings
    changed = {name for name, value in settings.items() if value != plain.get(name)}
    idle = {entry.name: getattr(Settings(), entry.name) for entry in fields(Settings)}
    parts = {
        "normalization": any(kind != "none" for kind in shape.normalization),
        "output settings": bool(changed - set(OUTPUT_SETTINGS)),
        shape.output: shape.output not in OUTPUTS,
        **{name: name not in ACTIVATIONS for name in shape.activations[:-1]},
        **dict.fromkeys(shape.features, True),
        optimizer if isinstance(optimizer, str) else "a user-defined optimizer": optimizer not in OPTIMIZERS,
    }
    for name, value in options.items():
        used = value is not None and not (name in idle and value == idle[name])
        parts[f"fault={value!r}" if name == "fault" else name] = used and name not in OPTIONS
    return [name for name, present in parts.items() if present]


def equations_of_a_page() -> list[str]:
    """The equations of all steps that the page can compute by itself."""
    activations = [get_activation(name) for name in dict.fromkeys((*ACTIVATIONS, *OUTPUTS))]
    heads = [HEADS[name] for name in OUTPUTS]
    functions = [
        *(part for activation in activations for part in (activation.forward, activation.backward)),
        *(part for head in heads for part in (head.loss, head.loss_backward)),
        *(part for head in heads for part in (head.textbook, head.textbook_backward) if part),
        *(get_optimizer(name).update for name in OPTIMIZERS),
    ]
    return list(dict.fromkeys([*OF_EVERY_STEP, *(function.__name__ for function in functions)]))


def sources_of(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """File, line and source text of each registered equation."""
    sources = ((name, _source(EQUATIONS[name])) for name in names if name in EQUATIONS)
    return {name: source for name, source in sources if source is not None}


def formulas_of(names: Iterable[str]) -> dict[str, str]:
    """The formula of each registered equation."""
    return {name: EQUATIONS[name].formula for name in names if name in EQUATIONS}


def _source(equation: Equation) -> dict[str, Any] | None:
    """From the line of ``def`` on; None if the source is not available."""
    try:
        lines, first = getsourcelines(equation.function)
        file = Path(getsourcefile(equation.function) or "")
    except (OSError, TypeError):
        return None
    skipped = next((index for index, line in enumerate(lines) if line.startswith("def ")), 0)
    place = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else file.name
    return {"file": place, "line": first + skipped, "text": "".join(lines[skipped:]).rstrip("\n")}


MOST_EXAMPLES, FEWEST = 500, 16  # examples of a page
MOST_NUMBERS = 40_000  # in the inputs, and in all quantities of a step on all examples
MOST_PARAMETERS = 50_000  # of a page: a step with more, with the optimizer's state, is too large to send
EXAMPLES = 16  # of a network with more parameters
MOST_PIXELS = 64  # along a side of a picture of wide inputs
LINEAR = ("gd", "momentum", "heavy_ball", "nesterov")  # update rules that are linear in the gradient


@dataclass(frozen=True)
class About:
    """Texts about the examples.

    Attributes
    ----------
    name : str, optional
        Name of the data.
    title : str, optional
        Title of the page; by default made of the network and the name.
    feature_names, class_names : sequence of str, optional
        Names of the rows of X, and of the classes in their order.
    code : str, optional
        Python code that makes X and Y.
    notes : sequence of str, optional
        Sentences for the reader.
    history : History, optional
        History of the training so far; by default that of the network.
    image_shape : sequence of int, optional
        (height, width) or (height, width, channels) of inputs that are pixels: the page then shows examples
        and the weights of layer 1 as pictures.

    Examples
    --------
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
    image_shape: Sequence[int] = ()


@dataclass(frozen=True)
class Shown:
    """The network (in float64, on coordinates if it is wide) and the examples of a page, with all options.

    pictures (m, height, width, channels), uint8: The examples of wide inputs that are pixels.
    """

    network: Network
    X: Array
    Y: Array
    options: dict[str, Any]
    about: About
    wide: bool
    pictures: AnyArray | None = None


def shown(network: Network, X: Any, Y: Any, about: About, training: Mapping[str, Any]) -> Shown:
    """Check all arguments, and choose what fits a page."""
    options = dict(training)
    shape = network.architecture
    about = replace(about, history=about.history or network.history)
    check_options(network, options)
    X = check_inputs(X, shape.n_inputs, dtype=np.dtype(float))
    Y = check_targets(Y, shape.n_outputs, X.shape[1], get_head(shape), dtype=np.dtype(float))
    notes = list(about.notes)
    pictures = None
    if len(about.image_shape):
        about = replace(about, image_shape=check_image_shape(about.image_shape, X.shape[0]))
    title = about.title or f"{'-'.join(map(str, shape.layer_dims))} on {about.name}"
    wide = network.parameters.flat.size > MOST_PARAMETERS
    if network.dtype != np.float64:
        network = _with_parameters(network, network.parameters, n_inputs=X.shape[0])
        notes.append("The network is float32; this page computes in float64.")
    most = EXAMPLES if wide else _most_examples(network, full_batches=options.get("batch_size") is None)
    rows = _chosen(Y, most, network.seed)
    if rows is not None:
        notes.append(f"{len(rows)} of {X.shape[1]} examples, drawn from the seed.")
        X, Y = X[:, rows], Y[:, rows]
        about = replace(about, code=f"{about.code}\n{rows_code(rows)}" if about.code else "")
    X, Y = np.ascontiguousarray(X), np.ascontiguousarray(Y)
    if wide and X.shape[0] > X.shape[1]:
        title = f"{title}, {X.shape[1]} examples and their span"
        pictures = _pictures(X, about.image_shape) if about.image_shape else None
        network, X, options, about = _on_coordinates(network, X, options, about, notes)
    rest = network.parameters.flat.size
    if rest > MOST_PARAMETERS:
        problem = f"The network has {rest:,} parameters when {EXAMPLES} inputs are left"
        hint = "Look at one step of it with Network.trace, or explore a smaller one."
        raise ConfigurationError(f"{problem}, more than the {MOST_PARAMETERS:,} of a page", hint)
    about = replace(about, title=title, notes=tuple(notes))
    return Shown(network, X, Y, options, about, wide, pictures=pictures)


def _pictures(X: Array, image_shape: Sequence[int]) -> AnyArray:
    """The columns of X as pictures of bytes (m, height, width, channels), small enough to send."""
    height, width, channels = (*image_shape, 1)[:3]
    pixels = X.T.reshape(-1, height, width, channels)
    step = -(-max(height, width) // MOST_PIXELS)  # a pixel of the small picture is a mean of step × step
    high, wide = height // step, width // step
    blocks = pixels[:, : high * step, : wide * step].reshape(-1, high, step, wide, step, channels)
    small = blocks.mean(axis=(2, 4))
    low, most = small.min(), small.max()
    return np.rint(255 * (small - low) / ((most - low) or 1.0)).astype(np.uint8)


def _most_examples(network: Network, *, full_batches: bool) -> int:
    """Most examples on a page of this network."""
    n_x, *units = network.architecture.layer_dims
    per_example = 2 * n_x + 4 * sum(units) + 2 * units[-1]  # numbers in a trace
    by_step = MOST_NUMBERS // per_example if full_batches else MOST_EXAMPLES
    return max(FEWEST, min(MOST_EXAMPLES, MOST_NUMBERS // n_x, by_step))


def _chosen(Y: Array, most: int, seed: int) -> AnyArray | None:
    """Indices of at most so many examples, drawn as rows may follow a pattern; None for all."""
    m = Y.shape[1]
    if m <= most:
        return None
    drawn = np.asarray(shuffled(seed)(0, m))
    _, first = np.unique(Y[:, drawn], axis=1, return_index=True)
    if len(first) <= most:  # classes: one example of each at least
        drawn = np.concatenate([drawn[first], np.delete(drawn, first)])
    return np.sort(drawn[:most])


def _on_coordinates(
    network: Network, X: Array, options: dict[str, Any], about: About, notes: list[str]
) -> tuple[Network, Array, dict[str, Any], About]:
    """The wide network on coordinates of its inputs; notes for the reader are added."""
    optimizer = options.get("optimizer", "gd")
    others = {*LINEAR, options.get("optimizer")}
    unknown = [name for name in unsupported_features(network, options) if name not in others]
    unknown += ["input_scale"] if network.architecture.input_scale else []  # coordinates have no such factors
    if unknown:
        problem = f"A network of more than {MOST_PARAMETERS:,} parameters cannot be shown"
        raise ConfigurationError(f"{problem} with {', '.join(unknown)}", HINT)
    n_x, m = X.shape
    Q, sizes, Vt = np.linalg.svd(X, full_matrices=False)  # the first directions are those that differ most
    parameters = {**network.parameters.to_dict(), "W1": network.parameters["W1"] @ Q}
    network, C = _with_parameters(network, parameters, n_inputs=len(sizes)), sizes[:, np.newaxis] * Vt
    notes.append(
        f"Wide: the {n_x:,} inputs of {m} examples are shown as {len(C)} coordinates in the span of these "
        "examples, and W1 as its product with that basis. Z, A, dA, dZ and db are those of the whole network."
    )
    if optimizer not in LINEAR:
        options = {**options, "optimizer": "gd", "optimizer_params": {}}
        notes.append(f"Shown with gradient descent: optimizer {optimizer!r} is another in coordinates.")
    names = tuple(f"direction {index}" for index in range(1, len(C) + 1))
    return network, C, options, replace(about, feature_names=names, code="")


def _with_parameters(network: Network, parameters: Mapping[str, Array], *, n_inputs: int) -> Network:
    """A network in float64 with these parameters, and otherwise the same."""
    shape = network.architecture
    made = Network(
        [n_inputs, *shape.layer_dims[1:]],
        **shape.network_arguments(),
        parameters={name: np.asarray(value, dtype=float) for name, value in parameters.items()},
        seed=network.seed,
    )
    made.statistics = {name: np.asarray(value, dtype=float) for name, value in network.statistics.items()}
    return made


class Subject(NamedTuple):
    """X and Y with columns as examples, their target, and texts about them."""

    X: Array
    Y: Array
    target: Targets
    about: About


def builtin(name: str, seed: int) -> Subject:
    """The training part of a built-in data set."""
    data = load(name, seed=seed)
    target = Targets.of_classes([label_array(data.classes)])
    K = target.n_outputs
    inputs = "data.X_train.T" + (f" * {data.scale}" if data.scale != 1 else "")
    targets = f"one_hot(data.y_train, {K}).T" if K > 1 else "data.y_train[None]"
    code = [
        "from deepstep.data import load",
        *(["from deepstep.preparation import one_hot"] if K > 1 else []),
        "",
        f"data = load({name!r}, seed={seed})",
        f"X, Y = {inputs}, {targets}",
    ]
    about = About(
        name,
        feature_names=data.feature_names,
        class_names=data.classes,
        code="\n".join(code),
        image_shape=data.image_shape or (),
    )
    X = np.ascontiguousarray(data.X_train.T * data.scale)
    Y = np.ascontiguousarray(target.encode(np.array(data.classes)[data.y_train]).T)
    return Subject(X, Y, target, about)
