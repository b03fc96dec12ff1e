"""Trainings on pictures: the lecture's cats, the digits, and a folder of photographs for each class."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from warnings import catch_warnings, simplefilter

import click
import numpy as np
from click.core import ParameterSource

from deepstep.cli.open_runs import folder_for
from deepstep.cli.print_results import NetworkResult
from deepstep.cli.resume import free_name
from deepstep.cli.screen import (
    GOOD,
    INTERRUPTED,
    as_json,
    as_warning,
    console,
    harmless,
    note,
    print_curve,
    print_next,
    print_scores,
    printable,
)
from deepstep.data import atomic_directory, holdout
from deepstep.data.builtin import SIZE
from deepstep.data.files import kind_at
from deepstep.data.images import picture_files, read_pictures_by_class
from deepstep.data.rows import check_room
from deepstep.engines import Settings
from deepstep.ensembles.predictor import behind
from deepstep.environment import package
from deepstep.errors import ConfigurationError, FileError, spelled
from deepstep.held_out import HeldOut
from deepstep.inspection.metrics import Scores, score
from deepstep.model import Network
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.run import Run
from deepstep.targets import Targets, label_array
from deepstep.training import History, Progress
from deepstep.training.fit import INTERRUPTED as CUT
from deepstep.training.rate_finder import AUTO
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from rich.console import Console

NEXT = (
    ("predict RUN PICTURE", "a picture of yours"),
    ("evaluate RUN FOLDER", "pictures of other days, one folder per class"),
    ("summary RUN", "layers, settings, results"),
)

OF_PICTURES = (
    *(
        "file",
        "json_wanted",
        "test_fraction",
        "model",
        "epochs",
        "hidden_layers",
        "learning_rate",
        "batch_size",
    ),
    *("dropout", "time_budget", "seed", "engine", "settings", "config", "out", "overwrite"),
)
"""Flags of ``deepstep train`` that pictures take."""


class Loaded(NamedTuple):
    """A data set: its preprocessing, its target, raw rows and labels of the parts "train" and "test", entries
    of a run's config, and the name of the test rows in a report.
    """

    inputs: TablePreparation | ImagePreparation
    targets: Targets
    rows: Mapping[str, tuple[Any, AnyArray]]
    about: dict[str, Any]
    test_source: str

    def answers(self, part: str) -> AnyArray:
        """The positions of the classes of rows in the target."""
        return self.targets.values(self.rows[part][1])


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
        return self.run.ensemble.history.stopped == CUT

    @property
    def name(self) -> str:
        """The sizes of the layers, such as 12288-7-1."""
        return "-".join(map(str, self.run.ensemble.network.architecture.layer_dims))

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        scores = {name: part.to_dict() for name, part in self.parts.items()}
        return {**asdict(NetworkResult.of(self.run)), **scores}

    def print_result(self, screen: "Console", what: str, *, height: int) -> None:
        """The network, the course of the cost, and the scores."""
        screen.print(f"{what}; {self.run.ensemble.network!r}", markup=False)
        print_curve(screen, self.run.ensemble.history.costs, height=height)
        if self.parts:
            print_scores(screen, self.parts)


def save_and_score(
    loaded: Loaded, train: Callable[[], Run], folder: Path, *, overwrite: bool = False
) -> Trained:
    """Train a network and save its run, then score it; after Ctrl-C what was reached."""
    package("safetensors")  # which saves the run: without it, nothing is trained
    with folder_for(folder), atomic_directory(folder, overwrite=overwrite) as place:
        run = train()
        run.write(place)
    trained = Trained(run, {}, np.empty((0, 0)))
    with as_warning(f"The run is saved in {folder}, but its scores are missing"):
        outputs = {part: run.outputs(raw) for part, (raw, _) in loaded.rows.items()}
        parts = {part: score(loaded.targets, loaded.answers(part), A) for part, A in outputs.items()}
        trained = Trained(run, parts, outputs["test"])
        run.config["results"] = {part: scores.to_dict() for part, scores in parts.items()}
        run.held_out = HeldOut.of(run, *loaded.rows["test"], part="test", source=loaded.test_source)
        run.write_results(folder)
    return trained


def by_network(
    loaded: Loaded, hidden: tuple[int, ...], start: Mapping[str, Any], training: Mapping[str, Any], label: str
) -> Run:
    """The run of a `Network` with these arguments, and with those of `Network.train`."""
    raw, labels = loaded.rows["train"]
    X, Y = loaded.inputs.transform(raw), loaded.targets.encode(labels)
    network = Network([X.shape[1], *hidden, Y.shape[1]], output=loaded.targets.head, **start)
    try:
        network.train(X.T, Y.T, progress=label, **training)
    except KeyboardInterrupt:
        if not network.history:
            raise
        note("Interrupted: what was reached is being saved; Ctrl-C once more ends at once.")
    history = History() if network.history is None else network.history
    config = {**loaded.about, "settings": {"hidden_layers": hidden, **start, **training}}
    steps = Settings.of(optimizer=training.get("optimizer", "gd"), seed=network.seed)
    rate = training["learning_rate"]
    return Run.of_network(
        network, loaded.inputs, loaded.targets, history, config, X, Y, settings=steps, learning_rate=rate
    )


def _by_estimator(loaded: Loaded, parameters: Mapping[str, Any], label: str) -> Run:
    """The run of the estimator of one network."""
    from deepstep.cli.models import fitted_network, new_network
    from deepstep.cli.task import Task

    raw, labels = loaded.rows["train"]
    task = Task(loaded.about["task"], "", loaded.targets)
    network = new_network(task, parameters, len(labels))
    network.set_params(callbacks=[Progress(harmless(label) or "train")])
    with catch_warnings():
        simplefilter("ignore")
        network.fit(loaded.inputs.transform(raw), labels)
    if network.interrupted_:
        note("Interrupted: what was reached is being saved; Ctrl-C once more ends at once.")
    fitted = fitted_network(network, network)
    predictor = behind(loaded.inputs, network.predictor_, network.predictor_.columns)
    config = {**loaded.about, "model": "network", "settings": fitted.settings}
    return Run.of(predictor, config, rows=raw, labels=labels)


def load_folder(folder: Path, *, test_fraction: float, seed: int) -> Loaded:
    """The pictures of a folder that has one folder per class, resized, with a part held out."""
    n = len(picture_files(folder))
    check_room(8 * n * SIZE * SIZE * 3, f"{folder}: {n:,} pictures of {SIZE}×{SIZE} pixels")
    pixels, labels = read_pictures_by_class(folder, height=SIZE, width=SIZE, channels=3, tell=note)
    with spelled(lambda name: "--test-fraction"):
        learned, held = holdout(labels, fraction=test_fraction, seed=seed, stratify=True)
    rows = {"train": learned, "test": held}
    classes = tuple(sorted(set(labels.tolist())))
    inputs = ImagePreparation(SIZE, SIZE, 3, 1 / 255)
    about = {"task": "binary" if len(classes) == 2 else "multiclass", "target": "class"}
    return Loaded(
        inputs,
        Targets.of_classes([label_array(classes)]),
        {part: (pixels[which], labels[which]) for part, which in rows.items()},
        {**about, "source": printable(folder)},
        printable(folder),
    )


def holds_pictures(path: Path) -> bool:
    """Whether there are pictures, and no parts of a table, in this folder or in its folders."""
    return kind_at(path) == "folder" and bool(picture_files(path)) and not any(path.rglob("*.parquet"))


def train_on_folder(
    context: click.Context, folder: Path, out: Path | None, options: Mapping[str, Any], *, json_wanted: bool
) -> int:
    """``deepstep train FOLDER`` for a folder of pictures for each class: one network."""
    from deepstep.cli.parameters import FROM_FILE, NETWORK, flag_of, parameters_of

    for parameter in context.command.params:
        name = str(parameter.name)
        typed = context.get_parameter_source(name)
        is_typed = typed in (ParameterSource.COMMANDLINE, ParameterSource.DEFAULT_MAP)
        needs_table = name not in OF_PICTURES or (name == "model" and options["model"] != NETWORK)
        if is_typed and needs_table:
            value = f"{folder}, a folder of pictures"
            hint = "Leave it out: one network learns the pictures."
            raise ConfigurationError.must_be(parameter.opts[-1], "used with a table", value, hint)
    parameters = parameters_of(NETWORK, options, options["settings"], options[FROM_FILE])
    parameters.setdefault("random_state", 1)
    if parameters.get("learning_rate_init") == AUTO:
        raise ConfigurationError.must_be("--learning-rate", "a number for pictures", AUTO)
    run = out or free_name(folder.resolve().name)
    if kind_at(run) != "nothing" and not options["overwrite"]:
        raise FileError(f"{run} exists already", "Choose another --out, or --overwrite.")
    seed = parameters["random_state"]
    loaded = load_folder(folder, test_fraction=options["test_fraction"], seed=seed)
    train = partial(_by_estimator, loaded, parameters, folder.name)
    with spelled(partial(flag_of, NETWORK)):
        trained = save_and_score(loaded, train, run, overwrite=options["overwrite"])
    if json_wanted:
        click.echo(as_json({"run": run, **trained.to_dict()}))
    else:
        m, m_test = (len(labels) for _, labels in loaded.rows.values())
        trained.print_result(console(), f"{m} training pictures, {m_test} test pictures", height=9)
        print_next(console(), run, NEXT)
    return INTERRUPTED if trained.interrupted else GOOD
