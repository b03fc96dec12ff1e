"""Checkpoints that are damaged or forged: refused in words, or gone on from."""

from pathlib import Path

from damage import in_a_process


def test_thousands_of_damaged_and_forged_checkpoints(fresh_seed):
    """Each is read right or refused with an error of ours: no other exception, 10 s and 1 GB at most."""
    found = in_a_process(Path(__file__).parent / "damaged_checkpoints.py", fresh_seed, 3_000)
    assert found["failures"] == []
    assert found["gigabytes"] < 1
    assert sum(found["counts"].values()) == 3_000
    assert set(found["counts"]) == {"refused", "read as it was", "refused to go on from", "gone on from"}
