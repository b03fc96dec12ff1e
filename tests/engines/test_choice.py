"""Which engine does the work, and what is said of it."""

import logging
import subprocess
import sys
import time

import pytest
from sklearn.exceptions import ConvergenceWarning

from deepstep import Network
from deepstep.engines import Settings, choice, choose_engine
from deepstep.engines.choice import warning_if_slow
from deepstep.engines.compiled.layout import ACTIVATION_CODES, RULE_CODES
from deepstep.engines.compiled.layout import HEADS as HEADS_WITH_KERNEL
from deepstep.equations import (
    ACTIVATIONS,
    FEATURES,
    HEADS,
    OPTIMIZERS,
    Op,
    feature,
    register_activation,
)
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture

ACROSS_UNITS = [name for name, activation in ACTIVATIONS.items() if activation.across_units]


def test_the_kernels_have_what_the_choice_counts_on():
    assert set(ACTIVATION_CODES) == {name for name in ACTIVATIONS if name not in ACROSS_UNITS}
    assert set(HEADS_WITH_KERNEL) == set(HEADS)
    assert set(RULE_CODES) == {rule.update for rule in OPTIMIZERS.values()}


def test_auto_is_the_compiled_engine_for_all_that_it_has():
    for activation in ACTIVATION_CODES:
        for optimizer in OPTIMIZERS:
            shape = Architecture((2, 3, 1), (activation, "sigmoid"))
            assert choose_engine("auto", shape, Settings(optimizer)) == ("compiled", "")


@pytest.mark.parametrize("name", [name for name, known in FEATURES.items() if known.example is not None])
def test_auto_is_the_compiled_engine_for_features(name):
    shape = Architecture((2, 3, 1), ("relu", "sigmoid"), features={name: FEATURES[name].example})
    assert choose_engine("auto", shape).name == "compiled"


@pytest.fixture
def placed_anywhere():
    """A feature that repeats the activation, or does an operation of its own."""
    halved = Op(lambda A: A / 2, lambda dA: dA / 2, ("G",), ("A",), (), ("G",), intermediate="half(Z{})")

    @feature("again", example="ops[-1] once more, or halved")
    def again(ops, layer):
        return ops if layer.last else (*ops, halved if layer.options["again"] == "halved" else ops[-1])

    yield "again"
    del FEATURES["again"]


@pytest.mark.parametrize(
    ("value", "why"), [("halved", "no kernel of '<lambda>'"), (True, "order of layer 1")]
)
def test_operations_of_one_s_own_and_orders_of_one_s_own_have_no_kernels(placed_anywhere, value, why):
    shape = Architecture((2, 3, 1), ("relu", "sigmoid"), features={placed_anywhere: value})
    assert why in choose_engine("auto", shape).why


@pytest.mark.parametrize("activation", ACROSS_UNITS)
def test_what_it_has_not_is_done_by_the_reference_with_the_reason(activation):
    shape = Architecture((2, 3, 1), (activation, "sigmoid"))
    choice = choose_engine("auto", shape)
    assert choice.name == "reference"
    assert activation in choice.why
    with pytest.raises(ConfigurationError, match=f"{activation}.*engine='auto'"):
        choose_engine("compiled", shape)


@pytest.fixture
def own_activation():
    register_activation("doubled_for_choice", lambda Z: 2 * Z, lambda dA, Z: 2 * dA)
    yield "doubled_for_choice"
    del ACTIVATIONS["doubled_for_choice"]


def test_the_reason_reaches_the_history_and_the_estimator(own_activation):
    from deepstep import NetworkClassifier

    X, Y = [[0.0, 1.0, 2.0]], [[0, 1, 1]]
    history = Network([1, 2, 1], activation=own_activation, seed=1).train(X, Y, iterations=2)
    assert history.engine == "reference"
    assert own_activation in history.why_engine
    model = NetworkClassifier((2,), activation=own_activation, max_iter=2, random_state=0)
    with pytest.warns(ConvergenceWarning):
        model.fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    assert (model.engine_, own_activation in model.engine_reason_) == ("reference", True)


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
