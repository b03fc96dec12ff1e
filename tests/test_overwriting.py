"""``overwrite=True`` replaces runs of DeepStep, damaged ones too, and nothing else."""

import os
from pathlib import Path

import pytest

from deepstep.data import atomic_directory
from deepstep.data.own_folders import sealed
from deepstep.errors import FileError

OF_A_MODEL = ("arrays.safetensors", "history.jsonl")
OF_A_RUN = (*OF_A_MODEL, "run.json", "rows.safetensors")
MEMBER = "member-011-2"
OF_A_TRAINING = (
    "training.json",
    "checkpoint-000000000123.safetensors",
    "refit/checkpoint-000000000003.safetensors",
    "history.csv",
    "history-refit.csv",
    ".deepstep-tmp-0123456789ab",
    f"{MEMBER}/model.json",
    f"{MEMBER}/arrays.safetensors",
    f"{MEMBER}/history.jsonl",
)
"""What a training that was killed at its very end may leave in its run."""


def put(path: Path, text: str = "some text") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run_of(folder: Path, names=OF_A_RUN) -> Path:
    """A folder with the files of a run; only ``model.json`` has to be one."""
    folder.mkdir()
    for name in names:
        put(folder / name)
    put(folder / "model.json", sealed({"format": "deepstep", "version": 1, "model": "binary"}))
    return folder


OF_DESKTOPS = (".DS_Store", f"{MEMBER}/.DS_Store", f"{MEMBER}/Thumbs.db", "desktop.ini")
"""What macOS and Windows put into a folder when somebody looks into it."""


def altered(run: Path) -> None:
    text = (run / "model.json").read_text()
    (run / "model.json").write_text(text.replace("binary", "multiclass"))


def content(folder: Path) -> dict[str, object]:
    """All that is in a folder, links as what they point to."""
    found: dict[str, object] = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            link = path.is_symlink()
            found[str(path)] = os.readlink(path) if link else path.read_bytes() if path.is_file() else None
    return found


def replace(path: Path) -> None:
    with atomic_directory(path, overwrite=True) as folder:
        put(folder / "new")


class TestReplaced:
    @pytest.mark.parametrize(
        "make",
        [
            run_of,
            lambda path: run_of(path, OF_A_MODEL),
            lambda path: [put(run / name) for run in [run_of(path)] for name in OF_A_TRAINING],
            lambda path: [put(run / name) for run in [run_of(path)] for name in OF_DESKTOPS],
            lambda path: os.truncate(run_of(path) / "arrays.safetensors", 3),
            lambda path: (run_of(path) / "history.jsonl").unlink(),
            lambda path: run_of(path, ()),
            lambda path: path.mkdir(),
        ],
        ids=[
            "a run",
            "a model",
            "killed",
            "seen",
            "truncated",
            "a file is missing",
            "the record alone",
            "empty",
        ],
    )
    def test_a_run_of_any_kind(self, tmp_path, make):
        make(tmp_path / "run")
        replace(tmp_path / "run")
        assert content(tmp_path) == {
            str(tmp_path / "run"): None,
            str(tmp_path / "run" / "new"): b"some text",
        }

    def test_a_link_to_a_run_stays_a_link(self, tmp_path):
        run_of(tmp_path / "run")
        (tmp_path / "latest").symlink_to("run")
        replace(tmp_path / "latest")
        assert os.readlink(tmp_path / "latest") == "run"
        assert [path.name for path in (tmp_path / "run").iterdir()] == ["new"]


def with_record(text: str):
    def make(path: Path) -> None:
        put(path / "model.json", text)
        put(path / "arrays.safetensors")

    return make


def with_one_more(name: str):
    return lambda path: put(run_of(path) / name)


def linked(name: str):
    """A run of which a part lies elsewhere."""

    def make(path: Path) -> None:
        put(run_of(path) / MEMBER / "model.json")
        (path / name).rename(path.parent / "elsewhere")
        (path / name).symlink_to(path.parent / "elsewhere")

    return make


KEPT = {
    "a repository": (
        lambda path: [put(path / name) for name in ("model.json", ".git/HEAD", ".git/objects/ab/cd")],
        "model.json that cannot be read",
    ),
    "a record of others": (with_record('{"title": "my model"}'), "of another format than 'deepstep'"),
    "another format": (with_record(sealed({"format": "deepstep-training"})), "of another format"),
    "a format that is no text": (with_record('{"format": [1]}'), "of another format"),
    "a deep record": (with_record('{"a": ' + "[" * 100_000), "model.json that cannot be read"),
    "no text": (lambda path: (path.mkdir(), (path / "model.json").write_bytes(b"\xff")), "cannot be read"),
    "an altered record": (lambda path: altered(run_of(path)), "its model.json was altered"),
    "a run in a repository": (with_one_more(".git/HEAD"), "did not write: '.git'"),
    "a file": (with_one_more("notes.txt"), "did not write: 'notes.txt'"),
    "a file deeper": (
        with_one_more(f"{MEMBER}/notes.txt"),
        f"did not write: '{MEMBER}/notes.txt'",
    ),
    "a model of others": (with_one_more("best.safetensors"), "'best.safetensors'"),
    "a member of others": (with_one_more("member-best/model.json"), "'member-best'"),
    "a checkpoint of others": (with_one_more("checkpoint-best.safetensors"), "'checkpoint-best.safetensors'"),
    "an empty folder": (lambda path: (run_of(path) / "figures").mkdir(), "'figures'"),
    "a folder in a file's place": (
        lambda path: (run_of(path, ()) / "history.jsonl").mkdir(),
        "'history.jsonl'",
    ),
    "a pipe": (lambda path: os.mkfifo(run_of(path, ()) / "history.jsonl"), "'history.jsonl'"),
    "a linked file": (linked("run.json"), "did not write: 'run.json'"),
    "a linked member": (linked(MEMBER), f"did not write: '{MEMBER}'"),
    "a linked file of a member": (
        linked(f"{MEMBER}/model.json"),
        f"did not write: '{MEMBER}/model.json'",
    ),
    "a linked record": (linked("model.json"), "without a model.json"),
}


class TestKept:
    @pytest.mark.parametrize("kind", KEPT)
    def test_what_is_no_run_or_holds_more(self, tmp_path, kind):
        make, reason = KEPT[kind]
        make(tmp_path / "run")
        before = content(tmp_path)
        with pytest.raises(FileError) as refused:
            replace(tmp_path / "run")
        assert content(tmp_path) == before
        assert str(refused.value).startswith(f"{tmp_path / 'run'} is not replaced: ")
        assert reason in str(refused.value)
        assert len(str(refused.value)) < 600

    def test_of_many_files_some_are_named(self, tmp_path):
        run_of(tmp_path / "run")
        for number in range(1000):
            put(tmp_path / "run" / f"figure-{number:04}.png")
        with pytest.raises(
            FileError, match=r"'figure-0000.png', 'figure-0001.png', 'figure-0002.png' and 997"
        ):
            replace(tmp_path / "run")

    def test_a_file_that_comes_while_the_new_run_is_made(self, tmp_path):
        run = run_of(tmp_path / "run")

        def write_slowly():
            with atomic_directory(run, overwrite=True) as folder:
                put(folder / "new")
                put(run / "thesis.txt", "years")

        with pytest.raises(FileError, match=r"thesis\.txt"):
            write_slowly()
        assert {path.name for path in run.iterdir()} == {"model.json", "thesis.txt", *OF_A_RUN}
        assert [path.name for path in tmp_path.iterdir()] == ["run"]

    def test_a_file_that_comes_after_the_last_look(self, tmp_path, monkeypatch):
        run, rename = run_of(tmp_path / "run"), os.rename

        def in_between(source, target):
            if Path(source) == run:
                put(run / "thesis.txt", "years")
            rename(source, target)

        monkeypatch.setattr(os, "rename", in_between)
        with pytest.raises(FileError, match="is in place, but the folder that it replaces stays as"):
            replace(run)
        assert [path.name for path in run.iterdir()] == ["new"]
        (old,) = tmp_path.glob(".deepstep-*")
        assert (old / "thesis.txt").read_text() == "years"
