"""``deepstep train --preset tabular`` and ``--preset tabm``: a table becomes the run of an ensemble."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from deepstep.cli.class_weights import weights_by_class
from deepstep.cli.diverged import keep, what_happened
from deepstep.cli.ensemble_fitting import Fitted, fitted, fitted_stream, in_own_units
from deepstep.cli.exit_codes import GOOD
from deepstep.cli.held_out import STREAMED, of_table
from deepstep.cli.members import as_records, print_presets
from deepstep.cli.output import harmless
from deepstep.cli.parts import answers_of, columns_of
from deepstep.cli.preset_choice import PresetChoice
from deepstep.cli.scores import Scores, score
from deepstep.cli.screen import as_json, console, print_scores, warnings_as_notes
from deepstep.cli.stream_task import surveyed, tell_of_stream
from deepstep.cli.table_task import DEFAULT_VALIDATION, Rows, TableSplit, table_split
from deepstep.cli.target_choice import Goal
from deepstep.cli.telling import NO_TEST, about, print_columns, print_saved, tell
from deepstep.cli.train_settings import TrainSettings
from deepstep.cli.unfinished import Keeping, Way, place_at_once, place_to_train, resumable
from deepstep.data import StoredRows
from deepstep.errors import DivergenceError
from deepstep.estimators import EnsembleRun
from deepstep.estimators.run import FewRows
from deepstep.preparation import Preparation
from deepstep.run import few_rows
from deepstep.run_folder import RunFolder

if TYPE_CHECKING:
    import polars

OF_AN_ENSEMBLE = ("seed", "loss", "huber_delta", "class_weight", "time_budget", "deterministic", "engine")
"""The settings of a training that an ensemble has, too."""
NEXT = (
    ("predict RUN FILE", "answers for the rows of a table"),
    ("evaluate RUN FILE", "answers compared with a table's own"),
    ("summary RUN", "members, settings, results, columns"),
    ("trace RUN --member 0 --layer 1", "every number of one training step of a member"),
)
ONLY_OUT_OF_FOLD = (
    "No rows were held out for a test: how good answers for new rows are, the figures out of fold say.\n"
)


def train_ensemble(
    file: Path,
    source: "polars.DataFrame | StoredRows",
    run: Path,
    goal: Goal,
    settings: TrainSettings,
    preset: PresetChoice,
    keeping: Keeping | None,
    *,
    n_estimators: int | None,
    overwrite: bool,
    buffer_rows: int | None,
    json_wanted: bool,
) -> int:
    """From the table to the run, printed; gives the exit code."""
    seen, rows_told = None, {}
    if isinstance(source, StoredRows):
        seen = surveyed(source, goal, validation_fraction=DEFAULT_VALIDATION)
        split = seen.split
        tell_of_stream(file, seen, preset, buffer_rows)
        rows_told = {STREAMED: {} if buffer_rows is None else {"buffer_rows": buffer_rows}}
    else:
        split = table_split(source, goal, None)
        tell(file, source, split, preset)
    settings.check_target(split.target)
    with _place(run, keeping, overwrite=overwrite) as save:
        begun = monotonic()
        told = {
            **about(file, goal, split),
            **(rows_told or of_table(file, run, split, None, refit=False)),
            **_weights(split, settings),
        }
        try:
            label = harmless(file.stem)
            if seen is None:
                found = fitted(split, settings, preset.name, n_estimators, label)
            else:
                found = fitted_stream(
                    seen, goal, settings, preset.name, n_estimators, label, buffer_rows, run, keeping
                )
        except DivergenceError as error:
            _keep(error, split, {**told, "seconds": monotonic() - begun}, settings, preset, run)
            raise
        known = {**told, "seconds": max(monotonic() - begun, _seconds_trained(found))}
        whole = _run(found, split, {**known, "settings": _settings(found, settings, preset)})
        parts = _scores(whole, split)
        whole.config["results"] = {name: scores.to_dict() for name, scores in parts.items()}
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
def _place(run: Path, keeping: Keeping | None, *, overwrite: bool) -> Iterator[Callable[[RunFolder], None]]:
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
    told: dict[str, Any],
    settings: TrainSettings,
    preset: PresetChoice,
    run: Path,
) -> None:
    """Save the member that diverged, as it was before."""
    if error.ensemble is None:
        return
    found = Fitted(error.ensemble, 1.0, in_own_units(split.target), "")
    known = {**told, **what_happened(error), "settings": _settings(found, settings, preset)}
    keep(_run(found, split, known), run, error)


def _record(run: Path, whole: EnsembleRun, split: TableSplit) -> dict[str, Any]:
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


def _settings(found: Fitted, settings: TrainSettings, preset: PresetChoice) -> dict[str, Any]:
    """As the config has them."""
    asked = settings.to_dict()
    own = {name: asked[name] for name in OF_AN_ENSEMBLE if name in asked}
    return {"preset": preset.name, "n_estimators": len(found.ensemble.members), **own}


def _weights(split: TableSplit, settings: TrainSettings) -> dict[str, Any]:
    """The weights of classes and of the examples that are kept, as the config of any run has them."""
    target, rows = split.target, split.train
    known: dict[str, Any] = {}
    if settings.class_weight is not None and target.is_classification:
        columns = columns_of(answers_of(target, rows.labels))
        found = weights_by_class(settings.class_weight, target, columns, rows.weight)
        of_each = [weights.tolist() for weights in found]
        known["class_weights"] = of_each if target.several else of_each[0]
    if rows.weight is not None:
        known["example_weights"] = rows.weight[few_rows(len(rows.weight))].tolist()
    return known


def _run(found: Fitted, split: TableSplit, known: dict[str, Any]) -> EnsembleRun:
    config = {"engine": found.ensemble.members[0].engine, "why_engine": found.why_engine, **known}
    rows = split.train
    examples = FewRows.of(found.ensemble, rows.frame, found.target.encode(rows.labels))
    preparation = Preparation(split.inputs, found.target)
    return EnsembleRun(found.ensemble, found.temperature, preparation, config, examples)


def _scores(run: EnsembleRun, split: TableSplit) -> dict[str, Scores]:
    """Scores of training rows, by all members and by those that did not learn them, and of test rows."""
    target = run.preparation.target

    def of(rows: Rows) -> Scores:
        return score(target, answers_of(target, rows.labels), run.outputs(rows.frame))

    parts, A = {"train": of(split.train)}, run.ensemble.out_of_fold
    if A is not None:
        weight, answers = split.train.weight, answers_of(target, split.train.labels)
        counted = answers if weight is None else answers[weight > 0]
        known = np.isfinite(A).all(axis=1)
        parts["out_of_fold"] = score(target, counted[known], A[known])
    return parts if split.test is None else {**parts, "test": of(split.test)}
