"""Kernels compiled beforehand: each kind of them is among those that are, and none is compiled later."""

import logging
from itertools import product
from typing import get_args, get_type_hints

import numpy as np
import pytest

pytest.importorskip("numba")

from deepstep import Network
from deepstep.engines.compiled import warm_up
from deepstep.engines.compiled.forward import predict
from deepstep.engines.compiled.room import OptionalRoom
from deepstep.engines.compiled.step import train

MAY_BE_MISSING = [name for name, kind in get_type_hints(OptionalRoom).items() if type(None) in get_args(kind)]


def test_each_kind_of_kernel_has_a_network():
    kinds = set()
    for parts in warm_up.NETWORKS.values():
        room = warm_up.session_of(parts, "float32")._optional
        kinds.add(tuple(getattr(room, name) is None for name in MAY_BE_MISSING))
    assert MAY_BE_MISSING
    assert kinds == set(product([True, False], repeat=len(MAY_BE_MISSING)))


def test_after_it_nothing_is_compiled_whatever_is_trained(caplog):
    assert len(list(warm_up.warm_up())) == len(warm_up.NETWORKS) * len(warm_up.PRECISIONS)
    caplog.clear()
    known = len(train.signatures), len(predict.signatures)
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
                average=0.9,
                max_norm=2.0,
            )
            network.predict(whole)
    assert (len(train.signatures), len(predict.signatures)) == known
    assert caplog.messages == []
