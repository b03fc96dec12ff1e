"""Kinds of option values that several commands share."""

from typing import Any

import click

from deepstep.errors import ConfigurationError


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
