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


def stream(folder, buffer_rows=100, target="y"):
    found = survey(ParquetRows(folder), target, drop=["target"], seed=3, validation_fraction=0.1)

    def encode(frame):
        return Examples(found.inputs.transform(frame), frame.get_column(target).to_numpy()[:, np.newaxis])

    examples = found.stream(encode, {"inputs": len(found.inputs.columns)}, buffer_rows=buffer_rows)
    held = encode(found.validation)
    return examples, (held.X.T, held.Y.T)


class StopAt(Callback):
    """Raises at a pause, after some batches of some epoch."""

    def __init__(self, epoch, batch, do=None):
        self.at, self.do = (epoch, batch), do

    def on_pause(self, training):
        stands = training.position.epoch, training.position.batch
        if stands == self.at:
            if self.do is not None:
                self.do()
                return
            raise KeyboardInterrupt

    def on_step_end(self, training, update):
        """Makes training pause after each step."""


class Watching(Callback):
    def on_step_end(self, training, update):
        """Makes training pause after each step."""


def train(folder, engine, *callbacks, buffer_rows=100, **options):
    examples, validation = stream(folder, buffer_rows)
    net = Network([examples.sample.X.shape[1], 8, 1], output="identity", seed=1, engine=engine)
    history = net.train(
        examples,
        iterations=3,
        batch_size=BATCH,
        optimizer="adam",
        learning_rate=0.01,
        dropout=0.1,
        patience=3,
        validation=validation,
        callbacks=callbacks,
        **options,
    )
    return net, history


@pytest.mark.parametrize(
    ("engine", "place"),
    [("reference", (0, 1)), ("reference", (1, 0)), ("compiled", (1, 17))],
)
def test_from_any_batch(folder, tmp_path, engine, place):
    whole, history = train(folder, engine, Watching())
    keeper = ModelCheckpoint(tmp_path / "kept", every=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(folder, engine, StopAt(*place), checkpoint=keeper)
    resumed, again = train(folder, engine, Watching(), checkpoint=keeper, resume=True)
    np.testing.assert_array_equal(resumed.parameters.flat, whole.parameters.flat)
    np.testing.assert_array_equal(again.costs, history.costs)
    np.testing.assert_array_equal(again.column("validation_cost"), history.column("validation_cost"))


def test_a_part_that_vanishes_in_mid_epoch(folder, tmp_path):
    """The last checkpoint is of the row that could not be read, however seldom they are written."""
    parts = tmp_path / "parts"
    shutil.copytree(folder, parts)
    lost, aside = parts / "part-1.parquet", tmp_path / "aside"
    keeper = ModelCheckpoint(tmp_path / "kept", every=None, every_epochs=99)
    vanish = StopAt(0, 9, lambda: lost.rename(aside))
    whole, _ = train(folder, "reference", Watching())
    with pytest.raises(
        FileError, match=f"^{parts}, part part-1.parquet was removed after reading began. Put"
    ):
        train(parts, "reference", vanish, checkpoint=keeper)
    aside.rename(lost)
    resumed, _ = train(parts, "reference", Watching(), checkpoint=keeper, resume=True)
    np.testing.assert_array_equal(resumed.parameters.flat, whole.parameters.flat)


def test_a_part_that_is_written_anew_in_mid_epoch(folder, tmp_path):
    parts = tmp_path / "parts"
    shutil.copytree(folder, parts)
    change = StopAt(
        0, 9, lambda: table(200, seed=9).write_parquet(parts / "part-1.parquet", row_group_size=45)
    )
    with pytest.raises(FileError, match=r"part-1.parquet was changed after reading began"):
        train(parts, "reference", change)
