"""The files of an ensemble's members: a model file each, and the records of its training beside it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deepstep.model import Network
from deepstep.run_folder import read_text
from deepstep.training.history import History, check_records

MEMBERS = "members"


def stem(number: int, record: Mapping[str, Any]) -> str:
    """A member's files without their suffixes, relative to the folder of its ensemble."""
    preset = record["recipe"] if "recipe" in record else record["preset"]  # the first of version 0.2
    return f"{MEMBERS}/{number:02}-{preset}-{record['fold']}"


def member_files(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """The files of the members that ``ensemble.json`` lists, relative to its folder."""
    names: list[str] = []
    for number, record in enumerate(records):
        begin = stem(number, record)
        names += [f"{begin}.safetensors", *([f"{begin}.jsonl"] if record["history"] else [])]
    return names


def write_member(folder: Path, begin: str, network: Network) -> None:
    """Write the model file and, where the network has one, the history of its training."""
    network.save(folder / f"{begin}.safetensors")
    if network.history is not None:
        (folder / f"{begin}.jsonl").write_text(network.history.to_jsonl(), encoding="utf-8")


def read_member(folder: Path, begin: str, *, history: bool) -> Network:
    """A member's network, with the records of its training if they were kept, which 0.1 did not."""
    network = Network.load(folder / f"{begin}.safetensors")
    if history:
        path = folder / f"{begin}.jsonl"
        network.history = History.from_jsonl(read_text(path), where=str(path))
        check_records(network.history, network.architecture.n_layers, str(path))
    return network
