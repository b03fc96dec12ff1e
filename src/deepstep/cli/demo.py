"""``deepstep demo``: train on a built-in data set, and show the results."""

from collections.abc import Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import numpy as np

from deepstep.cli.drawing import coloured, curve, decision_map, pictures, shrunk
from deepstep.cli.images import Loaded, Trained, by_network, holds_pictures, load_folder, save_and_score
from deepstep.cli.option_types import PATH, SEED
from deepstep.cli.resume import free_name
from deepstep.cli.screen import (
    GOOD,
    INTERRUPTED,
    as_json,
    console,
    harmless,
    json_option,
    note,
    print_next,
    print_table,
    printable,
)
from deepstep.data import atomic_write, load, read_cats
from deepstep.data.builtin import SOURCE
from deepstep.data.files import kind_at
from deepstep.data.hdf5 import TEST_FILE
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, FileError, MissingPackageError, unknown_name
from deepstep.inspection.metrics import confusion, percent
from deepstep.plots import MistakesDisplay
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.run import DEMO
from deepstep.targets import Targets, label_array
from deepstep.types import Array

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


class DemoNetwork(NamedTuple):
    """The network of a demo: hidden layers, further arguments of `Network`, and those of `Network.train`."""

    hidden: tuple[int, ...]
    start: Mapping[str, Any]
    training: Mapping[str, Any]


_POINTS = DemoNetwork(
    (16, 16),
    {"activation": "tanh", "initialization": "glorot"},
    {"optimizer": "adam", "learning_rate": 0.01, "iterations": 500},
)
_DIGITS = DemoNetwork(
    (64, 32),
    {"initialization": "he"},
    {"optimizer": "adam", "learning_rate": 0.002, "iterations": 40, "batch_size": 64},
)
_LECTURE: dict[str, Any] = {"optimizer": "gd", "learning_rate": 0.0075, "iterations": 2500}
DEMOS: Mapping[str, Mapping[str, DemoNetwork]] = {
    "digits": {"": _DIGITS},
    "cats": {
        "-2-layer": DemoNetwork((7,), {"initialization": "small"}, _LECTURE),
        "-4-layer": DemoNetwork((20, 7, 5), {"initialization": "lecun"}, _LECTURE),
    },
    **{name: {"": _POINTS} for name in ("planar", "moons", "circles", "spirals")},
}
"""Each demo's networks by the ending of the run's name. Those of the cats are the lecture's (course 1, week
4).
"""

FIGURE = "-mislabeled.png"
CHECK = ("check-gradients RUN", "its gradients against finite differences")
NEXT = {
    "digits": (
        ("trace RUN --layer 2", "every number of one training step"),
        CHECK,
        ("summary RUN", "layers, settings, results"),
        ("demo spirals", "a network bends the plane"),
    ),
    "cats": (
        ("predict RUN PICTURE.jpg", "your own picture, of any size"),
        ("demo cats --data FOLDER", "your photographs, one folder per class"),
        ("course start 12", "write both networks yourself"),
        ("trace RUN --layer 1", "every number of one training step"),
        CHECK,
    ),
    "points": (
        ("trace RUN --layer 1 --example 0", "one point through the first layer"),
        ("explore RUN --export page.html", "every number of every step on a page"),
        CHECK,
        ("summary RUN", "layers, settings, results"),
        ("demo digits", "pictures instead of points"),
    ),
}

MAP_HEIGHT, MAP_WIDTH = 20, 72
MARKS, FILLS = "ox+", " ░▒"
COLOURS = ("blue", "red", "green")
"""Colours of the marks, where the class is not itself the name of a colour."""
SHOWN_MISTAKES, EVERY = 4, 500
SHOWN_CATS, CATS_IN_A_ROW, PICTURE_WIDTH, CURVE_WIDTH = 6, 3, 24, 38
SOURCES = {"digits": "scikit-learn's bundled digits", "cats": SOURCE}


@click.command("demo")
@click.argument("name", default="cats", metavar="[cats|digits|planar|moons|circles|spirals]")
@click.option(
    "--data",
    type=PATH,
    help="For cats: folder with one folder of photographs per class, or with the lecture's HDF5 files.",
)
@click.option("--out", type=PATH, help="Run folder. Default: a new one in runs/.")
@click.option("--seed", type=SEED, default=1, show_default=True, help="Seed of the initial weights.")
@click.option(
    "--iterations", type=click.IntRange(min=1), help="Epochs. Default: cats 2500, digits 40, others 500."
)
@json_option
def demo_command(
    name: str, data: Path | None, out: Path | None, seed: int, iterations: int | None, json_wanted: bool
) -> int:
    """Train on a built-in data set and show the results.

    Shows the cost curve, scores beside a baseline's, and mistakes, and saves a run.

    cats (default): the lecture's two networks on drawn pictures. digits: handwritten, 8×8 pixels, of
    scikit-learn. Others: points of a plane.
    """
    if name not in DEMOS:
        raise unknown_name("data set", name, DEMOS)
    if name != "cats" and data is not None:
        raise ConfigurationError(f"--data belongs to demo cats, and the data of {name} are built in")
    loaded = _loaded(name, seed, data)
    endings = [*DEMOS[name], FIGURE] if name == "cats" else [""]
    base = out or free_name(name, endings)
    for path in (Path(f"{base}{ending}") for ending in endings):  # before the first network is trained
        if kind_at(path) != "nothing":
            raise FileError(f"{path} exists already", "Choose another --out.")
    trained: dict[Path, Trained] = {}
    for ending, demo in DEMOS[name].items():
        folder = Path(f"{base}{ending}")
        label = f"{name}, {ending[1:]}" if ending else name
        training = {**demo.training, **({} if iterations is None else {"iterations": iterations})}
        start = {**demo.start, "seed": seed}
        train = partial(by_network, loaded, demo.hidden, start, training, label)
        trained[folder] = save_and_score(loaded, train, folder)
        if trained[folder].interrupted:
            break
    show = {"digits": _show_digits, "cats": _show_cats}.get(name, _show_points)
    scored = all(model.parts for model in trained.values())  # else a warning gave the reason
    record = show(loaded, trained, base, json_wanted) if scored else {"runs": [*trained]}
    if json_wanted:
        click.echo(as_json({"demo": name, **record}))
    else:
        print_next(console(), folder, NEXT.get(name, NEXT["points"]))
        if name == "cats" and find_spec("PIL") is None:
            console().print("Pictures of your own need Pillow: pip install pillow, or the extra 'images'")
    return INTERRUPTED if trained[folder].interrupted else GOOD


def _loaded(name: str, seed: int, folder: Path | None) -> Loaded:
    """The rows of a data set with the names of their classes, or those of a folder in place of the cats."""
    if folder is not None and holds_pictures(folder):
        loaded = load_folder(folder, test_fraction=0.2, seed=seed)
        return loaded._replace(about={**loaded.about, DEMO: name})
    if name == "cats":
        seed = 1  # its pictures are drawn once; another seed is that of the initial weights alone
    data: Any = load(name, seed=seed) if folder is None else read_cats(folder)
    rows = (data.X_train, data.X_test)
    classes = data.classes
    inputs: TablePreparation | ImagePreparation
    about, test_source = f"deepstep.data.load({name!r}, seed={seed})", f"the built-in set {name}"
    if folder is not None:
        height, width, channels = data.X_train.shape[1:]
        inputs = ImagePreparation(height, width, channels, 1 / 255)
        about, test_source = printable(folder), TEST_FILE
    elif data.image_shape is not None:
        height, width, channels = data.image_shape
        inputs = ImagePreparation(height, width, channels, data.scale)
        about = SOURCES[name]
        if name == "cats":
            rows = tuple(X.reshape(-1, *data.image_shape).astype(np.uint8) for X in rows)
    else:
        train, test = (polars.DataFrame(X, schema=list(data.feature_names)) for X in rows)
        rows = (train, test)
        inputs = TablePreparation.fit(train)
        classes = tuple(sorted(classes))
    names = np.array(data.classes)
    config = {
        "task": "binary" if len(names) == 2 else "multiclass",
        "target": "digit" if name == "digits" else "class",
        "source": about,
        DEMO: name,
    }
    parts = {"train": (rows[0], names[data.y_train]), "test": (rows[1], names[data.y_test])}
    return Loaded(inputs, Targets.of_classes([label_array(classes)]), parts, config, test_source)


def _show_digits(
    loaded: Loaded, models: Mapping[Path, Trained], base: Path, json_wanted: bool
) -> dict[str, Any]:
    """The scores, the confusion matrix and the most confident mistakes."""
    (trained,) = models.values()
    answers = loaded.answers("test")
    probabilities = trained.test_outputs
    classes = [*map(str, loaded.targets.labels[0])]
    predicted, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != answers)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")]  # the most confident ones first
    counts = confusion(answers, predicted, len(classes))
    if json_wanted:
        mistakes = [
            {"row": row, "true": answers[row], "predicted": predicted[row], "probability": sure[row]}
            for row in wrong
        ]
        return {"run": base, **trained.to_dict(), "confusion": counts, "mistakes": mistakes}
    screen = console()
    m = len(loaded.rows["train"][1])
    trained.print_result(screen, f"{m:,} training images, {len(answers)} test images", height=11)
    rows = [
        (name, *(str(count) if count else "·" for count in row), percent(row[index] / max(row.sum(), 1)))
        for index, (name, row) in enumerate(zip(classes, counts, strict=True))
    ]
    print_table(screen, ("true ↓ predicted →", *classes, "recall"), rows, title="Test images by class")
    if not len(wrong):
        screen.print("No mistakes on the test images.\n")
        return {}
    shown = wrong[:SHOWN_MISTAKES]
    pixels = loaded.inputs.transform(loaded.rows["test"][0])
    captions = [(f"true {answers[row]}", f"given {predicted[row]} ({sure[row]:.3f})") for row in shown]
    screen.print(f"The most confident of {len(wrong)} mistakes, with the predicted probability")
    screen.print(pictures([pixels[row].reshape(8, 8) for row in shown], captions), markup=False)
    screen.print()
    return {}


def _show_points(
    loaded: Loaded, models: Mapping[Path, Trained], base: Path, json_wanted: bool
) -> dict[str, Any]:
    """The scores and the map of decisions."""
    (trained,) = models.values()
    if json_wanted:
        return {"run": base, **trained.to_dict()}
    screen = console()
    classes = loaded.targets.labels[0]
    m, m_test = (len(labels) for _, labels in loaded.rows.values())
    trained.print_result(screen, f"{m} points in {len(classes)} classes, {m_test} more to test", height=9)
    screen.print("Predictions of the network, and the training points", markup=False)
    legend = (
        f"{mark} {name}{f', predicted in {fill}' if fill.strip() else ''}"
        for name, mark, fill in zip(classes, MARKS, FILLS, strict=False)
    )
    screen.print("   ".join(legend), markup=False)
    screen.print(_map(trained, loaded))
    screen.print()
    return {}


def _map(trained: Trained, loaded: Loaded) -> "Text":
    """The decision map, coloured by class where there are colours."""
    from rich.text import Text

    points, answers = loaded.rows["train"][0], loaded.answers("train")
    X = points.to_numpy()
    margin = 0.05 * (X.max(axis=0) - X.min(axis=0))
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    x, y = (np.linspace(low[axis], high[axis], size) for axis, size in ((0, MAP_WIDTH), (1, MAP_HEIGHT)))
    grid = np.column_stack([part.ravel() for part in np.meshgrid(x, y[::-1])])
    outputs = trained.run.outputs(polars.DataFrame(grid, schema=points.columns))
    regions = loaded.targets.decide(outputs).reshape(MAP_HEIGHT, MAP_WIDTH)
    text = Text(decision_map(regions, X, answers, low, high, marks=MARKS, fills=FILLS))
    for mark, fill, name, other in zip(MARKS, FILLS, loaded.targets.labels[0], COLOURS, strict=False):
        colour = name if name in COLOURS else other
        text.highlight_words([fill], style=f"dim {colour}")
        text.highlight_words([mark], style=f"bold {colour}")
    return text


def _show_cats(
    loaded: Loaded, models: Mapping[Path, Trained], base: Path, json_wanted: bool
) -> dict[str, Any]:
    """Curves, costs and scores of the networks side by side, what each gets wrong, and pictures of it."""
    target = loaded.targets
    trained = list(models.values())
    mistakes = [
        MistakesDisplay.from_predictions(
            *loaded.rows["test"],
            target.decode(model.test_outputs),
            target.probabilities(model.test_outputs).max(axis=1),
        )
        for model in trained
    ]
    figure = _draw(mistakes[-1], Path(f"{base}{FIGURE}")) if len(models) == len(DEMOS["cats"]) else None
    if json_wanted:
        record = {
            folder.name.removeprefix(f"{base.name}-"): {
                "run": folder,
                **model.to_dict(),
                "wrong_test_images": wrong.rows,
            }
            for (folder, model), wrong in zip(models.items(), mistakes, strict=True)
        }
        return {"models": record, "figure": figure}
    screen = console()
    for part, text in (("train", "to learn from"), ("test", "to test")):
        labels = loaded.rows[part][1].tolist()
        counts = ", ".join(f"{labels.count(name)} {name}" for name in target.labels[0])
        screen.print(f"{len(labels)} pictures {text}: {counts}")
    screen.print(f"They are {loaded.about['source']}", soft_wrap=True)
    screen.print()
    curves = [
        curve(model.run.ensemble.history.costs, width=CURVE_WIDTH, height=10, x_name="epoch").splitlines()
        for model in trained
    ]
    screen.print("  ".join(f"Cost J of {model.name}".ljust(CURVE_WIDTH) for model in trained).rstrip())
    for lines in zip(*curves, strict=True):
        screen.print("  ".join(line.ljust(CURVE_WIDTH) for line in lines).rstrip())
    screen.print()
    _print_numbers(screen, trained)
    _print_mistakes(screen, loaded, trained, mistakes)
    if figure is not None:
        screen.print(harmless(f"All of {trained[-1].name} as a figure: {figure}"), soft_wrap=True)
        screen.print()
    return {}


def _print_numbers(screen: "Console", trained: Sequence[Trained]) -> None:
    """Costs and accuracies of the networks side by side."""
    names = [model.name for model in trained]
    costs = [model.run.ensemble.history.costs for model in trained]
    longest = max(map(len, costs))
    shown = sorted({*range(0, longest, EVERY), longest - 1})
    rows = [
        (str(epoch), *(f"{cost[epoch]:.6f}" if epoch < len(cost) else "" for cost in costs))
        for epoch in shown
    ]
    print_table(screen, ("iteration", *names), rows, title="Cost J before the update")
    accuracies = []
    for part in ("train", "test"):
        scores = [model.parts[part].values for model in trained]
        shares = [percent(each["accuracy"]) for each in scores]
        accuracies.append((f"{part} accuracy", *shares, percent(scores[0]["majority_accuracy"])))
    print_table(screen, ("", *names, "majority class"), accuracies)


def _print_mistakes(
    screen: "Console", loaded: Loaded, trained: Sequence[Trained], mistakes: Sequence[MistakesDisplay]
) -> None:
    """The mistakes of each network, and the pictures of the last one's most confident mistakes."""
    labels = loaded.rows["test"][1]
    names = [model.name for model in trained]
    rows = [
        (f"{name} given another class", *(str(wrong.true.count(name)) for wrong in mistakes), str(total))
        for name, total in zip(*np.unique(labels, return_counts=True), strict=True)
    ]
    print_table(screen, ("wrong test pictures", *names, "of"), rows)
    if len(mistakes) > 1:
        first, last = (set(wrong.rows.tolist()) for wrong in mistakes)
        groups = {"both": first & last, f"{names[0]} alone": first - last, f"{names[1]} alone": last - first}
        for name, numbers in groups.items():
            listed = ", ".join(map(str, sorted(numbers))) or "none"
            screen.print(harmless(f"Wrong in {name}: {listed}"), soft_wrap=True)
        screen.print()
    wrong = mistakes[-1]
    surest = np.argsort(-wrong.probabilities, kind="stable")[:SHOWN_CATS]
    if len(surest):
        screen.print(f"Wrong pictures of {names[-1]} with the highest probability")
    for start in range(0, len(surest), CATS_IN_A_ROW):
        some = surest[start : start + CATS_IN_A_ROW]
        images = [shrunk(wrong.images[index], PICTURE_WIDTH) / 255 for index in some]
        captions = [
            (
                f"{wrong.rows[index]}: {harmless(wrong.true[index])},",
                f"given {harmless(wrong.predicted[index])} ({wrong.probabilities[index]:.3f})",
            )
            for index in some
        ]
        screen.print(_drawn(screen, images, captions))


def _drawn(screen: "Console", images: Sequence[Array], captions: Sequence[Sequence[str]]) -> "Text | str":
    """Pictures in colour, or in shades of grey where the screen has no colours."""
    if screen.is_terminal and screen.color_system is not None and not screen.no_color:
        return coloured(images, captions)
    grey = [image.mean(axis=2).reshape(PICTURE_WIDTH // 2, 2, -1).mean(axis=1) for image in images]
    # a dark picture has all shades, too
    even = [(image - image.min()) / (np.ptp(image) or 1.0) for image in grey]
    return pictures(even, captions, repeat=1) + "\n"


def _draw(mistakes: MistakesDisplay, path: Path) -> Path | None:
    """The figure as a file; without matplotlib a note says how to get it."""
    try:
        mistakes.plot()
    except MissingPackageError as error:
        note(f"No figure of the mislabeled images. {error}")
        return None
    with atomic_write(path) as file:
        mistakes.figure_.savefig(file, format="png", dpi=120)
    return path
