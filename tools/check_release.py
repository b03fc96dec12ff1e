"""Build the packages, check them, and use them in empty environments: python tools/check_release.py.

Writes dist/ anew. Needs git, the packages build, twine and check-wheel-contents, and for the bundle of the
explorer node and `npm ci --prefix web`. Each environment has the wheel and works outside the checkout, in the
folder of `--venvs`; a Python that is not installed is named. The table is printed in Markdown. Ends with
status 1 where a check fails, or with `--tag` where the bundle could not be checked. Sizes of environments are
those of install_size.py.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path

from version_matrix import lowest

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
PYTHONS = "3.11", "3.12", "3.13", "3.14"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]
ALONE = "numpy", "click", "rich"
"""What the lecture, `Network` and the course need; `--no-deps` leaves all else out."""

LECTURE = """
import numpy as np
from deepstep import Network
from deepstep.lecture import *
net = Network([2, 4, 1], activation="tanh", seed=1)
net.train([[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]], learning_rate=0.5, iterations=2000)
assert net.predict([[0, 0, 1, 1], [0, 1, 0, 1]]).tolist() == [[0, 1, 1, 0]]
assert net.trace([[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]]).check().passed
"""
TABLE = """
import numpy as np, polars as pl
rng = np.random.default_rng(0)
age, colour = rng.integers(18, 80, 200), rng.choice(["red", "green", "blue"], 200)
pl.DataFrame({"age": age, "colour": colour, "bought": (age > 45) ^ (colour == "red")}).write_csv("table.csv")
"""
SERVE = """
import json, subprocess, urllib.request
command = "deepstep serve run --port 0 --json"
with subprocess.Popen(command.split(), stdout=subprocess.PIPE) as server:
    try:
        url = json.loads(server.stdout.readline())["url"]
        body = json.dumps([{"age": 30, "colour": "red"}]).encode()
        post = urllib.request.Request(url + "predict", body, {"Content-Type": "application/json"})
        assert len(json.load(urllib.request.urlopen(post, timeout=60))["predictions"]) == 1
    finally:
        server.terminate()
"""
SMOKE = [  # commands of a new user; with the wheel alone all of them end with status 0
    ("lecture", "python", "-c", LECTURE),
    ("table", "python", "-c", TABLE),
    ("demo", "deepstep", "demo", "--json"),
    ("demo cats", "deepstep", "demo", "cats", "--json"),
    ("train", "deepstep", "train", "table.csv", "--target", "bought", "--effort", "fast", "--out", "run"),
    ("predict", "deepstep", "predict", "run", "table.csv", "-o", "predictions.csv"),
    ("check", "deepstep", "check", "run", "table.csv"),
    ("doctor", "deepstep", "doctor", "run"),
    ("report", "deepstep", "report", "run", "-o", "page.html"),
    ("export", "deepstep", "export", "run", "-o", "model.py"),
    ("export runs", "python", "model.py", "--help"),
    ("course", "deepstep", "course", "start", "7"),
    ("explore", "deepstep", "explore", "--export", "explorer.html"),
]
OF_NUMPY_ALONE = {"lecture", "course"}
OF_EXTRAS = {
    "excel": "import fastexcel",
    "images": "import h5py, PIL",
    "onnx": "import subprocess; subprocess.run('deepstep export run -o model.onnx'.split(), check=True)",
    "plots": "from deepstep import plots; import matplotlib",
    "serve": SERVE,
    "streaming": "import pyarrow, h5py",
    "tensorboard": "import tensorboardX; from deepstep.training import TensorBoard",
    "torch": "from deepstep import Network as N; N([1, 1], engine='torch').train([[0, 1]], [[0, 1]])",
}
"""Extras of users, and what each is for; those for working on DeepStep are tested by the suite."""


def main() -> int:
    """Print a row for each check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the packages and one environment")
    parser.add_argument("--tag", metavar="vX.Y.Z", help="the version that the packages must have")
    parser.add_argument("--venvs", type=Path, default=ROOT / "build" / "release", metavar="FOLDER")
    arguments = parser.parse_args()
    arguments.venvs.mkdir(parents=True, exist_ok=True)
    print("| check | result |\n|---|---|", flush=True)
    good = True
    let_pass = ("not installed",) if arguments.tag else ("not installed", "not checked")
    for name, fault in checks(arguments.quick, arguments.tag, arguments.venvs.resolve()):
        print(f"| {name} | {fault or 'good'} |", flush=True)
        good &= not fault or fault.startswith(let_pass)
    return not good


def checks(quick: bool, tag: str | None, folder: Path) -> Iterator[tuple[str, str]]:
    """The name of each check, and what is wrong: empty where nothing is."""
    shutil.rmtree(DIST, ignore_errors=True)
    yield "build", ran(sys.executable, "-m", "build", ROOT)
    (wheel,), (source,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    yield (
        "version",
        "" if not tag or wheel.name.split("-")[1] == tag.removeprefix("v") else f"{wheel.name}, {tag}",
    )
    yield "twine check --strict", ran(sys.executable, "-m", "twine", "check", "--strict", wheel, source)
    yield "check-wheel-contents", ran(sys.executable, "-m", "check_wheel_contents", wheel)
    yield f"wheel, {wheel.stat().st_size / 1e6:.1f} MB", wheel_files(wheel)
    yield f"sdist, {source.stat().st_size / 1e6:.1f} MB", source_files(source)
    bundle = "not checked: npm ci --prefix web"
    if (ROOT / "web" / "node_modules").is_dir():
        bundle = ran("npm", "run", "check", "--prefix", ROOT / "web")
    yield "explorer's bundle is built from web/", bundle
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    names = [] if quick else PYTHONS
    for name in names or [version]:
        yield f"Python {name}, newest", environment(folder / f"newest-{name}", name, wheel)
    if quick:
        return
    fault = environment(folder / "lowest", PYTHONS[0], wheel, constraints=lowest())
    yield f"Python {PYTHONS[0]}, lowest", fault
    fault = environment(folder / "alone", version, wheel, alone=True)
    yield f"Python {version}, {', '.join(ALONE)} alone", fault
    for extra in EXTRAS:
        if extra in OF_EXTRAS:
            yield f"Python {version}, [{extra}]", environment(folder / extra, version, wheel, extra=extra)


def tracked(*patterns: str) -> set[str]:
    """Paths of files of the checkout."""
    listed = subprocess.check_output(["git", "ls-files", *patterns], cwd=ROOT, text=True)
    return set(listed.splitlines())


def wheel_files(wheel: Path) -> str:
    """Whether the wheel has the files of the package, the licences and its own metadata, and nothing else."""
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    return difference(inside, {path.removeprefix("src/") for path in tracked("src/deepstep")})


def source_files(source: Path) -> str:
    """Whether the sdist has all tracked files that building, testing and reading need."""
    with tarfile.open(source) as archive:
        inside = {
            name.partition("/")[2] for name in archive.getnames() if not archive.getmember(name).isdir()
        }
    return difference(inside - {"PKG-INFO", ".gitignore"}, tracked() - tracked(".*", "conda", "paper"))


def difference(inside: set[str], expected: set[str]) -> str:
    """The first files that are too many or missing."""
    texts = [
        f"{word}: {', '.join(sorted(paths)[:5])}"
        for word, paths in (("beside", inside - expected), ("missing", expected - inside))
        if paths
    ]
    return "; ".join(texts)


def environment(
    venv: Path,
    version: str,
    wheel: Path,
    *,
    constraints: Collection[str] = (),
    alone: bool = False,
    extra: str = "",
) -> str:
    """Make an empty environment with the wheel, use it in an empty folder, and tell what went wrong."""
    if shutil.which(f"python{version}") is None or ran(f"python{version}", "-c", ""):
        return "not installed here: the workflow runs it"
    shutil.rmtree(venv, ignore_errors=True)
    kernels = venv.parent / f"kernels-{version}-{bool(constraints)}"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    variables |= {"PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}", "NUMBA_CACHE_DIR": str(kernels)}
    ran(f"python{version}", "-m", "venv", venv, env=variables)
    work = venv / "work"
    work.mkdir()
    (work / "constraints.txt").write_text("\n".join(constraints), encoding="utf-8")
    pip = venv / "bin" / "python", "-m", "pip", "install", "--quiet", "-c", work / "constraints.txt"
    installs = [[*ALONE], ["--no-deps", wheel]] if alone else [[f"{wheel}[{extra}]" if extra else wheel]]
    for install in installs:
        if fault := ran(*pip, *install, env=variables):
            return fault
    commands = [command for command in SMOKE if not alone or command[0] in OF_NUMPY_ALONE]
    if extra:
        commands = [
            *(command for command in SMOKE if command[0] in ("table", "train")),
            (extra, "python", "-c", OF_EXTRAS[extra]),
        ]
    for name, *command in commands:
        if fault := ran(*command, cwd=work, env=variables):
            return f"{name}: {fault}"
    return ""


def ran(*command: str | Path, **options: object) -> str:
    """Run a command: the last line that it printed where it failed, else nothing."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if result.returncode == 0:
        return ""
    lines = [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]
    return f"status {result.returncode}: {lines[-1] if lines else ''}".replace("|", "/")


if __name__ == "__main__":
    sys.exit(main())
