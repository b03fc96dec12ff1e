"""Arrays by name with a header of texts: safetensors files, read so that every failure is one error."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from deepstep.data.files import atomic_write, check_file, reading
from deepstep.data.text_formats import json_values
from deepstep.environment import package
from deepstep.types import AnyArray


def write_arrays(path: Path | str, arrays: Mapping[str, AnyArray], header: Mapping[str, str]) -> None:
    """Write a safetensors file, which appears whole or not at all; the same contents give the same bytes."""
    save = package("safetensors.numpy").save
    content = memoryview(save({name: np.asarray(array, order="C") for name, array in arrays.items()}))
    end = 8 + int.from_bytes(content[:8], "little")
    # the library gives the texts another order in each process
    entries = {"__metadata__": dict(header), **json.loads(content[8:end].tobytes())}
    text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the numbers begin at a multiple of 8, as in the library's files
    with atomic_write(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.write(content[end:])


def read_arrays(
    path: Path | str, what: str, *, hint: str = "Restore it, or train again."
) -> tuple[dict[str, str], dict[str, AnyArray]]:
    """The header and the arrays of a safetensors file; nothing in it is executed."""
    safetensors = package("safetensors")
    check_file(path, what)
    errors = (safetensors.SafetensorError, ValueError, TypeError, KeyError, MemoryError)
    with (
        # AttributeError: a type of numbers that NumPy does not have
        reading(path, "a safetensors file", *errors, AttributeError, hint=hint),
        safetensors.safe_open(path, framework="numpy") as file,
    ):
        _check_header(Path(path))
        return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def _check_header(path: Path) -> None:
    """Refuse a header in which an entry stands twice, of which the library takes the last one."""
    with path.open("rb") as file:
        json_values(file.read(int.from_bytes(file.read(8), "little")))
