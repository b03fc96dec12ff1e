"""The bundle that is committed is what web/ makes; the types of its sources agree."""

import shutil
import subprocess
from pathlib import Path

import pytest

from javascript import WEB

STATIC = Path(__file__).parents[2] / "src" / "deepstep" / "explorer" / "static"


@pytest.mark.parametrize(
    ("script", "package"), [("check", "esbuild"), pytest.param("types", "typescript", marks=pytest.mark.slow)]
)
def test_the_bundle_is_what_the_sources_make_and_their_types_agree(script: str, package: str) -> None:
    if shutil.which("npm") is None or not (WEB / "node_modules" / package).is_dir():
        pytest.skip(f"NOT TESTED, {package} is missing: npm ci --prefix web")
    command = ["npm", "run", "--silent", script]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_licences_are_in_the_bundle() -> None:
    head = (STATIC / "explorer.js").read_text(encoding="utf-8")[:4000]
    assert "Jason Miller" in head
    for text in (head, (STATIC / "NOTICE").read_text(encoding="utf-8")):
        assert "Apache License" in text
