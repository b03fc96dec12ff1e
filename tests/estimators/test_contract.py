"""scikit-learn's common checks, for several configurations."""

from inspect import signature

import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from deepstep import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor, TableEncoder

SKIPPED_BY_SKLEARN = {
    "check_array_api_input": "needs SCIPY_ARRAY_API=1 in the environment, and estimators that claim support",
    "check_classifiers_multilabel_output_format_decision_function": "no decision_function, as MLPClassifier",
}
"""Checks that scikit-learn itself skips here, and why: they would show nothing, and are left out."""

OTHER_SPLIT = (
    "a row of weight 2 and the row twice are split differently into a learning and a validation part: "
    "the law holds for a given split alone (test_validation.py shows it without early stopping)"
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
    if isinstance(estimator, TableEncoder):
        return {}
    if estimator.loss == "poisson":
        return {"check_regressor_multioutput": "its targets are below 0, whatever the estimator's tags say"}
    of_one = isinstance(estimator, NetworkClassifier | NetworkRegressor)
    splits = not of_one or estimator.early_stopping
    reason = OTHER_SPLIT if splits else RANDOM_DRAWS if estimator.dropout else ""
    kinds = ("dense", "sparse") if reason else ()
    return {f"check_sample_weight_equivalence_on_{kind}_data": reason for kind in kinds}


PLAIN = {"max_iter": 60, "dtype": "float64"}
TABLE = {"n_estimators": 2, "network_params": {"epochs": 8}, "dtype": "float64"}
CHECKS = parametrize_with_checks(
    [
        # sgd at 0.001 is slow and early stopping would end it before it has learned the checks' data.
        NetworkClassifier(solver="sgd", learning_rate_init=0.1, early_stopping=True, **PLAIN),
        # alpha: without regularization the multilabel check's data are separated until a probability is 1.
        # max_iter: from step to step L-BFGS multiplies rounding errors, and a check compares weighted with
        # repeated rows, which are summed in another order, to 1e-7.
        NetworkClassifier(solver="lbfgs", alpha=1.0, **{**PLAIN, "max_iter": 20}),
        NetworkClassifier((20, 10), ["tanh", "relu"], loss="ordinal", learning_rate_init=0.01, **PLAIN),
        NetworkClassifier(dropout=0.1, normalization="batch", learning_rate_init=0.01, **PLAIN),
        NetworkClassifier(**{**PLAIN, "dtype": "auto"}),
        NetworkRegressor(
            loss="huber",
            solver="adamw",
            schedule="cosine",
            learning_rate_init=0.01,
            scale_targets=True,
            **PLAIN,
        ),
        NetworkRegressor(loss="poisson", learning_rate_init=0.01, **PLAIN),
        NetworkRegressor(loss="quantile", quantiles=0.5, clip_norm=1.0, **PLAIN),
        TableEncoder(),
        DeepClassifier(**TABLE),
        DeepRegressor(**TABLE),
    ],
    expected_failed_checks=expected_failures,
)


def name_and_estimator(case):
    estimator, check = getattr(case, "values", case)  # a pytest.param where a failure is expected
    return check.func.__name__, estimator


def is_run(name, estimator):
    exact = getattr(estimator, "dtype", "") != "float64" and name in MORE_DIGITS_THAN_FLOAT32
    return name not in SKIPPED_BY_SKLEARN and not (exact and not isinstance(estimator, TableEncoder))


@pytest.mark.slow
@pytest.mark.parametrize(
    CHECKS.args[0],
    [case for case in CHECKS.args[1] if is_run(*name_and_estimator(case))],
    ids=CHECKS.kwargs["ids"],
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("Estimator", "Peer", "n"), [(NetworkClassifier, MLPClassifier, 44), (NetworkRegressor, MLPRegressor, 43)]
)
def test_parameters_have_the_names_the_order_and_the_defaults_of_scikit_learn(Estimator, Peer, n):
    theirs, ours = Peer().get_params(), Estimator().get_params()
    assert {name: ours[name] for name in theirs} == theirs
    assert list(ours) == sorted(signature(Estimator).parameters)
    names = [name for name in signature(Peer).parameters if name != "loss"]
    assert [*signature(Estimator).parameters][: len(names)] == names
    assert len(ours) == n
