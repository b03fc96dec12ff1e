"""Code lines of each stage beside its limit: python tools/sizes.py.

Docstrings, comments and blank lines are not counted: they may be as many as a reader needs. The goal is that
of the third edition. Until a stage has reached it, its limit is what it has now. Ends with status 1 where a
stage is past its limit; a change that makes room lowers the limit.
"""

import ast
import sys
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "deepstep"

LIMITS: dict[str, tuple[int, int]] = {
    "equations": (2_600, 2_564),
    "network": (390, 370),
    "engines": (3_400, 3_860),
    "training": (2_050, 2_624),
    "inspection": (2_150, 2_313),
    "model": (1_150, 1_383),
    "data": (1_900, 2_671),
    "preparation": (1_850, 2_405),
    "estimators": (2_000, 3_115),
    "ensembles": (1_970, 2_718),
    "plots": (1_000, 1_058),
    "report": (650, 696),
    "explorer": (1_250, 1_301),
    "export": (1_750, 1_793),
    "serving": (300, 371),
    "course": (2_700, 3_314),
    "cli": (2_200, 4_735),
    "archive": (250, 361),
    "": (500, 1_694),
}
"""By stage, in code lines: the goal, and the limit until it is reached."""

FILES = 215, 277
TESTS = 30_000, 43_185
"""Files of src, and lines of tests: the goal, and the limit."""


def code_lines(path: Path) -> int:
    """Lines of a file that are neither blank nor comments nor part of a docstring."""
    text = path.read_text(encoding="utf-8")
    prose = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = [line.strip() for n, line in enumerate(text.split("\n"), 1) if n not in prose]
    return sum(bool(line) and not line.startswith("#") for line in lines)


def main() -> int:
    """Print the table; 1 where something is past its limit."""
    past, by_stage = [], dict.fromkeys(LIMITS, 0)
    source = sorted(SOURCE.rglob("*.py"))
    for path in source:
        by_stage[_stage(path)] += code_lines(path)
    tests = sorted((SOURCE.parent.parent / "tests").rglob("*.py"))
    rows = [(stage or "(top)", by_stage[stage], *limits) for stage, limits in LIMITS.items()]
    rows += [
        ("all files", len(source), *FILES),
        ("tests", sum(path.read_text(encoding="utf-8").count("\n") for path in tests), *TESTS),
    ]
    print(f"{'stage':<14}{'lines':>8}{'goal':>8}{'limit':>8}")
    for name, lines, goal, limit in rows:
        over = lines > limit
        past += [name] * over
        print(f"{name:<14}{lines:>8,}{goal:>8,}{limit:>8,}{'  past its limit' if over else ''}")
    print(f"{'all of src':<14}{sum(by_stage.values()):>8,}{30_000:>8,}")
    return 1 if past else 0


def _stage(path: Path) -> str:
    name = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    return name if name in LIMITS else ""


if __name__ == "__main__":
    sys.exit(main())
