"""Networks from torch and to torch. Loaded only where torch is asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from deepstep.equations import HEADS, Head, get_head
from deepstep.errors import ConfigurationError
from deepstep.model.conversion import Converted
from deepstep.model.torch_modules import TWINS, InputScale, Parametric, name_of, twin
from deepstep.network import Architecture, Parameters
from deepstep.types import Array

EPSILON, MOMENTUM = 1e-5, 0.1
"""Of our normalization, and torch's defaults."""

PASSED_OVER: dict[type[nn.Module], dict[str, Any]] = {
    nn.Identity: {},
    nn.Dropout: {},
    nn.AlphaDropout: {},
    nn.Flatten: {"start_dim": 1, "end_dim": -1},
}
"""Modules that let rows through as they are when the network predicts, with the settings that they need."""


def from_torch(module: Any, output: str | None, output_settings: Mapping[str, Any], where: str) -> Converted:
    """The network of a torch.nn.Sequential, see `Network.from_torch`."""
    layers = _read(module, where)
    *hidden, last = layers
    if last.normalization != "none":
        raise ConfigurationError(
            where, "an output layer without normalization", f"the last Linear, {last.place}, has one"
        )
    if "alpha" in last.parameters:
        raise ConfigurationError(where, "an output without parametric activation", "the last one is such")
    head = _head(last.activation, output, where).with_settings(where, **output_settings)
    parameters = Parameters.from_dict(_numbered([layer.parameters for layer in layers]), where=where)
    architecture = Architecture(
        parameters.layer_dims,
        (*(layer.activation or "identity" for layer in hidden), head.activation),
        output=head.name,
        output_settings={name: head.settings[name] for name in output_settings},
        normalization=tuple(layer.normalization for layer in hidden),
        input_scale="s1" in parameters,
        parametric=tuple("alpha" in layer.parameters for layer in hidden),
    )
    return Converted(architecture, parameters, _numbered([layer.statistics for layer in layers]))


def to_torch(network: Converted, *, logits: bool, where: str) -> nn.Sequential:
    """A torch.nn.Sequential that computes the same, see `Network.to_torch`."""
    architecture, parameters, statistics = network
    if architecture.shared_members:
        came = f"got {architecture.shared_members} members in one"
        raise ConfigurationError(where, "a network whose layers follow one another", came)
    if architecture.features:
        came = f"got {', '.join(architecture.features)}"
        raise ConfigurationError(where, "a network whose inputs torch.nn.Linear takes as they are", came)
    dtype, sizes = torch.from_numpy(parameters.flat).dtype, architecture.layer_dims
    modules: list[nn.Module] = []
    if architecture.input_scale:
        scale = InputScale(sizes[0], dtype)
        _fill(scale.weight, parameters["s1"])
        modules.append(scale)
    for layer, activation in enumerate(architecture.activations, start=1):
        is_last = layer == architecture.n_layers
        kind = "none" if is_last else architecture.normalization[layer - 1]
        linear = nn.Linear(sizes[layer - 1], sizes[layer], bias=kind == "none", dtype=dtype)
        shifted: nn.Linear | nn.BatchNorm1d | nn.LayerNorm = linear
        if kind == "batch":
            shifted = nn.BatchNorm1d(sizes[layer], eps=EPSILON, momentum=MOMENTUM, dtype=dtype)
            _fill(shifted.running_mean, statistics[f"mean{layer}"])
            _fill(shifted.running_var, statistics[f"variance{layer}"])
        elif kind == "layer":
            shifted = nn.LayerNorm(sizes[layer], eps=EPSILON, dtype=dtype)
        _fill(linear.weight, parameters[f"W{layer}"])
        _fill(shifted.bias, parameters[f"b{layer}"])
        modules.append(linear)
        if shifted is not linear:
            _fill(shifted.weight, parameters[f"gamma{layer}"])
            modules.append(shifted)
        if layer < architecture.n_layers and architecture.parametric[layer - 1]:
            bent = Parametric(twin(activation, where), sizes[layer], dtype)
            _fill(bent.alpha, parameters[f"alpha{layer}"])
            modules.append(bent)
        elif activation != "identity" and not (is_last and logits):
            modules.append(twin(activation, where))
    return nn.Sequential(*modules).eval()


@dataclass
class _Layer:
    """A layer as it is read: Linear, then normalization, then activation."""

    place: str
    parameters: dict[str, Array]
    statistics: dict[str, Array] = field(default_factory=dict)
    normalization: str = "none"
    activation: str | None = None

    def normalize(self, part: nn.BatchNorm1d | nn.LayerNorm, at: str) -> None:
        """Take up a normalization, where it is one of ours.

        Torch normalizes U + c with the bias c of the Linear before it, where we normalize U. Over the batch c
        goes off with the mean, so that it stands in the running mean alone; over the units it stays.
        """
        n, c = len(self.parameters["W"]), self.parameters["b"]
        is_batch = isinstance(part, nn.BatchNorm1d)
        expected: dict[str, Any] = {"normalized_shape": (n,), "eps": EPSILON, "elementwise_affine": True}
        if is_batch:
            expected = {"num_features": n, "eps": EPSILON, "momentum": MOMENTUM}
            expected |= {"affine": True, "track_running_stats": True}
        for name, value in expected.items():
            if getattr(part, name) != value:
                raise ConfigurationError(at, f"{name} is {value}", f"got {getattr(part, name)}")
        if c.any() and not is_batch:
            raise ConfigurationError(
                at,
                "no bias in the Linear before it, as a normalized layer has none here",
                f"that of module {self.place} is not 0",
                "Train it with Linear(…, bias=False): the bias of the LayerNorm is enough.",
            )
        self.normalization = "batch" if is_batch else "layer"
        self.parameters |= {"b": _column(part.bias, n, at), "gamma": _column(part.weight, n, at)}
        if isinstance(part, nn.BatchNorm1d):
            self.statistics = {
                "mean": _column(part.running_mean, n, at) - c,
                "variance": _column(part.running_var, n, at),
            }


def _read(module: Any, where: str) -> list[_Layer]:
    """The layers of a module in order."""
    layers: list[_Layer] = []
    scale: InputScale | None = None
    for place, part in _parts(module, where):
        at = f"{where}, module {place} ({type(part).__name__})"
        if part._forward_hooks or part._forward_pre_hooks:
            raise ConfigurationError(
                at, "a module without hooks, which may change what it computes", "it has some", "Remove them."
            )
        needed = PASSED_OVER.get(type(part))
        if needed is not None and all(getattr(part, name) == value for name, value in needed.items()):
            continue
        if isinstance(part, InputScale) and scale is None and not layers:
            scale = part
        elif type(part) is nn.Linear:
            W = _array(part.weight, at)
            own = {"W": W, "b": _column(part.bias, len(W), at)}
            if scale is not None and not layers:
                own["s"] = _column(scale.weight, W.shape[1], at)
            layers.append(_Layer(place, own))
        else:
            _extend(layers, part, at)
    if not layers:
        raise ConfigurationError(where, "a torch.nn.Sequential with a Linear", "there is none in it")
    return layers


def _extend(layers: list[_Layer], part: nn.Module, at: str) -> None:
    """Take up what comes after a Linear."""
    inner = part.activation if isinstance(part, Parametric) else part
    normalizes, activation = type(part) in (nn.BatchNorm1d, nn.LayerNorm), name_of(inner)
    if not normalizes and activation is None:
        raise ConfigurationError(at, *_no_counterpart(part))
    if not layers or layers[-1].activation is not None or (normalizes and layers[-1].normalization != "none"):
        raise ConfigurationError(
            at,
            "Linear, then at most one normalization, then at most one activation",
            "it stands in another place",
        )
    if isinstance(part, nn.BatchNorm1d | nn.LayerNorm):
        layers[-1].normalize(part, at)
    if isinstance(part, Parametric):
        layers[-1].parameters["alpha"] = _column(part.alpha, len(layers[-1].parameters["W"]), at)
    layers[-1].activation = activation


def _parts(module: Any, where: str) -> Iterator[tuple[str, nn.Module]]:
    """The modules of a Sequential, and of those within it, with their places such as ``2`` and ``3.1``."""
    if not isinstance(module, nn.Module):
        raise ConfigurationError(where, "a torch.nn.Sequential", f"got {type(module).__name__}")
    if type(module) is not nn.Sequential:
        module = nn.Sequential(module)
    for place, part in module._modules.items():  # named_children leaves out what comes again
        if type(part) is nn.Sequential and not (part._forward_hooks or part._forward_pre_hooks):
            yield from ((f"{place}.{inner}", deeper) for inner, deeper in _parts(part, where))
        else:
            yield place, part


def _no_counterpart(part: nn.Module) -> tuple[str, str]:
    """What was expected of a module that is none of ours, and what came."""
    kinds = [name for name, twin in TWINS.items() if type(part) is twin.kind]
    settings = " or ".join(
        ", ".join(f"{setting}={values[0]}" for setting, values in TWINS[name].settings.items())
        for name in kinds
    )
    expected = (
        f"{settings}, as our {' and '.join(kinds)} have it"
        if kinds
        else "Linear, BatchNorm1d, LayerNorm, Dropout, Flatten, Identity or an activation that we have"
    )
    return expected, f"got {' '.join(repr(part).split()):.200}"


def _head(activation: str | None, output: str | None, where: str) -> Head:
    """The head that is asked for, or the first one with the activation that the module ends with."""
    if output is None:
        for head in HEADS.values():
            if head.activation == (activation or "identity"):
                return head
        raise ConfigurationError(
            where,
            "an activation at the end that an output has",
            f"got {activation!r}",
            "Register an output of your own with it: deepstep.equations.register_head.",
        )
    head = get_head(output, where)
    if activation not in (None, head.activation):
        raise ConfigurationError(
            where,
            f"an end with {head.activation!r}, or with Linear alone, for the output {output!r}",
            f"the module ends with {activation!r}",
        )
    return head


def _numbered(layers: list[dict[str, Array]]) -> dict[str, Array]:
    return {f"{name}{n}": value for n, layer in enumerate(layers, start=1) for name, value in layer.items()}


def _array(tensor: torch.Tensor, at: str) -> Array:
    """A copy of the numbers."""
    if tensor.is_meta:
        raise ConfigurationError(
            at,
            "parameters with numbers",
            "they are on the device meta, which has shapes alone",
            "Call module.to_empty(device='cpu') and load their numbers before: module.load_state_dict(…).",
        )
    if tensor.dtype not in (torch.float32, torch.float64):
        raise ConfigurationError(
            at, "numbers of float32 or float64", f"got {tensor.dtype}", "Call module.float() before."
        )
    return tensor.detach().cpu().numpy().copy()


def _column(tensor: torch.Tensor | None, n: int, at: str) -> Array:
    """(n, 1); a bias that is switched off is 0."""
    return np.zeros((n, 1), np.float32) if tensor is None else _array(tensor, at)[:, np.newaxis]


def _fill(tensor: torch.Tensor | None, array: Array) -> None:
    with torch.no_grad():
        if tensor is not None:
            tensor.copy_(torch.from_numpy(array.reshape(tensor.shape)))
