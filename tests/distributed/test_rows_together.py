"""Workers that read Parquet: each its own row groups, or all of a stream; together they are one process."""

import json
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
import parquet_together
import polars
import pytest
import streamed_together
from parquet_together import CASES, frame, inputs, network, options
from test_together import arrays, torchrun

from deepstep import Network
from deepstep.data import ParquetRows
from deepstep.distributed import fit
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.training import latest_checkpoint
from tables_in_parts import table, written

pytest.importorskip("torch")

STREAMED, N = streamed_together.CASES, 3


@pytest.fixture(scope="module")
def streamed(tmp_path_factory):
    """Groups of 20 rows, those of the first part of 100; the last of each part are smaller."""
    rows = table(700)
    folder = written(tmp_path_factory.mktemp("rows") / "parts", rows, 3, 20)
    rows[:233].write_parquet(folder / "part-0.parquet", row_group_size=100)
    return folder


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    parquet_together.write_parts(folder)
    return folder


@pytest.fixture(scope="module")
def all_of_them(streamed, parts, tmp_path_factory):
    """What the workers came to, of all cases in one start of them."""
    folder = tmp_path_factory.mktemp("came to")
    for name in ("streamed", "parquet"):
        (folder / name).mkdir()
    torchrun(Path(streamed_together.__file__), streamed, parts, folder, n=N)
    return folder


@pytest.fixture
def came_to(all_of_them):
    """What they came to on streams."""
    return all_of_them / "streamed"


@pytest.fixture
def trained(all_of_them):
    """What they came to on row groups of their own."""
    return all_of_them / "parquet"


def found(came_to, case):
    return [arrays(came_to / f"{case}.{rank}.npz") for rank in range(N)]


def by_one(net, examples, **options):
    net.engine = "reference"
    return Network.train(net, examples, **options)


@pytest.mark.parametrize("case", STREAMED)
def test_workers_that_stream_are_one(case, came_to, streamed):
    net, history, _ = streamed_together.train(streamed, by_one, STREAMED[case], [])
    for one in found(came_to, case):
        np.testing.assert_allclose(one["theta"], net.parameters.flat, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one["costs"], history.costs, rtol=1e-12)
    if case == "held out":
        for one in found(came_to, case):
            same = dict(zip(history[-1], one["last"], strict=False))  # without the layers
            assert same["validation_cost"] == pytest.approx(history[-1]["validation_cost"], rel=1e-12)


@pytest.mark.parametrize("case", ["shared", "weighed", "small windows"])
def test_all_read_all_and_prepare_their_own(case, came_to):
    of_each, batch = found(came_to, case), STREAMED[case].get("batch_size", 32)
    for one in of_each:
        assert Counter(one["groups"].tolist()) == Counter(dict.fromkeys(range(len(one["kept"])), 3))
        assert 0.95 * (batch // N) < one["prepared"] * batch / (3 * 700) < 1.05 * -(-batch // N)
    assert sum(one["prepared"] for one in of_each) == 3 * 700


def test_what_many_began_many_and_one_go_on_with(came_to, streamed):
    whole, _, _ = streamed_together.train(streamed, by_one, STREAMED["shared"], [], iterations=4)
    for one in found(came_to, "goes on"):
        np.testing.assert_allclose(one["theta"], whole.parameters.flat, rtol=1e-12, atol=1e-12)
    options = {"iterations": 5, "resume": came_to / "checkpoints"}
    net, history, _ = streamed_together.train(streamed, by_one, STREAMED["shared"], [], **options)
    whole, _, _ = streamed_together.train(streamed, by_one, STREAMED["shared"], [], iterations=5)
    assert len(history) == 5
    np.testing.assert_allclose(net.parameters.flat, whole.parameters.flat, rtol=1e-12, atol=1e-12)


def test_where_one_cannot_read_all_end_and_the_first_keeps_what_was_reached(came_to, streamed):
    first, second, third = ((came_to / f"cannot read.{rank}").read_text("utf-8") for rank in range(N))
    assert third.startswith("WorkerError: ")
    assert first.startswith("WorkerError: Network.train: rows that all workers can read; one of them has en")
    assert second == f"FileError: {streamed}: a part that can be read; it cannot."
    reached = latest_checkpoint(came_to / "cannot read").position
    assert (reached.epoch, reached.batch > 0) == (2, True)
    options = {"resume": came_to / "cannot read"}
    net, _, _ = streamed_together.train(streamed, by_one, STREAMED["shared"], [], **options)
    whole, _, _ = streamed_together.train(streamed, by_one, STREAMED["shared"], [])
    np.testing.assert_allclose(net.parameters.flat, whole.parameters.flat, rtol=1e-12, atol=1e-12)


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
