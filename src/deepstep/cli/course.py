"""``deepstep course``: the chapters, a file with the functions of one and its check, the bugs."""

import secrets
import sys
from itertools import starmap
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from deepstep.cli.open_runs import new_file
from deepstep.cli.option_types import PATH
from deepstep.cli.screen import FAILED, GOOD, as_json, console, harmless, json_option, print_table, say
from deepstep.course.chapters import CHAPTERS, find_chapter, starter
from deepstep.data.files import atomic_write, check_file
from deepstep.errors import ConfigurationError
from deepstep.training.progress import Meter
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.course.bugs import Round
    from deepstep.course.class_report import ClassReport


from deepstep.cli.option_types import SEED, SIZES
from deepstep.errors import spelled


@click.group("course")
def course_command() -> None:
    """Write the functions of the 14 chapters of the course.

    Begin with "deepstep course start 1", fill in the file, and check it with "deepstep course check 1". Each
    command has --json.
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
    for record in chapters:
        say(f"{record['chapter']:>2}  {record['title']}{_state(**record)}")
        say(f"    {', '.join(record['exercises'])}")


def _state(file: str | None, written: list[str] | None, exercises: list[str], **_: Any) -> str:
    if file is None:
        return ""
    return f" [{file}: {'not Python' if written is None else f'{len(written)} of {len(exercises)} written'}]"


@course_command.command("start")
@click.argument("chapter", type=int)
@click.option("-o", "--out", type=PATH, help="Default: chapter_07.py for chapter 7.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@json_option
def start_command(chapter: int, out: Path | None, overwrite: bool, json_wanted: bool) -> None:
    """Write a Python file with the functions of a chapter to fill in."""
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
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    help="Seed of the hidden cases. Default: DEEPSTEP_COURSE_SEED, or 1.",
)
@json_option
def check_command(chapter: int, file: Path | None, seed: int | None, json_wanted: bool) -> int:
    """Check the file of a chapter, and name the mistakes.

    Default FILE: chapter_07.py for chapter 7. Exit code 1: a function is wrong. Each function runs in a
    process with limits of time and memory, no protection against hostile files.
    """
    from deepstep.course.grader import check_file

    grade = check_file(file or _file_of(chapter), chapter, seed=seed)
    if json_wanted:
        click.echo(as_json({"chapter": chapter, **grade.to_dict()}))
    else:
        say(str(grade), lines=True)
    return GOOD if grade.score == 1 else FAILED


@course_command.command("report")
@click.argument("folder", type=PATH)
@click.option("-o", "--out", type=PATH, help="File that ends in .csv or .html.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@json_option
def report_command(folder: Path, out: Path | None, overwrite: bool, json_wanted: bool) -> None:
    """Check a class: exercise by learner, with the mistakes named.

    FOLDER has a file (.py or .ipynb) or a folder of files for each learner, of any chapters. Functions run as
    in "deepstep course check". What cannot be read or run is named.
    """
    from deepstep.course.class_report import check_class

    if out is not None:
        new_file(out, "-o", overwrite=overwrite, beside=(folder,))
        if out.suffix.lower() not in (".csv", ".html"):
            raise ConfigurationError.must_be("--out", "a file that ends in .csv or .html", str(out))
    meter = Meter("check", unit="functions")
    meter.begin(None)
    try:
        report = check_class(folder, lambda done, total, name: meter.move(done, harmless(name), total))
    finally:
        meter.end()
    if out is not None:
        text = report.to_csv() if out.suffix.lower() == ".csv" else report.to_html(folder.resolve().name)
        with atomic_write(out) as file:
            file.write(text.encode())
    if json_wanted:
        click.echo(as_json({"folder": folder, "report": out, **report.to_dict()}))
    elif out is not None:
        say(f"{report.summary()}\nWritten: {out} ({len(text.encode()) / 1000:.0f} kB)", lines=True)
    else:
        _print_class(report)


def _print_class(report: "ClassReport") -> None:
    """The marks of each learner by chapter, how many are right, and the mistakes with their learners."""
    from deepstep.course.class_report import MARKS
    from deepstep.course.exercise import EXERCISES

    screen = console()
    chapters = [EXERCISES[name].chapter for name in report.exercises]
    say(f"A mark for each exercise: {', '.join(f'{mark} {state}' for state, mark in MARKS.items())}.")
    rows = []
    for learner, right, *cells in report.table()[: len(report.rows)]:
        marks = dict.fromkeys(chapters, "")
        for chapter, cell in zip(chapters, cells, strict=True):
            marks[chapter] += MARKS[cell.state]
        rows.append((learner, *marks.values(), f"{right}/{len(cells)}"))
    head = ("learner", *(f"ch. {number}" for number in dict.fromkeys(chapters)), "right")
    print_table(screen, head, rows, left=len(head) - 1)
    right = zip(chapters, report.exercises, report.right(), strict=True)
    counts = [(f"{chapter}", name, f"{count}/{len(rows)}") for chapter, name, count in right]
    print_table(screen, ("ch.", "exercise", "right"), counts, left=2)
    mistakes = [
        (f"{len(names)}", f"{place}: {text}", ", ".join(names)) for place, text, names in report.mistakes()
    ]
    print_table(screen, ("", "mistake, the most frequent first", "learners"), mistakes, left=3)
    say(report.summary())


@course_command.command("museum")
@click.option("-o", "--out", type=PATH, default="museum.html", show_default=True, help="HTML file.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@json_option
def museum_command(out: Path, overwrite: bool, json_wanted: bool) -> None:
    """Write the bug museum: mistakes of a training step, with switches.

    The page opens offline and shows the first quantity that a mistake changes, the gradient check, the cost
    with and without it, and the fix.
    """
    from deepstep.course.museum import document
    from deepstep.explorer import export_html

    new_file(out, "-o", overwrite=overwrite)
    page = document()
    size = export_html(page, out)
    exhibits = len(page["museum"]["exhibits"])
    if json_wanted:
        click.echo(as_json({"file": out, "bytes": size, "exhibits": exhibits}))
    else:
        say(f"Bug museum, {exhibits} exhibits: written to {out}, {size / 1000:.0f} kB.")


BUGS_HELP = """\
Type the name of a quantity to see its numbers, and those that it is made of;
point NAME for the first wrong quantity (-2 if it is another); or a hint: compute NAME
(-1, its right line), part (-2), check (-2, the gradient check), answer (no points), quit."""
VERDICTS = {"good": "agrees", "wrong": "differs", "shape": "has another shape", "nan": "is NaN"}


@course_command.command("bugs")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Number of the network. Default: random.")
@json_option
def bugs_command(seed: int | None, json_wanted: bool) -> None:
    """Find the bug: a training step in numbers, with a hidden mistake.

    Each round has a new network. Point at the first wrong quantity, then choose what is wrong with it.
    "deepstep course museum" has the same game. --json asks nothing: it prints the network, its numbers and
    the answer.
    """
    from deepstep.course.bugs import POINTS, draw_round

    seed = secrets.randbelow(10_000) if seed is None else seed
    points = list[int]()
    if json_wanted:
        click.echo(as_json(draw_round(seed).to_dict()))
        return
    if sys.stdin is None or not sys.stdin.isatty():
        hint = "Type the command in a terminal, or open the page of deepstep course museum."
        requirement = "a terminal to type answers in"
        raise ConfigurationError.must_be("stdin", requirement, "a pipe or a file", hint)
    try:
        while not points or click.confirm("Another network?", default=True):
            points.append(_play(draw_round(seed + len(points))))
            say(f"Points so far: {sum(points)} of {POINTS * len(points)}.")
    except click.Abort:
        click.echo()
        raise KeyboardInterrupt(f"Ended. Points: {sum(points)} of {POINTS * len(points)}.") from None


def _play(game: "Round") -> int:
    """A round; its points."""
    from deepstep.course.bugs import POINTS, PRICES

    say(f"{_opening(game)}\n{BUGS_HELP}", lines=True)
    left = POINTS
    names = [line.name for line in game.steps]
    while True:
        typed = click.prompt(f"[{max(0, left)} points]", prompt_suffix=" > ").replace("'", "′").split()
        word, name = (typed[0], typed[-1]) if typed else ("", "")
        if typed == ["quit"]:
            raise click.Abort
        if typed == ["answer"]:
            say(_solution(game), lines=True)
            return 0
        if typed == ["part"]:
            say(f"The mistake is in this part: {game.line(game.first).phase}.")
        elif typed == ["check"]:
            verdicts = game.verdicts().items()
            say(", ".join(f"{gradient} {VERDICTS[verdict]}" for gradient, verdict in verdicts))
        elif name not in names or word not in (name, "point", "compute"):
            say(f"A quantity is one of {', '.join(names)}.\n{BUGS_HELP}", lines=True)
        elif word == "compute":
            say(_numbers(game.line(name).code, game.recomputed(name)), lines=True)
        elif word == name:
            values = {f"{name} of the program": game.outcome.quantities[name]}
            values |= {operand: game.outcome.quantities[operand] for operand in game.operands(name)}
            say(
                "\n".join((f"It should be: {game.line(name).code}", *starmap(_numbers, values.items()))),
                lines=True,
            )
        elif name == game.first:
            break
        elif game.is_right(name):
            say(f"{name} is right: look further on.")
        else:
            say(f"{name} is wrong only because an earlier quantity is.")
        left -= PRICES.get(word, 0)
    titles = "\n".join(f"  {number}  {title}" for number, title in enumerate(game.choices, 1))
    say(f"Yes: {game.first} is the first wrong quantity. What is wrong with it?\n{titles}", lines=True)
    number = click.IntRange(1, len(game.choices))
    while game.choices[click.prompt("Number", type=number) - 1] != game.mistake.exhibit.title:
        say("That is not the mistake.")
        left -= PRICES["choice"]
    say(f"Right. {_solution(game)}", lines=True)
    return max(0, left)


def _numbers(title: str, value: Array) -> str:
    """A matrix below its title and shape."""
    text = np.array2string(value, precision=4, max_line_width=76)
    return f"  {title}, shape {value.shape}\n{indent(text, '    ')}"


def _opening(game: "Round") -> str:
    """The task, the right program, and both trainings."""
    lines = "\n".join(f"  {line.phase:9} {line.code}" for line in game.steps)
    costs = (game.expected.costs, game.outcome.costs)
    right, wrong = (f"J goes from {J[0]:.4g} to {J[-1]:.4g} in {len(J)} updates" for J in costs)
    stopped = f", then NumPy stops: {game.outcome.stopped}" if game.outcome.stopped else ""
    return f"""\
Find the bug, network {game.seed} ({game.outcome.quantities["m"]:.0f} examples, learning rate 1)
One line of this step has a mistake, in one layer. These are the right lines:
{lines}
Without the mistake {right}.
With it {wrong}{stopped}.
Point at the first quantity that does not follow from its line."""


def _solution(game: "Round") -> str:
    """The mistake, why it is one, and the fix."""
    exhibit = game.mistake.exhibit
    fix = (f"  - {line.code}\n  + {game.line(name).code}" for name, line in game.mistake.lines.items())
    return "\n".join((f"{exhibit.title}, first in {game.first}. {exhibit.why}", *fix))


@click.group("lesson", short_help="Build a lesson of scenes and questions from Markdown.")
def lesson_command() -> None:
    """Build lessons that a teacher writes."""


@lesson_command.command("build")
@click.argument("source", type=PATH, metavar="LESSON.md")
@click.option("-o", "--out", type=PATH, help="Default: LESSON.html, or LESSON.zip with --scorm.")
@click.option(
    "--scorm", is_flag=True, help="Write a SCORM 1.2 package, which reports the score to a learning platform."
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@json_option
def build_command(source: Path, out: Path | None, scorm: bool, overwrite: bool, json_wanted: bool) -> None:
    """Build a lesson from a Markdown file.

    The lesson is one HTML file that opens offline: the text of each scene beside the explorer, questions
    with revealed answers, and a score. docs/teaching.md describes the format.
    """
    from deepstep.course.lesson import build, html_page, package

    check_file(source, "a lesson")
    if out is None:
        out = source.with_suffix(".zip" if scorm else ".html")
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


FLAGS = {"layer_dims": "--net", "learning_rate": "--learning-rate"} | {
    name: f"--{name}" for name in ("students", "seed", "activation", "loss", "examples")
}


@click.command("worksheet")
@click.option("--net", type=SIZES, default="2-2-1", show_default=True, help="Units of each layer.")
@click.option("--students", type=int, default=30, show_default=True, help="Number of sheets.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="The same seed gives the same file.")
@click.option(
    "--activation",
    default="relu",
    show_default=True,
    help="relu or identity, in hidden layers.",
)
@click.option(
    "--loss", default="squared_error", show_default=True, help="squared_error (exact) or cross_entropy."
)
@click.option("--examples", type=int, default=2, show_default=True, help="1, 2, 4 or 5.")
@click.option("--learning-rate", type=float, default=0.1, show_default=True, help="α of the update.")
@click.option(
    "-o", "--out", default="worksheet.html", show_default=True, type=PATH, help="HTML file for A4 paper."
)
@click.option("--key", type=PATH, help="File of the key. Default: after the sheets.")
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@json_option
def worksheet_command(
    net: tuple[int, ...], out: Path, key: Path | None, overwrite: bool, json_wanted: bool, **options: Any
) -> None:
    """Print exercises of one step by hand, and the key.

    Each student gets another sheet: a small network with friendly numbers, examples, and empty boxes for
    every quantity from Z1 to the updated parameters.
    """
    from deepstep.course.worksheet import worksheets, worksheets_html
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
