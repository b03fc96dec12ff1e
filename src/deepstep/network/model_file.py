"""A network on disk: safetensors with a versioned header and a checksum. Loading executes nothing."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.files import atomic_write, kind_at
from deepstep.errors import DeepStepError, FileError
from deepstep.network.architecture import Architecture
from deepstep.network.parameters import Parameters
from deepstep.types import Array

FORMAT, VERSION = "deepstep-model", 1


def save_model(
    path: str | Path,
    architecture: Architecture,
    parameters: Parameters,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Write a network; an old file stays whole until the new one is complete.

    Parameters
    ----------
    path : path
        Usually ``….safetensors``.
    architecture, parameters
        The network.
    notes : mapping, optional
        JSON values to keep beside it.

    Raises
    ------
    FileError
        If the file cannot be written; what stood there before is untouched.
    """
    from safetensors.numpy import save

    network = json.dumps(
        {
            "layer_dims": architecture.layer_dims,
            "activations": architecture.activations,
            "notes": dict(notes or {}),
        }
    )
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "network": network,
        "sha256": _checksum(network, parameters),
    }
    arrays = {name: np.ascontiguousarray(value) for name, value in parameters.items()}
    with atomic_write(Path(path)) as file:
        file.write(save(arrays, metadata=header))


def load_model(path: str | Path) -> tuple[Architecture, Parameters, dict[str, Any]]:
    """Read what `save_model` wrote.

    Returns
    -------
    architecture : Architecture
    parameters : Parameters
    notes : dict

    Raises
    ------
    FileError
        If the file is missing, damaged, altered, or no DeepStep model.
    """
    path = Path(path)
    header, arrays = _read(path)
    if header.get("format") != FORMAT:
        raise FileError(str(path), "a DeepStep model", "its header says something else")
    if header.get("version") != str(VERSION):
        raise FileError(
            str(path),
            f"model format version {VERSION}",
            f"got version {header.get('version')!r}",
            "Use the DeepStep release that wrote it, or a newer one.",
        )
    try:
        network = json.loads(header["network"])
        architecture = Architecture(tuple(network["layer_dims"]), tuple(network["activations"]))
        parameters = Parameters.from_dict(arrays, where=str(path))
        notes = dict(network["notes"])
    except (KeyError, TypeError, ValueError, DeepStepError) as error:
        raise FileError(str(path), "a whole DeepStep model", f"its header does not fit: {error}") from None
    if parameters.layer_dims != architecture.layer_dims:
        raise FileError(
            str(path),
            f"arrays for the layer sizes {list(architecture.layer_dims)}",
            f"got arrays for {list(parameters.layer_dims)}",
        )
    if header.get("sha256") != _checksum(header["network"], parameters):
        raise FileError(
            str(path),
            "the contents that were saved, by their checksum",
            "the file was altered or damaged",
            "Restore it, or train again.",
        )
    return architecture, parameters, notes


def _checksum(network: str, parameters: Parameters) -> str:
    """SHA-256 of the header's network and of θ: safetensors itself would not notice a flipped bit."""
    little_endian = parameters.flat.astype(parameters.dtype.newbyteorder("<"), copy=False)
    digest = hashlib.sha256(network.encode())
    digest.update(little_endian.data)
    return digest.hexdigest()


def _read(path: Path) -> tuple[dict[str, str], dict[str, Array]]:
    from safetensors import SafetensorError, safe_open

    if kind_at(path) == "folder":
        raise FileError(
            str(path), "a model file", "this is a folder", "A run folder is read by deepstep.Run.load."
        )
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise FileError(str(path), "a model file", "there is none") from None
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise FileError(
            str(path), "a safetensors file", f"it cannot be read ({error})", "Restore it, or train again."
        ) from None
