"""What a session promises of its steps: chunks of them, states that go on, interruptions at any line."""

import os
import sys
from itertools import count

import numpy as np
import pytest

import deepstep
from deepstep.engines import ENGINES, Settings, open_session
from deepstep.equations import OPTIMIZERS, initialize_parameters
from deepstep.errors import ShapeError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples

PACKAGE = os.path.dirname(deepstep.__file__)  # not the checkout, which may have the same name
RATE, BATCH = 0.05, 4
EVERYTHING = Settings(
    "adam", l1=0.1, l2=0.1, weight_decay=0.2, dropout=0.3, input_noise=0.1, max_norm=1.5, clip_norm=0.5,
    clip_value=0.2, ema_decay=0.9, lr_multipliers={"b*": 0.5}, seed=5,
)  # fmt: skip


def problem(dtype="float64"):
    """A network with one layer of each normalization, and 11 examples in batches of 4."""
    rng = np.random.RandomState(5)
    sizes = (3, 5, 4, 2)
    architecture = Architecture(sizes, ("tanh", "silu", "softmax"), normalization=("batch", "layer"))
    values = dict(initialize_parameters(sizes, method="glorot", rng=rng))
    values |= {f"gamma{layer}": rng.uniform(0.5, 1.5, (sizes[layer], 1)) for layer in (1, 2)}
    parameters = Parameters.from_dict(values).astype(dtype)
    X, Y = rng.standard_normal((11, 3)), np.eye(2)[rng.randint(2, size=11)]
    return architecture, parameters, Examples(X.astype(dtype), Y.astype(dtype), rng.uniform(0.5, 2, 11))


def some_steps(session, examples, numbers=range(3), rate=RATE):
    """Some batches of an epoch."""
    return session.steps(examples, batch_size=BATCH, numbers=numbers, learning_rate=rate)


def arrays_of(state):
    """All numbers of a state by name."""
    average = {} if state.average is None else {"average": state.average}
    step = {"step": np.array(state.step)}
    return {"theta": state.theta, **state.slots, **state.statistics, **average, **step}


def is_same(first, second):
    mine, other = arrays_of(first), arrays_of(second)
    return mine.keys() == other.keys() and all(np.array_equal(mine[name], other[name]) for name in mine)


@pytest.mark.parametrize("engine", ENGINES)
class TestChunks:
    def test_the_gradient_is_that_of_the_cost_whatever_is_cut_in_steps(self, engine):
        architecture, parameters, examples = problem()
        X, Y, _ = examples.take(slice(0, 11))
        plain, cutting = (
            open_session(engine, architecture, parameters, Settings("gd", **given))
            for given in ({}, {"clip_value": 1e-4, "clip_norm": 1e-4})
        )
        np.testing.assert_array_equal(
            cutting.cost_and_gradient(X, Y)[1], plain.cost_and_gradient(X, Y)[1], strict=True
        )

    @pytest.mark.filterwarnings("ignore::RuntimeWarning")
    def test_where_the_cost_is_not_finite_there_is_no_gradient(self, engine):
        architecture, parameters, examples = problem()
        session = open_session(engine, architecture, parameters, Settings("gd"))
        X, Y, _ = examples.take(slice(0, 11))
        session.cost_and_gradient(X, Y)
        cost, gradient = session.cost_and_gradient(np.where(X[0, 0] == X, np.inf, X), Y)
        assert not np.isfinite(cost)
        assert not np.isfinite(gradient).all()

    @pytest.mark.parametrize("noise", [0.0, 0.1])
    @pytest.mark.filterwarnings("ignore::RuntimeWarning")
    def test_a_cost_that_is_not_finite_ends_the_chunk(self, engine, noise):
        architecture, parameters, examples = problem()
        session = open_session(engine, architecture, parameters, Settings("gd", input_noise=noise))
        examples.X[BATCH] = np.nan
        found = some_steps(session, examples)
        if engine != "reference":
            assert found.sizes.tolist() == [4, 4, 0]
            assert session.state().step == 1
        assert np.isnan(found.costs[1])

    def test_no_examples_have_no_outputs(self, engine):
        architecture, parameters, _ = problem()
        session = open_session(engine, architecture, parameters, Settings("gd"))
        assert session.forward(np.empty((3, 0))).shape == (2, 0)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("optimizer", OPTIMIZERS)
    def test_a_state_has_all_that_the_next_step_needs(self, engine, optimizer, dtype):
        """Slots, statistics, the average, and the number that the masks and the noise go by."""
        architecture, parameters, examples = problem(dtype)
        settings = Settings(optimizer, dropout=0.3, input_noise=0.1, ema_decay=0.9, seed=5)
        first, second = (open_session(engine, architecture, parameters, settings) for _ in "12")
        some_steps(first, examples)
        second.load(first.state())
        assert is_same(first.state(), second.state())
        for session in (first, second):
            some_steps(session, examples)
        assert first.state().step == 6
        assert is_same(first.state(), second.state())
        np.testing.assert_array_equal(first.forward(examples.X.T), second.forward(examples.X.T))


class Injected(BaseException):
    """What no engine catches, as Ctrl-C is."""


def interrupted_at(count, work):
    """Do something until so many lines of the package have run; whether it was interrupted."""
    left = count

    def at_a_line(frame, event, argument):
        nonlocal left
        if event == "line":
            left -= 1
            if left == 0:
                raise Injected
        return at_a_line

    def at_a_call(frame, event, argument):
        return at_a_line if frame.f_code.co_filename.startswith(PACKAGE) else None

    before = sys.gettrace()
    sys.settrace(at_a_call)
    try:
        work()
    except Injected:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("settings", [EVERYTHING, Settings("adam", clip_norm=0.1)], ids=["all", "Adam"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_step_that_is_interrupted_at_any_line_is_done_or_not_done(engine, settings, fresh_seed):
    """The state is that before the step or that after it; each run tries every fourth line of Python."""
    architecture, parameters, examples = problem()
    X, Y, weight = examples.take(slice(0, BATCH))
    session = open_session(engine, architecture, parameters, settings)
    states = []
    for _ in range(2):
        session.step(X, Y, learning_rate=RATE, sample_weight=weight)
        states.append(session.state())
    before, after = states
    assert not is_same(before, after)
    not_done = 0
    for line in count(1 + fresh_seed % 4, 4):
        session.load(before)
        if not interrupted_at(line, lambda: session.step(X, Y, learning_rate=RATE, sample_weight=weight)):
            break
        found = session.state()
        assert is_same(found, before) or is_same(found, after), f"line {line} of the step"
        assert np.array_equal(session.parameters.flat, found.theta)
        if is_same(found, before):  # and nothing that was left half done is in the way
            not_done += 1
            session.step(X, Y, learning_rate=RATE, sample_weight=weight)
            assert is_same(session.state(), after), f"line {line} of the step"
    assert is_same(session.state(), after)
    assert not_done > 5


@pytest.mark.parametrize("engine", ENGINES)
def test_a_chunk_that_is_interrupted_has_done_whole_steps(engine):
    architecture, parameters, examples = problem()
    session = open_session(engine, architecture, parameters, EVERYTHING)
    first, states = session.state(), [session.state()]
    for number in range(3):
        some_steps(session, examples, range(number, number + 1))
        states.append(session.state())
    reached = set()
    for lines in count(1, 53):
        session.load(first)
        interrupted = interrupted_at(lines, lambda: some_steps(session, examples))
        which = [step for step, state in enumerate(states) if is_same(session.state(), state)]
        assert len(which) == 1
        reached.add(which[0])
        if not interrupted:
            break
    assert reached == {0, 1, 2, 3}


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_an_order_that_is_too_short_for_its_epochs_is_refused(engine):
    parameters = initialize_parameters((2, 3, 1), method="glorot", rng=np.random.RandomState(1))
    session = open_session(engine, Architecture((2, 3, 1), ("tanh", "sigmoid")), parameters)
    rows = Examples(np.zeros((4, 2)), np.zeros((4, 1)))
    with pytest.raises(ShapeError, match="an order of 4 examples for each epoch; got 4 numbers"):
        session.steps(rows, order=np.arange(4), numbers=range(2), learning_rate=1.0)
