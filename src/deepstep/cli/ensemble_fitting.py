"""From the rows of a table to a fitted ensemble, in the terms of the command's options."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from deepstep.cli.class_weights import by_position
from deepstep.cli.stream_task import Surveyed
from deepstep.cli.table_task import Rows, TableSplit
from deepstep.cli.target_choice import Goal
from deepstep.cli.train_settings import TrainSettings
from deepstep.cli.unfinished import Finish, Keeping, Way, unfinished
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.estimators.ensemble import Ensemble
from deepstep.estimators.inputs import FitContext, RawData
from deepstep.estimators.streamed_fit import StreamedFit
from deepstep.estimators.targets import NUMBER_LOSSES
from deepstep.preparation import ClassificationTarget, Target
from deepstep.types import AnyArray


@dataclass(frozen=True)
class Fitted:
    """An ensemble with the temperature of its answers and its target, whose numbers have their own units."""

    ensemble: Ensemble
    temperature: float
    target: Target
    why_engine: str


def fitted(
    split: TableSplit, settings: TrainSettings, preset: str, n_estimators: int | None, label: str
) -> Fitted:
    """Train an ensemble on the training rows of a table, with progress on stderr.

    Settings of both presets count: seed, class weight, time budget, the loss and its delta, engine,
    deterministic. ``n_estimators`` is None for the rule of the table's size.
    """
    target = in_own_units(split.target)
    estimator = _estimator(split.target, settings, preset, n_estimators)
    classes = _class_numbers(target)
    rows = split.train
    inputs = [name for name in rows.frame.columns if name not in split.without]
    given = RawData(rows.frame[inputs], _y(target, rows), rows.weight)
    estimator._fit(given, classes=classes, label=label, keep=split.keep)
    return _fitted(estimator, target)


def fitted_stream(
    seen: Surveyed,
    goal: Goal,
    settings: TrainSettings,
    preset: str,
    n_estimators: int | None,
    label: str,
    buffer_rows: int | None,
    run: Path,
    keeping: Keeping | None,
) -> Fitted:
    """Train an ensemble of one on rows that stay in their files.

    ``buffer_rows`` are those of a window; None for as many as 64 MB hold.
    """
    found, split = seen
    target = in_own_units(split.target)
    estimator = _estimator(split.target, settings, preset, n_estimators)
    estimator.set_params(stream=True, buffer_rows=buffer_rows)
    classes = _class_numbers(target)

    def y(series: Any) -> AnyArray:
        return _y(target, Rows(series, series, None, np.empty(0, int)))

    context = FitContext(f"{type(estimator).__name__}.fit", classes=classes, label=label)
    if keeping is not None:
        every, keep = keeping.checkpoints["every"], keeping.checkpoints["keep"]
        estimator.set_params(checkpoint_dir=unfinished(run), checkpoint_every=every, keep_checkpoints=keep)
        estimator.set_params(resume=True)  # where it begins there is none yet
        finish = (Finish(),) if keeping.way is Way.FINISH else ()
        context = replace(context, callbacks=finish, keeps_interrupted=False)
    estimator._fit_surveyed(StreamedFit(found, goal.sample_weight, None, context, y))
    return _fitted(estimator, target)


def _fitted(estimator: DeepClassifier | DeepRegressor, target: Target) -> Fitted:
    first = estimator.ensemble_.members[0].fit
    return Fitted(
        estimator.ensemble_,
        estimator.temperature_ if isinstance(estimator, DeepClassifier) else 1.0,
        target,
        "" if first is None else first.history.why_engine,
    )


def in_own_units(target: Target) -> Target:
    """The target as an ensemble learns it, which scales numbers by itself, for each fold."""
    if target.is_classification:
        return target
    return target.in_units([0.0] * target.n_columns, [1.0] * target.n_columns)


def _class_numbers(target: Target) -> AnyArray | None:
    """The positions of all classes of one column."""
    return np.arange(len(target.classes[0])) if target.is_classification and not target.several else None


def _estimator(
    target: Target, settings: TrainSettings, preset: str, n_estimators: int | None
) -> DeepClassifier | DeepRegressor:
    shared: dict[str, Any] = {
        "preset": preset,
        "n_estimators": n_estimators,
        "random_state": settings.seed,
        "time_budget": settings.time_budget,
        "deterministic": bool(settings.deterministic),
        "engine": settings.engine or "auto",
        "verbose": True,
    }
    if target.is_classification:
        loss = "ordinal" if target.ordered else "cross_entropy"
        return DeepClassifier(loss=loss, class_weight=_class_weight(target, settings), **shared)
    loss = next(name for name, head in NUMBER_LOSSES.items() if head == target.output)
    if loss == "huber":  # a delta is asked for in the target's deviations
        delta = 1.0 if settings.huber_delta is None else settings.huber_delta
        shared["loss_params"] = {"delta": delta * max(target.stds)}
    return DeepRegressor(loss=loss, quantiles=target.levels or None, **shared)


def _class_weight(target: ClassificationTarget, settings: TrainSettings) -> Any:
    """As the estimator takes it, to which classes are their positions."""
    if settings.class_weight is None:
        return None
    found = by_position(settings.class_weight, target)
    return found if target.several or isinstance(found, str) else found[0]


def _y(target: Target, rows: Rows) -> AnyArray:
    """Positions of classes, or numbers: (m,), of several targets (m, n_targets)."""
    if target.is_classification:
        return target.answers(rows.labels)
    Y = target.encode(rows.labels)
    return Y if target.several else Y[:, 0]
