"""Kernels compiled beforehand: all are, and none is compiled later."""

import logging

import numpy as np
import pytest

pytest.importorskip("numba")

from deepstep import Network
from deepstep.engines.compiled import session
from deepstep.engines.compiled.calls import ROUTINES
from deepstep.engines.compiled.forward import predict
from deepstep.engines.compiled.step import train


def kinds():
    """How many kinds each kernel and routine has been compiled for."""
    return [len(found.signatures) for found in (train, predict, *ROUTINES)]


def test_after_it_nothing_is_compiled_whatever_is_trained(caplog):
    assert len(list(session.warm_up())) == session.n_kernels()
    caplog.clear()
    known = kinds()
    X = np.random.default_rng(1).standard_normal((4, 30))
    with caplog.at_level(logging.WARNING, "deepstep"):
        for parts in (
            {"activation": "tanh", "dtype": "float64"},
            {"normalization": ["layer", "batch"], "parametric": True},
            {"features": {"category_embedding": {"counts": {"0": 3}, "size": 2}}, "input_scale": True},
            {"shared_members": 2, "features": {"periodic_embedding": True}},
        ):
            given = {"dtype": "float32", "engine": "compiled", "seed": 1, **parts}
            network = Network([4, 5, 3, 1], **given)
            whole = np.abs(X).round().clip(0, 2)
            network.train(
                whole,
                X[:1] > 0,
                epochs=2,
                batch_size=8,
                optimizer="muon",
                dropout=0.2,
                ema_decay=0.9,
                max_norm=2.0,
            )
            network.predict(whole)
    assert kinds() == known
    assert caplog.messages == []
