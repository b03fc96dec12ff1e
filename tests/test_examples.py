"""Every example runs, as a user would run it."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forks import SOURCE, Forks

pytestmark = pytest.mark.slow

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.py"))
FEW = {
    "07_how_far_to_trust": ('"epochs": 30', '"epochs": 3'),
    "08_see_a_training": ("iterations=100", "iterations=20"),
}
"""What is replaced in examples that take long."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}
Printed = Callable[..., str]


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    forks = Forks()
    yield forks
    forks.close()


@pytest.fixture
def printed(forks: Forks, tmp_path: Path) -> Printed:
    """What an example prints in a process of its own, in which warnings are errors."""

    def run(script: Path, *arguments: str) -> str:
        code = script.read_text(encoding="utf-8").replace(*FEW.get(script.stem, ("", "")))
        strict = "import warnings as w, deepstep.errors as e\nw.simplefilter('error')\n"
        strict += f"w.simplefilter('ignore', e.SpeedWarning)\n{code}"  # the machine's, not the example's
        done = forks.run(strict, [*arguments], folder=tmp_path, environment=ENVIRONMENT)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def of_cats(text: str) -> list[list[str]]:
    return [re.findall(pattern, text) for pattern in (r"iteration +0: (\S+)", r"test (\S+)%")]


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(script: Path, printed: Printed) -> None:
    text = printed(script, *(["1"] if script.stem in FEW else []))
    assert text.strip(), "an example shows something"
    assert len(EXAMPLES) >= 5
    if script.stem == "05_cats":  # drawn ones
        assert of_cats(text) == [["0.692474", "0.767226"], ["70.00", "82.00"]]


def test_the_cats_of_the_example_may_be_the_lecture_s(shared: Path, printed: Printed) -> None:
    (script,) = (path for path in EXAMPLES if path.stem == "05_cats")
    costs, _ = of_cats(printed(script, str(shared / "data" / "cats"), "2"))
    assert costs == ["0.693050", "0.771749"]
