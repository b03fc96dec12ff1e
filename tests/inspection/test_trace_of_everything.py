"""A trace shows the step that is done, whatever takes part in it, and its derivatives are right."""

import json

import numpy as np
import pytest
from everything import Training, trainings
from hypothesis import given, settings

from deepstep.engines import ReferenceSession, Settings
from deepstep.equations import EQUATIONS, example_targets, get_head
from deepstep.inspection.trace_step import trace_step
from deepstep.network import Architecture, Parameters


def traced(training):
    session = training.session
    return trace_step(
        session.architecture,
        session.parameters,
        training.X,
        training.Y,
        settings=session.settings,
        state=session.state(),
        **training.options,
    )


@settings(max_examples=30)
@given(trainings())
def test_the_step_of_the_engine_bit_for_bit(training):
    check_the_step(training)


def check_the_step(training):
    trace, cost = traced(training), training.step()
    after, session = training.session.state(), training.session
    assert trace["J"].value == cost
    names = {entry.name: entry for entry in trace}
    for name, value in session.parameters.items():
        np.testing.assert_array_equal(trace[f"{name}′"].value, value, err_msg=name)
        for slot, vector in after.slots.items():
            mine = session.parameters.like(vector)[name]
            np.testing.assert_array_equal(trace[f"{slot}_d{name}"].value, mine, err_msg=f"{slot} {name}")
    for name, value in after.statistics.items():
        np.testing.assert_array_equal(trace[f"running {name}′"].value, value)
    for entry in trace:
        if entry.shape:
            assert entry.value.dtype == session.parameters.dtype, entry.name
        if entry.equation:
            assert entry.source == EQUATIONS[entry.equation].source
        assert entry.formula.startswith(entry.name), (entry.name, entry.formula)
    assert len(names) == len(trace)  # a name is given once
    order = ["input", "forward", "cost", "backward", "update"]
    phases = [entry.phase for entry in trace]
    assert sorted(phases, key=order.index) == phases
    for entry, plain in zip(
        trace, json.loads(trace.to_json(), parse_constant=pytest.fail)["entries"], strict=True
    ):
        np.testing.assert_array_equal(np.array(plain["value"], dtype=float), entry.value)


def test_a_step_whose_textbook_loss_is_infinite():
    """Exponentials of exponentials make sure of each threshold; a run of the tests drew such a network."""
    head, rng = get_head("ordinal"), np.random.default_rng(3)
    shape = Architecture((5, 4, 1, 3), ("exponential", "exponential", head.activation), head.name)
    parameters = shape.lay_out(0.7 * rng.standard_normal(shape.n_parameters))
    X, Y = rng.standard_normal((5, 3)), example_targets(head, 3, 3, rng=rng)
    session = ReferenceSession(shape, parameters, Settings("gd"))
    training = Training(session, X, Y, {"learning_rate": 0.01, "dropout": 1.0})
    assert np.isposinf(traced(training)["loss_A3"].value).any()
    check_the_step(training)


@settings(max_examples=8)
@given(trainings(dtypes=("float64",)))
def test_every_derivative_passes_the_check(training):
    trace = traced(training)
    check = trace.check(max_entries=3)
    assert check.passed, str(check)
    checked = {quantity.name for quantity in check.checks}
    shape = training.session.architecture
    for layer in range(1, shape.n_layers + 1):
        expected = {f"dZ{layer}", f"dW{layer}", f"db{layer}", f"dA{layer - 1}"}
        if layer in shape.normalized:
            expected |= {f"dU{layer}", f"dU_hat{layer}", f"dgamma{layer}"}
        if f"mask{layer}" in {entry.name for entry in trace}:
            expected.add(f"dg(Z{layer})")
        if layer == 1 and shape.input_scale:
            expected |= {"ds1", "dW_s1"}
        assert expected <= checked


def test_a_derivative_of_exactly_0_passes_in_spite_of_the_rounding_of_costs():
    shape = {"output": "absolute_error", "normalization": ("none", "batch")}
    shape["activations"] = ("softmax", "elu", "identity")
    architecture = Architecture((1, 1, 1, 1), **shape)  # U2 is equal for both examples, so that dU2 is 0
    values = {"W1": 0.5895829212634988, "b1": -2.083277820056846, "W2": -0.21351671641479741}
    values |= {"b2": 1.0149215456791578, "gamma2": -0.870773030299594}
    values |= {"W3": 1.0499031341471892, "b3": -0.8177433277515631}
    parameters = Parameters.from_dict({name: np.array([[value]]) for name, value in values.items()})
    X, Y = np.array([[0.81062163, 1.89889791]]), np.array([[0.44696423, 1.62914762]])
    check = trace_step(architecture, parameters, X, Y, learning_rate=0.01).check(max_entries=3)
    assert check.passed, str(check)


def whole(**options):
    """A network with a hidden layer of two units whose numbers can be worked out by hand."""
    shape = {"activations": ("identity", "identity"), **options.pop("shape", {})}
    architecture = Architecture((1, 2, 1), **shape)
    parameters = architecture.lay_out(np.ones(architecture.n_parameters))
    parameters["W1"][:], parameters["b1"][:], parameters["b2"][:] = [[1], [-2]], [[0.5], [0]], 0
    X, Y = np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]])
    return trace_step(architecture, parameters, X, Y, **{"learning_rate": 0.5, **options})


class TestByHand:
    """Every number below is worked out with the formulas of the lecture, not with ours."""

    def test_weights_and_regularization(self):
        trace = whole(settings=Settings(l1=0.3, l2=0.5), sample_weight=np.array([3.0, 1.0]))
        # A2 = x + 0.5 - 2x = 0.5 - x: -0.5 and -2.5; losses 0.125 and 6.125
        np.testing.assert_allclose(trace["loss"].value, [[0.125, 6.125]])
        assert trace["J_data"].value == pytest.approx((3 * 0.125 + 6.125) / 4)
        assert trace["J_L1"].value == pytest.approx(0.3 / 4 * 5)
        assert trace["J_L2"].value == pytest.approx(0.5 / 8 * 7)
        parts = sum(trace[name].value for name in ("J_data", "J_L1", "J_L2"))
        assert trace["J"].value == pytest.approx(parts)
        np.testing.assert_allclose(trace["∂loss/∂Z2"].value, [[-0.5, -3.5]])
        np.testing.assert_allclose(trace["dZ2"].value, [[-0.75, -1.75]])  # weights 1.5 and 0.5
        np.testing.assert_allclose(trace["dW1_L1"].value, [[0.075], [-0.075]])
        np.testing.assert_allclose(trace["dW1_L2"].value, [[0.125], [-0.25]])
        data = (-0.75 * 1 - 1.75 * 3) / 2
        np.testing.assert_allclose(trace["dW1_data"].value, [[data], [data]])
        np.testing.assert_allclose(trace["dW1"].value, [[data + 0.2], [data - 0.325]])
        assert trace["J"].formula == "J = J_data + J_L1 + J_L2"
        assert trace["J_data"].formula == "J_data = Σᵢ wᵢ lossᵢ / Σᵢ wᵢ"
        assert trace["J_L2"].formula == "J_L2 = 0.5 / 2m · Σₗ ‖Wₗ‖²"
        assert trace["dW1_L2"].formula == "dW1_L2 = 0.5 / m · W1"
        assert trace["dW1_data"].formula == "dW1_data = dZ1·A0ᵀ / m"
        assert trace["dW1"].formula == "dW1 = dW1_data + dW1_L1 + dW1_L2"
        assert trace["dZ2"].formula == "dZ2 = w ∘ ∂loss/∂Z2, w scaled to mean 1"

    def test_clipping_and_decay(self):
        trace = whole(settings=Settings(clip_value=1.0, clip_norm=2.0, weight_decay=0.5))
        g = np.array([-5.5, -5.5, -2, -2, *(trace["dW2"].value[0]), -2])
        np.testing.assert_allclose(trace["dW1"].value.ravel(), g[:2])
        cut = np.clip(g, -1, 1)
        clipped = cut * 2 / np.linalg.norm(cut)
        np.testing.assert_allclose(trace["dW1_cut"].value.ravel(), cut[:2])
        np.testing.assert_allclose(trace["dW1_clipped"].value.ravel(), clipped[:2])
        np.testing.assert_allclose(trace["W1_decayed"].value, [[0.75], [-1.5]])
        moved = np.array([0.75, -1.5]) - 0.5 * clipped[:2]
        np.testing.assert_allclose(trace["W1′"].value.ravel(), moved)
        np.testing.assert_allclose(trace["b1′"].value.ravel(), [0.5, 0] - 0.5 * clipped[2:4])
        assert trace["dW1_cut"].formula == "dW1_cut := min(max(dW1, -1), 1)"
        assert trace["dW1_clipped"].formula == "dW1_clipped := dW1_cut·min(1, 2 / ‖g‖)"
        assert trace["W1_decayed"].formula == "W1_decayed := (1 - 0.5·0.5)·W1"
        assert trace["W1′"].formula == "W1′ := W1_decayed - 0.5·dW1_clipped"
        assert trace["b1′"].formula == "b1′ := b1 - 0.5·db1_clipped"  # b does not decay


FORMULAS = {
    "batch normalization": (
        {"shape": {"normalization": "batch"}},
        [
            "deviation1 = √(variance1 + ε)",
            "U_hat1 = (U1 - mean1) / deviation1",
            "Z1 = gamma1 ∘ U_hat1 + b1",
            "dgamma1 = Σᵢ (dZ1 ∘ U_hat1)⁽ⁱ⁾ / m",
            "dW1 = dU1·A0ᵀ / m",
        ],
    ),
    "dropout": (
        {"settings": Settings(dropout=0.5, seed=3)},
        ["mask1 = D / keep_prob", "g(Z1) = Z1", "A1 = g(Z1) ∘ mask1", "dg(Z1) = dA1 ∘ mask1", "dZ1 = dg(Z1)"],
    ),
    "scaled inputs": (
        {"shape": {"input_scale": True}, "settings": Settings(l2=1.0)},
        [
            "W_s1 = W1 ∘ s1ᵀ",
            "Z1 = W_s1·A0 + b1",
            "dW_s1 = dZ1·A0ᵀ / m",
            "dW1_data = dW_s1 ∘ s1ᵀ",
            "ds1 = Σᵢ (W1 ∘ dW_s1)ᵢᵀ, over the rows i",
            "dA0 = W_s1ᵀ·dZ1",
            "s1′ := s1 - 0.5·ds1",
        ],
    ),
    "groups of parameters": (
        {"settings": Settings(lr_multipliers={"b*": 0.1})},
        ["W1′ := W1 - 0.5·dW1", "b1′ := b1 - 0.05·db1"],
    ),
    **{
        f"adam, {at}": (
            {"settings": Settings("adam", {"epsilon_at": at, "epsilon": 1e-3})},
            [f"W1′ := W1 - 0.5·{formula}", "v̂_dW1 = v_dW1 / (1 - β₁ᵗ)"],
        )
        for at, formula in (
            ("outside", "v̂_dW1 / (√ŝ_dW1 + ε)"),
            ("inside", "v̂_dW1 / √(ŝ_dW1 + ε)"),
            ("hat", "v̂_dW1·√(1 - β₂ᵗ) / (√s_dW1 + ε)"),
        )
    },
}


@pytest.mark.parametrize("part", FORMULAS)
def test_formulas_have_the_parts_and_numbers_of_the_step(part):
    options, formulas = FORMULAS[part]
    found = [entry.formula for entry in whole(**options)]
    assert [formula for formula in formulas if formula not in found] == []
