"""Members of an ensemble as users see them: leaderboard, held-out predictions, size, workers; and columns."""

import pickle
from copy import deepcopy

import numpy as np
import pandas
import polars
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import accuracy_score, r2_score
from threadpoolctl import threadpool_info, threadpool_limits

from deepstep.engines.compiled import threads
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor
from deepstep.model import outputs as outputs_module

SMALL = {"network_params": {"epochs": 8}, "random_state": 1}
CASES = {
    "classes": (DeepClassifier, load_iris, {}),
    "numbers": (DeepRegressor, load_diabetes, {}),
    "quantiles": (DeepRegressor, load_diabetes, {"loss": "quantile"}),
}


@pytest.fixture(scope="module", params=CASES)
def fitted(request):
    Estimator, load, given = CASES[request.param]
    X, y = load(return_X_y=True)
    weight = np.where(np.arange(len(y)) < 7, 0.0, 1.0)
    return Estimator(n_estimators=10, **SMALL, **given).fit(X, y, weight), X, y


def test_leaderboard(fitted):
    model, _, _ = fitted
    board = model.leaderboard()
    for frame in (pandas.DataFrame(board), polars.DataFrame(board)):
        assert sorted(frame["member"]) == list(range(10))
        assert sum(frame["weight"]) == pytest.approx(1)
        assert list(frame["validation_cost"]) == sorted(frame["validation_cost"])
        assert min(frame["seconds"]) > 0
    assert "validation cost" in repr(board)
    assert board._repr_html_().count("<tr>") == 11
    assert [len(history) for history in model.histories_] == [one.epochs for one in model.ensemble_.members]


def test_scores_and_predictions_out_of_fold(fitted):
    model, X, y = fitted
    found, kept = model.oof_predictions_, slice(7, None)
    shape = model.predict_proba(X).shape if hasattr(model, "predict_proba") else model.predict(X).shape
    assert found.shape == shape
    assert np.isnan(found[:7]).all()
    assert np.isfinite(found[kept]).all()
    if shape != (len(y), 3) or isinstance(model, DeepClassifier):
        score = (
            accuracy_score(y[kept], found[kept].argmax(1))
            if found.ndim > 1
            else r2_score(y[kept], found[kept])
        )
        scores = [row["score"] for row in model.leaderboard()]
        assert min(scores) - 0.1 < score < 1
    else:
        assert (np.diff(found[kept], axis=1) >= 0).all()


def test_a_pickle_holds_parameters_once(fitted):
    model, X, _ = fitted
    sizes = [member.network.parameters.flat.nbytes for member in model.ensemble_.members]
    model.predict(X[:1])
    stored = pickle.dumps(model)
    assert len(stored) < 1.25 * sum(sizes) + 50_000
    for copied in (pickle.loads(stored), deepcopy(model)):
        np.testing.assert_array_equal(copied.predict(X), model.predict(X))


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
                before = [pool["num_threads"] for pool in threadpool_info()]
                outputs.append(answers(rows))
                assert [pool["num_threads"] for pool in threadpool_info()] == before
        for other in outputs[1:]:
            np.testing.assert_array_equal(other, outputs[0], err_msg=f"{m} rows")


def test_n_jobs_changes_no_bit():
    X, y = load_iris(return_X_y=True)
    first, *others = [DeepClassifier(n_jobs=n, **FAST).fit(X, y).predict_proba(X) for n in (None, 2, -1)]
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_numbers_that_are_categories():
    rng = np.random.default_rng(1)
    X = pandas.DataFrame(
        {"postcode": rng.permutation(np.repeat(np.arange(8000, 8010), 20)), "x": rng.random(200)}
    )
    y = rng.standard_normal(10)[X["postcode"] - 8000]
    settings = {"presets": "relu", **SMALL}
    score = DeepRegressor(**settings).fit(X, y).score(X, y)
    for named in (["postcode"], [0], [-2], [True, False], np.array([0])):
        model = DeepRegressor(categorical_features=named, **settings).fit(X, y)
        assert {member.layer_dims[0] for member in model.ensemble_.members} == {11}
        assert model.score(X, y) > max(score + 0.1, 0.9)
    for wrong in (["postcod"], [2], [True], [0.5]):
        with pytest.raises(ConfigurationError, match="categorical_features"):
            DeepRegressor(categorical_features=wrong).fit(X, y)


def test_eval_set_is_the_validation_data():
    X, y = load_iris(return_X_y=True)
    new = lambda: DeepClassifier(n_estimators=1, **SMALL)  # noqa: E731
    expected = new().fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2]).predict_proba(X)
    for given in ((X[1::2], y[1::2]), [(X[1::2], y[1::2])]):
        np.testing.assert_array_equal(new().fit(X[::2], y[::2], eval_set=given).predict_proba(X), expected)
    for wrong in ([(X, y), (X, y)], [(X, y, y)], X):
        with pytest.raises(DataError, match="eval_set"):
            new().fit(X, y, eval_set=wrong)
    with pytest.raises(DataError, match="got both"):
        new().fit(X, y, eval_set=(X, y), X_val=X, y_val=y)
