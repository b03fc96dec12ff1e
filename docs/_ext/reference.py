"""The reference: ``.. public:: PACKAGE`` documents its ``__all__``, ``.. commands::`` the command line.

A name that several packages have is documented once, on the page of the first package of `PACKAGES`. A new
package with public names needs a line there and a page in docs/api.
"""

import inspect
import pkgutil
import re
from functools import cached_property
from importlib import import_module
from types import GenericAlias
from typing import Any

import click
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from deepstep.cli.main import deepstep

logger = logging.getLogger(__name__)

PACKAGES = [
    "deepstep",
    "deepstep.model",
    "deepstep.estimators",
    "deepstep.network",
    "deepstep.training",
    "deepstep.inspection",
    "deepstep.plots",
    "deepstep.explorer",
    "deepstep.export",
    "deepstep.report",
    "deepstep.data",
    "deepstep.preparation",
    "deepstep.targets",
    "deepstep.engines",
    "deepstep.equations",
    "deepstep.lecture",
    "deepstep.distributed",
    "deepstep.errors",
    "deepstep.course",
]
"""In the order of the reference; one that a checkout does not have is left out."""


def parts(package: str) -> dict[str, list[str]]:
    """Public names of a package, by module where the modules list them: ``{title: names}``."""
    module = import_module(package)
    if hasattr(module, "__all__"):
        return {"": list(module.__all__)}
    if not hasattr(module, "__path__"):
        own = (
            name for name, one in vars(module).items() if inspect.isclass(one) and one.__module__ == package
        )
        return {"": [name for name in own if not name.startswith("_")]}
    modules = (import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(module.__path__))
    return {one.__name__: list(one.__all__) for one in modules if getattr(one, "__all__", ())}


def public() -> dict[str, list[str]]:
    """All public names by package."""
    found = {}
    for package in PACKAGES:
        if package == "deepstep.course" and not _exists(package):
            continue
        found[package] = [name for names in parts(package).values() for name in names]
    return found


def _exists(package: str) -> bool:
    return package.rpartition(".")[2] in {
        found.name for found in pkgutil.iter_modules(import_module("deepstep").__path__)
    }


def homes() -> dict[str, str]:
    """Where each public name is documented: ``{"deepstep.model.Network": "deepstep.Network"}``."""
    first: dict[int, str] = {}
    found = {}
    for package, names in public().items():
        for name in names:
            one = getattr(import_module(package), name)
            path = f"{package}.{name}"
            documented = inspect.isclass(one) or inspect.isroutine(one)
            found[path] = first.setdefault(id(one), path) if documented else path
    return found


def is_alias(path: str) -> bool:
    """Whether a name is that of a type such as ``dict[str, Array]``, which autosummary cannot import."""
    package, _, name = path.rpartition(".")
    return isinstance(getattr(import_module(package), name), GenericAlias)


def entry(path: str) -> list[str]:
    """The lines of reStructuredText that document one name."""
    package, _, name = path.rpartition(".")
    one = getattr(import_module(package), name)
    if is_alias(path):
        return [f".. py:data:: {path}", "", f"   An alias of ``{one}``.".replace("numpy.", ""), ""]
    if inspect.isclass(one):
        kind = "exception" if issubclass(one, BaseException) else "class"
        return [f".. auto{kind}:: {path}", "   :members:", "   :inherited-members:", ""]
    if inspect.isroutine(one):
        return [f".. autofunction:: {path}", ""]
    return [f".. autodata:: {path}", "   :no-value:", ""]


class Public(SphinxDirective):
    """All public names of the package in the argument: a table, then each of them."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The text is parsed as if it stood in the page."""
        package, known, lines = self.arguments[0], homes(), []
        for title, names in parts(package).items():
            paths = [f"{package}.{name}" for name in names]
            if title:
                head = title.rpartition(".")[2]
                lines += [head, "-" * len(head), "", _summary(title), ""]
            lines += [".. autosummary::", "   :nosignatures:", ""]
            lines += [f"   ~{known[path]}" for path in paths if not is_alias(path)] + [""]
            lines += [line for path in paths if known[path] == path for line in entry(path)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def _summary(module: str) -> str:
    return (import_module(module).__doc__ or "").strip().split("\n\n")[0].split("``python")[0]


class Commands(SphinxDirective):
    """The help of every command of ``deepstep``."""

    def run(self) -> list[nodes.Node]:
        """A section for each command."""
        return [self.section(name, command) for name, command in walk(deepstep, "deepstep")]

    def section(self, name: str, command: click.Command) -> nodes.section:
        """Heading and help."""
        context = click.Context(command, info_name=name, max_content_width=88, terminal_width=88)
        help_text = nodes.literal_block("", command.get_help(context), language="text")
        return nodes.section("", nodes.title("", name), help_text, ids=[nodes.make_id(name)])


def walk(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    """The commands of a group, and those of its groups, by full name."""
    if not isinstance(command, click.Group):
        return [(name, command)]
    context = click.Context(command, info_name=name)
    found = ((one, command.get_command(context, one)) for one in command.list_commands(context))
    return [
        pair for one, inner in found if inner and not inner.hidden for pair in walk(inner, f"{name} {one}")
    ]


FOREIGN = {"_tuplegetter", "RequestMethod", "method_descriptor", "builtin_function_or_method"}
"""Types of members that tuples and scikit-learn bring."""


def skip(app: Sphinx, kind: str, name: str, one: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out members that other projects define, and fields without a text."""
    if kind == "class":
        source = (
            one.fget if isinstance(one, property) else one.func if isinstance(one, cached_property) else one
        )
        module = (
            getattr(inspect.unwrap(source) if callable(source) else source, "__module__", "deepstep") or ""
        )
        if not module.startswith("deepstep") or type(one).__name__ in FOREIGN:
            return True
    return None


def formulas(app: Sphinx, kind: str, name: str, one: Any, options: Any, lines: list[str]) -> None:
    """Keep formulas as written: an indented text below a rubric, and |Z|, which is markup elsewhere."""
    lines[:] = [re.sub(r"\|(\S[^|]*\S|\S)\|", r"\\|\1\\|", line) for line in lines]
    for number in range(len(lines) - 2, 0, -1):
        before, line, after = lines[number - 1 : number + 2]
        if before.startswith(".. rubric::") and not line and after.startswith("    "):
            lines[number:number] = ["", "::"]


def complete(app: Sphinx, env: Any) -> None:
    """A public name without an entry is a warning."""
    known = env.domains["py"].objects
    if "api/index" in env.found_docs:
        for path in sorted(set(homes().values()) - set(known)):
            logger.warning("the reference has no %s", path)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register directives and the filter of members."""
    app.add_directive("public", Public)
    app.add_directive("commands", Commands)
    app.connect("autodoc-process-docstring", formulas, priority=900)  # after numpydoc
    app.connect("env-check-consistency", complete)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
