"""describe-columns: what the preparation of a training does, without one."""

import json

import polars
import pytest

from deepstep.preparation import TablePreparation

WRITE = {
    "t.csv": polars.DataFrame.write_csv,
    "t.tsv": lambda frame, path: frame.write_csv(path, separator="\t"),
    "t.parquet": polars.DataFrame.write_parquet,
    "t.arrow": polars.DataFrame.write_ipc,
    "t.jsonl": polars.DataFrame.write_ndjson,
}
FRAME = polars.DataFrame(
    {
        "nr": range(1, 31),
        "price [EUR]": ["1,200.50", *["800.50"] * 29],
        "colour": ["red", "green", "blue"] * 10,
        "always": ["same"] * 30,
        "kind": ["tall", "short"] * 15,
    }
)


@pytest.mark.parametrize("name", WRITE)
def test_every_format_tells_kind_features_and_reason(deepstep, tmp_path, name):
    WRITE[name](FRAME, tmp_path / name)
    result = deepstep("describe-columns", name, "--target", "kind", "--json")
    assert result.code == 0
    record = json.loads(result.out)
    preparation = TablePreparation.fit(FRAME, exclude=["kind"])
    assert [(c["column"], c["kind"], tuple(c["features"])) for c in record["columns"]] == [
        (column.name, column.kind, column.feature_names) for column in preparation.columns
    ]
    assert [c["kind"] for c in record["columns"]] == ["identifier", "number", "category", "constant"]
    assert record["columns"][1]["why"] == "texts that are numbers, written as 1,234.5"
    assert (record["n_features"], record["rows"]) == (4, 30)
    assert (record["task"], record["target"]) == ("binary", "kind")


def test_the_table_for_people(deepstep, tmp_path):
    FRAME.write_csv(tmp_path / "t.csv")
    result = deepstep("describe-columns", "t.csv", "--target", "kind", "--exclude", "colour")
    text = " ".join(result.out.split())
    assert result.code == 0
    for part in (
        "what is done and why",
        "price [EUR] number 1",
        "left out: it is another whole number in every row, and its name says that it identifies them",
        "left out: it was always 'same'",
        "30 rows, 3 columns; features: 1.",
        "To predict: kind, binary (kind has 2 different values: short, tall).",
        "Dropped: colour.",
    ):
        assert part in text


def test_columns_that_cannot_be_used_may_be_dropped(deepstep, tmp_path):
    table = FRAME.with_columns(tags=polars.Series([["a", "b"]] * 30))
    table.write_parquet(tmp_path / "t.parquet")
    result = deepstep("describe-columns", "t.parquet", "--target", "kind")
    assert result.code == 2
    assert "column 'tags': numbers, texts, truth values or dates are expected" in result.err
    assert deepstep("describe-columns", "t.parquet", "--target", "kind", "--exclude", "tags").code == 0
