"""The extensions of the build of the documentation, for tests: ``docs/_ext`` is on no path."""

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

EXTENSIONS = Path(__file__).resolve().parents[1] / "docs" / "_ext"


@cache
def extension(name: str) -> Any:
    """An extension of the build."""
    sys.path.insert(0, str(EXTENSIONS))
    try:
        return import_module(name)
    finally:
        sys.path.remove(str(EXTENSIONS))
