"""`Network.train`: schedules, budgets, validation, metrics, patience and weights do what they say."""

import re
import warnings
from copy import deepcopy
from dataclasses import fields
from inspect import signature
from itertools import count

import numpy as np
import pytest

from deepstep import Network
from deepstep.engines import ENGINES, Settings
from deepstep.errors import ConfigurationError
from deepstep.model.options import INSTEAD
from deepstep.training import Callback
from export_models import networks

M, BATCH = 10, 4
SIZES = [3, 4, 2]


def data(m=M, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((3, m))
    return X, (rng.standard_normal((2, 3)) @ X > 0).astype(float)


X, Y = data()


def network(**options):
    return Network(SIZES, **{"activation": "tanh", "seed": 1, **options})


def trained(net=None, examples=(X, Y), **options):
    net = network() if net is None else net
    net.train(*examples, **{"learning_rate": 0.3, "iterations": 6, **options})
    return net


def same(first, second):
    return first.parameters.flat.tobytes() == second.parameters.flat.tobytes()


def close(first, second):
    np.testing.assert_allclose(first.parameters.flat, second.parameters.flat, rtol=1e-11, atol=1e-13)


SCHEDULED_OF = {
    "schedule": {},
    "weight_decay_schedule": {"weight_decay": 0.1},
    "dropout_schedule": {"dropout": 0.1},
}


class TestSchedules:
    def test_the_rate_of_each_step_is_that_of_the_fraction_done(self):
        """Four steps at α, ¾α, ½α, ¼α, and the record has that of the epoch's last."""
        net, twin = network(), network()
        history = net.train(X, Y, learning_rate=0.4, iterations=4, schedule=lambda t: 1 - t)
        for rate in (0.4, 0.3, 0.2, 0.1):
            twin.train(X, Y, learning_rate=rate, iterations=1)
        close(net, twin)
        np.testing.assert_allclose(history.column("learning_rate"), [0.4, 0.3, 0.2, 0.1], rtol=1e-15)

    def test_a_decay_schedule_moves_the_weight_decay_alone(self):
        """Where there is nothing to learn, W shrinks by 1 - α·λ·t in each step, and b stays."""
        net = Network(parameters={"W1": [[2.0]], "b1": [[0.0]]}, output="identity")
        nothing = np.zeros((1, 3))
        net.train(
            nothing,
            nothing,
            learning_rate=0.5,
            iterations=4,
            weight_decay=0.4,
            weight_decay_schedule=lambda t: t,
        )
        expected = 2.0 * np.prod([1 - 0.5 * 0.4 * t for t in (0, 0.25, 0.5, 0.75)])
        assert net.parameters["W1"][0, 0] == pytest.approx(expected, rel=1e-14)
        assert net.parameters["b1"][0, 0] == 0

    def test_a_dropout_schedule_of_0_is_no_dropout(self):
        none = trained()
        assert same(none, trained(dropout=0.5, dropout_schedule=lambda t: 0.0))
        assert not same(none, trained(dropout=0.5))
        assert same(trained(dropout=0.5), trained(dropout=0.5, dropout_schedule=lambda t: 1.0))
        assert same(trained(dropout=0.25), trained(dropout=0.5, dropout_schedule=lambda t: 0.5))

    @pytest.mark.parametrize("name", ["schedule", "weight_decay_schedule", "dropout_schedule"])
    @pytest.mark.parametrize("factor", [-0.1, float("nan"), float("inf")])
    def test_a_factor_that_cannot_be(self, name, factor):
        net, twin = network(), network()
        with pytest.raises(
            ConfigurationError, match=rf"^{name}: .* a finite number of at least 0; it gave .* at t = 0\.5"
        ):
            trained(net, **{name: lambda t: factor if t > 0.4 else 1.0}, **SCHEDULED_OF[name])
        assert same(net, trained(twin, iterations=3, **SCHEDULED_OF[name]))  # what was reached until then

    @pytest.mark.parametrize("name", ["weight_decay_schedule", "dropout_schedule"])
    @pytest.mark.parametrize("nothing", [{}, {"weight_decay": 0.0, "dropout": [0.0]}])
    def test_a_schedule_of_what_there_is_none_of(self, name, nothing):
        with pytest.raises(
            ConfigurationError, match=rf"^Network\.train: {name} must be used with .*, got none"
        ):
            trained(**{name: "linear"}, **nothing)
        trained(**{name: "linear"}, **SCHEDULED_OF[name])

    @pytest.mark.parametrize("name", ["schedule", "weight_decay_schedule", "dropout_schedule"])
    def test_a_setting_of_a_plateau_that_cannot_be(self, name):
        message = rf"^Network\.train: {name}\['drop'\] must be a number from 0 to below 1, got 3\.$"
        with pytest.raises(ConfigurationError, match=message):
            trained(**{name: {"name": "plateau", "drop": 3}})

    @pytest.mark.parametrize("engine", ENGINES)
    def test_a_factor_that_drops_every_unit(self, engine):
        message = r"^dropout_schedule: .* the dropout of 0\.5 stays below 1; got the factor 2 in step 1\.$"
        with pytest.raises(ConfigurationError, match=message):
            trained(network(engine=engine), dropout=0.5, dropout_schedule=lambda t: 2.0)

    @pytest.mark.parametrize("name", ["schedule", "weight_decay_schedule", "dropout_schedule"])
    def test_an_unknown_name(self, name):
        with pytest.raises(ConfigurationError, match=rf"^Network\.train: {name} .*Did you mean 'cosine'"):
            trained(**{name: "cosin"})
        with pytest.raises(ConfigurationError, match="'plateau', got 'no'"):
            trained(**{name: "no"})


class TestTimeBudget:
    @pytest.fixture
    def seconds(self, monkeypatch):
        """A clock that goes on by one second whenever it is asked."""
        clock = count()
        monkeypatch.setattr("deepstep.training.loop.perf_counter", lambda: float(next(clock)))

    def test_training_ends_and_the_schedule_by_then(self, seconds):
        rates = []
        net = network()
        history = net.train(
            X,
            Y,
            learning_rate=1.0,
            iterations=10_000,
            time_budget=100,
            schedule=lambda t: rates.append(t) or 1 - 0.9 * t,
        )
        assert history.stopped == "time budget of 100 s used up"
        assert len(history) < 100
        assert history[-1]["seconds"] <= 110
        assert rates == sorted(rates)
        assert rates[-1] > 0.9  # the clock went through the whole schedule, not the epochs
        assert net.history is history


HELD_OUT = data(m=6, seed=3)


class TestValidation:
    def test_its_cost_is_that_of_the_network_that_predicts(self):
        """Running statistics, no dropout, no penalty of the weights but the one in J."""
        weight = np.array([1.0, 0, 2, 1, 0.5, 3])
        net = network(normalization="batch")
        history = net.train(X, Y, iterations=4, batch_size=BATCH, dropout=0.3, validation=(*HELD_OUT, weight))
        last = history[-1]["validation_cost"]
        assert last == pytest.approx(net.cost(*HELD_OUT, sample_weight=weight), rel=1e-14)
        assert last != pytest.approx(net.cost(*HELD_OUT), rel=1e-3)


class TestMetrics:
    def test_they_get_the_targets_and_the_outputs(self):
        given = []

        def accuracy(targets, outputs):
            given.append((targets.copy(), outputs.copy()))
            return np.float32(((outputs > 0.5) == targets).mean())

        net = network()
        history = net.train(X, Y, iterations=3, validation=HELD_OUT, metrics={"accuracy": accuracy})
        assert len(given) == 3
        np.testing.assert_array_equal(given[-1][0], HELD_OUT[1])
        np.testing.assert_array_equal(given[-1][1], net.forward(HELD_OUT[0]))
        assert history[-1]["validation_accuracy"] == pytest.approx(net.accuracy(*HELD_OUT))
        assert type(history[-1]["validation_accuracy"]) is float


class TestTargets:
    @pytest.mark.parametrize(
        ("output", "targets", "rows"),
        [
            ("quantile", [[0.5, 2.0, -1.0]], 3),
            ("ordinal", [[1, 1, 0], [1, 0, 0], [0, 0, 0]], 3),  # columns: classes 2, 1 and 0 of 4
            ("poisson", [[0, 3, 1], [2.5, 0, 0]], 2),
        ],
    )
    def test_what_it_says_is_what_is_taken(self, output, targets, rows):
        net = Network([2, 3, rows], output=output, seed=1)
        assert len(net.train([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]], targets, iterations=2)) == 2


class Snapshots(Callback):
    """What predicted at the end of each epoch."""

    def __init__(self):
        self.kept = []

    def on_epoch_end(self, training, record):
        self.kept.append((training.parameters.flat.copy(), dict(training.state().statistics), dict(record)))


class TestPatience:
    def overfitted(self, **options):
        """Training on noise: the cost of other data soon rises."""
        rng = np.random.RandomState(0)
        noise = rng.standard_normal((3, 12)), rng.randint(2, size=(2, 12))
        snapshots = Snapshots()
        settings = {"validation": HELD_OUT, "callbacks": snapshots, "iterations": 300, "optimizer": "adam"}
        net = network(normalization="batch")
        net.train(*noise, **{"learning_rate": 0.05, **settings, **options})
        return net, snapshots.kept

    @pytest.mark.parametrize("patience", [1, 4])
    def test_the_best_epoch_comes_back_with_all_that_predicts(self, patience):
        net, kept = self.overfitted(patience=patience)
        costs = [record["validation_cost"] for _, _, record in kept]
        best = int(np.argmin(costs))
        assert len(costs) == best + 1 + patience < 300
        theta, statistics, _ = kept[best]
        np.testing.assert_array_equal(net.parameters.flat, theta)
        for name, values in statistics.items():
            np.testing.assert_array_equal(net.statistics[name], values)
        assert net.cost(*HELD_OUT) == pytest.approx(min(costs), rel=1e-14)
        epochs = "1 epoch" if patience == 1 else "4 epochs in a row"
        assert net.history.stopped == f"validation_cost did not improve for {epochs}"

    @pytest.mark.parametrize("optimizer", ["gd", "lbfgs"])
    def test_a_score_that_is_never_a_number_is_named(self, optimizer):
        options = {
            "patience": 2,
            "monitor": "-validation_auc",
            "validation": HELD_OUT,
            "optimizer": optimizer,
        }
        net = network()
        with pytest.warns(UserWarning, match=r"Network\.train: validation_auc .* none of 2 ") as found:
            net.train(X, Y, metrics={"auc": lambda Y, AL: np.nan}, **options)
        assert [warning.filename for warning in found] == [__file__]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            scores = iter([np.nan, 0.5, 0.4])
            net.train(X, Y, metrics={"auc": lambda Y, AL: next(scores, 0.4)}, **options)


class TestWeights:
    def test_a_weight_of_2_is_the_column_twice(self):
        weight = np.ones(M)
        weight[[2, 5]] = 2
        twice = np.hstack([X, X[:, [2, 5]]]), np.hstack([Y, Y[:, [2, 5]]])
        close(trained(sample_weight=weight), trained(examples=twice))

    def test_they_go_with_their_examples_into_mini_batches(self):
        weight = np.random.RandomState(0).uniform(0.5, 2, M)
        order = np.random.RandomState(1).permutation(M)
        shuffled = trained(sample_weight=weight, batch_size=BATCH, order=lambda epoch, m: order)
        moved = trained(
            examples=(X[:, order], Y[:, order]),
            sample_weight=weight[order],
            batch_size=BATCH,
            order=lambda epoch, m: None,
        )
        assert same(shuffled, moved)


NEUTRAL = [
    {"l1": 0.0},
    {"l2": 0},
    {"weight_decay": 0.0},
    {"dropout": 0.0},
    {"dropout": [0.0]},
    {"clip_norm": 1e6},
    {"clip_value": 1e6},
    {"lr_multipliers": {"*": 1.0}},
    {"weight_decay_multipliers": {"*": 1.0}},
    {"deterministic": True},
    {"schedule": "constant"},
]
TELLING = [
    {"l1": 0.1},
    {"l2": 0.1},
    {"weight_decay": 0.1},
    {"dropout": 0.2},
    {"clip_norm": 0.01},
    {"clip_value": 0.001},
    {"lr_multipliers": {"b*": 0.1}},
    {"weight_decay": 0.1, "weight_decay_multipliers": {"b*": 1.0}},
    {"schedule": "cosine"},
]


class TestSettings:
    @pytest.mark.parametrize("settings", NEUTRAL, ids=str)
    def test_what_should_change_nothing_does_not(self, settings):
        assert same(trained(batch_size=BATCH), trained(batch_size=BATCH, **settings))

    @pytest.mark.parametrize("settings", TELLING, ids=str)
    def test_what_is_asked_for_is_done(self, settings):
        assert not same(trained(batch_size=BATCH), trained(batch_size=BATCH, **settings))

    def test_the_seed_of_what_is_drawn_is_the_networks_unless_given(self):
        assert same(trained(dropout=0.3), trained(dropout=0.3, seed=1))
        assert not same(trained(dropout=0.3), trained(dropout=0.3, seed=2))


def test_batches_of_one_have_no_statistics_of_their_own():
    net = Network([2, 3, 1], normalization="batch", seed=1)
    X, Y = np.ones((2, 4)), np.array([[0, 1, 0, 1]])
    with pytest.raises(ConfigurationError, match="at least two examples in a batch for batch normalization"):
        net.train(X, Y, iterations=1, batch_size=1)
    with pytest.raises(ConfigurationError, match="got batches of one"):
        net.train(X[:, :1], Y[:, :1], iterations=1)
    assert len(net.train(X, Y, iterations=1, batch_size=3)) == 1  # the last one is short, and is borne


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("lr", "learning_rate"),
        ("verbose", "progress"),
        ("batchsize", "batch_size"),
        ("Batch_Size", "batch_size"),
        ("n_epochs", "epochs"),
        ("max_iter", "epochs"),
        ("momentum", "optimizer_params"),
        ("validation_data", "validation=(X, Y)"),
        ("random_state", "seed of Network"),
        ("learning_rat", "'learning_rate'"),
        ("optimiser", "'optimizer'"),
        ("alpha", "learning_rate for α of the equations, l2"),
        ("engine", "the argument of Network"),
    ],
)
@pytest.mark.parametrize("method", ["train", "steps", "find_learning_rate"])
def test_a_foreign_or_misspelt_argument_names_the_right_one(method, name, instead):
    network = Network([1, 1], seed=1)
    with pytest.raises(ConfigurationError, match=re.escape(name)) as error:
        getattr(network, method)([[0.0, 1.0]], [[0, 1]], **{name: 1})
    assert instead in str(error.value).partition("got ")[2]


def test_every_foreign_name_is_no_argument_of_ours_and_every_replacement_is_one():
    known = [*signature(Network.train).parameters, *(field.name for field in fields(Settings))]
    for name, instead in INSTEAD.items():
        assert name not in known
        words = re.findall(r"\w+", instead)
        assert (
            any(word in known or word in signature(Network).parameters for word in words)
            or "Network" in words
        )


def test_epochs_and_iterations_are_the_same_and_one_of_them_is_given():
    found = []
    for option in ({"epochs": 7}, {"iterations": 7}):
        network = Network([1, 1], seed=1)
        found.append(network.train([[0.0, 1.0]], [[0, 1]], **option).costs.tolist())
        assert len(list(Network([1, 1], seed=1).steps([[0.0, 1.0]], [[0, 1]], **option))) == 7
    assert found[0] == found[1]
    assert len(found[0]) == 7
    with pytest.raises(ConfigurationError, match="epochs or iterations, which are the same"):
        Network([1, 1], seed=1).train([[0.0, 1.0]], [[0, 1]], epochs=7, iterations=7)
    with pytest.raises(ConfigurationError, match="iterations must be a whole number of at least 0, got -1"):
        Network([1, 1], seed=1).train([[0.0, 1.0]], [[0, 1]], iterations=-1)
    assert len(Network([1, 1], seed=1).train([[0.0, 1.0]], [[0, 1]])) == 2500


@pytest.mark.parametrize("name", ["validation", "patience", "callbacks", "progress"])
def test_an_argument_of_train_alone_is_named_so(name):
    with pytest.raises(ConfigurationError, match=rf"Network.steps: .* got '{name}'\. Network.train has it"):
        Network([1, 1], seed=1).steps([[0.0, 1.0]], [[0, 1]], **{name: 1})


def test_the_weights_alone_decay_and_the_documentation_lists_what_does_not():
    """One step with decay and one without, of networks with each feature."""
    inputs = np.array([[0.5, -1.0, 2.0, 1.0], [0.0, 1.0, 2.0, 1.0], [3.0, 1.0, -1.0, 0.5]])
    targets = np.eye(2)[:, [0, 1, 1, 0]]
    decays, stays = set(), set()
    for network in (one for name, one in networks().items() if name.startswith("feature")):
        with_decay, without = deepcopy(network), deepcopy(network)
        for one, decay in ((with_decay, 0.5), (without, 0.0)):
            one.train(inputs, targets, learning_rate=0.1, iterations=1, optimizer="gd", weight_decay=decay)
        for name, values in without.parameters.items():
            differ = np.abs(with_decay.parameters[name] - values).max() > 1e-6
            (decays if differ else stays).add(name.rstrip("0123456789"))
    assert decays == {"W"}
    sentence = re.search(r"the weights W alone decay; (.*?) do\s+not\.", Settings.__doc__, re.DOTALL)
    assert set(re.findall(r"\w+", sentence[1])) - {"and"} == stays - decays
