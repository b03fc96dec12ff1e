"""Workers that stream: together they are one worker, and each prepares its own rows alone."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import streamed_together
from test_together import arrays, torchrun

from deepstep import Network
from deepstep.training import latest_checkpoint
from tables_in_parts import table, written

pytest.importorskip("torch")

CASES = streamed_together.CASES
N = 2


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Groups of 20 rows, those of the first part of 100; the last of each part are smaller."""
    rows = table(700)
    folder = written(tmp_path_factory.mktemp("rows") / "parts", rows, 3, 20)
    rows[:233].write_parquet(folder / "part-0.parquet", row_group_size=100)
    return folder


@pytest.fixture(scope="module")
def trained(parts, tmp_path_factory):
    """What two workers came to, of all cases in one start of them; and what they said."""
    folder = tmp_path_factory.mktemp("came to")
    ran = torchrun(Path(streamed_together.__file__), parts, folder, n=N)
    return folder, ran.stderr


def found(trained, case):
    return [arrays(trained[0] / f"{case}.{rank}.npz") for rank in range(N)]


def by_one(net, examples, **options):
    net.engine = "reference"
    return Network.train(net, examples, **options)


@pytest.mark.parametrize("case", CASES)
def test_workers_are_one(case, trained, parts):
    net, history, _ = streamed_together.train(parts, by_one, CASES[case], [])
    for one in found(trained, case):
        np.testing.assert_allclose(one["theta"], net.parameters.flat, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(one["costs"], history.costs, rtol=1e-12)
    if case == "held out":
        for one in found(trained, case):
            same = dict(zip(history[-1], one["last"], strict=False))  # without the layers
            assert same["validation_cost"] == pytest.approx(history[-1]["validation_cost"], rel=1e-12)


@pytest.mark.parametrize("case", ["shared", "weighed", "small windows"])
def test_all_read_all_and_prepare_their_own(case, trained):
    first, second = found(trained, case)
    for one in (first, second):
        assert Counter(one["groups"].tolist()) == Counter(dict.fromkeys(range(len(one["kept"])), 3))
    assert first["prepared"] + second["prepared"] == 3 * 700
    assert first["prepared"] == pytest.approx(3 * 350, rel=0.05)


def test_what_many_began_many_and_one_go_on_with(trained, parts):
    whole, _, _ = streamed_together.train(parts, by_one, CASES["shared"], [], iterations=4)
    for one in found(trained, "goes on"):
        np.testing.assert_allclose(one["theta"], whole.parameters.flat, rtol=1e-12, atol=1e-12)
    options = {"iterations": 5, "resume": trained[0] / "checkpoints"}
    net, history, _ = streamed_together.train(parts, by_one, CASES["shared"], [], **options)
    whole, _, _ = streamed_together.train(parts, by_one, CASES["shared"], [], iterations=5)
    assert len(history) == 5
    np.testing.assert_allclose(net.parameters.flat, whole.parameters.flat, rtol=1e-12, atol=1e-12)


def test_where_one_cannot_read_all_end_and_the_first_keeps_what_was_reached(trained, parts):
    first, second = ((trained[0] / f"cannot read.{rank}").read_text("utf-8") for rank in range(N))
    assert first.startswith("WorkerError: Network.train: rows that all workers can read; one of them has en")
    assert second == f"FileError: {parts}: a part that can be read; it cannot."
    reached = latest_checkpoint(trained[0] / "cannot read").position
    assert (reached.epoch, reached.batch > 0) == (2, True)
    options = {"resume": trained[0] / "cannot read"}
    net, _, _ = streamed_together.train(parts, by_one, CASES["shared"], [], **options)
    whole, _, _ = streamed_together.train(parts, by_one, CASES["shared"], [])
    np.testing.assert_allclose(net.parameters.flat, whole.parameters.flat, rtol=1e-12, atol=1e-12)
