"""Kernels on two threads, at sizes that are worth them; with one core, too."""

import os
import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest

from deepstep.equations import initialize_parameters
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples, shuffled

pytest.importorskip("numba")

from deepstep.engines.compiled import threads

M, BATCH, RATE = 356, 128, 0.02


def problem(sizes=(20, 64, 32, 3)):
    rng = np.random.RandomState(5)
    architecture = Architecture(sizes, ("tanh", "silu", "softmax"), "softmax")
    parameters = initialize_parameters(sizes, method="glorot", rng=rng)
    X, Y = rng.standard_normal((M, sizes[0])), np.eye(3)[rng.randint(3, size=M)]
    assert 3 * parameters.flat.size * (M % BATCH) > threads.WORTH_A_THREAD  # of the short batch, too
    return architecture, parameters, Examples(X, Y, rng.uniform(0.5, 2, M))


def epochs(session, examples, count=2):
    """Costs of all steps of some epochs of three batches, the last one a short one."""
    orders = (shuffled(1)(epoch, M) for epoch in range(count))
    return [
        cost
        for order in orders
        for cost in session.steps(examples, order=order, batch_size=BATCH, learning_rate=RATE).costs
    ]


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
