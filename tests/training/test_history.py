"""Records: to JSON lines and back, and as lines of a file: whole however training ends, each epoch once."""

import csv
import json
import struct

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboardX.proto.event_pb2 import Event
from trainings import EachPause, setup

from deepstep import DeepClassifier
from deepstep.errors import ConfigurationError, FileError
from deepstep.training import Callback, Csv, Health, History, TensorBoard

values = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.booleans()
)


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.text(), values)))
def test_json_lines_give_the_same_records_bit_for_bit(records):
    text = History(records).to_jsonl()
    assert History.from_jsonl(text).records == records
    assert text.count("\n") == len(records)


def test_what_is_not_finite_is_null_wherever_it_stands():
    """Strict JSON, which other programs read; a column has NaN there again."""
    record = {
        "a": np.inf,
        "b": [1.0, {"c": -np.inf}],
        "d": np.array([[np.nan, 2.0]]),
        "cost": np.float32("nan"),
    }
    text = History([record]).to_jsonl()
    plain = json.loads(text, parse_constant=pytest.fail)
    assert plain == {"a": None, "b": [1.0, {"c": None}], "d": [[None, 2.0]], "cost": None}
    assert np.isnan(History.from_jsonl(text).costs).all()


def test_what_is_no_json_value_is_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"^A record of training, 'a' must .* got object\."):
        History([{"a": object()}]).to_jsonl()
    with pytest.raises(ConfigurationError, match=r"record of training, 'a', 'b' must .* got complex"):
        History([{"a": [{"b": np.array([1j])}]}]).to_jsonl()
    with pytest.raises(ConfigurationError, match=r"^A record of training must .* got tuple"):
        History([{(1, 2): 3}]).to_jsonl()


@pytest.mark.parametrize("line", ['{"cost": 0.5', '{"cost": 1, "cost": 2}', "[1]", ""])
def test_a_broken_line_is_named(line):
    text = f'{{"cost": 0.5}}\n{line}\n{{"cost": 0.4}}\n'
    with pytest.raises(FileError) as error:
        History.from_jsonl(text, where="run/history.jsonl")
    assert str(error.value) == f"run/history.jsonl has no JSON object in line 2: {line!r}."


def teach(callbacks, epochs=3, resume=None):
    return setup(epochs=epochs, batch_size=None).train(*callbacks, resume=resume)[1]


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
    """By other people's reader."""
    return pl.read_csv(path)["epoch"].to_list()


def test_csv_holds_the_records_and_columns_that_come_later_get_their_place(path):
    """Health looks every second epoch; a text with a comma, a quote and a carriage return is no obstacle."""
    texts = Adds("text", {0: 'a, "b"\rc'})
    history = teach([texts, Health(every=2), Adds("later", {2: 2.5}), Csv(path)], epochs=4)
    table = pl.read_csv(path)
    assert table.columns[:5] == ["epoch", "step", "cost", "learning_rate", "seconds"]
    assert table["cost"].to_list() == history.costs.tolist()  # to the last bit
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


def test_a_file_that_exists_and_another_kind_of_file_are_refused_and_kept(path):
    unquoted = b'epoch,"' + b"x" * 200_000 + b'"\n0,1\n'
    for content in (b"\x80\x00\x00\x00{}", b"epic,1\n", b'{"a": 1}\n', b"epoch,\xff\n0,1\n", unquoted):
        path.write_bytes(content)
        with pytest.raises(FileError, match=r"and not with|that Csv did not write"):
            teach([Csv(path, append=True)])
        with pytest.raises(FileError, match=r"exists already\. Choose another name, or continue it"):
            teach([Csv(path)])
        assert path.read_bytes() == content


def test_a_writer_goes_on_with_its_own_file(path):
    """After another training, as partial_fit does, or after one that was killed in epoch 6, within a line."""
    lines = Csv(path)
    teach([lines], epochs=2)
    teach([lines], epochs=3)
    assert epochs_in(path) == [0, 1, 0, 1, 2]
    for cut in (1, 7, 30):
        path.unlink()
        pauses = EachPause()
        teach([Csv(path), pauses], epochs=6)
        path.write_bytes(path.read_bytes()[:-cut])
        teach([Csv(path, append=True)], epochs=8, resume=pauses.checkpoints[3])
        assert epochs_in(path) == list(range(8))
    for length in (0, 1, 11):
        path.write_bytes(b"epoch,step,cost"[:length])
        teach([Csv(path, append=True)])
        assert epochs_in(path) == [0, 1, 2]


def test_a_full_disk_leaves_whole_lines(path):
    """The limit on the size of a file stands in for the disk: the line that crosses it is half written."""
    resource = pytest.importorskip("resource", reason="limits of POSIX")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (450, hard))
    try:
        with pytest.raises(FileError, match=r"cannot be written: .* The lines before are whole"):
            teach([Csv(path)], epochs=100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    written = path.read_bytes()
    assert 300 < len(written) <= 450
    assert written.endswith(b"\n")
    assert epochs_in(path) == list(range(len(epochs_in(path))))


def events(folder):
    """All events of a folder: length, checksum, message, checksum, and so on (TFRecord)."""
    for file in sorted(folder.iterdir()):
        content, at = file.read_bytes(), 0
        while at < len(content):
            (length,) = struct.unpack_from("<Q", content, at)
            yield Event.FromString(content[at + 12 : at + 12 + length])
            at += 16 + length


def scalars(folder, name):
    of_events = ((event.step, value) for event in events(folder) for value in event.summary.value)
    return [(step, value.simple_value) for step, value in of_events if value.tag == name]


def test_tensorboard_has_every_number_over_the_epochs_and_where_a_training_goes_on(tmp_path):
    health = [{"dead": 0.25, "saturated": None}, {"dead": np.float32(0.5)}]
    entries = {"health": health, "note": "text", "is_best": True}
    adds = [Adds(name, dict.fromkeys(range(4), value)) for name, value in entries.items()]
    pauses = EachPause()
    history = teach([*adds, pauses, TensorBoard(tmp_path / "first")], epochs=4)
    tags = {value.tag for event in events(tmp_path / "first") for value in event.summary.value}
    assert tags == {"step", "cost", "learning_rate", "seconds", "health/1/dead", "health/2/dead"}
    assert scalars(tmp_path / "first", "cost") == [*enumerate(pytest.approx(cost) for cost in history.costs)]
    assert scalars(tmp_path / "first", "health/2/dead") == [(epoch, 0.5) for epoch in range(4)]
    teach([TensorBoard(tmp_path / "second")], epochs=5, resume=pauses.checkpoints[1])
    starts = [e.step for e in events(tmp_path / "second") if e.session_log.status == e.session_log.START]
    assert starts == [2]
    assert [step for step, _ in scalars(tmp_path / "second", "cost")] == [2, 3, 4]


def test_tensorboard_has_a_folder_for_each_network_of_an_ensemble(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    model = DeepClassifier(n_estimators=3, network_params={"epochs": 2}, n_jobs=2, random_state=0)
    for refit in (False, True):
        logs = tmp_path / str(refit)
        model.set_params(refit=refit, callbacks=[TensorBoard(logs)]).fit(X, y)
        for member, history in zip(model.ensemble_.members, model.histories_, strict=True):
            costs = [pytest.approx(cost) for cost in history.costs]
            name = f"{member.preset}/{-1 if refit else member.fold}"
            assert scalars(logs / name, "cost") == [*enumerate(costs)]
        assert len([*logs.rglob("events.*")]) == 3 + refit
