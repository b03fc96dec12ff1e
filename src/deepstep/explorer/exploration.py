"""`explore`: from a network and its examples to a page, in a notebook, as a file, or live."""

from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from deepstep.explorer.document import Document, lesson
from deepstep.explorer.export import export_html
from deepstep.explorer.page import page
from deepstep.explorer.shown import About
from deepstep.model import Network

HEIGHT = 720
"""Height of the frame in a notebook, in pixels."""


class Exploration:
    """A page about a network: a notebook shows it, `export` writes it.

    Parameters
    ----------
    document : dict
        What `lesson` gave.

    Attributes
    ----------
    document : dict

    Examples
    --------
    >>> net = Network([1, 1], seed=1)
    >>> Exploration(lesson(net, [[0.0, 1.0]], [[0, 1]], about=About(title="A line"), iterations=2))
    Exploration('A line')
    """

    def __init__(self, document: Document) -> None:
        self.document = document

    def export(self, path: Path | str) -> int:
        """Write the page as a file that opens anywhere, without a network and without Python.

        path: As in `export_html`.
        returns: The size of the file in bytes.
        FileError: If the file cannot be written.
        """
        return export_html(self.document, path)

    @cached_property
    def html(self) -> str:
        """The whole page."""
        return page(str(self.document["title"]), self.document)

    def __repr__(self) -> str:
        return f"Exploration({self.document['title']!r})"

    def _repr_html_(self) -> str:
        """A frame that has no access to the notebook around it, but may save files."""
        title = escape(str(self.document["title"]))
        return (
            f'<iframe sandbox="allow-scripts allow-downloads" title="{title}" width="100%" height="{HEIGHT}" '
            f'style="border:0" srcdoc="{escape(self.html)}"></iframe>'
        )


def explore(
    network: Network,
    X: Any,
    Y: Any,
    *,
    about: About | None = None,
    learning_rate: float = 0.0075,
    iterations: int = 200,
    **options: Any,
) -> Exploration:
    """Open a network: a page on which every number of every step can be looked at.

    In a notebook the value shows itself; elsewhere ``explore(…).export("lesson.html")`` writes a file.

    network: It is not changed.
    X, Y (array of shape (n_x, m) and (n_L, m)): Examples, as in `Network.train`.
    about: Names, title and notes.
    learning_rate, iterations, options: The training that the page shows, as in `Network.steps`.
    ShapeError, DataError, ConfigurationError: If an argument does not fit, or the network is too large for a
        page.
    DivergenceError: If not even the first step stays finite.

    >>> net = Network([2, 3, 1], activation="tanh", seed=1)
    >>> explore(net, [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]], learning_rate=0.5)
    Exploration('2-3-1 on data')
    """
    return Exploration(
        lesson(network, X, Y, about=about, learning_rate=learning_rate, iterations=iterations, **options)
    )
