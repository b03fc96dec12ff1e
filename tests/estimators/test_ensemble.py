"""An ensemble of networks for tables: folds, presets, weights, and what it does with rows as they are."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_iris, load_wine, make_friedman1
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from deepstep.engines.compiled import threads
from deepstep.ensembles import fit, workers
from deepstep.ensembles.metric import Metric
from deepstep.ensembles.split import random_folds
from deepstep.ensembles.weights import selection_weights, weigh
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor
from deepstep.model import outputs as outputs_module
from deepstep.targets import Targets

QUICK = {"n_estimators": 2, "network_params": {"epochs": 8}, "random_state": 1}


@given(st.integers(1, 60), st.integers(1, 6), st.integers(0, 5), st.integers(0, 99))
def test_folds_hold_each_row_out_at_most_once_and_never_a_lonely_kind(m, n, kinds, seed):
    strata = np.random.default_rng(seed).integers(0, kinds, m) if kinds else None
    parts = random_folds(m, n, strata, 0.25, seed)
    held_out = np.concatenate([fold.held_out for fold in parts])
    assert len(parts) == n
    assert len(set(held_out)) == len(held_out)
    for fold in parts:
        assert fold.learned.size
        assert not set(fold.learned) & set(fold.held_out)
        if fold.held_out.size:
            assert len(fold.learned) + len(fold.held_out) == m
    if strata is not None:
        sizes = np.bincount(strata, minlength=kinds)
        assert all(sizes[strata[row]] > 1 for row in held_out)


SQUARED = Metric(Targets.of_numbers())


def test_weights_are_those_of_least_squares():
    """A regression on independent outputs of which three matter."""
    outputs = np.random.default_rng(1).standard_normal((4, 20_000, 1))
    Y = 0.5 * outputs[0] + 0.3 * outputs[1] + 0.2 * outputs[3]
    line = LinearRegression(fit_intercept=False).fit(outputs[..., 0].T, Y[:, 0])
    assert_allclose(selection_weights(outputs, Y, SQUARED), line.coef_, atol=0.05)


@pytest.mark.parametrize(("heavy", "scale"), [(0.0, 1.0), (0.01, 1.0), (1.0, 1e-6), (9.0, 1.0), (9.0, 1e-6)])
def test_weights_of_examples_decide_between_answers(heavy, scale):
    """Each answer is off by 1 where the other is right: w(1 - p)² + (1 - w)p², which is least at p = w."""
    m = 20_000
    Y = np.random.default_rng(3).standard_normal((m, 1))
    first_is_right = np.arange(m)[:, np.newaxis] % 2 == 0
    answers = np.stack([np.where(first_is_right, Y, Y + 1), np.where(first_is_right, Y + 1, Y)])
    of_examples = scale * np.where(first_is_right[:, 0], heavy, 1.0)
    weights = selection_weights(answers, Y, SQUARED, of_examples)
    assert_allclose(weights, [heavy / (heavy + 1), 1 / (heavy + 1)], atol=0.05)
    weighed = weigh({"right where heavy": answers[0], "where light": answers[1]}, Y, SQUARED, of_examples)
    assert_allclose([*weighed.weights.values()], weights, rtol=1e-12)


def test_an_ensemble_answers_with_the_weighted_mean_of_its_members():
    X, y = load_wine(return_X_y=True)
    model = DeepClassifier(random_state=1, network_params={"epochs": 10}, n_estimators=10).fit(X, y)
    ensemble = model.ensemble_
    assert {member.preset for member in ensemble.members} == {"gated", "standard"} == {*ensemble.presets}
    assert len(ensemble.members) == 10
    assert_allclose(sum(ensemble.shares), 1)
    rows, expected = model.predictor_.columns.frame(X), 0
    for member, share in zip(ensemble.members, ensemble.shares, strict=True):
        preprocessor = ensemble.preprocessors[member.fold]
        A = member.outputs(preprocessor.inputs(preprocessor.features(rows)), preprocessor)
        sharp = A ** (1 / ensemble.temperatures[member.preset])
        expected = expected + share * sharp / sharp.sum(axis=1, keepdims=True)
    assert_allclose(model.predictor_.outputs(X), expected, rtol=1e-6, atol=1e-8)  # of float32
    assert_array_equal(model.predict(X), model.classes_[model.predict_proba(X).argmax(axis=1)])


def test_nothing_of_a_held_out_row_is_in_its_member():
    """Another value in it, and the member of its fold is the same, bit for bit."""
    X, y = load_diabetes(return_X_y=True)
    models = [DeepRegressor(**QUICK).fit(X, y)]
    other = X.copy()
    other[models[0].ensemble_.held_out[0][0]] = 1e6
    models.append(DeepRegressor(**QUICK).fit(other, y))
    # its answer to that row chooses the epoch, so the whole course of training is compared
    one, two = (model.histories_[0].costs.tolist() for model in models)
    assert one == two
    first, second = (model.ensemble_.preprocessors[0].encodings for model in models)
    assert first == second


def test_a_member_ends_after_a_cycle_that_was_worse_than_those_before():
    X, y = load_diabetes(return_X_y=True)
    members = DeepRegressor(n_estimators=5, random_state=1).fit(X, y).ensemble_.members
    for member in members:
        costs = member.network.history.column("validation_cost")
        worse = np.nanmin(costs[13:30]) > 1.01 * np.nanmin(costs[:13])
        assert member.epochs == len(costs) == (30 if worse else 64)
    assert any(member.epochs == 30 for member in members)


@pytest.mark.parametrize("m", [2, 7])
def test_so_few_rows_that_none_can_be_held_out(m, tmp_path):
    """Few networks, which all count; a refit has nothing to repeat."""
    X = np.arange(3.0 * m).reshape(m, 3) ** 2
    model = DeepRegressor(network_params={"epochs": 2}, random_state=1, refit=True).fit(
        X, np.arange(float(m))
    )
    assert np.isfinite(model.predict(X)).all()
    if m == 2:
        assert [*model.ensemble_.weights.values()] == [1 / fit.WITHOUT_ROWS] * fit.WITHOUT_ROWS
        with pytest.raises(ConfigurationError, match="fit held no rows out"):
            model.predict_interval(X)
        model.save(tmp_path / "model")
        assert_array_equal(DeepRegressor.load(tmp_path / "model").predict(X), model.predict(X))
    with pytest.raises(DataError, match="1 sample"):
        DeepRegressor(**QUICK).fit(X[:1], [1.0])


@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error", "poisson", "quantile"])
def test_losses_of_numbers(loss):
    X, y = make_friedman1(200, random_state=1)
    y = np.maximum(y, 0)
    settings = QUICK | {"network_params": {"epochs": 40}, "loss": loss}
    model = DeepRegressor(**settings).fit(X, y)
    if loss == "squared_error":  # it is learned in deviations, and answered in its units
        scaled = DeepRegressor(**settings).fit(X, 1e6 * y + 3e7).predict(X)
        assert_allclose(scaled, 1e6 * model.predict(X) + 3e7, rtol=1e-3)
    assert model.score(X, y) > (0.3 if loss == "quantile" else 0.5)
    assert loss != "quantile" or (np.diff(model.predict(X), axis=1) >= 0).all()


@pytest.fixture
def slow_folds(monkeypatch):
    """The function that lets each fold take so many seconds to prepare, by a clock that only it moves."""
    now, prepared = [0.0], fit.prepare_fold
    monkeypatch.setattr(workers, "perf_counter", lambda: now[0])

    def let(seconds):
        def slowly(*arguments):
            now[0] += seconds
            return prepared(*arguments)

        now[0] = 0.0
        monkeypatch.setattr(fit, "prepare_fold", slowly)

    return let


@pytest.mark.parametrize(("seconds", "n"), [(1e-3, 1), (181, 2), (10_000, 5)])
def test_folds_that_time_does_not_suffice_for_are_not_begun(slow_folds, seconds, n):
    """Preparing them counts: here each takes a minute."""
    slow_folds(60)
    X, y = load_diabetes(return_X_y=True)
    model = DeepRegressor(n_estimators=5, network_params={"epochs": 1}, random_state=1, time_budget=seconds)
    with pytest.warns(UserWarning, match="is too short") if seconds < 1 else nullcontext():
        ensemble = model.fit(X, y).ensemble_
    assert len(ensemble.preprocessors) == len(ensemble.members) == n
    known = np.flatnonzero(np.isfinite(ensemble.out_of_fold[:, 0]))
    assert_array_equal(known, np.sort(np.concatenate(ensemble.held_out)))


def test_the_linear_preset_arrives_where_logistic_regression_does():
    X, y = load_wine(return_X_y=True)
    ensemble = DeepClassifier(presets="linear", random_state=1).fit(X, y).ensemble_
    (linear,) = ensemble.by_preset
    costs = {C: [] for C in (0.1, 1, 10, 100)}
    for held_out in ensemble.held_out:
        learned = np.setdiff1d(np.arange(len(y)), held_out)
        for C, losses in costs.items():
            peer = make_pipeline(StandardScaler(), LogisticRegression(C=C)).fit(X[learned], y[learned])
            losses.append(log_loss(y[held_out], peer.predict_proba(X[held_out])))
    assert linear.validation_cost < 1.2 * min(np.mean(cost) for cost in costs.values())


# Members as users see them

SMALL = {"network_params": {"epochs": 8}, "random_state": 1}
CASES = {
    "classes": (DeepClassifier, load_iris, {}),
    "numbers": (DeepRegressor, load_diabetes, {}),
    "quantiles": (DeepRegressor, load_diabetes, {"loss": "quantile"}),
}


@pytest.fixture(scope="module", params=CASES)
def fitted(request):
    Estimator, load, settings = CASES[request.param]
    X, y = load(return_X_y=True)
    weight = np.where(np.arange(len(y)) < 7, 0.0, 1.0)
    return Estimator(n_estimators=10, **SMALL, **settings).fit(X, y, weight), X, y


def test_leaderboard_and_predictions_out_of_fold(fitted):
    model, _, y = fitted
    board = model.leaderboard()
    for frame in (pd.DataFrame(board), polars.DataFrame(board)):
        assert sorted(frame["member"]) == list(range(10))
        assert sum(frame["weight"]) == pytest.approx(1)
        assert list(frame["validation_cost"]) == sorted(frame["validation_cost"])
        assert min(frame["seconds"]) > 0
    assert "validation cost" in repr(board)
    assert board._repr_html_().count("<tr>") == 11
    outputs = model.oof_predictions_
    assert np.isnan(outputs[:7]).all()
    assert np.isfinite(outputs[7:]).all()
    if isinstance(model, DeepClassifier):
        score = accuracy_score(y[7:], outputs[7:].argmax(1))
    elif outputs.ndim == 1:
        score = r2_score(y[7:], outputs[7:])
    else:
        assert (np.diff(outputs[7:], axis=1) >= 0).all()
        return
    assert min(row["score"] for row in board) - 0.1 < score < 1


ENSEMBLE, NETWORK = (DeepClassifier, DeepRegressor), (NetworkClassifier, NetworkRegressor)
FAST = {"n_estimators": 2, "network_params": {"epochs": 1}, "random_state": 1}


@pytest.mark.filterwarnings("ignore:Training ended before it converged")
@pytest.mark.parametrize(
    ("family", "options"),
    [
        (ENSEMBLE, FAST),
        (ENSEMBLE, {**FAST, "engine": "reference"}),
        (NETWORK, {"hidden_layer_sizes": (1100, 1100), "max_iter": 1, "random_state": 1}),
    ],
)
@pytest.mark.parametrize("number", [0, 1], ids=["classes", "numbers"])
def test_predictions_have_the_same_bits_for_any_number_of_threads(
    family, number, options, fresh_seed, monkeypatch
):
    (X, y), rng = load_iris(return_X_y=True), np.random.default_rng(fresh_seed)
    y = X @ [1.0, -2.0, 0.5, 3.0] if number else y
    model = family[number](**options).fit(X, y)
    answers = getattr(model, "predict_proba", model.predict)
    monkeypatch.setattr(outputs_module, "LEAST_ROWS", 16)  # blocks of few rows
    for m in (*rng.integers([1, 30], [30, 257]).tolist(), 300):
        rows = X[rng.integers(0, len(X), m)] + rng.normal(0, 0.1, (m, 4))
        outputs = []
        for n in (1, 2, 7):
            monkeypatch.setattr(threads, "limit", lambda n=n: n)
            monkeypatch.setattr(outputs_module, "thread_limit", lambda n=n: n)
            with threadpool_limits(n, user_api="blas"):
                outputs.append(answers(rows))
        for other in outputs[1:]:
            assert_array_equal(other, outputs[0], err_msg=f"{m} rows")


def test_eval_set_is_the_validation_data():
    X, y = load_iris(return_X_y=True)
    new = lambda: DeepClassifier(n_estimators=3, **SMALL)  # noqa: E731
    model = new().fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    ensemble, expected = model.ensemble_, model.predict_proba(X)
    assert (len(ensemble.members), len(ensemble.preprocessors), ensemble.out_of_fold) == (3, 1, None)
    for eval_set in ((X[1::2], y[1::2]), [(X[1::2], y[1::2])]):
        assert_array_equal(new().fit(X[::2], y[::2], eval_set=eval_set).predict_proba(X), expected)
    for wrong in ([(X, y), (X, y)], [(X, y, y)], X):
        with pytest.raises(DataError, match="eval_set"):
            new().fit(X, y, eval_set=wrong)
    with pytest.raises(DataError, match="eval_set is passed together with X_val or y_val"):
        new().fit(X, y, eval_set=(X, y), X_val=X, y_val=y)
