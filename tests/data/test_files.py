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

import pytest

from deepstep.data import atomic_directory, atomic_write, sha256
from deepstep.data.files import check_writable, kind_at
from deepstep.data.own_folders import sealed
from deepstep.errors import DataError, FileError


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def run_folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "model.json").write_text(record(text))
    return path


def record(name: str) -> str:
    """What makes a folder one that may be replaced."""
    return sealed({"format": "deepstep", "name": name})


def name_of(run: Path) -> str:
    text = (run / "model.json").read_text()
    return json.loads(text)["name"] if text.startswith("{") else text


def test_a_written_file_holds_the_bytes_and_leaves_no_other(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"old and longer")
    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old and longer"
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == {"model"}


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), DataError("a", "b")])
def test_an_exception_of_the_caller_passes_and_keeps_what_was_there(tmp_path, error):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    run = run_folder(tmp_path / "run", "old")

    def write_half():
        with atomic_write(path) as file:
            file.write(b"half")
            raise error

    def fill_half():
        with atomic_directory(run, overwrite=True) as folder:
            (folder / "model.json").write_text("half")
            raise error

    for half in (write_half, fill_half):
        with pytest.raises(type(error)):
            half()
    assert path.read_bytes() == b"old"
    assert name_of(run) == "old"
    assert names(tmp_path) == {"model", "run"}


def test_a_folder_in_the_file_s_place_is_a_file_error(tmp_path):
    (tmp_path / "model").mkdir()
    with (
        pytest.raises(FileError, match=r"\(Is a directory\); the old one is untouched"),
        atomic_write(tmp_path / "model"),
    ):
        pass
    assert names(tmp_path) == {"model"}
    with pytest.raises(FileError, match=r"\(No such file or directory\); nothing was left behind"):
        atomic_write(tmp_path / "no" / "model").__enter__()


def test_a_symbolic_link_is_followed(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_permissions_are_kept(tmp_path, mode):
    path, run = tmp_path / "model", run_folder(tmp_path / "run", "old")
    path.write_bytes(b"old")
    path.chmod(mode)
    run.chmod(mode | 0o100)
    with atomic_write(path) as file:
        assert {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.glob(".deepstep-*")} == {mode}
        file.write(b"secret")
    with atomic_directory(run, overwrite=True) as folder:
        (folder / "model.json").write_text("new")
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert stat.S_IMODE(run.stat().st_mode) == mode | 0o100


@pytest.fixture
def calls(monkeypatch):
    """What is asked of the disk, in order: ("fsync", inode, bytes there) and ("rename", source, target)."""
    made = []

    def fsync(descriptor, real=os.fsync):
        entry = os.fstat(descriptor)
        made.append(("fsync", entry.st_ino, entry.st_size if stat.S_ISREG(entry.st_mode) else None))
        real(descriptor)

    def renaming(real):
        def rename(source, target):
            made.append(("rename", Path(source), Path(target)))
            real(source, target)

        return rename

    monkeypatch.setattr(os, "fsync", fsync)
    for name in ("replace", "rename"):
        monkeypatch.setattr(os, name, renaming(getattr(os, name)))
    return made


@pytest.mark.parametrize("exists", [False, True])
def test_a_file_is_on_the_disk_before_its_rename_and_its_folder_after(tmp_path, calls, exists):
    """Without the first fsync a crash leaves an empty file in the old one's place, without the second the
    old one.
    """
    path = tmp_path / "model"
    if exists:
        path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new bytes")
        assert calls == []
    written, renamed, folder = calls
    assert written == ("fsync", path.stat().st_ino, len(b"new bytes"))
    assert (renamed[0], renamed[2]) == ("rename", path)
    assert folder == ("fsync", tmp_path.stat().st_ino, None)


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_is_on_the_disk_before_its_rename_and_its_parent_after(tmp_path, calls, exists):
    run = run_folder(tmp_path / "run", "old") if exists else tmp_path / "run"
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


KILLED_BETWEEN_RENAMES = """
import os, sys
from pathlib import Path
from deepstep.data import atomic_directory
rename = os.rename
def rename_and_die(source, target):
    rename(source, target)
    os._exit(9)
os.rename = rename_and_die
with atomic_directory(sys.argv[1], overwrite=True) as folder:
    (folder / "model.json").write_text("new")
"""


def test_killed_between_the_renames_both_folders_are_whole(tmp_path):
    """What the module's first lines say of this case."""
    run = run_folder(tmp_path / "run", "old")
    done = subprocess.run([sys.executable, "-c", KILLED_BETWEEN_RENAMES, str(run)], check=False)
    assert done.returncode == 9
    assert all(name.startswith(".deepstep-") for name in names(tmp_path))
    assert sorted(map(name_of, tmp_path.iterdir())) == ["new", "old"]


KILLED = """
import os, sys
from pathlib import Path
from deepstep.data import atomic_directory, atomic_write
folder = Path(sys.argv[1])
with atomic_write(folder / "model") as file, atomic_directory(folder / "run") as run:
    file.write(b"half")
    (run / "model.json").write_text("half")
    (run / "member-000-1").mkdir()
    (run / "member-000-1" / ".deepstep-tmp-0123456789ab").touch()
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("next_one", ["file", "folder"])
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path, next_one):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -9
    assert len(names(tmp_path)) == 2
    if next_one == "file":
        with atomic_write(tmp_path / "other") as file:
            assert len(names(tmp_path)) == 1
            file.write(b"new")
    else:
        with atomic_directory(tmp_path / "other") as folder:
            assert names(tmp_path) == {folder.name}
    assert names(tmp_path) == {"other"}


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
        os.utime(tmp_path / ".deepstep-notes", (0, 0))


def test_both_folders_of_a_kill_between_the_renames_stay(tmp_path):
    run = run_folder(tmp_path / "run", "old")
    subprocess.run([sys.executable, "-c", KILLED_BETWEEN_RENAMES, str(run)], check=False)
    for entry in tmp_path.iterdir():
        os.utime(entry, (0, 0))
    with atomic_directory(run) as folder:
        (folder / "model.json").write_text(record("third"))
    assert sorted(map(name_of, tmp_path.iterdir())) == ["new", "old", "third"]


def test_an_old_folder_of_a_process_killed_after_the_renames_is_removed(tmp_path):
    run = run_folder(tmp_path / "run", "old")
    after = KILLED_BETWEEN_RENAMES.replace("os._exit(9)", 'target.endswith("run") and os._exit(9)')
    after = after.replace("(source, target)\n", "(source, target)\n    target = str(target)\n", 1)
    done = subprocess.run([sys.executable, "-c", after, str(run)], check=False)
    assert done.returncode == 9
    assert len(names(tmp_path)) == 2
    with atomic_write(tmp_path / "other"):
        assert len(names(tmp_path)) == 2
    assert names(tmp_path) == {"run", "other"}
    assert name_of(run) == "new"


def test_those_who_save_at_the_same_time(tmp_path, monkeypatch):
    """Locks are of an open file, so that threads stand for processes here. The last one's folder stays."""
    begin, rename = threading.Barrier(4), os.rename

    def rename_slowly(source, target):
        rename(source, target)
        time.sleep(0.002)

    monkeypatch.setattr(os, "rename", rename_slowly)

    def save(number):
        begin.wait()
        for _ in range(8):
            with atomic_directory(tmp_path / "run", overwrite=True) as folder:
                (folder / "model.json").write_text(record(str(number)))
        with pytest.raises(FileError, match="exists already"), atomic_directory(tmp_path / "run"):
            pass
        return number

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(save, range(4))] == [*range(4)]
    assert names(tmp_path) == {"run"}
    assert name_of(tmp_path / "run") in "0123"


def test_files_that_are_saved_into_a_folder_at_the_same_time(tmp_path):
    """A file is not locked between its last byte and its new name."""

    def save(number):
        for value in range(60):
            check_writable(tmp_path / str(number))
            with atomic_write(tmp_path / str(number)) as file:
                file.write(b"%d" % value)
        return number

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(save, range(4))] == [*range(4)]
    assert {(tmp_path / str(number)).read_bytes() for number in range(4)} == {b"59"}
    assert names(tmp_path) == set("0123")


FULL_DISK = """
import resource, sys
from pathlib import Path
from deepstep.data import atomic_directory, atomic_write
from deepstep.errors import FileError
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
folder = Path(sys.argv[1])
try:
    with atomic_write(folder / "model") as file:
        file.write(bytes(int(sys.argv[2])))
except FileError as error:
    print(error)
try:
    with atomic_directory(folder / "run", overwrite=True) as run:
        (run / "model").write_bytes(bytes(100_000))
except FileError as error:
    print(error)
"""


@pytest.mark.parametrize("size", [5_000, 1_000_000])  # fails when the buffer is flushed; when it is written
def test_a_full_disk_keeps_the_old_file_and_the_old_folder(tmp_path, size):
    (tmp_path / "model").write_bytes(b"old")
    run_folder(tmp_path / "run", "old")
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("(File too large); the old one is untouched") == 2
    assert (tmp_path / "model").read_bytes() == b"old"
    assert name_of(tmp_path / "run") == "old"
    assert names(tmp_path) == {"model", "run"}


def test_an_empty_folder_may_be_replaced(tmp_path):
    (tmp_path / "run").mkdir()
    with atomic_directory(tmp_path / "run", overwrite=True) as folder:
        (folder / "model.json").write_text("new")
    assert names(tmp_path / "run") == {"model.json"}


def test_the_old_folder_comes_back_when_the_last_rename_fails(tmp_path, monkeypatch):
    run = run_folder(tmp_path / "run", "old")
    rename, calls = os.rename, []

    def fail_second(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail_second)
    with (
        pytest.raises(FileError, match="Input/output error"),
        atomic_directory(run, overwrite=True) as folder,
    ):
        (folder / "model.json").write_text("new")
    assert name_of(run) == "old"
    assert names(tmp_path) == {"run"}


@pytest.mark.parametrize(("name", "reason"), [("n" * 300, "File name too long"), ("a\0b", "null byte")])
def test_a_name_that_cannot_be_one_is_a_file_error(tmp_path, name, reason):
    with pytest.raises(FileError, match=reason):
        kind_at(tmp_path / name)


def test_sha256_of_nothing_is_a_file_error(tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        sha256(tmp_path / "none")
