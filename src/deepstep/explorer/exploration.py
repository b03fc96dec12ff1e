"""`explore`: from a network and its examples to a page, which a notebook shows and a file keeps."""

import re
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from deepstep.data import atomic_write
from deepstep.data.files import refuse_pipe
from deepstep.data.text_formats import json_values
from deepstep.errors import ConfigurationError, FileError
from deepstep.explorer.document import FORMAT, VERSION, Document, lesson
from deepstep.explorer.page import LESSON_ID, page
from deepstep.explorer.shown import About
from deepstep.model import Network

HEIGHT = 720  # pixels of the frame in a notebook
IN_PAGE = re.compile(f'<script type="application/json" id="{LESSON_ID}">(.*?)</script>', re.DOTALL)


class Exploration:
    """A page about a network: a notebook shows it, `export` writes it to a file.

    Parameters
    ----------
    document : dict
        The result of `lesson`.

    Attributes
    ----------
    document : dict
        The lesson that the page shows.

    Examples
    --------
    >>> net = Network([1, 1], seed=1)
    >>> Exploration(lesson(net, [[0.0, 1.0]], [[0, 1]], about=About(title="A line"), iterations=2))
    Exploration('A line')
    """

    def __init__(self, document: Document) -> None:
        self.document = document

    def export(self, path: Path | str) -> int:
        """Write the page to a file that opens without the internet and without Python.

        Parameters
        ----------
        path : Path or str
            As in `export_html`.

        Returns
        -------
        int
            The size of the file in bytes.

        Raises
        ------
        FileError
            If the file cannot be written.
        """
        return export_html(self.document, path)

    @cached_property
    def html(self) -> str:
        """The page as HTML."""
        return page(str(self.document["title"]), self.document)

    def __repr__(self) -> str:
        return f"Exploration({self.document['title']!r})"

    def _repr_html_(self) -> str:
        """A frame whose scripts cannot reach the notebook around it, but may offer files to download."""
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
    """Make a page on which every number of every training step can be inspected.

    A notebook shows the result; ``explore(…).export("lesson.html")`` writes a file.

    Parameters
    ----------
    network : Network
        The network, which is not changed.
    X, Y : array of shape (n_x, m) and (n_L, m)
        Examples, as in `Network.train`.
    about : About, optional
        Names, title and notes.
    learning_rate : float, optional
        The learning rate of the training that the page shows.
    iterations : int, optional
        Epochs of that training.
    **options
        Other arguments of `Network.steps`.

    Returns
    -------
    Exploration
        The page.

    Raises
    ------
    ShapeError, DataError, ConfigurationError
        If an argument does not fit, or the network is too large for a page.
    DivergenceError
        If the first step has values that are not finite.

    Examples
    --------
    >>> net = Network([2, 3, 1], activation="tanh", seed=1)
    >>> explore(net, [[0, 0, 1, 1], [0, 1, 0, 1]], [[0, 1, 1, 0]], learning_rate=0.5)
    Exploration('2-3-1 on data')
    """
    return Exploration(
        lesson(network, X, Y, about=about, learning_rate=learning_rate, iterations=iterations, **options)
    )


def export_html(document: Document, path: Path | str) -> int:
    """Write a lesson to a file that opens in any browser, without the internet and without Python.

    Parameters
    ----------
    document : dict
        The result of `lesson`.
    path : Path or str
        The file, which is written atomically; an existing one is replaced.

    Returns
    -------
    int
        The size of the file in bytes.

    Raises
    ------
    ConfigurationError
        If the document is not a lesson.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deepstep import Network
    >>> from deepstep.explorer import lesson
    >>> document = lesson(Network([1, 1], seed=1), [[0.0, 1.0]], [[0, 1]], iterations=2)
    >>> path = Path(tempfile.mkdtemp()) / "lesson.html"
    >>> export_html(document, path) == path.stat().st_size
    True
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        requirement = "a document that deepstep.explorer.lesson made"
        raise ConfigurationError.must_be("document", requirement, type(document).__name__)
    text = page(str(document["title"]), document).encode("utf-8")
    with atomic_write(path) as file:
        file.write(text)
    return len(text)


def read_lesson(path: Path | str) -> Document:
    """Read a lesson from an exported page, or from JSON that a page saved.

    Parameters
    ----------
    path : Path or str
        The file. Nothing in it is executed.

    Returns
    -------
    dict
        The document of `lesson`; `unpacked` converts its numbers to arrays.

    Raises
    ------
    FileError
        If there is no such file, or no lesson of this version in it.

    Examples
    --------
    >>> import tempfile
    >>> from deepstep import Network
    >>> from deepstep.explorer import explore, unpacked
    >>> page = explore(Network([1, 1], seed=1), [[0.0, 1.0]], [[0, 1]], iterations=2)
    >>> path = Path(tempfile.mkdtemp()) / "lesson.html"
    >>> _ = page.export(path)
    >>> unpacked(read_lesson(path)["data"]["X"])
    array([[0., 1.]])
    """
    refuse_pipe(path, "a lesson, as a page or as JSON")
    try:
        text = Path(path).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise FileError(f"{path} cannot be read ({error.strerror or error})") from error
    element = IN_PAGE.search(text)
    try:
        document = json_values(element[1] if element else text)
    except ValueError as error:
        raise FileError(f"{path} holds no lesson, neither as a page nor as JSON") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FileError(f"{path} holds no lesson: its format is not {FORMAT!r}")
    if document.get("version") != VERSION:
        version = f"{document.get('version')!r:.20}"
        raise FileError(f"{path} is a lesson of version {version}, not {VERSION}", "Update DeepStep.")
    return document
