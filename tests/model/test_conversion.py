"""Networks from scikit-learn and torch and to torch: outputs, and what has no counterpart."""

from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn

from deepstep import Network, NetworkClassifier
from deepstep.equations import ACTIVATIONS, HEADS
from deepstep.errors import ConfigurationError, DataError, ShapeError
from deepstep.model.conversion import ACTIVATION, TWINS, Increasing, Ordinal
from head_examples import head_target

M = 12
OF_TORCH = [name for name, twin in TWINS.items() if twin.role == ACTIVATION]
CLOSE = {"float64": {"rtol": 1e-10, "atol": 1e-12}, "float32": {"rtol": 2e-4, "atol": 2e-5}}

TORCH_ACTIVATIONS = [
    *(nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, lambda: nn.GELU("tanh"), nn.SiLU, nn.Mish),
    *(nn.Softplus, nn.Tanh, nn.Sigmoid, nn.Identity, lambda: nn.Softmax(dim=1), lambda: nn.Softmax(-1)),
]


def columns(tensor):
    return tensor.detach().numpy().T


def inputs(n, seed=0, dtype="float64"):
    return np.random.RandomState(seed).standard_normal((n, M)).astype(dtype)


def random_norm(norm, rng):
    """Its numbers as after some training."""
    with torch.no_grad():
        for name, tensor in [*norm.named_parameters(), *norm.named_buffers()]:
            if tensor.is_floating_point():
                low = 0.5 if name in ("weight", "running_var") else -1
                tensor.copy_(torch.tensor(rng.uniform(low, 2, size=tensor.shape)))
    return norm


@st.composite
def modules(draw):
    """A Sequential as somebody may have built it, in float64."""
    rng = np.random.RandomState(draw(st.integers(0, 2**16)))
    torch.manual_seed(rng.randint(2**31))
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    parts = [nn.Flatten()] if draw(st.booleans()) else []
    for layer in range(1, len(sizes)):
        norm = draw(st.sampled_from(["none", "batch", "layer"])) if layer < len(sizes) - 1 else "none"
        bias = draw(st.booleans()) and norm != "layer"
        parts.append(nn.Linear(sizes[layer - 1], sizes[layer], bias=bias, dtype=torch.float64))
        if norm == "batch":
            parts.append(random_norm(nn.BatchNorm1d(sizes[layer], dtype=torch.float64), rng))
        elif norm == "layer":
            affine = draw(st.booleans())
            parts.append(random_norm(nn.LayerNorm(sizes[layer], bias=affine, dtype=torch.float64), rng))
        if layer < len(sizes) - 1:
            parts.append(draw(st.sampled_from(TORCH_ACTIVATIONS))())
            if draw(st.booleans()):
                parts.append(nn.Dropout(0.5))
    parts.append(draw(st.sampled_from([nn.Identity, nn.Sigmoid, lambda: nn.Softmax(dim=1)]))())
    if draw(st.booleans()):  # the same in a nest
        parts = [nn.Sequential(*parts[:2]), *parts[2:]]
    return nn.Sequential(*parts)


def not_finite(module):
    """The module, one of whose weights is NaN."""
    with torch.no_grad():
        module.weight[0] = np.nan
    return module


class TestFromTorch:
    @settings(max_examples=30)
    @given(module=modules(), seed=st.integers(0, 1000))
    def test_outputs_are_those_of_torch(self, module, seed):
        net = Network.from_torch(module)
        X = inputs(net.architecture.n_inputs, seed)
        A = module.eval()(torch.from_numpy(X.T.copy()))
        np.testing.assert_allclose(net.forward(X), columns(A), rtol=1e-10, atol=1e-12)
        assert Network.from_torch(net.to_torch()).architecture == net.architecture

    def test_the_output_decides_what_a_linear_end_means(self):
        module = nn.Sequential(nn.Linear(3, 3, dtype=torch.float64))
        X = inputs(3)
        Z = columns(module(torch.from_numpy(X.T.copy())))
        for output, head in HEADS.items():
            net = Network.from_torch(module, output=output)
            assert net.architecture.output == output
            np.testing.assert_allclose(net.forward(X), ACTIVATIONS[head.activation].forward(Z), rtol=1e-12)
        assert Network.from_torch(module[0]).architecture.output == "identity"
        net = Network.from_torch(module, output="huber", output_settings={"delta": 3})
        assert dict(net.architecture.output_settings) == {"delta": 3}

    @pytest.mark.parametrize(
        ("parts", "message"),
        [
            ([], "The module has no Linear"),
            ([nn.Linear(2, 2), nn.ReLU(), nn.Tanh()], "Module 2 (Tanh) is out of order"),
            ([nn.Linear(2, 2), nn.BatchNorm1d(2)], "The last Linear, module 0, has a normalization"),
            ([nn.Linear(2, 2), nn.LeakyReLU(0.2)], "negative_slope=0.01 for 'leaky_relu', got Leaky"),
            ([nn.Linear(2, 2), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(2, 1)], "size 2 of the Linear before"),
            ([nn.Linear(2, 2), nn.LayerNorm(2), nn.ReLU(), nn.Linear(2, 1)], "a layer with a bias: that of"),
            ([OrderedDict(first=nn.Linear(2, 2), second=nn.Hardtanh())], "Module second (Hardtanh)"),
            ([nn.Linear(2, 2, dtype=torch.bfloat16)], "must be of float32 or float64, got"),
            ([nn.Linear(2, 2, device="meta")], "parameters without numbers: they are on the device meta"),
            ([nn.utils.spectral_norm(nn.Linear(2, 2))], "Module 0 (Linear) has hooks"),
            ([nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 1)], "W2 must have shape (n_2, n_1) with"),
            ([not_finite(nn.Linear(2, 2))], "has an entry that is not finite in float32"),
        ],
    )
    def test_what_has_no_counterpart_is_named_with_its_place(self, parts, message):
        with pytest.raises((ConfigurationError, ShapeError, DataError)) as error:
            Network.from_torch(nn.Sequential(*parts))
        assert message in str(error.value)

    def test_an_output_that_does_not_fit_the_end(self):
        message = "^The module ends with 'sigmoid', and .* 'softmax', or Linear alone"
        with pytest.raises(ConfigurationError, match=message):
            Network.from_torch(nn.Sequential(nn.Linear(2, 2), nn.Sigmoid()), output="softmax")


class TestToTorch:
    @pytest.mark.parametrize("activation", OF_TORCH)
    def test_every_activation(self, activation, fresh_seed):
        rng = np.random.default_rng([fresh_seed, OF_TORCH.index(activation)])
        factors, normalization = bool(rng.integers(2)), str(rng.choice(["none", "batch", "layer"]))
        dtype = str(rng.choice(["float64", "float32"]))
        first = "small" if activation == "exponential" else "he"  # e to the e is soon too large
        options = {"normalization": normalization, "dtype": dtype, "input_scale": factors}
        net = Network([3, 5, 4, 2], activation=activation, **options, initialization=first, seed=3)
        net.train(inputs(3), head_target("sigmoid", 2, M), iterations=3, learning_rate=0.1)  # own statistics
        module = net.to_torch()
        X, tolerance = inputs(3, seed=1, dtype=dtype), CLOSE[dtype]
        A = module(torch.from_numpy(X.T.copy()))
        assert A.dtype == getattr(torch, dtype)
        np.testing.assert_allclose(columns(A), net.forward(X), **tolerance)
        again = Network.from_torch(module)
        assert again.architecture == net.architecture
        assert again.parameters == net.parameters

    @pytest.mark.parametrize("output", HEADS)
    def test_every_output(self, output):
        net, X = Network([3, 5, 3], activation="tanh", output=output, seed=3), inputs(3, seed=1)
        activation, rows = ACTIVATIONS[HEADS[output].activation], torch.from_numpy(X.T.copy())
        module, logits = net.to_torch(), net.to_torch(logits=True)
        assert type(logits[-1]) is nn.Linear
        for A in (columns(module(rows)), activation.forward(columns(logits(rows)))):
            np.testing.assert_allclose(A, net.forward(X), rtol=1e-12, atol=1e-12)

    def test_extreme_logits(self):
        """Softplus within the outputs neither overflows nor is cut at torch's 20."""
        Z = torch.tensor([[0.0, 25.0, -800.0], [1.0, 800.0, 35.0]], dtype=torch.float64)
        for module, name in ((Increasing(), "increasing"), (Ordinal(), "ordinal")):
            expected = ACTIVATIONS[name].forward(Z.numpy().T)
            np.testing.assert_allclose(columns(module(Z)), expected, rtol=1e-14)
        expected = ACTIVATIONS["softplus"].forward(Z.numpy())
        np.testing.assert_allclose(TWINS["softplus"].make()(Z).numpy(), expected, rtol=1e-15)
        assert TWINS["exponential"].make()(torch.zeros(1, 1)).item() == 1


def test_numbers_are_copied_both_ways():
    """And a module that is made is in evaluation mode."""
    net = Network([2, 3, 1], normalization="batch", seed=1)
    module, X = net.to_torch(), np.ones((2, 4))
    assert not module.training
    again, before = Network.from_torch(module), net.forward(X)
    module.train()(torch.randn(4, 2, dtype=torch.float64))  # moves its statistics
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.fill_(9)
    for network in (net, again):
        np.testing.assert_array_equal(network.forward(X), before)


TASKS = {
    "binary": (MLPClassifier, {}, "sigmoid", lambda rng: rng.randint(2, size=M)),
    "multiclass": (MLPClassifier, {}, "softmax", lambda rng: rng.randint(3, size=M)),
    "multilabel": (MLPClassifier, {}, "sigmoid", lambda rng: rng.randint(2, size=(M, 3))),
    "number": (MLPRegressor, {}, "identity", lambda rng: rng.standard_normal(M)),
    "numbers": (MLPRegressor, {}, "identity", lambda rng: rng.standard_normal((M, 2))),
    "counts": (MLPRegressor, {"loss": "poisson"}, "poisson", lambda rng: rng.poisson(2, size=M)),
}
"""Estimator, its settings, our head, and targets."""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestFromSklearn:
    @pytest.mark.parametrize(
        ("activation", "dtype"),
        [("identity", "float64"), ("logistic", "float32"), ("tanh", "float64"), ("relu", "float32")],
    )
    @pytest.mark.parametrize("task", TASKS)
    def test_the_outputs_are_scikit_learns(self, task, activation, dtype):
        kind, settings, output, draw = TASKS[task]
        X = inputs(4, seed=1, dtype=dtype).T
        settings = {"hidden_layer_sizes": (5, 3), "max_iter": 3, "random_state": 0, **settings}
        estimator = kind(activation=activation, **settings).fit(X, draw(np.random.RandomState(1)))
        net = Network.from_sklearn(estimator)
        assert (net.architecture.output, net.dtype) == (output, np.dtype(dtype))
        A = net.forward(X.T).T
        if task == "binary":
            A = np.hstack([1 - A, A])
        ask = estimator.predict_proba if output in ("sigmoid", "softmax") else estimator.predict
        np.testing.assert_allclose(A, ask(X).reshape(A.shape), **CLOSE[dtype])

    def test_other_objects_are_refused(self):
        other = "^estimator must be an MLPClassifier or .* in the attribute network_"
        unfitted = "^The estimator is not fitted. Call its fit"
        for estimator, message in ((None, other), (NetworkClassifier(), other), (MLPClassifier(), unfitted)):
            with pytest.raises(ConfigurationError, match=message):
                Network.from_sklearn(estimator)


def test_every_activation_has_a_module_of_pytorch():
    assert {*ACTIVATIONS.built_in} <= {name for name, twin in TWINS.items() if twin.role == ACTIVATION}
