"""A model that DeepStep exported: predictions for rows, with NumPy alone.

The model is in the .npz file beside this one. None and NaN are missing values; a category "" is a text::

    model.predict({"age": [31.0, None], "colour": ["red", "blue"]})  # columns, a table, or a 2-D array
    model.predict_proba([{"age": 31.0, "colour": "red"}])            # or a list of rows
    python model.py rows.csv > predictions.csv                       # also .csv.gz and the like
"""

import argparse
import contextlib
import csv
import datetime
import functools
import importlib
import io
import itertools
import json
import math
import pathlib
import re
import signal
import sys

import numpy as np

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "?")
PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity|nan)", re.I | re.A)
ISO = re.compile(
    r"(?a)(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ]([01]?\d|2[0-3]):([0-5]?\d)(?::([0-5]?\d|60)(?:\.(\d+))?)?"
    r"(?: ?(?:[Zz]|([+-](?:[01]\d|2[0-3])):?([0-5]\d)?))?)?"
)
BEFORE = re.compile(r'#|"?sep=.')  # lines before the header
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "lzma", b"\x28\xb5\x2f\xfd": "compression.zstd"}
WORD = re.compile(r"[^\W_]+")
DAY, SECOND, ROWS_AT_ONCE = 86_400_000_000, 1_000_000, 1024
TRUTHS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, 1: 1.0, 0: 0.0, None: math.nan}


def is_missing(value):
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def text_of(value):
    """A value as a text; truth values in small letters, whole numbers without a fraction."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(value) < 2**53:
        value = int(value)
    return str(value).lower() if isinstance(value, (bool, np.bool_)) else str(value)


def stripped(value):
    """A text without spaces around it; None for what stands for a missing value, other values as they are."""
    value = value.strip() if isinstance(value, str) else value
    return None if is_missing(value) or (isinstance(value, str) and value in MISSING) else value


def number_of(value, settings):
    value = stripped(value)
    if not isinstance(value, str):
        return math.nan if value is None else float(value)
    if not settings and not PLAIN.fullmatch(value):
        raise ValueError(f"a number is expected, got {value!r}")
    if settings.get("signed"):
        value = re.sub(settings["sign"], "", value, count=1) if re.search(settings["signed"], value) else ""
    if settings.get("around"):
        value = match[1] if (match := re.search(settings["around"], value)) else ""
    if not re.search(settings.get("number", ""), value):
        return math.nan
    plain = re.sub(settings.get("thousands") or "$^", "", value)
    return float(plain.replace(settings.get("decimal", "."), ".", 1))


def truth_of(value, settings):
    value = stripped(value)
    truth = TRUTHS.get(value.lower() if isinstance(value, str) else value)
    if truth is None:
        raise ValueError(f"true or false is expected, got {value!r}")
    return truth


def days_of(value, settings):
    """Days since 1970-01-01 in UTC; of a time of day since midnight."""
    value = stripped(value)
    if value is None:
        return math.nan
    if isinstance(value, datetime.time):
        value = datetime.datetime.combine(datetime.date(1970, 1, 1), value)
    if isinstance(value, datetime.datetime) and value.tzinfo:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    if isinstance(value, (datetime.date, np.datetime64)):
        return np.datetime64(value, "us").astype(np.int64) / DAY
    match = ISO.fullmatch(functools.reduce(lambda s, pair: re.sub(*pair, s), settings["to_iso"], str(value)))
    try:
        year, month, day, hour, minute, second, part, zone, zone_minutes = match.groups(default="0")
        moment = np.datetime64(f"{year}-{month:0>2}-{day:0>2}").astype(int) * DAY
    except (AttributeError, ValueError):
        if settings["lenient"]:
            return math.nan
        raise ValueError(f"an ISO date is expected, got {value!r}") from None
    clock = (int(hour) * 60 + int(minute)) * 60 + int(second)
    away = int(zone) * 3600 + (-1 if zone[0] == "-" else 1) * int(zone_minutes) * 60
    return (moment + (clock - away) * SECOND + int(part[:6].ljust(6, "0"))) / DAY


def words_of(value, settings):
    words = set() if is_missing(value) else set(WORD.findall(text_of(value).lower()))
    return [float(word in words) for word in settings["words"]]


def place_of(value, settings):
    places = settings.setdefault("places", {text: index for index, text in enumerate(settings["values"])})
    return math.nan if is_missing(value) else places.get(str(value), places.get(text_of(value), len(places)))


READERS = {
    "number": number_of,
    "boolean": truth_of,
    "date": days_of,
    "category": place_of,
    "words": words_of,
    "presence": lambda v, blanks: math.nan if is_missing((v, stripped(v))[blanks["blanks"]]) else 0.0,
}


def read(program, rows):
    """Raw rows as numbers, (m, n), NaN where missing."""
    columns, names, parts = rows, program["columns"], []
    if hasattr(rows, "columns"):
        columns = {str(name): rows[name] for name in rows.columns}
    elif not isinstance(rows, dict) and len(rows) and isinstance(rows[0], dict):
        columns = {name: [row.get(name) for row in rows] for name in {name for row in rows for name in row}}
    elif not isinstance(rows, dict):
        if any(len(row) != len(names) for row in rows):
            raise ValueError(f"{len(names)} values are expected in each row")
        columns = dict(zip(names, rows.T if isinstance(rows, np.ndarray) else zip(*rows)))
    for source in program["inputs"]:
        name, settings = source["column"], source["settings"]
        if name not in columns:
            raise ValueError(f"column {name!r} is missing")
        values, reader = columns[name], READERS[source["kind"]]
        known = source["kind"] == "number" and getattr(getattr(values, "dtype", None), "kind", "O") in "fiu"
        try:
            part = np.array(values if known else [reader(value, settings) for value in values], float)
        except (TypeError, ValueError) as error:
            raise ValueError(f"column {name!r}: {error}") from None
        wrong = np.isinf(part) | (program["needs_all"] & np.isnan(part))
        if wrong.any():
            row = int(wrong.reshape(len(part), -1).any(axis=1).argmax())
            raise ValueError(f"column {name!r}: a finite number is expected in row {row + 1}")
        parts.append(part.reshape(len(part), source["width"]))
    return np.concatenate(parts, axis=1)


def on_circle(x, position, length):
    angle = 2 * np.pi * (position(np.where(np.isnan(x), 0.0, x)) % length) / length
    return np.where(np.isnan(x), 0.0, np.concatenate([np.sin(angle), np.cos(angle)], axis=1))


def lookup(x, table):
    last, code = len(table) - 2, np.rint(x[:, 0])  # the last two rows: of an unseen value, of a missing one
    known = np.where((code >= 0) & (code < last), code, last)
    return table[np.where(np.isnan(code), last + 1, known).astype(np.intp)]


OPERATIONS = {
    "take": lambda x, index: x[:, index],
    "concat": lambda *x: np.concatenate(x, axis=1),
    "standardize": lambda x, mean, std: np.where(np.isnan(x), 0.0, (x - mean) / std),
    "missing": lambda x: np.isnan(x) * 1.0,
    "impute": lambda x, value: np.where(np.isnan(x), value, x),
    "month": lambda x: on_circle(x, lambda d: np.floor(d).astype("M8[D]").astype("M8[M]").astype(int), 12),
    "weekday": lambda x: on_circle(x, lambda d: np.floor(d) + 3, 7),
    "hour": lambda x: on_circle(x, lambda d: d % 1 * 24, 24),
    "lookup": lookup,
    "smooth_clip": lambda x, center, factor: (  # bounded, so that nothing overflows
        (u := np.clip((x - center) * factor, -1e100, 1e100)) / np.hypot(1, u / 3)
    ),
    "interpolate": lambda x, marks, scores: np.interp(x[:, 0], marks, scores)[:, None],
    "pieces": lambda x, begins, widths, low, high: np.clip((x - begins) / widths, low, high) - 0.5,
    "single": lambda x: x.astype(np.float32).astype(np.float64),
    "linear": lambda x, W, b: x @ W.T + b,
    "grouped_linear": lambda x, V, a: (V @ x.reshape(-1, *V.shape[::2], 1)).reshape(-1, len(a)) + a,
    "affine": lambda x, scale, shift: x * scale + shift,
    "normalize_layer": lambda x, epsilon: ((x.T - x.mean(1)) / np.sqrt(x.var(1) + epsilon)).T,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(-np.abs(x))),  # -|x|: both branches are computed
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(-np.abs(x))),
    "gelu": lambda x: 0.5 * x * np.float64(np.frompyfunc(math.erfc, 1, 1)(-x / math.sqrt(2))),
    "gelu_tanh": lambda x: x / (1 + np.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "softplus": lambda x: np.logaddexp(0, x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "exponential": np.exp,
    "cosine": np.cos,
    "logarithm": lambda x: np.log(np.maximum(x, 1e-12)),  # finite for a probability of 0
    "softmax": lambda x: (E := np.exp(x - x.max(axis=1, keepdims=True))) / E.sum(axis=1, keepdims=True),
    "cumulative_sum": lambda x: np.cumsum(x, axis=1),
    "weighted_sum": lambda *x, weights, divisor: sum(w * value for w, value in zip(weights, x)) / divisor,
    "normalize": lambda x: x / x.sum(axis=1, keepdims=True),
}


def run(program, constants, raw):
    """The outputs for raw rows as numbers, a part of them at a time."""
    parts = []
    if not len(raw):
        raise ValueError("at least one row is expected")
    for start in range(0, len(raw), ROWS_AT_ONCE):
        values = {"raw": raw[start : start + ROWS_AT_ONCE]}
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            for op, out, _, reads, roles, settings in program["steps"]:
                arrays = {role: constants[name] for role, name in roles.items()}
                values[out] = OPERATIONS[op](*[values[name] for name in reads], **arrays, **settings)
        parts.append(values[program["output"]])
    result = np.concatenate(parts)
    finite = np.isfinite(result).all(axis=1)
    if not finite.all():
        raise ValueError(f"row {finite.argmin() + 1} has values with which the model gives no finite number")
    return result


@functools.cache
def load():
    """The program and its constants, float32 ones as float64."""
    with np.load(pathlib.Path(__file__).with_suffix(".npz"), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    program = json.loads(arrays.pop("program").tobytes())
    return program, {name: a.astype(float) if a.dtype == "f4" else a for name, a in arrays.items()}


def outputs(rows):
    """Probabilities, or numbers in the units of the target, (m, n)."""
    program, constants = load()
    return run(program, constants, read(program, rows))


def decided(values, result):
    kind, classes = result["kind"], result["classes"]
    if kind == "classes":
        largest = (values * (result["factors"] or 1)).argmax(axis=1)
        return np.array(classes, object if str in map(type, classes) else None)[largest]
    if kind == "labels":
        return (values > 0.5).astype(int)
    return values[:, 0] if values.shape[1] == 1 else values


def predict(rows):
    """The class of each row, columns of 0 and 1, or numbers."""
    return decided(outputs(rows), load()[0]["result"])


def predict_proba(rows):
    """The probability of each class, (m, n_classes)."""
    if load()[0]["result"]["kind"] == "numbers":
        raise ValueError("the model has no probabilities, it predicts numbers: use predict")
    return outputs(rows)


def decoded(content):
    """The text of a table, unpacked: in UTF-8, else in the encoding of training."""
    encoding = load()[0]["encoding"]
    for module in [name for begin, name in PACKED.items() if content.startswith(begin)]:
        try:
            content = importlib.import_module(module).decompress(content)
        except Exception as error:  # each module has errors of its own, and this Python may lack one
            raise ValueError(f"a packed table that {module} can unpack is expected ({error})") from None
    is_wide = b"\0" in content[:1024] and encoding.startswith(("utf-16", "utf-32"))
    is_binary = content.startswith(b"PK\3\4") or content[:4] == content[-4:] == b"PAR1"  # Excel, Parquet
    for name in () if is_binary else ("utf-8-sig", encoding)[is_wide:]:
        with contextlib.suppress(UnicodeError):
            return content.decode(name).removeprefix("\ufeff")
    raise ValueError(f"a text table is expected, in UTF-8 or {encoding}")


def bare(name):
    return name.strip().strip("\ufeff").strip()


def numbered(name, others):
    return next(new for n in itertools.count() if (new := f"{name}.{n}" if n else name) not in others)


def names_of(header):
    """Columns under their names of training: without blanks around them, and with numbers where needed."""
    columns, names = load()[0]["columns"], {}
    known = {bare(name): name for name in columns[::-1]} | {name: name for name in columns}
    header = [known.get(name, known.get(bare(name), bare(name))) for name in header]
    for index, name in enumerate(header):
        if not name and name not in known:
            name = numbered(f"Unnamed: {index}", header)
        names[numbered(name, {*header, *names}) if name in names else name] = index
    return [*names]


def table_of(text):
    """Columns of texts of a text table, None where missing; the header is the first line with all columns."""
    program, lines = load()[0], [*io.StringIO(text, newline="")]
    needed, unnamed = {source["column"] for source in program["inputs"]}, program["unnamed"]
    start = next((n for n, line in enumerate(lines) if line.strip() and not BEFORE.match(line)), 0)
    tries = [(lines[n:], sep) for sep in (program["separator"], *",;\t|") for n in range(start, -1, -1)]
    headers = (names_of(next(csv.reader(rest, delimiter=sep), [])) for rest, sep in tries)
    fitting = (pair for pair, header in zip(tries, headers) if unnamed or needed <= {*header})
    rest, sep = next(fitting, tries[0])
    rows = [*csv.reader(rest, delimiter=sep)] or [[]]
    names = names_of(rows[0] if unnamed else rows.pop(0))
    if unnamed:
        names = next((every for every in unnamed if len(every) == len(names)), unnamed[0])
    cells = [row or [""] for row in rows if row or len(names) == 1]  # an empty line of one column is a row
    wrong = [f"{len(names)} fields are expected, got {row}" for row in cells if len(row) != len(names)]
    if wrong or not cells:
        raise ValueError(wrong[0] if wrong else "the table has no rows")
    columns = {name: [*map(stripped, values)] for name, values in zip(names, zip(*cells))}
    for source in program["inputs"]:
        name, is_plain = source["column"], source["kind"] == "number" and not source["settings"]
        if program["comma"] and is_plain and name in columns:
            numbers = [number_of(text, program["comma"]) for text in columns[name]]
            if not any(text and math.isnan(number) for text, number in zip(columns[name], numbers)):
                columns[name] = numbers
    return columns


def main(arguments):
    """Rows of a text table → predictions as CSV, as ``deepstep predict`` writes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("table", nargs="?", default="-", help="a text table; - or none for standard input")
    table = parser.parse_args(arguments).table
    try:
        content = sys.stdin.buffer.read() if table == "-" else pathlib.Path(table).read_bytes()
        values = outputs(table_of(decoded(content)))
    except FileNotFoundError as error:
        sys.exit(f"Error: {error.filename} does not exist.")
    except (OSError, ValueError, csv.Error) as error:
        sys.exit(f"Error: {error}")
    result = load()[0]["result"]
    answers = decided(values, result).reshape(len(values), -1)[:, result["point"] or slice(None)]
    answers = np.char.lower(answers.astype(str)) if answers.dtype == bool else answers  # true, false
    rows = ([*row, *more][: len(result["header"])] for row, more in zip(answers, values))
    quoting = csv.QUOTE_ALL if "\r" in "".join(result["header"]) else csv.QUOTE_MINIMAL
    csv.writer(sys.stdout, lineterminator="\n", quoting=quoting).writerows([result["header"], *rows])


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    signal.signal(getattr(signal, "SIGPIPE", signal.SIGTERM), signal.SIG_DFL)  # the end of `| head`
    main(sys.argv[1:])
