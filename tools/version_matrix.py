"""Tests on several versions of Python and of other packages: python tools/version_matrix.py [NAME ...].

Each combination (`COMBINATIONS`), or each NAME, gets an environment in the folder of `--venvs`, with DeepStep
and with what `TESTS` need. Kernels are compiled, then the tests run in one process. The table is printed in
Markdown; beside each environment is a file of what pip and pytest print. With pyenv, the command is

    PYENV_VERSION=3.11.7:3.12.1:3.13.0 python tools/version_matrix.py

A combination takes about 5 minutes and 1 GB. PyTorch is not installed. A skipped test counts as failed. Ends
with status 1 where a test fails, or where pip or the tests do not run.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import tomllib
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
REQUIRED = f"{ROOT}[excel,images,onnx,plots,streaming]", "hypothesis", "pandas", "pytest"
SHOWN = "numpy", "scipy", "scikit-learn", "pandas", "polars", "pyarrow", "numba"

TESTS = [
    *(f"tests/{folder}" for folder in ("data", "estimators", "model", "preparation", "streaming")),
    *(f"tests/cli/test_{file}.py" for file in ("check", "train", "train_tables", "train_targets")),
    *("tests/test_archive.py", "tests/test_run.py"),
    *("--ignore=tests/model/test_conversion.py", "-k=not torch"),  # PyTorch is not installed
    "--deselect=tests/estimators/test_population.py::test_the_precision_is_that_of_the_members",
]


def lowest() -> list[str]:
    """The lowest version of each requirement of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = chain(project["dependencies"], *project["optional-dependencies"].values())
    pairs = [text.split(";")[0].split("[")[0].split(">=") for text in texts]
    versions = sorted({f"{pair[0]}=={pair[1]}" for pair in pairs if len(pair) == 2})
    return [*versions, "pyparsing<3.3"]  # the first matplotlib calls what 3.3 deprecates


COMBINATIONS: dict[str, tuple[str, list[str]]] = {
    "newest": ("3.11", []),
    "python-3.12": ("3.12", []),
    "python-3.13": ("3.13", []),
    "python-3.14": ("3.14", []),
    "python-3.15": ("3.15", []),
    "lowest": ("3.11", lowest()),
    "pandas-2": ("3.11", ["pandas<3"]),
    "polars-1.36": ("3.11", ["polars<1.37"]),
    "polars-1": ("3.11", ["polars<2"]),
    "scikit-learn-1.7": ("3.11", ["scikit-learn<1.8", "polars<1.40"]),
    "scikit-learn-1.8": ("3.11", ["scikit-learn<1.9", "polars<1.40"]),
    "pyarrow-17": ("3.11", ["pyarrow<18"]),
}
"""By name: Python, and constraints for pip. All other packages are the newest. What scikit-learn
before 1.9 reads names of columns by is deprecated in polars 1.40 and gone in polars 2."""


def tested(name: str, folder: Path) -> tuple[list[object], bool]:
    """The cells of a combination's row, and whether all its tests passed."""
    version, constraints = COMBINATIONS[name]
    venv, log = folder / name, folder / f"{name}.txt"
    python, limits, results = venv / "bin" / "python", venv / "constraints.txt", venv / "tests.xml"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"NUMBA_CACHE_DIR": str(folder / "kernels"), "OMP_NUM_THREADS": "1"}
    with log.open("w", encoding="utf-8") as output:

        def runs(*command: str | Path) -> bool:
            return subprocess.call(command, cwd=ROOT, env=environment, stdout=output, stderr=output) == 0

        try:
            exists = runs(f"python{version}", "-m", "venv", "--clear", venv)
        except FileNotFoundError:
            exists = False
        if not exists:
            return [name, version, "not installed"], True
        limits.write_text("\n".join(constraints), encoding="utf-8")
        if not runs(python, "-m", "pip", "install", "-c", limits, "-e", *REQUIRED):
            return [name, version, f"see {log}"], False
        runs(venv / "bin" / "deepstep", "warmup")
        begin = time.perf_counter()
        options = "-q", "-p", "no:cacheprovider", "-m", "not slow", f"--junit-xml={results}"
        runs(python, "-m", "pytest", *options, *TESTS)
        seconds = round(time.perf_counter() - begin)
    listed = json.loads(subprocess.check_output([python, "-m", "pip", "list", "--format=json"], text=True))
    versions = {row["name"]: row["version"] for row in listed}
    row = [name, version, *(versions.get(package, "") for package in SHOWN)]
    if not results.exists():
        return [*row, f"see {log}"], False
    suite = next(ElementTree.parse(results).iter("testsuite"))
    failed = sum(int(suite.attrib[key]) for key in ("failures", "errors", "skipped"))
    return [*row, int(suite.attrib["tests"]) - failed, failed, seconds], failed == 0


def main() -> int:
    """Print the row of each combination when its tests have ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(COMBINATIONS))
    parser.add_argument("--venvs", type=Path, default=ROOT / "build" / "versions", metavar="FOLDER")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(COMBINATIONS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    arguments.venvs.mkdir(parents=True, exist_ok=True)
    heads = ["combination", "Python", *SHOWN, "passed", "failed", "seconds"]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    good = []
    for name in arguments.names or COMBINATIONS:
        row, passed = tested(name, arguments.venvs.resolve())
        print(f"| {' | '.join(map(str, row))} |", flush=True)
        good.append(passed)
    return not all(good)


if __name__ == "__main__":
    sys.exit(main())
