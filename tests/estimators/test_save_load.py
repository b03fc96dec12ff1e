"""Saved models: what is loaded is what was fitted, of every estimator, and nothing else is accepted."""

import shutil

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal, assert_equal
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import deepstep
from archive_examples import reseal
from deepstep import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor, TableEncoder, archive
from deepstep.errors import ConfigurationError, FileError
from deepstep.estimators.table_encoder import table_network

M = 60
RNG = np.random.default_rng(7)
X = RNG.normal(size=(M, 3))
FRAME = polars.DataFrame({"x": X[:, 0], "hole": [*X[1:, 1], None], "colour": RNG.choice(["red", "blue"], M)})
TWO, THREE = np.where(X[:, 0] > 0, "up", "down"), np.digitize(X[:, 0], (-0.5, 0.5))
TARGETS = {
    "two classes": (True, TWO, {}),
    "three classes": (True, THREE, {"class_weight": {0: 2.0, 1: 1.0}}),
    "ordered": (True, THREE, {"loss": "ordinal"}),
    "several": (True, np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int), {}),
    "number": (False, 3 * X[:, 0], {"loss": "huber", "loss_params": {"delta": 2.0}}),
    "numbers": (False, X[:, :2], {}),
    "counts": (False, np.round(np.exp(X[:, 0])), {"loss": "poisson"}),
    "quantiles": (False, X[:, 0], {"loss": "quantile", "quantiles": (0.1, 0.5, 0.8)}),
}
FAMILIES = ("ensemble", "network", "pipeline")
OF_ENSEMBLE = {"n_estimators": 2, "network_params": {"epochs": 3, "hidden_layers": (4,)}}
OF_NETWORK = {"max_iter": 3, "hidden_layer_sizes": [4, 3], "early_stopping": True, "n_iter_no_change": np.inf}

NO_VALUES = {"network_", "ensemble_", "predictor_", "targets_", "history_", "histories_", "stopping_history_"}


def attributes(model):
    """Names of the attributes that are there after a fit and hold numbers, texts or tables."""
    names = {*dir(type(model)), *vars(model)} - NO_VALUES
    return sorted(name for name in names if name.endswith("_") and not name.startswith("_"))


def fitted(family, target):
    """A fitted model, and the rows and targets that it has learned."""
    classes, y, settings = TARGETS[target]
    settings, rows = {"random_state": 1, **settings}, X if family == "network" else FRAME
    Network = NetworkClassifier if classes else NetworkRegressor
    if family == "ensemble":
        model = (DeepClassifier if classes else DeepRegressor)(**OF_ENSEMBLE, **settings)
    elif family == "network":
        model = Network(**OF_NETWORK, **settings)
    else:
        model = table_network(Network, rows=M, max_iter=2, **settings)
    return model.fit(rows, y), rows, y


def answer(model, method, *arguments):
    """What a method answers, or the words of its error: it has none, or nothing was held out."""
    try:
        return getattr(model, method)(*arguments)
    except (AttributeError, ConfigurationError) as error:
        return str(error)


def check_equal(model, loaded, rows, y):
    """Everything that users see of both is equal to the bit."""
    assert (type(loaded), repr(loaded)) == (type(model), repr(model))
    for method in ("predict", "predict_proba", "predict_set", "predict_interval"):
        assert_equal(answer(loaded, method, rows), answer(model, method, rows))
    assert loaded.score(rows, y) == model.score(rows, y)
    one, other = (each[-1] if hasattr(each, "steps") else each for each in (loaded, model))
    assert_equal(one.get_params(), other.get_params())
    assert attributes(one) == attributes(other)
    for name in attributes(one):
        assert_equal(getattr(one, name, None), getattr(other, name, None), err_msg=name)
    members = zip(one.predictor_.ensemble.members, other.predictor_.ensemble.members, strict=True)
    for member, same in members:
        assert_equal([*member.network.history], [*same.network.history])
        assert member.network.history.stopped == same.network.history.stopped
        assert (member.settings, member.score, member.engine) == (same.settings, same.score, same.engine)
    if not hasattr(model, "steps"):
        assert_equal(loaded.label_issues(rows, y, n=3), model.label_issues(rows, y, n=3))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_loaded_is_what_was_fitted(family, target, tmp_path):
    model, rows, y = fitted(family, target)
    deepstep.save(model, tmp_path / "model")
    loaded = deepstep.load(tmp_path / "model")
    check_equal(model, loaded, rows, y)
    deepstep.save(loaded, tmp_path / "again")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == sorted(archive.MODEL[:3])
    for path in (tmp_path / "model").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("fitted_on", [FRAME, FRAME.drop("colour").to_numpy()], ids=["frame", "array"])
def test_a_table_encoder(fitted_on, tmp_path):
    encoder = TableEncoder(keep_columns=None).fit(fitted_on)
    deepstep.save(encoder, tmp_path / "model")
    loaded = deepstep.load(tmp_path / "model")
    assert_array_equal(loaded.transform(fitted_on), encoder.transform(fitted_on))
    assert_array_equal(loaded.get_feature_names_out(), encoder.get_feature_names_out())
    assert vars(loaded).keys() == vars(encoder).keys()
    with pytest.raises(FileError, match="it holds a TableEncoder"):
        deepstep.Run.load(tmp_path / "model")


@pytest.mark.parametrize("again", ["partial_fit", "fit"])
def test_training_goes_on_from_what_was_loaded(again, tmp_path):
    model = NetworkClassifier(4, random_state=1, batch_size=16, warm_start=True, max_iter=2)
    for _ in range(2):
        model.partial_fit(X, TWO, classes=["down", "up"])
    model.save(tmp_path / "model")
    loaded = NetworkClassifier.load(tmp_path / "model")
    for each in (model, loaded):
        getattr(each, again)(X, TWO)
    assert_array_equal(loaded.network_.parameters.flat, model.network_.parameters.flat)
    assert_equal((loaded.loss_curve_, loaded.t_), (model.loss_curve_, model.t_))


def test_parameters_that_are_set_after_fit_change_no_prediction(tmp_path):
    model, rows, _ = fitted("ensemble", "quantiles")
    before = model.predict(rows)
    model.set_params(quantiles=(0.3,), loss="huber").save(tmp_path / "model")
    loaded = type(model).load(tmp_path / "model")
    assert_array_equal(loaded.predict(rows), before)
    assert_equal(loaded.get_params(), model.get_params())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model"
    fitted("ensemble", "two classes")[0].save(path)
    return path


def test_the_class_has_to_be_that_of_the_folder(folder):
    with pytest.raises(FileError, match="holds a DeepClassifier, not a DeepRegressor"):
        DeepRegressor.load(folder)
    assert type(type("Mine", (DeepClassifier,), {}).load(folder)).__name__ == "Mine"


def test_sparse_rows_and_parameters_that_are_no_plain_values(tmp_path):
    """A value that no file holds is left out with a warning; arrays come back."""
    rows = csr_matrix(np.where(np.abs(X) > 0.5, X, 0))
    initial = {"W1": np.ones((2, 3)), "b1": np.zeros((2, 1)), "W2": np.ones((1, 2)), "b2": [[0.5]]}
    options = {"callbacks": [lambda record: None], "initialization": initial, "schedule": lambda t: 1 - t}
    model = NetworkRegressor(2, max_iter=1, random_state=np.random.RandomState(1), **options)
    model.fit(rows, X[:, 0])
    with pytest.warns(UserWarning, match="random_state, callbacks|callbacks, random_state"):
        model.save(tmp_path / "model")
    loaded = NetworkRegressor.load(tmp_path / "model")
    assert_array_equal(loaded.predict(rows), model.predict(rows))
    assert_equal(loaded.initialization, model.initialization)
    assert (loaded.callbacks, loaded.schedule, loaded.random_state) == (None, None, None)


def test_what_is_no_model_of_ours_or_not_fitted_is_refused(tmp_path):
    for model in (DeepClassifier(), NetworkRegressor(), make_pipeline(TableEncoder(), NetworkClassifier())):
        with pytest.raises(NotFittedError):
            deepstep.save(model, tmp_path / "model")
    pipeline = make_pipeline(TableEncoder(), LogisticRegression()).fit(FRAME, TWO)
    with pytest.raises(ConfigurationError, match="pipeline of a TableEncoder and one network"):
        deepstep.save(pipeline, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


FORGED = [
    ("estimator", "Popen", "it holds no model"),
    ("parameters code", 1, "code"),
    ("state predict", 1, "other entries than"),
    ("model", None, "belong to nothing"),
    ("model calibration", 1, "calibration of Predictor"),
    ("model ensemble weights gated", 2.0, "sum to 1"),
    ("model ensemble members 0 fold", 7, "members of folds and presets"),
    ("model ensemble members", [], "at least one member"),
    ("model ensemble members 0 inputs", "ranks", "whose inputs their fold"),
    ("model ensemble temperatures gated", 0.0, "a temperature above 0"),
    ("model ensemble tried 0 folds", "all", "folds of TriedPreset"),
]


@pytest.mark.parametrize(("place", "value", "message"), FORGED, ids=[place for place, _, _ in FORGED])
def test_a_forged_estimator_is_refused(folder, tmp_path, place, value, message):
    """With every checksum made to fit."""
    path = shutil.copytree(folder, tmp_path / "model")

    def change(values):
        *steps, last = (int(step) if step.isdigit() else step for step in place.split())
        for step in steps:
            values = values[step]
        values[last] = value

    reseal(path, change)
    with pytest.raises(FileError, match=message) as refused:
        DeepClassifier.load(path)
    assert str(path) in str(refused.value)
