"""Fixtures of the explorer's tests: a lesson, and the front end it is shown by."""

from importlib.resources import files
from typing import Any

import pytest

from deepstep import Network
from deepstep.explorer import lesson
from deepstep.explorer.builtin import builtin

OPTIONS = {"learning_rate": 0.3, "iterations": 60}


@pytest.fixture(scope="session")
def circles() -> Any:
    return builtin("circles", seed=1)


@pytest.fixture
def network() -> Network:
    return Network([2, 8, 8, 1], activation="tanh", initialization="glorot", seed=1)


@pytest.fixture(scope="session")
def document(circles: Any) -> dict[str, Any]:
    """The lesson of the demo; tests copy it before they change it."""
    net = Network([2, 8, 8, 1], activation="tanh", initialization="glorot", seed=1)
    return lesson(net, circles.X, circles.Y, about=circles.about, **OPTIONS)


@pytest.fixture(scope="session", autouse=True)
def front_end() -> None:
    """Without the bundle, which is part of the source, no page can be made."""
    missing = [
        name
        for name in ("explorer.js", "explorer.css")
        if not (files("deepstep.explorer") / "static" / name).is_file()
    ]
    assert not missing, f"build web/: {missing}"
