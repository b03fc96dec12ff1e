"""DeepClassifier: a deep network as a scikit-learn classifier."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import Annotated, Any, Self

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import unique_labels

from deepstep.equations import HEADS
from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.base import DeepEstimator, Incremental
from deepstep.estimators.conformal import ConformalClassifier
from deepstep.estimators.ensemble import FoldPreprocessor
from deepstep.estimators.inputs import (
    Dataset,
    FitContext,
    RawData,
    check_probabilities,
    classes_of,
    classes_of_columns,
    warn_of_leaks,
)
from deepstep.estimators.options import documented
from deepstep.estimators.row_sources import score_of
from deepstep.model import Network
from deepstep.targets import Targets, merged
from deepstep.types import AnyArray, Array


@documented
@dataclass(eq=False, repr=False, match_args=False)
class DeepClassifier(ClassifierMixin, ConformalClassifier):
    """Deep fully-connected networks that tell classes apart.

    Two classes train one sigmoid output, several classes a softmax, and a target of several 0/1 columns a
    sigmoid for each; the cost is the cross-entropy. Ordered classes train the questions y > k.

    By default (``preset='tabular'``) X is a table as it is, from which an ensemble learns. ``ensemble_``
    holds the networks, in which every step can be opened.

    Parameters
    ----------
    loss : str, default='cross_entropy'
        'cross_entropy', 'ordinal' for classes in the order of ``classes_`` (labels as they sort, or those of
        ``classes``), or a loss
        of classes that was registered with `deepstep.equations.register_head`. With 'ordinal', too,
        `predict` answers with the most probable class.
    label_smoothing : float or None, default=None ('mlp': 0.0)
        Share of each label that is spread evenly over all classes, for 'cross_entropy'.
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
        probabilities. Folds, scores, class weights and sets go by the most probable class. Other methods, and
        validation data, take labels, too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The labels; for a target of several columns a list of the labels of each, 0 and 1.
    temperature_ : float
        By which the logits of the answers are divided in `predict_proba` (Guo et al., arXiv 1706.04599): with
        ``preset='tabular'`` the best one for the rows that were held out, and after `calibrate` for its rows;
        else 1. Which label is most probable does not depend on it.

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
    >>> plain = DeepClassifier(20, solver="lbfgs", random_state=1, preset="mlp")
    >>> model = make_pipeline(StandardScaler(), plain)
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

    loss: Annotated[str, str] = "cross_entropy"
    label_smoothing: Annotated[float | None, Interval(Real, 0, 1, closed="left"), None] = None
    class_weight: Annotated[Any, StrOptions({"balanced"}), Mapping, list, None] = None
    classes: Annotated[Any, "array-like", None] = None
    soft_targets: Annotated[bool, "boolean"] = False

    @property
    def classes_(self) -> AnyArray | list[AnyArray]:
        """The labels; of a target of several columns those of each, 0 and 1."""
        if "targets_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no classes_ before it is fitted")
        classes = self.targets_.classes
        return [*classes] if self.targets_.several else classes[0]

    @Incremental
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Continue training with one epoch of these rows, and with the optimizer's state.

        X, y, sample_weight: As in `fit`.
        classes (array of shape (n_classes,)): All labels that will come, needed in the first call; with
            ``soft_targets`` those of the columns of y, in their order.
        returns (self): Fitted.
        ValueError: As in `fit`; also for ``class_weight='balanced'``, which needs all data at once.
        AttributeError: With early stopping (a ValueError, too) or 'lbfgs', which need all data at once, with
            schedules or a time budget, which need to know how much training will come, and with
            ``checkpoint_dir``.

        >>> model = DeepClassifier(4, random_state=1, preset="mlp")
        >>> for X, y in (([[-1.0], [1.0]], ["low", "high"]), ([[2.0]], ["high"])):
        ...     model = model.partial_fit(X, y, classes=["high", "low"])
        >>> len(model.loss_curve_)
        2
        """
        if self.class_weight == "balanced":
            got = "got 'balanced', which needs the labels of all data"
            hint = "Pass compute_class_weight's weights as a dict."
            where = "DeepClassifier.partial_fit"
            raise ConfigurationError(where, "class_weight is None or a dict", got, hint)
        return self._fit(RawData(X, y, sample_weight), incremental=True, classes=classes)

    def predict(self, X: Any) -> AnyArray:
        """The most probable label of each row.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        returns (n_samples,) or (n_samples, n_outputs): Labels, or columns of 0 and 1 if the target had
            several.
        """
        A = self._outputs(X)
        return self.targets_.predictions(A)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy of the predictions.

        X (array, frame, sparse matrix or file of n_samples rows): A row is an example.
        y (array of shape (n_samples,) or (n_samples, n_outputs), or str): Labels, or the name of their column
            in a frame or file; with ``soft_targets`` probabilities, too, whose largest counts.
        sample_weight (array of shape (n_samples,) or str): Weight of each row, at least 0, or its column.
        returns: At most 1.
        """
        X, y, sample_weight = score_of(X, y, sample_weight, f"{type(self).__name__}.score")
        y = np.asarray(y)
        if self._is_soft(y):  # the most probable labels count
            y = self.targets_.decode(self._encode(y, np.float64, f"{type(self).__name__}.score"))
        return self.targets_.score(y, self.predict(X), sample_weight)

    def predict_proba(self, X: Any) -> Array:
        """The probability of each label, at the temperature that was found on rows not learned from.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        returns (n_samples, n_classes): In the order of ``classes_``. Rows sum to 1, except for a target of
            several columns.
        """
        return self._reported(self._outputs(X))

    def _reported(self, A: Array) -> Array:
        return self._tempered(self.targets_.probabilities(A))

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of the probability of each label.

        X (array, frame or sparse matrix of shape (n_samples, n_features)): A row is an example.
        returns (n_samples, n_classes): As of `predict_proba`; -inf where a probability is 0.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    def _learn_targets(self, y: AnyArray, context: FitContext) -> None:
        self.targets_ = self._known_labels(y, context)

    def _warn_of_leaks(self, X: Any, y: AnyArray, context: FitContext) -> None:
        whole = not (context.incremental or context.going_on)
        if whole and not (self.targets_.several or self.soft_targets):
            warn_of_leaks(X, self.targets_.positions(y), context.where, table=self.preset != "mlp")

    def _check_taught(self, rows: Dataset, context: FitContext) -> None:
        targets, labels = self.targets_, self.targets_.classes[0]
        alone = self.preset == "mlp" and self.loss == "cross_entropy" and len(labels) == 1
        if context.incremental or targets.several or alone or self.soft_targets:
            return  # scikit-learn's network learns one class, too
        positions, weight = targets.decide(rows.Y), self._class_weighted(rows, rows, context.where)
        taught = labels[np.unique(positions if weight is None else positions[weight > 0])]
        if len(taught) < 2:
            got = f"got one class, {taught.tolist()}" if len(taught) else "got no weight above 0"
            hint = "Add examples of another class; an example of weight 0 does not count."
            raise DataError(context.where, "examples of at least two classes", got, hint)

    def _encode(self, y: AnyArray, dtype: Any, where: str, *, learned: bool = False) -> Array:
        if self._is_soft(y):
            check_probabilities(y, where)
            classes_of_columns(y, self.targets_.classes[0], where)
        elif not learned:
            self._check_known(self.targets_, *self._labels_in(y, where), where, all_of_them=False)
        return self.targets_.encode(y, where, dtype)

    def _is_soft(self, y: AnyArray) -> bool:
        return self.soft_targets and y.ndim == 2

    def _labels_in(self, y: AnyArray, where: str) -> tuple[AnyArray, bool]:
        """The labels that occur, and whether y has several columns."""
        if self.classes is not None and y.ndim == 1:  # any values are labels
            return np.unique(y), False
        return classes_of(y, where)

    def _known_labels(self, y: AnyArray, context: FitContext) -> Targets:
        """The labels of the earlier calls, of partial_fit's ``classes``, or of y."""
        if self.soft_targets:
            return self._columns_of(y, context)
        where, going_on, incremental = context.where, context.going_on, context.incremental
        found, several = self._labels_in(y, where)
        announced = None if context.classes is None else unique_labels(context.classes)
        if self.classes is not None and not several:
            announced = _ordered(self.classes, where)
        if going_on:
            self._check_classes(announced, where)
        elif incremental and (announced is None or len(announced) < 2):
            got, hint = f"got classes={context.classes!r}", "Pass all labels that will come."
            raise DataError(where, "at least two classes in the first call", got, hint)
        if going_on:
            labels = self.targets_.classes
        elif several:
            labels = (np.arange(2),) * len(found)
        else:
            labels = (found if announced is None else announced,)
        targets = self._with_loss(labels, where)
        all_of_them = several or (announced is None and not incremental)
        if going_on and not incremental and not np.array_equal(found, _shown(targets)):
            got = (
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
            )
            got += f"Previously got {_shown(targets)}, `y` has {found}"
            hint = "Train a new estimator on other classes."
            raise DataError(where, f"y has the classes {_shown(targets).tolist()}", got, hint)
        self._check_known(targets, found, several, where, all_of_them=all_of_them)
        return targets

    def _with_loss(self, labels: tuple[AnyArray, ...], where: str) -> Targets:
        """Targets of these labels with the loss of the parameters."""
        targets = Targets.of_classes(labels, where, loss=self.loss, loss_params=self.loss_params)
        if self.label_smoothing:
            merged(targets.settings, "smoothing", self.label_smoothing, "label_smoothing", where)
        if self.soft_targets and targets.is_ordered:
            expected, hint = "another with soft_targets=True", "Use loss='cross_entropy'."
            raise ConfigurationError(where, expected, f"got {self.loss!r}", hint, setting="loss")
        if self.label_smoothing and "smoothing" not in HEADS[targets.head].settings:
            expected = "loss='cross_entropy', where label_smoothing is given"
            raise ConfigurationError(where, expected, f"got loss={self.loss!r}")
        return targets

    def _check_known(
        self, targets: Targets, labels: AnyArray, several: bool, where: str, *, all_of_them: bool
    ) -> None:
        """Refuse labels that are not among those of targets, and if all are due, labels that are missing."""
        known = _shown(targets)
        missing = all_of_them and len(labels) < len(known)
        if several != targets.several or len(np.setdiff1d(labels, known)) or missing:
            expected = f"y has the classes {known.tolist()}"
            got = f"got the {'columns' if several else 'classes'} {labels.tolist()}"
            raise DataError(where, expected, got, "Train a new estimator on other classes.")

    def _check_classes(self, given: AnyArray | None, where: str) -> None:
        """Refuse other classes than those of the fitted network."""
        classes = _shown(self.targets_)
        if given is not None and not np.array_equal(given, classes):
            expected = f"classes as in the first call, {classes.tolist()}"
            raise DataError(where, expected, f"got {given.tolist()}")

    def _columns_of(self, y: AnyArray, context: FitContext) -> Targets:
        """The labels of the columns of soft targets."""
        check_probabilities(y, context.where)
        given = self.classes if context.classes is None else context.classes
        if context.going_on and given is None:
            given = self.targets_.classes[0]
        labels = classes_of_columns(y, given, context.where)
        if context.going_on:
            self._check_classes(labels, context.where)
        return self._with_loss((labels,), context.where)

    def _scored(
        self, network: Network, engine: str, preprocessor: FoldPreprocessor, Y: Array
    ) -> tuple[DeepEstimator, AnyArray]:
        scored, y = super()._scored(network, engine, preprocessor, Y)
        targets = self.targets_
        if isinstance(self.scoring, str) and not targets.several and targets.classes[0].dtype.kind in "OSU":
            # metrics of two classes ask for the class 1, which no text is
            known = np.arange(len(targets.classes[0]))
            scored.targets_, y = replace(targets, classes=(known,)), targets.positions(y)
        return scored, y

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.loss != "ordinal"
        return tags


def _shown(targets: Targets) -> AnyArray:
    """The classes of one column, or the numbers of several columns."""
    return np.arange(targets.n_columns) if targets.several else targets.classes[0]


def _ordered(classes: Any, where: str) -> AnyArray:
    """The labels of ``classes`` in their order, each once."""
    found = np.asarray(classes)
    if found.ndim != 1 or len(found) < 2 or len({*found.tolist()}) != len(found):
        raise ConfigurationError(where, "classes with at least two different labels", f"got {classes!r:.60}")
    return found
