"""scikit-learn's own tests of its network, which its wheel brings, run on ours."""

import importlib.util
from types import ModuleType
from unittest import mock

import pytest
import sklearn.neural_network
from sklearn.neural_network.tests import test_mlp

from deepstep import NetworkClassifier, NetworkRegressor

OURS = {"MLPClassifier": NetworkClassifier, "MLPRegressor": NetworkRegressor}
EXCLUDED = {
    "test_fit": "writes _coef_grads, _intercept_grads, _coef_velocity, _no_improvement_count",
    "test_gradient": "calls _loss_grad_lbfgs",
    "test_learning_rate_warmstart": "reads _optimizer.learning_rate",
    "test_adaptive_learning_rate": "reads _optimizer.learning_rate",
    "test_n_iter_no_change": "reads _no_improvement_count",
    "test_n_iter_no_change_inf": "reads _no_improvement_count",
    "test_lbfgs_regression_maxfun": "from our initial weights of seed 1 ten evaluations reach the minimum",
}
"""Tests that are not run, with the private attribute that each needs, or what else it goes by."""


def own_tests_of_sklearn() -> dict[str, object]:
    """The tests, with our estimators under the names of scikit-learn's, by their names."""
    spec = importlib.util.spec_from_file_location("tests_of_sklearn", test_mlp.__file__)
    module = ModuleType(spec.name)
    module.__file__ = spec.origin
    with mock.patch.multiple(sklearn.neural_network, **OURS):
        spec.loader.exec_module(module)
    return {name: found for name, found in vars(module).items() if name.startswith("test_")}


ALL = own_tests_of_sklearn()
globals().update({name: test for name, test in ALL.items() if name not in EXCLUDED})
# before 1.8 its sentence on classes with one row was another
if tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8):
    del test_early_stopping_stratified  # noqa: F821
pytestmark = pytest.mark.filterwarnings("default")  # as scikit-learn runs them


@pytest.fixture
def global_random_seed():
    """That of scikit-learn's conftest.py, which its wheel does not bring."""
    return 42
