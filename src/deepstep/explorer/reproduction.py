"""Python code that reproduces the state of a page."""

from collections.abc import Mapping
from inspect import unwrap
from typing import Any

import numpy as np

from deepstep.equations import FEATURES, INITIALIZATIONS, get_activation, get_head, get_optimizer
from deepstep.model import Network
from deepstep.network import Parameters
from deepstep.types import AnyArray, Array

MOST_INLINE = 600  # numbers that are written into the code

SHOWN = "shown = 1  # the update that the page shows"
READ = (
    'page = "lesson.html"  # put the name of your file here: this page, or the JSON that it saves',
    "lesson = read_lesson(page)",
)


def reproduce_code(
    network: Network, start: Parameters, X: Array, Y: Array, data_code: str, options: Mapping[str, Any]
) -> str:
    """The code up to the update that the page shows, whose number it writes into the line of `SHOWN`."""
    registered = _user_defined(network, options)
    if registered:
        parts = ", ".join(registered)
        return f"# No code can make this state again: {parts} took part, which Python alone has.\n"
    made, saved = _network(network, start)
    if data_code:
        data = data_code.splitlines()
    elif X.size + Y.size <= MOST_INLINE:
        data = ["", f"X = np.array({X.tolist()})", f"Y = np.array({Y.tolist()})"]
    else:
        data, saved = ["", *(f'{name} = unpacked(lesson["data"]["{name}"])' for name in "XY")], True
    lines = ["import numpy as np", "", "from deepstep import Network"]
    if saved:
        lines += ["from deepstep.explorer import read_lesson, unpacked", "", *READ]
    return "\n".join([*lines, *data, "", *made, "", *_training(options)]) + "\n"


def _network(network: Network, start: Parameters) -> tuple[list[str], bool]:
    """The statements, and whether they need the file of the lesson."""
    shape = network.architecture
    off = {"output_settings": not shape.output_settings, "normalization": not shape.normalized}
    arguments = {
        name: _as_code(value) for name, value in shape.network_arguments().items() if not off.get(name)
    }
    sizes = list(shape.layer_dims)
    drawn = _drawn_by(network, start, sizes, arguments)
    written = [f"{name}={value!r}" for name, value in arguments.items()]
    made, saved = [], False
    if drawn is not None:
        written.append(f"initialization={drawn!r}")
    elif start.flat.size <= MOST_INLINE:
        rows = [f'    "{name}": np.array({value.tolist()}),' for name, value in start.items()]
        made = ["parameters = {", *rows, "}"]
    else:
        saved = True
        made = ['parameters = {name: unpacked(value) for name, value in lesson["parameters"].items()}']
    if made:
        written.append("parameters=parameters")
    return [*made, f"network = Network({sizes}, {', '.join([*written, f'seed={network.seed}'])})"], saved


def _as_code(value: Any) -> Any:
    """An argument as Python code; the values of the hidden layers as one if all are equal."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return value[0] if len(set(value)) == 1 else list(value) or "relu"
    return value


def _drawn_by(network: Network, start: Parameters, sizes: list[int], arguments: dict[str, Any]) -> str | None:
    """The initialization with exactly these parameters from the network's seed, if there is one."""
    for method in INITIALIZATIONS:
        fresh = Network(sizes, **arguments, initialization=method, seed=network.seed)
        if np.array_equal(fresh.parameters.flat, start.flat):
            return method
    return None


def _training(options: Mapping[str, Any]) -> list[str]:
    plain = {name: value for name, value in options.items() if value not in (None, {})}
    lines = [f"    {name}={value!r}," for name, value in plain.items()]
    return [
        SHOWN,
        "steps = network.steps(",
        "    X,",
        "    Y,",
        *lines,
        ")",
        "step = next(step for step in steps if step.number == shown)",
        "print(step.trace())  # every quantity; step.before are the parameters before it",
    ]


def _user_defined(network: Network, options: Mapping[str, Any]) -> list[str]:
    """User-defined parts: functions, and names that a user registered."""
    shape = network.architecture
    functions: dict[str, Any] = {
        **{f"the activation {name!r}": get_activation(name).forward for name in shape.activations},
        f"the output {shape.output!r}": get_head(shape.output).loss,
        **{f"the feature {name!r}": FEATURES[name].apply for name in shape.features},
    }
    optimizer = options.get("optimizer")
    if isinstance(optimizer, str):
        functions[f"the optimizer {optimizer!r}"] = get_optimizer(optimizer).update
    registered = [what for what, function in functions.items() if not _is_the_librarys(function)]
    passed = [
        name
        for name, value in options.items()
        if callable(value) or (name == "optimizer" and not isinstance(value, str | None))
    ]
    return [*registered, *(f"{name} of one's own" for name in passed)]


def _is_the_librarys(function: Any) -> bool:
    return str(getattr(unwrap(function), "__module__", "")).startswith("deepstep.")


def rows_code(rows: AnyArray) -> str:
    """The statements that select examples."""
    return f"rows = {rows.tolist()}\nX, Y = X[:, rows], Y[:, rows]"
