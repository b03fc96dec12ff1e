"""The gradient check passes on right gradients of any network, and catches and names the classic faults.

The faulty backward passes below are written as learners write them, independent of `inspection.faults`.
"""

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import deepstep.equations.backward
from deepstep import Network
from deepstep.equations import ACTIVATIONS, Activation, LinearCache, linear_backward
from deepstep.errors import ConfigurationError, ShapeError

HIDDEN = sorted(ACTIVATIONS.keys() - {"exponential"})  # e to the power of thousands is no number
PLAIN = {"sigmoid": lambda Z: 1 / (1 + np.exp(-Z)), "tanh": np.tanh, "relu": lambda Z: np.maximum(Z, 0)}
DERIVATIVE_AT_A = {"sigmoid": lambda A: A * (1 - A), "tanh": lambda A: 1 - A**2, "relu": lambda A: A > 0}
"""g′ as a function of A = g(Z): right only when A is handed in."""


def data(layer_dims, output, m, seed=0):
    rng = np.random.RandomState(seed)
    X, n = rng.standard_normal((layer_dims[0], m)), layer_dims[-1]
    if output == "softmax":
        return X, np.eye(n)[:, rng.randint(n, size=m)]
    Y = rng.standard_normal((n, m)) if output == "identity" else rng.randint(2, size=(n, m))
    return X, Y


def network(layer_dims=(3, 3, 3, 1), activation="tanh", output="sigmoid", **settings):
    settings = {"initialization": "glorot", "seed": 3, **settings}
    return Network(list(layer_dims), activation=activation, output=output, **settings)


@st.composite
def networks(draw):
    layer_dims = draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    hidden = draw(st.tuples(*[st.sampled_from(HIDDEN) for _ in layer_dims[1:-1]]))
    return Network(
        layer_dims,
        activation=list(hidden),
        output=draw(st.sampled_from(["sigmoid", "softmax", "identity"])),
        initialization=draw(st.sampled_from(["he", "glorot", "lecun", "small", "large"])),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


@settings(deadline=None, max_examples=200)
@given(networks(), st.integers(1, 8), st.sampled_from([1e-2, 1, 1e2, 1e3]), st.integers(0, 2**32 - 1))
def test_right_gradients_pass(net, m, size, seed):
    """Inputs of any size: pixels from 0 to 255 bend the cost within a step that suits inputs of size 1."""
    X, Y = data(net.architecture.layer_dims, net.architecture.output, m, seed)
    report = net.check_gradients(size * X, Y)
    assert report.passed, str(report)
    assert report.diagnosis == ""
    assert report.difference < 1e-7
    assert all(check.difference < 1e-7 for check in report.checks), str(report)
    assert [check.name for check in report.checks] == list(net.parameters)


class TestPlantedInTheEquations:
    """A fault in the function that the network itself runs."""

    def diagnosis(self, monkeypatch, layer_dims, m=5, *, linear=None, derivative=None, **options):
        """What the check says of the gradients of a network whose equations had a fault."""
        with monkeypatch.context() as faulty:
            if linear is not None:
                faulty.setattr(deepstep.equations.backward, "linear_backward", linear)
            for name, (forward, backward, *_) in ACTIVATIONS.items() if derivative is not None else ():
                faulty.setitem(ACTIVATIONS, name, Activation(forward, derivative(forward, backward)))
            net = network(layer_dims, **options)
            X, Y = data(layer_dims, net.architecture.output, m)
            gradients = net.gradients(X, Y)
        return network(layer_dims, **options).check_gradients(X, Y, gradients=gradients)

    @pytest.mark.parametrize("output", ["sigmoid", "softmax", "identity"])
    @pytest.mark.parametrize(
        ("fault", "name"),
        [
            (lambda dA, dW, db, m: (dA, dW * m, db * m), "every layer: the 1/m is lost in dW and db"),
            (lambda dA, dW, db, m: (dA, dW * m, db), "every layer: the 1/m is lost in dW"),
            (lambda dA, dW, db, m: (dA, dW, db * m), "every layer: the 1/m is lost in db"),
            (
                lambda dA, dW, db, m: (dA, dW / m, db / m),
                "every layer: the 1/m stands twice, in dZ and again in dW and db",
            ),
            (lambda dA, dW, db, m: (dA, -dW, db), "every layer: the sign of dW is wrong"),
            (lambda dA, dW, db, m: (dA, dW, -db), "every layer: the sign of db is wrong"),
            # all signs at once: the same gradients as those of Y - AL for AL - Y, which is the likelier cause
            (lambda dA, dW, db, m: (dA, -dW, -db), "layer 3: the sign of dZ is wrong"),
            (
                lambda dA, dW, db, m: (dA, dW, np.full_like(db, db.sum())),
                "every layer: db is summed over the units as well",
            ),
        ],
    )
    def test_in_linear_backward(self, monkeypatch, fault, name, output):
        def faulty(dZ, cache):
            return fault(*linear_backward(dZ, cache), dZ.shape[1])

        report = self.diagnosis(monkeypatch, (4, 3, 3, 2), output=output, linear=faulty)
        assert not report.passed
        assert report.diagnosis == name

    def test_a_squeezed_db_does_not_get_out_of_the_equations(self, monkeypatch):
        """It reaches the check as it is, and an update refuses it."""

        def faulty(dZ, cache):
            dA, dW, db = linear_backward(dZ, cache)
            return dA, dW, np.squeeze(db)

        report = self.diagnosis(monkeypatch, (4, 3, 2), linear=faulty)
        assert report.diagnosis == "every layer: db is squeezed; it needs the shape (n, 1) of b"
        assert [check.verdict for check in report.checks] == ["good", "wrong shape"] * 2

    @pytest.mark.parametrize("m", [1, 5])
    def test_a_transposed_W_in_square_layers(self, monkeypatch, m):
        def faulty(dZ, cache: LinearCache):
            _, W, _ = cache
            dA, dW, db = linear_backward(dZ, cache)
            return (W @ dZ if W.shape[0] == W.shape[1] else dA), dW, db

        report = self.diagnosis(monkeypatch, (4, 3, 3, 3), m, linear=faulty)
        assert report.diagnosis == "layers 2, 3: W is transposed in dA_prev = Wᵀ·dZ"
        report = self.diagnosis(monkeypatch, (4, 3, 3, 1), m, linear=faulty)
        assert report.diagnosis == "layer 2: W is transposed in dA_prev = Wᵀ·dZ"
        assert [check.verdict for check in report.checks] == ["wrong"] * 2 + ["good"] * 4

    @pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
    @pytest.mark.parametrize(
        ("layer_dims", "where"),
        [((3, 4, 1), "layer 1"), ((3, 4, 2, 1), "layers 1, 2"), ((3, 4, 2, 3, 1), "layers 1, 2, 3")],
    )
    def test_the_derivative_at_A_for_Z(self, monkeypatch, activation, layer_dims, where):
        """The network's own backward starts from AL - Y: only the hidden layers are hit."""

        def at_A(forward, backward):
            return lambda dA, Z: backward(dA, forward(Z))

        report = self.diagnosis(monkeypatch, layer_dims, activation=activation, derivative=at_A)
        assert report.diagnosis == f"{where}: the derivative of the activation is taken at A instead of Z"

    @pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu"])
    def test_a_missing_derivative(self, monkeypatch, activation):
        def without(forward, backward):
            return lambda dA, Z: dA

        report = self.diagnosis(monkeypatch, (3, 4, 1), activation=activation, derivative=without)
        assert report.diagnosis == "layer 1: the derivative of the activation is missing"


def learner(net, X, Y, *, fault="", at=None):
    """A whole textbook backward pass, written from the lecture alone, with a fault in one layer or in all."""
    names = net.architecture.activations
    n_layers, m = len(names), X.shape[1]
    A, Z = {0: X}, {}
    for layer, name in enumerate(names, start=1):
        Z[layer] = net.parameters[f"W{layer}"] @ A[layer - 1] + net.parameters[f"b{layer}"]
        A[layer] = PLAIN[name](Z[layer])
    dA = -(Y / A[n_layers] - (1 - Y) / (1 - A[n_layers]))
    gradients = {}
    for layer in range(n_layers, 0, -1):
        here = fault if at in (None, layer) else ""
        slope = DERIVATIVE_AT_A[names[layer - 1]]
        derivative = slope(PLAIN[names[layer - 1]](A[layer]) if here == "A for Z" else A[layer])
        dZ = dA if here == "no derivative" else dA * derivative
        if here == "sign":
            dZ = -dZ
        W = net.parameters[f"W{layer}"]
        gradients[f"dW{layer}"] = dZ @ A[layer - 1].T / (1 if here == "1/m" else m)
        db = np.sum(dZ, axis=1, keepdims=True) / (1 if here == "1/m" else m)
        if here == "squeezed":
            db = np.squeeze(db)
        elif here == "no axis":
            db = np.sum(dZ) / m
        elif here == "wrong axis":
            db = np.sum(dZ, axis=0, keepdims=True) / m
        gradients[f"db{layer}"] = db
        if here == "transposed dW":
            gradients[f"dW{layer}"] = gradients[f"dW{layer}"].T
        dA = (W if here == "transposed" and W.shape[0] == W.shape[1] else W.T) @ dZ
    return gradients


NAMES = {
    "1/m": "the 1/m is lost in dW and db",
    "sign": "the sign of dZ is wrong",
    "A for Z": "the derivative of the activation is taken at A instead of Z",
    "no derivative": "the derivative of the activation is missing",
    "squeezed": "db is squeezed; it needs the shape (n, 1) of b",
    "no axis": "db is summed over the units as well",
    "wrong axis": "db is summed over the units instead of the examples",
    "transposed": "W is transposed in dA_prev = Wᵀ·dZ",
    "transposed dW": "dW is transposed",
}


class TestPlantedByALearner:
    def test_the_learners_own_backward_is_right_without_a_fault(self):
        net = network((3, 4, 2, 1), ["relu", "tanh"])
        X, Y = data((3, 1), "sigmoid", 6)
        assert net.check_gradients(X, Y, gradients=learner(net, X, Y)).passed

    @pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
    @pytest.mark.parametrize(
        ("fault", "layer"),
        # transposed: dA0 reaches no parameter, and W3 is not square
        [(fault, layer) for fault in NAMES for layer in (1, 2, 3) if fault != "transposed" or layer == 2],
    )
    def test_in_one_layer(self, fault, layer, activation):
        net = network((4, 3, 3, 2), activation)
        X, Y = data((4, 2), "sigmoid", 7)
        report = net.check_gradients(X, Y, gradients=learner(net, X, Y, fault=fault, at=layer))
        assert not report.passed
        assert report.diagnosis == f"layer {layer}: {NAMES[fault]}", str(report)

    @pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
    @pytest.mark.parametrize("fault", sorted(NAMES.keys() - {"transposed"}))
    def test_in_every_layer(self, fault, activation):
        net = network((4, 3, 3, 2), activation)
        X, Y = data((4, 2), "sigmoid", 7)
        report = net.check_gradients(X, Y, gradients=learner(net, X, Y, fault=fault))
        assert report.diagnosis == f"every layer: {NAMES[fault]}", str(report)

    def test_a_network_of_one_layer(self):
        net = network((4, 1))
        X, Y = data((4, 1), "sigmoid", 7)
        report = net.check_gradients(X, Y, gradients=learner(net, X, Y, fault="A for Z"))
        assert report.diagnosis == f"layer 1: {NAMES['A for Z']}"

    @settings(deadline=None, max_examples=120)
    @given(
        st.lists(st.integers(1, 5), min_size=2, max_size=5),
        st.sampled_from(["1/m", "sign", "A for Z", "no derivative", "squeezed", "transposed"]),
        st.integers(2, 8),
        st.integers(0, 2**32 - 1),
        st.data(),
    )
    def test_over_random_networks(self, layer_dims, fault, m, seed, draw):
        if fault == "transposed":  # of a square W above layer 1
            layer_dims = [layer_dims[0] + 1] * max(3, len(layer_dims))
        net = network(layer_dims, draw.draw(st.sampled_from(["tanh", "sigmoid"])), seed=seed)
        X, Y = data(layer_dims, "sigmoid", m, seed)
        layer = draw.draw(st.integers(2 if fault == "transposed" else 1, len(layer_dims) - 1))
        wrong, right = learner(net, X, Y, fault=fault, at=layer), learner(net, X, Y)
        if fault != "squeezed":  # big enough to be seen
            assume(max(abs(wrong[name] - right[name]).max() for name in right) > 1e-4)
        report = net.check_gradients(X, Y, gradients=wrong)
        assert not report.passed
        assert report.diagnosis == f"layer {layer}: {NAMES[fault]}", str(report)

    def test_what_nobody_knows_is_said_to_be_unknown(self):
        net = network((3, 4, 1))
        X, Y = data((3, 1), "sigmoid", 6)
        gradients = {**net.gradients(X, Y)}
        gradients["dW1"] = gradients["dW1"] + np.random.RandomState(0).standard_normal((4, 3))
        report = net.check_gradients(X, Y, gradients=gradients)
        assert report.diagnosis == (
            "none of the known faults explains it; look at dW1 next: it is the first that differs, "
            "all of layer 2 and above are right"
        )
        assert [check.verdict for check in report.checks] == ["wrong", "good", "good", "good"]
        assert report.worst.name == "W1"

    def test_the_worst_entry_is_the_one_that_was_spoilt(self):
        net = network((3, 4, 1))
        X, Y = data((3, 1), "sigmoid", 6)
        gradients = net.gradients(X, Y)
        right = gradients["dW1"][2, 1]
        gradients["dW1"][2, 1] += 0.25
        check = net.check_gradients(X, Y, gradients=gradients).checks[0]
        assert check.worst == (2, 1)
        assert check.analytic == right + 0.25
        assert check.numeric == pytest.approx(right, rel=1e-8)

    def test_a_missing_gradient_is_an_error(self):
        net = network((3, 4, 1))
        X, Y = data((3, 1), "sigmoid", 6)
        gradients = net.gradients(X, Y)
        del gradients["db2"]
        with pytest.raises(ShapeError, match="check_gradients: a gradient db2; it is missing"):
            net.check_gradients(X, Y, gradients=gradients)


class TestKinks:
    def test_zeros_everywhere(self):
        """All units of the relu sit at their kink: W1, b1 move them, and no derivative exists there."""
        net = Network([2, 3, 1], activation="relu", initialization="zeros", seed=0)
        report = net.check_gradients([[1.0, -1, 2], [0.5, 1, -1]], [[0, 1, 1]])
        assert report.passed
        verdicts = {check.name: check.verdict for check in report.checks}
        assert verdicts == {"W1": "not checkable", "b1": "not checkable", "W2": "good", "b2": "good"}
        assert "Not checkable by finite differences, and so not verified: W1, b1." in str(report)

    def test_a_unit_at_its_kink_is_reported_and_the_others_are_compared(self):
        parameters = {"W1": [[0.0], [1.0]], "b1": [[0.0], [0.5]], "W2": [[1.0, -1.0]], "b2": [[0.1]]}
        net = Network(parameters=parameters, activation="relu")
        report = net.check_gradients([[1.0, 2.0]], [[0, 1]])
        assert report.passed
        assert [(check.checked, check.at_kink) for check in report.checks] == [(1, 1), (1, 1), (2, 0), (1, 0)]
        assert "1/2, 1 at a kink" in str(report)

    def test_a_kink_nearby_is_stepped_around(self):
        """The step of 2ε = 6e-4 would cross it; the shorter one does not."""
        parameters = {"W1": [[1.0]], "b1": [[2e-4]], "W2": [[1.0]], "b2": [[0.0]]}
        net = Network(parameters=parameters, activation="relu")
        report = net.check_gradients([[1e-6]], [[1]])
        assert report.passed
        assert all(check.verdict == "good" and check.at_kink == 0 for check in report.checks)

    def test_zeros_without_a_kink_are_checked(self):
        net = Network([2, 3, 1], activation="tanh", initialization="zeros", seed=0)
        report = net.check_gradients([[1.0, -1, 2], [0.5, 1, -1]], [[0, 1, 1]])
        assert report.passed
        assert all(check.verdict == "good" for check in report.checks)


class TestOptions:
    def test_the_lectures_two_sided_difference(self):
        net = network((4, 5, 3, 1), "relu")
        X, Y = data((4, 1), "sigmoid", 3, seed=1)
        report = net.check_gradients(X, Y, order=2, epsilon=1e-7)
        assert report.passed
        assert 1e-12 < report.difference < 1e-7  # an error of ε² and of rounding/ε is there
        assert report.difference > net.check_gradients(X, Y).difference

    def test_at_most_so_many_entries_the_first_and_last_among_them(self):
        net = network((9, 7, 1))
        X, Y = data((9, 1), "sigmoid", 3)
        assert [c.checked for c in net.check_gradients(X, Y, max_entries=5).checks] == [5, 5, 5, 1]
        assert [c.checked for c in net.check_gradients(X, Y, max_entries=None).checks] == [63, 7, 7, 1]
        for entry in ((0, 0), (6, 8)):
            gradients = net.gradients(X, Y)
            gradients["dW1"][entry] += 1
            assert not net.check_gradients(X, Y, gradients=gradients, max_entries=2).passed

    def test_float32_networks_are_checked_in_float64(self):
        net = network((4, 3, 2), dtype="float32")
        X, Y = data((4, 2), "sigmoid", 3)
        assert net.check_gradients(X, Y).difference < 1e-9

    @pytest.mark.parametrize(
        ("option", "message"),
        [
            ({"order": 3}, "order is 2 or 4; got 3"),
            ({"epsilon": 0}, "epsilon is a positive number; got 0"),
            ({"epsilon": -1e-4}, "got -0.0001"),
            ({"epsilon": float("nan")}, "got nan"),
            ({"epsilon": "small"}, "got 'small'"),
            ({"tolerance": 0.0}, "tolerance is a positive number"),
            ({"max_entries": 0}, "max_entries is a positive whole number; got 0"),
            ({"max_entries": 2.5}, "got 2.5"),
        ],
    )
    def test_options_that_compare_nothing_are_refused(self, option, message):
        net = network((3, 1))
        X, Y = data((3, 1), "sigmoid", 2)
        with pytest.raises(ConfigurationError, match=r"^check_gradients: ") as error:
            net.check_gradients(X, Y, **option)
        assert message in str(error.value)

    def test_the_network_is_as_it_was(self):
        net = network()
        before = net.parameters.flat.copy()
        net.check_gradients(*data((3, 1), "sigmoid", 4))
        np.testing.assert_array_equal(net.parameters.flat, before)


class TestReport:
    def report(self, **options):
        net = network((3, 2, 1))
        return net.check_gradients(*data((3, 1), "sigmoid", 4), **options)

    def test_it_goes_to_json_and_back(self):
        plain = self.report().to_dict()
        assert json.loads(json.dumps(plain, allow_nan=False))["passed"] is True
        assert [check["name"] for check in plain["checks"]] == ["W1", "b1", "W2", "b2"]

    def test_a_wrong_shape_goes_to_strict_json_too(self):
        """No NaN and no Infinity: other programs read this."""
        net = network((3, 2, 1))
        X, Y = data((3, 1), "sigmoid", 4)
        gradients = learner(net, X, Y, fault="squeezed")
        plain = net.check_gradients(X, Y, gradients=gradients).to_dict()
        assert json.loads(json.dumps(plain, allow_nan=False))["passed"] is False

    def test_it_prints_a_line_for_each_parameter_and_the_verdict(self):
        lines = str(self.report()).splitlines()
        assert lines[0].split()[:3] == ["name", "shape", "entries"]
        assert [line.split()[0] for line in lines[1:5]] == ["W1", "b1", "W2", "b2"]
        assert lines[5].startswith("Gradients are right: difference ")

    def test_a_failed_one_prints_the_diagnosis(self):
        net = network((3, 2, 1))
        X, Y = data((3, 1), "sigmoid", 4)
        text = str(net.check_gradients(X, Y, gradients=learner(net, X, Y, fault="sign", at=2)))
        assert "WRONG" in text.splitlines()[-1]
        assert text.endswith("layer 2: the sign of dZ is wrong.")

    def test_html_escapes(self):
        html = self.report()._repr_html_()
        assert html.count("<tr>") == 5
        assert "Gradients are right" in html
        net = network((3, 2, 1))
        X, Y = data((3, 1), "sigmoid", 4)
        report = net.check_gradients(X, Y, gradients=learner(net, X, Y, fault="sign"))
        hostile = type(report)(
            report.checks, report.difference, report.tolerance, "<script>alert(1)</script>"
        )
        assert "<script>" not in hostile._repr_html_()
        assert "&lt;script&gt;" in hostile._repr_html_()


@pytest.mark.parametrize("factor", [-1, 5])
@pytest.mark.parametrize("seed", range(10))
def test_a_wrong_gradient_is_wrong_where_finite_differences_are_inexact(factor, seed):
    """Inputs of size 1e6: the numeric side is poor, and a gap far above its error still counts."""
    size = 1e6
    net = Network([3, 4, 2], activation="tanh", output="identity", seed=seed)
    net.parameters["W1"][:] /= size
    rng = np.random.RandomState(seed)
    X, Y = rng.standard_normal((3, 5)) * size, rng.standard_normal((2, 5))
    gradients = net.gradients(X, Y)
    gradients["dW1"] = factor * gradients["dW1"]
    assert not net.check_gradients(X, Y, gradients=gradients).passed
    assert net.check_gradients(X, Y).passed
    assert net.trace(X, Y).check().passed
