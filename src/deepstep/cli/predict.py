"""``deepstep predict``: answers of a run for new rows or pictures."""

import io
from pathlib import Path

import click
import numpy as np

from deepstep.cli.screen import as_json, json_option, note
from deepstep.cli.sources import read_raw
from deepstep.data import atomic_write
from deepstep.preparation import ClassTarget, NumberTarget
from deepstep.run import Prediction, Run


@click.command("predict")
@click.argument("run_folder", metavar="RUN", type=click.Path(path_type=Path))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="Write the answers to this file as CSV.")
@json_option
def command(run_folder: Path, files: tuple[Path, ...], output: Path | None, json_wanted: bool) -> None:
    """Answer for the rows of a table, or for pictures.

    A table gives CSV: "prediction", for classes the probability of each, and quantiles where RUN learned
    some. Pictures of any size are brought to the size that RUN was trained on (digits are light on dark);
    each gives a line. A run on pictures also takes a table with a column for each pixel.
    """
    run = Run.load(run_folder)
    raw = read_raw(run, files)
    prediction = run.predict(raw)
    if output is not None:
        with atomic_write(output) as file:
            file.write(_csv(run, prediction).encode())
        note(f"{len(prediction.values):,} answers written to {output}")
    if json_wanted:
        record = {"run": run_folder, "target": run.target_name, "predictions": prediction.values}
        if isinstance(run.preparation.target, ClassTarget):
            record |= {"classes": run.preparation.target.classes, "probabilities": prediction.probabilities}
        elif prediction.quantiles is not None:
            record |= {"levels": run.preparation.target.levels, "quantiles": prediction.quantiles}
        click.echo(as_json(record))
    elif output is None:
        pictures = isinstance(raw, np.ndarray)
        click.echo(_lines(prediction, files) if pictures else _csv(run, prediction), nl=False)


def _lines(prediction: Prediction, files: tuple[Path, ...]) -> str:
    """One line for each picture."""
    if prediction.probabilities is None:
        return "".join(f"{file}: {value:g}\n" for file, value in zip(files, prediction.values, strict=True))
    best = prediction.probabilities.max(axis=1)
    rows = zip(files, prediction.values, best, strict=True)
    return "".join(f"{file}: {value} (probability {share:.4f})\n" for file, value, share in rows)


def _csv(run: Run, prediction: Prediction) -> str:
    """A CSV table with a header."""
    import polars

    columns = {"prediction": prediction.values.tolist()}
    target = run.preparation.target
    if isinstance(target, ClassTarget) and prediction.probabilities is not None:
        names = [f"probability_{label}" for label in target.classes]
        columns |= dict(zip(names, np.ascontiguousarray(prediction.probabilities.T), strict=True))
    elif isinstance(target, NumberTarget) and prediction.quantiles is not None:
        names = [f"quantile_{level:g}" for level in target.levels]
        columns |= dict(zip(names, np.ascontiguousarray(prediction.quantiles.T), strict=True))
    text = io.StringIO()
    polars.DataFrame(columns, strict=False).write_csv(text)
    return text.getvalue()
