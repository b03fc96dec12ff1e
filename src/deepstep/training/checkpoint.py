"""A training at rest: all that is needed to go on bit for bit, as one file. Loading executes nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.text_formats import json_values
from deepstep.engines import SessionState
from deepstep.errors import ConfigurationError, DeepStepError, FileError
from deepstep.network import Architecture, Parameters
from deepstep.network.architecture import ENTRIES, LATER_ENTRIES
from deepstep.network.model_file import refuse_unregistered, statistics_shapes, unregistered_features
from deepstep.preparation.batches import n_batches, shuffled
from deepstep.training.callbacks import Training
from deepstep.training.history import Record
from deepstep.training.identity import differences, plain
from deepstep.training.position import Position
from deepstep.types import AnyArray

FORMAT, VERSION = "deepstep-checkpoint", 1

ARRAY = "$array"
"""In states and records: the key of the name of an array, which lies among the file's arrays."""


@dataclass(frozen=True)
class Checkpoint:
    """A training between two updates.

    identity: Network, settings and data, see `deepstep.training.identity`.
    state: θ, the optimizer's vectors, the running statistics, the moving average, the number of updates.
    position: Epochs and batches done, and the costs of the epoch that runs.
    records: The history so far.
    callbacks (sequence of pairs): Class and state of each callback that keeps one.

    >>> import tempfile
    >>> from deepstep import Network
    >>> from deepstep.training import Checkpoints
    >>> keeper = Checkpoints(tempfile.mkdtemp(), every_epochs=2)
    >>> history = Network([1, 1], seed=1).train([[0.0, 1.0]], [[0, 1]], iterations=5, callbacks=[keeper])
    >>> checkpoint = read_checkpoint(keeper.last)
    >>> checkpoint.position.epoch, checkpoint.architecture.layer_dims, len(checkpoint.records)
    (4, (1, 1), 4)
    """

    identity: Mapping[str, Any]
    state: SessionState
    position: Position
    records: Sequence[Record]
    callbacks: Sequence[tuple[str, Mapping[str, Any]]]

    @classmethod
    def of(cls, training: Training) -> "Checkpoint":
        """Where a training stands.

        training: At a pause: see `Callback.on_pause`.
        returns: All that is needed to go on.
        """
        return cls(
            training.identity,
            training.state(),
            training.position,
            list(training.history.records),
            training.states_of_callbacks(),
        )

    @property
    def architecture(self) -> Architecture:
        """The network's shape."""
        later = [name for name in LATER_ENTRIES if name in self.identity]
        return Architecture(**{name: self.identity[name] for name in (*ENTRIES, *later)})

    @property
    def outcome(self) -> Parameters:
        """The parameters that predict: the moving average where one is kept, else θ."""
        flat = self.state.theta if self.state.average is None else self.state.average
        return self.architecture.lay_out(flat)

    @property
    def seed(self) -> int:
        """The seed of the order of mini-batches; where that is not drawn, of the dropout and the noise."""
        function, _ = plain(shuffled(0))
        match self.identity["order"]:
            case [drawn, int(seed)] if drawn == function:
                return seed
            case _:
                return int(self.identity["seed"])

    def check(self, training: Training, where: str) -> None:
        """Refuse to go on with another network, other settings, data or callbacks, or from beyond the end.

        training: The one that is to go on from here.
        where: Name for error messages.
        ConfigurationError: Names what differs.
        """
        other = differences(self.identity, training.identity)
        plan, position = training.plan, self.position
        if plan is not None and not other:
            of = n_batches(training.n_examples, plan.batch_size)
            if position.epoch > plan.epochs or position.batch >= of:
                stands = f"it stands after {position.epoch} iterations and {position.batch} of {of} batches"
                other.append(f"{stands}, and iterations is {plan.epochs}")
        kept, names = (
            [name for name, _ in states] for states in (self.callbacks, training.states_of_callbacks())
        )
        if kept != names and not other:
            other.append(f"it holds the states of {kept!r:.100} where {names} keep one")
        if other:
            raise ConfigurationError(
                where,
                "a checkpoint of this training, with the same network, settings and data",
                "; ".join(other),
                "Give what the checkpoint was made with, or begin anew.",
            )


def write_checkpoint(path: Path | str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole or not at all: after a `FileError` the old file is untouched."""
    state, position = checkpoint.state, checkpoint.position
    arrays = {
        "theta": state.theta,
        **{f"slot {name}": vector for name, vector in state.slots.items()},
        **{f"statistic {name}": values for name, values in state.statistics.items()},
        **({} if state.average is None else {"average": state.average}),
        "costs": position.costs,
        "sizes": position.sizes,
    }
    # Not in the header, which has an end: a long training has many records. Numbers that are not finite stay.
    records = json.dumps(packed(checkpoint.records, "the records of training", arrays))
    arrays["history"] = np.frombuffer(records.encode(), np.uint8)
    content = json.dumps(
        {
            "identity": dict(checkpoint.identity),
            "step": state.step,
            "epoch": position.epoch,
            "batch": position.batch,
            "seconds": position.seconds,
            "callbacks": [
                [name, packed(values, f"{name}.state()", arrays)] for name, values in checkpoint.callbacks
            ],
        }
    )
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "content": content,
        "sha256": _checksum(content, arrays),
    }
    write_arrays(path, arrays, header)


def read_checkpoint(path: Path | str) -> Checkpoint:
    """Read what `Checkpoints` wrote; nothing in the file is executed.

    path: The file.
    returns: Whole, with the checksum of its contents compared.
    FileError: If the file is missing, damaged, altered, of another version, or no checkpoint; if the network
        has a feature of one's own that is not registered.

    >>> read_checkpoint("no/such/checkpoint")
    Traceback (most recent call last):
    deepstep.errors.FileError: no/such/checkpoint: a checkpoint; there is none.
    """
    where = str(path)
    header, arrays = read_arrays(path, "a checkpoint", mend="")
    if header.get("format") != FORMAT:
        raise FileError(where, "a DeepStep checkpoint", "its header says something else")
    if header.get("version") != str(VERSION):
        raise FileError(
            where,
            f"checkpoint format version {VERSION}",
            f"got version {header.get('version')!r:.20}",
            "Use the DeepStep release that wrote it.",
        )
    if header.get("sha256") != _checksum(header.get("content", ""), arrays):
        raise FileError(
            where,
            "the contents that were written, by their checksum",
            "the file was altered or damaged",
        )
    try:
        content = json_values(header["content"], finite=False)
        refuse_unregistered("features", unregistered_features(content["identity"]), "feature", where)
        return _unpacked(content, arrays)
    except FileError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, DeepStepError) as error:
        raise FileError(where, "a whole checkpoint", f"its parts do not fit: {error!s:.200}") from None


def packed(values: Any, owner: str, arrays: dict[str, AnyArray]) -> Any:
    """Values in JSON's types; their arrays go into ``arrays``, and the names of these into their places."""
    if isinstance(values, Mapping):
        return {str(name): packed(entry, owner, arrays) for name, entry in values.items()}
    if isinstance(values, list | tuple):
        return [packed(entry, owner, arrays) for entry in values]
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiub":
        name = f"array {len(arrays)}"
        arrays[name] = values
        return {ARRAY: name}
    if isinstance(values, np.generic):
        values = values.item()
    if values is None or isinstance(values, bool | int | float | str):
        return values
    raise ConfigurationError(
        owner,
        "JSON values and arrays of numbers",
        f"got {type(values).__name__}",
        "A checkpoint stores no other objects.",
    )


def _with_arrays(values: Any, arrays: Mapping[str, AnyArray]) -> Any:
    """The other way of `packed`."""
    if isinstance(values, dict):
        if set(values) == {ARRAY}:
            return arrays[values[ARRAY]]
        return {name: _with_arrays(entry, arrays) for name, entry in values.items()}
    return [_with_arrays(entry, arrays) for entry in values] if isinstance(values, list) else values


def _unpacked(content: Mapping[str, Any], arrays: dict[str, AnyArray]) -> Checkpoint:
    """The parts, checked: shapes, finite parameters, counts of at least 0."""
    identity = content["identity"]
    theta, average = arrays["theta"], arrays.get("average")
    slots = _named(arrays, "slot ")
    statistics = _named(arrays, "statistic ")
    step, epoch, batch = (content[name] for name in ("step", "epoch", "batch"))
    seconds, costs, sizes = float(content["seconds"]), arrays["costs"], arrays["sizes"]
    records = _with_arrays(json_values(arrays["history"].tobytes(), finite=False), arrays)
    callbacks = [(str(name), dict(_with_arrays(values, arrays))) for name, values in content["callbacks"]]
    checkpoint = Checkpoint(
        identity,
        SessionState(theta, slots, step, statistics, average),
        Position(epoch, batch, seconds, costs, sizes),
        records,
        callbacks,
    )
    architecture = checkpoint.architecture
    vectors = {"theta": theta, **slots, **({} if average is None else {"average": average})}
    for name, vector in vectors.items():
        if vector.shape != (architecture.n_parameters,) or vector.dtype != np.dtype(identity["dtype"]):
            raise ValueError(f"{name} has shape {vector.shape} and dtype {vector.dtype}")
    if {name: values.shape for name, values in statistics.items()} != statistics_shapes(architecture):
        raise ValueError(f"the running statistics are {list(statistics)}")
    if not all(np.isfinite(vector).all() for vector in (theta, average) if vector is not None):
        raise ValueError("a parameter is not finite")
    if not all(type(count) is int and 0 <= count < 2**63 for count in (step, epoch, batch)):
        raise ValueError(f"step, epoch and batch are {[step, epoch, batch]}")
    if not (isfinite(seconds) and seconds >= 0):
        raise ValueError(f"seconds are {seconds}")
    if costs.shape != (batch,) or sizes.shape != (batch,) or sizes.dtype.kind != "i":
        raise ValueError(f"{batch} batches have costs {costs.shape} and sizes {sizes.shape}")
    if not (isinstance(records, list) and all(isinstance(record, dict) for record in records)):
        raise ValueError("the history is no list of records")
    if not 0 <= checkpoint.seed < 2**64:
        raise ValueError(f"the seed is {checkpoint.seed}")
    return checkpoint


def _named(arrays: Mapping[str, AnyArray], kind: str) -> dict[str, AnyArray]:
    return {name.removeprefix(kind): array for name, array in arrays.items() if name.startswith(kind)}


def _checksum(content: str, arrays: Mapping[str, AnyArray]) -> str:
    digest = hashlib.sha256(content.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
