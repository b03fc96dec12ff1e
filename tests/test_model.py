"""`Network`: construction, training, steps, answers, files. Bad input has its own file."""

import numpy as np
import pytest

from deepstep import Network, Parameters
from deepstep.engines import ENGINES
from deepstep.equations import HEADS, OPTIMIZERS, initialize_parameters
from deepstep.errors import ConfigurationError
from deepstep.preparation.batches import shuffled
from deepstep.training import Callback
from head_examples import head_settings, head_target


def data(output="sigmoid", n_inputs=3, n_outputs=2, m=11, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n_inputs, m))
    if output != "sigmoid":
        return X, head_target(output, n_outputs, m)
    return X, (rng.standard_normal((n_outputs, n_inputs)) @ X > 0).astype(float)


def same(first: Network, second: Network) -> bool:
    return first.parameters.flat.tobytes() == second.parameters.flat.tobytes()


class TestConstruction:
    def test_the_defaults_are_the_lectures(self):
        """Draws of an int are the published ones, of RandomState's stream."""
        net = Network([5, 4, 3, 1], seed=np.int64(3))
        assert net.architecture.layer_dims == (5, 4, 3, 1)
        assert net.architecture.activations == ("relu", "relu", "sigmoid")
        assert (net.dtype, net.history, net.seed, type(net.seed)) == (np.float64, None, 3, int)
        expected = initialize_parameters([5, 4, 3, 1], method="he", rng=np.random.RandomState(3))
        assert net.parameters == expected
        assert Network([3, 2, 1], seed=2**32 - 1).seed == 2**32 - 1
        activations = Network([3, 4, 4, 2], activation=["tanh", "sigmoid"], output="softmax").architecture
        assert activations.activations == ("tanh", "sigmoid", "softmax")

    @pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
    def test_a_generator_is_drawn_from_and_without_a_seed_one_is_kept(self, make):
        net, again = (Network([3, 2, 1], seed=make(5)) for _ in range(2))
        assert net.parameters == initialize_parameters([3, 2, 1], rng=make(5))
        assert net.seed == again.seed
        shared = make(5)
        assert not same(Network([3, 2, 1], seed=shared), Network([3, 2, 1], seed=shared))
        drawn = Network([3, 2, 1])
        assert not same(drawn, Network([3, 2, 1]))
        assert same(drawn, Network([3, 2, 1], seed=drawn.seed))

    def test_parameters_from_a_dictionary_or_from_Parameters_are_copied(self):
        given = {"W1": np.array([[1.0, 2.0]]), "b1": np.array([[3.0]])}
        for parameters in (given, Parameters.from_dict(given)):
            net = Network(parameters=parameters)
            assert net.architecture.layer_dims == (2, 1)
            net.parameters["W1"][:] = 9
            np.testing.assert_array_equal(parameters["W1"], [[1, 2]])

    def test_float32(self):
        (X, Y), options = data(), {"iterations": 3, "optimizer": "adam", "batch_size": 4}
        net, wide = Network([3, 4, 2], dtype=np.dtype("f4"), seed=1), Network([3, 4, 2], seed=1)
        history, _ = net.train(X, Y, **options), wide.train(X, Y, **options)
        assert repr(net) == "Network(3-4-2: relu, sigmoid; 26 parameters, float32)"
        assert [line.split()[1] for line in net.summary().splitlines()[1:4]] == ["input", "relu", "sigmoid"]
        assert net.dtype == net.parameters.flat.dtype == net.predict_proba(X).dtype == np.float32
        assert (net.gradients(X, Y)["dW1"].dtype, history.costs.dtype) == (np.float32, np.float64)
        np.testing.assert_allclose(net.parameters.flat, wide.parameters.flat, rtol=1e-4, atol=1e-5)


class TestTrain:
    @pytest.mark.parametrize(
        ("output", "optimizer", "batch_size"),
        [
            *(("sigmoid", rule, 4) for rule in OPTIMIZERS),
            *((head, "gd", (None, 4, 11, 100)[at % 4]) for at, head in enumerate(HEADS)),
        ],
    )
    @pytest.mark.parametrize("engine", ENGINES)
    def test_train_is_its_steps_bit_for_bit(self, engine, output, optimizer, batch_size):
        settings = {"learning_rate": 0.05, "iterations": 4, "batch_size": batch_size, "optimizer": optimizer}
        head = {"output": output, "output_settings": head_settings(output, 2)}
        net, twin = (Network([3, 4, 2], **head, seed=1, engine=engine) for _ in range(2))
        X, Y = data(output)
        history = net.train(X, Y, **settings)
        steps = list(twin.steps(X, Y, **settings))
        assert same(net, twin)
        assert [step.number for step in steps] == list(range(1, len(steps) + 1))
        sizes, costs = np.array([step.X.shape[1] for step in steps]), np.array([step.cost for step in steps])
        for epoch, cost in enumerate(history.costs):
            of_epoch = [step.epoch == epoch for step in steps]
            assert sizes[of_epoch].sum() == 11
            assert cost == pytest.approx(np.average(costs[of_epoch], weights=sizes[of_epoch]), rel=1e-12)

    def test_each_call_begins_with_the_order_of_epoch_0_of_its_seed(self):
        """As documented; who asks for the order of the later epochs has one longer training."""
        once, twice, onward = (Network([3, 4, 2], seed=1) for _ in range(3))
        other = Network(parameters=once.parameters, seed=2)
        for net in (once, other):
            net.train(*data(), iterations=5, batch_size=4)
        for net in (twice, onward):
            net.train(*data(), iterations=2, batch_size=4)
        twice.train(*data(), iterations=3, batch_size=4)
        order = lambda epoch, m: shuffled(onward.seed)(epoch + 2, m)  # noqa: E731
        onward.train(*data(), iterations=3, batch_size=4, order=order)
        assert same(once, onward)
        assert not same(once, twice)
        assert not same(once, other)

    @pytest.mark.parametrize("options", [{}, {"patience": 9}, {"optimizer": "lbfgs"}])
    @pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
    def test_what_ends_a_training_keeps_what_was_reached(self, options, error):
        class Ends(Callback):
            def __init__(self, epoch):
                self.epoch = epoch

            def on_train_begin(self, training):
                if self.epoch < 0:
                    raise error

            def on_epoch_end(self, training, record):
                if record["epoch"] == self.epoch:
                    raise error

        net, twin = Network([3, 4, 2], seed=1), Network([3, 4, 2], seed=1)
        with pytest.raises(error):
            net.train(*data(), callbacks=[Ends(-1)], **options)
        assert (same(net, twin), net.history) == (True, None)
        assert len(twin.train(*data(), iterations=0)) == 0
        assert same(net, twin)
        with pytest.raises(error):
            net.train(*data(), iterations=100, callbacks=[Ends(2)], **options)
        twin.train(*data(), iterations=3, **options)
        assert same(net, twin)
        assert len(net.history) == 3
        assert net.history.stopped in ("interrupted", "ended by ZeroDivisionError")


class TestSteps:
    def test_stop_look_and_go_on(self):
        X, Y = data()
        net, twin = (Network([3, 4, 2], seed=1, engine="reference") for _ in range(2))
        steps = net.steps(X, Y, iterations=10, optimizer="adam", learning_rate=0.01)
        for step in steps:
            if step.number == 4:
                break
        assert net.parameters == step.after
        assert len(list(steps)) == 6  # the same training goes on, with the optimizer's memory
        twin.train(X, Y, iterations=10, optimizer="adam", learning_rate=0.01)
        assert same(net, twin)

    def test_parameters_set_between_steps_are_overwritten(self):
        """As documented: a walk goes on from its own last step, a new one from what the network has."""
        X, Y = data()
        net, twin = (Network([3, 4, 2], seed=1, engine="reference") for _ in range(2))
        other = Network([3, 4, 2], seed=2).parameters
        steps = net.steps(X, Y, iterations=2)
        next(steps)
        net.parameters = other
        next(steps)
        twin.train(X, Y, iterations=2)
        assert same(net, twin)
        net.parameters = other
        assert next(net.steps(X, Y, iterations=1)).before == other


class TestAnswers:
    def test_sigmoid_by_hand(self):
        """Logits -1, 0, 1 for unit 1 and their opposites for unit 2; at ½ exactly the answer is 0."""
        net = Network(parameters={"W1": [[1.0], [-1.0]], "b1": [[0.0], [0.0]]})
        X = [[-1, 0, 1]]
        sigma = 1 / (1 + np.e)
        np.testing.assert_allclose(net.predict_proba(X), [[sigma, 0.5, 1 - sigma], [1 - sigma, 0.5, sigma]])
        assert net.predict(X).tolist() == [[0, 0, 1], [1, 0, 0]]
        assert net.predict(X).dtype.kind == "i"
        assert net.accuracy(X, [[0, 0, 1], [1, 1, 1]]) == pytest.approx(4 / 6)
        J = np.mean([2 * np.log1p(np.exp(-1)), 2 * np.log(2), 2 * np.log1p(np.exp(-1))])
        assert net.cost(X, [[0, 1, 1], [1, 0, 0]]) == pytest.approx(J, rel=1e-14)

    def test_softmax_by_hand(self):
        net = Network(
            parameters={"W1": [[0.0], [np.log(2)], [0.0]], "b1": [[0.0], [0.0], [np.log(2)]]},
            output="softmax",
        )
        X = [[0, 2, -1]]  # weights 1:1:2, 1:4:2, 1:½:2
        expected = np.array([[1 / 4, 1 / 7, 2 / 7], [1 / 4, 4 / 7, 1 / 7], [2 / 4, 2 / 7, 4 / 7]])
        np.testing.assert_allclose(net.predict_proba(X), expected)
        assert net.predict(X).tolist() == [[2, 1, 2]]
        Y = np.eye(3)[:, [2, 1, 0]]
        assert net.accuracy(X, Y) == pytest.approx(2 / 3)
        assert net.cost(X, Y) == pytest.approx(-np.mean(np.log([2 / 4, 4 / 7, 2 / 7])), rel=1e-14)

    def test_identity_by_hand(self):
        net = Network(parameters={"W1": [[2.0], [0.0]], "b1": [[1.0], [3.0]]}, output="identity")
        assert net.predict([[0, 1]]).tolist() == [[1, 3], [3, 3]]
        assert net.cost([[0, 1]], [[1, 1], [1, 3]]) == ((0 + 4) + (4 + 0)) / 2 / 2
        for answer in (net.predict_proba, lambda X: net.accuracy(X, [[1], [1]])):
            with pytest.raises(ConfigurationError, match="The output 'identity' gives numbers"):
                answer([[0]])

    @pytest.mark.parametrize("output", HEADS)
    def test_down_to_one_unit_and_one_example(self, output):
        for layer_dims in ([1, 1], [1, 1, 1], [2, 3, 2]):
            head = {"output": output, "output_settings": head_settings(output, layer_dims[-1])}
            net, n = Network(layer_dims, **head, seed=1), layer_dims[-1]
            X, Y = np.full((layer_dims[0], 1), 0.5), np.eye(n)[:, :1]
            Y = Y[:1].repeat(n, axis=0) if output == "quantile" else Y
            history = net.train(X, Y, learning_rate=0.1, iterations=3)
            assert np.isfinite(history.costs).all()
            assert output == "absolute_error" or (np.diff(history.costs) <= 0).all()  # its steps stay as long
            assert net.predict(X).shape == ((1 if output in ("softmax", "ordinal") else n), 1)
            assert net.trace(X, Y)["J"].value == net.cost(X, Y)
            assert net.check_gradients(X, Y).passed

    def test_inputs_of_many_kinds(self):
        net, X = Network([3, 4, 2], seed=1), data()[0] > 0
        for kind in (list, np.asfortranarray, np.float16, lambda X: X[:, ::-1][:, ::-1], lambda X: X * 1):
            np.testing.assert_allclose(net.forward(kind(X)), net.forward(X.astype(float)), rtol=1e-14)


class TestFile:
    """Each class of an archive and its heads are in `test_archive.py`."""

    def test_training_goes_on_as_if_nothing_had_happened(self, tmp_path):
        class Mine(Network):
            pass

        net, (X, Y) = Network([3, 4, 2], seed=7, dtype="float32"), data()
        net.train(X, Y, iterations=3, batch_size=4)
        net.save(tmp_path / "net")
        back = Mine.load(str(tmp_path / "net"))
        assert (type(back), back.seed) == (Mine, 7)
        for each in (net, back):
            each.train(X, Y, iterations=3, batch_size=4)
        assert same(net, back)
