"""Compiled kernels on disk: found again while their sources are the same, and never after that."""

import ast
import getpass
import importlib
import itertools
import logging
import os
import shutil
import stat
import sys
import tempfile
from enum import EnumType
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import deepstep

pytest.importorskip("numba")

import numba
from numba.core.codegen import JITCPUCodegen

from deepstep.engines.compiled import cache

PACKAGE = Path(deepstep.__file__).parent

PROBE = """
from deepstep.engines.compiled.calls import kernel

@kernel
def twice(x):
    return 2 * x
"""


@pytest.fixture
def probe(tmp_path, monkeypatch):
    """A module with a kernel, begun anew at each call: what it gives, and whether it was found on disk."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    times = itertools.count(1_000_000_000, 60)

    def run(x=1.5, name="here"):
        path = tmp_path / name / "probe.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PROBE)
        os.utime(path, (next(times), next(times)))  # as another installation of the same version
        spec = spec_from_file_location("probe", path)
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "probe", module)
        spec.loader.exec_module(module)
        assert module.twice(x) == 2 * x
        return sum(module.twice.stats.cache_hits.values()) > 0

    return run


@pytest.fixture
def with_sources(monkeypatch):
    """Say what the digest of the sources is."""

    def say(digest):
        monkeypatch.setattr(cache, "sources", lambda: digest)

    say("first")
    return say


def kernels(folder):
    return sorted(folder.rglob("*.kernel"))


def test_a_kernel_of_another_version_or_processor_is_not_found(probe, monkeypatch):
    """Of Numba, llvmlite and NumPy; the triple, the name and the features of the processor."""
    assert cache.VERSIONS[0] == numba.__version__
    assert not probe()
    versions, plain = cache.VERSIONS, JITCPUCodegen.magic_tuple
    for number in range(3):

        def other(texts, number=number):
            return tuple(text + "x" * (at == number) for at, text in enumerate(texts))

        for of, name, changed in (
            (cache, "VERSIONS", other(versions)),
            (JITCPUCodegen, "magic_tuple", lambda self, other=other: other(plain(self))),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(of, name, changed)
                assert [probe(), probe()] == [False, True]
            assert probe()  # both are kept: they may belong to two environments that share the package


def test_all_files_that_kernels_are_made_of_count(tmp_path, monkeypatch):
    shutil.copytree(PACKAGE, tmp_path / "deepstep", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "files", lambda package: tmp_path / package)
    digest = cache.sources.__wrapped__
    paths = sorted((tmp_path / "deepstep" / "engines" / "compiled").glob("*.py"))
    assert {"updates.py", "machine.py", "span.py", "step.py"} < {path.name for path in paths}
    found = {digest()}
    for path in [*paths, *(tmp_path / "deepstep" / name for name in cache.ELSEWHERE)]:
        before = path.read_bytes()
        path.write_bytes(before + b"\n")
        found.add(digest())
        path.write_bytes(before)
    assert len(found) == 1 + len(paths) + len(cache.ELSEWHERE)
    paths[0].rename(paths[0].with_name("renamed.py"))
    assert digest() not in found


def test_constants_of_other_folders_count_too():
    """Numba compiles the value of a global constant into the kernel."""
    counted = {"deepstep." + name.removesuffix(".py").replace("/", ".") for name in cache.ELSEWHERE}
    found = set()
    for path in (PACKAGE / "engines" / "compiled").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("deepstep."):
                module = importlib.import_module(node.module)
                values = [getattr(module, name.name, None) for name in node.names]
                if any(isinstance(value, (int, float, tuple, EnumType)) for value in values):
                    found.add(node.module)
    elsewhere = {name for name in found if not name.startswith("deepstep.engines.compiled")}
    assert elsewhere == counted


def test_a_file_that_is_not_whole_or_of_another_kernel_is_compiled_anew(probe, tmp_path):
    """Whatever names two kernels have, the key in the file decides."""
    probe()
    (path,) = kernels(tmp_path)
    for left in (0, 32, -1):
        path.write_bytes(path.read_bytes()[:left])
        assert [probe(), probe()] == [False, True]
    probe(1)
    (other,) = set(kernels(tmp_path)) - {path}
    shutil.copy(other, path)
    assert not probe()


def test_kernels_of_other_sources_are_removed_when_some_are_compiled(probe, tmp_path, with_sources):
    probe()
    (old,) = kernels(tmp_path)
    with_sources("second")
    assert [probe(), probe()] == [False, True]
    assert not old.parent.exists()
    (new,) = kernels(tmp_path)
    assert new.parent.name.endswith("second")


def test_kernels_that_were_not_used_for_long_are_removed(probe, tmp_path):
    probe(1)
    probe(1.5)
    for path in kernels(tmp_path):
        os.utime(path, (0, path.stat().st_mtime - cache.UNUSED - 60))
    assert probe(1)  # used
    probe(True)
    assert [probe(1), probe(True), probe(1.5)] == [True, True, False]


def test_what_another_process_removes_is_compiled_anew(probe, tmp_path, monkeypatch, caplog):
    """Before it is read, and between the compilation and the writing."""
    probe()
    (path,) = kernels(tmp_path)
    path.unlink()
    assert [probe(), probe()] == [False, True]
    shutil.rmtree(path.parent)
    assert [probe(), probe()] == [False, True]
    write = Path.write_bytes

    def too_late(self, data):
        shutil.rmtree(self.parent)
        return write(self, data)

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "deepstep"):
        patch.setattr(Path, "write_bytes", too_late)
        assert not probe(1)
    assert "cannot be kept" in caplog.text
    assert [probe(1), probe(1)] == [False, True]


def let_user_be(folder, monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(folder))


def cannot_be_written(path):
    """Not even by root."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_a_package_that_cannot_be_written_has_its_kernels_in_the_user_s_folder(
    probe, tmp_path, monkeypatch, with_sources
):
    """Two of them share it, and none removes what the other one has."""
    let_user_be(tmp_path / "user", monkeypatch)
    for name in ("one", "two"):
        cannot_be_written(tmp_path / name / "__pycache__")
    assert [probe(name=name) for name in ("one", "one", "two", "two")] == [False, True, False, True]
    with_sources("second")
    assert [probe(name=name) for name in ("two", "two")] == [False, True]
    assert [path.parent.name[-5:] for path in kernels(tmp_path / "user")] == ["first", "econd"]
    assert kernels(tmp_path / "user") == kernels(tmp_path)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The folders in which kernels may lie, in the order in which they are tried."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "given"))
    let_user_be(tmp_path / "user", monkeypatch)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    cache.warn_without_cache.cache_clear()
    last = tmp_path / "temporary" / f"deepstep-{os.getuid() if os.name == 'posix' else getpass.getuser()}"
    return [tmp_path / "given", tmp_path / "here" / "__pycache__", tmp_path / "user", last]


@pytest.mark.parametrize("n_blocked", range(5))
def test_kernels_lie_in_the_first_folder_that_can_be_written(probe, places, caplog, n_blocked):
    """Where there is none it is said, and costs time alone."""
    for place in places[:n_blocked]:
        cannot_be_written(place)
    with caplog.at_level(logging.WARNING, "deepstep"):
        assert [probe(), probe()] == [False, n_blocked < 4]
    assert [len(kernels(place)) for place in places] == [int(at == n_blocked) for at in range(4)]
    told = ["NUMBA_CACHE_DIR" in message for message in caplog.messages]
    assert told == ([True] if n_blocked == 4 else [])
    if n_blocked == 3 and os.name == "posix":
        assert stat.S_IMODE(places[-1].stat().st_mode) == 0o700


def test_where_no_home_folder_is_known_none_is_made(probe, places, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in places[:2]:
        cannot_be_written(place)
    let_user_be("~", monkeypatch)
    assert [probe(), probe()] == [False, True]
    assert not (tmp_path / "~").exists()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
@pytest.mark.parametrize("way", ["writable", "link"])
def test_a_temporary_folder_that_others_can_write_is_not_used(probe, places, tmp_path, caplog, way):
    for place in places[:3]:
        cannot_be_written(place)
    if way == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        places[-1].symlink_to(tmp_path / "elsewhere")
    else:
        places[-1].mkdir()
        places[-1].chmod(0o777)
    with caplog.at_level(logging.WARNING, "deepstep"):
        assert [probe(), probe()] == [False, False]
    assert len(caplog.messages) == 1
    assert kernels(tmp_path) == []
