"""Workers that read their own row groups: together they are one process on all rows in memory."""

import json
from itertools import chain
from pathlib import Path

import numpy as np
import parquet_together
import polars
import pytest
from parquet_together import CASES, frame, inputs, network, options
from test_together import arrays, torchrun

from deepstep.data import ParquetRows
from deepstep.distributed import fit
from deepstep.errors import ConfigurationError, DataError, ShapeError

pytest.importorskip("torch")

N = 3


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    parquet_together.write_parts(folder)
    return folder


@pytest.fixture(scope="module")
def trained(parts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("came to")
    torchrun(Path(parquet_together.__file__), parts, folder, n=N)
    return folder


def in_memory(case, **more):
    rows, net = frame(), network(case)
    net.engine, given = "reference", {**options(case), **more}
    if "sample_weight" in given:
        given["sample_weight"] = rows["weight"].to_numpy()
    X = rows[:, : inputs(case)].to_numpy().T
    history = net.train(X, np.eye(3)[rows["kind"].to_numpy()].T, **given)
    return net, history


def assert_same(folder, name, net, history):
    for rank in range(N):
        found = arrays(folder / f"{name}.{rank}.npz")
        np.testing.assert_allclose(found["theta"], net.parameters.flat, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found["costs"], history.costs, rtol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_workers_are_one_process(name, trained):
    assert_same(trained, name, *in_memory(CASES[name]))


@pytest.mark.parametrize("name", CASES)
def test_each_row_group_is_read_once_by_one_worker(name, trained, parts):
    groups = [arrays(trained / f"{name}.{rank}.npz")["groups"].tolist() for rank in range(N)]
    n = len(ParquetRows(parts / CASES[name]["parts"]).sizes)
    assert sorted(chain(*groups)) == list(range(n))
    assert sum(map(bool, groups)) == min(n, N)


def test_a_checkpoint_is_gone_on_from(trained):
    assert_same(trained, "goes on", *in_memory(CASES["uneven"]))


def test_who_looks_at_the_steps_sees_whole_batches(trained):
    assert_same(trained, "watched", *in_memory(CASES["uneven"]))
    assert arrays(trained / "watched.1.npz")["groups"].tolist() == [4, 90 % 16]


def test_where_one_cannot_read_its_rows_all_end(trained):
    told = [json.loads((trained / f"damaged.{rank}").read_text("utf-8")) for rank in range(N)]
    (whose,) = (one for one in told if one["kind"] == "DataError")
    assert "0.parquet, the column 'a': finite numbers of float64; row 90 is None" in whose["text"]
    others = [one for one in told if one is not whose]
    assert {one["kind"] for one in others} == {"WorkerError"}
    assert "rows that all workers can read" in others[0]["text"]


def test_one_process_alone(parts):
    net = network(CASES["weighed"])
    history = fit(net, str(parts / "uneven"), "kind", **options(CASES["weighed"]))
    same, expected = in_memory(CASES["weighed"])
    np.testing.assert_allclose(net.parameters.flat, same.parameters.flat, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(history.costs, expected.costs, rtol=1e-12)


@pytest.mark.parametrize(
    ("Y", "more", "error", "said"),
    [
        ("kinds", {}, ConfigurationError, "did you mean 'kind'"),
        (np.eye(3), {}, ConfigurationError, "names of columns for Y"),
        ("kind", {"sample_weight": [1.0]}, ConfigurationError, "names of columns for Y and sample_weight"),
        (["a", "b"], {}, ShapeError, "Y has shape (3, 5)"),
        ("kind", {"text": "x"}, ConfigurationError, "the column 'text': numbers"),
        ("kind", {"c": float("nan")}, DataError, "the column 'c': finite numbers of float64; row 1 is nan"),
    ],
)
def test_what_is_refused(Y, more, error, said, tmp_path):
    columns = {name: polars.lit(value) for name, value in more.items() if name != "sample_weight"}
    frame(5).with_columns(**columns).write_parquet(tmp_path / "x.parquet")
    weight = {name: value for name, value in more.items() if name == "sample_weight"}
    with pytest.raises(error) as found:
        fit(network({}), tmp_path, Y, batch_size=2, **weight)
    assert said.lower() in str(found.value).lower()
