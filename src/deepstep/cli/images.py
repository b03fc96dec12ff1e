"""Trainings on pictures: the lecture's cats, the digits, and a folder of photographs for each class."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import numpy as np

from deepstep.cli.messages import of_one_network
from deepstep.cli.options import SINGLE, TYPED, TrainOptions, flag_of
from deepstep.cli.runs import folder_for
from deepstep.cli.screen import (
    GOOD,
    INTERRUPTED,
    as_json,
    as_warning,
    console,
    note,
    print_curve,
    print_next,
    print_scores,
    printable,
)
from deepstep.cli.settings import check_target, checked, is_given, new_network, train_arguments
from deepstep.cli.unfinished import INTERRUPTED_BY_USER, free_name
from deepstep.data import atomic_directory, holdout
from deepstep.data.drawn_cats import SIZE
from deepstep.data.files import kind_at
from deepstep.data.images import picture_files, read_pictures_by_class
from deepstep.data.rows import check_room
from deepstep.environment import package
from deepstep.errors import ConfigurationError, FileError, spelled
from deepstep.held_out import HeldOut
from deepstep.inspection.metrics import Scores, score
from deepstep.model.options import LBFGS
from deepstep.preparation import ImagePreparation
from deepstep.run import Run
from deepstep.targets import Targets, label_array
from deepstep.training import History
from deepstep.training.rate_finder import AUTO
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from rich.console import Console

NEXT = (
    ("predict RUN PICTURE", "a picture of yours"),
    ("evaluate RUN FOLDER", "pictures of other days, one folder per class"),
    ("summary RUN", "layers, settings, results"),
)

OF_TABLES = {
    *(name for name, typed in TYPED.items() if typed.section == "Data" and name != "test_fraction"),
    *(name for name, typed in TYPED.items() if typed.of in ("ensembles alone", "streamed ensemble")),
    *("preset", "loss", "quantiles", "huber_delta", "patience", "scoring", "refit", "logs"),
}
"""Options of ``deepstep train`` that pictures do not take."""


class Loaded(NamedTuple):
    """A data set: its preprocessing, raw rows and labels of the parts "train" and "test", entries of a run's
    config, and the name of the test rows in a report.
    """

    preparation: Preparation
    rows: Mapping[str, tuple[Any, AnyArray]]
    about: dict[str, Any]
    of_test: str

    @property
    def target(self) -> Targets:
        """The classes."""
        return self.preparation.target

    def answers(self, part: str) -> AnyArray:
        """The positions of the classes of rows in the target."""
        return self.target.values(self.rows[part][1])


class Trained(NamedTuple):
    """A run of one network, its scores on training and test rows, and the outputs for the test rows.

    Both are empty where they could not be computed: the run is saved before.
    """

    run: Run
    parts: Mapping[str, Scores]
    test_outputs: Array

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended training."""
        return self.run.history.stopped == INTERRUPTED_BY_USER

    @property
    def name(self) -> str:
        """The sizes of the layers, such as 12288-7-1."""
        return "-".join(map(str, self.run.network.architecture.layer_dims))

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**of_one_network(self.run), **{name: part.to_dict() for name, part in self.parts.items()}}

    def print_result(self, screen: "Console", what: str, *, height: int) -> None:
        """The network, the course of the cost, and the scores."""
        screen.print(f"{what}; {self.run.network!r}", markup=False)
        print_curve(screen, self.run.history.costs, height=height)
        if self.parts:
            print_scores(screen, self.parts)


def train_one(
    loaded: Loaded, options: TrainOptions, folder: Path, label: str, *, overwrite: bool = False
) -> Trained:
    """Train a network and save its run, then score it; after Ctrl-C what was reached."""
    package("safetensors")  # which saves the run: without it, nothing is trained
    raw, labels = loaded.rows["train"]
    X, Y = loaded.preparation.inputs.transform(raw), loaded.target.encode(labels)
    network = new_network(options, X.shape[1], loaded.target)
    config = {**loaded.about, "settings": options.kept("settings")}
    with folder_for(folder), atomic_directory(folder, overwrite=overwrite) as place, spelled(flag_of):
        try:
            network.train(X.T, Y.T, progress=label, **train_arguments(options, validated=False))
        except KeyboardInterrupt:
            if not network.history:
                raise
            note("Interrupted: what was reached is being saved; Ctrl-C once more ends at once.")
        history = History() if network.history is None else network.history
        run = Run.of_network(network, loaded.preparation, history, config, X, Y)
        run.write(place)
    trained = Trained(run, {}, np.empty((0, 0)))
    with as_warning(f"The run is saved in {folder}, but its scores are missing"):
        outputs = {part: run.outputs(raw) for part, (raw, _) in loaded.rows.items()}
        parts = {part: score(loaded.target, loaded.answers(part), A) for part, A in outputs.items()}
        trained = Trained(run, parts, outputs["test"])
        run.config["results"] = {part: scores.to_dict() for part, scores in parts.items()}
        run.held_out = HeldOut.of(run, *loaded.rows["test"], part="test", source=loaded.of_test)
        run.write_results(folder)
    return trained


def load_folder(folder: Path, *, test_fraction: float, seed: int) -> Loaded:
    """The pictures of a folder that has one folder per class, resized, with a part held out."""
    n = len(picture_files(folder))
    check_room(8 * n * SIZE * SIZE * 3, str(folder), "pictures", f"{n:,} pictures of {SIZE}×{SIZE} pixels")
    pixels, labels = read_pictures_by_class(folder, height=SIZE, width=SIZE, channels=3, tell=note)
    with spelled(lambda name: "--test-fraction"):
        learned, held = holdout(labels, fraction=test_fraction, seed=seed, stratify=True)
    rows = {"train": learned, "test": held}
    classes = tuple(sorted(set(labels.tolist())))
    inputs = ImagePreparation(SIZE, SIZE, 3, 1 / 255)
    about = {"task": "binary" if len(classes) == 2 else "multiclass", "target": "class"}
    return Loaded(
        Preparation(inputs, Targets.of_classes([label_array(classes)])),
        {part: (pixels[which], labels[which]) for part, which in rows.items()},
        {**about, "source": printable(folder)},
        printable(folder),
    )


def holds_pictures(path: Path) -> bool:
    """Whether there are pictures, and no parts of a table, in this folder or in its folders."""
    return kind_at(path) == "folder" and bool(picture_files(path)) and not any(path.rglob("*.parquet"))


def train_on_folder(context: click.Context, folder: Path, out: Path | None, *, json_wanted: bool) -> int:
    """``deepstep train FOLDER`` for a folder of pictures for each class: one network."""
    for name in TYPED:
        if is_given(context, name) and name in OF_TABLES and context.params[name] != SINGLE:
            raise ConfigurationError(
                flag_of(name),
                "used with a table",
                f"got {folder}, a folder of pictures",
                "Leave it out: one network learns the pictures.",
                setting=flag_of(name),
            )
    options = checked(context.params)
    if options.learning_rate == AUTO:
        flag = flag_of("learning_rate")
        raise ConfigurationError(flag, "a number for pictures", f"got {AUTO}", setting=flag)
    run = out or free_name(folder.resolve().name)
    if kind_at(run) != "nothing" and not options.overwrite:
        raise FileError(str(run), "a new name is expected", "it exists already", "Choose another --out.")
    loaded = load_folder(folder, test_fraction=options.test_fraction, seed=options.seed)
    check_target(options, loaded.target)
    if options.batch_size is None and options.optimizer != LBFGS:
        from deepstep.estimators.presets import small_batch_size  # scikit-learn comes with it

        options = replace(options, batch_size=small_batch_size(len(loaded.rows["train"][1])))
    trained = train_one(loaded, options, run, folder.name, overwrite=options.overwrite)
    if json_wanted:
        click.echo(as_json({"run": run, **trained.to_dict()}))
    else:
        m, m_test = (len(labels) for _, labels in loaded.rows.values())
        trained.print_result(console(), f"{m} training pictures, {m_test} test pictures", height=9)
        print_next(console(), run, NEXT)
    return INTERRUPTED if trained.interrupted else GOOD
