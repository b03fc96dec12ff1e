"""Networks from torch and to torch: the same outputs for the same rows. Loaded where torch is asked for.

What is carried over is the network that predicts: weights, biases, scales, running statistics. How it was
trained (its optimizer, dropout, penalties) is not. Both directions follow one table, `TWINS`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.functional import softplus

from deepstep.equations import HEADS, Head, get_activation, get_head
from deepstep.errors import ConfigurationError
from deepstep.network import Architecture, Parameters
from deepstep.network.architecture import Model
from deepstep.types import Array

LINEAR_FROM = 40.0
"""From here on log(1 + e^z) is z to the last bit of float64; torch's own limit of 20 is 2e-9 off there."""


class Exponential(nn.Module):
    """e^Z, the output of "poisson"."""

    def forward(self, Z: torch.Tensor) -> torch.Tensor:
        return torch.exp(Z)


class Increasing(nn.Module):
    """Z₁ and from it upwards in steps of softplus(Zₖ), the output of "quantile"."""

    sign = 1

    def forward(self, Z: torch.Tensor) -> torch.Tensor:
        steps = self.sign * softplus(Z[:, 1:], threshold=LINEAR_FROM)
        return torch.cumsum(torch.cat([Z[:, :1], steps], dim=1), dim=1)


class Ordinal(Increasing):
    """σ of Z₁ and from it downwards in steps of softplus(Zₖ), the output of "ordinal"."""

    sign = -1

    def forward(self, Z: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(super().forward(Z))


class InputScale(nn.Module):
    """A factor for each input, which is learned."""

    def __init__(self, n: int, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n, dtype=dtype))

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        return X * self.weight


PASSED_OVER, SCALE, LINEAR, NORMALIZATION, ACTIVATION = range(5)
"""Roles of modules in a layer, in their order."""


class Twin(NamedTuple):
    """A class of torch that computes what a part of our layers does."""

    role: int
    kind: type[nn.Module]
    settings: Mapping[str, tuple[Any, ...]] = {}  # the values that it needs, ours first
    numbers: Mapping[str, str] = {}  # its tensors with our symbols

    def make(self, *sizes: Any, **options: Any) -> nn.Module:
        """A module."""
        return self.kind(*sizes, **{name: values[0] for name, values in self.settings.items()}, **options)


_SHIFTED = {"bias": "b", "weight": "gamma"}

TWINS: dict[str, Twin] = {
    "dropout": Twin(PASSED_OVER, nn.Dropout),
    "alpha dropout": Twin(PASSED_OVER, nn.AlphaDropout),
    "flatten": Twin(PASSED_OVER, nn.Flatten, {"start_dim": (1,), "end_dim": (-1,)}),
    "input_scale": Twin(SCALE, InputScale, {}, {"weight": "s"}),
    "linear": Twin(LINEAR, nn.Linear, {}, {"weight": "W", "bias": "b"}),
    "batch": Twin(
        NORMALIZATION,
        nn.BatchNorm1d,
        {"eps": (1e-5,), "momentum": (0.1,), "affine": (True,), "track_running_stats": (True,)},
        {**_SHIFTED, "running_mean": "mean", "running_var": "variance"},
    ),
    "layer": Twin(NORMALIZATION, nn.LayerNorm, {"eps": (1e-5,), "elementwise_affine": (True,)}, _SHIFTED),
    "relu": Twin(ACTIVATION, nn.ReLU),
    "leaky_relu": Twin(ACTIVATION, nn.LeakyReLU, {"negative_slope": (0.01,)}),
    "elu": Twin(ACTIVATION, nn.ELU, {"alpha": (1.0,)}),
    "selu": Twin(ACTIVATION, nn.SELU),
    "gelu": Twin(ACTIVATION, nn.GELU, {"approximate": ("none",)}),
    "gelu_tanh": Twin(ACTIVATION, nn.GELU, {"approximate": ("tanh",)}),
    "silu": Twin(ACTIVATION, nn.SiLU),
    "mish": Twin(ACTIVATION, nn.Mish),
    "softplus": Twin(ACTIVATION, nn.Softplus, {"beta": (1.0,), "threshold": (LINEAR_FROM, 20.0)}),
    "tanh": Twin(ACTIVATION, nn.Tanh),
    "sigmoid": Twin(ACTIVATION, nn.Sigmoid),
    "softmax": Twin(ACTIVATION, nn.Softmax, {"dim": (1, -1)}),
    "identity": Twin(ACTIVATION, nn.Identity),
    "exponential": Twin(ACTIVATION, Exponential),
    "increasing": Twin(ACTIVATION, Increasing),
    "ordinal": Twin(ACTIVATION, Ordinal),
}
"""Parts of layers by name, all activations of DeepStep's own among them."""


def to_torch(model: Model, *, logits: bool) -> nn.Sequential:
    """A torch.nn.Sequential that computes the same, see `Network.to_torch`."""
    shape, values = model.architecture, {**model.parameters, **model.statistics}
    if shape.features:
        features = ", ".join(shape.features)
        raise ConfigurationError(f"The network has {features} before W1, for which torch has no module")
    dtype, modules = torch.from_numpy(model.parameters.flat).dtype, nn.Sequential()

    def add(name: str, layer: int, *sizes: int, **options: Any) -> None:
        modules.append(TWINS[name].make(*sizes, dtype=dtype, **options))
        _fill(modules[-1], TWINS[name].numbers, layer, values)

    if shape.input_scale:
        add("input_scale", 1, shape.n_inputs)
    for layer in shape.layers:
        kind = layer.options.get("normalization", "none")
        add("linear", layer.number, layer.n_prev, layer.n, bias=kind == "none")
        if kind != "none":
            add(kind, layer.number, layer.n)
        if layer.activation != "identity" and not (layer.last and logits):
            modules.append(_activation(layer.activation))
    return modules.eval()


def _activation(name: str) -> nn.Module:
    """A module of torch that computes an activation, which is none of a user's own."""
    known = [name for name, twin in TWINS.items() if twin.role == ACTIVATION]
    if name not in known:
        get_activation(name)
        raise ConfigurationError(f"The activation {name!r} is your own, and torch has {', '.join(known)}")
    return TWINS[name].make()


def _fill(module: nn.Module, numbers: Mapping[str, str], layer: int, values: Mapping[str, Array]) -> None:
    with torch.no_grad():
        for name, symbol in numbers.items():
            tensor = getattr(module, name)
            if tensor is not None:
                tensor.copy_(torch.from_numpy(values[f"{symbol}{layer}"].reshape(tensor.shape)))


def from_torch(module: Any, output: str | None, output_settings: Mapping[str, Any]) -> Model:
    """The network of a torch.nn.Sequential, see `Network.from_torch`."""
    layers = _read(module)
    *hidden, last = layers
    if last.normalization != "none":
        raise ConfigurationError(
            f"The last Linear, module {last.place}, has a normalization, which output layers lack"
        )
    head = _head(last.activation, output).with_settings(**output_settings)
    values = {
        f"{name}{number}": value
        for number, layer in enumerate(layers, start=1)
        for name, value in layer.values.items()
    }
    running = [name for name in values if name.startswith(("mean", "variance"))]
    statistics = {name: values.pop(name) for name in running}
    parameters = Parameters.from_dict(values)
    architecture = Architecture(
        parameters.layer_dims,
        (*(layer.activation or "identity" for layer in hidden), head.activation),
        output=head.name,
        output_settings={name: head.settings[name] for name in output_settings},
        normalization=tuple(layer.normalization for layer in hidden),
        input_scale="s1" in parameters,
    )
    return Model(architecture, parameters, statistics)


@dataclass
class _Layer:
    """A layer as it is read: Linear, then normalization, then activation; ``values`` by our symbols."""

    place: str
    values: dict[str, Array]
    normalization: str = "none"
    activation: str | None = None


def _read(module: Any) -> list[_Layer]:
    """The layers of a module in order."""
    layers: list[_Layer] = []
    before, scale = PASSED_OVER, dict[str, Array]()
    for place, part in _parts(module):
        label = f"Module {place} ({type(part).__name__})"
        if part._forward_hooks or part._forward_pre_hooks:
            raise ConfigurationError(f"{label} has hooks, which may change what it computes", "Remove them.")
        name = _name_of(part, label)
        role, numbers = TWINS[name].role, TWINS[name].numbers
        if role == PASSED_OVER or type(part) is nn.Identity:
            continue
        # a Linear begins a layer wherever it stands, and a scale stands before the first one
        if role != LINEAR and not (before < role and bool(layers) != (role == SCALE)):
            order = "Linear, then at most one normalization, then at most one activation"
            raise ConfigurationError(f"{label} is out of order: expected is {order}")
        before = role
        if role == SCALE:
            scale = _numbers(part, numbers, 0, label)
        elif role == LINEAR:
            layers.append(_Layer(place, scale | _numbers(part, numbers, len(part.weight), label)))
            scale = {}
        elif role == NORMALIZATION:
            _normalize(layers[-1], name, part, label)
        else:
            layers[-1].activation = name
    if not layers:
        raise ConfigurationError("The module has no Linear")
    return layers


def _normalize(layer: _Layer, name: str, part: Any, label: str) -> None:
    """Take up a normalization.

    Torch normalizes U + c with the bias c of the Linear before it, where we normalize U. Over the batch c
    goes off with the mean, so that it is in the running mean alone; over the units it stays.
    """
    n, c = len(layer.values["W"]), layer.values["b"]
    size = part.num_features if name == "batch" else part.normalized_shape
    if size not in (n, (n,)):
        raise ConfigurationError.must_be(label, f"of the size {n} of the Linear before it", f"{size}")
    values = _numbers(part, TWINS[name].numbers, n, label)
    if "mean" in values:
        values["mean"] = values["mean"] - c
    elif c.any():
        problem = f"{label} normalizes a layer with a bias: that of module {layer.place} is not 0"
        hint = "Train it with Linear(…, bias=False): the bias of the LayerNorm is enough."
        raise ConfigurationError(problem, hint)
    layer.normalization = name
    layer.values |= values


def _parts(module: Any) -> Iterator[tuple[str, Any]]:
    """The modules of a Sequential, and of those within it, with their places such as ``2`` and ``3.1``."""
    if not isinstance(module, nn.Module):
        raise ConfigurationError.must_be("module", "a torch.nn.Sequential", type(module).__name__)
    if type(module) is not nn.Sequential:
        module = nn.Sequential(module)
    for place, part in module._modules.items():  # named_children leaves out what comes again
        if type(part) is nn.Sequential and not (part._forward_hooks or part._forward_pre_hooks):
            yield from ((f"{place}.{inner}", deeper) for inner, deeper in _parts(part))
        else:
            yield place, part


def _name_of(part: nn.Module, label: str) -> str:
    """The part of a layer that a module is, in `TWINS`."""
    kinds = [name for name, twin in TWINS.items() if type(part) is twin.kind]
    for name in kinds:
        if all(getattr(part, setting) in values for setting, values in TWINS[name].settings.items()):
            return name
    needed = {name: [f"{key}={values[0]}" for key, values in TWINS[name].settings.items()] for name in kinds}
    expected = " or ".join(f"{', '.join(settings)} for {name!r}" for name, settings in needed.items())
    others = "Linear, BatchNorm1d, LayerNorm, Dropout, Flatten, Identity or an activation that we have"
    raise ConfigurationError.must_be(label, expected or others, f"{' '.join(repr(part).split()):.200}")


def _head(activation: str | None, output: str | None) -> Head:
    """The head that is asked for, or the first one with the activation that the module ends with."""
    if output is None:
        for head in HEADS.values():
            if head.activation == (activation or "identity"):
                return head
        hint = "Register an output of your own with it: deepstep.equations.register_head."
        raise ConfigurationError(f"The module ends with {activation!r}, which no output has", hint)
    head = get_head(output)
    if activation not in (None, head.activation):
        fits = f"the output {output!r} has {head.activation!r}, or Linear alone"
        raise ConfigurationError(f"The module ends with {activation!r}, and {fits}")
    return head


def _numbers(part: nn.Module, numbers: Mapping[str, str], n: int, label: str) -> dict[str, Array]:
    """Copies of a module's numbers by our symbols, vectors as columns; a bias that is switched off is 0."""
    values: dict[str, Array] = {}
    for name, symbol in numbers.items():
        tensor = getattr(part, name)
        if tensor is None:
            values[symbol] = np.zeros((n, 1), np.float32)
            continue
        if tensor.is_meta:
            raise ConfigurationError(
                f"{label} has parameters without numbers: they are on the device meta",
                "Call module.to_empty(device='cpu') and load their numbers: module.load_state_dict(…).",
            )
        if tensor.dtype not in (torch.float32, torch.float64):
            hint = "Call module.float() before."
            raise ConfigurationError.must_be(label, "of float32 or float64", f"{tensor.dtype}", hint)
        array = tensor.detach().cpu().numpy().copy()
        values[symbol] = array if array.ndim == 2 else array[:, np.newaxis]
    return values
