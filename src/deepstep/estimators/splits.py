"""How rows are split into folds: at random, by groups that stay whole, or in the order of time."""

import warnings
from collections.abc import Hashable, Iterator
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.errors import ConfigurationError, DataError
from deepstep.estimators.ensemble import Fold
from deepstep.estimators.inputs import Dataset, named_from, rows_without_target
from deepstep.estimators.options import DEFAULTS
from deepstep.estimators.presets import ALONE, MLP
from deepstep.types import AnyArray

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

RANDOM, TIME = "random", "time"
"""Values of the parameter ``validation``."""

STRATIFIED = 10_000
"""Groups up to which classes are balanced over the folds: each is placed by a loop."""

NO_GROUPS = "Leave groups out, or validation='time'."


def checked_groups(groups: Any, n_samples: int, where: str) -> AnyArray:
    """The number of each row's group, from 0 in the order of the rows."""
    values = list(groups) if np.iterable(groups) else [groups]
    if len(values) != n_samples:
        expected = f"an array of {n_samples} values, one for each row of X"
        raise DataError(where, expected, f"got {len(values)}", setting="groups")
    for unhashable in [value for value in values if not isinstance(value, Hashable)][:1]:
        expected, got = "an array (n_samples,) of hashable values", f"got {unhashable!r:.60}"
        raise DataError(where, expected, got, setting="groups")
    given = np.empty(len(values), dtype=object)
    given[:] = values
    if missing := rows_without_target(given):
        got = f"got row {missing[0] + 1} without one, {len(missing)} row(s) in all"
        hint = "Give each of these rows a group of its own, or leave the rows out."
        raise DataError(where, "an array without missing values", got, hint, setting="groups")
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.intp)


def without_groups(X: Any, groups: Any, where: str) -> tuple[Any, Any]:
    """X without the column of the groups, and the groups, where they are named."""
    if not isinstance(groups, str):
        return X, groups
    rest, columns = named_from(X, {"groups": groups}, where)
    return rest, columns["groups"]


def check_split(
    estimator: "DeepEstimator", groups: Any, where: str, *, validated: bool, streamed: bool = False
) -> None:
    """Refuse groups and an order of time that would have no effect, or that no split can respect."""
    asked = {"groups": groups is not None, "validation='time'": estimator.validation == TIME}
    given = " and ".join(name for name, yes in asked.items() if yes)
    if not given:
        return
    stops = estimator.early_stopping and not (estimator.preset == MLP.name and estimator.solver == "lbfgs")
    for refused, expected, got in (
        (all(asked.values()), "groups, or validation='time'", "got both"),
        (streamed, f"rows in memory, where {given} is given", "got rows that are streamed"),
        (validated, f"{given}, or validation data of its own", "got both"),
        (
            estimator.preset in ALONE and not stops,
            f"rows that are held out, where {given} is given",
            f"got early_stopping={estimator.early_stopping} with preset={estimator.preset!r} and "
            f"solver={estimator.solver!r}, which hold none out",
        ),
    ):
        if refused:
            raise ConfigurationError(where, expected, got, NO_GROUPS)


def _kinds(m: int, strata: AnyArray | None) -> AnyArray:
    """The stratum of each of m rows, from 0."""
    return np.zeros(m, np.intp) if strata is None else np.unique(strata, return_inverse=True)[1].ravel()


def random_folds(m: int, n: int, strata: AnyArray | None, fraction: float, seed: int) -> list[Fold]:
    """n folds of m rows, for n = 1 with a fraction held out, ``strata`` of two rows in proportion."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(m)
    kinds = _kinds(m, strata)
    by_kind = shuffled[np.argsort(kinds[shuffled], kind="stable")]
    sizes = np.bincount(kinds)
    place = np.empty(m, np.intp)
    place[by_kind] = np.arange(m)
    if n > 1:
        part = place % n  # neighbours in the order of the groups go to different parts
    else:
        # evenly spread over the groups: every (1 / fraction)-th row in their order
        steps = np.floor((np.arange(m) + 1) * fraction) - np.floor(np.arange(m) * fraction)
        part = np.where(steps[place] > 0, 0, 1)
    part = np.where((sizes[kinds] > 1) | (strata is None), part, -1)
    found = [Fold(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(n)]
    return [fold if fold.learned.size else Fold(np.arange(m), np.arange(0)) for fold in found]


def split(
    estimator: "DeepEstimator", rows: Dataset, validation: Dataset | None, n_folds: int, seed: int, where: str
) -> list[Fold]:
    """The folds, or one that holds nothing out; 'mlp' parts its examples itself where that is at random."""
    at_random = rows.groups is None and estimator.validation == RANDOM
    m, fraction, alone = len(rows), estimator.validation_fraction, estimator.preset in ALONE
    whole = validation is not None or m < (4 if alone else 2 * n_folds)
    if alone:
        whole |= not estimator.early_stopping or (estimator.preset == MLP.name and at_random)
    elif fraction is not None and (whole or n_folds > 1):
        instead = "validation data of its own" if validation is not None else f"{n_folds} folds"
        expected, hint = "left out, where it has no effect", "Pass n_estimators=1 for one part held out."
        got = f"got {fraction} with {instead}"
        raise ConfigurationError(where, expected, got, hint, setting="validation_fraction")
    if whole:
        return [Fold(np.arange(m), np.arange(0))]
    fraction = DEFAULTS["mlp"]["validation_fraction"] if fraction is None else fraction
    strata = estimator.targets_.strata(rows.Y)
    if at_random:
        return random_folds(m, n_folds, strata, fraction, seed)
    return structured_folds(rows, strata, n_folds, fraction, seed, where)


def structured_folds(
    rows: Dataset, strata: AnyArray | None, n: int, fraction: float, seed: int, where: str
) -> list[Fold]:
    """At most n folds of whole groups, or of rows that come later than those learned from; for n = 1 one with
    about a fraction held out.

    Where rows have classes, those of a class that the learned rows lack are in neither part of a fold, and a
    fold that would learn one class alone is left out.
    """
    m = len(rows)
    kinds = _kinds(m, strata)
    if rows.groups is None:
        found = list(_of_time(m, n, fraction))
    else:
        found = _of_groups(kinds, rows.groups, n, fraction, seed, where)
    if n > 1:
        found = [Fold(learned, held[np.isin(kinds[held], kinds[learned])]) for learned, held in found]
    least = min(2, len(np.unique(kinds)))
    kept = [fold for fold in found if fold.held_out.size and len(np.unique(kinds[fold.learned])) >= least]
    if not kept:
        name, hint = ("groups", "") if rows.groups is not None else ("validation='time'", " before them")
        expected = (
            f"rows of at least two classes{hint} beside the rows that are held out, where {name} is given"
        )
        own = "Pass validation data of your own, as X_val and y_val."
        raise DataError(where, expected, "got one class", own)
    return kept


def _of_time(m: int, n: int, fraction: float) -> Iterator[Fold]:
    """Folds that hold out the later half of the rows, one block after another, and learn all before it."""
    from sklearn.model_selection import TimeSeriesSplit

    if n == 1:
        first = m - min(m - 1, max(2, ceil(fraction * m)))
        yield Fold(np.arange(first), np.arange(first, m))
        return
    for learned, held_out in TimeSeriesSplit(n, test_size=max(1, m // (2 * n))).split(np.empty(m)):
        yield Fold(learned, held_out)


def _of_groups(
    kinds: AnyArray, groups: AnyArray, n: int, fraction: float, seed: int, where: str
) -> list[Fold]:
    """Folds of whole groups, kinds balanced; of one part that of the best size and all kinds learned."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    n_groups, m = len(np.unique(groups)), len(groups)
    if n_groups < 2:
        hint = "Without groups, rows are held out at random."
        raise DataError(where, "an array of at least two different groups", "got one", hint, setting="groups")
    parts = min(n if n > 1 else max(2, round(1 / max(fraction, 1 / m))), n_groups)
    largest = int(np.bincount(kinds).max())
    balanced = n_groups <= STRATIFIED and parts <= largest
    kind = StratifiedGroupKFold if balanced else GroupKFold
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # of a class with few rows
        splits = kind(parts, shuffle=True, random_state=seed % 2**32).split(kinds, kinds, groups)
        found = [Fold(*pair) for pair in splits]
    if n > 1:
        return found

    def cost(fold: Fold) -> tuple[int, float]:
        return -len(np.unique(kinds[fold.learned])), abs(fold.held_out.size - fraction * m)

    return [min((fold for fold in found if fold.held_out.size), key=cost)]
