"""Models of scikit-learn in an ensemble beside its networks: ``members="mixed"``; `KINDS` lists them."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from scipy.sparse import issparse
from sklearn.base import is_classifier

from deepstep.errors import ConfigurationError
from deepstep.estimators.ensemble import FoldPreprocessor, in_blocks
from deepstep.estimators.inputs import FitContext
from deepstep.estimators.members import Link, Prepared
from deepstep.estimators.presets import Preset
from deepstep.preparation.batches import Examples
from deepstep.types import Array

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

NETWORKS, MIXED = "networks", "mixed"
"""Values of the parameter ``members``."""

OF_NETWORKS = 0.8
"""The share of a ``time_budget`` that networks have, where models of scikit-learn are fitted after them."""

UNIFORM = 1e-3
"""Share of the uniform distribution in the probabilities of a model: trees are too sure of themselves."""

TREES, ROUNDS, FEATURES = 100, 100, 400
"""Trees of a forest, rounds of boosting for classes, for numbers twice as many, and features of a kernel."""

KERNEL_ROWS = 1_000
"""Rows for which the features of a kernel are computed at once: their products by one thread."""

MANY = 5_000
"""Rows from which on boosted trees have more leaves."""

ROWS_A_LEAF = 3_000
"""A forest on more rows has leaves of so many times more of them: a tree has at most some 3,000 leaves."""


def _forest(m: int, n: int, seed: int, *, classes: bool, leaf: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    kind: Any = ExtraTreesClassifier if classes else ExtraTreesRegressor
    return kind(TREES, min_samples_leaf=max(leaf, m // ROWS_A_LEAF), random_state=seed, n_jobs=1)


def _boosting(m: int, n: int, seed: int, *, classes: bool) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind: Any = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(
        early_stopping=False,
        learning_rate=0.07,
        max_iter=ROUNDS if classes else 2 * ROUNDS,
        max_leaf_nodes=31 if m > MANY else 8 if classes else 16,
        max_features=0.5,
        random_state=seed,
    )


def _kernel(m: int, n: int, seed: int, *, classes: bool, gamma: float, C: float = 1.0) -> Any:
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.pipeline import make_pipeline

    linear: Any = LogisticRegression(C=C, max_iter=2000) if classes else RidgeCV(np.logspace(-4, 2, 13))
    return make_pipeline(Nystroem(gamma=gamma / n, n_components=min(m, FEATURES), random_state=seed), linear)


class Kind(NamedTuple):
    """A kind of model: how it is made of numbers of rows and inputs and a seed, and its largest table."""

    preset: Preset
    make: Any
    settings: Mapping[str, Any]
    most_rows: float = inf
    of_sparse: bool = False


EXTRATREES = Preset("extratrees", "extremely randomized trees of scikit-learn", ())
BUSHES = Preset("bushes", "the same with larger leaves", ())
BOOSTING = Preset("boosting", "gradient boosting of scikit-learn on histograms", ())
KERNEL = Preset("kernel", "a Gaussian kernel, approximated by scikit-learn's Nystroem", (), "standard")
WIDEKERNEL = Preset("widekernel", "the same with a wider kernel: smoother functions", (), "standard")

KINDS = (
    Kind(EXTRATREES, _forest, {"leaf": 1}, 100_000, of_sparse=True),
    Kind(BUSHES, _forest, {"leaf": 5}, 15_000, of_sparse=True),
    Kind(BOOSTING, _boosting, {}),
    Kind(KERNEL, _kernel, {"gamma": 1.0, "C": 10.0}, 20_000),
    Kind(WIDEKERNEL, _kernel, {"gamma": 0.2, "C": 30.0}, 20_000),
)
"""The models beside networks."""

KNOWN = {kind.preset.name: kind.preset for kind in KINDS}
"""Their names, purposes and inputs, by name."""


@dataclass(frozen=True, eq=False, repr=False)
class SklearnMember:
    """A model of scikit-learn in an ensemble.

    preset: Its name, its purpose and its inputs.
    fold: Number of the `FoldPreprocessor` whose rows it learned from.
    model: The fitted model, of inputs and scaled targets; classes are numbers.
    validation_cost: The cost on the rows that the fold held out.
    score: Accuracy or R² on the same rows; None where there are too few.
    seconds: Duration of its fit.
    """

    preset: Preset
    fold: int
    model: Any
    validation_cost: float | None = None
    score: float | None = None
    seconds: float | None = None

    def __repr__(self) -> str:
        return f"SklearnMember({self.preset.name} on fold {self.fold}, {type(self.model).__name__})"

    def outputs(self, inputs: Mapping[str, Any], preprocessor: FoldPreprocessor) -> Array:
        """Outputs in the units of the target, (m, n_L)."""
        X, n = inputs[self.preset.inputs], len(preprocessor.scale)
        predict = self.model.predict_proba if is_classifier(self.model) else self.model.predict
        with _one_thread():
            A = in_blocks(predict, X, KERNEL_ROWS) if hasattr(self.model, "steps") else predict(X)
        if not is_classifier(self.model):
            return preprocessor.unscaled(A.reshape(X.shape[0], n))
        P = np.zeros((X.shape[0], max(n, 2)))
        P[:, self.model.classes_] = A
        P = (1 - UNIFORM) * P + UNIFORM / P.shape[1]
        return P if n > 1 else P[:, 1:]


def check_mixed(estimator: "DeepEstimator", where: str, *, streamed: bool = False) -> None:
    """Refuse models of scikit-learn where they cannot be members; the targets are known, unless streamed."""
    if estimator.members != MIXED:
        return
    given: Any = estimator
    several = not streamed and is_classifier(given) and given._labels.several
    for refused, expected, got in (
        (estimator.preset != "tabular", "with preset='tabular'", f"preset={estimator.preset!r}"),
        (streamed, "where rows are in memory", "rows that are streamed"),
        (
            given.loss not in ("cross_entropy", "squared_error"),
            "with loss='cross_entropy' or 'squared_error'",
            f"loss={given.loss!r}",
        ),
        (getattr(given, "soft_targets", False), "with labels", "soft_targets=True"),
        (several, "with one column of labels", "several"),
    ):
        if refused:
            expected = f"'networks', or 'mixed' {expected}"
            raise ConfigurationError(where, expected, f"got 'mixed' with {got}", setting="members")


def kinds_for(X: Any) -> list[Kind]:
    """The kinds of models for the rows of a fit."""
    fitting = [kind for kind in KINDS if X.shape[0] <= kind.most_rows]
    return [kind for kind in fitting if kind.of_sparse or not issparse(X)]


def fit_model(
    estimator: "DeepEstimator",
    kind: Kind,
    fold: int,
    seed: int,
    prepared: Prepared,
    context: FitContext,
    link: Link,
) -> tuple[SklearnMember, Array] | None:
    """A model of a fold, with its outputs for the rows held out; None where it has nothing to learn."""
    name = kind.preset.inputs
    learned = cast(Examples, prepared.learned[name])
    X, Y, weight = learned.X, learned.Y, estimator._class_weighted(learned, learned, context.where)
    if weight is not None:
        X, Y, weight = X[weight > 0], Y[weight > 0], weight[weight > 0] / weight[weight > 0].mean()
    classes = is_classifier(estimator)
    y = Y[:, 0] if Y.shape[1] == 1 else Y.argmax(axis=1) if classes else Y
    y = y.astype(np.intp) if classes else y
    if prepared.held_out is None or link.given_up.is_set() or (classes and len(np.unique(y)) < 2):
        return None
    begin, model = perf_counter(), kind.make(*X.shape, seed % 2**31, classes=classes, **kind.settings)
    if y.ndim == 2 and kind.make is _boosting:
        model = one_for_each_target(model)
    last = f"{model.steps[-1][0]}__" if hasattr(model, "steps") else ""
    with _one_thread():
        model.fit(X, y, **({} if weight is None else {f"{last}sample_weight": weight}))
    member = SklearnMember(kind.preset, fold, model, seconds=perf_counter() - begin)
    A = member.outputs({name: prepared.held_out[name].X}, prepared.preprocessor)
    return (member, A) if np.isfinite(A).all() else None


def one_for_each_target(model: Any) -> Any:
    """Models of one target each, which boosting needs for several."""
    from sklearn.multioutput import MultiOutputRegressor

    return MultiOutputRegressor(model)


def _one_thread() -> AbstractContextManager[Any]:
    """OpenMP on one thread in the thread that calls: others wait for each other where all are busy."""
    found: AbstractContextManager[Any] = _pools().limit(limits=1, user_api="openmp")
    return found


@cache
def _pools() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
