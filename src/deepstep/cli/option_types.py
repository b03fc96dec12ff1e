"""Options that several commands have, and the kinds of their values: what is typed, as Python's values."""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, time
from pathlib import Path
from typing import Any, TypeVar

import click

from deepstep.errors import ConfigurationError, unknown_name

T = TypeVar("T")


class Parsed(click.ParamType):  # type: ignore[type-arg]  # older clicks have no argument there
    """The value that `parse` reads from a text; its ValueError becomes one naming the ``requirement``."""

    def __init__(self, name: str, requirement: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self.requirement = requirement
        self.parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        flag = param.opts[-1] if param else self.name
        try:
            return self.parse(value)
        except ConfigurationError:
            raise
        except ValueError:
            raise ConfigurationError.must_be(flag, self.requirement, repr(value)) from None


def value_of(text: str) -> Any:
    """A text as the value that it is in TOML, or in Python if it is a number; else the text.

    >>> [value_of(text) for text in ("0.1", ".5", "true", "[64, 32]", "tanh", "2020-01-01")]
    [0.1, 0.5, True, [64, 32], 'tanh', '2020-01-01']
    """
    with suppress(tomllib.TOMLDecodeError):
        values = tomllib.loads(f"value = {text}")
        if len(values) == 1 and not isinstance(values["value"], date | time):
            return values["value"]
    with suppress(ValueError):
        return float(text)
    return text


def listed(text: str) -> Any:
    """Values between commas; one alone is itself.

    >>> listed("64,32"), listed("0.5"), listed("[64, 32]")
    ([64, 32], 0.5, [64, 32])
    """
    values = value_of(text if text.startswith("[") or "," not in text else f"[{text}]")
    return [value_of(part.strip()) for part in text.split(",")] if values == f"[{text}]" else values


def named_value(text: str) -> tuple[str, Any]:
    """A name and a value.

    >>> named_value("network_params.dropout=0.1"), named_value("activation=tanh")
    (('network_params.dropout', 0.1), ('activation', 'tanh'))
    """
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise ValueError(text)
    return name.strip(), value_of(value)


def layer_sizes(text: str) -> tuple[int, ...]:
    """Whole numbers between hyphens. Whether they fit is the network's to say."""
    return tuple(int(size) for size in text.split("-"))


VALUE = Parsed("value", "a value", value_of)
LIST = Parsed("values", "values with ',' between them", listed)
NAMED = Parsed("setting", "a name, '=' and a value, such as activation=tanh", named_value)
SIZES = Parsed("sizes", "whole numbers with '-' between them, such as 4-5-3-1", layer_sizes)
PATH = click.Path(path_type=Path)
SEED = click.IntRange(0, 2**31 - 1)

run_argument = click.argument("run_folder", metavar="RUN", type=PATH)
member_option = click.option("--member", type=int, metavar="N", help="Network of an ensemble, from 0.")


def once_each(flag: str, pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Pairs as a mapping; a name that comes twice is refused."""
    pairs = list(pairs)
    for name, times in Counter(name for name, _ in pairs).items():
        if times > 1:
            raise ConfigurationError(f"{flag} sets {name!r} {times} times", "Leave all but one out.")
    return dict(pairs)


READ = ("sep", "decimal", "encoding", "header")
"""How a text table is written: the names of --read."""


def read_settings(context: click.Context, parameter: click.Parameter, value: Any) -> dict[str, Any]:
    """The values of --read by name, checked."""
    settings = once_each("--read", [_read_setting(pair) for pair in value])
    for name, setting in settings.items():
        if name not in READ:
            raise unknown_name("--read name", name, READ)
        if name == "decimal" and setting not in (".", ","):
            raise ConfigurationError.must_be("--read decimal", "'.' or ','", repr(setting))
        if name == "header" and not isinstance(setting, bool):
            raise ConfigurationError.must_be("--read header", "true or false", repr(setting))
    return settings


def _read_setting(pair: str) -> tuple[str, Any]:
    name, _, text = pair.partition("=")
    if not (name and text):
        raise ConfigurationError.must_be("--read", "a name, '=' and a value, such as sep=;", repr(pair))
    return name, {"true": True, "false": False}.get(text, text) if name == "header" else text


READ_HELP = (
    "Text tables: 'sep=;', sep=tab, 'decimal=,', encoding=NAME, header=false (columns column_1, …). "
    "Repeatable. Default: detected."
)
read_option = click.option(
    "--read", multiple=True, metavar="NAME=VALUE", callback=read_settings, help=READ_HELP
)
"""The option of commands that read tables."""


def word_of_reading(setting: str) -> str:
    """How a setting of a text table is typed, for `deepstep.errors.spelled`; empty for another one."""
    return f"--read {setting}" if setting in READ else ""


WORDS = "deepstep.words"
"""The entry of click's context with what was typed behind the name of the command."""


class SectionOption(click.Option):
    """An option in a section of the help."""

    def __init__(self, *declarations: Any, section: str, **settings: Any) -> None:
        super().__init__(*declarations, **settings)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose help has sections; an option of one value is given once."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option of one value that comes twice: click takes the last one silently."""
        ctx.meta[WORDS] = list(args)
        *_, order = self.make_parser(ctx).parse_args(list(args))
        for parameter, times in Counter(order).items():
            single = isinstance(parameter, click.Option) and not (parameter.multiple or parameter.is_flag)
            if single and times > 1:
                flag = " or ".join(parameter.opts)
                count = "twice" if times == 2 else f"{times} times"
                raise ConfigurationError(f"{flag} is set {count}", "Leave all but one out.")
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, in the order of their first options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        options = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, click.Option)]
        for option in sorted(options, key=lambda option: not isinstance(option, SectionOption)):
            record = option.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(option, "section", "Other options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)
