"""`deepstep warmup`: it says where kernels are kept, and what is missing."""

import json
from pathlib import Path

import pytest

from deepstep.engines import missing_numba


@pytest.mark.skipif(bool(missing_numba()), reason="Numba is not here")
def test_the_command_says_where_kernels_are_kept(deepstep):
    found = json.loads(deepstep("warmup", "--json").out)
    assert len(list(Path(found["folder"]).glob("*.kernel"))) >= found["kernels"] > 100
    shown = deepstep("warmup")
    assert "kernels are ready after" in shown.out
    assert found["folder"] in shown.out
    assert f"kernels: {found['kernels']}/{found['kernels']}" in shown.err


def test_without_numba_it_says_what_to_install(deepstep, monkeypatch):
    monkeypatch.setattr("deepstep.cli.opened.missing_numba", lambda: "Numba cannot be used")
    told = deepstep("warmup")
    assert told.code == 2
    assert "pip install numba" in told.err
