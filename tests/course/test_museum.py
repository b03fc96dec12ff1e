"""The museum's program is a step of the library, and its mistakes are those of the library."""

from functools import cache

import numpy as np
import pytest

from deepstep import Network
from deepstep.course import museum
from deepstep.course.museum import BASES, EXHIBITS, PARAMETERS, RIGHT, document, edited, first_step, run
from deepstep.engines import ReferenceSession, Settings
from deepstep.errors import ConfigurationError
from deepstep.explorer import export_html, read_lesson
from deepstep.explorer.page import unpacked
from deepstep.inspection.faults import get_fault

BY_ID = {exhibit.id: exhibit for exhibit in EXHIBITS}
OF_FAULTS = [exhibit for exhibit in EXHIBITS if exhibit.fault]
L2 = 0.3
SAME = {"rtol": 1e-9, "atol": 1e-14}


@cache
def page():
    return document()


@cache
def records():
    return {record["id"]: record for record in page()["museum"]["exhibits"]}


def network_of(base):
    values = first_step(BASES[base])
    theta = {name: values[name] for name in PARAMETERS}
    return Network(
        museum.LAYER_DIMS, activation=list(museum.ACTIVATIONS), parameters=theta, seed=museum.SEED
    ), values


def opened(base, mistake=None):
    """A session of the library, and the step that it opens with the right quantities of a base."""
    net, values = network_of(base)
    masks = {1: values["mask1"]} if base == "dropout" else None
    settings = {"L2": Settings(l2=L2), "dropout": Settings(dropout=0.2)}.get(base, Settings())
    session = ReferenceSession(net.architecture, net.parameters, settings)
    session.mistake = mistake
    return session, session.open_step(values["A0"], values["Y"], learning_rate=1.0, masks=masks)


def updated(values):
    return np.concatenate([np.ravel(values[f"{name}′"]) for name in PARAMETERS])


class OfLayers:
    """A fault in some layers."""

    def __init__(self, exhibit):
        self.fault, self.layers = get_fault(exhibit.fault), exhibit.layers
        self.regularized = self.fault.regularized

    def applied(self, *arguments):
        return self.fault.applied(*arguments, self.layers)


@pytest.mark.parametrize("base", ["plain", "L2", "shuffled"])
def test_the_right_program_is_the_library_s_step(base):
    net, values = network_of(base)
    options = {"l2": L2} if base == "L2" else {}
    trace = net.trace(values["A0"], values["Y"], learning_rate=float(values.pop("α")), **options)
    for name, value in values.items():
        np.testing.assert_allclose(value, trace[name].value, err_msg=name, **SAME)
    history = net.train(values["A0"], values["Y"], epochs=200, learning_rate=1.0, **options)
    np.testing.assert_allclose(run(BASES[base]).costs, history.costs[:200], rtol=1e-7)


def test_the_program_with_dropout_is_the_library_s_step():
    _, step = opened("dropout")
    values = first_step(BASES["dropout"])
    for name in ("g(Z1)", "A1", "Z3", "A3"):
        np.testing.assert_allclose(values[name], step.tape[name], err_msg=name, **SAME)
    np.testing.assert_allclose(updated(values), step.after.theta, **SAME)


@pytest.mark.parametrize("exhibit", OF_FAULTS, ids=lambda exhibit: exhibit.id)
def test_a_mistake_is_the_fault_of_the_core(exhibit):
    """All gradients and the parameters after the step."""
    _, step = opened(exhibit.base, OfLayers(exhibit))
    right, wrong = first_step(exhibit.right), first_step(exhibit.wrong)
    flat = updated({name: value + 0 * right[name] for name, value in wrong.items()})
    np.testing.assert_allclose(flat, step.after.theta, **SAME)
    assert not np.allclose(flat, updated(right), atol=1e-6)


def test_the_first_quantity_that_differs_is_that_of_the_first_edited_line():
    for exhibit in EXHIBITS:
        lines = [now.name for now, right in zip(exhibit.wrong, exhibit.right, strict=True) if now != right]
        if exhibit.id == "db-over-units":  # layer 3 has one unit
            lines.remove("db3")
        assert records()[exhibit.id]["first"] == lines[0], exhibit.id


FAILS = {  # exhibits, by the parameters in which the check fails
    "b1 b2 b3": "no-bias lost-1-m-in-db keepdims-lost",
    "W1 b1": "no-activation w-for-w-transposed no-mask",
    "W2": "dw-transposed",
    "W1 W2 W3": "no-regularization",
    "b1 b2": "db-over-units",
    "W1 b1 W2 b2": "updated-too-early",
    "W1 b1 W2 b2 W3 b3": "cost-without-mean lost-1-m sign-of-dz",
    "": "zero-weights rate-too-high plus-in-the-update dropout-not-rescaled small-weights large-weights"
    " unscaled-inputs labels-from-1",
}


def test_the_gradient_check_fails_where_the_mistake_shows():
    for fails, names in FAILS.items():
        for name in names.split():
            wrong = [row["of"] for row in records()[name]["check"] if row["verdict"] != "good"]
            assert wrong == fails.split(), name


@pytest.mark.parametrize(
    "exhibit", [e for e in OF_FAULTS if e.base == "plain"], ids=lambda exhibit: exhibit.id
)
def test_the_gradient_check_is_that_of_the_library(exhibit):
    wrong = first_step(exhibit.wrong)
    gradients = {f"d{n}": wrong[f"d{n}"] for n in PARAMETERS}
    report = museum.network().check_gradients(wrong["A0"], wrong["Y"], gradients=gradients)
    own = {row["of"]: row["verdict"] for row in records()[exhibit.id]["check"]}
    words = {"wrong shape": "shape"}
    assert own == {check.name: words.get(check.verdict, check.verdict) for check in report.checks}
    assert records()[exhibit.id]["diagnosis"] == report.diagnosis != ""


def course(name):
    return unpacked(records()[name]["costs"])


def test_the_trainings_are_as_their_texts_say():
    right = run(RIGHT).costs
    assert right[-1] < 0.02
    for name in ("zero-weights", "small-weights", "unscaled-inputs", "wrong-axis"):
        assert abs(course(name)[-1] - np.log(2)) < 1e-3, name
    for name in ("sign-of-dz", "plus-in-the-update", "labels-from-1", "no-sigmoid"):
        assert np.isnan(course(name)[-1]), name
    for name in ("sigmoid-sign", "sign-of-db", "rate-too-high", "no-regularization"):
        assert course(name)[-1] > 1.0, name
    for name in ("1-m-twice", "rate-too-low", "derivative-twice", "shuffled-inputs"):
        assert right[-1] < course(name)[-1] < np.log(2) + 0.05, name
    np.testing.assert_allclose(course("cost-without-mean"), 6 * right)
    np.testing.assert_allclose(course("sign-of-the-cost"), -right)
    stopped = records()["keepdims-lost"]
    assert len(course("keepdims-lost")) == 1
    assert "(3,3)" in stopped["stopped"]
    equal = first_step(BY_ID["equal-weights"].wrong)
    assert np.ptp(equal["W1′"], axis=0).max() < 1e-15 < np.ptp(first_step(RIGHT)["W1′"], axis=0).min()


def test_the_same_numbers_each_time_and_a_lesson_that_opens(tmp_path):
    for name, base in page()["museum"]["bases"].items():
        np.testing.assert_array_equal(unpacked(base["costs"]).ravel(), run(BASES[name]).costs)
    assert export_html(page(), tmp_path / "museum.html") < 600_000
    assert read_lesson(tmp_path / "museum.html")["museum"] == page()["museum"]


def test_an_edit_that_fits_nothing_is_refused():
    with pytest.raises(ConfigurationError, match=r"names must be names of quantities, got 'dW9'"):
        edited(RIGHT, [("dW9", "m", "n")])
    problem = r"old must be a part of the line 'dW3 = dZ3 @ A2.T / m', once, got '/ n'"
    with pytest.raises(ConfigurationError, match=problem):
        edited(RIGHT, [("dW*", "/ n", "/ m")])
