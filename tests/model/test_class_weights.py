"""`Network.train`: metrics of the validation data, weights of classes, and a part that is held out."""

import numpy as np
import pytest
from sklearn.metrics import (
    balanced_accuracy_score,
    d2_pinball_score,
    f1_score,
    log_loss,
    r2_score,
    roc_auc_score,
)
from sklearn.utils.class_weight import compute_sample_weight

from deepstep import Network
from deepstep.preparation import one_hot, ordinal_code
from deepstep.preparation.batches import Examples, hold_out

RNG = np.random.default_rng(0)
X, V = RNG.standard_normal((3, 60)), RNG.standard_normal((3, 40))
LABELS, HELD = (np.digitize(inputs[0] + 0.3 * inputs[1], [0.0, 1.0]) for inputs in (X, V))
WEIGHTS = RNG.uniform(0.5, 2, 100)
CODES = {
    "softmax": lambda y: one_hot(y, 3),
    "ordinal": lambda y: ordinal_code(y, 3),
    "sigmoid": lambda y: (y[np.newaxis] > 0) * 1.0,
    "identity": lambda y: y[np.newaxis] * 1.0,
}


def trained(output="softmax", X=X, Y=None, **options):
    Y = CODES[output](LABELS) if Y is None else Y
    net = Network([3, 5, len(Y)], activation="tanh", output=output, seed=1)
    net.train(X, Y, **{"learning_rate": 0.3, "iterations": 6, "batch_size": 20, **options})
    return net


# Metrics


def balanced(P, y, w):
    return balanced_accuracy_score(y, P.argmax(axis=0), sample_weight=w)


METRICS = {
    "softmax": ("balanced_accuracy", balanced),
    "softmax, loss": ("neg_log_loss", lambda A, y, w: -log_loss(y, A.T, sample_weight=w)),
    "sigmoid": ("roc_auc", lambda A, y, w: roc_auc_score(y > 0, A[0], sample_weight=w)),
    "ordinal": (  # the probabilities of three classes, from those of y > 0 and y > 1
        "balanced_accuracy",
        lambda A, y, w: balanced(np.vstack([1 - A[0], A[0] - A[1], A[1]]), y, w),
    ),
    "identity": ("r2", lambda A, y, w: r2_score(y, A[0], sample_weight=w)),
}


@pytest.mark.parametrize("weight", [None, WEIGHTS[60:]])
@pytest.mark.parametrize("case", METRICS)
def test_it_is_scikit_learns_metric_of_each_epoch(case, weight):
    (scoring, metric), output = METRICS[case], case.partition(",")[0]
    held = (V, CODES[output](HELD), *([] if weight is None else [weight]))
    net = trained(output, scoring=scoring, validation=held)
    for epochs, record in enumerate(net.history, start=1):
        alone = trained(output, iterations=epochs)
        expected = metric(alone.forward(V), HELD, weight)
        assert record["validation_score"] == pytest.approx(expected, rel=1e-12)
    assert net.parameters == alone.parameters  # looking changes nothing


def test_several_yes_or_no_outputs_and_a_scorer_of_ones_own():
    """Two of them are no classes 0 and 1 of one."""
    Y, held = (inputs[:2] > 0.0 for inputs in (X, V))
    net = trained("sigmoid", Y=Y, validation=(V, held), scoring="f1_micro")
    expected = f1_score(held.T * 1.0, net.forward(V).T > 0.5, average="micro")
    assert net.history[-1]["validation_score"] == pytest.approx(expected, rel=1e-12)

    def pinball(judged, inputs, y):
        return d2_pinball_score(y, judged.predict(inputs)[:, 1], alpha=0.5)

    net = Network([3, 5, 3], output="quantile", seed=1)
    net.train(X, X[:1], iterations=2, validation=(V, V[:1]), scoring=pinball)
    assert net.history[-1]["validation_score"] == d2_pinball_score(V[0], net.forward(V)[1])


def test_patience_goes_by_it():
    scores, held = iter([0.1, 0.4, 0.2, 0.3, 0.3, 0.9]), {"validation": (V, CODES["softmax"](HELD))}
    net = trained(scoring=lambda *_: next(scores), patience=3, **held)
    assert net.history.stopped == "validation_score did not improve for 3 epochs in a row"
    assert net.parameters == trained(iterations=2).parameters
    history = trained(scoring="loss", patience=3, monitor="cost", iterations=9, **held).history
    assert len(history) == 9
    np.testing.assert_array_equal(-history.column("validation_score"), history.column("validation_cost"))


# Weights of classes


@pytest.mark.parametrize("output", ["softmax", "ordinal", "sigmoid"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 1: 0.5}])
@pytest.mark.parametrize("weight", [None, WEIGHTS[:60]])
def test_they_are_scikit_learns_sample_weights(output, class_weight, weight):
    labels = LABELS if output != "sigmoid" else (LABELS > 0).astype(int)
    expected = compute_sample_weight(class_weight, labels)
    if weight is not None:
        counts = np.bincount(labels, weight)
        balanced = counts.sum() / (len(counts) * counts)
        expected = weight * (balanced[labels] if class_weight == "balanced" else expected)
    by_class = trained(output, sample_weight=weight, class_weight=class_weight)
    weighted = trained(output, sample_weight=expected)
    np.testing.assert_allclose(by_class.parameters.flat, weighted.parameters.flat, rtol=1e-9)


@pytest.mark.parametrize("weight", [None, WEIGHTS[:60]])
def test_balanced_counts_what_is_learned_from_alone(weight):
    """As if both parts were given, each by itself: those held out have the others' weights."""
    options = {"class_weight": "balanced", "iterations": 3}
    net = trained(validation_fraction=0.3, sample_weight=weight, **options)
    rows = Examples(X.T, CODES["softmax"](LABELS).T, weight)
    learn, held = hold_out(rows, LABELS, fraction=0.3, seed=1)
    counts = [np.bincount(part.Y.argmax(axis=1), part.weight) for part in (learn, rows)]
    assert not np.allclose(counts[0] / counts[0].sum(), counts[1] / counts[1].sum())  # it makes a difference
    options["validation"] = (held.X.T, held.Y.T, *([] if held.weight is None else [held.weight]))
    alone = trained(X=learn.X.T, Y=learn.Y.T, sample_weight=learn.weight, **options)
    assert net.parameters == alone.parameters
    costs, costs_alone = (each.history.column("validation_cost") for each in (net, alone))
    np.testing.assert_array_equal(costs, costs_alone)


def test_the_first_training_draws_from_its_inputs():
    scaled, Y = 1e3 * X, CODES["sigmoid"](LABELS)
    twin, waiting = Network([3, 5, 1], seed=4), Network([3, 5, 1], initialization="data", seed=4)
    twin.initialize_from_data(scaled)
    before, search = waiting.parameters, waiting.find_learning_rate(scaled, Y)
    assert waiting.parameters is before  # a search begins there, and changes nothing
    np.testing.assert_array_equal(search.costs, twin.find_learning_rate(scaled, Y).costs)
    for net in (waiting, twin):
        net.train(scaled, Y, iterations=3)
        net.train(2 * scaled, Y, iterations=3)  # the second one draws nothing
    assert waiting.parameters == twin.parameters
    own = Network([3, 5, 1], initialization="data", parameters=twin.parameters, seed=4)
    assert next(own.steps(X, Y)).before == twin.parameters
