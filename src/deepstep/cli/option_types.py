"""Kinds of option values: what is typed, as Python's values."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from deepstep.errors import ConfigurationError, unknown_name

CLASS_WEIGHT, BALANCED = "--class-weight", "balanced"
ClassWeight: TypeAlias = str | Mapping[str, float]
"""``"balanced"``, or weights by the names of the classes; 1 for those that are left out."""

LOG = "--log"
HEALTH, CSV = KINDS = ("health", "csv")
"""Kinds of logs."""

Logs: TypeAlias = Mapping[str, str]
"""Kinds of logs with the place of each, empty for its own place in the run."""

T = TypeVar("T")


class Parsed(click.ParamType[Any]):
    """The value that `parse` reads from a text and a flag; its ValueError becomes one naming ``expected``.

    >>> NUMBER_OR_AUTO.convert("0.1", None, None), NUMBER_OR_AUTO.convert("auto", None, None)
    (0.1, 'auto')
    >>> FACTOR.convert("b*=0.1", None, None), SETTING.convert("epsilon_at=hat", None, None)
    (('b*', 0.1), ('epsilon_at', 'hat'))
    """

    def __init__(self, name: str, expected: str, parse: Callable[[str, str], Any]) -> None:
        self.name, self.expected, self.parse = name, expected, parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        where = param.opts[0] if param else self.name
        try:
            return self.parse(value, where)
        except ConfigurationError:
            raise
        except ValueError:
            raise ConfigurationError(where, self.expected, f"got {value!r}") from None


def typed_flag(context: click.Context | None, option: click.Parameter) -> str:
    """The flag of an option that was typed, of those that it has."""
    words = [] if context is None else context.meta.get(WORDS_TYPED, [])
    typed = (flag for flag in option.opts if any(word.partition("=")[0] == flag for word in words))
    return next(typed, " or ".join(option.opts))


WORDS_TYPED = "deepstep.words_typed"
"""The entry of click's context with the arguments of the command."""


class Count(click.IntRange):
    """A whole number of at least 1."""

    def __init__(self) -> None:
        super().__init__(min=1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            name = typed_flag(ctx, param) if param else self.name
            expected = "a whole number of at least 1"
            raise ConfigurationError(name, expected, f"got {value!r}", setting=name) from None


class LayerSizes(Parsed):
    """Whole numbers between signs: ``64,32`` or ``4-5-3-1``. Whether they fit is the network's to say."""

    def __init__(self, sign: str) -> None:
        expected = f"whole numbers with {sign!r} between them, such as 64{sign}32"
        super().__init__("sizes", expected, lambda text, _: tuple(int(size) for size in text.split(sign)))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(str(value) if isinstance(value, int) else value, param, ctx)


class Listed(Parsed):
    """Values between commas: one alone is itself, several are a tuple (with ``always`` one is, too).

    >>> Listed(float, "0.1,0.2").convert("0.5", None, None), Listed(str, "a,b").convert("x, y", None, None)
    (0.5, ('x', 'y'))
    """

    def __init__(self, kind: type[float] | type[str], example: str, *, always: bool = False) -> None:
        def parse(text: str, _: str) -> Any:
            values = tuple(kind(part.strip()) for part in text.split(","))
            return values[0] if len(values) == 1 and not always else values

        super().__init__("values", f"numbers with ',' between them, such as {example}", parse)


def _factor(text: str, _: str) -> tuple[str, float]:
    pattern, _, factor = text.partition("=")
    return pattern, float(factor)


def _setting(text: str, _: str) -> tuple[str, Any]:
    """A name and a number or truth value where it is one, else a word."""
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise ValueError(text)
    for kind in (int, float):
        with suppress(ValueError):
            return name, kind(value)
    return name, {"true": True, "false": False}.get(value, value)


def _named(text: str, where: str) -> Any:
    name, sign, settings = text.partition(":")
    if not sign:
        return text
    pairs = [_setting(one.strip(), where) for one in settings.split(",")]
    if any(setting == "name" for setting, _ in pairs):
        raise ValueError(text)
    return {"name": name, **once_each(where, pairs)}


NUMBER_OR_AUTO = Parsed("number", "a number or auto", lambda text, _: text if text == "auto" else float(text))
FACTOR = Parsed("factor", "parameters, '=' and a number, such as 'b*=0.1'", _factor)
SETTING = Parsed("setting", "a name, '=' and a value, such as beta1=0.95", _setting)
NAMED = Parsed("named", "a name, and settings after ':' such as step:drop=0.5,every=0.1", _named)


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


def asked_weights(context: click.Context, parameter: click.Parameter, given: Any) -> ClassWeight | None:
    """Typed weights: ``balanced``, or ``rare=3,usual=0.5`` in one or several pieces; None without them."""
    if not given:
        return None
    if BALANCED in given:
        if len(given) > 1:
            raise ConfigurationError(
                CLASS_WEIGHT, "balanced, or weights by name", f"got {' and '.join(given)}"
            )
        return BALANCED
    return once_each(CLASS_WEIGHT, [pair for text in given for pair in _pairs(text)])


def _pairs(text: str) -> Iterable[tuple[str, float]]:
    """Names and weights; a comma before which there is no weight belongs to a name.

    >>> _pairs("rare=3,usual=0.5"), _pairs("a,b=2")
    ([('rare', 3.0), ('usual', 0.5)], [('a,b', 2.0)])
    """
    pairs, before = [], ""
    for part in text.split(","):
        name, sign, number = part.rpartition("=")
        if sign:
            pairs.append(((before + name).strip(), _weight(number, text)))
            before = ""
        else:
            before += f"{part},"
    if before or not all(name for name, _ in pairs):
        raise _unreadable(text)
    return pairs


def _weight(number: str, text: str) -> float:
    try:
        weight = float(number)
    except ValueError:
        raise _unreadable(text) from None
    if not (isfinite(weight) and weight >= 0):
        raise ConfigurationError(CLASS_WEIGHT, "weights of at least 0", f"got {text!r}")
    return weight


def _unreadable(text: str) -> ConfigurationError:
    return ConfigurationError(
        CLASS_WEIGHT, "balanced, or NAME=WEIGHT such as rare=3,usual=0.5", f"got {text!r}"
    )


def asked_logs(context: click.Context, parameter: click.Parameter, given: Any) -> dict[str, str] | None:
    """Typed logs: ``csv``, ``csv=FILE``, ``health=EPOCHS``."""
    pairs = []
    for text in given:
        kind, sign, place = text.partition("=")
        if kind not in KINDS:
            raise unknown_name(LOG, "kind", kind, KINDS)
        if sign and not place:
            raise ConfigurationError(LOG, f"a place after {kind}=", "got none", f"Or leave it out: {kind}.")
        if kind == HEALTH and place and not (place.isdecimal() and int(place) > 0):
            raise ConfigurationError(
                LOG, "health, or health=EPOCHS between two looks, such as health=5", f"got {text!r}"
            )
        if kind == CSV and place:
            place = os.path.abspath(place)  # it may be resumed from another folder
        pairs.append((kind, place))
    return once_each(LOG, pairs) or None


PATH = click.Path(path_type=Path)
run_argument = click.argument("run_folder", metavar="RUN", type=PATH)
member_option = click.option("--member", type=int, metavar="N", help="Number of the network in an ensemble.")
SEED = click.IntRange(0, 2**31 - 1)
