"""What is public says what goes in and comes out, name by name, and has an example; doctest runs those."""

import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from importlib import import_module
from inspect import Parameter, getattr_static, getdoc, isclass, isfunction, signature, unwrap
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from numpydoc.docscrape import NumpyDocString

import deepstep

STAGES = [
    deepstep,
    *(
        import_module(f"deepstep.{found.name}")
        for found in pkgutil.iter_modules(deepstep.__path__)
        if found.ispkg
    ),
]
"""The packages whose ``__all__``, or that of their modules, says what is public."""

VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def public_names(stage: Any) -> Iterator[str]:
    """``__all__``; of a package that imports all from its modules theirs."""
    if hasattr(stage, "__all__"):
        yield from stage.__all__
    else:
        for found in pkgutil.iter_modules(stage.__path__):
            yield from getattr(import_module(f"{stage.__name__}.{found.name}"), "__all__", ())


def public_objects() -> dict[str, Any]:
    """Functions and classes of the public namespaces, each once."""
    found = (getattr(stage, name) for stage in STAGES for name in public_names(stage))
    own = (unwrap(one) for one in found if callable(one))
    return {f"{one.__module__}.{one.__qualname__}": one for one in own if isclass(one) or isfunction(one)}


def homes(cls: type, name: str) -> list[type]:
    """The project's classes that define a member, the nearest one first."""
    return [home for home in cls.__mro__ if home.__module__.startswith("deepstep") and name in vars(home)]


def as_written(cls: type, name: str) -> Any:
    """A member of a class: a function without its decorators, a property, or a plain value."""
    found = getattr_static(cls, name)
    return found if isinstance(found, property | cached_property) else unwrap(getattr(cls, name))


def public_members() -> Iterator[tuple[str, type, str]]:
    """Label, class and name of what public classes have, wherever they inherit it from, without fields."""
    for label, cls in CLASSES.items():
        for name in dir(cls):
            is_field = name in getattr(cls, "__dataclass_fields__", ())
            if not name.startswith("_") and not is_field and homes(cls, name):
                yield f"{label}.{name}", cls, name


OBJECTS = public_objects()
FUNCTIONS = {label: one for label, one in OBJECTS.items() if isfunction(one)}
CLASSES = {label: one for label, one in OBJECTS.items() if isclass(one)}
MEMBERS = {label: (cls, name, as_written(cls, name)) for label, cls, name in public_members()}
METHODS = {  # scikit-learn makes some, set_fit_request and its kin
    label: (cls, name)
    for label, (cls, name, one) in MEMBERS.items()
    if isfunction(one) and one.__module__.startswith("deepstep")
}
PROPERTIES = {
    label: one for label, (_, _, one) in MEMBERS.items() if isinstance(one, property | cached_property)
}


def sections(one: Any) -> NumpyDocString:
    return NumpyDocString(getdoc(one) or "")


def named(document: NumpyDocString, section: str) -> list[str]:
    """The names that a section describes, without stars."""
    return [name.strip().lstrip("*") for entry in document[section] for name in entry.name.split(",")]


def parameters(function: Callable[..., Any]) -> list[str]:
    return [name for name in signature(function).parameters if name not in ("self", "cls")]


def check_function(function: Callable[..., Any]) -> None:
    document = sections(function)
    assert document["Summary"]
    assert sorted(named(document, "Parameters")) == sorted(parameters(function))
    gives = function.__annotations__["return"] is not None
    assert gives == bool(document["Returns"] or document["Yields"])


@pytest.mark.parametrize("label", FUNCTIONS)
def test_a_function_describes_its_parameters_and_what_it_returns_with_an_example(label: str) -> None:
    check_function(FUNCTIONS[label])
    assert ">>> " in "\n".join(sections(FUNCTIONS[label])["Examples"])


@pytest.mark.parametrize("label", METHODS)
def test_a_method_describes_its_parameters_and_what_it_returns(label: str) -> None:
    """Where it is defined first: an override that takes the same says what is its own alone."""
    cls, name = METHODS[label]
    own, *others = (as_written(home, name) for home in homes(cls, name))
    same = [other for other in others if parameters(other) == parameters(own)]
    assert sections(own)["Summary"]
    check_function(same[-1] if same else own)


def made_of(cls: type) -> set[str]:
    if cls.__init__ is Exception.__init__:
        return set()
    return {
        name for name, one in signature(cls).parameters.items() if one.kind not in VARIADIC and name[0] != "_"
    }


@pytest.mark.parametrize("label", CLASSES)
def test_a_class_describes_what_it_is_made_of_with_an_example(label: str) -> None:
    cls, document = CLASSES[label], sections(CLASSES[label])
    assert document["Summary"]
    assert set(named(document, "Parameters")) <= made_of(cls)
    assert made_of(cls) <= {*named(document, "Parameters"), *named(document, "Attributes")}
    assert ">>> " in "\n".join(document["Examples"])


@pytest.mark.parametrize("label", PROPERTIES)
def test_a_property_says_what_it_is(label: str) -> None:
    assert sections(PROPERTIES[label])["Summary"]


def test_what_is_checked_is_what_is_public() -> None:
    assert {"deepstep.model.network.Network", "deepstep.equations.activations.relu"} <= set(OBJECTS)
    assert {"deepstep.model.network.Network.train", "deepstep.run.Run.predict"} <= set(METHODS)
    assert "deepstep.estimators.network.NetworkClassifier.partial_fit" in METHODS


def test_what_holds_for_several_names_stands_once() -> None:
    found = sections(deepstep.equations.decoupled_decay)
    assert [entry.name for entry in found["Parameters"]] == ["theta", "learning_rate, weight_decay"]


@pytest.mark.parametrize("name", deepstep.equations.EQUATIONS)
def test_the_notes_of_an_equation_are_its_formula_and_source(name: str) -> None:
    equation = deepstep.equations.EQUATIONS[name]
    if equation.function.__module__.startswith("deepstep."):
        notes = "".join("".join(sections(equation.function)["Notes"]).split())
        assert notes == "".join(f"{equation.formula}Source:{equation.source}.".replace(",  ", "").split())


MODULES = sorted(Path(deepstep.__path__[0]).rglob("*.py"))


def exists(name: str) -> bool:
    """Whether there is a module, or what it has, of that name."""
    try:
        resolve_name(name)
    except (AttributeError, ImportError):
        return False
    return True


def test_what_docstrings_refer_to_exists() -> None:
    names = {
        name for file in MODULES for name in re.findall(r"(?<!`)`(deepstep[.\w]+)`(?!`)", file.read_text())
    }
    assert len(names) > 30
    assert [name for name in sorted(names) if not exists(name)] == []


def test_no_text_installs_deepstep_by_name():
    """There is no release on the index: a checkout, or the other package itself, is installed."""
    root = Path(__file__).parent.parent
    texts = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("examples/*"), *MODULES]
    lines = [
        f"{path.name}: {line.strip()}"
        for path in texts
        if path.is_file() and path.name not in ("CHANGELOG.md", "changelog.md")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"pip install(?: -{1,2}[\w-]+)* [\"\']?deepstep\b", line)
    ]
    assert len(texts) > 100
    assert lines == []
