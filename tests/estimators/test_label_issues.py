"""Labels and numbers that were made wrong on purpose are among the first label issues."""

from itertools import pairwise

import numpy as np
import pandas
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_friedman1,
    make_multilabel_classification,
)
from sklearn.metrics import average_precision_score
from sklearn.preprocessing import StandardScaler

from deepstep.errors import ConfigurationError
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.estimators.inputs import RawData
from deepstep.estimators.label_issues import out_of_fold_scores

SMALL = {"preset": "tabular", "n_estimators": 5, "max_iter": 15, "random_state": 1}
SETS = {"cancer": load_breast_cancer, "digits": load_digits, "iris": load_iris, "wine": load_wine}


def with_wrong_labels(load, share=0.05):
    """X, labels of which a share are other ones, and which those are."""
    X, y = load(return_X_y=True)
    rng, n_classes = np.random.default_rng(0), y.max() + 1
    wrong = np.zeros(len(y), bool)
    wrong[rng.choice(len(y), round(share * len(y)), replace=False)] = True
    return X, np.where(wrong, (y + rng.integers(1, n_classes, len(y))) % n_classes, y), wrong


def given_rows(X, y):
    return RawData(X, y, None)


def precision(issues, wrong):
    """Average precision of the ranking: 1 where all wrong ones come first."""
    rank = np.empty(len(wrong))
    rank[[issue.row for issue in issues]] = np.arange(len(wrong))
    return average_precision_score(wrong, -rank)


@pytest.fixture(scope="module", params=SETS)
def spoiled(request):
    X, y, wrong = with_wrong_labels(SETS[request.param])
    return DeepClassifier(**SMALL).fit(X, y), X, y, wrong


def test_an_ensemble_finds_wrong_labels_in_what_it_learned(spoiled):
    model, X, y, wrong = spoiled
    found = model.label_issues(X, y)
    assert sorted(one.row for one in found) == list(range(len(y)))
    assert precision(found, wrong) > 0.8  # by chance 0.05
    assert all(a.probability <= b.probability for a, b in pairwise(found))
    assert all(one.given == y[one.row] and one.gradient_norm > 0 for one in found)


def test_each_row_is_judged_by_those_that_did_not_learn_it(spoiled):
    model, X, y, _ = spoiled
    A = out_of_fold_scores(model, given_rows(X, y), "here")[0]
    np.testing.assert_array_equal(A, model.ensemble_.out_of_fold)
    other_order = out_of_fold_scores(model, given_rows(X[::-1], y[::-1]), "here")[0]
    np.testing.assert_allclose(other_order[::-1], model._outputs(X), rtol=1e-5)
    part = out_of_fold_scores(model, given_rows(X[:20], y[:20]), "here")[0]
    np.testing.assert_allclose(part, model._outputs(X[:20]), rtol=1e-5)


def test_gradient_norms_of_an_ensemble_are_those_of_the_members_that_did_not_learn(spoiled):
    model, X, y, _ = spoiled
    norms = out_of_fold_scores(model, given_rows(X, y), "here")[2]
    ensemble, table = model.ensemble_, model._table(X, reset=False, where="here")
    (member,) = (member for member in ensemble.members if member.fold == 2)
    preparer = ensemble.preprocessors[2]
    numbers = preparer.fold.held_out
    inputs = preparer.inputs(table)[member.preset.cuts][numbers]
    own = member.network.gradient_norms(inputs.T, model._labels.encode(y[numbers], float).T)
    np.testing.assert_allclose(norms[numbers], own[0], rtol=1e-4)


def test_rows_of_weight_0_are_judged_by_all_members():
    X, y, _ = with_wrong_labels(load_iris)
    weight = np.where(np.arange(len(y)) % 10, 1.0, 0.0)
    model = DeepClassifier(**SMALL).fit(X, y, sample_weight=weight)
    A = out_of_fold_scores(model, given_rows(X, y), "here")[0]
    np.testing.assert_array_equal(A[weight > 0], model.ensemble_.out_of_fold)
    np.testing.assert_allclose(A[weight == 0], model._outputs(X[weight == 0]), rtol=1e-5)


def test_a_plain_network_finds_wrong_labels_where_it_has_not_learned_them_by_heart():
    X, y, wrong = with_wrong_labels(load_breast_cancer)
    X = StandardScaler().fit_transform(X)
    model = DeepClassifier(alpha=1.0, max_iter=1000, tol=1e-3, random_state=1, preset="mlp").fit(X, y)
    found = model.label_issues(X, y)
    assert precision(found, wrong) > 0.9
    norms = model.network_.gradient_norms(X.T, y[np.newaxis])[0]
    assert [one.gradient_norm for one in found] == norms[[one.row for one in found]].tolist()


@pytest.mark.parametrize("preset", ["tabular", "mlp"])
def test_wrong_numbers_are_found(preset):
    X, y = make_friedman1(400, noise=0.5, random_state=1)
    wrong = np.zeros(400, bool)
    wrong[::20] = True
    y = np.where(wrong, y + 15, y)
    own = (
        SMALL if preset == "tabular" else {"preset": "mlp", "max_iter": 2000, "tol": 1e-2, "random_state": 1}
    )
    found = DeepRegressor(**own).fit(X, y).label_issues(X, y)
    assert precision(found, wrong) > 0.9
    assert found[0].deviations > 3
    assert found[0].deviations == max(one.deviations for one in found)


def test_what_is_told_of_several_targets():
    X, Y = make_multilabel_classification(120, random_state=1)
    found = DeepClassifier(**SMALL).fit(X, Y).label_issues(X, Y, n=3)
    assert len(found) == 3
    assert found[0].given.tolist() == Y[found[0].row].tolist()
    numbers = X[:, :2].astype(float)
    first = DeepRegressor(**SMALL).fit(X, numbers).label_issues(X, numbers, n=1)[0]
    assert first.given.tolist() == numbers[first.row].tolist()
    median = DeepRegressor(loss="quantile", **SMALL).fit(X, numbers[:, 0])
    found = median.label_issues(X[:50], numbers[:50, 0])
    np.testing.assert_allclose(
        [one.predicted for one in found],
        median.predict(X[[one.row for one in found]])[:, 1],
        rtol=1e-3,
        atol=1e-5,
    )


def test_a_frame_of_words_and_sparse_rows():
    X, y, _ = with_wrong_labels(load_iris)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    frame = pandas.DataFrame(X, columns=list("abcd")).assign(kind=np.where(X[:, 0] > 5, "long", None))
    found = DeepClassifier(**SMALL).fit(frame, names).label_issues(frame, names, n=5)
    table = pandas.DataFrame(found)
    assert [*table] == ["row", "given", "predicted", "probability", "gradient_norm"]
    assert set(table.given) <= set(names)
    assert len(DeepClassifier(**SMALL).fit(csr_matrix(X), y).label_issues(csr_matrix(X), y)) == len(y)
    plain = DeepClassifier(5, max_iter=2000, tol=1e-2, random_state=1, preset="mlp").fit(csr_matrix(X), y)
    dense = [one.row for one in plain.label_issues(X, y, n=20)]
    assert [one.row for one in plain.label_issues(csr_matrix(X), y, n=20)] == dense


def test_what_cannot_be_is_refused():
    X, y = load_iris(return_X_y=True)
    model = DeepClassifier(5, max_iter=2000, tol=1e-2, random_state=1, preset="mlp").fit(X, y)
    for n in (0, 1.5, "a"):
        with pytest.raises(ConfigurationError, match="n is a whole number"):
            model.label_issues(X, y, n=n)
    batch = DeepClassifier(
        5, normalization="batch", max_iter=2000, tol=1e-2, random_state=1, preset="mlp"
    ).fit(X, y)
    with pytest.raises(ConfigurationError, match="without batch normalization"):
        batch.label_issues(X, y)
