"""A training that is interrupted, killed, or diverges, and how it goes on."""

import csv
import inspect
import json
import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep.run import Run
from deepstep.training import latest_checkpoint
from deepstep.training.checkpoints import checkpoint_files
from deepstep.training.fit import Fit

pytestmark = pytest.mark.slow

TYPED = ("--target kind --out run --model network --epochs 12 --batch-size 8",)

HANDLER = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""A shell may start what runs in the background with Ctrl-C ignored."""

SIGNAL = """
import os, signal
from deepstep.training import Progress
go_on = Progress.on_epoch_end
def interrupted(self, training, record):
    go_on(self, training, record)
    if record["epoch"] == {epoch}:
        os.kill(os.getpid(), signal.{name})
Progress.on_epoch_end, Progress.looks_at_the_network = interrupted, True
"""
"""Python that sends a signal to its own process in the midst of training."""

ALWAYS = "from deepstep.training import checkpoints\ncheckpoints.SECONDS = 0.0\n"
IN_A_MEMBER = f"""
{HANDLER}
import os
from deepstep.ensembles import fit
train = fit.fit_member
def interrupted(*args, **options):
    os.kill(os.getpid(), 2)
    return train(*args, **options)
fit.fit_member = interrupted
"""
AFTER_SOME = """
import os, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from deepstep.ensembles import finished
from deepstep.training import interruption
finished.SECONDS = finished.LONG = 0.0
interruption.ONE_PRESS = 0.0
keep, seen = finished.FinishedMembers.add, []
def killed(self, *arguments):
    keep(self, *arguments)
    seen.append(1)
    if len(seen) == {}:
        for number in {}:
            os.kill(os.getpid(), number)
            time.sleep(0.1)
finished.FinishedMembers.add = killed
"""
"""Python that sends signals to its own process when so many networks are saved."""

WRITING = "import os\nfrom deepstep.run import Run\nRun.write = lambda *_: os.kill(os.getpid(), 9)"
"""Python that kills its own process when the run is written."""


def same_bits(run, other):
    for network, expected in zip(run.ensemble.members, other.ensemble.members, strict=True):
        np.testing.assert_array_equal(network.network.parameters.flat, expected.network.parameters.flat)
        np.testing.assert_array_equal(network.network.history.costs, expected.network.history.costs)
    for name in ("settings", "command", "results", "found", "class_weights", "example_weights"):
        assert run.config.get(name) == other.config.get(name), name


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))


def refused(result, *sentences):
    assert (result.code, result.out) == (2, "")
    for sentence in sentences:
        assert sentence in result.err


@pytest.fixture
def never_interrupted(deepstep, flowers):
    """The run of a training that nothing disturbed."""
    assert deepstep("train", flowers, *TYPED).code == 0
    os.rename("run", "whole")
    return Run.load("whole")


def interrupted(process, flowers, *typed, epoch=5, name="SIGINT", before=""):
    before = HANDLER + SIGNAL.format(epoch=epoch, name=name) + before
    return process("train", flowers, *TYPED, *typed, before=before)


# Ctrl-C


def test_ctrl_c_saves_and_says_how_to_go_on(
    process, deepstep, flowers, flower_run, tmp_path, never_interrupted
):
    """The old run stays until the new one is done."""
    shutil.copytree(flower_run, "run")
    result = interrupted(process, flowers, "--overwrite")
    assert (result.returncode, result.stdout, "Traceback" in result.stderr) == (130, "", False)
    assert Path("run/run.json").read_bytes() == (flower_run / "run.json").read_bytes()
    folder = tmp_path / "run.unfinished"
    assert files_in(folder) == ["checkpoint-000000000036.safetensors", "training.json"]  # 6 epochs
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"Interrupted. What was reached by update 36 is kept in {folder}.")
    assert last.endswith(" train --resume run")
    assert deepstep("train", "--resume", "run").code == 0
    same_bits(Run.load("run"), never_interrupted)
    assert not folder.exists()
    assert files_in("run") == files_in("whole")


@pytest.mark.parametrize("apart", [True, False])
def test_a_second_ctrl_c_ends_at_once_and_one_that_comes_twice_loses_nothing(
    process, flowers, tmp_path, apart
):
    twice = SIGNAL.format(epoch=5, name="SIGINT").replace("os.kill(", "os.kill(os.getpid(), 2); os.kill(")
    later = "from deepstep.training import interruption\ninterruption.ONE_PRESS = 0.0\n" * apart
    result = process("train", flowers, *TYPED, before=HANDLER + twice + later)
    assert (result.returncode, "Traceback" in result.stderr) == (130, False)
    last = result.stderr.splitlines()[-1]
    assert ("nothing is kept" in last, "train --resume run" in last) == (apart, not apart)
    assert [path.name for path in tmp_path.iterdir()] == [] if apart else ["run.unfinished"]


@pytest.mark.filterwarnings("default")
@pytest.mark.usefixtures("pythons_own_handler")
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
    line = ("train", flowers, "--target kind --out run", typed)
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
    for number in np.random.default_rng(fresh_seed).integers(1, next(calls), 12):
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


def test_a_table_from_standard_input_is_piped_again(process, deepstep, flowers):
    piped = f"import sys\nsys.stdin = open({str(flowers)!r})\n"
    stop = HANDLER + ALWAYS + SIGNAL.format(epoch=5, name="SIGINT") + piped
    result = process("train", "-", *TYPED, before=stop)
    assert result.stderr.endswith("Resume it: cat FILE | deepstep train - --resume run\n")
    refused(deepstep("train", "--resume", "run"), "FILE is missing", "cat FILE | ")
    assert process("train", "-", "--resume", "run", before=piped).returncode == 0


def test_what_cannot_be_resumed_says_so(process, flowers, tmp_path):
    typed = "--target kind --out run --model network --set solver=lbfgs"
    result = process("train", flowers, typed, before=HANDLER + SIGNAL.format(epoch=2, name="SIGINT"))
    assert result.returncode == 130
    assert "with --set solver=lbfgs cannot be resumed, and what was reached is being saved" in result.stderr
    assert len(Run.load(tmp_path / "run").history) == 3
    result = process("train", flowers, "--target kind --out new --time-budget 30", before=IN_A_MEMBER)
    assert result.returncode == 130
    assert "--time-budget cannot be resumed, and nothing is kept." in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


# Killed

CASES = {
    "labels and weights": "--target warm --class-weight warm:True=3 --sample-weight w --dropout 0.1",
    "a table to validate on": "--validation t.csv --set activation=tanh --scoring accuracy",
    "a rate that is searched, and a refit": "--learning-rate auto --set early_stopping=true "
    "--set validation_fraction=0.2 --set refit=true",
}


@pytest.mark.parametrize("case", CASES)
def test_killed_it_goes_on_to_the_same_bits(process, deepstep, flowers, killed_at, tmp_path, case):
    frame = polars.read_csv(flowers)
    frame.with_columns(w=polars.col("x") + 2, warm=polars.col("x").sin() > 0).write_csv("t.csv")
    typed = ["train", "t.csv", *TYPED, CASES[case]]
    assert deepstep(*typed).code == 0
    os.rename("run", "whole")
    assert process(*typed, before=killed_at(2)).returncode == -signal.SIGKILL
    assert process("train", "--resume", "run").returncode == 0
    run, whole = Run.load("run"), Run.load("whole")
    same_bits(run, whole)
    for part in ("validation_cost", "validation_score"):
        np.testing.assert_array_equal(run.history.column(part), whole.history.column(part))
    assert files_in("run") == files_in("whole")
    assert not list(tmp_path.glob("*.unfinished"))


def test_killed_again_and_again(process, deepstep, flowers, tmp_path, never_interrupted):
    """Before the first checkpoint, by Ctrl-C later, and while the run is written."""
    interrupted(process, flowers, name="SIGKILL")
    assert files_in(tmp_path / "run.unfinished") == ["training.json"]
    for epoch in (4, 9):
        before = HANDLER + SIGNAL.format(epoch=epoch, name="SIGINT")
        assert process("train", "--resume", "run.unfinished", before=before).returncode == 130
        assert latest_checkpoint("run.unfinished").position.epoch == epoch + 1
    assert process("train", "--resume", "run", before=WRITING).returncode == -signal.SIGKILL
    assert (tmp_path / "run.unfinished").is_dir()
    assert not (tmp_path / "run").exists()
    assert deepstep("train", "--resume", "run").code == 0
    same_bits(Run.load("run"), never_interrupted)


def test_an_ensemble_goes_on_from_the_networks_that_were_done(process, deepstep, flowers, tmp_path):
    """Ended by a second Ctrl-C, and killed while the run is written."""
    typed = ["train", flowers, "--target kind --set n_estimators=5 --class-weight tall=2 --out run"]
    assert deepstep(*typed).code == 0
    os.rename("run", "whole")
    ended = process(*typed, before=AFTER_SOME.format(3, [2, 2]))
    last = ended.stderr.splitlines()[-1]
    assert (ended.returncode, "Traceback" in ended.stderr) == (130, False)
    assert last.startswith(f"Interrupted. 3 networks are kept in {tmp_path / 'run.unfinished'}. Resume it: ")
    assert last.endswith(" train --resume run")
    files = (tmp_path / "run.unfinished").glob("member-*/model.json")
    saved = {path: path.read_bytes() for path in files}
    assert len(saved) == 3
    assert process("train", "--resume", "run", before=WRITING).returncode == -signal.SIGKILL
    assert {path: path.read_bytes() for path in saved} == saved
    assert deepstep("train", "--resume", "run").code == 0
    same_bits(Run.load("run"), Run.load("whole"))
    assert deepstep("predict", "run", flowers).out == deepstep("predict", "whole", flowers).out
    assert files_in("run") == files_in("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "whole"]


def records(path):
    with Path(path).open() as file:
        return list(csv.DictReader(file))


def test_the_log_has_each_epoch_once_whatever_interrupts_it(deepstep, process, flowers, killed_at, tmp_path):
    """It changes nothing else; a training is killed after checkpoints of some epochs, and after none."""
    typed = "--target kind --hidden-layers 4 --model network --epochs 8 --batch-size 12"
    assert deepstep("train", flowers, typed, "--out plain").code == 0
    refused(deepstep("train", flowers, typed, "--log plain/run.json"), "plain/run.json", "already")
    for before in ("", killed_at(5), killed_at(5).replace("SECONDS = 0.0", "SECONDS = 1e9")):
        result = process("train", flowers, typed, "--log own.csv --out run", before=before)
        assert result.returncode == (-9 if before else 0)
        if before:
            assert len(records("own.csv")) == 6
            with Path("own.csv").open("a") as file:
                file.write("6,7,0.")  # half a line, of which the disk had no more
            assert deepstep("train", "--resume", "run").code == 0
        run, plain = Run.load("run"), Run.load("plain")
        np.testing.assert_array_equal(run.network.parameters.flat, plain.network.parameters.flat)
        assert run.config["settings"] == plain.config["settings"]
        assert [int(row["epoch"]) for row in records("own.csv")] == list(range(8))
        np.testing.assert_array_equal([float(row["cost"]) for row in records("own.csv")], run.history.costs)
        assert all(row["health/1/dead"] for row in records("own.csv"))
        Path("own.csv").unlink()
        shutil.rmtree("run")


# What is in the way


@pytest.fixture
def begun(process, flowers, tmp_path):
    """An interrupted training on t.csv."""
    (tmp_path / "t.csv").write_bytes(flowers.read_bytes())
    before = HANDLER + SIGNAL.format(epoch=5, name="SIGINT")
    done = process("train", "t.csv", *TYPED, "--validation", "t.csv", "--json", before=before)
    record = {"kind": "KeyboardInterrupt", "message": done.stderr.splitlines()[-1]}
    assert json.loads(done.stdout) == {"error": record, "exit_code": 130}
    return tmp_path / "run.unfinished"


RECORDS = ["", "null", '{"format": "deepstep-training"}', '{"a": ' + "[" * 100_000, '{"a": 1, "a": 2}']


class TestRefused:
    def test_a_new_training_where_one_is_not_done(self, deepstep, begun, flower_run, tmp_path):
        way = "train --resume run. Or replace"
        refused(deepstep("train", "t.csv", *TYPED), "is not done, run.unfinished", f"{way} it: --overwrite.")
        shutil.copytree(flower_run, tmp_path / "run")
        both = "run exists already, and so does run.unfinished"
        refused(deepstep("train", "t.csv", *TYPED), both, f"{way} both: --overwrite.")
        assert checkpoint_files(begun)
        assert deepstep("train", "t.csv", *TYPED, "--overwrite").code == 0
        assert not begun.exists()

    def test_another_table(self, deepstep, begun, tmp_path):
        table = tmp_path / "t.csv"
        whole = table.read_text()
        table.write_text(whole.replace("red", "Red", 1))
        refused(deepstep("train", "--resume", "run"), "t.csv is not the table that this training")
        table.rename(tmp_path / "moved.csv")
        refused(
            deepstep("train", "--resume", "run"), "t.csv, the FILE that this training began with, is missing"
        )
        (tmp_path / "moved.csv").write_text(whole)
        gone = "t.csv, the --validation that this training began with, is missing. Put it back"
        refused(deepstep("train", "moved.csv", "--resume", "run"), gone)
        table.write_text(whole)
        assert deepstep("train", "moved.csv", "--resume", "run").code == 0

    def test_other_options(self, deepstep, begun):
        for typed in ("--target kind", "--epochs 3", "--overwrite", "--out x"):
            result = deepstep("train", "--resume", "run", typed)
            refused(result, typed.split()[0], "use their original options")

    def test_a_damaged_or_an_altered_record(self, deepstep, begun, monkeypatch):
        path = begun / "training.json"
        whole = path.read_text()
        for text in RECORDS:
            path.write_text(text)
            refused(deepstep("train", "--resume", "run"), "training.json", "Start a new training.")
        path.write_text(whole)
        path.write_text(whole.replace('"no_rows": false', '"no_rows": true'))
        refused(deepstep("train", "--resume", "run"), "its contents were altered")
        path.write_text(whole)
        monkeypatch.setattr("deepstep.cli.resume.__version__", "99.0")
        refused(deepstep("train", "--resume", "run"), "and this is '99.0'", "install deepstep==")


def test_a_full_disk_at_the_end_keeps_the_checkpoint(process, deepstep, begun, tmp_path):
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
    result = process("train", "--resume", "run", before=limit)
    assert result.returncode == 2
    assert "File too large" in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].endswith(" train --resume run")
    assert checkpoint_files(begun)
    assert deepstep("train", "--resume", "run").code == 0


# What fails after the training


@pytest.mark.parametrize("name", ["deepstep.run.Run.write_results", "deepstep.cli.results.print_scores"])
def test_a_failure_after_the_training_does_not_lose_it(deepstep, flowers, monkeypatch, name, tmp_path):
    """Whatever fails there: the run is saved before it is scored, and a warning says where it is."""

    def fails(*arguments, **options):
        raise ValueError("probabilities add to\n1.0000000000000002")

    with monkeypatch.context() as patched:
        patched.setattr(name, fails)
        result = deepstep("train", flowers, "--target kind --set n_estimators=2 --out r")
    assert result.code == 0
    assert "Warning: The run is saved in r, but" in result.err
    assert "(ValueError: probabilities add to" in result.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["r"]
    assert deepstep("predict", "r", flowers).code == 0
    assert ("results" in Run.load("r").config) == ("print" in name)
