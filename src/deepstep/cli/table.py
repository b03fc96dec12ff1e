"""A table becomes a run: read, split, fitted, saved, scored, shown."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any
from warnings import catch_warnings, filterwarnings, simplefilter

import click
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from deepstep.cli.models import Fitted, fit_ensemble, fit_network
from deepstep.cli.open_runs import held_out_of, keep, what_happened
from deepstep.cli.option_types import WORDS
from deepstep.cli.parameters import ENSEMBLE, FROM_FILE, NETWORK, flag_of, parameters_of
from deepstep.cli.parts import Parts, Rows, parts_in_memory, parts_of_a_stream
from deepstep.cli.print_results import TableResult, print_table_result, tell, tell_of_the_rate
from deepstep.cli.reading import TableOptions, read_table
from deepstep.cli.resume import Keeping, Training, log_callbacks, place
from deepstep.cli.screen import (
    GOOD,
    INTERRUPTED,
    as_json,
    as_warning,
    harmless,
    note,
    printable,
    warnings_as_notes,
)
from deepstep.cli.task import weights_by_label
from deepstep.data.sources import shown, stem_of
from deepstep.data.tables import rows_to_stream
from deepstep.ensembles.split import FRACTION
from deepstep.errors import ConfigurationError, DataWarning, DivergenceError, spelled
from deepstep.inspection import Finding
from deepstep.inspection.metrics import Scores, score
from deepstep.run import LEAKS, Examples, Run, few_rows
from deepstep.targets import Targets
from deepstep.training.fit import INTERRUPTED as CUT
from deepstep.training.interruption import deferred
from deepstep.training.progress import phase


@dataclass(frozen=True)
class TrainOptions:
    """The flags of ``deepstep train``: about the table, about the model, about the run."""

    table: TableOptions
    model: str
    parameters: Mapping[str, Any]
    stream: bool | None = None
    validation: Path | None = None
    log: str | None = None
    rows: bool = True
    overwrite: bool = False
    command: str = ""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "TrainOptions":
        """The flags of a new training or of one that is resumed, checked as far as no table is needed."""
        model = options["model"]
        settings = [(name, value) for name, value in options["settings"]]
        parameters = parameters_of(model, options, settings, options[FROM_FILE])
        parameters.setdefault("random_state", 1)
        stops = model == NETWORK and parameters.get("early_stopping") and parameters.get("solver") != "lbfgs"
        table = TableOptions(
            tuple(options["target"]),
            options["task"],
            tuple(options["exclude"]),
            tuple(parameters.get("keep_columns", ())),
            tuple(parameters.get("categorical_features", ())),
            parameters.get("classes"),
            parameters.get("loss"),
            parameters.get("quantiles"),
            options["sample_weight"],
            options["groups"],
            options["time_order"],
            options["time_column"],
            options["test_fraction"],
            parameters.get("validation_fraction", 0.1) if stops and options["validation"] is None else 0.0,
            options["drop_missing_target"],
            options["read"],
            parameters["random_state"],
        )
        with spelled(partial(flag_of, model)):
            table.check()
        log = options["log"]
        if log is not None and (model == ENSEMBLE or parameters.get("refit")):
            requirement = "used with --model network, of a single training"
            value = f"--model {model}" if model == ENSEMBLE else "--set refit=true"
            raise ConfigurationError.must_be("--log", requirement, value)
        validation = None if options["validation"] is None else Path(options["validation"])
        if validation is not None and model == ENSEMBLE and table.how_split:
            requirement = "used without groups and an order of time, which folds respect"
            raise ConfigurationError.must_be("--validation", requirement, "both")
        return cls(
            table,
            model,
            parameters,
            options["stream"],
            validation,
            log,
            not options["no_rows"],
            options["overwrite"],
            options[WORDS],
        )


def train_table(
    file: Path,
    run: Path,
    options: TrainOptions,
    training: Training | None,
    begin: Callable[[], Training],
    *,
    json_wanted: bool,
) -> int:
    """From the table to the run, printed; gives the exit code.

    ``training`` is the one that is resumed; else ``begin`` makes one.
    """
    with phase(f"reading {harmless(shown(file))}"):
        options, parts, n_rows = _read(file, options)
        warnings = parts.warnings()
    tell(file, n_rows, options.table, parts, options.model, warnings)
    leaks = [warning.finding for warning in warnings if warning.finding is not None]
    by_folds = options.model == ENSEMBLE and parts.survey is None
    resumed = training is not None
    keeping = Keeping(training or begin(), resumed, by_folds, _cannot_resume(options))
    with deferred(waits=False) as press, place(run, keeping, overwrite=options.overwrite) as save:
        config = _config(file, options, parts, leaks)
        begun = monotonic()
        try:
            fitted = _fit(file, run, options, parts, keeping)
        except DivergenceError as error:
            _keep_what_was_reached(file, run, options, parts, config, error)
            raise
        history = fitted.histories[0]
        cut = history.stopped == CUT and not by_folds  # else a run of the networks that are done
        press.waits = not cut
        if cut:
            keeping.interrupted(run, history, again=press.again)
        learned = [parts.train]
        if fitted.refits and parts.validation is not None:
            learned.append(parts.validation)
        result = Run.of(fitted.model, config)
        config = result.config
        config |= {"settings": fitted.settings, **_weights(result.targets, parts, learned, options)}
        if fitted.searched:
            config["found"] = ["learning_rate_init"]
        if options.model == ENSEMBLE:
            by_network = [history[-1]["seconds"] for history in fitted.histories if history]
            seconds = max(monotonic() - begun, *by_network)
            config |= {"seconds": seconds, "interrupted": fitted.interrupted}
        if options.rows:
            result.examples = Examples.of(result.predictor, parts.train.frame, parts.train.labels)
        save(result)
    with warnings_as_notes():
        scores = _add_results(result, file, run, options, parts, learned)
    record: dict[str, Any] = {"run": run}
    with as_warning(f"The run is saved in {run}, but it cannot be shown"):
        if fitted.network is not None and fitted.searched:
            tell_of_the_rate(fitted.network.learning_rate_, fitted.network.rate_search_)
        if json_wanted:
            record = TableResult.of(run, result, parts).to_dict()
        else:
            print_table_result(result, parts, scores, run, file)
    if json_wanted:
        click.echo(as_json(record))
    if press.pressed and not fitted.interrupted:
        note(f"Interrupted after the training, whose run is saved in {run}.")
    return INTERRUPTED if fitted.interrupted or press.pressed else GOOD


def _keep_what_was_reached(
    file: Path,
    run: Path,
    options: TrainOptions,
    parts: Parts,
    config: dict[str, Any],
    error: DivergenceError,
) -> None:
    """Keep the last finite parameters of a training that diverged, where there are some."""
    if error.predictor is None:
        return
    config |= {**what_happened(error), "settings": dict(options.parameters)}
    config |= _weights(error.predictor.targets, parts, [parts.train], options)
    reached = Run.of(error.predictor, config)
    if options.rows:
        reached.examples = Examples.of(reached.predictor, parts.train.frame, parts.train.labels)
        with as_warning("What was reached is kept without the rows that were held out"):
            reached.held_out = held_out_of(reached, parts, file, options.validation)
    keep(reached, run, error)


def _add_results(
    result: Run, file: Path, run: Path, options: TrainOptions, parts: Parts, learned: list[Rows]
) -> dict[str, Scores]:
    """Score a run that is saved, and write the scores and the rows that were held out into its folder.

    Whatever fails here is a warning: the training is not lost by it.
    """
    scores: dict[str, Scores] = {}
    saved = f"The run is saved in {run}, but"
    with as_warning(f"{saved} its scores are missing"), phase(f"scoring {harmless(str(run))}"):
        scores = _scores(result, parts, learned)
        result.config["results"] = {name: part.to_dict() for name, part in scores.items()}
    if options.rows:
        with as_warning(f"{saved} the rows that were held out are not in it"):
            refit = len(learned) > 1
            result.held_out = held_out_of(result, parts, file, options.validation, refit=refit)
    with as_warning(f"{saved} its scores are not in it"):
        result.write_results(run)
    return scores


def _read(file: Path, options: TrainOptions) -> tuple[TrainOptions, Parts, int]:
    """The rows of the table in parts, and how many there are; the options have how it is written."""
    table = options.table
    beside = [*table.targets, *([table.sample_weight] if table.sample_weight else [])]
    rows = rows_to_stream(file, _stream(options), beside=beside)
    early = table.test_fraction or table.validation_fraction or options.model == ENSEMBLE
    table.check_held_out(held_out=bool(early), streamed=rows is not None)
    if rows is None:
        frame, read = read_table(file, table, beside)
        table = replace(table, read=read)
    validation = None if options.validation is None else read_table(options.validation, table)[0]
    with spelled(partial(flag_of, options.model)):
        if rows is None:
            parts = parts_in_memory(frame, harmless(shown(file)), table, validation)
            return replace(options, table=table), parts, frame.height
        share = FRACTION if options.model == ENSEMBLE else table.validation_fraction
        parts = parts_of_a_stream(rows, table, validation, share)
        return replace(options, table=table), parts, rows.n_rows


def _stream(options: TrainOptions) -> bool | None:
    """Whether rows are streamed, as --stream says; None where their size decides."""
    if options.model == ENSEMBLE:
        return options.stream
    table = options.table
    by_all_rows = {
        "--set solver=lbfgs": options.parameters.get("solver") == "lbfgs",
        "--set refit=true": options.parameters.get("refit"),
    }
    for setting, holds in by_all_rows.items():
        if holds and options.stream:
            hint = "Leave one of both out."
            raise ConfigurationError.must_be(setting, "used with rows in memory", "--stream", hint)
    in_memory = any(by_all_rows.values()) or table.how_split or len(table.targets) > 1
    return False if options.stream is None and in_memory else options.stream


def _cannot_resume(options: TrainOptions) -> str:
    """Why a training leaves nothing that it could go on from; empty where it does."""
    if options.model == ENSEMBLE and options.parameters.get("time_budget") is not None:
        return "a training with --time-budget cannot be resumed"
    by_lbfgs = options.model == NETWORK and options.parameters.get("solver") == "lbfgs"
    return "a training with --set solver=lbfgs cannot be resumed" if by_lbfgs else ""


def _fit(file: Path, run: Path, options: TrainOptions, parts: Parts, keeping: Keeping) -> Fitted:
    """Fit the model to the rows that are learned from."""
    table, call_params = options.table, keeping.parameters(run)
    with spelled(partial(flag_of, options.model)), _told_by_the_command():
        if options.model == ENSEMBLE:
            validated = options.validation is not None
            return fit_ensemble(
                parts, table, options.parameters, call_params, stem_of(file), validated=validated
            )
        callbacks = [] if options.log is None else log_callbacks(options.log, run, resumed=keeping.resumed)
        return fit_network(parts, table, options.parameters, call_params, stem_of(file), callbacks)


@contextmanager
def _told_by_the_command() -> Iterator[None]:
    """Leave out warnings about what the command says itself."""
    with catch_warnings():
        for category in (DataWarning, ConvergenceWarning):
            simplefilter("ignore", category)
        for message in (
            "Training interrupted by user",
            "learning_rate_init='auto' found no rate",
            "batch_size",
        ):
            filterwarnings("ignore", message)
        yield


def _config(file: Path, options: TrainOptions, parts: Parts, leaks: Sequence[Finding]) -> dict[str, Any]:
    """Entries of a run's config about the table and the command."""
    table = options.table
    target = table.targets[0] if len(table.targets) == 1 else list(table.targets)
    config: dict[str, Any] = {
        "task": parts.task.kind,
        "target": target,
        "source": printable(file),
        "model": options.model,
        "command": options.command,
        "read": dict(table.read),
        "exclude": list(table.exclude),
    }
    for name in ("sample_weight", "groups"):
        if getattr(table, name) is not None:
            config[name] = getattr(table, name)
    if table.how_split:
        config["split"] = table.how_split
    if leaks:
        config[LEAKS] = [{"says": finding.says, "hint": finding.hint} for finding in leaks]
    return config


def _weights(targets: Targets, parts: Parts, learned: list[Rows], options: TrainOptions) -> dict[str, Any]:
    """The weights of classes and of the rows that are kept, as the config of a run has them."""
    known: dict[str, Any] = {}
    weight = None
    if parts.train.weight is not None:
        weight = np.concatenate([rows.weight for rows in learned if rows.weight is not None])
        if options.rows:
            known["example_weights"] = parts.train.weight[few_rows(len(parts.train.weight))].tolist()
    class_weight = options.parameters.get("class_weight")
    if class_weight is not None and targets.is_classes:
        answers = np.concatenate([targets.values(rows.labels) for rows in learned])
        by_label = weights_by_label(class_weight, parts.task)
        positions = np.atleast_2d(answers.T)
        class_weights = targets.weights_of_classes(by_label, positions, weight) or []
        by_target = [weights.tolist() for weights in class_weights]
        known["class_weights"] = by_target if targets.several else by_target[0]
    return known


def _scores(run: Run, parts: Parts, learned: list[Rows]) -> dict[str, Scores]:
    """Scores of the rows that were learned from, by all networks and by those that did not learn them, and of
    the rows that were held out.
    """
    targets = run.targets
    tempered = run.predictor.tempered

    def of(*pieces: Rows) -> Scores:
        answers = np.concatenate([targets.values(rows.labels) for rows in pieces])
        outputs = np.concatenate([run.outputs(rows.frame) for rows in pieces])
        weights = [rows.weight for rows in pieces if rows.weight is not None]
        return score(targets, answers, outputs, np.concatenate(weights) if weights else None, tempered)

    scores = {"train": of(*learned)}
    A = run.ensemble.out_of_fold
    if A is not None:
        weight, answers = parts.train.weight, targets.values(parts.train.labels)
        counted = slice(None) if weight is None else weight > 0
        known = np.isfinite(A).all(axis=1)
        some = None if weight is None else weight[counted][known]
        scores["out_of_fold"] = score(targets, answers[counted][known], A[known], some, tempered)
    if parts.validation is not None and parts.survey is None and len(learned) == 1:
        scores["validation"] = of(parts.validation)
    return scores if parts.test is None else {**scores, "test": of(parts.test)}
