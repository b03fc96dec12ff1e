"""The finished members of an ensemble as files, from which a killed fit is resumed.

A member of the same data, preset, seed and parameters is read from its file; its network is built again.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.text_formats import json_values
from deepstep.errors import ConfigurationError, FileError, spelled, warn_the_caller
from deepstep.estimators.ensemble import Member
from deepstep.estimators.inputs import FitContext
from deepstep.estimators.members import Prepared, Snapshot, Task, Trained
from deepstep.estimators.options import parameter_of
from deepstep.estimators.presets import hyperparameters
from deepstep.estimators.saved import DAMAGES, Values
from deepstep.estimators.training import FitResult, NetworkFit
from deepstep.training.checkpoint import checksum, differences, digest, plain
from deepstep.training.checkpoints import checkpoint_files, member_files, ready_folder, refuse_earlier
from deepstep.types import AnyArray

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

FORMAT, VERSION = "deepstep-member", 1

CONTENT = "content"
"""The array that holds the JSON text of a member; the names of the others are numbers."""

OF_A_MEMBER = ("engine", "epochs", "validation_cost", "best_epoch", "settings")
"""Fields of `Member` that are stored as they are."""

LONG = 1.0
"""Seconds of training from which on a member is written at once."""

SECONDS = 5.0
"""Between two times at which the members that are finished by then are written; a shorter fit leaves none."""

FREE = (
    "verbose", "n_jobs", "random_state", "checkpoint_dir", "checkpoint_every", "keep_checkpoints", "resume",
)  # fmt: skip
"""Parameters that no member depends on; the seed is compared itself."""


def kept_seed(estimator: Any) -> int | None:
    """The seed of a killed ensemble's fit; None where none is resumed, or no member can be read."""
    files = member_files(estimator.checkpoint_dir) if estimator.resume and estimator.checkpoint_dir else []
    for path in files:
        try:
            return int(read_member(path)["seed"])
        except FileError:  # `MemberFiles.read` warns of it
            continue
    return None


def open_members(
    estimator: "DeepEstimator", context: FitContext, *, only: bool = False
) -> "MemberFiles | None":
    """The folder of a fit, checked; None without. The ``only`` network has checkpoints there, too."""
    where, given = context.where, estimator.checkpoint_dir
    if given is None:
        if estimator.resume:
            raise ConfigurationError(where, "checkpoint_dir, where resume=True", "got None")
        return None
    if estimator.time_budget is not None:
        expected = f"None, where checkpoint_dir is given and preset={estimator.preset!r}"
        hint = "The clock decides how long each member is trained, so that no fit can go on to the same bits."
        got = f"got {estimator.time_budget}"
        raise ConfigurationError(where, expected, got, hint, setting="time_budget")
    folder = Path(given)
    ready_folder(folder)
    if not (only and estimator.resume):
        refuse_earlier(
            folder, checkpoint_files(folder), hint="They are of one network. Choose another folder."
        )
    if not estimator.resume:
        refuse_earlier(folder, member_files(folder))
    return MemberFiles(folder, estimator, context)


class MemberFiles:
    """Reads and writes the members of one fit."""

    def __init__(self, folder: Path, estimator: "DeepEstimator", context: FitContext) -> None:
        self._folder, self._estimator, self._context = folder, estimator, context
        given = {name: one for name, one in estimator.get_params(deep=False).items() if name not in FREE}
        self._parameters = _as_json({"random_state": context.seed, **given})
        self._digests: dict[tuple[int, str], dict[str, Any]] = {}
        self._there: set[Path] = set()
        self._waiting: list[tuple[Path, dict[str, Any], tuple[int, ...], Trained]] = []
        self._begun = self._written = monotonic()
        self._warned = False

    def read(self, number: int, task: Task, prepared: Prepared) -> Trained | None:
        """The member of a task; None where it is not there, damaged, or was trained in another window."""
        path = self._path(number, task)
        if not path.exists():
            return None
        try:
            kept = read_member(path)
            if kept.get("window") != [*task.window]:
                return None
            self._check(path, kept, task, prepared)
            with fitting_parts(path):
                found = self._restored(kept, task, prepared)
        except FileError as error:
            warn_the_caller(f"{error} The member is trained again.")
            return None
        self._there.add(path)
        return found

    def keep(self, number: int, task: Task, prepared: Prepared, trained: Trained) -> None:
        """Write a finished member, unless it was read: now, or a short one with the next ones."""
        path = self._path(number, task)
        if path not in self._there:
            self._waiting.append((path, self._identity(task, prepared), task.window, trained))
        if (trained.member.seconds or 0.0) >= LONG or monotonic() - self._written >= SECONDS:
            self.flush()

    def end(self) -> None:
        """Write the last ones of a fit that is not short."""
        if monotonic() - self._begun >= SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the members that wait; where that fails, training continues with a warning."""
        waiting, self._waiting = self._waiting, []
        try:
            for path, identity, window, trained in waiting:
                known = {"parameters": self._parameters, "member": identity, "seed": self._context.seed}
                write_member(path, {**known, "window": list(window)}, trained)
        except FileError as error:
            if not self._warned:
                self._warned = True
                warn_the_caller(f"Training continues without the files of some members: {error}")
        self._written = monotonic()

    def _path(self, number: int, task: Task) -> Path:
        return self._folder / f"member-{number:03}-{task.fold}.safetensors"

    def _identity(self, task: Task, prepared: Prepared) -> dict[str, Any]:
        """The data, the preset and the seed of a member, as JSON values by name."""
        of_fold, inputs = (task.fold, task.preset.inputs), task.preset.inputs
        if of_fold not in self._digests:
            units = [one.tolist() for one in (prepared.preprocessor.center, prepared.preprocessor.scale)]
            learned, held_out = prepared.learned[inputs], prepared.validation(task.preset)
            text = f"{digest(learned)} {units}"  # type: ignore[arg-type]  # an ensemble's rows are in memory
            self._digests[of_fold] = {
                "training data": hashlib.sha256(text.encode()).hexdigest(),
                "validation data": None if held_out is None else digest(held_out),
            }
        own = {"preset of the member": plain(task.preset), "seed of the member": task.seed}
        return _as_json({**self._digests[of_fold], **own})

    def _check(self, path: Path, kept: Mapping[str, Any], task: Task, prepared: Prepared) -> None:
        with fitting_parts(path):
            other = differences(kept["parameters"], self._parameters)
            other = other or differences(kept["member"], self._identity(task, prepared))
        if other:
            expected = "a folder with members of this fit, of the same data and parameters"
            got = f"got {str(self._folder)!r} with others:"
            hint, named = "Give what they were trained with, or choose another folder.", "checkpoint_dir"
            raise ConfigurationError(self._context.where, expected, got, hint, setting=named, listed=other)

    def _restored(self, kept: Mapping[str, Any], task: Task, prepared: Prepared) -> Trained:
        """The member as it was, in a network that is built again."""
        learned, result = prepared.learned[task.preset.inputs], kept["fit"]
        params = hyperparameters(self._estimator, task.preset, len(learned))
        fit = NetworkFit(self._estimator, params, prepared.preprocessor, self._context)
        with spelled(parameter_of):
            network = fit.new_network(learned.sample, task.seed % 2**31)
        like = network.parameters.like
        network.parameters, network.statistics = like(kept["theta"]), kept["statistics"]
        network.history = result.history
        course = {name: kept[name] for name in OF_A_MEMBER}
        member = Member(task.preset, task.fold, network, fit=result, **course)
        snapshots = (
            Snapshot(epochs, like(flat), statistics, A) for epochs, flat, statistics, A in kept["snapshots"]
        )
        return Trained(member, tuple(snapshots), kept["outputs"], kept["last"])


def _as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they come back from a file."""
    return dict(json.loads(json.dumps(plain(values), default=str)))


def write_member(path: Path, known: Mapping[str, Any], trained: Trained) -> None:
    """Write a member with what is known of its fit; the file appears whole or not at all."""
    values, member = Values({}), trained.member
    snapshots = [
        [one.epochs, one.parameters.flat, dict(one.statistics), one.outputs] for one in trained.snapshots
    ]
    record = {
        **known,
        "theta": member.network.parameters.flat,
        "statistics": dict(member.network.statistics),
        "fit": member.fit,
        "snapshots": snapshots,
        "outputs": trained.outputs,
        "last": trained.last,
        **{name: getattr(member, name) for name in OF_A_MEMBER},
    }
    text = json.dumps(values.packed(record)).encode()
    arrays: dict[str, AnyArray] = {**values.arrays, CONTENT: np.frombuffer(text, np.uint8)}
    header = {"format": FORMAT, "version": str(VERSION), "sha256": checksum("", arrays)}
    write_arrays(path, arrays, header)


def read_member(path: Path) -> dict[str, Any]:
    """The contents of a file; a FileError where it is damaged or something else."""
    header, arrays = read_arrays(path, "a member of an ensemble", hint="")
    if (header.get("format"), header.get("version")) != (FORMAT, str(VERSION)):
        raise FileError(str(path), f"a member, format version {VERSION}", "its header says something else")
    if header.get("sha256") != checksum("", arrays):
        expected = "the contents that were written, by their checksum"
        raise FileError(str(path), expected, "the file was altered or damaged")
    with fitting_parts(path):
        kept = dict(Values(arrays).unpacked(json_values(arrays[CONTENT].tobytes(), finite=False)))
        if not (isinstance(kept["fit"], FitResult) and isinstance(kept["seed"], int)):
            raise TypeError("its training is missing")
        return kept


@contextmanager
def fitting_parts(path: Path) -> Iterator[None]:
    """Let what does not fit together be an error of the file."""
    try:
        yield
    except DAMAGES as error:
        raise FileError(str(path), "a whole member", f"its parts do not fit: {error!s:.200}") from None
