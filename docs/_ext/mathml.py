"""Formulas as MathML, converted when the pages are built: no script and no network shows them."""

import re
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

FUNCTION = re.compile(r"(<m[io]>(?:log|exp|sin|cos|tanh|max|min|ln)</m[io]>)(?!<mo)")
"""A function before an argument without brackets."""


def mathml(latex: str, display: str = "inline") -> str:
    """The formula as an element ``math``, with its LaTeX as the annotation."""
    text = latex.replace("{aligned}", "{align*}").replace("{split}", "{align*}")
    text = re.sub(r"\\operatorname\{(\w+)\}", r"\\mathrm{\1}", text)
    found = convert(text, display=display)
    found = re.sub(r'<(m[ion]) mathvariant="bold">([^<]*)<', _bold, found)
    found = FENCED.sub(r"<mrow>\1</mrow>", found)
    return FUNCTION.sub(r"\1<mspace width='0.17em'></mspace>", found).replace("<mi />", "<mi></mi>")


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
