"""The engine of the explorer's page computes what the library computes."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import vectors

from deepstep.equations import ACTIVATIONS, OPTIMIZERS

WEB = Path(__file__).parents[2] / "web"


def node(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("node") is None:
        pytest.skip("node is not installed: the engine of the explorer's page was NOT tested")
    return subprocess.run(
        ["node", *arguments],
        cwd=WEB,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_what_the_page_leaves_out_is_named() -> None:
    own = {name for name in ACTIVATIONS if ACTIVATIONS[name].forward.__module__.startswith("deepstep.")}
    assert own - vectors.NOT_OFFERED == set(vectors.ACTIVATIONS)
    assert own | set(OPTIMIZERS) >= vectors.NOT_OFFERED


def test_engine_of_the_page(tmp_path: Path) -> None:
    """1e-12 in every quantity of a step, 1e-9 after 500 steps; and the tests of the page's other parts."""
    vectors.write(tmp_path / "vectors.json")
    tests = sorted(str(path.relative_to(WEB)) for path in (WEB / "test").glob("*.test.js"))
    done = node("--test", "--test-reporter=tap", *tests, DEEPSTEP_VECTORS=str(tmp_path / "vectors.json"))
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "# skipped 0" in done.stdout
