"""Each finding, against a training that is made ill on purpose, and the same training as it should be."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.data import load
from deepstep.errors import DivergenceError
from deepstep.inspection import diagnose
from deepstep.inspection.findings import divergence_finding, label_findings
from deepstep.training import Health

SOME = {"iterations": 60, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.005}


@dataclass(frozen=True)
class Course:
    """A training: what is learned, by what, and rows that were held out."""

    X: Any
    Y: Any
    held_X: Any
    held_Y: Any
    network: dict[str, Any] = field(default_factory=dict)
    dims: tuple[int, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)

    def but(self, **changed: Any) -> "Course":
        merged = {
            name: {**getattr(self, name), **value} if isinstance(value, dict) else value
            for name, value in changed.items()
        }
        return replace(self, **merged)

    def kinds(self) -> set[str]:
        """What is found in it."""
        network = Network(self.dims, seed=1, **self.network)
        for name, value in self.changes.items():
            network.parameters[name][:] = value
        try:
            history = network.train(self.X, self.Y, callbacks=[Health()], **{**SOME, **self.options})
        except DivergenceError as error:
            told = {"came": error.got, "mend": error.hint, "layer": error.layer, "step": error.step}
            found = diagnose(error.history, diverged=told)
            if str(found[0]) != str(divergence_finding(told)):
                pytest.fail("the divergence is not the first that is found")
        else:
            about = {"architecture": network.architecture, "parameters": network.parameters}
            found = diagnose(history, X=self.held_X, Y=self.held_Y, **about)
        return {finding.kind for finding in found}


def moons() -> Course:
    data = load("moons", seed=1)
    Y, held = (part[np.newaxis].astype(float) for part in (data.y_train, data.y_test))
    return Course(data.X_train.T, Y, data.X_test.T, held, {"activation": "tanh"}, (2, 16, 8, 1))


def digits() -> Course:
    data = load("digits", seed=1)
    X, held = (part.reshape(len(part), -1).T * data.scale for part in (data.X_train, data.X_test))
    Y, held_Y = (np.eye(10)[part].T for part in (data.y_train, data.y_test))
    return Course(X, Y, held, held_Y, {"output": "softmax"}, (64, 16, 10), {"iterations": 30})


def mixed_up(course: Course, share: float) -> Course:
    """A share of the labels is another one, in both parts."""
    rng = np.random.default_rng(0)

    def mixed(Y):
        Y = Y.copy()
        for column in np.flatnonzero(rng.random(Y.shape[1]) < share):
            Y[:, column] = np.roll(Y[:, column], rng.integers(1, len(Y))) if len(Y) > 1 else 1 - Y[:, column]
        return Y

    return course.but(Y=mixed(course.Y), held_Y=mixed(course.held_Y))


def line(noisy: float = 0.1) -> Course:
    rng = np.random.default_rng(0)
    X, held = rng.standard_normal((2, 3, 200))
    Y, held_Y = (
        np.sum(part, axis=0, keepdims=True) + noisy * rng.standard_normal((1, 200)) for part in (X, held)
    )
    return Course(X, Y, held, held_Y, {"output": "identity"}, (3, 8, 1), {"iterations": 200})


GD = {"optimizer": "gd", "batch_size": None}
ILLNESSES = {
    "a rate that is far too high overflows": (
        "divergence",
        line().but(options={**GD, "learning_rate": 1e9}),
        line().but(options={**GD, "learning_rate": 0.05}),
    ),
    "relus that a rate has killed": (
        "dead units",
        moons().but(network={"activation": "relu"}, options={"optimizer": "gd", "learning_rate": 50}),
        moons().but(network={"activation": "relu"}, options={"optimizer": "gd", "learning_rate": 0.1}),
    ),
    "sigmoids whose inputs are not scaled": (
        "saturated units",
        replace(moons(), X=1000 * moons().X, held_X=1000 * moons().held_X, network={"activation": "sigmoid"}),
        moons().but(network={"activation": "sigmoid"}),
    ),
    "a tenth of two moons mixed up": ("possible label errors", mixed_up(moons(), 0.1), moons()),
    "a fifth of the digits mixed up": ("possible label errors", mixed_up(digits(), 0.2), digits()),
    "a target that never changes": (
        "constant target",
        line().but(Y=np.full((1, 200), 3.5), held_Y=np.full((1, 200), 3.5)),
        line(),
    ),
}


@pytest.mark.parametrize("illness", ILLNESSES)
def test_the_illness_is_found_and_health_is_not_called_ill(illness):
    kind, ill, healthy = ILLNESSES[illness]
    assert kind in ill.kinds()
    assert kind not in healthy.kinds()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["moons", "planar", "spirals", "digits"])
def test_labels_of_clean_data_are_not_doubted(name, seed):
    """Overlapping classes are no mistakes of the labels."""
    data = load(name, seed=seed)
    n = len(data.classes)
    X, held = (part.reshape(len(part), -1).T * data.scale for part in (data.X_train, data.X_test))
    Y, held_Y = (
        np.eye(n)[part].T if n > 2 else part[np.newaxis].astype(float) for part in (data.y_train, data.y_test)
    )
    outputs = {"output": "softmax"} if n > 2 else {}
    course = Course(X, Y, held, held_Y, outputs, (len(X), 16, n if n > 2 else 1), {"iterations": 25})
    assert not course.kinds() & {"possible label errors", "constant target"}


def test_answers_that_were_never_learned_say_nothing_of_labels():
    """Of answers no better than a guess half of the sure ones are wrong, too."""
    rng = np.random.default_rng(0)
    P = rng.dirichlet(np.ones(3), 300)
    assert list(label_findings(P, rng.integers(0, 3, 300))) == []


def test_the_rows_that_are_named_are_those_that_were_mixed_up():
    rng = np.random.default_rng(1)
    true = rng.integers(0, 2, 400)
    sure = rng.uniform(0.55, 0.99, 400)
    P = np.where(np.eye(2)[true] == 1, sure[:, None], 1 - sure[:, None])
    labels, mixed = true.copy(), rng.choice(400, 40, replace=False)
    labels[mixed] = 1 - labels[mixed]
    (finding,) = label_findings(P, labels, numbers=np.arange(400) + 1000)
    named = {int(word) for word in finding.says.rpartition("rows ")[2].replace(", …", "").split(", ")}
    assert named <= set(mixed + 1000)
    assert len(named) == 10
