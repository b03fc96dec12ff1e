"""A training that is interrupted, killed, or diverges, and what becomes of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from deepstep.run import Run
from deepstep.run_folder import config_digest
from deepstep.training import latest_checkpoint
from deepstep.training.checkpoints import checkpoint_files

TYPED = ("--target", "kind", "--out", "run", "--epochs", "12", "--batch-size", "8")

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

OFTEN = """
from deepstep.training import ModelCheckpoint
begin = ModelCheckpoint.__init__
ModelCheckpoint.__init__ = lambda self, folder, **_: begin(self, folder, every_steps=1)
"""

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
    typed = ["--target", "kind", "--epochs", "9", "--checkpoint-every", "0", "--out", "run"]
    stop = HANDLER + SIGNAL.format(epoch=5, name="SIGINT") + piped
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


def test_interrupted_again_and_again(process, deepstep, flowers, never_interrupted):
    interrupted(process, flowers, epoch=2)
    for epoch in (4, 5, 9):
        before = HANDLER + SIGNAL.format(epoch=epoch, name="SIGINT")
        assert process("train", "--resume", "run", before=before).returncode == 130
        assert latest_checkpoint("run.unfinished").position.epoch == epoch + 1
    assert deepstep("train", "--resume", "run.unfinished").code == 0
    same_bits(Run.load("run"), never_interrupted)
    assert Run.load("run").config["settings"] == never_interrupted.config["settings"]


def test_killed(process, deepstep, flowers, tmp_path, never_interrupted):
    result = interrupted(process, flowers, "--checkpoint-every", "0", epoch=7, name="SIGKILL")
    assert result.returncode == -signal.SIGKILL
    assert checkpoint_files(tmp_path / "run.unfinished")
    assert deepstep("train", "--resume", "run").code == 0
    same_bits(Run.load("run"), never_interrupted)


def test_killed_before_the_first_checkpoint(process, deepstep, flowers, tmp_path, never_interrupted):
    interrupted(process, flowers, name="SIGKILL")
    assert [path.name for path in (tmp_path / "run.unfinished").iterdir()] == ["training.json"]
    assert "there is none yet" in deepstep("train", "--resume", "run", "--finalize").err
    assert deepstep("train", "--resume", "run").code == 0
    same_bits(Run.load("run"), never_interrupted)


def test_killed_while_the_run_is_written(process, deepstep, flowers, tmp_path, never_interrupted):
    before = "from deepstep.run import Run\nRun.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"
    interrupted(process, flowers, "--checkpoint-every", "0", epoch=-1, before=before)
    assert (tmp_path / "run.unfinished").is_dir()
    assert not (tmp_path / "run").exists()
    assert deepstep("train", "--resume", "run").code == 0
    same_bits(Run.load("run"), never_interrupted)


TWICE = SIGNAL.format(epoch=5, name="SIGINT").replace("os.kill(", "os.kill(os.getpid(), 2); os.kill(")


def test_a_second_ctrl_c_ends_at_once_and_says_what_is_lost(process, flowers, tmp_path):
    later = "from deepstep.training import interruption\ninterruption.ONE_PRESS = 0.0\n"
    result = process("train", flowers, *TYPED, before=HANDLER + TWICE + later)
    assert (result.returncode, "Traceback" in result.stderr) == (130, False)
    assert result.stderr.splitlines()[-1] == "Interrupted before there was a checkpoint, and nothing is kept."
    assert list(tmp_path.iterdir()) == []


def test_a_ctrl_c_that_comes_twice_loses_nothing(process, flowers, tmp_path):
    result = process("train", flowers, *TYPED, before=HANDLER + TWICE)
    assert result.returncode == 130
    assert result.stderr.splitlines()[-1].endswith(" train --resume run")
    assert latest_checkpoint(tmp_path / "run.unfinished").position.epoch == 6


def test_ctrl_c_from_outside(flowers, tmp_path, deepstep):
    """A real key press comes at any instant."""
    script = f"{HANDLER}import sys\nfrom deepstep.cli.main import main\nmain(sys.argv[1:])"
    typed = ["train", str(flowers), *TYPED[:4], "--epochs", "1000000", "--checkpoint-every", "0.2"]
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
    result = deepstep("train", "--resume", "run", "--finalize")
    assert result.code == 0
    assert len(Run.load("run").history) == reached.position.epoch
    assert Run.load("run").history.stopped == "finished early"
    np.testing.assert_array_equal(Run.load("run").network.parameters.flat, reached.state.theta)


def test_as_json(process, flowers):
    result = interrupted(process, flowers, "--json")
    record = json.loads(result.stdout)
    assert record["exit_code"] == result.returncode == 130
    assert record["error"]["kind"] == "KeyboardInterrupt"
    assert record["error"]["message"] == result.stderr.splitlines()[-1]


def test_the_old_run_stays_until_the_new_one_is_done(process, deepstep, flowers, tmp_path, never_interrupted):
    (tmp_path / "whole").rename(tmp_path / "run")
    old = (tmp_path / "run" / "config.toml").read_bytes()
    interrupted(process, flowers, "--overwrite", "--seed", "7")
    assert (tmp_path / "run" / "config.toml").read_bytes() == old
    assert deepstep("train", "--resume", "run").code == 0
    assert Run.load("run").config["settings"]["seed"] == 7


@pytest.fixture
def begun(process, flowers, tmp_path, deepstep):
    """An interrupted training; the table lies beside it."""
    (tmp_path / "t.csv").write_bytes(flowers.read_bytes())
    assert interrupted(process, "t.csv").returncode == 130
    return tmp_path / "run.unfinished"


def refused(result, *sentences):
    assert (result.code, result.out) == (2, "")
    for sentence in sentences:
        assert sentence in result.err


class TestRefused:
    def test_a_new_training_where_one_is_not_done(self, deepstep, begun):
        refused(
            deepstep("train", "t.csv", *TYPED),
            "run.unfinished is one",
            "train --resume run. Or replace it: --overwrite.",
        )
        assert checkpoint_files(begun)
        assert deepstep("train", "t.csv", *TYPED, "--overwrite").code == 0
        assert not begun.exists()

    def test_a_new_training_where_there_are_both(self, deepstep, begun, flower_run, tmp_path):
        shutil.copytree(flower_run, tmp_path / "run")
        refused(
            deepstep("train", "t.csv", *TYPED),
            "run: a new name for a run; it exists already, and so does run.unfinished",
            "train --resume run. Or replace both: --overwrite.",
        )
        assert checkpoint_files(begun)

    def test_another_table(self, deepstep, begun, tmp_path):
        (tmp_path / "t.csv").write_text((tmp_path / "t.csv").read_text().replace("red", "Red", 1))
        refused(deepstep("train", "--resume", "run"), "byte for byte; the file is another or was changed")
        assert checkpoint_files(begun)

    def test_a_table_that_is_gone(self, deepstep, begun, tmp_path):
        (tmp_path / "t.csv").rename(tmp_path / "moved.csv")
        refused(
            deepstep("train", "--resume", "run"),
            "t.csv: the FILE that this training began with; there is no such file.",
            "If it was moved, name it: append its new place to the command.",
        )
        assert deepstep("train", "moved.csv", "--resume", "run").code == 0

    @pytest.mark.parametrize(
        "typed", [["--target", "kind"], ["--epochs", "3"], ["--overwrite"], ["--out", "x"]]
    )
    def test_other_options(self, deepstep, begun, typed):
        refused(deepstep("train", "--resume", "run", *typed), typed[0], "use their original options")

    def test_nothing_to_go_on_with(self, deepstep, flower_run):
        refused(deepstep("train", "--resume", "none"), "there is no none.unfinished")
        refused(deepstep("train", "--resume", flower_run), "got one that is done")
        refused(deepstep("train", "t.csv", "--target", "y", "--finalize"), "it belongs to --resume")

    @pytest.mark.parametrize("text", ["", "{}", "[1]", "null", '{"format": "deepstep-training"}', "\x00"])
    def test_a_damaged_record(self, deepstep, begun, text):
        (begun / "training.json").write_text(text)
        refused(deepstep("train", "--resume", "run"), "the file as training wrote it")

    def test_an_altered_option(self, deepstep, begun):
        text = (begun / "training.json").read_text()
        (begun / "training.json").write_text(text.replace('"seed": 1', '"seed": 2'))
        refused(deepstep("train", "--resume", "run"), "its contents were altered")

    def test_options_that_are_none(self, deepstep, begun):
        """With a digest that fits: not what training wrote."""
        record = json.loads((begun / "training.json").read_text())
        record["options"] = {"preset": "single", "fast": True}
        record["sha256"] = config_digest(record)
        (begun / "training.json").write_text(json.dumps(record))
        refused(
            deepstep("train", "--resume", "run"), "training.json: the options of a training; it differs in"
        )

    @pytest.mark.parametrize(
        "text", ['{"a": ' + "[" * 100_000, f'{{"a": {"9" * 5_000}}}', '{"a": 1, "a": 2}']
    )
    def test_a_record_made_to_break_its_reader(self, deepstep, begun, text):
        (begun / "training.json").write_text(text)
        refused(deepstep("train", "--resume", "run"), "the file as training wrote it; it cannot be used")

    def test_another_version(self, deepstep, begun, monkeypatch):
        monkeypatch.setattr("deepstep.cli.unfinished.__version__", "99.0")
        refused(deepstep("train", "--resume", "run"), "and this is '99.0'", "Install deepstep==")

    def test_a_folder_of_other_things(self, deepstep, flowers, tmp_path):
        (tmp_path / "run.unfinished").mkdir()
        (tmp_path / "run.unfinished" / "thesis").touch()
        refused(deepstep("train", flowers, *TYPED, "--overwrite"), "it is something else")
        assert (tmp_path / "run.unfinished" / "thesis").exists()

    def test_a_run_that_came_to_be_meanwhile(self, deepstep, begun, flower_run, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "thesis").touch()
        refused(deepstep("train", "--resume", "run"), "it exists already")
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
    typed = ("--target", "height", "--optimizer", "gd", "--learning-rate", "9", "--hidden-layers", "4")
    later = ("--warmup-fraction", "0.9", "--batch-size", "4")
    result = process("train", flowers, *typed, *later, "--out", "run", before=OFTEN)
    assert result.returncode == 1
    files = checkpoint_files("run.unfinished")
    assert files
    step = int(files[-1].stem.rpartition("-")[2])
    assert "What was reached is kept. See deepstep doctor run." in result.stderr.replace("-c ", "")
    assert f"The last good checkpoint, of update {step}, is kept" in result.stderr
    assert result.stderr.endswith("train --resume run --finalize\n")
    assert Run.load("run").history.stopped == "diverged"
    assert np.isfinite(latest_checkpoint("run.unfinished").state.theta).all()
    assert deepstep("train", "--resume", "run", "--finalize").code == 0
    assert Run.load("run").history.stopped == "finished early"


def test_a_divergence_in_the_first_epoch_promises_no_way_that_is_none(process, deepstep, flowers):
    """There is a checkpoint, but no epoch that a run could be made of."""
    typed = ("--target", "height", "--out", "run", "--optimizer", "gd", "--learning-rate", "1e5")
    result = process("train", flowers, *typed, "--batch-size", "1", before=OFTEN)
    assert result.returncode == 1
    assert checkpoint_files("run.unfinished")
    assert "--finalize" not in result.stderr
    assert "no epoch was done" in result.stderr
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
    typed = ["train", flowers, "--target", "kind", "--out", "run", "--optimizer", "lbfgs"]
    result = process(*typed, before=HANDLER + SIGNAL.format(epoch=2, name="SIGINT"))
    assert result.returncode == 130
    assert "with --optimizer lbfgs cannot be resumed, and what was reached is being saved" in result.stderr
    assert len(Run.load(tmp_path / "run").history) == 3
    assert not (tmp_path / "run.unfinished").exists()
    at_once = HANDLER + SIGNAL.replace("on_epoch_end", "on_train_begin").replace(", record", "").replace(
        'if record["epoch"] == {epoch}', "if True"
    ).format(name="SIGINT")
    result = process(*typed, "--overwrite", before=at_once)
    assert result.returncode == 130
    assert result.stderr.splitlines()[-1] == (
        "Interrupted: a training with --optimizer lbfgs cannot be resumed, and nothing is kept."
    )
    assert len(Run.load(tmp_path / "run").history) == 3
