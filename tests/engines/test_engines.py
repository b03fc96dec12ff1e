"""The contract of sessions: steps, states that go on, interruptions at any line; refused settings; draws.

What steps do, `test_generated` compares.
"""

import os
import sys
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deepstep
from deepstep.engines import ENGINES, SessionState, Settings, open_session
from deepstep.engines.draws import dropout_masks, generator
from deepstep.equations import initialize_parameters
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples

PACKAGE = os.path.dirname(deepstep.__file__)  # not the checkout, which may have the same name
RATE, BATCH = 0.05, 4
EVERYTHING = Settings(
    "adam", l1=0.1, l2=0.1, weight_decay=0.2, dropout=0.3, clip_norm=0.5,
    clip_value=0.2, lr_multipliers={"b*": 0.5}, seed=5,
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


def opened(engine, settings=None, dtype="float64"):
    """A session of this network, and its examples."""
    architecture, parameters, examples = problem(dtype)
    return open_session(engine, architecture, parameters, settings), examples


def some_steps(session, examples, numbers=range(3), **order):
    """Some batches of an epoch."""
    return session.steps(examples, batch_size=BATCH, numbers=numbers, learning_rate=RATE, **order)


def arrays_of(state):
    """All numbers of a state by name."""
    step = {"step": np.array(state.step)}
    return {"theta": state.theta, **state.slots, **state.statistics, **step}


def is_same(first, second):
    mine, other = arrays_of(first), arrays_of(second)
    return mine.keys() == other.keys() and all(np.array_equal(mine[name], other[name]) for name in mine)


@pytest.mark.parametrize("engine", ENGINES)
class TestContract:
    def test_a_step_changes_nothing_that_was_given_or_shown_and_looking_is_not_training(self, engine):
        architecture, parameters, examples = problem()
        X, Y, weight = examples.take(slice(None))
        session = open_session(engine, architecture, parameters, EVERYTHING)
        session.step(X, Y, learning_rate=RATE)
        kept = [parameters.flat, X, Y, weight, session.parameters.flat, *arrays_of(session.state()).values()]
        copies = [array.copy() for array in kept]
        for _ in range(3):
            session.step(X, Y, learning_rate=RATE, sample_weight=weight)
        for array, copy in zip(kept, copies, strict=True):
            np.testing.assert_array_equal(array, copy)
        before = session.state()
        for _ in range(2):
            assert session.forward(X).shape == (2, 11)
            assert session.forward(X[:, :0]).shape == (2, 0)
            session.cost(X, Y)
            session.cost_and_gradient(X, Y)
            assert is_same(session.state(), before)

    def test_batches_of_weight_zero_count_as_absent(self, engine):
        """In the costs, too; and no weight at all is no step."""
        session, examples = opened(engine, EVERYTHING)
        other, _ = opened(engine, EVERYTHING)
        silent = replace(examples, weight=np.repeat([1.0, 0, 2], [4, 4, 3]))
        rows = np.r_[:4, 8:11]
        left = Examples(examples.X[rows], examples.Y[rows], silent.weight[rows])
        found, expected = some_steps(session, silent), some_steps(other, left, range(2))
        assert found.sizes.tolist() == [4, 0, 3]
        assert np.isnan(found.costs[1])
        np.testing.assert_array_equal(found.costs[[0, 2]], expected.costs)
        some_steps(session, replace(examples, weight=np.zeros(11)))
        assert is_same(session.state(), other.state())

    @pytest.mark.parametrize(("source", "target"), [("float32", "float64"), ("float64", "float32")])
    def test_a_state_of_another_precision_takes_the_session_s(self, engine, source, target):
        (first, examples), (second, same) = (opened(engine, EVERYTHING, dtype) for dtype in (source, target))
        some_steps(first, examples)
        second.load(first.state())
        for session, rows in ((first, examples), (second, same)):
            some_steps(session, rows)
        arrays = arrays_of(second.state())
        assert {array.dtype for name, array in arrays.items() if name != "step"} == {np.dtype(target)}
        np.testing.assert_allclose(second.parameters.flat, first.parameters.flat, rtol=2e-3, atol=2e-3)

    def test_a_foreign_state_is_refused_and_changes_nothing(self, engine):
        session, examples = opened(engine, Settings("adam"))
        before = session.state()
        theta = before.theta
        for slots, error, message in (
            ({"v": theta}, ConfigurationError, r"slots must have .*\['v', 's'\], got \['v'\]"),
            ({"v": theta, "s": np.ones(1)}, ShapeError, r"s must have shape \(\d+,\), got shape \(1,\)"),
        ):
            with pytest.raises(error, match=f"^{message}"):
                session.load(SessionState(2 * theta, slots, 1, before.statistics))
        with pytest.raises(ShapeError):
            session.load(replace(before, theta=theta[1:]))
        with pytest.raises(
            ShapeError, match=r"^order must have 11 numbers for each epoch, .* got 11 numbers"
        ):
            some_steps(session, examples, range(4), order=np.arange(11))
        assert is_same(session.state(), before)

    def test_the_gradient_is_that_of_the_cost_whatever_is_cut_in_steps(self, engine):
        (plain, examples), (cutting, _) = (
            opened(engine, Settings("gd", **given)) for given in ({}, {"clip_value": 1e-4, "clip_norm": 1e-4})
        )
        X, Y, _ = examples.take(slice(0, 11))
        found, expected = (session.cost_and_gradient(X, Y)[1] for session in (cutting, plain))
        np.testing.assert_array_equal(found, expected, strict=True)

    @pytest.mark.filterwarnings("ignore::RuntimeWarning")
    def test_a_cost_that_is_not_finite_ends_the_chunk_and_has_no_gradient(self, engine):
        session, examples = opened(engine, Settings("gd"))
        X, Y, _ = examples.take(slice(0, 11))
        session.cost_and_gradient(X, Y)
        cost, gradient = session.cost_and_gradient(np.where(X[0, 0] == X, np.inf, X), Y)
        assert not np.isfinite(cost)
        assert not np.isfinite(gradient).all()
        examples.X[BATCH] = np.nan
        found = some_steps(session, examples)
        if engine != "reference":
            assert found.sizes.tolist() == [4, 4, 0]
            assert session.state().step == 1
        assert np.isnan(found.costs[1])


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


@pytest.mark.parametrize("engine", ENGINES)
def test_a_step_that_is_interrupted_at_any_line_is_done_or_not_done(engine, fresh_seed):
    """The state is that before the step or that after it; each run tries every fourth line of Python."""
    session, examples = opened(engine, EVERYTHING)
    X, Y, weight = examples.take(slice(0, BATCH))
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
    session, examples = opened(engine, EVERYTHING)
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
    assert reached == ({0, 3} if engine == "compiled" else {0, 1, 2, 3})  # one call of the kernel


ADAM = {"optimizer": "adam"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (ADAM | {"optimizer_params": {"beta2": float("nan")}}, "got nan"),
        (ADAM | {"optimizer_params": {"epsilon": 0}}, "must be a positive number"),
        (ADAM | {"optimizer_params": {"epsilon_at": "in"}}, "'outside', 'hat', 'inside'"),
        (ADAM | {"optimizer_params": {"t": 3}}, "got 't'"),
        ({"optimizer": "nesterov", "optimizer_params": {"beta": 1.5}}, "a number from 0 to 1, got 1.5"),
        ({"lr_multipliers": 3}, "lr_multipliers must be a mapping such as {'b*': 0.1}, got 3"),
        ({"weight_decay_multipliers": {"W1": -1}}, "weight_decay_multipliers['W1']"),
        ({"dropuot": 0.1}, "Unknown setting 'dropuot', "),
        *(
            ({name: value}, f"{name} must be a finite number")
            for name in ("l1", "l2", "weight_decay", "dropout", "clip_norm", "clip_value")
            for value in (10**5000, float("inf"), float("nan"), "1", 1j, True, -1)
        ),
        *(({name: 0}, f"{name} must be a finite number above 0") for name in ("clip_norm", "clip_value")),
        ({"dropout": 1.0}, "dropout must be a finite number of at least 0 and below 1, got 1.0"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, message):
    with pytest.raises(ConfigurationError) as error:
        Settings.of(**settings)
    assert message in str(error.value)


def test_what_fits_no_network_and_no_engine_is_refused():
    with pytest.raises(ConfigurationError, match="a list of 2"):
        opened("reference", Settings(dropout=[0.1]))
    with pytest.raises(ConfigurationError, match=r"lr_multipliers must have names among 'W1', .* got 'W9'"):
        opened("reference", Settings(lr_multipliers={"W9": 2}))
    for engine in ("refrence", None, ["reference"]):
        with pytest.raises(ConfigurationError, match="engine must be one of 'auto', 'reference'"):
            opened(engine)


DROPPING = Architecture((3, 200, 100, 1), ("relu", "relu", "sigmoid"))
DRAW = {"seed": 3, "step": 5, "dtype": np.dtype(np.float64)}


@settings(max_examples=25)
@given(m=st.integers(1, 60), width=st.integers(1, 20), jump=st.sampled_from([0, 30, 10**9]), data=st.data())
def test_masks_of_some_rows_are_those_of_all(m, width, jump, data):
    """Whether the counter goes on to them, or all are drawn."""
    shape = Architecture((3, width, 1), ("relu", "sigmoid"))
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, m - 1)))), int)
    part = slice(*sorted(data.draw(st.tuples(st.integers(0, m), st.integers(0, m)))))
    whole = dropout_masks(shape, (0.5,), m, **DRAW)[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deepstep.engines.draws.DRAWS_PER_JUMP", jump)
        for some in (rows, part):
            found = dropout_masks(shape, (0.5,), m, **DRAW, rows=some)[1]
            np.testing.assert_array_equal(found, whole[:, some])


def test_the_generator_is_numpys_philox_with_key_and_counter():
    words = np.random.Philox(key=[3, 1], counter=[0, 0, 2, 7])
    expected = np.random.Generator(words).random(5)
    np.testing.assert_array_equal(generator(3, step=7, layer=2).random(5), expected)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_mask_drops_its_share_and_raises_the_rest(rate):
    masks = dropout_masks(DROPPING, (rate, 0.0), 500, **DRAW)
    assert set(masks) == {1}  # a layer that drops nothing has no mask
    assert masks[1].shape == (200, 500)
    assert set(np.unique(masks[1])) == {0.0, 1 / (1 - rate)}
    share = (masks[1] == 0).mean()
    assert abs(share - rate) < 5 * np.sqrt(rate * (1 - rate) / masks[1].size)
    narrow = dropout_masks(DROPPING, (rate, 0.0), 500, **{**DRAW, "dtype": np.dtype(np.float32)})
    np.testing.assert_array_equal(narrow[1], masks[1].astype(np.float32), strict=True)
