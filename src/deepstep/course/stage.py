"""Networks of a lesson's scenes: examples, training, recorded updates, and the numbers that texts quote."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np

from deepstep.errors import ConfigurationError, DivergenceError, unknown_name
from deepstep.explorer.document import Document, lesson
from deepstep.explorer.reproduction import rows_code
from deepstep.explorer.shown import About, Subject, builtin
from deepstep.inspection.trace_step import Step
from deepstep.model import Network
from deepstep.preparation.batches import evenly_spread, n_batches, shuffled
from deepstep.targets import Targets, label_array
from deepstep.training.plan import require
from deepstep.types import AnyArray, Array

MOST_UPDATES = 5000
MOST_NUMBERS = 5_000_000  # updates times parameters, all of which are kept
RECORDED = 8  # updates of a training with a fault, besides those that scenes open
OPTIONS = ("learning_rate", "optimizer", "batch_size", "l2", "dropout", "fault")
QUOTED = re.compile(r"(?:([a-z]+) )?([^\s\[\]]+?)(?:\[(\d+), ?(\d+)\])?(?: update ([1-9]\d*))?")
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SUMMARIES: dict[str, Callable[[Any], Any]] = {
    "norm": np.linalg.norm,
    "mean": np.mean,
    "min": np.min,
    "max": np.max,
    "largest": lambda values: np.abs(values).max(),
}
"""Values of a whole matrix that a text may quote."""


def examples_of(settings: Mapping[str, Any]) -> Subject:
    """The examples of a scene: points, or a part of a built-in set, with noise."""
    if settings["points"]:
        return _of_points(settings["points"])
    seed, noise = settings["seed"], settings["noise"]
    X, Y, target, about = builtin(settings["data"], seed)
    rows = _balanced(Y, settings["examples"], seed)
    code = f"{about.code}\n{rows_code(rows)}"
    X, Y = X[:, rows], Y[:, rows]
    if noise:
        X = np.add(X, noise * np.random.default_rng(seed).standard_normal(X.shape))
        code += f"\nX = X + {noise} * np.random.default_rng({seed}).standard_normal(X.shape)"
    return Subject(X, Y, target, replace(about, code=code))


def _of_points(points: Sequence[Sequence[float]]) -> Subject:
    *inputs, labels = np.array(points, dtype=float).T
    classes = tuple(map(str, sorted(set(labels.astype(int).tolist()))))
    target = Targets.of_classes([label_array(classes)])
    Y = target.encode(labels.astype(int).astype(str)).T
    about = About("points", class_names=classes)
    return Subject(np.array(inputs), np.ascontiguousarray(Y), target, about)


def _balanced(Y: Array, most: int, seed: int) -> AnyArray:
    """Indices of at most so many examples, as many of each class as of the others."""
    drawn = np.asarray(shuffled(seed)(0, Y.shape[1]))
    _, classes = np.unique(Y[:, drawn], axis=1, return_inverse=True)
    each = max(1, most // (classes.max() + 1))
    return np.sort(np.concatenate([drawn[classes == one][:each] for one in range(classes.max() + 1)]))


class Stage:
    """A network with its examples and its training, which one or more scenes show."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.X, self.Y, target, self.about = examples_of(settings)
        self.output = target.head
        self.options = {name: settings[name] for name in OPTIONS if settings[name] is not None}
        self.opened: set[int] = set()
        self.longest = 1
        self._done: list[Step] = []
        network = self.network()
        self._size = network.parameters.flat.size
        self._walk = network.steps(self.X, self.Y, iterations=MOST_UPDATES, **self.options)

    def network(self) -> Network:
        """The network before its first update."""
        settings = self.settings
        return Network(
            [self.X.shape[0], *settings["hidden_layers"], self.Y.shape[0]],
            activation=settings["activation"],
            output=self.output,
            initialization=settings["initialization"],
            seed=settings["seed"],
        )

    def step(self, number: int) -> Step:
        """One update; a `ConfigurationError` where the training ends before it, or is too large to keep."""
        most, hint = MOST_NUMBERS // self._size, "Choose an earlier update, or a smaller network."
        expected = f"at most {most} for a network of {self._size:,} parameters"
        require(number <= most, "scene", expected, number, hint=hint, setting="update")
        try:
            while len(self._done) < number:
                self._done.append(next(self._walk))
        except (DivergenceError, StopIteration) as error:
            hint = "Choose an earlier update, or a lower learning rate."
            expected = f"at most {len(self._done)}, the last one"
            raise ConfigurationError("scene", expected, f"got {number}", hint, setting="update") from error
        return self._done[number - 1]

    def values(self, name: str, number: int) -> Any:
        """One quantity of an update."""
        trace = self.step(number).trace()
        names = [entry.name for entry in trace]
        if name == "accuracy":
            answers = trace[f"A{len(self.settings['hidden_layers']) + 1}"].value
            classes = [np.argmax(one, 0) if len(one) > 1 else one > 0.5 for one in (answers, self.Y)]
            return 100 * np.mean(classes[0] == classes[1])
        if name == "m":
            return self.X.shape[1]
        if name not in names:
            raise unknown_name("scene", "quantity", name, names)
        return trace[name].value

    def quoted(self, text: str, number: int) -> str:
        """The text of ``{{…}}``: a number of the training, such as ``norm dW1 update 20``."""
        found = QUOTED.fullmatch(text.strip())
        if found is None:
            expected = 'a quantity, such as "J", "dW1[0, 2]" or "norm dW1 update 20"'
            raise ConfigurationError("scene", expected, f"got {text.strip()!r}", setting="{{…}}")
        summary, name, row, col, update = found.groups()
        value = self.values(name, int(update or number))
        if row is not None:
            value = _cell(name, value, int(row), int(col))
        if summary:
            if summary not in SUMMARIES:
                raise unknown_name("scene", "summary", summary, SUMMARIES)
            value = SUMMARIES[summary](value)
        if np.size(value) != 1:
            got = f"got {name} of shape {np.shape(value)}"
            hint = "Quote a cell, such as dW1[0, 2], or a summary, such as norm dW1."
            raise ConfigurationError("scene", "one number", got, hint, setting="{{…}}")
        return written(float(np.reshape(value, ())))

    def open(self, number: int, name: str, cell: tuple[int, int] | None) -> None:
        """Keep an update for a scene, after a check that the quantity and the cell exist."""
        value = self.values(name, number) if name else self.step(number)
        if cell is not None:
            _cell(name, value, *cell)
        self.opened.add(number)

    def document(self, title: str) -> Document:
        """The ordinary document of the page, with the updates that scenes open."""
        last, opened = max(self.longest, *self.opened), sorted(self.opened)
        if self.options.get("fault"):
            opened += (1 + evenly_spread(last, RECORDED)).tolist()
        epochs = ceil(last / n_batches(self.X.shape[1], self.options.get("batch_size")))
        about, X, Y = replace(self.about, title=title), self.X, self.Y
        shown = {"iterations": epochs, "opened": tuple(opened), **self.options}
        document = lesson(self.network(), X, Y, about=about, **shown)
        return {**document, "recorded": document["recorded"][-1:]}


def _cell(name: str, value: Any, row: int, col: int) -> float:
    matrix = np.atleast_2d(value)
    rows, cols = matrix.shape
    expected = f"a cell of {name}, which has {rows} rows and {cols} columns, counted from 0"
    require(row < rows and col < cols, "scene", expected, [row, col], setting="cell")
    return float(matrix[row, col])


def written(value: float) -> str:
    """A number with three significant digits, as texts have it.

    >>> written(-0.00001234), written(0.5), written(1234.5)
    ('−1.23·10⁻⁵', '0.5', '1234')
    """
    if 1000 <= abs(value) < 1e6:
        return f"{value:.0f}".replace("-", "−")
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    power = f"·10{str(int(exponent)).translate(SUPERSCRIPTS)}" if exponent else ""
    return f"{mantissa}{power}".replace("-", "−")
