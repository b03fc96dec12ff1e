"""Temperatures and label issues: on numbers alone, and as the estimators use them."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax
from sklearn.datasets import (
    load_breast_cancer,
    load_wine,
    make_friedman1,
    make_moons,
    make_multilabel_classification,
)
from sklearn.exceptions import NotFittedError
from sklearn.metrics import average_precision_score, log_loss

from deepstep import Network
from deepstep.ensembles.calibration import fit_temperature, with_temperature
from deepstep.ensembles.ensemble import weighted_mean
from deepstep.ensembles.metric import Metric
from deepstep.ensembles.predictor import Predictor, predictor_of
from deepstep.ensembles.weights import weigh
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor
from deepstep.network.architecture import Model
from deepstep.targets import Targets
from deepstep.types import Array
from export_models import PRESETS, fitted, table

SMALL = {"n_estimators": 5, "network_params": {"epochs": 15}, "random_state": 1}
LBFGS = {"random_state": 1, "solver": "lbfgs", "max_iter": 1000}
MULTILABEL = make_multilabel_classification(120, random_state=1)


def drawn(m, n, temperature, seed=0):
    """Probabilities of a model whose logits are this many times too large (T > 1), and labels."""
    rng = np.random.default_rng(seed)
    truth = softmax(rng.standard_normal((m, n)), axis=1)
    labels = np.array([rng.choice(n, p=row) for row in truth])
    return softmax(temperature * np.log(truth), axis=1), np.eye(n)[labels]


@pytest.mark.parametrize(("temperature", "n"), [(0.5, 2), (1.0, 4), (5.0, 4)])
def test_the_temperature_that_was_put_in_is_found(temperature, n):
    P, Y = drawn(6000, n, temperature)
    assert fit_temperature(P, Y) == pytest.approx(temperature, rel=0.1)


def test_columns_of_their_own_have_their_own_logits_divided():
    P = np.array([[0.1, 0.9, 0.5], [0.7, 0.3, 0.01]])
    expected = expit(np.log(P / (1 - P)) / 3)
    np.testing.assert_allclose(with_temperature(P, 3.0, each=True), expected, rtol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 4), st.floats(0.1, 10), st.booleans())
@settings(deadline=None, max_examples=50)
def test_what_is_found_keeps_the_order_and_is_no_worse_on_its_rows(seed, m, n, temperature, weighed):
    P, Y = drawn(m, n, temperature, seed)
    weight = np.random.default_rng(seed).uniform(0.1, 2, m) if weighed else None
    T = fit_temperature(P, Y, weight)
    assert 0 < T < np.inf
    found = with_temperature(P, T)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-9)
    assert (found[np.arange(m), P.argmax(axis=1)] >= found.max(axis=1)).all()

    def loss(P):
        return np.average(-np.log(np.maximum((P * Y).sum(axis=1), 1e-12)), weights=weight)

    assert loss(found) <= loss(P) + 1e-9


def test_few_rows_do_not_move_it_and_large_weights_do():
    P, Y = np.tile([0.2, 0.8], (10, 1)), np.tile([0.0, 1.0], (10, 1))
    assert fit_temperature(P, Y) == 1.0
    assert fit_temperature(np.tile(P, (100, 1)), np.tile(Y, (100, 1))) < 0.5
    P, Y = drawn(500, 3, 2.0)
    assert fit_temperature(P, Y, np.full(500, 7.0)) == pytest.approx(fit_temperature(P, Y), rel=1e-3)
    first = np.where(np.arange(500) < 250, 1.0, 1e-9)
    assert fit_temperature(P, Y, first) == pytest.approx(fit_temperature(P[:250], Y[:250]), rel=1e-3)


def test_calibrate_makes_an_overconfident_network_doubt():
    """A network that has learned noise by heart, rows to calibrate it, and rows to judge it."""
    X, y = make_moons(900, noise=0.4, random_state=1)
    model = NetworkClassifier((50, 50), alpha=0.01, tol=1e-3, **{**LBFGS, "max_iter": 10_000})
    assert not hasattr(model, "temperature_")
    model.fit(X[:150], y[:150])
    assert model.temperature_ == 1.0
    before, answers = log_loss(y[400:], model.predict_proba(X[400:])), model.predict(X[400:])
    assert model.calibrate(X[150:400], y[150:400]) is model
    T = model.temperature_
    assert T > 1.5
    assert log_loss(y[400:], model.predict_proba(X[400:])) < 0.8 * before
    np.testing.assert_array_equal(model.predict(X[400:]), answers)
    with pytest.raises(ValueError, match="weight"):
        model.calibrate(X, y, sample_weight=np.zeros(len(y)))
    with pytest.raises(DataError, match="y has the classes"):
        model.calibrate(X, y + 5)
    assert model.temperature_ == T
    assert model.set_params(solver="adam", tol=1e6).fit(X, y).temperature_ == 1.0  # a new fit forgets


@pytest.mark.parametrize("ordered", [False, True])
def test_a_temperature_changes_no_answer(ordered):
    X, Y = MULTILABEL
    if ordered:
        noisy = X[:, 0] + np.random.default_rng(1).standard_normal(len(X))
        Y = np.digitize(noisy, np.quantile(noisy, [0.3, 0.7]))
    model = DeepClassifier(loss="ordinal" if ordered else "cross_entropy", **SMALL).fit(X, Y)
    before = model.predict(X)
    P = model.calibrate(X, Y).predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), before)
    np.testing.assert_array_equal(P.argmax(axis=1) if ordered else P > 0.5, before)


def test_what_makes_no_sense_is_refused_in_words():
    X, y = make_moons(100, noise=0.3, random_state=1)
    plain, several = NetworkClassifier(5, **LBFGS), NetworkClassifier(5, **LBFGS).fit(*MULTILABEL)
    for ask in (lambda: plain.calibrate(X, y), lambda: plain.predict_set(X)):
        with pytest.raises(NotFittedError):
            ask()
    plain.fit(X, y)
    numbers = NetworkRegressor(5, **LBFGS).fit(X, X[:, 0])
    quantiles = DeepRegressor(loss="quantile", **SMALL).fit(X, X[:, 0])
    batch = NetworkClassifier(5, normalization="batch", max_iter=500, tol=0.1, random_state=1).fit(X, y)
    for ask, message in (
        *(
            (lambda alpha=alpha: plain.predict_set(X, alpha), "alpha must be a number")
            for alpha in (0, 1, "a")
        ),
        *((lambda n=n: plain.label_issues(X, y, n=n), "n must be a whole number") for n in (0, 1.5)),
        (lambda: plain.predict_set(X), r"Call calibrate\(X, y\)"),
        (lambda: numbers.predict_interval(X), r"Call calibrate\(X, y\)"),
        (lambda: quantiles.predict_interval(X), "whose quantiles are an interval themselves"),
        (lambda: quantiles.calibrate(X, X[:, 0]), "whose quantiles are an interval themselves"),
        (lambda: several.calibrate(*MULTILABEL).predict_set(MULTILABEL[0]), "one column of labels"),
        (lambda: batch.label_issues(X, y), "without batch normalization"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            ask()


def with_wrong_labels(load, share=0.05):
    """X, labels of which a share are other ones, and which those are."""
    X, y = load(return_X_y=True)
    rng, n_classes = np.random.default_rng(0), y.max() + 1
    wrong = np.zeros(len(y), bool)
    wrong[rng.choice(len(y), round(share * len(y)), replace=False)] = True
    return X, np.where(wrong, (y + rng.integers(1, n_classes, len(y))) % n_classes, y), wrong


def precision(issues, wrong):
    """Average precision of the ranking: 1 where all wrong ones come first."""
    rank = np.empty(len(wrong))
    rank[[issue.row for issue in issues]] = np.arange(len(wrong))
    return average_precision_score(wrong, -rank)


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_an_ensemble_finds_wrong_labels_in_what_it_learned(load):
    X, y, wrong = with_wrong_labels(load)
    weight = np.where(np.arange(len(y)) % 10, 1.0, 0.0)
    model = DeepClassifier(**SMALL).fit(X, y, weight)
    found = model.label_issues(X, y)
    assert precision(found, wrong) > 0.8  # by chance 0.05
    assert all(a.probability <= b.probability for a, b in pairwise(found))
    assert all(one.given == y[one.row] for one in found)
    found = sorted(found)  # by their rows
    assert [one.row for one in found] == list(range(len(y)))
    # a row that was held out is judged by those that did not learn it, one of weight 0 by all
    P = model.oof_predictions_
    P[weight == 0] = model.predict_proba(X[weight == 0])
    own = [one.probability for one in found]
    np.testing.assert_allclose(own, P[np.arange(len(y)), y], rtol=1e-5)
    elsewhere = sorted(model.label_issues(X[:20], y[:20]))  # these are not the rows of the fit
    by_all = model.predict_proba(X[:20])[np.arange(20), y[:20]]
    np.testing.assert_allclose([one.probability for one in elsewhere], by_all, rtol=1e-5)
    (member,) = (member for member in model.ensemble_.members if member.fold == 2)
    preprocessor, learned = model.ensemble_.preprocessors[2], np.flatnonzero(weight)
    rows = learned[model.ensemble_.held_out[2]]
    features = preprocessor.features(model.predictor_.columns.frame(X[rows], ""))
    inputs = preprocessor.inputs(features)[member.inputs]
    norms = member.network.gradient_norms(inputs.T, model.targets_.encode(y[rows], float).T)[0]
    np.testing.assert_allclose([found[row].gradient_norm for row in rows], norms, rtol=1e-4)


@pytest.mark.parametrize(
    "model", [DeepRegressor(**SMALL), NetworkRegressor(random_state=1, max_iter=2000, tol=1e-2)]
)
def test_wrong_numbers_are_found(model):
    X, y = make_friedman1(400, noise=0.5, random_state=1)
    wrong = np.arange(400) % 20 == 0
    y = np.where(wrong, y + 15, y)
    found = model.fit(X, y).label_issues(X, y)
    assert precision(found, wrong) > 0.9
    assert found[0].deviations == max(one.deviations for one in found) > 3


def test_what_is_told_of_several_targets_quantiles_frames_and_sparse_rows():
    X, Y = MULTILABEL
    (issue,) = DeepClassifier(**SMALL).fit(X, Y).label_issues(X, Y, n=1)
    assert issue.given.tolist() == Y[issue.row].tolist()
    median = DeepRegressor(loss="quantile", **SMALL).fit(X, X[:, 0])
    issues = median.label_issues(X[:50], X[:50, 0])
    middle = median.predict(X[[each.row for each in issues]])[:, 1]
    np.testing.assert_allclose([each.predicted for each in issues], middle, rtol=1e-3, atol=1e-5)
    names = np.array(["no", "yes"])[Y[:, 0]]
    frame = pandas.DataFrame(X[:, :3]).rename(columns=str).assign(kind=np.where(X[:, 0] > 20, "long", None))
    table = pandas.DataFrame(DeepClassifier(**SMALL).fit(frame, names).label_issues(frame, names, n=5))
    assert [*table] == ["row", "given", "predicted", "probability", "gradient_norm"]
    assert set(table.given) <= set(names)
    plain = NetworkClassifier(5, max_iter=2000, tol=1e-2, random_state=1).fit(csr_matrix(X), names)
    dense = [each.row for each in plain.label_issues(X, names, n=20)]
    assert [each.row for each in plain.label_issues(csr_matrix(X), names, n=20)] == dense


# Probabilities lie in [0, 1] and sum to 1


def check(P: Array, *, columns_of_their_own: bool = False) -> None:
    """Each is a probability; those of a row sum to 1 unless each column has two classes of its own."""
    assert P.min() >= 0
    assert P.max() <= 1
    if not columns_of_their_own:
        bound = 1e-6 if P.dtype == np.float32 else 1e-12
        assert np.abs(P.sum(axis=1, dtype=np.float64) - 1).max() <= bound


def redrawn(predictor: Predictor, rng: np.random.Generator) -> Predictor:
    """The predictor with other weights and temperatures, and networks that are much or little surer.

    An ensemble gets several presets of them.
    """
    ensemble, factor = predictor.ensemble, 10.0 ** rng.uniform(-1, 5)
    alone = len(ensemble.members) == 1
    names = list(ensemble.weights) if alone else [f"preset {k}" for k in range(rng.integers(1, 9))]
    members = tuple(
        replace(member, network=scaled(member.network, factor), preset=name)
        for name in names
        for member in ensemble.members
    )
    shares, warm = rng.dirichlet(np.ones(len(names))), [rng.choice([1.0, rng.uniform(0.3, 3)]) for _ in names]
    other = replace(
        ensemble,
        members=members,
        weights=dict(zip(names, shares.tolist(), strict=True)),
        temperatures=ensemble.temperatures if alone else dict(zip(names, warm, strict=True)),
    )
    calibration = replace(predictor.calibration, temperature=rng.choice([1.0, rng.uniform(0.3, 3)]))
    return replace(predictor, ensemble=other, calibration=calibration)


def scaled(network: Network, factor: float) -> Network:
    """The network with all its parameters times a factor."""
    parameters = network.parameters.like(network.parameters.flat * network.dtype.type(factor))
    other = Network._of(Model(network.architecture, parameters, network.statistics))
    other.engine = network.engine
    return other


@pytest.mark.parametrize("target", ["two classes", "classes", "ordered", "several"])
@pytest.mark.parametrize("preset", PRESETS)
def test_probabilities_of_many_ensembles(preset: str, target: str, fresh_seed: int) -> None:
    predictor, rows = predictor_of(fitted(preset, "number", target=target)), table("number")
    rng, several = np.random.default_rng(fresh_seed), target == "several"
    for _ in range(20 if preset == "ensemble" else 5):
        other = redrawn(predictor, rng)
        check(other.probabilities(other.outputs(rows)), columns_of_their_own=several)
        if preset == "ensemble":  # whose sets go by the means of folds
            frame = other.columns.frame(rows, "")
            A, _ = other.ensemble.mean_and_spread_of_fold(0, frame)
            check(other.targets.probabilities(A), columns_of_their_own=True)


@pytest.mark.filterwarnings("ignore:The number of unique classes")
def test_a_thousand_classes_in_float32() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3)).astype(np.float32)
    model = NetworkClassifier(8, random_state=0, tol=99, n_iter_no_change=1).fit(X, np.arange(1000))
    P = model.predict_proba(30 * X)
    assert P.dtype == np.float32
    check(P)


@given(st.integers(1, 40), st.integers(0, 10_000), st.sampled_from([np.float32, np.float64]))
def test_a_weighted_mean_is_between_its_terms_and_keeps_their_order(n: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    outputs = np.sort(rng.random((n, 20, 3)).astype(dtype))
    outputs[rng.random((n, 20)) < 0.5] = rng.integers(0, 2)
    mean = weighted_mean(outputs, rng.dirichlet(np.ones(n)))
    assert mean.dtype == dtype
    assert (np.diff(mean) >= 0).all()
    assert (mean >= 0).all()
    assert (mean <= 1).all()


@given(st.integers(2, 12), st.integers(0, 10_000), st.sampled_from([np.float32, np.float64]))
def test_predictions_for_rows_held_out_are_probabilities(n: int, seed: int, dtype: Any) -> None:
    rng = np.random.default_rng(seed)
    Y = rng.integers(0, 2, (30, 1)).astype(float)
    held_out = {}
    for preset in range(n):
        A = np.where(rng.random((30, 1)) < 0.7, Y, rng.random((30, 1))).astype(dtype)
        A[rng.random(30) < 0.1] = np.nan
        held_out[str(preset)] = A
    together = weigh(held_out, Y, Metric(Targets.of_classes([np.arange(2)])), None).together
    assert together is not None
    rows = np.isfinite(together)
    assert ((together[rows] >= 0) & (together[rows] <= 1)).all()
