"""The gradient check passes on right gradients of any network; `test_classic_mistakes` has wrong ones."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner import learner

from deepstep import Network
from deepstep.equations import ACTIVATIONS
from deepstep.errors import ConfigurationError
from head_examples import head_target

HIDDEN = sorted(ACTIVATIONS.keys() - {"exponential"})  # e to the power of thousands is no number


@pytest.fixture(autouse=True, scope="module")
def no_pairs():
    """Where the name of a mistake is not asked for, pairs of mistakes are not tried."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deepstep.inspection.faults.MOST_MULTIPLICATIONS", 0)
        yield


def data(layer_dims, output, m, seed=0):
    X = np.random.RandomState(seed).standard_normal((layer_dims[0], m))
    return X, head_target(output, layer_dims[-1], m, seed)


def network(layer_dims=(3, 3, 3, 1), activation="tanh", **settings):
    settings = {"initialization": "glorot", "seed": 3, **settings}
    return Network(list(layer_dims), activation=activation, **settings)


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


@settings(max_examples=20)
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


@pytest.mark.filterwarnings("error")
@settings(max_examples=8)
@given(st.floats(0, 306), st.integers(0, 2**32 - 1))
def test_derivatives_whose_squares_overflow_are_judged_as_others(exponent, seed):
    """Counts from a mean of 10^exponent; beyond 1e154 right gradients were wrong, or wrong ones right."""
    X = np.random.default_rng(seed).standard_normal((2, 4))
    parameters = {"W1": [[0.1, -0.2]], "b1": [[exponent * np.log(10)]]}
    net, Y = Network(parameters=parameters, output="poisson"), np.zeros((1, 4))
    report, traced = net.check_gradients(X, Y), net.trace(X, Y).check()
    for one in (report, traced):
        assert one.passed, str(one)
        assert one.difference < 1e-7
    assert all(check.verdict == "good" for check in report.checks)
    gradients = net.gradients(X, Y)
    for name in ("dW1", "db1"):
        wrong = net.check_gradients(X, Y, gradients={**gradients, name: 1.001 * gradients[name]})
        assert (wrong.passed, wrong.first_wrong) == (False, name[1:])
        assert 1e-5 < wrong.difference < 1e-3


@pytest.mark.parametrize("seed", range(8))
def test_units_that_bend_within_each_step_do_not_make_right_gradients_wrong(seed):
    """Two distances agreed by chance where Z of an elu was nearly 0."""
    net = network((3, 2, 3, 1), "elu", initialization="small", seed=seed)
    X, Y = data((3, 1), "sigmoid", 4, seed)
    report = net.check_gradients(0.01 * X, Y)
    assert report.passed, str(report)


@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_gradient_is_wrong_where_finite_differences_are_inexact(seed):
    """Inputs of size 1e6: the numeric side is poor, and a gap far above its error still counts."""
    size = 1e6
    net = Network([3, 4, 2], activation="tanh", output="identity", seed=seed)
    net.parameters["W1"][:] /= size
    X, Y = data((3, 2), "identity", 5, seed)
    gradients = net.gradients(size * X, Y)
    for factor in (-1, 5):
        wrong = {**gradients, "dW1": factor * gradients["dW1"]}
        assert not net.check_gradients(size * X, Y, gradients=wrong).passed
    assert net.check_gradients(size * X, Y).passed
    assert net.trace(size * X, Y).check().passed


def test_units_of_relu_at_their_kink():
    """With zeros everywhere no derivative by W1 and b1 exists; a kink that is nearby is stepped around."""
    net = Network([2, 3, 1], activation="relu", initialization="zeros", seed=0)
    report = net.check_gradients([[1.0, -1, 2], [0.5, 1, -1]], [[0, 1, 1]])
    assert report.passed
    verdicts = {check.name: check.verdict for check in report.checks}
    assert verdicts == {"W1": "not checkable", "b1": "not checkable", "W2": "good", "b2": "good"}
    assert "Not checkable by finite differences, and so not verified: W1, b1." in str(report)
    parameters = {"W1": [[1.0]], "b1": [[2e-4]], "W2": [[1.0]], "b2": [[0.0]]}
    report = Network(parameters=parameters, activation="relu").check_gradients([[1e-6]], [[1]])
    assert report.passed
    assert all(check.verdict == "good" and check.at_kink == 0 for check in report.checks)


def test_the_lectures_two_sided_difference():
    net = network((4, 5, 3, 1), "relu")
    X, Y = data((4, 1), "sigmoid", 3, seed=1)
    report = net.check_gradients(X, Y, order=2, epsilon=1e-7)
    assert report.passed
    assert 1e-12 < report.difference < 1e-7  # an error of ε² and of rounding/ε is there
    assert report.difference > net.check_gradients(X, Y).difference


def test_at_most_so_many_entries_the_first_and_last_among_them():
    net = network((9, 7, 1))
    X, Y = data((9, 1), "sigmoid", 3)
    assert [c.checked for c in net.check_gradients(X, Y, max_entries=5).checks] == [5, 5, 5, 1]
    assert [c.checked for c in net.check_gradients(X, Y, max_entries=None).checks] == [63, 7, 7, 1]
    for entry in ((0, 0), (6, 8)):
        gradients = net.gradients(X, Y)
        right = gradients["dW1"][entry]
        gradients["dW1"][entry] += 0.25
        report = net.check_gradients(X, Y, gradients=gradients, max_entries=2)
        assert not report.passed
        check = report.checks[0]
        assert (check.worst, check.analytic) == (entry, right + 0.25)
        assert check.numeric == pytest.approx(right, rel=1e-8)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"order": 3}, "order must be 2 or 4, got 3"),
        ({"epsilon": float("nan")}, "epsilon must be a positive number, got nan"),
        ({"tolerance": 0.0}, "tolerance must be a positive number"),
        ({"max_entries": 0}, "max_entries must be a whole number of at least 1, got 0"),
    ],
)
def test_options_that_compare_nothing_are_refused(option, message):
    net, (X, Y) = network((3, 1)), data((3, 1), "sigmoid", 2)
    with pytest.raises(ConfigurationError, match=message):
        net.check_gradients(X, Y, **option)
    if "order" not in option and "tolerance" not in option:
        with pytest.raises(ConfigurationError, match=message):
            net.trace(X, Y).check(**option)


def test_the_report_is_strict_json_text_and_html():
    """No NaN and no Infinity, with a wrong shape too: other programs read this."""
    net, (X, Y) = network((3, 2, 1)), data((3, 1), "sigmoid", 4)
    right = net.check_gradients(X, Y)
    wrong = net.check_gradients(X, Y, gradients=learner(net, X, Y, {1: ["squeezed"], 2: ["squeezed"]}))
    for report in (right, wrong):
        plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        assert plain["passed"] is report.passed is (report is right)
        assert [check["name"] for check in plain["checks"]] == ["W1", "b1", "W2", "b2"]
        lines = str(report).splitlines()
        assert [line.split()[0] for line in lines[:5]] == ["name", "W1", "b1", "W2", "b2"]
        assert lines[5].startswith(f"Gradients are {'right' if report is right else 'WRONG'}: ")
        html = report._repr_html_()
        assert html.count("<tr>") == 5
        assert lines[5][:20] in html
    hostile = type(wrong)(wrong.checks, wrong.difference, wrong.tolerance, "<script>alert(1)</script>")
    assert "<script>" not in hostile._repr_html_()
    assert "&lt;script&gt;" in hostile._repr_html_()
