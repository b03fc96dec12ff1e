"""``overwrite=True`` replaces runs of DeepStep, damaged ones too, and nothing else."""

import os
from pathlib import Path

import pytest

from deepstep.data import atomic_directory
from deepstep.data.own_folders import sealed, why_kept
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
OF_DESKTOPS = (".DS_Store", f"{MEMBER}/.DS_Store", f"{MEMBER}/Thumbs.db", "desktop.ini")
"""What macOS and Windows put into a folder when somebody looks into it."""


def put(path: Path, text: str = "some text") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run_of(folder: Path, *more: str, names=OF_A_RUN) -> Path:
    """A folder with the files of a run; only ``model.json`` has to be one."""
    folder.mkdir()
    for name in (*names, *more):
        put(folder / name)
    put(folder / "model.json", sealed({"format": "deepstep", "version": 1, "model": "binary"}))
    return folder


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


RUNS = {
    "a run": run_of,
    "a model": lambda path: run_of(path, names=OF_A_MODEL),
    "killed": lambda path: run_of(path, *OF_A_TRAINING),
    "seen": lambda path: run_of(path, *OF_DESKTOPS),
    "truncated": lambda path: os.truncate(run_of(path) / "arrays.safetensors", 3),
    "the record alone": lambda path: run_of(path, names=()),
    "empty": Path.mkdir,
}


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_of_any_kind_is_replaced(tmp_path, kind):
    run = tmp_path / "run"
    RUNS[kind](run)
    replace(run)
    assert content(tmp_path) == {str(run): None, str(run / "new"): b"some text"}


def test_a_link_to_a_run_stays_a_link(tmp_path):
    run_of(tmp_path / "run")
    (tmp_path / "latest").symlink_to("run")
    replace(tmp_path / "latest")
    assert os.readlink(tmp_path / "latest") == "run"
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["new"]


def with_record(text: str | bytes):
    def make(path: Path) -> None:
        put(path / "arrays.safetensors")
        (path / "model.json").write_bytes(text.encode() if isinstance(text, str) else text)

    return make


def linked(name: str):
    """A run of which a part lies elsewhere."""

    def make(path: Path) -> None:
        put(run_of(path) / MEMBER / "model.json")
        (path / name).rename(path.parent / "elsewhere")
        (path / name).symlink_to(path.parent / "elsewhere")

    return make


ADDED = {
    ".git/HEAD": ".git",
    "notes.txt": "notes.txt",
    f"{MEMBER}/notes.txt": f"{MEMBER}/notes.txt",
    "best.safetensors": "best.safetensors",
    "member-best/model.json": "member-best",
    "checkpoint-best.safetensors": "checkpoint-best.safetensors",
}
"""Files of others in a run, and how they are named."""
ALTERED = sealed({"format": "deepstep", "model": "binary"}).replace("binary", "multiclass")
KEPT = {
    "a folder of others": (with_record(""), "model.json that cannot be read"),
    "a deep record": (with_record('{"a": ' + "[" * 100_000), "model.json that cannot be read"),
    "no text": (with_record(b"\xff"), "cannot be read"),
    "another format": (with_record(sealed({"format": "deepstep-training"})), "of another format"),
    "a format that is no text": (with_record('{"format": [1]}'), "of another format than 'deepstep'"),
    "an altered record": (with_record(ALTERED), "its model.json was altered"),
    "an empty folder": (lambda path: (run_of(path) / "figures").mkdir(), "'figures'"),
    "a folder in a file's place": (
        lambda path: (run_of(path, names=()) / "history.jsonl").mkdir(),
        "'history.jsonl'",
    ),
    "a pipe": (lambda path: os.mkfifo(run_of(path, names=()) / "history.jsonl"), "'history.jsonl'"),
    "a linked record": (linked("model.json"), "without a model.json"),
    **{
        f"linked {name}": (linked(name), f"did not write: '{name}'")
        for name in ("run.json", MEMBER, f"{MEMBER}/model.json")
    },
    **{
        name: (lambda path, name=name: run_of(path, name), f"did not write: '{named}'")
        for name, named in ADDED.items()
    },
    "many files": (
        lambda path: run_of(path, *(f"figure-{number:04}.png" for number in range(1000))),
        "'figure-0000.png', 'figure-0001.png', 'figure-0002.png' and 997",
    ),
}


@pytest.mark.parametrize("kind", KEPT)
def test_what_is_no_run_or_holds_more_is_kept(tmp_path, kind):
    make, reason = KEPT[kind]
    make(tmp_path / "run")
    before = content(tmp_path)
    with pytest.raises(FileError) as refused:
        replace(tmp_path / "run")
    assert content(tmp_path) == before
    assert str(refused.value).startswith(f"{tmp_path / 'run'} is not replaced: ")
    assert reason in str(refused.value)
    assert len(str(refused.value)) < 600


def test_a_record_of_a_training_without_its_digest_is_of_others(tmp_path):
    (tmp_path / "training.json").write_text('{"format": "deepstep-training"}')
    assert why_kept(tmp_path, training=True) == "its training.json was altered"


def test_a_file_that_comes_while_the_new_run_is_made_is_kept(tmp_path):
    run = run_of(tmp_path / "run")

    def write_slowly():
        with atomic_directory(run, overwrite=True):
            put(run / "thesis.txt", "years")

    with pytest.raises(FileError, match=r"thesis\.txt"):
        write_slowly()
    assert {path.name for path in run.iterdir()} == {"model.json", "thesis.txt", *OF_A_RUN}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_file_that_comes_after_the_last_look_is_kept(tmp_path, monkeypatch):
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
