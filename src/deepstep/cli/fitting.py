"""From prepared rows to the saved run of a single network: what the demos and ``train`` share."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from deepstep.cli.options import TrainOptions, flag_of
from deepstep.cli.runs import keep, what_happened
from deepstep.cli.screen import GOOD, INTERRUPTED, note
from deepstep.cli.settings import new_network, train_arguments, watched_entry
from deepstep.cli.table_task import Part, example_weights, joined, weights_of_classes
from deepstep.errors import DataError, DivergenceError, spelled
from deepstep.held_out import HeldOut
from deepstep.inspection.metrics import Scores, score
from deepstep.model import Network
from deepstep.model.construction import FROM_DATA
from deepstep.model.fit import inputs_to_draw_from
from deepstep.model.options import LBFGS
from deepstep.network.border import classes_in
from deepstep.preparation import Preparation, Target
from deepstep.preparation.batches import Examples
from deepstep.preparation.streams import StreamedExamples
from deepstep.run import Run, few_rows
from deepstep.training import History, latest_checkpoint
from deepstep.training.rate_finder import AUTO
from deepstep.training.scoring import judge_of
from deepstep.training.stopping import Repeat
from deepstep.types import Array

INSTEAD = 0.001
"""The default of ``--learning-rate``, where no rate lowers the cost."""


def with_rate(
    settings: TrainOptions,
    network: Network,
    train: Part,
    of_classes: Sequence[Array] | None,
    *trainings: Mapping[str, Any],
) -> TrainOptions:
    """The settings with a number for the rate, and a line about it where it was searched for.

    The search uses training rows alone, and the network stays as it is. The rate of the checkpoints of
    ``trainings`` (the training and its refit) is taken where there are some.
    """
    if settings.learning_rate != AUTO:
        return settings
    rate = _rate_kept(trainings)
    if rate is None:
        search = network.find_learning_rate(
            train.X.T,
            train.Y.T,
            sample_weight=example_weights(train, of_classes),
            **train_arguments(replace(settings, learning_rate=INSTEAD, patience=None), validated=False),
        )
        rate = search.suggestion
    if rate is not None:
        note(f"Learning rate: {rate:.3g}, found by --learning-rate auto.")
        return replace(settings, learning_rate=rate)
    note(
        f"Learning rate: {INSTEAD:g}, as --learning-rate auto found no rate from {search.rates[0]:g} on that "
        "lowers the cost."
        if len(search.rates)
        else f"Learning rate: {INSTEAD:g}, as --learning-rate auto met no finite cost after the first rate."
    )
    return replace(settings, learning_rate=INSTEAD)


def _rate_kept(trainings: Sequence[Mapping[str, Any]]) -> float | None:
    """The rate of the newest checkpoint, if there is one."""
    for training in trainings:
        if "checkpoint" in training:
            with warnings.catch_warnings(action="ignore"):  # of damaged ones, which training warns of
                newest = latest_checkpoint(training["checkpoint"].folder)
            if newest is not None:
                return float(newest.identity["learning_rate"])
    return None


FINISHED = "finished early"
CANNOT_GO_ON = "--optimizer lbfgs cannot go on"
ENDED_BEFORE = ("interrupted", FINISHED)
"""Ends of a training of which the best number of epochs is not known."""


@dataclass(frozen=True)
class Trained:
    """A trained run with its scores by part: "train" and, where there are such rows, "validation" and "test".

    ``test_outputs`` (m, n_L) has no rows where none were held out.
    """

    run: Run
    parts: Mapping[str, Scores]
    test_outputs: Array

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended training."""
        return self.run.history.stopped == "interrupted"

    @property
    def exit_code(self) -> int:
        """The exit code of a command that shows this result."""
        return INTERRUPTED if self.interrupted else GOOD

    def to_dict(self) -> dict[str, Any]:
        """The JSON of every command that trains."""
        history = self.run.history
        return {
            "layer_dims": self.run.network.architecture.layer_dims,
            **{name: self.run.config[name] for name in ("settings", "found") if name in self.run.config},
            "engine": history.engine,
            "why_engine": history.why_engine,
            "stopped": history.stopped,
            "costs": history.costs,
            "seconds": history[-1]["seconds"],
            "epochs": len(history),
            "output": self.run.network.architecture.output,
            **{name: scores.to_dict() for name, scores in self.parts.items()},
        }


def train_and_save(
    place: AbstractContextManager[Callable[[Run], None]],
    folder: Path,
    settings: TrainOptions,
    preparation: Preparation,
    train: Part,
    test: Part | None,
    *,
    label: str,
    about: dict[str, Any],
    held_out: Callable[[Run], HeldOut],
    validation: Part | None = None,
    again: Mapping[str, Any] = MappingProxyType({}),
    stream: StreamedExamples | None = None,
    **options: Any,
) -> Trained:
    """Train with progress on stderr, compare with the baseline, and write the run folder.

    Whether the folder can be written is found out before training. Ctrl-C ends training and keeps the
    parameters reached: ``Trained.interrupted`` says so. A second one, or one before the first epoch is done,
    is raised as KeyboardInterrupt, as is each Ctrl-C where there are checkpoints to go on from. An error
    leaves nothing behind, except a divergence, which leaves a run in ``folder`` that says so.

    ``place`` gives the function that writes the run, as `new_run` does. ``about`` is the config's ``task``,
    ``target`` and ``source``. ``held_out`` gives the rows that the run keeps with its answers.
    ``validation`` is watched by patience. ``again`` has ``checkpoint``, ``resume`` and ``callbacks`` of the
    refit, ``options`` those of this training. With ``stream``, ``train`` is a sample of it.
    """
    target = preparation.target
    network = new_network(settings, preparation.inputs.n_features, preparation.target)
    with place as save, spelled(flag_of):
        if settings.initialization == FROM_DATA:  # once, so that a refit begins where the training did
            network.initialize_from_data(inputs_to_draw_from(Examples(train.X, train.Y)))
        found = ["learning_rate"] if settings.learning_rate == AUTO else []
        of_classes = weights_of_classes(settings, target, train)
        settings = with_rate(settings, network, train, of_classes, options, again)
        about = {**about, **({"found": found} if found else {})}
        start = copy(network)
        try:
            history = _learn(network, settings, target, train, validation, label, options, stream)
            if not history:  # L-BFGS has nothing to do where the gradient is small from the beginning
                raise DataError("--optimizer lbfgs", "a cost that can be lowered", history.stopped)
            best = 0 if history.stopped in ENDED_BEFORE else network.best_epochs
            if settings.refit and validation is not None and best:
                repeat = Repeat(best)
                network, train, validation = start, joined(train, validation), None
                without = replace(settings, patience=None)
                options = {**again, "callbacks": [*again.get("callbacks", ()), repeat]}
                history = _learn(network, without, target, train, None, f"{label}, all rows", options)
        except DivergenceError as error:
            _keep(error, network, settings, preparation, train, about, held_out, folder)
            raise
        trained = _compared(network, history, settings, preparation, train, test, validation, about)
        trained.run.held_out = held_out(trained.run)
        save(trained.run)
    return trained


def _learn(
    network: Network,
    settings: TrainOptions,
    target: Target,
    train: Part,
    validation: Part | None,
    label: str,
    options: Mapping[str, Any],
    stream: StreamedExamples | None = None,
) -> History:
    """One training, with the weights of the classes in the rows that it learns from."""
    options = {**options, **train_arguments(settings, validated=validation is not None)}
    of_classes = weights_of_classes(settings, target, train)
    if stream is None:
        options["sample_weight"] = example_weights(train, of_classes)
    if validation is not None:
        weights = example_weights(validation, of_classes)
        of_rows = () if weights is None else (weights,)
        options["validation"] = (validation.X.T, validation.Y.T, *of_rows)
        options |= _judged(settings, network, target, validation._replace(weight=weights), options)
    learned = (train.X.T, train.Y.T) if stream is None else (stream, None)
    return _train(network, learned, label, options)


def _judged(
    settings: TrainOptions, network: Network, target: Target, validation: Part, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Arguments of `Network.train` for a metric, if one is asked for."""
    if settings.scoring is None:
        return {}
    held_out = Examples(validation.X, validation.Y, validation.weight)
    classes = classes_in(network.architecture, validation.Y.T)
    decode = None if classes.number else target.decode
    judge = judge_of(network, settings.scoring, held_out, classes, "--scoring", decode=decode)
    callbacks = [judge, *options.get("callbacks", ())]
    return {"callbacks": callbacks, "monitor": watched_entry(settings)}


def _train(network: Network, learned: tuple[Any, Any], label: str, options: dict[str, Any]) -> History:
    try:
        return network.train(*learned, progress=label, **options)
    except KeyboardInterrupt:
        if "checkpoint" in options or not network.history:
            raise
        why = f" {CANNOT_GO_ON}, and" if options.get("optimizer") == LBFGS else ""
        note(f"Interrupted:{why} what was reached is being saved; Ctrl-C once more ends at once.")
        return network.history


def _compared(
    network: Network,
    history: History,
    settings: TrainOptions,
    preparation: Preparation,
    train: Part,
    test: Part | None,
    validation: Part | None,
    about: dict[str, Any],
) -> Trained:
    """The run, and its scores on all parts."""
    parts = {"train": train, "validation": validation, "test": test}
    outputs, scores = {}, {}
    for name, part in parts.items():
        if part is not None:
            outputs[name] = network.forward(part.X.T).T
            scores[name] = score(preparation.target, part.answers, outputs[name], part.weight)
    results = {name: found.to_dict() for name, found in scores.items()}
    config = {**_config(settings, preparation, train, about), "results": results}
    run = Run.of_network(network, preparation, history, config, train.X, train.Y)
    no_test = np.empty((0, preparation.target.n_outputs))
    return Trained(run, scores, outputs.get("test", no_test))


def _keep(
    error: DivergenceError,
    network: Network,
    settings: TrainOptions,
    preparation: Preparation,
    train: Part,
    about: dict[str, Any],
    held_out: Callable[[Run], HeldOut],
    folder: Path,
) -> None:
    """Save what a training reached before it diverged."""
    if error.history is None or error.parameters is None:
        return
    reached = copy(network)
    reached.parameters, reached.statistics = error.parameters, dict(error.statistics)
    config = {**_config(settings, preparation, train, about), **what_happened(error)}
    run = Run.of_network(reached, preparation, error.history, config, train.X, train.Y)
    run.held_out = held_out(run)
    keep(run, folder, error)


def _config(
    settings: TrainOptions, preparation: Preparation, train: Part, about: dict[str, Any]
) -> dict[str, Any]:
    """A run's config without the results."""
    weights = weights_of_classes(settings, preparation.target, train)
    weighed: dict[str, Any] = {}
    if weights is not None:
        of_each = [found.tolist() for found in weights]
        several = preparation.target.several
        weighed["class_weights"] = of_each if several else of_each[0]
    if train.weight is not None:
        weighed["example_weights"] = train.weight[few_rows(len(train.X))].tolist()
    return {**about, **weighed, "settings": settings.kept("settings")}
