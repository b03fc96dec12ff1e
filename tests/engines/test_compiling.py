"""Whoever waits for a compiler is told so."""

import logging
import time

import pytest

from deepstep.engines import choice
from deepstep.engines.choice import told_if_slow


@pytest.mark.parametrize(("patience", "said"), [(0.0, ["some seconds"]), (60.0, [])])
def test_a_block_that_takes_long_is_told_of(patience, said, caplog, monkeypatch):
    monkeypatch.setattr(choice, "PATIENCE", patience)
    with caplog.at_level(logging.WARNING, "deepstep"), told_if_slow("some seconds"):
        until = time.monotonic() + 10
        while said and not caplog.messages and time.monotonic() < until:
            time.sleep(0.01)
    with caplog.at_level(logging.WARNING, "deepstep"), told_if_slow("some seconds"):
        time.sleep(0.05)
    assert caplog.messages == said  # once
