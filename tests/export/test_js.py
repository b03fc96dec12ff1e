"""The module of JavaScript: what it exports, reads and refuses, run by Node."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars
from test_numpy_format import DATES, RAW, program_of

from deepstep.export import export, js_format, numpy_runtime
from deepstep.preparation import TablePreparation
from export_models import fitted, one_network, table
from javascript import evaluated

RUNTIME: Any = numpy_runtime


def printed(program: str, folder: Path) -> Any:
    """What a module gives to `print`."""
    (folder / "package.json").write_text('{"type": "module"}')
    return json.loads(evaluated(f"const print = (x) => console.log(JSON.stringify(x));\n{program}", folder))


def test_what_it_exports(tmp_path: Path) -> None:
    model, rows = fitted("network"), table()[:8].with_columns(polars.lit(None).alias("duration"))
    rows = rows.with_columns(polars.col("date").cast(polars.String))
    certificate = export(model, tmp_path / "model.js")
    text = (tmp_path / "model.js").read_text(encoding="utf-8")
    assert text.count(str(certificate)) == 2  # comment, constant
    found = printed(
        f"""import * as model from "./model.js";
        const rows = {json.dumps(rows.to_dicts())};
        const {{ columns, classes, certificate, names }} = model;
        const lists = rows.map((row) => columns.map((name) => row[name]));
        const labels = model.predict(rows);
        const date = (text) => text && new Date(text + "Z");
        const dates = rows.map((row) => ({{ ...row, date: date(row.date), whole: undefined }}));
        print({{ columns, classes, certificate, names, labels, P: model.predictProba(rows),
                 lists: model.predictProba(lists), dates: model.predictProba(dates) }});""",
        tmp_path,
    )
    typed = rows.with_columns(rows["date"].str.to_datetime())
    assert found["columns"] == rows.columns
    assert found["classes"] == found["names"] == ["a", "b", "c"]
    assert found["certificate"] == str(certificate)
    assert np.max(np.abs(np.array(found["P"]) - model.predict_proba(typed))) < 1e-9
    assert found["labels"] == model.predict(typed).tolist()
    assert found["lists"] == found["P"]
    without = typed.with_columns(polars.lit(None, polars.Int64).alias("whole"))
    assert np.max(np.abs(np.array(found["dates"]) - model.predict_proba(without))) < 1e-9


def test_what_it_refuses(tmp_path: Path) -> None:
    names = ("number", "boolean", "date")
    export(fitted("network", *names), tmp_path / "model.js")
    refused = {
        'column "x", row 2: a number is expected, got "many"': '{ ...one, x: "many" }',
        'column "x", row 2: a number is expected, got "[object Object]"': "{ ...one, x: {} }",
        'column "x": a finite number is expected in row 2': "{ ...one, x: -Infinity }",
        'column "boolean", row 2: true or false is expected, got "maybe"': '{ ...one, boolean: "maybe" }',
        'column "date", row 2: an ISO date is expected, got "2021-02-29"': '{ ...one, date: "2021-02-29" }',
        "row 2 must have 4 values, got 1": "[3]",
    }
    found = printed(
        f"""import {{ predict }} from "./model.js";
        const one = {{ x: 1n, number: " 2.5", boolean: "TRUE", date: null }};
        const message = (rows) => {{
          try {{ return predict(rows); }} catch (error) {{ return `${{error.name}}: ${{error.message}}`; }}
        }};
        const refused = [{", ".join(refused.values())}];
        print([[one], [{{ x: 3 }}], 3, ...refused.map((row) => [one, row])].map(message));""",
        tmp_path,
    )
    assert found[0] in (["a"], ["b"], ["c"])
    assert found[1] == 'RangeError: column "number" is missing'
    assert found[2] == "TypeError: rows must be an array of objects or of arrays"
    assert found[3:] == [f"RangeError: {text}" for text in refused]


def test_raw_texts_are_read_as_deepstep_reads_them(tmp_path: Path) -> None:
    preparation = TablePreparation.fit(table(*RAW))
    given = {"x": [0.0] * 10, **RAW}
    rows: dict[str, Any] = {kind: [*texts, *[None] * 9][:10] for kind, texts in given.items()}
    types = {"x": polars.Float64, **dict.fromkeys(RAW, polars.String)}
    expected = preparation.transform(polars.DataFrame(rows, schema=types))
    program = program_of(preparation)
    js_format.write(program, tmp_path / "model.js", "")
    found, _ = js_format.run(tmp_path / "model.js", program, rows)
    assert np.allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_names_of_javascript_itself(tmp_path: Path) -> None:
    rows = polars.DataFrame({"__proto__": ["x\0y", "</script>", "z"] * 20, "constructor": np.arange(60.0)})
    model = one_network(rows, np.arange(60.0), classes=False, hidden_layer_sizes=(2,))
    assert export(model, tmp_path / "model.js").difference < 1e-6
    assert "</script>" not in (tmp_path / "model.js").read_text(encoding="utf-8")


def test_large_whole_numbers_as_classes(tmp_path: Path) -> None:
    X, y = np.random.default_rng(1).normal(size=(40, 1)), 2**60 + np.arange(40) % 2
    export(one_network(X, y), tmp_path / "model.js")
    text = 'import { classes } from "./model.js"; print(classes.map(String));'
    assert printed(text, tmp_path) == [str(2**60), str(2**60 + 1)]


def test_dates_and_columns_of_several_rows(tmp_path: Path) -> None:
    runtime = js_format.RUNTIME.read_text(encoding="utf-8")
    settings = "{ to_iso: [], lenient: true }"
    found = printed(
        f"{runtime}\nprint({json.dumps(DATES)}.map((text) => daysOf(text, {settings})));", tmp_path
    )
    read = {"to_iso": [], "lenient": True}
    expected = np.array([RUNTIME.days_of(text, read) for text in DATES])
    assert np.allclose(np.array(found, float), expected, equal_nan=True, rtol=1e-15)
    export(fitted("network", "number"), tmp_path / "model.js")
    first = "[{ x: 1 }, { x: 2, number: 3 }]"
    program = f'import {{ predict }} from "./model.js"; print(predict({first}).length);'
    assert printed(program, tmp_path) == 2
