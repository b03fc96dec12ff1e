"""Weights of classes, and a part of the examples held out, in `Network.train`."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from deepstep import Network
from deepstep.preparation import one_hot, ordinal_code
from deepstep.preparation.batches import Examples, hold_out

M = 40
RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, M))
LABELS = RNG.choice(3, M, p=[0.6, 0.3, 0.1])
WEIGHTS = RNG.uniform(0.5, 2, M)
TARGETS = {
    "softmax": one_hot(LABELS, 3),
    "ordinal": ordinal_code(LABELS, 3),
    "sigmoid": (LABELS[np.newaxis] == 0).astype(float),
}


def trained(output="softmax", Y=None, X=X, **options):
    Y = TARGETS[output] if Y is None else Y
    net = Network([3, 4, len(Y)], output=output, activation="tanh", seed=1)
    net.train(X, Y, **{"learning_rate": 0.3, "iterations": 5, "batch_size": 16, **options})
    return net


@pytest.mark.parametrize("output", TARGETS)
@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 1: 0.5}])
@pytest.mark.parametrize("sample_weight", [None, WEIGHTS])
def test_they_are_scikit_learns_sample_weights(output, class_weight, sample_weight):
    labels = LABELS if output != "sigmoid" else (LABELS == 0).astype(int)
    expected = compute_sample_weight(class_weight, labels)
    if sample_weight is not None:
        counts = np.bincount(labels, sample_weight)
        balanced = counts.sum() / (len(counts) * counts)
        expected = sample_weight * (balanced[labels] if class_weight == "balanced" else expected)
    weighted = trained(output, sample_weight=expected)
    by_class = trained(output, sample_weight=sample_weight, class_weight=class_weight)
    np.testing.assert_allclose(by_class.parameters.flat, weighted.parameters.flat, rtol=1e-9)


@pytest.mark.parametrize("sample_weight", [None, WEIGHTS])
def test_balanced_counts_what_is_learned_from_alone(sample_weight):
    """As if both parts were given, each by itself: those held out have the others' weights."""
    options = {"class_weight": "balanced", "iterations": 3}
    net = trained(validation_fraction=0.3, sample_weight=sample_weight, **options)
    rows = Examples(X.T, TARGETS["softmax"].T, sample_weight)
    learn, held = hold_out(rows, LABELS, fraction=0.3, seed=1)
    counts = [np.bincount(part.Y.argmax(axis=1), part.weight) for part in (learn, rows)]
    assert not np.allclose(counts[0] / counts[0].sum(), counts[1] / counts[1].sum())  # it makes a difference
    options["validation"] = (held.X.T, held.Y.T, *([] if held.weight is None else [held.weight]))
    alone = trained(Y=learn.Y.T, X=learn.X.T, sample_weight=learn.weight, **options)
    assert net.parameters == alone.parameters
    costs, costs_alone = (each.history.column("validation_cost") for each in (net, alone))
    np.testing.assert_array_equal(costs, costs_alone)


def test_the_first_training_draws_from_its_inputs():
    scaled, Y = 1e3 * X, TARGETS["sigmoid"]
    twin, waiting = Network([3, 5, 1], seed=4), Network([3, 5, 1], initialization="data", seed=4)
    twin.initialize_from_data(scaled)
    before, search = waiting.parameters, waiting.find_learning_rate(scaled, Y)
    assert waiting.parameters is before  # a search begins there, and changes nothing
    np.testing.assert_array_equal(search.costs, twin.find_learning_rate(scaled, Y).costs)
    for net in (waiting, twin):
        net.train(scaled, Y, iterations=3)
        net.train(2 * scaled, Y, iterations=3)  # the second one draws nothing
    assert waiting.parameters == twin.parameters
    own = Network([3, 5, 1], initialization="data", parameters=before, seed=4)
    assert next(own.steps(X, Y)).before == before
