"""``--learning-rate auto``: the rate is searched for once, before training; one that goes on keeps it."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from deepstep.cli.options import TrainOptions
from deepstep.cli.parts import Part, example_weights
from deepstep.cli.screen import note
from deepstep.cli.settings import train_arguments
from deepstep.model import Network
from deepstep.training import latest_checkpoint
from deepstep.training.rate_finder import AUTO
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
    rate = _kept(trainings)
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


def _kept(trainings: Sequence[Mapping[str, Any]]) -> float | None:
    """The rate of the newest checkpoint, if there is one."""
    for training in trainings:
        if "checkpoint" in training:
            with warnings.catch_warnings(action="ignore"):  # of damaged ones, which training warns of
                newest = latest_checkpoint(training["checkpoint"].folder)
            if newest is not None:
                return float(newest.identity["learning_rate"])
    return None
