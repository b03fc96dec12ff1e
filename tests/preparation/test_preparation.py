"""Both halves in one JSON file."""

import json

import polars
import pytest

from deepstep.errors import FileError
from deepstep.preparation import (
    ClassificationTarget,
    ImagePreparation,
    Preparation,
    RegressionTarget,
    TablePreparation,
)

FRAME = polars.DataFrame({"größe": [1.0, None, 3.0], "wort": ["ä", "b", None], "ja": [True, False, None]})


@pytest.mark.parametrize("inputs", [TablePreparation.fit(FRAME), ImagePreparation(8, 8, 1, 1 / 16)])
@pytest.mark.parametrize(
    "target",
    [
        ClassificationTarget(((False, True),)),
        ClassificationTarget((("a", "b", "c"),)),
        RegressionTarget((1 / 3,), (0.1,)),
    ],
)
def test_json_keeps_everything(inputs, target):
    preparation = Preparation(inputs, target)
    assert Preparation.from_json(preparation.to_json()) == preparation


@pytest.mark.parametrize(
    ("old", "target"),
    [
        ({"kind": "classes", "classes": ["a", "b"]}, ClassificationTarget((("a", "b"),))),
        (
            {"kind": "classes", "classes": [1, 2, 3], "ordered": True},
            ClassificationTarget(((1, 2, 3),), ordered=True),
        ),
        (
            {"kind": "labels", "names": ["x", "y"], "classes": ["a", "b", 0, 1]},
            ClassificationTarget((("a", "b"), (0, 1)), names=("x", "y")),
        ),
        ({"kind": "number", "mean": 1.0, "std": 2.0}, RegressionTarget((1.0,), (2.0,))),
        (
            {"kind": "number", "mean": 1, "std": 2, "output": "quantile", "levels": [0.5]},
            RegressionTarget((1.0,), (2.0,), "quantile", (0.5,)),
        ),
        (
            {"kind": "numbers", "names": ["x", "y"], "means": [1.0, 2.0], "stds": [3.0, 4.0]},
            RegressionTarget((1.0, 2.0), (3.0, 4.0), names=("x", "y")),
        ),
    ],
)
def test_targets_of_earlier_versions(old, target):
    inputs = ImagePreparation(8, 8, 1, 1.0)
    record = {"format": "deepstep-preparation", "version": 2, "inputs": inputs.to_dict(), "target": old}
    assert Preparation.from_json(json.dumps(record)) == Preparation(inputs, target)
    for name in old:
        damaged = {**record, "target": {key: value for key, value in old.items() if key != name}}
        if name not in ("ordered", "output", "levels"):
            with pytest.raises(FileError):
                Preparation.from_json(json.dumps(damaged))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "other"}, "format 'deepstep-preparation'"),
        ({"version": 4}, "version 1 or 2 or 3 is expected; got version 4. Update DeepStep"),
        ({"version": None}, "got version None"),
        ({"inputs": {"kind": "sound"}}, "inputs is of kind 'table' or 'image'; got 'sound'"),
        ({"inputs": []}, "inputs is of kind"),
        ({"inputs": {"kind": []}}, "inputs is of kind"),
        ({"target": None}, "target is of kind 'classification' or 'regression'.*; got None"),
    ],
)
def test_other_records_are_refused(change, sentence):
    record = json.loads(
        Preparation(ImagePreparation(8, 8, 1, 1.0), ClassificationTarget(((0, 1),))).to_json()
    )
    with pytest.raises(FileError, match=sentence):
        Preparation.from_json(json.dumps(record | change))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '{"format": "deepstep-preparation", "version": NaN}']
)
def test_what_is_no_record(text):
    with pytest.raises(FileError):
        Preparation.from_json(text)


def test_any_cut_is_refused():
    text = Preparation(TablePreparation.fit(FRAME), ClassificationTarget(((0, 1),))).to_json()
    for end in range(len(text) - 1):
        with pytest.raises(FileError):
            Preparation.from_json(text[:end])
