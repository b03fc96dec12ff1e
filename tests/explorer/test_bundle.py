"""The bundle that is committed is what web/ makes."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WEB, STATIC = ROOT / "web", ROOT / "src" / "deepstep" / "explorer" / "static"


def test_bundle_is_what_the_sources_make() -> None:
    if shutil.which("npm") is None or not (WEB / "node_modules" / "esbuild").is_dir():
        pytest.skip("NOT TESTED, esbuild is missing: npm ci --prefix web")
    done = subprocess.run(
        ["npm", "run", "--silent", "check"], cwd=WEB, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_licences_are_in_the_bundle() -> None:
    head = (STATIC / "explorer.js").read_text(encoding="utf-8")[:4000]
    assert "Jason Miller" in head
    assert "Apache License" in head
    assert "Apache License" in (STATIC / "NOTICE").read_text(encoding="utf-8")


@pytest.mark.slow
def test_types_of_the_sources_agree() -> None:
    if shutil.which("npm") is None or not (WEB / "node_modules" / "typescript").is_dir():
        pytest.skip("NOT TESTED, typescript is missing: npm ci --prefix web")
    done = subprocess.run(
        ["npm", "run", "--silent", "types"], cwd=WEB, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
