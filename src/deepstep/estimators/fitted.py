"""The fitted attributes that both estimators have."""

from typing import Any

from deepstep.equations.ops import is_weights
from deepstep.model import Network
from deepstep.training import History
from deepstep.training.rate_finder import RateSearch
from deepstep.types import Array

SCIKIT_LEARN_NAMES = {"sigmoid": "logistic", "exponential": "exp"}
"""scikit-learn's names of output activations that are not ours."""


class FittedAttributes:
    """What a fitted estimator has.

    Attributes
    ----------
    ensemble_ : Ensemble
        With ``preset='tabular'``: its ``members``, each with a fitted ``estimator`` of one network, the
        ``weights`` of the presets and the answers ``out_of_fold``. What follows is then that of each member,
        but for ``n_iter_``, the greatest.
    network_ : deepstep.Network
        The network; columns are examples there, and its cost has no L1 and L2 term.
    history_ : History
        A record of each epoch: ``epoch``, ``cost``, ``learning_rate``, … and with validation data
        ``validation_cost`` and ``validation_score``.
    stopping_history_ : History or None
        After ``refit``: that of the training that early stopping ended; ``history_`` is of the second one.
    coefs_, intercepts_ : list of ndarray
        Weights (n_{l-1}, n_l) and biases (n_l,) of each layer, views of the network's parameters: what is
        written into them is where ``warm_start`` or ``partial_fit`` goes on (with ``ema_decay``, which is a
        copy of what trains, only ``warm_start``).
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
        The engine that ran, and why, where another one could be expected; else empty.
    """

    network_: Network
    history_: History
    stopping_history_: History | None
    learning_rate_: float
    rate_search_: RateSearch | None
    t_: int

    @property
    def coefs_(self) -> list[Array]:
        """Weights of each layer, (n_{l-1}, n_l): views of ``network_.parameters``."""
        return [view.T for name, view in self._fitted("coefs_").parameters.items() if is_weights(name)]

    @property
    def intercepts_(self) -> list[Array]:
        """Biases of each layer, (n_l,): views of ``network_.parameters``."""
        return [view[:, 0] for name, view in self._fitted("intercepts_").parameters.items() if name[0] == "b"]

    @property
    def n_layers_(self) -> int:
        """Number of layers, with the input."""
        return self._fitted("n_layers_").architecture.n_layers + 1

    @property
    def n_outputs_(self) -> int:
        """Number of outputs."""
        return self._fitted("n_outputs_").architecture.n_outputs

    @property
    def out_activation_(self) -> str:
        """Activation of the output under scikit-learn's name."""
        name = self._fitted("out_activation_").architecture.activations[-1]
        return SCIKIT_LEARN_NAMES.get(name, name)

    @property
    def engine_(self) -> str:
        """The engine that ran."""
        self._fitted("engine_")
        return self.history_.engine

    @property
    def engine_reason_(self) -> str:
        """Why this engine ran, where another one could be expected; else empty."""
        self._fitted("engine_reason_")
        return self.history_.why_engine

    @property
    def loss_curve_(self) -> list[float]:
        """J of each epoch (lbfgs: after each iteration)."""
        self._fitted("loss_curve_")
        return [record["cost"] for record in self.history_]

    @property
    def validation_costs_(self) -> list[float] | None:
        """The cost on validation data after each epoch; None without."""
        return self._validated("validation_cost")

    @property
    def validation_scores_(self) -> list[float] | None:
        """The score on validation data after each epoch; None without."""
        return self._validated("validation_score")

    def __getattr__(self, name: str) -> Any:
        """Only for what is not there: what each member of an ensemble has, with the way to it."""
        if name in ("network_", "history_", "stopping_history_"):
            self._fitted(name)
        return object.__getattribute__(self, name)  # it raises again, in the words of what is not available

    def _validated(self, name: str) -> list[Any] | None:
        self._fitted(f"{name}s_")
        history = self.stopping_history_ or self.history_
        return [record[name] for record in history if name in record] or None

    def _fitted(self, name: str) -> Network:
        if "ensemble_" in vars(self):
            raise AttributeError(
                f"{type(self).__name__} has no {name} of its own with preset={self.preset!r}, which trains "
                f"several networks: see ensemble_.members[0].estimator.{name}"
            )
        if "network_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {name} before it is fitted")
        return self.network_
