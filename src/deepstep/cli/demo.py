"""``deepstep demo``: train on a data set that is at hand, and show everything."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from deepstep.cli.drawing import decision_map, pictures
from deepstep.cli.fitting import Trained, train_and_save
from deepstep.cli.held_out import of_builtin, of_cats
from deepstep.cli.options import TrainOptions
from deepstep.cli.scores import answered, confusion
from deepstep.cli.screen import (
    as_json,
    console,
    harmless,
    json_option,
    note,
    percent,
    print_curve,
    print_next,
    print_scores,
    print_table,
    printable,
)
from deepstep.cli.table_task import Part, as_part
from deepstep.cli.unfinished import free_name, new_run
from deepstep.data import ImageSet, atomic_write, load, read_cats
from deepstep.data.builtin import Dataset
from deepstep.data.files import kind_at
from deepstep.errors import ConfigurationError, FileError, MissingPackageError, unknown_name
from deepstep.plots import MistakesDisplay
from deepstep.preparation import ClassTarget, ImagePreparation, Preparation, TablePreparation
from deepstep.run import Run
from deepstep.run_folder import DEMO
from deepstep.types import Array

if TYPE_CHECKING:
    import polars
    from rich.console import Console
    from rich.text import Text

MAP_HEIGHT, MAP_WIDTH = 20, 72
MARKS, FILLS = "ox+", " ░▒"
COLOURS = ("blue", "red", "green")
"""Colours of the marks, where the class is not itself the name of a colour."""
NEXT_OF_POINTS = (
    ("trace RUN --layer 1 --example 0", "one point through the first layer"),
    ("explore RUN --export page.html", "every number of every step on a page"),
    ("check-gradients RUN", "its gradients against finite differences"),
    ("summary RUN", "layers, settings, results"),
    ("demo digits", "pictures instead of points"),
)


def points(name: str, out: Path | None, seed: int, iterations: int | None, *, json_wanted: bool) -> int:
    """Train, show and save; gives the exit code."""
    settings = TrainOptions(
        hidden=(16, 16),
        activation="tanh",
        initialization="glorot",
        learning_rate=0.01,
        iterations=iterations or 500,
        seed=seed,
    )
    data = load(name, seed=seed)
    table, test_table = _table(data.X_train, data), _table(data.X_test, data)
    inputs, target = TablePreparation.fit(table), ClassTarget(tuple(sorted(data.classes)))
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
        screen.print(_legend(target.classes), markup=False)
        screen.print(_map(trained.run, target, data, train.answers))
        screen.print()
        print_next(screen, folder, NEXT_OF_POINTS)
    return trained.exit_code


def _table(X: Array, data: Dataset) -> "polars.DataFrame":
    import polars

    return polars.DataFrame(X, schema=list(data.feature_names))


def _legend(classes: tuple[str, ...]) -> str:
    parts = zip(classes, MARKS, FILLS, strict=False)
    return "   ".join(
        f"{mark} {name}{f', answered in {fill}' if fill.strip() else ''}" for name, mark, fill in parts
    )


def _map(run: Run, target: ClassTarget, data: Dataset, answers: NDArray[np.intp]) -> "Text":
    """The decision map, coloured by class where there are colours."""
    from rich.text import Text

    X = data.X_train
    margin = 0.05 * (X.max(axis=0) - X.min(axis=0))
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    x, y = (np.linspace(low[axis], high[axis], size) for axis, size in ((0, MAP_WIDTH), (1, MAP_HEIGHT)))
    grid = np.column_stack([part.ravel() for part in np.meshgrid(x, y[::-1])])
    regions = answered(target, run.outputs(_table(grid, data))).reshape(MAP_HEIGHT, MAP_WIDTH)
    text = Text(decision_map(regions, X, answers, low, high, marks=MARKS, fills=FILLS))
    for mark, fill, name, other in zip(MARKS, FILLS, target.classes, COLOURS, strict=False):
        colour = name if name in COLOURS else other
        text.highlight_words([fill], style=f"dim {colour}")
        text.highlight_words([mark], style=f"bold {colour}")
    return text


SHOWN_MISTAKES = 4
NEXT_OF_DIGITS = (
    ("trace RUN --layer 2", "every number of one training step"),
    ("check-gradients RUN", "its gradients against finite differences"),
    ("summary RUN", "layers, settings, results"),
    ("demo spirals", "a network bends the plane"),
)


def digits(out: Path | None, seed: int, iterations: int | None, *, json_wanted: bool) -> int:
    """Train, show and save; gives the exit code."""
    settings = TrainOptions(learning_rate=0.002, iterations=iterations or 40, batch_size=64, seed=seed)
    data = load("digits", seed=seed)
    inputs = ImagePreparation(8, 8, 1, data.scale)
    preparation = Preparation(inputs, ClassTarget(data.classes))
    labels = np.array(data.classes)
    train = as_part(preparation, inputs.transform(data.X_train), labels[data.y_train])
    test = as_part(preparation, inputs.transform(data.X_test), labels[data.y_test])
    folder = out or free_name("digits")
    about = {
        "task": "multiclass",
        "target": "digit",
        "source": "scikit-learn's bundled digits",
        DEMO: "digits",
    }
    about |= of_builtin("digits", seed)
    trained = train_and_save(
        new_run(folder), folder, settings, preparation, train, test, label="digits", about=about
    )

    probabilities = trained.test_outputs
    wrong = worst_mistakes(probabilities, test.answers)
    counts = confusion(test.answers, probabilities.argmax(axis=1), len(data.classes))
    if json_wanted:
        record = {
            "demo": "digits",
            "run": folder,
            **trained.to_dict(),
            "confusion": counts,
            "mistakes": [
                {
                    "row": row,
                    "true": test.answers[row],
                    "predicted": probabilities[row].argmax(),
                    "probability": probabilities[row].max(),
                }
                for row in wrong
            ],
        }
        click.echo(as_json(record))
    else:
        screen = console()
        _print_training(screen, trained, train, test)
        _print_confusion(screen, data.classes, counts)
        _print_mistakes(screen, wrong, data.X_test * data.scale, probabilities, test.answers)
        print_next(screen, folder, NEXT_OF_DIGITS)
    return trained.exit_code


def worst_mistakes(probabilities: Array, answers: NDArray[np.intp]) -> NDArray[np.intp]:
    """Wrong rows, the surest first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != answers)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")]


def _print_training(screen: "Console", trained: Trained, train: Part, test: Part) -> None:
    m, m_test = len(train.X), len(test.X)
    screen.print(
        f"{m:,} pictures of digits to learn from, {m_test} to test; {trained.run.network!r}", markup=False
    )
    print_curve(screen, trained.run.history.costs, height=11)
    print_scores(screen, trained.parts)


def _print_confusion(screen: "Console", classes: tuple[str, ...], counts: NDArray[np.int64]) -> None:
    header = ("true ↓ given →", *classes, "right")
    rows = [
        (name, *(str(count) if count else "·" for count in row), percent(row[index] / max(row.sum(), 1)))
        for index, (name, row) in enumerate(zip(classes, counts, strict=True))
    ]
    print_table(screen, header, rows, title="Test pictures by class")


def _print_mistakes(
    screen: "Console",
    wrong: NDArray[np.intp],
    pixels: Array,
    probabilities: Array,
    answers: NDArray[np.intp],
) -> None:
    if not len(wrong):
        screen.print("No mistake on the test pictures.\n")
        return
    shown = wrong[:SHOWN_MISTAKES]
    captions = [
        (f"true {answers[row]}", f"given {probabilities[row].argmax()} ({probabilities[row].max():.3f})")
        for row in shown
    ]
    screen.print(f"The surest of {len(wrong)} mistakes, with the probability given")
    screen.print(pictures([pixels[row].reshape(8, 8) for row in shown], captions), markup=False)
    screen.print()


ITERATIONS, EVERY = 2500, 100
MODELS = {"2-layer": ((7,), "small"), "4-layer": ((20, 7, 5), "lecun")}
"""The lecture's hidden layers, and how it draws their first weights (course 1 week 4)."""
FIGURE = "-mislabeled.png"
NEXT_OF_CATS = (
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
    inputs, target = ImagePreparation(height, width, channels, 1 / 255), ClassTarget(images.classes)
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
        settings = TrainOptions(
            hidden=hidden,
            initialization=initialization,
            optimizer="gd",
            learning_rate=0.0075,
            iterations=rounds,
            seed=seed,
        )
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
        _print_cats(screen, models, mistakes, figure)
        print_next(screen, folders[name], NEXT_OF_CATS)
    return models[name].exit_code


def _mistakes(target: ClassTarget, images: ImageSet, trained: Trained) -> MistakesDisplay:
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


def _print_cats(
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
        ("", *sizes, "majority class"),
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


POINTS = ("planar", "moons", "circles", "spirals")
DEMOS = ("digits", "cats", *POINTS)


@click.command("demo")
@click.argument("name", default="digits", metavar="[digits|cats|planar|moons|circles|spirals]")
@click.option("--data", type=click.Path(path_type=Path), help="With cats: folder of the two HDF5 files.")
@click.option("--out", type=click.Path(path_type=Path), help="Run folder. Default: a new one in runs/.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    help="Seed of the initial weights.",
)
@click.option("--iterations", type=click.IntRange(min=1), help="Number of epochs.")
@json_option
def demo_command(
    name: str, data: Path | None, out: Path | None, seed: int, iterations: int | None, json_wanted: bool
) -> int:
    """Train on a built-in data set and show the results.

    Shows the cost curve, the scores beside those of a baseline, and the mistakes, and saves a run.

    digits: handwritten digits (8×8 images, bundled with scikit-learn). planar, moons, circles, spirals:
    points of a plane. cats: the lecture's cat images and its two networks; needs --data.
    """
    if name not in DEMOS:
        raise unknown_name("deepstep demo", "data set", name, DEMOS)
    if name == "cats":
        return cats(data, out, seed, iterations, json_wanted=json_wanted)
    if data is not None:
        raise ConfigurationError("--data", "it belongs to demo cats", f"the data of {name} are built in")
    if name == "digits":
        return digits(out, seed, iterations, json_wanted=json_wanted)
    return points(name, out, seed, iterations, json_wanted=json_wanted)
