"""The fitted attributes of both families under scikit-learn's names, and the result of a fit of one network.

The result is read with a saved network, so scikit-learn is not imported.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np

from deepstep.engines import SessionState
from deepstep.ensembles.calibration import Calibration
from deepstep.ensembles.ensemble import Ensemble, Leaderboard, TriedPresets
from deepstep.ensembles.predictor import Predictor
from deepstep.equations.ops import is_weights
from deepstep.model import Network
from deepstep.targets import Targets
from deepstep.training import History
from deepstep.training.fit import INTERRUPTED
from deepstep.training.rate_finder import RateSearch
from deepstep.types import Array

OUTPUT_NAMES = {"sigmoid": "logistic", "exponential": "exp"}
"""scikit-learn's names of output activations that are not ours."""


@dataclass(frozen=True)
class Progress:
    """The result of a fit, from which the next one continues; the network has the history.

    ``epochs`` are those of the last fit, ``examples_seen`` those of all. ``stopping_history`` is that of the
    training that early stopping ended, before a refit. ``best`` has the best value of each quantity that was
    watched, and ``stalled`` counts epochs without improvement. ``learning_rate`` is None for L-BFGS,
    ``search`` where no rate was searched for, and ``adapted_rate`` where the rate is not 'adaptive'.
    """

    loss: float = nan
    epochs: int = 0
    examples_seen: int = 0
    stopping_history: History | None = None
    best_loss: float | None = None
    best_validation_score: float | None = None
    learning_rate: float | None = None
    search: RateSearch | None = None
    best: Mapping[str, float] = field(default_factory=dict)
    stalled: int = 0
    adapted_rate: float | None = None
    optimizer: SessionState | None = None


class NetworkAttributes:
    """The attributes of a fitted estimator, all read from its network and the progress of its fit.

    Each is described in `NetworkClassifier` and `NetworkRegressor`.
    """

    network_: Network
    targets_: Targets
    n_features_in_: int
    _progress: Progress
    _interrupted: bool = False

    def _fitted(self, name: str) -> Network:
        """The network; an `AttributeError` before the fit, so that no attribute seems to be there."""
        if "network_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {name} before it is fitted")
        return self.network_

    def _progress_of(self, name: str) -> Progress:
        self._fitted(name)
        return self._progress

    @property
    def history_(self) -> History:
        """A record of each epoch, over all fits that went on."""
        history = self._fitted("history_").history
        return History() if history is None else history

    @property
    def stopping_history_(self) -> History | None:
        """The history of the training that early stopping ended, before a refit."""
        return self._progress_of("stopping_history_").stopping_history

    @property
    def interrupted_(self) -> bool:
        """Whether Ctrl-C ended the fit."""
        network = vars(self).get("network_")
        stopped = network is not None and self.history_.stopped == INTERRUPTED
        return self._interrupted or stopped

    @property
    def coefs_(self) -> list[Array]:
        """Weights (n_{l-1}, n_l) of each layer."""
        parameters = self._fitted("coefs_").parameters
        return [view.T for name, view in parameters.items() if is_weights(name)]

    @property
    def intercepts_(self) -> list[Array]:
        """Biases (n_l,) of each layer."""
        parameters = self._fitted("intercepts_").parameters
        return [view[:, 0] for name, view in parameters.items() if name.startswith("b")]

    @property
    def loss_curve_(self) -> list[float]:
        """J of each epoch."""
        self._fitted("loss_curve_")
        return [record["cost"] for record in self.history_]

    @property
    def loss_(self) -> float:
        """The last J."""
        return self._progress_of("loss_").loss

    @property
    def best_loss_(self) -> float | None:
        """The smallest J, or validation cost."""
        return self._progress_of("best_loss_").best_loss

    @property
    def _validated(self) -> History | None:
        """The history that has scores of validation data; None without."""
        history = self.stopping_history_ or self.history_
        return history if any("validation_cost" in record for record in history) else None

    @property
    def validation_costs_(self) -> list[float] | None:
        """The cost of validation data after each epoch."""
        self._fitted("validation_costs_")
        history = self._validated
        return None if history is None else [record.get("validation_cost", nan) for record in history]

    @property
    def validation_scores_(self) -> list[float] | None:
        """The score of validation data after each epoch."""
        self._fitted("validation_scores_")
        history = self._validated
        return None if history is None else [_score(record) for record in history]

    @property
    def best_validation_score_(self) -> float | None:
        """The largest score."""
        return self._progress_of("best_validation_score_").best_validation_score

    @property
    def _best_epoch(self) -> int | None:
        """The epoch with the best score, from 1; None where early stopping kept none."""
        scores = self.validation_scores_
        if scores is None or self.best_validation_score_ is None:
            return None
        return int(np.nanargmax(scores)) + 1

    @property
    def learning_rate_(self) -> float:
        """α that the last fit began with."""
        rate = self._progress_of("learning_rate_").learning_rate
        if rate is None:
            raise AttributeError(f"{type(self).__name__} has no learning_rate_ with solver='lbfgs'")
        return rate

    @property
    def rate_search_(self) -> RateSearch | None:
        """The search for a learning rate."""
        return self._progress_of("rate_search_").search

    @property
    def n_iter_(self) -> int:
        """Epochs of the last fit."""
        return self._progress_of("n_iter_").epochs

    @property
    def t_(self) -> int:
        """Examples seen."""
        return self._progress_of("t_").examples_seen

    @property
    def n_layers_(self) -> int:
        """Layers with the input."""
        return self._fitted("n_layers_").architecture.n_layers + 1

    @property
    def n_outputs_(self) -> int:
        """Outputs of the network."""
        return self._fitted("n_outputs_").architecture.n_outputs

    @property
    def out_activation_(self) -> str:
        """The output's activation under scikit-learn's name."""
        name = self._fitted("out_activation_").architecture.activations[-1]
        return OUTPUT_NAMES.get(name, name)

    @property
    def engine_(self) -> str:
        """The engine that ran."""
        self._fitted("engine_")
        return self.history_.engine

    @property
    def engine_reason_(self) -> str:
        """Why that engine ran, where another one could be expected."""
        self._fitted("engine_reason_")
        return self.history_.why_engine


def _score(record: Any) -> float:
    """The score of an epoch, which for scoring='loss' is minus the cost."""
    return float(record.get("validation_score", -record.get("validation_cost", nan)))


class DeepAttributes:
    """The attributes of a fitted ensemble; all is read from one `Predictor`.

    Each is described in `DeepClassifier` and `DeepRegressor`.
    """

    predictor_: Predictor
    n_features_in_: int
    _interrupted: bool = False

    @abstractmethod
    def _reported(self, outputs: Array) -> Array:
        """Outputs as predictions: probabilities at the temperature, or numbers."""

    def _fitted(self, name: str) -> Predictor:
        """The predictor; an `AttributeError` before the fit, so that no attribute seems to be there."""
        if "predictor_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {name} before it is fitted")
        return self.predictor_

    @property
    def ensemble_(self) -> Ensemble:
        """The networks, and what each counts."""
        return self._fitted("ensemble_").ensemble

    @property
    def targets_(self) -> Targets:
        """The targets that were learned."""
        return self._fitted("targets_").targets

    @property
    def _calibration(self) -> Calibration:
        return self.predictor_.calibration

    @property
    def n_iter_(self) -> int:
        """Epochs of the member that had most."""
        return max(member.epochs for member in self._fitted("n_iter_").ensemble.members)

    @property
    def engine_(self) -> str:
        """The engines that ran."""
        members = self._fitted("engine_").ensemble.members
        return ", ".join(dict.fromkeys(member.engine for member in members))

    @property
    def engine_reason_(self) -> str:
        """Why these engines ran, where others could be expected."""
        self._fitted("engine_reason_")
        reasons = (history.why_engine for history in self.histories_)
        return "; ".join(dict.fromkeys(reason for reason in reasons if reason))

    @property
    def histories_(self) -> list[History]:
        """The history of each member, in the order of ``ensemble_.members``."""
        histories = [member.network.history for member in self._fitted("histories_").ensemble.members]
        return [History() if history is None else history for history in histories]

    @property
    def interrupted_(self) -> bool:
        """Whether Ctrl-C ended the fit."""
        if "predictor_" not in vars(self):
            return self._interrupted
        return self._interrupted or INTERRUPTED in (history.stopped for history in self.histories_)

    @property
    def tried_(self) -> TriedPresets:
        """All presets that were trained for the ensemble."""
        return TriedPresets(self._fitted("tried_").ensemble.tried)

    @property
    def oof_predictions_(self) -> Any:
        """Predictions for the rows of the fit by members that did not learn from them."""
        outputs = self._fitted("oof_predictions_").out_of_fold()
        if outputs is None:
            raise AttributeError(
                f"{type(self).__name__} has no oof_predictions_: they are kept where the rows are split into "
                "folds, which is not so with validation data of your own, and with rows that are streamed"
            )
        return self._reported(outputs)

    def leaderboard(self) -> Leaderboard:
        """The members of the ensemble as a table, the lowest validation cost first.

        Returns
        -------
        Leaderboard
            A list with a dict for each member, which ``pandas.DataFrame`` takes: ``member``, ``preset``,
            ``fold``, ``layer_dims``, ``epochs``, ``best_epoch``, ``validation_cost``, ``score``, ``weight``
            and ``seconds``.

        Raises
        ------
        AttributeError
            Before the estimator is fitted.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from deepstep import DeepClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = DeepClassifier(n_estimators=3, network_params={"epochs": 20}, random_state=1).fit(X, y)
        >>> [name for name in model.leaderboard()[0]][:4]
        ['member', 'preset', 'fold', 'layer_dims']
        >>> model.oof_predictions_.shape
        (150, 3)
        """
        return self._fitted("leaderboard").ensemble.leaderboard()
