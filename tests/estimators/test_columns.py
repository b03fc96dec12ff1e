"""Tables as users have them: columns by name, missing targets, tables at their worst; TableEncoder."""

import datetime
import json

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.base import clone

from deepstep import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor, TableEncoder
from deepstep.cli.main import main
from deepstep.ensembles import ensemble
from deepstep.ensembles.predictor import PermutedColumn
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.table_encoder import table_network
from deepstep.inspection.metrics import permutation_importance
from deepstep.preparation import TablePreparation
from deepstep.run import Run

M = 60
RNG = np.random.default_rng(0)
INPUTS = {name: RNG.standard_normal(M) for name in ("age", "fare", "size")}
LABELS = np.where(INPUTS["age"] > 0, "yes", "no")
WEIGHTS = RNG.uniform(0.5, 2, M)
FRAME = pd.DataFrame({**INPUTS, "survived": LABELS, "counts": WEIGHTS})
OWN = FRAME[list(INPUTS)]

FEW = {"n_estimators": 2, "network_params": {"epochs": 2}, "random_state": 1}
ONE = {"max_iter": 2, "random_state": 1}
MODELS = {
    "ensemble": (DeepClassifier, DeepRegressor, FEW),
    "network": (NetworkClassifier, NetworkRegressor, ONE),
}
TABLES = {
    "ensemble": (DeepClassifier(**FEW), DeepRegressor(**FEW)),
    "network": [table_network(kind, rows=M, **ONE) for kind in (NetworkClassifier, NetworkRegressor)],
}


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("kind", MODELS)
def test_columns_are_taken_by_name_by_everything_that_takes_targets(kind):
    Classifier, Regressor, settings = MODELS[kind]
    model, by_hand = Classifier(**settings), Classifier(**settings).fit(OWN, LABELS, WEIGHTS)
    for frame in (FRAME, polars.from_pandas(FRAME).lazy(), pyarrow.RecordBatch.from_pandas(FRAME)):
        model.fit(frame, "survived", "counts")
        assert model.feature_names_in_.tolist() == list(INPUTS)
        assert_array_equal(model.predict_proba(OWN), by_hand.predict_proba(OWN))
    frame = FRAME.drop(columns="counts")
    model.fit(frame, "survived", X_val=frame[:20], y_val="survived")
    assert model.score(frame, "survived") == model.score(OWN, LABELS)
    if kind == "ensemble":
        assert model.label_issues(frame, "survived", n=1) == model.label_issues(OWN, LABELS, n=1)
        assert model.calibrate(polars.from_pandas(frame), "survived") is model
    else:
        model.partial_fit(FRAME, "survived", "counts")
    numbered = pd.DataFrame(OWN.to_numpy())  # pandas takes numbers for names, too
    assert Regressor(**settings).fit(numbered, "2").n_features_in_ == 2


MOMENT = datetime.datetime(2020, 3, 28, tzinfo=datetime.UTC)
DATES = np.arange(M).astype("M8[s]")
HOLES = [0.0, *[np.nan] * 2, *[1.0] * (M - 3)]
REFUSED = [
    (0, FRAME, "Survive", r"y must be .* got 'Survive'. .*'survived'\?"),
    (0, pyarrow.RecordBatch.from_pandas(FRAME), ("survived", "count"), r"sample_weight .* mean 'counts'\?"),
    (0, pd.DataFrame(OWN.to_numpy()), "3", "y must be one of '0', '1', '2', got '3'"),
    (0, FRAME.rename(columns={"fare": "age"}), "survived", "same name: 'age'"),
    (0, np.ones((M, 2)), "survived", "y must be an array .*, got the name 'survived'"),
    (0, OWN, HOLES, "2 of 60 rows .the first is row 2, .*have no target"),
    (1, OWN, np.array([[1.0, number] for number in HOLES]), "2 of 60 rows .the first is row 2"),
    (1, OWN[:0], [], "minimum of 1 is required"),
    (1, OWN, LABELS.tolist(), "y has texts such as '(yes|no)' in row 1, .* Use a classifier"),
    (1, OWN, np.arange(M).astype(str), "y has texts such as '0' in row 1, .*, as y.astype"),
    (1, OWN, DATES, "y has dates. Make numbers of them, as .y - y.min"),
    (1, OWN, pd.Series([MOMENT] * M), "y has values such as Timestamp.*, as .y - y.min"),
    (1, OWN, DATES - DATES[0], "y has durations. Make numbers of them, as .y - y.min"),
]


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize(("number", "X", "y", "says"), REFUSED, ids=range(len(REFUSED)))
def test_names_and_targets_that_are_none_are_refused(kind, number, X, y, says):
    *Estimators, settings = MODELS[kind]
    with pytest.raises(ValueError, match=says):
        Estimators[number](**settings).fit(X, *(y if isinstance(y, tuple) else [y]))


def test_a_file_is_learned_from_and_refused_as_a_frame_is(tmp_path):
    """In memory, or in parts that stay in the file; groups need the rows in memory."""
    FRAME.to_csv(tmp_path / "rows.csv", index=False)
    polars.from_pandas(FRAME).write_parquet(tmp_path / "rows.parquet", row_group_size=20)
    for name, stream in (("rows.csv", None), ("rows.parquet", True)):
        settings = {"n_estimators": 1, "network_params": {"epochs": 2}, "stream": stream}
        model = DeepClassifier(**settings).fit(tmp_path / name, "survived", "counts")
        assert {*model.predict(OWN)} <= {"yes", "no"}
        assert model.score(tmp_path / name, "survived") == model.score(OWN, LABELS)
        with pytest.raises(DataError, match="y has texts such as"):
            DeepRegressor(**settings).fit(tmp_path / name, "survived")
    with pytest.raises(ConfigurationError, match="groups cannot be used where rows are streamed"):
        DeepClassifier(stream=True).fit(tmp_path / name, "survived", groups="age")


def test_importance_of_columns_of_a_table(tmp_path, capsys):
    """By the command, which asks scikit-learn: a word and a number with holes matter, noise does not."""
    rng, run, table = np.random.default_rng(1), str(tmp_path / "run"), str(tmp_path / "t.csv")
    word, (number, noise) = rng.choice(["red", "green", "blue"], 400), rng.standard_normal((2, 400))
    y = np.where(2.0 * (word == "red") + number > 0.7, "high", "low")
    number = np.where(rng.random(400) < 0.1, np.nan, number)
    pd.DataFrame({"word": word, "number": number, "noise": noise, "y": y}).to_csv(table, index=False)
    train = ["train", table, "--target", "y", "--set", "n_estimators=2", "--out", run]
    for arguments in (train, ["importance", run, table, "--json", "--repeats=2", "--metric=neg_log_loss"]):
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main(arguments)
    printed = capsys.readouterr()
    assert "was used to train" in printed.err
    record = json.loads(printed.out)
    assert (record["metric"], record["rows"]) == ("log_loss", 400)
    means = {one["column"]: one["mean"] for one in record["importance"]}
    assert list(means)[-1] == "noise"
    margins = {column["column"]: column["margin"] for column in record["importance"]}
    assert 0 < margins["noise"] < 1  # of two permutations: Student's factor is 12.7
    assert min(means["word"], means["number"]) > max(0.05, 2 * abs(means["noise"]))


@pytest.mark.filterwarnings("ignore:One or more sample arguments is too small")
@pytest.mark.parametrize("losses", [[0.4, 0.1, 0.25, 0.3], [0.5]])
def test_the_interval_of_an_importance_is_that_of_scipy(losses):
    measured, options = iter(losses), {"larger_is_better": True, "repeats": len(losses), "seed": 0}
    (column,) = permutation_importance(
        lambda column, order: order, 1.0, 3, ["x"], lambda outputs: 1 - next(measured), **options
    )
    interval = stats.t.interval(0.95, len(losses) - 1, np.mean(losses), stats.sem(losses))  # NaN of one loss
    assert column.mean == pytest.approx(np.mean(losses))
    assert_allclose([column.mean - column.margin, column.mean + column.margin], interval)


@pytest.mark.parametrize("kind", TABLES)
def test_a_permuted_column_is_encoded_alone(kind, fresh_seed, monkeypatch):
    """The outputs of a table with that column permuted, bit for bit, also where rows are taken in parts."""
    rng = np.random.default_rng(fresh_seed)
    columns = {
        "number": np.where(rng.random(M) < 0.1, np.nan, rng.standard_normal(M)),
        "word": rng.choice(["red", "green", "blue"], M),
        "day": (np.datetime64("2024-01-01") + rng.integers(0, 900, M)).astype("datetime64[D]"),
        "text": np.where(rng.random(M) < 0.2, "", rng.exponential(size=M).round(2).astype(str)),
    }
    frame = polars.DataFrame(columns)
    run = Run.of(clone(TABLES[kind][0]).fit(frame, LABELS))
    for at_once in (2**24, 800):
        monkeypatch.setattr(ensemble, "NUMBERS_AT_ONCE", at_once)
        permuted, plain = PermutedColumn(run.predictor, frame), run.outputs(frame)
        for column in rng.permutation(frame.columns):
            order = rng.permutation(M)
            expected = run.outputs(frame.with_columns(frame.get_column(column).gather(order)))
            assert_array_equal(permuted.outputs(column, order), expected, err_msg=column)
            assert_array_equal(permuted.outputs(), plain)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.filterwarnings("ignore")
def test_rows_are_taken_by_the_names_of_their_columns(kind):
    """Columns in another order, others beside them, and rows that are dictionaries."""
    table = pd.DataFrame({"age": INPUTS["age"], "town": np.where(INPUTS["fare"] > 0, "Rome", "Oslo")})
    y, model = INPUTS["fare"], TABLES[kind][1]
    model, of_records = clone(model).fit(table, y), clone(model).fit(table.to_dict("records"), y)
    expected = model.predict(table)
    other = table.assign(more="x")[["more", "town", "age"]]
    for rows in (other, polars.from_pandas(other), other.to_dict("records")):
        assert_array_equal(model.predict(rows), expected)
        assert_array_equal(of_records.predict(rows), expected)
        assert model.score(rows, y) == model.score(table, y)
    assert of_records.feature_names_in_.tolist() == ["age", "town"]


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_without_names_columns_are_told_by_their_order():
    """scikit-learn warns, and goes on."""
    rows = np.array([[1.0, "u"], [None, "v"], [-1.0, None]], dtype=object)
    frame = pd.DataFrame(rows, columns=["a", "b"]).astype({"a": float})
    table = pd.DataFrame({"a": INPUTS["age"], "b": ["u", "v"] * (M // 2)})
    trained = DeepClassifier(**FEW).fit(table, LABELS)
    assert_array_equal(trained.predict_proba(rows), trained.predict_proba(frame))


# TableEncoder


TABLE = polars.DataFrame(
    {
        "age": np.where(RNG.random(M) < 0.2, np.nan, RNG.normal(40, 10, M)),
        "town": RNG.choice(["Rome", "Oslo", "Bonn"], M),
        "born": polars.Series(RNG.integers(0, 9000, M)).cast(polars.Date),
        "member": RNG.random(M) < 0.5,
    }
)


def test_numbers_that_are_declared_categories():
    codes = polars.DataFrame({"code": np.arange(M) % 4, "x": RNG.normal(size=M)})
    for named in (["code"], [-2], [True, False]):
        names = TableEncoder(categorical_features=named).fit(codes).get_feature_names_out()
        assert sum(name.startswith("code=") for name in names) == 4
    for wrong in (["cod"], [2], [True], [0.5]):
        with pytest.raises(ConfigurationError, match="categorical_features"):
            TableEncoder(categorical_features=wrong).fit(codes)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_features_are_those_of_the_preparation(library):
    table = TABLE if library == "polars" else TABLE.to_pandas()
    encoder, features = TableEncoder(), TablePreparation.fit(TABLE).transform(TABLE)
    assert_array_equal(encoder.fit_transform(table), features)
    names = encoder.get_feature_names_out().tolist()
    assert names == list(TablePreparation.fit(TABLE).feature_names)
    assert (encoder.feature_names_in_.tolist(), encoder.n_features_in_) == (TABLE.columns, 4)
    shuffled = TABLE.select("member", "age", polars.lit(1).alias("more"), "born", "town")
    assert_array_equal(encoder.transform(shuffled), features)
    frame = TableEncoder().set_output(transform=library).fit_transform(table)
    assert (type(frame).__module__.partition(".")[0], list(frame.columns)) == (library, names)
