"""Users' own losses: a right one trains, a wrong one is refused where it is wrong."""

import numpy as np
import pytest

from deepstep import Network
from deepstep.equations import HEADS, get_head, register_head
from deepstep.errors import ConfigurationError


def log_cosh(ZL, Y, *, scale=1.0):
    r = np.abs(ZL - Y) / scale
    return np.sum(r + np.log1p(np.exp(-2 * r)) - np.log(2.0).astype(r.dtype), axis=0, keepdims=True)


def log_cosh_backward(ZL, Y, *, scale=1.0):
    return np.tanh((ZL - Y) / scale) / scale


def hinge(ZL, Y):
    return np.sum(np.maximum(0, margin(ZL, Y)), axis=0, keepdims=True)


def hinge_backward(ZL, Y):
    return np.where(margin(ZL, Y) > 0, 1 - 2 * Y, 0 * ZL)


def margin(ZL, Y):
    return 1 - (2 * Y - 1) * ZL


@pytest.fixture(autouse=True)
def _as_before():
    before = dict(HEADS)
    yield
    HEADS.clear()
    HEADS.update(before)


class TestRight:
    def test_it_trains_is_traced_and_checked(self):
        register_head("log_cosh", log_cosh, log_cosh_backward)
        net = Network([2, 3, 1], activation="tanh", output="log_cosh", output_settings={"scale": 0.5}, seed=1)
        rng = np.random.default_rng(0)
        X, Y = rng.standard_normal((2, 20)), rng.standard_normal((1, 20))
        costs = net.train(X, Y, learning_rate=0.1, iterations=30).costs
        assert costs[-1] < costs[0]
        assert net.check_gradients(X, Y).passed
        trace = net.trace(X, Y)
        assert trace["loss"].formula == "loss = log_cosh(Z2, Y)"
        assert trace["dZ2"].formula == "dZ2 = log_cosh_backward(Z2, Y)"
        assert trace.check().passed

    def test_a_kinked_one_with_targets_of_yes_and_no(self):
        register_head("hinge", hinge, hinge_backward, targets="probabilities", kinks=margin)
        net = Network([2, 1], output="hinge", parameters={"W1": [[1.0, 0.0]], "b1": [[0.0]]})
        X, Y = [[1.0, -1.0, 3.0], [0.0, 2.0, 1.0]], [[1, 1, 0]]  # the first margin is 0: at the kink
        report = net.check_gradients(X, Y)
        assert report.passed
        assert sum(check.at_kink for check in report.checks) > 0
        assert net.predict(X).tolist() == [[1, 0, 1]]

    @pytest.mark.parametrize("name", sorted(HEADS))
    def test_deepsteps_own_pass_the_check(self, name):
        head = get_head(name)
        register_head(
            "again", head.loss, head.loss_backward,
            activation=head.activation, targets=head.targets, kinks=head.kinks,
        )  # fmt: skip


def square(ZL, Y):
    return np.sum((ZL - Y) ** 2, axis=0, keepdims=True)


def square_backward(ZL, Y):
    return 2 * (ZL - Y)


def distance_from_0(ZL, Y):
    return np.sum(np.abs(ZL), axis=0, keepdims=True)


def jumps_elsewhere(ZL, Y):
    return np.where(ZL > 0.5, 1, -1).astype(ZL.dtype)


WRONG = r"^The loss_backward of 'own' gives dZL = .* at ZL = .*, Y = .*, central differences"


@pytest.mark.parametrize(
    ("loss", "backward", "options", "message"),
    [  # arrays of another dtype, changed arguments and the like: test_own_activations
        (square, lambda ZL, Y: ZL - Y, {}, WRONG),
        (square, lambda ZL, Y: 2 * (ZL - Y) / ZL.shape[1], {}, WRONG),
        (distance_from_0, jumps_elsewhere, {}, "Where there is no derivative, let kinks change its sign"),
        (lambda ZL, Y: (ZL - Y) ** 2, square_backward, {}, r"shape \(1, 24\) here, got .*\. Sum over"),
        (square, lambda ZL, Y: square_backward(ZL, Y).sum(axis=0), {}, r"got shape \(24,\)"),
        (lambda ZL, Y: square(ZL, Y) - square(ZL, Y).mean(), square_backward, {}, "example 0 another"),
        (hinge, hinge_backward, {"activation": "rellu"}, "Did you mean 'relu'"),
        (hinge, hinge_backward, {"targets": "number"}, "kind of targets must be .*Did you mean 'numbers'"),
        (hinge, hinge_backward, {"kinks": True}, "^kinks must be a function, got True"),
    ],
)
def test_a_wrong_one_is_refused_with_its_place(loss, backward, options, message):
    with pytest.raises(ConfigurationError, match=message):
        register_head("own", loss, backward, **options)
    assert "own" not in HEADS
