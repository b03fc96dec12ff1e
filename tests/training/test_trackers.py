"""TensorBoard's files, read back by its own format; MLflow's client, by a stand-in that keeps its interface.

The real mlflow brings some forty packages, so the tests do without it.
"""

import struct
import sys
from contextlib import suppress
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event

from deepstep.errors import MissingPackageError
from deepstep.training import Callback, History, MLflow, StopTraining, TensorBoard


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


@pytest.mark.parametrize(("tracker", "package"), [(TensorBoard, "tensorboardX"), (MLflow, "mlflow")])
def test_a_missing_package_is_named_with_the_command(teach, tmp_path, monkeypatch, tracker, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        MissingPackageError, match=rf"{package}.*pip install 'deepstep\[{package.lower()[:11]}\]'"
    ):
        teach([tracker(str(tmp_path))])


class Client:
    """The calls of mlflow.MlflowClient (3.x) that are used, over plain lists."""

    experiments, runs = {"Default": "0"}, {}

    def __init__(self, tracking_uri=None):
        self.tracking_uri = tracking_uri

    def get_experiment_by_name(self, name):
        number = self.experiments.get(name)
        return None if number is None else SimpleNamespace(experiment_id=number)

    def create_experiment(self, name):
        return self.experiments.setdefault(name, str(len(self.experiments)))

    def create_run(self, experiment_id, run_name=None):
        run_id = f"run{len(self.runs)}"
        self.runs[run_id] = SimpleNamespace(
            experiment=experiment_id,
            name=run_name,
            status="RUNNING",
            metrics=[],
            params={},
            uri=self.tracking_uri,
        )
        return SimpleNamespace(info=SimpleNamespace(run_id=run_id))

    def log_batch(self, run_id, metrics=(), params=()):
        assert self.runs[run_id].status == "RUNNING"
        self.runs[run_id].metrics += metrics
        self.runs[run_id].params |= {param.key: param.value for param in params}

    def set_terminated(self, run_id, status):
        self.runs[run_id].status = status

    def update_run(self, run_id, status):
        self.runs[run_id].status = status


@pytest.fixture
def runs(monkeypatch):
    def metric(key, value, timestamp, step):
        return SimpleNamespace(key=key, value=value, timestamp=timestamp, step=step)

    def param(key, value):
        return SimpleNamespace(key=key, value=value)

    mlflow, entities = ModuleType("mlflow"), ModuleType("mlflow.entities")
    mlflow.MlflowClient, entities.Metric, entities.Param = Client, metric, param
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    monkeypatch.setattr(Client, "experiments", {"Default": "0"})
    monkeypatch.setattr(Client, "runs", {})
    return Client.runs


def test_mlflow_has_every_number_over_the_epochs(teach, runs):
    tracker = MLflow("cats", run_name="first", tracking_uri="sqlite:///cats.db")
    history = teach([Adds(), tracker])
    run = runs[tracker.run_id]
    assert (run.experiment, run.name, run.status, run.uri) == ("1", "first", "FINISHED", "sqlite:///cats.db")
    assert {metric.key for metric in run.metrics} == NUMBERS
    costs = [(m.step, m.value) for m in run.metrics if m.key == "cost"]
    assert costs == list(enumerate(history.costs))
    assert run.params == {
        "layer_dims": "2-3-1",
        "activations": "tanh, sigmoid",
        "output": "sigmoid",
        "epochs": "3",
    }


def test_each_training_is_a_run_and_a_given_one_goes_on(teach, runs):
    tracker = MLflow()
    teach([tracker])
    first = tracker.run_id
    history = teach([tracker], epochs=2)
    assert tracker.run_id != first
    teach([MLflow(run_id=tracker.run_id)], epochs=4, history=history)
    assert [m.step for m in runs[tracker.run_id].metrics if m.key == "cost"] == [0, 1, 2, 3]
    assert len(runs) == 2


@pytest.mark.parametrize(
    ("raised", "status"),
    [(StopTraining("enough"), "FINISHED"), (KeyboardInterrupt(), "KILLED"), (ValueError("bug"), "FAILED")],
)
def test_mlflow_is_told_how_training_ended(teach, runs, raised, status):
    class Ends(Callback):
        def on_epoch_end(self, training, record):
            raise raised

    tracker = MLflow()
    with suppress(KeyboardInterrupt, ValueError):
        teach([tracker, Ends()])
    assert runs[tracker.run_id].status == status
