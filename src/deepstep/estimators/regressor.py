"""DeepRegressor: a deep network as a scikit-learn regressor."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from deepstep.errors import DataError
from deepstep.estimators.base import DeepEstimator, FitCall, learns_in_batches
from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray, Array


class DeepRegressor(MultiOutputMixin, RegressorMixin, DeepEstimator):
    """A deep fully-connected network that predicts numbers.

    The output is the identity, the cost half the mean squared error, summed over the outputs.

    It follows `sklearn.neural_network.MLPRegressor`: parameters of the same name mean the same, and on the
    same starting weights and the same order of examples it computes the same parameters. It differs in what
    is drawn: initial weights are normal and biases zero (there: both uniform), and the order of an epoch is a
    function of ``random_state`` and the epoch's number alone (there: one stream of draws). J, in ``loss_``
    and ``loss_curve_``, is the same for one output. For several it is the sum of their costs, whose
    derivative the gradient is; there it is their mean, though the gradient is that of the sum, so what goes
    by the cost (``tol``, 'adaptive', ``best_loss_``) differs. Of the losses there is 'squared_error'. It adds
    an activation for each layer, ``initialization``, and ``network_``, in which every step can be opened.

    Targets are learned in their own units: scale them, for example with
    `sklearn.compose.TransformedTargetRegressor`, if they are far from 1.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; an empty sequence for none.
    activation : {'relu', 'tanh', 'logistic', 'sigmoid', 'identity'} or list of these, default='relu'
        Activation of the hidden layers: one for all, or one for each. 'logistic' and 'sigmoid' are the same.
    loss : {'squared_error'}, default='squared_error'
        Half the squared error; by keyword only (there: the first argument).
    solver : {'adam', 'sgd', 'lbfgs'}, default='adam'
        'adam' and 'sgd' learn from batches; 'lbfgs' from all examples at once, which is good for small data
        (of sparse inputs it makes a dense copy).
    alpha : float, default=0.0001
        λ of L2 regularization: J has alpha / (2 Σ weights) · Σ ‖W‖² on top.
    batch_size : int or 'auto', default='auto'
        Examples an update; 'auto' is ``min(200, n_samples)``. Not used by 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
        Only for 'sgd'. 'invscaling': learning_rate_init / (t + 1)^power_t with t the examples seen.
        'adaptive': divided by 5 each time training stalls, which ends it at 1e-6.
    learning_rate_init : float, default=0.001
        α, for 'adam' and 'sgd'.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    max_iter : int, default=200
        Epochs, each a pass over the examples ('lbfgs': iterations).
    shuffle : bool, default=True
        Take the examples in a new order in each epoch.
    random_state : int, RandomState or None, default=None
        Where the initial values, the order of the examples and the validation part come from. An int gives
        the same fit bit for bit, and the initial values of ``Network(…, initialization=…, seed=…)``.
    tol : float, default=1e-4
        What counts as an improvement; for 'lbfgs' the largest entry of the gradient that is small enough.
    verbose : bool or int, default=False
        Show progress on stderr.
    warm_start : bool, default=False
        ``fit`` goes on from the parameters of the last fit (the optimizer starts anew).
    momentum : float, default=0.9
        β of 'sgd': v := β·v - α·g.
    nesterovs_momentum : bool, default=True
        Nesterov's momentum; else classical.
    early_stopping : bool, default=False
        Hold a part of the data out, stop when the score on it stalls, and keep the parameters of the best
        epoch. Not used by 'lbfgs'.
    validation_fraction : float, default=0.1
        The part that early stopping holds out, at least two examples.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of Adam's moving averages.
    epsilon : float, default=1e-8
        Guard of Adam's division: √s + ε, before the correction of s.
    n_iter_no_change : int or inf, default=10
        Epochs without improvement by ``tol`` that are borne.
    max_fun : int, default=15000
        Greatest number of evaluations of the cost, for 'lbfgs'.
    initialization : {'glorot', 'he', 'lecun', 'small', 'large', 'zeros'} or mapping, default='glorot'
        Scale of the initial weights. 'glorot' has the variance of MLPRegressor's, so results compare; 'he'
        keeps the size of signals through relu layers. A mapping ``{"W1": …, "b1": …}`` of arrays
        (n_l, n_{l-1}) and (n_l, 1), such as ``network_.parameters``, starts from these values.
    engine : {'auto', 'reference'}, default='auto'
        What runs the training.

    Attributes
    ----------
    network_ : deepstep.Network
        The network; columns are examples there, and its cost has no L2 term.
    history_ : History
        A record of each epoch: ``epoch``, ``cost``, ``learning_rate``, …
    coefs_, intercepts_ : list of ndarray
        Weights (n_{l-1}, n_l) and biases (n_l,) of each layer, views of the network's parameters: what is
        written into them is where ``warm_start`` or ``partial_fit`` goes on.
    loss_curve_ : list of float
        J of each epoch, over all fits that went on; for 'lbfgs' J after each iteration.
    loss_, best_loss_ : float
        The last J and the smallest (None with early stopping).
    validation_scores_, best_validation_score_ : list of float, float
        R² on the part held out, and the largest; None without early stopping.
    n_iter_ : int
        Epochs of the last fit.
    t_ : int
        Examples seen, over all fits that went on.
    n_layers_, n_outputs_, out_activation_
        Layers with the input, outputs, and the output's activation under scikit-learn's name.
    n_features_in_, feature_names_in_
        Number and names of the features; names only of a frame.
    engine_ : str
        The engine that ran.

    See Also
    --------
    DeepClassifier : The same for classes.
    deepstep.Network : The network inside.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 100)[:, np.newaxis]
    >>> y = X[:, 0] ** 2
    >>> model = DeepRegressor((20, 20), "tanh", solver="lbfgs", random_state=1).fit(X, y)
    >>> model.score(X, y) > 0.99
    True
    >>> [coef.shape for coef in model.coefs_]
    [(1, 20), (20, 20), (20, 1)]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **DeepEstimator._parameter_constraints,
        "loss": [StrOptions({"squared_error"})],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        loss: str = "squared_error",
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        initialization: Any = "glorot",
        engine: str = "auto",
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            initialization=initialization,
            engine=engine,
        )
        self.loss = loss

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows as examples.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            float32 stays float32, everything else becomes float64; sparse rows are made dense a batch at a
            time.
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Numbers.
        sample_weight : array of shape (n_samples,), optional
            Weights of at least 0; a weight of 2 equals the row twice.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an argument cannot be used; `DataError` and `ConfigurationError` are among them.
        DivergenceError
            If the cost leaves the finite numbers.

        Notes
        -----
        After an error the estimator is as it was before. If interrupted (Ctrl-C) it warns and keeps the
        parameters reached.
        """
        return self._fit(X, y, sample_weight)

    @available_if(learns_in_batches)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go on training with one epoch of these rows; the optimizer's state goes on, too.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As in `fit`.
        AttributeError
            With early stopping or 'lbfgs', which need all data at once.
        DivergenceError
            As in `fit`.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: Any) -> Array:
        """The numbers of each row.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,) or (n_samples, n_outputs)
        """
        A = self._outputs(X)
        return A[:, 0] if A.shape[1] == 1 else A

    def _encode(self, X: Any, y: AnyArray, weight: Array | None, call: FitCall) -> Examples:
        with np.errstate(over="ignore"):
            Y = y.reshape(len(y), -1).astype(X.dtype)
        finite = np.isfinite(Y)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise DataError(
                call.where,
                f"y has finite values of {X.dtype}, the precision of X",
                f"y of row {row} is {y.reshape(len(y), -1)[row, column]}",
                "Scale y, or pass X in float64.",
            )
        return Examples(X, Y, weight)

    def _output(self) -> str:
        return "identity"

    def _strata(self, Y: Array) -> AnyArray | None:
        return None

    def _validation_score(self, A: Array, Y: Array, weight: Array | None) -> float:
        return float(r2_score(Y, A, sample_weight=weight))
