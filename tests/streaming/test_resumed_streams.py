"""A streamed training that was stopped goes on at the same row, to the same bits."""

import shutil

import numpy as np
import pytest

from deepstep import Network
from deepstep.data import ParquetRows
from deepstep.errors import FileError
from deepstep.preparation.batches import Examples
from deepstep.preparation.survey import survey
from deepstep.training import Callback, ModelCheckpoint
from tables_in_parts import table, written

BATCH = 16


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return written(tmp_path_factory.mktemp("streams") / "parts", table(600), 3, 45)


def stream(folder):
    surveyed = survey(ParquetRows(folder), "y", drop=["target"], seed=3, validation_fraction=0.1)

    def encode(frame):
        return Examples(surveyed.inputs.transform(frame), frame.get_column("y").to_numpy()[:, np.newaxis])

    held = encode(surveyed.validation)
    identity = {"inputs": len(surveyed.inputs.columns)}
    return surveyed.stream(encode, identity, buffer_rows=100), (held.X.T, held.Y.T)


class At(Callback):
    """Does something at a pause, after some batches of some epoch."""

    def __init__(self, place=None, do=None):
        self.place, self.do = place, do

    def on_pause(self, training):
        if (training.position.epoch, training.position.batch) == self.place:
            self.do()

    def on_step_end(self, training, update):
        """Makes training pause after each step."""


def interrupt():
    raise KeyboardInterrupt


def train(folder, engine="reference", *callbacks, **options):
    examples, validation = stream(folder)
    net = Network([examples.sample.X.shape[1], 8, 1], output="identity", seed=1, engine=engine)
    plan = {"iterations": 3, "batch_size": BATCH, "learning_rate": 0.01, "patience": 3}
    settings = {"optimizer": "adam", "dropout": 0.1, "validation": validation, "callbacks": callbacks}
    return net, net.train(examples, **plan, **settings, **options)


@pytest.mark.parametrize(("engine", "place"), [("reference", (1, 0)), ("compiled", (1, 17))])
def test_from_any_batch(folder, tmp_path, engine, place):
    whole, history = train(folder, engine, At())
    keeper = ModelCheckpoint(tmp_path / "kept", every=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(folder, engine, At(place, interrupt), checkpoint=keeper)
    resumed, again = train(folder, engine, At(), checkpoint=keeper, resume=True)
    np.testing.assert_array_equal(resumed.parameters.flat, whole.parameters.flat)
    for name in ("cost", "validation_cost"):
        np.testing.assert_array_equal(again.column(name), history.column(name))


def test_a_part_that_vanishes_or_is_written_anew_in_mid_epoch(folder, tmp_path):
    """The last checkpoint is of the row that could not be read, however seldom they are written."""
    parts, aside = tmp_path / "parts", tmp_path / "aside"
    shutil.copytree(folder, parts)
    lost = parts / "part-1.parquet"
    keeper = ModelCheckpoint(tmp_path / "kept", every=None, every_epochs=99)
    whole, _ = train(folder, "reference", At())
    gone = f"^{parts}, part part-1.parquet was removed after reading began. Put"
    with pytest.raises(FileError, match=gone):
        train(parts, "reference", At((0, 9), lambda: lost.rename(aside)), checkpoint=keeper)
    aside.rename(lost)
    resumed, _ = train(parts, "reference", At(), checkpoint=keeper, resume=True)
    np.testing.assert_array_equal(resumed.parameters.flat, whole.parameters.flat)
    change = At((0, 9), lambda: table(200, seed=9).write_parquet(lost, row_group_size=45))
    with pytest.raises(FileError, match=r"part-1.parquet was changed after reading began"):
        train(parts, "reference", change)
