"""Public names, parameters and defaults are those of tools/public.txt: a change of them is one on purpose."""

import sys
from pathlib import Path
from subprocess import run

import pytest

TOOLS = Path(__file__).resolve().parents[1] / "tools"


@pytest.mark.slow
def test_public_names_are_the_committed_ones():
    """By ``python tools/public.py``, in a process of its own: tests register their own activations."""
    printed = run([sys.executable, TOOLS / "public.py"], check=True, capture_output=True, text=True).stdout
    committed = (TOOLS / "public.txt").read_text(encoding="utf-8")
    assert printed.splitlines() == committed.splitlines(), "python tools/public.py > tools/public.txt"
