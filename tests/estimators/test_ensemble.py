"""An ensemble of networks for tables: folds, presets, weights, and what it does with rows as they are."""

import io
import subprocess
import sys
from contextlib import nullcontext

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine, make_friedman1
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from deepstep.ensembles import fit, progress
from deepstep.ensembles.metric import Metric
from deepstep.ensembles.presets import realmlp_init, size_of
from deepstep.ensembles.progress import TimeBudget
from deepstep.ensembles.split import random_folds
from deepstep.ensembles.weights import selection_weights, weigh
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.network import Architecture
from deepstep.targets import Targets
from deepstep.training.progress import Meter

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


@pytest.mark.parametrize("n", [1, 5])
def test_classes_keep_their_shares_in_every_fold(n):
    y = np.tile(np.repeat([0, 1, 2], [7, 2, 1]), 10)
    for fold in random_folds(100, n, y, 0.2, seed=3):
        assert np.bincount(y[fold.held_out]).tolist() == [14, 4, 2]


SQUARED = Metric(Targets.of_numbers("test"))


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 2**20))
def test_weights_are_shares(n, m, seed):
    outputs = np.random.default_rng(seed).standard_normal((n, m, 1))
    weights = selection_weights(outputs, outputs[seed % n] + 1, SQUARED)
    assert weights.min() >= 0
    assert sum(weights) == pytest.approx(1)
    assert_array_equal(weights, selection_weights(outputs, outputs[seed % n] + 1, SQUARED))


@pytest.mark.parametrize("m", [50, 20_000])
def test_the_right_one_of_noisy_outputs_has_nearly_all_weight(m):
    rng = np.random.default_rng(1)
    Y = rng.standard_normal((m, 1))
    outputs = Y + rng.standard_normal((3, m, 1))
    outputs[2] = Y + 1e-3 * rng.standard_normal((m, 1))
    assert selection_weights(outputs, Y, SQUARED)[2] == pytest.approx(1)


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


def test_members_start_as_realmlp_does():
    shape = Architecture((400, 300, 2), ("tanh", "identity"))
    values, factors = realmlp_init(shape, np.float64, np.random.default_rng(1))
    assert abs(values["W1"].std() * 20 - 1) < 0.01
    assert abs(values["b1"].std() - 1) < 0.1
    assert not values["W2"].any()
    assert factors == pytest.approx({"W1": 1 / 20, "W2": 300**-0.5, "b*": 0.1})


@pytest.fixture(scope="module")
def wine():
    X, y = load_wine(return_X_y=True)
    model = DeepClassifier(random_state=1, network_params={"epochs": 30}, n_estimators=10)
    return X, y, model.fit(X, y)


def test_an_ensemble_answers_with_the_weighted_mean_of_its_members(wine):
    X, _, model = wine
    ensemble = model.ensemble_
    assert {member.preset for member in ensemble.members} == {"gated", "standard"} == {*ensemble.presets}
    assert len(ensemble.members) == 10
    assert_allclose(sum(ensemble.shares), 1)
    rows, expected = model.predictor_.columns.frame(X, ""), 0
    for member, share in zip(ensemble.members, ensemble.shares, strict=True):
        preprocessor = ensemble.preprocessors[member.fold]
        A = member.outputs(preprocessor.inputs(preprocessor.features(rows)), preprocessor)
        sharp = A ** (1 / ensemble.temperatures[member.preset])
        expected = expected + share * sharp / sharp.sum(axis=1, keepdims=True)
    assert_allclose(model.predictor_.outputs(X), expected, rtol=1e-6, atol=1e-8)  # of float32
    assert_array_equal(model.predict(X), model.classes_[model.predict_proba(X).argmax(axis=1)])


def test_out_of_fold_answers_are_of_members_that_did_not_learn_the_row(wine):
    """They are worse than the answers of all: of no use would be a leak that makes them equal."""
    X, y, model = wine
    known, answers = model.ensemble_.out_of_fold, model.predictor_.outputs(X)
    assert_allclose(known.sum(axis=1), 1, rtol=1e-6)
    known, answers = (A / A.sum(axis=1, keepdims=True) for A in (known, answers))
    assert log_loss(y, known) > log_loss(y, answers)
    assert_array_equal(np.sort(np.concatenate(model.ensemble_.held_out)), np.arange(len(y)))


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


MIXED = pd.DataFrame(
    {
        "age": [20.0, np.nan, 40.0, 31.0, 55.0, 18.0] * 8,
        "sex": ["f", "m", None, "m", "f", "m"] * 8,
        "town": pd.Categorical([f"town {i % 7}" for i in range(48)]),
        "paid": [True, False, True, True, False, False] * 8,
        "day": pd.date_range("2024-01-01", periods=48),
        "nothing": [None] * 48,
        "same": [1] * 48,
    }
)


@pytest.mark.parametrize(
    ("Estimator", "convert"),
    [(DeepClassifier, polars.from_pandas), (DeepRegressor, pyarrow.Table.from_pandas)],
)
def test_a_table_as_it_is(Estimator, convert):
    y = np.array(["yes", "no", "no"] * 16) if Estimator is DeepClassifier else np.arange(48.0)
    model = Estimator(**QUICK).fit(convert(MIXED), y)
    assert_array_equal(model.predict(convert(MIXED)), Estimator(**QUICK).fit(MIXED, y).predict(MIXED))
    unseen = MIXED.assign(sex="x", town="elsewhere", age=np.nan)
    assert len(model.predict(convert(unseen))) == 48


@pytest.mark.parametrize("m", [1, 2, 7])
def test_so_few_rows_that_none_can_be_held_out(m):
    X = np.arange(3.0 * m).reshape(m, 3) ** 2
    if m == 1:
        with pytest.raises(DataError, match="1 sample"):
            DeepRegressor(**QUICK).fit(X, np.arange(m))
        return
    model = DeepRegressor(**QUICK).fit(X, np.arange(float(m)))
    assert np.isfinite(model.predict(X)).all()
    if m == 2:
        with pytest.raises(ConfigurationError, match=r"none in fit \(it held no rows out\)"):
            model.predict_interval(X)


def test_numbers_are_learned_in_deviations_and_answered_in_their_units():
    X, y = make_friedman1(200, random_state=1)
    long = QUICK | {"network_params": {"epochs": 30}}
    model, scaled = (DeepRegressor(**long).fit(X, target) for target in (y, 1e6 * y + 3e7))
    assert_allclose(scaled.predict(X), 1e6 * model.predict(X) + 3e7, rtol=1e-3)


@pytest.mark.parametrize("loss", ["huber", "absolute_error", "poisson", "quantile"])
def test_losses_of_numbers(loss):
    X, y = make_friedman1(200, random_state=1)
    y = np.maximum(y, 0)
    model = DeepRegressor(**QUICK | {"network_params": {"epochs": 40}}, loss=loss).fit(X, y)
    assert model.score(X, y) > (0.3 if loss == "quantile" else 0.5)
    assert loss != "quantile" or (np.diff(model.predict(X), axis=1) >= 0).all()


CTRL_C = """
import os, signal, threading, pandas, numpy as np
from time import monotonic
from deepstep.estimators import DeepClassifier
X = pandas.DataFrame({"a": np.linspace(0, 1, 200), "b": ["u", "v"] * 100})
y = np.arange(200) % 2
DeepClassifier(n_estimators=2, network_params={"epochs": 2}, random_state=1).fit(X, y)
sent = []
def interrupt():
    sent.append(monotonic())
    os.kill(os.getpid(), signal.SIGINT)
threading.Timer(1.0, interrupt).start()
try:
    DeepClassifier(n_estimators=4, network_params={"epochs": 10**5}, random_state=1).fit(X, y)
except KeyboardInterrupt:
    print(monotonic() - sent[0])
"""


def test_ctrl_c_ends_all_members():
    """A real one, after a frame has been read."""
    done = subprocess.run([sys.executable, "-c", CTRL_C], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 5  # all of them would take minutes


@pytest.fixture
def slow_folds(monkeypatch):
    """The function that lets each fold take so many seconds to prepare, by a clock that only it moves."""
    now, prepared = [0.0], fit.prepare_fold
    monkeypatch.setattr(progress, "perf_counter", lambda: now[0])

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


def test_members_end_by_the_clock():
    X, y = load_diabetes(return_X_y=True)
    model = DeepRegressor(n_estimators=2, network_params={"epochs": 10**6}, time_budget=0.5, random_state=1)
    assert model.fit(X, y).n_iter_ < 10**6  # members that knew of no clock would take hours


def test_where_preparation_uses_the_time_up_one_epoch_is_trained_and_told(slow_folds, capsys):
    """As on 900,000 rows: the schedule runs over the epoch, and the bar shows no more than that."""
    slow_folds(14.5)
    X, y = load_breast_cancer(return_X_y=True)
    settings = {"network_params": {"batch_size": 8}, "random_state": 1}
    model = DeepClassifier(n_estimators=1, time_budget=10, verbose=True, **settings)
    said = (
        r"time budget of 10 s is too short. Preparing the rows took 14.5 s, and 1 of 1 networks had one epoch"
    )
    with pytest.warns(UserWarning, match=said):
        model.fit(X, y)
    (record,) = model.histories_[0]
    assert "examples" not in record
    assert model.score(X, y) > 0.9
    assert capsys.readouterr().err.splitlines()[-1] in (
        f"DeepClassifier: {seconds}/10 s, 1 networks, 1 epochs" for seconds in range(3)
    )


def test_the_bar_shows_the_epochs_that_were_done(capsys):
    X, y = load_breast_cancer(return_X_y=True)
    params = {"batch_size": 64, "patience": 2, "epochs": 30}
    model = DeepClassifier(n_estimators=4, network_params=params, random_state=1, verbose=True).fit(X, y)
    done = sum(len(history) for history in model.histories_)
    assert done < 4 * 30
    assert f" {done}/{done} epochs, 4/4 networks" in capsys.readouterr().err.splitlines()[-1]


@given(st.floats(0.1, 1e4), st.integers(1, 5), st.integers(1, 20), st.floats(0, 100))
def test_members_have_what_the_preparation_leaves(budget, folds, turns, of_a_fold):
    clock = TimeBudget(budget)
    clock._preparation = of_a_fold
    seconds = clock.seconds_of_a_member(folds, turns)
    assert 0 < seconds <= max(budget / turns, 1e-3)
    if budget > 2 * folds * of_a_fold:
        assert folds * turns * seconds + (folds - 1) * of_a_fold == pytest.approx(budget, rel=1e-2, abs=0.1)


@pytest.mark.parametrize(("n_estimators", "members"), [(1, 1), (5, 5), (7, 10), (30, 30), (32, 35)])
def test_members_are_rounded_up_to_whole_folds(n_estimators, members):
    size = size_of(500, n_estimators, "balanced")
    assert size.presets * size.n_folds == members
    assert (size.first_folds, size.kept) == (size.n_folds, size.presets)
    without_folds = size_of(500, n_estimators, "balanced", validated=True)
    assert (without_folds.presets, without_folds.n_folds) == (n_estimators, 1)


def test_with_validation_data_there_are_as_many_networks_as_asked_for(wine):
    X, y, _ = wine
    model = DeepClassifier(n_estimators=7, network_params={"epochs": 1}, random_state=1)
    ensemble = model.fit(X[::2], y[::2], eval_set=(X[1::2], y[1::2])).ensemble_
    assert (len(ensemble.members), len(ensemble.preprocessors), ensemble.out_of_fold) == (7, 1, None)
    assert "validation_cost" in ensemble.members[0].network.history[0]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_verbose_moves_one_bar_within_the_members(capsys, monkeypatch):
    X, y = load_wine(return_X_y=True)
    monkeypatch.setattr("deepstep.training.progress.BETWEEN_MOVES", 0)
    monkeypatch.setattr("deepstep.ensembles.member_fit.BETWEEN_MOVES", 0)
    monkeypatch.setattr("sys.stderr", Terminal())
    moves, show = [], Meter.move
    monkeypatch.setattr(Meter, "move", lambda self, *state: moves.append(state) or show(self, *state))
    DeepClassifier(verbose=True, **QUICK).fit(X, y)
    assert "/2 networks" in sys.stderr.getvalue()
    assert len({done for done, text, _ in moves if text == "0/2 networks"}) > 3
    assert moves[-1][1] == "2/2 networks"
    assert moves == sorted(moves)


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


def test_an_ensemble_is_better_than_a_member_of_it():
    """What it is for, on tables that nothing else in this project knows: friedman1, unseen rows."""
    scores = {1: [], 5: []}
    for number in (7, 8, 9):
        X, y = make_friedman1(300, noise=1.0, random_state=number)
        for n, found in scores.items():
            model = DeepRegressor(n_estimators=n, random_state=1).fit(X[:150], y[:150])
            found.append(model.score(X[150:], y[150:]))
    assert np.mean(scores[5]) > np.mean(scores[1])
