"""The trace shows what the equations compute, bit for bit and in order, and finds a fault where it stands."""

from dataclasses import replace

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError
from deepstep.inspection.trace import Trace, TraceEntry


def network_and_data(layer_dims=(3, 4, 2, 2), activation=("relu", "tanh"), output="softmax", m=5, **settings):
    rng = np.random.RandomState(4)
    n = layer_dims[-1]
    net = Network(list(layer_dims), activation=list(activation), output=output, **{"seed": 2, **settings})
    X = rng.standard_normal((layer_dims[0], m))
    Y = np.eye(n)[:, rng.randint(n, size=m)] if output == "softmax" else rng.randint(2, size=(n, m))
    return net, X, Y


def test_order_and_formulas_are_those_of_the_step():
    net, X, Y = network_and_data((3, 4, 1), ["relu"], "sigmoid")
    assert " ".join(entry.name for entry in net.trace(X, Y)) == (
        "A0 Y W1 b1 Z1 A1 W2 b2 Z2 A2 loss loss_A2 J "
        "dA2 dZ2_chain dZ2 dW2 db2 dA1 dZ1 dW1 db1 dA0 W1′ b1′ W2′ b2′"
    )
    net, X, Y = network_and_data()
    assert {entry.formula for entry in net.trace(X, Y)} >= {
        "Z2 = W2·A1 + b2",
        "A3ⱼ = e^Z3ⱼ / Σₖ e^Z3ₖ",
        "loss = log Σⱼ e^Z3ⱼ - Σⱼ Yⱼ Z3ⱼ",
        "dZ3 = A3 - Y",
        "dA1 = W2ᵀ·dZ2",
        "dZ2 = dA2 ∘ (1 - tanh²(Z2))",
        "dZ1 = dA1 where Z1 > 0, else 0",
        "W3′ := W3 - 0.0075·dW3",
    }


def test_later_changes_do_not_reach_a_trace():
    net, X, Y = network_and_data(activation=("identity", "tanh"))
    trace = net.trace(X, Y)
    before = {entry.name: np.copy(entry.value) for entry in trace}
    net.parameters.flat[:] = 9
    X[:] = 9
    for entry in trace:
        np.testing.assert_array_equal(entry.value, before[entry.name], err_msg=entry.name)


class TestTextbook:
    """Loss, dA[L] and dZ[L] from the output, with the numbers of the lecture's formulas."""

    @staticmethod
    def of(logit, Y, **options):
        net = Network(parameters={"W1": [[1.0]], "b1": [[0.0]]}, **options)
        return net.trace(np.atleast_2d(logit), np.atleast_2d(Y), learning_rate=0.5)

    def test_both_ways_agree_where_nothing_is_saturated(self):
        trace = self.of(np.log(3.0), 1)  # AL = 3/4
        assert trace["loss_A1"].value == pytest.approx(-np.log(0.75))
        assert trace["dA1"].value == pytest.approx(-4 / 3)
        assert trace["dZ1_chain"].value == pytest.approx(-0.25)
        assert trace["loss_A1"].formula == "loss_A1 = -Σ (Y ∘ log A1 + (1 - Y) ∘ log(1 - A1))"
        assert trace["dA1"].formula == "dA1 = -(Y / A1 - (1 - Y) / (1 - A1))"
        assert trace["dZ1_chain"].formula == "dZ1_chain = dA1 ∘ A1 ∘ (1 - A1)"
        assert [check.name for check in trace.check().checks][:2] == ["dA1", "dZ1"]
        wrong = [replace(entry, value=2 * entry.value) if entry.name == "dA1" else entry for entry in trace]
        assert Trace(trace.architecture, wrong, graph=trace.graph).check().first_wrong == "dA1"

    def test_saturation_loses_the_way_by_the_output_alone(self):
        trace = self.of(40.0, 0)  # 1 - AL is 4e-18: AL is 1 in float64
        assert (trace["loss"].value.item(), trace["dZ1"].value.item()) == (40.0, 1.0)
        assert np.isposinf(trace["loss_A1"].value).all()
        assert np.isposinf(trace["dA1"].value).all()
        assert not np.isfinite(trace["dZ1_chain"].value).any()
        assert trace.check().passed
        assert "dA1" not in {check.name for check in trace.check().checks}

    def test_a_derivative_that_overflows_is_listed(self):
        W, b = [[1e200]], [[0.0]]
        parameters = {"W1": b, "b1": [[1e-300]], "W2": W, "b2": b, "W3": W, "b3": b}
        with np.errstate(all="ignore"):
            trace = Network(parameters=parameters, activation="relu").trace([[1.0]], [[0]])
            report = trace.check()
        assert np.isposinf(trace["dA1"].value).all()
        names = {check.name for check in report.checks}
        assert {"dA1", "dA0"} <= names
        assert "dA3" not in names

    def test_weights_of_examples_and_logits_as_outputs(self):
        net = Network(parameters={"W1": [[1.0]], "b1": [[0.0]]})
        trace = net.trace([[0.5, -1.0]], [[1, 0]], sample_weight=[3.0, 1.0])
        np.testing.assert_allclose(trace["dZ1_chain"].value, trace["dZ1"].value, rtol=1e-12)
        assert trace.check().passed
        trace = self.of(2.0, 0.5, output="identity")  # only the derivative is named
        assert trace["dA1"].formula == "dA1 = A1 - Y"
        assert "loss_A1" not in {entry.name for entry in trace}


def test_a_part_is_that_of_a_layer_and_an_example():
    net, X, Y = network_and_data()
    trace = net.trace(X, Y)
    layer = trace.select(layer=2)
    assert " ".join(entry.name for entry in layer) == "W2 b2 Z2 A2 dA2 dZ2 dW2 db2 W2′ b2′"
    assert [entry.name for entry in trace.select(layer=0)] == ["A0", "dA0"]
    part = trace.select(example=3)
    for name in ("A0", "Y", "Z1", "A3", "dZ3", "dA0"):
        np.testing.assert_array_equal(part[name].value, trace[name].value[:, [3]])
    for name in ("W1", "b2", "dW1", "db3", "W2′", "J"):  # of all examples together
        np.testing.assert_array_equal(part[name].value, trace[name].value)
    check = trace.select(layer=2, example=1).check()  # with all examples
    assert check.passed
    assert [quantity.name for quantity in check.checks] == ["dA2", "dZ2", "dW2", "db2"]


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"layer": 4}, "layer must be one of 0, 1, 2, 3, got 4"),
        ({"layer": "1"}, "got '1'"),
        ({"example": 5}, "example must be a whole number from 0 to 4, got 5"),
        ({"example": -1}, "got -1"),
    ],
)
def test_a_part_that_is_not_there_is_refused(choice, message):
    net, X, Y = network_and_data()
    with pytest.raises(ConfigurationError, match=message):
        net.trace(X, Y).select(**choice)


def test_it_is_a_dictionary_a_text_and_html():
    """`test_trace_of_everything` reads the JSON of each step."""
    net, X, Y = network_and_data()
    trace = net.trace(X, Y)
    plain = trace.to_dict()
    assert (plain["layer_dims"], plain["activations"]) == ([3, 4, 2, 2], ["relu", "tanh", "softmax"])
    for entry, back in zip(trace, plain["entries"], strict=True):
        assert back["shape"] == list(entry.shape)
        for key in ("name", "layer", "phase", "formula", "equation", "source"):
            assert back[key] == getattr(entry, key)
    assert trace._repr_html_().count("<tr>") == len(trace) + 1
    entry = TraceEntry("<b>", 0, "input", "a < b & c", "", X, columns=True)
    html = Trace(net.architecture, [entry])._repr_html_()
    assert "&lt;b&gt;" in html
    assert "a &lt; b &amp; c" in html
    net = Network(parameters={"W1": [[0.5, -2.0]], "b1": [[0.25]]})
    lines = str(net.trace([[1.0, 2.0], [3.0, 4.0]], [[0, 1]])).splitlines()
    assert lines[0].split() == ["phase", "quantity", "shape", "formula"]
    z = lines.index("forward   Z1         1×2    Z1 = W1·A0 + b1")
    assert lines[z + 1].strip() == "[[-5.25 -6.75]]"  # 0.5·1 - 2·3 + 0.25, 0.5·2 - 2·4 + 0.25


def test_it_fits_a_terminal_of_80_columns():
    net = Network([3000, 12, 10], activation="sigmoid", output="softmax", seed=1)
    text = str(net.trace(np.full((3000, 100), 1 / 3), np.eye(10)[:, np.arange(100) % 10]))
    assert "3000×100" in text
    assert "min 0.3333, mean 0.3333, max 0.3333" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("first", ["dW3", "db3", "dA2"])
def test_the_first_wrong_quantity_is_named(first):
    net, X, Y = network_and_data()
    trace = net.trace(X, Y)
    names = [entry.name for entry in trace]
    later = names[names.index(first) :]
    entries = [replace(entry, value=2 * entry.value) if entry.name in later else entry for entry in trace]
    check = Trace(trace.architecture, entries, graph=trace.graph).check()
    assert (check.passed, check.first_wrong) == (False, first)
    assert "WRONG" in str(check)
