"""Every example runs, as a user would run it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.py"))
FEW = {"07_how_far_to_trust": ["1"]}
"""Arguments of examples that take long."""


def printed(script: Path, folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", str(script), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def of_cats(text: str) -> list[list[str]]:
    return [re.findall(pattern, text) for pattern in (r"iteration +0: (\S+)", r"test (\S+)%")]


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(script: Path, tmp_path: Path) -> None:
    text = printed(script, tmp_path, *FEW.get(script.stem, []))
    assert text.strip(), "an example shows something"
    assert len(EXAMPLES) >= 5
    if script.stem == "05_cats":  # drawn ones
        assert of_cats(text) == [["0.692474", "0.767226"], ["70.00", "82.00"]]


def test_the_cats_of_the_example_may_be_the_lecture_s(shared: Path, tmp_path: Path) -> None:
    (script,) = (path for path in EXAMPLES if path.stem == "05_cats")
    costs, _ = of_cats(printed(script, tmp_path, str(shared / "data" / "cats"), "2"))
    assert costs == ["0.693050", "0.771749"]
