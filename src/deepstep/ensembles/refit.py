"""The second training of an ensemble: a network of each preset on all rows, for the epochs chosen before."""

from functools import partial

import numpy as np

from deepstep.ensembles.ensemble import Ensemble, PresetSummary
from deepstep.ensembles.fit import Outcomes, Request, prepare_fold
from deepstep.ensembles.member_fit import Task, fit_member
from deepstep.ensembles.split import Fold, Rows
from deepstep.ensembles.workers import Workers, member_executor
from deepstep.errors import DivergenceError, warn_the_caller
from deepstep.targets import Targets


def refit_ensemble(outcomes: Outcomes, rows: Rows, targets: Targets, request: Request) -> Outcomes:
    """A network of each preset on all rows, for the epochs of its folds, whose weights and scores stay.

    Where it diverges, or Ctrl-C ends it, the ensemble stays as it is, with a warning.
    """
    ensemble = outcomes.ensemble
    if ensemble.out_of_fold is None:  # all networks have learned all rows
        return outcomes
    rows, options = rows.weighing, request.options
    none, all_rows = np.arange(0), np.arange(len(rows))
    summaries = [summary for summary in ensemble.by_preset if summary.weight > 0]
    presets = [ensemble.presets[summary.name] for summary in summaries]
    seeds = np.random.SeedSequence([options.seed, 3]).generate_state(len(presets)).tolist()
    epochs = [_epochs(summary, outcomes, len(rows)) for summary in summaries]
    workers: Workers | None = None
    try:
        with member_executor(request.n_jobs) as workers:
            if workers.interruption.pressed:
                raise KeyboardInterrupt
            prepared = prepare_fold(rows, targets, None, Fold(all_rows, none), presets, request)
            works = []
            for preset, seed, window in zip(presets, seeds, epochs, strict=True):
                learned = prepared.learned[preset.inputs]
                task = Task(preset, 1, seed, (window,))
                works.append(
                    partial(fit_member, task, targets, prepared.preprocessor, learned, None, options)
                )
            trained = dict(workers.results(enumerate(works), lambda number, done, epochs: None))
    except (KeyboardInterrupt, DivergenceError) as end:
        if workers is not None and workers.interruption.again:
            raise
        interrupted = isinstance(end, KeyboardInterrupt)
        why = "was interrupted" if interrupted else f"diverged in the refit ({end})"
        warn_the_caller(f"{options.where} {why}: the networks of the folds are kept, without refit.")
        return outcomes._replace(interrupted=interrupted)
    refitted = Ensemble(
        # the first preprocessor is that of the fingerprint of the rows
        (ensemble.preprocessors[0], prepared.preprocessor),
        tuple(trained[number].member for number in range(len(works))),
        {summary.name: summary.weight for summary in summaries},
        {summary.name: ensemble.temperatures[summary.name] for summary in summaries},
        ensemble.head,
        (none, none),
        ensemble.out_of_fold,
        {preset.name: preset for preset in presets},
        ensemble.tried,
    )
    return outcomes._replace(ensemble=refitted)


def _epochs(summary: PresetSummary, outcomes: Outcomes, m: int) -> int:
    """The epochs of a preset on m rows: the same share of its schedule as on the folds."""
    preset = outcomes.ensemble.presets[summary.name]
    shares = [
        (member.best_epoch or member.epochs) / preset.epochs_of(outcomes.n_learned[member.fold])
        for member in summary.members
    ]
    return max(1, round(np.mean(shares) * preset.epochs_of(m)))
