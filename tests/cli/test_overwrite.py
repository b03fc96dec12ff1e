"""Files and folders that exist: what others put there stays and is named; ours are replaced on request."""

import shutil
from pathlib import Path

import pytest

from deepstep.data.files import discard, held
from test_overwriting import content, put

PLAIN = ("--target kind --model network --epochs 3 --hidden-layers 4",)
TABLE = ("--target kind --set n_estimators=2",)
LESSON = Path(__file__).parents[2] / "docs" / "lessons" / "lost-1-over-m.md"


def test_a_run_to_which_something_was_added_stays_and_others_are_replaced(
    deepstep, flowers, flower_run, tmp_path
):
    """All that is kept and all that is replaced is in ``tests/test_overwriting.py``."""
    shutil.copytree(flower_run, tmp_path / "r")
    put(tmp_path / "r" / "answers.csv", "years of work")
    before = content(tmp_path)
    result = deepstep("train", flowers, *PLAIN, "--out r --overwrite")
    result.refused("nly an empty folder, a run or a model of DeepStep is", "'answers.csv'")
    assert content(tmp_path) == before
    Path("r/answers.csv").unlink()
    for typed in (TABLE, PLAIN):
        assert deepstep("train", flowers, *typed, "--out r --overwrite").code == 0
        assert deepstep("predict", "r", flowers).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_training_of_another_process_or_with_more_in_it_stays(interrupted, deepstep, flowers, tmp_path):
    typed = ["train", flowers, *PLAIN, "--out r"]
    assert interrupted(*typed, epoch=1).code == 130
    begun = tmp_path / "r.unfinished"
    before = content(tmp_path)
    for words in (typed, [*typed, "--overwrite"], ["train", "--resume", "r"]):
        with held(begun / "training.json", "r"):
            deepstep(*words).refused("another process")
        assert content(tmp_path) == before
    put(begun / "refit/notes.txt", "years of work")
    before = content(tmp_path)
    result = deepstep(*typed, "--overwrite")
    result.refused("r.unfinished is not replaced: there is something in it", "'refit/notes.txt'. Move it.")
    discard(begun)
    assert content(tmp_path) == before
    assert deepstep("train", "--resume", "r").code == 0
    assert (tmp_path / "r/refit/notes.txt").read_text() == "years of work"


WRITERS = {
    "export": ("export", "RUN", "-o", "m.c"),
    "predict": ("predict", "RUN", "TABLE", "--output", "p.csv"),
    "report": ("report", "RUN", "-o", "r.html"),
    "explore": ("explore", "RUN", "--export", "e.html"),
    "lesson": ("lesson", "build", "LESSON", "-o", "l.html"),
    "worksheet": ("worksheet", "--students", "1", "-o", "w.html"),
    "its key": ("worksheet", "--students", "1", "--key", "k.html"),
    "start": ("course", "start", "1", "-o", "c.py"),
    "museum": ("course", "museum", "-o", "m.html"),
    "class": ("course", "report", "CLASS", "-o", "m.csv"),
}
COURSE = ("lesson.build", "museum.document", "class_report.check_class", "worksheet.worksheets")
WORK = ("deepstep.run.Run.load", *(f"deepstep.course.{name}" for name in COURSE))
"""Nothing of it has begun before a file is refused."""


@pytest.mark.slow
@pytest.mark.parametrize("command", WRITERS.values(), ids=WRITERS)
def test_a_file_in_a_new_folder_one_that_exists_and_where_none_can_be_written(
    deepstep, flower_run, flowers, tmp_path, monkeypatch, command
):
    shutil.copy(LESSON, tmp_path / "lesson.md")
    put(tmp_path / "file")
    put(tmp_path / "class" / "Ada.py", "def relu(Z):\n    raise NotImplementedError\n")
    names = {"RUN": flower_run, "TABLE": flowers, "LESSON": "lesson.md", "CLASS": "class"}
    *words, name = (names.get(word, word) for word in command)
    new = Path("new", "folder", name)
    assert deepstep(*words, new).code == 0
    put(new, "mine")
    assert deepstep(*words, new, "--overwrite").code == 0
    assert new.read_bytes() != b"mine"
    for path in tmp_path.glob("*.html"):  # the sheets beside a key
        path.unlink()

    def work(*_, **__):
        raise AssertionError("the work has begun")

    for target in WORK:
        monkeypatch.setattr(target, work)
    (tmp_path / "taken").mkdir()
    before = content(tmp_path)
    for place, problem in {
        new: "exists already",
        Path("file", "folder", name): "file cannot be made as a folder (File exists)",
        Path("new", "n" * 300): "File name too long",
        Path("taken"): "taken is a folder",
    }.items():
        deepstep(*words, place).refused(problem)
        assert content(tmp_path) == before
