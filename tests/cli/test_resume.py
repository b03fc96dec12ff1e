"""A training that is interrupted, killed, or diverges, and how it goes on."""

import csv
import inspect
import json
import os
import shutil
import signal
import sys
from glob import glob
from itertools import count
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep.ensembles import finished, fit
from deepstep.run import Run
from deepstep.training import interruption, latest_checkpoint
from deepstep.training.checkpoints import checkpoint_files
from deepstep.training.fit import Fit

pytestmark = [pytest.mark.filterwarnings("default"), pytest.mark.usefixtures("pythons_own_handler")]

TYPED = ("--target kind --out run --model network --epochs 8 --batch-size 12 --hidden-layers 4",)
"""Four updates in each epoch."""

KILLED = """
import os
from deepstep.training import Progress, checkpoints
checkpoints.SECONDS = {seconds}
go_on = Progress.on_epoch_end
def killed(self, training, record):
    go_on(self, training, record)
    if record['epoch'] == {epoch}: os.kill(os.getpid(), 9)
Progress.on_epoch_end, Progress.looks_at_the_network = killed, True
"""
"""Python that kills its own process at the end of an epoch, with checkpoints every so many seconds."""

WRITING = "import os\nfrom deepstep.run import Run\nRun.write = lambda *_: os.kill(os.getpid(), 9)"
"""Python that kills its own process when the run is written."""


def same_bits(run, other):
    for network, expected in zip(run.ensemble.members, other.ensemble.members, strict=True):
        np.testing.assert_array_equal(network.network.parameters.flat, expected.network.parameters.flat)
        history, before = network.network.history, expected.network.history
        for quantity in ("cost", "validation_cost", "validation_score"):
            np.testing.assert_array_equal(history.column(quantity), before.column(quantity))
    for name in ("settings", "command", "results", "found", "class_weights", "example_weights"):
        assert run.config.get(name) == other.config.get(name), name


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))


def without_interruption(deepstep, *typed):
    """Train the run to which a resumed one is compared."""
    assert deepstep(*typed).code == 0
    os.rename("run", "whole")


def check_resumed(deepstep):
    """The training goes on to what it is without interruption, and leaves nothing else."""
    assert deepstep("train", "--resume", "run").code == 0
    same_bits(Run.load("run"), Run.load("whole"))
    assert files_in("run") == files_in("whole")
    assert not Path("run.unfinished").exists()


def test_ctrl_c_saves_and_says_how_to_go_on(interrupted, deepstep, flowers, flower_run, tmp_path):
    """The old run stays until the new one is done."""
    without_interruption(deepstep, "train", flowers, *TYPED)
    shutil.copytree(flower_run, "run")
    result = interrupted("train", flowers, *TYPED, "--overwrite")
    assert (result.code, result.out) == (130, "")
    assert Path("run/run.json").read_bytes() == (flower_run / "run.json").read_bytes()
    folder = tmp_path / "run.unfinished"
    assert files_in(folder) == ["checkpoint-000000000024.safetensors", "training.json"]  # 6 epochs
    last = result.err.splitlines()[-1]
    assert last.startswith(f"Interrupted. What was reached by update 24 is kept in {folder}.")
    assert last.endswith(" train --resume run")
    check_resumed(deepstep)


@pytest.mark.parametrize("apart", [True, False])
def test_a_second_ctrl_c_ends_at_once_and_one_that_comes_twice_loses_nothing(
    interrupted, flowers, tmp_path, monkeypatch, apart
):
    monkeypatch.setattr(interruption, "ONE_PRESS", 0.0 if apart else 60.0)
    result = interrupted("train", flowers, *TYPED, times=2)
    assert result.code == 130
    last = result.err.splitlines()[-1]
    assert ("nothing is kept" in last, "train --resume run" in last) == (apart, not apart)
    assert [path.name for path in tmp_path.iterdir()] == ([] if apart else ["run.unfinished"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "typed",
    [
        "--model network --set solver=lbfgs",
        "--model network --set early_stopping=true",
        "--set n_estimators=2",
    ],
)
def test_ctrl_c_at_any_instant_before_the_first_epoch(deepstep, flowers, typed, fresh_seed, tmp_path):
    """In the call of any function of DeepStep until there is a record: a sentence, and nothing is left."""
    line = ("train", flowers, "--target kind --epochs 3 --out run", typed)
    end_epoch, calls, pressed = Fit.end_epoch, count(), [0]

    def watch(frame, event, argument):
        if event == "call" and frame.f_globals.get("__name__", "").startswith("deepstep"):
            if frame.f_code is end_epoch.__code__:
                sys.setprofile(None)
            # Python drops what is raised in a generator that it closes; a press there is one of the next call
            elif next(calls) >= pressed[0] >= 0 and not frame.f_code.co_flags & inspect.CO_GENERATOR:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)

    def press(number):
        nonlocal calls
        calls, pressed[0] = count(), number
        sys.setprofile(watch)
        try:
            return deepstep(*line)
        finally:
            sys.setprofile(None)

    assert press(-1).code == 0
    shutil.rmtree("run")
    for number in np.random.default_rng(fresh_seed).integers(1, next(calls), 6):
        result = press(number)
        if next(calls) <= number:  # a command that is repeated has fewer calls
            shutil.rmtree("run")
            continue
        assert (result.code, "Error" in result.err) == (130, False), (number, result.err)
        assert "nterrupted" in result.err, number
        left = [entry.name for entry in tmp_path.iterdir()]
        saved = "is being saved" in result.err or "n_estimators" in typed
        expected = "run.unfinished" if "Resume it" in result.err else "run" if saved else None
        assert left in ([], [expected]), (number, result.err)
        for name in left:
            shutil.rmtree(name)


def test_a_table_from_standard_input_is_piped_again(interrupted, deepstep, flowers, piped):
    piped(flowers.read_bytes())
    result = interrupted("train", "-", *TYPED)
    assert result.err.endswith("Resume it: cat FILE | deepstep train - --resume run\n")
    deepstep("train", "--resume", "run").refused("FILE is missing", "cat FILE | ")
    piped(flowers.read_bytes())
    assert deepstep("train", "-", "--resume", "run").code == 0


def test_what_cannot_be_resumed_says_so(interrupted, deepstep, flowers, tmp_path, monkeypatch):
    result = interrupted("train", flowers, *TYPED, "--set solver=lbfgs", epoch=2)
    assert result.code == 130
    assert "with --set solver=lbfgs cannot be resumed, and what was reached is being saved" in result.err
    assert len(Run.load("run").ensemble.history) == 3
    train = fit.fit_member

    def pressed(*args, **options):
        signal.raise_signal(signal.SIGINT)
        return train(*args, **options)

    monkeypatch.setattr(fit, "fit_member", pressed)
    result = deepstep("train", flowers, "--target kind --out new --time-budget 30")
    assert result.code == 130
    assert "--time-budget cannot be resumed, and nothing is kept." in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


CASES = {
    "labels and weights": "--target warm --class-weight warm:True=3 --sample-weight w --dropout 0.1",
    "a table to validate on": "--validation t.csv --set activation=tanh --scoring accuracy",
    "a rate that is searched, and a refit": "--learning-rate auto --set early_stopping=true "
    "--set validation_fraction=0.2 --set refit=true",
}


@pytest.mark.parametrize("case", CASES)
def test_it_goes_on_to_the_same_bits(interrupted, deepstep, flowers, case):
    frame = polars.read_csv(flowers)
    frame.with_columns(w=polars.col("x") + 2, warm=polars.col("x").sin() > 0).write_csv("t.csv")
    typed = ["train", "t.csv", *TYPED, CASES[case]]
    without_interruption(deepstep, *typed)
    assert interrupted(*typed, epoch=2).code == 130
    check_resumed(deepstep)


def press_after(monkeypatch, n_kept, presses=1):
    """Ctrl-C, once or more, as soon as so many networks are kept."""
    keep, kept = finished.FinishedMembers.add, count(1)

    def add(self, *arguments):
        keep(self, *arguments)
        if next(kept) == n_kept:
            for _ in range(presses):
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(finished.FinishedMembers, "add", add)


@pytest.mark.slow
def test_an_ensemble_goes_on_from_the_networks_that_were_done(deepstep, flowers, tmp_path, monkeypatch):
    """Ended by a second Ctrl-C; ``estimators/test_resuming.py`` counts the networks that are trained."""
    typed = ["train", flowers, "--target kind --set n_estimators=5 --class-weight tall=2 --out run"]
    without_interruption(deepstep, *typed)
    with monkeypatch.context() as patched:
        for module, name in ((finished, "SECONDS"), (finished, "LONG"), (interruption, "ONE_PRESS")):
            patched.setattr(module, name, 0.0)
        press_after(patched, n_kept=3, presses=2)
        ended = deepstep(*typed)
    last = ended.err.splitlines()[-1]
    assert ended.code == 130
    assert last.startswith(f"Interrupted. 3 networks are kept in {tmp_path / 'run.unfinished'}. Resume it: ")
    assert last.endswith(" train --resume run")
    check_resumed(deepstep)


def test_the_summary_of_an_ensemble_says_that_it_was_interrupted(deepstep, flowers, monkeypatch):
    press_after(monkeypatch, n_kept=2)
    ended = deepstep("train", flowers, "--target kind --set n_estimators=20 --set n_jobs=1 --out run")
    assert (ended.code, "networks are trained and kept" in ended.err) == (130, True)
    assert "interrupted: the networks that were trained until then" in deepstep("summary", "run").out
    assert "of its networks are in the run; train again for all of them" in deepstep("doctor", "run").out


@pytest.mark.slow
def test_killed_again_and_again(process, interrupted, deepstep, flowers):
    """Before the first checkpoint, by Ctrl-C later, after a checkpoint, and while the run is written.

    The log has each epoch once.
    """

    def log():
        with Path("own.csv").open() as file:
            return list(csv.DictReader(file))

    def killed(*typed, before):
        assert process(*typed, before=before).returncode == -signal.SIGKILL
        assert (Path("run.unfinished").is_dir(), Path("run").exists()) == (True, False)
        with Path("own.csv").open("a") as file:
            file.write("6,7,0.")  # half a line, of which the disk had no more

    typed = ["train", flowers, *TYPED, "--log own.csv"]
    without_interruption(deepstep, *typed)
    deepstep(*typed).refused("own.csv", "already")
    Path("own.csv").unlink()
    killed(*typed, before=KILLED.format(epoch=5, seconds=1e9))
    assert (files_in("run.unfinished"), len(log())) == (["training.json"], 7)
    shutil.copytree("run.unfinished", "foreign.unfinished")
    os.rename("own.csv", "before.csv")
    Path("own.csv").write_text("years of work")  # a folder of others may name any file
    deepstep("train", "--resume", "foreign").refused("begins with b'years of work'")
    assert Path("own.csv").read_text() == "years of work"
    os.replace("before.csv", "own.csv")
    assert interrupted("train", "--resume", "run.unfinished", epoch=3).code == 130
    assert latest_checkpoint("run.unfinished").position.epoch == 4
    for before in (KILLED.format(epoch=6, seconds=0.0), WRITING):
        killed("train", "--resume", "run", before=before)
    check_resumed(deepstep)
    assert [int(row["epoch"]) for row in log()] == list(range(8))
    costs = Run.load("run").ensemble.history.costs
    np.testing.assert_array_equal([float(row["cost"]) for row in log()], costs)
    assert all(row["health/1/dead"] for row in log())


@pytest.fixture
def begun(interrupted, flowers, tmp_path):
    """An interrupted training on t.csv."""
    (tmp_path / "t.csv").write_bytes(flowers.read_bytes())
    ended = interrupted("train", "t.csv", *TYPED, "--validation", "t.csv", "--json")
    record = {"kind": "KeyboardInterrupt", "message": ended.err.splitlines()[-1]}
    assert json.loads(ended.out) == {"error": record, "exit_code": 130}
    return tmp_path / "run.unfinished"


@pytest.fixture
def without_locks(monkeypatch):
    """As on Windows, where a folder in which a file is open keeps its name."""

    def rename(source, target, real=os.rename):
        opened = map(os.path.realpath, glob("/proc/self/fd/*"))
        assert not [path for path in opened if path.startswith(f"{source}/")]
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setitem(sys.modules, "fcntl", None)


def test_a_new_training_where_one_is_not_done(deepstep, begun, without_locks, flower_run, tmp_path):
    way = "--resume run. Or replace"
    deepstep("train", "t.csv", *TYPED).refused("is not done, run.unfinished", f"{way} it: --overwrite.")
    deepstep("predict", "run", "t.csv").refused("run does not exist", "deepstep train --resume run continues")
    shutil.copytree(flower_run, tmp_path / "run")
    deepstep("train", "t.csv", *TYPED).refused("and so does run.unfinished", f"{way} both: --overwrite.")
    assert checkpoint_files(begun)
    assert deepstep("train", "t.csv", *TYPED, "--overwrite").code == 0
    assert not begun.exists()


def test_another_table_other_options_and_a_damaged_record(deepstep, begun, tmp_path, monkeypatch):
    for typed in ("--target kind", "--epochs 3", "--overwrite", "--out x"):
        result = deepstep("train", "--resume", "run", typed)
        result.refused(typed.split()[0], "use their original options")
    record = begun / "training.json"
    sound = record.read_text()
    for text in ("", "null", '{"format": "deepstep-training"}', '{"a": ' + "[" * 100_000, '{"a": 1, "a": 2}'):
        record.write_text(text)
        deepstep("train", "--resume", "run").refused("training.json", "Start a new training.")
    record.write_text(sound.replace('"no_rows": false', '"no_rows": true'))
    deepstep("train", "--resume", "run").refused("its contents were altered")
    record.write_text(sound)
    with monkeypatch.context() as patched:
        patched.setattr("deepstep.cli.resume.__version__", "99.0")
        deepstep("train", "--resume", "run").refused("and this is '99.0'", "install deepstep==")
    table = tmp_path / "t.csv"
    rows = table.read_text()
    table.write_text(rows.replace("red", "Red", 1))
    deepstep("train", "--resume", "run").refused("t.csv is not the table that this training")
    table.rename(tmp_path / "moved.csv")
    deepstep("train", "--resume", "run").refused("t.csv, the FILE that this training began with, is missing")
    (tmp_path / "moved.csv").write_text(rows)
    gone = "t.csv, the --validation that this training began with, is missing. Put it back"
    deepstep("train", "moved.csv", "--resume", "run").refused(gone)
    table.write_text(rows)
    assert deepstep("train", "moved.csv", "--resume", "run").code == 0


@pytest.mark.slow
def test_a_full_disk_at_the_end_keeps_the_checkpoint(process, deepstep, begun):
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
    result = process("train", "--resume", "run", before=limit)
    assert result.returncode == 2
    last = result.stderr.splitlines()[-1]
    assert ("File too large" in last, last.endswith(" train --resume run")) == (True, True)
    assert checkpoint_files(begun)
    assert deepstep("train", "--resume", "run").code == 0


@pytest.mark.parametrize("name", ["run.Run.write_results", "cli.print_results.print_scores"])
def test_a_failure_after_the_training_does_not_lose_it(deepstep, flowers, monkeypatch, name, tmp_path):
    """Whatever fails there: the run is saved before it is scored, and a warning says where it is."""

    def fails(*arguments, **options):
        raise ValueError("probabilities add to\n1.0000000000000002")

    with monkeypatch.context() as patched:
        patched.setattr(f"deepstep.{name}", fails)
        result = deepstep("train", flowers, *TYPED).done()
    assert "Warning: The run is saved in run, but" in result.err
    assert "(ValueError: probabilities add to" in result.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]
    assert deepstep("predict", "run", flowers).code == 0
    assert ("results" in Run.load("run").config) == ("print" in name)
