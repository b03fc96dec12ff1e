"""Calls of a learner's function: in this process, or in another one with limits of time and memory.

A call gives a `Record` of plain JSON: the result, the error, the arguments afterwards.
"""

import importlib
import json
import math
import os
import pickle
import signal
import stat
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from decimal import Decimal
from functools import partial
from io import StringIO
from itertools import islice, product
from numbers import Real
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from deepstep.course.exercise import EXERCISES, Arguments, CostOf, Draws, prepare

Record: TypeAlias = dict[str, Any]
"""The record of a call: "value" or "error" (type, message, line of the file, the built-in types that it is),
"after" (the arguments), "parameters" (the names in the line of def), "random" (whether the global generator
was used); of a file that does not run: "failed", a sentence. The first record of a file has "printed"."""

MOST_ENTRIES = 10_000
"""A result with more entries is not compared."""

MOST_BYTES = 4 << 20
"""The size of the file of results, which another process wrote."""

MOST_TEXT = 300
"""Characters of a text in a record."""

DTYPES = ("bool", *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)))
DTYPES += ("float16", "float32", "float64")
"""Types of the arrays in a record."""

_NAMES = {np.dtype(name): name for name in DTYPES}

MOST_AXES = 32
"""Axes of an array in a record: as many as every NumPy has."""

DEEPEST = 8
"""Levels of lists and dictionaries in a result."""

GLOBAL_SEED = 20
"""Seed of the global generator before each call, so that a mistake that uses it has reproducible results."""

FORBIDDEN = (
    *("os.exec", "os.fork", "os.kill", "os.posix_spawn", "os.startfile", "os.system", "pty.", "subprocess."),
    *("os.chmod", "os.chown", "os.link", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.truncate"),
    *("os.utime", "os.setxattr", "os.removexattr", "shutil.", "resource.setrlimit", "signal.pthread_kill"),
    *("socket.", "ctypes.dlopen", "sqlite3.connect"),
)
"""Audit events that a learner's function has no reason for: processes, other files, signals, network."""

WITHOUT_EVENT = "mkfifo", "mknod"
"""Functions of os that make files and raise no audit event."""

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
    """A stream that keeps what a learner's file prints, up to a limit."""

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
        return {"text": value if value is None else value[:MOST_TEXT]}
    if level < DEEPEST and isinstance(value, Mapping):
        return {"dict": [[str(key), encode(entry, level + 1)] for key, entry in value.items()]}
    if level < DEEPEST and isinstance(value, list | tuple) and len(value) <= MOST_ENTRIES:
        return {"list": [encode(entry, level + 1) for entry in value]}
    if isinstance(value, Real | Decimal) or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.size <= MOST_ENTRIES:
            array = _as_numbers(array)
            dtype = _NAMES.get(array.dtype) or array.dtype.name  # the name itself is slow
            if dtype in DTYPES:
                return {"array": array.ravel().tolist(), "shape": list(array.shape), "dtype": dtype}
        text = f"an array of dtype {array.dtype} and shape {array.shape}"
        return {"other": "an array of texts, not of numbers" if array.dtype.kind in "US" else text}
    if isinstance(value, Iterator):
        count = len(list(islice(value, MOST_ENTRIES)))
        return {"other": f"an iterator of {count}, as yield makes it (return the list)"}
    return {"other": type(value).__name__[:MOST_TEXT]}


def _as_numbers(array: Any) -> Any:
    """Fractions, decimals, Python's whole numbers of any size and long doubles as float64."""
    wide = array.dtype.kind == "f" and array.itemsize > np.dtype(float).itemsize
    objects = array.dtype.kind == "O" and all(isinstance(number, Real | Decimal) for number in array.flat)
    return array.astype(float) if wide or objects else array


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


def call(function: Callable[..., Any], case: Arguments, file: str = "") -> Record:
    """Call the function with copies of the arguments; ``file`` is the one that an error names a line of."""
    arguments = [prepare(value) for value in case]
    record: Record = {}
    np.random.seed(GLOBAL_SEED)
    before: Any = np.random.get_state()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = function(*arguments)
        record["value"] = encode(value)
    except (Exception, SystemExit) as error:
        bases = [base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"]
        name, message = type(error).__name__[:MOST_TEXT], str(error)[:MOST_TEXT]
        record["error"] = [name, message, _line(error, file), bases]
    code = getattr(function, "__code__", None)
    record["parameters"] = list(code.co_varnames[: code.co_argcount]) if code else []
    record["random"] = not _same_state(before, np.random.get_state())
    record["undrawn"] = any(
        isinstance(argument, Draws) and _same_state(prepare(argument).get_state(), rng.get_state())
        for argument, rng in zip(case, arguments, strict=True)
    )
    record["after"] = [
        encode(argument if isinstance(argument, Draws | CostOf) else value)
        for argument, value in zip(case, arguments, strict=True)
    ]
    return record


def _same_state(state: Any, other: Any) -> bool:
    """Whether two states of generators of the same kind are equal: the words, and the position in them."""
    return bool(state[2] == other[2] and (state[1] == other[1]).all())


def _line(error: BaseException, file: str) -> int:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno or 0 for frame in frames if frame.filename == file]
    line = error.lineno if isinstance(error, SyntaxError) else None
    return line or (lines[-1] if lines else 0)


@contextmanager
def own_generator() -> Iterator[None]:
    """Leave the global generator as it was before the block."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


def run_file(
    path: Path, name: str, cases: Sequence[Arguments], known: Sequence[str] = (), limits: Limits | None = None
) -> list[Record]:
    """Call the function of this name in the file, in another process, with each of the cases.

    Functions named in ``known`` are replaced by their solutions first. Where the file gives no results, the
    list has one record with the key "failed". In a browser the file runs in this process, without limits.
    """
    limits = limits or Limits()
    if sys.platform in WITHOUT_PROCESSES:
        return checked_records(_here(str(path.resolve()), name, list(cases), _solutions(known)), cases)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        results = Path(folder, "results.json")
        request = {
            "path": str(path.resolve()),
            "name": name,
            "cases": list(cases),
            "known": list(known),
            "results": str(results),
            "limits": list(limits),
        }
        failed = _in_process(pickle.dumps(request), folder, limits)
        if not failed:
            try:
                return read_records(results, cases)
            except (OSError, ValueError, RecursionError):
                failed = "The program ended without results."
        return [{"failed": failed}]


def read_records(path: Path, cases: Sequence[Arguments]) -> list[Record]:
    """The records in a file that the learner's process wrote: nothing about the file is trusted.

    Raises OSError, ValueError or RecursionError where it is no regular file of records.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # Windows has neither
    with open(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("the results are no regular file")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError("the results are too large")
    return checked_records(json.loads(content), cases)


def checked_records(records: Any, cases: Sequence[Arguments]) -> list[Record]:
    """Records in which each entry has its type and its size; a ValueError where one has not."""
    _require(isinstance(records, list) and records and all(isinstance(record, dict) for record in records))
    printed = _text(records[0].get("printed", ""), MOST_PRINTED)
    if "failed" in records[0]:
        return [{"failed": _text(records[0]["failed"], 2 * MOST_TEXT), "printed": printed}]
    _require(len(records) == len(cases))
    checked = [_checked_record(record, case) for record, case in zip(records, cases, strict=True)]
    checked[0]["printed"] = printed
    return checked


def _checked_record(record: Record, case: Arguments) -> Record:
    _require(("value" in record) != ("error" in record))
    checked: Record = {}
    if "value" in record:
        checked["value"] = _checked_value(record["value"])
    else:
        _require(isinstance(record["error"], list) and len(record["error"]) == 4)
        kind, message, line, bases = record["error"]
        _require(type(line) is int and 0 <= line < 10**9 and isinstance(bases, list) and len(bases) < 100)
        checked["error"] = [_text(kind), _text(message), line, [_text(base) for base in bases]]
    for name in ("random", "undrawn"):
        _require(isinstance(record.get(name), bool))
        checked[name] = record[name]
    names: Any = record.get("parameters")
    _require(isinstance(names, list) and len(names) <= MOST_ENTRIES)
    checked["parameters"] = list(map(_text, names))
    after: Any = record.get("after")
    _require(isinstance(after, list) and len(after) == len(case))
    checked["after"] = [
        encode(argument) if isinstance(argument, Draws | CostOf) else _checked_value(value)
        for argument, value in zip(case, after, strict=True)
    ]
    return checked


def _checked_value(value: Any, level: int = 0) -> Any:
    """A value as `encode` gives it."""
    _require(isinstance(value, dict) and level <= DEEPEST + 1)
    kind = next(iter(value), "")
    content = value.get(kind)
    if kind == "text" and content is None:
        return {"text": None}
    if kind in ("text", "other"):
        return {kind: _text(content)}
    _require(kind in ("array", "list", "dict") and isinstance(content, list) and len(content) <= MOST_ENTRIES)
    if kind == "list":
        return {"list": [_checked_value(entry, level + 1) for entry in content]}
    if kind == "dict":
        _require(all(isinstance(pair, list) and len(pair) == 2 for pair in content))
        return {"dict": [[_text(key), _checked_value(entry, level + 1)] for key, entry in content]}
    shape, dtype = value.get("shape"), value.get("dtype")
    _require(dtype in DTYPES and isinstance(shape, list) and len(shape) <= MOST_AXES)
    _require(all(type(size) is int and 0 <= size <= MOST_ENTRIES for size in shape))
    _require(math.prod(shape) == len(content))
    _require(all(type(number) in (bool, int, float) for number in content))
    try:
        with np.errstate(over="ignore"):  # a number past float32 is infinity
            np.array(content, dtype=dtype)
    except OverflowError as error:  # a number past the range of its type
        raise ValueError(str(error)) from error
    return {"array": content, "shape": shape, "dtype": dtype}


def _text(value: Any, most: int = MOST_TEXT) -> str:
    _require(isinstance(value, str) and len(value) <= most)
    return str(value).encode(errors="replace").decode()  # half of a surrogate pair cannot be printed


def _require(holds: Any) -> None:
    if not holds:
        raise ValueError("these are no records")


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
    _running.add(process)
    try:
        process.communicate(request, timeout=limits.seconds + TO_START)
    except subprocess.TimeoutExpired:
        return f"The program did not end within {limits.seconds:g} seconds: is there an endless loop?"
    finally:
        _kill(process)
        process.wait()
        _running.discard(process)
    ended = [-getattr(signal, name, 0) for name in ("SIGXCPU", "SIGKILL")]  # Windows has neither
    if process.returncode in ended and process.returncode:
        return f"The program took more than {limits.seconds:g} seconds: is there an endless loop?"
    return "" if process.returncode == 0 else f"The program ended with exit code {process.returncode}."


_running: set[subprocess.Popen[bytes]] = set()
"""Learners' processes that were started and not yet waited for, by any thread."""


def end_processes() -> None:
    """End the learners' processes that other threads wait for."""
    for process in list(_running):
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()


def _here(
    path: str, name: str, cases: list[Arguments], solutions: Mapping[str, Callable[..., Any]]
) -> list[Record]:
    """The records of a file that runs in this process."""
    importable = list(sys.path)
    printed = Printed()
    try:
        with redirect_stdout(printed), own_generator():
            records = _records(path, name, cases, solutions)
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
    solutions = _solutions(request["known"])
    # no way to the solution of the exercise itself is left
    EXERCISES.pop(name)
    for module in [
        module for key, module in sys.modules.items() if key.startswith("deepstep.course.exercises")
    ]:
        if hasattr(module, name):
            setattr(module, name, _refused)
    importlib.import_module("ctypes")  # loads itself, which is refused below
    tempfile.tempdir = os.getcwd()  # the only folder that may be written
    # bound before the learner's file runs, which may replace the functions of these modules
    write, dumps = partial(_write, request["results"], os.open, os.write), json.dumps
    _limit(Limits(*request["limits"]))
    sys.stdout = printed = Printed()
    try:
        records = _records(path, name, request["cases"], solutions)
    except MemoryError:
        records = [{"failed": "The program ran out of memory."}]
    records[0]["printed"] = printed.getvalue()
    text = dumps(records).encode()
    if len(text) > MOST_BYTES:
        text = dumps([{"failed": "The results are too large to compare.", "printed": ""}]).encode()
    write(text)
    os._exit(0)  # neither exit handlers nor threads of the learner's file


def _write(path: str, opened: Callable[..., int], written: Callable[..., int], content: bytes) -> None:
    """Write the results to a new or regular file, never to the target of a link or to a reader that waits."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    file = opened(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600)
    while content:
        content = content[written(file, content) :]


def _refused(*_: Any, **__: Any) -> None:
    raise ImportError("this function is the exercise itself: write it yourself")


def _records(
    path: str, name: str, cases: list[Arguments], solutions: Mapping[str, Callable[..., Any]]
) -> list[Record]:
    module = sys.modules["submission"] = ModuleType("submission")
    module.__file__ = path
    sys.path.insert(0, str(Path(path).parent))
    try:
        exec(compile(Path(path).read_bytes(), path, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        line = f", line {_line(error, path)}" if _line(error, path) else ""
        return [{"failed": f"The file does not run: {type(error).__name__[:99]}{line}: {str(error)[:300]}."}]
    function = getattr(module, name, None)
    if not callable(function):
        near = next((key for key in vars(module) if key != name and key.lower() == name.lower()), "")
        case = f", but {near}: names are case-sensitive" if near else ""
        return [{"failed": f"The file has no function {name}{case}."}]
    if str(getattr(function, "__module__", "")).startswith("deepstep"):
        return [{"failed": f"{name} is a function of the library: write it yourself."}]
    module.__dict__.update(solutions)
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

    for name, module in product(WITHOUT_EVENT, (os, sys.modules.get("posix"))):
        if hasattr(module, name):
            setattr(module, name, partial(_not_allowed, f"os.{name}"))
    # bound before the learner's file runs, as in `main`
    real, sep, null = os.path.realpath, os.sep, os.path.realpath(os.devnull)  # on Windows \\.\NUL
    sources, folder = real(Path(__file__).with_name("exercises")) + sep, real(os.getcwd()) + sep

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(FORBIDDEN):
            _not_allowed(event)
        if event in ("open", "os.mkdir") and not isinstance(arguments[0], int | None):
            place = real(os.fsdecode(arguments[0]))
            writing = event == "os.mkdir" or arguments[2] & WRITING
            if writing and place != null and not place.startswith(folder):
                raise PermissionError("files are written to the working folder alone in an exercise")
            if place.startswith(sources):
                raise PermissionError("this is the text of the solutions: write the function yourself")

    sys.addaudithook(watch)


def _not_allowed(event: str, *_: Any, **__: Any) -> None:
    raise PermissionError(f"{event} is not allowed in an exercise")
