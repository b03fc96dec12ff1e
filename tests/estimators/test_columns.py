"""Tables as users have them: columns by name, missing targets, tables at their worst; TableEncoder."""

import datetime
import json
import pickle
import warnings
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from deepstep.cli.main import main
from deepstep.ensembles import ensemble
from deepstep.errors import ConfigurationError, DataError, DataWarning
from deepstep.estimators import (
    DeepClassifier,
    DeepRegressor,
    NetworkClassifier,
    NetworkRegressor,
    TableEncoder,
)
from deepstep.estimators.table_encoder import table_network
from deepstep.preparation import TablePreparation
from deepstep.run import Run
from short_fits import short

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

M = 60
RNG = np.random.default_rng(0)
INPUTS = {name: RNG.standard_normal(M) for name in ("age", "fare", "size")}
LABELS = np.where(INPUTS["age"] > 0, "yes", "no")
WEIGHTS = RNG.uniform(0.5, 2, M)
FRAME = pd.DataFrame({**INPUTS, "survived": LABELS, "counts": WEIGHTS})
OWN = FRAME[list(INPUTS)]

KINDS_OF_MODELS = {
    "ensemble": (
        DeepClassifier,
        DeepRegressor,
        {"n_estimators": 2, "network_params": {"epochs": 2}, "random_state": 1},
    ),
    "network": (NetworkClassifier, NetworkRegressor, {"max_iter": 2, "random_state": 1}),
}
OF_BOTH = pytest.mark.parametrize("kind", KINDS_OF_MODELS)


def classifier(kind):
    Classifier, _, settings = KINDS_OF_MODELS[kind]
    return Classifier(**settings)


def regressor(kind):
    _, Regressor, settings = KINDS_OF_MODELS[kind]
    return Regressor(**settings)


FRAMES = {
    "pandas": lambda frame: frame,
    "polars": polars.from_pandas,
    "lazy": lambda frame: polars.from_pandas(frame).lazy(),
    "pyarrow": pyarrow.Table.from_pandas,
    "batch": pyarrow.RecordBatch.from_pandas,
}


@pytest.mark.parametrize(
    ("library", "kind"),
    [*((name, "network") for name in FRAMES), ("pandas", "ensemble"), ("lazy", "ensemble")],
)
def test_named_columns_are_those_taken_out_by_hand(library, kind):
    by_hand = classifier(kind).fit(OWN, LABELS, WEIGHTS)
    by_name = classifier(kind).fit(FRAMES[library](FRAME), "survived", "counts")
    assert by_name.feature_names_in_.tolist() == list(INPUTS)
    assert_array_equal(by_name.predict_proba(OWN), by_hand.predict_proba(OWN))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@OF_BOTH
def test_everything_that_takes_targets_takes_their_name(kind):
    frame = FRAME.drop(columns="counts")
    model = classifier(kind).fit(frame, "survived", X_val=frame[:20], y_val="survived")
    assert model.score(frame, "survived") == model.score(OWN, LABELS)
    if kind == "ensemble":
        assert model.label_issues(frame, "survived", n=1) == model.label_issues(OWN, LABELS, n=1)
        assert model.calibrate(polars.from_pandas(frame), "survived") is model
    else:
        model.partial_fit(FRAME, "survived", "counts")
    of_numbers = regressor(kind).fit(OWN, "size")
    assert of_numbers.score(OWN, "size") == of_numbers.score(OWN[["age", "fare"]], OWN["size"])
    numbered = pd.DataFrame(OWN.to_numpy())  # pandas takes numbers for names, too
    assert regressor(kind).fit(numbered, "2").n_features_in_ == 2


REFUSED = [
    (FRAME, "Survive", None, r"y must be .* got 'Survive'. .*'survived'\?"),
    (FRAMES["batch"](FRAME), "survived", "count", r"sample_weight must be .* mean 'counts'\?"),
    (pd.DataFrame(OWN.to_numpy()), "3", None, "y must be one of '0', '1', '2', got '3'"),
    (FRAME.rename(columns={"fare": "age"}), "survived", None, "same name: 'age'"),
    (np.ones((M, 2)), "survived", None, "y must be an array .*, got the name 'survived'"),
    ([[1.0]] * M, LABELS, "w", "sample_weight must be an array .*, got the name 'w'"),
]


@OF_BOTH
@pytest.mark.parametrize(("X", "y", "weight", "message"), REFUSED, ids=range(len(REFUSED)))
def test_names_that_are_no_columns_are_refused_with_the_nearest(kind, X, y, weight, message):
    with pytest.raises(ValueError, match=message):
        classifier(kind).fit(X, y, weight)


NUMBERS = np.linspace(0, 9, M).round(2)
MOMENT = datetime.datetime(2020, 3, 28, tzinfo=datetime.UTC)
NO_NUMBERS = {
    "words": (LABELS.tolist(), "texts such as '(yes|no)' in row 1, .* Use a classifier"),
    "two columns": (np.array([["1", "yes"]] * M, object), "texts such as 'yes' in row 1, .* Use a class"),
    "numbers as texts": (NUMBERS.astype(str), "texts such as '0.0' in row 1, .*, as y.astype"),
    "dates": (np.arange(M).astype("M8[s]"), "dates. Make numbers of them, as .y - y.min"),
    "moments": (pd.Series([MOMENT] * M), "values such as Timestamp.*, as .y - y.min"),
    "durations": (np.arange(M).astype("m8[D]"), "durations. Make numbers of them, as .y - y.min"),
}


@OF_BOTH
@pytest.mark.parametrize(("y", "says"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_a_regressor_of_no_numbers_blames_y(y, says, kind):
    with pytest.raises(DataError, match=f"y has {says}"):
        regressor(kind).fit(OWN, y)


def test_a_file_is_learned_from_and_refused_as_a_frame_is(tmp_path):
    """In memory, or in parts that stay in the file; groups need the rows in memory."""
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    polars.from_pandas(FRAME).write_parquet(tmp_path / "rows.parquet", row_group_size=20)
    for name, stream in (("rows.csv", None), ("rows.parquet", None), ("rows.parquet", True)):
        settings, path = (
            {"n_estimators": 1, "network_params": {"epochs": 2}, "stream": stream},
            tmp_path / name,
        )
        model = DeepClassifier(**settings).fit(path, "survived", "counts")
        assert {*model.predict(OWN)} <= {"yes", "no"}
        assert model.score(path, "survived") == model.score(OWN, LABELS)
        with pytest.raises(DataError, match="y has texts such as"):
            DeepRegressor(**settings).fit(path, "survived")
    with pytest.raises(ConfigurationError, match="groups cannot be used where rows are streamed"):
        DeepClassifier(stream=True).fit(path, "survived", groups="age")


@pytest.mark.parametrize(
    ("Estimator", "y", "got"),
    [
        (NetworkClassifier, [0, 1, np.nan, 1], "1 of 4 rows .row 3, .*has no target"),
        (DeepClassifier, ["a", None, "b", None], "2 of 4 rows .the first is row 2, .*have no target"),
        (DeepClassifier, pd.array([None, 1, 0, 1], dtype="Int64"), "1 of 4 rows .row 1, "),
        (NetworkRegressor, np.array([[1, 2], [3, np.nan], [5, 6], [7, 8]]), "1 of 4 rows .row 2, "),
    ],
)
def test_rows_without_a_target_are_named(Estimator, y, got):
    with pytest.raises(DataError, match=got):
        Estimator(**short(Estimator, 1)).fit(np.arange(8.0).reshape(4, 2), y)


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("cells", [[[1.0, np.nan]] * 4, pd.DataFrame({"x": ["u", "v", "u", "v"]})])
def test_for_one_network_the_encoder_is_named_that_takes_tables(cells):
    says = r"Put a TableEncoder before it: make_pipeline\(TableEncoder\(\), NetworkCl"
    with pytest.raises(DataError, match=says):
        NetworkClassifier().fit(cells, [0, 1, 0, 1])
    model = NetworkRegressor(max_iter=1).fit(np.eye(4, np.shape(cells)[1]), [0, 1, 0, 1])
    with pytest.raises(DataError, match="Put a TableEncoder before it"):
        model.predict(cells)


@pytest.mark.parametrize("library", [pd, polars])
def test_a_fit_warns_of_columns_that_tell_the_target(library):
    noise, y = np.random.default_rng(0).normal(size=90), np.repeat(["a", "b", "c"], 30)
    model = DeepClassifier(engine="reference", random_state=0, n_estimators=1, **short(DeepClassifier, 1))
    said = "^DeepClassifier.fit: the column 'extra' alone determines the target in 100 % of 90 rows"
    with pytest.warns(UserWarning, match=said):
        model.fit(library.DataFrame({"extra": range(90), "x": noise}), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        model.fit(library.DataFrame({"extra": noise**2, "x": noise}), y)
        model.fit(np.column_stack([np.arange(90), noise]), y)  # of an array nothing is said


def test_importance_of_columns_of_a_table(tmp_path, capsys):
    """By the command, which asks scikit-learn: a word and a number with holes matter, noise does not."""
    rng = np.random.default_rng(1)
    word, number = rng.choice(["red", "green", "blue"], 400), rng.standard_normal(400)
    holes = rng.random((2, 400)) < 0.1
    X = {"word": np.where(holes[0], None, word), "number": np.where(holes[1], np.nan, number)}
    X |= {
        "noise": rng.standard_normal(400),
        "y": np.where(2.0 * (word == "red") + number > 0.7, "high", "low"),
    }
    run, table = str(tmp_path / "run"), str(tmp_path / "t.csv")
    pd.DataFrame(X).to_csv(table, index=False)
    train = ["train", table, "--target", "y", "--set", "n_estimators=2", "--out", run]
    asked = ["importance", run, table, "--json", "--repeats", "2", "--metric", "log_loss"]
    for arguments in (train, asked):
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 0
    printed = capsys.readouterr()
    assert "was used to train" in printed.err
    record = json.loads(printed.out)
    assert (record["metric"], record["rows"]) == ("log_loss", 400)
    means = {one["column"]: one["mean"] for one in record["importance"]}
    assert list(means)[-1] == "noise"
    assert min(means["word"], means["number"]) > max(0.05, 2 * abs(means["noise"]))


@pytest.mark.parametrize(
    "make",
    [
        lambda: DeepClassifier(n_estimators=3, network_params={"epochs": 1}, random_state=1),
        lambda: table_network(NetworkClassifier, rows=300, max_iter=1, random_state=1),
    ],
    ids=["ensemble", "network"],
)
def test_a_permuted_column_is_encoded_alone(make, fresh_seed, monkeypatch):
    """The outputs of a table with that column permuted, bit for bit, also where rows are taken in parts."""
    rng, m = np.random.default_rng(fresh_seed), 300
    columns = {
        "number": np.where(rng.random(m) < 0.1, np.nan, rng.standard_normal(m)),
        "word": rng.choice(["red", "green", "blue"], m),
        "day": (np.datetime64("2024-01-01") + rng.integers(0, 900, m)).astype("datetime64[D]"),
        "text": np.where(rng.random(m) < 0.2, "", rng.exponential(size=m).round(2).astype(str)),
    }
    frame = polars.DataFrame(columns)
    score = frame["number"].fill_nan(0).to_numpy() + (frame["word"].to_numpy() == "red")
    y = np.where(score > 0.3, "high", "low")
    model = make().fit(frame, y)
    run = Run.of(model)
    for at_once in (2**24, 4_000):
        monkeypatch.setattr(ensemble, "NUMBERS_AT_ONCE", at_once)
        permuted, plain = run.permuted(frame), run.outputs(frame)
        for column in rng.permutation(frame.columns):
            order = rng.permutation(m)
            expected = run.outputs(frame.with_columns(frame.get_column(column).gather(order)))
            np.testing.assert_array_equal(permuted.outputs(column, order), expected, err_msg=column)
            np.testing.assert_array_equal(permuted.outputs(), plain)


@pytest.mark.parametrize(
    "model",
    [
        DeepClassifier(n_estimators=2, network_params={"epochs": 2}, random_state=0),
        table_network(NetworkRegressor, rows=40, max_iter=2, random_state=0),
    ],
    ids=["ensemble", "network"],
)
@pytest.mark.filterwarnings("ignore")
def test_rows_are_taken_by_the_names_of_their_columns(model):
    """Columns in another order, others beside them, and rows that are dictionaries."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.normal(size=40), "town": rng.choice(["Rome", "Oslo"], 40)})
    y = (table["town"] == "Rome") * 1.0
    model, of_records = clone(model).fit(table, y), clone(model).fit(table.to_dict("records"), y)
    expected = model.predict(table)
    other = table.assign(more="x")[["more", "town", "age"]]
    for rows in (other, polars.from_pandas(other), other.to_dict("records")):
        np.testing.assert_array_equal(model.predict(rows), expected)
        np.testing.assert_array_equal(of_records.predict(rows), expected)
        assert model.score(rows, y) == model.score(table, y)
    assert of_records.feature_names_in_.tolist() == ["age", "town"]
    for rows, message in (
        ([{"age": 1.0}], "of training: 'town'"),
        (
            pd.DataFrame({"age": ["1.5", "x"], "town": ["Rome"] * 2}),
            "Row 2 of column 'age' is 'x', not a num",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            model.predict(rows)


# Tables at their worst: learned from and predicted for, or refused in one clear sentence


FAST = {"n_estimators": 2, "network_params": {"epochs": 3}, "random_state": 0}
NORMAL = RNG.standard_normal(M)
WORDS = np.array(["no", "yes"])[(NORMAL > 0).astype(int)]
START = datetime.datetime(2020, 3, 28, 12)
BERLIN, DENVER = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Denver")


def moments(zone):
    return [(START + datetime.timedelta(hours=7 * i)).replace(tzinfo=zone) for i in range(M)]


LEARNED = {
    "mixed types": {"x": [1, "a", None, 2.5, True] * (M // 5), "z": NORMAL},
    "an empty column": {"x": NORMAL, "none": [None] * M, "nan": [np.nan] * M},
    "4,000 categories": {"c": [f"k{number}" for number in range(4_000)] * 2, "z": [0.0, 1.0] * 4_000},
    "400 columns": {f"c{number}": RNG.standard_normal(M) for number in range(400)},
    "moments of two zones": {"d": [*moments(BERLIN)[: M // 2], *moments(DENVER)[M // 2 :]]},
    "truth values with holes": {"x": [True, None, False] * (M // 3)},
    "names of columns": {"": NORMAL, "<b>;DROP": NORMAL**2, "\u00e4\U0001f600": NORMAL**3},
}


@pytest.mark.parametrize("name", LEARNED)
def test_it_is_learned_from_and_predicted_for(name):
    Estimator = (DeepClassifier, DeepRegressor)[[*LEARNED].index(name) % 2]
    X = pd.DataFrame(LEARNED[name])
    y = np.resize(WORDS if Estimator is DeepClassifier else NORMAL, len(X))
    if name == "mixed types":
        y = np.where(np.arange(M) == 7, "rare", y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*1 of 3 classes have fewer than 10 rows")
        model = Estimator(**FAST).fit(X, y)
        predicted = model.predict(X)
    assert predicted.shape == (len(X),)
    assert name != "mixed types" or "rare" in model.classes_
    assert set(predicted) <= set(y) if Estimator is DeepClassifier else np.isfinite(predicted).all()
    again = pickle.loads(pickle.dumps(model)).predict(X)
    np.testing.assert_array_equal(again, predicted)


REFUSED_TABLES = {
    "only empty columns": (DeepClassifier, {"x": [None] * M}, WORDS, "All columns .* are empty or constant"),
    "one row of numbers": (DeepRegressor, {"x": [1.0]}, [1.0], "one row, in which nothing can differ"),
    "no rows": (DeepClassifier, {"x": []}, [], "at least one row"),
    "no columns": (DeepRegressor, {}, NORMAL, "minimum of 1 is required"),
    "infinite": (DeepRegressor, {"x": [*NORMAL[1:], np.inf]}, NORMAL, "Row 60 of column 'x' is inf"),
    "targets beyond the floats": (
        DeepRegressor,
        {"x": NORMAL},
        NORMAL * 1e160,
        "too large to be standardized",
    ),
}


@pytest.mark.parametrize("name", REFUSED_TABLES)
def test_it_is_refused_in_one_clear_sentence(name):
    Estimator, columns, y, message = REFUSED_TABLES[name]
    X = pd.DataFrame(columns, index=range(len(y)))
    with pytest.raises(ValueError, match=message) as caught:
        Estimator(**FAST).fit(X, y)
    assert len(str(caught.value)) < 400


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:X has feature names")
def test_without_names_columns_are_told_by_their_order():
    """scikit-learn warns, and goes on."""
    rows = np.array([[1.0, "u"], [None, "v"], [-1.0, None]], dtype=object)
    frame = pd.DataFrame(rows, columns=["a", "b"]).astype({"a": float})
    table = pd.DataFrame({"a": NORMAL, "b": ["u", "v"] * (M // 2)})
    trained = DeepClassifier(**FAST).fit(table, WORDS)
    np.testing.assert_array_equal(trained.predict_proba(rows), trained.predict_proba(frame))
    X = np.column_stack([NORMAL, NORMAL**2])
    model = DeepRegressor(**FAST).fit(X, NORMAL)
    np.testing.assert_array_equal(model.predict(pd.DataFrame(X, columns=["b", "a"])), model.predict(X))
    of_frame = DeepRegressor(**FAST).fit(pd.DataFrame(X, columns=["b", "a"]), NORMAL)
    np.testing.assert_array_equal(of_frame.predict(X), model.predict(X))


# TableEncoder


TABLE = polars.DataFrame(
    {
        "age": np.where(RNG.random(M) < 0.2, np.nan, RNG.normal(40, 10, M)),
        "town": RNG.choice(["Rome", "Oslo", "Bonn"], M),
        "born": polars.Series(RNG.integers(0, 9000, M)).cast(polars.Date),
        "member": RNG.random(M) < 0.5,
    }
)
IN_ROME = (TABLE["town"] == "Rome").to_numpy()


CONVERSIONS = {
    "polars": lambda frame: frame,
    "pandas": lambda frame: frame.to_pandas(),
    "pyarrow": lambda frame: frame.to_arrow(),
}


@pytest.mark.parametrize("convert", CONVERSIONS.values(), ids=CONVERSIONS)
def test_the_features_are_those_of_the_preparation(convert):
    encoder, preparation = TableEncoder(), TablePreparation.fit(TABLE)
    assert_array_equal(encoder.fit_transform(convert(TABLE)), preparation.transform(TABLE))
    assert encoder.get_feature_names_out().tolist() == list(preparation.feature_names)
    assert encoder.feature_names_in_.tolist() == TABLE.columns
    assert encoder.n_features_in_ == 4
    shuffled = TABLE.select("member", "age", polars.lit(1).alias("more"), "born", "town")
    assert_array_equal(encoder.transform(convert(shuffled)), preparation.transform(TABLE))
    with pytest.raises(DataError, match="of training: 'town'"):
        encoder.transform(convert(TABLE.drop("town")))


def test_numbers_that_are_declared_categories():
    codes = polars.DataFrame({"code": np.arange(M) % 4, "x": RNG.normal(size=M)})
    for named in (["code"], [0], [-2], [True, False]):
        names = TableEncoder(categorical_features=named).fit(codes).get_feature_names_out()
        assert sum(name.startswith("code=") for name in names) == 4
    for wrong in (["cod"], [2], [True], [0.5]):
        with pytest.raises(ConfigurationError, match="categorical_features"):
            TableEncoder(categorical_features=wrong).fit(codes)


def test_arrays_are_taken_by_the_order_of_columns():
    values = TABLE.drop("born").to_numpy()
    encoder = TableEncoder().fit(values)
    assert_array_equal(encoder.transform(values.tolist()), encoder.transform(values))
    assert not hasattr(encoder, "feature_names_in_")
    with pytest.raises(ValueError, match="2 features"):
        encoder.transform(values[:, :2])


def test_pipelines():
    """scikit-learn's use of the encoder, before its own models and before one network."""
    settings = {"solver": "lbfgs", "random_state": 1}
    network = make_pipeline(TableEncoder(), NetworkClassifier(4, **settings)).fit(TABLE, IN_ROME)
    features = TableEncoder().fit_transform(TABLE)
    alone = NetworkClassifier(4, **settings).fit(features, IN_ROME)
    assert_array_equal(network.predict_proba(TABLE), alone.predict_proba(features))
    pipeline, grid = (
        make_pipeline(TableEncoder(), LogisticRegression()),
        {"logisticregression__C": [0.1, 10.0]},
    )
    search = GridSearchCV(pipeline, grid, cv=3).fit(TABLE.to_pandas(), IN_ROME)
    assert search.best_score_ > 0.9
    copied = pickle.loads(pickle.dumps(search.best_estimator_))
    assert_array_equal(copied.predict(TABLE.to_pandas()), search.predict(TABLE.to_pandas()))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_come_out_where_they_are_asked_for(library):
    encoder = TableEncoder().set_output(transform=library)
    frame = encoder.fit_transform(TABLE.to_pandas())
    assert type(frame).__module__.partition(".")[0] == library
    assert list(frame.columns) == encoder.get_feature_names_out().tolist()
    columns = make_column_transformer((TableEncoder(), ["town", "age"]), remainder="drop")
    assert columns.fit_transform(TABLE.to_pandas()).shape == (M, 5)
