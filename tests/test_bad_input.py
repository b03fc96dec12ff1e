"""Bad input: a typed error that begins with the problem; nothing has changed afterwards."""

from functools import partial

import numpy as np
import pytest
import scipy.sparse

from deepstep import Network
from deepstep.errors import ConfigurationError, DataError, ShapeError

NAN, INF = float("nan"), float("inf")


def check_error(call, error, *parts: str) -> None:
    """The call is refused with one sentence and a hint, in which these parts are."""
    with pytest.raises(error) as raised:
        call()
    text = str(raised.value)
    assert text == f"{raised.value.problem}. {raised.value.hint}".strip()
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
    (X[None], ShapeError, "got shape (1, 3, 4). Flatten each example to a column."),
    (np.zeros((3, 0)), DataError, "X must have at least one example, got shape (3, 0)"),
    (with_value(X, NAN), DataError, "got nan at X[2, 2], 1 of 12 values are not finite"),
    (with_value(X, -INF), DataError, "got -inf at X[2, 2]"),
    (np.ma.masked_less(X, 0.5), DataError, "X must be an array without masked values, got MaskedArray"),
    (scipy.sparse.csr_array(X), DataError, "X must be dense, got csr_array"),
    ([[1, 2], [3]], DataError, "X must be an array of numbers, got rows of different lengths"),
    ([[1], [None], [2]], DataError, "got nan at X[1, 0], 1 of 3 values are not finite"),
    ([[10**400], [1], [2]], DataError, "X must be an array of numbers, got list"),
    (None, DataError, "X must be an array of numbers, got None"),
    (X * 1j, DataError, "X must be an array of real numbers, got dtype complex128"),
    (X.astype(str), DataError, "X must be an array of real numbers, got dtype <U32"),
    (X.astype("M8[s]"), DataError, "got dtype datetime64[s]"),
]

BAD_Y = [  # others are in network/test_border.py
    (Y.T, ShapeError, "got shape (4, 1). Columns are examples here; pass Y.T."),
    (with_value(Y, NAN), DataError, "got nan at Y[0, 2], 1 of 4 values are not finite"),
    (None, DataError, "Y must be an array of numbers"),
]

USES = ("train", "steps", "cost", "accuracy", "gradients", "trace", "check_gradients")
READS = ("forward", "predict", "predict_proba")


def used(name, net, X, Y):
    few = {"iterations": 2} if name in ("train", "steps") else {}
    return getattr(net, name)(X, Y, **few)


@pytest.fixture
def net():
    """A network whose parameters and history must be the same after the test."""
    network = Network([3, 2, 1], seed=1)
    before, history = network.parameters.flat.copy(), network.history
    yield network
    np.testing.assert_array_equal(network.parameters.flat, before)
    assert network.history is history


@pytest.mark.parametrize(("bad", "error", "message"), BAD_X)
def test_X(net, bad, error, message):
    for name in USES:
        check_error(partial(used, name, net, bad, Y), error, message)
    for name in READS:
        check_error(partial(getattr(net, name), bad), error, message)
    message = message.removeprefix("X ")
    check_error(lambda: net.train(X, Y, validation=(bad, Y)), error, "validation X must ", message)


@pytest.mark.parametrize(("bad", "error", "message"), BAD_Y)
def test_Y(net, bad, error, message):
    for name in USES:
        check_error(partial(used, name, net, X, bad), error, message)
    message = message.removeprefix("Y ")
    check_error(lambda: net.train(X, Y, validation=(X, bad)), error, "validation Y must ", message)


def test_values_too_large_for_float32_are_not_finite_there():
    net = Network([3, 2, 1], dtype="float32", seed=1)
    message = "X must have finite values of float32 only, got 1e+39 at X[2, 2], 1 of 12"
    check_error(lambda: net.predict(with_value(X, 1e39)), DataError, message)


@pytest.mark.parametrize("output", ["softmax", "identity"])
def test_finite_inputs_whose_outputs_are_not(output):
    """A NaN for a probability would be answered with class 0."""
    net = Network(parameters={"W1": np.full((2, 3), 10.0), "b1": np.zeros((2, 1))}, output=output)
    huge, truth = with_value(X, 1e308), np.eye(2)[:, [0, 1, 1, 0]]
    calls = [partial(net.forward, huge), partial(net.predict, huge)]
    if output == "softmax":
        calls += [partial(net.predict_proba, huge), partial(net.accuracy, huge, truth)]
    for call in calls:
        check_error(call, DataError, "which is no finite number of float64. ", "scale them as in training")
    assert np.isfinite(net.forward(X)).all()


def test_one_class_is_not_learned_but_may_be_looked_at(net):
    for name in ("train", "steps"):
        for value in (0, 1):
            message = f"All 4 columns of Y have the same class, [{value}.0]"
            check_error(partial(used, name, net, X, np.full((1, 4), value)), DataError, message)
    assert np.isfinite(net.cost(X, np.zeros((1, 4))))


FOREIGN = {"layer_dims": None, "features": {"periodic_embedding": True}, "parameters": {"W1": [[1.0]]}}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layer_dims": None}, "Network needs layer sizes or parameters. "),
        (FOREIGN, "Network needs layer sizes or Parameters, arrays by name beside features"),
        ({"activation": "rellu"}, "activation must be one of 16, among them 'relu', 'elu'"),
        ({"activation": ["rellu"]}, "got 'rellu'. Did you mean 'relu'?"),
        ({"activation": ["relu", "tanh"]}, "or a list of 1, got ['relu', 'tanh']"),
        ({"activation": "tahn", "layer_dims": [4, 1]}, "Did you mean 'tanh'?"),
        ({"output": "sofmax"}, "'poisson', 'quantile', 'ordinal', got 'sofmax'. Did you mean 'softmax'?"),
        ({"initialization": ["he"]}, "initialization must be one of 'he', 'he_uniform', 'glorot'"),
        ({"engine": None}, "got None"),
        ({"seed": 2**32}, "got 4294967296"),
        ({"seed": True}, "got True"),
        ({"dtype": "float16"}, "dtype must be 'float64' or 'float32', got 'float16'"),
        ({"parameters": {"W1": [[1.0]], "b1": [[0.0]]}}, "of layer sizes [3, 2, 1], got those of [1, 1]"),
    ],
)
def test_settings_of_the_network(settings, message):
    call = {"layer_dims": [3, 2, 1], "seed": 1, **settings}
    check_error(lambda: Network(**call), ConfigurationError, message)


def test_parameters_of_the_network():
    """Those of other shapes are in network/test_parameters.py."""
    check_error(lambda: Network(parameters=5), DataError, "must be a mapping with W1, b1, …, got int")
    bad = {"W1": [[1.0]], "b1": [[-INF]]}
    check_error(lambda: Network(parameters=bad), DataError, "b1 has an entry that is not finite in float64")


MOMENTUM = {"optimizer": "momentum"}
OF_BOTH = [  # others are in training/test_loop.py
    ({"learning_rate": NAN}, "got nan"),
    ({"learning_rate": "fast"}, "got 'fast'"),
    ({"iterations": -1}, "iterations must be a whole number of at least 0, got -1"),
    ({"iterations": True}, "got True"),
    ({"batch_size": 4.0}, "got 4.0"),
    ({"optimizer": "adma"}, "optimizer must be one of 'gd', 'momentum'"),
    ({"optimizer": "adam", "optimizer_params": {"beta_1": 0.9}}, "got 'beta_1'. Did you mean 'beta1'?"),
    ({"optimizer_params": {"beta": 0.9}}, "optimizer_params must have no names, got 'beta'"),
    ({**MOMENTUM, "optimizer_params": {"beta": 1}}, "must be a number from 0 to below 1, got 1"),
    ({**MOMENTUM, "optimizer_params": 0.9}, "optimizer_params must be a mapping"),
]
OF_TRAIN = [  # and in model/test_refused.py
    ({"validation": (X,)}, "(X, Y) or (X, Y, sample_weight), got tuple"),
    ({"callbacks": [None]}, "Callback objects or functions of a record, got None"),
    ({"progress": print}, "Use callbacks=[…]."),
    ({"order": lambda epoch, m: [9] * m, "batch_size": 2}, "4 whole numbers from 0 to 3"),
]
OTHERS = [
    ("trace", {"learning_rate": -1}, "a positive number"),
    ("check_gradients", {"epsilon": 0}, "a positive number"),
]


@pytest.mark.parametrize(
    ("use", "settings", "message"),
    [
        *((use, *case) for use in ("train", "steps") for case in OF_BOTH),
        *(("train", *case) for case in OF_TRAIN),
        *OTHERS,
    ],
)
def test_settings_of_what_a_network_does(net, use, settings, message):
    check_error(lambda: getattr(net, use)(X, Y, **settings), ConfigurationError, message)
