"""Estimators on Parquet and on NumPy files: in memory where they are small, else streamed."""

import numpy as np
import polars
import pytest

from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.estimators import DeepClassifier, NetworkClassifier, NetworkRegressor
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.statistics import Quantiles
from tables_in_parts import table, written

PLAIN = {"hidden_layer_sizes": 16, "max_iter": 2, "batch_size": 32, "random_state": 1, "tol": 0.0}
TABLE = table(600)
NUMBERS = TABLE.select("x", "z", "größe", "target").cast({"größe": polars.Float64})


@pytest.fixture
def streamed(monkeypatch):
    """Files of any size are streamed."""
    for module in ("data.tables", "estimators.row_sources"):
        monkeypatch.setattr(f"deepstep.{module}.STREAMED_FROM", 0)


@pytest.mark.filterwarnings("ignore:Training ended before")
@pytest.mark.usefixtures("streamed")
def test_one_window_is_the_fit_in_memory_bit_for_bit(tmp_path):
    X, y = NUMBERS.drop("target"), NUMBERS["target"].to_numpy().astype(str)
    path = written(tmp_path / "few", NUMBERS, 2, 100)
    one = NetworkClassifier(**PLAIN, class_weight="balanced").fit(X.to_numpy(), y)
    other = NetworkClassifier(**PLAIN, class_weight="balanced").fit(path, "target")
    np.testing.assert_array_equal(one.network_.parameters.flat, other.network_.parameters.flat)
    np.testing.assert_array_equal(other.predict(path), one.predict(X.to_numpy()))
    assert other.feature_names_in_.tolist() == ["x", "z", "größe"]


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize(
    ("model", "fit", "says"),
    [
        (DeepClassifier(stream=True, n_estimators=4), {}, "n_estimators.*1 or None"),
        (DeepClassifier(stream=True, checkpoint_dir="a"), {}, "random_state"),
        (DeepClassifier(stream=True, scoring="accuracy"), {}, "scoring must be None where rows are streamed"),
        (DeepClassifier(stream=True, presets=["relu", "linear"]), {}, "presets must be one preset where"),
        (DeepClassifier(stream=True, validation="time"), {}, "validation"),
        (NetworkClassifier(), {}, "'kind' .*String.* Rows of other kinds are for DeepClassifier"),
        (NetworkClassifier(early_stopping=True), {"groups": "kind"}, "groups"),
        (NetworkRegressor(solver="lbfgs"), {}, "batches|lbfgs"),
        (NetworkRegressor(early_stopping=True, refit=True), {}, "refit"),
    ],
)
def test_what_streams_cannot_do_is_refused(tmp_path, model, fit, says):
    numbers = isinstance(model, NetworkRegressor)
    path = written(tmp_path / "few", TABLE.select("x", "z", "y") if numbers else TABLE, 2, 90)
    with pytest.raises((ConfigurationError, DataError), match=says):
        model.fit(path, "y" if numbers else "target", **fit)


def test_quantiles_are_within_the_sketchs_error_in_any_pieces():
    rng = np.random.default_rng(3)
    m = 40_000
    features = np.column_stack(
        [rng.standard_normal(m), rng.exponential(size=m), rng.integers(0, 2, m), rng.integers(0, 9, m)]
    )
    one = Quantiles(4)
    for few in np.array_split(features, 21):
        one.update(few)
    ranks = np.linspace(0, 1, 33)
    found = one.at(ranks)
    for column, quantiles in zip(features.T[:2], found.T[:2], strict=True):
        for rank, q in zip(ranks, quantiles, strict=True):
            below, upto = (column < q).mean(), (column <= q).mean()
            assert below - 0.005 <= rank <= upto + 0.005
    np.testing.assert_allclose(found[:, 2:], np.quantile(features[:, 2:], ranks, axis=0))
    exact = Encoding.fit(features, 8)
    streamed = Encoding.of(one, 8)
    assert [len(edges) for edges in streamed.edges] == [len(edges) for edges in exact.edges]
    np.testing.assert_allclose(streamed.center, exact.center, atol=0.02)
    np.testing.assert_array_equal(found[[0, -1]], [features.min(axis=0), features.max(axis=0)])


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize(("at", "value"), [(0, float("nan")), (230, None), (399, 1e300)])
def test_a_number_that_cannot_be_used_is_named_with_its_part_and_row(tmp_path, at, value):
    z = NUMBERS["z"].to_list()
    frame = NUMBERS.with_columns(z=polars.Series([*z[:at], value, *z[at + 1 :]], dtype=polars.Float64))[:400]
    path = written(tmp_path / "few", frame, 2, 60)
    with pytest.raises(DataError) as refused:
        NetworkClassifier(**PLAIN, dtype="float32").fit(path, "target")
    row = f"few, part part-{at // 200}.parquet: row {at % 200 + 1} of column 'z' is {value}"
    assert row in str(refused.value)


@pytest.mark.filterwarnings("ignore:Training ended before", "ignore:A column-vector y was passed")
@pytest.mark.parametrize("stream", [True, False])
def test_y_and_weights_of_any_kind_beside_a_file_of_inputs(files, stream, request):
    X, y = (np.load(files / f"{name}.npy") for name in "Xy")
    weight = np.linspace(0.5, 1.5, len(y))
    np.save(files / "w.npy", weight)
    np.save(files / "y.npy", y[:, np.newaxis])  # a column
    expected = NetworkClassifier(**PLAIN).fit(X.reshape(len(X), -1), y, sample_weight=weight)
    if stream:
        request.getfixturevalue("streamed")
    for target, weights in (
        (y, weight),
        (y.tolist(), "w"),
        (files / "y.npy", files / "w.npy"),
        ("y", weight),
        (str(files / "y.npy"), "w"),
    ):
        model = NetworkClassifier(**PLAIN).fit(files / "X.npy", target, sample_weight=weights, X_val=None)
        theta, expected_theta = (one.network_.parameters.flat for one in (model, expected))
        np.testing.assert_allclose(theta, expected_theta, rtol=1e-5)
    np.testing.assert_array_equal(model.predict(files / "X.npy"), model.predict(X.reshape(len(X), -1)))


@pytest.mark.filterwarnings("ignore:Training ended before")
@pytest.mark.usefixtures("streamed")
def test_a_column_of_the_inputs_as_target(files):
    assert NetworkRegressor(**PLAIN).fit(files / "X.npy", "x20").n_features_in_ == 63
    np.save(files / "x20.npy", np.arange(600))  # what stands beside comes first, and is one column too many
    with pytest.raises(DataError, match="'X' and 'x20' both have a column 'x20'"):
        NetworkRegressor(**PLAIN).fit(files / "X.npy", "x20")


def test_what_is_no_target_of_arrays_is_refused(files):
    mapped, y = np.load(files / "X.npy", mmap_mode="r"), np.load(files / "y.npy")
    model = DeepClassifier(network_params={"epochs": 1}, random_state=1, stream=True)
    for arguments, error, says in [
        ((mapped, "y"), DataError, "y .* where X is an array.* got the name 'y'"),
        ((mapped, np.c_[y, y]), ShapeError, r"y.* one column.* got shape \(600, 2\)"),
        ((mapped, y[:5]), ShapeError, "'y' has 5 rows, but 'X' has 600"),
        (("x.parquet", y), ConfigurationError, r"got y=ndarray .* Arrays go with X.npy alone"),
        ((files / "y.npy", y), ShapeError, r"y.npy.* shape \(600,\)"),
    ]:
        with pytest.raises(error, match=says):
            model.fit(*arguments)


def test_what_is_found_about_a_table_is_logged_where_verbose(tmp_path, caplog):
    TABLE.head(60).select("x", "target").write_csv(tmp_path / "t.csv", separator=";")
    few = {"hidden_layers": 8, "epochs": 3, "batch_size": 32}
    model = DeepClassifier(n_estimators=1, network_params=few, random_state=1)
    model.fit(tmp_path / "t.csv", "target")
    assert not caplog.records
    model.set_params(verbose=True).fit(tmp_path / "t.csv", "target")
    assert "Separator ';'" in caplog.text
