"""Fixtures of the command line's tests."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars
import pytest

from deepstep.cli.main import main
from deepstep.run import Run
from deepstep.training import Progress
from forks import Forks

SOURCE = Path(__file__).resolve().parents[2] / "src"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}


class Result(NamedTuple):
    code: int
    out: str
    err: str

    def done(self) -> "Result":
        """The same, after a command without an error."""
        assert self.code == 0, self
        return self

    def refused(self, *sentences: str) -> None:
        """The command had an error of usage: nothing on stdout, and these sentences on stderr."""
        assert (self.code, self.out) == (2, ""), self
        assert [sentence for sentence in sentences if sentence not in self.err] == [], self.err


Process = Callable[..., subprocess.CompletedProcess[str]]


def words_of(arguments: tuple[object, ...]) -> list[str]:
    """Arguments as they are typed; "--out r --model network --epochs 3" is four of them."""
    texts = map(str, arguments)
    return [word for text in texts for word in (text.split() if text.startswith("--") else [text])]


class Deepstep:
    """The command line in this process: what it printed and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: object) -> Result:
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as leaving:
            main(words_of(arguments))
        printed = self.capsys.readouterr()
        return Result(leaving.value.code or 0, printed.out, printed.err)

    def json(self, *arguments: object) -> Any:
        """The record of a command without an error."""
        return json.loads(self(*arguments, "--json").done().out)

    def run(self, *arguments: object) -> Run:
        """The run that a command writes into a folder that is named."""
        self(*arguments).done()
        words = words_of(arguments)
        return Run.load(words[words.index("--out") + 1])


@pytest.fixture
def deepstep(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Deepstep:
    """The command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["deepstep"])  # and not the way in which pytest was called
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Deepstep(capsys)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes on standard input."""
    return lambda content: monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(content)))


@pytest.fixture
def interrupted(deepstep: Deepstep, monkeypatch: pytest.MonkeyPatch, pythons_own_handler: None) -> Deepstep:
    """The same, with Ctrl-C at the end of an epoch, so many times."""
    go_on = Progress.on_epoch_end

    def call(*arguments: object, epoch: int = 5, times: int = 1) -> Result:
        def pressed(self: Progress, training: Any, record: Any) -> None:
            go_on(self, training, record)
            if record["epoch"] == epoch:
                for _ in range(times):
                    signal.raise_signal(signal.SIGINT)

        with monkeypatch.context() as patched:
            patched.setattr(Progress, "on_epoch_end", pressed)
            patched.setattr(Progress, "looks_at_the_network", True)
            return deepstep(*arguments)

    return call


def _program(before: str) -> str:
    return f"{before}\nimport sys\nfrom deepstep.cli.main import main\nmain(sys.argv[1:])"


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """What starts processes that need not import everything."""
    forks = Forks()
    yield forks
    forks.close()


@pytest.fixture
def process(forks: Forks, tmp_path: Path) -> Process:
    """The command line in a process of its own; ``before`` is Python that runs first."""

    def call(*arguments: object, before: str = "") -> subprocess.CompletedProcess[str]:
        return forks.run(_program(before), words_of(arguments), folder=tmp_path, environment=ENVIRONMENT)

    return call


@pytest.fixture
def fresh_process(tmp_path: Path) -> Process:
    """The same in a process that begins anew, for what is about imports and streams; ``shell`` redirects."""

    def call(
        *arguments: object, before: str = "", shell: str = "", **streams: Any
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", _program(before), *words_of(arguments)]
        return subprocess.run(
            ["sh", "-c", f'"$0" "$@" {shell}', *command] if shell else command,
            cwd=tmp_path,
            env=ENVIRONMENT,
            text=True,
            timeout=120,
            check=False,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    return call


@pytest.fixture(scope="session")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of two classes, told apart by x, with a text, a missing number and a number to predict."""
    rng = np.random.default_rng(3)
    x = np.linspace(-2, 2, 60)
    frame = polars.DataFrame(
        {
            "x": x,
            "size": [None, *rng.normal(10, 2, 59)],
            "colour": ["red", "blue", "green"] * 20,
            "kind": np.where(x > 0, "tall", "short"),
            "height": 3 * x + rng.normal(0, 0.1, 60),
        }
    )
    path = tmp_path_factory.mktemp("tables") / "flowers.csv"
    frame.write_csv(path)
    return path


def trained_in(folder: Path, flowers: Path, *words: str) -> Path:
    """A run of the kinds of the flowers; tests copy it before they change it."""
    with pytest.raises(SystemExit) as leaving:
        main(["train", str(flowers), "--target", "kind", "--out", str(folder), *words])
    assert not leaving.value.code
    return folder


@pytest.fixture(scope="session")
def flower_run(flowers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one network."""
    folder = tmp_path_factory.mktemp("runs") / "flowers"
    return trained_in(folder, flowers, "--model", "network", "--epochs", "30")


@pytest.fixture(scope="session")
def ensemble_run(flowers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of an ensemble of two."""
    return trained_in(tmp_path_factory.mktemp("runs") / "ensemble", flowers, "--set", "n_estimators=2")
