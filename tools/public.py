"""Public names with their parameters and defaults, a line each: python tools/public.py > tools/public.txt.

The names are those of the pages in docs/api, and the commands with their options. `tests/test_public.py`
compares the output with tools/public.txt. docs/stability.md says what may change between versions.
"""

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from deepstep.cli.main import deepstep

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = sorted(
    re.findall(
        r"^\.\. public:: (\S+)$", "".join(map(Path.read_text, (ROOT / "docs/api").glob("*.rst"))), re.M
    )
)


def members(module: Any) -> dict[str, Any]:
    """The public members of a module by name: of ``__all__``, of that of its modules, or its classes."""
    if hasattr(module, "__all__"):
        return {name: getattr(module, name) for name in module.__all__}
    if hasattr(module, "__path__"):
        parts = (
            import_module(f"{module.__name__}.{part.name}") for part in pkgutil.iter_modules(module.__path__)
        )
        return {name: getattr(part, name) for part in parts for name in getattr(part, "__all__", ())}
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


def call(value: Any) -> str:
    """Names, order and defaults of the parameters, without types."""
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):  # an alias of a type, an exception
        return ""
    parameters = [
        parameter.replace(annotation=parameter.empty, default=_Default.of(parameter.default))
        for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty))


class _Default:
    """A default as a signature prints it: a function by its name, not its address."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text

    @classmethod
    def of(cls, default: Any) -> Any:
        if default is inspect.Parameter.empty:
            return default
        text = re.sub(" at 0x[0-9a-f]+", "", repr(default))
        return cls(getattr(default, "__name__", text))


def lines() -> Iterator[str]:
    """A line for each name, method, attribute and option; what has several names is opened once."""
    opened = set()
    for package in PACKAGES:
        for name, value in members(import_module(package)).items():
            path = f"{package}.{name}"
            if id(value) in opened or not (inspect.isclass(value) or inspect.isroutine(value)):
                yield path
                continue
            opened.add(id(value))
            yield f"{path}{call(value)}"
            if inspect.isclass(value):
                yield from (f"{path}.{member}" for member in attributes(value))
    yield from options(deepstep, click.Context(deepstep, info_name="deepstep"))


def attributes(value: type) -> Iterator[str]:
    """The public attributes and methods of a class, without those of other packages' classes."""
    for name in dir(value):
        homes = [home for home in value.__mro__ if name in vars(home)]
        if name.startswith("_") or not homes or not homes[0].__module__.startswith("deepstep"):
            continue
        member = getattr(value, name)
        yield f"{name}{call(member) if inspect.isroutine(member) else ''}"


def options(command: click.Command, context: click.Context) -> Iterator[str]:
    """A line for each argument and option of a command, or of the commands of a group."""
    for parameter in command.get_params(context):
        yield f"{context.command_path} {option(parameter)}"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            part = command.get_command(context, name)
            assert part is not None
            yield from options(part, click.Context(part, parent=context, info_name=name))


def option(parameter: click.Parameter) -> str:
    """The name of an argument, or the spellings of an option with its default."""
    if isinstance(parameter, click.Argument):
        return parameter.human_readable_name
    text = "/".join([*parameter.opts, *parameter.secondary_opts])
    return f"{text}={parameter.default}" if isinstance(parameter.default, str | int | float) else text


if __name__ == "__main__":
    print("\n".join(sorted(set(lines()))))
