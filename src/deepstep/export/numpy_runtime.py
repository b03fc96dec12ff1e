"""A model that DeepStep exported: predictions for rows, with NumPy alone.

The model is in the .npz file of the same name beside this one. Use it as a module::

    import model
    model.predict({"age": [31.0, None], "colour": ["red", "blue"]})  # columns, or a list of dicts,
    model.predict_proba([{"age": 31.0, "colour": "red"}])            # or a 2-D array in the order of COLUMNS

or as a program: ``python model.py rows.csv > predictions.csv``. None and NaN are missing values.
"""

import csv
import datetime
import functools
import json
import math
import pathlib
import re
import sys

import numpy as np

MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "?")
PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity)", re.IGNORECASE)
ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)? ?(?:([Zz])|([+-]\d{2}):?(\d{2})?)?"
)
WORD = re.compile(r"[^\W_]+")
DAY, SECOND = 86_400_000_000, 1_000_000
TRUTHS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


def is_missing(value):
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def text_of(value):
    """A value as a text; truth values in small letters, whole numbers without a fraction."""
    if isinstance(value, (bool, np.bool_)):
        return str(value).lower()
    if isinstance(value, (float, np.floating)) and float(value).is_integer() and abs(value) < 2**53:
        value = int(value)
    return str(value)


def stripped(value):
    """A text without spaces around it; None for what stands for a missing value, other values as they are."""
    value = value.strip() if isinstance(value, str) else value
    return None if is_missing(value) or (isinstance(value, str) and value in MISSING) else value


def number_of(value, settings):
    value = stripped(value)
    if value is None:
        return math.nan
    if not isinstance(value, str):
        return float(value)
    if not settings:
        if not PLAIN.fullmatch(value):
            raise ValueError(f"a number is expected, got {value!r}")
        return float(value)
    if settings["signed"]:
        value = re.sub(settings["sign"], "", value, count=1) if re.search(settings["signed"], value) else ""
    if settings["around"]:
        found = re.search(settings["around"], value)
        value = found[1] if found else ""
    if not re.search(settings["number"], value):
        return math.nan
    value = re.sub(settings["thousands"], "", value) if settings["thousands"] else value
    return float(value.replace(settings["decimal"], ".", 1))


def truth_of(value, settings):
    value = stripped(value)
    found = TRUTHS.get(value.lower()) if isinstance(value, str) else math.nan if value is None else float(value)
    if found is None or found not in (0, 1) and found == found:
        raise ValueError(f"true or false is expected, got {value!r}")
    return found


def days_of(value, settings):
    """Days since 1970-01-01 in UTC; of a time of day since midnight."""
    value = stripped(value)
    if value is None:
        return math.nan
    if isinstance(value, np.datetime64):
        return value.astype("datetime64[us]").astype(np.int64) / DAY
    if isinstance(value, datetime.time):
        value = datetime.datetime.combine(datetime.date(1970, 1, 1), value)
    if isinstance(value, datetime.datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        span = zoned - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return (span // datetime.timedelta(microseconds=1)) / DAY
    if isinstance(value, datetime.date):
        return float(value.toordinal() - 719_163)
    found = ISO.fullmatch(re.sub(settings["pattern"], settings["iso"], value, count=1))
    try:
        year, month, day, hour, minute, second, part, _, zone, zone_minutes = found.groups(default="0")
        moment = (datetime.date(int(year), int(month), int(day)).toordinal() - 719_163) * DAY
    except (AttributeError, ValueError):
        if settings["lenient"]:
            return math.nan
        raise ValueError(f"an ISO date is expected, got {value!r}") from None
    clock = (int(hour) * 60 + int(minute)) * 60 + int(second)
    away = int(zone) * 3600 + (-1 if zone[0] == "-" else 1) * int(zone_minutes) * 60
    return (moment + (clock - away) * SECOND + int(part[:6].ljust(6, "0"))) / DAY


def seconds_of(value, settings):
    value = stripped(value)
    if isinstance(value, np.timedelta64):
        return value / np.timedelta64(1, "s")
    return value.total_seconds() if isinstance(value, datetime.timedelta) else number_of(value, {})


def presence_of(value, settings):
    return math.nan if is_missing(stripped(value) if settings["blanks"] else value) else 0.0


def place_of(value, settings):
    places = settings.setdefault("places", {text: at for at, text in enumerate(settings["values"])})
    return math.nan if is_missing(value) else places.get(text_of(value), len(places))


def words_of(value, settings):
    found = set() if is_missing(value) else set(WORD.findall(text_of(value).lower()))
    return [float(word in found) for word in settings["words"]]


READERS = {
    "number": number_of,
    "boolean": truth_of,
    "date": days_of,
    "duration": seconds_of,
    "category": place_of,
    "words": words_of,
    "presence": presence_of,
}
"""Kinds of inputs: a raw value as a number, NaN where missing."""


def columns_of(program, rows):
    """Rows as columns by name: from columns, a table, a list of dicts, or rows in the order of the columns."""
    names = program["columns"]
    if isinstance(rows, dict):
        return rows
    if hasattr(rows, "columns"):
        return {str(name): rows[name] for name in rows.columns}
    if len(rows) and isinstance(rows[0], dict):
        return {name: [row.get(name) for row in rows] for name in rows[0]}
    table = rows if isinstance(rows, np.ndarray) else np.array(rows, dtype=object)
    if table.ndim != 2 or table.shape[1] != len(names):
        raise ValueError(f"rows of {len(names)} columns are expected, got shape {table.shape}")
    return dict(zip(names, table.T))


def read(program, rows):
    """Raw rows as numbers, (m, n), NaN where missing."""
    columns = columns_of(program, rows)
    parts = []
    for one in program["inputs"]:
        if one["column"] not in columns:
            raise ValueError(f"column {one['column']!r} is missing")
        values, reader = columns[one["column"]], READERS[one["kind"]]
        if one["kind"] == "number" and getattr(getattr(values, "dtype", None), "kind", "O") in "fiu":
            part = np.asarray(values, np.float64)
        else:
            part = np.array([reader(value, one["settings"]) for value in values], np.float64)
        wrong = np.isinf(part) | (program["needs_all"] & np.isnan(part))
        if wrong.any():
            row = int(wrong.reshape(len(part), -1).any(axis=1).argmax())
            raise ValueError(f"column {one['column']!r}: a finite number is expected in row {row + 1}")
        parts.append(part.reshape(len(part), one["width"]))
    return np.concatenate(parts, axis=1)


def standardize(x, mean, std):
    with np.errstate(over="ignore"):
        found = np.where(np.isnan(x), 0.0, (x - mean) / std)
    return np.where(np.isinf(found), np.nan, found)


def on_circle(x, position, length):
    angle = 2 * np.pi * position(np.where(np.isnan(x), 0.0, x)) / length
    return np.where(np.isnan(x), 0.0, np.concatenate([np.sin(angle), np.cos(angle)], axis=1))


def months(x):
    return np.floor(x).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12


def lookup(x, table):
    last = len(table) - 2
    code = np.rint(x[:, 0])
    known = np.where((code >= 0) & (code < last), code, last)
    return table[np.where(np.isnan(code), last + 1, known).astype(np.intp)]


def smooth_clip(x, center, factor):
    with np.errstate(over="ignore"):
        u = np.clip((x - center) * factor, -1e100, 1e100)
    return 3.0 * u / np.hypot(3.0, u)


def grouped_linear(x, V, a):
    return np.einsum("cdk,mck->mcd", V, x.reshape(len(x), len(V), -1)).reshape(len(x), -1) + a


def normalize_layer(x, epsilon):
    centered = x - x.mean(axis=1, keepdims=True)
    return centered / np.sqrt(np.mean(centered * centered, axis=1, keepdims=True) + epsilon)


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def gelu(x):
    return x * np.frompyfunc(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)), 1, 1)(x).astype(np.float64)


def sigmoid(x):
    t = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, t) / (1 + t)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def cubic(x):
    near = np.clip(x, -40, 40)
    return 2 * math.sqrt(2 / math.pi) * (near + 0.044715 * near * near * near)


def softmax(x):
    E = np.exp(x - x.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def in_steps(x, sign):
    return np.cumsum(np.concatenate([x[:, :1], sign * softplus(x[:, 1:])], axis=1), axis=1)


def temperature(x, T):
    return softmax(np.log(np.maximum(x, 1e-12)) / T)


def falls(x):
    one, zero = np.ones_like(x[:, :1]), np.zeros_like(x[:, :1])
    return -np.diff(np.concatenate([one, x, zero], axis=1), axis=1)


OPERATIONS = {
    "take": lambda x, index: x[:, index],
    "concat": lambda *x: np.concatenate(x, axis=1),
    "standardize": standardize,
    "missing": lambda x: np.isnan(x) * 1.0,
    "impute": lambda x, value: np.where(np.isnan(x), value, x),
    "month": lambda x: on_circle(x, months, 12),
    "weekday": lambda x: on_circle(x, lambda days: (np.floor(days) + 3) % 7, 7),
    "hour": lambda x: on_circle(x, lambda days: days % 1 * 24, 24),
    "lookup": lookup,
    "smooth_clip": smooth_clip,
    "interpolate": lambda x, marks, scores: np.interp(x[:, 0], marks, scores)[:, None],
    "pieces": lambda x, begins, widths, low, high: np.clip((x - begins) / widths, low, high) - 0.5,
    "single": lambda x: x.astype(np.float32).astype(np.float64),
    "linear": lambda x, W, b: x @ W.T + b,
    "grouped_linear": grouped_linear,
    "affine": lambda x, scale, shift: x * scale + shift,
    "normalize_layer": normalize_layer,
    "blend": lambda x, y, alpha: (1 - alpha) * x + alpha * y,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "elu": elu,
    "selu": lambda x: 1.0507009873554805 * elu(x, 1.6732632423543772),
    "gelu": gelu,
    "gelu_tanh": lambda x: x * sigmoid(cubic(x)),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": softplus,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "exponential": np.exp,
    "cosine": np.cos,
    "softmax": softmax,
    "increasing": lambda x: in_steps(x, 1),
    "ordinal": lambda x: sigmoid(in_steps(x, -1)),
    "weighted_sum": lambda *x, weights: sum(weight * value for weight, value in zip(weights, x)),
    "temperature": temperature,
    "temperature_each": lambda x, T: temperature(np.stack([1 - x, x], axis=1), T)[:, 1],
    "ordinal_probabilities": falls,
    "normalize": lambda x: x / x.sum(axis=1, keepdims=True),
}
"""The operations: values (m, n) and constants → a value."""


def run(program, constants, raw):
    """The outputs for raw rows as numbers."""
    values = {"raw": raw}
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for op, out, reads, roles, settings in program["steps"]:
            given = {role: constants[name] for role, name in roles.items()}
            values[out] = OPERATIONS[op](*[values[name] for name in reads], **given, **settings)
    found = values[program["output"]]
    finite = np.isfinite(found).all(axis=1)
    if not finite.all():
        raise ValueError(f"row {finite.argmin() + 1} has values with which the model gives no finite number")
    return found


@functools.cache
def load(path):
    """The program and its constants, float32 ones as float64."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    program = json.loads(arrays.pop("program").tobytes())
    wide = {name: np.float64(value) if value.dtype == np.float32 else value for name, value in arrays.items()}
    return program, wide


def outputs(rows):
    """Probabilities, or numbers in the units of the target, (m, n)."""
    program, constants = load(pathlib.Path(__file__).with_suffix(".npz"))
    return run(program, constants, read(program, rows))


def decided(result, found):
    if result["kind"] == "classes":
        return np.array(result["classes"], dtype=object)[found.argmax(axis=1)]
    if result["kind"] == "labels":
        return (found > 0.5).astype(int)
    return found[:, 0] if found.shape[1] == 1 else found


def result():
    """What the outputs mean: kind, names of the columns, classes."""
    return load(pathlib.Path(__file__).with_suffix(".npz"))[0]["result"]


def predict(rows):
    """The most probable class of each row, columns of 0 and 1, or numbers."""
    return decided(result(), outputs(rows))


def predict_proba(rows):
    """The probability of each class, (m, n_classes)."""
    if result()["kind"] == "numbers":
        raise ValueError("this model predicts numbers and has no probabilities: use predict")
    return outputs(rows)


def main(arguments):
    """Rows of a CSV file → predictions as CSV."""
    with open(arguments[0], newline="", encoding="utf-8-sig") if arguments else sys.stdin as file:
        header, *cells = csv.reader(file)
    columns = {name: [stripped(row[at]) for row in cells] for at, name in enumerate(header)}
    found = outputs(columns)
    answers = decided(result(), found).reshape(len(found), -1)
    beside = () if result()["kind"] == "numbers" else found
    names = result()["names"]
    writer = csv.writer(sys.stdout)
    answer_names = names if answers.shape[1] > 1 else ["prediction"]
    writer.writerow([*answer_names, *(f"probability of {name}" for name in names if len(beside))])
    for at, row in enumerate(answers):
        writer.writerow([*row, *(beside[at] if len(beside) else ())])


if __name__ == "__main__":
    main(sys.argv[1:])
