"""NetworkClassifier: one network as a scikit-learn classifier."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any, Self

from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import StrOptions

from deepstep.errors import ConfigurationError
from deepstep.estimators.class_predictions import ClassPredictions
from deepstep.estimators.inputs import FitContext, RawData, warn_of_leaks
from deepstep.estimators.labels import check_taught, encoded_labels, learned_labels
from deepstep.estimators.network import NetworkEstimator
from deepstep.estimators.network_parameters import documented
from deepstep.estimators.network_settings import Incremental
from deepstep.preparation.batches import Examples
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array


@documented
@dataclass(eq=False, repr=False, match_args=False)
class NetworkClassifier(ClassPredictions, ClassifierMixin, NetworkEstimator):
    """One network that tells classes apart, as `sklearn.neural_network.MLPClassifier` does, on numbers.

    Two classes train one sigmoid output, several classes a softmax, and a target of several 0/1 columns a
    sigmoid for each; the cost is the cross-entropy. Ordered classes train the questions y > k. X has numbers,
    which should be scaled; `TableEncoder` makes them of a table as it is.

    Parameters
    ----------
    loss : str, default='cross_entropy'
        'cross_entropy', 'ordinal' for classes in the order of ``classes_`` (labels as they sort, or those of
        ``classes``), or a loss of classes that was registered with `deepstep.equations.register_head`. With
        'ordinal', too, `predict` answers with the most probable class.
    class_weight : 'balanced', dict, list of dict or None, default=None
        Weight of each class, multiplied with ``sample_weight``: ``{label: weight}`` with 1 for labels left
        out, or 'balanced' for n / (n_classes · count of the class), counted in the rows that are learned from
        (what early stopping holds out has no say). For a target of several columns each has
        the classes 0 and 1, a list has a dict for each column, and the weights of the columns are
        multiplied. Validation data have the same weights, in their cost and in their score.
    classes : sequence of labels, default=None
        All labels of one column in the order of ``classes_``, where y lacks some or 'ordinal' asks for
        another order than the sorted one; None for the labels of y, sorted. With ``soft_targets`` those of
        the columns of y.
    soft_targets : bool, default=False
        Whether y of `fit` and `partial_fit` is an array (n_samples, n_classes) of probabilities, such as the
        ``predict_proba`` of another model or shares of votes: at least 0, with a sum of 1 in every row. The
        columns are ``classes``, by default 0 to n_classes - 1. The cost is the cross-entropy with these
        probabilities. Scores and class weights go by the most probable class. `score`, and validation data,
        take labels, too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The labels; for a target of several columns a list of the labels of each, 0 and 1.

    See Also
    --------
    NetworkRegressor : The same for numbers.
    TableEncoder : Makes numbers of a table.
    DeepClassifier : Ensembles of networks on a table as it is.
    deepstep.Network : The network inside.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> names = y.map({0: "setosa", 1: "versicolor", 2: "virginica"})
    >>> model = make_pipeline(StandardScaler(), NetworkClassifier(20, solver="lbfgs", random_state=1))
    >>> model.fit(X, names).score(X, names) > 0.97
    True
    >>> model.predict(X[:1]), model.predict_proba(X[:1]).shape
    (array(['setosa'], dtype='<U10'), (1, 3))

    Every step of the fitted network can be opened; columns are examples there:

    >>> scaled = StandardScaler().fit_transform(X)
    >>> trace = model[-1].network_.trace(scaled[:4].T, np.eye(3)[:, [0, 0, 0, 0]])
    >>> trace["Z1"].value.shape
    (20, 4)

    A table as it is goes through a `TableEncoder`:

    >>> from deepstep import TableEncoder
    >>> table = X.assign(garden=np.where(X.index % 2, "north", "south"))
    >>> model = make_pipeline(TableEncoder(), NetworkClassifier(20, solver="lbfgs", random_state=1))
    >>> model.fit(table, names).score(table, names) > 0.97
    True
    """

    _: KW_ONLY
    loss: Annotated[str, str] = "cross_entropy"
    class_weight: Annotated[Any, StrOptions({"balanced"}), Mapping, list, None] = None
    classes: Annotated[Any, "array-like", None] = None
    soft_targets: Annotated[bool, "boolean"] = False

    @Incremental
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Continue training with one epoch of these rows, and with the optimizer's state.

        It is not there with early stopping and 'lbfgs', which need all data at once, with schedules or a time
        budget, which need to know how much training will come, and with ``checkpoint_dir``.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array of shape (n_classes,), optional
            All labels that will come, needed in the first call; with ``soft_targets`` those of the columns of
            y, in their order.

        Returns
        -------
        self
            Fitted.

        Raises
        ------
        ValueError
            As in `fit`; also for ``class_weight='balanced'``, which needs all data at once.
        AttributeError
            Where it is not there; with early stopping a ValueError, too.

        Examples
        --------
        >>> model = NetworkClassifier(4, random_state=1)
        >>> for X, y in (([[-1.0], [1.0]], ["low", "high"]), ([[2.0]], ["high"])):
        ...     model = model.partial_fit(X, y, classes=["high", "low"])
        >>> len(model.loss_curve_)
        2
        """
        if self.class_weight == "balanced":
            got = "got 'balanced', which needs the labels of all data"
            hint = "Pass compute_class_weight's weights as a dict."
            where = "NetworkClassifier.partial_fit"
            raise ConfigurationError(where, "class_weight is None or a dict", got, hint)
        return self._partial_fit(RawData(X, y, sample_weight), classes)

    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        return learned_labels(self, y, context, self.targets_ if context.going_on else None)

    def _encode(self, y: AnyArray, dtype: Any, where: str, *, learned: bool = False) -> Array:
        return encoded_labels(self, self.targets_, y, dtype, where, learned=learned)

    def _check_taught(self, examples: Examples, context: FitContext) -> None:
        targets = self.targets_
        alone = self.loss == "cross_entropy" and len(targets.classes[0]) == 1
        if context.incremental or targets.several or alone or self.soft_targets:
            return  # scikit-learn's network learns one class, too
        weight, where = examples.weight, context.where
        if self.class_weight is not None:
            positions = targets.class_columns(examples.Y)
            of_classes = targets.weights_of_classes(self.class_weight, positions, weight, where)
            weight = targets.row_weights(of_classes, examples.Y, weight)
        check_taught(targets, examples.Y, weight, where)

    def _warn_of_leaks(self, X: Any, y: AnyArray, context: FitContext) -> None:
        whole = not (context.incremental or context.going_on)
        if whole and not (self.targets_.several or self.soft_targets):
            warn_of_leaks(X, self.targets_.positions(y), context.where, table=False)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.loss != "ordinal"
        return tags
