"""Names and labels from files are shown and never obeyed by a terminal; for programs they are exact."""

import csv
import io
import json
import os
import re
import struct
import sys
import unicodedata
from pathlib import Path

import numpy as np
import polars
import pytest

from deepstep.cli import screen as output
from deepstep.cli.drawing import curve, decision_map
from report_page import check as check_page

TITLE = "\x1b]0;pwned\x07"
"""Gives a terminal another title."""

CLEAR, BACKWARDS, UP = "\x9b2J", "\u202egnp", "\r\x1b[1A\nError: none"
LABELS = ("[red]safe[/red]<b>", f"[/x]{TITLE}:smile:", f"{BACKWARDS}{UP}")
COLUMNS = (f"size{CLEAR}", f"{TITLE}shade", "back\\slash [bold]<script>alert(1)</script>&$_")
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
SHORT = ("--epochs 3 --hidden-layers 4 --model network --test-fraction 0.3",)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A table whose name, columns and classes are made for terminals."""
    rng = np.random.default_rng(1)
    columns = {
        COLUMNS[0]: rng.normal(size=60),
        COLUMNS[1]: rng.choice(["light", f"dark{TITLE}"], 60),
        COLUMNS[2]: rng.normal(size=60),
        f"^.*{BACKWARDS}.*$": list(LABELS) * 20,  # polars takes ^…$ for many columns where it can
    }
    path = tmp_path_factory.mktemp("tables") / f"[red]{TITLE}t{UP[1:]}.parquet"
    with path.open("wb") as file:
        polars.DataFrame(columns).write_parquet(file)
    return path


KIND = ("--target", f"^.*{BACKWARDS}.*$")


def check(result, code=0):
    assert result.code == code, result
    for printed in (result.out, result.err):
        assert OBEYED.search(printed) is None, repr(printed)
        assert not [line for line in printed.splitlines() if line.startswith("Error: none")]
    return result


def test_commands_on_a_run_and_what_other_programs_read(deepstep, hostile):
    """JSON is harmless, too; where stdout is no terminal answers are CSV with the labels as they are."""
    run = f"run{TITLE}"
    result = check(deepstep("train", hostile, *KIND, *SHORT, "--out", run))
    assert r"size\x9b2J" in result.out
    assert r"Saved in run\x1b]0;pwned\x07. Next:" in result.out
    answers = check(deepstep("evaluate", run, hostile)).out
    for part in (r"[red]safe[/red]", r"[/x]\x1b]0;pwned", ":smile:", r"\u202egnp\r\x1b[1A"):
        assert part in answers  # cells are folded
    for command in (
        ["summary", run],
        ["doctor", run],
        ["report", run, "-o", "page.html", "--data", hostile],
        ["explore", run, "--export", f"lesson{TITLE}.html"],
        ["trace", run, "--layer", "1"],
        ["describe-columns", hostile, *KIND, "--exclude", COLUMNS[0]],
    ):
        check(deepstep(*command))
    page = check_page(Path("page.html"))
    assert (COLUMNS[2] in page.text, LABELS[0] in page.text, page.named("b")) == (True, True, [])
    record = json.loads(check(deepstep("evaluate", run, hostile, "--json")).out)
    assert (sorted(record["classes"]), record["file"]) == (sorted(LABELS), str(hostile))
    rows = list(csv.reader(io.StringIO(deepstep("predict", run, hostile).out, newline="")))
    assert len(rows) == 61
    assert {row[0] for row in rows[1:]} <= set(LABELS)
    assert {name.removeprefix("probability_") for name in rows[0][1:]} == set(LABELS)


def test_errors(deepstep, hostile, flower_run):
    for command in (
        ["train", hostile, "--target", f"no{TITLE}"],
        ["predict", flower_run, f"no{UP}.csv"],
        ["train", hostile, *KIND, f"--no{TITLE}"],
        [f"no{BACKWARDS}"],
    ):
        check(deepstep(*command), 2)
    result = check(deepstep("predict", f"no{CLEAR}", hostile, "--json"), 2)
    assert json.loads(result.out)["error"]["problem"] == f"no{CLEAR} does not exist"


COMMANDS = """
import json
import sys
from deepstep.cli.main import main

for command in json.loads(sys.argv[1]):
    try:
        main(command)
    except SystemExit as end:
        assert not end.code
    print("ENDED", flush=True)
"""


def on_a_terminal(folder: Path, *commands: list[object]) -> list[str]:
    """What each command prints in a process whose stdin, stdout and stderr are a terminal of 80 columns."""
    fcntl, pty, termios = map(pytest.importorskip, ("fcntl", "pty", "termios"))
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.chdir(folder)
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
        environment = {**kept, "TERM": "xterm-256color", "PYTHONPATH": os.pathsep.join(sys.path)}
        typed = json.dumps([[str(word) for word in words] for words in commands])
        os.execve(sys.executable, [sys.executable, "-c", COMMANDS, typed], environment)
    printed = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so where the other end is closed
            break
        if not piece:
            break
        printed += piece
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, printed
    return printed.decode().split("ENDED")


@pytest.mark.slow
def test_a_terminal_of_80_columns(hostile, tmp_path):
    """A bar, colours, nothing wider than the terminal; of all sequences there are those of the bar alone."""
    demo, train, predict, _ = on_a_terminal(
        tmp_path,
        ["demo", "spirals", "--iterations", "30"],
        ["train", hostile, *KIND, *" ".join(SHORT).split(), "--out", "run"],
        ["predict", "run", hostile],
    )
    assert "\u2501" in demo.partition("Cost J")[0]
    assert "\x1b[1;34mo" in demo
    assert demo.count("\x1b[?25l") == demo.count("\x1b[?25h")  # the cursor comes back
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", demo)
    lines = [line.rpartition("\r")[2] for line in plain.replace("\r\n", "\n").splitlines()]
    # a machine that is busy says that kernels are compiled
    assert max(len(line) for line in lines if not line.startswith("compiling kernels")) <= 80
    assert r"[red]\x1b]0;pwned\x07t\x1b[1A\nError: none" in train  # the bar's label
    assert "\nError: none" not in train
    for sequence in (TITLE, CLEAR, BACKWARDS, "\x1b]"):
        assert sequence not in train + predict
    for label in (r"[red]safe[/red]", r"[/x]\x1b]0;pwned\x07:smile:", r"\u202egnp\r\x1b[1A"):
        assert label in train + predict  # cells may have lines


TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def test_every_character_that_a_terminal_obeys():
    """What Unicode calls controls, and what turns the direction of text; line breaks where they are meant."""
    for sign in map(chr, range(0x3000)):
        turns = unicodedata.bidirectional(sign) in TURNS
        if turns or unicodedata.category(sign) in {"Cc", "Zl", "Zp"}:
            assert (output.harmless(sign).isascii(), output.harmless(sign).isprintable()) == (True, True)
        elif sign.isprintable():
            assert output.harmless(sign) == sign
    assert [output.harmless("a\nb\r", lines=lines) for lines in (False, True)] == ["a\\nb\\r", "a\nb\\r"]


def test_curve_of_a_straight_line_falls_from_corner_to_corner():
    lines = curve(np.linspace(1, 0, 50), width=40, height=10, x_name="epoch").splitlines()
    assert (len(lines), max(map(len, lines))) == (10, 40)
    assert (lines[0][:8], lines[7][:9]) == ("1.000 ┤⠉", "0.000 ┤  ")
    ends = [len(line) for line in lines[:8]]
    assert ends == sorted(ends)
    assert lines[-1].split() == ["1", "epoch", "50"]


@pytest.mark.parametrize("values", [[0.5], [2.0, 2.0], [0.0], [-3.0, 4.0], [1.0, 1e150, 1e308]])
def test_curve_of_unusual_values(values):
    lines = curve(np.array(values), width=40, height=8, x_name="epoch").splitlines()
    assert (len(lines), max(map(len, lines)) <= 40, "┤" in lines[0]) == (8, True, True)


def test_points_lie_where_they_are():
    regions = np.zeros((3, 5), dtype=int)
    low, high = np.array([0.0, 0.0]), np.array([4.0, 2.0])
    points = np.array([[0.0, 0.0], [4.0, 2.0], [2.0, 1.0], [9.0, 9.0]])
    drawn = decision_map(regions, points, np.array([0, 1, 0, 0]), low, high, marks="ox", fills=". ")
    assert drawn.splitlines() == ["....x", "..o..", "o...."]
