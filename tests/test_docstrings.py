"""What is public says what goes in and comes out, name by name, and has an example; doctest runs those."""

import re
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from inspect import Parameter, getattr_static, getdoc, isclass, isfunction, signature, unwrap
from itertools import chain
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from numpydoc.docscrape import NumpyDocString

import deepstep
from docs_extensions import extension

VARIADIC = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


def public_objects() -> dict[str, Any]:
    """Functions and classes of the reference, each once; the lecture and errors left out."""
    listed = {name: extension("reference").parts(name).values() for name in extension("reference").PACKAGES}
    elsewhere = ("deepstep.lecture", "deepstep.errors", "deepstep.distributed")
    places = [(package, name) for package, names in listed.items() for name in chain(*names)]
    public = (getattr(import_module(place), name) for place, name in places if place not in elsewhere)
    own = (unwrap(one) for one in public if callable(one))
    return {f"{one.__module__}.{one.__qualname__}": one for one in own if isclass(one) or isfunction(one)}


def homes(cls: type, name: str) -> list[type]:
    """The project's classes that define a member, the nearest one first."""
    return [home for home in cls.__mro__ if home.__module__.startswith("deepstep") and name in vars(home)]


def as_written(cls: type, name: str) -> Any:
    """A member of a class: a function without its decorators, a property, or a plain value."""
    member = getattr_static(cls, name)
    return member if isinstance(member, property | cached_property) else unwrap(getattr(cls, name))


OBJECTS = public_objects()
FUNCTIONS = {label: one for label, one in OBJECTS.items() if isfunction(one)}
CLASSES = {label: one for label, one in OBJECTS.items() if isclass(one)}
MEMBERS = {  # what public classes have, wherever they inherit it from, without fields
    f"{label}.{name}": (cls, name, as_written(cls, name))
    for label, cls in CLASSES.items()
    for name in dir(cls)
    if not name.startswith("_") and name not in getattr(cls, "__dataclass_fields__", ()) and homes(cls, name)
}
METHODS = {  # scikit-learn makes some, set_fit_request and its kin
    label: (cls, name)
    for label, (cls, name, one) in MEMBERS.items()
    if isfunction(one) and one.__module__.startswith("deepstep")
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
    assert cls.__init__ is Exception.__init__ or "Annotated" not in str(signature(cls))


def test_a_property_says_what_it_is() -> None:
    properties = {
        label: one for label, (*_, one) in MEMBERS.items() if isinstance(one, property | cached_property)
    }
    assert len(properties) > 10
    assert [label for label, one in properties.items() if not sections(one)["Summary"]] == []


@pytest.mark.parametrize("name", deepstep.equations.EQUATIONS)
def test_the_notes_of_an_equation_are_its_formula_and_source(name: str) -> None:
    equation = deepstep.equations.EQUATIONS[name]
    if equation.function.__module__.startswith("deepstep."):
        notes = "".join("".join(sections(equation.function)["Notes"]).split())
        assert notes == "".join(f"{equation.formula}Source:{equation.source}.".replace(",  ", "").split())


MODULES = sorted(Path(deepstep.__path__[0]).rglob("*.py"))


def test_what_docstrings_refer_to_exists() -> None:
    names = {
        name for file in MODULES for name in re.findall(r"(?<!`)`(deepstep[.\w]+)`(?!`)", file.read_text())
    }
    assert len(names) > 30
    for name in names:
        resolve_name(name)  # a module, or what it has


@pytest.mark.parametrize("kind", ["Network", "Deep"])
def test_both_estimators_of_a_kind_describe_a_parameter_in_the_same_words(kind: str) -> None:
    pair = [sections(getattr(deepstep, f"{kind}{task}")) for task in ("Classifier", "Regressor")]
    first, second = ({row.name: row for row in each["Parameters"] + each["Attributes"]} for each in pair)
    assert {name for name in first.keys() & second if first[name] != second[name]} == {"loss"}
