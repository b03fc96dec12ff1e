"""The workers of ensembles: the same to the last bit wherever they are, and after Ctrl-C what is done."""

import os
import signal
import sys
from contextlib import nullcontext
from itertools import count
from math import inf
from threading import Semaphore
from unittest.mock import patch

import joblib
import numpy as np
import pytest
from joblib.parallel import get_active_backend
from sklearn.datasets import load_wine

from deepstep import DeepClassifier
from deepstep.ensembles import fit
from deepstep.ensembles import presets as catalogue
from deepstep.ensembles.member_fit import Link
from deepstep.ensembles.presets import Size
from deepstep.ensembles.workers import member_executor
from deepstep.errors import ConfigurationError
from deepstep.training import interruption

RNG = np.random.default_rng(0)
X = RNG.standard_normal((150, 4))
y = np.where(X[:, 0] * X[:, 1] > 0, "yes", "no")
SETTINGS = {"n_estimators": 4, "network_params": {"epochs": 3}, "random_state": 0}


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
}


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_gives_the_same_bits(backend, in_threads):
    with joblib.parallel_config(backend=backend, **BACKENDS[backend]):
        model, numbers = fitted()
    np.testing.assert_array_equal(numbers, in_threads[1])
    assert model.ensemble_.weights == in_threads[0].ensemble_.weights


@pytest.mark.slow
def test_a_cluster_of_dask_gives_the_same_bits(in_threads):
    cluster = pytest.importorskip("distributed")
    settings = {"processes": True, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with (
        patch.dict(os.environ),  # which Dask gives limits of threads that later tests would inherit
        cluster.LocalCluster(n_workers=2, **settings) as workers,
        cluster.Client(workers) as client,
        joblib.parallel_config("dask"),
    ):
        model, numbers = fitted()
        trained = client.run(lambda: (os.getpid(), "deepstep.ensembles.member_fit" in sys.modules))
    assert len({os.getpid(), *(process for process, _ in trained.values())}) == 3
    assert any(loaded for _, loaded in trained.values())
    np.testing.assert_array_equal(numbers, in_threads[1])
    assert model.ensemble_.weights == in_threads[0].ensemble_.weights


def _n_within():
    backend, _ = get_active_backend()
    with member_executor() as workers:
        return backend.nesting_level, workers.n


def test_workers_are_as_many_as_asked_for_and_within_a_search_as_blas_may_have():
    for configured in (
        {"n_jobs": 3},
        {"backend": "threading", "n_jobs": 3},
        {"backend": "loky", "n_jobs": 1},
    ):
        with joblib.parallel_config(**configured):
            assert _n_within() == (0, configured["n_jobs"])
    _, n = _n_within()
    with joblib.parallel_config(backend="threading", n_jobs=5):
        levels = joblib.Parallel()(joblib.delayed(_n_within)() for _ in range(2))
    assert levels == [(1, n)] * 2


def _error_of_somebody_s_fit():
    """Returned, not raised: joblib would end the other process amid its work, and may wait for ever."""
    with pytest.raises(ConfigurationError, match=r"was forked .*, and polars would wait for ever") as error:
        DeepClassifier(**SETTINGS).fit(X, y)
    return error.value


@pytest.mark.slow
def test_a_process_that_was_forked_after_a_fit_says_so_and_does_not_hang(in_threads):
    search = joblib.Parallel(n_jobs=2, backend="multiprocessing")
    errors = search(joblib.delayed(_error_of_somebody_s_fit)() for _ in range(2))
    assert ["'loky'" in error.hint for error in errors] == [True, True]


# Ctrl-C: the networks that are done are kept, or nothing is

TEN = {"n_estimators": 10, "random_state": 1, "network_params": {"epochs": 3}}
WINE, KINDS = load_wine(return_X_y=True)

pytestmark = pytest.mark.usefixtures("pythons_own_handler")


@pytest.fixture
def pressed(monkeypatch):
    """The function that lets Ctrl-C be pressed while the network of a number, from 0, is trained."""

    def let(number, *, again=False):
        numbers, train, finished = count(), fit.fit_member, Semaphore(0)

        def seen(number, done, epochs):
            if epochs is None:
                finished.release()

        def trained(*arguments, **options):
            link = next(each for each in arguments if isinstance(each, Link))
            if next(numbers) == number:
                for _ in range(number):
                    assert finished.acquire(timeout=20)
                os.kill(os.getpid(), signal.SIGINT)
                assert link.given_up.wait(20)
                if again:
                    os.kill(os.getpid(), signal.SIGINT)
            return train(*arguments, **options)

        monkeypatch.setattr(fit, "fit_member", trained)
        monkeypatch.setattr(fit, "member_progress", lambda *settings: nullcontext(seen))

    with joblib.parallel_config(backend="threading", n_jobs=1):
        yield let


@pytest.mark.parametrize(("done", "kept", "own"), [(4, 4, False), (3, 2, False), (1, 1, True)])
def test_the_networks_that_are_done_are_kept(pressed, done, kept, own):
    """Of two presets on five folds those that are on as many folds as each other."""
    whole = DeepClassifier(**TEN).fit(WINE, KINDS)
    model, validation = DeepClassifier(**TEN), {"X_val": WINE[::2], "y_val": KINDS[::2]} if own else {}
    pressed(done)
    said = f"{kept} of 10 networks .* {'validation' if own else 'out-of-fold'} accuracy [01]"
    with pytest.warns(UserWarning, match=said) as caught:
        model.fit(WINE, KINDS, **validation)
    assert caught[0].filename == __file__
    check_kept(model.ensemble_, kept)
    assert len(model.ensemble_.members) == kept
    assert model.predict_set(WINE, coverage=0.8).shape == (178, 3)
    if not own:
        courses = {(member.preset, member.fold): member.network.history for member in whole.ensemble_.members}
        for member in model.ensemble_.members:
            same = courses[member.preset, member.fold]
            np.testing.assert_array_equal(member.network.history.costs, same.costs)


def check_kept(ensemble, most):
    assert 0 < len(ensemble.members) <= most
    assert sum(ensemble.shares) == pytest.approx(1)
    if ensemble.out_of_fold is not None:
        known = np.flatnonzero(np.isfinite(ensemble.out_of_fold).all(axis=1))
        assert {*known.tolist()} == {*np.concatenate(ensemble.held_out).tolist()}


@pytest.mark.parametrize("done", [1, 13])
def test_what_is_done_on_the_first_folds_is_kept(pressed, monkeypatch, done):
    """Six presets are tried on two of four folds, and two learn all."""
    monkeypatch.setattr(catalogue, "SIZES", {"balanced": {inf: Size(6, 4, 2, 2)}})
    model = DeepClassifier(network_params={"epochs": 3}, random_state=1)
    pressed(done)
    with pytest.warns(UserWarning, match="was interrupted: .* out-of-fold accuracy [01]"):
        model.fit(WINE, KINDS)
    check_kept(model.ensemble_, done)
    ensemble = model.ensemble_
    assert len(ensemble.members) == len(ensemble.preprocessors) * len(ensemble.weights)
    assert min(ensemble.weights.values()) > 0
    assert np.isfinite(model.predict_proba(WINE)).all()


@pytest.mark.parametrize("again", [False, True])
def test_before_the_first_network_and_after_a_second_press_nothing_is_kept(pressed, monkeypatch, again):
    monkeypatch.setattr(interruption, "ONE_PRESS", 0.0)
    model = DeepClassifier(**TEN)
    before = vars(model).copy()
    pressed(int(again), again=again)
    with pytest.raises(KeyboardInterrupt):
        model.fit(WINE, KINDS)
    assert vars(model) == before
