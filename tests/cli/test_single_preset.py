"""``--preset single`` trains the network of ``DeepClassifier(preset="single")``, bit for bit."""

import polars
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes

from deepstep import Run
from deepstep.estimators import DeepClassifier, DeepRegressor

X, Y = load_diabetes(return_X_y=True, as_frame=True)
TABLE = polars.from_pandas(X).with_columns(
    sex=polars.when(polars.col("sex") > 0).then(polars.lit("a")).otherwise(polars.lit("b")),
    bmi=polars.when(polars.int_range(len(X)) % 9 > 0).then("bmi"),
)
ILL = polars.Series("y", ["ill" if y > 140 else "well" for y in Y])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("model", "y", "options"),
    [
        (DeepClassifier(preset="single", class_weight="balanced"), ILL, ["--class-weight", "balanced"]),
        (DeepRegressor(preset="single"), polars.Series("y", Y), []),
        (DeepRegressor(preset="single", solver="lbfgs"), polars.Series("y", Y), ["--optimizer", "lbfgs"]),
    ],
)
def test_the_same_bits(deepstep, tmp_path, model, y, options):
    TABLE.with_columns(y).write_parquet(tmp_path / "t.parquet")
    typed = ["--target", "y", "--preset", "single", "--test-fraction", "0", "--epochs", "9", "--seed", "3"]
    assert deepstep("train", tmp_path / "t.parquet", *typed, *options, "--out", "run").code == 0
    run = Run.load("run")
    model.set_params(max_iter=9, random_state=3).fit(TABLE, y.to_numpy())
    assert_array_equal(model.network_.parameters.flat, run.network.parameters.flat)
    assert_array_equal(model.history_.costs, run.history.costs)
    values = model.predict_proba(TABLE) if y is ILL else model.predict(TABLE)
    predicted = run.predict(TABLE)
    assert_allclose(values, predicted.probabilities if y is ILL else predicted.values, rtol=1e-9)
