"""Kinds of option values that several commands share."""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import click

from deepstep.errors import ConfigurationError

FLAGS = {
    "layer_dims": "--hidden",
    "epochs": "--epochs",
    "iterations": "--epochs",
    "lr_multipliers": "--lr-multiplier",
    "weight_decay_multipliers": "--weight-decay-multiplier",
    "optimizer_params": "--optimizer-param",
    "output_settings['smoothing']": "--label-smoothing",
    "output_settings['levels']": "--quantiles",
    "output_settings['delta']": "--huber-delta",
    "schedule['warm_up']": "--warm-up",
}
"""Settings whose option has another name."""


def flag_of(setting: str) -> str:
    """The option of a setting, as `deepstep.errors.spelled` takes it."""
    plain = setting if setting.isidentifier() else ""
    return FLAGS.get(setting) or (plain and f"--{plain.replace('_', '-')}")


T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class LayerSizes(click.ParamType[tuple[int, ...]]):
    """Whole numbers between signs: ``64,32`` or ``4-5-3-1``. Whether they fit is the network's to say."""

    name = "sizes"

    def __init__(self, separator: str) -> None:
        self.separator = separator

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(int(size) for size in str(value).split(self.separator))
        except ValueError:
            example = self.separator.join(("64", "32"))
            raise ConfigurationError(
                param.opts[0] if param else "sizes",
                f"whole numbers with {self.separator!r} between them, such as {example}",
                f"got {value!r}",
            ) from None


class NumberOr(click.ParamType[float | str]):
    """A number, or a word that stands for one.

    >>> NumberOr("auto").convert("0.1", None, None), NumberOr("auto").convert("auto", None, None)
    (0.1, 'auto')
    """

    name = "number"

    def __init__(self, word: str) -> None:
        self.word = word

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        if value == self.word:
            return self.word
        try:
            return float(value)
        except ValueError:
            raise ConfigurationError(
                param.opts[0] if param else "number", f"a number or {self.word}", f"got {value!r}"
            ) from None


class Factor(click.ParamType[tuple[str, float]]):
    """A factor for a group of parameters: ``b*=0.1``.

    >>> Factor().convert("b*=0.1", None, None)
    ('b*', 0.1)
    """

    name = "factor"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        pattern, _, factor = str(value).partition("=")
        try:
            return pattern, float(factor)
        except ValueError:
            raise ConfigurationError(
                param.opts[0] if param else "factor",
                "parameters, '=' and a number, such as 'b*=0.1'",
                f"got {value!r}",
            ) from None


WORDS = {"true": True, "false": False}
"""Values that are neither numbers nor names."""


class Setting(click.ParamType[tuple[str, Any]]):
    """A named value: ``beta1=0.95``; a number or truth value where it is one, else a word.

    >>> Setting().convert("beta1=0.95", None, None), Setting().convert("epsilon_at=hat", None, None)
    (('beta1', 0.95), ('epsilon_at', 'hat'))
    """

    name = "setting"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        if isinstance(value, tuple):
            return value
        name, sign, text = str(value).partition("=")
        if not (name and sign and text):
            raise ConfigurationError(
                param.opts[0] if param else "setting",
                "a name, '=' and a value, such as beta1=0.95",
                f"got {value!r}",
            )
        for kind in (int, float):
            with suppress(ValueError):
                return name, kind(text)
        return name, WORDS.get(text, text)


class Named(click.ParamType[Any]):
    """A name, and perhaps settings of what has it: ``step:drop=0.5,every=0.1``."""

    name = "named"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str) or ":" not in value:
            return value
        name, _, settings = value.partition(":")
        where = param.opts[0] if param else "named"
        try:
            pairs = [Setting().convert(text.strip(), None, None) for text in settings.split(",")]
        except ConfigurationError:
            pairs = [("name", None)]
        if any(setting == "name" for setting, _ in pairs):
            raise ConfigurationError(
                where, "a name, and settings after ':' such as step:drop=0.5,every=0.1", f"got {value!r}"
            )
        return {"name": name, **once_each(where, pairs)}


def once_each(where: str, pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Pairs as a mapping; a name that comes twice is refused."""
    pairs = list(pairs)
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ConfigurationError(
                where, "each name once", f"got {name!r} {times} times", "Leave all but one out."
            )
    return dict(pairs)


def as_mapping(context: click.Context, parameter: click.Parameter, given: Any) -> dict[str, Any] | None:
    """The pairs of an option that may be given again, None where there are none."""
    return once_each(parameter.opts[0], given) or None


class Listed(click.ParamType[Any]):
    """Values between commas: one alone is itself, several are a tuple (with ``always`` one is, too).

    >>> Listed(float, "0.1,0.2").convert("0.5", None, None), Listed(str, "a,b").convert("x, y", None, None)
    (0.5, ('x', 'y'))
    """

    name = "values"

    def __init__(self, kind: type[float] | type[str], example: str, *, always: bool = False) -> None:
        self.kind, self.example, self.always = kind, example, always

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            values = tuple(self.kind(part.strip()) for part in value.split(","))
        except ValueError:
            raise ConfigurationError(
                param.opts[0] if param else "values",
                f"numbers with ',' between them, such as {self.example}",
                f"got {value!r}",
            ) from None
        return values[0] if len(values) == 1 and not self.always else values


def member_option(function: F) -> F:
    """The option of commands that open one network."""
    return click.option("--member", type=int, metavar="N", help="Of an ensemble: which network, from 0.")(
        function
    )
