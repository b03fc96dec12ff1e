"""Points of a plane: a small deep network draws the border between the classes."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from deepstep.cli.drawing import decision_map
from deepstep.cli.fitting import train_and_save
from deepstep.cli.held_out import of_builtin
from deepstep.cli.parts import as_part
from deepstep.cli.run_places import free_name, new_run
from deepstep.cli.screen import as_json, console, print_curve, print_next, print_scores
from deepstep.cli.train_settings import TrainSettings
from deepstep.data import load
from deepstep.data.builtin import Dataset
from deepstep.preparation import ClassificationTarget, Preparation, TablePreparation
from deepstep.run import Run
from deepstep.run_folder import DEMO
from deepstep.types import Array

if TYPE_CHECKING:
    import polars
    from rich.text import Text

MAP_HEIGHT, MAP_WIDTH = 20, 72
MARKS, FILLS = "ox+", " ░▒"
COLOURS = ("blue", "red", "green")
"""Colours of the marks, where the class is not itself the name of a colour."""
NEXT = (
    ("trace RUN --layer 1 --example 0", "one point through the first layer"),
    ("explore RUN --export page.html", "every number of every step on a page"),
    ("check-gradients RUN", "its gradients against finite differences"),
    ("summary RUN", "layers, settings, results"),
    ("demo digits", "pictures instead of points"),
)


def points(name: str, out: Path | None, seed: int, iterations: int | None, *, json_wanted: bool) -> int:
    """Train, show and save; gives the exit code."""
    settings = TrainSettings((16, 16), "tanh", "glorot", "adam", 0.01, iterations or 500, None, seed)
    data = load(name, seed=seed)
    table, test_table = _table(data.X_train, data), _table(data.X_test, data)
    inputs, target = TablePreparation.fit(table), ClassificationTarget((tuple(sorted(data.classes)),))
    preparation = Preparation(inputs, target)
    labels = np.array(data.classes)
    folder = out or free_name(name)
    about = {
        "task": "binary" if len(labels) == 2 else "multiclass",
        "target": "class",
        DEMO: name,
        "source": f"deepstep.data.load({name!r}, seed={seed})",
        **of_builtin(name, seed),
    }
    train = as_part(preparation, inputs.transform(table), labels[data.y_train])
    test = as_part(preparation, inputs.transform(test_table), labels[data.y_test])
    trained = train_and_save(
        new_run(folder), folder, settings, preparation, train, test, label=name, about=about
    )

    if json_wanted:
        click.echo(as_json({"demo": name, "run": folder, **trained.to_dict()}))
    else:
        screen = console()
        screen.print(
            f"{len(train.X)} points in {len(labels)} classes, {len(test.X)} more to test; "
            f"{trained.run.network!r}",
            markup=False,
        )
        print_curve(screen, trained.run.history.costs, height=9)
        print_scores(screen, trained.parts)
        screen.print("What the network answers, and the training points", markup=False)
        screen.print(_legend(target.classes[0]), markup=False)
        screen.print(_map(trained.run, target, data, train.answers))
        screen.print()
        print_next(screen, folder, NEXT)
    return trained.exit_code


def _table(X: Array, data: Dataset) -> "polars.DataFrame":
    import polars

    return polars.DataFrame(X, schema=list(data.feature_names))


def _legend(classes: tuple[str, ...]) -> str:
    parts = zip(classes, MARKS, FILLS, strict=False)
    return "   ".join(
        f"{mark} {name}{f', answered in {fill}' if fill.strip() else ''}" for name, mark, fill in parts
    )


def _map(run: Run, target: ClassificationTarget, data: Dataset, answers: NDArray[np.intp]) -> "Text":
    """The decision map, coloured by class where there are colours."""
    from rich.text import Text

    X = data.X_train
    margin = 0.05 * (X.max(axis=0) - X.min(axis=0))
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    x, y = (np.linspace(low[axis], high[axis], size) for axis, size in ((0, MAP_WIDTH), (1, MAP_HEIGHT)))
    grid = np.column_stack([part.ravel() for part in np.meshgrid(x, y[::-1])])
    regions = target.decide(run.outputs(_table(grid, data))).reshape(MAP_HEIGHT, MAP_WIDTH)
    text = Text(decision_map(regions, X, answers, low, high, marks=MARKS, fills=FILLS))
    for mark, fill, name, other in zip(MARKS, FILLS, target.classes[0], COLOURS, strict=False):
        colour = name if name in COLOURS else other
        text.highlight_words([fill], style=f"dim {colour}")
        text.highlight_words([mark], style=f"bold {colour}")
    return text
