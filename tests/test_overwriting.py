"""``overwrite=True`` replaces runs of DeepStep, damaged ones too, and nothing else."""

import os
from pathlib import Path

import pytest
import tomli_w

from deepstep.data import atomic_directory
from deepstep.errors import FileError
from deepstep.run_folder import config_digest, write_config

OF_ONE = ("ensemble.json", "estimator.json", "preparation.json", "examples.safetensors")
OF_MANY = (
    "ensemble.json",
    "members/00-bent-0/model.json",
    "members/00-bent-0/arrays.safetensors",
    "members/11-plain-2/history.jsonl",
    "preparation.json",
    "examples.safetensors",
)
OF_TODAY = (*OF_MANY, "estimator.json", "estimator.safetensors", "held_out.safetensors")
OF_A_TRAINING = (
    "training.json",
    "checkpoint-000000000123.safetensors",
    "refit/checkpoint-000000000003.safetensors",
    "history.csv",
    "history-refit.csv",
    ".deepstep-tmp-0123456789ab",
)
"""What a training that was killed at its very end may leave in its run."""


def put(path: Path, text: str = "some text") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run_of(folder: Path, names=OF_ONE) -> Path:
    """A folder with the files of a run; only ``config.toml`` has to be one."""
    folder.mkdir()
    for name in names:
        put(folder / name)
    write_config(folder, {"task": "binary"}, names)
    return folder


OF_DESKTOPS = (".DS_Store", "members/.DS_Store", "members/00-bent-0/Thumbs.db", "desktop.ini")
"""What macOS and Windows put into a folder when somebody looks into it."""


def altered(run: Path) -> None:
    text = (run / "config.toml").read_text()
    (run / "config.toml").write_text(text.replace("binary", "multiclass"))


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
            lambda path: run_of(path, OF_MANY),
            lambda path: run_of(path, OF_TODAY),
            lambda path: [put(run / name) for run in [run_of(path)] for name in OF_A_TRAINING],
            lambda path: [put(run / name) for run in [run_of(path, OF_MANY)] for name in OF_DESKTOPS],
            lambda path: os.truncate(run_of(path) / "examples.safetensors", 3),
            lambda path: (run_of(path) / "preparation.json").unlink(),
            lambda path: run_of(path, ()),
            lambda path: path.mkdir(),
        ],
        ids=[
            "one",
            "many",
            "today",
            "killed",
            "seen",
            "truncated",
            "a file is missing",
            "config",
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


def with_config(text: str):
    def make(path: Path) -> None:
        put(path / "config.toml", text)
        put(path / "model.safetensors")

    return make


def with_one_more(name: str):
    return lambda path: put(run_of(path, OF_MANY) / name)


def linked(name: str):
    """A run of which a part lies elsewhere."""

    def make(path: Path) -> None:
        run_of(path, OF_MANY)
        (path / name).rename(path.parent / "elsewhere")
        (path / name).symlink_to(path.parent / "elsewhere")

    return make


def sealed(values: dict[str, object]) -> str:
    return tomli_w.dumps({**values, "sha256": config_digest(values)})


KEPT = {
    "a repository": (
        lambda path: [put(path / name) for name in ("config.toml", ".git/HEAD", ".git/objects/ab/cd")],
        "config.toml that cannot be read",
    ),
    "a config of others": (with_config('title = "my site"'), "of another format than 'deepstep-run'"),
    "another format": (with_config(sealed({"format": "deepstep-training"})), "of another format"),
    "a format that is no text": (with_config("format = [1]"), "of another format"),
    "a deep config": (with_config("a = " + "[" * 100_000), "config.toml that cannot be read"),
    "no text": (lambda path: (path.mkdir(), (path / "config.toml").write_bytes(b"\xff")), "cannot be read"),
    "an altered config": (lambda path: altered(run_of(path)), "its config.toml was altered"),
    "a run in a repository": (with_one_more(".git/HEAD"), "did not write: '.git', and stays"),
    "a file": (with_one_more("notes.txt"), "did not write: 'notes.txt', and stays"),
    "a file deeper": (with_one_more("members/notes.txt"), "did not write: 'members/notes.txt', and stays"),
    "a model of others": (with_one_more("members/best.safetensors"), "'members/best.safetensors'"),
    "a member of others": (with_one_more("members/best/model.json"), "'members/best'"),
    "a file in a member": (
        with_one_more("members/00-bent-0/notes.txt"),
        "did not write: 'members/00-bent-0/notes.txt', and stays",
    ),
    "a checkpoint of others": (with_one_more("checkpoint-best.safetensors"), "'checkpoint-best.safetensors'"),
    "an empty folder": (lambda path: (run_of(path) / "figures").mkdir(), "'figures'"),
    "a folder in a file's place": (
        lambda path: (run_of(path, ()) / "history.jsonl").mkdir(),
        "'history.jsonl'",
    ),
    "a pipe": (lambda path: os.mkfifo(run_of(path, ()) / "history.jsonl"), "'history.jsonl'"),
    "a linked file": (linked("ensemble.json"), "did not write: 'ensemble.json', and stays"),
    "a linked folder": (linked("members"), "did not write: 'members', and stays"),
    "a linked member": (linked("members/00-bent-0"), "did not write: 'members/00-bent-0', and stays"),
    "a linked config": (linked("config.toml"), "without a config.toml"),
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
        assert str(refused.value).startswith(f"{tmp_path / 'run'}: only an empty folder, a run or a model")
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
        assert {path.name for path in run.iterdir()} == {"config.toml", "thesis.txt", *OF_ONE}
        assert [path.name for path in tmp_path.iterdir()] == ["run"]

    def test_a_file_that_comes_after_the_last_look(self, tmp_path, monkeypatch):
        run, rename = run_of(tmp_path / "run"), os.rename

        def in_between(source, target):
            if Path(source) == run:
                put(run / "thesis.txt", "years")
            rename(source, target)

        monkeypatch.setattr(os, "rename", in_between)
        with pytest.raises(FileError, match="the new folder is in place, but the old one stays as"):
            replace(run)
        assert [path.name for path in run.iterdir()] == ["new"]
        (old,) = tmp_path.glob(".deepstep-*")
        assert (old / "thesis.txt").read_text() == "years"
