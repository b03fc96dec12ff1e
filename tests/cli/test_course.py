"""``deepstep course``: a file with holes, its check, and the list of chapters."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from deepstep.course import CHAPTERS, EXERCISES, starter
from deepstep.course.bugs import draw_round

LESSON = Path(__file__).parents[2] / "docs" / "lessons" / "lost-1-over-m.md"


def solved(chapter: int) -> str:
    """The file of a chapter with the solutions in the place of the holes."""
    text = starter(chapter)
    for name in CHAPTERS[chapter].exercises:
        text = text.replace(EXERCISES[name].hole(), EXERCISES[name].solution)
    return text


WRONG = solved(9).replace("- learning_rate", "+ learning_rate")


def test_a_chapter_is_started_filled_checked_and_listed(deepstep) -> None:
    assert "Written: chapter_05.py (model_forward)" in deepstep("course", "start", "5").done().out
    assert deepstep.json("course", "start", "7")["exercises"] == list(CHAPTERS[7].exercises)
    empty = deepstep("course", "check", "5")
    assert (empty.code, empty.err, "The function is not written yet." in empty.out) == (1, "", True)
    Path("chapter_05.py").write_text(solved(5), encoding="utf-8")
    good = deepstep("course", "check", 5, "--seed 9")
    assert (good.code, good.out) == (0, "model_forward: right\n1 of 1 right\n")
    Path("chapter_08.py").write_bytes(b"x = " + b"-" * 900_000 + b"1")
    lines = deepstep("course", "list").out.splitlines()
    assert lines[4 * 2] == " 5  The L-layer forward pass [chapter_05.py: 1 of 1 written]"
    assert "chapter_07.py: 0 of 4 written" in lines[6 * 2]
    assert "chapter_08.py: not Python" in lines[7 * 2]
    chapters = deepstep.json("course", "list")["chapters"]
    assert [chapter["chapter"] for chapter in chapters] == list(CHAPTERS)
    assert chapters[4]["written"] == ["model_forward"]


def test_a_mistake_is_named_in_text_and_json(deepstep) -> None:
    Path("mine.py").write_text(WRONG, encoding="utf-8")
    text = deepstep("course", "check", "9", "mine.py").out
    assert "Mistake: the step is added.\n    Hint: The gradient points uphill: subtract." in text
    result = deepstep("course", "check", "9", "mine.py", "--json")
    record = json.loads(result.out)
    assert (result.code, record["chapter"], record["score"], record["out_of"]) == (1, 9, 0.0, 1)
    assert record["exercises"][0]["mistakes"][0]["name"] == "the step is added"


@pytest.mark.slow
def test_the_report_of_a_class_in_the_terminal_as_json_and_as_files(deepstep) -> None:
    Path("class").mkdir()
    Path("class/Ada.py").write_text(solved(9), encoding="utf-8")
    Path("class/Bob\x1b[31m.py").write_text(WRONG, encoding="utf-8")
    text = deepstep("course", "report", "class").done().out
    assert ("\x1b" in text, "1   update_parameters: the step is added   Bob" in text) == (False, True)
    record = deepstep.json("course", "report", "class", "-o", "r.csv")
    assert record["learners"]["Ada"] == {"update_parameters": {"state": "right", "text": ""}}
    assert record["right"] == {"update_parameters": 1}
    assert Path("r.csv").read_text().startswith("learner,right,update_parameters\nAda,1,right\n")
    deepstep("course", "report", "class", "-o", "r.pdf").refused("--out must be a file that ends in .csv")


def test_a_lesson_is_written_as_a_page_and_as_a_package(deepstep) -> None:
    shutil.copy(LESSON, "lesson.md")
    printed = deepstep("lesson", "build", "lesson.md").done().out
    record = deepstep.json("lesson", "build", "lesson.md", "--scorm")
    assert printed.startswith("Written: lesson.html (")
    assert f"scenes: {record['scenes']}, questions: {record['questions']})" in printed
    assert (record["written"], record["bytes"]) == ("lesson.zip", Path("lesson.zip").stat().st_size)


@pytest.fixture
def played(deepstep, monkeypatch):
    """A game of Find the bug with what is typed; at its end the terminal is closed."""

    def play(*typed: str, terminal: bool = True):
        stdin = io.StringIO("".join(f"{line}\n" for line in typed))
        stdin.isatty = lambda: terminal
        monkeypatch.setattr("sys.stdin", stdin)
        return deepstep("course", "bugs", "--seed 59")

    return play


def test_a_bug_is_found_by_its_numbers_and_hints_cost(played, deepstep) -> None:
    game, second = draw_round(59), draw_round(60)
    number = game.choices.index(game.mistake.exhibit.title) + 1
    wrong = number % len(game.choices) + 1
    right_name = next(line.name for line in game.steps if game.is_right(line.name))
    first_game = (game.first, f"point {right_name}", f"point {game.first}", wrong, number, "y")
    hints = (f"compute {second.first}", "part", "check", "what", "answer", "n")
    result = played("W2'", *first_game, *hints)
    assert (result.code, result.err) == (0, "")
    for name in (game.first, *game.operands(game.first)):
        text = np.array2string(game.outcome.quantities[name], precision=4, max_line_width=76).split("\n")
        assert all(line.strip() in result.out for line in text)
    for part in (
        "It should be: W2 = W2 - learning_rate * dW2",  # of the update, typed with an apostrophe
        f"{right_name} is right: look further on.",
        "That is not the mistake.",
        "Points so far: 6 of 10.",
        "network 60",
        *(f"[{points} points]" for points in (10, 9, 7, 5)),
        f"The mistake is in this part: {second.line(second.first).phase}.",
        "A quantity is one of Z1, A1, ",
        "Points so far: 6 of 20.",  # none for a game whose answer was asked for
    ):
        assert part in result.out
    record = deepstep.json("course", "bugs", "--seed 59")
    assert (record["first"], record["mistake"]) == (game.first, game.mistake.exhibit.title)
    assert record["quantities"][game.first] == game.outcome.quantities[game.first].tolist()


def test_the_game_ends_by_ctrl_c_and_needs_a_terminal(played, monkeypatch) -> None:
    result = played("quit", terminal=False)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Error: stdin must be a terminal to type answers in, got a pipe or a file.")

    def interrupted(_prompt: str = "") -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    result = played()
    assert (result.code, result.err) == (130, "Ended. Points: 0 of 0.\n")
