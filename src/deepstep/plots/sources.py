"""Sources of displays: the network and the history of whatever got, and what Health saw."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple, Self

import numpy as np

from deepstep.errors import ConfigurationError, DataError
from deepstep.model import Network
from deepstep.training import History
from deepstep.training.history import health_in
from deepstep.types import Array, is_whole

ADVICE = "Train with callbacks=[Health()], of deepstep.training; deepstep train has --log health."


def member_of(estimator: Any, member: int | None, where: str) -> Any:
    """The member of an estimator: the only one, or the one that is asked for."""
    ensemble = getattr(estimator, "ensemble_", None)
    if ensemble is None:
        got = type(estimator).__name__
        raise ConfigurationError(
            where, "a fitted DeepClassifier or DeepRegressor", f"got {got}", "Call fit before."
        )
    if ensemble.takes_numbers and member is not None:
        raise ConfigurationError(where, "member is for ensembles", f"got {member!r} for one network")
    count = len(ensemble.members)
    if member is None and count == 1:
        return ensemble.members[0]
    if member is None:
        raise ConfigurationError(
            where,
            "one network",
            f"got an ensemble of {count}",
            f"Say which one: member=0 … {count - 1}; or fit with preset='single'.",
        )
    if not (is_whole(member, 0) and member < count):
        raise ConfigurationError(where, f"member is one of 0 … {count - 1}", f"got {member!r}")
    return ensemble.members[member]


def network_of(estimator: Any, member: int | None, where: str) -> Network:
    """The network of an estimator, of an ensemble that of a member."""
    network: Network = member_of(estimator, member, where).network
    return network


def history_of(estimator: Any, member: int | None, where: str) -> History:
    """The history of an estimator, of an ensemble that of a member."""
    history = network_of(estimator, member, where).history
    if history is None:
        raise ConfigurationError(where, "a network with a history", "this one has none")
    return history


class OfTraining(ABC):
    """A display of a training's records: what gives it a history gives it an estimator."""

    @classmethod
    @abstractmethod
    def from_history(cls, history: History) -> Self:
        """The display of a history."""

    @classmethod
    def from_estimator(cls, estimator: Any, *, member: int | None = None) -> Self:
        """The display of a fitted estimator's training.

        estimator (DeepClassifier or DeepRegressor): Fitted; where health is shown with
            ``callbacks=[Health()]``.
        member: Which network of an ensemble.
        returns (display): Not drawn yet.
        ConfigurationError, DataError: If there is no such network, or its records lack what is shown.
        """
        return cls.from_history(history_of(estimator, member, f"{cls.__name__}.from_estimator"))


def check_network(network: Any, where: str) -> Network:
    """The network itself."""
    if not isinstance(network, Network):
        raise ConfigurationError(
            where, "a Network", f"got {type(network).__name__}", "For an estimator use from_estimator."
        )
    return network


def check_history(history: Any, where: str) -> History:
    """The history itself."""
    if not isinstance(history, History):
        got = f"got {type(history).__name__}"
        raise ConfigurationError(where, "the History of a training", got, "See History and Network.train.")
    return history


class Looks(NamedTuple):
    """Looks at the layers: the epochs (k,), updates an epoch, and quantities (k, L) by name, NaN for None."""

    epochs: Array
    updates: float
    values: dict[str, Array]

    @property
    def n_layers(self) -> int:
        """L."""
        return int(next(iter(self.values.values())).shape[1])


def looks_in(history: History, names: tuple[str, ...], where: str) -> Looks:
    """The quantities that the callback `Health` wrote into records."""
    records = check_history(history, where)
    looks = {record["epoch"]: look for record in records if (look := health_in(record)) is not None}
    if not looks:
        raise DataError(where, "records with health", f"got {len(history)} records without any", ADVICE)
    every = list(looks.values())
    lacking = [name for name in names if any(name not in layer for look in every for layer in look)]
    if lacking:
        raise DataError(
            where,
            f"health has {', '.join(names)}",
            f"the records, of an older release, lack {', '.join(lacking)}",
            ADVICE,
        )
    values = {
        name: np.array(
            [[layer[name] for layer in look] for look in every],
            dtype=float,  # None is NaN
        )
        for name in names
    }
    epochs = np.array(list(looks), dtype=float)
    last = history[-1]
    return Looks(epochs, max(1.0, last.get("step", 1) / (last["epoch"] + 1)), values)
