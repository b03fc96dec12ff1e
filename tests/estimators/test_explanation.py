"""Contributions of columns add up to predictions, and are those of oracles outside of the backward pass."""

import numpy as np
import polars
import pytest
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from deepstep import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor, TableEncoder, explain
from deepstep.ensembles.explanation import TOLERANCE, TOLERANCE_OF_PROBABILITIES, _average, _quadrature
from deepstep.ensembles.predictor import predictor_of

M = 120


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(3)
    numbers = rng.normal(size=(M, 2))
    return polars.DataFrame(
        {
            "age": numbers[:, 0] * 10 + 40,
            "income": [None if rank % 9 == 0 else value for rank, value in enumerate(numbers[:, 1])],
            "town": rng.choice(["Rome", "Oslo", "Bern"], M),
            "member": rng.choice([True, False], M),
            "since": polars.Series(rng.integers(15_000, 19_000, M)).cast(polars.Date),
        }
    )


def answers(table, kind):
    """Targets of a kind that follow two of the columns."""
    score = (table["age"].to_numpy() - 40) / 10 + 2 * (table["town"].to_numpy() == "Rome")
    kinds = {
        "number": score * 100,
        "count": np.exp(score).round(),
        "two classes": np.where(score > 0.5, "yes", "no"),
        "three classes": np.array(["low", "middle", "high"])[np.digitize(score, [0, 1])],
        "two numbers": np.column_stack([score, -score * 7]),
        "two columns of classes": np.column_stack([score > 0, score > 1]).astype(int),
    }
    return kinds[kind]


SMALL = {"n_estimators": 2, "network_params": {"epochs": 8}, "random_state": 1}
MODELS = {
    "two classes": (DeepClassifier(**SMALL), "two classes"),
    "three classes": (DeepClassifier(**SMALL), "three classes"),
    "ordered classes": (DeepClassifier(classes=["low", "middle", "high"], **SMALL), "three classes"),
    "cumulative classes": (
        DeepClassifier(classes=["low", "middle", "high"], loss="ordinal", **SMALL),
        "three classes",
    ),
    "columns of classes": (DeepClassifier(**SMALL), "two columns of classes"),
    "numbers": (DeepRegressor(**SMALL), "number"),
    "counts": (DeepRegressor(loss="poisson", **SMALL), "count"),
    "two numbers": (DeepRegressor(**SMALL), "two numbers"),
    "quantiles": (DeepRegressor(loss="quantile", quantiles=[0.1, 0.5, 0.9], **SMALL), "number"),
    "a pipeline": (
        make_pipeline(TableEncoder(), NetworkClassifier((8,), max_iter=20, tol=0, random_state=1)),
        "two classes",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_contributions_add_up_to_what_the_model_predicts(name, table):
    model, kind = MODELS[name]
    model.fit(table, answers(table, kind))
    rows = table[:20]
    explanation = explain(model, rows)
    predictions = (model.predict_proba if hasattr(model, "predict_proba") else model.predict)(rows)
    predictions = predictions.reshape(len(rows), -1)[:, -len(explanation.outputs) :]
    np.testing.assert_allclose(explanation.predictions, predictions, rtol=1e-5, atol=1e-6)
    sums = explanation.contributions.sum(axis=1)
    changes = explanation.predictions - explanation.base
    np.testing.assert_allclose(np.abs(sums - changes).max(axis=1), explanation.error)
    limits = np.maximum(TOLERANCE * np.abs(changes).max(axis=1), TOLERANCE_OF_PROBABILITIES)
    assert (explanation.error <= limits).mean() > 0.9  # of some rows 512 points are not enough
    assert (explanation.error <= 5 * limits).all()
    assert explanation.columns == tuple(table.columns)


def test_a_linear_network_has_the_contributions_of_its_coefficients(table):
    """Closed form: a coefficient times the distance from the mean of the training rows."""
    y = 3.0 * table["age"].to_numpy() - 50.0 * table["member"].to_numpy() + 7
    model = make_pipeline(
        TableEncoder(), NetworkRegressor((), solver="lbfgs", alpha=0, max_iter=2000, random_state=1)
    ).fit(table, y)
    explanation = explain(model, table)
    age, member = table["age"].to_numpy(), table["member"].to_numpy()
    contributions = dict(zip(explanation.columns, explanation.contributions[:, :, 0].T, strict=True))
    np.testing.assert_allclose(contributions["age"], 3.0 * (age - age.mean()), atol=0.05)
    np.testing.assert_allclose(contributions["member"], -50.0 * (member - member.mean()), atol=0.05)
    for name in ("income", "town", "since"):
        np.testing.assert_allclose(contributions[name], 0, atol=0.05)
    assert explanation.error.max() < 1e-9
    assert [row[0][0] for row in explanation.strongest(1)] == [
        "age" if abs(a) > abs(b) else "member"
        for a, b in zip(contributions["age"], contributions["member"], strict=True)
    ]


@pytest.mark.parametrize("kind", ["two classes", "three classes", "number"])
def test_contributions_are_the_integrals_of_finite_differences(kind, table):
    """Oracle: the ensemble's own outputs along the way, moved in the inputs of one column at a time."""
    estimator = DeepRegressor if kind == "number" else DeepClassifier
    model = estimator(**SMALL).fit(table, answers(table, kind))
    row = table[4:5]
    explanation = explain(model, row)
    predictor = predictor_of(model)
    ensemble = predictor.ensemble
    begins = [each.inputs(_average(each, row)) for each in ensemble.preprocessors]
    ends = [each.inputs(each.features(row)) for each in ensemble.preprocessors]

    def outputs(share, column=None, step=0.0):
        inputs = []
        for preprocessor, begin, end in zip(ensemble.preprocessors, begins, ends, strict=True):
            block = preprocessor.preparation.blocks[column] if column else slice(0, 0)
            moved = {}
            for name, encoding in preprocessor.encodings.items():
                shares = np.full(begin[name].shape[1], share)
                shares[np.isin(encoding.origins, np.arange(block.start, block.stop))] += step
                moved[name] = (begin[name] + shares * (end[name] - begin[name])).astype(np.float32)
            inputs.append(moved)
        A = ensemble.outputs_of_inputs(inputs).astype(np.float64)
        return A if kind == "number" else predictor.probabilities(A)[:, -len(explanation.outputs) :]

    nodes, weights = _quadrature(64)
    step = 2**-7  # in float32 a smaller one is lost in rounding
    for number, column in enumerate(explanation.columns):
        slopes = [(outputs(at, column, step) - outputs(at, column, -step)) / (2 * step) for at in nodes]
        integral = np.einsum("q,qk->k", weights, np.concatenate(slopes))
        size = np.abs(explanation.contributions).max()
        np.testing.assert_allclose(explanation.contributions[0, number], integral, atol=0.02 * size)


def test_numbers_without_a_table_and_sparse_rows_are_explained_from_zero():
    rng = np.random.default_rng(0)
    X = np.where(rng.random((60, 4)) < 0.5, 0.0, rng.normal(size=(60, 4)))
    y = X[:, 0] > X[:, 1]
    model = NetworkClassifier((6,), max_iter=60, tol=0, n_iter_no_change=100, random_state=1)
    with pytest.warns(ConvergenceWarning, match="60 epochs"):
        model.fit(X, y)
    dense, sparse = explain(model, X[:9].tolist()), model.explain(csr_matrix(X[:9]))
    np.testing.assert_allclose(dense.contributions, sparse.contributions)
    assert dense.columns == ("x0", "x1", "x2", "x3")
    np.testing.assert_allclose(dense.base, model.predict_proba(np.zeros((1, 4)))[0, 1:], rtol=1e-6)
    assert not dense.contributions[X[:9] == 0].any()


def test_many_rows_have_the_contributions_of_each_alone(monkeypatch, table):
    model = DeepClassifier(**SMALL).fit(table, answers(table, "two classes"))
    all_rows = model.explain(table)
    monkeypatch.setattr("deepstep.ensembles.explanation.NUMBERS_AT_ONCE", 2000)
    in_parts = model.explain(table)
    np.testing.assert_allclose(all_rows.contributions, in_parts.contributions, atol=1e-5)
    assert "… and 110 rows more" in repr(all_rows)
    assert "average row: yes" in repr(all_rows)


def test_of_quantiles_the_median_is_explained_and_of_one_class_its_certainty(table):
    y = answers(table, "number")
    model = DeepRegressor(loss="quantile", quantiles=[0.1, 0.5, 0.9], **SMALL).fit(table, y)
    explanation = model.explain(table[:3])
    assert explanation.explained.tolist() == [1, 1, 1]
    strongest = explanation.strongest(1)[0][0][1]
    assert abs(strongest) == np.abs(explanation.contributions[0, :, 1]).max()


def test_no_model_and_no_rows_are_refused(table):
    model = NetworkRegressor((), solver="lbfgs").fit(np.eye(4), np.arange(4))
    for explained, rows, problem in (
        (object(), [[1.0]], "must be a fitted estimator of DeepStep"),
        (model, np.empty((0, 4)), "sample"),
        (model, [[np.nan] * 4], "missing value"),
    ):
        with pytest.raises(ValueError, match=problem):
            explain(explained, rows)
