"""The written rule: which recipes, folds and batches a table of so many rows gets."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepstep.estimators.recipes import FAMILY, Recipe

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator

MOST_FOLDS = 5


@dataclass(frozen=True)
class Choice:
    """What a table gets.

    Attributes
    ----------
    recipes : tuple of Recipe
    n_folds : int
        1 for a part that is held out once.
    repeats : int
        Networks of each recipe on each fold.
    """

    recipes: tuple[Recipe, ...]
    n_folds: int
    repeats: int


def choose(m: int, estimator: "DeepEstimator") -> Choice:
    """The recipes and folds for m rows, or for the number of members that is asked for.

    Parameters
    ----------
    m : int
        Rows of weight above 0.
    estimator : DeepClassifier or DeepRegressor
    """
    n = estimator.n_members
    recipes = tuple(FAMILY.values())
    if n is None:
        return Choice(recipes, MOST_FOLDS, 1) if m < 20_000 else Choice(recipes[:2], 1, 1)
    n_folds = min(MOST_FOLDS, n)
    each = -(-n // n_folds)
    return Choice(recipes[:each], n_folds, max(1, each // len(recipes)))


def batch_size(m: int) -> int:
    """Examples of an update for m rows learned from: at least some ten updates an epoch, at most 1024.

    Examples
    --------
    >>> [batch_size(m) for m in (100, 1_000, 10_000, 100_000)]
    [32, 64, 256, 512]
    """
    for size, most in ((32, 500), (64, 2_000), (128, 8_000), (256, 30_000), (512, 100_000)):
        if m <= most:
            return size
    return 1024
