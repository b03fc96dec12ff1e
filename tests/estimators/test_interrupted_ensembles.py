"""Ctrl-C while an ensemble is trained: the networks that are done are kept, or nothing is."""

import os
import signal
from contextlib import nullcontext
from itertools import count
from threading import Semaphore

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_wine

from deepstep import DeepClassifier, DeepRegressor
from deepstep.estimators import ensemble_fit

SETTINGS = {"n_estimators": 10, "random_state": 1, "max_iter": 3}
X, Y = load_wine(return_X_y=True)


@pytest.fixture(autouse=True)
def pythons_own_handler():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def pressed(monkeypatch):
    """The function that lets Ctrl-C be pressed while the network of a number, from 0, is trained."""

    def let(number, *, again=False):
        numbers, train, kept = count(), ensemble_fit.train_member, Semaphore(0)

        def seen(of_fit, share):
            if share == ensemble_fit.DONE:
                kept.release()

        def trained(*args, link, **options):
            if next(numbers) == number:
                for _ in range(number):
                    assert kept.acquire(timeout=20)
                press()
                assert link.given_up.wait(20)
                if again:
                    press()
            return train(*args, link=link, **options)

        monkeypatch.setattr(ensemble_fit, "train_member", trained)
        monkeypatch.setattr(ensemble_fit, "_progress", lambda *of_fit: nullcontext(seen))

    with joblib.parallel_config(backend="threading", n_jobs=1):
        yield let


@pytest.mark.parametrize(("done", "own"), [(3, False), (1, True)])
def test_the_networks_that_are_done_are_kept(pressed, done, own):
    whole = DeepClassifier(**SETTINGS).fit(X, Y)
    model, validation = DeepClassifier(**SETTINGS), {"X_val": X[::2], "y_val": Y[::2]} if own else {}
    pressed(done)
    said = f"{done} of 10 networks .* {'validation' if own else 'out-of-fold'}"
    with pytest.warns(UserWarning, match=f"{said} accuracy [01]") as caught:
        model.fit(X, Y, **validation)
    assert caught[0].filename == __file__
    found = model.ensemble_
    assert len(found.members) == done
    assert model.score(X, Y) > 0.6
    assert sum(found.shares) == pytest.approx(1)
    assert model.predict_set(X, alpha=0.2).shape == (178, 3)
    if not own:
        for member, same in zip(found.members, whole.ensemble_.members, strict=False):
            np.testing.assert_array_equal(member.network.parameters.flat, same.network.parameters.flat)
        held_out = np.concatenate([one.fold.held_out for one in found.preprocessors])
        assert set(np.flatnonzero(np.isfinite(found.out_of_fold).all(axis=1))) == set(held_out)
        assert len(model.label_issues(X, Y)) == len(X)


def test_numbers_have_a_score_of_their_own(pressed):
    X, y = load_diabetes(return_X_y=True)
    pressed(1)
    with pytest.warns(UserWarning, match="1 of 10 networks .* out-of-fold D² "):
        DeepRegressor(loss="quantile", **SETTINGS).fit(X, y)


def test_before_the_first_network_is_done_nothing_is_kept(pressed):
    model = DeepClassifier(**SETTINGS)
    before = vars(model).copy()
    pressed(0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert vars(model) == before


def test_a_second_one_keeps_nothing(pressed):
    model = DeepClassifier(**SETTINGS)
    before = vars(model).copy()
    pressed(1, again=True)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert vars(model) == before
