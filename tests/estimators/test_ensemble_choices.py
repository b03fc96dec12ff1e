"""What the user decides of an ensemble: the metric, the folds, and what looks at the trainings."""

from threading import Lock, get_ident
from time import sleep

import joblib
import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.metrics import balanced_accuracy_score, get_scorer, make_scorer, roc_auc_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_score,
)

from deepstep import DeepClassifier, DeepRegressor
from deepstep.ensembles import presets as catalogue
from deepstep.ensembles.metric import Metric
from deepstep.ensembles.presets import Size
from deepstep.errors import ConfigurationError
from deepstep.training import Callback, StopTraining

X, Y = load_wine(return_X_y=True)
NUMBERS, TARGET = load_diabetes(return_X_y=True)
FEW = {"network_params": {"epochs": 6}, "random_state": 1}
TWO = {"n_estimators": 2, **FEW}


# The metric


@pytest.mark.parametrize(
    ("Estimator", "scoring"),
    [
        (DeepClassifier, "roc_auc_ovr"),
        (DeepClassifier, "neg_log_loss"),
        (DeepRegressor, "neg_median_absolute_error"),
    ],
)
def test_presets_are_ranked_by_the_metric(Estimator, scoring, monkeypatch):
    """The loss of each in the table is minus the score of its outputs for rows that were held out."""
    monkeypatch.setattr(catalogue, "SIZES", {"balanced": {np.inf: Size(4, 3, 3, 4)}})
    X_, y = (X, Y) if Estimator is DeepClassifier else (NUMBERS, TARGET)
    model = Estimator(scoring=scoring, **FEW).fit(X_, y)
    losses = [preset.loss for preset in model.tried_]
    assert len(losses) == 4
    best = next(preset for preset in model.tried_ if preset.loss == min(losses))
    alone = Estimator(scoring=scoring, presets=best.preset, **FEW)
    alone.set_params(validation=[pair_of(model.ensemble_.held_out, k, len(y)) for k in range(3)]).fit(X_, y)
    metric = Metric(alone.targets_, scoring)
    ensemble = alone.ensemble_
    order = np.argsort(np.concatenate(ensemble.held_out))
    assert len(order) == len(y)
    again = metric.loss(ensemble.out_of_fold, alone.targets_.encode(y), None)
    assert alone.tried_[0].loss == pytest.approx(again, rel=1e-4)
    assert -1 <= -again <= 1 or scoring != "roc_auc_ovr"


def pair_of(held_out, k, m):
    return np.setdiff1d(np.arange(m), held_out[k]), held_out[k]


def test_epochs_are_those_of_the_best_score():
    """By a scorer that likes the last epoch least: outputs near the prior."""

    def near_the_prior(estimator, X, y):
        return -float(np.std(estimator.predict_proba(X)))

    model = DeepClassifier(presets="relu", scoring=near_the_prior, **FEW).fit(X, Y)
    by_loss = DeepClassifier(presets="relu", **FEW).fit(X, Y)
    assert {member.best_epoch for member in model.ensemble_.members} == {1}
    assert {member.best_epoch for member in by_loss.ensemble_.members} != {1}
    one, other = (each.ensemble_.members[0].network.history.costs for each in (model, by_loss))
    assert_array_equal(one, other)  # training itself goes by the loss


def test_weights_go_by_the_score():
    """A scorer that counts one class alone gives most weight to the preset that knows it best."""

    def of_class_0(estimator, X, y):
        return float(np.mean(estimator.predict_proba(X)[y == 0, 0]))

    settings = {"presets": ["relu", "ranks", "linear"], **FEW}
    own, loss = (DeepClassifier(scoring=each, **settings).fit(X, Y) for each in (of_class_0, None))
    assert own.ensemble_.weights != loss.ensemble_.weights
    best = min(own.tried_, key=lambda preset: preset.loss)
    assert max(own.ensemble_.weights, key=own.ensemble_.weights.get) == best.preset


def test_a_scorer_in_cross_validation():
    X2, y2 = load_breast_cancer(return_X_y=True)
    model = DeepClassifier(scoring="roc_auc", effort="fast", **FEW)
    scores = cross_val_score(model, X2, y2, cv=3, scoring="roc_auc")
    assert scores.min() > 0.97
    fitted = clone(model).fit(X2, np.array(["no", "yes"])[y2])
    assert roc_auc_score(y2, fitted.oof_predictions_[:, 1]) > 0.97
    assert fitted.tried_[0].loss < -0.97


@pytest.mark.parametrize(
    "scoring",
    [
        "balanced_accuracy",
        get_scorer("balanced_accuracy"),
        make_scorer(balanced_accuracy_score),
        lambda estimator, X, y: balanced_accuracy_score(y, estimator.predict(X)),
    ],
    ids=["name", "scorer", "own scorer", "function"],
)
def test_scorers_of_every_form_choose_the_same(scoring):
    model = DeepClassifier(scoring=scoring, presets=["relu", "ranks"], **FEW).fit(X, Y)
    expected = DeepClassifier(scoring="balanced_accuracy", presets=["relu", "ranks"], **FEW).fit(X, Y)
    assert model.ensemble_.weights == expected.ensemble_.weights
    assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_weights_of_rows_count_in_the_score():
    weight = np.where(Y == 1, 0.01, 1.0)
    settings = {"scoring": "accuracy", "presets": "relu", **FEW}
    weighed = DeepClassifier(**settings).fit(X, Y, weight).tried_[0].loss
    ensemble = DeepClassifier(**settings).fit(X, Y, weight)
    decided = ensemble.oof_predictions_.argmax(axis=1)
    assert -weighed == pytest.approx(np.average(decided == Y, weights=weight), abs=0.02)


def test_loss_is_the_name_of_the_default():
    one, other = (DeepClassifier(scoring=name, **TWO).fit(X, Y) for name in (None, "loss"))
    assert_array_equal(one.predict_proba(X), other.predict_proba(X))


@pytest.mark.parametrize(
    ("scoring", "says"),
    [
        ("roc_acu", "scoring must be one of .*got 'roc_acu'. Did you mean 'roc_auc'"),
        (3, "'scoring' parameter"),
    ],
)
def test_what_is_no_metric(scoring, says):
    with pytest.raises(ValueError, match=says):
        DeepClassifier(scoring=scoring, **TWO).fit(X, Y)


# The folds

GROUPS = np.arange(len(Y)) % 11
SPLITTERS = {
    "KFold": (KFold(4), 4),
    "shuffled": (KFold(3, shuffle=True, random_state=0), 3),
    "StratifiedKFold": (StratifiedKFold(6, shuffle=True, random_state=0), 6),
    "GroupKFold": (GroupKFold(3), 3),
    "LeaveOneGroupOut": (LeaveOneGroupOut(), 11),
    "ShuffleSplit": (ShuffleSplit(1, test_size=0.25, random_state=0), 1),
    "TimeSeriesSplit": (TimeSeriesSplit(2), 2),
    "PredefinedSplit": (PredefinedSplit(np.arange(len(Y)) % 3 - 1), 2),
    "repeated": (RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0), 4),
    "pairs": ([(np.arange(0, 100), np.arange(100, 178)), (np.arange(78, 178), np.arange(78))], 2),
}


@pytest.mark.parametrize(
    ("Estimator", "settings", "says"),
    [
        (DeepClassifier, {"scoring": "roc_auc"}, "multi_class must be in"),
        (DeepClassifier, {"scoring": "f1"}, "Target is multiclass"),
        (DeepRegressor, {"scoring": "accuracy"}, "continuous"),
        (DeepRegressor, {"scoring": "r2", "loss": "quantile"}, "different number of output"),
        (DeepClassifier, {"scoring": lambda estimator, X, y: X[0, 0]}, None),
    ],
)
def test_a_metric_that_does_not_suit_is_refused_before_the_training(Estimator, settings, says):
    X_, y = (X, Y) if Estimator is DeepClassifier else (NUMBERS, TARGET)
    settings = {**TWO, **settings, "callbacks": [Never()]}
    error = IndexError if says is None else ConfigurationError
    with pytest.raises(error, match=says):
        Estimator(**settings).fit(X_, y)


class Never(Callback):
    """Fails where a training begins."""

    def on_train_begin(self, training):
        raise AssertionError("a training began")


def test_scorers_see_labels_and_may_take_no_weights():
    X_, y = load_breast_cancer(return_X_y=True)
    names, seen = np.where(y == 1, "fraud", "fair"), []

    def recall(estimator, X, y):
        seen.append((set(y), set(estimator.predict(X)) | set(estimator.classes_), X.shape[1]))
        return np.mean(estimator.predict(X)[y == "fraud"] == "fraud")

    settings = {"n_estimators": 2, "network_params": {"epochs": 2}, "random_state": 1}
    DeepClassifier(scoring=recall, **settings).fit(X_, names, sample_weight=np.where(y, 1.0, 2.0))
    assert all(labels <= {"fraud", "fair"} and known == {"fraud", "fair"} for labels, known, _ in seen)
    assert {columns for *_, columns in seen} == {0}
    by_name = make_scorer(balanced_accuracy_score)
    DeepClassifier(scoring=by_name, **settings).fit(X_, names)


def test_a_score_that_has_no_value_is_said():
    calls = []

    def fails_later(estimator, X, y):
        calls.append(1)
        if len(calls) > 1:
            raise ValueError("no score")
        return 0.5

    with pytest.warns(UserWarning, match="has no value for the rows that were held out"):
        DeepClassifier(scoring=fails_later, **TWO).fit(X, Y)


@pytest.mark.parametrize("name", SPLITTERS)
def test_splitters_say_which_rows_are_held_out(name):
    splitter, n = SPLITTERS[name]
    order = np.random.default_rng(0).permutation(len(Y))
    X_, y, groups = X[order], Y[order], GROUPS[order]
    grouped = {"groups": groups} if "Group" in name else {}
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
    assert model.score(X_, y) > 0.3


def test_a_part_of_one_fold_is_as_large_as_the_splitter_says():
    splitter = ShuffleSplit(1, test_size=0.25, random_state=0)
    model = DeepRegressor(validation=splitter, n_estimators=3, **FEW).fit(NUMBERS, TARGET)
    assert [len(rows) for rows in model.ensemble_.held_out] == [-(-len(TARGET) // 4)]
    assert len(model.ensemble_.members) == 3


@pytest.mark.parametrize(
    "validation", [PredefinedSplit(np.arange(len(Y)) % 3), [(np.arange(90), np.arange(90, len(Y)))]]
)
def test_numbers_of_rows_are_those_of_the_user_where_some_have_no_weight(validation):
    weight = np.where(np.arange(len(Y)) % 4 == 0, 0.0, 1.0)
    model = DeepClassifier(validation=validation, presets="relu", **FEW).fit(X, Y, weight)
    held_out = validation[0][1] if isinstance(validation, list) else np.arange(len(Y))
    known = np.isfinite(model.oof_predictions_).all(axis=1)
    assert_array_equal(np.flatnonzero(known), held_out[weight[held_out] > 0])


def test_a_splitter_goes_with_a_refit_and_with_classes_in_proportion():
    model = DeepClassifier(validation=StratifiedKFold(3), presets="relu", refit=True, **FEW).fit(X, Y)
    assert len(model.ensemble_.members) == 1
    assert np.isfinite(model.oof_predictions_).all()


@pytest.mark.parametrize(
    ("validation", "says"),
    [
        ([(np.arange(100), np.arange(90, 178))], "got fold 0 that learns from rows which it holds out"),
        (
            [(np.arange(100), np.arange(100, 178)), (np.arange(9), np.arange(0))],
            "got fold 1 with 9 and 0 rows",
        ),
        ([], "got no fold"),
        ([(np.arange(100), np.arange(100, 179))], "got fold 0 with row numbers beyond the 178 rows"),
        ([(np.arange(100), np.arange(-5, 0))], "got fold 0 with row numbers beyond"),
        ([np.arange(100)], "got fold 0 that is no pair of row numbers"),
        ("tmie", "'validation' parameter"),
    ],
    ids=["overlap", "empty", "none", "beyond", "negative", "no pairs", "a name"],
)
def test_what_are_no_folds(validation, says):
    with pytest.raises(ValueError, match=says):
        DeepClassifier(validation=validation, **TWO).fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "arguments", "says"),
    [
        (
            {"validation": KFold(3)},
            {"X_val": X, "y_val": Y},
            "validation, or validation data of its own; got both",
        ),
        ({"validation": "time"}, {"groups": GROUPS}, "groups, or validation='time'; got both"),
    ],
)
def test_folds_that_contradict_each_other(settings, arguments, says):
    with pytest.raises(ConfigurationError, match=says):
        DeepClassifier(**settings, **TWO).fit(X, Y, **arguments)


# What looks at the trainings


class Watcher(Callback):
    """Records which members it sees, in which threads, and whether two threads are in it at once."""

    def __init__(self):
        self.members, self.epochs, self.threads, self.together = [], [], set(), False
        self._lock = Lock()

    def _enter(self, training):
        self.together |= not self._lock.acquire(blocking=False)
        sleep(0.001)
        self.threads.add(get_ident())
        if self._lock.locked():
            self._lock.release()

    def on_train_begin(self, training):
        self._enter(training)
        self.members.append(training.member)

    def on_epoch_end(self, training, record):
        self._enter(training)
        self.epochs.append((training.member, record["epoch"]))

    def on_train_end(self, training):
        self._enter(training)


def test_callbacks_see_every_member_one_thread_at_a_time():
    watcher = Watcher()
    model = DeepClassifier(n_estimators=10, n_jobs=4, callbacks=[watcher], **FEW).fit(X, Y)
    expected = {(member.preset, member.fold) for member in model.ensemble_.members}
    assert sorted(watcher.members) == sorted(expected)
    assert len(watcher.threads) > 1
    assert not watcher.together
    for member in model.ensemble_.members:
        epochs = [epoch for name, epoch in watcher.epochs if name == (member.preset, member.fold)]
        assert epochs == [*range(member.epochs)]


def test_callbacks_change_no_bit():
    def count(record):
        seen.append(record["epoch"])

    seen = []
    watched = DeepClassifier(**TWO, callbacks=[count]).fit(X, Y)
    assert_array_equal(watched.predict_proba(X), DeepClassifier(**TWO).fit(X, Y).predict_proba(X))
    assert len(seen) == 2 * 6


class Stopper(Callback):
    """Ends the training of one fold after two epochs."""

    def on_epoch_end(self, training, record):
        if training.member[1] == 1 and record["epoch"] == 1:
            raise StopTraining("enough of fold 1")


def test_stop_training_ends_one_member():
    model = DeepRegressor(**{**TWO, "network_params": {"epochs": 40}}, callbacks=[Stopper()]).fit(
        NUMBERS, TARGET
    )
    first, second = model.ensemble_.members
    assert first.fold == 0
    assert first.epochs > second.epochs == 2
    assert model.histories_[1].stopped == "enough of fold 1"
    assert np.isfinite(model.predict(NUMBERS)).all()


class StepWatcher(Callback):
    steps = 0

    def on_step_end(self, training, update):
        self.steps += 1


def test_steps_are_seen_too():
    watcher = StepWatcher()
    model = DeepClassifier(**TWO, callbacks=[watcher]).fit(X, Y)
    assert watcher.steps == sum(history[-1]["step"] for history in model.histories_)


def test_an_error_of_a_callback_is_that_of_the_fit():
    def broken(record):
        raise RuntimeError("mine")

    model = DeepClassifier(**TWO, callbacks=[broken])
    before = vars(model).copy()
    with pytest.raises(RuntimeError, match="mine"):
        model.fit(X, Y)
    assert vars(model) == before


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_processes_do_not_share_callbacks(backend):
    model = DeepClassifier(**TWO, callbacks=[Watcher()])
    with joblib.parallel_config(backend=backend, n_jobs=2):
        with pytest.raises(
            ConfigurationError, match="callbacks must be None where members are trained in processes"
        ):
            model.fit(X, Y)
        DeepClassifier(**TWO).fit(X, Y)


@pytest.mark.parametrize("rows", ["frame", "records"])
def test_a_metric_and_folds_go_with_frames(rows):
    frame = polars.DataFrame({"alcohol": X[:, 0], "kind": np.array(["a", "b"])[(X[:, 1] > 2).astype(int)]})
    table = frame if rows == "frame" else frame.to_dicts()
    model = DeepClassifier(scoring="accuracy", validation=KFold(3, shuffle=True), presets="relu", **FEW)
    assert len(model.fit(table, Y).predict(table)) == len(Y)
