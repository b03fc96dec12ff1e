"""Fixtures of the published reference numbers."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def lecture(shared: Path) -> dict[str, Any]:
    """lecture.json; its cases and runs by id."""
    published = json.loads((shared / "reference" / "lecture.json").read_text(encoding="utf-8"))
    return published | {kind: {entry["id"]: entry for entry in published[kind]} for kind in ("cases", "runs")}
