"""The page's modules run by Node: what they print is compared with Python."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

WEB = Path(__file__).parents[1] / "web"


def node(*arguments: str, folder: Path = WEB, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``node``; skips loudly where it or the packages of ``web/`` are missing."""
    if shutil.which("node") is None or not (WEB / "node_modules").is_dir():
        pytest.skip("node, or what `npm ci --prefix web` installs, is missing: JavaScript was NOT tested")
    return subprocess.run(
        ["node", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def evaluated(program: str, folder: Path = WEB) -> str:
    """What a module says that stands in a folder, by default in ``web/``."""
    done = node("--input-type=module", "--eval", program, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout
