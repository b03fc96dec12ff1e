"""How rows are split into folds: at random, by whole groups, in the order of time, or by a splitter."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepstep.data.splits import holdout
from deepstep.errors import ConfigurationError, DataError
from deepstep.preparation.batches import Examples
from deepstep.targets import Targets
from deepstep.types import AnyArray, Array

TIME = "time"
"""The value of ``validation`` for rows in the order of time."""

FRACTION = 0.1
"""Share of the rows that is held out where there is one fold."""

STRATIFIED = 10_000
"""Groups up to which classes are balanced over the folds: each is placed by a loop."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Checked rows: a frame (sparse rows stay so), encoded targets, weights, and the number of each group."""

    X: Any
    Y: Array
    weight: Array | None = None
    groups: AnyArray | None = None

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def take(self, numbers: Any) -> "Rows":
        """The rows of these numbers."""
        weight = None if self.weight is None else self.weight[numbers]
        groups = None if self.groups is None else self.groups[numbers]
        return Rows(self.X[numbers], self.Y[numbers], weight, groups)

    @property
    def examples(self) -> Examples:
        """Rows of numbers as examples."""
        return Examples(self.X, self.Y, self.weight)

    @property
    def weighing(self) -> "Rows":
        """The rows of a weight above 0."""
        return self if self.weight is None else self.take(np.flatnonzero(self.weight > 0))


class Fold(NamedTuple):
    """Numbers of the rows that are learned from, and of those held out; these are empty where too few are."""

    learned: NDArray[np.intp]
    held_out: NDArray[np.intp]


def split(
    rows: Rows, targets: Targets, n: int, seed: int, *, validated: bool, validation: Any = None
) -> list[Fold]:
    """At most n folds, or one that holds nothing out where rows are few or ``validated`` on others.

    validation: None for random folds, or of whole groups where rows have them; 'time'; or the folds of a
        splitter, see `folds_of_splitter`.
    """
    m = len(rows)
    if is_splitter(validation) and not validated:
        return list(validation)
    strata = targets.strata(rows.Y)
    if validated or m < 2 * n:
        return [Fold(np.arange(m), np.arange(0))]
    if validation is None and rows.groups is None:
        return random_folds(m, n, strata, FRACTION, seed)
    return structured_folds(rows, strata, n, FRACTION, seed)


def is_splitter(validation: Any) -> bool:
    """Whether folds are those of the user: of a splitter, or pairs of row numbers."""
    return validation is not None and not isinstance(validation, str)


def folds_of_splitter(rows: Rows, targets: Targets, validation: Any) -> list[Fold]:
    """The folds of a splitter of the user, or of pairs of row numbers, checked.

    The user's numbers are those of all rows, the numbers of the folds those of the rows of a weight above 0.
    """
    m = len(rows)
    pairs = validation
    if hasattr(validation, "split"):
        strata = targets.strata(rows.Y)
        pairs = validation.split(rows.X, rows.Y if strata is None else strata, rows.groups)
    weighs = np.full(m, True) if rows.weight is None else rows.weight > 0
    places = np.cumsum(weighs) - 1
    folds = list[Fold]()
    for number, pair in enumerate(pairs):
        parts = [np.asarray(part) for part in pair] if hasattr(pair, "__len__") else []
        if fault := _fault_of_pair(parts, m):
            raise _not_a_splitter(f"fold {number}, {fault}")
        learned, held_out = (part.astype(np.intp) for part in parts)
        fold = Fold(places[learned[weighs[learned]]], places[held_out[weighs[held_out]]])
        if not (fold.learned.size and fold.held_out.size):
            raise _not_a_splitter(f"fold {number} with {fold.learned.size} and {fold.held_out.size} rows")
        folds.append(fold)
    if not folds:
        raise _not_a_splitter("no fold")
    return folds


def _fault_of_pair(parts: list[AnyArray], m: int) -> str:
    """The condition that a fold of the user does not meet; empty for a valid one."""
    if len(parts) != 2 or any(part.ndim != 1 or part.dtype.kind not in "iu" for part in parts if part.size):
        return "which is no pair of row numbers"
    if any(part.size and not 0 <= part.min() <= part.max() < m for part in parts):
        return f"which has row numbers beyond the {m} rows"
    if np.intersect1d(parts[0], parts[1]).size:
        return "which learns from rows that it holds out"
    return ""


def _not_a_splitter(value: str) -> ConfigurationError:
    requirement = "a splitter, or pairs of row numbers (learned, held out) without a row in both"
    return ConfigurationError.must_be("validation", requirement, value)


def _strata_numbers(m: int, strata: AnyArray | None) -> AnyArray:
    """The stratum of each of m rows, from 0."""
    return np.zeros(m, np.intp) if strata is None else np.unique(strata, return_inverse=True)[1].ravel()


def random_folds(m: int, n: int, strata: AnyArray | None, fraction: float, seed: int) -> list[Fold]:
    """n folds of m rows, for n = 1 with a fraction held out, ``strata`` of two rows in proportion."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(m)
    numbers = _strata_numbers(m, strata)
    ordered = shuffled[np.argsort(numbers[shuffled], kind="stable")]
    sizes = np.bincount(numbers)
    place = np.empty(m, np.intp)
    place[ordered] = np.arange(m)
    if n > 1:
        part = place % n  # neighbours in the order of the strata go to different parts
    else:
        # evenly spread over the strata: every (1 / fraction)-th row in their order
        steps = np.floor((np.arange(m) + 1) * fraction) - np.floor(np.arange(m) * fraction)
        part = np.where(steps[place] > 0, 0, 1)
    # a row that is alone in its stratum is learned by all folds
    part = np.where((sizes[numbers] > 1) | (strata is None), part, -1)
    folds = [Fold(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(n)]
    return [fold if fold.learned.size else Fold(np.arange(m), np.arange(0)) for fold in folds]


def structured_folds(rows: Rows, strata: AnyArray | None, n: int, fraction: float, seed: int) -> list[Fold]:
    """At most n folds of whole groups, or of rows that come later than those learned from; for n = 1 one with
    about a fraction held out.

    Where rows have classes, those of a class that the learned rows lack are in neither part of a fold, and a
    fold that would learn one class alone is left out.
    """
    m = len(rows)
    numbers = _strata_numbers(m, strata)
    if rows.groups is None:
        folds = list(_folds_of_time(m, n, fraction))
    else:
        folds = _folds_of_groups(numbers, rows.groups, n, fraction, seed)
    if n > 1:
        folds = [Fold(learned, held[np.isin(numbers[held], numbers[learned])]) for learned, held in folds]
    least = min(2, len(np.unique(numbers)))
    usable = [fold for fold in folds if fold.held_out.size and len(np.unique(numbers[fold.learned])) >= least]
    if not usable:
        part = "beside each held-out group" if rows.groups is not None else "before each held-out block"
        hint = "Pass validation data of your own, as X_val and y_val."
        raise DataError(f"The rows {part} have one class", hint)
    return usable


def hold_out(
    m: int,
    strata: AnyArray | None,
    groups: AnyArray | None,
    fraction: float,
    seed: int,
    *,
    by_time: bool = False,
) -> Fold:
    """A fraction of m rows held out: at random with strata in proportion, as whole groups, or the last ones.

    >>> hold_out(5, None, None, 0.4, 1, by_time=True).held_out.tolist()
    [3, 4]
    """
    if groups is None and not by_time:
        rows = np.arange(m) if strata is None else strata
        return Fold(*holdout(rows, fraction=fraction, seed=seed, stratify=strata is not None))
    rows_in_groups = Rows(np.arange(m), np.zeros((m, 0)), None, groups)
    (fold,) = structured_folds(rows_in_groups, strata, 1, fraction, seed)
    return fold


def _folds_of_time(m: int, n: int, fraction: float) -> Iterator[Fold]:
    """Folds that hold out the later half of the rows, one block after another, and learn all before it."""
    from sklearn.model_selection import TimeSeriesSplit

    if n == 1:
        # at least two rows are held out, and at least one is learned
        first = m - min(m - 1, max(2, ceil(fraction * m)))
        yield Fold(np.arange(first), np.arange(first, m))
        return
    for learned, held_out in TimeSeriesSplit(n, test_size=max(1, m // (2 * n))).split(np.empty(m)):
        yield Fold(learned, held_out)


def _folds_of_groups(strata: AnyArray, groups: AnyArray, n: int, fraction: float, seed: int) -> list[Fold]:
    """Folds of whole groups, strata balanced; of one part that of the best size and all strata learned."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    m = len(groups)
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        hint = "Without groups, rows are held out at random."
        raise DataError.must_be("groups", "have at least two different values", "one", hint)
    parts = min(n if n > 1 else max(2, round(1 / max(fraction, 1 / m))), n_groups)
    # scikit-learn refuses to stratify more parts than rows of the largest class
    largest = int(np.bincount(strata).max())
    balanced = n_groups <= STRATIFIED and parts <= largest
    splitter = StratifiedGroupKFold if balanced else GroupKFold
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of a class with few rows
        pairs = splitter(parts, shuffle=True, random_state=seed % 2**32).split(strata, strata, groups)
        folds = [Fold(*pair) for pair in pairs]
    if n > 1:
        return folds

    def cost(fold: Fold) -> tuple[int, float]:
        return -len(np.unique(strata[fold.learned])), abs(fold.held_out.size - fraction * m)

    return [min((fold for fold in folds if fold.held_out.size), key=cost)]
