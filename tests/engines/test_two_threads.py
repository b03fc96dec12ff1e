"""Engines on two threads, at sizes that are worth them, against the equations; with one core, too."""

import os
import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest
from test_what_regularizes import CASES

from deepstep.engines import ENGINES, Settings, open_session
from deepstep.equations import HEADS, OPTIMIZERS, initialize_parameters
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples, shuffled
from head_examples import head_settings, head_target

pytest.importorskip("numba")

from deepstep.engines.compiled import threads
from deepstep.engines.compiled.span import NOTE

M, BATCH, RATE = 356, 128, 0.02


@pytest.fixture(params=sorted(set(ENGINES) - {"reference"}))
def engine(request, with_threads):
    """An engine that has two threads, and has used them when the test is over."""
    if request.param == "compiled":
        used = with_threads(2)
        yield request.param
        assert set(used) == {2}
        return
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield request.param
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)


def problem(output="softmax", dtype="float64", sizes=(20, 64, 32, 3), **parts):
    rng = np.random.RandomState(5)
    activations = ("tanh", "silu", HEADS[output].activation)
    architecture = Architecture(sizes, activations, output, head_settings(output, sizes[-1]), **parts)
    values = dict(initialize_parameters(sizes, method="glorot", rng=rng))
    for name, shape in architecture.layout:
        if name not in values:
            values[name] = rng.uniform(0.5, 1.5, shape)
    X, Y = rng.standard_normal((M, sizes[0])), head_target(output, sizes[-1], M, 0).T
    examples = Examples(X.astype(dtype), Y.astype(dtype), rng.uniform(0.5, 2, M))
    parameters = Parameters.from_dict(values).astype(dtype)
    assert 3 * parameters.flat.size * (M % BATCH) > threads.WORTH_A_THREAD  # of the short batch, too
    return architecture, parameters, examples


def epochs(session, examples, count=2):
    """Costs of all steps of some epochs of three batches, the last one a short one."""
    costs, ones = [], np.ones(3)
    for epoch in range(count):
        found = session.steps(
            examples, order=shuffled(1)(epoch, M), batch_size=BATCH, numbers=range(3),
            learning_rate=RATE * ones, weight_decay=ones, dropout=ones,
        )  # fmt: skip
        costs += found.costs.tolist()
    return costs


def same_as_the_reference(engine, architecture, parameters, examples, settings, tolerance=1e-10):
    ours, theirs = (open_session(e, architecture, parameters, settings) for e in (engine, "reference"))
    costs = epochs(ours, examples)
    np.testing.assert_allclose(costs, epochs(theirs, examples), rtol=tolerance, atol=tolerance)
    mine, other = ours.state(), theirs.state()
    np.testing.assert_allclose(mine.theta, other.theta, rtol=tolerance, atol=tolerance)
    for name in other.slots:
        np.testing.assert_allclose(mine.slots[name], other.slots[name], rtol=tolerance, atol=tolerance)
    for name in other.statistics:
        np.testing.assert_allclose(
            mine.statistics[name], other.statistics[name], rtol=tolerance, atol=tolerance
        )
    X, Y, _ = examples.take(slice(None))
    for cost, gradient in zip(ours.cost_and_gradient(X, Y), theirs.cost_and_gradient(X, Y), strict=True):
        np.testing.assert_allclose(cost, gradient, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_update_rules(engine, optimizer):
    same_as_the_reference(engine, *problem(), Settings(optimizer))


@pytest.mark.parametrize("output", HEADS)
def test_heads(engine, output):
    same_as_the_reference(engine, *problem(output), Settings("momentum"))


@pytest.mark.parametrize("normalization", ["none", ["layer", "batch"]])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("engine", ["compiled"], indirect=True)
def test_what_regularizes(engine, case, normalization):
    same_as_the_reference(
        engine, *problem(normalization=normalization), Settings("momentum", seed=7, **CASES[case])
    )


@pytest.mark.parametrize("settings", [{}, {"clip_norm": 0.1}])
@pytest.mark.parametrize("parts", [{"input_scale": True, "parametric": True}])
def test_factors_of_inputs_and_activations(engine, parts, settings):
    same_as_the_reference(engine, *problem(**parts), Settings("momentum", l2=0.3, **settings))


def test_full_batches_in_the_span_of_the_examples(with_threads):
    used = with_threads(2)
    architecture, parameters, examples = problem(sizes=(500, 64, 32, 3))
    settings, numbers = Settings("momentum", l2=0.3, dropout=0.2, seed=3), np.ones(20)
    ours, theirs = (open_session(e, architecture, parameters, settings) for e in ("compiled", "reference"))
    costs = [
        session.steps(
            examples, order=None, batch_size=None, numbers=range(20),
            learning_rate=RATE * numbers, weight_decay=numbers, dropout=numbers,
        ).costs
        for session in (ours, theirs)
    ]  # fmt: skip
    assert ours.why == NOTE
    np.testing.assert_allclose(*costs, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(ours.parameters.flat, theirs.parameters.flat, rtol=1e-10, atol=1e-10)
    assert set(used) == {2}


def test_float32(engine):
    same_as_the_reference(
        engine, *problem(dtype="float32"), Settings("momentum", l2=0.3, clip_norm=0.1), 1e-4
    )


@pytest.mark.parametrize("parts", [{}, {"input_scale": True, "parametric": True}])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_clipped_step_is_as_long_as_it_may_be(with_threads, count, dtype, parts):
    """θ moves by α·c, however many threads have added up the norm: each entry counts once."""
    used = with_threads(count)
    architecture, parameters, examples = problem(dtype=dtype, **parts)
    X, Y, _ = examples.take(slice(None))
    free, clipped = (
        open_session("compiled", architecture, parameters, Settings("gd", clip_norm=clip))
        for clip in (None, 1e-2)
    )
    assert np.linalg.norm(free.cost_and_gradient(X, Y)[1]) > 0.1
    clipped.step(X, Y, learning_rate=1.0)
    moved = np.linalg.norm((clipped.parameters.flat - parameters.flat).astype(float))
    assert moved == pytest.approx(1e-2, rel=1e-12 if dtype == "float64" else 1e-4)
    assert set(used) == {count}


Pool = namedtuple("Pool", "num_threads")


@pytest.mark.parametrize(
    ("processors", "pools", "asked", "expected"),
    [
        (8, [], None, 8),
        (8, [4], None, 4),
        (8, [4, 2], None, 2),
        (2, [4], None, 2),
        (8, [8], "3", 3),
        (8, [2], "3", 2),
        (8, [8], "0", 8),
        (8, [8], "4,2", 8),
        (1, [1], "2", 1),
    ],
)
def test_the_limit_is_that_of_processors_and_blas(processors, pools, asked, expected, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(processors)), raising=False)
    monkeypatch.setattr(threads, "_pools", lambda: list(map(Pool, pools)))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert threads.limit() == (expected if threads.CAN_YIELD else 1)


FORKS = """
import os, signal, sys
from threading import Event, Thread
sys.path[:0] = sys.argv[1:]
import numpy as np
from deepstep.engines import Settings, open_session
from deepstep.engines.compiled import session, threads
from test_two_threads import epochs, problem

allowed, used, run_together = threads.limit(), [], threads.run_together
threads.limit = lambda: 2  # on a machine with one core, too
session.run_together = lambda work, count: used.append(count) or run_together(work, count)
architecture, parameters, examples = problem()

def trained():
    used.clear()
    found = open_session("compiled", architecture, parameters, Settings("momentum"))
    epochs(found, examples)
    assert set(used) == {2}, used
    return found.parameters.flat

def limits():
    return [pool.num_threads for pool in threads._pools()]

def in_a_fork():
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # what waits for ever is ended by it
        np.testing.assert_array_equal(trained(), before)
        assert limits() == limits_before
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

limits_before, before = limits(), trained()
codes = [in_a_fork()]

inside, over = Event(), Event()

def work():
    with threads.single_blas():
        inside.set()
        over.wait()

other = Thread(target=work)
other.start()
inside.wait()
try:
    codes.append(in_a_fork())  # the other thread is not in the child, and never leaves
finally:
    over.set()
    other.join()
np.testing.assert_array_equal(trained(), before)
print(allowed, codes)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_after_a_fork_parent_and_child_train_on_two_threads():
    here = os.path.dirname(__file__)
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS, here, os.path.dirname(here)],
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert ran.stdout.strip() == f"{min(2, processors)} [0, 0]", ran.stderr
