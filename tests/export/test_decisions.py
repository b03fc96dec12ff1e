"""The decisions of files, beside their probabilities: labels of ONNX and predictions of SQL."""

import sqlite3
from pathlib import Path

import numpy as np
import polars
import pytest
from onnxruntime import InferenceSession

from deepstep.export import export
from deepstep.export.models import exported
from deepstep.export.onnx_format import feeds
from export_models import fitted, table

TARGETS = ("classes", "two classes", "ordered", "several")


@pytest.mark.parametrize("target", TARGETS)
def test_labels_of_onnx(target: str, tmp_path: Path) -> None:
    model, rows = fitted("single", "number", target=target), table("number")
    export(model, tmp_path / "model.onnx")
    session = InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    tensors = feeds(exported(model).program, rows.to_dict(as_series=False))
    (label,) = session.run(["label"], tensors)
    assert np.array_equal(label, model.predict(rows))


@pytest.mark.parametrize("target", TARGETS)
def test_predictions_of_sql(target: str, tmp_path: Path) -> None:
    model, rows = fitted("single", "number", target=target), table("number")
    export(model, tmp_path / "model.sql")
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE rows (x REAL, number REAL)")
    base.executemany("INSERT INTO rows VALUES (?, ?)", rows.rows())
    cursor = base.execute((tmp_path / "model.sql").read_text())
    names = [one[0] for one in cursor.description]
    found = polars.DataFrame(cursor.fetchall(), schema=names, orient="row")
    base.close()
    own = [name for name in names if name.startswith("prediction")]
    assert np.array_equal(np.squeeze(found[own].to_numpy()), model.predict(rows))
