"""A training that is interrupted, killed, or diverges, and what becomes of it."""

import inspect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import count

import numpy as np
import polars
import pytest

from deepstep import Network
from deepstep.data.own_folders import config_digest
from deepstep.run import Run
from deepstep.training import latest_checkpoint
from deepstep.training.checkpoints import checkpoint_files
from deepstep.training.fit import Fit

TYPED = ("--target", "kind", "--out", "run", "--model network --epochs 12 --batch-size 8")

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

OFTEN = """
from deepstep.training import ModelCheckpoint
begin = ModelCheckpoint.__init__
ModelCheckpoint.__init__ = lambda self, folder, **_: begin(self, folder, every_steps=1)
"""

MAIN = "import sys\nfrom deepstep.cli.main import main\nmain(sys.argv[1:])"
HANDLER = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
"""A shell may start what runs in the background with Ctrl-C ignored."""


def same_bits(first, second):
    np.testing.assert_array_equal(first.network.parameters.flat, second.network.parameters.flat)
    np.testing.assert_array_equal(first.history.costs, second.history.costs)


@pytest.fixture
def never_interrupted(deepstep, flowers):
    """The run of a training that nothing disturbed."""
    assert deepstep("train", flowers, *TYPED[:3], "whole", *TYPED[4:]).code == 0
    return Run.load("whole")


def interrupted(process, flowers, *typed, epoch=5, name="SIGINT", before=""):
    before = HANDLER + SIGNAL.format(epoch=epoch, name=name) + before
    return process("train", flowers, *TYPED, *typed, before=before)


def test_a_table_from_standard_input_is_piped_again(process, deepstep, flowers):
    piped = f"import sys\nsys.stdin = open({str(flowers)!r})\n"
    typed = ["--target", "kind", "--model network --epochs 9", "--out", "run"]
    stop = HANDLER + ALWAYS + SIGNAL.format(epoch=5, name="SIGINT") + piped
    result = process("train", "-", *typed, before=stop)
    assert result.stderr.endswith("Resume it: cat FILE | deepstep train - --resume run\n")
    refused(deepstep("train", "--resume", "run"), "FILE must be - again", "cat FILE | ")
    assert process("train", "-", "--resume", "run", before=piped).returncode == 0


def test_ctrl_c_saves_and_says_how_to_go_on(process, deepstep, flowers, tmp_path, never_interrupted):
    result = interrupted(process, flowers)
    assert result.returncode == 130
    assert "Traceback" not in result.stderr
    folder = tmp_path / "run.unfinished"
    assert [path.name for path in sorted(folder.iterdir())] == [
        "checkpoint-000000000036.safetensors",  # 6 epochs of 6 batches
        "training.json",
    ]
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"Interrupted. What was reached by update 36 is kept in {folder}.")
    assert last.endswith(" train --resume run")
    assert result.stdout == ""

    assert deepstep("train", "--resume", "run").code == 0
    same_bits(Run.load("run"), never_interrupted)
    assert not folder.exists()
    assert sorted(os.listdir("run")) == sorted(os.listdir("whole"))


TWICE = SIGNAL.format(epoch=5, name="SIGINT").replace("os.kill(", "os.kill(os.getpid(), 2); os.kill(")


def test_a_second_ctrl_c_ends_at_once_and_says_what_is_lost(process, flowers, tmp_path):
    later = "from deepstep.training import interruption\ninterruption.ONE_PRESS = 0.0\n"
    result = process("train", flowers, *TYPED, before=HANDLER + TWICE + later)
    assert (result.returncode, "Traceback" in result.stderr) == (130, False)
    assert result.stderr.splitlines()[-1] == "Interrupted before there was a checkpoint, and nothing is kept."
    assert list(tmp_path.iterdir()) == []


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
    """In the call of any function of DeepStep until there is a record: a sentence, and nothing is left.

    A press amid the last evaluation of the first iteration of L-BFGS leaves the run of that iteration.
    """
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


def test_a_ctrl_c_that_comes_twice_loses_nothing(process, flowers, tmp_path):
    result = process("train", flowers, *TYPED, before=HANDLER + TWICE)
    assert result.returncode == 130
    assert result.stderr.splitlines()[-1].endswith(" train --resume run")
    assert latest_checkpoint(tmp_path / "run.unfinished").position.epoch == 6


def test_ctrl_c_from_outside(flowers, tmp_path, deepstep):
    """A real key press comes at any instant."""
    often = "from deepstep.training import checkpoints\ncheckpoints.SECONDS = 0.2\n"
    script = f"{HANDLER}{often}import sys\nfrom deepstep.cli.main import main\nmain(sys.argv[1:])"
    typed = ["train", str(flowers), *TYPED[:4], "--model", "network", "--epochs", "1000000"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", script, *typed],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        folder = tmp_path / "run.unfinished"
        while not list(folder.glob("**/checkpoint-*")):  # kernels may have to be compiled first
            time.sleep(0.02)
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    reached = latest_checkpoint(tmp_path / "run.unfinished")
    assert f"by update {reached.state.step:,}" in said.splitlines()[-1]
    network = Network.from_checkpoint("run.unfinished")
    assert len(network.history) == reached.position.epoch
    np.testing.assert_array_equal(network.parameters.flat, reached.state.theta)


def test_the_old_run_stays_until_the_new_one_is_done(process, deepstep, flowers, tmp_path, never_interrupted):
    (tmp_path / "whole").rename(tmp_path / "run")
    old = (tmp_path / "run" / "run.json").read_bytes()
    interrupted(process, flowers, "--overwrite", "--seed", "7")
    assert (tmp_path / "run" / "run.json").read_bytes() == old
    assert deepstep("train", "--resume", "run").code == 0
    assert Run.load("run").config["settings"]["random_state"] == 7


KILLED = """
import os
from deepstep.training import Progress
go_on, begin, begun = Progress.on_epoch_end, Progress.on_train_begin, []
def counted(self, training):
    begun.append(1)
    begin(self, training)
def killed(self, training, record):
    go_on(self, training, record)
    if record["epoch"] == 2 and (len(begun) == 2) is {refit}: os.kill(os.getpid(), 9)
Progress.on_epoch_end, Progress.on_train_begin = killed, counted
"""
SEARCH_NO_MORE = """
from deepstep.estimators import network_training
def never(*_, **__): raise AssertionError
network_training.find_rate = never
"""
KIND = "--target kind --model network "
EARLY = "--set early_stopping=true --set validation_fraction=0.2 "
REFIT = f"{EARLY} --set n_iter_no_change=8 --set refit=true"
CASES = {
    "plain": KIND,
    "weights": f"{KIND} --class-weight tall=3,short=0.5 --sample-weight w",
    "torch": f"{KIND} --engine torch --set dtype=float32",
    "schedules": f"{KIND} {EARLY} --set weight_decay=0.1 --set schedule.schedule=cosine "
    "--set schedule.weight_decay_schedule.name=plateau --set schedule.weight_decay_schedule.patience=0",
    "labels": f"{KIND} --target warm --class-weight warm:True=3",
    "rate": f"{KIND} --learning-rate auto --dropout 0.1",
    "refit": f"{KIND} {REFIT} --sample-weight w --dropout 0.2 --set schedule=cosine",
    "killed in the refit": f"{KIND} {REFIT} --learning-rate auto --dropout 0.2",
    "a table to validate on": f"{KIND} --validation t.csv --set activation=tanh --scoring accuracy",
}


@pytest.mark.parametrize("case", CASES)
def test_killed_it_goes_on_to_the_same_bits(process, deepstep, flowers, tmp_path, case):
    """Where another search would find another rate, there is none."""
    if case == "torch":
        pytest.importorskip("torch")
    frame = polars.read_csv(flowers)
    frame.with_columns(w=polars.col("x") + 2, warm=polars.col("x").sin() > 0).write_csv("t.csv")
    typed = ["train", "t.csv", f"{CASES[case]} --batch-size 8 --epochs 7 --hidden-layers 4,4"]
    assert deepstep(*typed, "--out whole").code == 0
    in_refit = case == "killed in the refit"
    killed = process(*typed, "--out run", before=ALWAYS + KILLED.format(refit=in_refit))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (tmp_path / "run.unfinished" / "refit").exists() is in_refit
    resumed = process("train", "--resume", "run", before=SEARCH_NO_MORE)
    assert resumed.returncode == 0, resumed.stderr
    run, whole = Run.load("run"), Run.load("whole")
    same_bits(run, whole)
    for part in ("settings", "results", "found", "class_weights", "example_weights", "command"):
        assert run.config.get(part) == whole.config.get(part)
    for part in ("validation_cost", "validation_score"):
        np.testing.assert_array_equal(run.history.column(part), whole.history.column(part))
    assert sorted(os.listdir("run")) == sorted(os.listdir("whole"))
    assert not list(tmp_path.glob("*.unfinished"))


def test_killed_again_and_again(process, deepstep, flowers, tmp_path, never_interrupted):
    """Before the first checkpoint, by Ctrl-C later, and while the run is written."""
    interrupted(process, flowers, name="SIGKILL")
    assert [path.name for path in (tmp_path / "run.unfinished").iterdir()] == ["training.json"]
    for epoch in (4, 9):
        before = HANDLER + SIGNAL.format(epoch=epoch, name="SIGINT")
        assert process("train", "--resume", "run.unfinished", before=before).returncode == 130
        assert latest_checkpoint("run.unfinished").position.epoch == epoch + 1
    dies = "import os\nfrom deepstep.run import Run\nRun.write = lambda *_: os.kill(os.getpid(), 9)"
    assert process("train", "--resume", "run", before=dies).returncode == -signal.SIGKILL
    assert (tmp_path / "run.unfinished").is_dir()
    assert not (tmp_path / "run").exists()
    assert deepstep("train", "--resume", "run").code == 0
    same_bits(Run.load("run"), never_interrupted)
    assert Run.load("run").config["settings"] == never_interrupted.config["settings"]


@pytest.fixture(scope="module")
def ended(forks, flowers, tmp_path_factory):
    """A folder with a table and an interrupted training on it."""
    folder = tmp_path_factory.mktemp("ended")
    (folder / "t.csv").write_bytes(flowers.read_bytes())
    script = HANDLER + SIGNAL.format(epoch=5, name="SIGINT") + MAIN
    typed = ["train", "t.csv", *TYPED[:4], *TYPED[4].split(), "--validation", "t.csv", "--json"]
    done = forks.run(script, typed, folder=folder, environment={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 130, done.stderr
    record = {"kind": "KeyboardInterrupt", "message": done.stderr.splitlines()[-1]}
    assert json.loads(done.stdout) == {"error": record, "exit_code": 130}
    return folder


@pytest.fixture
def begun(ended, tmp_path):
    """A copy of it."""
    shutil.copytree(ended, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "run.unfinished" / "training.json"
    alter(path, lambda record: record["options"].update(validation=str(tmp_path / "t.csv")))
    alter(path, lambda record: record.update(file=str(tmp_path / "t.csv")))
    return tmp_path / "run.unfinished"


def alter(path, change, *, digest=True):
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record | ({"sha256": config_digest(record)} if digest else {})))


def refused(result, *sentences):
    assert (result.code, result.out) == (2, "")
    for sentence in sentences:
        assert sentence in result.err


RECORDS = ["", "{}", "[1]", "null", '{"format": "deepstep-training"}', "\x00", '{"a": ' + "[" * 100_000]
RECORDS += [f'{{"a": {"9" * 5_000}}}', '{"a": 1, "a": 2}']


class TestRefused:
    def test_a_new_training_where_one_is_not_done(self, deepstep, begun, flower_run, tmp_path):
        way = "train --resume run. Or replace"
        refused(deepstep("train", "t.csv", *TYPED), "run.unfinished is one", f"{way} it: --overwrite.")
        shutil.copytree(flower_run, tmp_path / "run")
        both = "run: a new name for a run; it exists already, and so does run.unfinished"
        refused(deepstep("train", "t.csv", *TYPED), both, f"{way} both: --overwrite.")
        assert checkpoint_files(begun)
        assert deepstep("train", "t.csv", *TYPED, "--overwrite").code == 0
        assert not begun.exists()

    def test_another_table(self, deepstep, begun, tmp_path):
        table = tmp_path / "t.csv"
        whole = table.read_text()
        table.write_text(whole.replace("red", "Red", 1))
        refused(deepstep("train", "--resume", "run"), "byte for byte; the file is another or was changed")
        table.rename(tmp_path / "moved.csv")
        refused(
            deepstep("train", "--resume", "run"),
            "t.csv: the FILE that this training began with; there is no such file.",
            "If it was moved, name it: append its new place to the command.",
        )
        (tmp_path / "moved.csv").write_text(whole)
        gone = "t.csv: the --validation that this training began with; there is no such file. Put it back"
        refused(deepstep("train", "moved.csv", "--resume", "run"), gone)
        table.write_text(whole)
        assert deepstep("train", "moved.csv", "--resume", "run").code == 0

    def test_other_options(self, deepstep, begun):
        for typed in ("--target kind", "--epochs 3", "--overwrite", "--out x"):
            result = deepstep("train", "--resume", "run", typed)
            refused(result, typed.split()[0], "use their original options")

    @pytest.mark.parametrize("text", RECORDS, ids=range(len(RECORDS)))
    def test_a_damaged_record(self, deepstep, begun, text):
        (begun / "training.json").write_text(text)
        refused(deepstep("train", "--resume", "run"), "the file as training wrote it")

    def test_an_altered_record(self, deepstep, begun, monkeypatch):
        path = begun / "training.json"
        whole = path.read_text()
        alter(path, lambda record: record["options"].update(seed=2), digest=False)
        refused(deepstep("train", "--resume", "run"), "its contents were altered")
        path.write_text(whole)
        monkeypatch.setattr("deepstep.cli.unfinished.__version__", "99.0")
        refused(deepstep("train", "--resume", "run"), "and this is '99.0'", "Install deepstep==")

    def test_a_folder_of_other_things(self, deepstep, begun, flowers, tmp_path):
        for name in ("run", "other.unfinished"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "thesis").touch()
        typed = "--target kind --out other --overwrite"
        refused(deepstep("train", flowers, typed), "it is something else")
        refused(deepstep("train", "--resume", "run"), "it exists already")
        assert (tmp_path / "other.unfinished" / "thesis").exists()
        assert checkpoint_files(begun)


def test_a_damaged_checkpoint_is_passed_over_with_a_word(process, flowers, tmp_path, never_interrupted):
    interrupted(process, flowers, epoch=7, name="SIGKILL", before=OFTEN)
    newest = checkpoint_files(tmp_path / "run.unfinished")[-1]
    newest.write_bytes(newest.read_bytes()[:-1])
    result = process("train", "--resume", "run")
    assert f"Warning: {newest}: " in result.stderr
    assert result.stderr.count("before it") == 1
    assert "The checkpoint before it is taken." in result.stderr
    assert result.returncode == 0
    same_bits(Run.load("run"), never_interrupted)


def test_where_all_checkpoints_are_damaged_people_decide(deepstep, begun):
    for file in checkpoint_files(begun):
        file.write_bytes(b"")
    first = checkpoint_files(begun)[0]
    result = deepstep("train", "--resume", "run")
    refused(result, f"{first}: a safetensors file", "Restore it, or start over.")
    assert "before it" not in result.err
    assert "deepstep.training" not in result.err
    (begun / "checkpoint-000000000099.safetensors").write_bytes(b"")
    result = deepstep("train", "--resume", "run")
    refused(result, f"{first}: ", "the 1 after it cannot be read either. Restore one of them, or start over.")
    assert len(checkpoint_files(begun)) == 2


def test_a_full_disk_at_the_end_keeps_the_checkpoint(process, deepstep, begun, tmp_path):
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
    result = process("train", "--resume", "run", before=limit)
    assert result.returncode == 2
    assert "File too large" in result.stderr.splitlines()[-1]
    assert result.stderr.splitlines()[-1].endswith(" train --resume run")
    assert checkpoint_files(begun)
    assert deepstep("train", "--resume", "run").code == 0


def test_older_checkpoints_make_room_for_the_run(process, flowers, tmp_path):
    """The disk has room for the run only where one checkpoint is left."""
    before = OFTEN + (
        "import errno\n"
        "from deepstep.run import Run\n"
        "from deepstep.training.checkpoints import checkpoint_files\n"
        "write = Run.write\n"
        "def with_room(self, folder):\n"
        "    if len(checkpoint_files(folder)) > 1: raise OSError(errno.ENOSPC, 'No space left on device')\n"
        "    write(self, folder)\n"
        "Run.write = with_room\n"
    )
    assert process("train", flowers, *TYPED, before=before).returncode == 0
    assert Run.load(tmp_path / "run").history.stopped == "all epochs done"


def test_one_process_at_a_time(process, deepstep, begun):
    """Whoever holds the training is the only one; a process that died holds nothing."""
    holder = (
        "import os, sys, fcntl\n"
        f"file = open({str(begun / 'training.json')!r}, 'rb')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "held\n"
        refused(deepstep("train", "--resume", "run"), "run: nobody else is at work on it; another process is")
        refused(deepstep("train", "t.csv", *TYPED, "--overwrite"), "another process is")
        assert checkpoint_files(begun)
        child.kill()
    assert deepstep("train", "--resume", "run").code == 0


def test_a_training_that_diverges_keeps_and_names_the_last_good_checkpoint(process, deepstep, flowers):
    typed = ("--target", "height", "--model network --set solver=gd --learning-rate 9 --hidden-layers 4")
    later = ("--set schedule.name=constant --set schedule.warm_up=0.9 --batch-size 4",)
    result = process("train", flowers, *typed, *later, "--out", "run", before=OFTEN)
    assert result.returncode == 1
    files = checkpoint_files("run.unfinished")
    assert files
    step = int(files[-1].stem.rpartition("-")[2])
    assert "What was reached is kept. See deepstep doctor run." in result.stderr.replace("-c ", "")
    wanted = rf"of update {step}, is kept; in Python it is Network.from_checkpoint\('(.*)'\)"
    call = re.search(wanted, result.stderr)
    theta = latest_checkpoint("run.unfinished").state.theta
    np.testing.assert_array_equal(Network.from_checkpoint(call[1]).parameters.flat, theta)
    assert np.isfinite(theta).all()
    assert Run.load("run").history.stopped == "diverged"


def test_a_divergence_in_the_first_epoch(process, deepstep, flowers):
    """There is a checkpoint, but no epoch that is done."""
    typed = ("--target height --out run --model network --set solver=gd", "--learning-rate", "1e5")
    result = process("train", flowers, *typed, "--batch-size", "1", before=OFTEN)
    assert result.returncode == 1
    assert checkpoint_files("run.unfinished")
    assert np.isfinite(Network.from_checkpoint("run.unfinished").parameters.flat).all()
    assert "To start again, add --overwrite." in result.stderr
    assert deepstep("train", flowers, *typed[:-1], "0.001", "--overwrite").code == 0


def test_a_short_training_writes_no_checkpoint(deepstep, flowers, monkeypatch):
    written = []
    monkeypatch.setattr(
        "deepstep.training.checkpoints.write_checkpoint", lambda *given: written.append(given)
    )
    assert deepstep("train", flowers, *TYPED).code == 0
    assert not written


def test_ctrl_c_makes_a_run_of_what_lbfgs_reached_and_says_that_it_cannot_go_on(process, flowers, tmp_path):
    typed = ["train", flowers, "--target", "kind", "--out", "run", "--model network --set solver=lbfgs"]
    result = process(*typed, before=HANDLER + SIGNAL.format(epoch=2, name="SIGINT"))
    assert result.returncode == 130
    assert "with --set solver=lbfgs cannot be resumed, and what was reached is being saved" in result.stderr
    assert len(Run.load(tmp_path / "run").history) == 3
    assert not (tmp_path / "run.unfinished").exists()
    at_once = HANDLER + SIGNAL.replace("on_epoch_end", "on_train_begin").replace(", record", "").replace(
        'if record["epoch"] == {epoch}', "if True"
    ).format(name="SIGINT")
    result = process(*typed, "--overwrite", before=at_once)
    assert result.returncode == 130
    assert result.stderr.splitlines()[-1] == (
        "Interrupted: a training with --set solver=lbfgs cannot be resumed, and nothing is kept."
    )
    assert len(Run.load(tmp_path / "run").history) == 3
