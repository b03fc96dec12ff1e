"""The update rules: torch's optimizers over 50 steps in float64, rates for each parameter, precision."""

from doctest import DocTestParser
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from deepstep.equations import EQUATIONS, OPTIMIZERS, adam_update, decoupled_decay
from deepstep.errors import ShapeError

torch = pytest.importorskip("torch")

STEPS = 50
SIZE = 6
RATES = (0.05, 0.05), (0.05, 0.02)
"""Learning rates of the two groups of parameters, the first and the last three."""


class PaperLion:
    """Chen et al., arXiv 2302.06675, algorithm 2, on torch tensors."""

    def __init__(self, groups, betas, weight_decay=0.0):
        self.param_groups = [{"weight_decay": weight_decay, **group} for group in groups]
        self.betas = betas
        self.moments = {id(p): torch.zeros_like(p) for group in groups for p in group["params"]}

    def step(self):
        beta1, beta2 = self.betas
        for group in self.param_groups:
            for p in group["params"]:
                m = self.moments[id(p)]
                c = beta1 * m + (1 - beta1) * p.grad
                p.data = p.data - group["lr"] * (torch.sign(c) + group["weight_decay"] * p.data)
                self.moments[id(p)] = beta2 * m + (1 - beta2) * p.grad


def longer(groups, factor):
    return [{**group, "lr": group["lr"] * factor} for group in groups]


optim = torch.optim


def of_betas(optimizer):
    """Our parameters of a rule of two means, with torch's."""
    ours = {"beta1": 0.7, "beta2": 0.95, "epsilon": 1e-3}
    return ours, partial(optimizer, betas=(0.7, 0.95), eps=1e-3)


TWINS = {
    "gd": [({}, optim.SGD)],
    # The lecture's velocity is a mean, torch's a sum: steps (1 - β) times as long are the same.
    "momentum": [({"beta": 0.8}, lambda groups: optim.SGD(longer(groups, 1 - 0.8), momentum=0.8))],
    "heavy_ball": [({"beta": 0.8}, partial(optim.SGD, momentum=0.8))],
    "nesterov": [({"beta": 0.8}, partial(optim.SGD, momentum=0.8, nesterov=True))],
    "rmsprop": [
        ({}, optim.RMSprop),
        ({"beta": 0.9, "epsilon": 1e-3}, partial(optim.RMSprop, alpha=0.9, eps=1e-3)),
    ],
    "adam": [({}, optim.Adam), of_betas(optim.Adam)],
    "adamw": [({}, optim.AdamW), of_betas(optim.AdamW)],
    "lion": [
        ({}, partial(PaperLion, betas=(0.9, 0.99))),
        ({"beta1": 0.8, "beta2": 0.95}, partial(PaperLion, betas=(0.8, 0.95))),
    ],
}
PLAIN = [(name, *twin, rates, None) for name, twins in TWINS.items() for twin in twins for rates in RATES]
DECAYED = [
    (name, {}, peer, RATES[1], (0.3, 0.0))
    for name, peer in (("adamw", optim.AdamW), ("adam", optim.AdamW), ("lion", TWINS["lion"][0][1]))
]


def bowl(seed):
    """Gradient of a quadratic whose curvatures differ by a factor of 30."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.standard_normal((SIZE, SIZE)))
    curvature = axes * np.geomspace(0.1, 3, SIZE) @ axes.T
    lowest = rng.standard_normal(SIZE)
    return lambda theta: curvature @ (theta - lowest)


@pytest.mark.parametrize(("name", "optimizer_params", "peer", "rates", "decays"), PLAIN + DECAYED)
def test_fifty_steps_as_torch_does_them(name, optimizer_params, peer, rates, decays):
    """Our rule on the flat vector and torch's on two groups of parameters, step by step."""
    rule = OPTIMIZERS[name]
    slope, theta = bowl(seed=4), np.random.default_rng(5).standard_normal(SIZE)
    halves = [torch.tensor(half, requires_grad=True) for half in np.split(theta, 2)]
    groups = [{"params": [half], "lr": rate} for half, rate in zip(halves, rates, strict=True)]
    if decays is not None:
        groups = [{**group, "weight_decay": decay} for group, decay in zip(groups, decays, strict=True)]
    other = peer(groups)
    alpha = rates[0] if rates[0] == rates[1] else np.repeat(rates, SIZE // 2)
    decay = rule.weight_decay if decays is None else np.repeat(decays, SIZE // 2)
    slots = [np.zeros_like(theta) for _ in rule.state]
    for t in range(1, STEPS + 1):
        gradient = slope(theta)
        if np.any(decay):
            theta = decoupled_decay(theta, learning_rate=alpha, weight_decay=decay)
        count = {"t": t} if rule.counts_steps else {}
        theta, *slots = rule.update(theta, gradient, *slots, learning_rate=alpha, **count, **optimizer_params)
        peers_gradient = slope(np.concatenate([half.detach().numpy() for half in halves]))
        for half, part in zip(halves, np.split(peers_gradient, 2), strict=True):
            half.grad = torch.tensor(part)
        other.step()
        got = np.concatenate([half.detach().numpy() for half in halves])
        np.testing.assert_allclose(theta, got, rtol=1e-10, atol=1e-13, err_msg=f"step {t}")
    assert np.abs(slope(theta)).max() > 0


def arguments(rule, dtype):
    rng = np.random.default_rng(9)
    vectors = [rng.uniform(0.1, 1, SIZE).astype(dtype) for _ in ("theta", "gradient", *rule.state)]
    count = {"t": 3} if rule.counts_steps else {}
    return vectors, count


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_rate_of_another_precision_leaves_float32_and_of_another_shape_is_refused(name):
    vectors, count = arguments(OPTIMIZERS[name], np.float32)
    plain = OPTIMIZERS[name].update(*vectors, learning_rate=0.1, **count)
    for rate in (np.float64(0.1), np.array(0.1), np.full(SIZE, 0.1), np.float32(0.1)):
        got = OPTIMIZERS[name].update(*vectors, learning_rate=rate, **count)
        for array, other in zip(got, plain, strict=True):
            np.testing.assert_array_equal(array, other, strict=True)
            assert array.dtype == np.float32
    for rate in (np.ones((SIZE, 1)), np.ones(1), np.ones(SIZE - 1)):
        with pytest.raises(ShapeError, match=r"^learning_rate must have .* theta, \(6,\), got shape \("):
            OPTIMIZERS[name].update(*vectors, learning_rate=rate, **count)


@pytest.mark.parametrize("name", [name for name, rule in OPTIMIZERS.items() if rule.corrections])
@pytest.mark.parametrize("optimizer_params", [{}, {"beta1": 0.5, "beta2": 0.25}])
def test_the_corrected_averages_are_those_of_the_update(name, optimizer_params):
    """The step of θ, taken apart: α·v̂ / (√ŝ + ε)."""
    rule = OPTIMIZERS[name]
    vectors, count = arguments(rule, np.float64)
    theta, v, s = rule.update(*vectors, learning_rate=0.1, **count, **optimizer_params)
    seen = rule.corrected({"v": v, "s": s}, **count, optimizer_params=optimizer_params)
    assert list(seen) == ["v̂", "ŝ"]
    np.testing.assert_allclose(vectors[0] - theta, 0.1 * seen["v̂"] / (np.sqrt(seen["ŝ"]) + 1e-8), rtol=1e-12)
    formula = EQUATIONS[rule.update.__name__]
    assert [formula.written(symbol, {}).split(" ")[0] for symbol in seen] == list(seen)


@pytest.mark.parametrize("where", ["outside", "hat", "inside"])
def test_where_epsilon_stands(where):
    """By hand; `test_trace_of_everything` has the formulas."""
    (theta, gradient, v, s), _ = arguments(OPTIMIZERS["adam"], np.float64)
    got, v, s = adam_update(theta, gradient, v, s, learning_rate=0.1, t=3, epsilon=0.3, epsilon_at=where)
    v_hat, s_hat = v / (1 - 0.9**3), s / (1 - 0.999**3)
    step = {
        "outside": v_hat / (np.sqrt(s_hat) + 0.3),
        "inside": v_hat / np.sqrt(s_hat + 0.3),
        "hat": v_hat * np.sqrt(1 - 0.999**3) / (np.sqrt(s) + 0.3),
    }[where]
    np.testing.assert_allclose(got, theta - 0.1 * step, rtol=1e-13)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(3, 7), (5, 1)])
def test_the_rule_of_the_documentation_moves_weights_as_torch_s_muon(shape):
    text = (Path(__file__).parents[2] / "docs/extending.md").read_text(encoding="utf-8")
    names = {}
    begins = ("import", "from deepstep.equations import adam", "def ortho", "def muon")
    for example in DocTestParser().get_examples(text):
        if example.source.startswith(begins):
            exec(example.source, names)
    muon = names["muon"]
    rng = np.random.default_rng(2)
    W, b, layout = rng.standard_normal(shape), np.ones(shape[0]), (("W1", shape), ("b1", (shape[0], 1)))
    peer = torch.tensor(W, requires_grad=True)
    optimizer = torch.optim.Muon([peer], lr=0.1, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    theta = np.append(W, b)
    (v, s), adam = np.zeros((2, theta.size)), (b, 0 * b, 0 * b)
    for t in range(1, 6):
        gradient = rng.standard_normal(theta.size)
        peer.grad = torch.tensor(gradient[: W.size].reshape(shape))
        optimizer.step()
        theta, v, s = muon(theta, gradient, v, s, learning_rate=0.1, t=t, layout=layout)
        step = 0.1 * 0.2 * np.sqrt(max(shape))
        # its products are of bfloat16, with 8 bits
        found = theta[: W.size].reshape(shape)
        np.testing.assert_allclose(found, peer.detach().numpy(), atol=0.05 * t * step)
        b, *slots = adam
        adam = adam_update(b, gradient[W.size :], *slots, learning_rate=0.1, t=t)
        np.testing.assert_array_equal(theta[W.size :], adam[0])
