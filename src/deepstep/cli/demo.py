"""``deepstep demo``: train on a built-in data set, and show the results."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click
import numpy as np

from deepstep.cli.drawing import decision_map, pictures
from deepstep.cli.messages import of_one_network
from deepstep.cli.option_types import PATH, SEED
from deepstep.cli.options import TrainOptions, flag_of
from deepstep.cli.runs import folder_for
from deepstep.cli.screen import (
    GOOD,
    INTERRUPTED,
    as_json,
    console,
    harmless,
    json_option,
    note,
    print_curve,
    print_next,
    print_scores,
    print_table,
    printable,
)
from deepstep.cli.settings import new_network, train_arguments
from deepstep.cli.unfinished import INTERRUPTED_BY_USER, free_name
from deepstep.data import atomic_directory, atomic_write, load, read_cats
from deepstep.data.files import kind_at
from deepstep.data.hdf5 import TEST_FILE
from deepstep.errors import ConfigurationError, FileError, MissingPackageError, spelled, unknown_name
from deepstep.held_out import HeldOut
from deepstep.inspection.metrics import Scores, confusion, percent, score
from deepstep.plots import MistakesDisplay
from deepstep.preparation import ClassificationTarget, ImagePreparation, Preparation, TablePreparation
from deepstep.run import Run
from deepstep.run_folder import DEMO
from deepstep.training import History
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_POINTS = {
    "": {
        "hidden": (16, 16),
        "activation": "tanh",
        "initialization": "glorot",
        "learning_rate": 0.01,
        "iterations": 500,
    }
}
_LECTURE: dict[str, Any] = {"optimizer": "gd", "learning_rate": 0.0075, "iterations": 2500}
DEMOS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "digits": {"": {"learning_rate": 0.002, "iterations": 40, "batch_size": 64}},
    "cats": {
        "-2-layer": {"hidden": (7,), "initialization": "small", **_LECTURE},
        "-4-layer": {"hidden": (20, 7, 5), "initialization": "lecun", **_LECTURE},
    },
    **dict.fromkeys(("planar", "moons", "circles", "spirals"), _POINTS),
}
"""Each demo's networks: the ending of the run's name, and the options. Those of the cats are the lecture's
(course 1, week 4)."""

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
        ("predict RUN picture.jpg", "put any picture of yours here"),
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
SHOWN_MISTAKES, EVERY = 4, 100


class Loaded(NamedTuple):
    """A data set: its preprocessing, raw rows and labels of the parts "train" and "test", entries of a run's
    config, and the name of the test rows in a report.
    """

    preparation: Preparation
    rows: Mapping[str, tuple[Any, AnyArray]]
    about: dict[str, Any]
    of_test: str

    @property
    def target(self) -> ClassificationTarget:
        """The classes."""
        return cast(ClassificationTarget, self.preparation.target)

    def answers(self, part: str) -> AnyArray:
        """The positions of the classes of rows in the target."""
        return self.target.answers(self.rows[part][1])


class Trained(NamedTuple):
    """The run of a demo, its scores on training and test rows, and the outputs for the test rows."""

    run: Run
    parts: Mapping[str, Scores]
    test_outputs: Array

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended training."""
        return self.run.history.stopped == INTERRUPTED_BY_USER

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**of_one_network(self.run), **{name: part.to_dict() for name, part in self.parts.items()}}

    def print_result(self, screen: "Console", what: str, *, height: int) -> None:
        """The network, the course of the cost, and the scores."""
        screen.print(f"{what}; {self.run.network!r}", markup=False)
        print_curve(screen, self.run.history.costs, height=height)
        print_scores(screen, self.parts)


@click.command("demo")
@click.argument("name", default="digits", metavar="[digits|cats|planar|moons|circles|spirals]")
@click.option("--data", type=PATH, help="With cats: folder of the two HDF5 files.")
@click.option("--out", type=PATH, help="Run folder. Default: a new one in runs/.")
@click.option("--seed", type=SEED, default=1, show_default=True, help="Seed of the initial weights.")
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
    if name != "cats" and data is not None:
        raise ConfigurationError("--data", "it belongs to demo cats", f"the data of {name} are built in")
    if name == "cats" and data is None:
        raise ConfigurationError(
            "deepstep demo cats",
            "--data names the folder with train_catvnoncat.h5 and test_catvnoncat.h5",
            "got no --data",
            "Type deepstep demo cats --data FOLDER.",
        )
    models, loaded = DEMOS[name], _loaded(name, seed, data)
    endings = [*models, FIGURE] if name == "cats" else [""]
    base = out or free_name(name, endings)
    for path in (Path(f"{base}{ending}") for ending in endings):  # before the first network is trained
        if kind_at(path) != "nothing":
            raise FileError(str(path), "a new name is expected", "it exists already", "Choose another --out.")
    trained: dict[Path, Trained] = {}
    for ending, settings in models.items():
        folder, label = Path(f"{base}{ending}"), f"{name}, {ending[1:]}" if ending else name
        asked = {**settings, "seed": seed, **({} if iterations is None else {"iterations": iterations})}
        trained[folder] = _train(name, loaded, TrainOptions(**asked), folder, label)
        if trained[folder].interrupted:
            break
    show = {"digits": _show_digits, "cats": _show_cats}.get(name, _show_points)
    record = show(loaded, trained, base, json_wanted)
    if json_wanted:
        click.echo(as_json({"demo": name, **record}))
    else:
        print_next(console(), folder, NEXT.get(name, NEXT["points"]))
    return INTERRUPTED if trained[folder].interrupted else GOOD


def _train(name: str, loaded: Loaded, options: TrainOptions, folder: Path, label: str) -> Trained:
    """Train a network and save its run; after Ctrl-C what was reached."""
    raw, labels = loaded.rows["train"]
    X, Y = loaded.preparation.inputs.transform(raw), loaded.target.encode(labels)
    network = new_network(options, X.shape[1], loaded.target)
    config = {**loaded.about, DEMO: name, "settings": options.kept("settings")}
    with folder_for(folder), atomic_directory(folder) as whole, spelled(flag_of):
        try:
            network.train(X.T, Y.T, progress=label, **train_arguments(options, validated=False))
        except KeyboardInterrupt:
            if not network.history:
                raise
            note("Interrupted: what was reached is being saved; Ctrl-C once more ends at once.")
        history = History() if network.history is None else network.history
        run, parts, outputs = Run.of_network(network, loaded.preparation, history, config, X, Y), {}, {}
        for part, (raw, _) in loaded.rows.items():
            outputs[part] = run.outputs(raw)
            parts[part] = score(loaded.target, loaded.answers(part), outputs[part])
        run.config["results"] = {part: found.to_dict() for part, found in parts.items()}
        run.held_out = HeldOut.of(run, *loaded.rows["test"], part="test", source=loaded.of_test)
        run.write(whole)
    return Trained(run, parts, outputs["test"])


def _loaded(name: str, seed: int, folder: Path | None) -> Loaded:
    """The rows of a data set with the names of their classes; those of the cats are in a folder."""
    data: Any = load(name, seed=seed) if folder is None else read_cats(folder)
    rows, classes, of_test = (data.X_train, data.X_test), data.classes, f"the built-in set {name}"
    inputs: TablePreparation | ImagePreparation
    if folder is not None:
        height, width, channels = data.X_train.shape[1:]
        inputs, about, of_test = (
            ImagePreparation(height, width, channels, 1 / 255),
            printable(folder),
            TEST_FILE,
        )
    elif name == "digits":
        inputs, about = ImagePreparation(8, 8, 1, data.scale), "scikit-learn's bundled digits"
    else:
        from deepstep.environment import polars

        train, test = (polars.DataFrame(X, schema=list(data.feature_names)) for X in rows)
        rows, inputs, classes = (train, test), TablePreparation.fit(train), tuple(sorted(classes))
        about = f"deepstep.data.load({name!r}, seed={seed})"
    names = np.array(data.classes)
    task, target = "binary" if len(names) == 2 else "multiclass", "digit" if name == "digits" else "class"
    parts = {"train": (rows[0], names[data.y_train]), "test": (rows[1], names[data.y_test])}
    preparation = Preparation(inputs, ClassificationTarget((classes,)))
    return Loaded(preparation, parts, {"task": task, "target": target, "source": about}, of_test)


def _show_digits(
    loaded: Loaded, models: Mapping[Path, Trained], base: Path, json_wanted: bool
) -> dict[str, Any]:
    """The scores, the confusion matrix and the most confident mistakes."""
    (trained,) = models.values()
    answers, probabilities, classes = loaded.answers("test"), trained.test_outputs, loaded.target.classes[0]
    given, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(given != answers)
    wrong = wrong[np.argsort(-sure[wrong], kind="stable")]
    counts = confusion(answers, given, len(classes))
    if json_wanted:
        mistakes = [
            {"row": row, "true": answers[row], "predicted": given[row], "probability": sure[row]}
            for row in wrong
        ]
        return {"run": base, **trained.to_dict(), "confusion": counts, "mistakes": mistakes}
    screen = console()
    m = len(loaded.rows["train"][1])
    trained.print_result(screen, f"{m:,} training images, {len(answers)} test images", height=11)
    rows = [
        (name, *(str(count) if count else "·" for count in row), percent(row[at] / max(row.sum(), 1)))
        for at, (name, row) in enumerate(zip(classes, counts, strict=True))
    ]
    print_table(screen, ("true ↓ predicted →", *classes, "recall"), rows, title="Test images by class")
    if not len(wrong):
        screen.print("No mistakes on the test images.\n")
        return {}
    shown, pixels = wrong[:SHOWN_MISTAKES], loaded.preparation.inputs.transform(loaded.rows["test"][0])
    captions = [(f"true {answers[row]}", f"given {given[row]} ({sure[row]:.3f})") for row in shown]
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
    screen, classes = console(), loaded.target.classes[0]
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

    from deepstep.environment import polars

    points, answers = loaded.rows["train"][0], loaded.answers("train")
    X = points.to_numpy()
    margin = 0.05 * (X.max(axis=0) - X.min(axis=0))
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    x, y = (np.linspace(low[axis], high[axis], size) for axis, size in ((0, MAP_WIDTH), (1, MAP_HEIGHT)))
    grid = np.column_stack([part.ravel() for part in np.meshgrid(x, y[::-1])])
    outputs = trained.run.outputs(polars.DataFrame(grid, schema=points.columns))
    regions = loaded.target.decide(outputs).reshape(MAP_HEIGHT, MAP_WIDTH)
    text = Text(decision_map(regions, X, answers, low, high, marks=MARKS, fills=FILLS))
    for mark, fill, name, other in zip(MARKS, FILLS, loaded.target.classes[0], COLOURS, strict=False):
        colour = name if name in COLOURS else other
        text.highlight_words([fill], style=f"dim {colour}")
        text.highlight_words([mark], style=f"bold {colour}")
    return text


def _show_cats(
    loaded: Loaded, models: Mapping[Path, Trained], base: Path, json_wanted: bool
) -> dict[str, Any]:
    """Costs and scores of the networks side by side, and a figure of the mislabeled images of the deeper."""
    target = loaded.target
    mistakes = [
        MistakesDisplay.from_predictions(
            *loaded.rows["test"],
            target.decode(trained.test_outputs),
            target.probabilities(trained.test_outputs).max(axis=1),
        )
        for trained in models.values()
    ]
    whole = len(models) == len(DEMOS["cats"])
    figure = _draw(mistakes[-1], Path(f"{base}{FIGURE}")) if whole else None
    if json_wanted:
        record = {
            folder.name.removeprefix(f"{base.name}-"): {
                "run": folder,
                **trained.to_dict(),
                "wrong_test_images": wrong.rows,
            }
            for (folder, trained), wrong in zip(models.items(), mistakes, strict=True)
        }
        return {"models": record, "figure": figure}
    screen = console()
    sizes = ["-".join(map(str, one.run.network.architecture.layer_dims)) for one in models.values()]
    costs = [trained.run.history.costs for trained in models.values()]
    longest = max(map(len, costs))
    shown = sorted({*range(0, longest, EVERY), longest - 1})
    rows = [(str(at), *(f"{cost[at]:.6f}" if at < len(cost) else "" for cost in costs)) for at in shown]
    print_table(screen, ("iteration", *sizes), rows, title="Cost J before the update")
    parts = [(part, [one.parts[part].values for one in models.values()]) for part in ("train", "test")]
    accuracies = [
        (
            f"{part} accuracy",
            *(percent(scores["accuracy"]) for scores in each),
            percent(each[0]["majority_accuracy"]),
        )
        for part, each in parts
    ]
    print_table(screen, ("", *sizes, "majority class"), accuracies)
    for size, wrong in zip(sizes, mistakes, strict=True):
        numbers = ", ".join(map(str, wrong.rows)) or "none"
        screen.print(f"Wrong test images of {size}: {numbers}", markup=False)
    if figure is not None:
        screen.print(harmless(f"Those of {sizes[-1]} as a figure: {figure}"), soft_wrap=True)
    screen.print()
    return {}


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
