"""The contract of all engines, and settings that are refused. What steps do, `test_generated` compares."""

from dataclasses import replace

import numpy as np
import pytest

from deepstep.engines import ENGINES, SessionState, Settings, open_session
from deepstep.equations import HEADS, initialize_parameters
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.network import Architecture
from deepstep.preparation.batches import Examples
from head_examples import head_settings, head_target

RATE = 0.05


def problem(activation="tanh", output="softmax", dtype="float64", *, sizes=(3, 40, 3), m=17, **parts):
    """An architecture, its parameters and examples with weights; the numbers are those of float32."""
    rng = np.random.RandomState(0)
    names = (*[activation] * (len(sizes) - 2), HEADS[output].activation)
    architecture = Architecture(sizes, names, output, head_settings(output, sizes[-1]), **parts)
    parameters = initialize_parameters(sizes, method="glorot", rng=rng)
    parameters.flat[:] += 0.1 * rng.standard_normal(parameters.flat.size)  # biases too, and no relu at a kink
    X, Y = rng.standard_normal((m, sizes[0])), head_target(output, sizes[-1], m).T
    drawn = (part.astype(np.float32).astype(dtype) for part in (X, Y, rng.uniform(0.5, 2, size=m)))
    return architecture, parameters.astype(np.float32).astype(dtype), Examples(*drawn)


def epoch(session, examples, order, batch_size):
    """All batches of an epoch at once; the mean cost of those with weight."""
    done = session.steps(examples, order=order, batch_size=batch_size, learning_rate=RATE)
    taught = done.sizes > 0
    assert np.isnan(done.costs[~taught]).all()
    return np.average(done.costs[taught], weights=done.sizes[taught])


@pytest.mark.parametrize("engine", ENGINES)
class TestContract:
    def test_a_step_changes_nothing_that_was_given_or_shown(self, engine):
        architecture, parameters, examples = problem("relu")
        X, Y, weight = examples.take(slice(None))
        session = open_session(engine, architecture, parameters, Settings("adam"))
        session.step(X, Y, learning_rate=RATE)
        kept = [parameters.flat, X, Y, weight, session.parameters.flat]
        state = session.state()
        kept += [state.theta, *state.slots.values()]
        copies = [array.copy() for array in kept]
        for _ in range(3):
            session.step(X, Y, learning_rate=RATE, sample_weight=weight)
        for array, copy in zip(kept, copies, strict=True):
            np.testing.assert_array_equal(array, copy)

    def test_looking_is_not_training(self, engine):
        architecture, parameters, examples = problem("relu")
        X, Y, _ = examples.take(slice(None))
        session = open_session(engine, architecture, parameters, Settings("momentum"))
        for _ in range(2):
            AL = session.forward(X)
            session.cost(X, Y)
            session.cost_and_gradient(X, Y)
            assert AL.shape == (3, 17)
            assert session.state().step == 0
            np.testing.assert_array_equal(session.parameters.flat, parameters.flat)

    def test_batches_of_weight_zero_count_as_absent(self, engine):
        """The cost of the epoch too: 12 of 17 examples in batches of 4, then without the others."""
        architecture, parameters, examples = problem()
        silent = replace(examples, weight=np.repeat([0.0, 1, 2, 0, 1], [4, 4, 4, 4, 1]))
        rows = np.r_[4:12, 16]
        left = Examples(examples.X[rows], examples.Y[rows], silent.weight[rows])
        sessions = [open_session(engine, architecture, parameters, Settings("adam", l2=0.3)) for _ in "12"]
        for _ in range(3):
            costs = [
                epoch(session, part, None, 4) for session, part in zip(sessions, (silent, left), strict=True)
            ]
            assert costs[0] == pytest.approx(costs[1], rel=1e-14)
        np.testing.assert_array_equal(*(session.parameters.flat for session in sessions))

    @pytest.mark.parametrize(("source", "target"), [("float32", "float64"), ("float64", "float32")])
    def test_a_state_of_another_precision_takes_the_session_s(self, engine, source, target):
        architecture, parameters, examples = problem("relu", "sigmoid", source)
        first = open_session(engine, architecture, parameters, Settings("adam"))
        X, Y, _ = examples.take(slice(None))
        first.step(X, Y, learning_rate=RATE)
        state = first.state()
        second = open_session(engine, architecture, parameters.astype(target), Settings("adam"))
        second.load(state)
        second.step(X.astype(target), Y.astype(target), learning_rate=RATE)
        assert second.parameters.dtype == np.dtype(target)
        assert {slot.dtype for slot in second.state().slots.values()} == {np.dtype(target)}
        first.step(X, Y, learning_rate=RATE)
        np.testing.assert_allclose(second.parameters.flat, first.parameters.flat, rtol=2e-3, atol=2e-3)

    def test_a_foreign_state_is_refused_and_changes_nothing(self, engine):
        architecture, parameters, _ = problem()
        session = open_session(engine, architecture, parameters, Settings("adam"))
        with pytest.raises(ConfigurationError, match=r"\['v', 's'\]; got \['v'\]"):
            session.load(SessionState(parameters.flat * 2, {"v": parameters.flat}, 1))
        with pytest.raises(ShapeError):
            session.load(SessionState(parameters.flat[1:], {"v": parameters.flat, "s": parameters.flat}, 1))
        with pytest.raises(ShapeError, match=r"^Session\.load: s has shape \(\d+,\); got shape \(1,\)"):
            session.load(SessionState(parameters.flat * 2, {"v": parameters.flat, "s": np.ones(1)}, 1))
        np.testing.assert_array_equal(session.parameters.flat, parameters.flat)
        assert session.state().step == 0

    def test_an_average_that_it_does_not_keep_is_left_behind(self, engine):
        architecture, parameters, _ = problem()
        session = open_session(engine, architecture, parameters, Settings("adam"))
        slots = {name: np.ones_like(parameters.flat) for name in "vs"}
        session.load(SessionState(parameters.flat, slots, 1, average=2 * parameters.flat))
        np.testing.assert_array_equal(session.outcome.flat, parameters.flat)
        assert session.state().average is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adm"}, "Did you mean 'adam'?"),
        ({"optimizer": None}, "got None"),
        ({"optimizer": "momentum", "optimizer_params": {"bta": 0.9}}, "Did you mean 'beta'?"),
        ({"optimizer": "gd", "optimizer_params": {"beta": 0.9}}, "must have no names, got 'beta'"),
        ({"optimizer": "momentum", "optimizer_params": {"beta": 1.0}}, "must be a number from 0 to below 1"),
        ({"optimizer": "momentum", "optimizer_params": {"beta": "0.9"}}, "got '0.9'"),
        ({"optimizer": "adam", "optimizer_params": {"beta2": float("nan")}}, "got nan"),
        ({"optimizer": "adam", "optimizer_params": {"epsilon": 0}}, "must be a positive number"),
        ({"optimizer": "adam", "optimizer_params": {"epsilon_at": "in"}}, "'outside', 'hat', 'inside'"),
        ({"optimizer": "adam", "optimizer_params": {"t": 3}}, "got 't'"),
        ({"optimizer": "adam", "optimizer_params": ["beta1"]}, "a mapping"),
        ({"l2": -0.1}, "l2 must be a finite number of at least 0, got -0.1"),
        ({"l2": float("nan")}, "got nan"),
        ({"l2": "1"}, "got '1'"),
        ({"dropout": 1.0}, "dropout must be a finite number of at least 0 and below 1, got 1.0"),
        ({"dropout": -0.1}, "got -0.1"),
        ({"dropout": "half"}, "got 'half'"),
        ({"ema_decay": 1}, "ema_decay must be a finite number of at least 0 and below 1"),
        ({"clip_norm": 0}, "clip_norm must be a finite number above 0, got 0"),
        ({"max_norm": float("inf")}, "got inf"),
        ({"weight_decay": -1}, "weight_decay must be a finite number of at least 0, got -1"),
        ({"l1": 10**400}, "l1 must be a finite number of at least 0"),
        ({"lr_multipliers": 3}, "lr_multipliers must be a mapping such as {'b*': 0.1}, got 3"),
        ({"weight_decay_multipliers": {"W1": -1}}, "weight_decay_multipliers['W1']"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings, message):
    with pytest.raises(ConfigurationError) as error:
        Settings(**settings)
    assert message in str(error.value)


@pytest.mark.parametrize("engine", ["refrence", None, 1, ["reference"]])
def test_an_unknown_engine_is_refused(engine):
    architecture, parameters, _ = problem()
    with pytest.raises(ConfigurationError, match="engine must be one of 'auto', 'reference'"):
        open_session(engine, architecture, parameters)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_average_that_begins_later_counts_its_first_theta_for_the_steps_before(engine):
    architecture, parameters, examples = problem()
    X, Y, _ = examples.take(slice(None))
    session = open_session(engine, architecture, parameters, Settings(ema_decay=0.8))
    path = []
    for t in range(1, 7):
        session.step(X, Y, learning_rate=RATE)
        path.append(session.parameters.flat)
        if t == 3:
            session.load(replace(session.state(), average=None))
            path = []
    expected = np.average(path, axis=0, weights=[sum(0.8**k for k in range(2, 6)), 0.8, 1.0])
    np.testing.assert_allclose(session.outcome.flat, expected, rtol=1e-12)


def test_what_fits_no_network_is_refused():
    architecture, parameters, _ = problem(sizes=(3, 5, 4, 2))
    with pytest.raises(ConfigurationError, match="a list of 2"):
        open_session("reference", architecture, parameters, Settings(dropout=[0.1]))
    with pytest.raises(ConfigurationError, match=r"lr_multipliers must have names among 'W1', .* got 'W9'"):
        open_session("reference", architecture, parameters, Settings(lr_multipliers={"W9": 2}))
    with pytest.raises(ConfigurationError, match=r"Network\.train: setting .* Did you mean 'dropout'\?"):
        Settings.of("Network.train", dropuot=0.1)


NO_NUMBERS = (10**400, -(10**400), 10**5000, np.longdouble("1e400"), "1", 1j, True)


@pytest.mark.parametrize(
    "name", ["l1", "l2", "weight_decay", "input_noise", "clip_norm", "clip_value", "max_norm", "ema_decay"]
)
def test_what_is_no_number_is_refused(name):
    for value in NO_NUMBERS:
        with pytest.raises(ConfigurationError, match=f"^{name} must be a finite number .*, got "):
            Settings(**{name: value})
