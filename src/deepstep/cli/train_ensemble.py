"""``deepstep train`` with a preset of ensembles: from the rows of a table to the run of an ensemble."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from deepstep.cli.messages import NO_TEST, about, as_records, print_columns, print_presets, print_saved, tell
from deepstep.cli.options import TYPED, TrainOptions
from deepstep.cli.runs import held_out_of, keep, what_happened
from deepstep.cli.screen import GOOD, as_json, console, harmless, print_scores, warnings_as_notes
from deepstep.cli.settings import Preset, check_target
from deepstep.cli.stream_task import Surveyed, surveyed, tell_of_stream
from deepstep.cli.table_task import DEFAULT_VALIDATION, Rows, TableSplit, answers_of, columns_of, table_split
from deepstep.cli.target import by_position, weights_by_class
from deepstep.cli.unfinished import Finish, Keeping, Way, place_at_once, place_to_train, resumable, unfinished
from deepstep.data import StoredRows
from deepstep.errors import DivergenceError
from deepstep.estimators import DeepClassifier, DeepRegressor
from deepstep.estimators.ensemble import Ensemble
from deepstep.estimators.inputs import FitContext, RawData
from deepstep.estimators.streamed_fit import StreamedFit
from deepstep.estimators.targets import NUMBER_LOSSES
from deepstep.inspection.metrics import Scores, score
from deepstep.preparation import ClassificationTarget, Preparation, Target
from deepstep.run import Run, few_rows
from deepstep.run_folder import STREAMED
from deepstep.types import AnyArray

if TYPE_CHECKING:
    import polars


@dataclass(frozen=True)
class Fitted:
    """An ensemble with the temperature of its answers and its target, whose numbers have their own units."""

    ensemble: Ensemble
    temperature: float
    target: Target
    why_engine: str


def fitted(split: TableSplit, options: TrainOptions, preset: str, label: str) -> Fitted:
    """Train an ensemble on the training rows of a table, with progress on stderr."""
    target = in_own_units(split.target)
    estimator = _estimator(split.target, options, preset)
    classes = _class_numbers(target)
    rows = split.train
    inputs = [name for name in rows.frame.columns if name not in split.without]
    given = RawData(rows.frame[inputs], _y(target, rows), rows.weight)
    estimator._fit(given, classes=classes, label=label, keep=split.keep)
    return _fitted(estimator, target)


def fitted_stream(
    seen: Surveyed, options: TrainOptions, preset: str, label: str, run: Path, keeping: Keeping | None
) -> Fitted:
    """Train an ensemble of one on rows that stay in their files."""
    found, split = seen
    target = in_own_units(split.target)
    estimator = _estimator(split.target, options, preset)
    estimator.set_params(stream=True, buffer_rows=options.buffer_rows)
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
    estimator._fit_surveyed(StreamedFit(found, options.sample_weight, None, context, y))
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


def _estimator(target: Target, options: TrainOptions, preset: str) -> DeepClassifier | DeepRegressor:
    shared: dict[str, Any] = {
        "preset": preset,
        "n_estimators": options.n_estimators,
        "random_state": options.seed,
        "time_budget": options.time_budget,
        "deterministic": bool(options.deterministic),
        "engine": options.engine or "auto",
        "verbose": True,
    }
    if target.is_classification:
        loss = "ordinal" if target.ordered else "cross_entropy"
        return DeepClassifier(loss=loss, class_weight=_class_weight(target, options), **shared)
    loss = next(name for name, head in NUMBER_LOSSES.items() if head == target.output)
    if loss == "huber":  # a delta is asked for in the target's deviations
        delta = 1.0 if options.huber_delta is None else options.huber_delta
        shared["loss_params"] = {"delta": delta * max(target.stds)}
    return DeepRegressor(loss=loss, quantiles=target.levels or None, **shared)


def _class_weight(target: ClassificationTarget, options: TrainOptions) -> Any:
    """As the estimator takes it, to which classes are their positions."""
    if options.class_weight is None:
        return None
    found = by_position(options.class_weight, target)
    return found if target.several or isinstance(found, str) else found[0]


def _y(target: Target, rows: Rows) -> AnyArray:
    """Positions of classes, or numbers: (m,), of several targets (m, n_targets)."""
    if target.is_classification:
        return target.answers(rows.labels)
    Y = target.encode(rows.labels)
    return Y if target.several else Y[:, 0]


NEXT = (
    ("predict RUN FILE", "answers for the rows of a table"),
    ("evaluate RUN FILE", "answers compared with a table's own"),
    ("summary RUN", "members, options, results, columns"),
    ("trace RUN --member 0 --layer 1", "every number of one training step of a member"),
)
ONLY_OUT_OF_FOLD = "No test set: the out-of-fold scores estimate generalization.\n"


def train_ensemble(
    file: Path,
    source: "polars.DataFrame | StoredRows",
    run: Path,
    options: TrainOptions,
    preset: Preset,
    keeping: Keeping | None,
    *,
    json_wanted: bool,
) -> int:
    """From the table to the run, printed; gives the exit code."""
    seen, rows_entry = None, {}
    if isinstance(source, StoredRows):
        seen = surveyed(source, options, validation_fraction=DEFAULT_VALIDATION)
        split = seen.split
        tell_of_stream(file, seen, preset, options.buffer_rows)
        streamed = {} if options.buffer_rows is None else {"buffer_rows": options.buffer_rows}
        rows_entry = {STREAMED: streamed}
    else:
        split = table_split(source, options, None)
        tell(file, source, split, preset)
    check_target(options, split.target)
    with _place(run, keeping, overwrite=options.overwrite) as save:
        begun = monotonic()
        config = {
            **about(file, options, split, preset.name),
            **rows_entry,
            **_weights(split, options),
        }
        try:
            label = harmless(file.stem)
            if seen is None:
                found = fitted(split, options, preset.name, label)
            else:
                found = fitted_stream(seen, options, preset.name, label, run, keeping)
        except DivergenceError as error:
            _keep(error, split, {**config, "seconds": monotonic() - begun}, options, preset, run, file)
            raise
        known = {**config, "seconds": max(monotonic() - begun, _seconds_trained(found))}
        whole = _run(found, split, {**known, "settings": _settings(found, options, preset)})
        parts = _scores(whole, split)
        whole.config["results"] = {name: scores.to_dict() for name, scores in parts.items()}
        whole.held_out = held_out_of(whole, split, file)
        save(whole)
    if json_wanted:
        click.echo(as_json({**_record(run, whole, split), **whole.config["results"]}))
        return GOOD
    screen = console()
    print_columns(screen, split.inputs)
    print_presets(screen, whole.ensemble)
    print_scores(screen, parts, by_class="class_weights" in whole.config)
    if "test" not in parts:
        screen.print(ONLY_OUT_OF_FOLD if "out_of_fold" in parts else NO_TEST, markup=False)
    print_saved(screen, run, file, NEXT)
    return GOOD


@contextmanager
def _place(run: Path, keeping: Keeping | None, *, overwrite: bool) -> Iterator[Callable[[Run], None]]:
    """The function that fills the run, when it is done."""
    if keeping is None:
        with warnings_as_notes(), place_at_once(run, overwrite=overwrite) as save:
            yield save
        return
    resumed = keeping.way is not Way.BEGIN
    with (
        resumable(run),
        place_to_train(run, keeping.training, resumed=resumed, overwrite=overwrite) as save,
    ):
        yield save


def _seconds_trained(found: Fitted) -> float:
    """Seconds of the member that learned longest, in this process and those that were killed."""
    histories = [member.network.history for member in found.ensemble.members]
    return max((history[-1]["seconds"] for history in histories if history), default=0.0)


def _keep(
    error: DivergenceError,
    split: TableSplit,
    config: dict[str, Any],
    options: TrainOptions,
    preset: Preset,
    run: Path,
    file: Path,
) -> None:
    """Save the member that diverged, as it was before."""
    if error.ensemble is None:
        return
    found = Fitted(error.ensemble, 1.0, in_own_units(split.target), "")
    known = {**config, **what_happened(error), "settings": _settings(found, options, preset)}
    whole = _run(found, split, known)
    whole.held_out = held_out_of(whole, split, file)
    keep(whole, run, error)


def _record(run: Path, whole: Run, split: TableSplit) -> dict[str, Any]:
    config, ensemble = whole.config, whole.ensemble
    return {
        "run": run,
        "task": split.kind,
        "reason": split.reason,
        "columns": [summary._asdict() for summary in split.inputs.describe()],
        **{name: config[name] for name in ("settings", "engine", "why_engine", "seconds")},
        "output": ensemble.output,
        "presets": ensemble.weights,
        "members": as_records(ensemble),
    }


def _settings(found: Fitted, options: TrainOptions, preset: Preset) -> dict[str, Any]:
    """As the config has them."""
    kept = options.kept("settings")
    own = {name: value for name, value in kept.items() if TYPED[name].of == "ensemble"}
    return {"preset": preset.name, "n_estimators": len(found.ensemble.members), **own}


def _weights(split: TableSplit, options: TrainOptions) -> dict[str, Any]:
    """The weights of classes and of the examples that are kept, as the config of any run has them."""
    target, rows = split.target, split.train
    known: dict[str, Any] = {}
    if options.class_weight is not None and target.is_classification:
        columns = columns_of(answers_of(target, rows.labels))
        found = weights_by_class(options.class_weight, target, columns, rows.weight)
        of_each = [weights.tolist() for weights in found]
        known["class_weights"] = of_each if target.several else of_each[0]
    if rows.weight is not None:
        known["example_weights"] = rows.weight[few_rows(len(rows.weight))].tolist()
    return known


def _run(found: Fitted, split: TableSplit, known: dict[str, Any]) -> Run:
    config = {"engine": found.ensemble.members[0].engine, "why_engine": found.why_engine, **known}
    rows = split.train
    run = Run(found.ensemble, Preparation(split.inputs, found.target), config)
    run.examples, run.temperature = run.examples_of(rows.frame, rows.labels), found.temperature
    return run


def _scores(run: Run, split: TableSplit) -> dict[str, Scores]:
    """Scores of training rows, by all members and by those that did not learn them, and of test rows."""
    target = run.preparation.target

    def of(rows: Rows) -> Scores:
        answers = answers_of(target, rows.labels)
        return score(target, answers, run.outputs(rows.frame), rows.weight, run.calibrated)

    parts, A = {"train": of(split.train)}, run.ensemble.out_of_fold
    if A is not None:
        weight, answers = split.train.weight, answers_of(target, split.train.labels)
        kept = slice(None) if weight is None else weight > 0
        known = np.isfinite(A).all(axis=1)
        of_known = None if weight is None else weight[kept][known]
        parts["out_of_fold"] = score(target, answers[kept][known], A[known], of_known, run.calibrated)
    return parts if split.test is None else {**parts, "test": of(split.test)}
