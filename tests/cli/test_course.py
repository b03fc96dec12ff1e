"""``deepstep course``: a file with holes, its check, and the list of chapters."""

import json
from pathlib import Path

import pytest

from deepstep.course import CHAPTERS, EXERCISES, starter


def solved(chapter: int) -> str:
    """The file of a chapter with the solutions in the place of the holes."""
    text = starter(chapter)
    for name in CHAPTERS[chapter].exercises:
        text = text.replace(EXERCISES[name].hole(), EXERCISES[name].solution)
    return text


def test_a_chapter_is_started_filled_and_checked(deepstep) -> None:
    begun = deepstep("course", "start", "5")
    assert begun.code == 0
    assert "Written: chapter_05.py (model_forward)" in begun.out
    empty = deepstep("course", "check", "5")
    assert (empty.code, empty.err) == (1, "")
    assert "The function is not written yet." in empty.out
    Path("chapter_05.py").write_text(solved(5), encoding="utf-8")
    good = deepstep("course", "check", 5, "--seed 9")
    assert (good.code, good.out) == (0, "model_forward: right\n1 of 1 right\n")


def test_a_mistake_is_named_in_text_and_json(deepstep) -> None:
    Path("mine.py").write_text(solved(9).replace("- learning_rate", "+ learning_rate"), encoding="utf-8")
    text = deepstep("course", "check", "9", "mine.py")
    assert text.code == 1
    assert "Mistake: the step is added.\n    Hint: The gradient points uphill: subtract." in text.out
    result = deepstep("course", "check", "9", "mine.py", "--json")
    assert result.code == 1
    record = json.loads(result.out)
    assert (record["chapter"], record["score"], record["out_of"]) == (9, 0.0, 1)
    assert record["exercises"][0]["mistakes"][0]["name"] == "the step is added"


def test_nothing_is_overwritten_without_overwrite(deepstep) -> None:
    Path("mine.py").write_text("precious", encoding="utf-8")
    refused = deepstep("course", "start", "3", "-o", "mine.py")
    assert refused.code == 2
    assert (
        "mine.py must be a new file, got one that exists. Use another name with -o, or --overwrite."
        in refused.err
    )
    assert Path("mine.py").read_text(encoding="utf-8") == "precious"
    forced = deepstep("course", "start", "3", "-o", "mine.py", "--overwrite", "--json")
    assert json.loads(forced.out)["exercises"] == list(CHAPTERS[3].exercises)
    assert "def initialize_he(layer_dims, rng):" in Path("mine.py").read_text(encoding="utf-8")


def test_the_list_shows_chapters_and_files(deepstep) -> None:
    deepstep("course", "start", "7")
    Path("chapter_05.py").write_text(solved(5), encoding="utf-8")
    Path("chapter_08.py").write_text("def (", encoding="utf-8")
    lines = deepstep("course", "list").out.splitlines()
    assert lines[4 * 2] == " 5  The L-layer forward pass [chapter_05.py: 1 of 1 written]"
    assert "chapter_07.py: 0 of 4 written" in lines[6 * 2]
    assert "chapter_08.py: not Python" in lines[7 * 2]
    chapters = json.loads(deepstep("course", "list", "--json").out)["chapters"]
    assert [chapter["chapter"] for chapter in chapters] == list(CHAPTERS)
    assert chapters[4]["written"] == ["model_forward"]


def test_a_hostile_file_beside_does_not_stop_the_list(deepstep) -> None:
    Path("chapter_04.py").write_bytes(b"x = " + b"-" * 900_000 + b"1")
    assert " [chapter_04.py: not Python]" in deepstep("course", "list").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("check", "5"),
            "chapter_05.py must be a Python file, got nothing there. Run deepstep course start 5.",
        ),
        (("start", "15"), "chapter must be a number from 1 to 14, got 15"),
        (("check", "0"), "chapter must be a number from 1 to 14, got 0"),
        (("check", "five"), "'five' is not a valid integer"),
        (("check", "5", "--seed", "-1"), "--seed"),
        (("begin",), "No such command 'begin'"),
    ],
    ids=["missing", "15", "0", "five", "seed", "command"],
)
def test_wrong_usage_is_one_sentence(arguments: tuple[str, ...], message: str, deepstep) -> None:
    result = deepstep("course", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("number", CHAPTERS)
def test_each_chapter_s_solution_passes(number: int, deepstep) -> None:
    Path(f"chapter_{number:02}.py").write_text(solved(number), encoding="utf-8")
    assert deepstep("course", "check", number).code == 0
