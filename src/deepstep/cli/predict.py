"""``deepstep predict``: predictions of a run for new rows or images."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from deepstep.cli.open_runs import Pictures, naming_piece, new_file, note_divergence, read_raw_pieces, reading
from deepstep.cli.option_types import PATH, read_option, run_argument
from deepstep.cli.screen import as_json, harmless, json_option, note
from deepstep.data import TABLE_SUFFIXES, atomic_write, column
from deepstep.data.sources import local, shown
from deepstep.data.tables import ReadOptions, format_of, read_cells, silent
from deepstep.data.text_formats import number_text
from deepstep.ensembles.predictor import Prediction
from deepstep.environment import polars
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation import TablePreparation
from deepstep.preparation.data_checks import unknown_columns
from deepstep.run import Run
from deepstep.serving.answers import Answers, answers_for, csv_of, records

ENOUGH_TO_WARN = 100
"""Rows from which on an empty column is no chance."""

MOST_EXAMINED = 1000
"""Rows at the beginning of a table whose columns are examined."""


@click.command("predict")
@run_argument
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PATH)
@click.option("-o", "--output", type=PATH, help="CSV file to write. Default: stdout.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@click.option(
    "--explain",
    type=click.IntRange(min=1),
    metavar="K",
    help="Add the K columns that move each prediction most: some milliseconds a row.",
)
@click.option(
    "--coverage",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Add sets of classes (in_set_CLASS) or intervals (lower, upper) that contain the true value in this "
    "share of the rows.",
)
@click.option(
    "--carry",
    multiple=True,
    metavar="COLUMN",
    help="Put this column of FILE before the predictions. Repeatable.",
)
@click.option("--carry-all", is_flag=True, help="Put all columns of FILE there.")
@read_option
@json_option
def predict_command(
    run_folder: Path,
    files: tuple[Path, ...],
    output: Path | None,
    overwrite: bool,
    explain: int | None,
    coverage: float | None,
    carry: tuple[str, ...],
    carry_all: bool,
    read: dict[str, Any],
    json_wanted: bool,
) -> None:
    """Predict for the rows of a table or for images.

    FILE is a table, a folder of Parquet files, "-" for standard input, an image, or a folder of images. Text
    tables are read as in training, unless they clearly differ or --read says otherwise.

    A table gives CSV: "prediction", the probability of each class, and quantiles where RUN has them; of
    several targets "prediction_COLUMN" and the probability of the second class of each. --explain adds
    "strongest_1", "contribution_1", …: a column, and what it adds, compared with an average row, to the
    prediction (to the probability of the predicted class, of two classes of the second). Images are resized
    as in training (digits: white on black); each gives a line. A run on images also takes a table with a
    column for each pixel.
    """
    if output is not None and output.suffix.lower() in set(TABLE_SUFFIXES) - {".csv"}:
        raise ConfigurationError.must_be("--output", "a file that ends in .csv", str(output))
    if output is not None:
        new_file(output, "--output", overwrite=overwrite, beside=(run_folder, *files))
    run = Run.load(run_folder)
    note_divergence(run)
    carried = None if carry_all else carry
    pieces = _predicted(run, files, reading(run, read), coverage, explain or 0, carried)
    if json_wanted:
        raws, answers = zip(*pieces, strict=True)
        if output is not None:
            _write(output, run, zip(raws, answers, strict=True))
        joined = _joined([piece.prediction for piece in answers])
        record = {"run": run_folder, "target": run.config.get("target"), **_record(run, joined)}
        if coverage is not None:
            name = "set" if run.targets.is_classes else "interval"
            record["coverage"] = coverage
            record[f"{name}s"] = [row[name] for piece in answers for row in records(run, piece)]
        if isinstance(raws[0], polars.DataFrame) and raws[0].width:
            texts = polars.selectors.temporal().cast(polars.String)
            record["carried"] = polars.concat(raws).with_columns(texts).to_dict(as_series=False)
        if (explanation := answers[0].explanation) is not None:
            record["error"] = [error for piece in answers for error in piece.explanation.error.tolist()]
            record["base"] = dict(zip(explanation.outputs, explanation.base.tolist(), strict=True))
            record["contributions"] = [dict(row) for piece in answers for row in piece.strongest]
        if isinstance(raws[0], Pictures):
            record["files"] = raws[0].files
        click.echo(as_json(record))
        return
    if output is not None:
        _write(output, run, pieces)
        return
    for index, (raw, answers) in enumerate(pieces):
        if isinstance(raw, Pictures):
            text = _lines(answers.prediction, raw.files)
        else:
            text = csv_of(run, answers, header=not index, carried=raw)
        # not by click.echo, which takes escape sequences out of the labels where it is no terminal
        sys.stdout.write(harmless(text, lines=True) if sys.stdout.isatty() else text)


def _predicted(
    run: Run,
    files: Sequence[Path],
    how: ReadOptions,
    coverage: float | None,
    explain: int,
    carry: Sequence[str] | None,
) -> Iterator[tuple[Any, Answers]]:
    """Pieces of rows, pictures or the columns that are carried along, all where ``carry`` is None; and the
    predictions for them.
    """
    before = 0
    for raw in read_raw_pieces(run, files, how):
        if isinstance(raw, Pictures):
            flags = {
                "--explain": explain,
                "--coverage": coverage,
                "--carry": carry,
                "--carry-all": carry is None,
            }
            for flag, value in flags.items():
                if value:
                    raise ConfigurationError.must_be(flag, "used with the rows of a table", "pictures")
            yield raw, Answers(run.predict(raw.pixels))
            continue
        with naming_piece(files[0], before, np.arange(len(raw))):
            carried = _carried(raw, files[0], how, carry)
            answers = answers_for(run, raw, coverage, explain)
            if not before and raw.height >= ENOUGH_TO_WARN:
                _warn_of_columns(run, raw[:MOST_EXAMINED], files[0])
        before += len(raw)
        yield carried, answers


def _warn_of_columns(run: Run, frame: "polars.DataFrame", file: Path) -> None:
    """Warn of columns that tell the model nothing, such as one that is written otherwise than in training."""
    inputs = run.predictor.table_of_fit or run.predictor.preparation
    names = unknown_columns(inputs, frame) if isinstance(inputs, TablePreparation) else []
    if names:
        listed = ", ".join(map(repr, names[:5])) + " …" * (len(names) > 5)
        where = f"the first {frame.height:,} rows of {shown(file)}"
        note(f"Warning: {listed}: no value in {where} is known from the training. See deepstep check.")


def _carried(
    frame: "polars.DataFrame", file: Path, how: ReadOptions, carry: Sequence[str] | None
) -> "polars.DataFrame":
    """The columns that are carried along, of a text table as they are written: 007 stays 007."""
    names = frame.columns if carry is None else [*dict.fromkeys(carry)]
    for name in names:
        dtype = column(frame, name, "--carry").dtype
        if dtype.is_nested() or dtype in (polars.Binary, polars.Object):
            raise DataError(
                f"Column {name!r} has values of type {dtype}, which CSV has no form for", "Leave it out."
            )
    kind = format_of(local(file), how.explicit)
    if names and kind is not None and kind.read is None:
        cells = read_cells(file, how._replace(tell=silent))
        if cells.shape == frame.shape:
            cells.columns = frame.columns
            frame = cells
    return frame.select(names)


def _write(output: Path, run: Run, pieces: Iterable[tuple[Any, Answers]]) -> None:
    """Write CSV a piece at a time; the file appears when the last one is written."""
    rows = 0
    with atomic_write(output) as file:
        for raw, answers in pieces:
            if isinstance(raw, Pictures):
                text = _with_files(csv_of(run, answers, header=not rows), raw.files)
            else:
                text = csv_of(run, answers, header=not rows, carried=raw)
            file.write(text.encode())
            rows += len(answers.prediction.values)
    note(f"{rows:,} predictions written to {output}")


def _with_files(text: str, files: Sequence[Path]) -> str:
    """CSV with the names of the pictures as first column: a folder does not say which rows it has."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    cells = csv.reader(io.StringIO(text))
    writer.writerows([name, *row] for name, row in zip(("file", *files), cells, strict=True))
    return lines.getvalue()


def _joined(predictions: Sequence[Prediction]) -> Prediction:
    """The predictions for all pieces as one."""
    if len(predictions) == 1:
        return predictions[0]
    parts: Any = zip(*predictions, strict=True)
    joined: list[Any] = [None if part[0] is None else np.concatenate(part) for part in parts]
    return Prediction(*joined)


def _lines(prediction: Prediction, files: Sequence[Path]) -> str:
    """One line for each picture."""
    shares = prediction.probabilities
    lines = []
    for index, (file, value) in enumerate(zip(files, prediction.values, strict=True)):
        text = number_text(value) if shares is None else f"{value} (probability {shares[index].max():.4f})"
        lines.append(harmless(f"{file}: {text}") + "\n")
    return "".join(lines)


def _record(run: Run, prediction: Prediction) -> dict[str, Any]:
    """The predictions for JSON; several targets each by its name."""
    target = run.targets
    if target.several:
        columns = zip(target.names, prediction.values.T, strict=True)
        record: dict[str, Any] = {"predictions": dict(columns)}
        if target.is_classes and prediction.probabilities is not None:
            shares = target.by_column(prediction.probabilities)
            record["classes"] = dict(zip(target.names, target.labels, strict=True))
            record["probabilities"] = dict(zip(target.names, shares, strict=True))
        return record
    record = {"predictions": prediction.values}
    if target.is_classes:
        record |= {"classes": target.labels[0], "probabilities": prediction.probabilities}
    elif prediction.quantiles is not None:
        record |= {"levels": target.levels, "quantiles": prediction.quantiles}
    return record
