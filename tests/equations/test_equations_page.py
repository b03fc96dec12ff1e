"""docs/equations.md is what the registry says."""

import runpy
from pathlib import Path

from deepstep.equations import EQUATIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_up_to_date() -> None:
    page = (DOCS / "equations.md").read_text(encoding="utf-8")
    generated = runpy.run_path(str(DOCS / "generate.py"))["equations_page"]()
    assert page == generated, "run: python docs/generate.py"
    assert [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")] == list(EQUATIONS)
