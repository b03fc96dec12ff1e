"""Models that the version 1.0 wrote are read, and predict what it predicted (docs/stability.md)."""

import json

import numpy as np
import pytest

from deepstep import Run, load
from format_1.write import FOLDER, predictions, rows_of


@pytest.mark.parametrize("name", sorted(path.parent.name for path in FOLDER.glob("*/model")))
def test_a_model_of_version_1_predicts_as_then(name):
    """On rows as a user has them: numbers of every spelling, dates, truth values, texts, missing values."""
    folder = FOLDER / name
    model = (Run.load if (folder / "model" / "run.json").exists() else load)(folder / "model")
    outputs = predictions(model, rows_of(folder / "rows.json"))
    expected = json.loads((folder / "predictions.json").read_text(encoding="utf-8"))
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
