"""DeepClassifier: ensembles of deep networks on a table, as a scikit-learn classifier."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import StrOptions

from deepstep.ensembles.fit import Request, weight_with_classes
from deepstep.ensembles.split import Rows
from deepstep.estimators.class_predictions import ClassPredictions
from deepstep.estimators.deep import DeepEstimator
from deepstep.estimators.inputs import FitContext, warn_of_leaks
from deepstep.estimators.labels import check_taught, encoded_labels, learned_labels
from deepstep.estimators.moved import refuse_moved
from deepstep.estimators.network_parameters import documented
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array


@refuse_moved
@documented
@dataclass(eq=False, repr=False, match_args=False)
class DeepClassifier(ClassPredictions, ClassifierMixin, DeepEstimator):
    """An ensemble of deep fully-connected networks that tells classes apart, on a table as it is.

    X is a pandas, polars or pyarrow frame or an array, with texts, dates and missing values. A population of
    small networks learns on the folds of a cross-validation: some with fixed settings (after RealMLP,
    Holzmüller et al., arXiv 2407.04491, and plainer ones), the others with random ones (after TabPack, arXiv
    2607.05380). All are trained on the first folds, the best on all. An ensemble of them is selected by their
    predictions for rows that they have not learned from. Their number follows from ``effort`` and the number
    of rows (`deepstep.ensembles.population`). ``ensemble_`` holds the networks, in which every step can be
    opened.

    Two classes train one sigmoid output, several classes a softmax, and a target of several 0/1 columns a
    sigmoid for each; the cost is the cross-entropy. Ordered classes train the questions y > k.

    Parameters
    ----------
    loss : str, default='cross_entropy'
        'cross_entropy', 'ordinal' for classes in the order of ``classes_`` (labels as they sort, or those of
        ``classes``), or a loss of classes that was registered with `deepstep.equations.register_head`. With
        'ordinal', too, `predict` answers with the most probable class.
    class_weight : 'balanced', dict, list of dict or None, default=None
        Weight of each class, multiplied with ``sample_weight``: ``{label: weight}`` with 1 for labels left
        out, or 'balanced' for n / (n_classes · count of the class), counted in the rows that are learned from
        (what a fold holds out has no say). For a target of several columns each has
        the classes 0 and 1, a list has a dict for each column, and the weights of the columns are
        multiplied. Validation data have the same weights, in their cost and in their score.
    classes : sequence of labels, default=None
        All labels of one column in the order of ``classes_``, where y lacks some or 'ordinal' asks for
        another order than the sorted one; None for the labels of y, sorted. With ``soft_targets`` those of
        the columns of y.
    soft_targets : bool, default=False
        Whether y of `fit` is an array (n_samples, n_classes) of probabilities, such as the
        ``predict_proba`` of another model or shares of votes: at least 0, with a sum of 1 in every row. The
        columns are ``classes``, by default 0 to n_classes - 1. The cost is the cross-entropy with these
        probabilities. Folds, scores, class weights and sets go by the most probable class. Other methods, and
        validation data, take labels, too.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The labels; for a target of several columns a list of the labels of each, 0 and 1.
    temperature_ : float
        By which the logits of the answers are divided in `predict_proba` (Guo et al., arXiv 1706.04599): the
        best one for the rows that were held out, and after `calibrate` for its rows. Which label is most
        probable does not depend on it.

    See Also
    --------
    DeepRegressor : The same for numbers.
    NetworkClassifier : One network on numbers, as `sklearn.neural_network.MLPClassifier`.
    deepstep.Network : The networks inside.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> names = y.map({0: "setosa", 1: "versicolor", 2: "virginica"})
    >>> model = DeepClassifier(effort="fast", random_state=1).fit(X, names)
    >>> model.predict(X[:1]), model.predict_proba(X[:1]).shape
    (array(['setosa'], dtype=object), (1, 3))
    >>> member = model.ensemble_.members[0]
    >>> member.network.architecture.layer_dims[0] > 0, 0 <= member.fold < 5
    (True, True)
    """

    _: KW_ONLY
    loss: Annotated[str, str] = "cross_entropy"
    class_weight: Annotated[Any, StrOptions({"balanced"}), Mapping, list, None] = None
    classes: Annotated[Any, "array-like", None] = None
    soft_targets: Annotated[bool, "boolean"] = False

    def _learned_targets(self, y: AnyArray, context: FitContext) -> Targets:
        return learned_labels(self, y, context, None)

    def _encode(self, targets: Targets, y: AnyArray, where: str, *, learned: bool = False) -> Array:
        return encoded_labels(self, targets, y, np.float64, where, learned=learned)

    def _warn_of_leaks(self, X: Any, targets: Targets, y: AnyArray, context: FitContext) -> None:
        if not (targets.several or self.soft_targets):
            warn_of_leaks(X, targets.positions(y), context.where, table=True)

    def _check_taught(self, targets: Targets, rows: Rows, request: Request) -> None:
        if not (targets.several or self.soft_targets):
            weight = weight_with_classes(rows, rows, targets, request)
            check_taught(targets, rows.Y, weight, request.options.where)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self.loss != "ordinal"
        return tags
