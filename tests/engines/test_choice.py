"""Which engine does the work, and what is said of it; small work by equations first, then by kernels."""

import logging
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from deepstep import Network, NetworkClassifier
from deepstep.engines import SessionState, Settings, choice, choose_engine, open_session
from deepstep.engines.choice import warning_if_slow
from deepstep.engines.compiled.layout import ACTIVATION_CODES, RULE_CODES
from deepstep.engines.compiled.layout import HEADS as HEADS_WITH_KERNEL
from deepstep.equations import ACTIVATIONS, FEATURES, HEADS, OPTIMIZERS, Op, feature
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples

pytest.importorskip("numba")


ACROSS_UNITS = [name for name, activation in ACTIVATIONS.items() if activation.across_units]


def shape(activation="relu", **parts):
    return Architecture((2, 3, 1), (activation, "sigmoid"), **parts)


def test_auto_is_the_compiled_engine_for_all_that_has_a_kernel():
    assert set(ACTIVATION_CODES) == {name for name in ACTIVATIONS if name not in ACROSS_UNITS}
    assert set(HEADS_WITH_KERNEL) == set(HEADS)
    assert set(RULE_CODES) == {rule.update for rule in OPTIMIZERS.values()}
    for activation in ACTIVATION_CODES:
        for optimizer in OPTIMIZERS:
            assert choose_engine("auto", shape(activation), Settings(optimizer)) == ("compiled", "")
    for name, option in FEATURES.items():
        if option.example is not None:
            assert choose_engine("auto", shape(features={name: option.example})).name == "compiled"


def test_operations_of_one_s_own_and_orders_of_one_s_own_have_no_kernels():
    halved = Op(lambda A: A / 2, lambda dA: dA / 2, ("G",), ("A",), (), ("G",), intermediate="half(Z{})")

    @feature("again", example="ops[-1] once more, or halved")
    def again(ops, layer):
        return ops if layer.last else (*ops, halved if layer.options["again"] == "halved" else ops[-1])

    try:
        for value, why in (("halved", "no kernel of '<lambda>'"), (True, "order of layer 1")):
            assert why in choose_engine("auto", shape(features={"again": value})).why
    finally:
        del FEATURES["again"]


@pytest.mark.parametrize("activation", ACROSS_UNITS)
def test_what_it_has_not_is_done_by_the_reference_with_the_reason(activation):
    choice = choose_engine("auto", shape(activation))
    assert choice.name == "reference"
    assert activation in choice.why
    with pytest.raises(ConfigurationError, match=f"{activation}.*engine='auto'"):
        choose_engine("compiled", shape(activation))


def test_the_reason_reaches_the_history_and_the_estimator(doubled):
    net = Network([1, 2, 1], activation=doubled, seed=1)
    history = net.train([[0.0, 1.0, 2.0]], [[0, 1, 1]], iterations=2)
    model = NetworkClassifier((2,), activation=doubled, max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    assert (history.engine, doubled in history.why_engine) == ("reference", True)
    assert (model.engine_, doubled in model.engine_reason_) == ("reference", True)


WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None  # what Python does for a module that cannot be imported
from deepstep import Network
for _ in range(2):
    history = Network([1, 2, 1], seed=1).train([[0.0, 1.0] * 500], [[0, 1] * 500], iterations=3)
    print(history.engine, "Numba" in history.why_engine)
"""


def test_without_numba_the_reference_trains_and_it_is_said_once():
    ran = subprocess.run([sys.executable, "-c", WITHOUT_NUMBA], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == ["reference True", "reference True"]
    assert ran.stderr.count("Numba cannot be used") == 1
    assert "pip install numba" in ran.stderr


@pytest.mark.parametrize(("patience", "said"), [(0.0, ["some seconds"]), (60.0, [])])
def test_a_block_that_takes_long_is_told_of(patience, said, caplog, monkeypatch):
    monkeypatch.setattr(choice, "PATIENCE", patience)
    with caplog.at_level(logging.WARNING, "deepstep"), warning_if_slow("some seconds"):
        until = time.monotonic() + 10
        while said and not caplog.messages and time.monotonic() < until:
            time.sleep(0.01)
    with caplog.at_level(logging.WARNING, "deepstep"), warning_if_slow("some seconds"):
        time.sleep(0.05)
    assert caplog.messages == said  # once


X, Y = np.array([[0.0, 0, 1, 1], [0, 1, 0, 1]]), np.array([[0, 1, 1, 0]])
FIRST_STEPS = 300
BEYOND = FIRST_STEPS + 50


@pytest.fixture(autouse=True)
def few_first_steps(monkeypatch):
    monkeypatch.setattr("deepstep.engines.reference.FIRST_STEPS", FIRST_STEPS)


def trained(iterations, engine="auto", **options):
    network = Network([2, 4, 1], activation="tanh", seed=3, engine=engine)
    return network, network.train(X, Y, learning_rate=0.5, iterations=iterations, **options)


@pytest.mark.parametrize("options", [{}, {"optimizer": "adam"}, {"batch_size": 3}])
def test_the_first_steps_are_the_equations(options):
    network, history = trained(100, **options)
    reference, _ = trained(100, "reference", **options)
    assert (history.engine, "small work" in history.why_engine) == ("reference", True)
    assert network.parameters.flat.tobytes() == reference.parameters.flat.tobytes()


def test_later_steps_are_the_kernels():
    network, history = trained(BEYOND)
    reference, _ = trained(FIRST_STEPS, "reference")
    session = open_session("compiled", network.architecture, reference.parameters)
    state = session.state()
    session.load(SessionState(state.theta, state.slots, FIRST_STEPS, state.statistics))
    session.steps(Examples(X.T, Y.T.astype(float)), numbers=range(BEYOND - FIRST_STEPS), learning_rate=0.5)
    assert (history.engine, history.why_engine) == ("compiled", "")
    assert network.parameters.flat.tobytes() == session.parameters.flat.tobytes()


@pytest.mark.parametrize(("epochs", "loaded"), [(BEYOND, [0]), (FIRST_STEPS, [])])
def test_kernels_are_loaded_before_the_clock_of_a_time_budget_runs(monkeypatch, epochs, loaded):
    from deepstep.engines.compiled.session import CompiledSession

    steps = []
    monkeypatch.setattr(CompiledSession, "prepare", lambda session, n=1: steps.append(session._step))
    network, history = trained(epochs, time_budget=1e9)
    assert (steps, history.engine) == (loaded, "compiled" if loaded else "reference")
    without, _ = trained(epochs)
    assert network.parameters.flat.tobytes() == without.parameters.flat.tobytes()
