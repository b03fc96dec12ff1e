"""Trackers: the records of training for TensorBoard and MLflow, whose packages load when training begins."""

from pathlib import Path
from time import time
from typing import Any

import numpy as np

from deepstep.errors import missing_package
from deepstep.training.callbacks import Callback
from deepstep.training.history import Record
from deepstep.training.shown import Training
from deepstep.training.writers import spread


class TensorBoard(Callback):
    """Write every number of the records for TensorBoard, over the epochs.

    Needs the package tensorboardX, which writes the files without TensorFlow, torch or TensorBoard itself.
    A training that goes on hides what was written for later epochs than the last one of its history.

    Parameters
    ----------
    folder : Path or str
        Where the event files go, for ``tensorboard --logdir``; each training writes one more.

    Raises
    ------
    MissingPackageError
        When training begins: if tensorboardX is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from deepstep import Network
    >>> folder = Path(tempfile.mkdtemp())
    >>> history = Network([1, 1], seed=1).train([[0.0]], [[1]], iterations=3, callbacks=[TensorBoard(folder)])
    >>> [path.name.split(".")[0] for path in folder.iterdir()]  # for: tensorboard --logdir FOLDER
    ['events']
    """

    adds_to_records = ()

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        self._writer: Any = None

    def on_train_begin(self, training: Training) -> None:
        """Open a file of events."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise missing_package("TensorBoard", "tensorboardX", "tensorboard") from error
        self._writer = SummaryWriter(str(self._folder), purge_step=self._first_epoch(training))

    def _first_epoch(self, training: Training) -> int | None:
        """The epoch from which on earlier events are hidden; None hides nothing."""
        history = training.history
        return int(history[-1]["epoch"]) + 1 if len(history) else None

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Write the numbers, and bring them to the file."""
        for name, value in _numbers(record).items():
            self._writer.add_scalar(name, value, record["epoch"])
        self._writer.flush()

    def on_train_end(self, training: Training) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class MLflow(Callback):
    """Log every number of the records as a metric of an MLflow run, over the epochs.

    The run is made through a client of its own: neither MLflow's active run nor its tracking URI of this
    process is changed. It ends as FINISHED; as KILLED where training was interrupted, as FAILED where it
    ended in an error (``history.stopped`` says nothing then).

    Parameters
    ----------
    experiment : str
        Name of the experiment; made if there is none.
    run_name : str, optional
        Name of the run; MLflow makes one up by default.
    tracking_uri : str, optional
        Where MLflow keeps its runs; by default where the environment says.
    run_id : str, optional
        A run to go on with.

    Attributes
    ----------
    run_id : str or None
        The run, from the beginning of training.

    Raises
    ------
    MissingPackageError
        When training begins: if MLflow is not installed.

    Examples
    --------
    >>> from deepstep import Network
    >>> tracker = MLflow("digits", run_name="two layers", tracking_uri="sqlite:///runs.db")
    >>> Network([1, 1], seed=1).train([[0.0]], [[1]], callbacks=[tracker])  # doctest: +SKIP
    >>> tracker.run_id  # None until training begins
    """

    adds_to_records = ()

    def __init__(
        self,
        experiment: str = "Default",
        *,
        run_name: str | None = None,
        tracking_uri: str | None = None,
        run_id: str | None = None,
    ) -> None:
        self._experiment, self._run_name, self._tracking_uri = experiment, run_name, tracking_uri
        self._given, self.run_id = run_id, run_id
        self._client: Any = None

    def on_train_begin(self, training: Training) -> None:
        """Begin the run with what is trained as its parameters, or go on with the one that was given."""
        try:
            from mlflow import MlflowClient
            from mlflow.entities import Param
        except ImportError as error:
            raise missing_package("MLflow", "mlflow", "mlflow") from error
        client = MlflowClient(tracking_uri=self._tracking_uri)
        if self._given is not None:
            client.update_run(self._given, status="RUNNING")
        else:
            found = client.get_experiment_by_name(self._experiment)
            place = client.create_experiment(self._experiment) if found is None else found.experiment_id
            self.run_id = client.create_run(place, run_name=self._run_name).info.run_id
            parameters = {
                "layer_dims": "-".join(map(str, training.architecture.layer_dims)),
                "activations": ", ".join(training.architecture.activations),
                "output": training.architecture.output,
                "epochs": str(training.epochs),
            }
            client.log_batch(self.run_id, params=[Param(*pair) for pair in parameters.items()])
        self._client = client

    def on_epoch_end(self, training: Training, record: Record) -> None:
        """Log the numbers."""
        from mlflow.entities import Metric

        now = int(1000 * time())
        metrics = [Metric(name, value, now, record["epoch"]) for name, value in _numbers(record).items()]
        self._client.log_batch(self.run_id, metrics=metrics)

    def on_train_end(self, training: Training) -> None:
        """End the run."""
        if self._client is not None:
            status = {"": "FAILED", "interrupted": "KILLED"}.get(training.history.stopped, "FINISHED")
            self._client.set_terminated(self.run_id, status)
            self._client = None


def _numbers(record: Record) -> dict[str, float]:
    """The numbers of a record, without its epoch, over which they are drawn."""
    return {
        name: float(value)
        for name, value in spread(record).items()
        if isinstance(value, int | float | np.number) and not isinstance(value, bool) and name != "epoch"
    }
