"""Run folders that are damaged or forged: refused in words, or loaded and right."""

from pathlib import Path

import pytest

from damage import in_a_process


@pytest.mark.slow
def test_hundreds_of_damaged_and_forged_run_folders(fresh_seed):
    """Each is loaded right or refused with a `FileError`: no other exception, 10 s and 1 GB at most."""
    outcomes = in_a_process(Path(__file__).parent / "damaged_runs.py", fresh_seed, 200)
    assert outcomes["failures"] == []
    assert outcomes["gigabytes"] < 1
    assert sum(outcomes["counts"].values()) == 200
    assert "refused at length" not in outcomes["counts"]
    assert {"refused", "loaded"} <= set(
        outcomes["counts"]
    )  # "loaded as it was" is rarer than one in a hundred
