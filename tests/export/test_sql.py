"""The statement of SQL: names, limits, and rows as data bases have them, run by SQLite."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from deepstep import DeepClassifier, DeepRegressor, Network
from deepstep.errors import ConfigurationError
from deepstep.export import export, sql_format
from deepstep.export.models import exported
from export_models import QUICK, fitted, table


def selected(path: Path, name: str, columns: list[str], rows: list[Any]) -> tuple[list[str], list[Any]]:
    """Names and rows of the statement's answer for a table of SQLite."""
    base = sqlite3.connect(":memory:")
    base.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
    base.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
    cursor = base.execute(path.read_text(encoding="utf-8"))
    found = [one[0] for one in cursor.description], cursor.fetchall()
    base.close()
    return found


def test_the_answer_stands_beside_the_columns_of_a_table(tmp_path: Path) -> None:
    rows = table("category", "boolean").rename({"category": 'a "colour"'})
    y = ["it's", "no"] * 45
    model = DeepClassifier((4,), preset="single", **QUICK).fit(rows, y)
    certificate = export(model, tmp_path / "model.sql", table='main.my "own" rows')
    assert f"-- Parity certificate: {certificate}." in (tmp_path / "model.sql").read_text(encoding="utf-8")
    given = [(at, *row) for at, row in enumerate(rows.rows())]
    columns = ["id", "x REAL", '"a ""colour""" TEXT', "boolean"]
    names, found = selected(tmp_path / "model.sql", 'main."my ""own"" rows"', columns, given)
    assert names[:5] == ["deepstep_row", "id", "x", 'a "colour"', "boolean"]
    assert names[5:] == ["prediction", "probability of it's", "probability of no"]
    assert [row[1] for row in found] == list(range(len(rows)))
    assert [row[5] for row in found] == model.predict(rows).tolist()
    assert np.max(np.abs(np.array([row[6:] for row in found]) - model.predict_proba(rows))) < 1e-9


def test_values_of_a_data_base(tmp_path: Path) -> None:
    rows = polars.DataFrame({"code": ["1", "2", "3"] * 20, "yes": [True, False] * 30, "x": np.arange(60.0)})
    model = DeepRegressor((3,), preset="single", categorical_features=["code"], **QUICK).fit(
        rows, np.arange(60.0)
    )
    export(model, tmp_path / "model.sql")
    one = ("2", True, 5.0)
    alike = [one, (2, 1, 5), (2.0, "true", " 5"), ("2", " TRUE ", "+5.0e0")]
    unlike = [("4", True, 5.0), (None, True, 5.0), ("2", None, 5.0), ("2", "", None), ("2", True, " NaN ")]
    refused = [
        ("2", True, np.inf),
        ("2", True, -np.inf),
        ("2", True, "5 kg"),
        ("2", True, "five"),
        ("2", 2, 5.0),
    ]
    _, found = selected(tmp_path / "model.sql", "rows", ["code", "yes", "x"], [*alike, *unlike, *refused])
    answers = [row[-1] for row in found]
    assert answers[:4] == answers[:1] * 4
    missing = {"code": ["4", None, "2", "2", "2"], "yes": [True, True, None, None, True]}
    expected = model.predict(polars.DataFrame({**missing, "x": [5.0, 5.0, 5.0, None, None]}))
    assert np.allclose(answers[4:9], expected, rtol=1e-9)
    assert answers[9:] == [None] * 5


def test_a_file_that_sqlite_imports(tmp_path: Path) -> None:
    """``.import`` makes columns of texts, where missing values are empty."""
    rows = table("category", "boolean", "number")
    model = DeepRegressor((3,), preset="single", **QUICK).fit(rows, np.arange(90.0))
    export(model, tmp_path / "model.sql", table='"a.b"')
    assert "\n--   'number' DOUBLE PRECISION\n" in (tmp_path / "model.sql").read_text()
    texts = [["" if one is None else str(one) for one in row] for row in rows.rows()]
    given = [(*row, "7") for row in texts]
    columns = [f"{name} TEXT" for name in (*rows.columns, "deepstep_row")]
    _, found = selected(tmp_path / "model.sql", '"a.b"', columns, given)
    assert np.allclose([row[-1] for row in found], model.predict(rows), rtol=1e-9)


@pytest.mark.parametrize("name", ["", "a..b", 'a."b', "a."])
def test_names_of_tables(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="table must be the name of a table"):
        sql_format.write(exported(Network([2, 1], seed=1)).program, tmp_path / "net.sql", "", table=name)


def test_statements_within_the_limits_of_sqlite(tmp_path: Path) -> None:
    """Sums of 1,100 terms, and 61 layers, where an expression has a depth of 1,000 at most."""
    for layers in ([1100, 1], [2, *[3] * 60, 1]):
        path = tmp_path / f"{len(layers)}.sql"
        assert export(Network(layers, activation="tanh", seed=1), path).difference < 1e-6
        assert path.stat().st_size <= sql_format.MOST_BYTES


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (Network([70, 70, 1], seed=1), r"at most 5,000 numbers for to='sql', got 5,041"),
        (Network([1600, 2, 1], seed=1), r"steps of fewer than 1,600 columns for to='sql', got 1,601"),
        (
            Network([5, 120], output="softmax", seed=1),
            r"at most 1,000,000 bytes for to='sql', got 1,7\d\d,\d+",
        ),
        (fitted("single", "date"), "model without input date for to='sql': .* column 'date'"),
        (
            fitted("single", "percent"),
            "model without input number in a written format for to='sql': .*'percent'",
        ),
        (fitted("single", "text"), "model without input words for to='sql': .* column 'text'"),
    ],
    ids=["numbers", "columns", "bytes", "dates", "formats", "words"],
)
def test_refusals_by_name(model: Any, match: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=match):
        export(model, tmp_path / "model.sql")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "other", "value", "match"),
    [
        ("Age", "age", "x", "columns whose names differ in more than capital letters.* got 'age'"),
        ("deepstep_row", "b", "x", "none is deepstep_row for to='sql', got 'deepstep_row'"),
        ("a", "b", "x\0y", "texts without the character of code 0"),
    ],
)
def test_names_and_texts(name: str, other: str, value: str, match: str, tmp_path: Path) -> None:
    rows = polars.DataFrame({name: [value, "y", "z"] * 20, other: np.arange(60.0)})
    model = DeepRegressor((2,), preset="single", **QUICK).fit(rows, np.arange(60.0))
    with pytest.raises(ConfigurationError, match=match):
        export(model, tmp_path / "model.sql")


def test_a_build_without_functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_format, "FUNCTIONS", ("exp", "no_such"))
    certificate = export(Network([2, 1], seed=1), tmp_path / "net.sql")
    assert str(certificate) == "not run here: no such function: no_such"
    assert re.search(
        "^-- Parity certificate: not run here: ", (tmp_path / "net.sql").read_text(), re.MULTILINE
    )
