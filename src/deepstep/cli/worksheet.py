"""``deepstep worksheet``: exercises by hand for the printer."""

from pathlib import Path
from typing import Any

import click

from deepstep.cli.option_types import PATH, SEED, SIZES
from deepstep.cli.runs import new_file
from deepstep.cli.screen import as_json, json_option, say
from deepstep.errors import spelled

FLAGS = {"layer_dims": "--net", "learning_rate": "--learning-rate"} | {
    name: f"--{name}" for name in ("students", "seed", "activation", "loss", "examples")
}


@click.command("worksheet")
@click.option("--net", type=SIZES, default="2-2-1", show_default=True, help="Sizes of the layers.")
@click.option("--students", type=int, default=30, show_default=True, help="Number of sheets.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="The same seed gives the same file.")
@click.option(
    "--activation",
    default="relu",
    show_default=True,
    help="Activation of the hidden layers: relu or identity.",
)
@click.option(
    "--loss", default="squared_error", show_default=True, help="squared_error (exact), or cross_entropy."
)
@click.option("--examples", type=int, default=2, show_default=True, help="Columns of X: 1, 2, 4 or 5.")
@click.option("--learning-rate", type=float, default=0.1, show_default=True, help="α of the update.")
@click.option(
    "-o", "--out", default="worksheet.html", show_default=True, type=PATH, help="The file for the printer."
)
@click.option("--key", type=PATH, help="Write the key to this file. Default: after the sheets.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@json_option
def worksheet_command(
    net: tuple[int, ...], out: Path, key: Path | None, overwrite: bool, json_wanted: bool, **options: Any
) -> None:
    """Print one-step exercises by hand with friendly numbers, and the key.

    Each student gets another sheet: a small network, examples, and empty boxes for every quantity from Z1 to
    the updated parameters. The result is one HTML file for paper of size A4.
    """
    from deepstep.course.worksheet import worksheets
    from deepstep.course.worksheet_page import worksheets_html
    from deepstep.report.page import write_report

    new_file(out, "-o", overwrite=overwrite)
    if key is not None:
        new_file(key, "--key", overwrite=overwrite, beside=[out])
    with spelled(lambda name: FLAGS.get(name, "")):
        sheets = worksheets(net, **options)
    if key is not None:
        write_report(key, worksheets_html(sheets, exercises=False))
    write_report(out, worksheets_html(sheets, key=key is None))
    if json_wanted:
        click.echo(as_json({"file": out, "key": key or out, "sheets": len(sheets)}))
    else:
        say(f"{len(sheets)} worksheets: written to {out}{'' if key is None else f', the key to {key}'}.")
