"""Labels that are doubted and constant targets, each against a training as it should be."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.data import load
from deepstep.inspection import diagnose
from deepstep.inspection.findings import label_findings


@pytest.mark.parametrize(
    ("name", "seed", "mixed"),
    [("moons", 1, 0.1), ("digits", 1, 0.2), ("moons", 0, 0), ("planar", 0, 0), ("digits", 0, 0)],
)
def test_labels_are_doubted_where_some_were_mixed_up(name, seed, mixed):
    """Overlapping classes are no mistakes of the labels."""
    data, rng = load(name, seed=seed), np.random.default_rng(0)
    n = len(data.classes)
    parts = []
    for part, truth in ((data.X_train, data.y_train), (data.X_test, data.y_test)):
        wrong = rng.random(len(truth)) < mixed
        labels = np.where(wrong, (truth + rng.integers(1, n, size=len(truth))) % n, truth)
        Y = np.eye(n)[:, labels] if n > 2 else labels[np.newaxis].astype(float)
        parts.append((part.reshape(len(part), -1).T * data.scale, Y))
    (X, Y), (held, held_Y) = parts
    output = "softmax" if n > 2 else "sigmoid"
    net = Network([len(X), 16, len(Y)], output=output, activation="tanh", seed=1)
    history = net.train(X, Y, iterations=30, batch_size=32, optimizer="adam", learning_rate=0.01)
    found = diagnose(history, X=held, Y=held_Y, architecture=net.architecture, parameters=net.parameters)
    kinds = {finding.kind for finding in found}
    assert ("possible label errors" in kinds) == (mixed > 0)
    assert "constant target" not in kinds


def test_a_target_that_never_changes():
    X, Y = np.random.default_rng(0).standard_normal((3, 200)), np.full((1, 200), 3.5)
    net = Network([3, 8, 1], output="identity", seed=1)
    net.train(X, Y, learning_rate=0.05, iterations=20)
    of_history = diagnose(net.history, X=X, Y=Y, architecture=net.architecture, parameters=net.parameters)
    for found in (diagnose(net), of_history):
        assert "constant target" in {finding.kind for finding in found}


def test_answers_that_are_no_better_or_as_sure_as_they_say_doubt_no_label():
    """Of a guess half of the sure answers are wrong; of honest ones a fifth, of the sure half a tenth."""
    rng = np.random.default_rng(0)
    assert list(label_findings(rng.dirichlet(np.ones(3), 300), rng.integers(0, 3, 300))) == []
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
