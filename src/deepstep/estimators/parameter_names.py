"""Errors about settings, in the estimators' words: ``alpha`` for the library's ``l2``."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from deepstep.errors import ConfigurationError

CALLED = {
    "l2": "alpha",
    "iterations": "max_iter",
    "seed": "random_state",
    "tolerance": "tol",
    "rate": "learning_rate_init",
}
"""Settings that have another name here."""

MADE_OF = {
    "layer_dims": "hidden_layer_sizes",
    "activations": "activation",
    "output": "loss",
    "output_settings": "loss_params and their kin",
    "optimizer": "solver",
    "optimizer_params": "of the solver",
    "learning_rate": "learning_rate_init, learning_rate, power_t",
    "order": "shuffle, random_state",
    "patience": "n_iter_no_change",
    "monitor": "early_stopping",
    "keep_best": "early_stopping",
}
"""Settings that are made of parameters here, and have other values than these."""

_NAMES = re.compile(
    rf"(?:(?<=^)|(?<=; )|(?<=, and ))({'|'.join([*CALLED, *MADE_OF])})"
    r"(?=(?: of EarlyStopping, callback \d+)? (?:was|is) |, on which )"
)


@contextmanager
def named_as_parameters() -> Iterator[None]:
    """Let errors of the block name the estimator's parameters, as the command line's name its options.

    >>> with named_as_parameters():
    ...     raise ConfigurationError("fit", "a checkpoint of this training", "l2 was 0.1 and is 0.5")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: fit: a checkpoint of this training; alpha was 0.1 and is 0.5.
    >>> with named_as_parameters():
    ...     raise ConfigurationError("l2", "a finite number of at least 0", "got inf")
    Traceback (most recent call last):
    deepstep.errors.ConfigurationError: alpha: a finite number of at least 0; got inf.
    """
    try:
        yield
    except ConfigurationError as error:
        where = CALLED.get(error.where, error.where)
        got = _NAMES.sub(_as_parameter, error.got)
        if (where, got) == (error.where, error.got):
            raise
        raise ConfigurationError(where, error.expected, got, error.hint) from None


def _as_parameter(found: re.Match[str]) -> str:
    name = found[0]
    return CALLED[name] if name in CALLED else f"{name} ({MADE_OF[name]})"
