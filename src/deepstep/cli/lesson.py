"""``deepstep lesson``: lessons that a teacher writes, as one page or as a package for a learning platform."""

from pathlib import Path

import click

from deepstep.cli.option_types import PATH
from deepstep.cli.runs import new_file
from deepstep.cli.screen import as_json, json_option, say
from deepstep.data.files import atomic_write, check_file


@click.group("lesson", short_help="Build a lesson of scenes and questions from Markdown.")
def lesson_command() -> None:
    """Lessons that a teacher writes."""


@lesson_command.command("build")
@click.argument("source", type=PATH, metavar="LESSON.md")
@click.option("-o", "--out", type=PATH, help="The file. Default: LESSON.html, or LESSON.zip with --scorm.")
@click.option("--scorm", is_flag=True, help="Write a SCORM 1.2 package (zip) for a learning platform.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@json_option
def build_command(source: Path, out: Path | None, scorm: bool, overwrite: bool, json_wanted: bool) -> None:
    """Build a lesson from a Markdown file.

    The lesson is one HTML file that opens offline: the text of each scene beside the explorer, questions
    with a revealed answer, and a score. With --scorm the file is a package that reports the score to a
    learning platform. docs/teaching.md describes the format.
    """
    from deepstep.course.lesson import build, html_page
    from deepstep.course.scorm import package

    check_file(source, "a lesson")
    out = source.with_suffix(".zip" if scorm else ".html") if out is None else out
    new_file(out, "-o", overwrite=overwrite, beside=(source,))
    document = build(source)
    content = package(document) if scorm else html_page(document).encode()
    with atomic_write(out) as file:
        file.write(content)
    scenes, questions = len(document["scenes"]), sum("question" in scene for scene in document["scenes"])
    if json_wanted:
        record = {"lesson": source, "title": document["title"], "scenes": scenes, "questions": questions}
        click.echo(as_json({**record, "written": out, "scorm": scorm, "bytes": len(content)}))
        return
    say(f"Written: {out} ({len(content) / 1000:.0f} kB, scenes: {scenes}, questions: {questions})")
