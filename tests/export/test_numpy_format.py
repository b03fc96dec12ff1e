"""The file of NumPy: short, alone, and reading raw values as DeepStep does."""

import bz2
import gzip
import json
import lzma
import re
import runpy
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from deepstep import DeepRegressor
from deepstep.cli.reading import unusual_format
from deepstep.data.tables import ReadOptions, load_table, silent
from deepstep.data.text_tables import TextFormat
from deepstep.export import export, numpy_runtime
from deepstep.export.columns import Inputs, features_value
from deepstep.export.program import Builder, Program, Result, Written
from deepstep.held_out import HeldOut
from deepstep.preparation import TablePreparation, parsing
from deepstep.run import Run
from deepstep.serving.answers import answers_for, csv_of
from export_models import fitted, one_network, table

RUNTIME: Any = numpy_runtime


def in_seconds(rows: polars.DataFrame) -> polars.DataFrame:
    """Rows as an exported file takes them: of a duration its seconds."""
    return rows.with_columns(polars.selectors.duration().dt.total_microseconds() / 1e6)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exported ensemble of the table of all kinds."""
    path = tmp_path_factory.mktemp("exported") / "model.py"
    export(fitted("ensemble"), path)
    return path


def test_it_is_short_and_loads_numpy_alone(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 350
    assert lines[1].startswith("# Parity certificate: largest difference ")
    code = (
        "import runpy, sys; before = set(sys.modules); runpy.run_path(sys.argv[1]);"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(*sorted(new - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code, str(file)], capture_output=True, check=True)
    assert done.stdout.split() == [b"numpy"]


def test_rows_in_each_form(file: Path) -> None:
    module, rows = runpy.run_path(str(file)), in_seconds(table())
    expected = fitted("ensemble").predict_proba(table())
    columns = rows.to_dict(as_series=False)
    names = [*columns]
    assert [*module["load"]()[0]["columns"]] == names
    forms = (columns, rows, rows.to_dicts(), rows.rows(), rows.to_pandas(), rows.to_pandas().to_numpy(object))
    for form in forms:
        assert np.max(np.abs(module["predict_proba"](form) - expected)) < 1e-6
    assert module["predict"](columns).tolist() == fitted("ensemble").predict(rows).tolist()


def test_rows_that_are_refused(file: Path) -> None:
    module, one = runpy.run_path(str(file)), in_seconds(table())[:1].to_dict(as_series=False)
    for column, value, match in (
        ("x", np.inf, "column 'x': a finite number is expected in row 1"),
        ("x", "many", "column 'x': a number is expected, got 'many'"),
        ("x", "\u0663", "column 'x': a number is expected, got '\u0663'"),
        ("boolean", "maybe", "column 'boolean': true or false is expected, got 'maybe'"),
        ("date", "soon", "column 'date': an ISO date is expected, got 'soon'"),
        ("date", 7, "column 'date': an ISO date is expected, got 7"),
    ):
        with pytest.raises(ValueError, match=match):
            module["predict"]({**one, column: [value]})
    with pytest.raises(ValueError, match="column 'x' is missing"):
        module["predict"]({"number": [1.0]})
    with pytest.raises(ValueError, match="at least one row is expected"):
        module["predict"]({name: [] for name in one})
    for rows in (np.zeros((1, 40)), [[*row, 1] for row in table()[:2].rows()]):
        with pytest.raises(ValueError, match="15 values are expected in each row"):
            module["predict"](rows)
    first, second = in_seconds(table())[:2].to_dicts()
    del first["whole"]
    assert np.isfinite(module["predict_proba"]([first, second])).all()


def as_program(file: Path, text: str, *arguments: str) -> Any:
    return subprocess.run(
        [sys.executable, "-I", str(file), *arguments], input=text, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("target", ["classes", "several", "quantiles", "truth values"])
def test_it_is_a_program_that_writes_the_table_of_predict(target: str, tmp_path: Path) -> None:
    kinds = () if target == "classes" else ("number",)
    rows = in_seconds(table(*kinds))
    if target == "truth values":
        run = Run.of(one_network(rows, [False, True] * 45))
    else:
        run = Run.of(fitted("network", *kinds, target=target))
    export(run, tmp_path / "model.py")
    expected = csv_of(run, answers_for(run, rows, None, 0))
    written = as_program(tmp_path / "model.py", rows.write_csv()).stdout
    assert written.partition("\n")[0] == expected.partition("\n")[0]
    found, known = ([line.split(",") for line in text.splitlines()[1:]] for text in (written, expected))
    assert target == "quantiles" or [row[0] for row in found] == [row[0] for row in known]
    numbers, exact = (np.array([row[1:] for row in cells], float) for cells in (found, known))
    assert np.max(np.abs(numbers - exact)) < 1e-6


def program_of(preparation: TablePreparation, *others: TablePreparation) -> Program:
    """From raw columns to features, where other folds have other preparations."""
    inputs = Inputs([preparation, *others])
    builder = Builder(inputs.n_raw)
    value = features_value(builder, preparation, inputs)
    columns, read = tuple(column.name for column in preparation.columns), tuple(inputs.by_key.values())
    result = Result("numbers", tuple(map(str, range(builder.widths[value]))))
    return Program(columns, read, tuple(builder.steps), builder.constants, value, result)


def same_features(preparation: TablePreparation, rows: dict[str, Any], *others: TablePreparation) -> None:
    """The runtime makes the features of rows that the preparation makes."""
    expected = preparation.transform(polars.DataFrame(rows))
    program = program_of(preparation, *others)
    record = json.loads(program.to_json())
    features = RUNTIME.run(record, program.constants, RUNTIME.read(record, rows))
    assert np.allclose(features, expected, rtol=1e-12, atol=1e-12)


RAW = {
    "written": ["1,234.5 kg", " 12.0 kg", "900.1 kg", "many", "", None, "?", "-3.5 kg", "1,23 kg"],
    "percent": ["12.50%", "% 3.00", "-4.25%", "", "x", None, "7", "0.50 %", "1e3%"],
    "german date": ["31.12.2020", "1.2.2021", "29.02.2021", "soon", None, "", "01.03.1969 12:30",
        "31.12.2020T06:00:01", "5.5.2020"],
    "date": ["2021-03-01", "2021-03-01T12:30", "2020-02-29 23:59:59.25", None, "NA", "1969-07-20T20:17:40Z",
        "2021-03-01T00:00:00+02:00", "2021-03-01 00:00:00-0530", " 2021-03-02"],
    "number": ["1", " 2.5", "-3e2", None, "", "NaN", "+4", ".5", "-NAN"],
    "boolean": ["true", "False", "1", "0", None, "", "TRUE", " false ", "NA"],
    "two values": ["yes", "no", " yes", "maybe", None, "", "NA", "YES", "0"],
    "category": ["red", "blue", "ä'\"\\?", "green", None, "", "NA", "red ", "1"],
    "text": ["red blue", "RED, blue!", "fast-car_old", "", None, "Ärger", "car car", "slow\ncar", "9"],
    "constant": ["same", "other", None, "", "NA", "?", " ", "same", None],
    "named date": ["31-Dec-20", "1-January-69", "29-FEB-68", "3-Sept.-07", "30-Feb-20", None, "2021-03-01",
        "05-May-99 12:30", "5-mars-20"],
    "constant number": ["7.5", " 7.5", None, "", "NA", "?", " ", "many", "NaN"],
}  # fmt: skip


@pytest.mark.parametrize("kind", RAW)
def test_raw_texts_are_read_as_deepstep_reads_them(kind: str) -> None:
    same_features(TablePreparation.fit(table(kind)), {"x": [0.0] * len(RAW[kind]), kind: RAW[kind]})


NAMED = {
    "31 Dec 2020": ["3 March 2021", "4 Sep. 2021 06:30", "5 JULY, 1969", "6 Mär 2020", "03-Mar-2021"],
    "31-Dec-2020": ["3-March-2021", "4-sept-2021", "05-Aug-1969", "31-Jun-2020", "3 March 2021"],
    "31-Dec-20": ["3-March-21", "04-oct-68", "05-Nov-69 23:59:59", "1-Dec-2020", "21-Mar-2020"],
    "Dec 31, 2020": ["March 3, 2021", "apr 4 2021", "DEC. 31, 1968", "Mayor 3, 2021", "3 March 2021"],
}


@pytest.mark.parametrize("written", NAMED)
def test_dates_with_names_of_months_are_read_as_deepstep_reads_them(written: str) -> None:
    texts = NAMED[written]
    preparation = TablePreparation.fit(polars.DataFrame({"x": [1.0, 2.0, 3.0], "c": texts[:3]}))
    assert preparation.columns[1].written == written  # type: ignore[attr-defined]
    settings = program_of(preparation).inputs[1].settings
    days = [RUNTIME.days_of(text, settings) for text in texts]
    assert np.isfinite(days).tolist() == [True] * 3 + [False] * 2
    same_features(preparation, {"x": [0.0] * len(texts), "c": texts})


FOLDS = {
    "category": ["a", "b", "c"] * 10,
    "other values": ["d", "b", "c"] * 10,
    "two values": ["a", "y"] * 15,
    "constant": ["a"] * 29 + [None],
    "numbers": [f"{at}.5 kg" for at in range(30)],
    "dates": [f"2020-01-{at + 1:02}" for at in range(30)],
    "named dates": [f"{at + 1}-Jan-20" for at in range(30)],
    "words": [f"red car {at}" for at in range(29)] + ["blue car"],
}
"""One column as folds may see it."""


@pytest.mark.parametrize("kind", FOLDS)
def test_folds_see_a_column_each_in_its_own_way(kind: str) -> None:
    folds = {
        name: TablePreparation.fit(polars.DataFrame({"x": [*map(float, range(30))], "c": values}))
        for name, values in FOLDS.items()
    }
    raw = ["a", "d", "y", None, "", "2.5 kg", "2020-01-07", "7-Jan-20", "red, blue", "NA"]
    same_features(folds[kind], {"x": [1.0] * len(raw), "c": raw}, *folds.values())


def test_categories_are_read_from_numbers() -> None:
    rows = polars.DataFrame({"code": [1010, 8010, 1010, 4020], "x": [0.0, 1.0, 2.0, 3.0]})
    preparation = TablePreparation.fit(rows, categorical=["code"])
    for code in ([1010, 8010, 3], [1010.0, 8010.0, None], ["1010", "8010", "x"]):
        same_features(preparation, {"code": code, "x": [0.0, 0.0, 0.0]})
    assert RUNTIME.place_of(1.0, {"values": ["0.5", "1.0"]}) == 1
    assert RUNTIME.place_of(1.0, {"values": ["0", "1"]}) == 1


DATES = ["2020-01-01 25:00", "2020-01-01 23:60", "2020-01-01 10:00+99:00", "2020-01-01Z", "0000-03-01",
    "2020-01-01 23:59:60", "2020-01-01 10:00+23:59"]  # fmt: skip


def test_clocks_zones_and_the_year_0() -> None:
    expected = parsing.iso_moments(polars.Series(DATES)).to_physical() / 86_400_000_000
    settings = {"to_iso": [], "lenient": True}
    found = [RUNTIME.days_of(text, settings) for text in DATES]
    assert np.array_equal(found, expected.fill_null(float("nan")).to_numpy(), equal_nan=True)


@pytest.fixture(scope="module")
def of_commas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a run whose table has semicolons and decimal commas."""
    folder = tmp_path_factory.mktemp("commas")
    rows = table("number").with_columns(y=polars.Series(["p", "q"] * 45))
    run = Run.of(one_network(rows.drop("y"), rows["y"].to_list()))
    run.config["read"] = {"sep": ";", "decimal": ","}
    cells = rows.with_columns(
        polars.col("x", "number").cast(polars.String).str.replace(".", ",", literal=True)
    )
    run.held_out = HeldOut.of(run, rows, rows["y"], part="test", source="rows.csv", cells=cells)
    assert export(run, folder / "model.py").stored == 90
    return folder / "model.py"


def test_a_table_with_decimal_commas(of_commas: Path) -> None:
    done = as_program(of_commas, "\ufeffnumber; x ;x\n50,5;0,25;7\n\n1.050,5;-1;7\n")
    module = runpy.run_path(str(of_commas))
    expected = module["predict_proba"]({"number": [50.5, 1050.5], "x": [0.25, -1.0]})
    found = [line.split(",")[1:] for line in done.stdout.splitlines()[1:]]
    assert np.allclose(np.array(found, float), expected)


def test_a_table_that_the_program_refuses(of_commas: Path, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    for content, match in (
        (b"", "the table has no rows"),
        (b"number;x\n", "the table has no rows"),
        (b"number;x\n1\n", "2 fields are expected, got ['1']"),
        (b"number;x\n1;\x90\n", "a text table is expected, in UTF-8 or cp1252"),
        (b"PAR1\0\0PAR1", "a text table is expected, in UTF-8 or cp1252"),
        (b"PAR1;x\n1;2\n", "column 'number' is missing"),
        (b"number;x\nmany;1\n", "column 'number': a number is expected, got 'many'"),
        (gzip.compress(b"x\n1\n")[:-4], "a packed table that gzip can unpack is expected ("),
    ):
        path.write_bytes(content)
        with pytest.raises(SystemExit, match=f"Error: {re.escape(match)}"):
            runpy.run_path(str(of_commas))["main"]([str(path)])
    assert as_program(of_commas, "").stderr == "Error: the table has no rows\n"
    assert as_program(of_commas, "", "none.csv").stderr == "Error: none.csv does not exist.\n"


def test_as_a_command(of_commas: Path) -> None:
    assert "python model.py rows.csv" in as_program(of_commas, "", "--help").stdout
    for further in ("--explain", "rows.csv"):
        done = as_program(of_commas, "", "rows.csv", further)
        assert (done.returncode, done.stdout, done.stderr[:26]) == (2, "", "usage: model.py [-h] [tabl")
    command = ["sh", "-c", f"{sys.executable} -I {of_commas} | head -n 1"]  # which leaves early
    rows = b"number;x\n" + b"50,5;0,25\n" * 5_000
    done = subprocess.run(command, input=rows, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"prediction,probability_p,probability_q\n", b"")


PACKED = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
TABLES = {
    "plain": "größe{0}kind\n1.5{0}é\n{0}b\n",
    "an index, and a column that stands twice": "{0}größe{0}größe{0}kind\n0{0}1.5{0}7{0}é\n1{0}2{0}{0}b\n",
    "an index that was written twice": "{0}Unnamed: 0{0}größe{0}kind\n5{0}0{0}1.5{0}é\n6{0}1{0}2{0}b\n",
    "comments": '\n# of 2 "sorts\n\n#\ngröße{0} kind \n1.5{0}é\n\n2{0}b\n',
    "the separator of Excel": "sep={0}\nkind{0}größe\né{0}1.5\nb{0}2\n",
    "a header with the sign of comments": "#id{0}kind{0}größe\n1{0}é{0}1.5\n2{0}b{0}\n",
    "lines of old Macs": "größe{0}kind\r1.5{0}é\r2{0}b\r",
    "no header": "1.5{0}é\n{0}b\n",
}


def table_by(program: dict[str, Any], content: bytes, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The columns that the program of a record reads."""
    monkeypatch.setattr(RUNTIME, "load", lambda: ({"comma": {}, **program}, {}))
    return dict(RUNTIME.table_of(RUNTIME.decoded(content)))


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("utf-8", ".bz2"), ("utf-8-sig", ".gz"), ("utf-16", ".xz"), ("utf-16-be", ""), ("latin-1", "")],
)
def test_a_table_is_read_as_training_read_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str, packed: str
) -> None:
    for at, ((name, text), sep) in enumerate(product(TABLES.items(), ",;\t|")):
        suffix = (".csv", ".tsv")[(at + at // 4) % 2]
        path, content = tmp_path / f"rows{suffix}{packed}", PACKED[packed](text.format(sep).encode(encoding))
        path.write_bytes(content)
        header = name != "no header"
        options = ReadOptions(TextFormat(header=header), tell=silent)
        frame, found, _ = load_table(path, options, as_written=True)
        usual = TextFormat(**unusual_format(path, found))
        unnamed = () if header else (frame.columns, frame.columns[1:])
        inputs = [{"column": one, "kind": "category", "settings": {}} for one in frame.columns]
        program = {"columns": frame.columns, "inputs": inputs, **Written.of(path, usual, unnamed)._asdict()}
        columns = table_by(program, content, monkeypatch)
        expected = {one.name: [*map(RUNTIME.stripped, one)] for one in frame}
        assert columns == expected, (name, sep, suffix)


def test_names_with_blanks_around_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = [" age", "age", "\ufeffkind ", "", "note\u00a0"]
    inputs = [{"column": one, "kind": "category", "settings": {}} for one in names]
    program = {"columns": names, "inputs": inputs, **Written()._asdict()}
    expected = {name: [str(at)] for at, name in enumerate(names)}
    for sep, header in product(",;\t|", (names, [" age", "age ", "kind", "", "note"])):
        text = f"{sep.join(header)}\n{sep.join('01234')}\n"
        assert table_by(program, text.encode("utf-8-sig"), monkeypatch) == expected
    rows = table("number", "category").rename({"number": " number", "category": "\ufeffcategory "})
    monkeypatch.undo()
    assert export(one_network(rows, ["p", "q"] * 45), tmp_path / "model.py").difference < 1e-6


@pytest.mark.parametrize("classes", [[5, 6], ["a\nb", "c"], ["a\rb", "c"]])
def test_classes_of_other_kinds(classes: list[Any], tmp_path: Path) -> None:
    X = polars.DataFrame({"x": np.random.default_rng(1).normal(size=40)})
    y = np.array(classes)[(X["x"] > 0).cast(int)]
    model = one_network(X, y)
    export(model, tmp_path / "model.py")
    found = runpy.run_path(str(tmp_path / "model.py"))["predict"](X)
    assert found.tolist() == model.predict(X).tolist()
    assert {type(one) for one in found.tolist()} == {type(classes[0])}
    assert as_program(tmp_path / "model.py", "x\n1\n\n").stdout.count(",") == 6  # an empty line is a row


def test_ranks_of_numbers_stand_where_their_columns_do(tmp_path: Path) -> None:
    """A number before a text: ranks are computed after what has none, and sorted back."""
    rng = np.random.default_rng(0)
    rows = polars.DataFrame({"size": rng.gamma(2.0, size=80), "town": rng.choice(["a", "b", "c"], 80)})
    y = rows["size"].to_numpy() + (rows["town"].to_numpy() == "a")
    model = DeepRegressor(presets=["ranks"], n_estimators=1, network_params={"epochs": 5}, random_state=1)
    export(model.fit(rows, y), tmp_path / "model.py")
    predict = runpy.run_path(str(tmp_path / "model.py"))["predict"]
    np.testing.assert_allclose(predict(rows.to_dicts()), model.predict(rows), rtol=1e-5)
