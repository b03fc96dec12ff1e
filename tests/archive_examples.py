"""Archives to damage: an example of each class that an archive holds, damage, and checksums that fit."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars

from damage import as_text, damaged, forge, with_other_header, with_other_numbers
from deepstep import History, Network
from deepstep.data.own_folders import MODEL_MARK, ROWS, RUN_MARK
from deepstep.engines import SessionState, Settings
from deepstep.ensembles.calibrate import WidthModel
from deepstep.ensembles.calibration import Calibration
from deepstep.ensembles.ensemble import Ensemble, Member, TriedPreset
from deepstep.ensembles.member_fit import Snapshot, Trained
from deepstep.ensembles.predictor import Columns, Predictor, TrainingFingerprint
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.ensembles.presets import Preset
from deepstep.estimators.attributes import Progress
from deepstep.held_out import HeldOut
from deepstep.network import Architecture
from deepstep.preparation import ImagePreparation, TablePreparation
from deepstep.preparation.categories import CategoryColumn, TextColumn, TwoValuesColumn
from deepstep.preparation.columns import ConstantColumn, EmptyColumn, IdentifierColumn
from deepstep.preparation.dates import DateColumn
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.numbers import BooleanColumn, NumberColumn
from deepstep.run import Examples
from deepstep.targets import Targets, label_array
from deepstep.training.rate_finder import RateSearch

COLUMNS = (
    NumberColumn("size", 1.5, 2.0, True, "1,234.5", ("n/a",), 3),
    DateColumn("day", 18_000.0, 30.0, False, ("month", "weekday")),
    BooleanColumn("member", 0.25, True),
    TwoValuesColumn("side", ("left", "right"), 0.5, False),
    CategoryColumn("colour", ("blau", "grün"), 4, True, has_other=True, caution="a word"),
    TextColumn("words", (), 60, False, words=("and", "or")),
    ConstantColumn("always", "7", True, from_texts=False),
    IdentifierColumn("id", "it is another text in every row"),
    EmptyColumn("nothing"),
)
LABELS = np.array(["no", "yes"], "U8")
WIDTH = WidthModel(0.1, np.array([0.0, 1.0]), np.array([2.0]), np.arange(5.0), -0.5, (-3.0, 2.0))


def trained_network(classes=2, **options) -> Network:
    """A network with a history and running statistics."""
    network = Network([3, 4, classes], output="softmax", normalization="batch", seed=7, **options)
    X = np.linspace(-1, 1, 24).reshape(3, 8)
    network.train(X, np.eye(classes)[np.arange(8) % classes].T, iterations=3)
    return network


STATE = SessionState(np.arange(4.0), {"v": np.ones(4)}, 3, {"mean1": np.zeros((2, 1))})
SEARCH = RateSearch(np.array([0.1, 1.0]), np.array([0.5, 0.9]), 0.7, 0.01, diverged=False)


def member(classes=2) -> Member:
    """A member of an ensemble."""
    return Member(
        "small", "scaled", 0, trained_network(classes), "reference", Settings(), 0.01, 3, 2, 0.5, 0.75
    )


def ensemble(classes=2) -> Ensemble:
    """An ensemble of one network."""
    preset = Preset("small", "few units", hidden_layers=(4,), numbers={"learning_rate": 0.1})
    preprocessor = Preprocessor(
        None,
        {"scaled": Encoding.fit(np.zeros((9, 3)), pieces=0, scaling="ranks")},
        np.zeros(classes),
        np.ones(classes),
    )
    return Ensemble.of_one(member(classes), preprocessor, "softmax", {"small": preset})


EXAMPLES = {
    "Network": trained_network,
    "Architecture": lambda: Architecture(
        (3, 4, 2), ("relu", "quantile"), "quantile", {"levels": (0.1, 0.9)}, ("layer",), input_scale=True
    ),
    "History": lambda: History(
        [{"epoch": 0, "step": 1, "cost": 0.5, "health": [{"mean": 0.0}]}], engine="compiled", stopped="all"
    ),
    "Settings": lambda: Settings("adam", {"beta2": 0.95}, dropout=[0.1, 0.2], lr_multipliers={"b*": 0.5}),
    "Targets": lambda: Targets.of_classes([LABELS]),
    "Encoding": lambda: Encoding.fit(
        np.random.default_rng(1).standard_normal((50, 3)), pieces=4, scaling="ranks"
    ),
    "TablePreparation": lambda: TablePreparation(COLUMNS),
    "ImagePreparation": lambda: ImagePreparation(2, 3, 1, 1 / 255),
    **{type(column).__name__: lambda column=column: column for column in COLUMNS},
    "Calibration": lambda: Calibration(
        1.2, (np.arange(3.0), np.arange(2.0)), True, (np.arange(3), np.arange(2)), (None, WIDTH)
    ),
    "WidthModel": lambda: WIDTH,
    "TrainingFingerprint": lambda: TrainingFingerprint(b"\0\xff", np.arange(3), 5),
    "Columns": lambda: Columns(("x", "y", "z"), named=True),
    "Predictor": lambda: Predictor(
        Columns(("x", "y", "z")), Targets.of_classes([np.arange(3)]), ensemble(classes=3)
    ),
    "Ensemble": ensemble,
    "Member": member,
    "Snapshot": lambda: Snapshot(3, 0.5, np.arange(4.0), {"mean1": np.zeros((2, 1))}, np.ones((3, 2))),
    "Trained": lambda: Trained(member(), (EXAMPLES["Snapshot"](),), np.ones((3, 2)), 7.0),
    "Preprocessor": lambda: Preprocessor.of_features(TablePreparation(COLUMNS)),
    "Preset": lambda: Preset("small", "few units", hidden_layers=(4,), activation=("relu",), epochs=9),
    "TriedPreset": lambda: TriedPreset("small", "few units", {"epochs": 9}, 5, 9, 0.5, 1.5, 0.25, "selected"),
    "Examples": lambda: Examples((np.ones((2, 3)), np.zeros((2, 4))), np.ones((2, 1))),
    "HeldOut": lambda: HeldOut(
        "test",
        "t.csv",
        9,
        np.array([3, 5]),
        np.ones((2, 1)),
        np.array([0, 1]),
        {"x": ("1", "")},
        {"y": ("no", "yes")},
    ),
    "SessionState": lambda: STATE,
    "RateSearch": lambda: SEARCH,
    "Progress": lambda: Progress(0.5, 3, 90, History(), search=SEARCH, best={"loss": 0.5}, optimizer=STATE),
}
"""A function for each class of the table that makes one."""

TARGETS = {
    "labels": EXAMPLES["Targets"],
    "objects": lambda: Targets.of_classes([label_array(["a", "b", "c\0"])], loss="ordinal"),
    "numbers as labels": lambda: Targets.of_classes([np.array([3, 5, 8])]),
    "truth values": lambda: Targets.of_classes([np.array([False, True])]),
    "several": lambda: Targets.of_classes([LABELS, np.array([0, 1])], names=("x", "y")),
    "of both kinds": lambda: Targets.of_classes([label_array([1, 2.5, "one"])]),
    "quantiles": lambda: Targets.of_numbers(loss="quantile", quantiles=[0.1, 0.9]),
    "several numbers": lambda: Targets.of_numbers(n_columns=3),
    "huber": lambda: Targets.of_numbers(loss="huber", loss_params={"delta": 2}),
}

TABLE = polars.DataFrame(
    {
        "size": ["1,000.5", "n/a", None, "7"],
        "day": ["2019-01-02", None, "2020-02-29", "2021-12-31"],
        "member": [True, False, None, True],
        "side": ["left", "right", "middle", None],
        "colour": ["blau", "grün", "rot", None],
        "words": ["this and that", "or", None, "nor"],
        "always": [7, None, 7, 7],
    }
)


def reseal(folder: Path, change=lambda values: None, as_text=json.dumps, mark=MODEL_MARK) -> None:
    """Change the values of ``model.json``, and make all checksums fit, as somebody who forges it would do.

    ``mark`` is the name of that file, or of that of a run.
    """
    path = folder / mark
    values = json.loads(path.read_text())
    values["files"] = {name: digest((folder / name).read_bytes()) for name in values["files"]}
    del values["sha256"]
    change(values)
    text = as_text(values)
    sealed = f'{text[:-1]}, "sha256": "{digest(text.encode("utf-8", "surrogatepass"))}"}}'
    path.write_bytes(sealed.encode("utf-8", "surrogatepass"))


def put(place: str, to: Any) -> Callable[[Any], None]:
    """The change of a record that puts a value at a place; a function is of the value that was there."""

    def change(values: Any) -> None:
        *steps, last = (int(step) if step.isdigit() else step for step in place.split())
        for step in steps:
            values = values[step]
        values[last] = to(values[last]) if callable(to) else to

    return change


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def altered(folder: Path, name: str, rng: np.random.RandomState) -> bool:
    """Damage or forge a file of a folder; whether all checksums were made to fit."""
    path, mark = folder / name, RUN_MARK if name in (RUN_MARK, ROWS) else MODEL_MARK
    if rng.randint(4) == 0:
        path.write_bytes(damaged(path.read_bytes(), rng))
        return False
    try:
        if path.suffix == ".safetensors":
            way = with_other_numbers if rng.randint(2) else with_other_header
            path.write_bytes(way(path.read_bytes(), rng))
        elif path.suffix == ".jsonl":
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            forge(lines, rng)
            text = "".join(as_text(line, rng) + "\n" for line in lines)
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
        is_mark = name == mark
        reseal(
            folder, lambda values: is_mark and forge(values, rng), lambda values: as_text(values, rng), mark
        )
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError, RecursionError):
        return False
    return True
