"""``deepstep predict``: predictions of a run for new rows or images."""

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import numpy as np

from deepstep.cli.options import TEXT_FORMAT, train_options
from deepstep.cli.runs import naming_piece, note_divergence, read_raw_pieces, reading, refuse_file
from deepstep.cli.screen import as_json, harmless, json_option, note
from deepstep.data import TABLE_SUFFIXES, atomic_write
from deepstep.data.formats import ReadOptions
from deepstep.errors import ConfigurationError
from deepstep.run import Prediction, Run


@click.command("predict")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write the predictions to this CSV file."
)
@click.option("--overwrite", is_flag=True, help="With --output: replace the file if it exists.")
@json_option
def predict_command(
    run_folder: Path,
    files: tuple[Path, ...],
    output: Path | None,
    overwrite: bool,
    json_wanted: bool,
    **written: Any,
) -> None:
    """Predict for the rows of a table or for images.

    FILE is a table, a folder of Parquet files, "-" for standard input, or an image. Text tables are read as
    that of the training, where they and the options below do not say otherwise.

    A table gives CSV: "prediction", the probability of each class, and
    quantiles where RUN has them. With several targets the columns are "prediction_COLUMN" and the
    probability of the second class of each. Images are resized to the size used in training (digits:
    white on black); each gives a line. A run on images also takes a table with a column for each pixel.
    """
    if output is not None and output.suffix.lower() in set(TABLE_SUFFIXES) - {".csv"}:
        raise ConfigurationError("--output", "the name of a CSV file", f"got {output}", "Let it end in .csv.")
    if output is not None:
        refuse_file(output, "--output", overwrite=overwrite, beside=(run_folder, *files))
    run = Run.load(run_folder)
    note_divergence(run)
    pieces = _predicted(run, files, reading(run, written))
    if json_wanted:
        predictions = [prediction for _, prediction in pieces]
        if output is not None:
            _write(output, run, predictions)
        record = {"run": run_folder, "target": run.config.get("target"), **_record(run, _joined(predictions))}
        click.echo(as_json(record))
        return
    if output is not None:
        _write(output, run, (prediction for _, prediction in pieces))
        return
    for at, (raw, prediction) in enumerate(pieces):
        pictures = isinstance(raw, np.ndarray)
        text = _lines(prediction, files) if pictures else _csv(run, prediction, header=not at)
        # not by click.echo, which takes escape sequences out of the labels where it is no terminal
        sys.stdout.write(harmless(text, lines=True) if sys.stdout.isatty() else text)


def _predicted(run: Run, files: Sequence[Path], how: ReadOptions) -> Iterator[tuple[Any, Prediction]]:
    """Pieces of rows, and the predictions for them."""
    before = 0
    for raw in read_raw_pieces(run, files, how):
        of_table = not isinstance(raw, np.ndarray)
        with naming_piece(files[0], before, len(raw)) if of_table else nullcontext():
            prediction = run.predict(raw)
        before += len(raw)
        yield raw, prediction


def _write(output: Path, run: Run, predictions: Iterable[Prediction]) -> None:
    """Write CSV a piece at a time; the file appears when the last one is written."""
    rows = 0
    with atomic_write(output) as file:
        for prediction in predictions:
            file.write(_csv(run, prediction, header=not rows).encode())
            rows += len(prediction.values)
    note(f"{rows:,} predictions written to {output}")


def _joined(predictions: Sequence[Prediction]) -> Prediction:
    """The predictions for all pieces as one."""
    if len(predictions) == 1:
        return predictions[0]
    parts: Any = zip(*predictions, strict=True)
    whole: list[Any] = [None if part[0] is None else np.concatenate(part) for part in parts]
    return Prediction(*whole)


def _lines(prediction: Prediction, files: tuple[Path, ...]) -> str:
    """One line for each picture."""
    if prediction.probabilities is None:
        values = zip(files, prediction.values, strict=True)
        return "".join(harmless(f"{file}: {value:g}") + "\n" for file, value in values)
    best = prediction.probabilities.max(axis=1)
    rows = zip(files, prediction.values, best, strict=True)
    lines = (f"{file}: {value} (probability {share:.4f})" for file, value, share in rows)
    return "".join(harmless(line) + "\n" for line in lines)


def _record(run: Run, prediction: Prediction) -> dict[str, Any]:
    """The predictions for JSON; several targets each by its name."""
    target = run.preparation.target
    if target.several:
        columns = zip(target.names, prediction.values.T, strict=True)
        record: dict[str, Any] = {"predictions": dict(columns)}
        if target.is_classification and prediction.probabilities is not None:
            shares = target.by_column(prediction.probabilities)
            record["classes"] = dict(zip(target.names, target.classes, strict=True))
            record["probabilities"] = dict(zip(target.names, shares, strict=True))
        return record
    record = {"predictions": prediction.values}
    if target.is_classification:
        record |= {"classes": target.classes[0], "probabilities": prediction.probabilities}
    elif prediction.quantiles is not None:
        record |= {"levels": target.levels, "quantiles": prediction.quantiles}
    return record


def _csv(run: Run, prediction: Prediction, *, header: bool) -> str:
    """A CSV table."""
    import polars

    text = io.StringIO()
    polars.DataFrame(_columns(run, prediction), strict=False).write_csv(text, include_header=header)
    return text.getvalue()


def _columns(run: Run, prediction: Prediction) -> dict[str, Any]:
    """The columns of the table by name; of several targets all predictions first."""
    target, values, shares = run.preparation.target, prediction.values, prediction.probabilities
    if target.several:
        pairs = [(f"prediction_{name}", values[:, at].tolist()) for at, name in enumerate(target.names)]
        if target.is_classification and shares is not None:
            for name, (_, label), second in zip(target.names, target.classes, shares.T, strict=True):
                pairs.append((f"probability_{name}_{label}", second.tolist()))
        return _different(pairs)
    columns: dict[str, Any] = {"prediction": values.tolist()}
    if target.is_classification and shares is not None:
        names = [f"probability_{label}" for label in target.classes[0]]
        columns |= dict(zip(names, np.ascontiguousarray(shares.T), strict=True))
    elif prediction.quantiles is not None:
        names = [f"quantile_{level:g}" for level in target.levels]
        columns |= dict(zip(names, np.ascontiguousarray(prediction.quantiles.T), strict=True))
    return columns


def _different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Columns by name; names that come again, as "a" with "b_c" and "a_b" with "c" do, get a number."""
    columns: dict[str, Any] = {}
    for name, values in pairs:
        number = 2
        while name in columns:
            name, number = f"{name}_{number}", number + 1
        columns[name] = values
    return columns


predict_command.params[2:2] = train_options(TEXT_FORMAT)
