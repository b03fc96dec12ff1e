"""What an output says as an answer, and the probabilities that it gives."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from deepstep.equations.heads import Head, get_head
from deepstep.network.architecture import Architecture
from deepstep.preparation.codes import ordinal_probabilities
from deepstep.types import AnyArray, Array


class Meaning(NamedTuple):
    """How an output is read: the answer, and the probabilities of classes where it gives them."""

    answers: Callable[[Array], AnyArray]
    probabilities: Callable[[Array], Array] | None = None


MEANINGS: dict[str, Meaning] = {
    "probabilities": Meaning(lambda AL: (AL > 0.5).astype(int), lambda AL: AL),
    "classes": Meaning(lambda AL: AL.argmax(axis=0)[np.newaxis], lambda AL: AL),
    "cumulative": Meaning(
        lambda AL: ordinal_probabilities(AL).argmax(axis=0)[np.newaxis], ordinal_probabilities
    ),
    "numbers": Meaning(lambda AL: AL),
    "counts": Meaning(lambda AL: AL),
    "one number": Meaning(lambda AL: AL),
}
"""How outputs are read, by the kinds of targets that they learn, ``deepstep.network.border.TARGETS``."""


def answers(output: str | Head | Architecture, AL: Array) -> AnyArray:
    """What an output answers; what a target of that kind says, too.

    Parameters
    ----------
    output : str, Head or Architecture
        Which head.
    AL : array of shape (n_L, m)
        Output (or target).

    Returns
    -------
    array
        Of yes/no outputs 0 and 1, (n_L, m): 1 above one half. Of classes, ordered or not, the number of the
        most probable one, from 0, (1, m). Of an output that gives numbers, these.

    Raises
    ------
    ConfigurationError
        If the head is unknown, or an architecture does not fit its head.

    Examples
    --------
    >>> answers("ordinal", np.array([[0.9, 0.4], [0.6, 0.1]]))
    array([[2, 0]])
    """
    return MEANINGS[get_head(output, "answers").targets].answers(AL)


def probabilities(output: str | Head | Architecture, AL: Array) -> Array | None:
    """The probabilities that an output gives.

    Parameters
    ----------
    output, AL
        As in `answers`.

    Returns
    -------
    array or None
        Of yes/no outputs each one's own (n_L, m); of classes one for each, (n_L, m), of ordered ones
        (n_L + 1, m); None of an output that gives numbers.

    Raises
    ------
    ConfigurationError
        If the head is unknown, or an architecture does not fit its head.

    Examples
    --------
    >>> probabilities("ordinal", np.array([[0.75], [0.25]]))
    array([[0.25],
           [0.5 ],
           [0.25]])
    """
    read = MEANINGS[get_head(output, "probabilities").targets].probabilities
    return None if read is None else read(AL)
