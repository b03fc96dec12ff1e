"""What tests draw is the same in every run, new in `make fuzz`, and comes again with the seed of a run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DRAWS = """
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 10**9))
def test_by_hypothesis(number):
    print("drawn", number)


def test_by_the_fixture(fresh_seed):
    print("drawn", fresh_seed)
    assert {passes}


def test_without_draws():
    print("drawn", 2**40)
"""

ROOT = Path(__file__).parents[1]


def environment(**variables):
    """That of this process, with another seed or none."""
    return {name: value for name, value in os.environ.items() if name != "DEEPSTEP_SEED"} | variables


@pytest.fixture
def reported(tmp_path):
    """What a run in continuous integration reports and draws, with a seed or without."""
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)

    def run(*options, seed=None, passes=True):
        (tmp_path / "test_draws.py").write_text(DRAWS.format(passes=passes))
        variables = environment(CI="true", **({} if seed is None else {"DEEPSTEP_SEED": str(seed)}))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "test_draws.py"]
        kwargs = {"cwd": tmp_path, "env": variables, "capture_output": True, "text": True}
        told = subprocess.run(command, **kwargs, check=False)
        assert told.returncode == int(not passes), told.stdout + told.stderr
        found = re.search(r"repeat with DEEPSTEP_SEED=(\d+) and --hypothesis-seed=(\d+)", told.stdout)
        return found and tuple(map(int, found.groups())), re.findall(r"drawn (\d+)", told.stdout)

    return run


FAKE = """#!/bin/sh
[ "$1" = -c ] && exec {python} "$@"
echo "seed $DEEPSTEP_SEED: $*"
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_fuzz_has_a_fresh_seed_and_prints_it(tmp_path):
    (tmp_path / "python").write_text(FAKE.format(python=sys.executable))
    (tmp_path / "python").chmod(0o755)
    (tmp_path / ".installed-test").touch()
    command = ["make", "--silent", "fuzz", f"VENV={tmp_path}", f"BIN={tmp_path}"]

    def made(**variables):
        kwargs = {"cwd": ROOT, "env": environment(**variables), "capture_output": True, "text": True}
        told = subprocess.run(command, **kwargs, check=True)
        return re.fullmatch(r"DEEPSTEP_SEED=(\d+)\nseed (\d+): -m pytest .*-m draws\n", told.stdout).groups()

    runs = [made(), made()]
    assert all(printed == drawn for printed, drawn in runs)
    assert runs[0] != runs[1]
    assert made(DEEPSTEP_SEED="5") == ("5", "5")


@pytest.mark.slow
def test_each_run_draws_the_same_unless_a_seed_is_set(reported):
    told, drawn = reported("-s")
    assert told == (0, 0)
    assert len(set(drawn)) > 50
    marked = drawn[:-1]  # the last one is of no draw
    assert reported("-s", "-m", "draws") == (told, marked)
    told, other = reported("-s", seed=7)
    assert told == (7, 7)
    assert not set(marked[10:]) <= set(other)
    # workers have the seed of the run, which is told after a failure where there is no header
    told, by_workers = reported("-q", "-n", "2", "-rP", seed=7, passes=False)
    assert told == (7, 7)
    assert set(by_workers) == set(other)
