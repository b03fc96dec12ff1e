"""`Network.train(scoring=…)`: scikit-learn's metrics of the validation data, in the records."""

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

from deepstep import Network
from deepstep.preparation import one_hot, ordinal_code

RNG = np.random.default_rng(0)
X, V = RNG.standard_normal((3, 60)), RNG.standard_normal((3, 40))
WEIGHTS = RNG.uniform(0.5, 2, 40)


def labels(inputs):
    return np.digitize(inputs[0] + 0.3 * inputs[1], [0.0, 1.0])


def positions(A):
    return A.argmax(axis=0)


def of_ordered(A):
    """The probabilities of three classes, from those of y > 0 and y > 1."""
    return np.vstack([1 - A[0], A[0] - A[1], A[1]])


CASES = {
    "softmax": (
        "balanced_accuracy",
        lambda A, y, w: balanced_accuracy_score(y, positions(A), sample_weight=w),
    ),
    "softmax, loss": ("neg_log_loss", lambda A, y, w: -log_loss(y, A.T, sample_weight=w)),
    "sigmoid": ("roc_auc", lambda A, y, w: roc_auc_score(y > 0, A[0], sample_weight=w)),
    "ordinal": (
        "balanced_accuracy",
        lambda A, y, w: balanced_accuracy_score(y, positions(of_ordered(A)), sample_weight=w),
    ),
    "identity": ("r2", lambda A, y, w: r2_score(y, A[0], sample_weight=w)),
}


def targets(output, y):
    code = {"softmax": lambda: one_hot(y, 3), "ordinal": lambda: ordinal_code(y, 3)}
    return code.get(output, lambda: (y[np.newaxis] > 0 if output == "sigmoid" else y[np.newaxis]) * 1.0)()


def trained(output, scoring, weight=None, **options):
    Y = targets(output, labels(X))
    held = (V, targets(output, labels(V)), *([] if weight is None else [weight]))
    net = Network([3, 5, len(Y)], activation="tanh", output=output, seed=1)
    options = {"learning_rate": 0.3, "iterations": 6, "batch_size": 20, "validation": held, **options}
    net.train(X, Y, scoring=scoring, **options)
    return net


@pytest.mark.parametrize("weight", [None, WEIGHTS])
@pytest.mark.parametrize("case", CASES)
def test_it_is_scikit_learns_metric_of_each_epoch(case, weight):
    (scoring, metric), output = CASES[case], case.partition(",")[0]
    net = trained(output, scoring, weight)
    for epochs, record in enumerate(net.history, start=1):
        alone = trained(output, None, iterations=epochs)
        expected = metric(alone.forward(V), labels(V), weight)
        assert record["validation_score"] == pytest.approx(expected, rel=1e-12)
    assert net.parameters == alone.parameters  # looking changes nothing


def test_several_yes_or_no_outputs():
    """Two of them are no classes 0 and 1 of one."""
    Y, held = (inputs[:2] > 0.0 for inputs in (X, V))
    net = Network([3, 5, 2], seed=1)
    net.train(X, Y, iterations=3, validation=(V, held), scoring="f1_micro")
    expected = f1_score(held.T * 1.0, net.forward(V).T > 0.5, average="micro")
    assert net.history[-1]["validation_score"] == pytest.approx(expected, rel=1e-12)


def test_minus_the_cost_and_a_scorer_of_ones_own():
    history = trained("softmax", "loss").history
    np.testing.assert_array_equal(-history.column("validation_score"), history.column("validation_cost"))

    def pinball(judged, inputs, y):
        return d2_pinball_score(y, judged.predict(inputs)[:, 1], alpha=0.5)

    net = Network([3, 5, 3], output="quantile", seed=1)
    net.train(X, X[:1], iterations=2, validation=(V, V[:1]), scoring=pinball)
    assert net.history[-1]["validation_score"] == d2_pinball_score(V[0], net.forward(V)[1])


def test_patience_goes_by_it():
    scores = iter([0.1, 0.4, 0.2, 0.3, 0.3, 0.9])
    net = trained("softmax", lambda *_: next(scores), patience=3)
    assert net.history.stopped == "validation_score did not improve for 3 epochs in a row"
    assert net.parameters == trained("softmax", None, iterations=2).parameters
    assert len(trained("softmax", "loss", patience=3, monitor="cost", iterations=9).history) == 9
