"""``torchrun … -m deepstep train``: the first worker alone writes, a killed one is started again."""

import json
import warnings
from collections import Counter

import click
import numpy as np
import polars
import pytest
from test_together import torchrun

import tables_in_parts
from deepstep.cli.main import main
from deepstep.cli.screen import warnings_as_notes
from deepstep.cli.workers import silent_but_the_first
from deepstep.run import Run
from tables_in_parts import written

pytest.importorskip("torch")

TYPED = (
    "--target", "y", "--epochs", "8", "--batch-size", "16", "--dropout", "0.1", "--patience", "6",
    "--scoring", "balanced_accuracy", "--log", "csv", "--log", "health",
)  # fmt: skip

KILLED = """
import logging, os, sys, warnings
import deepstep.cli.train
from deepstep.cli.main import main
suited = deepstep.cli.train.suited
def speaks(*arguments):
    logging.getLogger("deepstep").warning("all say %s", "this")
    warnings.warn("and that")
    if os.environ["RANK"] == "1":
        logging.getLogger("another").error("what one alone says")
        warnings.warn("or sees")
    return suited(*arguments)
deepstep.cli.train.suited = speaks
from deepstep.training import Progress
go_on = Progress.on_epoch_end
def killed(self, training, record):
    go_on(self, training, record)
    if record["epoch"] == 3 and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        os.kill(os.getpid(), 9)
Progress.on_epoch_end = killed
main(sys.argv[1:])
"""
"""The command line, whose first worker is killed in its first life; the second has something to say."""


@pytest.fixture
def table(tmp_path):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 120))
    frame = polars.DataFrame({"a": a, "b": b, "y": np.where(a * b > 0, "yes", "no")})
    frame.write_csv(tmp_path / "table.csv")
    return tmp_path / "table.csv"


def test_a_killed_worker_ends_with_the_parameters_of_one_that_was_not(table, tmp_path, monkeypatch):
    script = tmp_path / "killed.py"
    script.write_text(KILLED, encoding="utf-8")
    together = tmp_path / "together"
    # without the sign torchrun takes --log for one of its own options, --log-dir or --logs-specs
    typed = ("train", table, *TYPED, "--checkpoint-every", 0, "--out", together, "--json")
    ran = torchrun("--", script, *typed, max_restarts=1)
    assert [json.loads(line)["engine"] for line in ran.stdout.splitlines()] == ["distributed"]  # of one alone
    with pytest.raises(SystemExit) as leaving:
        main([*map(str, ("train", table, *TYPED, "--engine", "reference", "--out", tmp_path / "alone"))])
    assert leaving.value.code == 0
    alone, run = Run.load(tmp_path / "alone"), Run.load(together)
    np.testing.assert_allclose(
        run.network.parameters.flat, alone.network.parameters.flat, rtol=1e-9, atol=1e-12
    )
    for quantity in ("cost", "validation_cost", "validation_score"):
        np.testing.assert_allclose(run.history.column(quantity), alone.history.column(quantity), rtol=1e-9)
    logged = polars.read_csv(together / "history.csv")["epoch"]
    assert logged.to_list() == list(range(len(run.history)))
    assert not (tmp_path / "together.unfinished").exists()
    lines, lives = ran.stderr.splitlines(), 2
    assert lines.count("all say this") == lives
    assert sum("Warning: and that" in line for line in lines) == lives
    told = ["Worker 1: what one alone says", "Worker 1: Warning: or sees"]
    assert [line for line in lines if line.startswith("Worker 1: ")] == told * lives


STREAMED = """
import os, sys
from deepstep.cli.main import main
from deepstep.data import ParquetRows, parquet
from deepstep.preparation import survey
survey.CHAPTER = 40
for of, name in ((ParquetRows, "pieces"), (parquet, "sha256")):
    def counted(first, *rest, whole=getattr(of, name), name=name):
        with open(os.environ["READ"] + os.environ.get("RANK", ""), "a") as file:
            file.write(f"{name} {rest[0] if rest else first.name}\\n")
        return whole(first, *rest)
    setattr(of, name, counted)
main(sys.argv[1:])
"""
"""The command line, which writes which groups and which parts it reads."""


def test_rows_are_streamed_by_some_workers_as_by_one(tmp_path, monkeypatch):
    parts = written(tmp_path / "parts", tables_in_parts.table(400).drop("kind", "price", "target"), 3, 20)
    script = tmp_path / "streamed.py"
    script.write_text(STREAMED, encoding="utf-8")
    typed = (
        "train",
        parts,
        "--target",
        "y",
        "--stream",
        "--buffer-rows",
        160,
        "--batch-size",
        32,
        "--seed",
        2,
    )
    together, alone = tmp_path / "together", tmp_path / "alone"
    monkeypatch.setenv("READ", str(tmp_path / "read"))
    torchrun("--", script, *typed, "--epochs", 2, "--out", together)
    with pytest.raises(SystemExit) as leaving:
        main([*map(str, (*typed, "--epochs", 2, "--engine", "reference", "--out", alone))])
    assert leaving.value.code == 0
    runs = [Run.load(folder) for folder in (together, alone)]
    thetas = [run.network.parameters.flat for run in runs]
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-12)
    read = [Counter((tmp_path / f"read{rank}").read_text("utf-8").split("\n")) for rank in range(2)]
    once = Counter(f"sha256 part-{part}.parquet" for part in range(3))
    n_groups = 3 * 7
    of_all = Counter({f"pieces {group}": 1 + 2 * 2 for group in range(n_groups)})  # 2 epochs of 2 workers
    assert read[0] + read[1] - Counter([""] * 2) == once + of_all
    assert all(one.total() > 20 for one in read)


def test_what_is_said_after_the_workers_met_is_told_when_one_ends(monkeypatch, capsys):
    for name, value in (("TORCHELASTIC_RUN_ID", "none"), ("RANK", "2")):
        monkeypatch.setenv(name, value)

    def work():
        with warnings.catch_warnings(action="always"), silent_but_the_first(), warnings_as_notes():
            click.echo("what nobody hears")
            warnings.warn("a disk\nis slow", stacklevel=2)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert capsys.readouterr() == ("", "Worker 2: Warning: a disk is slow\n")


@pytest.fixture
def as_worker(monkeypatch, capsys, table):
    """The command line in this process, as if torchrun had started it; what it printed and its exit code."""

    def call(*typed, rank=0):
        names = ("TORCHELASTIC_RUN_ID", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
        for name, value in zip(names, ("none", rank, 2, rank, 2), strict=True):
            monkeypatch.setenv(name, str(value))
        with pytest.raises(SystemExit) as leaving:
            main([*map(str, ("train", table, "--target", "y", *typed))])
        return leaving.value.code, *capsys.readouterr()

    return call


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            ["--preset", "tabular"],
            "torchrun: one network, which the workers train together; got --preset tabular.",
        ),
        (
            ["--n-estimators", "3"],
            "torchrun: one network, which the workers train together; got --n-estimators.",
        ),
        (
            ["--normalization", "batch"],
            "torchrun: layers whose examples do not depend on each other; got --n",
        ),
        (["--engine", "compiled"], "torchrun: the engine of many workers, torch; got --engine compiled."),
        (["--worker-timeout", "0"], "Invalid value for '--worker-timeout'"),
    ],
)
def test_what_workers_cannot_do_the_first_one_says(as_worker, typed, sentence):
    code, out, err = as_worker(*typed)
    assert (code, out) == (2, "")
    assert sentence in err
    code, out, err = as_worker(*typed, rank=1)  # on another machine it may be alone with that
    assert (code, out) == (2, "")
    if sentence.startswith("torchrun"):
        assert err.startswith(f"Worker 1: Error: {sentence}")
    else:
        assert not err


def test_what_goes_wrong_in_one_worker_alone_is_said_with_its_number(as_worker, table):
    table.unlink()
    code, out, err = as_worker("--epochs", "1", rank=1)
    assert (code, out) == (2, "")
    assert err.startswith("Worker 1: Error: ")
    assert str(table) in err
