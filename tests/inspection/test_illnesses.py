"""Labels that are doubted, constant targets and divergence, each against a training as it should be."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.data import load
from deepstep.inspection import diagnose
from deepstep.inspection.findings import label_findings
from deepstep.training import Health


def outputs_of(name: str, seed: int, *, mixed: float = 0.0) -> set[str]:
    """What is found in a training on a data set, of which a share of the labels is another one."""
    data, rng = load(name, seed=seed), np.random.default_rng(0)
    n = len(data.classes)
    (X, labels), (held, held_labels) = (
        (part.reshape(len(part), -1).T * data.scale, truth.copy())
        for part, truth in ((data.X_train, data.y_train), (data.X_test, data.y_test))
    )
    for truth in (labels, held_labels):
        wrong = rng.random(len(truth)) < mixed
        truth[wrong] = (truth[wrong] + rng.integers(1, n, size=wrong.sum())) % n
    Y, held_Y = (
        np.eye(n)[:, truth] if n > 2 else truth[np.newaxis].astype(float) for truth in (labels, held_labels)
    )
    network = Network(
        [len(X), 16, len(Y)], output="softmax" if n > 2 else "sigmoid", activation="tanh", seed=1
    )
    options = {"iterations": 30, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.01}
    history = network.train(X, Y, callbacks=[Health()], **options)
    about = {"architecture": network.architecture, "parameters": network.parameters}
    return {finding.kind for finding in diagnose(history, X=held, Y=held_Y, **about)}


@pytest.mark.parametrize(("name", "share"), [("moons", 0.1), ("digits", 0.2)])
def test_labels_that_were_mixed_up_are_doubted(name, share):
    assert "possible label errors" in outputs_of(name, 1, mixed=share)


@pytest.mark.parametrize("name", ["moons", "planar", "spirals", "digits"])
def test_labels_of_clean_data_are_not_doubted(name):
    """Overlapping classes are no mistakes of the labels."""
    assert not outputs_of(name, 0) & {"possible label errors", "constant target"}


def test_a_target_that_never_changes():
    X, Y = np.random.default_rng(0).standard_normal((3, 200)), np.full((1, 200), 3.5)
    network = Network([3, 8, 1], output="identity", seed=1)
    network.train(X, Y, learning_rate=0.05, iterations=20)
    assert "constant target" in {finding.kind for finding in diagnose(network)}
    about = {"architecture": network.architecture, "parameters": network.parameters}
    assert "constant target" in {finding.kind for finding in diagnose(network.history, X=X, Y=Y, **about)}


def test_answers_that_were_never_learned_say_nothing_of_labels():
    """Of answers no better than a guess half of the sure ones are wrong, too."""
    rng = np.random.default_rng(0)
    P = rng.dirichlet(np.ones(3), 300)
    assert list(label_findings(P, rng.integers(0, 3, 300))) == []


def test_classes_that_overlap_as_the_answers_say_are_no_mistakes():
    """A fifth of the answers is wrong, of the sure half a tenth."""
    rng = np.random.default_rng(0)
    sure, answer = rng.uniform(0.6, 1, 2000), np.arange(2000) % 2
    of_ones = np.where(answer == 1, sure, 1 - sure)
    true = np.where(rng.random(2000) > sure, 1 - answer, answer)
    assert list(label_findings(np.column_stack([1 - of_ones, of_ones]), true)) == []


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
