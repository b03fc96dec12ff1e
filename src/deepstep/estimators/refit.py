"""The second training of an ensemble: a network of each preset on all rows, for the epochs chosen before."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from deepstep.errors import ConfigurationError, DivergenceError, warn_the_caller
from deepstep.estimators.ensemble import Ensemble, Fold, PresetSummary
from deepstep.estimators.inputs import Dataset, FitContext
from deepstep.estimators.members import Task, Workers, member_executor, train_member
from deepstep.estimators.preparing import prepare_fold
from deepstep.estimators.presets import ALONE, hyperparameters

if TYPE_CHECKING:
    from deepstep.estimators.base import DeepEstimator


def check_refit(estimator: "DeepEstimator", where: str, *, validated: bool) -> None:
    """Refuse what an ensemble cannot repeat on all rows."""
    if not estimator.refit or estimator.preset in ALONE:
        return
    for refused, why in (
        (validated, "where fit is given validation data, which the networks would not learn"),
        (estimator.time_budget is not None, "with time_budget, by which epochs end"),
    ):
        if refused:
            hint = "Leave one of both out."
            raise ConfigurationError(where, f"False {why}", "got True", hint, setting="refit")


def refit_ensemble(estimator: "DeepEstimator", rows: Dataset, context: FitContext) -> Ensemble:
    """A network of each preset on all rows, for the epochs of its folds, whose weights and scores stay."""
    folds, kept = estimator.ensemble_, rows
    if folds.out_of_fold is None:  # all networks have learned all rows
        return folds
    if rows.weight is not None:
        kept = rows.take(np.flatnonzero(rows.weight > 0))
    none, all_rows = np.arange(0), np.arange(len(kept))
    chosen = [one for one in folds.presets if one.weight > 0]
    presets = tuple(one.preset for one in chosen)
    seed = 0 if context.seed is None else context.seed
    seeds = np.random.SeedSequence([seed, 3]).generate_state(len(chosen)).tolist()
    tasks = [
        Task(one.preset, 1, own, (_epochs(estimator, one, folds, len(kept)),))
        for one, own in zip(chosen, seeds, strict=True)
    ]
    workers: Workers | None = None
    try:
        with member_executor(estimator.n_jobs) as workers:
            if workers.interruption.asked:
                raise KeyboardInterrupt
            prepared = prepare_fold(estimator, kept, None, Fold(all_rows, none), presets, context)
            works = [partial(train_member, estimator, task, prepared, context) for task in tasks]
            found = dict(workers.results(enumerate(works), lambda number, done, of: None))
    except (KeyboardInterrupt, DivergenceError) as ended:
        if workers is not None and workers.interruption.again:
            raise
        estimator._interrupted = isinstance(ended, KeyboardInterrupt)
        why = "was interrupted" if estimator._interrupted else f"diverged in the refit ({ended})"
        warn_the_caller(f"{context.where} {why}: the networks of the folds are kept, without refit.")
        return folds
    given: Any = estimator
    given._calibration = given._calibration.whole()
    first = replace(folds.preprocessors[0], fold=Fold(none, none))
    return replace(
        folds,
        preprocessors=(first, replace(prepared.preprocessor, fold=Fold(none, none))),
        members=tuple(found[at].member for at in range(len(tasks))),
        weights={one.preset.name: one.weight for one in chosen},
        temperatures={one.preset.name: folds.temperatures[one.preset.name] for one in chosen},
    )


def _epochs(estimator: "DeepEstimator", chosen: PresetSummary, folds: Ensemble, m: int) -> int:
    """The epochs of a preset on m rows: the same share of its schedule as on the folds."""
    shares = []
    for member in chosen.members:
        learned = folds.preprocessors[member.fold].fold.learned.size
        planned = hyperparameters(estimator, chosen.preset, learned).max_iter
        shares.append((member.best_epoch or member.epochs) / planned)
    return max(1, round(np.mean(shares) * hyperparameters(estimator, chosen.preset, m).max_iter))
