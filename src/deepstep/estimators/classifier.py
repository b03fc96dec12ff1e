"""DeepClassifier: a deep network as a scikit-learn classifier."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import unique_labels

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.base import DeepEstimator, FitCall, learns_in_batches
from deepstep.estimators.labels import Labels, class_weights
from deepstep.preparation.batches import Examples
from deepstep.types import AnyArray, Array


class DeepClassifier(ClassifierMixin, DeepEstimator):
    """A deep fully-connected network that tells classes apart.

    Two classes train one sigmoid output, several classes a softmax, and a target of several 0/1 columns a
    sigmoid for each; the cost is the cross-entropy.

    It follows `sklearn.neural_network.MLPClassifier`: parameters of the same name mean the same, and on the
    same starting weights and the same order of examples it computes the same numbers. It differs in what is
    drawn: initial weights are normal and biases zero (there: both uniform), and the order of an epoch is a
    function of ``random_state`` and the epoch's number alone (there: one stream of draws). It adds
    ``class_weight``, an activation for each layer, ``initialization``, and ``network_``, in which every
    step can be opened.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; an empty sequence for none.
    activation : {'relu', 'tanh', 'logistic', 'sigmoid', 'identity'} or list of these, default='relu'
        Activation of the hidden layers: one for all, or one for each. 'logistic' and 'sigmoid' are the same.
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
        Scale of the initial weights. 'glorot' has the variance of MLPClassifier's, so results compare; 'he'
        keeps the size of signals through relu layers. A mapping ``{"W1": …, "b1": …}`` of arrays
        (n_l, n_{l-1}) and (n_l, 1), such as ``network_.parameters``, starts from these values.
    class_weight : 'balanced', dict or None, default=None
        Weight of each class, multiplied with ``sample_weight``: ``{label: weight}`` with 1 for labels left
        out, or 'balanced' for n / (n_classes · count of the class). Early stopping's score has these
        weights, too.
    engine : {'auto', 'reference'}, default='auto'
        What runs the training.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels; for a target of several columns their numbers.
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
        Accuracy on the part held out, and the largest; None without early stopping.
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
    DeepRegressor : The same for numbers.
    deepstep.Network : The network inside.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> names = y.map({0: "setosa", 1: "versicolor", 2: "virginica"})
    >>> model = make_pipeline(StandardScaler(), DeepClassifier(20, solver="lbfgs", random_state=1))
    >>> model.fit(X, names).score(X, names) > 0.97
    True
    >>> model.predict(X[:1]), model.predict_proba(X[:1]).shape
    (array(['setosa'], dtype='<U10'), (1, 3))

    Every step of the fitted network can be opened; columns are examples there:

    >>> scaled = StandardScaler().fit_transform(X)
    >>> trace = model[-1].network_.trace(scaled[:4].T, np.eye(3)[:, [0, 0, 0, 0]])
    >>> trace["Z1"].value.shape
    (20, 4)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **DeepEstimator._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
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
        class_weight: Any = None,
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
        self.class_weight = class_weight

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows as examples.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)
            float32 stays float32, everything else becomes float64; sparse rows are made dense a batch at a
            time.
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            Labels of any type, or columns of 0 and 1.
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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go on training with one epoch of these rows; the optimizer's state goes on, too.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array of shape (n_classes,), optional
            All labels that will come, needed in the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As in `fit`; also for ``class_weight='balanced'``, which needs all data at once.
        AttributeError
            With early stopping or 'lbfgs', which need all data at once.
        DivergenceError
            As in `fit`.
        """
        if self.class_weight == "balanced":
            raise ConfigurationError(
                "DeepClassifier.partial_fit",
                "class_weight is None or a dict",
                "got 'balanced', which needs the labels of all data",
                "Pass compute_class_weight's weights as a dict.",
            )
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def predict(self, X: Any) -> AnyArray:
        """The most probable label of each row.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,) or (n_samples, n_outputs)
            Labels, or columns of 0 and 1 if the target had several.
        """
        A = self._outputs(X)
        return self._labels.decode(A)

    def predict_proba(self, X: Any) -> Array:
        """The probability of each label.

        Parameters
        ----------
        X : array, frame or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples, n_classes)
            In the order of ``classes_``. Rows sum to 1, except for a target of several columns.
        """
        A = self._outputs(X)
        return np.hstack([1 - A, A]) if A.shape[1] == 1 else A

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`; -inf where a probability is 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _encode(self, X: Any, y: AnyArray, weight: Array | None, call: FitCall) -> Examples:
        self._labels = labels = self._known_labels(y, call)
        self.classes_ = labels.classes
        if self.class_weight is not None:
            of_class = class_weights(self.class_weight, labels, y, weight, call.where).astype(X.dtype)
            of_example = of_class[labels.positions(y)]
            weight = of_example if weight is None else weight * of_example
        Y = labels.encode(y, X.dtype)
        taught = Y if weight is None else Y[weight > 0]
        if not (call.incremental or labels.several) and (taught == taught[:1]).all():
            raise DataError(
                call.where,
                "examples of at least two classes",
                f"got one class, {labels.decode(taught[:1]).tolist()}"
                if len(taught)
                else "got no weight above 0",
                "Add examples of another class; an example of weight 0 does not count.",
            )
        return Examples(X, Y, weight)

    def _known_labels(self, y: AnyArray, call: FitCall) -> Labels:
        """The labels of the earlier calls, of partial_fit's ``classes``, or of y."""
        found = Labels.of(y, call.where)
        announced = None if call.classes is None else unique_labels(call.classes)
        if call.going_on:
            known = self._labels
            if announced is not None and not np.array_equal(announced, known.classes):
                raise DataError(
                    call.where,
                    f"classes as in the first call, {known.classes.tolist()}",
                    f"got {announced.tolist()}",
                )
        elif not call.incremental:
            return found
        elif announced is None or len(announced) < 2:
            raise DataError(
                call.where,
                "at least two classes in the first call",
                f"got classes={call.classes!r}",
                "Pass all labels that will come.",
            )
        else:
            known = Labels(announced, found.several)
        known.check_known(found, call.where, all_of_them=not call.incremental or found.several)
        return known

    def _output(self) -> str:
        return self._labels.output

    def _strata(self, Y: Array) -> AnyArray | None:
        return self._labels.strata(Y, self.validation_fraction)

    def _validation_score(self, A: Array, Y: Array, weight: Array | None) -> float:
        right = self._labels.decide(A) == self._labels.decide(Y)
        return float(np.average(right.all(axis=1) if right.ndim == 2 else right, weights=weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
