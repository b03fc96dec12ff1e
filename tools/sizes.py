"""Lines of each stage beside its budget: python tools/sizes.py.

The budget is that of the second edition. Until a stage has reached it, its limit is what it has now.
Ends with status 1 where a stage is past its limit; a change that makes room lowers the limit.
"""

import sys
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "deepstep"

LIMITS: dict[str, tuple[int, int]] = {
    "equations": (4_300, 5_600),
    "network": (750, 720),
    "engines": (4_300, 6_500),
    "training": (2_500, 3_960),
    "inspection": (1_300, 3_150),
    "model": (1_200, 2_030),
    "data": (1_600, 3_740),
    "preparation": (2_100, 4_140),
    "estimators": (2_800, 8_290),
    "plots": (1_270, 1_660),
    "report": (700, 920),
    "explorer": (1_230, 1_830),
    "export": (1_800, 3_050),
    "serving": (300, 525),
    "course": (1_800, 3_740),
    "cli": (2_000, 5_760),
    "": (500, 2_470),
}
"""By stage, in lines with comments and docstrings: the budget, and the limit until it is reached."""

FILES = 190, 281
TESTS = 22_000, 45_445


def lines(files: list[Path]) -> int:
    """Lines of all files."""
    return sum(path.read_text(encoding="utf-8").count("\n") for path in files)


def main() -> int:
    """Print the table; 1 where something is past its limit."""
    past, source = [], sorted(SOURCE.rglob("*.py"))
    print(f"{'stage':<14}{'lines':>8}{'budget':>8}{'limit':>8}")
    rows = [
        (stage or "(top)", lines([path for path in source if _stage(path) == stage]), *limits)
        for stage, limits in LIMITS.items()
    ]
    rows += [
        ("all files", len(source), *FILES),
        ("tests", lines(sorted((SOURCE.parent.parent / "tests").rglob("*.py"))), *TESTS),
    ]
    for name, found, budget, limit in rows:
        over = found > limit
        past += [name] * over
        print(f"{name:<14}{found:>8,}{budget:>8,}{limit:>8,}{'  past its limit' if over else ''}")
    print(f"{'all of src':<14}{lines(source):>8,}{30_000:>8,}")
    return 1 if past else 0


def _stage(path: Path) -> str:
    parts = path.relative_to(SOURCE).parts
    return parts[0] if len(parts) > 1 else ""


if __name__ == "__main__":
    sys.exit(main())
