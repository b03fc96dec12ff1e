"""Formulas as MathML, converted when the pages are built: no script and no network shows them."""

import re
import xml.etree.ElementTree as ET
from html import escape

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)

BOLD = {
    **{chr(ord("A") + i): chr(0x1D400 + i) for i in range(26)},
    **{chr(ord("a") + i): chr(0x1D41A + i) for i in range(26)},
    **{chr(ord("0") + i): chr(0x1D7CE + i) for i in range(10)},
}
"""Browsers ignore ``mathvariant="bold"``: the bold letters have characters of their own."""


FENCED = re.compile(
    r"(<mo>(?:&#x0005B;|&#x00028;|&#x0007B;|&#x0007C;|&#x02016;)</mo><mtable>(?:(?!<mtable>).)*?</mtable><mo>[^<]*</mo>)"
)
"""Brackets around a matrix: in a row of their own they are as high as the matrix."""

FUNCTIONS = {"log", "exp", "sin", "cos", "tanh", "max", "min", "ln"}
SIGNS = {"\u2212", "+", "\u00b1"}
CLOSING = {")", "]", "}", "\u221e", "\u2026", "\u22ef"}
"""Operators after which a sign is one between two terms."""

TIGHT = {"|", "\u2016", "/"}
"""No space around them."""

SCRIPTS = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
PRIMES = re.compile("[\u2032-\u2034]+")
THIN = "0.17em"
NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'
"""Taken off while the tree is changed: prefixes are registered by whoever comes last."""


def spaced(found: str) -> str:
    """The formula with the spaces and primes of TeX, which MathML Core does not bring."""
    root = ET.fromstring(found.replace(NAMESPACE, "", 1))
    for row in list(root.iter()):
        if row.tag in SCRIPTS:
            _script(row)
        else:
            _row(row)
    text = ET.tostring(root, encoding="unicode", short_empty_elements=False)
    return text.replace("<math", f"<math{NAMESPACE}", 1)


def _tighten(one: ET.Element, *sides: str) -> None:
    one.attrib.update(dict.fromkeys(sides, "0em"))


def _script(row: ET.Element) -> None:
    """No spaces in scripts. A prime is no script: its character is small and raised already."""
    if row[0].text in TIGHT:
        _tighten(row[0], "lspace", "rspace")
    for script in list(row)[1:]:
        for one in script.iter("mo"):
            _tighten(one, "lspace", "rspace")
    if row.tag == "msup" and PRIMES.fullmatch(row[1].text or ""):
        row.tag = "mrow"
        row[1].tag = "mo"
        _tighten(row[1], "lspace", "rspace")


def _row(row: ET.Element) -> None:
    """Signs, bars, points and functions among the elements of a row."""
    before = None
    for one in list(row):
        text = one.text or ""
        if one.tag == "mo" and text in SIGNS and before is not None and _opens(before):
            one.set("form", "prefix")
        if one.tag == "mo" and text in TIGHT:
            _tighten(one, "lspace", "rspace")
        if one.tag == "mo" and text in {".", ";"}:
            _tighten(one, "lspace")
        if one.tag in {"mo", "mi"} and text in FUNCTIONS:
            one.tag = "mi"
            _around(row, one, before)
        before = one


def _opens(before: ET.Element) -> bool:
    return before.tag in {"mspace", "mtext"} or (before.tag == "mo" and before.text not in CLOSING)


def _around(row: ET.Element, function: ET.Element, before: ET.Element | None) -> None:
    """A thin space before a function after a factor, and before an argument without brackets."""
    place = list(row).index(function)
    after = row[place + 1] if place + 1 < len(row) else None
    if after is not None and after.tag != "mo":
        row.insert(place + 1, ET.Element("mspace", width=THIN))
    if before is not None and (before.tag != "mo" or before.text in CLOSING):
        row.insert(place, ET.Element("mspace", width=THIN))


def mathml(latex: str, display: str = "inline") -> str:
    """The formula as an element ``math``, with its LaTeX as the annotation."""
    text = latex.replace("{aligned}", "{align*}").replace("{split}", "{align*}")
    text = re.sub(r"\\operatorname\{(\w+)\}", r"\\mathrm{\1}", text)
    found = convert(text, display=display)
    found = re.sub(r'<(m[ion]) mathvariant="bold">([^<]*)<', _bold, found)
    return spaced(FENCED.sub(r"<mrow>\1</mrow>", found))


def _bold(match: re.Match[str]) -> str:
    tag, text = match.groups()
    return f"<{tag}>{''.join(BOLD.get(letter, letter) for letter in text)}<"


def _converted(node: nodes.Node, display: str) -> str:
    latex = node.astext()
    try:
        found = mathml(latex, display)
    except Exception as error:  # latex2mathml has no base class of its errors
        logger.warning("this formula is not LaTeX: %s (%r)", latex, error, location=node)
        return f"<code>{latex}</code>"
    unknown = re.findall(r"\\[A-Za-z]+", found)
    if unknown:
        logger.warning("latex2mathml has no %s: %s", ", ".join(unknown), latex, location=node)
    return found


def inline(self: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line."""
    found = _converted(node, "inline")
    if isinstance(node.parent.parent, nodes.entry) and len(node.parent) == 1:
        # A header of a table needs a name as text; a formula is none for axe.
        found = found.replace("<math ", f'<math aria-label="{escape(node.astext())}" ', 1)
    self.body.append(found)
    raise nodes.SkipNode


def block(self: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on its own line, in a container that scrolls where it is wider than the page."""
    label = f' id="equation-{node["label"]}"' if node.get("label") else ""
    self.body.append(f'<div class="math-block"{label} role="group" aria-label="Formula" tabindex="0">')
    self.body.append(_converted(node, "block") + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer; ``html_math_renderer = "mathml"`` selects it."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
