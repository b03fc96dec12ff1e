"""Parts of the compiled engine by themselves: elementary functions, random numbers, threads, memory."""

import logging
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import namedtuple
from contextlib import nullcontext

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  # the BLAS of kernels is loaded
from numba import njit
from threadpoolctl import threadpool_limits

from deepstep import Network, environment
from deepstep.engines import Settings, open_session
from deepstep.engines.compiled import forward, threads
from deepstep.engines.compiled import session as sessions
from deepstep.engines.compiled.calls import ROUTINES
from deepstep.engines.compiled.forward import outputs_of_rows, predict
from deepstep.engines.compiled.machine import ON_X86
from deepstep.engines.compiled.mathematics import exp, log1p
from deepstep.engines.compiled.step import train
from deepstep.environment import NEVER_SHARED, WORTH_SHARING
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples, shuffled


def over(function):
    """A function of arrays in the place of one of numbers."""

    @njit
    def values(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    return values


FUNCTIONS = {
    "exp": (over(exp), np.exp, np.linspace(-110, 88, 20_001)),
    "log1p": (over(log1p), np.log1p, np.concatenate([np.linspace(0, 1, 9_999), np.geomspace(1e-30, 1, 999)])),
}
ENDS = {-np.inf: 0, -1e30: 0, 1e30: np.inf, np.inf: np.inf, np.nan: np.nan}
"""e^x at the ends."""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_elementary_functions_are_right_to_the_last_digits(name, dtype):
    ours, exact, points = FUNCTIONS[name]

    x = points.astype(dtype)
    y = np.empty_like(x)
    ours(x, y)
    expected = exact(x.astype(np.longdouble))
    off = np.abs(y - expected) / np.maximum(np.abs(expected), np.finfo(dtype).tiny)
    assert off.max() <= 3 * np.finfo(dtype).eps
    if name == "exp":
        ends = np.empty(len(ENDS), dtype)
        ours(np.array(list(ENDS), dtype), ends)
        np.testing.assert_array_equal(ends, list(ENDS.values()))


def work(m=600, n_x=20, hidden=(256, 64), dtype="float32", **settings):
    """A session that is worth two threads, and its examples."""
    net = Network([n_x, *hidden, 3], output="softmax", seed=1, dtype=dtype, **settings.pop("network", {}))
    rng = np.random.default_rng(2)
    X = rng.standard_normal((m, n_x)).astype(dtype)
    Y = np.eye(3, dtype=dtype)[rng.integers(3, size=m)]
    session = open_session("compiled", net.architecture, net.parameters, Settings("adam", **settings))
    return session, Examples(X, Y)


def epochs(session, examples, count=3, batch_size=128):
    for epoch in range(count):
        order = shuffled(1)(epoch, len(examples))
        found = session.steps(examples, order=order, batch_size=batch_size, learning_rate=1e-3)
    return found


@pytest.mark.parametrize(
    ("parts", "dtype"),
    [
        ({"normalization": "none"}, "float32"),
        ({"normalization": "layer"}, "float64"),
        ({"normalization": "batch", "input_scale": True}, "float64"),
        ({"features": {"periodic_embedding": True}, "input_scale": True}, "float32"),
    ],
)
def test_rows_are_predicted_as_by_the_equations(parts, dtype, with_threads, monkeypatch):
    """From one row to several tiles and threads, of inputs that nobody may write into."""
    used = with_threads(2)
    monkeypatch.setattr(forward, "WORTH_A_THREAD", 10**6)
    net = Network([7, 20, 9, 3], activation=["mish", "relu"], seed=1, dtype=dtype, **parts)
    rng = np.random.default_rng(5)
    net.parameters.flat[:] += 0.2 * rng.standard_normal(net.parameters.flat.size)
    for m in (1, 5, 256, 257, 5000):
        X = rng.standard_normal((m, 7)).astype(dtype)
        X.flags.writeable = False
        graph, tape = net.architecture.run(X.T, net.parameters, statistics=net.statistics)
        got = outputs_of_rows(net.architecture, net.parameters, net.statistics, X)
        expected = tape[graph.output].T
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 if dtype == "float32" else 1e-13)
    assert used[0] == 1
    assert used[-1] == 2


def test_a_step_needs_no_more_memory_than_its_parts():
    session, examples = work(m=2000, hidden=(512, 512))
    epochs(session, examples, 1)
    tracemalloc.start()
    epochs(session, examples, 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000  # orders and costs of an epoch; the parameters alone have 1.1 MB


def at_once(function, arguments):
    """Calls in threads of their own."""
    workers = [threading.Thread(target=function, args=given) for given in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def test_python_threads_train_at_once(with_threads):
    used = with_threads(2)
    alone = work()
    epochs(*alone)
    together = [work() for _ in range(3)]
    at_once(epochs, together)
    for session, _ in together:
        np.testing.assert_allclose(session.parameters.flat, alone[0].parameters.flat, rtol=1e-5, atol=1e-6)
    assert 2 in used


def test_blas_stays_on_one_thread_whoever_conducts():
    """threadpoolctl lets one Python thread alone set limits, the first that did: that must not hinder."""
    pools = environment.blas_pools()
    before, found = [pool.num_threads for pool in pools], []
    owns, over = threading.Event(), threading.Event()

    def sets_and_stays():
        for pool in pools:
            environment.set_blas_threads(pool, 2)
            pool.set_num_threads(2)  # control is this thread's from now on
        owns.set()
        over.wait()

    def conducts():
        with environment.single_blas():
            found.append([pool.num_threads for pool in pools])
        found.append([pool.num_threads for pool in pools])

    owner, conductor = threading.Thread(target=sets_and_stays), threading.Thread(target=conducts)
    owner.start()
    owns.wait()
    try:
        conductor.start()
        conductor.join()
        conducts()
    finally:
        over.set()
        owner.join()
        for pool, count in zip(pools, before, strict=True):
            environment.set_blas_threads(pool, count)
    assert found == [[1] * len(pools), [2] * len(pools)] * 2


@pytest.mark.skipif(not ON_X86, reason="other processors lose no time with them")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_denormal_numbers_count_as_zero_in_kernels_and_nowhere_else(dtype):
    net = Network([3, 4, 2], output="identity", initialization="zeros", dtype=dtype)
    session = open_session("compiled", net.architecture, net.parameters, Settings("momentum"))
    state, denormal = session.state(), np.finfo(dtype).smallest_normal / np.dtype(dtype).type(2)
    state.slots["v"][:] = denormal
    session.load(state)
    session.step(np.zeros((3, 5), dtype), np.zeros((2, 5), dtype), learning_rate=1.0)  # g = 0 and v = 0.9·v
    np.testing.assert_array_equal(session.state().slots["v"], 0)
    assert state.slots["v"][0] * 1 == denormal > 0


def test_nobody_looks_at_a_batch_that_ended_the_call(monkeypatch):
    """A cost that is not finite: whoever still added it up would find the numbers of the next call."""
    monkeypatch.setattr(threads, "limit", lambda: 2)
    rounds = []
    run_together = threads.run_together

    def watched(work, n_threads):
        def noted(number, barrier):
            work(number, barrier)
            if number == 0:
                rounds.append((n_threads, int(barrier[threads.ROUND])))

        run_together(noted, n_threads)

    monkeypatch.setattr("deepstep.engines.compiled.session.run_together", watched)
    session, examples = work(m=256)
    examples.X[3] = np.nan
    epochs(session, examples, 1, batch_size=256)
    assert rounds == [(2, 3)]  # they met, knew the cost, and parted


def limits():
    return {pool.num_threads for pool in environment.blas_pools()}


@pytest.fixture
def three_threads():
    with threadpool_limits(3, user_api="blas"):
        yield
        assert limits() == {3}
        assert environment.may_share()


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_ctrl_c_among_the_limits_of_blas_owes_nothing(at, monkeypatch):
    def go_in_and_out():
        with environment.single_blas():
            assert limits() == {1}

    set_threads, calls = environment.set_blas_threads, []

    def breaks_in(pool, count):
        set_threads(pool, count)
        calls.append(count)
        if len(calls) == at:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "set_blas_threads", breaks_in)
        with pytest.raises(KeyboardInterrupt):
            go_in_and_out()
    assert environment.may_share()
    go_in_and_out()


DIMS = (50, 200, 3)
LEAST, MOST = -(-NEVER_SHARED // 10_000), WORTH_SHARING // 10_000


@pytest.mark.usefixtures("three_threads")
@pytest.mark.parametrize(("m", "expected"), [(LEAST, 1), (MOST, 1), (MOST + 1, 3)])
@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_blas_has_one_thread_for_small_products(m, expected, error, monkeypatch):
    """And as many as before for others and afterwards."""
    seen, run = [], Architecture.run

    def noted(*arguments, **options):
        seen.append(limits())
        if error is not None:
            raise error
        return run(*arguments, **options)

    monkeypatch.setattr(Architecture, "run", noted)
    net = Network(DIMS, output="softmax", seed=1, engine="reference")
    for answers in (net.forward, net.predict, net.predict_proba):
        with nullcontext() if error is None else pytest.raises(error):
            answers(np.zeros((50, m)))
    assert seen == [{expected}] * 3


@pytest.mark.usefixtures("three_threads")
def test_threads_that_come_and_go_keep_one_thread_of_blas(fresh_seed):
    """The limit is 1 while anybody is inside, and 3 at the end."""
    pauses = np.random.default_rng(fresh_seed).uniform(0, 2e-3, (8, 10))
    seen = []

    def predicts(pauses):
        for pause in pauses:
            with environment.single_blas(shares=bool(pause > 1e-3)):
                time.sleep(pause)
                seen.append(limits())

    at_once(predicts, [[row] for row in pauses])
    assert seen == [{1}] * 80


def test_what_goes_wrong_in_a_thread_ends_all_and_is_told():
    def interrupted(number, barrier):
        if number == 0:
            raise KeyboardInterrupt
        while barrier[threads.GIVEN_UP] == 0:
            pass

    with pytest.raises(KeyboardInterrupt):
        threads.run_together(interrupted, 3)

    def fails(number, barrier):
        if number:
            raise ValueError("of thread", number)

    with pytest.raises(ValueError, match="of thread"):
        threads.run_together(fails, 2)


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
        (8, [8], "4,2", 8),
    ],
)
def test_the_limit_is_that_of_processors_and_blas(processors, pools, asked, expected, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(processors)), raising=False)
    monkeypatch.setattr(environment, "blas_pools", lambda: list(map(Pool, pools)))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if asked is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert threads.limit() == (expected if threads.CAN_YIELD else 1)


FORKS = """
import os, signal, sys
from threading import Event, Thread
sys.path[:0] = sys.argv[1:]
import numpy as np
from deepstep import environment
from deepstep.engines.compiled import session, threads
from test_kernels import epochs, work

allowed, used, run_together = threads.limit(), [], threads.run_together
threads.limit = lambda: 2  # on a machine with one core, too
session.run_together = lambda work, count: used.append(count) or run_together(work, count)

def trained():
    used.clear()
    session, examples = work()
    epochs(session, examples)
    assert set(used) == {2}, used
    return session.parameters.flat

def limits():
    return [pool.num_threads for pool in environment.blas_pools()]

def in_a_fork():
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # what waits for ever is ended by it
        np.testing.assert_array_equal(trained(), before)
        assert limits() == limits_before
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

before, limits_before = trained(), limits()
codes = [in_a_fork()]

inside, over = Event(), Event()

def waits_inside():
    with environment.single_blas():
        inside.set()
        over.wait()

other = Thread(target=waits_inside)
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


@pytest.mark.slow
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


def kinds():
    """How many kinds each kernel and routine has been compiled for."""
    return [len(found.signatures) for found in (train, predict, *ROUTINES)]


def test_after_it_nothing_is_compiled_whatever_is_trained(caplog):
    assert len(list(sessions.warm_up())) == sessions.n_kernels()
    caplog.clear()
    known = kinds()
    X = np.random.default_rng(1).standard_normal((4, 30))
    with caplog.at_level(logging.WARNING, "deepstep"):
        for parts in (
            {"activation": "tanh", "dtype": "float64"},
            {"normalization": ["layer", "batch"]},
            {"features": {"periodic_embedding": {"inputs": [0]}}, "input_scale": True},
        ):
            given = {"dtype": "float32", "engine": "compiled", "seed": 1, **parts}
            network = Network([4, 5, 3, 1], **given)
            whole = np.abs(X).round().clip(0, 2)
            network.train(whole, X[:1] > 0, epochs=2, batch_size=8, optimizer="adam", dropout=0.2)
            network.predict(whole)
    assert kinds() == known
    assert caplog.messages == []
