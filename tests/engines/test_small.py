"""Small work by `engine="auto"`: the equations first, then kernels, from a step on that never changes."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("numba")

from deepstep import Network
from deepstep.engines import SessionState, open_session
from deepstep.preparation.batches import Examples

X, Y = np.array([[0.0, 0, 1, 1], [0, 1, 0, 1]]), np.array([[0, 1, 1, 0]])
FIRST_STEPS = 300
BEYOND = FIRST_STEPS + 50


@pytest.fixture(autouse=True)
def few_first_steps(monkeypatch):
    monkeypatch.setattr("deepstep.engines.reference.FIRST_STEPS", FIRST_STEPS)


def trained(iterations, engine="auto", **options):
    network = Network([2, 4, 1], activation="tanh", seed=3, engine=engine)
    return network, network.train(X, Y, learning_rate=0.5, iterations=iterations, **options)


LOADED = """
import sys
from deepstep import Network
X, Y = [[0.0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]]
for activation in ("relu", "softmax"):
    history = Network([2, 4, 1], activation=activation, seed=1).train(X, Y)
    print(history.engine, "numba" in sys.modules, "torch" in sys.modules)
"""


@pytest.mark.slow
def test_small_work_and_what_has_no_kernel_load_neither_numba_nor_torch():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["reference False False"] * 2


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
