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


def test_names_with_one_text_stand_together_and_without_a_kind_where_theirs_differ() -> None:
    def both(low: float, high: float, label: str, **others: Any) -> None:
        """All of them.

        low, high: A limit.
        label, others: As elsewhere.
        """

    assert sections(both) == {
        "Parameters": "low, high : float\n    A limit.\nlabel, **others\n    As elsewhere.",
    }


def test_a_value_of_any_kind_has_none_unless_it_is_optional() -> None:
    def taken(one: Any, other: Any = None) -> Any:
        """Either.

        returns: One of them.
        """

    assert sections(taken) == {
        "Parameters": "one\nother : object, optional",
        "Returns": "object\n    One of them.",
    }


def test_kinds_of_arrays_come_from_the_glossary_or_the_docstring() -> None:
    def of_arrays(X: Any, Y: Any, Z: Any, W: Array) -> None:
        """Four.

        Y (array of shape (n_L, m), or None): A target.
        Z (m,): Numbers.
        """

    assert [line for line in sections(of_arrays)["Parameters"].split("\n") if line[0] != " "] == [
        "X : array of shape (n_0, m)",
        "Y : array of shape (n_L, m), or None",
        "Z : array of shape (m,)",
        "W : array of shape (n_l, n_{l-1})",
    ]


def test_what_an_iterator_gives_is_yielded() -> None:
    def steps(n: int) -> Iterator[float]:
        """One by one.

        returns: A number.
        """
        yield from range(n)

    assert sections(steps)["Yields"] == "float\n    A number."


def test_errors_interrupts_and_warnings_have_their_sections() -> None:
    def careful() -> None:
        """Nothing.

        ShapeError, DataError: If it does not fit.
        KeyboardInterrupt: After Ctrl-C.
        RuntimeWarning: If it takes long.
        """

    assert sections(careful) == {
        "Raises": "ShapeError, DataError\n    If it does not fit.\nKeyboardInterrupt\n    After Ctrl-C.",
        "Warns": "RuntimeWarning\n    If it takes long.",
    }


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
