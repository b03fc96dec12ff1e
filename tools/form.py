"""The form of the code, each measure beside its limit: python tools/form.py [--show MEASURE].

=================  =========================================================================================
measure            what it counts
=================  =========================================================================================
lines              code lines of each stage: docstrings, comments and blank lines may be as many as a reader
                   needs
files, test lines  files of src, lines of tests
names              values called `found`, `one`, `given`, … in place of what they hold
words, headless    words that no other library's documentation uses; sentences without a subject
parameters         of `DeepClassifier` and of `NetworkClassifier`, and how many of both are named in the code
                   of more than four stages
files, functions   of src that one use calls, its imports left out
=================  =========================================================================================

Ends with status 1 where a measure is past its limit. A limit only falls: a change that makes room lowers it.
An ability that is new to users raises the limits of lines by what it takes, which its commit says.
What a use calls depends a little on the machine: `SLACK` more are let pass.
"""

import ast
import contextlib
import inspect
import io
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "deepstep"

STAGES: dict[str, tuple[int, int]] = {
    "equations": (2_600, 2_600),
    "network": (390, 390),
    "engines": (3_400, 3_836),
    "training": (2_050, 2_584),
    "inspection": (2_150, 2_350),
    "model": (1_150, 1_368),
    "data": (1_900, 2_553),
    "preparation": (1_850, 2_540),
    "estimators": (2_000, 3_055),
    "ensembles": (1_970, 3_184),
    "plots": (1_000, 1_114),
    "report": (650, 904),
    "explorer": (1_250, 1_285),
    "export": (1_750, 1_794),
    "serving": (300, 398),
    "course": (2_700, 3_305),
    "cli": (2_200, 4_905),
    "archive": (250, 363),
    "": (500, 1_391),
}
"""Code lines by stage: the goal, and the limit, the goal once it is reached; "" has the files beside
the stages."""

LIMITS: dict[str, tuple[int, int]] = {
    "files": (215, 256),
    "test lines": (30_000, 33_551),
    "names": (60, 3),
    "words": (20, 7),
    "headless": (10, 1),
    "parameters of DeepClassifier": (25, 25),
    "parameters of NetworkClassifier": (45, 44),
    "parameters in more than four stages": (20, 25),
    "files of deepstep train": (75, 111),
    "functions of deepstep train": (500, 864),
    "files of DeepClassifier.fit": (55, 77),
    "functions of DeepClassifier.fit": (340, 476),
    "files of Network.train": (42, 42),
    "functions of Network.train": (220, 219),
    "files of Network.trace": (23, 23),
    "functions of Network.trace": (127, 123),
}
"""By measure: the goal, and the limit until it is reached."""

SLACK = {"files of ": 1, "functions of ": 20}
"""By the beginning of a measure."""

PRIVATE_NAMES = {"found", "given", "own", "whole", "asked", "kept", "one", "at", "told", "ones"}
WORDS = re.compile(
    r"\b(committees?|recipes?|convene\w*|anew|heeded|borne|mended?|told|said|stands? in|goes on|no input"
    r"|answers? of|but for|alike|judged)\b",
    re.IGNORECASE,
)
HEADLESS = re.compile(r'(help=|""")"?(Of|Those|That of|What) ')


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


def stage_of(path: Path) -> str:
    """The stage of a file of src; empty for the files beside the stages."""
    name = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    return name if name in STAGES else ""


def private_names(path: Path) -> Iterator[str]:
    """The place of each value or argument in a file whose name does not say what it holds."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.arg):
            name = node.arg
        else:
            continue
        if name in PRIVATE_NAMES or name.startswith("of_"):
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {name}"


def words(path: Path) -> tuple[list[str], list[str]]:
    """Places of the words to avoid, and of the sentences without a subject in docstrings and help texts."""
    avoided: list[str] = []
    headless: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        place = f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        avoided += [place] * len(WORDS.findall(line))
        if path.suffix == ".py" and HEADLESS.search(line):
            headless.append(place)
    return avoided, headless


def stages_of_parameters(files: list[Path], names: set[str]) -> dict[str, set[str]]:
    """In which stages the code names each parameter, as an identifier or a whole text."""
    stages: dict[str, set[str]] = {name: set() for name in names}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=name) | ast.Attribute(attr=name):
                    pass
                case ast.Constant(value=str(name)):
                    pass
                case _:
                    continue
            if name in stages:
                stages[name].add(path.relative_to(SOURCE).parts[0])
    return stages


def uses() -> dict[str, Callable[[], object]]:
    """What is called to count files and functions, by name."""
    import deepstep
    from deepstep.cli.main import main as command

    rng, folder = np.random.RandomState(0), Path(tempfile.mkdtemp())
    X, y = rng.randn(300, 5), (rng.rand(300) < 0.5).astype(int)
    inputs, targets = [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]]
    network = deepstep.Network([2, 4, 1], activation="tanh", seed=1)
    lines = ["age,city,income,when,bought"]
    for _ in range(300):
        income = "" if rng.rand() < 0.1 else round(rng.rand() * 9000, 2)
        date = f"2024-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}"
        bought = "yes" if rng.rand() < 0.4 else "no"
        lines.append(f"{rng.randint(18, 80)},{rng.choice(['Rome', 'Oslo', 'Lima'])},{income},{date},{bought}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n")

    def train() -> None:
        run = folder / f"run{len(list(folder.iterdir()))}"
        sys.argv = ["deepstep", "train", f"{folder}/t.csv", "--target", "bought", "--out", str(run)]
        with contextlib.suppress(SystemExit):
            command()

    return {
        "deepstep train": train,
        "DeepClassifier.fit": lambda: deepstep.DeepClassifier(random_state=0).fit(X, y),
        "Network.train": lambda: deepstep.Network([2, 4, 1], activation="tanh", seed=1).train(
            inputs, targets, learning_rate=0.5, iterations=200
        ),
        "Network.trace": lambda: network.trace(inputs, targets),
    }


def called(use: Callable[[], object]) -> set[tuple[str, str]]:
    """Files and functions of src that a use calls, after one call for the imports."""
    codes: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        codes.add(frame.f_code)

    threading.setprofile(note)  # of threads that the first call starts and that live on
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        use()
        codes.clear()
        sys.setprofile(note)
        try:
            use()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    return {
        (code.co_filename, code.co_qualname)
        for code in codes
        if code.co_filename.startswith(f"{SOURCE}{os.sep}")
        if code.co_flags & inspect.CO_OPTIMIZED  # a function, not the body of a module or class
        if "<" not in code.co_qualname.rpartition(".")[2]
    }


def measures() -> dict[str, list[str] | int]:
    """Every measure but the code lines: the places that it counts, or a number."""
    import deepstep

    files, tests = sorted(SOURCE.rglob("*.py")), sorted((ROOT / "tests").rglob("*.py"))
    texts = [*files, *sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    avoided, headless = zip(*map(words, texts), strict=True)
    table = list(inspect.signature(deepstep.DeepClassifier).parameters)
    network = list(inspect.signature(deepstep.NetworkClassifier).parameters)
    stages = stages_of_parameters(files, {*table, *network})
    counts: dict[str, list[str] | int] = {
        "files": [str(path.relative_to(ROOT)) for path in files],
        "test lines": sum(path.read_text(encoding="utf-8").count("\n") for path in tests),
        "names": [place for path in files for place in private_names(path)],
        "words": [place for places in avoided for place in places],
        "headless": [place for places in headless for place in places],
        "parameters of DeepClassifier": table,
        "parameters of NetworkClassifier": network,
        "parameters in more than four stages": [
            f"{name}: {', '.join(sorted(places))}"
            for name, places in sorted(stages.items())
            if len(places) > 4
        ],
    }
    for name in ("deepstep train", "DeepClassifier.fit", "Network.train", "Network.trace"):
        # in a process of its own, whose threads and caches no other use has made
        command = [sys.executable, __file__, "--use", name]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        counts[f"files of {name}"] = sorted({line.partition(":")[0] for line in lines})
        counts[f"functions of {name}"] = lines
    return counts


def main() -> int:
    """Print the table; 1 where a measure is past its limit."""
    if "--use" in sys.argv:
        for path, function in sorted(called(uses()[sys.argv[-1]])):
            print(f"{Path(path).relative_to(SOURCE)}: {function}")
        return 0
    counts = measures()
    if "--show" in sys.argv:
        places = counts[sys.argv[-1]]
        print(places if isinstance(places, int) else "\n".join(places))
        return 0
    by_stage = dict.fromkeys(STAGES, 0)
    for path in SOURCE.rglob("*.py"):
        by_stage[stage_of(path)] += code_lines(path)
    rows = [(f"lines of {stage or 'other files'}", by_stage[stage], *STAGES[stage]) for stage in STAGES]
    for name, count in counts.items():
        rows.append((name, count if isinstance(count, int) else len(count), *LIMITS[name]))
    print(f"{'measure':<40}{'count':>8}{'goal':>8}{'limit':>8}")
    past = False
    for name, count, goal, limit in rows:
        over = count > limit + sum(more for begin, more in SLACK.items() if name.startswith(begin))
        print(f"{name:<40}{count:>8,}{goal:>8,}{limit:>8,}{'  past its limit' * over}")
        past |= over
    print(f"{'lines of src':<40}{sum(by_stage.values()):>8,}{30_000:>8,}")
    return int(past)


if __name__ == "__main__":
    sys.exit(main())
