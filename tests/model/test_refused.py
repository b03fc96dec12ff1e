"""`Network.train` refuses what does not fit before the first step, and says what is expected instead."""

from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError, DataError, FileError, ShapeError
from deepstep.training import Callback, Health, ModelCheckpoint, ReduceLROnPlateau

RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 40))
Y = {
    "sigmoid": (X[:2] > 0).astype(float),
    "softmax": np.eye(3)[:, RNG.integers(3, size=40)],
    "identity": X[:1],
}
HELD_OUT = {"validation": (X, Y["sigmoid"])}
LBFGS = {"optimizer": "lbfgs"}
REFIT = {"refit": True, "patience": 3, "validation_fraction": 0.3}
PLATEAU = {"name": "plateau", "quantity": "validation_cost"}
KNOWN = "must be one of 'epoch', "
METRICS = "metrics must be a mapping of names to functions (Y, AL), got"

# By the output: options, what the message has, and the error where it is no ConfigurationError.
CASES: dict[str, list[tuple[Any, ...]]] = {
    "sigmoid": [
        ({"time_budget": float("inf")}, "must be a positive number of seconds"),
        *(
            ({"validation_fraction": share}, "must be a number above 0 and below 1")
            for share in (0, 1, True, "half")
        ),
        ({"validation": (X, Y["sigmoid"], [1.0])}, "^validation sample_weight must have", ShapeError),
        ({"validation": (X, Y["sigmoid"], -np.ones(40))}, "must hold numbers of at least 0", DataError),
        ({**HELD_OUT, "validation_fraction": 0.1}, "validation and validation_fraction cannot be given tog"),
        ({"metrics": 3}, f"^{METRICS} 3. Such as metrics="),
        ({"metrics": {1: len}}, "^The name of a metric must be a text, got 1. Such as metrics="),
        ({"metrics": {"cost": len}}, "^A metric cannot be called 'cost', which is recorded in any case"),
        ({"metrics": {"accuracy": 5}}, "^metrics['accuracy'] must be a function"),
        ({"metrics": {"a": len}}, "^metrics needs validation data. Pass"),
        ({"monitor": "cost"}, "^monitor='cost' needs patience"),
        ({"patience": 2, "monitor": "examples"}, f"^monitor {KNOWN}"),  # of a part of an epoch alone
        ({"patience": 2, "monitor": "dead", "callbacks": [Health()]}, f"^monitor {KNOWN}"),
        ({"callbacks": [ReduceLROnPlateau("mine"), lambda record: record.update(mine=1)]}, KNOWN),
        (
            {"dropout": 0.1, "dropout_schedule": PLATEAU},
            "^dropout_schedule['quantity']='validation_cost' needs validation data",
        ),
        ({"weight_decay_schedule": "linear"}, "^weight_decay_schedule must be used with"),
        ({"dropout_schedule": "linear", "dropout": [0.0]}, "^dropout_schedule must be used with"),
        ({"deterministic": 1}, "deterministic must be True or False, got 1"),
        ({"resume": 5}, "resume must be True, a file or a folder, got 5"),
        ({"resume": "none"}, "^none", FileError),
        ({"checkpoint": "c", **LBFGS}, "^L-BFGS cannot write or resume checkpoints"),
        ({**REFIT, "patience": None}, "^refit=True needs patience, which counts"),
        ({**REFIT, "validation_fraction": None}, "^refit=True needs validation data"),
        ({**REFIT, "time_budget": 1.0}, "rates of time_budget, which are not functions of the epoch"),
        ({**REFIT, "resume": "folder"}, "where refit=True, got 'folder'"),
        ({**REFIT, "callbacks": [ModelCheckpoint("c")]}, "^ModelCheckpoint among the callbacks"),
        ({"fault": "sign of DW"}, "Did you mean 'sign of dW'"),
        ({"fault": "sign of dW", "checkpoint": "c"}, "^fault and checkpoint cannot be given together"),
    ],
    "softmax": [
        ({"class_weight": "even"}, "'balanced' or a mapping"),
        ({"class_weight": {0: -1.0}}, "weights of at least 0"),
        ({"class_weight": dict.fromkeys(range(3), 0.0)}, "one of them above 0", DataError),
        ({"scoring": "f1_macro"}, "^scoring='f1_macro' needs validation data"),
        ({"scoring": "acuracy", "validation_fraction": 0.3}, "Did you mean 'accuracy'"),
        (
            {"scoring": "roc_auc", "validation_fraction": 0.3},
            "of such a target, got 'roc_auc', which is none",
        ),
    ],
    "identity": [
        ({"class_weight": "balanced"}, "^class_weight needs an output that learns classes, got 'identity'"),
        ({"scoring": "neg_log_loss", "validation_fraction": 0.3}, "', one of classes"),
    ],
}


class Begins(Callback):
    """Knows whether training began; it writes no entries that could be watched."""

    adds_to_records, begun = (), False

    def on_train_begin(self, training: Any) -> None:
        self.begun = True


@pytest.mark.parametrize(
    ("output", "case"), [(output, case) for output, cases in CASES.items() for case in cases]
)
def test_what_does_not_fit(output: str, case: Any, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (options, message, *other), begins = case, Begins()
    net = Network([3, 4, len(Y[output])], activation="tanh", output=output, seed=1)
    before, bits = net.parameters, net.parameters.flat.copy()
    callbacks = [*options.get("callbacks", []), begins]
    with pytest.raises(other[0] if other else ConfigurationError) as raised:
        net.train(X, Y[output], **{"iterations": 9, **options, "callbacks": callbacks})
    text = str(raised.value)
    assert text.startswith(message[1:]) if message[0] == "^" else message in text
    assert net.parameters is before
    np.testing.assert_array_equal(before.flat, bits)
    assert (net.history, begins.begun, list(tmp_path.iterdir())) == (None, False, [])
