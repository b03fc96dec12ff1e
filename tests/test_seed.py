"""What tests draw at random is new in every run, and comes again with the seed that the run prints."""

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
"""


@pytest.fixture
def reported(tmp_path):
    """What a run in continuous integration reports and draws, with a seed or without."""
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)

    def run(*options, seed=None, passes=True):
        (tmp_path / "test_draws.py").write_text(DRAWS.format(passes=passes))
        environment = {name: value for name, value in os.environ.items() if name != "DEEPSTEP_SEED"}
        environment["CI"] = "true"
        if seed is not None:
            environment["DEEPSTEP_SEED"] = str(seed)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "test_draws.py"]
        told = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert told.returncode == int(not passes), told.stdout + told.stderr
        found = re.search(r"repeat with DEEPSTEP_SEED=(\d+) and --hypothesis-seed=(\d+)", told.stdout)
        return found and tuple(map(int, found.groups())), re.findall(r"drawn (\d+)", told.stdout)

    return run


def test_each_run_of_ci_draws_anew_and_can_be_repeated(reported):
    (seed, of_hypothesis), drawn = reported("-s")
    other, drawn_otherwise = reported("-s")
    assert of_hypothesis == seed
    assert other != (seed, seed)
    assert len(set(drawn)) > 50
    assert not set(drawn[10:]) <= set(drawn_otherwise)
    assert reported("-s", seed=seed) == ((seed, seed), drawn)


def test_workers_have_the_seed_of_the_run(reported):
    told, drawn = reported("-n", "2", "-rP", seed=123)
    assert told == (123, 123)
    assert set(drawn) == set(reported("-s", seed=123)[1])


def test_the_seed_is_told_after_a_failure_where_there_is_no_header(reported):
    assert reported("-q", seed=5, passes=False)[0] == (5, 5)
