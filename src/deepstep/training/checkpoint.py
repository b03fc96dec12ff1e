"""A training at rest: all that is needed to go on bit for bit, as one file. Loading executes nothing.

A training resumes only a checkpoint with the same identity: network, settings and data.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.data.array_files import read_arrays, write_arrays
from deepstep.data.text_formats import json_values
from deepstep.engines import SessionState, Settings
from deepstep.errors import ConfigurationError, DeepStepError, FileError
from deepstep.network import Architecture, Parameters
from deepstep.network.architecture import ENTRIES, LATER_ENTRIES, refuse_unregistered_features
from deepstep.preparation.batches import Examples, digest, n_batches, shuffled
from deepstep.preparation.streams import StreamedExamples
from deepstep.training.history import Record
from deepstep.training.plan import Plan
from deepstep.types import AnyArray, Array, is_number, is_whole

if TYPE_CHECKING:
    from deepstep.training.callbacks import Training

FORMAT, VERSION = "deepstep-checkpoint", 1

ARRAY = "$array"  # in states and records: the key of the name of an array, which lies among the file's arrays


@dataclass(frozen=True)
class Position:
    """Where training stands: with the session's state, all that is needed to go on."""

    epoch: int = 0  # whole epochs that are done
    batch: int = 0  # batches of the running epoch that are done
    seconds: float = 0.0  # with those of earlier runs
    costs: Array = field(default_factory=lambda: np.empty(0))  # J before each update of the running epoch
    sizes: AnyArray = field(default_factory=lambda: np.empty(0, int))  # the examples of each of its batches


@dataclass(frozen=True)
class Checkpoint:
    """A training between two updates.

    Attributes
    ----------
    identity : mapping
        Network, settings and data, as JSON values by name.
    state : SessionState
        θ, the optimizer's vectors, the running statistics, the number of updates.
    position : Position
        Epochs and batches done, and the costs of the epoch that runs.
    records : sequence of dict
        The history so far.
    callbacks : sequence of pairs
        Class and state of each callback that keeps one.

    Examples
    --------
    >>> import tempfile
    >>> from deepstep import Network
    >>> from deepstep.training import ModelCheckpoint
    >>> keeper = ModelCheckpoint(tempfile.mkdtemp(), every_epochs=2)
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
    def of(cls, training: "Training") -> "Checkpoint":
        """Where a training stands.

        Parameters
        ----------
        training : Training
            At a pause: see `Callback.on_pause`.

        Returns
        -------
        Checkpoint
            All that is needed to go on.
        """
        records, states = [dict(record) for record in training.history], training.states_of_callbacks()
        return cls(training.identity, training.state(), training.position, records, states)

    @property
    def architecture(self) -> Architecture:
        """The network's shape."""
        later = [name for name in LATER_ENTRIES if name in self.identity]
        return Architecture(**{name: self.identity[name] for name in (*ENTRIES, *later)})

    @property
    def parameters(self) -> Parameters:
        """θ as the parameters of the network."""
        return self.architecture.lay_out(self.state.theta)

    @property
    def seed(self) -> int:
        """The seed of the order of mini-batches; where that is not drawn, of the dropout."""
        match self.identity["order"]:
            case [drawn, int(seed)] if drawn == plain(shuffled(0))[0]:
                return seed
        return int(self.identity["seed"])

    def check(self, training: "Training") -> None:
        """Refuse to go on with another network, other settings, data or callbacks, or from beyond the end.

        Parameters
        ----------
        training : Training
            The one that is to go on from here.

        Raises
        ------
        ConfigurationError
            Names what differs.
        """
        other, position = differences(self.identity, training.identity), self.position
        if not other:
            of = n_batches(training.n_examples, training.identity["batch_size"])
            if position.epoch > training.epochs or position.batch >= of:
                stands = f"it stands after {position.epoch} iterations and {position.batch} of {of} batches"
                other += [(stands, ""), ("iterations", f"is {training.epochs}")]
            stored = [name for name, _ in self.callbacks]
            names = [name for name, _ in training.states_of_callbacks()]
            if stored != names:
                other.append(("it", f"holds the states of {stored!r:.100} where {names} keep one"))
        if other:
            raise ConfigurationError.must_be(
                "resume",
                "a checkpoint of this training, with the same network, settings and data",
                "one of another:",
                "Give what the checkpoint was made with, or start over.",
                listed=other,
            )


def identity(
    architecture: Architecture,
    dtype: "np.dtype[Any]",
    settings: Settings,
    plan: Plan,
    examples: Examples | StreamedExamples,
    validation: Examples | None,
) -> dict[str, Any]:
    """Network, settings and data as JSON values by name: data by a SHA-256, functions by their names."""
    parts = {**plain(architecture.entries()), "dtype": dtype.name, **plain(settings), **plain(plan)}
    epochs = parts.pop("epochs")  # more of them are a longer training of the same kind without a schedule
    if plan.by_fraction:
        parts[f"iterations, on which {' and '.join(plan.by_fraction)} depends,"] = epochs
    if isinstance(examples, Examples):
        parts["training data"] = digest(examples)
    else:
        described = json.dumps(examples.identity, sort_keys=True)
        parts["training data"] = hashlib.sha256(described.encode()).hexdigest()
    parts["validation data"] = None if validation is None else digest(validation)
    return parts


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The settings that differ, with what to say of each; one that only one side has is off in the other."""
    before, now = ({**LATER_ENTRIES, **parts} for parts in (before, now))
    listed = []
    for name in before:
        if name not in now or before[name] == now[name]:
            continue
        setting = _SETTING.match(name)[0]  # type: ignore[index]  # it fits every text
        change = f"was {before[name]!r:.60} and is {now[name]!r:.60}"
        if name.endswith(" data"):
            listed.append((f"the {name}", "is another"))
        else:
            listed.append((setting, f"{name.removeprefix(setting).strip(' ')} {change}".strip()))
    return listed


_SETTING = re.compile("[a-z0-9_]*(?: of (?!EarlyStopping).*)?")
"""How the name of a setting begins in an identity; ``patience of ReduceLROnPlateau`` is another one."""


def plain(value: Any) -> Any:
    """A setting in JSON's types; functions by their names."""
    if is_dataclass(value) and not isinstance(value, type):  # a Schedule, an Optimizer
        return {entry.name: plain(getattr(value, entry.name)) for entry in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, partial):
        return [plain(value.func), *map(plain, value.args)]
    if callable(value):
        named = value if hasattr(value, "__qualname__") else type(value)
        return f"{named.__module__}.{named.__qualname__}"
    return value


def write_checkpoint(path: Path | str, checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole or not at all: after a `FileError` the old file is untouched."""
    state, position = checkpoint.state, checkpoint.position
    arrays = {
        "theta": state.theta,
        **{f"slot {name}": vector for name, vector in state.slots.items()},
        **{f"statistic {name}": values for name, values in state.statistics.items()},
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
    header = {"format": FORMAT, "version": str(VERSION), "content": content}
    write_arrays(path, arrays, header | {"sha256": checksum(content, arrays)})


def read_checkpoint(path: Path | str) -> Checkpoint:
    """Read what `ModelCheckpoint` wrote; nothing in the file is executed.

    Parameters
    ----------
    path : Path or str
        The file.

    Returns
    -------
    Checkpoint
        Whole, with the checksum of its contents compared.

    Raises
    ------
    FileError
        If the file is missing, damaged, altered, of another version, or no checkpoint; if the network has a
        feature of one's own that is not registered.

    Examples
    --------
    >>> read_checkpoint("no/such/checkpoint")
    Traceback (most recent call last):
    deepstep.errors.FileError: no/such/checkpoint...
    """
    header, arrays = read_arrays(path, "a checkpoint", hint="")
    if header.get("format") != FORMAT:
        raise FileError(f"{path} is no DeepStep checkpoint by its header")
    if (version := header.get("version")) != str(VERSION):
        problem = f"{path} has checkpoint format version {version!r:.20}, and this release reads {VERSION}"
        raise FileError(problem, "Use the DeepStep release that wrote it.")
    if header.get("sha256") != checksum(header.get("content", ""), arrays):
        raise FileError(f"{path} was altered or damaged: its contents do not have the checksum written")
    try:
        content = json_values(header["content"], finite=False)
        refuse_unregistered_features(content["identity"], str(path))
        return _unpacked(content, arrays)
    except FileError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, DeepStepError) as error:
        raise FileError(f"{path} is no whole checkpoint, its parts do not fit: {error!s:.200}") from None


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
    values = values.item() if isinstance(values, np.generic) else values
    if isinstance(values, int | float | str | None):
        return values
    expected, hint = "hold JSON values and arrays of numbers", "A checkpoint stores no other objects."
    raise ConfigurationError.must_be(owner, expected, type(values).__name__, hint)


def _with_arrays(values: Any, arrays: Mapping[str, AnyArray]) -> Any:
    """The other way of `packed`."""
    if isinstance(values, dict):
        if set(values) == {ARRAY}:
            return arrays[values[ARRAY]]
        return {name: _with_arrays(entry, arrays) for name, entry in values.items()}
    return [_with_arrays(entry, arrays) for entry in values] if isinstance(values, list) else values


def _unpacked(content: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> Checkpoint:
    """The parts, checked: counts of at least 0, shapes, finite parameters."""
    step, epoch, batch, seconds = (content[name] for name in ("step", "epoch", "batch", "seconds"))
    if not all(is_whole(count, 0) and count < 2**63 for count in (step, epoch, batch)):
        raise ValueError(f"step, epoch and batch are {[step, epoch, batch]}")
    if not (is_number(seconds) and seconds >= 0):
        raise ValueError(f"seconds are {seconds}")
    records = _with_arrays(json_values(arrays["history"].tobytes(), finite=False), arrays)
    if not (isinstance(records, list) and all(isinstance(record, dict) for record in records)):
        raise ValueError("the history is no list of records")
    slots, statistics = (
        {name.removeprefix(kind): array for name, array in arrays.items() if name.startswith(kind)}
        for kind in ("slot ", "statistic ")
    )
    checkpoint = Checkpoint(
        content["identity"],
        SessionState(arrays["theta"], slots, step, statistics),
        Position(epoch, batch, seconds, arrays["costs"], arrays["sizes"]),
        records,
        [(str(name), dict(_with_arrays(values, arrays))) for name, values in content["callbacks"]],
    )
    architecture, dtype = checkpoint.architecture, np.dtype(checkpoint.identity["dtype"])
    shapes = architecture.statistics_layout
    if statistics.keys() != shapes.keys():
        raise ValueError(f"the running statistics are {list(statistics)}")
    vectors = [name for name in arrays if name == "theta" or name.startswith("slot ")]
    expected: dict[str, tuple[tuple[int, ...], Any]] = {
        **dict.fromkeys(vectors, ((architecture.n_parameters,), dtype)),
        **{f"statistic {name}": (shape, np.floating) for name, shape in shapes.items()},
        "costs": ((batch,), np.floating),
        "sizes": ((batch,), np.signedinteger),
    }
    for name, (shape, kind) in expected.items():
        if arrays[name].shape != shape or not np.issubdtype(arrays[name].dtype, kind):
            raise ValueError(f"{name} has shape {arrays[name].shape} and dtype {arrays[name].dtype}")
    if not np.isfinite(arrays["theta"]).all():
        raise ValueError("a parameter is not finite")
    if not 0 <= checkpoint.seed < 2**64:
        raise ValueError(f"the seed is {checkpoint.seed}")
    return checkpoint


def checksum(content: str, arrays: Mapping[str, AnyArray]) -> str:
    """The SHA-256 of a text and of arrays with their names, dtypes and shapes."""
    digest = hashlib.sha256(content.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ravel(array).view(np.uint8).data)
    return digest.hexdigest()
