"""The fitted attributes of DeepClassifier and DeepRegressor."""

from abc import abstractmethod
from typing import Any

from deepstep.ensembles.calibration import Calibration
from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.leaderboard import Leaderboard, TriedPresets
from deepstep.ensembles.predictor import Predictor
from deepstep.targets import Targets
from deepstep.training import History
from deepstep.training.fit import INTERRUPTED
from deepstep.types import Array


class DeepAttributes:
    """The attributes of a fitted ensemble; all is read from one `Predictor`.

    Attributes
    ----------
    predictor_ : deepstep.ensembles.predictor.Predictor
        All that was learned: columns, targets, ensemble, calibration.
    ensemble_ : deepstep.ensembles.ensemble.Ensemble
        The networks as ``members``, with the ``weights`` of the presets and the outputs ``out_of_fold``.
    targets_ : deepstep.targets.Targets
        What is learned: classes or numbers.
    histories_ : list of History
        The history of each member.
    interrupted_ : bool
        Whether Ctrl-C ended the fit, which keeps what was reached.
    tried_ : TriedPresets
        All presets that were trained for the ensemble, the best first, with their settings, folds, epochs,
        loss, seconds and weight, and why they are in it or not; ``to_dicts()`` is for ``pandas.DataFrame``.
    oof_predictions_ : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_outputs)
        Predictions for the rows of the fit by the members that did not learn from them: the probabilities of
        `DeepClassifier.predict_proba`, the numbers of `DeepRegressor.predict`. NaN in rows that no fold held
        out, such as those of weight 0. Of ensembles on folds alone.
    n_features_in_, feature_names_in_
        Number and names of the columns; names only of a frame.
    n_iter_ : int
        Epochs of the member that had most.
    engine_, engine_reason_ : str
        The engines that ran, and why, where others could be expected, else empty; the different ones with
        commas and semicolons.
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
