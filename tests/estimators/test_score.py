"""The score of both classifiers is scikit-learn's accuracy, whatever labels training and scoring have."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier

from deepstep import DeepClassifier, NetworkClassifier
from deepstep.types import AnyArray

pytestmark = [
    pytest.mark.filterwarnings("ignore:Training ended before"),
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.filterwarnings("ignore:invalid value encountered in cast"),  # scikit-learn looks at NaN
    pytest.mark.filterwarnings("ignore:The groups parameter is ignored"),
]

X, NUMBERS = load_iris(return_X_y=True)

KINDS = {
    "int": np.array([0, 1, 2, 7]),
    "negative": np.array([-3, -1, 0, 5]),
    "float": np.array([0.0, 1.0, 2.0, 7.0]),
    "text": np.array(["a", "b", "c", "d"]),
    "object": np.array(["a", "b", "c", "d"], object),
    "bool": np.array([False, True]),
}
"""Labels of each kind, of which training and scoring have some."""


def _plain(**params: object) -> NetworkClassifier:
    return NetworkClassifier(4, max_iter=3, random_state=0, **params)


def _labels(kind: str, rng: np.random.Generator) -> AnyArray:
    """Labels of the rows of X, of a random subset of at least two classes of a kind."""
    classes = KINDS[kind]
    chosen = rng.choice(classes, rng.integers(2, len(classes) + 1), replace=False)
    y = rng.choice(chosen, len(X))
    y[: len(chosen)] = chosen
    return y


def _score_or_error(score: object, *arguments: AnyArray) -> object:
    try:
        return score(*arguments)  # type: ignore[operator]
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_score_is_the_accuracy_for_any_labels_of_training_and_scoring(kind: str, fresh_seed: int) -> None:
    rng = np.random.default_rng(fresh_seed)
    for _ in range(3):
        model = _plain().fit(X, _labels(kind, rng))
        predicted = model.predict(X)
        for other in KINDS:
            y, weight = _labels(other, rng), rng.random(len(X))
            expected = _score_or_error(accuracy_score, y, predicted)
            assert _score_or_error(model.score, X, y) == expected
            if isinstance(expected, float):
                assert model.score(X, y, weight) == accuracy_score(y, predicted, sample_weight=weight)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", ["text", "int", "decimal", "missing", "short"])
def test_score_refuses_what_the_network_of_scikit_learn_refuses(kind: str, other: str) -> None:
    y = KINDS[kind][NUMBERS % len(KINDS[kind])]
    others = {
        "text": KINDS["text"][NUMBERS],
        "int": NUMBERS,
        "decimal": NUMBERS + 0.5,
        "missing": np.where(NUMBERS == 0, np.nan, NUMBERS),
        "short": y[:-1],
    }
    model, peer = _plain().fit(X, y), MLPClassifier(4, max_iter=3, random_state=0).fit(X, y)
    try:
        peer.score(X, others[other])
    except ValueError:
        with pytest.raises(ValueError, match=r".+"):
            model.score(X, others[other])
    else:
        assert model.score(X, others[other]) == accuracy_score(others[other], model.predict(X))


def test_an_unknown_label_counts_as_wrong_where_targets_are_probabilities() -> None:
    model = _plain(soft_targets=True, classes=["a", "c"]).fit(X, np.eye(2)[NUMBERS % 2])
    y = np.array(["a", "b", "c"])[NUMBERS]
    assert model.score(X, y) == accuracy_score(y, model.predict(X))
    P = np.random.default_rng(0).dirichlet([1, 1], len(X))
    assert model.score(X, P) == accuracy_score(np.array(["a", "c"])[P.argmax(axis=1)], model.predict(X))


def test_several_columns_are_right_together() -> None:
    rng = np.random.default_rng(0)
    Y = rng.integers(0, 2, (len(X), 2))
    model = _plain().fit(X, Y)
    others = rng.integers(0, 2, (len(X), 2))
    assert model.score(X, others) == accuracy_score(others, model.predict(X))
    for wrong in (NUMBERS, KINDS["text"][NUMBERS], np.hstack([Y, Y])):
        with pytest.raises(ValueError, match=r".+"):
            model.score(X, wrong)


def test_the_ensemble_scores_labels_that_were_not_learned() -> None:
    """Learned are 0 and 2, scored 0 and 1: no label 1 is right."""
    learned, scored = NUMBERS != 1, NUMBERS != 2
    model = DeepClassifier(network_params={"epochs": 2}, n_estimators=2, random_state=0)
    model.fit(X[learned], NUMBERS[learned])
    predicted = model.predict(X[scored])
    assert model.score(X[scored], NUMBERS[scored]) == accuracy_score(NUMBERS[scored], predicted)
