"""Docstrings of estimators: the parameters and attributes of the bases stand in them."""

from inspect import cleandoc
from typing import TypeVar

Class = TypeVar("Class", bound=type)


def documented(estimator: Class) -> Class:
    """A class decorator: the sections of the docstring begin with those that the bases have.

    >>> class Base:
    ...     '''Base.
    ...
    ...     Parameters
    ...     ----------
    ...     a : int
    ...     '''
    >>> @documented
    ... class Child(Base):
    ...     '''Child.
    ...
    ...     Parameters
    ...     ----------
    ...     b : int
    ...     '''
    >>> print(Child.__doc__)
    Child.
    <BLANKLINE>
    Parameters
    ----------
    a : int
    b : int
    """
    text = cleandoc(estimator.__doc__ or "")
    for title in ("Parameters", "Attributes"):
        head = f"{title}\n{'-' * len(title)}\n"
        for base in estimator.__mro__[1:]:
            _, found, section = cleandoc(base.__dict__.get("__doc__") or "").partition(head)
            if found:
                text = text.replace(head, head + section.partition("\n\n")[0] + "\n")
    estimator.__doc__ = text
    return estimator
