"""Every example runs, as a user would run it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(script: Path, tmp_path: Path) -> None:
    few = {"07_how_far_to_trust": ["1"]}  # of what is long
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


@pytest.mark.slow
def test_the_cats_of_the_example_are_the_drawn_ones_or_the_lecture_s(shared: Path) -> None:
    script = Path(EXAMPLES[0]).with_name("05_cats.py")
    first, wrong = [], []
    for arguments in ([], [str(shared / "data" / "cats"), "2"]):
        command = [sys.executable, str(script), *arguments]
        printed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        first.append(re.findall(r"iteration +0: (\S+)", printed))
        wrong.append(re.findall(r"test (\S+)%", printed))
    assert first == [["0.692474", "0.767226"], ["0.693050", "0.771749"]]
    assert wrong[0] == ["70.00", "82.00"]


def test_the_examples_are_found() -> None:
    assert len(EXAMPLES) >= 5
