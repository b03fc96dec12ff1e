"""Progress: a bar in a terminal, plain lines elsewhere, always on the stream that was given."""

import io
import re

import numpy as np
import polars
import pytest

from deepstep import DeepClassifier, Network, NetworkClassifier
from deepstep.training import History, Progress, Training
from deepstep.training.progress import Meter, phase


class Terminal(io.StringIO):
    def isatty(self):
        return True


class OutStream(io.StringIO):
    """Stands in for the class of that name that a Jupyter kernel puts in the place of stderr."""

    __module__ = "ipykernel.iostream"


@pytest.fixture
def now(monkeypatch):
    """What the clock of progress shows."""
    time = [0.0]
    for module in ("deepstep.training.progress", "rich.progress"):
        monkeypatch.setattr(f"{module}.monotonic", lambda: time[0], raising=False)
    return time


def run(progress, costs, epochs=None):
    history = History()
    training = Training(None, history, len(costs) if epochs is None else epochs, None, [])
    progress.on_train_begin(training)
    for epoch, cost in enumerate(costs):
        record = {"epoch": epoch, "cost": cost}
        history.records.append(record)
        progress.on_epoch_end(training, record)
    progress.on_train_end(training)


def test_a_notebook_gets_one_line_that_is_written_over_and_not_at_every_epoch(monkeypatch):
    """Each time is a message to the browser."""
    monkeypatch.setattr("deepstep.training.progress.BETWEEN_MOVES", 0)
    stream = OutStream()
    run(Progress("cats", stream=stream), [100.0, 0.5])
    begun, first, last = stream.getvalue().removesuffix("\n").split("\r")[1:]
    for line, (epochs, cost) in zip(
        (begun, first, last), [("0/2", "…"), ("1/2", "100"), ("2/2", "0.5")], strict=True
    ):
        assert re.search(rf"{epochs} cost {cost}", re.sub("[━╸╺ ]+", " ", line))
    assert len(first) <= len(last)
    assert "\x1b" not in last
    monkeypatch.setattr("deepstep.training.progress.monotonic", lambda: 0.0)
    monkeypatch.setattr("deepstep.training.progress.BETWEEN_MOVES", 1)
    stream = OutStream()
    run(Progress("cats", stream=stream), [0.5] * 1000)
    assert re.findall(r"\d+/1000", stream.getvalue()) == ["0/1000", "1000/1000"]


def move_each_second(meter, now, seconds):
    meter.begin(2000)
    for second in range(seconds):
        now[0] = float(second)
        meter.move(second, "1/2 networks")


def test_lines_where_there_is_no_terminal_become_rarer_and_tell_the_time_left(now):
    stream = io.StringIO()
    run(Progress("cats", stream=stream), [0.7, 0.5])
    meter = Meter("cats", stream, unit="epochs")
    move_each_second(meter, now, 2000)
    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["cats: 2/2, cost 0.500000", "cats: 5/2000 epochs, 1/2 networks"]
    assert 40 < len(lines) < 120


def test_the_log_has_the_same_lines_as_rarely_whether_a_bar_is_drawn_or_nothing(now, caplog):
    caplog.set_level("INFO", "deepstep")
    for stream, label in ((Terminal(), "cats"), (OutStream(), "cats"), (None, "")):
        now[0] = 0.0
        caplog.clear()
        meter = Meter(label, stream, unit="epochs")
        move_each_second(meter, now, 200)
        meter.move(200, "2/2 networks")
        now[0] = 300.0
        meter.end()
        label = label or "training"
        begin, first, *between, end = caplog.messages
        assert begin == f"{label}: begins"
        assert first.startswith(f"{label}: 5/2000 epochs, 1/2 networks")
        assert 25 < len(between) < 40
        assert "2/2" not in between[-1]
        assert re.match(f"{label}: 200/2000 epochs, 2/2 networks.*, ended after 300.0 s$", end)


def test_the_log_has_what_no_bar_shows_and_by_default_nothing_is_printed(caplog, capfd):
    X = np.random.default_rng(0).normal(size=(40, 2))
    y, frame = X[:, 0] > 0, polars.DataFrame(X)
    network = NetworkClassifier(4, schedule="cosine", max_iter=3, random_state=0)
    table = DeepClassifier(n_estimators=1, network_params={"epochs": 2}, random_state=0, refit=True)
    beside = ("looking at the columns", "weighing the networks", "training again on all rows")
    for fit, phases in (
        (lambda: Network([2, 1], seed=0).train(X.T, [y], epochs=5), {"training": "5/5, cost 0"}),
        (lambda: network.fit(X, y), {"training": "3/3, cost 0"}),
        (lambda: table.fit(frame, y), {"training": "2/2 epochs, 1/1 networks", **dict.fromkeys(beside, "")}),
    ):
        fit()
        assert all(record.levelname == "WARNING" for record in caplog.records)  # kernels are compiled
        caplog.clear()
        with caplog.at_level("INFO", "deepstep"):
            fit()
        for name, state in phases.items():
            assert f"{name}: begins" in caplog.messages
            assert any(re.match(f"{name}: {state}.*ended after", message) for message in caplog.messages)
        assert len(caplog.messages) == 2 * len(phases)
        caplog.clear()
    assert "".join(capfd.readouterr()) == ""


def test_the_log_has_the_end_of_a_phase_that_an_error_ends(caplog):
    with caplog.at_level("INFO", "deepstep"), pytest.raises(ValueError, match="table"), phase("reading"):
        raise ValueError("no table")
    begin, end = caplog.messages
    assert (begin, end[:21]) == ("reading: begins", "reading: ended after ")


def test_a_terminal_gets_a_bar_with_the_last_cost_and_its_cursor_back(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    for costs, shown in (([0.7, 0.123456], ("cats", "2/2", "cost 0.123456")), ([], ("cats",))):
        stream = Terminal()
        run(Progress("cats", stream=stream), costs, epochs=2)
        text = stream.getvalue()
        assert all(part in text for part in shown)
        assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # hidden, and shown again
