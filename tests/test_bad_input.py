"""Bad input: a typed error that begins with the problem; nothing has changed afterwards."""

import numpy as np
import pytest

from deepstep import DeepStepError, Network
from deepstep.errors import ConfigurationError, DataError, ShapeError

NAN, INF = float("nan"), float("inf")


def check_error(error: DeepStepError, *parts: str) -> None:
    text = str(error)
    assert text == f"{error.problem}. {error.hint}".strip()
    assert "\n" not in text
    for part in parts:
        assert part in text, text


X = np.arange(12.0).reshape(3, 4) / 10
Y = np.array([[0, 1, 1, 0]])


def with_value(array, value):
    changed = np.array(array, dtype=float)
    changed[-1, 2] = value
    return changed


BAD_X = [
    (X.T, ShapeError, "each example, got shape (4, 3). If your rows are examples, pass X.T."),
    (X[:2], ShapeError, "X must have 3 rows, and a column for each example, got shape (2, 4)."),
    (X[:, 0], ShapeError, "got shape (3,). Pass X.reshape(3, -1)."),
    (1.5, ShapeError, "got shape ()"),
    (X[None], ShapeError, "got shape (1, 3, 4). Flatten each example to a column."),
    (np.zeros((3, 0)), DataError, "X must have at least one example, got shape (3, 0)"),
    (np.zeros((0, 4)), DataError, "at least one example, got shape (0, 4)"),
    ([], DataError, "at least one example, got shape (0,)"),
    (with_value(X, NAN), DataError, "got nan at X[2, 2], 1 of 12 values are not finite"),
    (with_value(X, INF), DataError, "got inf at X[2, 2]"),
    (with_value(X, -INF), DataError, "got -inf at X[2, 2]"),
    (np.ma.masked_less(X, 0.5), DataError, "X must be an array without masked values, got MaskedArray"),
    ([[1, 2], [3]], DataError, "X must be an array of numbers, got rows of different lengths"),
    ([[1], [None], [2]], DataError, "got nan at X[1, 0], 1 of 3 values are not finite"),
    ([[10**400], [1], [2]], DataError, "X must be an array of numbers, got list"),
    (None, DataError, "X must be an array of numbers, got None"),
    (X * 1j, DataError, "X must be an array of real numbers, got dtype complex128"),
    (X.astype(str), DataError, "X must be an array of real numbers, got dtype <U32"),
    (X.astype("M8[s]"), DataError, "got dtype datetime64[s]"),
    ("pictures.h5", DataError, "X must be an array of real numbers"),
]

BAD_Y = [
    (Y.T, ShapeError, "got shape (4, 1). Columns are examples here; pass Y.T."),
    (Y.ravel(), ShapeError, "got shape (4,). Pass Y.reshape(1, -1)."),
    (Y[:, :3], ShapeError, "Y must have shape (1, 4), a column for each example, got shape (1, 3)."),
    (with_value(Y, NAN), DataError, "got nan at Y[0, 2], 1 of 4 values are not finite"),
    (
        with_value(Y, 2),
        DataError,
        "Y must hold numbers from 0 to 1 for a sigmoid output, got values from 0 to 2",
    ),
    ([["cat", "dog", "dog", "cat"]], DataError, "Y must be an array of real numbers, got dtype <U3"),
    (None, DataError, "Y must be an array of numbers"),
]

USES = {
    "train": lambda net, X, Y: net.train(X, Y, iterations=2),
    "steps": lambda net, X, Y: net.steps(X, Y, iterations=2),
    "cost": lambda net, X, Y: net.cost(X, Y),
    "accuracy": lambda net, X, Y: net.accuracy(X, Y),
    "gradients": lambda net, X, Y: net.gradients(X, Y),
    "trace": lambda net, X, Y: net.trace(X, Y),
    "check_gradients": lambda net, X, Y: net.check_gradients(X, Y),
}
READS = {
    name: (lambda net, X, name=name: getattr(net, name)(X))
    for name in ("forward", "predict", "predict_proba")
}


@pytest.fixture
def net():
    """A network whose parameters and history must be the same after the test."""
    network = Network([3, 2, 1], seed=1)
    before, history = network.parameters.flat.copy(), network.history
    yield network
    np.testing.assert_array_equal(network.parameters.flat, before)
    assert network.history is history


def refused(call, argument, error, message):
    with pytest.raises(error) as raised:
        call()
    check_error(raised.value, message)
    assert str(raised.value).startswith(f"{argument} must ")


@pytest.mark.parametrize(("bad", "error", "message"), BAD_X)
def test_X(net, bad, error, message):
    for call in USES.values():
        refused(lambda call=call: call(net, bad, Y), "X", error, message)
    for call in READS.values():
        refused(lambda call=call: call(net, bad), "X", error, message)
    message = message.removeprefix("X ")
    refused(lambda: net.train(X, Y, validation=(bad, Y)), "validation X", error, message)


@pytest.mark.parametrize(("bad", "error", "message"), BAD_Y)
def test_Y(net, bad, error, message):
    for call in USES.values():
        refused(lambda call=call: call(net, X, bad), "Y", error, message)
    message = message.removeprefix("Y ")
    refused(lambda: net.train(X, Y, validation=(X, bad)), "validation Y", error, message)


def test_sparse_inputs_are_refused_with_the_way_out(net):
    import scipy.sparse

    with pytest.raises(DataError) as raised:
        net.predict(scipy.sparse.csr_array(X))
    check_error(raised.value, "X must be dense, got csr_array. Pass X.toarray().")


def test_values_too_large_for_float32_are_not_finite_there():
    net = Network([3, 2, 1], dtype="float32", seed=1)
    with pytest.raises(DataError) as raised:
        net.predict(with_value(X, 1e39))
    check_error(raised.value, "X must have finite values of float32 only, got 1e+39 at X[2, 2], 1 of 12")


@pytest.mark.parametrize(
    ("output", "read"),
    [*(("softmax", read) for read in (*READS, "accuracy")), ("identity", "forward"), ("identity", "predict")],
)
def test_finite_inputs_whose_outputs_are_not(output, read):
    """A NaN for a probability would be answered with class 0."""
    net = Network(parameters={"W1": np.full((2, 3), 10.0), "b1": np.zeros((2, 1))}, output=output)
    huge, truth = with_value(X, 1e308), np.eye(2)[:, [0, 1, 1, 0]]
    with pytest.raises(DataError) as raised:
        net.accuracy(huge, truth) if read == "accuracy" else READS[read](net, huge)
    check_error(
        raised.value, "An output is ", "which is no finite number of float64. ", "scale them as in training"
    )
    assert np.isfinite(READS["forward"](net, X)).all()


class TestClasses:
    @pytest.mark.parametrize("value", [0, 1])
    @pytest.mark.parametrize("use", ["train", "steps"])
    def test_one_class_only(self, net, use, value):
        with pytest.raises(DataError) as raised:
            USES[use](net, X, np.full((1, 4), value))
        check_error(raised.value, f"All 4 columns of Y have the same class, [{value}.0]")

    def test_one_class_may_be_looked_at(self, net):
        assert np.isfinite(net.cost(X, np.zeros((1, 4))))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layer_dims": None}, "Network needs layer sizes or parameters. "),
        (
            {"layer_dims": None, "features": {"periodic_embedding": True}, "parameters": {"W1": [[1.0]]}},
            "Network needs layer sizes or Parameters, arrays by name beside features",
        ),
        ({"layer_dims": []}, "layer_dims must have at least two sizes, inputs and outputs, got []"),
        ({"layer_dims": [3, -2, 1]}, "layer_dims must be whole numbers of at least 1, got -2 as size 1"),
        ({"activation": "rellu"}, "activation must be one of 16, among them 'relu', 'elu'"),
        ({"activation": ["rellu"]}, "got 'rellu'. Did you mean 'relu'?"),
        ({"activation": ["relu", "tanh"]}, "or a list of 1, got ['relu', 'tanh']"),
        ({"activation": None}, "got None"),
        ({"output": "sofmax"}, "'poisson', 'quantile', 'ordinal', got 'sofmax'. Did you mean 'softmax'?"),
        ({"output": "relu"}, "got 'relu'"),
        ({"initialization": "xe"}, "initialization must be one of 'he', 'he_uniform', 'glorot'"),
        ({"initialization": ["he"]}, "got ['he']"),
        ({"engine": "refrence"}, "got 'refrence'. Did you mean 'reference'?"),
        ({"engine": None}, "got None"),
        ({"seed": -1}, "got -1"),
        ({"seed": 2**32}, "got 4294967296"),
        ({"seed": True}, "got True"),
        ({"seed": "1"}, "got '1'"),
        ({"dtype": "float16"}, "dtype must be 'float64' or 'float32', got 'float16'"),
        ({"parameters": {"W1": [[1.0]], "b1": [[0.0]]}}, "of layer sizes [3, 2, 1], got those of [1, 1]"),
    ],
)  # fmt: skip
def test_settings_of_the_network(settings, message):
    with pytest.raises(ConfigurationError) as raised:
        Network(**{"layer_dims": [3, 2, 1], "seed": 1, **settings})
    check_error(raised.value, message)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (5, DataError, "parameters must be a mapping with W1, b1, …, got int"),
        ({}, ShapeError, "parameters must have the keys W1, b1, W2, b2, … without gaps, got []"),
        ({"W1": [[NAN]], "b1": [[0.0]]}, DataError, "W1 has an entry that is not finite in float64"),
        ({"W1": [[1.0]], "b1": [[-INF]]}, DataError, "b1 has an entry that is not finite in float64"),
    ],
)
def test_parameters_of_the_network(parameters, error, message):
    with pytest.raises(error) as raised:
        Network(parameters=parameters)
    check_error(raised.value, message)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0}, "learning_rate must be a positive number, got 0"),
        ({"learning_rate": -1.0}, "got -1.0"),
        ({"learning_rate": NAN}, "got nan"),
        ({"learning_rate": "fast"}, "got 'fast'"),
        ({"iterations": -1}, "iterations must be a whole number of at least 0, got -1"),
        ({"iterations": 2.5}, "got 2.5"),
        ({"iterations": True}, "got True"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"batch_size": 4.0}, "got 4.0"),
        ({"optimizer": "adma"}, "optimizer must be one of 'gd', 'momentum'"),
        ({"optimizer": None}, "got None"),
        ({"optimizer": "adam", "optimizer_params": {"beta_1": 0.9}}, "got 'beta_1'. Did you mean 'beta1'?"),
        ({"optimizer_params": {"beta": 0.9}}, "optimizer_params must have no names, got 'beta'"),
        (
            {"optimizer": "momentum", "optimizer_params": {"beta": 1}},
            "must be a number from 0 to below 1, got 1",
        ),
        ({"optimizer": "momentum", "optimizer_params": 0.9}, "optimizer_params must be a mapping"),
        ({"order": [0, 1, 2, 3]}, "order must be a function order(epoch, m), got [0, 1, 2, 3]"),
    ],
)
@pytest.mark.parametrize("use", ["train", "steps"])
def test_settings_of_training(net, use, settings, message):
    with pytest.raises(ConfigurationError) as raised:
        getattr(net, use)(X, Y, **settings)
    check_error(raised.value, message)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"validation": 5}, "validation must be (X, Y) or (X, Y, sample_weight), got int"),
        ({"validation": (X,)}, "(X, Y) or (X, Y, sample_weight), got tuple"),
        ({"callbacks": 5}, "callbacks must be a list of Callback objects or functions of"),
        ({"callbacks": [None]}, "Callback objects or functions of a record, got None"),
        (
            {"order": lambda epoch, m: [9] * m, "batch_size": 2},
            "4 whole numbers from 0 to 3",
        ),
        ({"order": lambda epoch, m: [0, 1], "batch_size": 2}, "got shape (2,)"),
    ],
)
def test_settings_of_train_alone(net, settings, message):
    with pytest.raises(ConfigurationError) as raised:
        net.train(X, Y, **settings)
    check_error(raised.value, message)


@pytest.mark.parametrize("method", ["trace", "check_gradients"])
def test_settings_of_inspection(net, method):
    setting = {"trace": {"learning_rate": -1}, "check_gradients": {"epsilon": 0}}[method]
    with pytest.raises(ConfigurationError) as raised:
        getattr(net, method)(X, Y, **setting)
    check_error(raised.value, "a positive number")


def test_a_misspelt_activation_shows_without_hidden_layers_too():
    with pytest.raises(ConfigurationError) as error:
        Network([4, 1], activation="tahn")
    check_error(error.value, "Did you mean 'tanh'?")


def test_progress_is_no_function():
    net = Network([3, 1], seed=1)
    with pytest.raises(ConfigurationError) as error:
        net.train(X, Y, iterations=1, progress=print)
    check_error(error.value, "Use callbacks=[…].")
