"""Estimators as run folders: what is loaded is what was fitted, and nothing else is accepted."""

import json
import pickle
import shutil
import warnings

import numpy as np
import polars
import pytest
from deepstep.run_folder import opened, read_config, write_config
from numpy.testing import assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from deepstep import DeepClassifier, DeepRegressor, Run
from deepstep.errors import ConfigurationError, FileError
from deepstep.targets import Targets

M = 60
RNG = np.random.default_rng(7)
X = RNG.normal(size=(M, 3))
FRAME = polars.DataFrame({"x": X[:, 0], "hole": [*X[1:, 1], None], "colour": RNG.choice(["red", "blue"], M)})
TWO, THREE = np.where(X[:, 0] > 0, "up", "down"), np.digitize(X[:, 0], (-0.5, 0.5))
TARGETS = {
    "two classes": (DeepClassifier, TWO, {}),
    "three classes": (DeepClassifier, THREE, {"class_weight": {0: 2.0, 1: 1.0}}),
    "ordered": (DeepClassifier, THREE, {"loss": "ordinal"}),
    "several": (DeepClassifier, np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int), {}),
    "booleans": (DeepClassifier, X[:, 0] > 0, {}),
    "number": (DeepRegressor, 3 * X[:, 0], {"loss": "huber", "loss_params": {"delta": 2.0}}),
    "numbers": (DeepRegressor, X[:, :2], {}),
    "counts": (DeepRegressor, np.round(np.exp(X[:, 0])), {"loss": "poisson"}),
    "quantiles": (DeepRegressor, X[:, 0], {"loss": "quantile", "quantiles": (0.1, 0.5, 0.8)}),
}
PRESETS = {
    "tabular": {"n_estimators": 2, "max_iter": 3},
    "tabm": {"n_estimators": 1, "max_iter": 2},
    "single": {"max_iter": 2, "early_stopping": True, "hidden_layer_sizes": [4, 3]},
    "mlp": {"max_iter": 2, "hidden_layer_sizes": (4,), "n_iter_no_change": np.inf},
}
FITTED = (
    "n_features_in_", "n_iter_", "feature_names_in_", "classes_", "temperature_", "quantiles_", "loss_curve_",
    "validation_scores_", "best_loss_", "loss_", "t_", "learning_rate_", "engine_", "engine_reason_",
    "best_validation_score_", "out_activation_", "n_outputs_", "interrupted_", "oof_predictions_",
)  # fmt: skip


def fitted(preset, target, rows=None, **options):
    kind, y, own = TARGETS[target]
    rows = X if preset == "mlp" and rows is None else FRAME if rows is None else rows
    model = kind(preset=preset, random_state=1, **PRESETS[preset], **own, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few epochs do not converge
        return model.fit(rows, y), rows, y


def same(one, other):
    if isinstance(one, np.ndarray | list) and len(one) and not isinstance(one[0], str):
        np.testing.assert_equal(one, other)
    else:
        assert np.array_equal(one, other)


def check_equal(model, loaded, rows, y):
    """Everything that users see of both is equal to the bit."""
    assert type(loaded) is type(model)
    np.testing.assert_equal(loaded.get_params(), model.get_params())
    assert repr(loaded) == repr(model)
    assert vars(loaded).keys() == vars(model).keys()
    methods = ["predict"]
    if isinstance(model, DeepClassifier):
        methods += ["predict_proba", "predict_set"] if model.loss != "ordinal" else ["predict_proba"]
    elif model.loss != "quantile":
        methods.append("predict_interval")
    for method in methods:
        try:
            expected = getattr(model, method)(rows)
        except ConfigurationError:  # nothing was held out
            with pytest.raises(ConfigurationError):
                getattr(loaded, method)(rows)
            continue
        assert_array_equal(getattr(loaded, method)(rows), expected, strict=True)
    assert loaded.score(rows, y) == model.score(rows, y)
    for name in FITTED:
        assert hasattr(loaded, name) == hasattr(model, name), name
        if hasattr(model, name):
            same(getattr(loaded, name), getattr(model, name))
    scores = ([row["score"] for row in found.leaderboard()] for found in (loaded, model))
    assert next(scores) == next(scores)
    for one, other in zip(loaded.ensemble_.members, model.ensemble_.members, strict=True):
        histories = ([{**record, "seconds": 0} for record in found.network.history] for found in (one, other))
        np.testing.assert_equal(*histories)
        assert one.network.history.stopped == other.network.history.stopped
        assert one.settings == other.settings
    issues = [
        len(one.label_issues(rows, y, n=3)) and one.label_issues(rows, y, n=3) for one in (loaded, model)
    ]
    np.testing.assert_equal(*issues)


PAIRS = [(preset, target) for at, target in enumerate(TARGETS) for preset in ("mlp", [*PRESETS][at % 3])]


@pytest.mark.parametrize(("preset", "target"), PAIRS)
def test_what_is_loaded_is_what_was_fitted(preset, target, tmp_path):
    model, rows, y = fitted(preset, target)
    model.save(tmp_path / "model")
    loaded = type(model).load(tmp_path / "model")
    check_equal(model, loaded, rows, y)
    run = Run.load(tmp_path / "model")
    frame = rows if rows is FRAME else polars.DataFrame(X, schema=["x0", "x1", "x2"])
    answers, told = run.predict(frame), model.predict(rows)
    expected = told if answers.quantiles is None else told[:, 1]
    assert_array_equal(answers.values, expected)
    if answers.probabilities is not None:
        assert_array_equal(answers.probabilities, model.predict_proba(rows))
    loaded.save(tmp_path / "again")
    for path in (tmp_path / "model").rglob("*.*"):
        assert (tmp_path / "again" / path.relative_to(tmp_path / "model")).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("preset", ["tabular", "mlp"])
def test_sparse_rows(preset, tmp_path):
    rows = csr_matrix(np.where(np.abs(X) > 0.5, X, 0))
    model, _, y = fitted(preset, "two classes", rows)
    model.save(tmp_path / "model")
    check_equal(model, DeepClassifier.load(tmp_path / "model"), rows, y)


@pytest.mark.parametrize("again", ["partial_fit", "fit"])
def test_training_goes_on_from_what_was_loaded(again, tmp_path):
    model = DeepClassifier(4, preset="mlp", random_state=1, batch_size=16, warm_start=True, max_iter=2)
    for _ in range(2):
        model.partial_fit(X, TWO, classes=["down", "up"])
    model.save(tmp_path / "model")
    loaded = DeepClassifier.load(tmp_path / "model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in (model, loaded):
            getattr(one, again)(X, TWO)
    check_equal(model, loaded, X, TWO)


@pytest.mark.parametrize(
    ("target", "changes"),
    [("three classes", {"loss": "ordinal"}), ("quantiles", {"quantiles": (0.3,), "loss": "huber"})],
)
def test_parameters_that_are_set_after_fit_change_no_prediction(target, changes, tmp_path):
    model, rows, _ = fitted("single", target)
    before = model.predict(rows)
    model.set_params(**changes).save(tmp_path / "model")
    loaded = type(model).load(tmp_path / "model")
    assert_array_equal(loaded.predict(rows), before)
    assert loaded.get_params() == model.get_params()


def test_what_is_no_plain_value_is_left_out_with_a_warning(tmp_path):
    model = DeepRegressor(
        2, preset="mlp", max_iter=1, random_state=np.random.RandomState(1), callbacks=[lambda record: None],
        initialization={"W1": np.ones((2, 3)), "b1": np.zeros((2, 1)), "W2": np.ones((1, 2)), "b2": [[0.5]]},
        schedule=lambda t: 1 - t,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, X[:, 0])
    with pytest.warns(UserWarning, match="callbacks, random_state, schedule will have the default"):
        model.save(tmp_path / "model")
    loaded = DeepRegressor.load(tmp_path / "model")
    assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_equal(loaded.initialization, model.initialization)
    assert (loaded.callbacks, loaded.schedule, loaded.random_state) == (None, None, None)


def test_classes_that_no_file_holds_are_refused(tmp_path):
    days = np.array(["2020-01-01", "2020-01-02"], "datetime64[D]")[(X[:, 0] > 0).astype(int)]
    model = DeepClassifier(2, preset="mlp", max_iter=1, random_state=1, tol=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, TWO)
    model.targets_ = Targets.of_classes([np.unique(days)])
    with pytest.raises(ConfigurationError, match="classes that are texts or numbers"):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_an_estimator_is_fitted_first(tmp_path):
    with pytest.raises(NotFittedError):
        DeepClassifier().save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model"
    fitted("tabular", "two classes")[0].save(path)
    return path


def test_the_class_has_to_be_that_of_the_folder(folder, tmp_path):
    with pytest.raises(FileError, match="a DeepRegressor is expected; it is a DeepClassifier"):
        DeepRegressor.load(folder)

    class Mine(DeepClassifier):
        pass

    assert type(Mine.load(folder)) is Mine
    run = Run.load(folder)
    assert isinstance(clone(run.estimator), DeepClassifier)
    run.estimator = None
    run.save(tmp_path / "run")
    with pytest.raises(FileError, match=r"without an estimator. deepstep.Run.load reads it"):
        DeepClassifier.load(tmp_path / "run")


def test_a_damaged_file_is_named(folder, tmp_path):
    files = sorted(path.relative_to(folder) for path in folder.rglob("*.*") if path.is_file())
    assert len(files) == 11
    for number, name in enumerate(files):
        whole = (folder / name).read_bytes()
        at = int(RNG.integers(len(whole)))
        altered = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
        for kind, damaged in enumerate((whole[:at], altered, None)):
            path = tmp_path / f"{number}-{kind}"
            shutil.copytree(folder, path)
            (path / name).unlink() if damaged is None else (path / name).write_bytes(damaged)
            with pytest.raises(FileError, match=str(name)):
                DeepClassifier.load(path)


FORGED = {
    "another class": lambda record: record.update(kind="Popen"),
    "a parameter more": lambda record: record["parameters"].update(code=1),
    "an attribute more": lambda record: record["state"].update(predict=1),
    "a value of another class": lambda record: record["state"].update(n_features_in_={"Popen": {}}),
    "no number of features": lambda record: record["state"].pop("n_features_in_"),
    "a calibration that is none": lambda record: record["state"].update(_calibration=1),
    "an array that is not there": lambda record: record.update(out_of_fold={"array": "x"}),
    "a newer version": lambda record: record.update(version=2),
    "fewer fits": lambda record: record["fits"].pop(),
    "fits that are none": lambda record: record.update(fits=[1, 1]),
    "classes that are none": lambda record: record.update(classes=1),
    "no classes": lambda record: record.update(classes=[]),
    "classes of columns": lambda record: record.update(classes=[["a", "b"], ["a", "b"]]),
    "classes of several dimensions": lambda record: record.update(classes=[[["a", "b"]]]),
    "settings that are none": lambda record: record.update(settings=[]),
    "other columns": lambda record: record.update(n_columns=3),
    "a list": lambda record: record.clear(),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_a_forged_estimator_is_refused(folder, tmp_path, change):
    """With every checksum made to fit."""
    path = tmp_path / "model"
    shutil.copytree(folder, path)
    record = json.loads((path / "estimator.json").read_text())
    change(record)
    (path / "estimator.json").write_text(json.dumps(record))
    config = read_config(path)
    write_config(path, opened(config), config["files"])
    with pytest.raises(FileError, match=r"estimator\.json"):
        DeepClassifier.load(path)


def test_no_file_is_a_pickle(folder):
    for path in folder.rglob("*.*"):
        with pytest.raises(Exception):  # noqa: B017, PT011
            pickle.loads(path.read_bytes())


def test_a_network_of_one_class_comes_back(tmp_path):
    model = DeepClassifier(
        2, preset="mlp", max_iter=1, random_state=1, tol=0.0, loss_params={"smoothing": np.float32(0.5)}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, np.full(len(X), "only"))
    model.save(tmp_path / "model")
    loaded = DeepClassifier.load(tmp_path / "model")
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.targets_.settings == {"smoothing": 0.5}
