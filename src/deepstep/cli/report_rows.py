"""The rows that a report shows answers to: those that were held out in the training, found again.

The split of a table is made again from what was asked of it, and compared with what the run recorded.
"""

from pathlib import Path
from typing import Any

import numpy as np

from deepstep.cli.held_out import KEY, LEARNED, STREAMED, TEST, VALIDATION, numbered
from deepstep.cli.opening import AnyRun
from deepstep.cli.options import TrainOptions
from deepstep.cli.screen import printable
from deepstep.cli.sources import read_labelled
from deepstep.cli.table_task import split_rows, with_target
from deepstep.cli.target_choice import columns_in
from deepstep.cli.target_words import class_words
from deepstep.data import DATASETS, TABLE_SUFFIXES, load, read_cats, read_cells, read_table, sha256
from deepstep.data.files import RUN_MARK, kind_at
from deepstep.data.hdf5 import TEST_FILE
from deepstep.errors import FileError
from deepstep.preparation import ImagePreparation
from deepstep.report import Rows, kept_rows, rows_of
from deepstep.types import is_number, is_whole

TOLD = {
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
    if not isinstance(record, dict) or not isinstance(part, str) or part not in TOLD:
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
    told = _told(part, len(rows), "rows", _source(path))
    told += " They are counted from 1, below the header." if path.suffix.lower() in (".csv", ".tsv") else ""
    labels = columns_in(frame, run.target_names, str(path))[rows]
    return rows_of(run, told, frame[rows], labels, numbers=rows + 1, cells=read_cells(path)[rows])


def _of_builtin(run: AnyRun, record: dict[str, Any], folder: Path) -> Rows:
    import polars

    name, seed = record["builtin"], record.get("seed")
    if name not in DATASETS or not isinstance(seed, int):
        raise _altered(folder)
    data, points = load(name, seed=seed), name != "digits"
    told = _told(TEST, len(data.X_test), "points" if points else "pictures", f"the built-in set {name}")
    labels = np.array(data.classes)[data.y_test]
    raw: Any = polars.DataFrame(data.X_test, schema=list(data.feature_names)) if points else data.X_test
    return rows_of(run, told, raw, labels)


def _of_cats(run: AnyRun, path: Path) -> Rows:
    cats = read_cats(path.parent)
    told = _told(TEST, len(cats.X_test), "pictures", _source(path))
    return rows_of(run, told, cats.X_test, np.array(cats.classes)[cats.y_test])


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


def _told(part: str, rows: int, what: str, source: str) -> str:
    return TOLD[part].format(rows=f"{rows:,}", what=what, source=source)


def _source(path: Path) -> str:
    return printable(Path(path.name))


def _altered(folder: Path) -> FileError:
    return FileError(
        str(folder / RUN_MARK), "[held_out] as training wrote it", "it is something else", "Train again."
    )
