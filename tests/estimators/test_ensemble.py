"""An ensemble of networks for tables: folds, presets, weights, and what it does with rows as they are."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from deepstep.engines.compiled import threads
from deepstep.ensembles import finished, fit, preprocessor, workers
from deepstep.ensembles.metric import Metric
from deepstep.ensembles.preprocessor import EncodedRows, Preprocessor
from deepstep.ensembles.presets import PRESETS
from deepstep.ensembles.split import Rows, random_folds
from deepstep.ensembles.weights import selection_weights, weigh
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import DeepClassifier, DeepRegressor, NetworkRegressor
from deepstep.model import outputs as outputs_module
from deepstep.preparation import TablePreparation
from deepstep.preparation.encoding import Encoding
from deepstep.targets import Targets
from deepstep.training import Callback

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
    assert_allclose(sum(ensemble.shares), 1)
    rows, expected, known = model.predictor_.columns.frame(X), 0, np.zeros((len(X), 3))
    for member, share in zip(ensemble.members, ensemble.shares, strict=True):
        preprocessor = ensemble.preprocessors[member.fold]
        A = member.outputs(preprocessor.inputs(preprocessor.features(rows)), preprocessor)
        sharp = A ** (1 / ensemble.temperatures[member.preset])
        P, held_out = sharp / sharp.sum(axis=1, keepdims=True), ensemble.held_out[member.fold]
        expected = expected + share * P
        known[held_out] += ensemble.weights[member.preset] * P[held_out]
    assert_allclose(model.predictor_.outputs(X), expected, rtol=1e-6, atol=1e-8)  # of float32
    assert_allclose(ensemble.out_of_fold, known, rtol=1e-5, atol=1e-7)


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
        assert member.epochs == len(costs)
        for begin, end in ((4, 13), (13, 30)):
            if len(costs) >= end:
                worse = np.nanmin(costs[begin:end]) > 1.01 * np.nanmin(costs[:begin])
                assert worse == (len(costs) == end)
    assert {member.epochs for member in members} <= {13, 30, 64}
    assert min(member.epochs for member in members) < 64


def test_so_few_rows_that_none_can_be_held_out(tmp_path):
    """Few networks, which all count; a refit has nothing to repeat."""
    X, model = np.arange(6.0).reshape(2, 3) ** 2, DeepRegressor(refit=True, network_params={"epochs": 2})
    assert np.isfinite(model.fit(X, [0.0, 1.0]).predict(X)).all()
    assert [*model.ensemble_.weights.values()] == [1 / fit.WITHOUT_ROWS] * fit.WITHOUT_ROWS
    with pytest.raises(ConfigurationError, match="fit held no rows out"):
        model.predict_interval(X)
    model.save(tmp_path / "model")
    assert_array_equal(DeepRegressor.load(tmp_path / "model").predict(X), model.predict(X))
    with pytest.raises(DataError, match="1 sample"):
        model.fit(X[:1], [1.0])


@pytest.mark.parametrize(("seconds", "n"), [(1e-3, 1), (181, 2), (10_000, 5)])
def test_folds_that_time_does_not_suffice_for_are_not_begun(monkeypatch, seconds, n):
    """Preparing them counts: here each takes a minute, by a clock that only it moves."""
    now, prepared = [0.0], fit.prepare_fold

    def slowly(*arguments):
        now[0] += 60
        return prepared(*arguments)

    monkeypatch.setattr(workers, "perf_counter", lambda: now[0])
    monkeypatch.setattr(fit, "prepare_fold", slowly)
    model = DeepRegressor(n_estimators=5, network_params={"epochs": 1}, random_state=1, time_budget=seconds)
    with pytest.warns(UserWarning, match="is too short") if seconds < 1 else nullcontext():
        ensemble = model.fit(*load_diabetes(return_X_y=True)).ensemble_
    assert len(ensemble.preprocessors) == len(ensemble.members) == n
    known = np.flatnonzero(np.isfinite(ensemble.out_of_fold[:, 0]))
    assert_array_equal(known, np.sort(np.concatenate(ensemble.held_out)))


def test_the_linear_preset_arrives_where_logistic_regression_does():
    X, y = load_wine(return_X_y=True)
    ensemble = DeepClassifier(presets="linear", random_state=1).fit(X, y).ensemble_
    costs = []
    for C in (0.1, 1, 10, 100):
        peer, losses = make_pipeline(StandardScaler(), LogisticRegression(C=C)), []
        for held_out in ensemble.held_out:
            peer.fit(np.delete(X, held_out, axis=0), np.delete(y, held_out))
            losses.append(log_loss(y[held_out], peer.predict_proba(X[held_out])))
        costs.append(np.mean(losses))
    assert ensemble.by_preset[0].validation_cost < 1.2 * min(costs)


def test_the_leaderboard_has_all_members_the_best_first():
    X, y = load_iris(return_X_y=True)
    model = DeepClassifier(**{**QUICK, "n_estimators": 10}).fit(X, y)
    board = model.leaderboard()
    frame = pd.DataFrame(board)
    assert sorted(frame["member"]) == sorted(polars.DataFrame(board)["member"]) == list(range(10))
    assert sum(frame["weight"]) == pytest.approx(1)
    assert list(frame["validation_cost"]) == sorted(frame["validation_cost"])
    assert "validation cost" in repr(board)
    assert board._repr_html_().count("<tr>") == 11
    score = accuracy_score(y, model.oof_predictions_.argmax(axis=1))
    assert min(row["score"] for row in board) - 0.1 < score < 1


FAST = {"n_estimators": 2, "network_params": {"epochs": 1}, "random_state": 1}
WIDE = {"hidden_layer_sizes": (1100, 1100), "max_iter": 1, "random_state": 1}


@pytest.mark.parametrize(
    "model",
    [
        DeepClassifier(**FAST),
        DeepRegressor(**FAST),
        DeepClassifier(**FAST, engine="reference"),
        NetworkRegressor(**WIDE),
    ],
)
def test_predictions_have_the_same_bits_for_any_number_of_threads(model, fresh_seed, monkeypatch):
    (X, y), rng = load_iris(return_X_y=True), np.random.default_rng(fresh_seed)
    model.fit(X, y)
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


# Inputs that are too large for the memory are encoded a batch at a time, to the same bits

M = 240


@pytest.fixture
def large(fresh_seed):
    """Numbers, missing ones, and texts."""
    rng = np.random.default_rng(fresh_seed)
    age = rng.normal(40, 10, M)
    age[::7] = np.nan
    town = rng.choice(["Bern", "Rome", "Oslo"], M)
    frame = polars.DataFrame({"age": age, "town": town, "rooms": rng.integers(1, 5, M)}, nan_to_null=True)
    return frame, (np.nan_to_num(age) + 9 * (town == "Rome") > 41).astype(int)


TWO_MEMBERS = {"n_estimators": 2, "network_params": {"epochs": 4}, "random_state": 3}


@pytest.mark.parametrize(("kind", "presets"), [(DeepClassifier, "gated"), (DeepRegressor, "ranks")])
def test_rows_that_are_encoded_when_they_are_taken_give_the_same_bits(
    monkeypatch, large, kind, presets, tmp_path
):
    """Also where such a fit is resumed; a callback sees some of the examples as arrays."""
    expected, shapes = kind(presets=presets, **TWO_MEMBERS).fit(*large), []
    monkeypatch.setattr(preprocessor, "IN_MEMORY", 0)
    monkeypatch.setattr(finished, "LONG", 0.0)  # members are written at once

    class Looks(Callback):
        def on_train_begin(self, training):
            shapes.append(np.asarray(training.examples.X).shape[:1] + training.examples.Y.shape[:1])

    model = kind(presets=presets, **TWO_MEMBERS, checkpoint_dir=tmp_path, callbacks=[Looks()]).fit(*large)
    assert shapes == [(120, 120)] * 2
    assert len(finished.member_folders(tmp_path)) == 2
    monkeypatch.setattr(fit, "fit_member", None)  # nothing is trained
    resumed = kind(presets=presets, **TWO_MEMBERS, checkpoint_dir=tmp_path, resume=True).fit(*large)
    for other in (model, resumed):
        for ours, theirs in zip(other.ensemble_.members, expected.ensemble_.members, strict=True):
            np.testing.assert_array_equal(ours.network.parameters.flat, theirs.network.parameters.flat)
        np.testing.assert_array_equal(other.predict(large[0]), expected.predict(large[0]))


def test_numbers_are_cut_by_some_of_the_rows_and_scaled_by_all(monkeypatch, large):
    """A feature that is constant in the sample is learned from, too."""
    monkeypatch.setattr(preprocessor, "ENCODING_ROWS", 60)
    frame, y = large
    frame, targets = frame.with_columns(rare=np.isin(np.arange(M), (2, 3)) * 1.0), Targets.from_labels(y)
    rows, presets = Rows(frame, targets.encode(y)), [PRESETS["gated"], PRESETS["relu"]]
    fitted, features = Preprocessor.fit(rows, targets, presets, (), ())
    preparation = TablePreparation.fit(frame)
    spread = frame[np.linspace(0, M - 1, 60).round().astype(int)]
    assert features is None
    assert fitted.preparation == preparation  # of all rows
    pieces, expected = fitted.encodings["pieces"], Encoding.fit(preparation.transform(spread), 8)
    assert (pieces.edges, pieces.center) == (expected.edges, expected.center)
    assert pieces.factor[:-1] == expected.factor[:-1]
    assert (np.ptp(fitted.inputs(fitted.features(frame))["scaled"], axis=0) > 0.5).all()


def test_a_value_that_cannot_be_used_is_named_by_its_row(large):
    frame, y = large
    targets = Targets.from_labels(y)
    fitted, _ = Preprocessor.fit(Rows(frame, targets.encode(y)), targets, [PRESETS["gated"]], (), ())
    age = frame["age"].to_list()
    age[200] = np.inf
    inputs = EncodedRows(fitted, "pieces", frame.with_columns(polars.Series("age", age)), np.float32)
    assert inputs.shape == (M, fitted.n_inputs_of("pieces"))
    assert inputs[:50].dtype == np.float32
    with pytest.raises(DataError, match=r"[rR]ow 201 "):
        inputs[np.array([3, 200, 5])]
