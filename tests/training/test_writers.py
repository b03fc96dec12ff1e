"""Records as lines of a file: whole lines however training ends, and each epoch once after a resume.

TensorBoard's files are read back by its own format.
"""

import csv
import json
import math
import struct
import sys

import numpy as np
import polars as pl
import pytest
from tensorboardX.proto.event_pb2 import Event

from deepstep.errors import FileError, MissingPackageError
from deepstep.training import Callback, Csv, Health, History, JsonLines, TensorBoard
from deepstep.training.callbacks import spread

resource = pytest.importorskip("resource", reason="limits and kills of POSIX")


class Adds(Callback):
    """Writes an entry into the records of some epochs."""

    def __init__(self, name, values):
        self.name, self.values = name, values

    def on_epoch_end(self, training, record):
        if record["epoch"] in self.values:
            record[self.name] = self.values[record["epoch"]]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "history"


def epochs_in(path):
    """By other people's readers."""
    if path.read_bytes()[:1] == b"{":
        return pl.read_ndjson(path)["epoch"].to_list()
    return pl.read_csv(path)["epoch"].to_list()


both = pytest.mark.parametrize("writer", [JsonLines, Csv])


def test_json_lines_hold_the_records(teach, path):
    notes = {0: {"of": [1, 2.5]}, 1: np.float32(0.5), 2: np.array([1.0])}
    history = teach([Adds("note", notes), JsonLines(path)])
    got = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["note"] for record in got] == [{"of": [1, 2.5]}, 0.5, [1.0]]
    assert [record["cost"] for record in got] == history.costs.tolist()
    assert path.read_text() == history.to_jsonl()


def test_csv_holds_the_records(teach, path):
    layers = [{"dead": 0.25, "norm": 1.5}, {"dead": None, "norm": 2}]
    history = teach([Adds("health", dict.fromkeys(range(3), layers)), Csv(path)])
    table = pl.read_csv(path)
    assert table.columns == [
        "epoch", "step", "cost", "learning_rate", "seconds",
        "health/1/dead", "health/1/norm", "health/2/dead", "health/2/norm",
    ]  # fmt: skip
    assert table["cost"].to_list() == history.costs.tolist()  # to the last bit
    assert table["health/2/norm"].to_list() == [2, 2, 2]
    assert table["health/2/dead"].to_list() == [None, None, None]


def test_columns_that_come_later_get_their_place(teach, path):
    """Health looks every second epoch; a text with a comma, a quote and a carriage return is no obstacle."""
    texts = Adds("text", {0: 'a, "b"\rc'})
    history = teach([texts, Health(every=2), Adds("later", {2: 2.5}), Csv(path)], epochs=4)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["later"] for row in rows] == ["", "", "2.5", ""]
    assert [row["text"] for row in rows] == ['a, "b"\rc', "", "", ""]
    norms = [row["health/2/gradient_norm"] for row in rows]
    assert norms[::2] == ["", ""]
    assert [float(norm) for norm in norms[1::2]] == [
        record["health"][1]["gradient_norm"] for record in history if "health" in record
    ]
    assert all(None not in row for row in rows)  # no line is longer than the names


@both
def test_a_file_that_exists_is_refused_and_kept(teach, path, writer):
    path.write_text("mine")
    with pytest.raises(FileError, match=r"exists already\. Choose another name, or pass append=True"):
        teach([writer(path)])
    assert path.read_text() == "mine"


@both
@pytest.mark.parametrize("content", [b"\x80\x00\x00\x00\x00\x00\x00\x00{}", b"epic,1\n", b'{"a": 1}\n'])
def test_another_kind_of_file_is_never_cut(teach, path, writer, content):
    path.write_bytes(content)
    with pytest.raises(FileError, match="and not with"):
        teach([writer(path, append=True)])
    assert path.read_bytes() == content


@both
def test_a_writer_goes_on_with_its_own_file(teach, path, writer):
    """Two trainings one after the other, as they come from partial_fit."""
    lines = writer(path)
    teach([lines], epochs=2)
    teach([lines], epochs=3)
    assert epochs_in(path) == [0, 1, 0, 1, 2]


@both
@pytest.mark.parametrize("cut", [1, 7, 30])
def test_a_resumed_training_leaves_each_epoch_once(teach, path, writer, cut):
    """Killed in epoch 6, in the middle of a line; the last checkpoint was after epoch 3."""
    history = teach([writer(path)], epochs=6)
    path.write_bytes(path.read_bytes()[:-cut])
    teach([writer(path, append=True)], epochs=8, history=History(history.records[:4]))
    assert epochs_in(path) == list(range(8))


@both
@pytest.mark.parametrize("length", [0, 1, 5, 11])
def test_a_file_that_was_killed_in_its_first_line_begins_anew(teach, path, writer, length):
    start = b'{"epoch": 0, "step"' if writer is JsonLines else b"epoch,step,cost"
    path.write_bytes(start[:length])
    teach([writer(path, append=True)])
    assert epochs_in(path) == [0, 1, 2]


@both
def test_a_full_disk_leaves_whole_lines(teach, path, writer):
    """The limit on the size of a file stands in for the disk: the line that crosses it is half written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (450, hard))
    try:
        with pytest.raises(FileError, match=r"cannot be written: .* The lines before are whole"):
            teach([writer(path)], epochs=100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    written = path.read_bytes()
    assert 300 < len(written) <= 450
    assert written.endswith(b"\n")
    assert epochs_in(path) == list(range(len(epochs_in(path))))


def test_spread_leaves_numbers_and_texts_alone():
    record = {"a": 1, "b": "text", "c": None, "d": (True, {"e": np.float64(2)}), "f": [], "g": math.inf}
    assert spread(record) == {"a": 1, "b": "text", "c": None, "d/1": True, "d/2/e": 2.0, "g": math.inf}


NUMBERS = {"step", "cost", "learning_rate", "seconds", "health/1/dead", "health/2/dead"}


def events(folder):
    """All events of a folder: length, checksum, message, checksum, and so on (TFRecord)."""
    for file in sorted(folder.iterdir()):
        content, at = file.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            yield Event.FromString(content[at + 12 : at + 12 + length])
            at += 16 + length


def scalars(folder):
    return [
        (value.tag, event.step, value.simple_value)
        for event in events(folder)
        for value in event.summary.value
        if value.tag
    ]


def test_tensorboard_has_every_number_over_the_epochs(teach, tmp_path):
    entries = {
        "health": [{"dead": 0.25, "saturated": None}, {"dead": np.float32(0.5)}],
        "note": "text",
        "is_best": True,
    }
    adds = [Adds(name, dict.fromkeys(range(3), value)) for name, value in entries.items()]
    history = teach([*adds, TensorBoard(tmp_path)])
    written = scalars(tmp_path)
    assert {tag for tag, _, _ in written} == NUMBERS
    costs = [(step, value) for tag, step, value in written if tag == "cost"]
    assert costs == [(epoch, pytest.approx(cost)) for epoch, cost in enumerate(history.costs)]
    assert [v for tag, _, v in written if tag == "health/2/dead"] == [0.5] * 3


def test_tensorboard_is_told_where_a_training_goes_on(teach, tmp_path):
    history = teach([TensorBoard(tmp_path / "first")], epochs=4)
    teach([TensorBoard(tmp_path / "second")], epochs=5, history=History(history.records[:2]))
    starts = [e.step for e in events(tmp_path / "second") if e.session_log.status == e.session_log.START]
    assert starts == [2]
    assert [step for tag, step, _ in scalars(tmp_path / "second") if tag == "cost"] == [2, 3, 4]


def test_a_missing_package_is_named_with_the_command(teach, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingPackageError, match=r"tensorboardX.*pip install tensorboardX"):
        teach([TensorBoard(tmp_path)])
