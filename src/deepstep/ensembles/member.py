"""A member of an ensemble: one network, and what is known of its training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepstep.engines import Settings
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.model import Network
from deepstep.model.outputs import outputs_of_rows
from deepstep.types import Array


@dataclass(frozen=True, eq=False)
class Member:
    """One network of an ensemble.

    Attributes
    ----------
    preset : str
        The name of the preset that it was made by.
    inputs : str
        Which inputs of its fold's preprocessor it takes.
    fold : int
        Number of the fold whose rows it learned from.
    network : deepstep.Network
        It takes the inputs that the preprocessor made, and learned the targets that it scaled; every step of
        its training can be opened.
    engine : str
        The engine that trained it, and predicts.
    settings : Settings
        What its steps were made with.
    learning_rate : float or None
        The one of its training; None for L-BFGS.
    epochs : int
        How many it learned.
    best_epoch : int or None
        After how many of them the validation cost was smallest, from 1; None without validation data.
    validation_cost : float or None
        The cost then.
    score : float or None
        Accuracy, R² or D² on the rows that its fold held out; None where that is not known.
    """

    preset: str
    inputs: str
    fold: int
    network: Network
    engine: str
    settings: Settings
    learning_rate: float | None
    epochs: int
    best_epoch: int | None = None
    validation_cost: float | None = None
    score: float | None = None

    @property
    def layer_dims(self) -> tuple[int, ...]:
        """The units of its layers."""
        return self.network.architecture.layer_dims

    @property
    def seconds(self) -> float | None:
        """Seconds of its training; None where its history is not known."""
        history = self.network.history
        return history[-1].get("seconds") if history else None

    def __str__(self) -> str:
        cost = "" if self.validation_cost is None else f", validation cost {self.validation_cost:.6f}"
        return f"{self.preset} on fold {self.fold}{cost}"

    def outputs(self, inputs: Mapping[str, Any], preprocessor: Preprocessor) -> Array:
        """Compute the outputs of the network.

        Parameters
        ----------
        inputs : mapping
            Rows as the inputs of each encoding of the fold.
        preprocessor : Preprocessor
            The preprocessor of the fold.

        Returns
        -------
        ndarray of shape (m, n_outputs)
            Outputs in the units of the target.
        """
        return preprocessor.unscaled(outputs_of_rows(self.network, self.engine, inputs[self.inputs]))
