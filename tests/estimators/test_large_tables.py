"""Tables whose inputs are too large for the memory: they are encoded a batch at a time, to the same bits."""

import numpy as np
import polars
import pytest

from deepstep import DeepClassifier, DeepRegressor
from deepstep.ensembles import finished, fit, preprocessor
from deepstep.ensembles.preprocessor import EncodedRows, Preprocessor
from deepstep.ensembles.presets import PRESETS
from deepstep.ensembles.split import Rows
from deepstep.errors import DataError
from deepstep.preparation import TablePreparation
from deepstep.preparation.encoding import Encoding
from deepstep.targets import Targets
from deepstep.training import Callback

M = 240


@pytest.fixture
def table(fresh_seed):
    """Numbers, missing ones, and texts."""
    rng = np.random.default_rng(fresh_seed)
    age = rng.normal(40, 10, M)
    age[::7] = np.nan
    town = rng.choice(["Bern", "Rome", "Oslo"], M)
    frame = polars.DataFrame({"age": age, "town": town, "rooms": rng.integers(1, 5, M)}, nan_to_null=True)
    return frame, (np.nan_to_num(age) + 9 * (town == "Rome") > 41).astype(int)


FEW = {"n_estimators": 2, "network_params": {"epochs": 4}, "random_state": 3}


@pytest.mark.parametrize(("kind", "presets"), [(DeepClassifier, "gated"), (DeepRegressor, "ranks")])
def test_rows_that_are_encoded_when_they_are_taken_give_the_same_bits(
    monkeypatch, table, kind, presets, tmp_path
):
    """Also where such a fit is resumed; a callback sees some of the examples as arrays."""
    expected, shapes = kind(presets=presets, **FEW).fit(*table), []
    monkeypatch.setattr(preprocessor, "IN_MEMORY", 0)
    monkeypatch.setattr(finished, "LONG", 0.0)  # members are written at once

    class Looks(Callback):
        def on_train_begin(self, training):
            shapes.append(np.asarray(training.examples.X).shape[:1] + training.examples.Y.shape[:1])

    model = kind(presets=presets, **FEW, checkpoint_dir=tmp_path, callbacks=[Looks()]).fit(*table)
    assert shapes == [(120, 120)] * 2
    assert len(finished.member_folders(tmp_path)) == 2
    monkeypatch.setattr(fit, "fit_member", None)  # nothing is trained
    resumed = kind(presets=presets, **FEW, checkpoint_dir=tmp_path, resume=True).fit(*table)
    for other in (model, resumed):
        for ours, theirs in zip(other.ensemble_.members, expected.ensemble_.members, strict=True):
            np.testing.assert_array_equal(ours.network.parameters.flat, theirs.network.parameters.flat)
        np.testing.assert_array_equal(other.predict(table[0]), expected.predict(table[0]))


def test_a_feature_that_is_constant_in_the_sample_is_learned_from(monkeypatch, table):
    monkeypatch.setattr(preprocessor, "ENCODING_ROWS", 60)
    frame, y = table
    rare = np.zeros(M)
    rare[[2, 3]] = 1  # rows that the sample passes over
    rows = Rows(frame.with_columns(rare=rare), Targets.from_labels(y).encode(y))
    fitted, _ = Preprocessor.fit(rows, Targets.from_labels(y), [PRESETS["relu"]], (), ())
    inputs = fitted.inputs(fitted.features(rows.X))["scaled"]
    assert (np.ptp(inputs, axis=0) > 0.5).all()


def test_numbers_are_cut_by_some_of_the_rows(monkeypatch, table):
    monkeypatch.setattr(preprocessor, "ENCODING_ROWS", 60)
    frame, y = table
    targets = Targets.from_labels(y)
    rows = Rows(frame, targets.encode(y))
    fitted, features = Preprocessor.fit(rows, targets, [PRESETS["gated"]], (), ())
    preparation = TablePreparation.fit(frame)
    spread = frame[np.linspace(0, M - 1, 60).round().astype(int)]
    assert features is None
    assert fitted.preparation == preparation  # of all rows
    assert fitted.encodings["pieces"] == Encoding.fit(preparation.transform(spread), 8)


def test_a_value_that_cannot_be_used_is_named_by_its_row(table):
    frame, y = table
    targets = Targets.from_labels(y)
    fitted, _ = Preprocessor.fit(Rows(frame, targets.encode(y)), targets, [PRESETS["gated"]], (), ())
    age = frame["age"].to_list()
    age[200] = np.inf
    inputs = EncodedRows(fitted, "pieces", frame.with_columns(polars.Series("age", age)), np.float32)
    assert inputs.shape == (M, fitted.n_inputs_of("pieces"))
    assert inputs[:50].dtype == np.float32
    with pytest.raises(DataError, match=r"[rR]ow 201 "):
        inputs[np.array([3, 200, 5])]
