"""The contract of all engines, and settings that are refused. What steps do, `test_generated` compares."""

from dataclasses import replace

import numpy as np
import pytest

from deepstep.engines import ENGINES, SessionState, Settings, open_session
from deepstep.equations import HEADS, OPTIMIZERS, initialize_parameters
from deepstep.errors import ConfigurationError, ShapeError
from deepstep.network import Architecture, Parameters
from deepstep.preparation.batches import Examples, shuffled
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


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_with_factors_of_1_begins_as_the_one_without(engine, optimizer):
    """The cost and the weights after the first step, bit for bit."""
    given = {"activation": "silu", "dtype": "float32", "sizes": (4, 5, 3, 2)}
    plain, begin, examples = problem(**given)
    shape = problem(**given, input_scale=True, parametric=True)[0]
    X, Y, _ = examples.take(slice(None))
    ones = {name: np.ones(size, np.float32) for name, size in shape.layout}
    sessions = [
        open_session(engine, architecture, parameters, Settings(optimizer))
        for architecture, parameters in ((plain, begin), (shape, Parameters.from_dict({**ones, **begin})))
    ]
    costs = [session.step(X, Y, learning_rate=RATE) for session in sessions]
    assert costs[0] == costs[1]
    first, more = (session.parameters for session in sessions)
    for name, value in first.items():
        np.testing.assert_array_equal(more[name], value, err_msg=name)
    assert all((more[name] != 1).any() for name in ("s1", "alpha1", "alpha2"))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("output", HEADS)
def test_the_gradient_is_the_derivative_of_the_cost(output, weighted):
    """Two-sided differences of the engine's own cost, with L2 and weights."""
    engine = "reference"
    architecture, parameters, examples = problem(output=output, sizes=(4, 5, 3, 2), m=11)
    X, Y, weight = examples.take(slice(None))
    options = {"sample_weight": weight} if weighted else {}

    def cost_at(flat):
        session = open_session(
            engine, architecture, Parameters(flat, parameters.layer_dims), Settings(l2=0.3)
        )
        return session.cost_and_gradient(X, Y, **options)[0]

    session = open_session(engine, architecture, parameters, Settings(l2=0.3))
    cost, gradient = session.cost_and_gradient(X, Y, **options)
    plain = session.cost(X, Y, **options)  # what L2 adds is left out where nothing is trained
    squares = sum((W**2).sum() for name, W in parameters.items() if name[0] == "W")
    m = weight.sum() if weighted else Y.shape[1]
    assert cost == pytest.approx(plain + 0.3 / (2 * m) * squares, rel=1e-13)
    epsilon = 1e-5
    unit_steps = epsilon * np.eye(parameters.flat.size)
    numeric = [
        (cost_at(parameters.flat + e) - cost_at(parameters.flat - e)) / (2 * epsilon) for e in unit_steps
    ]
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)


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

    def test_some_batches_of_an_epoch_after_others_are_the_epoch(self, engine):
        architecture, parameters, examples = problem()
        order = shuffled(3)(0, len(examples))
        whole, parts = (open_session(engine, architecture, parameters, Settings("adam")) for _ in "12")
        epoch(whole, examples, order, 4)
        for numbers in (range(1), range(1, 4), range(4, 5)):
            parts.steps(examples, order=order, batch_size=4, numbers=numbers, learning_rate=RATE)
        np.testing.assert_array_equal(whole.parameters.flat, parts.parameters.flat)

    def test_no_weight_at_all_teaches_nothing(self, engine):
        architecture, parameters, examples = problem()
        session = open_session(engine, architecture, parameters, Settings("adam"))
        done = session.steps(replace(examples, weight=np.zeros(17)), batch_size=8, learning_rate=1.0)
        assert not done.sizes.any()
        assert session.state().step == 0

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_a_numpy_rate_keeps_the_precision(self, engine, dtype):
        architecture, parameters, examples = problem(dtype=dtype)
        X, Y, _ = examples.take(slice(None))
        session = open_session(engine, architecture, parameters, Settings("nesterov"))
        session.step(X, Y, learning_rate=np.float64(RATE))
        assert {session.state().theta.dtype, session.state().slots["v"].dtype} == {np.dtype(dtype)}

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

    def test_its_name(self, engine):
        architecture, parameters, _ = problem()
        assert open_session(engine, architecture, parameters).name == engine


def test_auto_is_one_of_the_engines():
    architecture, parameters, _ = problem()
    assert open_session("auto", architecture, parameters).name in ENGINES


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


def test_the_weight_decay_of_a_rule_has_the_range_and_the_words_of_the_setting():
    for value in (*NO_NUMBERS, -0.1, float("nan"), float("inf")):
        with pytest.raises(ConfigurationError) as own:
            replace(OPTIMIZERS["adamw"], weight_decay=value)
        with pytest.raises(ConfigurationError) as setting:
            Settings(weight_decay=value)
        assert str(own.value) == str(setting.value)
