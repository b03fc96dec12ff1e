"""A lesson as one HTML file."""

from pathlib import Path

from deepstep.data import atomic_write
from deepstep.errors import ConfigurationError
from deepstep.explorer.document import FORMAT, Document
from deepstep.explorer.page import page


def export_html(document: Document, path: Path | str) -> int:
    """Write a lesson as a file that opens in any browser, without a network and without Python.

    document: The result of `lesson`.
    path: The file, which appears whole or not at all; one that exists is replaced.
    returns: The size of the file in bytes.
    ConfigurationError: If the document is no lesson.
    FileError: If the file cannot be written.

    >>> import tempfile
    >>> from deepstep import Network
    >>> from deepstep.explorer import lesson
    >>> document = lesson(Network([1, 1], seed=1), [[0.0, 1.0]], [[0, 1]], iterations=2)
    >>> path = Path(tempfile.mkdtemp()) / "lesson.html"
    >>> export_html(document, path) == path.stat().st_size
    True
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ConfigurationError(
            "export_html", "a document that lesson made", f"got {type(document).__name__}"
        )
    text = page(str(document["title"]), document).encode("utf-8")
    with atomic_write(path) as file:
        file.write(text)
    return len(text)
