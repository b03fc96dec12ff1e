"""``--drop-missing-target``: rows without a target are left out, and told."""

import json

import polars
import pytest


@pytest.fixture
def holes(tmp_path):
    frame = polars.DataFrame(
        {
            "x": [float(row) for row in range(60)],
            "y": [float(row % 7) for row in range(60)],
            "kind": [None if row % 6 == 0 else "ab"[row % 2] for row in range(60)],
            "size": [None if row % 4 == 0 else row / 7 for row in range(60)],
        }
    )
    frame.write_csv(tmp_path / "t.csv")
    return frame


ALONE = {
    "tabular": ["--set", "n_estimators=1"],
    "single": ["--model network --epochs 2 --set early_stopping=true --set n_iter_no_change=1"],
}


@pytest.mark.parametrize(
    ("preset", "targets"), [("tabular", ["kind"]), ("single", ["size"]), ("single", ["size", "x"])]
)
def test_it_trains_as_if_they_were_not_in_the_file(deepstep, holes, tmp_path, preset, targets):
    holes.drop_nulls(targets).write_csv(tmp_path / "full.csv")
    typed = [item for name in targets for item in ("--target", name)]
    other = next(name for name in ("size", "kind") if name not in targets)
    typed += ["--exclude", other, "--json", *ALONE[preset]]
    plain = deepstep("train", "full.csv", *typed, "--out", "full")
    found = deepstep("train", "t.csv", *typed, "--out", "dropped", "--drop-missing-target")
    assert (plain.code, found.code) == (0, 0)
    n = holes.height - holes.drop_nulls(targets).height
    assert f"{n} of 60 rows have no target and are left out." in found.err
    assert json.loads(found.out)["test"] == json.loads(plain.out)["test"]


def test_without_it_they_are_refused_with_the_way_out(deepstep, holes):
    result = deepstep("train", "t.csv", "--target", "kind", "--out", "r")
    assert result.code == 2
    assert (
        "10 of 60 have none. Drop these rows; deepstep train does with --drop-missing-target." in result.err
    )


def test_a_cell_that_cannot_be_used_is_named_by_its_row_in_the_file(deepstep, holes, tmp_path):
    holes.with_columns(
        x=polars.Series([float(row) if row != 51 else float("inf") for row in range(60)])
    ).write_csv(tmp_path / "t.csv")
    result = deepstep("train", "t.csv", "--target", "kind", "--drop-missing-target", "--out", "r")
    assert result.code == 2
    assert "row 52 is inf" in result.err


def test_the_table_to_validate_on_has_them_left_out_too(deepstep, holes):
    typed = ["--target", "kind", "--exclude", "size", *ALONE["single"], "--validation", "t.csv"]
    assert deepstep("train", "t.csv", *typed, "--drop-missing-target", "--out", "r").code == 0
    refused = deepstep("train", "t.csv", *typed, "--out", "r2")
    assert refused.code == 2
