"""Files and folders appear whole or not at all."""

import json
import os
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest

from deepstep.data import atomic_directory, atomic_write
from deepstep.data.files import check_writable, kind_at
from deepstep.data.own_folders import sealed
from deepstep.errors import DataError, FileError


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def record(name: str) -> str:
    """What makes a folder one that may be replaced."""
    return sealed({"format": "deepstep", "name": name})


def run_folder(path: Path, name: str) -> Path:
    path.mkdir()
    (path / "model.json").write_text(record(name))
    return path


def name_of(run: Path) -> str:
    text = (run / "model.json").read_text()
    return json.loads(text)["name"] if text.startswith("{") else text


def test_a_file_gets_its_bytes_at_the_end_and_keeps_its_link_and_permissions(tmp_path):
    path, link = tmp_path / "model", tmp_path / "link"
    path.write_bytes(b"old and longer")
    path.chmod(0o640)
    link.symlink_to(path)
    with atomic_write(link) as file:
        assert {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.glob(".deepstep-*")} == {0o640}
        file.write(b"new")
        assert path.read_bytes() == b"old and longer"
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert names(tmp_path) == {"model", "link"}


def half_written(place, error):
    if isinstance(place, Path):
        (place / "model.json").write_text("half")
    else:
        place.write(b"half")
    raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DataError("a", "b")])
def test_an_exception_of_the_caller_passes_and_keeps_what_was_there(tmp_path, error):
    path, run = tmp_path / "model", run_folder(tmp_path / "run", "old")
    path.write_bytes(b"old")
    for writing in (atomic_write(path), atomic_directory(run, overwrite=True)):
        with pytest.raises(type(error)), writing as place:
            half_written(place, error)
    assert path.read_bytes() == b"old"
    assert name_of(run) == "old"
    assert names(tmp_path) == {"model", "run"}


def test_a_folder_in_the_file_s_place_and_names_that_cannot_be(tmp_path):
    (tmp_path / "model").mkdir()
    for name, reason in (
        ("model", r"\(Is a directory\); the old one is untouched"),
        ("no/model", r"\(No such file or directory\); nothing was left behind"),
    ):
        with pytest.raises(FileError, match=reason), atomic_write(tmp_path / name):
            pass
    assert names(tmp_path) == {"model"}
    for name, reason in (("n" * 300, "File name too long"), ("a\0b", "null (byte|character)")):
        with pytest.raises(FileError, match=reason):
            kind_at(tmp_path / name)


@pytest.fixture
def calls(monkeypatch):
    """What is asked of the disk, in order: ("fsync", inode, bytes there) and ("rename", source, target)."""
    made = []

    def fsync(descriptor, real=os.fsync):
        entry = os.fstat(descriptor)
        made.append(("fsync", entry.st_ino, entry.st_size if stat.S_ISREG(entry.st_mode) else None))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    for name, real in (("replace", os.replace), ("rename", os.rename)):
        rename = lambda *paths, real=real: made.append(("rename", *map(Path, paths))) or real(*paths)  # noqa: E731
        monkeypatch.setattr(os, name, rename)
    return made


def test_a_file_is_on_the_disk_before_its_rename_and_its_folder_after(tmp_path, calls):
    """Without the first fsync a crash leaves an empty file, without the second the old one."""
    path = tmp_path / "model"
    with atomic_write(path) as file:
        file.write(b"new bytes")
        assert calls == []
    written, renamed, folder = calls
    assert written == ("fsync", path.stat().st_ino, len(b"new bytes"))
    assert (renamed[0], renamed[2]) == ("rename", path)
    assert folder == ("fsync", tmp_path.stat().st_ino, None)


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_is_on_the_disk_before_its_rename_and_its_parent_after(tmp_path, calls, exists):
    run = tmp_path / "run"
    if exists:
        run_folder(run, "old").chmod(0o750)
    with atomic_directory(run, overwrite=True) as folder:
        (folder / "model.json").write_text("new")
        (folder / "deep" / "deeper").mkdir(parents=True)
        (folder / "deep" / "file").write_bytes(b"x")
        assert calls == []
    renamed = [at for at, (kind, *_) in enumerate(calls) if kind == "rename"]
    (named,) = (at for at in renamed if calls[at][2] == run)
    before = {inode for kind, inode, _ in calls[: renamed[0]] if kind == "fsync"}
    assert before == {entry.stat().st_ino for entry in (run, *run.rglob("*"))}
    assert calls[named + 1] == ("fsync", tmp_path.stat().st_ino, None)
    assert len(calls) == named + 2  # only then the old one may go
    assert not exists or stat.S_IMODE(run.stat().st_mode) == 0o750


KILLED = """
import os, sys
from pathlib import Path
from deepstep.data import atomic_directory, atomic_write
folder, left, rename = Path(sys.argv[1]), int(sys.argv[2]), os.rename
def die():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
def rename_and_die(source, target):
    rename(source, target)
    die()
os.rename = rename_and_die
with atomic_write(folder / "model") as file, atomic_directory(folder / "run", overwrite=True) as run:
    file.write(b"half")
    (run / "model.json").write_text("new")
    (run / "member-000-1").mkdir()
    (run / "member-000-1" / ".deepstep-tmp-0123456789ab").touch()
    die()
"""


@pytest.mark.parametrize(
    ("instant", "next_one", "stay"),
    [
        (0, atomic_directory, {"run": "old"}),  # within both
        (1, atomic_write, {"tmp": "new", "old": "old"}),  # between the renames: both are whole, and stay
        (2, atomic_write, {"run": "new"}),
    ],
)
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path, instant, next_one, stay):
    run_folder(tmp_path / "run", "old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(instant)], check=False)
    assert done.returncode == -9
    assert len(names(tmp_path)) == 3
    with next_one(tmp_path / "other"):
        assert len(names(tmp_path)) == len(stay) + 1
    left = names(tmp_path) - {"other"}
    assert {name.removeprefix(".deepstep-")[:3]: name_of(tmp_path / name) for name in left} == stay


def test_what_others_write_and_own_stays(tmp_path):
    """Temporary files of living processes, what has other names or other contents."""
    with atomic_write(tmp_path / "a"), atomic_directory(tmp_path / "b") as folder:
        (folder / "model.json").write_text("half")
        before = names(tmp_path)
        with atomic_write(tmp_path / "c"), atomic_directory(tmp_path / "d"):
            assert before < names(tmp_path)
        assert names(tmp_path) == before | {"c", "d"}
    others = {".deepstep-0123456789ab", ".deepstep-notes", "deepstep-tmp-0123456789ab"}
    for name in others:
        (tmp_path / name).write_bytes(b"half")
    owned = tmp_path / ".deepstep-tmp-111111111111"
    owned.mkdir()
    (owned / "thesis.txt").write_text("years")
    (tmp_path / ".deepstep-tmp-222222222222").symlink_to(owned)
    os.mkfifo(tmp_path / ".deepstep-tmp-333333333333")
    before = names(tmp_path)
    for _ in range(2):
        with atomic_write(tmp_path / "c"):
            pass
        assert names(tmp_path) == before
        assert (owned / "thesis.txt").read_text() == "years"


def test_those_who_save_at_the_same_time(tmp_path, monkeypatch):
    """The last one's folder stays, and each one's file, which is not locked between its last byte and its
    new name. Locks are of an open file, so that threads stand for processes here.
    """
    begin, rename = threading.Barrier(4), os.rename
    monkeypatch.setattr(os, "rename", lambda *paths: rename(*paths) or time.sleep(0.002))

    def save(number):
        begin.wait()
        for value in range(60):
            check_writable(tmp_path / str(number))
            with atomic_write(tmp_path / str(number)) as file:
                file.write(b"%d" % value)
        for _ in range(8):
            with atomic_directory(tmp_path / "run", overwrite=True) as folder:
                (folder / "model.json").write_text(record(str(number)))
        with pytest.raises(FileError, match="exists already"), atomic_directory(tmp_path / "run"):
            pass

    with ThreadPoolExecutor(4) as pool:
        assert len([*pool.map(save, range(4))]) == 4
    assert {(tmp_path / str(number)).read_bytes() for number in range(4)} == {b"59"}
    assert names(tmp_path) == {"run", *"0123"}
    assert name_of(tmp_path / "run") in "0123"


FULL_DISK = """
import resource, sys
from pathlib import Path
from deepstep.data import atomic_directory, atomic_write
from deepstep.errors import FileError
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
folder = Path(sys.argv[1])
for size in (5_000, 1_000_000):  # fails when the buffer is flushed; when it is written
    for writing in (atomic_write(folder / "model"), atomic_directory(folder / "run", overwrite=True)):
        try:
            with writing as place:
                file = (place / "x").open("wb") if isinstance(place, Path) else place
                file.write(bytes(size))
                file.flush()
        except FileError as error:
            print(error)
"""


def test_a_full_disk_keeps_the_old_file_and_the_old_folder(tmp_path):
    (tmp_path / "model").write_bytes(b"old")
    run_folder(tmp_path / "run", "old")
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("(File too large); the old one is untouched") == 4
    assert (tmp_path / "model").read_bytes() == b"old"
    assert name_of(tmp_path / "run") == "old"
    assert names(tmp_path) == {"model", "run"}


def test_the_old_folder_comes_back_when_the_last_rename_fails(tmp_path, monkeypatch):
    run = run_folder(tmp_path / "run", "old")
    renames = iter([os.rename, Mock(side_effect=OSError(5, "Input/output error")), os.rename])
    monkeypatch.setattr(os, "rename", lambda source, target: next(renames)(source, target))
    with (
        pytest.raises(FileError, match="Input/output error"),
        atomic_directory(run, overwrite=True) as folder,
    ):
        (folder / "model.json").write_text("new")
    assert name_of(run) == "old"
    assert names(tmp_path) == {"run"}
