"""Errors about settings that name the option: ``--warmup-fraction`` for the library's ``warm_up``."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from deepstep.errors import ConfigurationError

SPELLED = {
    "drop": "--exclude",
    "hidden": "--hidden-layers",
    "warm_up": "--warmup-fraction",
    "smoothing": "--label-smoothing",
    "levels": "--quantiles",
    "delta": "--huber-delta",
    "lr_multipliers": "--lr-multiplier",
    "weight_decay_multipliers": "--weight-decay-multiplier",
    "optimizer_params": "--optimizer-param",
}
"""Settings that are typed in other words."""


@contextmanager
def named_as_typed(names: Collection[str], otherwise: str = "") -> Iterator[None]:
    """Let errors of the block name the option instead of the library's setting.

    ``otherwise`` is the option that is meant where an error names no setting.
    """
    try:
        yield
    except ConfigurationError as error:
        known = {*names, *SPELLED}
        subject, _, predicate = error.expected.partition(" is ")
        place = error.where.rpartition(", ")[2].partition("[")[0]
        where, expected = otherwise or error.where, error.expected
        if subject in known:  # a setting of what stands in its place, or that itself
            where, expected = _typed(place if place.endswith(subject) else subject), predicate
        elif place in known:
            where = _typed(place)
        got = error.got.removeprefix("got ").split(", ")
        listed = f"got {', '.join(map(_typed, got))}" if known.issuperset(got) else error.got
        raise ConfigurationError(where, expected, listed, error.hint) from error


def _typed(name: str) -> str:
    """How a setting is typed."""
    return SPELLED.get(name, f"--{name.replace('_', '-')}")
