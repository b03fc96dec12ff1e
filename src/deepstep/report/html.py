"""HTML elements with escaped texts, and displays as SVG: everything that is not `Html` is escaped.

An SVG has the light or dark colours of the page, and a description for screen readers.
"""

import html
import io
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from typing import Any, TypeAlias
from xml.etree import ElementTree

import numpy as np

from deepstep.data.text_formats import number_text
from deepstep.errors import missing_package
from deepstep.plots.drawing import OKABE_ITO, REFERENCE, OneAxes, legend, new_figure, plain
from deepstep.types import AnyArray, Array

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


MOST_POINTS = 4000  # of all lines of a figure: a screen has no more columns, and the page stays small

PAPER = {"#000000": "currentColor", "#ffffff": "var(--paper)", "#0072b2": "var(--blue)"}
"""Colours that follow the light or dark mode."""

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"

ElementTree.register_namespace("", SVG)
ElementTree.register_namespace("xlink", XLINK)

_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"(url\(#|^#)([^)]+)")


def figure(display: Any, name: str, heading: str) -> Html:
    """A display as a figure of the page, with its description; ``name`` is the prefix of its ids.

    Without matplotlib there is only the description.
    """
    words = display.describe()
    lines = tag("p", *[tag("span", line, class_="line") for line in words.splitlines()], id=f"{name}-words")
    if no_figures():
        return join([tag("h3", heading), lines])
    caption = tag("figcaption", heading, details("In words", lines))
    return tag("figure", as_svg(display.plot().figure_, name, f"{heading}. {words}"), caption)


def no_figures() -> str:
    """Why a page has no figures; empty where it can have some."""
    lacking = missing_package("a report with figures", "matplotlib", extra="plots")
    return str(lacking) if find_spec("matplotlib") is None else ""


@dataclass(kw_only=True, eq=False, repr=False)
class Chart(OneAxes):
    """A small chart of a line, or of points, beside a dotted line of reference; ``words`` describe it.

    The ends of the reference line are ``((x, y), (x, y))``; a ``point`` is marked with its name.
    """

    x: Array
    y: Array
    labels: tuple[str, str]
    reference: tuple[tuple[float, float], tuple[float, float]]
    words: str
    style: str = "-"
    point: tuple[float, float, str] | None = None
    decimal: str = "."

    @property
    def _size(self) -> tuple[float, float]:
        return 3.6, 3.4

    def _draw(self, ax: Any) -> None:
        ax.plot(*zip(*self.reference, strict=True), color=REFERENCE, linestyle=":", linewidth=1)
        alpha = 0.5 if self.style == "." else 1
        ax.plot(self.x, self.y, self.style, color=OKABE_ITO[0], linewidth=1.4, markersize=5, alpha=alpha)
        if self.point is not None:
            x, y, name = self.point
            ax.plot([x], [y], "D", color=OKABE_ITO[1], markersize=6, label=name)
            legend(ax)
        if self.style == ".":
            ax.set_aspect("equal", adjustable="datalim")
        else:
            ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
        ax.locator_params(nbins=5)
        ax.tick_params(labelsize=8)
        for axis, label in zip((ax.xaxis, ax.yaxis), self.labels, strict=True):
            axis.set_major_formatter(lambda value, _: number_text(value, decimal=self.decimal))
            axis.set_label_text(plain(label))

    def describe(self) -> str:
        """The words."""
        return self.words


def as_svg(drawn: Any, name: str, label: str) -> Html:
    """A matplotlib figure as an ``<svg>`` element with unique ids, without scripts, links and comments.

    Its texts are texts, so that names in any script are shown in the fonts of the browser.
    """
    thin(drawn)
    file = io.StringIO()
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)  # a browser has more fonts
        drawn.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(printable(file.getvalue()))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    _rename(root, name)
    for element in root.iter():
        if "style" in element.attrib:
            element.set("style", _in_paper(element.get("style", "")))
        if "d" in element.attrib:
            element.set("d", _NUMBER.sub(lambda match: f"{float(match[0]):.2f}", element.get("d", "")))
    width = float(root.get("width", "0pt").removesuffix("pt")) / 0.75  # CSS pixels
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("role", "img")
    root.set("aria-label", printable(label.replace("\n", " ")))  # escaped when it is written
    root.set("style", f"max-width: {width:.0f}px")
    return Html(ElementTree.tostring(root, encoding="unicode"))


def thin(drawn: Any) -> None:
    """Reduce lines with very many points to the lowest and the highest one in each interval."""
    lines = [line for ax in drawn.axes for line in ax.lines]
    most = MOST_POINTS // max(1, len(lines))
    for line in lines:
        x, y = (np.asarray(part, dtype=float) for part in line.get_data())
        if len(x) > most:
            indices = outline(y, most)
            line.set_data(x[indices], y[indices])
            line.set_markevery(max(1, len(indices) // 8))


def outline(y: AnyArray, most: int) -> AnyArray:
    """Indices of at most so many points with the outline of all: first, last, lowest, highest."""
    # two points of each part, beside the first and the last of all
    parts = np.array_split(np.arange(len(y)), max(1, most // 2 - 1))
    indices = {0, len(y) - 1}
    for part in parts:
        known = part[np.isfinite(y[part])]
        if len(known):
            indices |= {int(known[np.argmin(y[known])]), int(known[np.argmax(y[known])])}
    return np.array(sorted(indices))


def picture(pixels: AnyArray, label: str) -> Html:
    """A picture (height, width[, channels]), uint8 or from 0 to 1, as an embedded ``<img>``."""
    from base64 import b64encode

    new_figure("report")  # the error if matplotlib is not installed
    from matplotlib.image import imsave

    pixels = np.asarray(pixels)
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    file = io.BytesIO()
    brightest = 255 if pixels.dtype == np.uint8 else 1  # ignored for colours
    imsave(file, pixels, format="png", cmap="gray", vmin=0, vmax=brightest)
    data = b64encode(file.getvalue()).decode()
    return tag("img", src=f"data:image/png;base64,{data}", alt=label, width=64, height=64)


def _rename(root: Any, name: str) -> None:
    """Give ids that are unique in the page and the same in every run."""
    numbers = count(1)
    names = {
        element.get("id"): f"{name}-{next(numbers)}" for element in root.iter() if "id" in element.attrib
    }
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if attribute == "id":
                element.set(attribute, names[value])
            elif "#" in value and (attribute.endswith("href") or "url(#" in value):
                renamed = _REFERENCE.sub(lambda match: f"{match[1]}{names.get(match[2], match[2])}", value)
                element.set(attribute, renamed)


def _in_paper(style: str) -> str:
    for colour, turning in PAPER.items():
        style = style.replace(colour, turning)
    return style
