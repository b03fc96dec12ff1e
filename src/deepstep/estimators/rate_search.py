"""The learning rate that a fit begins with: the one that is given, or the one that a search suggests."""

import warnings
from typing import TYPE_CHECKING

from deepstep.estimators.course import open_for
from deepstep.estimators.parameters import PLAIN
from deepstep.model import Network
from deepstep.preparation.batches import Examples, as_they_are, shuffled
from deepstep.training.interruption import blas_threads
from deepstep.training.rate_finder import AUTO, RateSearch, find_rate

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator
    from deepstep.estimators.calls import FitCall


def first_rate(
    estimator: "DeepEstimator", network: Network, learned: Examples, call: "FitCall"
) -> tuple[float, RateSearch | None]:
    """The rate, and the search that found it.

    It is of the rows that are learned from, in the batches and in the order of the fit, so that the same
    ``random_state`` finds the same; the network stays as it is. A fit that goes on keeps what an earlier one
    found: the search is for the beginning, where the cost falls.
    """
    given = estimator._setting("learning_rate_init")
    if given != AUTO:
        return float(given), None
    before = getattr(estimator, "rate_search_", None) if call.going_on else None
    if before is not None:
        return float(estimator.learning_rate_), before
    size = 200 if isinstance(estimator.batch_size, str) else int(estimator.batch_size)
    whole = size >= len(learned)
    with blas_threads(estimator.deterministic):
        search = find_rate(
            open_for(estimator, network, network.parameters, call.where),
            learned,
            batch_size=None if whole else size,
            order=as_they_are if whole or not estimator.shuffle else shuffled(network.seed),
            where=f"{call.where}, learning_rate_init='auto'",
        )
    if search.suggestion is not None:
        return search.suggestion, search
    instead = float(PLAIN["learning_rate_init"])
    warnings.warn(
        f"learning_rate_init='auto' found no rate that lowers the cost; {instead:g} is taken.",
        stacklevel=7,
    )
    return instead, search
