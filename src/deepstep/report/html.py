"""HTML elements with escaped texts: everything that is not `Html` is escaped."""

import html
from collections.abc import Iterable, Sequence
from typing import TypeAlias

EMPTY = ("br", "meta", "img")  # elements without content
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""No scripts and no requests; only the styles of figures, and pictures in the page."""


class Html(str):
    """Markup, which is not escaped."""

    __slots__ = ()


Content: TypeAlias = "str | int | float | None"
"""A text, a number, `Html`, or nothing."""


def tag(name: str, *content: Content, **attributes: Content) -> Html:
    """An element.

    An attribute's name may end in ``_`` where it is a keyword of Python, and has ``_`` for ``-``; attributes
    and contents that are None are left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(printable(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(content)}</{name}>")


def join(content: Iterable[Content]) -> Html:
    """Several contents in order."""
    return Html("".join(text(part) for part in content if part is not None))


def text(part: Content) -> Html:
    """One content, escaped if it is no markup, without characters that are invalid in a page."""
    return part if isinstance(part, Html) else Html(html.escape(printable(str(part))))


def printable(text: str) -> str:
    """A text without invalid characters: controls and surrogates."""
    valid = "".join(character for character in text if character >= " " or character in "\t\n")
    return valid.encode(errors="replace").decode()


def table(
    header: Sequence[Content],
    rows: Iterable[Sequence[Content]],
    *,
    caption: str,
    left: int = 1,
    texts_last: int = 0,
) -> Html:
    """A table whose first column names its rows."""
    right = len(header) - texts_last
    sides = ["number" if left <= index < right else None for index in range(len(header))]
    head = join(tag("th", cell, scope="col", class_=side) for cell, side in zip(header, sides, strict=True))
    body = join(
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(tag("td", cell, class_=side) for cell, side in zip(row[1:], sides[1:], strict=True)),
        )
        for row in rows
    )
    element = tag("table", tag("caption", caption), tag("thead", tag("tr", head)), tag("tbody", body))
    # a group, not a region: landmarks need unique names, and a caption may be that of its section
    return tag("div", element, class_="wide", tabindex=0, role="group", aria_label=caption)


def details(summary: Content, *content: Content) -> Html:
    """A part that opens on a click, without a script."""
    return tag("details", tag("summary", summary), *content)


def page(title: str, style: str, *content: Content) -> str:
    """A page that loads nothing."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html(style)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', *content), lang='en')}\n"
