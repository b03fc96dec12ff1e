"""The shape of a network: layer sizes, the function of each layer, what its output means; and its parts."""

import ctypes
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self

import numpy as np

from deepstep.equations import (
    ACTIVATIONS,
    FEATURES,
    HEADS,
    NORMALIZATIONS,
    Graph,
    Layer,
    Parameters,
    Tape,
    graph_of,
)
from deepstep.equations.graph import layers_in
from deepstep.equations.ops import Layout, forward
from deepstep.equations.parameters import layer_sizes
from deepstep.errors import ConfigurationError, FileError, unknown_name
from deepstep.types import Array, plain

ENTRIES = ("layer_dims", "activations", "output", "output_settings", "normalization")
LATER_ENTRIES = {"input_scale": False, "features": {}}
"""Entries of an architecture in files: those above always, these where they differ."""

OFF = (False, None, "none")
"""Values of a feature that is not on."""


@dataclass(frozen=True)
class Architecture:
    """Layer sizes, activations, normalization and head of a fully-connected network.

    Attributes
    ----------
    layer_dims : tuple of int
        n_0 (inputs), n_1, …, n_L (outputs).
    activations : tuple of str
        One name per layer 1 … L, of ``deepstep.equations.ACTIVATIONS``; the last is the output's.
    output : str, optional
        The head: what the output means and which loss trains it, a name in ``deepstep.equations.HEADS``. By
        default the head of the same name as the last activation: ``"sigmoid"``, ``"softmax"``, …
    output_settings : mapping, optional
        Settings of the head in JSON's types: ``{"smoothing": 0.1}``, ``{"levels": [0.1, 0.9]}``.
    normalization : tuple of str, optional
        ``"none"``, ``"batch"`` or ``"layer"``, one for all hidden layers or one for each. A normalized layer
        has a scale gamma (n_l, 1), and its b is the shift.
    input_scale : bool, optional
        Whether each input has a factor s1 (n_0, 1) that is learned, with ``lr_multipliers={"s1": 6}`` faster;
        see `deepstep.equations.scaled_weights`.
    features : mapping, optional
        Others by their name in ``deepstep.equations.FEATURES``: ``{"periodic_embedding": True}``.

    Raises
    ------
    ConfigurationError
        If a size is not a positive whole number, the number of activations is not L, a normalization is
        unknown, or something is not True or False that has to be.

    Examples
    --------
    >>> shape = Architecture((2, 4, 1), ("tanh", "sigmoid"))
    >>> shape.n_layers, shape.n_parameters
    (2, 17)
    >>> Architecture((2, 4, 1), ("tanh", "sigmoid"), normalization="batch").n_parameters
    21
    >>> Architecture((2, 4, 1), ("tanh", "sigmoid"), input_scale=True).n_parameters
    19
    """

    layer_dims: tuple[int, ...]
    activations: tuple[str, ...]
    output: str = ""
    output_settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    normalization: tuple[str, ...] = "none"  # type: ignore[assignment]  # a name is spread over the layers
    input_scale: bool = False
    features: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.input_scale, bool):
            raise ConfigurationError.must_be("input_scale", "True or False", f"{self.input_scale!r:.100}")
        sizes = layer_sizes(self.layer_dims)
        names = _activations(self.activations, len(sizes) - 1)
        output, settings = _head(self.output or names[-1], self.output_settings)
        checked = {
            "layer_dims": sizes,
            "activations": names,
            "output": output,
            "output_settings": settings,
            "normalization": _per_hidden_layer(self.normalization, len(sizes) - 2),
            "features": MappingProxyType(_checked_features(self.features, sizes[0])),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        values = (getattr(self, entry.name) for entry in fields(self))
        return Architecture, tuple(
            dict(value) if isinstance(value, MappingProxyType) else value for value in values
        )

    @property
    def n_layers(self) -> int:
        """L, the number of layers with parameters (the input does not count)."""
        return len(self.layer_dims) - 1

    @property
    def n_inputs(self) -> int:
        """n_x, the number of rows of X."""
        return self.layer_dims[0]

    @property
    def n_outputs(self) -> int:
        """n_L, the number of rows of AL and Y."""
        return self.layer_dims[-1]

    @property
    def normalized(self) -> tuple[int, ...]:
        """Numbers of the layers that have a gamma."""
        return tuple(layer for layer, kind in enumerate(self.normalization, start=1) if kind != "none")

    @property
    def n_parameters(self) -> int:
        """Length of θ."""
        return sum(n * columns for _, (n, columns) in self.layout)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers with the features that are on."""
        values = {name: getattr(self, name) for name in FEATURES if hasattr(self, name)} | dict(self.features)
        return layers_in(self.layer_dims, self.activations, lambda l: _options_of_layer(values, l))

    @cached_property
    def graph(self) -> Graph:
        """The operations of a forward pass in training, without dropout."""
        return graph_of(self.layers)

    @property
    def layout(self) -> Layout:
        """Names and shapes of the parameters, in the order in which they lie in θ."""
        return self.graph.layout

    def graph_with_dropout(self, dropped: frozenset[int]) -> Graph:
        """The graph whose activations are masked in some layers.

        Parameters
        ----------
        dropped : frozenset
            Numbers of the layers.

        Returns
        -------
        Graph
        """
        return _with_dropout(self, dropped) if dropped else self.graph

    def run(
        self,
        X: Array,
        parameters: Mapping[str, Array],
        *,
        statistics: Mapping[str, Array] | None = None,
        masks: Mapping[int, Array] | None = None,
    ) -> tuple[Graph, Tape]:
        """A forward pass: its graph and tape.

        Parameters
        ----------
        X : array of shape (n_0, m)
            Inputs; a column is an example.
        parameters : mapping
            θ of this network.
        statistics : mapping, optional
            Running statistics of batch normalization; where they are given, even an empty mapping, the pass
            is that of prediction.
        masks : mapping, optional
            Dropout masks by layer, (n_l, m).

        Returns
        -------
        graph : Graph
        tape : dict
            Quantities of a forward pass by name.
        """
        masks = masks or {}
        graph = self.graph_with_dropout(frozenset(masks))
        graph = graph if statistics is None else graph.predicting
        named_masks = {f"mask{l}": mask for l, mask in masks.items()}
        return graph, forward(graph.nodes, {"A0": X, **parameters, **(statistics or {}), **named_masks})

    def lay_out(self, flat: Array) -> Parameters:
        """A vector as the parameters of this network.

        Parameters
        ----------
        flat : array of shape (n_parameters,)
            float32 or float64; kept, not copied.

        Returns
        -------
        Parameters

        Raises
        ------
        ShapeError, DataError
            As for `Parameters`.

        Examples
        --------
        >>> import numpy as np
        >>> list(Architecture((1, 1), ("sigmoid",), input_scale=True).lay_out(np.ones(3)))
        ['W1', 'b1', 's1']
        """
        return Parameters(flat, self.layer_dims, self.layout)

    def laid_out(self, values: Mapping[str, Any]) -> Parameters:
        """Arrays by name as the parameters of this network; they are copied.

        Parameters
        ----------
        values : mapping
            An array for each name of ``layout``, and no other.

        Returns
        -------
        Parameters

        Raises
        ------
        ShapeError
            If a name is missing or unknown, or a shape is another.
        """
        return Parameters.from_dict(values, layers=self.layers)

    def entries(self) -> dict[str, Any]:
        """The architecture as its arguments by name, for files; later entries only where they are on.

        Returns
        -------
        dict
            ``Architecture(**entries)`` is equal to this one.

        Examples
        --------
        >>> shape = Architecture((2, 4, 1), ("tanh", "sigmoid"), input_scale=True)
        >>> list(shape.entries())
        ['layer_dims', 'activations', 'output', 'output_settings', 'normalization', 'input_scale']
        """
        on = (name for name in LATER_ENTRIES if getattr(self, name))
        entries = {name: getattr(self, name) for name in (*ENTRIES, *on)}
        return {**entries, "features": dict(self.features)} if self.features else entries

    @classmethod
    def from_archive(cls, **entries: Any) -> Self:
        """The architecture that `deepstep.archive` reads.

        Parameters
        ----------
        **entries
            The fields.

        Returns
        -------
        Self

        Raises
        ------
        FileError
            If a function of one's own in it is not registered.
        """
        refuse_unregistered_features(entries, "")
        activations = [name for name in entries["activations"][:-1] if name not in ACTIVATIONS]
        refuse_unregistered("activations", activations, "register_activation", "")
        heads = [] if entries["output"] in HEADS else [entries["output"]]
        refuse_unregistered("output", heads, "register_head", "")
        return cls(**entries)

    @property
    def statistics_layout(self) -> dict[str, tuple[int, int]]:
        """Names and shapes of the running statistics of batch normalization."""
        running = self.graph.running.items()
        return {name: (self.layer_dims[node.layer], 1) for name, (node, _) in running}

    def network_arguments(self) -> dict[str, Any]:
        """Arguments of `Network` beside the layer sizes that give this architecture.

        Returns
        -------
        dict
        """
        entries = self.entries()
        del entries["layer_dims"]
        return {"activation": entries.pop("activations")[:-1], **entries}


class Model(NamedTuple):
    """A network that predicts, with the running statistics of batch normalization."""

    architecture: Architecture
    parameters: Parameters
    statistics: Mapping[str, Array] = {}


def refuse_unregistered(kind: str, names: Sequence[str], register: str, path: Path | str) -> None:
    """Ask for the functions of the user's that a file names: it does not hold them."""
    if names:
        listed = f"{kind} {', '.join(dict.fromkeys(map(repr, names))):.100}"
        problem = f"{path}: unknown {listed}" if path else f"Unknown {listed}"
        raise FileError(problem, f"If it is yours, register it first: deepstep.equations.{register}.")


def refuse_unregistered_features(entries: Any, path: Path | str) -> None:
    """Ask for the features of the user's that the entries of an architecture in a file name."""
    features = entries.get("features") if isinstance(entries, Mapping) else None
    names = [name for name in features if name not in FEATURES] if isinstance(features, Mapping) else []
    refuse_unregistered("features", names, "feature", path)


def _options_of_layer(values: Mapping[str, Any], l: int) -> dict[str, Any]:
    """The features of a layer: a tuple has a value for each hidden one."""
    options = {}
    for name, value in values.items():
        if isinstance(value, tuple):
            value = value[l - 1] if l <= len(value) else False
        if value not in OFF:
            options[name] = value
    return options


@lru_cache(maxsize=64)
def _with_dropout(shape: Architecture, dropped: frozenset[int]) -> Graph:
    return graph_of(
        [
            layer._replace(options={**layer.options, "dropout": True}) if layer.number in dropped else layer
            for layer in shape.layers
        ]
    )


def _activations(names: Any, n_layers: int) -> tuple[str, ...]:
    listed = not isinstance(names, str | Mapping) and all(isinstance(name, str) for name in names)
    if not listed or len(names) != n_layers:
        requirement = f"a list of {n_layers} names, one per layer after the input"
        hint = "Give one name for each hidden layer, and one for the output."
        raise ConfigurationError.must_be("activations", requirement, f"{names!r:.200}", hint)
    return tuple(names)


def _head(output: Any, settings: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(output, str):
        raise ConfigurationError.must_be("output", "a name", f"{output!r:.100}")
    if not isinstance(settings, Mapping):
        raise ConfigurationError.must_be("output_settings", "a mapping", f"{settings!r:.100}")
    return output, MappingProxyType(dict(settings))


def _checked_features(features: Any, n_0: int) -> dict[str, Any]:
    """Features that are no arguments of their own, each with a value that it takes."""
    if not isinstance(features, Mapping):
        raise ConfigurationError.must_be("features", "a mapping", f"{features!r:.100}")
    known = [name for name in FEATURES if name not in (*LATER_ENTRIES, *ENTRIES, "dropout")]
    values = plain(features)
    for name, value in values.items():
        if name not in known:
            raise unknown_name("feature", name, known, setting="features", inside=True)
        requirement = FEATURES[name].check(value, n_0) or ("a value that turns it on" if value in OFF else "")
        if requirement:
            raise ConfigurationError.must_be(f"features[{name!r}]", requirement, f"{features[name]!r:.100}")
    try:
        as_a_file_gives_it_back: dict[str, Any] = json.loads(json.dumps(values))
    except (TypeError, ValueError):
        requirement = "hold numbers, texts, sequences and mappings"
        raise ConfigurationError.must_be("features", requirement, f"{features!r:.100}") from None
    return as_a_file_gives_it_back


def _per_hidden_layer(normalization: Any, n_hidden: int) -> tuple[str, ...]:
    known = ("none", *NORMALIZATIONS)
    listed = isinstance(normalization, list | tuple)
    names = tuple(normalization) if listed else (normalization,)
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise unknown_name("normalization", name, known, setting="normalization")
    if not listed:
        names *= n_hidden
    if len(names) != n_hidden:
        requirement = f"one for all hidden layers or a list of {n_hidden}"
        hint = "The output layer has none."
        raise ConfigurationError.must_be("normalization", requirement, repr(normalization), hint)
    return names


def check_memory(architecture: Architecture, bytes_each: int, purpose: str) -> None:
    """Refuse a network that cannot fit; where the system does not say how much memory it has, none."""
    available = memory()
    needed = architecture.n_parameters * bytes_each
    if available is not None and needed > available:
        sizes = f"{architecture.n_parameters:,}, which take at least {_gigabytes(needed)} {purpose}"
        value = f"{sizes}, and there are {_gigabytes(available)}"
        requirement, hint = "sizes whose parameters fit into memory", "Use fewer or smaller layers."
        raise ConfigurationError.must_be("layer_dims", requirement, value, hint)


def check_memory_to_train(architecture: Architecture, dtype: "np.dtype[Any]", n_slots: int) -> None:
    """Refuse a network that cannot be trained: θ, its gradient, the next θ and the optimizer's take room."""
    check_memory(architecture, (3 + n_slots) * dtype.itemsize, "to train")


def memory() -> int | None:
    """Bytes of this machine's memory, used or not; None where the system does not say."""
    kernel = getattr(getattr(ctypes, "windll", None), "kernel32", None)
    if kernel is not None:  # Windows
        kibibytes = ctypes.c_uint64()
        done = kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kibibytes))
        return 1024 * kibibytes.value if done else None
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # a system without sysconf or these names
        return None
    return pages * size if pages > 0 and size > 0 else None


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:.3g} GB"
