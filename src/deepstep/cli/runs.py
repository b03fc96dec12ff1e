"""Runs as commands open them, with their networks, and examples for them."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.cli.options import flag_of
from deepstep.cli.screen import note, program
from deepstep.cli.target import class_words, columns_in, text_format
from deepstep.data import read_cats, read_image
from deepstep.data.files import kind_at
from deepstep.data.formats import ReadOptions
from deepstep.data.rows import Place, naming_rows
from deepstep.data.tables import is_table, pieces_in, table_in
from deepstep.errors import ConfigurationError, DataError, DivergenceError, FileError, spelled
from deepstep.model import Network
from deepstep.preparation import ImagePreparation, TablePreparation, Target
from deepstep.run import Run
from deepstep.run_folder import DIVERGED, OF_AN_ENSEMBLE, RunFolder, read_config
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars

    from deepstep.estimators import EnsembleRun
    from deepstep.estimators.ensemble import FoldPreprocessor

AnyRun: TypeAlias = "Run | EnsembleRun"


def of_an_ensemble(folder: Path) -> bool:
    """Whether the run in a folder is an ensemble's."""
    return bool(read_config(folder)["version"] == OF_AN_ENSEMBLE)


def open_run(folder: Path) -> AnyRun:
    """The run in a folder, of either kind."""
    if of_an_ensemble(folder):
        from deepstep.estimators import EnsembleRun  # scikit-learn comes with it

        return EnsembleRun.load(folder)
    return Run.load(folder)


@dataclass(frozen=True)
class OpenedNetwork:
    """One network, as commands open it: that of a run, or a member of an ensemble.

    ``config`` is the run's, with the ``settings`` of the network's steps. ``examples`` are prepared training
    rows, (k, n_inputs) and (k, n_outputs). ``inputs`` turns raw rows into the network's inputs.
    """

    run: AnyRun
    network: Network
    target: Target
    config: dict[str, Any]
    examples: tuple[Array, Array]
    inputs: Callable[[Any], Array]


def open_network(folder: Path, member: int | None) -> OpenedNetwork:
    """The network in a run folder; of an ensemble the member of this number, from 0."""
    run = open_run(folder)
    if isinstance(run, Run):
        if member is not None:
            raise ConfigurationError("--member", "a run of an ensemble", f"{folder} is one of one network")
        return OpenedNetwork(run, run.network, run.preparation.target, run.config, run.examples, run.inputs)
    last = len(run.ensemble.members) - 1
    if member is None or not 0 <= member <= last:
        raise ConfigurationError(
            "--member",
            f"the number of a member of the ensemble, from 0 to {last}",
            f"got {'none' if member is None else member}",
            "Or train one network, with --preset single.",
        )
    one = run.ensemble.members[member]
    return OpenedNetwork(
        run,
        one.network,
        in_units(run.preparation.target, run.ensemble.preprocessors[one.fold]),
        {**run.config, "settings": dict(one.settings)},
        run.few_examples(member),
        lambda raw: run.inputs(raw, member),
    )


def in_units(target: Target, preprocessor: "FoldPreprocessor") -> Target:
    """An ensemble's target as the members of a fold learn it."""
    if target.is_classification:
        return target
    n = target.n_columns
    return target.in_units(preprocessor.center[:n].tolist(), preprocessor.scale[:n].tolist())


ENDING = ".diverged"
"""Ending of the folder beside a good run, which a training that diverged does not replace."""


def what_happened(error: DivergenceError) -> dict[str, Any]:
    """Entries of the run's config about the divergence."""
    costs = [] if error.history is None else error.history.costs.tolist()
    entries = {
        "came": error.got,
        "mend": error.hint,
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


def keep(run: RunFolder, folder: Path, error: DivergenceError) -> None:
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
    error.also(f"What was reached is kept; more of it say: {program()} doctor {shlex.quote(str(place))}")


def note_divergence(run: RunFolder) -> None:
    """Warn of predictions by a run that diverged."""
    if DIVERGED in run.config:
        note("Warning: the training of this run diverged; predictions use the last finite parameters.")


class Labelled(NamedTuple):
    """Raw rows (a table or pictures) and the right answers for them: (m,), or a table of several targets."""

    raw: "polars.DataFrame | AnyArray"
    answers: Any


def reading(run: AnyRun, given: Mapping[str, Any] = MappingProxyType({})) -> ReadOptions:
    """How a table for a run is read: as the options say, else as the table that it was trained on."""
    return ReadOptions(
        text_format(given),
        text_format(run.config.get("asked", {})),
        class_words(run.preparation.target, run.target_names),
        note,
    )


def read_raw_pieces(
    run: AnyRun, files: Sequence[Path], how: ReadOptions
) -> "Iterator[polars.DataFrame | AnyArray]":
    """The rows of a table, a piece at a time where they are streamed, or pictures where the run was trained
    on pictures and the files are no tables.
    """
    inputs = run.preparation.inputs
    if isinstance(inputs, ImagePreparation) and not any(map(is_table, files)):
        yield read_pictures(inputs, files)
        return
    if len(files) > 1:
        raise ConfigurationError("FILE", "one table at a time", f"got {len(files)} files", "Run it for each.")
    with spelled(flag_of):
        for frame in pieces_in(files[0], how=how):
            yield _with_names(run, frame, how)


def _with_names(run: AnyRun, frame: "polars.DataFrame", how: ReadOptions) -> "polars.DataFrame":
    """Columns without a header have the numbers of training; the targets need not be there."""
    inputs = run.preparation.inputs
    if (how.given.header and how.usual.header) or not isinstance(inputs, TablePreparation):
        return frame
    asked = run.config.get("asked", {})
    others = [*run.target_names, *asked.get("drop", ()), run.config.get("sample_weight")]
    n = len({column.name for column in inputs.columns} | {name for name in others if name})
    names = [f"column_{number}" for number in range(1, n + 1)]
    if frame.width == n:
        return frame
    left = [name for name in names if name not in run.target_names]
    if frame.width != len(left):
        raise DataError(
            "table",
            f"{n} columns, as in the table of training, or {len(left)} without the target are expected",
            f"got {frame.width}",
        )
    return frame.rename(dict(zip(frame.columns, left, strict=True)))


@contextmanager
def naming_piece(file: Path, before: int, rows: int) -> Iterator[None]:
    """Let an error about values of a table that comes in pieces say in which rows of the table they stand."""
    try:
        with naming_rows(Place(str(file), before), np.arange(rows)):
            yield
    except FileError:
        raise
    except DataError as error:
        if error.got.startswith("row "):
            raise
        where = f"{error.where} (rows {before + 1:,} to {before + rows:,})"
        raise type(error)(where, error.expected, error.got, error.hint) from error


def read_pictures(inputs: ImagePreparation, files: Sequence[Path]) -> Array:
    """Pictures (m, height, width, channels) of the size and the range of pixels of training."""
    size = {"height": inputs.height, "width": inputs.width, "channels": inputs.channels}
    images = np.stack([read_image(file, **size) for file in files])
    # A file's pixels go to 255; training's may go to another number, 16 for the digits.
    return images / (255 * inputs.scale)


def read_labelled(run: AnyRun, file: Path, how: ReadOptions | None = None) -> Labelled:
    """A table with the target column, or the folder of the cats' files, of which the test part counts."""
    if _of_cats(run, file):
        cats = read_cats(file)
        return Labelled(cats.X_test, np.array(cats.classes)[cats.y_test])
    with spelled(flag_of):
        return _labelled(run, file, table_in(file, run.target_names, how or reading(run)).frame)


def read_labelled_pieces(run: AnyRun, file: Path, how: ReadOptions) -> Iterator[Labelled]:
    """The same, a piece at a time where the rows of a table are streamed."""
    if _of_cats(run, file):
        yield read_labelled(run, file, how)
        return
    with spelled(flag_of):
        for frame in pieces_in(file, run.target_names, how):
            yield _labelled(run, file, frame)


def _of_cats(run: AnyRun, file: Path) -> bool:
    return kind_at(file) == "folder" and isinstance(run.preparation.inputs, ImagePreparation)


def _labelled(run: AnyRun, file: Path, frame: "polars.DataFrame") -> Labelled:
    return Labelled(frame, columns_in(frame, run.target_names, f"{file}, the target"))
