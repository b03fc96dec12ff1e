"""TableEncoder: a table as it is becomes floats, as a transformer of scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted, validate_data

from deepstep.data.frames import has_names
from deepstep.ensembles.predictor import Columns
from deepstep.errors import DataWarning, warn_the_caller
from deepstep.estimators.inputs import check_kept, named_columns
from deepstep.estimators.network import NetworkClassifier, NetworkRegressor
from deepstep.preparation.table import TablePreparation
from deepstep.types import AnyArray, Array


@dataclass(eq=False, repr=False, match_args=False, kw_only=True)
class TableEncoder(TransformerMixin, BaseEstimator):
    """Turn the columns of a table into features: texts, dates, truth values, numbers and missing values.

    How each kind of column becomes features is on the page "From a table to numbers", docs/tables.md. The
    rules are learned from the rows of `fit` alone: means, categories, the kinds of columns.

    Parameters
    ----------
    categorical_features : sequence of str or int, default=None
        Columns, by name or number, whose values are categories, whatever they look like.
    keep_columns : sequence of str, default=None
        Columns that become features even if they look like identifiers of the rows.

    Attributes
    ----------
    preparation_ : deepstep.preparation.TablePreparation
        The rules of each column.
    n_features_in_ : int
        Columns of the table.
    feature_names_in_ : ndarray of str
        Their names, where the table has names.

    See Also
    --------
    DeepClassifier, DeepRegressor : Learn from a table as it is; they encode it for each fold.

    Examples
    --------
    >>> import polars
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> X = polars.DataFrame({"age": [20.0, None, 40.0, 60.0], "city": ["Rome", "Oslo", "Rome", "Oslo"]})
    >>> model = make_pipeline(TableEncoder(), LogisticRegression()).fit(X, [0, 1, 0, 1])
    >>> model[0].get_feature_names_out().tolist()
    ['age', 'age missing', 'city=Rome']
    >>> model.predict(X).tolist()
    [0, 1, 0, 1]
    """

    categorical_features: Sequence[Any] | None = None
    keep_columns: Sequence[str] | None = None

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn how columns become features.

        Parameters
        ----------
        X : frame of pandas, polars or pyarrow, or array, of shape (n_samples, n_columns)
            The table.
        y : ignored
            There by scikit-learn's convention.

        Returns
        -------
        TableEncoder
            Fitted.

        Raises
        ------
        DataError
            If the table has no rows, or no column from which something can be learned.
        """
        where = "TableEncoder.fit"
        frame = self._frame(X, reset=True)
        check_kept(self.keep_columns, frame.columns)
        categorical: tuple[str, ...] = ()
        if self.categorical_features is not None:
            categorical = named_columns(self.categorical_features, frame.columns)
        self.preparation_ = TablePreparation.fit(
            frame, keep=tuple(self.keep_columns or ()), categorical=categorical
        )
        for caution in self.preparation_.cautions:
            warn_the_caller(f"{where}, {caution}", DataWarning)
        return self

    def transform(self, X: Any) -> Array:
        """Encode rows.

        Parameters
        ----------
        X : frame or array of shape (n_samples, n_columns)
            A table with the columns of `fit`: of a frame with names in any order, and others beside them.

        Returns
        -------
        ndarray of shape (n_samples, n_features), float64
            The features, without missing values.

        Raises
        ------
        DataError
            If a column of `fit` is missing, or a value cannot be read as its column asks for.
        """
        check_is_fitted(self)
        return self.preparation_.transform(self._frame(X, reset=False))

    def get_feature_names_out(self, input_features: Any = None) -> AnyArray:
        """The names of the features.

        Parameters
        ----------
        input_features : ignored
            There by scikit-learn's convention: a feature is named by its own column.

        Returns
        -------
        ndarray of shape (n_features,), str objects
            A name for each feature.
        """
        check_is_fitted(self)
        return np.asarray(self.preparation_.feature_names, object)

    def _frame(self, X: Any, *, reset: bool) -> Any:
        """X as a frame under the names of the fit."""
        named = has_names(X)
        if issparse(X) or not named:
            finite = {"ensure_all_finite": "allow-nan" if _is_numeric(X) else False}
            X = validate_data(self, X, dtype=None, reset=reset, **finite)
        if reset:
            self.columns_ = columns = Columns.of(X)
            if named:  # scikit-learn before 1.9 reads no names from a frame of polars 2
                self.n_features_in_, self.feature_names_in_ = len(columns.names), np.array(columns.names, "O")
        return self.columns_.frame(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _is_numeric(X: Any) -> bool:
    return getattr(getattr(X, "dtype", None), "kind", "O") in "biufc"


SETTINGS = {
    "hidden_layer_sizes": (64, 32),
    "alpha": 0.0,
    "max_iter": 40,
    "tol": 0.0,
    "n_iter_no_change": inf,
    "initialization": "he",
    "dtype": "float64",
}
"""Parameters of the network, where no others are given."""

LBFGS_SETTINGS = {"max_iter": 2500, "tol": 1e-5}
"""Iterations of 'lbfgs', which ends by itself where the gradient is small."""


def table_network(
    kind: type[NetworkClassifier | NetworkRegressor], rows: int, *, encodes: bool = True, **parameters: Any
) -> Pipeline:
    """One network on a table of so many rows, not fitted.

    Parameters
    ----------
    kind : type
        `NetworkClassifier`, or `NetworkRegressor`, of which the targets are scaled.
    rows : int
        Rows that it will learn from: they decide the size of batches.
    encodes : bool, default=True
        Whether the rows are a table; else they are numbers, as sparse ones.
    **parameters
        Parameters of the network.

    Returns
    -------
    sklearn.pipeline.Pipeline
        A `TableEncoder` and the network, or the network alone.

    Examples
    --------
    >>> table_network(NetworkClassifier, 500, max_iter=10)[-1].batch_size
    32
    """
    solver = parameters.get("solver", "adam")
    settings: dict[str, Any] = {"batch_size": min(small_batch_size(rows), rows)}
    if solver == "lbfgs":
        settings = LBFGS_SETTINGS
    settings = {**SETTINGS, **settings, **parameters}
    if solver == "adam":
        settings["optimizer_params"] = {"epsilon_at": "outside", **(settings.get("optimizer_params") or {})}
    if kind is NetworkRegressor:
        settings.setdefault("scale_targets", True)
    return make_pipeline(*([TableEncoder()] if encodes else []), kind(**settings))


def small_batch_size(m: int) -> int:
    """Examples of an update of one network on a table of m rows, measured on 344 to 53,940 rows."""
    if m < 4096:
        return 32
    return 128 if m < 32768 else 256
