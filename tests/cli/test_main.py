"""The entry point: exit codes, error messages, what is imported, and streams that go away."""

import json
import os
import signal
from pathlib import Path
from unittest.mock import Mock

import pytest

import deepstep as package
from deepstep.cli.main import COMMANDS, main
from deepstep.engines import missing_numba
from deepstep.training import Progress

HEAVY = ("numba", "matplotlib", "torch", "polars", "sklearn", "scipy", "rich", "h5py", "PIL", "safetensors")


def test_help_names_every_command_and_their_json(deepstep):
    result = deepstep("--help").done()
    listed = [line.split()[0] for line in result.out.partition("Commands:")[2].strip().splitlines()]
    assert listed == list(COMMANDS)
    assert deepstep("--version").done().out == f"deepstep, version {package.__version__}\n"
    assert deepstep() == result
    for command in COMMANDS:
        parts = deepstep(command, "--help").out.partition("Commands:")[2].strip().splitlines()
        for words in [[part.split()[0]] for part in parts] or [[]]:  # the commands of a group
            helped = deepstep(command, *words, "--help")
            assert (helped.code, "--json" in helped.out) == (0, True), command


@pytest.mark.slow
def test_help_imports_nothing_heavy_and_predictions_no_scikit_learn(fresh_process, flowers, ensemble_run):
    report = "import atexit, sys\natexit.register(lambda: print([n for n in {} if n in sys.modules]))"
    for typed, names in ((["--help"], HEAVY), (["predict", ensemble_run, flowers], ("sklearn",))):
        result = fresh_process(*typed, before=report.format(names))
        assert result.returncode == 0
        assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.skipif(bool(missing_numba()), reason="Numba is not here")
def test_warmup_says_where_kernels_are_kept_and_what_to_install(deepstep, monkeypatch):
    record = deepstep.json("warmup")
    assert len(list(Path(record["folder"]).glob("*.kernel"))) >= record["kernels"] > 100
    shown = deepstep("warmup")
    assert record["folder"] in shown.out
    assert f"kernels: {record['kernels']}/{record['kernels']}" in shown.err
    monkeypatch.setattr("deepstep.cli.trace.missing_numba", lambda: "Numba cannot be used")
    deepstep("warmup").refused("pip install numba")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("trian", "Did you mean 'train'?\n"),
        ("train", "Error: deepstep train: Missing argument 'FILE'. See deepstep train --help.\n"),
        ("train t.csv --dropot 1", "?) See deepstep train --help.\n"),
    ],
)
def test_usage_errors_are_one_sentence_with_the_nearest_name(deepstep, typed, sentence):
    result = deepstep(*typed.split())
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert result.err.endswith(sentence)
    record = json.loads(deepstep(*typed.split(), "--json").out)
    assert (record["exit_code"], "kind" in record["error"]) == (2, True)


def test_error_as_json(deepstep):
    result = deepstep("summary", "nowhere", "--json")
    error = json.loads(result.out)["error"]
    assert (result.code, list(error)) == (2, ["kind", "problem", "hint", "setting"])
    assert (error["kind"], error["problem"], error["setting"]) == ("FileError", "nowhere does not exist", "")
    assert result.err == f"Error: {error['problem']}. {error['hint']}\n"


def test_error_of_the_program_itself_keeps_its_traceback(deepstep, monkeypatch):
    """Only errors raised on purpose and a full memory become sentences: a defect must be seen."""
    monkeypatch.setattr("deepstep.cli.trace.EQUATIONS", Mock(values=Mock(side_effect=MemoryError("9 TiB"))))
    assert deepstep("equations").err.startswith("Error: the memory is too small. Use fewer rows")
    monkeypatch.setattr("deepstep.cli.trace.EQUATIONS", None)
    with pytest.raises(AttributeError):
        main(["equations"])


@pytest.fixture
def reader_gone():
    """A pipe that nobody reads."""
    read, pipe = os.pipe()
    os.close(read)
    yield pipe
    os.close(pipe)


def test_reader_that_goes_away(fresh_process, reader_gone):
    """As with ``| head``: no message, and the code that a shell gives for it."""
    result = fresh_process("equations", stdout=reader_gone)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.slow
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
def test_output_to_a_full_disk(fresh_process):
    """Where the error has nowhere to go either, the exit code alone tells."""
    with open("/dev/full", "w") as full:
        result = fresh_process("equations", stdout=full)
        assert fresh_process("equations", stdout=full, stderr=full).returncode == 2
    sentence = "Error: The output cannot be written (No space left on device).\n"
    assert (result.returncode, result.stderr) == (2, sentence)


@pytest.mark.slow
def test_reader_of_the_progress_that_goes_away(fresh_process, flowers, tmp_path, reader_gone):
    """As with ``2>&1 | head``: it is no fault of the run folder, which training is about to write."""
    late = "from deepstep.cli import print_results as late\nlate.note = lambda text: None\n"  # at first
    # nothing is kept yet, however slow the machine is
    late += "from deepstep.ensembles import finished\nfinished.SECONDS = finished.LONG = 1e9\n"
    typed = ["train", flowers, "--target kind --set n_estimators=2 --out run --json"]
    result = fresh_process(*typed, stderr=reader_gone, before=late)
    assert (result.returncode, result.stdout) == (141, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_pipe_gets_utf_8_and_a_terminal_without_unicode_what_it_has(process):
    before = "import sys\nsys.stdout.reconfigure(encoding='ascii', newline='\\r\\n')"
    assert process("equations", before=before).stdout == process("equations").stdout
    result = process("equations", before=f"{before}\nsys.stdout.isatty = lambda: True")
    assert (result.returncode, "linear_forward" in result.stdout) == (0, True)


@pytest.mark.slow
def test_interrupt_of_a_demo(deepstep, tmp_path, monkeypatch, pythons_own_handler):
    """Those of a training are in `test_resume.py`."""
    monkeypatch.setattr(Progress, "on_train_begin", lambda *_: signal.raise_signal(signal.SIGINT))
    result = deepstep("demo", "moons", "--json")
    error = json.loads(result.out)["error"]
    assert (result.code, error["kind"]) == (130, "KeyboardInterrupt")
    assert error["message"].startswith("Interrupted.")
    assert result.err.splitlines()[-1] == error["message"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="closed by the shell")
@pytest.mark.parametrize(
    ("closed", "command", "code"), [("2>&-", ["equations"], 0), ("<&- >&- 2>&-", ["summary", "nowhere"], 2)]
)
def test_closed_streams_are_as_the_null_device(fresh_process, tmp_path, closed, command, code):
    """What is opened later does not take their place either: descriptor 3 is the first that is free."""
    free = "open('free', 'w').write(str(os.open('free', os.O_RDONLY | os.O_CREAT)))"
    result = fresh_process(
        *command, before=f"import atexit, os\natexit.register(lambda: {free})", shell=closed
    )
    assert (result.returncode, result.stderr) == (code, "")
    assert int((tmp_path / "free").read_text()) >= 3
