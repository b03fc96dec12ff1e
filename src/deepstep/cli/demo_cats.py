"""The lecture's practice: cat pictures, a network of two layers and one of four."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from deepstep.cli.fitting import Trained, train_and_save
from deepstep.cli.held_out import of_cats
from deepstep.cli.output import harmless
from deepstep.cli.parts import as_part
from deepstep.cli.run_places import free_name, new_run
from deepstep.cli.screen import as_json, console, note, percent, print_next, print_table, printable
from deepstep.cli.train_settings import TrainSettings
from deepstep.data import ImageSet, atomic_write, read_cats
from deepstep.data.files import kind_at
from deepstep.errors import ConfigurationError, FileError, MissingPackageError
from deepstep.plots import MistakesDisplay
from deepstep.preparation import ClassificationTarget, ImagePreparation, Preparation
from deepstep.run_folder import DEMO

if TYPE_CHECKING:
    from rich.console import Console

ITERATIONS, EVERY = 2500, 100
MODELS = {"2-layer": ((7,), "small"), "4-layer": ((20, 7, 5), "lecun")}
"""The lecture's hidden layers, and how it draws their first weights (course 1 week 4)."""
FIGURE = "-mislabeled.png"
NEXT = (
    ("predict RUN picture.jpg", "put any picture of yours here"),
    ("trace RUN --layer 1", "every number of one training step"),
    ("check-gradients RUN", "its gradients against finite differences"),
)


def cats(data: Path | None, out: Path | None, seed: int, iterations: int | None, *, json_wanted: bool) -> int:
    """Train, compare and save both networks, draw the deeper one's mistakes; gives the exit code."""
    if data is None:
        raise ConfigurationError(
            "deepstep demo cats",
            "--data names the folder with train_catvnoncat.h5 and test_catvnoncat.h5",
            "got no --data",
            "Type deepstep demo cats --data FOLDER.",
        )
    images = read_cats(data)
    height, width, channels = images.X_train.shape[1:]
    inputs, target = (
        ImagePreparation(height, width, channels, 1 / 255),
        ClassificationTarget((images.classes,)),
    )
    preparation, names = Preparation(inputs, target), np.array(images.classes)
    train = as_part(preparation, inputs.transform(images.X_train), names[images.y_train])
    test = as_part(preparation, inputs.transform(images.X_test), names[images.y_test])
    endings = [f"-{name}" for name in MODELS]
    base = out or free_name("cats", [*endings, FIGURE])
    folders = {name: Path(f"{base}{ending}") for name, ending in zip(MODELS, endings, strict=True)}
    drawing = Path(f"{base}{FIGURE}")
    for path in (*folders.values(), drawing):  # before the first is trained, and not when the last is saved
        if kind_at(path) != "nothing":
            raise FileError(str(path), "a new name is expected", "it exists already", "Choose another --out.")

    models: dict[str, Trained] = {}
    for name, (hidden, initialization) in MODELS.items():
        rounds = iterations or ITERATIONS
        settings = TrainSettings(hidden, "relu", initialization, "gd", 0.0075, rounds, None, seed)
        about = {"task": "binary", "target": "class", "source": printable(data), DEMO: "cats"}
        about |= of_cats(data, folders[name])
        label = f"cats, {name}"
        models[name] = train_and_save(
            new_run(folders[name]),
            folders[name],
            settings,
            preparation,
            train,
            test,
            label=label,
            about=about,
        )
        if models[name].interrupted:
            break

    mistakes = {name: _mistakes(target, images, trained) for name, trained in models.items()}
    figure = None
    if len(models) == len(MODELS):
        figure = _draw(mistakes["4-layer"], drawing)
    if json_wanted:
        record = {
            name: {"run": folders[name], **trained.to_dict(), "wrong_test_images": mistakes[name].rows}
            for name, trained in models.items()
        }
        click.echo(as_json({"demo": "cats", "models": record, "figure": figure}))
    else:
        screen = console()
        _print(screen, models, mistakes, figure)
        print_next(screen, folders[name], NEXT)
    return models[name].exit_code


def _mistakes(target: ClassificationTarget, images: ImageSet, trained: Trained) -> MistakesDisplay:
    outputs = trained.test_outputs
    true = np.array(images.classes)[images.y_test]
    return MistakesDisplay.from_predictions(
        images.X_test, true, target.decode(outputs), target.probabilities(outputs).max(axis=1)
    )


def _draw(mistakes: MistakesDisplay, path: Path) -> Path | None:
    """The figure as a file; without matplotlib a note says how to get it, and the demo goes on."""
    try:
        mistakes.plot()
    except MissingPackageError as error:
        note(f"No figure of the mislabeled images. {error}")
        return None
    with atomic_write(path) as file:
        mistakes.figure_.savefig(file, format="png", dpi=120)
    return path


def _print(
    screen: "Console", models: dict[str, Trained], mistakes: dict[str, MistakesDisplay], figure: Path | None
) -> None:
    sizes = ["-".join(map(str, trained.run.network.architecture.layer_dims)) for trained in models.values()]
    costs = [trained.run.history.costs for trained in models.values()]
    longest = max(map(len, costs))
    shown = sorted({*range(0, longest, EVERY), longest - 1})
    rows = [(str(at), *(f"{cost[at]:.6f}" if at < len(cost) else "" for cost in costs)) for at in shown]
    print_table(screen, ("iteration", *sizes), rows, title="Cost J before the update")
    parts = {
        "train accuracy": [trained.parts["train"].to_dict() for trained in models.values()],
        "test accuracy": [trained.parts["test"].to_dict() for trained in models.values()],
    }
    print_table(
        screen,
        ("", *sizes, "always the largest class"),
        [
            (part, *(percent(score["accuracy"]) for score in scores), percent(scores[0]["majority_accuracy"]))
            for part, scores in parts.items()
        ],
    )
    for size, wrong in zip(sizes, mistakes.values(), strict=True):
        numbers = ", ".join(map(str, wrong.rows)) or "none"
        screen.print(f"Wrong test images of {size}: {numbers}", markup=False)
    if figure is not None:
        screen.print(harmless(f"Those of {sizes[-1]} as a figure: {figure}"), soft_wrap=True)
    screen.print()
