"""Checkpoints while training runs: written now and then, the last few kept, the newest whole one found."""

import re
import warnings
from collections.abc import Callable, Sequence
from copy import copy
from pathlib import Path
from time import perf_counter

from deepstep.data.files import remove_leftovers
from deepstep.errors import FileError
from deepstep.training.callbacks import Callback, Training, no_steps_to_go_on_from
from deepstep.training.checkpoint import Checkpoint, packed, read_checkpoint, write_checkpoint
from deepstep.training.plan import require
from deepstep.types import is_number, is_whole

SECONDS = 30.0  # between two checkpoints, unless something else is asked for

NAMED = re.compile(r"checkpoint-[0-9]{12,}\.safetensors")
"""How a file is named by the number of updates after which it was written."""

KEPT = 3  # how many of the newest stay, unless something else is asked for
SHARE = 0.1  # at most so much of the time goes into writing, where checkpoints are written by the clock

COUNTS: dict[str, Callable[[Training], float]] = {
    "every": lambda training: perf_counter(),
    "every_steps": lambda training: training.state().step,
    "every_epochs": lambda training: training.position.epoch,
}
"""Settings of the interval between checkpoints, and its unit."""


class ModelCheckpoint(Callback):
    """Write checkpoints, from which a killed training resumes bit for bit.

    A checkpoint is written between two updates: at the first pause after the time, the updates or the epochs
    asked for, whichever comes first; and at the pause in which Ctrl-C ends training. A training that is
    shorter, or that ends in order, leaves none of its own. After divergence the last good one stays. The path
    of the newest one that was written is ``last``.

    A file appears whole or not at all, and older ones are removed only after the new one is there. Where one
    cannot be written (a full disk), training continues with a warning, and the earlier ones stay.

    When a training resumes, results of the user's own functions (order, schedules, activations, metrics)
    cannot be compared. A training with a time budget does not come back bit for bit, as its schedules run by
    the clock.

    Parameters
    ----------
    folder : Path or str
        For the checkpoints of one training, and used by nothing else at the time; made if need be.
    every : float, optional
        Seconds between two; 30 if nothing else is asked for. More, where writing takes so long that it would
        take more than a tenth of the time.
    every_steps, every_epochs : int, optional
        Updates and epochs between two.
    keep : int, optional
        How many of the newest are kept.

    Raises
    ------
    ConfigurationError
        If a number is out of range; at the beginning of training, for L-BFGS, whose state cannot be kept.
    FileError
        At the beginning of training, if the folder cannot be made or holds another training's checkpoints.

    Examples
    --------
    >>> import tempfile
    >>> from deepstep import Network
    >>> folder = Path(tempfile.mkdtemp())
    >>> training = ModelCheckpoint(folder, every_epochs=2)
    >>> history = Network([1, 1], seed=1).train([[0.0, 1.0]], [[0, 1]], iterations=5, callbacks=[training])
    >>> [path.name for path in sorted(folder.iterdir())]
    ['checkpoint-000000000002.safetensors', 'checkpoint-000000000004.safetensors']
    >>> latest_checkpoint(folder).position.epoch
    4
    """

    adds_to_records = ()

    def __init__(
        self,
        folder: Path | str,
        *,
        every: float | None = None,
        every_steps: int | None = None,
        every_epochs: int | None = None,
        keep: int = KEPT,
    ) -> None:
        accepted = every is None or (is_number(every) and every >= 0)
        require(accepted, "every", "a number of seconds", every)
        counts = {"every_steps": every_steps, "every_epochs": every_epochs}
        for name, count in {**counts, "keep": keep}.items():
            accepted = is_whole(count, 1) or (count is None and name != "keep")
            require(accepted, name, "a whole number of at least 1", count)
        intervals = {"every": every, **counts}
        self._intervals = {name: value for name, value in intervals.items() if value is not None}
        self._intervals = self._intervals or {"every": SECONDS}
        self._keep = keep
        self.looks_at_the_network = set(self._intervals) != {"every"}
        self.folder = Path(folder)
        self.last: Path | None = None

    def within(self, name: str) -> "ModelCheckpoint":
        """A callback with these settings for another training, in a folder of this name within this one's.

        Parameters
        ----------
        name : str
            The name of the folder.

        Returns
        -------
        ModelCheckpoint
        """
        other = copy(self)
        other.folder, other.last = self.folder / name, None
        return other

    def on_train_begin(self, training: Training) -> None:
        """See that checkpoints can be written, and remove what an earlier process left half-written.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        if training.plan is None:
            raise no_steps_to_go_on_from()
        for name, state in training.states_of_callbacks():
            packed(state, f"{name}.state()", {})  # what cannot be stored is found now, not in the midst
        ready_folder(self.folder)
        if training.state().step == 0:
            refuse_earlier(self.folder, checkpoint_files(self.folder))
        self._warned = False
        self.last = None
        self._apart = dict(self._intervals)  # where writing is slow, the seconds become more
        self._mark(training)

    def on_pause(self, training: Training) -> None:
        """Write, if it is time or Ctrl-C was pressed.

        Parameters
        ----------
        training : Training
            The training, to look at.
        """
        since = ((apart, COUNTS[name](training) - self._at[name]) for name, apart in self._apart.items())
        if training.interrupted or any(count >= apart for apart, count in since):
            started = perf_counter()
            self._write(training)
            self._mark(training)
            if "every" in self._intervals:
                least = (perf_counter() - started) * (1 - SHARE) / SHARE
                self._apart["every"] = max(self._intervals["every"], least)

    def _mark(self, training: Training) -> None:
        self._at = {name: COUNTS[name](training) for name in self._intervals}

    def _write(self, training: Training) -> None:
        """Write one and remove old ones; those beyond it are of a training left for an earlier checkpoint."""
        checkpoint = Checkpoint.of(training)
        path = self.folder / f"checkpoint-{checkpoint.state.step:012}.safetensors"
        try:
            write_checkpoint(path, checkpoint)
            self.last = path
            files = checkpoint_files(self.folder)
            before = [file for file in files if file.name < path.name]
            beyond = [file for file in files if file.name > path.name]
            for file in (*before[: max(0, len(before) + 1 - self._keep)], *beyond):
                file.unlink(missing_ok=True)
        except OSError as error:
            if not self._warned:
                self._warned = True
                warnings.warn(f"Training continues without a new checkpoint: {error}", stacklevel=2)


def ready_folder(folder: Path) -> None:
    """Make a folder for checkpoints, without what a killed process left half-written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"{folder} cannot hold checkpoints: {reason}", "Choose another folder.") from error


def refuse_earlier(folder: Path, files: Sequence[Path], hint: str = "") -> None:
    """Refuse a folder for a training from the start where an earlier one left files."""
    if files:
        problem = f"{folder} holds checkpoints of an earlier training, and this one is from the start"
        raise FileError(problem, hint or "Go on from them (resume=True), or choose another folder.")


def checkpoint_files(folder: Path | str) -> list[Path]:
    """The checkpoints of a folder by their names, the oldest first; files of other programs are none."""
    paths = Path(folder).glob("checkpoint-*.safetensors")
    return sorted(path for path in paths if NAMED.fullmatch(path.name))


def latest_checkpoint(folder: Path | str) -> Checkpoint | None:
    """The newest whole checkpoint of a folder.

    Warns of each damaged one that it passes over.

    Parameters
    ----------
    folder : Path or str
        Where `ModelCheckpoint` wrote.

    Returns
    -------
    Checkpoint or None
        None where there is none at all.

    Raises
    ------
    FileError
        If there are some and all are damaged: the caller decides whether to start over.

    Examples
    --------
    >>> latest_checkpoint("no/such/folder")
    """
    damaged: list[FileError] = []
    for path in reversed(checkpoint_files(folder)):
        try:
            checkpoint = read_checkpoint(path)
        except FileError as error:
            damaged.append(error)
            continue
        for passed in damaged:
            warnings.warn(f"{passed} The checkpoint before it is taken.", stacklevel=2)
        return checkpoint
    if not damaged:
        return None
    oldest, after = damaged[-1], len(damaged) - 1
    others = f", and the {after} after it cannot be read either" if after else ""
    hint = f"Restore {'one of them' if after else 'it'}, or start over."
    raise FileError(f"{oldest.problem}{others}", hint) from oldest
