"""Sizes of what an installation takes on the disk: python tools/install_size.py.

Reads pyproject.toml and the environment that it runs in: the files of each distribution, and what it
requires here. A set has the packages of its requirements and of theirs; an extra counts what it adds to the
default set. Packages that are not installed are named.
"""

import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ALONE = "numpy", "click", "rich"
LIBRARY = "deepstep"
ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def required(name: str, extras: frozenset[str] = frozenset()) -> set[tuple[str, frozenset[str]]]:
    """What a distribution requires here, with the extras of each."""
    found = set()
    texts = distribution(name).requires or () if name != LIBRARY else PROJECT["dependencies"]
    texts = [*texts, *(text for extra in extras if name == LIBRARY for text in EXTRAS[extra])]
    for text in texts:
        one = Requirement(text)
        if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in extras or {""}):
            found.add((one.name.lower().replace("_", "-"), frozenset(one.extras)))
    return found


def closure(wanted: set[tuple[str, frozenset[str]]]) -> tuple[set[str], set[str]]:
    """The distributions of requirements and of theirs: those that are here, and those that are missing."""
    seen: set[tuple[str, frozenset[str]]] = set()
    missing: set[str] = set()
    while wanted - seen:
        one = (wanted - seen).pop()
        seen.add(one)
        try:
            wanted |= required(*one)
        except PackageNotFoundError:
            missing.add(one[0])
    return {name for name, _ in seen} - missing, missing


def size(name: str) -> int:
    """Bytes of the files of a distribution."""
    return bytes_of(Path(str(file.locate())) for file in distribution(name).files or ())


def bytes_of(files: Iterable[Path]) -> int:
    """Bytes of files, without what Python and Numba write themselves."""
    return sum(file.stat().st_size for file in files if "__pycache__" not in file.parts and file.is_file())


def main() -> int:
    """Print the sets, then the packages of the default one."""
    default, _ = closure({(LIBRARY, frozenset())})
    alone, _ = closure({(name, frozenset()) for name in ALONE})
    own = bytes_of((ROOT / "src").rglob("*"))
    print(f"{LIBRARY + ' itself':<28}{own / 1e6:>8.1f} MB")
    sizes = {name: size(name) for name in sorted(default | alone) if name != LIBRARY}
    for title, names in ((" ".join(ALONE), alone), ("pip install deepstep", default)):
        total = own + sum(sizes.get(name, 0) for name in names)
        print(f"{title:<28}{total / 1e6:>8.1f} MB  with deepstep, {len(names - {LIBRARY})} packages")
    for extra in sorted(EXTRAS):
        found, missing = closure({(LIBRARY, frozenset({extra}))})
        added = sum(map(size, found - default))
        left_out = f"  without {', '.join(sorted(missing))}" if missing else ""
        print(f"{f'[{extra}]':<28}{added / 1e6:>+8.1f} MB  {len(found - default)} packages{left_out}")
    print()
    for name, value in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{name:<28}{value / 1e6:>8.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
