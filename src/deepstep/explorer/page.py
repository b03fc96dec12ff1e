"""The page: one HTML file with program, style and lesson; its numbers are JSON without loss."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from math import isfinite
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from deepstep.errors import DataError, FileError

LESSON_ID = "deepstep-lesson"  # the element with the lesson
ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""Characters that would end a script element, or begin a comment in it."""


def as_json(record: Any) -> str:
    """One line of JSON in ASCII that is safe anywhere in a page, whatever texts it contains."""
    text = json.dumps(record, allow_nan=False, separators=(",", ":"))
    for sign, harmless in ESCAPED.items():
        text = text.replace(sign, harmless)
    return text


@cache
def bundle(name: str) -> str:
    """A file of the front end: ``explorer.js`` or ``explorer.css``."""
    file = files("deepstep.explorer") / "static" / name
    endings = ("</style",) if name.endswith(".css") else ("</script", "<!--")
    if not file.is_file():
        raise FileError(f"deepstep/explorer/static/{name} is missing", "Install DeepStep again.")
    text = file.read_text(encoding="utf-8")
    for ending in endings:
        if ending in text.lower():
            raise FileError(f"deepstep/explorer/static/{name} has {ending!r}, which ends its element")
    return text


def digest(text: str) -> str:
    """The source of a Content-Security-Policy that allows exactly this text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def policy(*, served: bool) -> str:
    """The Content-Security-Policy: this program and style only; served pages may connect to their server."""
    rules = {
        "default-src": "'none'",
        "script-src": digest(bundle("explorer.js")),
        "style-src": digest(bundle("explorer.css")),
        "img-src": "data: blob:",
        "worker-src": "blob:",
        "connect-src": "'self'" if served else "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        **({"frame-ancestors": "'none'"} if served else {}),
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def page(title: str, document: Any = None) -> str:
    """The page of a lesson; without a document the page of the server, which requests it."""
    served = document is None
    meta = "" if served else f'<meta http-equiv="Content-Security-Policy" content="{policy(served=False)}">\n'
    data = (
        "" if served else f'<script type="application/json" id="{LESSON_ID}">{as_json(document)}</script>\n'
    )
    shown = escape(title.encode("utf-8", "replace").decode("utf-8"))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"{meta}"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{shown} – DeepStep</title>\n"
        f"<style>{bundle('explorer.css')}</style>\n</head>\n<body>\n"
        f'<div id="app" data-source="{"server" if served else "export"}"></div>\n'
        "<noscript>This page needs JavaScript.</noscript>\n"
        f"{data}<script>{bundle('explorer.js')}</script>\n</body>\n</html>\n"
    )


Packed: TypeAlias = dict[str, Any]
"""``{"shape": [...], "f8": "base64 of little-endian float64 in C order"}``."""


def packed(values: Any) -> Packed:
    """An array for JSON, without loss."""
    array = np.asarray(values, dtype="<f8")
    return {"shape": list(array.shape), "f8": b64encode(array.tobytes()).decode("ascii")}


def unpacked(record: Mapping[str, Any]) -> NDArray[np.float64]:
    """The array of a record in a lesson, without loss.

    Parameters
    ----------
    record : mapping
        ``{"shape": [...], "f8": "base64 of little-endian float64 in C order"}``.

    Returns
    -------
    array of float64
        The array.

    Raises
    ------
    DataError
        If the record has another form.

    Examples
    --------
    >>> from deepstep.explorer.page import packed
    >>> unpacked(packed([[0.1, float("nan")]]))
    array([[0.1, nan]])
    """
    try:
        numbers = np.frombuffer(b64decode(record["f8"], validate=True), dtype="<f8")
        return numbers.astype(np.float64).reshape(record["shape"])
    except (KeyError, TypeError, ValueError) as error:
        requirement = "an array of a lesson, with shape and f8"
        raise DataError.must_be("record", requirement, f"{record!r:.60} ({error})") from error


def number(value: Any) -> float | str:
    """A number for JSON, with the words "nan", "inf" and "-inf"."""
    plain = float(value)
    return plain if isfinite(plain) else str(plain)
