"""Networks from scikit-learn and torch and to torch: outputs, gradients and what has no counterpart."""

import copy
import sys
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPClassifier, MLPRegressor
from torch import nn
from torch.nn.functional import binary_cross_entropy, cross_entropy, mse_loss

from deepstep import Network, NetworkClassifier
from deepstep.equations import ACTIVATIONS, HEADS
from deepstep.errors import ConfigurationError, DataError, MissingPackageError, ShapeError
from deepstep.model.conversion import ACTIVATION, TWINS, Increasing, InputScale, Ordinal
from head_examples import head_target

M = 7
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


def torch_loss(output, A, Y):
    """The mean of the summed loss, of the outputs as rows."""
    if output in ("sigmoid", "ordinal"):
        return binary_cross_entropy(A, Y, reduction="sum") / len(A)
    if output == "softmax":
        return cross_entropy(torch.log(A), Y)
    return mse_loss(A, Y, reduction="sum") / 2 / len(A)


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


def torch_gradients(module, output, X, Y):
    """Autograd's, in training mode without dropout, under our names."""
    module.train()
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.eval()
    module.zero_grad()
    torch_loss(output, module(torch.from_numpy(X.T.copy())), torch.from_numpy(Y.T.copy())).backward()
    found, layer = {}, 0
    for part in module.modules():
        if isinstance(part, InputScale):
            found["ds1"] = part.weight.grad.numpy()[:, np.newaxis]
        if isinstance(part, nn.Linear):
            layer += 1
            found[f"dW{layer}"] = part.weight.grad.numpy()
        if isinstance(part, nn.Linear | nn.BatchNorm1d | nn.LayerNorm) and part.bias is not None:
            found[f"db{layer}"] = part.bias.grad.numpy()[:, np.newaxis]
        if isinstance(part, nn.BatchNorm1d | nn.LayerNorm):
            found[f"dgamma{layer}"] = part.weight.grad.numpy()[:, np.newaxis]
            if part.bias is None:  # the bias of the Linear before it is none of ours
                found.pop(f"db{layer}", None)
    return found


def amplification(module, X):
    """How many times normalization may multiply a rounding error on its way through the module.

    Each one multiplies what it is given by γ / √(variance + ε), 316 where a unit is constant: a layer
    normalization of a single unit, or a batch of dead units. Two in a row make 1e5 of it, and then torch's
    own last digits are not those of exact arithmetic either.
    """
    factors = []

    def look(part, inputs, _):
        examples_or_units = 0 if isinstance(part, nn.BatchNorm1d) else 1
        variance = inputs[0].detach().var(examples_or_units, unbiased=False).min().item()
        factors.append(max(1.0, part.weight.detach().abs().max().item() / np.sqrt(variance + part.eps)))

    watched = copy.deepcopy(module).train()
    for part in watched.modules():
        if isinstance(part, nn.Dropout):
            part.eval()
        if isinstance(part, nn.BatchNorm1d | nn.LayerNorm):
            part.register_forward_hook(look)
    watched(torch.from_numpy(X.T.copy()))
    return np.prod(factors)


def constant_units():
    """A single unit that a layer normalization makes constant, and two batch normalizations of it."""
    rng, single = np.random.RandomState(0), {"dtype": torch.float64}
    torch.manual_seed(0)
    norms = [nn.LayerNorm(1, **single), nn.BatchNorm1d(1, **single), nn.BatchNorm1d(1, **single)]
    layers = [(nn.Linear(1, 1, bias=False, **single), random_norm(norm, rng), nn.Tanh()) for norm in norms]
    return nn.Sequential(*[part for layer in layers for part in layer], nn.Linear(1, 1, **single))


class TestFromTorch:
    @settings(max_examples=30)
    @given(module=modules(), seed=st.integers(0, 1000))
    @example(module=constant_units(), seed=0)
    def test_outputs_and_gradients_are_those_of_torch(self, module, seed):
        net = Network.from_torch(module)
        X = inputs(net.architecture.n_inputs, seed)
        A = module.eval()(torch.from_numpy(X.T.copy()))
        np.testing.assert_allclose(net.forward(X), columns(A), rtol=1e-10, atol=1e-12)
        output = net.architecture.output
        Y = head_target(output, net.architecture.n_outputs, M, seed)
        expected = torch_gradients(module, output, X, Y)
        got = net.gradients(X, Y)
        assert {name for name in got if not name.startswith("dA")} >= set(expected)
        atol = 1e-12 + 10 * np.finfo(float).eps * amplification(module, X)
        for name, value in expected.items():
            np.testing.assert_allclose(got[name], value, rtol=1e-8, atol=atol, err_msg=name)

    @settings(max_examples=15)
    @given(module=modules())
    def test_there_and_back(self, module):
        net = Network.from_torch(module)
        back = Network.from_torch(net.to_torch())
        assert back.architecture == net.architecture
        assert back.parameters == net.parameters
        for name, value in net.statistics.items():
            np.testing.assert_array_equal(back.statistics[name], value)

    def test_training_goes_on_as_in_torch(self):
        """Running statistics too, with a bias before batch normalization that ours has not."""
        torch.manual_seed(3)
        module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2)).double()
        random_norm(module[1], np.random.RandomState(1))
        net = Network.from_torch(module, output="identity")
        X, Y = inputs(3), head_target("identity", 2, M)
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
        for _ in range(5):
            torch_gradients(module, "identity", X, Y)
            optimizer.step()
        net.train(X, Y, learning_rate=0.1, iterations=5)
        A = module.eval()(torch.from_numpy(X.T.copy()))
        np.testing.assert_allclose(net.forward(X), columns(A), rtol=1e-10, atol=1e-12)

    def test_the_output_decides_what_a_linear_end_means(self):
        module = nn.Sequential(nn.Linear(3, 3, dtype=torch.float64))
        X = inputs(3)
        Z = columns(module(torch.from_numpy(X.T.copy())))
        for output, head in HEADS.items():
            net = Network.from_torch(module, output=output)
            assert net.architecture.output == output
            np.testing.assert_allclose(net.forward(X), ACTIVATIONS[head.activation].forward(Z), rtol=1e-12)
        assert Network.from_torch(module).architecture.output == "identity"
        assert Network.from_torch(module[0]).architecture.layer_dims == (3, 3)
        net = Network.from_torch(module, output="huber", output_settings={"delta": 3})
        assert dict(net.architecture.output_settings) == {"delta": 3}

    def test_a_module_that_comes_twice_counts_twice(self):
        activation = nn.Tanh()
        square = nn.Linear(2, 2, dtype=torch.float64)
        module = nn.Sequential(square, activation, square, activation, nn.Linear(2, 1, dtype=torch.float64))
        net = Network.from_torch(module)
        assert net.architecture.activations == ("tanh", "tanh", "identity")
        X = inputs(2)
        np.testing.assert_allclose(net.forward(X), columns(module(torch.from_numpy(X.T.copy()))), rtol=1e-12)

    def test_numbers_are_copied(self):
        module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU(), nn.Linear(2, 1))
        net = Network.from_torch(module)
        before = net.forward(np.ones((2, 1)))
        with torch.no_grad():
            for tensor in [*module.parameters(), module[1].running_mean]:
                tensor.fill_(9)
        np.testing.assert_array_equal(net.forward(np.ones((2, 1))), before)

    @pytest.mark.parametrize(
        ("parts", "message"),
        [
            ([], "Network.from_torch: a torch.nn.Sequential with a Linear; there is none in it"),
            ([nn.Linear(2, 2), nn.ReLU6()], "module 1 (ReLU6): Linear, BatchNorm1d"),
            ([nn.ReLU(), nn.Linear(2, 2)], "module 0 (ReLU): Linear, then at most one normalization"),
            ([nn.Linear(2, 2), nn.ReLU(), nn.Tanh()], "module 2 (Tanh): Linear, then at most one"),
            ([nn.Linear(2, 2), nn.BatchNorm1d(2), nn.LayerNorm(2)], "module 2 (LayerNorm): Linear, then"),
            ([nn.Linear(2, 2), nn.BatchNorm1d(2)], "without normalization; the last Linear, 0, has one"),
            ([nn.Linear(2, 2), nn.LeakyReLU(0.2)], "negative_slope=0.01 for 'leaky_relu'; got Leaky"),
            ([nn.Linear(2, 2), nn.Softplus(2.0)], "module 1 (Softplus): beta=1.0, threshold=40.0 for"),
            ([nn.Linear(2, 2), nn.Softmax(dim=0)], "module 1 (Softmax): dim=1"),
            ([nn.Linear(2, 2), nn.Tanh()], "an activation at the end that an output has; got 'tanh'"),
            ([nn.Flatten(0), nn.Linear(2, 2)], "module 0 (Flatten): start_dim=1"),
            ([nn.Linear(2, 2), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(2, 1)], "size 2 of the Linear before"),
            ([nn.Linear(2, 2), nn.BatchNorm1d(2, eps=1e-3)], "module 1 (BatchNorm1d): eps=1e-05, mome"),
            (
                [nn.Linear(2, 2, bias=False), nn.LayerNorm(2, eps=1e-6)],
                "eps=1e-05, elementwise_affine=True f",
            ),
            (
                [nn.Linear(2, 2), nn.LayerNorm(2), nn.ReLU(), nn.Linear(2, 1)],
                "module 1 (LayerNorm): no bias in the Linear before it, as a normalized layer has none here; "
                "that of module 0 is not 0. Train it with Linear(…, bias=False)",
            ),
            ([nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.Conv1d(1, 1, 1))], "module 1.0 (Conv1d)"),
            (
                [nn.Linear(2, 2, dtype=torch.bfloat16)],
                "module 0 (Linear): numbers of float32 or float64; got",
            ),
            (
                [nn.Linear(2, 2, device="meta")],
                "on the device meta, which has shapes alone. Call module.to_emp",
            ),
            ([nn.Linear(2, 2), InputScale(2)], "module 1 (InputScale): Linear, "),
            ([InputScale(2), InputScale(2), nn.Linear(2, 2)], "module 1 (InputScale): Linear, "),
            ([nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))], "module 0 (ParametrizedLinear)"),
            ([nn.utils.spectral_norm(nn.Linear(2, 2))], "module 0 (Linear): a module without hooks"),
        ],
    )
    def test_what_has_no_counterpart_is_named_with_its_place(self, parts, message):
        with pytest.raises(ConfigurationError) as error:
            Network.from_torch(nn.Sequential(*parts))
        assert message in str(error.value)

    def test_a_place_may_have_a_name_and_hooks_of_a_nest_are_seen(self):
        module = nn.Sequential(OrderedDict(first=nn.Linear(2, 2), second=nn.Hardtanh()))
        with pytest.raises(ConfigurationError, match=r"module second \(Hardtanh\)"):
            Network.from_torch(module)
        nest = nn.Sequential(nn.Linear(2, 2))
        nest.register_forward_hook(lambda module, rows, A: 2 * A)
        with pytest.raises(ConfigurationError, match=r"module 0 \(Sequential\): a module without hooks"):
            Network.from_torch(nn.Sequential(nest))

    def test_an_output_that_does_not_fit_the_end(self):
        module = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid())
        with pytest.raises(ConfigurationError, match=r"'softmax', or with Linear alone.*ends with 'sigmoid'"):
            Network.from_torch(module, output="softmax")
        with pytest.raises(ConfigurationError, match="Did you mean 'sigmoid'"):
            Network.from_torch(module, output="sigmoids")
        with pytest.raises(ConfigurationError, match="delta"):
            Network.from_torch(module, output_settings={"delta": 1})

    def test_layers_that_do_not_follow_each_other(self):
        with pytest.raises(ShapeError, match=r"Network.from_torch, layer 2: W2 has shape \(n_2, n_1\) with"):
            Network.from_torch(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 1)))

    @pytest.mark.parametrize("name", ["weight", "running_mean", "running_var"])
    def test_numbers_that_are_not_finite(self, name):
        module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU(), nn.Linear(2, 1))
        with torch.no_grad():
            getattr(module[1], name)[0] = np.nan
        with pytest.raises(DataError, match="one is not"):
            Network.from_torch(module)


class TestToTorch:
    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    @pytest.mark.parametrize("activation", OF_TORCH)
    def test_every_activation(self, activation, dtype, fresh_seed):
        rng = np.random.default_rng([fresh_seed, OF_TORCH.index(activation)])
        factors, normalization = bool(rng.integers(2)), str(rng.choice(["none", "batch", "layer"]))
        first = "small" if activation == "exponential" else "he"  # e to the e is soon too large
        options = {"activation": activation, "normalization": normalization, "dtype": dtype}
        options |= {"input_scale": factors}
        net = Network([3, 5, 4, 2], **options, initialization=first, seed=3)
        net.train(inputs(3), head_target("sigmoid", 2, M), iterations=3, learning_rate=0.1)  # own statistics
        module = net.to_torch()
        X, tolerance = inputs(3, seed=1, dtype=dtype), CLOSE[dtype]
        A = module(torch.from_numpy(X.T.copy()))
        assert A.dtype == getattr(torch, dtype)
        np.testing.assert_allclose(columns(A), net.forward(X), **tolerance)
        Y = head_target("sigmoid", 2, M).astype(dtype)
        again = Network.from_torch(module)
        assert again.architecture == net.architecture
        assert again.parameters == net.parameters
        got = net.gradients(X, Y)
        for name, value in torch_gradients(module, "sigmoid", X, Y).items():
            np.testing.assert_allclose(got[name], value, **tolerance, err_msg=name)

    @pytest.mark.parametrize("output", HEADS)
    def test_every_output(self, output):
        net = Network([3, 5, 3], activation="tanh", output=output, seed=3)
        module = net.to_torch()
        X = inputs(3, seed=1)
        rows = torch.from_numpy(X.T.copy())
        np.testing.assert_allclose(columns(module(rows)), net.forward(X), rtol=1e-12, atol=1e-12)
        if output in ("sigmoid", "softmax", "identity", "ordinal"):
            Y = head_target(output, 3, M)
            for name, value in torch_gradients(module, output, X, Y).items():
                np.testing.assert_allclose(net.gradients(X, Y)[name], value, rtol=1e-10, atol=1e-12)
        logits = net.to_torch(logits=True)
        assert type(logits[-1]) is nn.Linear
        activation = ACTIVATIONS[HEADS[output].activation]
        np.testing.assert_allclose(activation.forward(columns(logits(rows))), net.forward(X), rtol=1e-12)

    def test_extreme_logits(self):
        """Softplus within the outputs neither overflows nor is cut at torch's 20."""
        Z = torch.tensor([[0.0, 25.0, -800.0], [1.0, 800.0, 35.0]], dtype=torch.float64)
        for module, name in ((Increasing(), "increasing"), (Ordinal(), "ordinal")):
            expected = ACTIVATIONS[name].forward(Z.numpy().T)
            np.testing.assert_allclose(columns(module(Z)), expected, rtol=1e-14)
        expected = ACTIVATIONS["softplus"].forward(Z.numpy())
        np.testing.assert_allclose(TWINS["softplus"].make()(Z).numpy(), expected, rtol=1e-15)
        assert TWINS["exponential"].make()(torch.zeros(1, 1)).item() == 1

    def test_it_is_in_evaluation_mode_and_has_copies(self):
        net = Network([2, 3, 1], normalization="batch", seed=1)
        module = net.to_torch()
        assert not module.training
        before, statistics = net.parameters.flat.copy(), net.statistics["mean1"].copy()
        module.train()(torch.randn(4, 2, dtype=torch.float64)).sum().backward()
        with torch.no_grad():
            for tensor in module.parameters():
                tensor.fill_(9)
        np.testing.assert_array_equal(net.parameters.flat, before)
        np.testing.assert_array_equal(net.statistics["mean1"], statistics)


@pytest.mark.parametrize("call", [lambda: Network.from_torch(None), lambda: Network([2, 1]).to_torch()])
def test_without_torch_the_sentence_says_what_to_install(monkeypatch, call):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingPackageError, match=r"'torch' is needed; .*pip install torch"):
        call()


TASKS = {
    "binary": (MLPClassifier, {}, "sigmoid", lambda rng: rng.randint(2, size=30)),
    "multiclass": (MLPClassifier, {}, "softmax", lambda rng: rng.randint(3, size=30)),
    "multilabel": (MLPClassifier, {}, "sigmoid", lambda rng: rng.randint(2, size=(30, 3))),
    "number": (MLPRegressor, {}, "identity", lambda rng: rng.standard_normal(30)),
    "numbers": (MLPRegressor, {}, "identity", lambda rng: rng.standard_normal((30, 2))),
    "counts": (MLPRegressor, {"loss": "poisson"}, "poisson", lambda rng: rng.poisson(2, size=30)),
}
"""Estimator, its settings, our head, and targets."""


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestFromSklearn:
    def fitted(self, task, dtype="float64", **settings):
        kind, more, output, draw = TASKS[task]
        rng = np.random.RandomState(1)
        X = rng.standard_normal((30, 4)).astype(dtype)
        y = draw(rng)
        settings = {"hidden_layer_sizes": (5, 3), "max_iter": 3, "random_state": 0, **more, **settings}
        return kind(**settings).fit(X, y), X, y, output

    @pytest.mark.parametrize(
        ("activation", "dtype"),
        [("identity", "float64"), ("logistic", "float32"), ("tanh", "float64"), ("relu", "float32")],
    )
    @pytest.mark.parametrize("task", TASKS)
    def test_the_outputs_are_scikit_learns(self, task, activation, dtype):
        estimator, X, _, output = self.fitted(task, dtype, activation=activation)
        net = Network.from_sklearn(estimator)
        assert net.architecture.output == output
        assert net.dtype == np.dtype(dtype)
        A = net.forward(X.T).T
        if task == "binary":
            A = np.hstack([1 - A, A])
        ask = estimator.predict_proba if output in ("sigmoid", "softmax") else estimator.predict
        np.testing.assert_allclose(A, ask(X).reshape(A.shape), **CLOSE[dtype])

    @pytest.mark.parametrize("estimator", [None, MLPClassifier, NetworkClassifier(), "MLPClassifier"])
    def test_other_objects_are_refused(self, estimator):
        with pytest.raises(
            ConfigurationError, match=r"^Network.from_sklearn: an MLPClassifier or .* network_ is the network"
        ):
            Network.from_sklearn(estimator)

    def test_what_is_not_fitted_is_refused(self):
        with pytest.raises(ConfigurationError, match=r"a fitted estimator; it is not fitted. Call its fit"):
            Network.from_sklearn(MLPClassifier())
