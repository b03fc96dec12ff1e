"""The fitted attributes of both estimators: those of the only network."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from deepstep.equations.ops import is_weights
from deepstep.estimators.ensemble import Ensemble, Leaderboard, Member
from deepstep.estimators.label_issues import TrainingFingerprint
from deepstep.estimators.training import FitResult
from deepstep.estimators.tried import TriedPresets
from deepstep.training import History
from deepstep.training.fit import INTERRUPTED
from deepstep.types import Array

SCIKIT_LEARN_NAMES = {"sigmoid": "logistic", "exponential": "exp"}
"""scikit-learn's names of output activations that are not ours."""


class OfTheNetwork:
    """An attribute that is read from the only member of the ensemble."""

    def __init__(self, read: Callable[[Member], Any]) -> None:
        self._read = read

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, estimator: "FittedAttributes | None", kind: Any = None) -> Any:
        if estimator is None:
            return self
        ensemble = estimator._fitted(self._name)
        if len(ensemble.members) > 1:
            raise AttributeError(
                f"{type(estimator).__name__} has no {self._name} of its own with preset={estimator.preset!r}"
                f", which trained {ensemble.counted}: see ensemble_.members[0].network and its history"
            )
        return self._read(ensemble.members[0])


def _fit(member: Member) -> FitResult:
    if member.fit is None:
        raise AttributeError("the training of an ensemble that was read from files is not kept")
    return member.fit


def _learning_rate(member: Member) -> float:
    rate = _fit(member).learning_rate
    if rate is None:
        raise AttributeError("no learning_rate_ with solver='lbfgs', which has none")
    return rate


class FittedAttributes:
    """Attributes of a fitted estimator.

    Attributes
    ----------
    ensemble_ : deepstep.estimators.ensemble.Ensemble
        The networks as ``members``, with the ``weights`` of the presets and the predictions ``out_of_fold``;
        with ``preset='mlp'`` and 'single' there is one. What follows is that of the only member; of several
        the attribute says so, except ``n_iter_``, which is the largest, and those of engines.
    network_ : deepstep.Network
        The network; columns are examples there, and its cost has no L1 and L2 term.
    history_ : History
        A record of each epoch: ``epoch``, ``cost``, ``learning_rate``, … and with validation data
        ``validation_cost`` and, unless it is by ``scoring='loss'``, ``validation_score``.
    histories_ : list of History
        The history of each member.
    interrupted_ : bool
        Whether Ctrl-C ended the fit, which keeps what was reached.
    tried_ : TriedPresets
        All presets that were trained for the ensemble, the best first, with their settings, folds, epochs,
        loss, seconds and weight, and why they are in it or not; ``to_dicts()`` is for ``pandas.DataFrame``.
        Empty for one network.
    oof_predictions_ : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_outputs)
        Predictions for the rows of the fit by the members that did not learn from them: the probabilities of
        `DeepClassifier.predict_proba`, the numbers of `DeepRegressor.predict`. NaN in rows that no fold held
        out, such as those of weight 0. Of ensembles on folds alone.
    stopping_history_ : History or None
        After ``refit``: that of the training that early stopping ended; ``history_`` is of the second one.
    coefs_, intercepts_ : list of ndarray
        Weights (n_{l-1}, n_l) and biases (n_l,) of each layer, views of the network's parameters: what is
        written into them is where ``warm_start`` or ``partial_fit`` continues.
    loss_curve_ : list of float
        J of each epoch, over all fits that went on; for 'lbfgs' J after each iteration.
    loss_ : float
        The last J.
    best_loss_ : float or None
        The smallest J; with early stopping the smallest validation cost for ``scoring='loss'``, and None
        where another score decides.
    validation_costs_, validation_scores_ : list of float or None
        On validation data after each epoch; None without. For ``scoring='loss'`` a score is minus the cost.
    best_validation_score_ : float or None
        The largest score, which early stopping kept; None without.
    learning_rate_ : float
        α that the last fit began with: ``learning_rate_init``, or what was found for 'auto'; not for 'lbfgs'.
    rate_search_ : RateSearch or None
        What was seen in the search for 'auto', for `deepstep.plots.RateSearchDisplay.from_search`.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Examples seen, over all fits that went on.
    n_layers_, n_outputs_, out_activation_
        Layers with the input, outputs, and the output's activation under scikit-learn's name.
    n_features_in_, feature_names_in_
        Number and names of the features; names only of a frame.
    engine_, engine_reason_ : str
        The engine that ran, and why, where another one could be expected, else empty. Of several networks
        the different ones, with commas and semicolons.
    """

    ensemble_: Ensemble
    preset: str
    _training_rows: TrainingFingerprint | None

    @abstractmethod
    def _reported(self, A: Array) -> Array:
        """Outputs as predictions: probabilities at the temperature, or numbers."""

    network_ = OfTheNetwork(lambda member: member.network)
    history_ = OfTheNetwork(lambda member: _fit(member).history)
    stopping_history_ = OfTheNetwork(lambda member: _fit(member).stopping_history)
    coefs_ = OfTheNetwork(
        lambda member: [view.T for name, view in member.network.parameters.items() if is_weights(name)]
    )
    intercepts_ = OfTheNetwork(
        lambda member: [view[:, 0] for name, view in member.network.parameters.items() if name[0] == "b"]
    )
    loss_curve_ = OfTheNetwork(lambda member: [record["cost"] for record in _fit(member).history])
    loss_ = OfTheNetwork(lambda member: _fit(member).loss)
    best_loss_ = OfTheNetwork(lambda member: _fit(member).best_loss)
    validation_costs_ = OfTheNetwork(lambda member: _fit(member).validation_costs)
    validation_scores_ = OfTheNetwork(lambda member: _fit(member).scores)
    best_validation_score_ = OfTheNetwork(lambda member: _fit(member).best_validation_score)
    learning_rate_ = OfTheNetwork(_learning_rate)
    rate_search_ = OfTheNetwork(lambda member: _fit(member).search)
    t_ = OfTheNetwork(lambda member: _fit(member).examples_seen)
    n_layers_ = OfTheNetwork(lambda member: member.network.architecture.n_layers + 1)
    n_outputs_ = OfTheNetwork(lambda member: member.network.architecture.n_outputs)
    out_activation_ = OfTheNetwork(
        lambda member: SCIKIT_LEARN_NAMES.get(
            member.network.architecture.activations[-1], member.network.architecture.activations[-1]
        )
    )

    @property
    def engine_(self) -> str:
        """The engine that ran."""
        return ", ".join(dict.fromkeys(member.engine for member in self._fitted("engine_").members))

    @property
    def engine_reason_(self) -> str:
        """Why that engine ran, where another one could be expected."""
        self._fitted("engine_reason_")
        reasons = (history.why_engine for history in self.histories_)
        return "; ".join(dict.fromkeys(reason for reason in reasons if reason))

    @property
    def histories_(self) -> list[History]:
        """The history of each member, in the order of ``ensemble_.members``."""
        found = [member.network.history for member in self._fitted("histories_").members]
        return [History() if history is None else history for history in found]

    @property
    def interrupted_(self) -> bool:
        """Whether Ctrl-C ended the fit."""
        stopped = (history.stopped for history in self.histories_)
        return getattr(self, "_interrupted", False) or INTERRUPTED in stopped

    @property
    def tried_(self) -> TriedPresets:
        """All presets that were trained for the ensemble."""
        return self._fitted("tried_").tried

    @property
    def oof_predictions_(self) -> Array:
        """Predictions for the rows of the fit by members that did not learn from them."""
        A = self._fitted("oof_predictions_").out_of_fold
        if A is None or self._training_rows is None:
            raise AttributeError(
                f"{type(self).__name__} has no oof_predictions_: they are kept where the rows are split into "
                "folds, which is not so with preset='single' or 'mlp', with validation data of your own, and "
                "with rows that are streamed"
            )
        whole = np.full((self._training_rows.n, A.shape[1]), np.nan)
        whole[self._training_rows.kept] = A
        return self._reported(whole)

    def leaderboard(self) -> Leaderboard:
        """The members of the ensemble as a table, the lowest validation cost first.

        returns (Leaderboard): A list with a dict for each member, which ``pandas.DataFrame`` takes:
            ``member``, ``preset``, ``fold``, ``layer_dims``, ``epochs``, ``best_epoch``,
            ``validation_cost``, ``score``, ``weight`` and ``seconds``.
        AttributeError: Before the estimator is fitted.

        >>> from sklearn.datasets import load_iris
        >>> from deepstep import DeepClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = DeepClassifier(n_estimators=3, max_iter=20, random_state=1).fit(X, y)
        >>> [name for name in model.leaderboard()[0]][:4]
        ['member', 'preset', 'fold', 'layer_dims']
        >>> model.oof_predictions_.shape
        (150, 3)
        """
        return self._fitted("leaderboard").leaderboard()

    def _fitted(self, name: str) -> Ensemble:
        if "ensemble_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {name} before it is fitted")
        return self.ensemble_

    @property
    def n_iter_(self) -> int:
        """Epochs of the last fit, of an ensemble those of the member that had most."""
        return max(member.epochs for member in self._fitted("n_iter_").members)
