"""Commands whose help has sections, and which refuse options that come twice or are gone."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click

from deepstep.errors import ConfigurationError

WORDS = "deepstep.words"
"""The entry of click's context with what was typed behind the name of the command."""


class SectionOption(click.Option):
    """An option in a section of the help."""

    def __init__(self, *declarations: Any, section: str, **settings: Any) -> None:
        super().__init__(*declarations, **settings)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose help has sections; an option of one value is given once.

    ``moved`` has an answer for each option that is gone.
    """

    moved: Mapping[str, str] = MappingProxyType({})

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option of one value that comes twice: click takes the last one silently."""
        for word in args[: args.index("--")] if "--" in args else args:
            flag = word.partition("=")[0]
            if flag in self.moved:
                raise ConfigurationError(flag, "an option of this version", "it is gone", self.moved[flag])
        ctx.meta[WORDS] = list(args)
        *_, order = self.make_parser(ctx).parse_args(list(args))
        for parameter, times in Counter(order).items():
            single = isinstance(parameter, click.Option) and not (parameter.multiple or parameter.is_flag)
            if single and times > 1:
                raise ConfigurationError(
                    " or ".join(parameter.opts),
                    "an option that is given once",
                    f"got it {'twice' if times == 2 else f'{times} times'}",
                    "Leave all but one out.",
                )
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
