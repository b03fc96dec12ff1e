"""Every example runs, as a user would run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(script: Path, shared: Path, tmp_path: Path) -> None:
    few = {
        "05_cats": [str(shared / "data" / "cats"), "2"],
        "07_how_far_to_trust": ["1"],
    }  # of what is long
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script), *few.get(script.stem, [])],
        cwd=tmp_path,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "an example shows something"


def test_the_examples_are_found() -> None:
    assert len(EXAMPLES) >= 5
