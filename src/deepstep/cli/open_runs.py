"""Runs as commands open them, with their networks, and examples for them."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os.path import exists
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click
import numpy as np
from numpy.typing import NDArray

from deepstep.cli.option_types import word_of_reading
from deepstep.cli.screen import note, printable, program
from deepstep.cli.task import columns_in, without_target
from deepstep.data import read_cats, read_cells, read_image
from deepstep.data.arrays import NUMPY
from deepstep.data.files import check_writable, kind_at
from deepstep.data.images import picture_files, read_pictures_by_class, read_readable
from deepstep.data.rows import Place, naming_rows
from deepstep.data.sources import local, shown
from deepstep.data.tables import ReadOptions, is_table, pieces_in, silent, table_in
from deepstep.engines import Settings
from deepstep.ensembles.ensemble import Member
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError, DivergenceError, FileError, spelled, unknown_name
from deepstep.held_out import HeldOut
from deepstep.model import Network
from deepstep.model.options import LBFGS
from deepstep.preparation import ImagePreparation
from deepstep.run import DIVERGED, Run, read_config, text_format
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    from deepstep.cli.parts import Parts


@dataclass(frozen=True)
class OpenedNetwork:
    """One network, as commands open it: the only one of a run, or a member of an ensemble."""

    run: Run
    number: int

    @property
    def member(self) -> Member:
        """The member of the ensemble that it is."""
        return self.run.ensemble.members[self.number]

    @property
    def network(self) -> Network:
        """The network itself."""
        return self.member.network

    @property
    def targets(self) -> Targets:
        """The targets that it learned."""
        return self.run.targets

    @property
    def by_lbfgs(self) -> bool:
        """Whether L-BFGS trained it, which has no steps."""
        return bool(self.run.config.get("settings", {}).get("solver") == LBFGS)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of its steps, as `Network.trace` takes them."""
        steps = self.member.settings
        default = vars(Settings())
        changed = {name: value for name, value in vars(steps).items() if value != default[name]}
        return {"optimizer": LBFGS if self.by_lbfgs else steps.optimizer, **changed}

    def encode(self, labels: Any) -> Array:
        """Y (k, n_outputs) of raw targets, as the network learned them."""
        return self.run.ensemble.preprocessors[self.member.fold].scaled(self.targets.encode(labels))


def open_network(folder: Path, member: int | None) -> OpenedNetwork:
    """The network in a run folder; of several the member of this number, from 0."""
    run = Run.load(folder)
    last = len(run.ensemble.members) - 1
    if member is None and not last:
        member = 0
    if member is None or not 0 <= member <= last:
        requirement = f"the number of a member of the ensemble, from 0 to {last}"
        hint = "Or train one network, with --model network." if last else ""
        value = "none" if member is None else f"{member}"
        raise ConfigurationError.must_be("--member", requirement, value, hint)
    return OpenedNetwork(run, member)


ENDING = ".diverged"
"""Ending of the folder beside a good run, which a training that diverged does not replace."""


def what_happened(error: DivergenceError) -> dict[str, Any]:
    """Entries of the run's config about the divergence."""
    costs = [] if error.history is None else error.history.costs.tolist()
    entries = {
        "problem": error.problem,
        "hint": error.hint,
        "layer": error.layer,
        "step": error.step,
        "costs": costs,
    }
    return {DIVERGED: {name: value for name, value in entries.items() if value is not None}}


def is_diverged(run: Path) -> bool:
    """Whether what stands there is the run of a training that diverged, which the next one may replace."""
    try:
        return DIVERGED in read_config(run)
    except FileError:  # there is no run, or a damaged one, which is not for us to judge
        return False


def keep(run: Run, folder: Path, error: DivergenceError) -> None:
    """Save a run that diverged where it was to be, or beside a good one that stands there.

    Its config has `what_happened`. The error names the folder afterwards.
    """
    place = folder
    if kind_at(folder) != "nothing" and not is_diverged(folder):
        place = folder.with_name(folder.name + ENDING)
    try:
        run.save(place, overwrite=kind_at(place) != "nothing" and is_diverged(place))
    except FileError as trouble:
        error.also(f"What was reached could not be kept: {trouble}")
        return
    error.also(f"What was reached is kept. See {program()} doctor {shlex.quote(place.as_posix())}.")


def note_divergence(run: Run) -> None:
    """Warn of predictions by a run that diverged."""
    if DIVERGED in run.config:
        note("Warning: the training of this run diverged; predictions use the last finite parameters.")


@contextmanager
def folder_for(path: Path, option: str = "--out") -> Iterator[None]:
    """Make the folders of a run or a file; those that were made and stay empty are removed again."""
    missing = [folder for folder in path.parents if kind_at(folder) != "folder"]
    try:
        for folder in reversed(missing):
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                problem = f"{folder} cannot be made as a folder ({error.strerror or error})"
                raise FileError(problem, f"Choose another {option}.") from error
        yield
    finally:
        for folder in missing:
            with suppress(OSError):  # it was never made, or something is in it
                folder.rmdir()


def new_file(path: Path, option: str, *, overwrite: bool, beside: Sequence[Path] = ()) -> None:
    """Make ready for a file before the work for it: its folders as of `folder_for`, while the command runs.

    Refused are files and folders ``beside``, any file without --overwrite, and what cannot be written.
    """
    hint = f"Use another name with {option}"
    kind = kind_at(path)
    if any(_lies_in(path, source) for source in beside):
        raise FileError(f"{path} is read by this command", f"{hint}.")
    if kind in ("folder", "something else"):
        raise FileError(f"{path} is {'a folder' if kind == 'folder' else 'a pipe or a device'}", f"{hint}.")
    if kind == "file" and not overwrite:
        raise FileError(f"{path} exists already", f"{hint}, or --overwrite.")
    click.get_current_context().with_resource(folder_for(path, option))
    check_writable(path)


def _lies_in(path: Path, place: Path) -> bool:
    """Whether a path is a file or is within a folder, by whatever name: some file systems ignore case."""
    target = path.resolve()
    parts = [part for part in (target, *target.parents) if exists(part)]
    return exists(place) and any(part.samefile(place) for part in parts)


class Pictures(NamedTuple):
    """Pictures (m, height, width, channels), and the files that they are from."""

    pixels: AnyArray
    files: Sequence[Path]


class Labelled(NamedTuple):
    """Raw rows (a table or pictures) and the true values for them: (m,), or a table of several targets."""

    raw: "polars.DataFrame | AnyArray"
    answers: Any


def reading(run: Run, read: Mapping[str, Any] = MappingProxyType({})) -> ReadOptions:
    """How a table for a run is read: as the options say, else as the table that it was trained on."""
    return run.reading(text_format(read), note)


def read_raw_pieces(
    run: Run, files: Sequence[Path], how: ReadOptions
) -> "Iterator[polars.DataFrame | Pictures]":
    """The rows of a table, a piece at a time where they are streamed, or pictures where the run was trained
    on pictures and the files are no tables.
    """
    inputs = run.predictor.preparation
    if isinstance(inputs, ImagePreparation) and not any(map(is_table, files)):
        yield read_pictures(inputs, files)
        return
    if len(files) > 1:
        raise ConfigurationError.must_be("FILE", "one table", f"{len(files)} files", "Run it for each.")
    with spelled(word_of_reading):
        for frame in pieces_in(files[0], how=how):
            yield _with_names(run, frame, how)


def _with_names(run: Run, frame: "polars.DataFrame", how: ReadOptions) -> "polars.DataFrame":
    """Columns without a header have the numbers of training; the targets need not be there."""
    return frame if how.explicit.header and how.usual.header else run.with_numbers_of_training(frame)


@contextmanager
def naming_piece(file: Path, before: int, rows: NDArray[np.intp]) -> Iterator[None]:
    """Let an error about values of a table that comes in pieces say in which rows of the table they stand.

    ``rows`` are the numbers of the rows that are looked at, counted from 0 in the piece.
    """
    try:
        with naming_rows(Place(str(file), before), rows):
            yield
    except FileError:
        raise
    except DataError as error:
        if before == 0 or re.search(r"\b[Rr]ow \d", error.problem):  # all rows, or the row itself is named
            raise
        problem = f"{error.problem} (rows {before + 1:,} to {before + int(rows[-1]) + 1:,})"
        raise type(error)(problem, error.hint) from error


def read_pictures(inputs: ImagePreparation, files: Sequence[Path]) -> Pictures:
    """Pictures of the size and the range of pixels of training.

    Of a folder all that can be read are taken, and a note names each of the others.
    """
    size = {"height": inputs.height, "width": inputs.width, "channels": inputs.channels}
    images: dict[Path, AnyArray] = {}
    for file in files:
        if kind_at(file) == "folder":
            images |= read_readable(picture_files(file), **size, tell=note)
        else:
            images[file] = read_image(file, **size)
    if not images:
        raise FileError(f"{files[0]} has no picture that can be read")
    # A file's pixels go to 255; training's may go to another number, 16 for the digits.
    return Pictures(np.stack(list(images.values())) / (255 * inputs.scale), list(images))


def read_labelled(run: Run, file: Path, how: ReadOptions | None = None) -> Labelled:
    """A table with the target column, a folder with one folder of pictures per class, or the folder of the
    cats' files, of which the test part counts.
    """
    if _of_pictures(run, file):
        if picture_files(file):
            inputs = cast(ImagePreparation, run.predictor.preparation)
            size = {"height": inputs.height, "width": inputs.width, "channels": inputs.channels}
            pixels, labels = read_pictures_by_class(file, **size, tell=note)
            return Labelled(pixels / (255 * inputs.scale), labels)
        cats = read_cats(file)
        return Labelled(cats.X_test, np.array(cats.classes)[cats.y_test])
    with spelled(word_of_reading):
        return _labelled(run, file, table_in(file, run.target_names, how or reading(run)).frame)


def read_labelled_pieces(run: Run, file: Path, how: ReadOptions) -> Iterator[Labelled]:
    """Rows as of `read_labelled`, a piece at a time where those of a table are streamed."""
    if _of_pictures(run, file):
        yield read_labelled(run, file, how)
        return
    with spelled(word_of_reading):
        for frame in pieces_in(file, run.target_names, how):
            yield _labelled(run, file, frame)


def _of_pictures(run: Run, file: Path) -> bool:
    return kind_at(file) == "folder" and isinstance(run.predictor.preparation, ImagePreparation)


def _labelled(run: Run, file: Path, frame: "polars.DataFrame") -> Labelled:
    names = frame.columns
    for name in run.target_names:
        if name not in names:
            problem = f"{shown(file)} has no column {name!r}, the target of the run"
            others = set(names).difference(run.predictor.needed)
            raise ConfigurationError(problem, unknown_name("column", name, sorted(others)).hint)
    return Labelled(frame, columns_in(frame, run.target_names, f"{file}, the target"))


def rows_with_target(rows: Labelled) -> NDArray[np.intp]:
    """The numbers, from 0, of the rows that have all targets."""
    if isinstance(rows.raw, np.ndarray):
        return np.arange(len(rows.raw))
    return np.flatnonzero(~without_target(rows.answers))


def note_left_out(file: Path, n_rows: int, n_scored: int) -> None:
    """Say how many rows have no target; an error where none has one."""
    if not n_scored:
        raise DataError(f"No row of {shown(file)} has a target")
    if n_scored < n_rows:
        note(f"{n_rows - n_scored:,} of {n_rows:,} rows of {shown(file)} have no target and are left out.")


def held_out_of(
    run: Run, parts: "Parts", file: Path, validation: Path | None = None, *, refit: bool = False
) -> HeldOut:
    """The rows of a table that its run keeps: those of the test, else those validated on, else others.

    ``validation`` is the table that was validated on. With ``refit`` the rows validated on were learned from
    in the end.
    """
    part, rows, place, outputs = "train", parts.train, file, run.ensemble.out_of_fold
    if parts.test is not None:
        part, rows, outputs = "test", parts.test, None
    elif outputs is not None:
        counted = np.arange(len(rows.labels)) if rows.weight is None else np.flatnonzero(rows.weight > 0)
        known = np.isfinite(outputs).all(axis=1)
        part, rows, outputs = "out_of_fold", rows.take(counted[known]), outputs[known]
    elif parts.validation is not None and not refit:
        part, rows, place = "validation", parts.validation, validation or file
    numbers = rows.numbers if len(rows.numbers) else None  # rows that were streamed have none
    cells = None
    if numbers is not None and kind_at(local(place)) == "file" and place.suffix.lower() not in NUMPY:
        cells = read_cells(place, reading(run)._replace(tell=silent))[numbers]
    return HeldOut.of(
        run,
        rows.frame,
        rows.labels,
        part=part,
        source=printable(Path(Path(shown(place)).name)),
        numbers=None if numbers is None else numbers + 1,
        cells=cells,
        outputs=outputs,
        weight=rows.weight,
    )


def predicted_rows(run: Run, file: Path, how: ReadOptions) -> tuple[HeldOut, Any]:
    """The rows of a table that have a target, or the test part of the cats' files, with the predictions for
    them; and all rows as they are.
    """
    rows = read_labelled(run, file, how)
    numbers = rows_with_target(rows)
    note_left_out(file, len(rows.raw), len(numbers))
    is_table_file = kind_at(local(file)) == "file" and is_table(local(file))
    cells = read_cells(file, how._replace(tell=silent)) if is_table_file else None
    return HeldOut.of(
        run,
        rows.raw[numbers],
        rows.answers[numbers],
        part="data",
        source=printable(Path(shown(file))),
        numbers=numbers + 1,
        cells=None if cells is None else cells[numbers],
    ), rows.raw
