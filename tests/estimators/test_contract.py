"""scikit-learn's common checks, for several configurations."""

from inspect import signature

import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.estimators.options import DEFAULTS

SKIPPED_BY_SKLEARN = {
    "check_array_api_input": "needs SCIPY_ARRAY_API=1 in the environment, and estimators that claim support",
    "check_classifiers_multilabel_output_format_decision_function": "no decision_function, as MLPClassifier",
}
"""Checks that scikit-learn itself skips here, and why: they would show nothing, and are left out."""

OTHER_SPLIT = (
    "a row of weight 2 and the row twice are split differently into a learning and a validation part: "
    "the law holds for a given split alone (test_weights.py shows it without early stopping)"
)


RANDOM_DRAWS = (
    "a mask for each row and the statistics of a batch: a row of weight 2 is one row there, and the row "
    "twice is two"
)


MORE_DIGITS_THAN_FLOAT32 = {
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}
"""Checks that compare to 1e-7 or 1e-9: whether float32, the default, passes is a matter of rounding. They are
run with float64 alone.
"""


def expected_failures(estimator):
    if estimator.get_params().get("loss") == "poisson":
        return {"check_regressor_multioutput": "its targets are below 0, whatever the estimator's tags say"}
    splits = estimator.early_stopping or estimator.preset != "mlp"
    reason = OTHER_SPLIT if splits else RANDOM_DRAWS if estimator.dropout else ""
    kinds = ("dense", "sparse") if reason else ()
    return {f"check_sample_weight_equivalence_on_{kind}_data": reason for kind in kinds}


PLAIN = {"preset": "mlp", "max_iter": 200, "dtype": "float64"}
# With a number for max_iter most checks take five epochs: what is by default takes minutes.
TABLE = {"n_estimators": 2, "max_iter": 20, "dtype": "float64"}
TABM = {"preset": "tabm", "shared_members": 4, "learning_rate_init": 0.02}
CHECKS = parametrize_with_checks(
    [
        DeepClassifier(**PLAIN),
        # sgd at 0.001 is slow and early stopping would end it before it has learned the checks' data.
        DeepClassifier(solver="sgd", learning_rate_init="auto", early_stopping=True, **PLAIN),
        # alpha: without regularization the multilabel check's data are separated until a probability is 1.
        # max_iter: from step to step L-BFGS multiplies rounding errors, and a check compares weighted with
        # repeated rows, which are summed in another order, to 1e-7.
        DeepClassifier(solver="lbfgs", alpha=1.0, **{**PLAIN, "max_iter": 20}),
        DeepClassifier((20, 10), ["tanh", "relu"], loss="ordinal", learning_rate_init=0.01, **PLAIN),
        DeepClassifier(dropout=0.1, normalization="batch", learning_rate_init=0.01, **PLAIN),
        DeepClassifier(**{**PLAIN, "dtype": "auto"}),
        DeepRegressor(loss="huber", solver="adamw", schedule="cosine", **PLAIN),
        DeepRegressor(loss="poisson", learning_rate_init=0.01, **PLAIN),
        DeepRegressor(loss="quantile", quantiles=0.5, l1=0.01, clip_norm=1.0, **PLAIN),
        DeepClassifier(**TABLE),
        DeepRegressor(**TABLE),
        DeepClassifier((32,), **{**TABLE, **TABM, "n_estimators": 1, "max_iter": 40}),
    ],
    expected_failed_checks=expected_failures,
)


def name_and_estimator(case):
    estimator, check = getattr(case, "values", case)  # a pytest.param where a failure is expected
    return check.func.__name__, estimator


def is_run(name, estimator):
    exact = estimator.dtype != "float64" and name in MORE_DIGITS_THAN_FLOAT32
    return name not in SKIPPED_BY_SKLEARN and not exact


@pytest.mark.parametrize(
    CHECKS.args[0],
    [case for case in CHECKS.args[1] if is_run(*name_and_estimator(case))],
    ids=CHECKS.kwargs["ids"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("Estimator", [DeepClassifier, DeepRegressor])
def test_parameters_have_the_defaults_of_scikit_learn(Estimator):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    theirs = (MLPClassifier if Estimator is DeepClassifier else MLPRegressor)().get_params()
    ours = Estimator(preset="mlp").get_params()
    used = {
        name: DEFAULTS["mlp"][name] if value is None and name in DEFAULTS["mlp"] else value
        for name, value in ours.items()
    }
    assert {name: used[name] for name in theirs} == theirs
    assert {name for name in DEFAULTS["mlp"] if ours.get(name) is not None} == set()
    assert list(ours) == sorted(signature(Estimator).parameters)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_grid_search_in_two_processes():
    X, y = load_iris(return_X_y=True, as_frame=True)
    names = y.map({0: "a", 1: "b", 2: "c"})
    plain = DeepClassifier(10, solver="lbfgs", random_state=0, preset="mlp")
    pipeline = make_pipeline(StandardScaler(), plain).set_output(transform="pandas")
    grid = {"deepclassifier__alpha": [0.1, 1e4]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, names)
    assert search.best_params_["deepclassifier__alpha"] == 0.1
    assert search.score(X, names) > 0.95
    assert list(search.best_estimator_[-1].feature_names_in_) == list(X.columns)


@pytest.mark.parametrize("Estimator", [DeepClassifier, DeepRegressor])
def test_html(Estimator):
    assert Estimator.__name__ in Estimator(5, preset="mlp")._repr_html_()
    X, y = load_iris(return_X_y=True)
    fitted = Estimator(5, solver="lbfgs", max_iter=20000, preset="mlp").fit(X[:100], y[:100])
    assert "fitted" in fitted._repr_html_()
