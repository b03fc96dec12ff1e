"""The format ``sql``: one SELECT whose steps are common table expressions, for one small network."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.dialect import MISSING
from deepstep.errors import ConfigurationError, FileError
from deepstep.export.certificate import BOUND, CannotRunError
from deepstep.export.formats import Format, refuse_zero_characters, refused
from deepstep.export.program import RAW, Input, Program, free_texts
from deepstep.export.sql_operations import OPERATIONS, Texts, total
from deepstep.types import Array

MOST_NUMBERS, MOST_COLUMNS, MOST_BYTES = 5_000, 1_600, 1_000_000
"""Columns that PostgreSQL takes, and bytes of a statement that SQLite takes where it is built as usual."""

FUNCTIONS = ("exp", "ln", "sqrt", "cos")
HINT = "Train a smaller network or with other columns, or use to='numpy'."
LARGEST = "1.7976931348623157e308"
FINITE = f"BETWEEN -{LARGEST} AND {LARGEST}"
FINITE_TEXT = f"BETWEEN CAST(-{LARGEST} AS DOUBLE PRECISION) AND CAST({LARGEST} AS DOUBLE PRECISION)"
"""By the cast SQLite compares a text that is a number as one, and any other text is above all numbers."""

TYPES = {"number": "DOUBLE PRECISION", "duration": "DOUBLE PRECISION", "boolean": "BOOLEAN"}
"""Types of columns by the kind of an input, where they are no texts."""

PART = r'"(?:[^"]|"")+"|[^".][^.]*'
"""A part of a table's name."""

STATEMENT = Path(__file__).with_name("statement.sql")


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _literal(value: object) -> str:
    if isinstance(value, bool | int | float):
        return str(value).upper()
    return "'" + str(value).replace("'", "''") + "'"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(map(_literal, sorted(values)))


def _number(x: str, one: Input) -> tuple[str, str]:
    missing = f"({x} IS NULL OR trim(CAST({x} AS TEXT)) IN ({_listed(MISSING)}))"
    refused = f"NOT {missing} AND NOT ({x} {FINITE_TEXT})"
    return f"CASE WHEN NOT {missing} THEN {x} END", refused


def _boolean(x: str, one: Input) -> tuple[str, str]:
    text, yes, no = f"lower(trim(CAST({x} AS TEXT)))", {"1", "1.0", "true"}, {"0", "0.0", "false"}
    known = _listed({*yes, *no, *map(str.lower, MISSING)})
    value = f"CASE WHEN {text} IN ({_listed(yes)}) THEN 1e0 WHEN {text} IN ({_listed(no)}) THEN 0e0 END"
    return value, f"{text} NOT IN ({known})"


def _category(x: str, one: Input) -> tuple[str, str]:
    places = {value: at for at, value in enumerate(one.settings["values"])}
    reals = {f"{value}.0": at for value, at in places.items() if re.fullmatch(r"-?\d+", value)}
    cases = "".join(f"WHEN {_literal(value)} THEN {at} " for value, at in {**reals, **places}.items())
    code = f"CASE CAST({x} AS TEXT) {cases}ELSE {len(places)} END" if cases else "0"
    filled = "" if "" in places else f" AND CAST({x} AS TEXT) <> ''"  # .import writes missing texts so
    return f"CASE WHEN {x} IS NOT NULL{filled} THEN {code} END", ""


def _presence(x: str, one: Input) -> tuple[str, str]:
    blank = f" AND trim(CAST({x} AS TEXT)) NOT IN ({_listed(MISSING)})" * one.settings["blanks"]
    return f"CASE WHEN {x} IS NOT NULL{blank} THEN 0 END", ""


_refused = partial(refused, "sql", hint=HINT)

INPUTS: dict[str, Callable[[str, Input], tuple[str, str]]] = {
    "number": _number,
    "duration": _number,
    "boolean": _boolean,
    "category": _category,
    "presence": _presence,
}
"""Kinds of inputs: a column → its value, NULL where missing, and the test whether it is refused."""


class _Query:
    """The steps: names of columns and their expressions."""

    def __init__(self) -> None:
        self.steps: list[dict[str, str]] = []
        self.n = 0

    def compute(self, expressions: Texts) -> Texts:
        """Add a step; the names of its columns."""
        names = [f"x{self.n + at}" for at in range(len(expressions))]
        self.n += len(names)
        self.steps.append(dict(zip(names, expressions, strict=True)))
        return names

    def text(self, last: Texts) -> str:
        """The steps as common table expressions, each with the columns that later ones need."""
        needed, texts = set(last), Texts()
        for at in range(len(self.steps) - 1, -1, -1):
            own = self.steps[at]
            kept = sorted(needed - set(own), key=lambda name: int(name[1:]))
            needed = {*kept, *re.findall(r"\bx\d+\b", " ".join(own.values()) * (at > 0))}
            if len(own) + len(kept) >= MOST_COLUMNS:
                expected = f"with steps of fewer than {MOST_COLUMNS:,} columns"
                raise _refused(expected, f"{len(own) + len(kept):,}")
            lines = [", ".join(["deepstep_row", *kept]), *(f"{text} AS {name}" for name, text in own.items())]
            columns, source = ",\n    ".join(lines), f"s{at - 1}" if at else "numbered AS t"
            texts.append(f"s{at} AS MATERIALIZED (\n  SELECT {columns}\n  FROM {source}\n)")
        return ",\n".join(texts[::-1])


def _refuse_names(program: Program) -> None:
    """Refuse columns that are one to SQLite and DuckDB."""
    known = {"deepstep_row"}  # of other columns with this name the data base makes another one
    for name in dict.fromkeys(one.column for one in program.inputs):
        if name.lower() in known:
            expected = (
                "with columns whose names differ in more than capital letters, and none is deepstep_row"
            )
            raise _refused(expected, repr(name))
        known.add(name.lower())


def _steps(program: Program) -> tuple[_Query, Texts]:
    """The query of a program, and the columns of its outputs, NULL in rows that are refused."""
    query, places = _Query(), [f"t.{_name(one.column)}" for one in program.inputs]
    inputs = [INPUTS[one.kind](x, one) for x, one in zip(places, program.inputs, strict=True)]
    tests = [test for _, test in inputs if test] + [f"{x} IS NULL" for x in places] * program.needs_all
    refused = total([f"CASE WHEN {test} THEN 1 ELSE 0 END" for test in tests] or ["0"])
    numbers = [f"CAST({value} AS DOUBLE PRECISION)" for value, _ in inputs]
    *raw, bad = query.compute([*numbers, refused])
    values = {RAW: raw}
    for step in program.steps:
        reads = [values[name] for name in step.reads]
        made = OPERATIONS[step.op](query.compute, *reads, **program.arrays(step), **step.settings)
        values[step.out] = made if step.op in ("take", "concat") else query.compute(made)
    found = values[program.output]
    finite = " AND ".join(f"{one} {FINITE}" for one in found)
    (good,) = query.compute([f"CASE WHEN {bad} = 0 AND {finite} THEN 1 END"])
    return query, query.compute([f"CASE WHEN {good} = 1 THEN {one} END" for one in found])


def _answer(program: Program, outputs: Texts) -> Texts:
    """The columns of the answer."""
    kind, names, classes = program.result
    both = [*zip(outputs, names, strict=True)]
    if kind == "numbers":
        several = len(both) > 1
        return [f"{x} AS {_name(f'prediction of {name}' if several else 'prediction')}" for x, name in both]
    if kind == "labels":
        text = "CASE WHEN {0} > 0.5e0 THEN 1 WHEN {0} <= 0.5e0 THEN 0 END AS {1}"
        answers = [text.format(x, _name(f"prediction of {name}")) for x, name in both]
    else:
        largest = [" AND ".join(f"{x} >= {other}" for other in outputs) for x in outputs]
        cases = [f"WHEN {test} THEN {_literal(one)}" for test, one in zip(largest, classes, strict=True)]
        answers = [f"CASE {' '.join(cases)} END AS prediction"]
    return [*answers, *(f"{x} AS {_name(f'probability of {name}')}" for x, name in both)]


def _table(name: str) -> str:
    """The name of a table in quotes; a part that has them may have a dot."""
    if not (isinstance(name, str) and re.fullmatch(rf"({PART})(\.({PART}))*", name)):
        expected = "the name of a table, such as rows or main.rows"
        hint = "Write a name with a dot in quotes."
        raise ConfigurationError("export", expected, f"got {name!r}", hint, setting="table")
    return ".".join(one if one[0] == '"' else _name(one) for one in re.findall(PART, name))


def write(program: Program, path: Path, note: str, *, table: str = "rows") -> list[Path]:
    """Write the statement."""
    _refuse_names(program)
    refuse_zero_characters("sql", program)
    kinds = {one.column: one.kind for one in program.inputs}
    query, outputs = _steps(program)
    text = STATEMENT.read_text(encoding="utf-8").format(
        title=" ".join(program.title.split()),
        note=note,
        functions=", ".join(FUNCTIONS),
        table=_table(table),
        types="\n".join(f"--   {name!r} {TYPES.get(kind, 'TEXT')}" for name, kind in kinds.items()),
        steps=query.text(outputs),
        columns=",\n  ".join(["numbered.*", *_answer(program, outputs)]),
        last=f"s{len(query.steps) - 1}",
    )
    if len(text.encode()) > MOST_BYTES:
        raise _refused(f"with a statement of at most {MOST_BYTES:,} bytes", f"{len(text.encode()):,}")
    if "\0" in text:
        raise _refused("with names without the character of code 0", repr("\0"))
    path.write_text(text, encoding="utf-8")
    return [path]


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> tuple[Array, list[Any]]:
    """The answers in SQLite, and in DuckDB where it is installed, which have to agree."""
    unseen = {one.column: free_texts(program, one.column) for one in program.inputs if one.kind == "category"}
    rows = {
        name: [unseen[name][1] if name in unseen and one == unseen[name][0] else one for one in values]
        for name, values in rows.items()
    }
    text = path.read_text(encoding="utf-8")
    own = re.compile(r'^  FROM ("(?:[^"]|"")*"\.?)+ AS t$', re.MULTILINE)
    text = own.sub("  FROM rows AS t", text, count=1)
    base = sqlite3.connect(":memory:")
    try:
        base.execute(f"SELECT {', '.join(f'{name}(1.0)' for name in FUNCTIONS)}")
    except sqlite3.OperationalError as error:
        raise CannotRunError("sql", "SQLite with mathematical functions", str(error)) from None
    found, decisions = _answers(base, text, program, rows, {})
    if find_spec("duckdb") is not None:
        types = {one.column: TYPES.get(one.kind, "TEXT") for one in program.inputs}
        other, _ = _answers(import_module("duckdb").connect(), text, program, rows, types)
        if not np.allclose(found, other, rtol=1e-9, atol=1e-9, equal_nan=True):
            raise FileError(str(path), "a statement with one answer", "SQLite and DuckDB give others")
    return found, decisions


def _answers(
    base: Any, text: str, program: Program, rows: Mapping[str, list[Any]], types: Mapping[str, str]
) -> tuple[Array, list[Any]]:
    """Outputs and predictions in an empty data base, which is closed; without types as SQLite has it."""
    columns = ", ".join(f"{_name(name)} {types.get(name, '')}" for name in rows)
    try:
        base.execute(f"CREATE TABLE rows ({columns})")
        places = ", ".join("?" * len(rows))
        base.executemany(f"INSERT INTO rows VALUES ({places})", [*zip(*rows.values(), strict=True)])
        found = base.execute(text).fetchall()
    finally:
        base.close()
    n = len(program.result.names)
    own = {"numbers": np.s_[-n:], "labels": np.s_[-2 * n : -n], "classes": np.s_[-n - 1 : -n]}
    decisions = [row[own[program.result.kind]] for row in found]
    return np.array([row[-n:] for row in found], np.float64), decisions


FORMAT = Format(
    ".sql",
    write,
    run,
    refused={
        "input date": "SQLite, DuckDB and PostgreSQL have no function of dates in common",
        "input number in a written format": "SQL reads plain numbers; convert the column before training",
        "input words": "SQL has no function for the words of a text that all have in common",
    },
    most_numbers=MOST_NUMBERS,
    options={"table": BOUND},
)
