"""Ensembles by joblib's backends: wherever members are trained, they are the same to the last bit."""

import joblib
import numpy as np
import pytest
from joblib.parallel import get_active_backend

from deepstep import DeepClassifier
from deepstep.errors import ConfigurationError
from deepstep.estimators.members import member_executor

RNG = np.random.default_rng(0)
X = RNG.standard_normal((150, 4))
y = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
SETTINGS = {"n_estimators": 4, "max_iter": 3, "random_state": 0}


def fitted():
    model = DeepClassifier(**SETTINGS).fit(X, y)
    members = [member.network.parameters.flat for member in model.ensemble_.members]
    return model, np.concatenate([*members, model.predict_proba(X).ravel()])


@pytest.fixture(scope="module")
def in_threads():
    return fitted()


BACKENDS = {
    "threading": {"n_jobs": 3},  # of four folds of a member each, some together
    "loky": {"n_jobs": 2, "max_nbytes": 100},  # nearly every array is a memory-mapped one
    "multiprocessing": {"n_jobs": 2},
}


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_gives_the_same_bits(backend, in_threads):
    with joblib.parallel_config(backend=backend, **BACKENDS[backend]):
        model, numbers = fitted()
    np.testing.assert_array_equal(numbers, in_threads[1])
    assert model.ensemble_.weights == in_threads[0].ensemble_.weights
    assert model.ensemble_.members[0].network.history is not None


def test_an_error_in_another_process_is_the_same_error():
    with (
        joblib.parallel_config(backend="multiprocessing", n_jobs=2),
        pytest.raises(ConfigurationError) as found,
    ):
        DeepClassifier(**{**SETTINGS, "dropout": [0.1] * 7}).fit(X, y)
    with pytest.raises(ConfigurationError) as expected:
        DeepClassifier(**{**SETTINGS, "dropout": [0.1] * 7}).fit(X, y)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize(("backend", "n_jobs"), [("threading", 3), (None, 3), ("loky", 1)])
def test_as_many_as_are_asked_for(backend, n_jobs):
    configured = {"n_jobs": n_jobs} if backend is None else {"backend": backend, "n_jobs": n_jobs}
    with joblib.parallel_config(**configured), member_executor() as workers:
        assert workers.n == n_jobs


def _n_within():
    backend, _ = get_active_backend()
    with member_executor() as workers:
        return backend.nesting_level, workers.n


def test_a_worker_of_somebody_else_s_search_has_threads_of_its_own():
    """As many as its BLAS may have, whatever the search has been given."""
    with member_executor() as workers:
        n = workers.n
    with joblib.parallel_config(backend="threading", n_jobs=5):
        levels = joblib.Parallel()(joblib.delayed(_n_within)() for _ in range(2))
    assert levels == [(1, n)] * 2


def _fit_of_somebody_s_own():
    return DeepClassifier(**SETTINGS).fit(X, y)


def test_a_process_that_was_forked_after_a_fit_says_so_and_does_not_hang(in_threads):
    search = joblib.Parallel(n_jobs=2, backend="multiprocessing")
    with pytest.raises(ConfigurationError, match="forked, and polars would wait for ever") as found:
        search(joblib.delayed(_fit_of_somebody_s_own)() for _ in range(2))
    assert "'loky'" in found.value.hint
