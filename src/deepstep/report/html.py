"""HTML whose texts cannot break out: what is no `Html` is escaped."""

import html
from collections.abc import Iterable, Sequence
from typing import TypeAlias

EMPTY = ("br", "meta", "img")
"""Elements without content."""


class Html(str):
    """Markup that stands as it is."""

    __slots__ = ()


Content: TypeAlias = "str | int | float | None"
"""A text, a number, `Html`, or nothing."""


def tag(name: str, *content: Content, **attributes: Content) -> Html:
    """An element.

    An attribute's name may end in ``_`` where Python has the word for itself, and has ``_`` for ``-``;
    what is None is left out.
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
    """Several contents, one after the other."""
    return Html("".join(text(part) for part in content if part is not None))


def text(part: Content) -> Html:
    """One content, escaped if it is no markup; characters that no page may hold are left out."""
    return part if isinstance(part, Html) else Html(html.escape(printable(str(part))))


def printable(given: str) -> str:
    r"""A text without the characters that no page may hold: controls, and halves of characters.

    >>> printable("a\x00\ud800b")
    'a?b'
    """
    kept = "".join(one for one in given if one >= " " or one in "\t\n")
    return kept.encode(errors="replace").decode()


def table(
    header: Sequence[Content],
    rows: Iterable[Sequence[Content]],
    *,
    caption: str,
    left: int = 1,
    texts_last: int = 0,
) -> Html:
    """A table whose first column names its rows.

    So many columns on the left are texts, and so many at the end; those between are numbers.
    """
    right = len(header) - texts_last
    sides = [None if at < left or at >= right else "number" for at in range(len(header))]
    head = join(tag("th", cell, scope="col", class_=side) for cell, side in zip(header, sides, strict=True))
    body = join(
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(tag("td", cell, class_=side) for cell, side in zip(row[1:], sides[1:], strict=True)),
        )
        for row in rows
    )
    whole = tag("table", tag("caption", caption), tag("thead", tag("tr", head)), tag("tbody", body))
    # a group, and no region: landmarks have names of their own, and a caption may be that of its section
    return tag("div", whole, class_="wide", tabindex=0, role="group", aria_label=caption)


def details(summary: Content, *content: Content) -> Html:
    """A part that opens on request, without a script."""
    return tag("details", tag("summary", summary), *content)
