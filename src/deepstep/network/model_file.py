"""A network on disk: safetensors with a versioned header and a checksum. Loading executes nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.text_formats import json_values
from deepstep.equations import ACTIVATIONS, FEATURES, HEADS, Parameters
from deepstep.errors import DeepStepError, FileError
from deepstep.network.architecture import ENTRIES, LATER_ENTRIES, Architecture
from deepstep.types import Array

FORMAT, VERSION = "deepstep-model", 2

MOST_CHARACTERS = 2**24
"""Limit of the header's JSON: a million layers fit in; Python's objects take many times the space."""


class Model(NamedTuple):
    """A network that predicts, with the running statistics of batch normalization, and notes about it."""

    architecture: Architecture
    parameters: Parameters
    statistics: Mapping[str, Array] = {}
    notes: Mapping[str, Any] = {}


def save_model(path: str | Path, model: Model) -> None:
    """Write a network with notes in JSON; an old file stays whole until the new one is complete."""
    entries = model.architecture.entries()
    settings = dict(model.architecture.output_settings)
    network = json.dumps({**entries, "output_settings": settings, "notes": dict(model.notes)})
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "network": network,
        "sha256": _checksum(network, model.parameters, model.statistics),
    }
    write_arrays(path, {**model.parameters, **model.statistics}, header)


def load_model(path: str | Path) -> Model:
    """Read what `save_model` wrote."""
    path = Path(path)
    header, arrays = read_arrays(
        path, "a model file", instead_of_a_folder="A run folder is read by deepstep.Run.load."
    )
    if header.get("format") != FORMAT:
        raise FileError(str(path), "a DeepStep model", "its header says something else")
    if header.get("version") != str(VERSION):
        raise FileError(
            str(path),
            f"model format version {VERSION}",
            f"got version {header.get('version')!r:.20}",
            "Use the DeepStep release that wrote it, or a newer one.",
        )
    try:
        network = _network(header["network"])
        later = [name for name in LATER_ENTRIES if name in network]
        if set(network) != {*ENTRIES, *later, "notes"}:
            raise ValueError(f"it has the entries {sorted(network)}")
        # Architecture would not know them
        refuse_unregistered("features", unregistered_features(network), "feature", path)
        architecture = Architecture(**{name: network[name] for name in (*ENTRIES, *later)})
        own = [name for name in architecture.activations[:-1] if name not in ACTIVATIONS]
        refuse_unregistered("activations", own, "register_activation", path)
        own = [] if architecture.output in HEADS else [architecture.output]
        refuse_unregistered("an output", own, "register_head", path)
        expected = statistics_shapes(architecture)
        precisions = sorted({str(array.dtype) for array in arrays.values()})
        if precisions not in (["float32"], ["float64"]):
            raise ValueError(f"its arrays are of {precisions}")
        _refuse_other_arrays(arrays, {**dict(architecture.layout), **expected}, path)
        statistics = {name: arrays.pop(name) for name in expected}
        parameters = architecture.laid_out(arrays, where=str(path))
        notes = dict(network["notes"])
    except FileError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError, DeepStepError) as error:
        got = f"its header does not fit: {error!s:.300}"
        raise FileError(str(path), "a whole DeepStep model", got) from None
    if header.get("sha256") != _checksum(header["network"], parameters, statistics):
        raise FileError(
            str(path),
            "the contents that were saved, by their checksum",
            "the file was altered or damaged",
            "Restore it, or train again.",
        )
    return Model(architecture, parameters, statistics, notes)


def _refuse_other_arrays(
    arrays: Mapping[str, Array], needed: Mapping[str, tuple[int, ...]], path: Path
) -> None:
    """Name the first array that the network of the header has not, lacks or has in another shape."""
    for name in {**needed, **arrays}:
        need, got = needed.get(name, "none"), arrays[name].shape if name in arrays else "none"
        if got != need:
            raise FileError(
                str(path),
                "the arrays of the network in its header",
                f"{name!s:.40} is {need} there, {got} in the file",
            )


def refuse_unregistered(kind: str, names: Sequence[str], register: str, path: Path | str) -> None:
    """Ask for the functions of the user's that a file names: it does not hold them."""
    if names:
        raise FileError(
            str(path),
            f"{kind} of DeepStep's, or of your own that are registered",
            f"got {', '.join(dict.fromkeys(map(repr, names))):.100}",
            f"If it is yours, register it first: deepstep.equations.{register}.",
        )


def unregistered_features(entries: Any) -> list[str]:
    """The features in a file that are none here."""
    features = entries.get("features") if isinstance(entries, dict) else None
    return [name for name in features if name not in FEATURES] if isinstance(features, dict) else []


def statistics_shapes(architecture: Architecture) -> dict[str, tuple[int, int]]:
    """Names and shapes of the running statistics of a network's batch normalization."""
    return {
        name: (architecture.layer_dims[node.layer], 1)
        for name, (node, _) in architecture.graph.running.items()
    }


def _network(text: str) -> dict[str, Any]:
    """The header's JSON, in which nothing stands twice."""
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"it has {len(text):,} characters")
    network = json_values(text, finite=False)  # settings of a head of the user's own may be infinite
    if not isinstance(network, dict):
        raise TypeError(f"it is a {type(network).__name__}")
    return network


def _checksum(network: str, parameters: Parameters, statistics: Mapping[str, Array]) -> str:
    """SHA-256 of the header's network and of the numbers: safetensors would not notice a flipped bit."""
    digest = hashlib.sha256(network.encode())
    for numbers in (parameters.flat, *(statistics[name] for name in sorted(statistics))):
        digest.update(np.ascontiguousarray(numbers, numbers.dtype.newbyteorder("<")).data)
    return digest.hexdigest()
