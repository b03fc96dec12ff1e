"""Pages whose text is a file elsewhere in the repository, links to them, and tables with an empty corner."""

import os
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

from deepstep.engines.compiled.calls import COMPILING

INCLUDED = {
    "benchmarks": "benchmarks/README.md",
    "changelog": "CHANGELOG.md",
    "contributing": "CONTRIBUTING.md",
}
"""By page: the file, relative to the repository."""

LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)")


def moved(text: str, folder: Path, source: Path) -> str:
    """Relative links of a text in ``folder`` as links from the folder of pages."""

    def place(match: re.Match[str]) -> str:
        path = os.path.relpath(folder / match[1], source)
        return f"]({path}{match[2] or ''})"

    return LINK.sub(place, text)


def read(app: Sphinx, docname: str, text: list[str]) -> None:
    """Take the file in place of the page, and link pages in place of files."""
    source = Path(app.srcdir)
    if docname in INCLUDED:
        path = source.parent / INCLUDED[docname]
        app.env.note_dependency(str(path))
        text[0] = moved(path.read_text(encoding="utf-8"), path.parent, source)
    up = "../" * docname.count("/")
    for page, path in INCLUDED.items():
        text[0] = text[0].replace(f"]({up}../{path}", f"]({up}{page}.md")


def corners(app: Sphinx, page: str, template: str, context: dict[str, str], doctree: object) -> None:
    """An empty corner of a table is no header: a screen reader would announce a header without a name."""
    if "body" in context:
        context["body"] = re.sub(r'<th class="head">(<p></p>)?</th>', "<td></td>", context["body"])


def trimmed(app: Sphinx, doctree: nodes.document) -> None:
    """Blocks without the empty line that ends a doctest, and without the note that kernels are compiled."""
    for block in list(doctree.findall(nodes.literal_block)):
        if block.astext().strip() == COMPILING:
            block.parent.remove(block)
        elif block.rawsource == block.astext():
            block.rawsource = block.rawsource.rstrip("\n")
            block[:] = [nodes.Text(block.rawsource)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the reading of pages."""
    app.connect("source-read", read)
    app.connect("doctree-read", trimmed)
    app.connect("html-page-context", corners)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
