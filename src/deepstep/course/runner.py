"""Calls of a learner's function: in this process, or in another one with limits of time and memory.

A call gives a `Record` of plain JSON: the result, the error, the arguments afterwards.
"""

import importlib
import json
import os
import pickle
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.course.exercise import COSTS, EXERCISES, Arguments, CostOf, Draws

Record: TypeAlias = dict[str, Any]
"""The record of a call: "value" or "error" (type, message, line of the file), "after" (the arguments),
"random" (whether the global generator was used); of a file that does not run: "failed", a sentence. The first
record of a file has "printed"."""

MOST_ENTRIES = 100_000
"""A result with more entries is not compared."""

DEEPEST = 8
"""Levels of lists and dictionaries in a result."""

GLOBAL_SEED = 20
"""Seed of the global generator before each call, so that a mistake that uses it has reproducible results."""

FORBIDDEN = (
    *("os.exec", "os.fork", "os.kill", "os.posix_spawn", "os.system", "pty.", "subprocess."),
    *("os.chmod", "os.chown", "os.link", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"),
    *("shutil.", "resource.setrlimit", "signal.pthread_kill", "socket."),
)
"""Audit events that a learner's function has no reason for: processes, other files, signals, network."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC

KEPT = ("PATH", "LANG", "HOME", "SYSTEMROOT", "APPDATA", "USERPROFILE", "TEMP", "TMP")
"""Variables of the environment that Python and its packages need; others may be secrets."""

MOST_PRINTED = 500
"""Characters of what a learner's file prints that are kept."""

WITHOUT_PROCESSES = "emscripten", "wasi"
"""Platforms on which no other process can be started: the browser, which has limits of its own."""

TO_START = 5.0
"""Seconds that the process may take besides, to start."""


class Printed(StringIO):
    """What a learner's file prints, up to a limit."""

    def write(self, text: str, /) -> int:
        """Keep what still fits."""
        super().write(text[: max(0, MOST_PRINTED - self.tell())])
        return len(text)


class Limits(NamedTuple):
    """Limits of a learner's file, for one exercise."""

    seconds: float = 10.0
    memory: int = 2 << 30


def encode(value: Any, level: int = 0) -> Any:
    """A value as JSON; what is neither numbers nor lists or dictionaries of them is named by its type.

    >>> encode((1.5, {"W1": np.ones((1, 2))}))["list"][1]
    {'dict': [['W1', {'array': [1.0, 1.0], 'shape': [1, 2], 'dtype': 'float64'}]]}
    """
    if isinstance(value, Draws | CostOf):
        return {type(value).__name__: value[0]}
    if isinstance(value, str) or value is None:
        return {"text": value if value is None else value[:200]}
    if level < DEEPEST and isinstance(value, Mapping):
        return {"dict": [[str(key), encode(entry, level + 1)] for key, entry in value.items()]}
    if level < DEEPEST and isinstance(value, list | tuple) and len(value) <= MOST_ENTRIES:
        return {"list": [encode(entry, level + 1) for entry in value]}
    if isinstance(value, bool | int | float | np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.kind == "f" and array.itemsize > np.dtype(float).itemsize:
            array = array.astype(float)  # numbers of a long double are no numbers of JSON
        if array.dtype.kind in "biuf" and array.size <= MOST_ENTRIES:
            return {"array": array.ravel().tolist(), "shape": list(array.shape), "dtype": array.dtype.name}
    if isinstance(value, np.ndarray):
        return {"other": f"an array of dtype {value.dtype} and shape {value.shape}"}
    return {"other": type(value).__name__}


class Other(NamedTuple):
    """A value that is not compared: its type."""

    type: str


def decode(value: Any) -> Any:
    """The value of `encode`."""
    ((kind, content),) = [(key, value[key]) for key in value if key not in ("shape", "dtype")]
    if kind == "array":
        return np.array(content, dtype=value["dtype"]).reshape(value["shape"])
    if kind == "list":
        return [decode(entry) for entry in content]
    if kind == "dict":
        return {key: decode(entry) for key, entry in content}
    return Other(content) if kind == "other" else content


def _argument(value: Any) -> Any:
    """An argument as the function gets it: a copy, a generator, a cost."""
    if isinstance(value, Draws):
        return np.random.RandomState(value.seed)
    if isinstance(value, CostOf):
        return COSTS[value.name]
    if isinstance(value, dict):
        return {name: _argument(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_argument(entry) for entry in value)
    return value.copy() if isinstance(value, np.ndarray) else value


def call(function: Callable[..., Any], case: Arguments, file: str = "") -> Record:
    """Call the function with copies of the arguments; ``file`` is the one that an error names a line of."""
    arguments = [_argument(value) for value in case]
    record: Record = {}
    np.random.seed(GLOBAL_SEED)
    before: Any = np.random.get_state()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = function(*arguments)
            value = list(islice(value, MOST_ENTRIES)) if isinstance(value, Iterator) else value
        record["value"] = encode(value)
    except (Exception, SystemExit) as error:
        record["error"] = [type(error).__name__, str(error)[:300], _line(error, file)]
    record["random"] = not _same_state(before, np.random.get_state())
    record["undrawn"] = any(
        isinstance(given, Draws) and _same_state(_argument(given).get_state(), rng.get_state())
        for given, rng in zip(case, arguments, strict=True)
    )
    record["after"] = [
        encode(given if isinstance(given, Draws | CostOf) else value)
        for given, value in zip(case, arguments, strict=True)
    ]
    return record


def _same_state(one: Any, other: Any) -> bool:
    """Whether two states of generators of the same kind are equal."""
    return bool(one[2] == other[2] and (one[1] == other[1]).all())


def _line(error: BaseException, file: str) -> int:
    lines = [
        frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file
    ]
    own = error.lineno if isinstance(error, SyntaxError) else None
    return own or (lines[-1] if lines else 0)


@contextmanager
def own_generator() -> Iterator[None]:
    """Leave the global generator as it was before the block."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


def run_file(
    path: Path, name: str, cases: Sequence[Arguments], given: Sequence[str] = (), limits: Limits | None = None
) -> list[Record]:
    """Call the function of this name in the file, in another process, with each of the cases.

    Functions named in ``given`` are replaced by their solutions first. Where the file gives no results, the
    list has one record with the key "failed". In a browser the file runs in this process, without limits.
    """
    limits = limits or Limits()
    if sys.platform in WITHOUT_PROCESSES:
        return _checked(_here(str(path.resolve()), name, list(cases), _solutions(given)), len(cases))
    with TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        request = {
            "path": str(path.resolve()),
            "name": name,
            "cases": list(cases),
            "given": list(given),
            "results": str(results),
            "limits": list(limits),
        }
        failed = _in_process(pickle.dumps(request), folder, limits)
        if not failed:
            try:
                return _checked(json.loads(results.read_text(encoding="utf-8")), len(cases))
            except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
                failed = "The program ended without results."
        return [{"failed": failed}]


def _checked(records: list[Record], count: int) -> list[Record]:
    """Records that can be read; what the learner's process wrote is not trusted."""
    if records and "failed" in records[0]:
        return [{"failed": str(records[0]["failed"]), "printed": str(records[0]["printed"])}]
    if len(records) != count:
        raise ValueError(f"{len(records)} records of {count} calls")
    for record in records:
        for value in [record["value"]] if "value" in record else []:
            decode(value)
        kind, message, line = record.get("error", ("", "", 0))
        if not all(
            map(
                isinstance,
                (kind, message, line, record["random"], record["undrawn"]),
                (str, str, int, bool, bool),
            )
        ):
            raise TypeError("an error has a type, a message and a line")
        record["after"] = list(record["after"])
    return records


def _in_process(request: bytes, folder: str, limits: Limits) -> str:
    """Run `main` of this module in another process; a sentence where it did not end as it should."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-B", "-c", "from deepstep.course.runner import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=environment,
        start_new_session=True,
    )
    try:
        process.communicate(request, timeout=limits.seconds + TO_START)
    except subprocess.TimeoutExpired:
        return f"The program did not end within {limits.seconds:g} seconds: is there an endless loop?"
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.wait()
    ended = [-getattr(signal, name, 0) for name in ("SIGXCPU", "SIGKILL")]  # Windows has neither
    if process.returncode in ended and process.returncode:
        return f"The program took more than {limits.seconds:g} seconds: is there an endless loop?"
    return "" if process.returncode == 0 else f"The program ended with exit code {process.returncode}."


def _here(
    path: str, name: str, cases: list[Arguments], given: Mapping[str, Callable[..., Any]]
) -> list[Record]:
    """The records of a file that runs in this process."""
    importable, printed = list(sys.path), Printed()
    try:
        with redirect_stdout(printed), own_generator():
            records = _records(path, name, cases, given)
    finally:
        sys.path[:] = importable
        sys.modules.pop("submission", None)
    records[0]["printed"] = printed.getvalue()
    decoded: list[Record] = json.loads(json.dumps(records))
    return decoded


def _solutions(names: Sequence[str]) -> dict[str, Callable[..., Any]]:
    return {helper: EXERCISES[helper].function for helper in names}


def main() -> None:
    """The learner's process: the request comes on stdin as a pickle, the records go to a file as JSON."""
    request = pickle.load(sys.stdin.buffer)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  # for input() in the learner's file
    importlib.import_module("deepstep.course.exercises")  # registers them
    name, path = request["name"], request["path"]
    given = _solutions(request["given"])
    EXERCISES.pop(name)
    for module in [
        module for key, module in sys.modules.items() if key.startswith("deepstep.course.exercises")
    ]:
        if hasattr(module, name):
            setattr(module, name, _refused)
    write, dumps = Path(request["results"]).write_text, json.dumps
    _limit(Limits(*request["limits"]))
    sys.stdout = printed = Printed()
    try:
        records = _records(path, name, request["cases"], given)
    except MemoryError:
        records = [{"failed": "The program ran out of memory."}]
    records[0]["printed"] = printed.getvalue()
    write(dumps(records), encoding="utf-8")
    os._exit(0)  # neither exit handlers nor threads of the learner's file


def _refused(*_: Any, **__: Any) -> None:
    raise ImportError("this function is the exercise itself: write it yourself")


def _records(
    path: str, name: str, cases: list[Arguments], given: Mapping[str, Callable[..., Any]]
) -> list[Record]:
    module = sys.modules["submission"] = ModuleType("submission")
    module.__file__ = path
    sys.path.insert(0, str(Path(path).parent))
    try:
        exec(compile(Path(path).read_bytes(), path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        line = f", line {_line(error, path)}" if _line(error, path) else ""
        return [{"failed": f"The file does not run: {type(error).__name__}{line}: {str(error)[:300]}."}]
    function = getattr(module, name, None)
    if not callable(function):
        return [{"failed": f"The file has no function {name}."}]
    if str(getattr(function, "__module__", "")).startswith("deepstep"):
        return [{"failed": f"{name} is a function of the library: write it yourself."}]
    module.__dict__.update(given)
    return [call(function, case, path) for case in cases]


def _limit(limits: Limits) -> None:
    """Set the limits of this process, and refuse what needs no learner's function."""
    with suppress(ImportError):  # Windows: only the time is limited, by the process that waits
        import resource

        seconds = int(limits.seconds) + 1
        for kind, most in (
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_AS, limits.memory),
            (resource.RLIMIT_FSIZE, 64 << 20),
            (resource.RLIMIT_CORE, 0),
        ):
            with suppress(ValueError, OSError):  # a lower limit stands already
                resource.setrlimit(kind, (most, most))

    sources, folder = str(Path(__file__).with_name("exercises")), os.getcwd()

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(FORBIDDEN):
            raise PermissionError(f"{event} is not allowed in an exercise")
        if event == "open" and isinstance(arguments[0], str | bytes):
            place, flags = os.path.abspath(os.fsdecode(arguments[0])), arguments[2]
            if flags & WRITING and not place.startswith((folder, os.devnull)):
                raise PermissionError("files are written to the working folder alone in an exercise")
            if place.startswith(sources):
                raise PermissionError("this is the text of the solutions: write the function yourself")

    sys.addaudithook(watch)
