"""``deepstep course``: the chapters, a file with the functions of one and its check, the bug museum."""

from pathlib import Path
from typing import Any

import click

from deepstep.cli.option_types import PATH
from deepstep.cli.runs import new_file
from deepstep.cli.screen import FAILED, GOOD, as_json, json_option, say
from deepstep.course.chapters import CHAPTERS, find_chapter, starter
from deepstep.data import atomic_write


@click.group("course")
def course_command() -> None:
    """Work through the course: 14 chapters with functions to write.

    Begin with "deepstep course start 1", and check the file with "deepstep course check 1". Each command has
    the option --json.
    """


def _file_of(chapter: int) -> Path:
    find_chapter(chapter)
    return Path(f"chapter_{chapter:02}.py")


@course_command.command("list")
@json_option
def list_command(json_wanted: bool) -> None:
    """List the chapters, their functions, and the files in this folder."""
    from deepstep.course.grader import written

    chapters: list[dict[str, Any]] = [
        {
            "chapter": number,
            "title": chapter.title,
            "exercises": list(chapter.exercises),
            "file": str(_file_of(number)) if _file_of(number).is_file() else None,
            "written": written(_file_of(number), chapter) if _file_of(number).is_file() else [],
        }
        for number, chapter in CHAPTERS.items()
    ]
    if json_wanted:
        click.echo(as_json({"chapters": chapters}))
        return
    for one in chapters:
        say(f"{one['chapter']:>2}  {one['title']}{_state(**one)}")
        say(f"    {', '.join(one['exercises'])}")


def _state(file: str | None, written: list[str] | None, exercises: list[str], **_: Any) -> str:
    if file is None:
        return ""
    return f" [{file}: {'not Python' if written is None else f'{len(written)} of {len(exercises)} written'}]"


@course_command.command("start")
@click.argument("chapter", type=int)
@click.option("-o", "--out", type=PATH, help="The file. Default: chapter_07.py for chapter 7.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@json_option
def start_command(chapter: int, out: Path | None, overwrite: bool, json_wanted: bool) -> None:
    """Write a Python file with the functions of a chapter, to be filled in."""
    path = out or _file_of(chapter)
    text = starter(chapter)
    new_file(path, "-o", overwrite=overwrite)
    with atomic_write(path) as file:
        file.write(text.encode())
    names = find_chapter(chapter).exercises
    if json_wanted:
        click.echo(as_json({"file": str(path), "chapter": chapter, "exercises": list(names)}))
        return
    say(f"Written: {path} ({', '.join(names)})")
    other = "" if out is None else f" {path}"
    say(f"Fill in the functions, then type: deepstep course check {chapter}{other}")


@course_command.command("check")
@click.argument("chapter", type=int)
@click.argument("file", type=PATH, required=False)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Seed of the hidden cases. Default: 1.")
@json_option
def check_command(chapter: int, file: Path | None, seed: int | None, json_wanted: bool) -> int:
    """Check the file of a chapter, and name the mistakes.

    FILE is chapter_07.py for chapter 7 by default. Exit code 1 means that a function is wrong. The
    environment variable DEEPSTEP_COURSE_SEED sets the seed too. Each function runs in a process of its own
    with limits of time and memory, which is no protection against hostile files.
    """
    from deepstep.course.grader import check_file

    grade = check_file(file or _file_of(chapter), chapter, seed=seed)
    if json_wanted:
        click.echo(as_json({"chapter": chapter, **grade.to_dict()}))
    else:
        say(str(grade), lines=True)
    return GOOD if grade.score == 1 else FAILED


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

    new_file(out, "-o", overwrite=overwrite)
    page = document()
    size, exhibits = export_html(page, out), len(page["museum"]["exhibits"])
    if json_wanted:
        click.echo(as_json({"file": out, "bytes": size, "exhibits": exhibits}))
    else:
        say(f"Bug museum, {exhibits} exhibits: written to {out}, {size / 1000:.0f} kB.")
