"""A process that is killed at random instants, and what it finds when it goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 12


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks its trainings")
def test_killed_again_and_again_and_not_a_bit_is_lost(tmp_path, fresh_seed):
    here = Path(__file__).resolve()
    environment = {**os.environ, "PYTHONPATH": str(here.parents[2] / "src"), "OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, here.with_name("killed_training.py"), tmp_path, str(KILLS), str(fresh_seed)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["kills"] == KILLS
    assert report["damaged"] == []
    assert report["different"] == []
    # and the test could have found something: it hit writes, and trainings went on from many places
    assert report["kinds"]["within a write"] > 0
    assert len(set(report["resumed_at"])) > 3
