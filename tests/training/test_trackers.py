"""TensorBoard's files, read back by its own format."""

import struct
import sys

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event

from deepstep.errors import MissingPackageError
from deepstep.training import Callback, History, TensorBoard


class Adds(Callback):
    def on_epoch_end(self, training, record):
        record["health"] = [{"dead": 0.25, "saturated": None}, {"dead": np.float32(0.5)}]
        record["note"], record["is_best"] = "text", True


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
    history = teach([Adds(), TensorBoard(tmp_path)])
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


def test_trainings_of_one_second_have_files_of_their_own(teach, tmp_path, monkeypatch):
    """tensorboardX names a file by the second, in which a training may end and go on."""
    monkeypatch.setattr("time.time", lambda: 1.8e9)
    costs = [cost for _ in range(3) for cost in teach([TensorBoard(tmp_path)]).costs]
    written = [value for tag, _, value in scalars(tmp_path) if tag == "cost"]
    assert written == [pytest.approx(cost) for cost in costs]


def test_a_missing_package_is_named_with_the_command(teach, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(MissingPackageError, match=r"tensorboardX.*pip install 'deepstep\[tensorboard\]'"):
        teach([TensorBoard(tmp_path)])
