"""Lessons that were saved, read again."""

import re
from pathlib import Path

from deepstep.data.files import refuse_pipe
from deepstep.data.text_formats import json_values
from deepstep.errors import FileError
from deepstep.explorer.document import FORMAT, VERSION, Document
from deepstep.explorer.page import LESSON_ID

IN_PAGE = re.compile(f'<script type="application/json" id="{LESSON_ID}">(.*?)</script>', re.DOTALL)


def read_lesson(path: Path | str) -> Document:
    """Read a lesson from an exported page, or from the JSON that a page saves.

    path: The file. Nothing in it is executed.
    returns: The document of `lesson`; `unpacked` makes arrays of its numbers.
    FileError: If there is no such file, or no lesson of this version in it.

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
        got = f"it cannot be read ({error.strerror or error})"
        raise FileError(str(path), "a lesson, as a page or as JSON", got) from error
    found = IN_PAGE.search(text)
    try:
        document = json_values(found[1] if found else text)
    except ValueError as error:
        raise FileError(str(path), "a lesson, as a page or as JSON", "it holds none") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FileError(str(path), f"a lesson, with format {FORMAT!r}", "this is something else")
    if document.get("version") != VERSION:
        got = f"got version {document.get('version')!r:.20}"
        raise FileError(str(path), f"a lesson of version {VERSION}", got, "Update DeepStep.")
    return document
