"""Saved models: what is loaded is what was fitted, of every estimator, and nothing else is accepted."""

import pickle
import shutil
import warnings

import numpy as np
import polars
import pytest
from numpy.testing import assert_array_equal, assert_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import deepstep
from archive_examples import reseal
from deepstep import (
    DeepClassifier,
    DeepRegressor,
    NetworkClassifier,
    NetworkRegressor,
    Run,
    TableEncoder,
    archive,
)
from deepstep.errors import ConfigurationError, FileError
from deepstep.estimators.table_encoder import table_network

pytestmark = pytest.mark.filterwarnings("ignore:Training ended before")

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
    "booleans": (True, X[:, 0] > 0, {}),
    "number": (False, 3 * X[:, 0], {"loss": "huber", "loss_params": {"delta": 2.0}}),
    "numbers": (False, X[:, :2], {}),
    "counts": (False, np.round(np.exp(X[:, 0])), {"loss": "poisson"}),
    "quantiles": (False, X[:, 0], {"loss": "quantile", "quantiles": (0.1, 0.5, 0.8)}),
}
FAMILIES = ("ensemble", "network", "pipeline")
OF_ENSEMBLE = {"n_estimators": 2, "network_params": {"epochs": 3, "hidden_layers": (4,)}}
OF_NETWORK = {"max_iter": 3, "hidden_layer_sizes": [4, 3], "early_stopping": True, "n_iter_no_change": np.inf}
FITTED = (
    "n_features_in_",
    "n_iter_",
    "feature_names_in_",
    "classes_",
    "temperature_",
    "quantiles_",
    "loss_curve_",
    "validation_scores_",
    "best_loss_",
    "loss_",
    "t_",
    "learning_rate_",
    "engine_",
    "engine_reason_",
    "coefs_",
    "best_validation_score_",
    "out_activation_",
    "n_outputs_",
    "interrupted_",
    "oof_predictions_",
    "tried_",
)


def fitted(family, target, rows=None, **options):
    """A fitted model, and the rows and targets that it has learned."""
    classes, y, settings = TARGETS[target]
    settings = {"random_state": 1, **settings, **options}
    rows = X if family == "network" and rows is None else FRAME if rows is None else rows
    if family == "ensemble":
        model = (DeepClassifier if classes else DeepRegressor)(**OF_ENSEMBLE, **settings)
    elif family == "network":
        model = (NetworkClassifier if classes else NetworkRegressor)(**OF_NETWORK, **settings)
    else:
        model = table_network(
            NetworkClassifier if classes else NetworkRegressor, rows=M, max_iter=2, **settings
        )
    return model.fit(rows, y), rows, y


def check_equal(model, loaded, rows, y):
    """Everything that users see of both is equal to the bit."""
    assert type(loaded) is type(model)
    assert repr(loaded) == repr(model)
    for method in ("predict", "predict_proba", "predict_set", "predict_interval"):
        answers = []
        for each in (model, loaded):
            try:
                answers.append(getattr(each, method)(rows))
            except (AttributeError, ConfigurationError) as error:  # it has none, or nothing was held out
                answers.append(str(error))
        assert_equal(*answers)
    assert loaded.score(rows, y) == model.score(rows, y)
    one, other = (each[-1] if hasattr(each, "steps") else each for each in (loaded, model))
    assert_equal(one.get_params(), other.get_params())
    for name in FITTED:
        assert hasattr(one, name) == hasattr(other, name), name
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
    frame = rows if rows is FRAME else polars.DataFrame(X, schema=["x0", "x1", "x2"])
    answers, told = Run.load(tmp_path / "model").predict(frame), model.predict(rows)
    assert_array_equal(answers.values, told if answers.quantiles is None else told[:, 1])
    if answers.probabilities is not None:
        assert_array_equal(answers.probabilities, model.predict_proba(rows))
    deepstep.save(loaded, tmp_path / "again")
    for path in (tmp_path / "model").iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("family", FAMILIES[:2])
def test_sparse_rows(family, tmp_path):
    rows = csr_matrix(np.where(np.abs(X) > 0.5, X, 0))
    model, _, y = fitted(family, "two classes", rows)
    model.save(tmp_path / "model")
    check_equal(
        model,
        DeepClassifier.load(tmp_path / "model")
        if family == "ensemble"
        else NetworkClassifier.load(tmp_path / "model"),
        rows,
        y,
    )


@pytest.mark.parametrize("fitted_on", [FRAME, FRAME.drop("colour").to_numpy()], ids=["frame", "array"])
def test_a_table_encoder(fitted_on, tmp_path):
    encoder = TableEncoder(keep_columns=None).fit(fitted_on)
    deepstep.save(encoder, tmp_path / "model")
    loaded = deepstep.load(tmp_path / "model")
    assert type(loaded) is TableEncoder
    assert_array_equal(loaded.transform(fitted_on), encoder.transform(fitted_on))
    assert_array_equal(loaded.get_feature_names_out(), encoder.get_feature_names_out())
    assert vars(loaded).keys() == vars(encoder).keys()
    with pytest.raises(FileError, match="it holds a TableEncoder"):
        Run.load(tmp_path / "model")


def test_too_few_rows_for_folds(tmp_path):
    model = DeepRegressor(network_params={"epochs": 2}, random_state=1).fit(FRAME[:3], [1.0, 2.0, 4.0])
    model.save(tmp_path / "run")
    loaded = DeepRegressor.load(tmp_path / "run")
    assert_array_equal(loaded.predict(FRAME[:3]), model.predict(FRAME[:3]))
    assert {member.validation_cost for member in loaded.ensemble_.members} == {None}


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
    assert_equal(loaded.loss_curve_, model.loss_curve_)
    assert loaded.t_ == model.t_


@pytest.mark.parametrize(
    ("family", "target", "changes"),
    [
        ("network", "three classes", {"loss": "ordinal"}),
        ("ensemble", "quantiles", {"quantiles": (0.3,), "loss": "huber"}),
    ],
)
def test_parameters_that_are_set_after_fit_change_no_prediction(family, target, changes, tmp_path):
    model, rows, _ = fitted(family, target)
    before = model.predict(rows)
    model.set_params(**changes).save(tmp_path / "model")
    loaded = type(model).load(tmp_path / "model")
    assert_array_equal(loaded.predict(rows), before)
    assert_equal(loaded.get_params(), model.get_params())


def test_what_is_no_plain_value_is_left_out_with_a_warning(tmp_path):
    initial = {"W1": np.ones((2, 3)), "b1": np.zeros((2, 1)), "W2": np.ones((1, 2)), "b2": [[0.5]]}
    model = NetworkRegressor(
        2,
        max_iter=1,
        random_state=np.random.RandomState(1),
        callbacks=[lambda record: None],
        initialization=initial,
        schedule=lambda t: 1 - t,
    ).fit(X, X[:, 0])
    with pytest.warns(UserWarning, match="random_state, callbacks|callbacks, random_state") as caught:
        model.save(tmp_path / "model")
    assert "schedule" in str(caught[0].message)
    loaded = NetworkRegressor.load(tmp_path / "model")
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert_equal(loaded.initialization, model.initialization)
    assert (loaded.callbacks, loaded.schedule, loaded.random_state) == (None, None, None)


@pytest.mark.parametrize("kind", ["function", "presets"])
def test_presets_and_scorers_of_ensembles(kind, tmp_path):
    options = (
        {"scoring": lambda estimator, X, y: 1.0} if kind == "function" else {"presets": ["relu", "tabm"]}
    )
    model, rows, _ = fitted("ensemble", "two classes", **options)
    with (
        pytest.warns(UserWarning, match="scoring will have the default")
        if kind == "function"
        else (warnings.catch_warnings())
    ):
        model.save(tmp_path / "model")
    loaded = DeepClassifier.load(tmp_path / "model")
    assert_array_equal(loaded.predict_proba(rows), model.predict_proba(rows))
    assert loaded.presets == model.presets
    assert loaded.ensemble_.presets == model.ensemble_.presets


@pytest.mark.parametrize(
    "model",
    [
        DeepClassifier(),
        NetworkRegressor(),
        make_pipeline(TableEncoder(), NetworkClassifier()),
    ],
    ids=["ensemble", "network", "pipeline"],
)
def test_an_estimator_is_fitted_first(model, tmp_path):
    with pytest.raises(NotFittedError):
        deepstep.save(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_model_of_ours_is_refused(tmp_path):
    pipeline = make_pipeline(TableEncoder(), LogisticRegression()).fit(FRAME, TWO)
    with pytest.raises(ConfigurationError, match="pipeline of a TableEncoder and one network"):
        deepstep.save(pipeline, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model"
    fitted("ensemble", "two classes")[0].save(path)
    return path


def test_the_class_has_to_be_that_of_the_folder(folder):
    with pytest.raises(FileError, match="a saved DeepRegressor is expected; it is a DeepClassifier"):
        DeepRegressor.load(folder)

    class Mine(DeepClassifier):
        pass

    assert type(Mine.load(folder)) is Mine
    assert isinstance(clone(Run.load(folder).estimator), DeepClassifier)


def put(*path, to):
    """The function that puts a value at a place of a record."""

    def change(values):
        for step in path[:-1]:
            values = values[step]
        values[path[-1]] = to(values[path[-1]]) if callable(to) else to

    return change


MODEL, ENSEMBLE = ("model",), ("model", "ensemble")
FORGED = {
    "another class": (put("estimator", to="Popen"), "it holds no model"),
    "a class that is no estimator": (put("estimator", to="TableEncoder"), "altered or damaged"),
    "a parameter more": (put("parameters", "code", to=1), "code"),
    "an attribute more": (put("state", "predict", to=1), "other entries than"),
    "no predictor": (put("model", to=None), "belong to nothing"),
    "targets of others": (put(*MODEL, "targets", "n_columns", to=2), "altered or damaged"),
    "a calibration that is none": (put(*MODEL, "calibration", to=1), "calibration of Predictor"),
    "weights that do not sum to 1": (put(*ENSEMBLE, "weights", "gated", to=2.0), "sum to 1"),
    "a fold that is not there": (put(*ENSEMBLE, "members", 0, "fold", to=7), "members of folds and presets"),
    "no members": (put(*ENSEMBLE, "members", to=[]), "at least one member"),
    "inputs that a fold lacks": (
        put(*ENSEMBLE, "members", 0, "inputs", to="ranks"),
        "whose inputs their fold",
    ),
    "a cold preset": (put(*ENSEMBLE, "temperatures", "gated", to=0.0), "a temperature above 0"),
    "fewer columns": (
        put(*ENSEMBLE, "preprocessors", 0, "preparation", "columns", to=lambda columns: columns[1:]),
        "encodings of the features",
    ),
    "tried nonsense": (put(*ENSEMBLE, "tried", 0, "folds", to="all"), "folds of TriedPreset"),
}


@pytest.mark.parametrize(("change", "message"), FORGED.values(), ids=FORGED)
def test_a_forged_estimator_is_refused(folder, tmp_path, change, message):
    """With every checksum made to fit."""
    path = shutil.copytree(folder, tmp_path / "model")
    reseal(path, change)
    with pytest.raises(FileError, match=message) as refused:
        DeepClassifier.load(path)
    assert str(path) in str(refused.value)


def test_no_file_is_a_pickle(folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted(archive.MODEL[:3])
    for path in folder.iterdir():
        with pytest.raises(Exception):  # noqa: B017, PT011
            pickle.loads(path.read_bytes())


def test_a_network_of_one_class_comes_back(tmp_path):
    model = NetworkClassifier(2, max_iter=1, random_state=1, loss_params={"smoothing": np.float32(0.5)})
    model.fit(X, np.full(len(X), "only"))
    model.save(tmp_path / "model")
    loaded = NetworkClassifier.load(tmp_path / "model")
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.targets_.settings == {"smoothing": 0.5}
