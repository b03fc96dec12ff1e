"""The explorers of the chapters: each is a page of its own, which the chapter opens at its section.

A cell shows its explorer in a frame that carries the page. The build writes this page to ``live``, so that
the frame and the links can name a place in it by the hash of its address.
"""

import re
from html import unescape
from pathlib import Path
from shutil import copyfile

from chapter_heads import SOURCE, explorer_address, explorer_file, explorer_quantity
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FRAME = re.compile(r'<iframe sandbox="([^"]*)" title="([^"]*)"[^>]* srcdoc="([^"]*)"></iframe>')


def take_out(app: Sphinx, doctree: nodes.document) -> None:
    """Replace the page in a chapter's frame by its address, and keep the page for `write`."""
    match = re.fullmatch(r"course/(\d+)_\w+", app.env.docname)
    if not match or app.builder.format != "html":
        return
    number = int(match[1])
    frames = [(node, frame) for node in doctree.findall(nodes.raw) if (frame := FRAME.search(node.astext()))]
    if len(frames) != 1:
        raise ExtensionError(f"{app.env.docname} has {len(frames)} explorers. A chapter needs exactly one.")
    app.env.note_dependency(str(SOURCE))
    [(node, frame)] = frames
    sandbox, title, page = frame.groups()
    pages = Path(app.doctreedir) / "explorers"
    pages.mkdir(parents=True, exist_ok=True)
    (pages / explorer_file(number)).write_text(unescape(page), encoding="utf-8")
    href, words = explorer_address(number), explorer_quantity(number)
    html = (
        f'<p><a href="{href}">The explorer at {words}</a> in a page of its own, or here:</p>'
        f'<iframe class="explorer" src="{href}" sandbox="{sandbox}" title="{title}" loading="lazy"></iframe>'
    )
    node.replace_self(nodes.raw("", html, format="html"))


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the explorers of all chapters."""
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir) / "live"
    folder.mkdir(parents=True, exist_ok=True)
    for page in sorted((Path(app.doctreedir) / "explorers").glob("chapter-*.html")):
        copyfile(page, folder / page.name)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to the build."""
    app.connect("doctree-read", take_out)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
