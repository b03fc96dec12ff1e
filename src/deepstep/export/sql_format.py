"""The format ``sql``: one SELECT whose steps are common table expressions, for one small network."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.dialect import MISSING
from deepstep.errors import ConfigurationError, FileError
from deepstep.export.certificate import BOUND, CannotRunError
from deepstep.export.formats import Format
from deepstep.export.program import RAW, Input, Program
from deepstep.export.sql_operations import OPERATIONS, Texts, number, total
from deepstep.types import Array

MOST_NUMBERS = 5_000
MOST_COLUMNS, MOST_BYTES = 1_600, 1_000_000
"""Columns of PostgreSQL (SQLite: 2,000), and bytes of a statement of SQLite, if they are not built otherwise."""

FUNCTIONS = ("exp", "ln", "sqrt", "cos")
"""What SQLite has since 3.35, unless it was built without them, and every other dialect has."""

TYPES = {"number": "DOUBLE", "duration": "DOUBLE", "boolean": "BOOLEAN"}
FINITE = "BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308"
ROW = "deepstep_row"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _number(x: str, one: Input) -> tuple[str, str]:
    """The value of a column, and whether it is refused; + takes from a text of SQLite that it may be a number."""
    missing = f"{x} IS NULL OR lower(CAST({x} AS TEXT)) = 'nan'"
    value = f"CASE WHEN NOT ({missing}) THEN CAST({x} AS DOUBLE PRECISION) END"
    return value, f"NOT ({missing}) AND NOT (+{x} {FINITE})"


def _boolean(x: str, one: Input) -> tuple[str, str]:
    text = f"lower(trim(CAST({x} AS TEXT)))"
    missing = ", ".join(map(_text, sorted({one.lower() for one in MISSING})))
    value = f"CASE WHEN {text} IN ('1', 'true', '1.0') THEN 1e0 WHEN {text} IN ('0', 'false', '0.0') THEN 0e0 END"
    return value, f"{text} NOT IN ('1', 'true', '1.0', '0', 'false', '0.0', {missing})"


def _category(x: str, one: Input) -> tuple[str, str]:
    values = one.settings["values"]
    cases = "".join(f"WHEN {_text(value)} THEN {at}e0 " for at, value in enumerate(values))
    whole = {f"{value}.0": at for at, value in enumerate(values) if re.fullmatch(r"-?\d+", value)}  # of REAL columns
    cases += "".join(f"WHEN {_text(value)} THEN {at}e0 " for value, at in whole.items() if value not in values)
    code = f"CASE CAST({x} AS TEXT) {cases}ELSE {len(values)}e0 END" if cases else f"{len(values)}e0"
    return f"CASE WHEN {x} IS NOT NULL THEN {code} END", "1 = 0"


def _presence(x: str, one: Input) -> tuple[str, str]:
    blank = f"trim(CAST({x} AS TEXT)) IN ({', '.join(map(_text, sorted(MISSING)))})"
    missing = f"{x} IS NULL" + f" OR {blank}" * one.settings["blanks"]
    return f"CASE WHEN NOT ({missing}) THEN 0e0 END", "1 = 0"


INPUTS: dict[str, Callable[[str, Input], tuple[str, str]]] = {
    "number": _number,
    "duration": _number,
    "boolean": _boolean,
    "category": _category,
    "presence": _presence,
}
"""Kinds of inputs: a column → its value, NULL where missing, and whether it is refused."""


class _Query:
    """The common table expressions: names of columns and their expressions."""

    def __init__(self) -> None:
        self.steps: list[dict[str, str]] = []
        self.n = 0

    def compute(self, expressions: Texts) -> Texts:
        """Add a step; the names of its columns."""
        names = [f"x{self.n + at}" for at in range(len(expressions))]
        self.n += len(names)
        self.steps.append(dict(zip(names, expressions, strict=True)))
        return names

    def lines(self, last: str) -> Iterator[str]:
        """The steps, each with the columns that later ones need; `last` is the text behind them."""
        needed, texts = _names(last), Texts()
        for at in range(len(self.steps) - 1, -1, -1):
            own = {name: text for name, text in self.steps[at].items() if name in needed}
            kept = sorted(needed - set(own), key=lambda name: int(name[1:]))
            needed = set(kept) | _names(" ".join(own.values()))
            if len(own) + len(kept) >= MOST_COLUMNS:
                _refuse(f"fewer than {MOST_COLUMNS:,} columns", f"{len(own) + len(kept):,}")
            columns = ",\n    ".join([ROW, *([", ".join(kept)] if kept else []), *(f"{text} AS {name}" for name, text in own.items())])
            source = f"s{at - 1}" if at else "numbered AS t"
            texts.append(f"s{at} AS MATERIALIZED (\n  SELECT {columns}\n  FROM {source}\n)")
        yield from texts[::-1]


def _names(text: str) -> set[str]:
    return set(re.findall(r"\bx\d+\b", text))


def _refuse(expected: str, got: str) -> None:
    hint = "Train a smaller network, or use to='numpy'."
    raise ConfigurationError("export", f"a model of {expected} for to='sql'", f"got {got}", hint, setting="model")


def _raw(query: _Query, program: Program) -> tuple[Texts, str]:
    """The columns of raw values, and the name of that with the number of refused ones."""
    found = [INPUTS[one.kind](f"t.{_name(one.column)}", one) for one in program.inputs]
    refused = [f"CASE WHEN {test} THEN 1 ELSE 0 END" for _, test in found if test != "1 = 0"]
    values = [f"CAST({value} AS DOUBLE PRECISION)" for value, _ in found]
    if program.needs_all:
        refused += [f"CASE WHEN t.{_name(one.column)} IS NULL THEN 1 ELSE 0 END" for one in program.inputs]
    *raw, bad = query.compute([*values, total(refused or ["0"])])
    return raw, bad


def _selected(program: Program, outputs: Texts) -> Iterator[str]:
    """The columns of the answer."""
    kind, names, classes = program.result
    if kind == "classes":
        literal = [str(one).upper() if isinstance(one, bool) else number(one) if isinstance(one, float) else str(one) if isinstance(one, int) else _text(one) for one in classes]
        cases = [f"WHEN {' AND '.join(f'{a} >= {b}' for b in outputs)} THEN {one}" for a, one in zip(outputs, literal, strict=True)]
        yield f"CASE {' '.join(cases)} END AS prediction"
    for one, name in zip(outputs, names, strict=True):
        if kind == "numbers":
            yield f"{one} AS {_name(f'prediction of {name}') if len(names) > 1 else 'prediction'}"
        if kind == "labels":
            yield f"CASE WHEN {one} > 0.5e0 THEN 1 WHEN {one} <= 0.5e0 THEN 0 END AS {_name(f'prediction of {name}')}"
    if kind != "numbers":
        yield from (f"{one} AS {_name(f'probability of {name}')}" for one, name in zip(outputs, names, strict=True))


def write(program: Program, path: Path, note: str, *, table: str = "rows") -> list[Path]:
    """Write the statement."""
    query = _Query()
    values = {}
    values[RAW], bad = _raw(query, program)
    for step in program.steps:
        reads = [values[name] for name in step.reads]
        made = OPERATIONS[step.op](query.compute, *reads, **program.arrays(step), **step.settings)
        values[step.out] = made if step.op in ("take", "concat") else query.compute(made)
    found = values[program.output]
    (good,) = query.compute([f"CASE WHEN {bad} = 0 AND {' AND '.join(f'{one} {FINITE}' for one in found)} THEN 1 END"])
    outputs = query.compute([f"CASE WHEN {good} = 1 THEN {one} END" for one in found])
    columns = ",\n  ".join(["numbered.*", *_selected(program, outputs)])
    source = ".".join(map(_name, table.split(".")))
    numbered = f"numbered AS MATERIALIZED (\n  SELECT t.*, row_number() OVER () AS {ROW}\n  FROM {source} AS t\n)"
    last = f"s{len(query.steps) - 1}"
    head = (
        program.title,
        f"Parity certificate: {note}.",
        f"Needs {', '.join(FUNCTIONS)}, abs and row_number: SQLite 3.35 with its functions of mathematics, DuckDB, or PostgreSQL 12.",
        "NULL is a missing value. All outputs are NULL in rows that the model refuses: with infinite numbers, or a text for one.",
    )
    ctes = ",\n".join([numbered, *query.lines(columns)])
    lines = [*(f"-- {' '.join(text.split())}" for text in head), f"WITH {ctes}"]
    lines += [f"SELECT {columns}", f"FROM numbered JOIN {last} ON {last}.{ROW} = numbered.{ROW}", f"ORDER BY numbered.{ROW};", ""]
    text = "\n".join(lines)
    if len(text.encode()) > MOST_BYTES:
        _refuse(f"a statement of at most {MOST_BYTES:,} bytes", f"{len(text.encode()):,}")
    path.write_text(text, encoding="utf-8")
    return [path]


def run(path: Path, program: Program, rows: Mapping[str, list[Any]]) -> Array:
    """The outputs of the statement in SQLite, and in DuckDB where it is installed, which have to agree."""
    text = re.sub(r'^  FROM ("(?:[^"]|"")*"\.?)+ AS t$', '  FROM "rows" AS t', path.read_text(encoding="utf-8"), count=1, flags=re.M)
    found = _in_sqlite(text, program, rows)
    if find_spec("duckdb") is not None:
        other = _outputs(_filled(import_module("duckdb").connect(), rows, _types(program)).execute(text), program)
        if not np.allclose(found, other, rtol=1e-9, atol=1e-9, equal_nan=True):
            raise FileError(str(path), "the same outputs in SQLite and DuckDB", "they differ")
    return found


def _in_sqlite(text: str, program: Program, rows: Mapping[str, list[Any]]) -> Array:
    base = sqlite3.connect(":memory:")
    try:
        base.execute(f"SELECT {', '.join(f'{name}(1.0)' for name in FUNCTIONS)}")
    except sqlite3.OperationalError as error:
        raise CannotRunError("sql", "SQLite with functions of mathematics", str(error)) from None
    try:
        return _outputs(_filled(base, rows, {}).execute(text), program)
    finally:
        base.close()


def _types(program: Program) -> dict[str, str]:
    return {one.column: TYPES.get(one.kind, "VARCHAR") for one in program.inputs}


def _filled(base: Any, rows: Mapping[str, list[Any]], types: Mapping[str, str]) -> Any:
    """A data base with the rows; columns of SQLite have no type."""
    base.execute(f"CREATE TABLE rows ({', '.join(f'{_name(name)} {types.get(name, str())}' for name in rows)})")
    base.executemany(f"INSERT INTO rows VALUES ({', '.join('?' * len(rows))})", [*zip(*rows.values(), strict=True)])
    return base


def _outputs(cursor: Any, program: Program) -> Array:
    n = len(program.result.names)
    return np.array([row[-n:] for row in cursor.fetchall()], np.float64)


REFUSED = {
    "input date": "SQLite, DuckDB and PostgreSQL have no function of dates in common",
    "input words": "SQL has no function for the words of a text that all have in common",
}

FORMAT = Format(".sql", write, run, refused=REFUSED, most_numbers=MOST_NUMBERS, options={"table": BOUND})
