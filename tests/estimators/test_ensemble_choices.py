"""What the user decides of an ensemble: the metric, the folds, and what looks at the trainings."""

import signal
from threading import Lock, get_ident
from time import sleep

import joblib
import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_diabetes, load_wine
from sklearn.metrics import balanced_accuracy_score, make_scorer, median_absolute_error
from sklearn.model_selection import (
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    TimeSeriesSplit,
)

from deepstep import DeepClassifier, DeepRegressor
from deepstep.ensembles import calibrate, metric, refit
from deepstep.errors import ConfigurationError, DivergenceError
from deepstep.targets import Targets
from deepstep.training import Callback, Csv

X, Y = load_wine(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)
FEW = {"network_params": {"epochs": 6}, "random_state": 1}
TWO = {"n_estimators": 2, **FEW}
FOLDS = KFold(3, shuffle=True, random_state=0)


# The metric


@pytest.fixture
def trusting(monkeypatch):
    """The tables of these tests have few rows."""
    monkeypatch.setattr(metric, "FEW_ROWS", 0)


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(
    ("Estimator", "scoring", "metric"),
    [
        (DeepClassifier, "balanced_accuracy", lambda y, P: balanced_accuracy_score(y, P.argmax(axis=1))),
        (DeepRegressor, "neg_median_absolute_error", lambda y, A: -median_absolute_error(y, A)),
    ],
)
def test_the_loss_of_a_preset_is_minus_its_score_of_rows_that_were_held_out(Estimator, scoring, metric):
    X_, y = (X, Y) if Estimator is DeepClassifier else (NUMBERS, TARGET)
    model = Estimator(scoring=scoring, presets="relu", validation=FOLDS, **FEW).fit(X_, y)
    assert model.tried_[0].loss == pytest.approx(-metric(y, model.oof_predictions_), rel=1e-4)


def test_epochs_are_those_of_the_best_score():
    """By a scorer that likes the last epoch least, outputs near the prior; of rows enough to go by it."""
    X_, y = np.tile(X, (3, 1)), np.tile(Y, 3)

    def near_the_prior(estimator, X, y):
        return -float(np.std(estimator.predict_proba(X)))

    model = DeepClassifier(presets="relu", scoring=near_the_prior, **FEW).fit(X_, y)
    by_loss = DeepClassifier(presets="relu", **FEW).fit(X_, y)
    assert {member.best_epoch for member in model.ensemble_.members} == {1}
    assert {member.best_epoch for member in by_loss.ensemble_.members} != {1}
    one, other = (each.ensemble_.members[0].network.history.costs for each in (model, by_loss))
    assert_array_equal(one, other)  # training itself goes by the loss


@pytest.mark.usefixtures("trusting")
def test_scorers_of_every_form_choose_the_same():
    forms = [
        "balanced_accuracy",
        make_scorer(balanced_accuracy_score),
        lambda estimator, X, y: balanced_accuracy_score(y, estimator.predict(X)),
    ]
    expected, *others = (
        DeepClassifier(scoring=scoring, presets=["relu", "ranks"], validation=FOLDS, **FEW).fit(X, Y)
        for scoring in forms
    )
    for model in others:
        assert model.ensemble_.weights == expected.ensemble_.weights
        assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


@pytest.mark.usefixtures("trusting")
def test_weights_of_rows_count_in_the_score_and_the_loss_is_the_default():
    weight = np.where(Y == 1, 0.01, 1.0)
    model = DeepClassifier(scoring="accuracy", presets="relu", **FEW).fit(X, Y, weight)
    decided = model.oof_predictions_.argmax(axis=1)
    assert -model.tried_[0].loss == pytest.approx(np.average(decided == Y, weights=weight), abs=0.02)
    one, other = (DeepClassifier(scoring=name, **TWO).fit(X, Y) for name in (None, "loss"))
    assert_array_equal(one.predict_proba(X), other.predict_proba(X))


def last(estimator, X, y):
    return -float(np.std(estimator.predict(X)))


@pytest.mark.parametrize("scoring", ["balanced_accuracy", "roc_auc_ovr", "neg_log_loss", "f1_macro", last])
def test_of_few_rows_of_a_class_the_loss_is_in_place_of_any_metric(scoring):
    with pytest.warns(UserWarning, match="used in place of scoring: a metric needs 100 held-out rows"):
        few = DeepClassifier(scoring=scoring, presets=["relu", "ranks"], **FEW).fit(X, Y)
    by_loss = DeepClassifier(presets=["relu", "ranks"], **FEW).fit(X, Y)
    assert_array_equal(few.predict_proba(X), by_loss.predict_proba(X))


@pytest.mark.parametrize(("rows", "is_loss"), [(99, True), (100, False)])
def test_the_rarest_class_or_all_numbers_decide_which_metric_is_trusted(rows, is_loss):
    kinds = Targets.of_classes([np.array([0, 1])])
    y = np.repeat([[0.0], [1.0]], [1000, rows], axis=0)
    assert metric.Metric(kinds, "roc_auc").trusted(y).is_loss == is_loss
    numbers = metric.Metric(Targets.of_numbers(), "neg_mean_absolute_error")
    assert numbers.trusted(np.zeros((rows, 1))).is_loss == is_loss


class Never(Callback):
    """Fails where a training begins."""

    def on_train_begin(self, training):
        raise AssertionError("a training began")


def with_probabilities(model, X, y):
    return model.predict_proba(X).max()


GROUPS = np.arange(len(Y)) % 11
PAIRS = (np.arange(100), np.arange(100, 178))
OF_CLASSES = [
    ({"scoring": "roc_acu"}, "scoring must be one of .* Did you mean 'roc_auc'"),
    ({"scoring": "logloss"}, "'neg_log_loss'"),
    ({"scoring": "roc_auc"}, "For these targets there are roc_auc_ovo, "),
    ({"scoring": "f1"}, r"got 'f1'\. For .* there are f1_macro, f1_micro, f1_weighted\.$"),
    ({"effort": "worst"}, "effort must be 'balanced', 'best' or 'fast', got 'worst'"),
    ({"checkpoint_dir": "c", "time_budget": 5.0}, "time_budget must be None where checkpoint_dir is given"),
    ({"resume": True}, "checkpoint_dir must be a folder where resume=True, got None"),
    ({"categorical_features": ["alcohl"]}, "categorical_features"),
    ({"presets": "rleu"}, "presets must be one of .*, got 'rleu'. Did you mean 'relu'"),
    ({"presets": ["relu", "relu"]}, r"presets must be different presets, .* got \['relu', 'relu'\]"),
    ({"network_params": {"epoch": 3}}, "Did you mean 'epochs'"),
    ({"network_params": {"hidden_layers": (8, 0)}}, r"\['hidden_layers'\] must be whole numbers of at least"),
    ({"network_params": {"learning_rate": -1.0}}, r"network_params\['learning_rate'\]"),
    ({"network_params": {"activation": "rleu"}}, "Did you mean 'relu'"),
    ({"decision_threshold": "f1"}, r"must be 0\.5 except for two classes"),
    *(
        ({"validation": folds}, says)
        for folds, says in (
            ([(np.arange(100), np.arange(90, 178))], "got fold 0, which learns from rows that it holds out"),
            ([PAIRS, (np.arange(9), np.arange(0))], "got fold 1 with 9 and 0 rows"),
            ([], "got no fold"),
            ([(np.arange(100), np.arange(100, 179))], "fold 0, which has row numbers beyond the 178 rows"),
            ([np.arange(100)], "got fold 0, which is no pair of row numbers"),
            ("tmie", "validation must be 'time', an object with split and get_n_splits, a list"),
        )
    ),
]
OF_NUMBERS = [
    ({"scoring": "rmse"}, "of 14, among them 'neg_root_mean_squared_error'"),
    ({"scoring": "accuracy"}, r"scoring must be a metric of numbers, got 'accuracy'\.$"),
    ({"scoring": "neg_brier_score"}, r"scoring must be a metric of numbers, "),
    ({"scoring": with_probabilities}, "The targets are numbers, which have no probabilities"),
    ({"scoring": "r2", "loss": "quantile"}, "different number of output"),
    ({"refit": True, "time_budget": 5.0}, "refit must be False w"),
]
LETTERS, COLUMNS = np.array(["a", "b", "c"])[Y], np.column_stack([Y > 0, Y == 0]).astype(int)
SOFT = {"decision_threshold": 0.3, "soft_targets": True}
OWN = {"X_val": X, "y_val": Y}
GROUPED = [
    ({"groups": 5}, "groups must have 178 values, one for each row of X, got 1"),
    ({"groups": [None, *GROUPS[1:]]}, "1 of 178 rows .row 1, counted from 1. has no group"),
    ({"groups": np.zeros((178, 1))}, "groups must have hashable values, got array"),
    ({"groups": [1] * 178}, "groups must have at least two different values, got one"),
    ({"groups": Y > 0, "y": Y > 0}, "rows beside each held-out group have one class"),
    ({"groups": "home"}, "groups must be an array where the columns of X have no names"),
    ({"groups": GROUPS, **OWN}, "groups cannot be used with validation data"),
]
REFUSED = [
    *((DeepClassifier, *case, {}) for case in OF_CLASSES),
    *((DeepRegressor, *case, {}) for case in OF_NUMBERS),
    (DeepClassifier, {"scoring": "r2"}, r"scoring must be a metric of classes, got 'r2'\.$", {"y": LETTERS}),
    (DeepRegressor, {"refit": True}, "refit must be False w", {"X_val": NUMBERS, "y_val": TARGET}),
    *((DeepClassifier, {}, says, rows) for rows, says in GROUPED),
    (DeepClassifier, {"validation": "time"}, "validation cannot be used with validation data", OWN),
    (DeepClassifier, {"validation": "time"}, "groups cannot be used with validation=", {"groups": GROUPS}),
    *(
        (DeepClassifier, {"decision_threshold": by}, "a number above 0 and below 1", {"y": Y > 0})
        for by in ("f2", 0, 1.0, np.nan, True, (1, -1), (1, 2, 3), [True, 1])
    ),
    (DeepClassifier, {"decision_threshold": "f1"}, r"0\.5 except for two classes", {"y": COLUMNS}),
    (DeepClassifier, SOFT, r"decision_threshold must be 0\.5 with soft_targets", {"y": COLUMNS}),
]


@pytest.mark.parametrize(("Estimator", "settings", "says", "rows"), REFUSED, ids=range(len(REFUSED)))
def test_what_does_not_suit_is_refused_before_the_training(Estimator, settings, says, rows):
    X_, y = (X, Y) if Estimator is DeepClassifier else (NUMBERS, TARGET)
    with pytest.raises(ValueError, match=says):
        Estimator(**{**TWO, **settings, "callbacks": [Never()]}).fit(X_, **{"y": y, **rows})


@pytest.mark.parametrize("labels", [[1, 2], [0, 2], [1, 0], ["no", "yes"], [False, True]])
def test_metrics_of_two_classes_are_about_the_second_one(labels):
    targets = Targets.of_classes([np.array(labels)])
    A, true = np.array([[0.9], [0.8], [0.2], [0.7]]), np.array([[1.0], [1.0], [0.0], [0.0]])
    expected = {"f1": 0.8, "roc_auc": 1.0, "average_precision": 1.0}
    losses = {name: metric.Metric(targets, name).loss(A, true, None) for name in expected}
    assert losses == {name: pytest.approx(-value) for name, value in expected.items()}


# The folds

SPLITTERS = [
    (LeaveOneGroupOut(), 11),
    (TimeSeriesSplit(2), 2),
    (PredefinedSplit(np.arange(len(Y)) % 3 - 1), 2),
    (RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0), 4),
    ([PAIRS, PAIRS[::-1]], 2),
]


@pytest.mark.parametrize(("splitter", "n"), SPLITTERS)
def test_splitters_say_which_rows_are_held_out(splitter, n):
    order = np.random.default_rng(0).permutation(len(Y))
    X_, y, groups = X[order], Y[order], GROUPS[order]
    grouped = {"groups": groups} if isinstance(splitter, LeaveOneGroupOut) else {}
    expected = [*splitter.split(X_, y, **grouped)] if hasattr(splitter, "split") else splitter
    model = DeepClassifier(validation=splitter, presets="relu", network_params={"epochs": 2}, random_state=1)
    ensemble = model.fit(X_, y, **grouped).ensemble_
    assert len(ensemble.preprocessors) == len(ensemble.members) == len(ensemble.held_out) == n
    for held_out, (_, rows) in zip(ensemble.held_out, expected, strict=True):
        if grouped:  # groups have other numbers, by which some splitters go
            assert not {*groups[held_out]} & {*np.delete(groups, held_out)}
        else:
            assert_array_equal(held_out, rows)
    known = np.isfinite(model.oof_predictions_).all(axis=1)
    assert_array_equal(np.flatnonzero(known), np.unique(np.concatenate(ensemble.held_out)))


def test_numbers_of_rows_are_those_of_the_user_where_some_have_no_weight():
    weight = np.where(np.arange(len(Y)) % 4 == 0, 0.0, 1.0)
    for validation, held_out in (
        (PredefinedSplit(np.arange(len(Y)) % 3), np.arange(len(Y))),
        ([PAIRS], PAIRS[1]),
    ):
        model = DeepClassifier(validation=validation, presets="relu", **FEW).fit(X, Y, weight)
        known = np.isfinite(model.oof_predictions_).all(axis=1)
        assert_array_equal(np.flatnonzero(known), held_out[weight[held_out] > 0])


# What looks at the trainings


class Watcher(Callback):
    """Records which members it sees, in which threads, and whether two threads are in it at once."""

    def __init__(self):
        self.epochs, self.steps, self.threads, self.together = [], 0, set(), False
        self._lock = Lock()

    def on_step_end(self, training, update):
        self.steps += 1

    def on_epoch_end(self, training, record):
        self.together |= not self._lock.acquire(blocking=False)
        sleep(0.001)
        self.threads.add(get_ident())
        self.epochs.append((training.member, record["epoch"]))
        if self._lock.locked():
            self._lock.release()


def test_callbacks_see_every_member_one_thread_at_a_time_and_change_no_bit(tmp_path):
    """Two of them: one watches, one writes the records of all networks to a file."""
    watcher, settings = Watcher(), {"n_estimators": 10, "n_jobs": 4, **FEW}
    model = DeepClassifier(callbacks=[watcher, Csv(tmp_path / "records.csv")], **settings).fit(X, Y)
    records = polars.read_csv(tmp_path / "records.csv")
    assert records.height == sum(map(len, model.histories_))
    assert len(watcher.threads) > 1
    assert not watcher.together
    for member, history in zip(model.ensemble_.members, model.histories_, strict=True):
        epochs = [epoch for name, epoch in watcher.epochs if name == (member.preset, member.fold)]
        assert epochs == [*range(member.epochs)]
        lines = records.filter(polars.col("preset") == member.preset, polars.col("fold") == member.fold)
        assert lines["cost"].to_list() == history.costs.tolist()
    assert watcher.steps == sum(history[-1]["step"] for history in model.histories_)
    assert_array_equal(model.predict_proba(X), DeepClassifier(**settings).fit(X, Y).predict_proba(X))


def test_an_error_of_a_callback_is_that_of_the_fit():
    def broken(record):
        raise RuntimeError("mine")

    model = DeepClassifier(**TWO, callbacks=[broken])
    before = vars(model).copy()
    with pytest.raises(RuntimeError, match="mine"):
        model.fit(X, Y)
    assert vars(model) == before


def test_processes_do_not_share_callbacks():
    model = DeepClassifier(**TWO, callbacks=[Watcher()])
    said = "callbacks must be None where members are trained in processes"
    with joblib.parallel_config(backend="loky", n_jobs=2), pytest.raises(ConfigurationError, match=said):
        model.fit(X, Y)


# refit=True: the selected presets learn all rows, and calibration stays that of the folds

RNG = np.random.default_rng(0)
M = 240
TIME = np.arange(M) / M
TIMED = np.column_stack([RNG.normal(size=(M, 3)), TIME])
LATE = TIMED[:, 0] + 3 * TIME * TIMED[:, 1]  # the newest rows teach something else than the oldest ones
QUICK = {"effort": "fast", "network_params": {"epochs": 16}, "random_state": 0}


@pytest.fixture(scope="module")
def pair():
    """The same fit without and with the second training, on folds in the order of time."""
    settings = {**QUICK, "network_params": {"epochs": 40}, "validation": "time"}
    return [DeepRegressor(**settings, refit=again).fit(TIMED, LATE) for again in (False, True)]


def test_one_network_of_each_selected_preset_learns_the_newest_rows_too(pair):
    """For the epochs of its folds."""
    newest = slice(M - 24, None)
    before, after = (np.mean((model.predict(TIMED) - LATE)[newest] ** 2) for model in pair)
    assert after < before / 4
    before, after = (model.ensemble_ for model in pair)
    assert after.weights == before.weights
    assert [member.preset for member in after.members] == [summary.name for summary in before.by_preset]
    for member, summary in zip(after.members, before.by_preset, strict=True):
        epochs = round(np.mean([each.best_epoch for each in summary.members]))
        assert epochs == member.epochs == len(member.network.history)
        assert member.validation_cost is None


def test_what_is_known_of_rows_held_out_stays_that_of_the_folds(pair, tmp_path):
    before, after = pair
    assert_array_equal(after.oof_predictions_, before.oof_predictions_)
    (scores,), by_fold = (model.predictor_.calibration.scores for model in (after, before))
    assert_array_equal(scores, np.concatenate(by_fold))
    assert after.tried_[0].loss == before.tried_[0].loss
    assert np.isfinite([issue.gradient_norm for issue in after.label_issues(TIMED, LATE)]).all()
    low, high = after.predict_interval(TIMED).T
    assert (low < high).all()
    after.save(tmp_path / "run")
    loaded = DeepRegressor.load(tmp_path / "run")
    assert_array_equal(loaded.predict_interval(TIMED), np.column_stack([low, high]))


@pytest.mark.slow
def test_where_each_fold_has_epochs_of_its_own_it_is_their_mean():
    settings = {**QUICK, "network_params": {"epochs": 12, "patience": 4}}
    before = DeepClassifier(**settings).fit(X, Y)
    after = DeepClassifier(**settings, refit=True).fit(X, Y)
    for member, summary in zip(after.ensemble_.members, before.ensemble_.by_preset, strict=True):
        expected = np.mean([each.best_epoch for each in summary.members])
        assert abs(member.epochs - expected) <= 0.5 + 1e-9
    assert after.score(X, Y) > 0.9


def diverges(*_, **__):
    raise DivergenceError("Training diverged: the cost is NaN")


def stopped(*_, **__):
    raise KeyboardInterrupt


def pressed(work):
    """The same function, while which Ctrl-C is pressed."""

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)
        return work(*arguments, **options)

    return interrupted


ENDS = {
    "diverged": (refit, "fit_member", diverges),
    "preparing": (refit, "prepare_fold", stopped),
    "training": (refit, "fit_member", stopped),
    "calibrating": (calibrate, "fit_temperature", pressed(calibrate.fit_temperature)),
}


@pytest.mark.usefixtures("pythons_own_handler")
@pytest.mark.parametrize("when", ENDS)
def test_a_refit_that_diverges_and_ctrl_c_keep_the_networks_of_the_folds(monkeypatch, when):
    monkeypatch.setattr(*ENDS[when])
    reason = "diverged in the refit .*" if when == "diverged" else "was interrupted"
    with pytest.warns(UserWarning, match=f"{reason}: .*networks .*are.* kept"):
        model = DeepClassifier(**QUICK, refit=True).fit(X, Y)
    assert model.interrupted_ == (when != "diverged")
    assert len(model.ensemble_.members) > len(model.ensemble_.weights)
    assert model.predict_set(X).any(axis=1).all()
