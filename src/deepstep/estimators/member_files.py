"""The files of a committee's members: a model file each, and the records of its training beside it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from deepstep.model import Network
from deepstep.run_folder import read_text
from deepstep.training.history import History
from deepstep.training.records import check_records

MEMBERS = "members"


def stem(number: int, record: Mapping[str, Any]) -> str:
    """A member's files without their suffixes, relative to the folder of its committee.

    Examples
    --------
    >>> stem(3, {"recipe": "bent", "fold": 2})
    'members/03-bent-2'
    """
    return f"{MEMBERS}/{number:02}-{record['recipe']}-{record['fold']}"


def member_files(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """The files of the members that ``committee.json`` tells of, relative to its folder.

    Examples
    --------
    >>> member_files([{"recipe": "bent", "fold": 0, "history": True}])
    ['members/00-bent-0.safetensors', 'members/00-bent-0.jsonl']
    """
    names: list[str] = []
    for number, record in enumerate(records):
        begin = stem(number, record)
        names += [f"{begin}.safetensors", *([f"{begin}.jsonl"] if record["history"] else [])]
    return names


def write_member(folder: Path, begin: str, network: Network) -> None:
    """Write the model file and, where the network has one, the history of its training.

    Parameters
    ----------
    folder : Path
        Of the committee.
    begin : str
        What `stem` gives.
    network : Network
    """
    network.save(folder / f"{begin}.safetensors")
    if network.history is not None:
        (folder / f"{begin}.jsonl").write_text(network.history.to_jsonl(), encoding="utf-8")


def read_member(folder: Path, begin: str, *, history: bool) -> Network:
    """A member's network, with the records of its training if they were kept.

    Parameters
    ----------
    folder, begin
        As for `write_member`.
    history : bool
        Whether there are such records: releases before 0.2 kept none.

    Returns
    -------
    Network

    Raises
    ------
    FileError
        If a file is missing or damaged.
    """
    network = Network.load(folder / f"{begin}.safetensors")
    if history:
        path = folder / f"{begin}.jsonl"
        network.history = History.from_jsonl(read_text(path), where=str(path))
        check_records(network.history, network.architecture.n_layers, str(path))
    return network
