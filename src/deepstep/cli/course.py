"""``deepstep course``: the bug museum as one page."""

from pathlib import Path

import click

from deepstep.cli.option_types import PATH
from deepstep.cli.runs import refuse_file
from deepstep.cli.screen import as_json, json_option, say


@click.group("course")
def course_command() -> None:
    """Exercises and exhibits of the course."""


@course_command.command("museum")
@click.option("-o", "--out", type=PATH, default="museum.html", show_default=True, help="The HTML file.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@json_option
def museum_command(out: Path, overwrite: bool, json_wanted: bool) -> None:
    """Write the bug museum: classic mistakes of a training step, each with a switch.

    The page shows the first quantity that a mistake changes, the gradient check, the cost with and without
    the mistake, and the fix. It opens offline.
    """
    from deepstep.course.museum import document
    from deepstep.explorer import export_html

    refuse_file(out, "-o", overwrite=overwrite)
    page = document()
    size, exhibits = export_html(page, out), len(page["museum"]["exhibits"])
    if json_wanted:
        click.echo(as_json({"file": out, "bytes": size, "exhibits": exhibits}))
    else:
        say(f"Bug museum, {exhibits} exhibits: written to {out}, {size / 1000:.0f} kB.")
