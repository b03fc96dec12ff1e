"""``deepstep course``: the chapters, a file with the functions of one and its check, the bugs."""

import sys
from itertools import groupby
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from deepstep.cli.option_types import PATH
from deepstep.cli.runs import new_file
from deepstep.cli.screen import FAILED, GOOD, as_json, json_option, say
from deepstep.course.chapters import CHAPTERS, find_chapter, starter
from deepstep.data import atomic_write
from deepstep.errors import ConfigurationError

if TYPE_CHECKING:
    from deepstep.course.bugs import Round


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


BUGS_HELP = """\
  dW2           the numbers of a quantity, and those that it is computed from; any name of the list
  point dW2     this is the first wrong quantity (a wrong one costs {point} points)
  compute dW2   its right line, computed from the numbers of the program (-{compute})
  part          the part of the step with the mistake (-{part})
  check         the gradient check (-{check})
  answer        show the answer (no points)
  quit          end the game"""


VERDICTS = {"good": "agrees", "wrong": "differs", "shape": "has another shape", "nan": "is NaN"}


@course_command.command("bugs")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), help="Number of the first network. Default: random."
)
def bugs_command(seed: int | None) -> None:
    """Find the bug: a training step in numbers, with a hidden mistake.

    Each round has a new network. Point at the first wrong quantity, and then choose what is wrong with it.
    The same game is in the page that "deepstep course museum" writes.
    """
    from secrets import randbelow

    if sys.stdin is None or not sys.stdin.isatty():
        hint = "Type the command in a terminal, or open the page of deepstep course museum."
        got = "got a pipe or a file"
        raise ConfigurationError("stdin", "a terminal to type answers in", got, hint, setting="stdin")
    points, seed = list[int](), randbelow(10_000) if seed is None else seed
    try:
        while True:
            points.append(_play(seed))
            say(f"Points so far: {sum(points)} of {10 * len(points)}.\n", lines=True)
            if not click.confirm("Another network?", default=True):
                return
            seed += 1
    except click.Abort:
        click.echo()
        raise KeyboardInterrupt(f"Ended. Points: {sum(points)} of {10 * len(points)}.") from None


def _play(seed: int) -> int:
    """A round; its points."""
    from deepstep.course.bugs import POINTS, PRICES, draw_round

    game = draw_round(seed)
    say(_opening(game), lines=True)
    say(BUGS_HELP.format(**PRICES), lines=True)
    left, names = POINTS, [line.name for line in game.steps]
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
            say(", ".join(f"{of} {VERDICTS[verdict]}" for of, verdict in game.verdicts().items()))
        elif name not in names or word not in (name, "point", "compute"):
            say(f"A quantity is one of {', '.join(names)}.\n{BUGS_HELP.format(**PRICES)}", lines=True)
            continue
        elif word == "compute":
            say(_numbers(f"right line: {game.line(name).code}", game.recomputed(name)), lines=True)
        elif word != "point":
            say(_shown(game, name), lines=True)
            continue
        elif name == game.first:
            break
        else:
            right = (
                "is right: look further on" if game.is_right(name) else "is wrong after an earlier quantity"
            )
            say(f"{name} {right}.")
        left -= PRICES[word]
    say(f"Yes: {game.first} is the first wrong quantity. What is wrong with it?")
    for number, title in enumerate(game.choices, 1):
        say(f"  {number}  {title}")
    while True:
        chosen = click.prompt("Number", type=click.IntRange(1, len(game.choices)))
        if game.choices[chosen - 1] == game.mistake.exhibit.title:
            break
        say("That is not the mistake.")
        left -= PRICES["choice"]
    say(f"Right. {_solution(game)}", lines=True)
    return max(0, left)


def _numbers(title: str, value: Any) -> str:
    """A matrix below its title and shape."""
    text = np.array2string(value, precision=4, max_line_width=76)
    return f"{title}, shape {value.shape}\n{indent(text, '    ')}"


def _shown(game: "Round", name: str) -> str:
    values = game.outcome.quantities
    parts = [f"It should be: {game.line(name).code}", _numbers(f"  {name} of the program", values[name])]
    return "\n".join(parts + [_numbers(f"  {of}", values[of]) for of in game.operands(name)])


def _opening(game: "Round") -> str:
    """The task, the right program, and both trainings."""
    values, costs = game.outcome.quantities, (game.expected.costs, game.outcome.costs)
    dims = [values["A0"].shape[0], *(values[f"b{layer}"].shape[0] for layer in (1, 2, 3))]
    phases = {
        phase: [line.code for line in lines] for phase, lines in groupby(game.steps, lambda line: line.phase)
    }
    right, wrong = (f"J goes from {each[0]:.4g} to {each[-1]:.4g} in {len(each)} updates" for each in costs)
    stopped = f", then NumPy stops: {game.outcome.stopped}" if game.outcome.stopped else ""
    return "\n".join(
        (
            f"Find the bug, network {game.seed} ({'-'.join(map(str, dims))}, {int(values['m'])} examples)",
            "One line of this step has a mistake, in one layer. These are the right lines:",
            *(f"  {phase}\n{indent(chr(10).join(codes), '    ')}" for phase, codes in phases.items()),
            f"Without the mistake {right}.",
            f"With it {wrong}{stopped}.",
            "Point at the first quantity that does not follow from its line.",
        )
    )


def _solution(game: "Round") -> str:
    """The mistake, why it is one, and the fix."""
    exhibit = game.mistake.exhibit
    fix = (f"  - {line.code}\n  + {game.line(name).code}" for name, line in game.mistake.lines.items())
    return "\n".join((f"{exhibit.title}, first in {game.first}. {exhibit.why}", *fix))
