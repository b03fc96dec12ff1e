"""Examples for a run: rows of tables, pictures, the cats' test part."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from deepstep.cli.opening import AnyRun
from deepstep.cli.target_choice import columns_in
from deepstep.cli.target_words import class_words
from deepstep.data import TABLE_SUFFIXES, read_cats, read_image
from deepstep.data.files import kind_at
from deepstep.data.rows import Place, naming_rows
from deepstep.data.tables import pieces_in, table_in
from deepstep.errors import ConfigurationError, DataError, FileError
from deepstep.preparation import ImagePreparation
from deepstep.types import AnyArray, Array

if TYPE_CHECKING:
    import polars


class Labelled(NamedTuple):
    """Raw rows (a table or pictures) and the right answers for them: (m,), or a table of several targets."""

    raw: "polars.DataFrame | AnyArray"
    answers: Any


def read_raw_pieces(run: AnyRun, files: Sequence[Path]) -> "Iterator[polars.DataFrame | AnyArray]":
    """The rows of a table, a piece at a time where they are streamed, or pictures where the run was trained
    on pictures and the files are no tables.
    """
    inputs = run.preparation.inputs
    if isinstance(inputs, ImagePreparation) and not any(
        file.suffix.lower() in TABLE_SUFFIXES for file in files
    ):
        yield read_pictures(inputs, files)
        return
    if len(files) > 1:
        raise ConfigurationError("FILE", "one table at a time", f"got {len(files)} files", "Run it for each.")
    yield from pieces_in(files[0])


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


def read_labelled(run: AnyRun, file: Path) -> Labelled:
    """A table with the target column, or the folder of the cats' files, of which the test part counts."""
    if _of_cats(run, file):
        cats = read_cats(file)
        return Labelled(cats.X_test, np.array(cats.classes)[cats.y_test])
    values = class_words(run.preparation.target, run.target_names)
    return _labelled(run, file, table_in(file, run.target_names, values))


def read_labelled_pieces(run: AnyRun, file: Path) -> Iterator[Labelled]:
    """The same, a piece at a time where the rows of a table are streamed."""
    if _of_cats(run, file):
        yield read_labelled(run, file)
        return
    values = class_words(run.preparation.target, run.target_names)
    for frame in pieces_in(file, run.target_names, values):
        yield _labelled(run, file, frame)


def _of_cats(run: AnyRun, file: Path) -> bool:
    return kind_at(file) == "folder" and isinstance(run.preparation.inputs, ImagePreparation)


def _labelled(run: AnyRun, file: Path, frame: "polars.DataFrame") -> Labelled:
    return Labelled(frame, columns_in(frame, run.target_names, f"{file}, the target"))
