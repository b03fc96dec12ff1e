"""What ``deepstep predict`` adds to predictions: explanations, sets and intervals, columns of the table."""

import csv

import numpy as np
import polars
import pytest

from deepstep import DeepClassifier, DeepRegressor, Run

SMALL = {"n_estimators": 1, "network_params": {"epochs": 5}, "random_state": 1}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    towns = rng.choice(["Rome", "Oslo", "Bern"], 60)
    return polars.DataFrame({"size": rng.normal(80, 20, 60), "town": towns})


@pytest.fixture(scope="module", params=["price", "sold"])
def folder(request, table, tmp_path_factory):
    """The folder of a run on numbers or on classes."""
    size = table["size"].to_numpy()
    if request.param == "price":
        model = DeepRegressor(**SMALL).fit(table, size * 3)
    else:
        model = DeepClassifier(**SMALL).fit(table, np.where(size > 80, "yes", "no"))
    folder = tmp_path_factory.mktemp("explain") / "run"
    Run.of(model, {"target": request.param}).save(folder)
    return folder


def test_the_strongest_columns_stand_beside_each_prediction(folder, table, deepstep):
    table.head(7).write_csv("new.csv")
    run = Run.load(folder)
    explanation = run.explain(table.head(7))
    result = deepstep("predict", folder, "new.csv", "--explain 2").done()
    rows = csv.DictReader(result.out.splitlines())
    for row, strongest in zip(rows, explanation.strongest(2), strict=True):
        for rank, (column, contribution) in enumerate(strongest, 1):
            assert row[f"strongest_{rank}"] == column
            assert float(row[f"contribution_{rank}"]) == pytest.approx(contribution, rel=1e-4, abs=1e-6)
    record = deepstep.json("predict", folder, "new.csv", "--explain 1")
    assert record["base"] == pytest.approx(dict(zip(explanation.outputs, explanation.base, strict=True)))
    assert [*map(len, record["contributions"])] == [1] * 7
    assert explanation.outputs == (("price",) if run.target_name == "price" else ("yes",))


def test_columns_of_the_table_are_carried_along(folder, table, deepstep):
    numbered = table.head(4).with_columns(id=polars.Series(["007", "1.50", None, "08"]))
    numbered.write_csv("new.csv")
    printed = deepstep("predict", folder, "new.csv", "--carry id --carry town --carry id").out
    rows = list(csv.reader(printed.splitlines()))
    assert rows[0][:3] == ["id", "town", "prediction"]
    assert [row[0] for row in rows[1:]] == ["007", "1.50", "", "08"]
    assert [row[1] for row in rows[1:]] == numbered["town"].to_list()
    header = deepstep("predict", folder, "new.csv", "--carry-all", "--coverage 0.9").out.splitlines()[0]
    assert header.startswith("size,town,id,prediction")
    assert "lower,upper" in header or "in_set_yes" in header
    record = deepstep.json("predict", folder, "new.csv", "--carry id --coverage 0.9")
    assert record["carried"] == {"id": ["007", "1.50", None, "08"]}
    assert record["coverage"] == 0.9
    assert len(record.get("sets") or record["intervals"]) == 4
    deepstep("predict", folder, "new.csv", "--carry twon").refused("Did you mean 'town'?")
