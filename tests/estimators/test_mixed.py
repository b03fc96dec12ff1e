"""Models of scikit-learn as members of an ensemble beside its networks."""

import json
import pickle
import sys

import numpy as np
import polars
import pytest
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, log_loss

from deepstep import DeepClassifier, DeepRegressor
from deepstep.errors import ConfigurationError, FileError, MissingPackageError
from deepstep.estimators import ensemble_fit, mixed
from deepstep.estimators.calibration import with_temperature
from deepstep.estimators.ensemble_file import EnsembleFile
from deepstep.estimators.mixed import KINDS, KNOWN
from deepstep.run import Run

QUICK = {"n_estimators": 2, "max_iter": 3, "random_state": 1}
STILL = {**QUICK, "members": "mixed", "max_iter": 1, "learning_rate_init": 1e-9}
"""Networks that learn nothing: what is learnt is the models'."""
WINE, SORTS = load_wine(return_X_y=True)
NAMES = np.array(["red", "green", "blue"])[SORTS]
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
CANCER, BENIGN = load_breast_cancer(return_X_y=True)


@pytest.fixture(scope="module", autouse=True)
def _small_models():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixed, "TREES", 20)
        patch.setattr(mixed, "ROUNDS", 20)
        yield


@pytest.fixture(scope="module")
def wine():
    return DeepClassifier(members="mixed", **QUICK).fit(WINE, NAMES)


@pytest.fixture(scope="module")
def diabetes():
    return DeepRegressor(members="mixed", **QUICK).fit(DIABETES, PROGRESSION)


@pytest.fixture(params=["wine", "diabetes"])
def fitted(request):
    return request.getfixturevalue(request.param), WINE if request.param == "wine" else DIABETES


@pytest.fixture
def saved(wine, tmp_path):
    wine.save(tmp_path / "run")
    return tmp_path / "run"


def test_networks_alone_are_the_default(wine, tmp_path):
    model = DeepClassifier(**QUICK).fit(WINE, NAMES)
    assert model.members == "networks"
    assert model.ensemble_.others == ()
    for one, other in zip(model.ensemble_.members, wine.ensemble_.members, strict=True):
        assert_array_equal(one.network.parameters["W1"], other.network.parameters["W1"])
    model.save(tmp_path / "run")
    record = json.loads((tmp_path / "run/ensemble.json").read_text())
    assert record["version"] == 2
    assert "others" not in record


def test_predictions_are_the_weighted_mean_of_networks_and_models(fitted):
    model, X = fitted
    ensemble, rows = model.ensemble_, model._table(X, reset=False, where="test")
    assert ensemble.others
    assert_allclose(sum(ensemble.weights.values()), 1)
    assert_allclose(sum(ensemble.shares) + sum(ensemble.shares_of_others), 1)
    expected = 0.0
    pairs = [*zip(ensemble.members, ensemble.shares, strict=True)]
    pairs += zip(ensemble.others, ensemble.shares_of_others, strict=True)
    for member, share in pairs:
        preprocessor = ensemble.preprocessors[member.fold]
        inputs = preprocessor.inputs(rows)
        if member in ensemble.members:
            A = member.outputs(inputs, preprocessor)
        elif model is not None and hasattr(model, "classes_"):
            A = 0.999 * member.model.predict_proba(inputs[member.preset.inputs]) + 0.001 / 3
        else:
            A = member.model.predict(inputs[member.preset.inputs]).reshape(-1, 1)
            A = A * preprocessor.scale + preprocessor.center
        if hasattr(model, "classes_"):
            A = with_temperature(A, ensemble.temperatures[member.preset.name])
        expected = expected + share * A
    assert_allclose(ensemble.outputs(rows), expected, rtol=2e-5, atol=1e-6)


def test_trees_are_added_in_their_order(fitted):
    """A number of threads around would change the order, and so the last bits."""
    forests = [one.model for one in fitted[0].ensemble_.others if hasattr(one.model, "estimators_")]
    assert {forest.n_jobs for forest in forests if hasattr(forest, "n_jobs")} <= {1}


def test_members_are_networks_and_the_board_has_all(fitted):
    model, _ = fitted
    ensemble, board = model.ensemble_, model.leaderboard()
    assert sum(row["layer_dims"] is not None for row in board) == len(ensemble.members)
    assert len(board) == len(ensemble.members) + len(ensemble.others)
    assert all((row["member"] is None) == (row["preset"] in KNOWN) for row in board)
    assert all(np.isfinite(row["validation_cost"]) and row["score"] <= 1 for row in board)
    assert_allclose(sum(row["weight"] for row in board), 1)
    assert "models of scikit-learn on 2 folds" in repr(ensemble)
    assert sum(len(one.members) for one in ensemble.presets) == len(board)
    with pytest.raises(AttributeError, match=r"models of scikit-learn: see ensemble_\.members"):
        _ = model.network_


def test_what_follows_from_held_out_rows(wine, diabetes):
    sets = wine.predict_set(WINE, alpha=0.1)
    assert sets[np.arange(len(SORTS)), np.searchsorted(wine.classes_, NAMES)].mean() > 0.9
    lower, upper = diabetes.predict_interval(DIABETES, alpha=0.1).T
    assert np.mean((lower <= PROGRESSION) & (upper >= PROGRESSION)) > 0.85
    issues = wine.label_issues(WINE, NAMES) + diabetes.label_issues(DIABETES, PROGRESSION)
    assert all(np.isfinite(one.gradient_norm) for one in issues)
    assert_array_equal(pickle.loads(pickle.dumps(wine)).predict_proba(WINE), wine.predict_proba(WINE))


def test_no_model_predicts_rows_that_it_learned():
    """Labels that nothing tells: trees know them by heart, and out of fold they are at chance."""
    rng = np.random.default_rng(3)
    X, y = rng.standard_normal((240, 5)), np.repeat([0, 1], 120)
    model = DeepClassifier(members="mixed", **QUICK).fit(X, y)
    P = model.oof_predictions_
    assert abs(np.mean(P.argmax(axis=1) == y) - 0.5) < 0.12
    assert log_loss(y, P) > 0.65
    forest = KINDS[0].make(240, 5, 0, classes=True, leaf=1).fit(X, y)
    assert log_loss(y, forest.predict_proba(X)) < 0.1  # what it would be otherwise


def test_models_count_where_networks_learn_nothing():
    model = DeepRegressor(**STILL).fit(DIABETES, PROGRESSION)
    assert sum(model.ensemble_.shares) < 0.01
    assert model.ensemble_.members  # that can be opened
    assert model.score(DIABETES, PROGRESSION) > 0.5
    assert np.isfinite(model.label_issues(DIABETES, PROGRESSION, n=1)[0].gradient_norm)


@pytest.mark.parametrize("name", KNOWN)
def test_every_kind_of_model_is_saved_and_loaded(name, tmp_path, monkeypatch):
    monkeypatch.setattr(
        ensemble_fit, "kinds_for", lambda X: [one for one in KINDS if one.preset is KNOWN[name]]
    )
    targets = {
        "two": (DeepClassifier, CANCER[::6], BENIGN[::6]),
        "three": (DeepClassifier, WINE, NAMES),
        "number": (DeepRegressor, DIABETES[::4], PROGRESSION[::4]),
        "numbers": (DeepRegressor, DIABETES[::4], np.c_[PROGRESSION, DIABETES[:, 2]][::4]),
    }
    for at, (kind, X, y) in targets.items():
        model = kind(**STILL).fit(X, y)
        assert {one.preset.name for one in model.ensemble_.others} == {name}
        model.save(tmp_path / at)
        loaded = kind.load(tmp_path / at)
        assert_array_equal(loaded.predict(X), model.predict(X))
        assert loaded.leaderboard() == model.leaderboard()
        assert loaded.members == Run.load(tmp_path / at).config["settings"]["members"] == "mixed"
        if hasattr(model, "predict_proba"):
            assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


def test_other_types_are_refused(saved, wine):
    path = sorted((saved / "others").iterdir())[0]
    skops.io.dump(DummyClassifier().fit(WINE, NAMES), path)
    with pytest.raises(FileError, match="it was altered"):
        DeepClassifier.load(saved)
    with pytest.raises(FileError, match=rf"{path.name}: only types of .*; got sklearn.dummy.DummyClassifier"):
        EnsembleFile(saved).ensemble()
    path.write_bytes(b"no archive")
    with pytest.raises(FileError, match="an archive of skops; it cannot be read"):
        EnsembleFile(saved).ensemble()
    skops.io.dump(next(one.model for one in wine.ensemble_.others).__class__, path)
    with pytest.raises(FileError, match=path.name):
        EnsembleFile(saved).ensemble()


def test_trees_that_lead_nowhere_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(ensemble_fit, "kinds_for", lambda X: KINDS[:1])
    model = DeepClassifier(members="mixed", **QUICK).fit(WINE, NAMES)
    model.save(tmp_path / "run")
    other = model.ensemble_.others[0]
    tree = other.model.estimators_[0].tree_
    state = tree.__getstate__()
    state["nodes"]["left_child"][0] = 10_000
    tree.__setstate__(state)
    skops.io.dump(other.model, tmp_path / "run/others/00-extratrees-0.skops")
    with pytest.raises(FileError, match="a node of a tree leads to none"):
        EnsembleFile(tmp_path / "run").ensemble()


def test_a_run_with_them_is_replaced(saved, wine):
    wine.save(saved, overwrite=True)
    assert [entry.name for entry in saved.parent.iterdir()] == ["run"]
    (saved / "others" / "mine.skops").touch()
    with pytest.raises(FileError, match=r"did not write: 'others/mine\.skops'"):
        wine.save(saved, overwrite=True)


def test_models_of_another_release_of_scikit_learn(saved):
    path = saved / "ensemble.json"
    record = json.loads(path.read_text())
    for one in record["others"]:
        one["scikit_learn"] = "1.0"
    path.write_text(json.dumps(record))
    with pytest.warns(UserWarning, match=r"fitted with scikit-learn 1\.0, and this is"):
        EnsembleFile(saved).ensemble()
    record["others"][0]["name"] = "perceptron"
    path.write_text(json.dumps(record))
    with pytest.raises(FileError, match="a model is one of extratrees"):
        EnsembleFile(saved)


def test_without_skops(saved, wine, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    command = r"the package 'skops' is needed; it is not installed. Run: pip install skops"
    with pytest.raises(MissingPackageError, match=command):
        wine.save(tmp_path / "other")
    assert not (tmp_path / "other").exists()
    with pytest.raises(MissingPackageError, match=command):
        DeepClassifier.load(saved)


def test_rows_of_weight_0_do_not_count(wine):
    X, y = np.vstack([WINE, WINE[::-1]]), np.concatenate([NAMES, NAMES])
    weight = np.repeat([1.0, 0.0], len(NAMES))
    model = DeepClassifier(members="mixed", **QUICK).fit(X, y, weight)
    assert_array_equal(model.predict_proba(WINE), wine.predict_proba(WINE))


@pytest.mark.parametrize("class_weight", [None, {"red": 1.0, "green": 7.0, "blue": 0.3}])
def test_validation_costs_and_scores_are_weighted(class_weight):
    """Those of networks and of models alike, on the rows that their fold holds out."""
    rng = np.random.default_rng(3)
    y, weight = np.where(rng.random(len(NAMES)) < 0.3, "green", NAMES), rng.exponential(size=len(NAMES))
    model = DeepClassifier(class_weight=class_weight, members="mixed", dtype="float64", **QUICK)
    model.fit(WINE, y, weight)
    of_rows = weight * ([class_weight[name] for name in y] if class_weight else 1.0)
    ensemble, table = model.ensemble_, model._table(WINE, reset=False, where="test")
    scores = {(row["preset"], row["fold"]): row["score"] for row in model.leaderboard()}
    for member in (*ensemble.members, *ensemble.others):
        preprocessor = ensemble.preprocessors[member.fold]
        rows = preprocessor.fold.held_out
        outputs = member.outputs(preprocessor.inputs(table), preprocessor)[rows]
        labels = np.searchsorted(model.classes_, y)[rows]
        expected = log_loss(labels, outputs, sample_weight=of_rows[rows])
        assert member.validation_cost == pytest.approx(expected, rel=1e-5)
        accuracy = accuracy_score(labels, outputs.argmax(axis=1), sample_weight=weight[rows])
        assert scores[member.preset.name, member.fold] == pytest.approx(accuracy)
    assert len(ensemble.others) >= 2


def test_weights_reach_the_models(monkeypatch):
    monkeypatch.setattr(ensemble_fit, "kinds_for", lambda X: KINDS[2:4])
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((200, 2)), np.tile([0, 1], 100)  # only weights tell the classes
    for given in ({"class_weight": {0: 1, 1: 9}}, {"class_weight": {0: 9, 1: 1}}):
        model = DeepClassifier(**STILL, **given).fit(X, y)
        (of_1,) = {round(float(v)) for v in [model.predict_proba(X)[:, 1].mean()]}
        assert of_1 == (given["class_weight"][1] == 9)


def test_threads_change_no_bit(wine):
    model = DeepClassifier(members="mixed", n_jobs=1, **QUICK).fit(WINE, NAMES)
    assert_array_equal(model.predict_proba(WINE), wine.predict_proba(WINE))


def test_tables_sparse_rows_and_validation_data():
    frame = polars.DataFrame(
        {"x": [None, *WINE[1:, 0]], "sort": ["a", "b", None] * 59 + ["c"], "z": WINE[:, 6]}
    )
    model = DeepClassifier(members="mixed", **QUICK).fit(frame, NAMES)
    assert model.ensemble_.others
    assert model.score(frame, NAMES) > 0.7
    sparse = DeepClassifier(members="mixed", **QUICK).fit(csr_array(WINE), NAMES)
    assert {one.preset.name for one in sparse.ensemble_.others} <= {"extratrees", "bushes"}
    assert_array_equal(sparse.predict(csr_array(WINE)), sparse.predict(csr_array(WINE)[:]))
    validated = DeepClassifier(members="mixed", **QUICK)
    validated.fit(WINE[::2], NAMES[::2], X_val=WINE[1::2], y_val=NAMES[1::2])
    assert validated.ensemble_.others
    assert len(validated.ensemble_.preprocessors) == 1


def test_a_class_that_a_fold_lacks():
    y = NAMES.copy()
    y[0] = "white"
    model = DeepClassifier(members="mixed", **QUICK).fit(WINE, y)
    assert model.predict_proba(WINE).shape == (len(y), 4)
    assert_allclose(model.predict_proba(WINE).sum(axis=1), 1, atol=1e-6)


def interrupted_at(calls):
    """A fit of models that Ctrl-C ends at this call."""
    count, real = [0], ensemble_fit.fit_model

    def fit_model(*given, **named):
        count[0] += 1
        if count[0] == calls:
            raise KeyboardInterrupt
        return real(*given, **named)

    return fit_model


def test_ctrl_c_keeps_the_kinds_that_are_whole(monkeypatch):
    monkeypatch.setattr(ensemble_fit, "fit_model", interrupted_at(4))  # the second fold of the second kind
    told = "2 of 2 networks are trained and kept, with 2 models of scikit-learn"
    with pytest.warns(UserWarning, match=told):
        model = DeepClassifier(members="mixed", n_jobs=1, **QUICK).fit(WINE, NAMES)
    assert {one.preset.name for one in model.ensemble_.others} == {"extratrees"}
    assert model.interrupted_


def test_models_are_fitted_in_the_time_that_is_left(monkeypatch):
    real = ensemble_fit.fit_model

    def fit_model(estimator, kind, fold, seed, prepared, context, link):
        monkeypatch.setattr(ensemble_fit.TimeBudget, "over", True)
        return real(estimator, kind, fold, seed, prepared, context, link)

    monkeypatch.setattr(ensemble_fit, "fit_model", fit_model)
    model = DeepRegressor(members="mixed", time_budget=60.0, **QUICK).fit(DIABETES, PROGRESSION)
    assert {one.preset.name for one in model.ensemble_.others} <= {"extratrees"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "tabm"}, "with preset='tabular', got 'mixed' with preset='tabm'"),
        ({"preset": "mlp"}, "with preset='tabular', got 'mixed' with preset='mlp'"),
        (
            {"loss": "ordinal"},
            "with loss='cross_entropy' or 'squared_error', got 'mixed' with loss='ordinal'",
        ),
        ({"soft_targets": True}, "with labels, got 'mixed' with soft_targets=True"),
        ({}, "with one column of labels, got 'mixed' with several"),
    ],
    ids=["tabm", "mlp", "ordinal", "soft", "columns"],
)
def test_refused(given, message):
    columns = np.eye(3)[SORTS].astype(float if given else int)
    y = columns if not given or "soft_targets" in given else SORTS
    with pytest.raises(ConfigurationError, match=f"members must be 'networks', or 'mixed' {message}"):
        DeepClassifier(members="mixed", **given).fit(WINE, y)


def test_refused_of_numbers_and_files(tmp_path):
    with pytest.raises(ConfigurationError, match="got 'mixed' with loss='poisson'"):
        DeepRegressor(members="mixed", loss="poisson").fit(WINE, SORTS)
    polars.DataFrame({"x": WINE[:, 0], "y": WINE[:, 1]}).write_parquet(tmp_path / "rows.parquet")
    told = "where rows are in memory, got 'mixed' with rows that are str"
    with pytest.raises(ConfigurationError, match=told):
        DeepRegressor(members="mixed", stream=True).fit(tmp_path / "rows.parquet", "y")
    with pytest.raises(ValueError, match="The 'members' parameter of DeepClassifier must be"):
        DeepClassifier(members="trees").fit(WINE, NAMES)
