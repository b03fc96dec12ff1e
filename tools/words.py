"""Words that no other library's documentation uses, by folder: python tools/words.py [--show FOLDER].

Plain technical English takes their place (CONTRIBUTING.md). Until the second edition has reached the budget,
the limit is what there is now. Ends with status 1 past it; a change that makes room lowers the limit.
"""

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent

WORDS = re.compile(
    r"\b(committees?|recipes?|convene\w*|anew|heeded|borne|mended?|told|said|stands? in|goes on|no input"
    r"|answers? of|but for|alike|judged)\b",
    re.IGNORECASE,
)
HEADLESS = re.compile(r'(help=|""")"?(Of|Those|That of|What) ')
"""Sentences without a subject, in docstrings and help texts."""

BUDGETS = {"words": 60, "headless": 10}
LIMITS = {"words": 20, "headless": 4}


def hits() -> dict[str, list[str]]:
    """The places of either kind, as ``path:line: text``."""
    source = sorted((ROOT / "src").rglob("*.py"))
    texts = [*source, *sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    found: dict[str, list[str]] = {"words": [], "headless": []}
    for path in texts:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            place = f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
            found["words"] += [place] * len(WORDS.findall(line))
            if path in source and HEADLESS.search(line):
                found["headless"].append(place)
    return found


def main() -> int:
    """Print the counts; 1 where one is past its limit."""
    found, past = hits(), False
    if "--show" in sys.argv:
        print("\n".join(place for places in found.values() for place in places if sys.argv[-1] in place))
    for kind, places in found.items():
        past |= len(places) > LIMITS[kind]
        print(f"{kind:<10}{len(places):>6,}  budget {BUDGETS[kind]:>3}, limit {LIMITS[kind]:,}")
    folders = Counter("/".join(place.split(":")[0].split("/")[:3]) for place in found["words"])
    print(", ".join(f"{folder} {count}" for folder, count in folders.most_common(12)))
    return int(past)


if __name__ == "__main__":
    sys.exit(main())
