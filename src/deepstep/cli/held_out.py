"""The held-out rows of a run: what its config records about them, and how a report reads them again.

A run records the file that holds the rows with its SHA-256, and a SHA-256 of their numbers. The split of a
table is made again from the options, and compared with that record.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.cli.options import TrainOptions
from deepstep.cli.runs import AnyRun, read_labelled
from deepstep.cli.screen import printable
from deepstep.cli.split import TableSplit, split_rows, with_target
from deepstep.cli.target import class_words, columns_in
from deepstep.data import DATASETS, TABLE_SUFFIXES, load, read_cats, read_cells, read_table, sha256
from deepstep.data.files import RUN_MARK, kind_at
from deepstep.data.hdf5 import TEST_FILE
from deepstep.errors import FileError
from deepstep.preparation import ImagePreparation
from deepstep.report import Rows, kept_rows, rows_of
from deepstep.types import AnyArray, is_number, is_whole

KEY, STREAMED = "held_out", "streamed"
"""Entries of a run's config: the rows held out, or how rows that stayed in their files were read."""
TEST, VALIDATION, LEARNED = "test", "validation", "train"
"""Parts, the first that there is counts."""


def of_table(
    file: Path, run: Path, split: TableSplit, validation: Path | None, *, refit: bool
) -> dict[str, Any]:
    """Entries of a run's config about the held-out rows of a table.

    ``validation`` is the table that was validated on. With ``refit`` the rows validated on were learned from
    in the end.
    """
    part, rows = LEARNED, split.train
    if split.test is not None:
        part, rows = TEST, split.test
    elif split.validation is not None and not refit:
        part, rows = VALIDATION, split.validation
    holds_them = validation if part == VALIDATION and validation is not None else file
    if kind_at(holds_them) == "folder":  # of parts, whose rows have no numbers in a file
        return {}
    return {KEY: {"part": part, **_named(holds_them, run), **numbered(rows.numbers)}}


def of_builtin(name: str, seed: int) -> dict[str, Any]:
    """The same of a built-in set."""
    return {KEY: {"part": TEST, "builtin": name, "seed": seed}}


def of_cats(folder: Path, run: Path) -> dict[str, Any]:
    """The same of the folder of the cats' files."""
    return {KEY: {"part": TEST, **_named(folder / TEST_FILE, run)}}


def _named(file: Path, run: Path) -> dict[str, Any]:
    """A file by its place beside the run, so that both can be moved together."""
    path, start = os.path.realpath(file), os.path.realpath(run)
    try:
        place = os.path.relpath(path, start)
    except ValueError:  # on another drive
        place = path
    return {"file": printable(Path(place)), "sha256": sha256(file)}


def numbered(rows: AnyArray) -> dict[str, Any]:
    """How many rows, and a SHA-256 of their numbers."""
    return {"rows": len(rows), "of_rows": hashlib.sha256(rows.astype("<i8").tobytes()).hexdigest()}


DESCRIPTIONS = {
    TEST: "These are the {rows} {what} of {source} that were held out for the test: nothing was learned from "
    "them.",
    VALIDATION: "These are the {rows} {what} of {source} that were validated on: no step was made by them, "
    "but they may have had a say in when the training ended.",
    LEARNED: "No rows were held out: these are the {rows} {what} of {source} that were learned from, so "
    "answers to new rows are worse.",
}
OF_ROWS = ("test_fraction", "validation_fraction", "drop_missing_target")
"""Options that decide about the rows of a table."""

HINT = "deepstep report RUN --data FILE shows the answers to a table of your choice."


def held_out_rows(run: AnyRun, folder: Path) -> Rows:
    """The held-out rows of the run in a folder with the answers to them.

    Where they cannot be read, the rows that the run keeps, and why.
    """
    record = run.config.get(KEY)
    if record is None and STREAMED in run.config:
        source = _source(Path(str(run.config.get("source", ""))))
        return kept_rows(
            run,
            f"The rows of {source} stayed there while it learned, and those that were held out are not read "
            f"again for a report. {HINT}",
        )
    if record is None:
        return kept_rows(run, f"The run does not record which rows were held out. {HINT}")
    part = record.get("part") if isinstance(record, dict) else None
    if not isinstance(record, dict) or not isinstance(part, str) or part not in DESCRIPTIONS:
        raise _altered(folder)
    if "builtin" in record:
        return _of_builtin(run, record, folder)
    named, digest = record.get("file"), record.get("sha256")
    if not isinstance(named, str) or not isinstance(digest, str):
        raise _altered(folder)
    of_pictures = isinstance(run.preparation.inputs, ImagePreparation)
    own = run.config.get("asked", {}).get("validation") if record["part"] == VALIDATION else None
    typed = Path(str(own or run.config.get("source", "")))
    places = [folder.resolve() / named, typed / TEST_FILE if of_pictures else typed]
    there = [place for place in places if kind_at(place) == "file"]
    path = next((place for place in there if sha256(place) == digest), None)
    if path is None:
        what = "was changed since the training" if there else "is not where it was in the training"
        return kept_rows(
            run, f"{_source(Path(named))}, which holds the rows that were held out, {what}. {HINT}"
        )
    return _of_cats(run, path) if of_pictures else _of_table(run, record, path, folder)


def rows_in(run: AnyRun, file: Path) -> Rows:
    """All rows of a table, or the test part of the cats' files, with the answers to them."""
    raw, labels = read_labelled(run, file)
    cells = read_cells(file) if file.suffix.lower() in TABLE_SUFFIXES and kind_at(file) == "file" else None
    return rows_of(run, f"These are the {len(raw):,} rows of {printable(file)}.", raw, labels, cells=cells)


def _of_table(run: AnyRun, record: dict[str, Any], path: Path, folder: Path) -> Rows:
    values = class_words(run.preparation.target, run.target_names)
    frame, part = read_table(path, values=values), record["part"]
    options = _goal(run, folder)
    present = with_target(frame, options)
    if part == VALIDATION and "validation" in run.config.get("asked", {}):
        rows = present
    else:
        answers = columns_in(frame[present], options.targets, str(path))
        learned, tested, held = split_rows(answers, str(run.config.get("task")), options, [])
        rows = present[{TEST: tested, VALIDATION: held, LEARNED: learned}[part]]
    if numbered(rows) != {name: record.get(name) for name in ("rows", "of_rows")}:
        return kept_rows(
            run,
            f"The split of {_source(path)} cannot be made again with the packages that are installed, so its "
            f"held-out rows are not known. {HINT}",
        )
    description = _description(part, len(rows), "rows", _source(path))
    description += (
        " They are counted from 1, below the header." if path.suffix.lower() in (".csv", ".tsv") else ""
    )
    labels = columns_in(frame, run.target_names, str(path))[rows]
    return rows_of(run, description, frame[rows], labels, numbers=rows + 1, cells=read_cells(path)[rows])


def _of_builtin(run: AnyRun, record: dict[str, Any], folder: Path) -> Rows:
    import polars

    name, seed = record["builtin"], record.get("seed")
    if name not in DATASETS or not isinstance(seed, int):
        raise _altered(folder)
    data, points = load(name, seed=seed), name != "digits"
    description = _description(
        TEST, len(data.X_test), "points" if points else "pictures", f"the built-in set {name}"
    )
    labels = np.array(data.classes)[data.y_test]
    raw: Any = polars.DataFrame(data.X_test, schema=list(data.feature_names)) if points else data.X_test
    return rows_of(run, description, raw, labels)


def _of_cats(run: AnyRun, path: Path) -> Rows:
    cats = read_cats(path.parent)
    description = _description(TEST, len(cats.X_test), "pictures", _source(path))
    return rows_of(run, description, cats.X_test, np.array(cats.classes)[cats.y_test])


def _goal(run: AnyRun, folder: Path) -> TrainOptions:
    """The options of the training that decide about the table's rows."""
    asked, seed = run.config.get("asked", {}), run.config.get("settings", {}).get("seed")
    if not isinstance(asked, dict) or not is_whole(seed, least=0) or seed >= 2**32:
        raise _altered(folder)
    test, validation, drops = (asked.get(name, getattr(TrainOptions, name)) for name in OF_ROWS)
    if not is_number(test) or not (validation is None or is_number(validation)):
        raise _altered(folder)
    return TrainOptions(
        targets=run.target_names,
        test_fraction=test,
        validation_fraction=validation,
        seed=seed,
        drop_missing_target=bool(drops),
    )


def _description(part: str, rows: int, what: str, source: str) -> str:
    return DESCRIPTIONS[part].format(rows=f"{rows:,}", what=what, source=source)


def _source(path: Path) -> str:
    return printable(Path(path.name))


def _altered(folder: Path) -> FileError:
    return FileError(
        str(folder / RUN_MARK), "[held_out] as training wrote it", "it is something else", "Train again."
    )
