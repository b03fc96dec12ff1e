"""Short docstrings, completed to numpydoc's sections from the signature and the glossary."""

from collections.abc import Iterator
from typing import Any

import pytest

from deepstep.docstrings import complete, completed
from deepstep.types import Array


def sections(function: Any) -> dict[str, str]:
    """The text below each title."""
    lines = (completed(function) or "").split("\n")
    titles = [at for at, line in enumerate(lines[1:]) if line and set(line) == {"-"}]
    ends = [*titles[1:], len(lines)]
    return {
        lines[at]: "\n".join(lines[at + 2 : end]).strip("\n") for at, end in zip(titles, ends, strict=True)
    }


def test_the_sections_of_a_function() -> None:
    """Names with one text stand together; kinds of arrays come from the glossary or the docstring."""

    def all_of_it(low: float, high: float, X: Any, Y: Any, Z: Any, W: Array, other: Any = None) -> Any:
        """All of them.

        low, high: A limit.
        Y (array of shape (n_L, m), or None): A target.
        Z (m,): Numbers.
        returns: One of them.
        ShapeError, DataError: If it does not fit.
        KeyboardInterrupt: After Ctrl-C.
        RuntimeWarning: If it takes long.
        """

    found = sections(all_of_it)
    assert [line for line in found.pop("Parameters").split("\n") if line[0] != " "] == [
        "low, high : float",
        "X : array of shape (n_0, m)",
        "Y : array of shape (n_L, m), or None",
        "Z : array of shape (m,)",
        "W : array of shape (n_l, n_{l-1})",
        "other : object, optional",
    ]
    assert found == {
        "Returns": "object\n    One of them.",
        "Raises": "ShapeError, DataError\n    If it does not fit.\nKeyboardInterrupt\n    After Ctrl-C.",
        "Warns": "RuntimeWarning\n    If it takes long.",
    }


def test_what_an_iterator_gives_is_yielded() -> None:
    def steps(n: int, **others: Any) -> Iterator[float]:
        """One by one.

        returns: A number.
        """
        yield from range(n)

    assert sections(steps) == {"Parameters": "n : int\n**others", "Yields": "float\n    A number."}


@pytest.mark.parametrize("text", ["short words " * 30, "`a_name_that_is_long` " * 12])
def test_texts_are_filled_anew(text: str) -> None:
    def told(one: int) -> None:
        """A function."""

    told.__doc__ = f"A function.\n\none: {text}"
    lines = sections(told)["Parameters"].split("\n")
    assert " ".join(lines[1:]).split() == text.split()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 110


def test_a_class_has_attributes_and_its_parameters_are_described_for_later_methods() -> None:
    class Machine:
        """Of parts.

        speed (m/s): How fast.
        self.parts: What it is made of.
        """

        parts: tuple[str, ...]

        def __init__(self, speed: float) -> None: ...

        def run(self, speed: float, X: Any) -> None:
            """Move."""

    Machine.__module__ = "deepstep.here"
    complete({"Machine": Machine})
    assert sections(Machine)["Attributes"] == "parts : tuple of str\n    What it is made of."
    assert sections(Machine.run)["Parameters"].startswith("speed : float\n    How fast.\nX : array")
