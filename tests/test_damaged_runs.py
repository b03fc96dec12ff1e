"""Run folders that are damaged or forged: refused in words, or loaded and right."""

from pathlib import Path

import pytest

from damage import in_a_process


@pytest.mark.parametrize(("preset", "n"), [("single", 70), ("tabular", 70), ("estimator", 50)])
def test_hundreds_of_damaged_and_forged_run_folders(preset, n, fresh_seed):
    """Each is loaded right or refused with a `FileError`: no other exception, 10 s and 1 GB at most."""
    found = in_a_process(Path(__file__).parent / "damaged_runs.py", fresh_seed, n, preset)
    assert found["failures"] == []
    assert found["gigabytes"] < 1
    assert sum(found["counts"].values()) == n
    assert "refused at length" not in found["counts"]
    assert {"refused", "loaded"} <= set(found["counts"])  # "loaded as it was" is rarer than one in a hundred
